//! Instants as people and programs write them in a request, and as answers
//! show them. Always UTC inside; a text may carry any offset.

use correlate::model::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz::TimeZone;

/// Reads milliseconds since 1970-01-01T00:00:00Z, or RFC 3339.
///
/// A blank is read as `+`: `+01:00` that was not percent-encoded in a query
/// arrives that way, and no valid RFC 3339 offset holds a blank.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(ms) = text.parse::<i64>() {
        return within_range(ms);
    }
    let read = |text: &str| text.parse::<jiff::Timestamp>().ok();
    let at = read(text).or_else(|| read(&text.replace(' ', "+")))?;
    within_range(at.as_millisecond())
}

/// Reads what [`parse`] reads, or a local time in `zone` as a field for one
/// sends it, such as `2026-03-29T03:00` or with seconds. A time that a change
/// of the clock skips is read as that much later, one that it repeats as the first.
pub(crate) fn parse_field(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    parse(text).or_else(|| {
        let local: jiff::civil::DateTime = text.trim().parse().ok()?;
        let at = local.to_zoned(zone.clone()).ok()?.timestamp();
        within_range(at.as_millisecond())
    })
}

/// The years 1 to 9998: what RFC 3339 can show in every time zone.
fn within_range(ms: i64) -> Option<Timestamp> {
    const YEAR_ONE_MS: i64 = -62_135_596_800_000;
    const YEAR_9999_MS: i64 = 253_370_764_800_000;
    (YEAR_ONE_MS..YEAR_9999_MS).contains(&ms).then_some(Timestamp(ms))
}

/// RFC 3339 in UTC with milliseconds, such as `2026-11-22T10:49:44.000Z`.
/// `None` for the open ends of time.
pub(crate) fn rfc3339(at: Timestamp) -> Option<String> {
    const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
    let at = jiff::Timestamp::from_millisecond(at.0).ok()?;
    Some(PRINTER.timestamp_to_string(&at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<i64>) {
        assert_eq!(parse(text), expected.map(Timestamp), "{text}");
    }

    #[test]
    fn milliseconds_and_rfc3339_are_read() {
        check("1700000000000", Some(1_700_000_000_000));
        check("0", Some(0));
        check("2026-03-29T03:00:00+02:00", Some(1_774_746_000_000));
        check("2026-03-29T03:00:00 02:00", Some(1_774_746_000_000));
        check("2026-03-29T01:00:00Z", Some(1_774_746_000_000));
    }

    #[test]
    fn a_field_gives_a_local_time() {
        let zone = TimeZone::get("Europe/Amsterdam").expect("the zone is bundled");
        let read = |text| parse_field(text, &zone).map(Timestamp::millis);
        assert_eq!(read("2026-11-22T13:00"), Some(1_795_348_800_000));
        assert_eq!(read("2026-11-22T13:00:07.250"), Some(1_795_348_807_250));
        assert_eq!(read("2026-11-22T12:00:00Z"), Some(1_795_348_800_000));
        assert_eq!(read("2026-03-29T02:30"), read("2026-03-29T03:30"), "it is skipped");
        assert_eq!(read("2026-10-25T02:30"), Some(1_792_888_200_000), "the first of two");
        assert_eq!(read("13:00"), None);
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in
            ["", "yesterday", "2026-03-29", "12.5", "99999999999999999", "2026-13-01T00:00Z"]
        {
            check(text, None);
        }
    }

    #[test]
    fn the_ends_of_time_have_no_text() {
        assert_eq!(rfc3339(Timestamp(0)).as_deref(), Some("1970-01-01T00:00:00.000Z"));
        assert_eq!(rfc3339(Timestamp::MIN), None);
        assert_eq!(rfc3339(Timestamp::MAX), None);
    }
}
