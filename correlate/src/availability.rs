//! Availability over a period: eight buckets of milliseconds, and figures
//! from them that are never rounded to the better side.
//!
//! This is SEMANTICS, "Availability of a service over a period". All
//! arithmetic is on integers; nothing here uses floating point, so a figure
//! is the same on every machine and 99.9996 % never becomes 100 %.

use std::fmt;
use std::ops::{Add, AddAssign};

use crate::model::{Interval, Period, ServiceState};

/// Every millisecond of a period in exactly one bucket.
///
/// The buckets of the parts of a period add up to those of the whole,
/// whatever the partition. The default is the empty period.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Buckets {
    /// The path works and nothing in it is down.
    pub up_ms: u64,
    /// The path works without its redundancy.
    pub degraded_ms: u64,
    /// The path does not work.
    pub down_ms: u64,
    /// Nobody can say.
    pub unknown_ms: u64,
    /// Planned work explains that the path does not work.
    pub maintenance_ms: u64,
    /// Relabelled with approval (force majeure, the customer's fault).
    pub excluded_ms: u64,
    /// Outside the hours of the contract.
    pub out_of_hours_ms: u64,
    /// The service did not exist.
    pub not_existing_ms: u64,
}

impl Buckets {
    /// Clips `intervals` (disjoint, of one service, in any order) to `period`
    /// and counts them; an open interval counts to the end of the period, and
    /// what no interval covers did not exist.
    ///
    /// For a running period, give a period that ends now.
    pub fn of<'a>(intervals: impl IntoIterator<Item = &'a Interval>, period: Period) -> Buckets {
        let mut buckets = Buckets::default();
        let mut covered_ms = 0;
        for interval in intervals {
            let until = interval.end.unwrap_or(period.until);
            let part_ms = length_ms(Period::new(interval.start, until).intersect(&period));
            *buckets.of_state_mut(interval.state) += part_ms;
            covered_ms += part_ms;
        }
        let period_ms = length_ms(period);
        debug_assert!(covered_ms <= period_ms, "intervals of one service never overlap");
        buckets.not_existing_ms = period_ms.saturating_sub(covered_ms);
        buckets
    }

    /// The bucket that a state counts in.
    pub fn of_state_mut(&mut self, state: ServiceState) -> &mut u64 {
        match state {
            ServiceState::Up => &mut self.up_ms,
            ServiceState::Degraded => &mut self.degraded_ms,
            ServiceState::Down => &mut self.down_ms,
            ServiceState::Maintenance => &mut self.maintenance_ms,
            ServiceState::Unknown => &mut self.unknown_ms,
        }
    }

    /// The length of the period: the eight buckets together.
    pub fn total_ms(&self) -> u64 {
        [
            self.up_ms,
            self.degraded_ms,
            self.down_ms,
            self.unknown_ms,
            self.maintenance_ms,
            self.excluded_ms,
            self.out_of_hours_ms,
            self.not_existing_ms,
        ]
        .into_iter()
        .fold(0, u64::saturating_add)
    }

    /// `(up + degraded) / (up + degraded + down)`; `None` where nothing of
    /// the period counts, which is neither 0 nor 100 %.
    pub fn availability(&self) -> Option<Ratio> {
        let works_ms = self.up_ms.saturating_add(self.degraded_ms);
        Ratio::new(works_ms, works_ms.saturating_add(self.down_ms))
    }

    /// `1 - unknown / (up + degraded + down + unknown)`: how much of what
    /// should be known is known. `None` where nothing should be.
    pub fn completeness(&self) -> Option<Ratio> {
        let known_ms = self.up_ms.saturating_add(self.degraded_ms).saturating_add(self.down_ms);
        Ratio::new(known_ms, known_ms.saturating_add(self.unknown_ms))
    }

    /// The same period with `rest_ms` more of it taken as up: the figure over
    /// a full period that is still running.
    #[must_use]
    pub fn with_rest_up(mut self, rest_ms: u64) -> Buckets {
        self.up_ms = self.up_ms.saturating_add(rest_ms);
        self
    }
}

impl Add for Buckets {
    type Output = Buckets;

