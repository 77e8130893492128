//! What clients asked, as measured at the server: so that a throttle is proven, not claimed.

use std::collections::{BTreeMap, VecDeque};

use correlate::model::Timestamp;
use serde::Serialize;

/// The window of the peak rate.
const WINDOW_MS: i64 = 1_000;
/// Paths counted apart; the rest is counted together.
const MAX_PATHS: usize = 1_000;
/// The name of the rest.
const OTHER: &str = "(other)";

/// Counts since the start, in wall time.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct RequestCounts {
    /// Requests to `/api/v0`, refused ones included.
    pub total: u64,
    /// The most requests that arrived within one second.
    pub peak_per_second: usize,
    /// The most that were being answered at once; a body that is still being sent is not counted.
    pub peak_in_flight: usize,
    /// By path, numbers in it replaced by `:id`.
    pub by_path: BTreeMap<String, u64>,
}

#[derive(Default)]
pub(super) struct RequestLog {
    counts: RequestCounts,
    recent: VecDeque<Timestamp>,
    in_flight: usize,
}

impl RequestLog {
    pub(super) fn begin(&mut self, path: &str, wall: Timestamp) {
        self.recent.push_back(wall);
        while self.recent.front().is_some_and(|at| wall.millis() - at.millis() >= WINDOW_MS) {
            self.recent.pop_front();
        }
        self.in_flight += 1;
        let counts = &mut self.counts;
        counts.total += 1;
        counts.peak_per_second = counts.peak_per_second.max(self.recent.len());
        counts.peak_in_flight = counts.peak_in_flight.max(self.in_flight);
        let mut name = shape(path);
        if counts.by_path.len() >= MAX_PATHS && !counts.by_path.contains_key(&name) {
            name = String::from(OTHER);
        }
        *counts.by_path.entry(name).or_insert(0) += 1;
    }

    pub(super) fn end(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    pub(super) fn counts(&self) -> RequestCounts {
        self.counts.clone()
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
        let mut log = RequestLog::default();
        for at in [0, 400, 999, 1_000, 5_000] {
            log.begin("/devices/7/ports", Timestamp(at));
            log.end();
        }
        let counts = log.counts();
        assert_eq!((counts.total, counts.peak_per_second, counts.peak_in_flight), (5, 3, 1));
        assert_eq!(counts.by_path["/devices/:id/ports"], 5);
    }
}
