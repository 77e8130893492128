//! Durations as people write them: `90s`, `15m`, `1h30m`, `7d`.

use std::time::Duration;

/// The units and their length in milliseconds, the longest first.
const UNITS: [(&str, u64); 6] = [
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Reads a duration with units: whole numbers, each followed by `w` (7 days),
/// `d` (24 hours), `h`, `m`, `s` or `ms`, without blanks, such as `1h30m`.
/// `None` for anything else: a number without unit would be a guess.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total_ms: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len());
        let (_, unit_ms) = UNITS.iter().find(|(unit, _)| *unit == &rest[..letters])?;
        total_ms = total_ms.checked_add(number.checked_mul(*unit_ms)?)?;
        rest = &rest[letters..];
    }
    (!text.is_empty()).then(|| Duration::from_millis(total_ms))
}

/// Reads what the flags of `padwacht replay` allow: as [`parse`], or a plain
/// number of milliseconds.
///
/// # Errors
/// Anything else, in words for the command line.
pub(crate) fn parse_or_millis(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .map(Duration::from_millis)
        .or_else(|| parse(text))
        .ok_or_else(|| String::from("a duration is such as 900s, 15m, 1h30m, or milliseconds"))
}

/// The form that [`parse`] reads back, in the longest units that fit.
pub(crate) fn show(duration: Duration) -> String {
    let mut rest_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if rest_ms == 0 {
        return String::from("0s");
    }
    let mut text = String::new();
    // Weeks are for reading only: "14d" is plainer than "2w".
    for (unit, unit_ms) in &UNITS[1..] {
        let count = rest_ms / unit_ms;
        rest_ms %= unit_ms;
        if count > 0 {
            text.push_str(&format!("{count}{unit}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected_ms: Option<u64>) {
        assert_eq!(parse(text), expected_ms.map(Duration::from_millis), "{text}");
    }

    #[test]
    fn every_unit_is_read() {
        check("250ms", Some(250));
        check("90s", Some(90_000));
        check("15m", Some(900_000));
        check("12h", Some(43_200_000));
        check("7d", Some(604_800_000));
        check("2w", Some(1_209_600_000));
        check("1h30m", Some(5_400_000));
        check("1m500ms", Some(60_500));
        check("0s", Some(0));
    }

    #[test]
    fn guesses_are_refused() {
        for text in ["", "15", "m", "15 m", "15min", "15M", "-1s", "1.5h", "+1s", "1s2"] {
            check(text, None);
        }
        check("99999999999999999999s", None);
        check("18446744073709551615d", None);
    }

    #[test]
    fn replay_also_takes_plain_milliseconds() {
        assert_eq!(parse_or_millis("900000"), Ok(Duration::from_secs(900)));
        assert_eq!(parse_or_millis("900s"), Ok(Duration::from_secs(900)));
        assert!(parse_or_millis("soon").is_err());
    }

    #[test]
    fn what_is_shown_is_read_back() {
        for ms in [0, 1, 999, 1_000, 60_000, 5_400_000, 86_400_000, 604_800_000, 694_861_001] {
            let duration = Duration::from_millis(ms);
            assert_eq!(parse(&show(duration)), Some(duration));
        }
        assert_eq!(show(Duration::from_secs(900)), "15m");
        assert_eq!(show(Duration::from_secs(14 * 86_400)), "14d");
    }

    proptest! {
        #[test]
        fn parts_add_up(parts in proptest::collection::vec((0u64..1_000, 0usize..UNITS.len()), 1..6)) {
            let text: String = parts.iter().map(|(n, unit)| format!("{n}{}", UNITS[*unit].0)).collect();
            let sum = parts.iter().map(|(n, unit)| n * UNITS[*unit].1).sum();
            prop_assert_eq!(parse(&text), Some(Duration::from_millis(sum)));
        }

        #[test]
        fn what_is_read_is_shown_and_read_again(text in "[0-9wdhms]{0,24}|\\PC{0,12}") {
            if let Some(duration) = parse(&text) {
                prop_assert_eq!(parse(&show(duration)), Some(duration));
                prop_assert_eq!(parse_or_millis(&text), Ok(duration));
            }
        }
    }
}
