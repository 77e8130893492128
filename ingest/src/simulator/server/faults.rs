//! Faults of the server itself, staged on command: LIBRENMS-API, section 13.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use correlate::model::Timestamp;
use futures::StreamExt;
use serde::{Deserialize, Serialize};

/// Slow bodies go out in pieces of this size.
const SLOW_CHUNK_BYTES: usize = 1024;

/// A connection breaks so long after the last byte.
const BREAKS_AFTER: Duration = Duration::from_millis(20);

/// What is wrong with the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultKind {
    /// 401, as for an unknown token.
    Unauthorized,
    /// 403, as for a right that is missing.
    Forbidden,
    /// 500 `Server Error`.
    ServerError,
    /// 503, the database refuses connections.
    Unavailable,
    /// 503 without the database's words: Laravel's maintenance mode.
    Maintenance,
    /// 500, PHP ran out of time.
    TimeLimit,
    /// 429, as a proxy in between gives it.
    TooMany {
        /// The header `Retry-After`, in seconds.
        retry_after_s: u32,
    },
    /// 504 with nginx's HTML page.
    GatewayTimeout,
    /// 200 with an HTML page.
    HtmlOk,
    /// Lists are empty: 200 with no rows, or the 404 that the call gives for no rows.
    EmptyOk,
    /// Lists are cut to their first rows.
    Shrink {
        /// How much of each list is left, in percent from 0 to 100.
        keep_percent: u32,
    },
    /// Bodies end in the middle.
    Truncated {
        /// How many bytes come through; bodies that are shorter are cut in half.
        after_bytes: usize,
    },
    /// The connection breaks in the middle of the body.
    BrokenOff {
        /// How many bytes come through at most.
        after_bytes: usize,
    },
    /// Filters by device are dropped, as LibreNMS does for a host that it does not know: the
    /// whole table is shown.
    DroppedFilter,
    /// Bodies trickle, a kilobyte at a time.
    Slow {
        /// Wait before each piece, in real milliseconds.
        pause_ms: u64,
    },
    /// Discovery saves the status without outage row or event (issue 20251 of LibreNMS).
    Bug267,
    /// Fast ping clears failures of SNMP every minute (issue 20310 of LibreNMS).
    Bug20310,
    /// A poller group does nothing: its rows freeze as they are.
    StalledPollers {
        /// Which, from 0.
        group: usize,
    },
    /// Every second line of the event log is seen so much later than it was written, as
    /// pollers side by side commit out of order.
    LateEvents {
        /// How much, in simulated milliseconds; more than 0.
        by_ms: i64,
    },
}

/// A fault and when it applies. Faults of the NMS (`bug267`, `bug20310`, `stalled_pollers`,
/// `late_events`) apply to everything; the others to requests.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// What is wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// Only for paths that start like this, after `/api/v0`; such as `/devices`. All when empty.
    #[serde(default)]
    pub path: String,
    /// For so long, in simulated milliseconds; until it is cleared when absent.
    #[serde(default)]
    pub for_ms: Option<i64>,
    /// For so many requests; until it is cleared when absent.
    #[serde(default)]
    pub requests: Option<u32>,
}

impl Fault {
    /// A fault of every request until it is cleared.
    pub fn new(kind: FaultKind) -> Fault {
        Fault { kind, path: String::new(), for_ms: None, requests: None }
    }

    /// Whether it changes the NMS and not the answers.
    pub(super) fn is_of_nms(&self) -> bool {
        matches!(
            self.kind,
            FaultKind::Bug267
                | FaultKind::Bug20310
                | FaultKind::StalledPollers { .. }
                | FaultKind::LateEvents { .. }
        )
    }
}

/// A fault that was staged.
#[derive(Clone, Debug)]
pub(super) struct Staged {
    pub(super) id: u64,
    pub(super) fault: Fault,
    pub(super) until: Option<Timestamp>,
}

/// What the handlers show; carried to them with the request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Shown {
    /// How much of each list, in percent.
    keep_percent: u32,
    /// Filters by device do not work.
    pub(super) drops_filters: bool,
}

impl Default for Shown {
    fn default() -> Shown {
        Shown { keep_percent: 100, drops_filters: false }
    }
}

impl Shown {
    pub(super) fn cut<T>(self, rows: &mut Vec<T>) {
        let keep = rows.len() as u64 * u64::from(self.keep_percent.min(100)) / 100;
        rows.truncate(keep as usize);
    }
}

