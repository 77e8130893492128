//! The settings of one LibreNMS account, checked before anything is sent.

use std::num::NonZeroU32;
use std::time::Duration;

use jiff::tz::TimeZone;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::policy::Policy;
use super::tuning::Overrides;
use crate::source::Pace;

/// LibreNMS tokens are 32 hex digits; anything much longer is something else
/// that was pasted by mistake.
const TOKEN_CHARS_MAX: usize = 256;

/// What calls for the ports of single devices may take of the throttle, in
/// percent: the rest is for what cannot wait.
const PORT_CALLS_SHARE: u64 = 60;

/// A setting that cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SettingsError {
    /// The account's name would not fit into component ids and metric labels.
    #[error(
        "NMS account name {name:?} must be 1 to 64 letters, digits, dots, dashes or underscores"
    )]
    Name {
        /// What was given.
        name: String,
    },
    /// The address is no usable http(s) address. It is not repeated here,
    /// because it may hold a password.
    #[error("LibreNMS url {problem}; expected for example https://librenms.example.net/")]
    Url {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The token cannot be sent as a header.
    #[error("LibreNMS token {problem}; make one under /api-access/ of the LibreNMS web pages")]
    Token {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The time zone database has no such zone.
    #[error("time zone {name:?} is not known; expected an IANA name such as Europe/Amsterdam")]
    TimeZone {
        /// What was given.
        name: String,
    },
    /// The HTTP client could not be made.
    #[error("the HTTP client cannot start: {reason}")]
    Client {
        /// Why.
        reason: String,
    },
}

/// One LibreNMS account. Made by [`Settings::new`]; every other field has a
/// default that suits an install of some thousand devices.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(super) name: String,
    pub(super) base: Url,
    pub(super) token: SecretString,
    pub(super) time_zone: Option<TimeZone>,
    /// Requests within any one second of the server's clock, at most. Default
    /// 5: each occupies one of the few PHP workers of the server. One of them is
    /// kept for calls that cannot wait.
    pub requests_per_second: NonZeroU32,
    /// Of these, how many may follow each other at once. Default 5; more than
    /// `requests_per_second` counts as that.
    pub burst: NonZeroU32,
    /// Requests under way at the same time, at most, from 1. Default 3: one
    /// bulk list, one small call and one that cannot wait.
    pub requests_at_once: NonZeroU32,
    /// Bytes of answers under way at the same time, at most, by the size of the
    /// last answer to the same call. Default 64 MiB. One that is larger than
    /// half of this counts as half.
    pub bytes_in_flight_max: u64,
    /// How long a connection may take to open. Default 10 s.
    pub connect_timeout: Duration,
    /// How long the server may be silent within a call. Default 60 s: it
    /// builds a large list in full before it sends the first byte.
    pub silence_timeout: Duration,
    /// How long a whole call may take. Default 180 s; calls that are no whole
    /// list have 30 s at most.
    pub call_timeout: Duration,
    /// How often a failed call is repeated. Default 2.
    pub retries: usize,
    /// The pause before the first repeat; it doubles each time, with jitter.
    /// Default 2 s.
    pub retry_pause: Duration,
    /// The largest answer, in bytes after decompression. Default 2 GiB, which
    /// is some 5 million ports; rows are decoded while they arrive, so this
    /// bounds time and not memory.
    pub body_bytes_max: u64,
    /// Above this many ports they are read device by device. Default 5 million,
    /// what [`Settings::body_bytes_max`] has room for: one list costs LibreNMS far
    /// less than a call for each device, and rows are decoded while they arrive. A
    /// server that runs out of memory or time on it (PHP's default is 128 MB) is
    /// found out at the first try, and then spared for hours.
    pub bulk_ports_max: usize,
    /// How many devices' ports one full reading reads, when it reads them device
    /// by device. By default as many as take 60% of the time
    /// until the next one at `requests_per_second`: 900 every five minutes at 5
    /// requests a second.
    pub port_calls_per_poll: Option<usize>,
    /// How often it is read, where that is not to follow from what is found
    /// out about it.
    pub pace: Pace,
    /// How often LibreNMS itself polls, where that is not to be found out.
    pub nms_interval: Option<Duration>,
    /// Its version, such as `26.7.0`, whatever it says.
    pub version: Option<String>,
    /// Whether its event log is read; found out unless set.
    pub event_log: Option<bool>,
    /// What a row means.
    pub policy: Policy,
}

