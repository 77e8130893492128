//! How the systems that samples come from fare.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use store::records::{SourceCalls, SourceFailure, SourceFinding, SourceStatus};
use utoipa::ToSchema;

use crate::app::ApiState;
use crate::instant;
use crate::problem::{ApiError, Thing};

/// The sources.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceList {
    /// Every source that ever reported, by name.
    sources: Vec<SourceOut>,
}

/// How one source fares.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceOut {
    /// Its name.
    #[schema(example = "ams1")]
    name: String,
    /// `ok`, `suspect` (it answers, but not credibly) or `down`.
    #[schema(example = "ok")]
    state: &'static str,
    /// Since when.
    since: Option<String>,
    /// When ingest last reported on it.
    reported_at: Option<String>,
    /// When it last gave anything usable.
    last_success_at: Option<String>,
    /// What went wrong last; kept after recovery.
    last_error: Option<SourceErrorOut>,
    /// Devices in the last list.
    devices: u64,
    /// Devices whose evidence is too old to say anything.
    devices_stale: u64,
    /// Ports that are known.
    ports: u64,
    /// The age of the newest evidence at the last poll, in milliseconds.
    data_age_ms: Option<u64>,
    /// Totals since ingest started.
    counters: BTreeMap<String, u64>,
}

/// What went wrong with a source.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceErrorOut {
    /// A short name that does not change.
    #[schema(example = "unauthorized")]
    kind: String,
    /// What an operator should know and do.
    message: String,
}

/// How one source fares, in full.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceDetailOut {
    /// In short.
    #[serde(flatten)]
    source: SourceOut,
    /// How long the last poll took, in milliseconds.
    poll_ms: u64,
    /// Since when calls are counted.
    counted_since: Option<String>,
    /// What each kind of call came to.
    calls: Vec<SourceCallsOut>,
    /// What failed lately, the newest first.
    errors: Vec<SourceFailureOut>,
    /// What ingest found out about the source by itself.
    learned: Vec<SourceFindingOut>,
}

/// What one kind of call came to.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceCallsOut {
    /// Its name.
    #[schema(example = "devices")]
    kind: String,
    /// Requests, repeats included.
    calls: u64,
    /// Requests that were sent again after a failure.
    repeats: u64,
    /// Answers from what was read before.
    cached: u64,
    /// Bytes as they came.
    wire_bytes: u64,
    /// Bytes after decompression.
    bytes: u64,
    /// Rows that were decoded.
    rows: u64,
    /// Half of the calls of the last hour or two took at most this long, in
    /// milliseconds; exact to an eighth.
    p50_ms: u64,
    /// 99 of 100 took at most this long, in milliseconds; exact to an eighth.
    p99_ms: u64,
    /// The longest took so long, in milliseconds.
    max_ms: u64,
    /// Failed requests, by kind of fault.
    errors: BTreeMap<String, u64>,
    /// Requests that waited for the throttle.
    throttle_waits: u64,
    /// How long they waited together, in milliseconds.
    throttle_wait_ms: u64,
    /// When the last one ended.
    last_at: Option<String>,
    /// When the last one with a usable answer ended.
    last_success_at: Option<String>,
}

/// Failures of one kind of call for one reason.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceFailureOut {
    /// The kind of call.
    #[schema(example = "devices")]
    call: String,
    /// The kind of fault: a short name that does not change.
    #[schema(example = "timed_out")]
    fault: String,
    /// What an operator should know and do.
    message: String,
    /// The first time.
    first_at: Option<String>,
    /// The last time.
    last_at: Option<String>,
    /// How often.
    times: u64,
}

/// Something that ingest found out about a source.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceFindingOut {
    /// What.
    #[schema(example = "time_zone")]
    name: String,
    /// The value in use.
    #[schema(example = "Europe/Amsterdam")]
    value: String,
    /// What it rests on.
    how: String,
    /// The configuration sets it.
    overridden: bool,
}

/// How the systems that samples come from fare.
#[utoipa::path(
    get, path = "/api/v1/sources", tag = "pipeline",
    responses((status = 200, description = "The sources", body = SourceList))
)]
pub(crate) async fn sources(State(state): State<ApiState>) -> Result<Json<SourceList>, ApiError> {
    let found = state.records().source_status().list().await.map_err(ApiError::records)?;
    Ok(Json(SourceList { sources: found.into_iter().map(source_out).collect() }))
}

/// How one of them fares, with every kind of call and the last errors.
#[utoipa::path(
    get, path = "/api/v1/sources/{name}", tag = "pipeline",
    params(("name" = String, Path, description = "Its name, as in the list")),
    responses(
        (status = 200, description = "The source", body = SourceDetailOut),
        (status = 404, description = "No source of that name has reported")
    )
)]
pub(crate) async fn one_source(
    State(state): State<ApiState>,
    Path(name): Path<String>,
) -> Result<Json<SourceDetailOut>, ApiError> {
    let found = state.records().source_status().get(&name).await.map_err(ApiError::records)?;
    let mut found = found.ok_or(ApiError::NotFound(Thing::Address))?;
    let detail = std::mem::take(&mut found.detail);
    let (devices, devices_stale) = (detail.devices, detail.devices_stale);
    let (ports, data_age_ms) = (detail.ports, detail.data_age_ms);
    let source = SourceOut { devices, devices_stale, ports, data_age_ms, ..source_out(found) };
    Ok(Json(SourceDetailOut {
        source,
        poll_ms: detail.poll_ms,
        counted_since: detail.counted_since.and_then(instant::rfc3339),
        calls: detail.calls.into_iter().map(calls_out).collect(),
        errors: detail.errors.into_iter().map(failure_out).collect(),
        learned: detail.learned.into_iter().map(finding_out).collect(),
    }))
}

fn source_out(source: SourceStatus) -> SourceOut {
    SourceOut {
        name: source.account,
        state: source.state.as_str(),
        since: instant::rfc3339(source.since),
        reported_at: instant::rfc3339(source.reported_at),
        last_success_at: source.last_success_at.and_then(instant::rfc3339),
        last_error: source
            .last_error
            .map(|error| SourceErrorOut { kind: error.kind, message: error.message }),
        devices: source.detail.devices,
        devices_stale: source.detail.devices_stale,
        ports: source.detail.ports,
        data_age_ms: source.detail.data_age_ms,
        counters: source.counters,
    }
}

fn calls_out(calls: SourceCalls) -> SourceCallsOut {
    SourceCallsOut {
        kind: calls.kind,
        calls: calls.calls,
        repeats: calls.repeats,
        cached: calls.cached,
        wire_bytes: calls.wire_bytes,
        bytes: calls.bytes,
        rows: calls.rows,
        p50_ms: calls.p50_ms,
        p99_ms: calls.p99_ms,
        max_ms: calls.max_ms,
        errors: calls.errors,
        throttle_waits: calls.throttle_waits,
        throttle_wait_ms: calls.throttle_wait_ms,
        last_at: calls.last_at.and_then(instant::rfc3339),
        last_success_at: calls.last_success_at.and_then(instant::rfc3339),
    }
}

fn failure_out(failure: SourceFailure) -> SourceFailureOut {
    SourceFailureOut {
        call: failure.call,
        fault: failure.fault,
        message: failure.message,
        first_at: instant::rfc3339(failure.first_at),
        last_at: instant::rfc3339(failure.last_at),
        times: failure.times,
    }
}

fn finding_out(finding: SourceFinding) -> SourceFindingOut {
    SourceFindingOut {
        name: finding.name,
        value: finding.value,
        how: finding.how,
        overridden: finding.overridden,
    }
}
