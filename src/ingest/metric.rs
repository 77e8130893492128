//! The metrics of the ingest stage, beside those of the sources themselves.

use std::time::Duration;

use ingest::source::{Fault, Health, SourceState};
use metrics::{counter, gauge, histogram};

/// Records that are in the log, by NMS.
const APPENDED: &str = "padwacht_ingest_records_appended_total";
/// Appends that failed and are tried again, by NMS.
const APPEND_FAILURES: &str = "padwacht_ingest_append_failures_total";
/// Outcomes of polls that wait for the log, by NMS.
const QUEUED: &str = "padwacht_ingest_queued_outcomes";
/// Reports that no reader could use, by NMS.
const REFUSED: &str = "padwacht_ingest_reports_refused_total";
/// Writes to the records that failed, by NMS and what was written.
const NOTE_FAILURES: &str = "padwacht_ingest_note_failures_total";
/// Inventories that could not be read, by NMS and kind of fault.
const INVENTORY_FAILURES: &str = "padwacht_ingest_inventory_failures_total";
/// Tasks that were started again, by NMS and task.
const RESTARTS: &str = "padwacht_ingest_task_restarts_total";
/// How long polls took, by NMS.
const POLL_SECONDS: &str = "padwacht_source_poll_seconds";
/// 0 for ok, 1 for suspect, 2 for down, by NMS.
const SOURCE_STATE: &str = "padwacht_source_state";
/// 1 while the NMS answers as if all were well and not credibly, by NMS and
/// kind; `deploy/prometheus` has an alerting rule for it.
const ALARM: &str = "padwacht_source_alarm";
/// Devices in the last list, by NMS.
const DEVICES: &str = "padwacht_source_devices";
/// Devices whose evidence is too old, by NMS.
const DEVICES_STALE: &str = "padwacht_source_devices_stale";
/// Ports that are known, by NMS.
const PORTS: &str = "padwacht_source_ports";
/// The age of the newest evidence, by NMS.
const DATA_AGE: &str = "padwacht_source_data_age_seconds";
/// Polls that ended with a fault, by NMS and kind.
const POLLS_FAILED: &str = "padwacht_source_polls_failed_total";

/// How an account fares, as of any reading.
fn fares(nms: &str, health: &Health) {
    let state = match health.state {
        SourceState::Ok => 0.0,
        SourceState::Suspect => 1.0,
        SourceState::Down => 2.0,
    };
    gauge!(SOURCE_STATE, "nms" => nms.to_owned()).set(state);
    let reason = health.reason.as_ref().map(|reason| reason.fault);
    for fault in Fault::ALL.into_iter().filter(|fault| fault.is_alarming()) {
        let is_so = health.state != SourceState::Ok && reason == Some(fault);
        let alarm = gauge!(ALARM, "nms" => nms.to_owned(), "kind" => fault.as_str());
        alarm.set(f64::from(u8::from(is_so)));
    }
}

/// A poll of a source ended; its calls are counted where they are made.
pub(super) fn polled(nms: &str, health: &Health) {
    let nms = nms.to_owned();
    let took = Duration::from_millis(health.duration_ms);
    histogram!(POLL_SECONDS, "nms" => nms.clone()).record(took.as_secs_f64());
    gauge!(DEVICES, "nms" => nms.clone()).set(health.devices as f64);
    gauge!(DEVICES_STALE, "nms" => nms.clone()).set(health.devices_stale as f64);
    gauge!(PORTS, "nms" => nms.clone()).set(health.ports as f64);
    if let Some(age_ms) = health.data_age_ms {
        gauge!(DATA_AGE, "nms" => nms.clone()).set(age_ms as f64 / 1000.0);
    }
    if let Some(reason) = &health.reason {
        let kind = reason.fault.as_str();
        counter!(POLLS_FAILED, "nms" => nms, "kind" => kind).increment(1);
    }
}

/// Readings, by NMS and way.
const READINGS: &str = "padwacht_source_readings_total";
/// How long readings took, by NMS and way.
const READING_SECONDS: &str = "padwacht_source_reading_seconds";
/// Triggers for an account, by NMS and whether it had room for them.
const TRIGGERS: &str = "padwacht_ingest_triggers_total";

pub(super) fn read(nms: &str, way: &'static str, health: &Health) {
    fares(nms, health);
    counter!(READINGS, "nms" => nms.to_owned(), "way" => way).increment(1);
    histogram!(READING_SECONDS, "nms" => nms.to_owned(), "way" => way)
        .record(Duration::from_millis(health.duration_ms).as_secs_f64());
}

pub(super) fn triggered(nms: &str, is_taken: bool) {
    let outcome = if is_taken { "taken" } else { "dropped" };
    counter!(TRIGGERS, "nms" => nms.to_owned(), "outcome" => outcome).increment(1);
}

pub(super) fn appended(nms: &str, records: usize) {
    counter!(APPENDED, "nms" => nms.to_owned()).increment(records as u64);
}

pub(super) fn append_failed(nms: &str) {
    counter!(APPEND_FAILURES, "nms" => nms.to_owned()).increment(1);
}

pub(super) fn queued(nms: &str, outcomes: usize) {
    gauge!(QUEUED, "nms" => nms.to_owned()).set(outcomes as f64);
}

pub(super) fn refused(nms: &str, reports: usize) {
    counter!(REFUSED, "nms" => nms.to_owned()).increment(reports as u64);
}

pub(super) fn note_failed(nms: &str, what: &'static str) {
    counter!(NOTE_FAILURES, "nms" => nms.to_owned(), "what" => what).increment(1);
}

pub(super) fn inventory_failed(nms: &str, kind: &'static str) {
    counter!(INVENTORY_FAILURES, "nms" => nms.to_owned(), "kind" => kind).increment(1);
}

pub(super) fn restarted(nms: &str, task: &'static str) {
    counter!(RESTARTS, "nms" => nms.to_owned(), "task" => task).increment(1);
}