    fn add(self, other: Buckets) -> Buckets {
        Buckets {
            up_ms: self.up_ms.saturating_add(other.up_ms),
            degraded_ms: self.degraded_ms.saturating_add(other.degraded_ms),
            down_ms: self.down_ms.saturating_add(other.down_ms),
            unknown_ms: self.unknown_ms.saturating_add(other.unknown_ms),
            maintenance_ms: self.maintenance_ms.saturating_add(other.maintenance_ms),
            excluded_ms: self.excluded_ms.saturating_add(other.excluded_ms),
            out_of_hours_ms: self.out_of_hours_ms.saturating_add(other.out_of_hours_ms),
            not_existing_ms: self.not_existing_ms.saturating_add(other.not_existing_ms),
        }
    }
}

impl AddAssign for Buckets {
    fn add_assign(&mut self, other: Buckets) {
        *self = *self + other;
    }
}

fn length_ms(period: Period) -> u64 {
    // `Period::millis` is never negative.
    period.millis().unsigned_abs()
}

/// An exact share `part / whole`, with `part <= whole` and `whole > 0`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ratio {
    part: u64,
    whole: u64,
}

impl Ratio {
    /// The share `part / whole`; `None` when `whole` is 0 or less than `part`.
    pub fn new(part: u64, whole: u64) -> Option<Ratio> {
        (whole > 0 && part <= whole).then_some(Ratio { part, whole })
    }

    /// As a percentage with `decimals` digits behind the point, rounded toward
    /// worse: 100 only when `part == whole`.
    pub fn percent(&self, decimals: Decimals) -> Percent {
        let scaled =
            u128::from(self.part) * 100 * u128::from(decimals.scale()) / u128::from(self.whole);
        let scaled = u64::try_from(scaled).expect("at most 100 * 10^6, as part <= whole");
        Percent { scaled, decimals }
    }
}

/// How many digits a percentage has behind the point: 0 to 6.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Decimals(u8);

impl Decimals {
    /// Two, as in contracts and on pages.
    pub const TWO: Decimals = Decimals(2);
    /// Four, as in the API and in exports: a ten-thousandth of a percent of a
    /// month is 2.6 seconds.
    pub const FOUR: Decimals = Decimals(4);
    /// The most that can be asked for.
    pub const MAX: Decimals = Decimals(6);

    /// `digits` digits, if that is not more than [`Decimals::MAX`].
    pub fn new(digits: u8) -> Option<Decimals> {
        (digits <= Decimals::MAX.0).then_some(Decimals(digits))
    }

    fn scale(self) -> u64 {
        10_u64.pow(u32::from(self.0))
    }
}

/// A percentage with fixed decimals, rounded toward worse. Shown with a point
/// (`99.99`); a page that wants a comma replaces it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Percent {
    scaled: u64,
    decimals: Decimals,
}

impl Percent {
    /// The percentage times ten to the power of its decimals: 9999 for 99.99.
    pub fn scaled(&self) -> u64 {
        self.scaled
    }

