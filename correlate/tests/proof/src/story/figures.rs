//! What intervals add up to, as stories write it.

use correlate::availability::Decimals;
use correlate::model::{Period, ServiceId, Timestamp};
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::scan::{Complaint, Line, Words};
use super::time::{Calendar, date, length_ms, midnight};

/// What a story says of one service over one period.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Where it is told.
    pub line: u64,
    /// Whose figure.
    pub service: ServiceId,
    /// Over what.
    pub over: Over,
    /// The milliseconds in each bucket that is named; 0 in the others.
    pub buckets: Vec<(Bucket, u64)>,
    /// The availability and its decimals; `Some(None)` is "no figure".
    pub availability: Option<Option<Share>>,
    /// The completeness and its decimals; `Some(None)` is "no figure".
    pub completeness: Option<Option<Share>>,
}

/// The digits of a percentage, and with how many decimals it is asked for.
pub type Share = (String, Decimals);

/// The period of a figure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Over {
    /// A period; what of it lies after the end of the story is not counted.
    Period(Period),
    /// A period of which what lies after the end of the story is taken as up.
    WithRestUp(Period),
}

/// One of the eight buckets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the words of SEMANTICS, \"Availability\"")]
pub enum Bucket {
    Up,
    Degraded,
    Down,
    Unknown,
    Maintenance,
    Excluded,
    OutOfHours,
    NotExisting,
}

pub(super) fn figure(
    calendar: Calendar,
    now: Timestamp,
    line: &Line<'_>,
) -> Result<Figure, Complaint> {
    let mut words = Words::of(line.number, line.text)?;
    let service = ServiceId::from(words.word("the id of a service")?);
    let over = over(calendar, now, &mut words)?;
    words.end()?;
    let mut figure = Figure {
        line: line.number,
        service,
        over,
        buckets: Vec::new(),
        availability: None,
        completeness: None,
    };
    for &(number, text) in &line.beneath {
        let mut words = Words::of(number, text)?;
        match words.word("a bucket, `availability` or `completeness`")?.as_str() {
            "availability" => figure.availability = Some(share(&mut words)?),
            "completeness" => figure.completeness = Some(share(&mut words)?),
            name => {
                let bucket = bucket(name).ok_or_else(|| {
                    let allowed = "up, degraded, down, unknown, maintenance, excluded, \
                                   out-of-hours, not-existing, availability or completeness";
                    (number, format!("write {allowed}, where `{name}` stands"))
                })?;
                let length = length_ms(&mut words)?;
                figure.buckets.push((bucket, length.unsigned_abs()));
            }
        }
        words.end()?;
    }
    Ok(figure)
}

/// `from T to T`, `from T to now`, `in 2026-03 of ZONE`, `on 2026-03-29 of
/// ZONE`; then perhaps `with the rest up`.
fn over(calendar: Calendar, now: Timestamp, words: &mut Words) -> Result<Over, Complaint> {
    let period = if words.eat("in") {
        let month = words.word("a month such as `2026-03`")?;
        match date(&format!("{month}-01")) {
            Some(first) => civil(first, 1.month(), words)?,
            None => return Err((words.number(), format!("`{month}` is no month; write 2026-03"))),
        }
    } else if words.eat("on") {
        let day = words.word("a day such as `2026-03-29`")?;
        match date(&day) {
            Some(day) => civil(day, 1.day(), words)?,
            None => return Err((words.number(), format!("`{day}` is no day; write 2026-03-29"))),
        }
    } else {
        words.expect("from")?;
        let from = calendar.instant(words)?;
        words.expect("to")?;
        let until = if words.eat("now") { now } else { calendar.instant(words)? };
        Period::new(from, until)
    };
    if words.eat("with") {
        ["the", "rest", "up"].into_iter().try_for_each(|word| words.expect(word))?;
        return Ok(Over::WithRestUp(period));
    }
    Ok(Over::Period(period))
}

/// The calendar period from `first` on, `length` long, in the zone that the
/// words name.
fn civil(first: Date, length: jiff::Span, words: &mut Words) -> Result<Period, Complaint> {
    words.expect("of")?;
    let name = words.word("a time zone such as `Europe/Amsterdam`")?;
    let zone = TimeZone::get(&name).map_err(|error| (words.number(), format!("{error}")))?;
    let after = first.checked_add(length).map_err(|error| (words.number(), format!("{error}")))?;
    Ok(Period::new(midnight(first, &zone), midnight(after, &zone)))
}

fn share(words: &mut Words) -> Result<Option<Share>, Complaint> {
    let wanted = "a percentage such as `99.95`, or `none`";
    let digits = words.word(wanted)?;
    if digits == "none" {
        return Ok(None);
    }
    let places = digits.split_once('.').map_or(0, |(_, places)| places.len());
    let decimals = u8::try_from(places).ok().and_then(Decimals::new);
    match decimals.filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')) {
        Some(decimals) => Ok(Some((digits, decimals))),
        None => Err((words.number(), format!("write {wanted}, where `{digits}` stands"))),
    }
}

fn bucket(name: &str) -> Option<Bucket> {
    Some(match name {
        "up" => Bucket::Up,
        "degraded" => Bucket::Degraded,
        "down" => Bucket::Down,
        "unknown" => Bucket::Unknown,
        "maintenance" => Bucket::Maintenance,
        "excluded" => Bucket::Excluded,
        "out-of-hours" => Bucket::OutOfHours,
        "not-existing" => Bucket::NotExisting,
        _ => return None,
    })
}
