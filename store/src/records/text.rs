//! Limits of texts: what people type is checked, what an NMS says is cut.

use super::error::RecordsError;

/// The longest id, name or reference that people may give.
pub(super) const MAX_NAME_CHARS: usize = 200;
/// The longest description or note that people may give.
pub(super) const MAX_NOTE_CHARS: usize = 10_000;
/// The longest text kept of what another system says.
pub(super) const MAX_FOREIGN_CHARS: usize = 1_000;
/// The longest name of a browser: those of today have half of this.
const MAX_AGENT_CHARS: usize = 300;
/// The longest address of a client: an IPv6 address with a zone.
const MAX_ADDRESS_CHARS: usize = 64;

/// `text` without blanks at its ends: not empty, one line, not too long.
pub(super) fn name(field: &'static str, text: &str) -> Result<String, RecordsError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(RecordsError::invalid(field, "must not be empty"));
    }
    check(field, text, MAX_NAME_CHARS, |letter| letter.is_control())?;
    Ok(text.to_owned())
}

/// `text` without blanks at its ends: one line, not too long, perhaps empty.
pub(super) fn line(field: &'static str, text: &str) -> Result<String, RecordsError> {
    if text.trim().is_empty() { Ok(String::new()) } else { name(field, text) }
}

/// The name of an IANA zone, if one is given.
pub(super) fn time_zone(given: Option<String>) -> Result<Option<String>, RecordsError> {
    match given {
        Some(name) if jiff::tz::TimeZone::get(&name).is_err() => {
            let reason = format!("must be an IANA zone such as Europe/Amsterdam, found {name:?}");
            Err(RecordsError::invalid("time_zone", reason))
        }
        given => Ok(given),
    }
}

/// `text` without blanks at its ends: lines are allowed, and so is nothing.
pub(super) fn note(field: &'static str, text: &str) -> Result<String, RecordsError> {
    let text = text.trim();
    check(field, text, MAX_NOTE_CHARS, |letter| {
        letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')
    })?;
    Ok(text.to_owned())
}

fn check(
    field: &'static str,
    text: &str,
    max_chars: usize,
    refused: impl Fn(char) -> bool,
) -> Result<(), RecordsError> {
    let chars = text.chars().count();
    if chars > max_chars {
        let reason = format!("must have at most {max_chars} characters, found {chars}");
        return Err(RecordsError::invalid(field, reason));
    }
    match text.chars().find(|letter| refused(*letter)) {
        Some(letter) => Err(RecordsError::invalid(
            field,
            format!("must not hold the control character U+{:04X}", u32::from(letter)),
        )),
        None => Ok(()),
    }
}

/// What a browser calls itself, fit to be stored and no longer than it is shown.
pub(super) fn agent(text: &str) -> String {
    cut(text, MAX_AGENT_CHARS)
}

/// A network address, fit to be stored.
pub(super) fn address(text: &str) -> String {
    cut(text, MAX_ADDRESS_CHARS)
}

/// What another system said, fit to be stored: cut at [`MAX_FOREIGN_CHARS`],
/// without control characters (PostgreSQL refuses NUL, pages dislike the rest).
pub(super) fn foreign(text: &str) -> String {
    cut(text, MAX_FOREIGN_CHARS)
}

fn cut(text: &str, max_chars: usize) -> String {
    text.trim().chars().filter(|letter| !letter.is_control()).take(max_chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_clean_line() {
        let check = |text: &str, expected: Result<&str, &str>| {
            let found = name("name", text).map_err(|error| error.to_string());
            assert_eq!(found.as_deref(), expected.map_err(str::to_owned).as_ref().copied());
        };
        check(" Fibre A ", Ok("Fibre A"));
        check("  ", Err("name: must not be empty"));
        check("a\nb", Err("name: must not hold the control character U+000A"));
        check(&"x".repeat(201), Err("name: must have at most 200 characters, found 201"));
    }

    #[test]
    fn foreign_text_is_cut_and_cleaned() {
        assert_eq!(foreign(" a\0b\u{7} "), "ab");
        assert_eq!(foreign(&"é".repeat(2_000)).chars().count(), MAX_FOREIGN_CHARS);
    }
}