impl Settings {
    /// An account called `name` at `url`, with an API token of a LibreNMS user
    /// (best one of role *global-read*).
    ///
    /// `url` may hold a sub-directory, and may end in `/api/v0`.
    pub fn new(name: &str, url: &str, token: SecretString) -> Result<Settings, SettingsError> {
        Ok(Settings {
            name: account_name(name)?,
            base: base_url(url)?,
            token: api_token(&token)?,
            time_zone: None,
            requests_per_second: NonZeroU32::new(5).expect("5 is not 0"),
            burst: NonZeroU32::new(5).expect("5 is not 0"),
            requests_at_once: NonZeroU32::new(3).expect("3 is not 0"),
            bytes_in_flight_max: 64 * 1024 * 1024,
            connect_timeout: Duration::from_secs(10),
            silence_timeout: Duration::from_secs(60),
            call_timeout: Duration::from_secs(180),
            retries: 2,
            retry_pause: Duration::from_secs(2),
            body_bytes_max: 2 * 1024 * 1024 * 1024,
            bulk_ports_max: 5_000_000,
            port_calls_per_poll: None,
            pace: Pace::default(),
            nms_interval: None,
            version: None,
            event_log: None,
            policy: Policy::default(),
        })
    }

    /// Sets the zone of the LibreNMS server's clock (an IANA name). Without it
    /// the present offset is found by reading one device in both of LibreNMS's
    /// time formats, again and again.
    pub fn with_time_zone(mut self, name: &str) -> Result<Settings, SettingsError> {
        let zone = TimeZone::get(name.trim());
        self.time_zone = Some(zone.map_err(|_| SettingsError::TimeZone { name: name.to_owned() })?);
        Ok(self)
    }

    /// How many devices' ports a full reading reads one by one, where the next one
    /// begins `every` after it.
    pub(super) fn port_calls(&self, every: Duration) -> usize {
        let calls = u64::from(self.requests_per_second.get()) * every.as_secs();
        let share = usize::try_from(calls * PORT_CALLS_SHARE / 100).unwrap_or(usize::MAX);
        self.port_calls_per_poll.unwrap_or(share.max(1))
    }

    pub(super) fn overrides(&self) -> Overrides {
        Overrides {
            interval: self.nms_interval,
            version: self.version.clone(),
            event_log: self.event_log,
        }
    }

    /// The account's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address of LibreNMS without `/api/v0`, ending in a slash.
    pub fn url(&self) -> &str {
        self.base.as_str()
    }
}

fn account_name(name: &str) -> Result<String, SettingsError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if (1..=64).contains(&name.len()) && name.chars().all(fits) {
        Ok(name.to_owned())
    } else {
        Err(SettingsError::Name { name: name.to_owned() })
    }
}

