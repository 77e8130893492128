//! What an answer that is no list means, in words for the operator.
//!
//! Bodies are read only to tell known messages apart. They are never quoted:
//! an error page of a server in debug mode may hold SQL, and with it secrets.
//! The messages are LibreNMS's and Laravel's own.

use std::error::Error;
use std::time::Duration;

use correlate::model::Timestamp;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, LOCATION, RETRY_AFTER};
use serde::Deserialize;

use super::decode::DecodeError;
use crate::source::{Fault, SourceError};

/// A server that asks for more patience than this is taken as failed; the next
/// poll tries again.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(120);

/// Why a call gave no rows.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) error: SourceError,
    /// How long the server asks to be left alone.
    pub(super) retry_after: Option<Duration>,
}

impl Failure {
    pub(super) fn new(fault: Fault, message: impl Into<String>) -> Failure {
        Failure { error: SourceError::new(fault, message), retry_after: None }
    }
}

/// The status line and headers of an answer, and the start of its body if the
/// status is not 200.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer<'a> {
    /// What was asked for, for example `the device list`.
    pub(super) subject: &'static str,
    /// The address of LibreNMS.
    pub(super) base: &'a str,
    pub(super) status: StatusCode,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

/// The message of an error, if it is one of LibreNMS's.
#[derive(Deserialize, Default)]
struct ErrorBody {
    #[serde(default)]
    status: Option<serde_json::Value>,
    /// A text, or with 422 an object.
    #[serde(default)]
    message: Option<serde_json::Value>,
}

/// What an answer with an error status comes to.
pub(super) enum Refusal {
    /// LibreNMS says "not found" where it means an empty list.
    NoRows,
    /// It is an error.
    Failed(Failure),
}

/// Whether the body is declared as JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let media_type = declared.split(';').next().unwrap_or("").trim();
    media_type.eq_ignore_ascii_case("application/json")
}

impl Answer<'_> {
    /// The verdict on an answer whose status is not a success. `empty_is_404`:
    /// for this call LibreNMS answers 404 where there is nothing.
    pub(super) fn refusal(&self, empty_is_404: bool) -> Refusal {
        let body: ErrorBody = if is_json(self.headers) {
            serde_json::from_slice(self.body).unwrap_or_default()
        } else {
            ErrorBody::default()
        };
        let message = body.message.as_ref().and_then(|text| text.as_str()).unwrap_or("");
        if self.status == StatusCode::NOT_FOUND && empty_is_404 && says_nothing_found(message) {
            return Refusal::NoRows;
        }
        let (fault, words) = self.words(message, body.status.is_some());
        let Answer { subject, base, status, .. } = self;
        let message = format!("LibreNMS at {base} refused {subject} (HTTP {status}): {words}");
        Refusal::Failed(Failure {
            error: SourceError::new(fault, message),
            retry_after: retry_after(self.headers),
        })
    }

    fn words(&self, message: &str, from_librenms: bool) -> (Fault, String) {
        let fixed = |fault, words: &str| (fault, words.to_owned());
        match self.status.as_u16() {
            401 => fixed(
                Fault::Unauthorized,
                "the token is unknown or disabled; make a new one under /api-access/",
            ),
            403 => fixed(
                Fault::Forbidden,
                "the token's user may not see this; give it the role global-read",
            ),
            404 if message.contains("API route") => fixed(
                Fault::NotFound,
                "this LibreNMS does not know the call; it is too old, or the url is wrong",
            ),
            404 if from_librenms => fixed(Fault::NotFound, "it does not exist there"),
            404 => fixed(
                Fault::NotFound,
                "a web server answers, but no LibreNMS; check the url and its sub-directory",
            ),
            400 | 422 => fixed(Fault::Rejected, "it calls the request wrong; please report this"),
            429 => fixed(Fault::Throttled, "a proxy limits the rate; lower requests_per_second"),
            300..=399 => (Fault::Redirected, self.moved()),
            500 if message.starts_with("Maximum execution time") => fixed(
                Fault::Overloaded,
                "PHP ran out of time; raise max_execution_time in php.ini of the web server",
            ),
            500 if message.starts_with("Allowed memory size") => fixed(
                Fault::Overloaded,
                "PHP ran out of memory; raise memory_limit in php.ini of the web server",
            ),
            500 => fixed(
                Fault::ServerFailed,
                "PHP failed; logs/librenms.log on the server says why (often memory_limit)",
            ),
            503 if message.starts_with("Error connecting to database") => fixed(
                Fault::Unavailable,
                "it cannot reach its own database; check MariaDB on the server",
            ),
            503 => fixed(Fault::Unavailable, "it is in maintenance mode, or being updated"),
            502 | 504 => fixed(
                Fault::Overloaded,
                "its web server lost patience with PHP; raise fastcgi_read_timeout and the like",
            ),
            501 | 505..=599 => fixed(Fault::ServerFailed, "the server failed"),
            _ => fixed(Fault::Rejected, "this status is not one that LibreNMS gives"),
        }
    }

    fn moved(&self) -> String {
        let to = self.headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let to = to.and_then(|to| reqwest::Url::parse(to).ok());
        match to {
            Some(to) if to.path().contains("login") => {
                "it sends us to a login page; something in front of it asks for a login".to_owned()
            }
            Some(to) => {
                let origin = to.origin().ascii_serialization();
                format!("it redirects to {origin}; set the url to the final address")
            }
            None => "it redirects; set the url to the final address".to_owned(),
        }
    }
}

