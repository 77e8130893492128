//! How the systems that samples come from fare.

use std::collections::BTreeMap;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::{Extension, Json};
use serde::Serialize;
use store::records::{
    FindingValue, SourceAlarm, SourceCalls, SourceCapability, SourceFailure, SourceFinding,
    SourceStatus,
};
use utoipa::ToSchema;

use super::query::{PageQuery, part};
use crate::app::ApiState;
use crate::ask::{self, NamedUnwatched, UnwatchedList};
use crate::auth::Principal;
use crate::instant;
use crate::problem::{ApiError, Thing};

/// The sources.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceList {
    /// Every source that ever reported, by name.
    sources: Vec<SourceOut>,
    /// How many there are altogether.
    total: u64,
    /// How many were left out before this page.
    offset: u64,
    /// How many a page holds.
    limit: u64,
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
    /// Since when it answers as if all were well with something that cannot be
    /// right; null while it does not.
    alarm_since: Option<String>,
    /// Until when nothing is asked of it, as too much failed in a row; null while
    /// it is asked. `last_error` is what failed.
    left_alone_until: Option<String>,
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
    /// When it answered as if all were well with something that cannot be right:
    /// the last 50 times, the newest first.
    alarms: Vec<SourceAlarmOut>,
    /// What failed lately, the newest first.
    errors: Vec<SourceFailureOut>,
    /// Components that services name in their newest version and that the NMS does
    /// not watch: they are, or become, unknown.
    unwatched: Vec<UnwatchedOut>,
    /// Whether there may be more of them.
    unwatched_truncated: bool,
    /// What ingest found out about the source by itself.
    learned: Vec<SourceFindingOut>,
    /// What the source can be asked for, as far as is known.
    capabilities: Vec<SourceCapabilityOut>,
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

/// A time in which a source answered as if all were well, and not credibly.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceAlarmOut {
    /// The kind of fault: a short name that does not change.
    #[schema(example = "empty")]
    fault: String,
    /// What an operator should know and do.
    message: String,
    /// Since when.
    since: Option<String>,
    /// When it was over; null while it lasts.
    until: Option<String>,
}

/// Whether a source can be asked for something.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceCapabilityOut {
    /// For what: `changes` (since a cursor), `glance` (a cheap list of the devices
    /// that are down), `glance_ports`, `push`, `backfill` (of past outages) or
    /// `inventory`.
    #[schema(example = "changes")]
    name: String,
    /// Whether it can.
    can: bool,
    /// What that rests on: `product` (every version has it, or none), `readable`,
    /// `forbidden`, `missing`, `too_much`, `assumed` or `set`.
    #[schema(example = "readable")]
    how: String,
}

/// A component that services name and that their NMS does not watch.
#[derive(Serialize, ToSchema)]
pub(crate) struct UnwatchedOut {
    /// Its id.
    #[schema(example = "ams1/port/4711")]
    component: String,
    /// What its device is called.
    device: String,
    /// `disabled` (the NMS is told not to look at it), `ignored` (not to alert on
    /// it) or `gone` (the newest inventory does not hold it).
    #[schema(example = "gone")]
    why: &'static str,
    /// When the NMS last mentioned it.
    last_seen_at: Option<String>,
    /// What has taken its place, as far as names tell: the device that is polled
    /// at the same name, or its port of the same short name.
    replaced_by: Option<String>,
    /// The services that name it.
    services: Vec<String>,
}

/// Something that ingest found out about a source.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceFindingOut {
    /// What.
    #[schema(example = "time_zone")]
    name: String,
    /// The value in use; `yes` or `no`, or in milliseconds such as `15000 ms`,
    /// where it is one of these.
    #[schema(example = "Europe/Amsterdam")]
    value: String,
    /// What it rests on: `set`, `asked`, `pollers`, `poll_times`, `assumed`,
    /// `polling_interval`, `throttle`, `default`, `readable`, `forbidden`,
    /// `missing`, `too_short`, `date` or `both_clocks`.
    #[schema(example = "both_clocks")]
    how: String,
    /// The configuration sets it.
    overridden: bool,
    /// What was found, written as `value`, where the configuration sets something.
    found: Option<String>,
}

