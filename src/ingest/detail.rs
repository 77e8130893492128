//! From what a source measured to what the records keep of it. Pure.

use ingest::source::{CallError, CallStats, Health, Learned};
use store::records::{SourceCalls, SourceDetail, SourceFailure, SourceFinding};

/// What the page of the account shows of `health`.
pub(super) fn detail(health: &Health) -> SourceDetail {
    let Health { traffic, .. } = health;
    SourceDetail {
        // Only that of a full reading tells something.
        poll_ms: 0,
        data_age_ms: health.data_age_ms,
        devices: count(health.devices),
        devices_stale: count(health.devices_stale),
        ports: count(health.ports),
        counted_since: traffic.since,
        calls: traffic.calls.iter().map(calls).collect(),
        errors: traffic.errors.iter().map(failure).collect(),
        learned: health.learned.iter().map(finding).collect(),
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn calls(stats: &CallStats) -> SourceCalls {
    let errors = stats.errors.iter().map(|(fault, times)| (fault.as_str().to_owned(), *times));
    SourceCalls {
        kind: stats.kind.to_owned(),
        calls: stats.calls,
        repeats: stats.repeats,
        cached: stats.cached,
        wire_bytes: stats.wire_bytes,
        bytes: stats.bytes,
        rows: stats.rows,
        p50_ms: stats.latency.p50_ms,
        p99_ms: stats.latency.p99_ms,
        max_ms: stats.latency.max_ms,
        errors: errors.collect(),
        throttle_waits: stats.throttle_waits,
        throttle_wait_ms: stats.throttle_wait_ms,
        last_at: stats.last_at,
        last_success_at: stats.last_success_at,
    }
}

fn failure(error: &CallError) -> SourceFailure {
    SourceFailure {
        call: error.kind.to_owned(),
        fault: error.error.fault.as_str().to_owned(),
        message: error.error.message.clone(),
        first_at: error.first_at,
        last_at: error.last_at,
        times: error.times,
    }
}

fn finding(learned: &Learned) -> SourceFinding {
    SourceFinding {
        name: learned.name.to_owned(),
        value: learned.value.clone(),
        how: learned.how.clone(),
        overridden: learned.overridden,
    }
}

#[cfg(test)]
mod tests {
    use dashboards::explains_fault;
    use ingest::source::Fault;

    #[test]
    fn the_pages_have_words_for_every_fault() {
        for fault in Fault::ALL {
            assert!(explains_fault(fault.as_str()), "{fault:?}");
        }
        assert!(explains_fault("misconfigured"), "what poll says itself");
    }
}
