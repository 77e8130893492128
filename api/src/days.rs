//! Calendar days in the reports' time zone, as periods of UTC instants. The
//! day a clock goes forward has 23 hours, the day it goes back 25.

use correlate::model::{Period, Timestamp};
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned, civil::Date};

/// A calendar day and the instants it holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Day {
    /// The day in the zone.
    pub(crate) date: Date,
    /// From its first instant to the first instant of the next day.
    pub(crate) period: Period,
}

/// The day that holds `now` and the `count - 1` days before it, oldest first.
/// The last one is whole: clip it at `now` before counting.
pub(crate) fn last_days(zone: &TimeZone, now: Timestamp, count: u16) -> Vec<Day> {
    let today = zoned(zone, now).date();
    (0..i32::from(count)).rev().map(|back| day(zone, today.saturating_sub(back.days()))).collect()
}

/// From the start of the day `count - 1` days ago up to `now`: "the last seven
/// days" is today and the six days before it.
pub(crate) fn to_date(zone: &TimeZone, now: Timestamp, count: u16) -> Period {
    let today = zoned(zone, now).date();
    let back = i32::from(count.max(1)) - 1;
    Period::new(start_of(zone, today.saturating_sub(back.days())), now)
}

/// The first instant of the month that holds `now`.
pub(crate) fn month_start(zone: &TimeZone, now: Timestamp) -> Timestamp {
    start_of(zone, zoned(zone, now).date().first_of_month())
}

/// The first instant of the year that holds `now`.
pub(crate) fn year_start(zone: &TimeZone, now: Timestamp) -> Timestamp {
    start_of(zone, zoned(zone, now).date().first_of_year())
}

fn day(zone: &TimeZone, date: Date) -> Day {
    let next = date.saturating_add(1.day());
    Day { date, period: Period::new(start_of(zone, date), start_of(zone, next)) }
}

fn zoned(zone: &TimeZone, at: Timestamp) -> Zoned {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or(if at.0 < 0 {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    });
    at.to_zoned(zone.clone())
}

/// The first instant of `date`, which is not midnight where a clock skips it.
fn start_of(zone: &TimeZone, date: Date) -> Timestamp {
    match date.to_zoned(zone.clone()) {
        Ok(start) => Timestamp(start.timestamp().as_millisecond()),
        // Only the outermost days of jiff's range have no instant in a zone.
        Err(_) if date.year() < 0 => Timestamp::MIN,
        Err(_) => Timestamp::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn amsterdam() -> TimeZone {
        TimeZone::get("Europe/Amsterdam").expect("the zone database is bundled")
    }

    fn at(text: &str) -> Timestamp {
        crate::instant::parse(text).expect("test gives RFC 3339")
    }

    #[track_caller]
    fn check_hours(now: &str, expected: [i64; 3]) {
        let days = last_days(&amsterdam(), at(now), 3);
        let hours: Vec<i64> = days.iter().map(|day| day.period.millis() / HOUR_MS).collect();
        assert_eq!(hours, expected);
        for pair in days.windows(2) {
            assert_eq!(pair[0].period.until, pair[1].period.from, "days leave no gap");
        }
    }

    #[test]
    fn clock_changes_make_days_of_23_and_25_hours() {
        check_hours("2026-03-30T10:00:00+02:00", [24, 23, 24]);
        check_hours("2026-10-25T23:30:00+01:00", [24, 24, 25]);
        check_hours("2026-07-01T00:00:00+02:00", [24, 24, 24]);
    }

    #[test]
    fn the_first_instant_of_a_day_belongs_to_it() {
        let midnight = at("2026-07-01T00:00:00+02:00");
        let days = last_days(&amsterdam(), midnight, 1);
        assert_eq!(days[0].period.from, midnight);
        assert_eq!(days[0].date.to_string(), "2026-07-01");
    }

    #[test]
    fn seven_days_are_today_and_the_six_before() {
        let now = at("2026-07-07T12:00:00+02:00");
        let period = to_date(&amsterdam(), now, 7);
        assert_eq!(period, Period::new(at("2026-07-01T00:00:00+02:00"), now));
        assert_eq!(to_date(&amsterdam(), now, 1).from, at("2026-07-07T00:00:00+02:00"));
    }

    #[test]
    fn months_and_years_begin_in_the_zone() {
        let new_year = at("2026-12-31T23:30:00Z");
        assert_eq!(month_start(&amsterdam(), new_year), at("2027-01-01T00:00:00+01:00"));
        assert_eq!(year_start(&amsterdam(), new_year), at("2027-01-01T00:00:00+01:00"));
        let summer = at("2026-07-15T00:00:00Z");
        assert_eq!(month_start(&amsterdam(), summer), at("2026-07-01T00:00:00+02:00"));
    }
}