/// How the systems that samples come from fare.
#[utoipa::path(
    get, path = "/api/v1/sources", tag = "pipeline", params(PageQuery),
    responses((status = 200, description = "One page of sources", body = SourceList))
)]
pub(crate) async fn sources(
    State(state): State<ApiState>,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<SourceList>, ApiError> {
    let page = PageQuery::page(query)?;
    let found = state.records().source_status().list().await.map_err(ApiError::records)?;
    let (found, total) = part(found, page);
    let sources = found.into_iter().map(source_out).collect();
    Ok(Json(SourceList { sources, total, offset: page.offset, limit: page.limit }))
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
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
) -> Result<Json<SourceDetailOut>, ApiError> {
    let found = state.records().source_status().get(&name).await.map_err(ApiError::records)?;
    let mut found = found.ok_or(ApiError::NotFound(Thing::Address))?;
    let unwatched = ask::unwatched(state.records(), principal.scope(), &name).await;
    let UnwatchedList { components, truncated } = unwatched.map_err(ApiError::records)?;
    let alarm_since = alarm_since(&found);
    let detail = std::mem::take(&mut found.detail);
    let (devices, devices_stale) = (detail.devices, detail.devices_stale);
    let (ports, data_age_ms) = (detail.ports, detail.data_age_ms);
    let left_alone_until = detail.left_alone_until.and_then(instant::rfc3339);
    let out = source_out(found);
    let source = SourceOut {
        alarm_since,
        left_alone_until,
        devices,
        devices_stale,
        ports,
        data_age_ms,
        ..out
    };
    Ok(Json(SourceDetailOut {
        source,
        poll_ms: detail.poll_ms,
        counted_since: detail.counted_since.and_then(instant::rfc3339),
        calls: detail.calls.into_iter().map(calls_out).collect(),
        alarms: detail.alarms.into_iter().map(alarm_out).collect(),
        errors: detail.errors.into_iter().map(failure_out).collect(),
        learned: detail.learned.into_iter().map(finding_out).collect(),
        capabilities: detail.capabilities.into_iter().map(capability_out).collect(),
        unwatched: components.into_iter().map(unwatched_out).collect(),
        unwatched_truncated: truncated,
    }))
}

fn alarm_since(source: &SourceStatus) -> Option<String> {
    source.alarm().and_then(|alarm| instant::rfc3339(alarm.since))
}

fn source_out(source: SourceStatus) -> SourceOut {
    SourceOut {
        alarm_since: alarm_since(&source),
        left_alone_until: source.detail.left_alone_until.and_then(instant::rfc3339),
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

fn alarm_out(alarm: SourceAlarm) -> SourceAlarmOut {
    SourceAlarmOut {
        fault: alarm.fault,
        message: alarm.message,
        since: instant::rfc3339(alarm.since),
        until: alarm.until.and_then(instant::rfc3339),
    }
}

pub(super) fn unwatched_out(found: NamedUnwatched) -> UnwatchedOut {
    UnwatchedOut {
        component: found.component.to_string(),
        device: found.device,
        why: found.why.as_str(),
        last_seen_at: instant::rfc3339(found.last_seen_at),
        replaced_by: found.replaced_by.map(|id| id.to_string()),
        services: found.services.into_keys().map(|id| id.to_string()).collect(),
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
        value: value_out(finding.value),
        how: finding.how,
        overridden: finding.overridden,
        found: finding.found.map(value_out),
    }
}

fn value_out(value: FindingValue) -> String {
    match value {
        FindingValue::Every { every_ms } => format!("{every_ms} ms"),
        FindingValue::Is { is } => if is { "yes" } else { "no" }.to_owned(),
        FindingValue::Clock { offset, zone } => zone.unwrap_or(offset),
        FindingValue::Name(name) => name,
    }
}

fn capability_out(capability: SourceCapability) -> SourceCapabilityOut {
    let SourceCapability { name, can, how } = capability;
    SourceCapabilityOut { name, can, how }
}
