//! From what a source measured to what the records keep of it. Pure.

use std::time::Duration;

use ingest::source::{Basis, CallError, CallStats, Capabilities, Found, Health, Learned};
use store::records::{
    FindingValue, SourceCalls, SourceCapability, SourceDetail, SourceFailure, SourceFinding,
};

/// What works is seen to work at every poll of the NMS, up to an interval later;
/// so its staleness limit must be so many intervals at least.
const STALE_INTERVALS: u32 = 3;

/// The staleness limit that an account needs at least, by the interval in which
/// its NMS was found, or is set, to poll; `None` while `stale_after` is no shorter.
pub(super) fn stale_after_needed(learned: &[Learned], stale_after: Duration) -> Option<Duration> {
    let interval = learned.iter().find(|one| one.name == "nms_interval")?;
    match interval.value {
        Found::Every(every) if interval.basis != Basis::Assumed => {
            Some(every.saturating_mul(STALE_INTERVALS)).filter(|&needed| needed > stale_after)
        }
        _ => None,
    }
}

/// That the staleness limit is too short, as the page of the account shows it.
pub(super) fn too_short(stale_after: Duration) -> SourceFinding {
    SourceFinding {
        name: "stale_after".to_owned(),
        value: value(&Found::Every(stale_after)),
        how: "too_short".to_owned(),
        months: None,
        overridden: false,
        found: None,
    }
}

/// What the page of the account shows of `health`.
pub(super) fn detail(health: &Health, capabilities: &Capabilities) -> SourceDetail {
    let Health { traffic, .. } = health;
    let capability = |(name, ability): (&str, ingest::source::Ability)| SourceCapability {
        name: name.to_owned(),
        can: ability.can,
        how: ability.basis.as_str().to_owned(),
    };
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
        capabilities: capabilities.all().into_iter().map(capability).collect(),
        left_alone_until: health.left_alone_until,
        // The records keep them.
        alarms: Vec::new(),
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
        value: value(&learned.value),
        how: learned.basis.as_str().to_owned(),
        months: match learned.basis {
            Basis::BothClocks { months } => Some(months),
            _ => None,
        },
        overridden: learned.basis == Basis::Set,
        found: learned.found.as_ref().map(value),
    }
}

fn value(found: &Found) -> FindingValue {
    match found {
        Found::Name(name) => FindingValue::Name(name.clone()),
        Found::Every(every) => {
            FindingValue::Every { every_ms: u64::try_from(every.as_millis()).unwrap_or(u64::MAX) }
        }
        Found::Is(is) => FindingValue::Is { is: *is },
        Found::Clock { zone, offset } => {
            FindingValue::Clock { offset: offset.clone(), zone: zone.clone() }
        }
    }
}

#[cfg(test)]
mod tests {
    use dashboards::{explains_ability, explains_basis, explains_fault};
    use ingest::source::Fault;

    use super::*;

    #[test]
    fn the_pages_have_words_for_everything_that_is_found_out() {
        for basis in [
            Basis::Set,
            Basis::Asked,
            Basis::Pollers,
            Basis::PollTimes,
            Basis::Assumed,
            Basis::PollingInterval,
            Basis::Throttle,
            Basis::Default,
            Basis::Readable,
            Basis::Forbidden,
            Basis::Missing,
            Basis::Product,
            Basis::TooMuch,
            Basis::Date,
            Basis::BothClocks { months: 2 },
        ] {
            let name = basis.as_str();
            assert!(explains_basis(name), "{name}");
        }
        assert!(explains_basis("too_short"), "what is said of the staleness limit");
        for (name, _) in Capabilities::default().all() {
            assert!(explains_ability(name), "{name}");
        }
    }

    #[test]
    fn a_staleness_limit_is_too_short_for_an_nms_that_polls_more_seldom() {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        let needed = |every, basis, stale_after| {
            let value = Found::Every(minutes(every));
            let learned = Learned { name: "nms_interval", value, basis, found: None };
            stale_after_needed(&[learned], minutes(stale_after))
        };
        assert_eq!(needed(5, Basis::PollTimes, 15), None);
        assert_eq!(needed(10, Basis::PollTimes, 15), Some(minutes(30)));
        assert_eq!(needed(15, Basis::Set, 15), Some(minutes(45)));
        assert_eq!(needed(15, Basis::Set, 45), None);
        assert_eq!(needed(5, Basis::Assumed, 1), None, "nothing is known yet");
        assert_eq!(stale_after_needed(&[], minutes(1)), None);
    }

    #[test]
    fn the_records_keep_an_alarm_of_every_answer_that_cannot_be_right() {
        for fault in Fault::ALL {
            let kind = fault.as_str().to_owned();
            let error = store::records::SourceError { kind, message: String::new() };
            assert_eq!(error.is_alarming(), fault.is_alarming(), "{fault:?}");
        }
    }

    #[test]
    fn the_pages_have_words_for_every_fault() {
        for fault in Fault::ALL {
            assert!(explains_fault(fault.as_str()), "{fault:?}");
        }
        assert!(explains_fault("misconfigured"), "what poll says itself");
    }
}
