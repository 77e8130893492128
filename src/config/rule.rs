//! What a setting may be. Each rule knows three things: what is allowed in
//! words, how a value is read, and how it is shown again.
//!
//! Values of the environment are text, so every rule reads text as well.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ::api::Network;
use jiff::tz::TimeZone;
use lettre::message::Mailbox;
use tracing_subscriber::EnvFilter;
use url::Url;

use super::duration;
use super::tree::Value;

/// What a setting may be.
pub(super) trait Rule {
    /// What it is read into.
    type Out;
    /// What is allowed, as a noun phrase with an example.
    fn allowed(&self) -> String;
    /// Reads a value; `None` when it is not allowed.
    fn read(&self, value: &Value) -> Option<Self::Out>;
    /// The form that `read` accepts again.
    fn show(&self, out: &Self::Out) -> String;
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// A duration within limits, both included.
pub(super) struct DurationIn {
    pub(super) min: Duration,
    pub(super) max: Duration,
}

impl Rule for DurationIn {
    type Out = Duration;

    fn allowed(&self) -> String {
        let (min, max) = (duration::show(self.min), duration::show(self.max));
        format!("a duration from {min} to {max}, such as \"90s\", \"15m\" or \"1h30m\"")
    }

    fn read(&self, value: &Value) -> Option<Duration> {
        duration::parse(text(value)?).filter(|d| (self.min..=self.max).contains(d))
    }

    fn show(&self, out: &Duration) -> String {
        format!("{:?}", duration::show(*out))
    }
}

/// A whole number within limits, both included.
pub(super) struct Whole {
    pub(super) min: u32,
    pub(super) max: u32,
}

impl Rule for Whole {
    type Out = u32;

    fn allowed(&self) -> String {
        format!("a whole number from {} to {}", self.min, self.max)
    }

