//! What clients asked, as measured at the server: so that a throttle is proven, not claimed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::body::Body;
use axum::response::Response;
use futures::StreamExt;
use serde::Serialize;

/// The window of the peak rate.
const WINDOW_MS: u64 = 1_000;
/// Arrivals kept for [`RequestCounts::arrivals_ms`]: an hour at 100 per second.
const MAX_ARRIVALS: usize = 360_000;
/// Requests whose addresses are kept.
const MAX_RECENT: usize = 1_000;
/// Paths counted apart; the rest is counted together.
const MAX_PATHS: usize = 1_000;
/// The name of the rest.
const OTHER: &str = "(other)";
/// Answers from this size on are bulk: each occupies a worker of LibreNMS for long.
const BULK_BYTES: u64 = 1_000_000;

/// Counts since the start, by a monotonic clock.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct RequestCounts {
    /// Requests to `/api/v0`, refused ones included.
    pub total: u64,
    /// The most requests that arrived within one second.
    pub peak_per_second: usize,
    /// The most that were being answered at once, until the last byte of the body was sent.
    pub peak_in_flight: usize,
    /// Those of them whose bodies had grown beyond a million bytes.
    pub peak_bulk_in_flight: usize,
    /// Bytes of bodies before compression.
    pub bytes: u64,
    /// By path, numbers in it replaced by `:id`, and the `type` of the query behind it, as a
    /// list of some devices is another call than that of all.
    pub by_path: BTreeMap<String, u64>,
    /// Bytes of bodies by path, as [`RequestCounts::by_path`].
    pub bytes_by_path: BTreeMap<String, u64>,
    /// The last 1,000 requests, path with query, the oldest first; those with a token in the
    /// query left out.
    pub recent: Vec<String>,
    /// When the last requests arrived, in milliseconds since the start; at most 360,000.
    #[serde(skip)]
    pub arrivals_ms: Vec<u64>,
}

impl RequestCounts {
    /// The most requests by which the client was ever ahead of `per_second`: the smallest burst
    /// that a throttle of this rate must have allowed. 0 without requests.
    pub fn burst_above(&self, per_second: f64) -> f64 {
        let (mut level, mut most, mut before) = (0.0_f64, 0.0_f64, None);
        for &at in &self.arrivals_ms {
            let elapsed_s = before.map_or(0.0, |before| (at - before) as f64 / 1000.0);
            level = (level - elapsed_s * per_second).max(0.0) + 1.0;
            most = most.max(level);
            before = Some(at);
        }
        most
    }
}

/// The counts of one simulator; clones share them.
#[derive(Clone)]
pub(super) struct RequestLog {
    began: Instant,
    held: Arc<Mutex<Held>>,
}

#[derive(Default)]
struct Held {
    counts: RequestCounts,
    recent: VecDeque<u64>,
    arrivals: VecDeque<u64>,
    addresses: VecDeque<String>,
    in_flight: usize,
    bulk_in_flight: usize,
}

/// One request, until its body is sent or dropped.
pub(super) struct Measure {
    log: RequestLog,
    path: String,
    bytes: u64,
}

impl RequestLog {
    pub(super) fn new() -> RequestLog {
        RequestLog { began: Instant::now(), held: Arc::default() }
    }

    /// A panic elsewhere leaves nothing half done that matters here.
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request to `path` with `query` arrives.
    pub(super) fn begin(&self, path: &str, query: &str) -> Measure {
        let at_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        if !query.contains("api_token") {
            let mut held = self.held();
            let mark = if query.is_empty() { "" } else { "?" };
            held.addresses.push_back(format!("{path}{mark}{query}"));
            if held.addresses.len() > MAX_RECENT {
                held.addresses.pop_front();
            }
        }
        match query.split('&').find(|part| part.starts_with("type=")) {
            Some(kind) => self.begin_at(&format!("{path}?{kind}"), at_ms),
            None => self.begin_at(path, at_ms),
        }
    }