impl FaultKind {
    /// The whole answer, for faults that need no handler.
    pub(super) fn answer(self) -> Option<Response> {
        let json = |status: StatusCode, body: &'static str| {
            Some((status, [(header::CONTENT_TYPE, "application/json")], body).into_response())
        };
        let html = |status: StatusCode, body: &'static str| {
            Some((status, [(header::CONTENT_TYPE, "text/html")], body).into_response())
        };
        match self {
            FaultKind::Unauthorized => {
                json(StatusCode::UNAUTHORIZED, "{\n    \"message\": \"Unauthenticated.\"\n}")
            }
            FaultKind::Forbidden => json(
                StatusCode::FORBIDDEN,
                "{\n    \"message\": \"This action is unauthorized.\"\n}",
            ),
            FaultKind::ServerError => {
                json(StatusCode::INTERNAL_SERVER_ERROR, "{\n    \"message\": \"Server Error\"\n}")
            }
            FaultKind::Unavailable => json(
                StatusCode::SERVICE_UNAVAILABLE,
                "{\n    \"status\": \"error\",\n    \"message\": \"Error connecting to database: \
                 SQLSTATE[HY000] [2002] Connection refused\"\n}",
            ),
            FaultKind::Maintenance => json(
                StatusCode::SERVICE_UNAVAILABLE,
                "{\n    \"message\": \"Service Unavailable\"\n}",
            ),
            FaultKind::TimeLimit => json(
                StatusCode::INTERNAL_SERVER_ERROR,
                "{\n    \"status\": \"error\",\n    \"message\": \"Maximum execution time of 120 \
                 seconds exceeded: vendor\\/laravel\"\n}",
            ),
            FaultKind::TooMany { retry_after_s } => {
                let headers = [(header::RETRY_AFTER, retry_after_s.to_string())];
                Some((StatusCode::TOO_MANY_REQUESTS, headers, "Too Many Requests").into_response())
            }
            FaultKind::GatewayTimeout => html(
                StatusCode::GATEWAY_TIMEOUT,
                "<html>\n<head><title>504 Gateway Time-out</title></head>\n<body>\n<center><h1>\
                 504 Gateway Time-out</h1></center>\n<hr><center>nginx</center>\n</body>\n</html>\n",
            ),
            FaultKind::HtmlOk => html(
                StatusCode::OK,
                "<!DOCTYPE html>\n<html><head><title>LibreNMS</title></head><body><h1>Whoops, \
                 the web server could not write required files</h1></body></html>\n",
            ),
            _ => None,
        }
    }

    /// What the handlers are told.
    pub(super) fn shown(self) -> Shown {
        let all = Shown::default();
        match self {
            FaultKind::EmptyOk => Shown { keep_percent: 0, ..all },
            FaultKind::Shrink { keep_percent } => Shown { keep_percent, ..all },
            FaultKind::DroppedFilter => Shown { drops_filters: true, ..all },
            _ => all,
        }
    }

    /// What happens to the answer on its way out.
    pub(super) fn spoil(self, answer: Response) -> Response {
        match self {
            FaultKind::Truncated { after_bytes } => answer.map(|body| cut(body, after_bytes)),
            FaultKind::BrokenOff { after_bytes } => answer.map(|body| broken(body, after_bytes)),
            FaultKind::Slow { pause_ms } => answer.map(|body| trickle(body, pause_ms)),
            _ => answer,
        }
    }
}

fn cut(body: Body, after_bytes: usize) -> Body {
    let state = (after_bytes, true);
    let pieces = body.into_data_stream().scan(state, |(left, first), piece| {
        let piece = piece.unwrap_or_default();
        let whole_is_short = *first && piece.len() <= *left;
        let take = if whole_is_short { piece.len() / 2 } else { piece.len().min(*left) };
        *left = if whole_is_short { 0 } else { *left - take };
        *first = false;
        let part = (take > 0).then(|| Ok::<Bytes, Infallible>(piece.slice(..take)));
        std::future::ready(part)
    });
    Body::from_stream(pieces)
}

/// The body as far as it comes, and then an error: the server closes the connection.
fn broken(body: Body, after_bytes: usize) -> Body {
    let pieces = cut(body, after_bytes).into_data_stream();
    let end = futures::stream::once(async {
        // What was written so far goes out first.
        tokio::time::sleep(BREAKS_AFTER).await;
        Err(axum::Error::new(std::io::Error::from(std::io::ErrorKind::ConnectionAborted)))
    });
    Body::from_stream(pieces.chain(end))
}

fn trickle(body: Body, pause_ms: u64) -> Body {
    let pieces = body.into_data_stream().flat_map(|piece| {
        let piece = piece.unwrap_or_default();
        let starts = (0..piece.len()).step_by(SLOW_CHUNK_BYTES);
        let parts: Vec<Bytes> = starts
            .map(|start| piece.slice(start..piece.len().min(start + SLOW_CHUNK_BYTES)))
            .collect();
        futures::stream::iter(parts)
    });
    let pause = Duration::from_millis(pause_ms);
    Body::from_stream(pieces.then(move |piece| async move {
        tokio::time::sleep(pause).await;
        Ok::<Bytes, Infallible>(piece)
    }))
}