    /// The decimals it was asked for with.
    pub fn decimals(&self) -> Decimals {
        self.decimals
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = self.decimals.scale();
        let whole = self.scaled / scale;
        if self.decimals.0 == 0 {
            return write!(f, "{whole}");
        }
        write!(f, "{whole}.{:0width$}", self.scaled % scale, width = usize::from(self.decimals.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Timestamp;

    fn interval(start: i64, end: Option<i64>, state: ServiceState) -> Interval {
        Interval {
            start: Timestamp(start),
            end: end.map(Timestamp),
            state,
            cause: Vec::new(),
            cause_moves: Vec::new(),
        }
    }

    fn period(from: i64, until: i64) -> Period {
        Period::new(Timestamp(from), Timestamp(until))
    }

    #[track_caller]
    fn check_percent(part: u64, whole: u64, decimals: u8, expected: &str) {
        let decimals = Decimals::new(decimals).expect("test asks for few decimals");
        let ratio = Ratio::new(part, whole).expect("test gives a valid share");
        assert_eq!(ratio.percent(decimals).to_string(), expected);
    }

    #[test]
    fn percentages_are_rounded_toward_worse() {
        check_percent(999_996, 1_000_000, 2, "99.99");
        check_percent(999_996, 1_000_000, 4, "99.9996");
        check_percent(999_996, 1_000_000, 0, "99");
        check_percent(1_000_000, 1_000_000, 2, "100.00");
        check_percent(0, 7, 2, "0.00");
        check_percent(1, 3, 6, "33.333333");
        check_percent(1, 2_000, 2, "0.05");
        check_percent(u64::MAX - 1, u64::MAX, 6, "99.999999");
        check_percent(u64::MAX, u64::MAX, 6, "100.000000");
    }

    #[test]
    fn no_figure_where_nothing_counts() {
        let asleep = Buckets { unknown_ms: 5, maintenance_ms: 7, ..Buckets::default() };
        assert_eq!(asleep.availability(), None);
        assert_eq!(asleep.completeness(), Ratio::new(0, 5));
        assert_eq!(Buckets::default().completeness(), None);
        assert_eq!(Ratio::new(2, 1), None);
        assert_eq!(Decimals::new(7), None);
    }

    #[test]
    fn degraded_counts_as_available_and_maintenance_leaves_the_denominator() {
        let buckets = Buckets {
            up_ms: 50,
            degraded_ms: 40,
            down_ms: 10,
            maintenance_ms: 1_000,
            ..Buckets::default()
        };
        assert_eq!(buckets.availability(), Ratio::new(90, 100));
        assert_eq!(buckets.with_rest_up(100).availability(), Ratio::new(190, 200));
    }

    #[test]
    fn an_open_outage_counts_up_to_the_end_and_what_is_before_did_not_exist() {
        let buckets = Buckets::of(
            &[interval(100, Some(200), ServiceState::Up), interval(200, None, ServiceState::Down)],
            period(50, 260),
        );
        let expected =
            Buckets { up_ms: 100, down_ms: 60, not_existing_ms: 50, ..Buckets::default() };
        assert_eq!(buckets, expected);
        assert_eq!(buckets.total_ms(), 210);
    }

    /// Gapless intervals from 0 on, each 1 to 50 ms; the last one is open.
    fn timelines() -> impl Strategy<Value = Vec<Interval>> {
        prop::collection::vec((1_i64..50, 0_usize..5), 1..30).prop_map(|parts| {
            let mut start = 0;
            let count = parts.len();
            parts
                .into_iter()
                .enumerate()
                .map(|(index, (length, state))| {
                    let end = start + length;
                    let open = index + 1 == count;
                    let made = interval(start, (!open).then_some(end), ServiceState::ALL[state]);
                    start = end;
                    made
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn buckets_add_up_to_the_period(
            timeline in timelines(), from in -100_i64..800, length in 0_i64..900,
        ) {
            let buckets = Buckets::of(&timeline, period(from, from + length));
            prop_assert_eq!(buckets.total_ms(), length.unsigned_abs());
        }

        #[test]
        fn parts_add_up_to_the_whole(
            timeline in timelines(), mut edges in prop::collection::vec(-100_i64..900, 2..12),
        ) {
            edges.sort_unstable();
            let parts = edges.windows(2).map(|pair| Buckets::of(&timeline, period(pair[0], pair[1])));
            let sum = parts.fold(Buckets::default(), |sum, part| sum + part);
            let whole = period(edges[0], edges[edges.len() - 1]);
            prop_assert_eq!(sum, Buckets::of(&timeline, whole));
        }

        #[test]
        fn buckets_equal_a_count_of_every_millisecond(
            timeline in timelines(), from in -20_i64..200, length in 0_i64..200,
        ) {
            let mut counted = Buckets::default();
            for at in from..from + length {
                let held = timeline.iter().find(|one| {
                    one.start.0 <= at && one.end.is_none_or(|end| at < end.0)
                });
                match held {
                    Some(one) => *counted.of_state_mut(one.state) += 1,
                    None => counted.not_existing_ms += 1,
                }
            }
            prop_assert_eq!(Buckets::of(&timeline, period(from, from + length)), counted);
        }

        #[test]
        fn a_percentage_is_the_greatest_that_is_not_too_good(
            part in 0_u64..1 << 50, more in 0_u64..1 << 50, decimals in 0_u8..=6,
        ) {
            let whole = part + more.max(1);
            let decimals = Decimals::new(decimals).expect("at most six");
            let percent = Ratio::new(part, whole).expect("part <= whole").percent(decimals);
            let exact = u128::from(part) * 100 * 10_u128.pow(u32::from(decimals.0));
            let shown = u128::from(percent.scaled()) * u128::from(whole);
            prop_assert!(shown <= exact);
            prop_assert!(shown + u128::from(whole) > exact);
            prop_assert!(percent.scaled() < 100 * decimals.scale(), "100 only when whole");
        }
    }
}
