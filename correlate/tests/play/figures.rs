//! The figures of every story, and what must hold of any: the buckets add up
//! to the period, and any partition of it adds up to the whole.

use correlate::availability::{Buckets, Ratio};
use correlate::model::{Interval, Period, Timestamp};
use jiff::ToSpan as _;
use jiff::tz::TimeZone;
use proof::story::{Bucket, Figure, Over, Share, Story};
use proof::{Shuffle, Size};

use crate::every_story;
use crate::player::{Player, expected};

#[test]
fn figures_are_as_told() {
    every_story(|story| {
        let timelines = if story.figures.is_empty() {
            return Ok(());
        } else {
            let mut player = Player::start(story, Size::workers(2));
            player.epoch(&story.facts(), story.last_now())?;
            player.intervals()
        };
        for figure in &story.figures {
            let Some(list) = timelines.get(&figure.service) else {
                return Err(format!("at line {}: there is no such service", figure.line));
            };
            let what = |what| format!("at line {}: {what}", figure.line);
            check_figure(story, figure, list).map_err(what)?;
        }
        Ok(())
    });
}

fn check_figure(story: &Story, figure: &Figure, list: &[Interval]) -> Result<(), String> {
    let now = story.last_now();
    let (period, rest_up) = match figure.over {
        Over::Period(period) => (period, false),
        Over::WithRestUp(period) => (period, true),
    };
    let known = Period::new(period.from, period.until.min(now));
    let mut buckets = Buckets::of(list, known);
    if rest_up {
        let rest = Period::new(now.max(period.from), period.until);
        buckets = buckets.with_rest_up(rest.millis().unsigned_abs());
    }
    let mut wanted = Buckets::default();
    for (bucket, length_ms) in &figure.buckets {
        *bucket_mut(&mut wanted, *bucket) += length_ms;
    }
    if buckets != wanted {
        return Err(format!("expected {wanted:?}\nfound {buckets:?}"));
    }
    let counted = if rest_up { period } else { known };
    if buckets.total_ms() != counted.millis().unsigned_abs() {
        return Err(format!("the buckets do not add up to {counted:?}"));
    }
    check_share("availability", buckets.availability(), figure.availability.as_ref())?;
    check_share("completeness", buckets.completeness(), figure.completeness.as_ref())?;
    add_up(list, known)
}

fn bucket_mut(buckets: &mut Buckets, bucket: Bucket) -> &mut u64 {
    match bucket {
        Bucket::Up => &mut buckets.up_ms,
        Bucket::Degraded => &mut buckets.degraded_ms,
        Bucket::Down => &mut buckets.down_ms,
        Bucket::Unknown => &mut buckets.unknown_ms,
        Bucket::Maintenance => &mut buckets.maintenance_ms,
        Bucket::Excluded => &mut buckets.excluded_ms,
        Bucket::OutOfHours => &mut buckets.out_of_hours_ms,
        Bucket::NotExisting => &mut buckets.not_existing_ms,
    }
}

fn check_share(
    name: &str,
    found: Option<Ratio>,
    told: Option<&Option<Share>>,
) -> Result<(), String> {
    let Some(told) = told else { return Ok(()) };
    let same = match (told, found) {
        (None, None) => true,
        (Some((digits, decimals)), Some(ratio)) => ratio.percent(*decimals).to_string() == *digits,
        _ => false,
    };
    if same { Ok(()) } else { Err(format!("{name}: told {told:?}, found {found:?}")) }
}

#[test]
fn any_partition_adds_up_to_the_whole() {
    every_story(|story| {
        let whole = Period::new(story.watched_from, story.last_now());
        expected(story).values().try_for_each(|list| add_up(list, whole))
    });
}

/// Days, weeks and months in several zones, and parts of no sense at all.
fn add_up(list: &[Interval], whole: Period) -> Result<(), String> {
    let expected = Buckets::of(list, whole);
    for name in ["UTC", "Europe/Amsterdam", "Asia/Kathmandu", "America/St_Johns"] {
        let zone = TimeZone::get(name).map_err(|error| error.to_string())?;
        for step in [1.day(), 1.week(), 1.month()] {
            check_sum(list, expected, whole, &calendar_cuts(whole, &zone, step), name)?;
        }
    }
    let mut random = Shuffle::seeded(whole.from.millis().unsigned_abs());
    let length = usize::try_from(whole.millis()).map_err(|error| error.to_string())?;
    let cut = |_| whole.from.plus_millis(random.below(length) as i64);
    let cuts: Vec<Timestamp> = (0..20).map(cut).collect();
    check_sum(list, expected, whole, &cuts, "drawn at random")
}

/// The midnights in `whole` at which a day, week or month of `zone` begins.
fn calendar_cuts(whole: Period, zone: &TimeZone, step: jiff::Span) -> Vec<Timestamp> {
    let at = |at: Timestamp| jiff::Timestamp::from_millisecond(at.millis()).expect("in range");
    let mut day = at(whole.from).to_zoned(zone.clone()).date();
    let mut cuts = Vec::new();
    loop {
        let start = day.to_zoned(zone.clone()).expect("in range").timestamp();
        if start >= at(whole.until) {
            return cuts;
        }
        cuts.push(Timestamp(start.as_millisecond()));
        day = day.checked_add(step).expect("in range");
    }
}

fn check_sum(
    list: &[Interval],
    expected: Buckets,
    whole: Period,
    cuts: &[Timestamp],
    name: &str,
) -> Result<(), String> {
    let inner = cuts.iter().copied().filter(|cut| whole.contains(*cut));
    let mut edges: Vec<Timestamp> = inner.chain([whole.from, whole.until]).collect();
    edges.sort_unstable();
    let parts = edges.windows(2).map(|pair| Buckets::of(list, Period::new(pair[0], pair[1])));
    let sum = parts.fold(Buckets::default(), |sum, part| sum + part);
    if sum == expected {
        return Ok(());
    }
    Err(format!("{name}: parts add up to {sum:?}, the whole is {expected:?}"))
}
