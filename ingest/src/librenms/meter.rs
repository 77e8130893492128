//! The metrics of one account.

use std::time::Duration;

use metrics::{counter, gauge, histogram};

use crate::source::{Fault, Health, SourceState};

/// Records what one account does. The label `nms` is the account's name.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    nms: String,
}

impl Meter {
    pub(super) fn new(nms: &str) -> Meter {
        Meter { nms: nms.to_owned() }
    }

    /// One request was answered, or failed.
    pub(super) fn called(
        &self,
        call: &'static str,
        fault: Option<Fault>,
        bytes: u64,
        elapsed: Duration,
    ) {
        let nms = self.nms.clone();
        counter!("padwacht_source_calls_total", "nms" => nms.clone(), "call" => call).increment(1);
        counter!("padwacht_source_bytes_total", "nms" => nms.clone(), "call" => call)
            .increment(bytes);
        histogram!("padwacht_source_call_seconds", "nms" => nms.clone(), "call" => call)
            .record(elapsed.as_secs_f64());
        if let Some(fault) = fault {
            let kind = fault.as_str();
            counter!("padwacht_source_errors_total", "nms" => nms, "call" => call, "kind" => kind)
                .increment(1);
        }
    }

    /// A request waited for the throttle.
    pub(super) fn throttled(&self, waited: Duration) {
        histogram!("padwacht_source_throttle_wait_seconds", "nms" => self.nms.clone())
            .record(waited.as_secs_f64());
    }

    /// A poll ended.
    pub(super) fn polled(&self, health: &Health) {
        let nms = self.nms.clone();
        histogram!("padwacht_source_poll_seconds", "nms" => nms.clone())
            .record(Duration::from_millis(health.duration_ms).as_secs_f64());
        let state = match health.state {
            SourceState::Ok => 0.0,
            SourceState::Suspect => 1.0,
            SourceState::Down => 2.0,
        };
        gauge!("padwacht_source_state", "nms" => nms.clone()).set(state);
        gauge!("padwacht_source_devices", "nms" => nms.clone()).set(health.devices as f64);
        gauge!("padwacht_source_devices_stale", "nms" => nms.clone())
            .set(health.devices_stale as f64);
        gauge!("padwacht_source_ports", "nms" => nms.clone()).set(health.ports as f64);
        if let Some(age_ms) = health.data_age_ms {
            gauge!("padwacht_source_data_age_seconds", "nms" => nms.clone())
                .set(age_ms as f64 / 1000.0);
        }
        if let Some(reason) = &health.reason {
            let kind = reason.fault.as_str();
            counter!("padwacht_source_polls_failed_total", "nms" => nms, "kind" => kind)
                .increment(1);
        }
    }
}
