//! Keeps account of what is asked of one NMS: for the metrics, for the log and
//! for the account's page. Fits any NMS; knows nothing of bodies or tokens.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use correlate::model::Timestamp;
use metrics::{counter, histogram};

use super::Clock;
use super::fault::{Fault, SourceError};
use super::latency::Recent;
use super::traffic::{CallError, CallStats, Traffic};

/// Failures that are kept: enough to see a pattern, and they fit on a page.
const ERRORS_MAX: usize = 20;

/// One request and its answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Exchange {
    /// A fixed name without ids, such as `devices`.
    pub kind: &'static str,
    /// It was sent again after a failure.
    pub is_repeat: bool,
    /// From the request to the end of the answer.
    pub took: Duration,
    /// Bytes of the body as they came, compressed or not.
    pub wire_bytes: u64,
    /// Bytes of the body after decompression.
    pub bytes: u64,
    /// Rows that were decoded.
    pub rows: u64,
}

/// The account of one source since it was opened.
pub struct Ledger {
    nms: String,
    clock: Arc<dyn Clock>,
    book: Mutex<Book>,
}

struct Book {
    since: Timestamp,
    kinds: BTreeMap<&'static str, Entry>,
    /// The newest first.
    errors: VecDeque<CallError>,
}

#[derive(Default)]
struct Entry {
    stats: CallStats,
    recent: Recent,
    /// What the calls fail with at present.
    failing: Option<Fault>,
}

impl Ledger {
    /// An empty one for the account called `nms`.
    pub fn new(nms: &str, clock: Arc<dyn Clock>) -> Ledger {
        let book = Book { since: clock.now(), kinds: BTreeMap::new(), errors: VecDeque::new() };
        Ledger { nms: nms.to_owned(), clock, book: Mutex::new(book) }
    }

    /// What time it is, by the clock that dates everything here.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The NMS has said that it is `at` there.
    pub fn heard(&self, at: Timestamp) {
        self.clock.heard(at);
    }

    /// A request of this kind was held back by the throttle for so long.
    pub fn waited(&self, kind: &'static str, waited: Duration) {
        histogram!("padwacht_source_throttle_wait_seconds", "nms" => self.nms.clone())
            .record(waited.as_secs_f64());
        let waited_ms = millis(waited);
        if waited_ms > 0 {
            let mut book = self.book();
            let stats = &mut book.entry(kind).stats;
            stats.throttle_waits += 1;
            stats.throttle_wait_ms += waited_ms;
        }
    }

    /// A question of this kind was answered without a request.
    pub fn answered_from_cache(&self, kind: &'static str) {
        counter!("padwacht_source_cached_total", "nms" => self.nms.clone(), "call" => kind)
            .increment(1);
        self.book().entry(kind).stats.cached += 1;
    }

    /// A request has ended, with `error` or with a usable answer. Logs it, and
    /// warns when calls of this kind begin to fail in this way.
    pub fn called(&self, exchange: &Exchange, error: Option<&SourceError>) {
        self.meter(exchange, error);
        let at = self.clock.now();
        let fault = error.map(|error| error.fault);
        let failed_with = {
            let mut book = self.book();
            let entry = book.entry(exchange.kind);
            let failed_with = std::mem::replace(&mut entry.failing, fault);
            entry.count(exchange, fault, at);
            if let Some(error) = error {
                book.remember(exchange.kind, error, at);
            }
            failed_with
        };
        let (nms, call) = (self.nms.as_str(), exchange.kind);
        let duration_ms = millis(exchange.took);
        let Exchange { wire_bytes, bytes, rows, is_repeat, .. } = *exchange;
        match error {
            Some(reason) if failed_with != fault => {
                let fault = reason.fault.as_str();
                tracing::warn!(nms, call, fault, duration_ms, wire_bytes, %reason, "a call failed");
            }
            _ => {
                let fault = fault.map(Fault::as_str);
                tracing::debug!(
                    nms,
                    call,
                    fault,
                    duration_ms,
                    wire_bytes,
                    bytes,
                    rows,
                    is_repeat,
                    "called the NMS"
                );
            }
        }
        if let (None, Some(fault)) = (error, failed_with) {
            tracing::info!(nms, call, after = fault.as_str(), "the call works again");
        }
    }

    /// Everything so far.
    pub fn traffic(&self) -> Traffic {
        let book = self.book();
        let stats =
            |entry: &Entry| CallStats { latency: entry.recent.summary(), ..entry.stats.clone() };
        Traffic {
            since: Some(book.since),
            calls: book.kinds.values().map(stats).collect(),
            errors: book.errors.iter().cloned().collect(),
        }
    }

    /// Half of the calls of this kind took at most so long lately; `None`
    /// before the first.
    pub fn takes(&self, kind: &str) -> Option<Duration> {
        let latency = self.book().kinds.get(kind)?.recent.summary();
        (latency.calls > 0).then(|| Duration::from_millis(latency.p50_ms))
    }