    fn read(&self, value: &Value) -> Option<u32> {
        let number: u32 = match value {
            Value::Integer(number) => u32::try_from(*number).ok()?,
            Value::Text(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        (self.min..=self.max).contains(&number).then_some(number)
    }

    fn show(&self, out: &u32) -> String {
        out.to_string()
    }
}

/// One of a few words.
pub(super) struct Choice<T: 'static>(pub(super) &'static [(&'static str, T)]);

impl<T: Copy + PartialEq> Rule for Choice<T> {
    type Out = T;

    fn allowed(&self) -> String {
        let words: Vec<String> = self.0.iter().map(|(word, _)| format!("{word:?}")).collect();
        match words.as_slice() {
            [only] => only.clone(),
            words => format!("one of {}", words.join(", ")),
        }
    }

    fn read(&self, value: &Value) -> Option<T> {
        let found = text(value)?;
        self.0.iter().find(|(word, _)| *word == found).map(|(_, choice)| *choice)
    }

    fn show(&self, out: &T) -> String {
        let word = self.0.iter().find(|(_, choice)| choice == out).map(|(word, _)| word);
        format!("{:?}", word.unwrap_or(&""))
    }
}

/// Text that a predicate accepts.
pub(super) struct Text {
    pub(super) allowed: &'static str,
    pub(super) accepts: fn(&str) -> bool,
}

impl Rule for Text {
    type Out = String;

    fn allowed(&self) -> String {
        self.allowed.to_owned()
    }

    fn read(&self, value: &Value) -> Option<String> {
        text(value).filter(|found| (self.accepts)(found)).map(str::to_owned)
    }

    fn show(&self, out: &String) -> String {
        format!("{out:?}")
    }
}

/// A name that is safe in ids, URLs and file names.
pub(super) const NAME: Text = Text {
    allowed: "a name of 1 to 64 letters, digits, dots, dashes or underscores, such as \"ams1\"",
    accepts: |text| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        (1..=64).contains(&text.len()) && text.bytes().all(fits)
    },
};

/// The name of an environment variable.
pub(super) const VARIABLE: Text = Text {
    allowed: "the name of an environment variable",
    accepts: |text| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    },
};

/// Kafka brokers.
pub(super) const BROKERS: Text = Text {
    allowed: "Kafka brokers as host:port, separated by commas, such as \"kafka1:9092,kafka2:9092\"",
    accepts: |text| text.split(',').all(|broker| is_host_and_port(broker.trim())),
};

fn is_host_and_port(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty()
            && !host.contains(|c: char| c.is_whitespace() || c == '/')
            && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

/// Addresses of processes, each of which the others connect to.
pub(super) struct Places {
    pub(super) max: u32,
}

impl Rule for Places {
    type Out = Vec<String>;

    fn allowed(&self) -> String {
        format!(
            "a list of at most {} host:port, each of which the other processes can reach, such as \
             [\"10.0.0.1:2101\", \"10.0.0.2:2101\"]",
            self.max
        )
    }

    fn read(&self, value: &Value) -> Option<Vec<String>> {
        let places: Vec<&str> = match value {
            Value::List(entries) => {
                entries.iter().map(|entry| text(&entry.value)).collect::<Option<_>>()?
            }
            Value::Text(list) => list.split(',').map(str::trim).collect(),
            _ => return None,
        };
        let is_good = |place: &&str| is_host_and_port(place) && !is_wildcard(place);
        (places.len() <= self.max as usize && places.iter().all(is_good))
            .then(|| places.into_iter().map(str::to_owned).collect())
    }

    fn show(&self, out: &Vec<String>) -> String {
        let entries: Vec<String> = out.iter().map(quote).collect();
        format!("[{}]", entries.join(", "))
    }
}

/// Such an address means all of a machine, and nobody can connect to it.
fn is_wildcard(place: &str) -> bool {
    place.parse::<SocketAddr>().is_ok_and(|address| address.ip().is_unspecified())
}

/// Directives that choose what is logged.
pub(super) const LOG_FILTER: Text = Text {
    allowed: "log directives such as \"info\" or \"info,padwacht=debug\"",
    accepts: |text| !text.is_empty() && EnvFilter::try_new(text).is_ok(),
};

/// A URL with a host, of one of the schemes.
pub(super) struct UrlOf {
    pub(super) schemes: &'static [&'static str],
    pub(super) example: &'static str,
}

impl Rule for UrlOf {
    type Out = Url;

    fn allowed(&self) -> String {
        let schemes: Vec<String> = self.schemes.iter().map(|s| format!("{s}://")).collect();
        format!("a URL that starts with {}, such as {:?}", schemes.join(" or "), self.example)
    }

    fn read(&self, value: &Value) -> Option<Url> {
        let url = Url::parse(text(value)?.trim()).ok()?;
        (self.schemes.contains(&url.scheme()) && url.has_host()).then_some(url)
    }

    fn show(&self, out: &Url) -> String {
        format!("{:?}", without_password(out).as_str())
    }
}

/// The URL with any password in it replaced.
fn without_password(url: &Url) -> Url {
    let mut shown = url.clone();
    if shown.password().is_some() {
        // Fails only for URLs that cannot have a password, and this one has.
        let _ = shown.set_password(Some("hidden"));
    }
    shown
}

/// The path of a file or a directory.
pub(super) struct FilePath;

impl Rule for FilePath {
    type Out = PathBuf;

    fn allowed(&self) -> String {
        String::from("a path, absolute or from the working directory")
    }

    fn read(&self, value: &Value) -> Option<PathBuf> {
        text(value).filter(|path| !path.is_empty()).map(PathBuf::from)
    }

    fn show(&self, out: &PathBuf) -> String {
        format!("{:?}", out.display().to_string())
    }
}

/// An address to listen on.
pub(super) struct Listen;

impl Rule for Listen {
    type Out = SocketAddr;

    fn allowed(&self) -> String {
        String::from("an IP address and a port, such as \"127.0.0.1:8080\" or \"[::]:8080\"")
    }

    fn read(&self, value: &Value) -> Option<SocketAddr> {
        text(value)?.parse().ok()
    }

    fn show(&self, out: &SocketAddr) -> String {
        quote(out)
    }
}

/// A time zone of the IANA database.
pub(super) struct Zone;

impl Rule for Zone {
    type Out = TimeZone;

    fn allowed(&self) -> String {
        String::from("a time zone name, such as \"Europe/Amsterdam\" or \"UTC\"")
    }

    fn read(&self, value: &Value) -> Option<TimeZone> {
        TimeZone::get(text(value)?).ok()
    }

    fn show(&self, out: &TimeZone) -> String {
        quote(&out.iana_name().unwrap_or("UTC"))
    }
}

/// IP addresses and networks.
pub(super) struct Networks;

impl Rule for Networks {
    type Out = Vec<Network>;

    fn allowed(&self) -> String {
        String::from(
            "a list of IP addresses and networks, such as [\"127.0.0.1\", \"10.0.0.0/8\", \
             \"2001:db8::/32\"]",
        )
    }

    fn read(&self, value: &Value) -> Option<Vec<Network>> {
        match value {
            Value::List(entries) => {
                entries.iter().map(|entry| text(&entry.value)?.parse().ok()).collect()
            }
            Value::Text(list) => list.split(',').map(|entry| entry.trim().parse().ok()).collect(),
            _ => None,
        }
    }

    fn show(&self, out: &Vec<Network>) -> String {
        let entries: Vec<String> = out.iter().map(quote).collect();
        format!("[{}]", entries.join(", "))
    }
}

/// Names of hosts, without ports.
pub(super) struct HostNames;

impl Rule for HostNames {
    type Out = Vec<String>;

    fn allowed(&self) -> String {
        String::from("a list of host names without ports, such as [\"padwacht.internal\"]")
    }

    fn read(&self, value: &Value) -> Option<Vec<String>> {
        let host = |text: &str| {
            let host = text.trim();
            let is_one = !host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
            is_one.then(|| host.to_ascii_lowercase())
        };
        match value {
            Value::List(entries) => entries.iter().map(|entry| host(text(&entry.value)?)).collect(),
            Value::Text(list) => list.split(',').map(host).collect(),
            _ => None,
        }
    }

    fn show(&self, out: &Vec<String>) -> String {
        let entries: Vec<String> = out.iter().map(quote).collect();
        format!("[{}]", entries.join(", "))
    }
}

/// A number of bytes within limits, both included.
pub(super) struct BytesIn {
    pub(super) min: u64,
    pub(super) max: u64,
}

const BYTE_UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

impl Rule for BytesIn {
    type Out = u64;

    fn allowed(&self) -> String {
        let (min, max) = (self.show(&self.min), self.show(&self.max));
        format!("a size from {min} to {max}, in KiB, MiB or GiB")
    }

    fn read(&self, value: &Value) -> Option<u64> {
        let text = text(value)?.trim();
        let (unit, unit_bytes) = BYTE_UNITS.iter().find(|(unit, _)| text.ends_with(unit))?;
        let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        number.checked_mul(*unit_bytes).filter(|bytes| (self.min..=self.max).contains(bytes))
    }

    fn show(&self, out: &u64) -> String {
        let fits = BYTE_UNITS.iter().find(|(_, bytes)| out.is_multiple_of(*bytes));
        match fits {
            Some((unit, bytes)) => format!("\"{}{unit}\"", out / bytes),
            None => format!("\"{}KiB\"", out / 1024),
        }
    }
}

/// A mail address, with or without a name.
pub(super) struct MailAddress;

impl Rule for MailAddress {
    type Out = Mailbox;

    fn allowed(&self) -> String {
        String::from("a mail address, such as \"Padwacht <noc@example.net>\"")
    }

    fn read(&self, value: &Value) -> Option<Mailbox> {
        text(value)?.parse().ok()
    }

    fn show(&self, out: &Mailbox) -> String {
        quote(out)
    }
}

fn quote(shown: &impl Display) -> String {
    format!("{:?}", shown.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads text and shows it again; `None` when it is refused.
    #[track_caller]
    fn check(rule: &impl Rule, input: &str, expected: Option<&str>) {
        let shown = rule.read(&Value::Text(input.to_owned())).map(|out| rule.show(&out));
        assert_eq!(shown.as_deref(), expected, "{input}");
    }

    #[test]
    fn durations_keep_to_their_limits() {
        let rule = DurationIn { min: Duration::from_secs(30), max: Duration::from_secs(3_600) };
        check(&rule, "30s", Some("\"30s\""));
        check(&rule, "1h", Some("\"1h\""));
        check(&rule, "29s", None);
        check(&rule, "61m", None);
        assert!(rule.read(&Value::Integer(60)).is_none(), "a number without unit");
    }

    #[test]
    fn whole_numbers_keep_to_their_limits() {
        let rule = Whole { min: 1, max: 64 };
        check(&rule, "1", Some("1"));
        check(&rule, "64", Some("64"));
        check(&rule, "0", None);
        check(&rule, "65", None);
        check(&rule, "-1", None);
        check(&rule, "four", None);
        assert_eq!(rule.read(&Value::Integer(7)), Some(7));
        assert_eq!(rule.read(&Value::Integer(-7)), None);
    }

    #[test]
    fn sizes_have_units() {
        let rule = BytesIn { min: 1 << 20, max: 8 << 30 };
        check(&rule, "4GiB", Some("\"4GiB\""));
        check(&rule, "1536 MiB", Some("\"1536MiB\""));
        check(&rule, "2048KiB", Some("\"2MiB\""));
        for input in ["4", "4GB", "1KiB", "9GiB", "GiB", "-1GiB", "99999999999999999GiB"] {
            check(&rule, input, None);
        }
    }

    #[test]
    fn names_are_safe_in_ids() {
        check(&NAME, "ams1", Some("\"ams1\""));
        for input in ["", "a/b", "a b", "é", &"a".repeat(65)] {
            check(&NAME, input, None);
        }
    }

    #[test]
    fn brokers_have_ports() {
        check(&BROKERS, "kafka1:9092, kafka2:9092", Some("\"kafka1:9092, kafka2:9092\""));
        check(&BROKERS, "[::1]:9092", Some("\"[::1]:9092\""));
        for input in ["", "kafka1", "kafka1:0", "kafka1:70000", "http://kafka1:9092", "a:1,,b:1"] {
            check(&BROKERS, input, None);
        }
    }

    #[test]
    fn processes_are_where_others_can_reach_them() {
        let rule = Places { max: 2 };
        check(&rule, "a:1, [fd00::2]:2", Some("[\"a:1\", \"[fd00::2]:2\"]"));
        for input in ["a", "a:1,b:1,c:1", "0.0.0.0:2101,a:1", "a:1,[::]:2101", "a:0"] {
            check(&rule, input, None);
        }
    }

    #[test]
    fn urls_have_a_scheme_and_a_host_and_hide_passwords() {
        let rule = UrlOf { schemes: &["http", "https"], example: "https://nms.example.net" };
        check(&rule, "https://nms.example.net/x", Some("\"https://nms.example.net/x\""));
        check(&rule, "https://u:p@h/", Some("\"https://u:hidden@h/\""));
        for input in ["nms.example.net", "ftp://h", "http://", ""] {
            check(&rule, input, None);
        }
    }

    #[test]
    fn addresses_and_zones_are_checked() {
        check(&Listen, "[::]:8080", Some("\"[::]:8080\""));
        check(&Listen, "localhost:8080", None);
        check(&Listen, "127.0.0.1", None);
        check(&Zone, "Europe/Amsterdam", Some("\"Europe/Amsterdam\""));
        check(&Zone, "CEST", None);
        check(&Networks, "127.0.0.1, ::1", Some("[\"127.0.0.1\", \"::1\"]"));
        check(&Networks, "10.0.0.0/8", Some("[\"10.0.0.0/8\"]"));
        check(&Networks, "10.0.0.1/8", None);
        check(&HostNames, "Pad.internal, a_b", Some("[\"pad.internal\", \"a_b\"]"));
        for input in ["pad.internal:8080", "https://pad", "a b", "a,,b", ""] {
            check(&HostNames, input, None);
        }
        check(&MailAddress, "noc@example.net", Some("\"noc@example.net\""));
        check(&MailAddress, "noc", None);
        check(&LOG_FILTER, "info,padwacht=debug", Some("\"info,padwacht=debug\""));
        check(&LOG_FILTER, "padwacht=loud", None);
    }
}
