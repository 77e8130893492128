//! The metrics of the ingest stage, beside those of the sources themselves.

use metrics::{counter, gauge};

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
