//! The systems that states come from.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use correlate::model::Timestamp;
use dashboards::{
    SourceCallRow, SourceCondition, SourceFailureRow, SourceFindingRow, SourceHead, SourcePage,
    SourceReason, SourcesPage,
};
use store::records::{SourceCalls, SourceFailure, SourceFinding, SourceState, SourceStatus};

use super::{html, shell};
use crate::app::ApiState;
use crate::auth::Principal;
use crate::problem::{ApiError, Thing};

/// Ingest reports at every poll, at most an hour apart; an account that has not
/// been reported on for longer than this is watched by nobody.
const SILENT_AFTER_MS: i64 = 2 * 3_600_000;

/// `GET /sources`.
pub(crate) async fn sources(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    let find = async { state.records().source_status().list().await.map_err(ApiError::records) };
    let (shell, found) = tokio::try_join!(shell::full(&state, &principal, &headers, &uri), find)?;
    let now = state.now();
    html(&SourcesPage { shell, sources: found.iter().map(|one| head(one, now)).collect() })
}

/// `GET /sources/{name}`.
pub(crate) async fn source(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    let find = async {
        let found = state.records().source_status().get(&name).await;
        found.map_err(ApiError::records)?.ok_or(ApiError::NotFound(Thing::Address))
    };
    let (shell, found) = tokio::try_join!(shell::full(&state, &principal, &headers, &uri), find)?;
    let head = head(&found, state.now());
    let detail = found.detail;
    let reason = found.last_error.filter(|_| head.condition != SourceCondition::Ok);
    html(&SourcePage {
        shell,
        head,
        reason: reason.map(|error| SourceReason { fault: error.kind, message: error.message }),
        poll_ms: detail.poll_ms,
        counted_since: detail.counted_since,
        calls: detail.calls.into_iter().map(call).collect(),
        failures: detail.errors.into_iter().map(failure).collect(),
        findings: detail.learned.into_iter().map(finding).collect(),
    })
}

fn head(source: &SourceStatus, now: Timestamp) -> SourceHead {
    SourceHead {
        name: source.account.clone(),
        condition: match source.state {
            SourceState::Ok => SourceCondition::Ok,
            SourceState::Suspect => SourceCondition::Suspect,
            SourceState::Down => SourceCondition::Down,
        },
        since: source.since,
        reported_at: source.reported_at,
        last_success_at: source.last_success_at,
        is_silent: source.reported_at.plus_millis(SILENT_AFTER_MS) < now,
        devices: source.detail.devices,
        devices_stale: source.detail.devices_stale,
        ports: source.detail.ports,
        data_age_ms: source.detail.data_age_ms,
    }
}

fn call(calls: SourceCalls) -> SourceCallRow {
    SourceCallRow {
        failed: calls.errors.values().sum(),
        kind: calls.kind,
        calls: calls.calls,
        cached: calls.cached,
        wire_bytes: calls.wire_bytes,
        bytes: calls.bytes,
        p50_ms: calls.p50_ms,
        p99_ms: calls.p99_ms,
        max_ms: calls.max_ms,
        throttle_waits: calls.throttle_waits,
        throttle_wait_ms: calls.throttle_wait_ms,
        last_at: calls.last_at,
    }
}

fn failure(failure: SourceFailure) -> SourceFailureRow {
    SourceFailureRow {
        call: failure.call,
        fault: failure.fault,
        message: failure.message,
        first_at: failure.first_at,
        last_at: failure.last_at,
        times: failure.times,
    }
}

fn finding(finding: SourceFinding) -> SourceFindingRow {
    SourceFindingRow {
        name: finding.name,
        value: finding.value,
        how: finding.how,
        overridden: finding.overridden,
    }
}