/// LibreNMS's words for an empty list, against those for a wrong address.
fn says_nothing_found(message: &str) -> bool {
    let empty = message.starts_with("No ") || message.ends_with(" do not exist");
    empty && !message.contains("API route")
}

/// A success whose body is no JSON.
pub(super) fn no_json(base: &str, subject: &str) -> Failure {
    Failure::new(
        Fault::NotJson,
        format!(
            "LibreNMS at {base} answered {subject} with a page instead of data (HTTP 200): a \
             file permission problem on the server (run its validate.php), a login page, or the \
             url of something else"
        ),
    )
}

/// A success whose body cannot be decoded.
pub(super) fn undecodable(base: &str, subject: &str, error: &DecodeError) -> Failure {
    let fault = match error {
        DecodeError::Truncated => Fault::Truncated,
        _ => Fault::Malformed,
    };
    let message =
        format!("LibreNMS at {base} answered {subject}, but {error}; nothing of it is used");
    Failure::new(fault, message)
}

/// A call that got no answer, or not all of one.
pub(super) fn no_answer(base: &str, subject: &str, error: &reqwest::Error) -> Failure {
    let causes = causes(error);
    let (fault, words) = if error.is_timeout() {
        (Fault::TimedOut, "did not answer in time: the server is overloaded or unreachable".into())
    } else if causes.iter().any(|cause| is_about_tls(cause)) {
        let cause = causes.last().map_or("", String::as_str);
        (Fault::Tls, format!("TLS failed ({cause}); install the certificate's authority here"))
    } else if error.is_connect() {
        let cause = causes.last().map_or("", String::as_str);
        (Fault::Unreachable, format!("no connection ({cause}); check the url, DNS and firewall"))
    } else if error.is_body() || error.is_decode() {
        (Fault::Truncated, "the answer broke off; nothing of it is used".into())
    } else {
        (Fault::Unreachable, "the connection was lost before the answer".into())
    };
    Failure::new(fault, format!("LibreNMS at {base}, {subject}: {words}"))
}

fn is_about_tls(cause: &str) -> bool {
    ["certificate", "tls", "handshake", "corrupt message"]
        .iter()
        .any(|word| cause.to_ascii_lowercase().contains(word))
}

/// The texts of what caused `error`, outermost first. They come from the
/// network stack and hold no part of a body.
fn causes(error: &reqwest::Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes
}

/// When the server answered by its own clock, to the second (RFC 9110, 6.6.1).
pub(super) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(DATE)?.to_str().ok()?;
    let date = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
    Some(Timestamp(date.timestamp().as_millisecond()))
}

/// `Retry-After` in seconds or as a date, if it is not unreasonably far away.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
            let pause = until.duration_since(jiff::Timestamp::now());
            Duration::try_from(pause).unwrap_or(Duration::ZERO)
        }
    };
    Some(pause.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, expected: Option<u64>) {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, header.parse().unwrap())]);
        assert_eq!(retry_after(&headers), expected.map(Duration::from_secs), "{header:?}");
    }

    #[test]
    fn a_server_may_ask_for_some_patience_but_not_for_hours() {
        check("0", Some(0));
        check(" 7 ", Some(7));
        check("86400", Some(120));
        check("Thu, 31 Dec 2099 23:59:59 GMT", Some(120));
        check("Mon, 01 Jan 2001 00:00:00 GMT", Some(0));
        check("soon", None);
        check("-1", None);
    }

    #[test]
    fn json_is_told_from_pages_by_its_media_type() {
        let declared =
            |value: &str| is_json(&HeaderMap::from_iter([(CONTENT_TYPE, value.parse().unwrap())]));
        assert!(declared("application/json"));
        assert!(declared("Application/JSON; charset=utf-8"));
        assert!(!declared("text/html; charset=UTF-8"));
        assert!(!declared("image/png"));
        assert!(!is_json(&HeaderMap::new()));
    }

    #[test]
    fn only_librenms_s_words_for_nothing_mean_an_empty_list() {
        for text in ["No ports found", "Links do not exist", "Sensors do not exist"] {
            assert!(says_nothing_found(text), "{text}");
        }
        for text in ["This API route doesn't exist.", "Device olt99 does not exist", ""] {
            assert!(!says_nothing_found(text), "{text}");
        }
    }
}
