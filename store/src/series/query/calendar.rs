//! Calendar days as periods, so that a day that a clock shortens or lengthens
//! has its 23 or 25 hours.

use correlate::model::{Period, Timestamp};
use jiff::ToSpan as _;
use jiff::tz::TimeZone;

use super::super::SeriesError;
use super::availability::PERIODS_MAX;

/// One calendar day of a time zone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CivilDay {
    /// The date, `2026-03-29`.
    pub date: String,
    /// From its midnight up to the next, whatever the clock did in between.
    pub period: Period,
}

/// The `days` calendar days of `time_zone` (an IANA name, such as
/// `Europe/Amsterdam`) that end with the day in which `now` lies, oldest
/// first. The last is whole, so it lies partly after `now`.
///
/// # Errors
/// An unknown time zone, `days` outside `1..=`[`PERIODS_MAX`], or an instant
/// outside of the calendar.
pub fn civil_days(
    time_zone: &str,
    now: Timestamp,
    days: usize,
) -> Result<Vec<CivilDay>, SeriesError> {
    if !(1..=PERIODS_MAX).contains(&days) {
        return Err(SeriesError::Invalid(format!(
            "the number of days must be 1 to {PERIODS_MAX}, found {days}"
        )));
    }
    let unusable = |error: jiff::Error| {
        SeriesError::Invalid(format!("calendar days of {time_zone} around {now}: {error}"))
    };
    let zone = TimeZone::get(time_zone).map_err(unusable)?;
    let moment = jiff::Timestamp::from_millisecond(now.millis()).map_err(unusable)?;
    let today = moment.to_zoned(zone.clone()).date();
    let midnight = |offset: usize| -> Result<_, SeriesError> {
        // `offset` counts from the first day, so today lies at `days - 1`.
        let span = (offset as i64 - (days as i64 - 1)).days();
        let date = today.checked_add(span).map_err(unusable)?;
        let start = date.to_zoned(zone.clone()).map_err(unusable)?;
        Ok((date, Timestamp(start.timestamp().as_millisecond())))
    };
    (0..days)
        .map(|offset| {
            let (date, from) = midnight(offset)?;
            let (_, until) = midnight(offset + 1)?;
            Ok(CivilDay { date: date.to_string(), period: Period::new(from, until) })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    #[track_caller]
    fn check_hours(now: &str, expected: &[(&str, i64)]) {
        let now: jiff::Timestamp = now.parse().expect("test instant");
        let days = civil_days("Europe/Amsterdam", Timestamp(now.as_millisecond()), expected.len())
            .expect("valid");
        let found: Vec<_> =
            days.iter().map(|day| (day.date.as_str(), day.period.millis() / HOUR_MS)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn days_on_which_the_clock_moves_have_23_or_25_hours() {
        check_hours("2026-03-29T21:59:59Z", &[("2026-03-28", 24), ("2026-03-29", 23)]);
        check_hours("2026-10-24T22:00:00Z", &[("2026-10-24", 24), ("2026-10-25", 25)]);
    }

    #[test]
    fn days_follow_each_other_without_gap_over_a_year() {
        let days =
            civil_days("Europe/Amsterdam", Timestamp(1_790_000_000_000), 366).expect("valid");
        for pair in days.windows(2) {
            assert_eq!(pair[0].period.until, pair[1].period.from);
        }
    }

    #[test]
    fn an_unknown_time_zone_is_named() {
        let error = civil_days("Europe/Nowhere", Timestamp(0), 1).expect_err("unknown");
        assert!(error.to_string().contains("Europe/Nowhere"), "{error}");
    }
}