    fn begin_at(&self, path: &str, at_ms: u64) -> Measure {
        let mut held = self.held();
        held.recent.push_back(at_ms);
        while held.recent.front().is_some_and(|at| at_ms - at >= WINDOW_MS) {
            held.recent.pop_front();
        }
        held.arrivals.push_back(at_ms);
        if held.arrivals.len() > MAX_ARRIVALS {
            held.arrivals.pop_front();
        }
        held.in_flight += 1;
        let (recent, in_flight) = (held.recent.len(), held.in_flight);
        let counts = &mut held.counts;
        counts.total += 1;
        counts.peak_per_second = counts.peak_per_second.max(recent);
        counts.peak_in_flight = counts.peak_in_flight.max(in_flight);
        let mut path = shape(path);
        if counts.by_path.len() >= MAX_PATHS && !counts.by_path.contains_key(&path) {
            path = String::from(OTHER);
        }
        *counts.by_path.entry(path.clone()).or_insert(0) += 1;
        Measure { log: self.clone(), path, bytes: 0 }
    }

    pub(super) fn counts(&self) -> RequestCounts {
        let held = self.held();
        let arrivals_ms = held.arrivals.iter().copied().collect();
        let recent = held.addresses.iter().cloned().collect();
        RequestCounts { arrivals_ms, recent, ..held.counts.clone() }
    }
}

impl Measure {
    /// The answer, whose body is counted while it is sent.
    pub(super) fn watch(mut self, answer: Response) -> Response {
        answer.map(|body| {
            // Compression asks once more after the end.
            let pieces = body.into_data_stream().fuse().map(move |piece| {
                if let Ok(piece) = &piece {
                    self.sent(piece.len() as u64);
                }
                piece
            });
            Body::from_stream(pieces)
        })
    }

    fn sent(&mut self, bytes: u64) {
        let was_bulk = self.bytes >= BULK_BYTES;
        self.bytes += bytes;
        let mut held = self.log.held();
        held.counts.bytes += bytes;
        *held.counts.bytes_by_path.entry(self.path.clone()).or_insert(0) += bytes;
        if !was_bulk && self.bytes >= BULK_BYTES {
            held.bulk_in_flight += 1;
            let bulk = held.bulk_in_flight;
            held.counts.peak_bulk_in_flight = held.counts.peak_bulk_in_flight.max(bulk);
        }
    }
}

impl Drop for Measure {
    fn drop(&mut self) {
        let mut held = self.log.held();
        held.in_flight = held.in_flight.saturating_sub(1);
        if self.bytes >= BULK_BYTES {
            held.bulk_in_flight = held.bulk_in_flight.saturating_sub(1);
        }
    }
}

fn shape(path: &str) -> String {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let parts = path.split('/').map(|part| if is_number(part) { ":id" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_the_most_within_any_second() {
        let log = RequestLog::new();
        for at in [0, 400, 999, 1_000, 5_000] {
            drop(log.begin_at("/devices/7/ports", at));
        }
        let counts = log.counts();
        assert_eq!((counts.total, counts.peak_per_second, counts.peak_in_flight), (5, 3, 1));
        assert_eq!(counts.by_path["/devices/:id/ports"], 5);
    }

    #[test]
    fn the_burst_is_what_a_throttle_of_that_rate_must_have_let_through() {
        let log = RequestLog::new();
        for at in [0, 0, 0, 500, 1_000, 10_000] {
            drop(log.begin_at("/ping", at));
        }
        let counts = log.counts();
        assert_eq!(counts.burst_above(2.0), 3.0);
        assert_eq!(counts.burst_above(0.000_001).round(), 6.0);
        assert_eq!(RequestCounts::default().burst_above(1.0), 0.0);
    }

    #[tokio::test]
    async fn a_body_counts_as_in_flight_until_its_last_byte() {
        let log = RequestLog::new();
        let answer = |log: &RequestLog| {
            let body = vec![b' '; usize::try_from(BULK_BYTES).expect("small")];
            log.begin_at("/ports", 0).watch(Response::new(Body::from(body)))
        };
        let (first, second) = (answer(&log), answer(&log));
        for answer in [first, second] {
            axum::body::to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
        }
        drop(answer(&log));
        let counts = log.counts();
        assert_eq!((counts.peak_in_flight, counts.peak_bulk_in_flight), (2, 1));
        assert_eq!((counts.bytes, counts.bytes_by_path["/ports"]), (2_000_000, 2_000_000));
        assert_eq!(log.held().in_flight, 0);
    }
}