    fn meter(&self, exchange: &Exchange, error: Option<&SourceError>) {
        let (nms, call) = (self.nms.clone(), exchange.kind);
        counter!("padwacht_source_calls_total", "nms" => nms.clone(), "call" => call).increment(1);
        counter!("padwacht_source_bytes_total", "nms" => nms.clone(), "call" => call)
            .increment(exchange.bytes);
        counter!("padwacht_source_wire_bytes_total", "nms" => nms.clone(), "call" => call)
            .increment(exchange.wire_bytes);
        histogram!("padwacht_source_call_seconds", "nms" => nms.clone(), "call" => call)
            .record(exchange.took.as_secs_f64());
        if let Some(error) = error {
            let kind = error.fault.as_str();
            counter!("padwacht_source_errors_total", "nms" => nms, "call" => call, "kind" => kind)
                .increment(1);
        }
    }

    /// Counts are consistent even after a panic elsewhere.
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("nms", &self.nms).finish_non_exhaustive()
    }
}

impl Book {
    fn entry(&mut self, kind: &'static str) -> &mut Entry {
        let entry = self.kinds.entry(kind).or_default();
        entry.stats.kind = kind;
        entry
    }

    fn remember(&mut self, kind: &'static str, error: &SourceError, at: Timestamp) {
        let same = |known: &CallError| known.kind == kind && known.error.fault == error.fault;
        let (first_at, times) = match self.errors.iter().position(same) {
            Some(place) => {
                let known = self.errors.remove(place).expect("it was just found");
                (known.first_at, known.times + 1)
            }
            None => (at, 1),
        };
        let error = error.clone();
        self.errors.push_front(CallError { kind, error, first_at, last_at: at, times });
        self.errors.truncate(ERRORS_MAX);
    }
}

impl Entry {
    fn count(&mut self, exchange: &Exchange, fault: Option<Fault>, at: Timestamp) {
        self.recent.add(at, millis(exchange.took));
        let stats = &mut self.stats;
        stats.calls += 1;
        stats.repeats += u64::from(exchange.is_repeat);
        stats.wire_bytes += exchange.wire_bytes;
        stats.bytes += exchange.bytes;
        stats.rows += exchange.rows;
        stats.last_at = Some(at);
        match fault {
            Some(fault) => *stats.errors.entry(fault).or_insert(0) += 1,
            None => stats.last_success_at = Some(at),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> Ledger {
        Ledger::new("ams1", Arc::new(|| Timestamp(1_000)))
    }

    fn exchange(kind: &'static str, is_repeat: bool) -> Exchange {
        let took = Duration::from_millis(40);
        Exchange { kind, is_repeat, took, wire_bytes: 10, bytes: 100, rows: 3 }
    }

    #[test]
    fn calls_are_counted_by_kind() {
        let ledger = ledger();
        let refused = SourceError::new(Fault::Overloaded, "too much");
        ledger.called(&exchange("ports", false), Some(&refused));
        ledger.called(&exchange("ports", true), None);
        ledger.called(&exchange("devices", false), None);
        ledger.waited("ports", Duration::from_millis(250));
        ledger.waited("ports", Duration::from_micros(3));
        ledger.answered_from_cache("system");
        let traffic = ledger.traffic();
        let kinds: Vec<_> = traffic.calls.iter().map(|stats| stats.kind).collect();
        assert_eq!(kinds, ["devices", "ports", "system"]);
        let ports = &traffic.calls[1];
        assert_eq!((ports.calls, ports.repeats, ports.rows), (2, 1, 6));
        assert_eq!((ports.wire_bytes, ports.bytes), (20, 200));
        assert_eq!((ports.throttle_waits, ports.throttle_wait_ms), (1, 250));
        assert_eq!(ports.errors, BTreeMap::from([(Fault::Overloaded, 1)]));
        assert_eq!((ports.latency.calls, ports.latency.max_ms), (2, 40));
        assert_eq!((traffic.calls[2].calls, traffic.calls[2].cached), (0, 1));
        assert_eq!(ledger.takes("ports"), Some(Duration::from_millis(40)));
        assert_eq!((ledger.takes("system"), ledger.takes("links")), (None, None));
    }

    #[test]
    fn the_same_failure_again_is_one_line_and_the_newest_comes_first() {
        let ledger = ledger();
        let error = |fault| SourceError::new(fault, "words");
        for fault in [Fault::TimedOut, Fault::Tls, Fault::TimedOut] {
            ledger.called(&exchange("devices", false), Some(&error(fault)));
        }
        let errors = ledger.traffic().errors;
        let lines: Vec<_> = errors.iter().map(|e| (e.error.fault, e.times)).collect();
        assert_eq!(lines, [(Fault::TimedOut, 2), (Fault::Tls, 1)]);
    }

    #[test]
    fn failures_are_kept_up_to_a_limit() {
        let ledger = ledger();
        for kind in ["a", "b", "c"] {
            for fault in Fault::ALL {
                ledger.called(&exchange(kind, false), Some(&SourceError::new(fault, "words")));
            }
        }
        assert_eq!(ledger.traffic().errors.len(), ERRORS_MAX);
    }
}