fn base_url(text: &str) -> Result<Url, SettingsError> {
    let wrong = |problem| Err(SettingsError::Url { problem });
    let text = text.trim();
    if text.is_empty() {
        return wrong("is empty");
    }
    if !text.contains("://") {
        return wrong("has no scheme: it must begin with https:// or http://");
    }
    let Ok(mut url) = Url::parse(text) else {
        return wrong("is no URL");
    };
    if !matches!(url.scheme(), "http" | "https") {
        return wrong("must begin with https:// or http://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("holds a user name or password: the token alone identifies");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return wrong("holds a ? or a #: give the address of the start page only");
    }
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/api/v0").or_else(|| path.strip_suffix("/api")).unwrap_or(path);
    if path.contains("/api/v0/") {
        return wrong("points into the API: give the address of the start page only");
    }
    let path = format!("{}/", path.trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

fn api_token(token: &SecretString) -> Result<SecretString, SettingsError> {
    let wrong = |problem| Err(SettingsError::Token { problem });
    let token = token.expose_secret().trim();
    if token.is_empty() {
        return wrong("is empty");
    }
    if token.len() > TOKEN_CHARS_MAX {
        return wrong("is too long to be one");
    }
    if !token.chars().all(|c| c.is_ascii_graphic()) {
        return wrong("holds blanks or characters that are not ASCII");
    }
    Ok(SecretString::from(token.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_url(input: &str, expected: Result<&str, &str>) {
        let found = base_url(input);
        let found = found.as_ref().map(Url::as_str).map_err(|error| match error {
            SettingsError::Url { problem } => *problem,
            _ => "another error",
        });
        assert_eq!(found, expected, "{input:?}");
    }

    #[test]
    fn addresses_are_normalised() {
        check_url("https://x", Ok("https://x/"));
        check_url(" https://x/ ", Ok("https://x/"));
        check_url("https://x/api/v0", Ok("https://x/"));
        check_url("https://x/api/v0/", Ok("https://x/"));
        check_url("https://x/api", Ok("https://x/"));
        check_url("http://x:8000/nms", Ok("http://x:8000/nms/"));
        check_url("https://x/nms/api/v0//", Ok("https://x/nms/"));
        check_url("https://[2001:db8::1]/", Ok("https://[2001:db8::1]/"));
    }

    #[test]
    fn unusable_addresses_are_refused_with_the_reason() {
        check_url("", Err("is empty"));
        check_url("x.example.net", Err("has no scheme: it must begin with https:// or http://"));
        check_url("ftp://x", Err("must begin with https:// or http://"));
        check_url("https://", Err("is no URL"));
        check_url(
            "https://me:pw@x",
            Err("holds a user name or password: the token alone identifies"),
        );
        check_url(
            "https://x/api/v0/devices",
            Err("points into the API: give the address of the start page only"),
        );
        check_url(
            "https://x/?a=b",
            Err("holds a ? or a #: give the address of the start page only"),
        );
    }

    #[test]
    fn a_password_in_the_address_is_not_repeated() {
        let error = base_url("https://me:hunter2@x").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn names_that_break_component_ids_are_refused() {
        for name in ["", "a/b", "a b", "é", &"x".repeat(65)] {
            assert!(account_name(name).is_err(), "{name:?}");
        }
        assert_eq!(account_name("ams-1.noc_2").unwrap(), "ams-1.noc_2");
    }

    #[test]
    fn the_token_is_trimmed_and_never_shown() {
        let settings =
            Settings::new("ams1", "https://x", SecretString::from(" s3cr3t\n".to_owned())).unwrap();
        assert_eq!(settings.token.expose_secret(), "s3cr3t");
        assert!(!format!("{settings:?}").contains("s3cr3t"));
        for token in ["", " ", "two words", "naïve"] {
            assert!(api_token(&SecretString::from(token.to_owned())).is_err(), "{token:?}");
        }
    }

    #[test]
    fn single_calls_for_ports_leave_room_in_the_throttle() {
        let token = SecretString::from("t".to_owned());
        let mut settings = Settings::new("ams1", "https://x", token).unwrap();
        let every = |seconds| Duration::from_secs(seconds);
        assert_eq!((settings.port_calls(every(300)), settings.port_calls(every(0))), (900, 1));
        settings.requests_per_second = NonZeroU32::new(100).unwrap();
        assert_eq!(settings.port_calls(every(900)), 54_000);
        settings.port_calls_per_poll = Some(3);
        assert_eq!(settings.port_calls(every(300)), 3);
    }

    #[test]
    fn an_unknown_time_zone_is_refused() {
        let settings =
            Settings::new("ams1", "https://x", SecretString::from("t".to_owned())).unwrap();
        assert!(settings.clone().with_time_zone("Europe/Amsterdam").is_ok());
        assert!(settings.with_time_zone("Europe/Amsterdm").is_err());
    }
}
