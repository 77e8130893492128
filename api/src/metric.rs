//! The metrics of the web, by name. Labels hold route patterns, never paths:
//! a path holds ids, and their number is not bounded.

use std::time::Duration;

use axum::http::StatusCode;
use metrics::{counter, gauge, histogram};

/// Requests answered, by method, route and status.
const REQUESTS: &str = "padwacht_http_requests_total";
/// Seconds until an answer began, by route.
const DURATION: &str = "padwacht_http_request_duration_seconds";
/// Logins tried, by outcome (`ok`, `wrong`, `throttled`, `oidc`, `oidc-refused`,
/// `oidc-only`).
const LOGINS: &str = "padwacht_logins_total";
/// Pushes received, by what came of them (`refused`, or an outcome of the records).
const PUSHES: &str = "padwacht_pushes_total";
/// Browsers that listen for changes.
const EVENT_STREAMS: &str = "padwacht_event_streams";
/// Looks for changes in the series that failed.
const CHANGE_POLLS_FAILED: &str = "padwacht_change_polls_failed_total";

/// A request got its answer.
pub(crate) fn answered(method: &'static str, route: &str, status: StatusCode, duration: Duration) {
    let route = route.to_owned();
    counter!(REQUESTS, "method" => method, "route" => route.clone(), "status" => status.as_u16().to_string())
        .increment(1);
    histogram!(DURATION, "route" => route).record(duration.as_secs_f64());
}

/// Somebody tried to sign in.
pub(crate) fn login(outcome: &'static str) {
    counter!(LOGINS, "outcome" => outcome).increment(1);
}

/// An NMS pushed, or somebody tried to.
pub(crate) fn pushed(outcome: &'static str) {
    counter!(PUSHES, "outcome" => outcome).increment(1);
}

/// So many browsers listen.
pub(crate) fn event_streams(count: usize) {
    // Exact: the count is far below 2^52.
    gauge!(EVENT_STREAMS).set(count as f64);
}

/// The series could not say whether anything changed.
pub(crate) fn change_poll_failed() {
    counter!(CHANGE_POLLS_FAILED).increment(1);
}
