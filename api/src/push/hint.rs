//! What a push says, as far as that is of use: which device to look at.
//!
//! LibreNMS before 25.7 cannot escape what it puts into a body, so a message
//! with a quote or a line break in it makes the JSON invalid. Then the number
//! of the device is looked for in the text; and where even that is missing,
//! the push still says that something changed.

use serde_json::{Map, Value};

/// The id that the test button of LibreNMS sends for everything.
const TEST_ID: &str = "000";

/// The rule that the test button of LibreNMS names.
const TEST_RULE: &str = "Test-Rule";

/// The name of the field that holds the device, also in a form and in what
/// was meant to be JSON.
const DEVICE_FIELD: &str = "device_id";

/// Longest id of a device: LibreNMS counts them in 32 bits.
const DEVICE_DIGITS_MAX: usize = 10;

/// What a push says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Hint {
    /// The NMS's own id of the device; digits only.
    pub(super) device: Option<String>,
    /// The alert rule, or nothing.
    pub(super) rule: String,
    /// The state of the alert in LibreNMS's number, or nothing.
    pub(super) alert_state: String,
    /// It comes from the test button.
    pub(super) is_test: bool,
}

impl Hint {
    /// Reads a body, whatever it is.
    pub(super) fn read(body: &[u8]) -> Hint {
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Hint::of_json(&fields),
            _ => Hint::of_text(&String::from_utf8_lossy(body)),
        }
    }

    fn of_json(fields: &Map<String, Value>) -> Hint {
        let text = |names: [&str; 2]| {
            let found = names.iter().find_map(|name| fields.get(*name));
            match found {
                Some(Value::String(text)) => text.trim().to_owned(),
                Some(Value::Number(number)) => number.to_string(),
                _ => String::new(),
            }
        };
        let (device, rule) = (text([DEVICE_FIELD, DEVICE_FIELD]), text(["rule", "name"]));
        let is_test =
            device == TEST_ID || rule == TEST_RULE || text(["alert_id", "uid"]) == TEST_ID;
        let alert_state = text(["state", "state"]);
        Hint { device: usable(&device, is_test), rule, alert_state, is_test }
    }

    /// A form, or what was meant to be JSON.
    fn of_text(text: &str) -> Hint {
        let device = number_after(text, DEVICE_FIELD).unwrap_or_default();
        let is_test = device == TEST_ID || text.contains(TEST_RULE);
        Hint { device: usable(device, is_test), is_test, ..Hint::default() }
    }
}

fn usable(device: &str, is_test: bool) -> Option<String> {
    let is_number = !device.is_empty()
        && device.len() <= DEVICE_DIGITS_MAX
        && device.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !is_test).then(|| device.to_owned())
}

/// The digits that follow `field` and what may stand between a name and its
/// value.
fn number_after<'t>(text: &'t str, field: &str) -> Option<&'t str> {
    text.match_indices(field).find_map(|(start, _)| {
        let rest = text[start + field.len()..]
            .trim_start_matches(|c: char| matches!(c, '"' | '\'' | ':' | '=') || c.is_whitespace());
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        (end > 0).then(|| &rest[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, device: Option<&str>, is_test: bool) -> Hint {
        let hint = Hint::read(body.as_bytes());
        assert_eq!((hint.device.as_deref(), hint.is_test), (device, is_test), "{body}");
        hint
    }

    #[test]
    fn the_body_that_we_recommend_names_device_rule_and_state() {
        let body = r#"{"v":1,"alert_id":12,"uid":"88","rule":"Devices \"up\"\n","state":1,"device_id":42}"#;
        let hint = check(body, Some("42"), false);
        assert_eq!((hint.rule.as_str(), hint.alert_state.as_str()), ("Devices \"up\"", "1"));
        check(r#"{"v":1,"state":"0","device_id":"42"}"#, Some("42"), false);
    }

    #[test]
    fn what_an_older_server_breaks_still_names_its_device() {
        check("{\"msg\":\"line one\nline \"two\"\",\"device_id\":\"42\",", Some("42"), false);
        check(r#"{"state":,"device_id":42}"#, Some("42"), false);
        check("hostname=core1&device_id=42&state=1", Some("42"), false);
        check("device_id: 42", Some("42"), false);
    }

    #[test]
    fn a_push_without_a_device_still_says_that_something_changed() {
        for body in ["", "{}", "[1]", "hello", r#"{"device_id":""}"#, r#"{"device_id":null}"#] {
            check(body, None, false);
        }
        for odd in ["-1", "4.2", "1e3", "12345678901", "42; DROP", "../1"] {
            check(&format!(r#"{{"device_id":"{odd}"}}"#), None, false);
        }
    }

    #[test]
    fn the_test_button_is_recognised_in_every_form() {
        check(r#"{"alert_id":"000","rule":"Test-Rule","device_id":"000"}"#, None, true);
        check(r#"{"alert_id":"000","device_id":"1"}"#, None, true);
        check("name=Test-Rule&device_id=1", None, true);
        check("{\"device_id\": \"000\", \"msg\": \"a\nb\"", None, true);
        check(r#"{"device_id":1000}"#, Some("1000"), false);
    }

    /// The pushes among the fixtures of the specification, beside the repository.
    #[test]
    fn every_recorded_push_is_read() {
        let folder =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/librenms-fixtures");
        let files = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("needs ../shared, {}: {error}", folder.display()));
        let down = "Device Down! Due to no ICMP response.";
        let mut found: Vec<_> = files
            .map(|file| file.unwrap().path())
            .filter_map(|path| Some((path.file_name()?.to_str()?.to_owned(), path)))
            .filter(|(name, _)| name.starts_with("webhook_"))
            .map(|(name, path)| (name, Hint::read(&std::fs::read(path).unwrap())))
            .collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let hint = |device: Option<&str>, rule: &str, alert_state: &str, is_test| Hint {
            device: device.map(str::to_owned),
            rule: rule.to_owned(),
            alert_state: alert_state.to_owned(),
            is_test,
        };
        let expected = [
            ("webhook_device_down.json", hint(Some("21"), down, "1", false)),
            // Broken by a quote, and it names no device by its number.
            ("webhook_invalid_json_unescaped.txt", hint(None, "", "", false)),
            ("webhook_recovered.json", hint(Some("21"), down, "0", false)),
            ("webhook_transport_test.json", hint(None, "Test-Rule", "1", true)),
        ];
        assert_eq!(found, expected.map(|(name, hint)| (name.to_owned(), hint)));
    }

    #[test]
    fn no_bytes_panic() {
        for body in [&b"\xff\xfe device_id"[..], b"device_id=", b"\"device_id", &[b'['; 60_000]] {
            let _ = Hint::read(body);
        }
    }
}
