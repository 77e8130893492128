//! The systems that states come from.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use correlate::model::Timestamp;
use dashboards::{
    FoundValue, SourceAbilityRow, SourceAlarmRow, SourceCallRow, SourceCondition, SourceFailureRow,
    SourceFindingRow, SourceHead, SourcePage, SourceReason, SourcesPage, UnwatchedBecause,
    UnwatchedRow, urls,
};
use store::records::{
    FindingValue, SourceAlarm, SourceCalls, SourceCapability, SourceFailure, SourceFinding,
    SourceState, SourceStatus, UnwatchedWhy,
};

use super::forms::Saved;
use super::{accounts, html, shell};
use crate::app::ApiState;
use crate::ask::{self, NamedUnwatched};
use crate::auth::Principal;
use crate::policy::Action;
use crate::problem::{ApiError, Thing};
use crate::web::Lenient;

/// Ingest reports at every poll, at most an hour apart; an account that has not
/// been reported on for longer than this is watched by nobody.
const SILENT_AFTER_MS: i64 = 2 * 3_600_000;

/// `GET /sources`.
pub(crate) async fn sources(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    Lenient(query): Lenient<Saved>,
) -> Result<Response, ApiError> {
    let find = async { state.records().source_status().list().await.map_err(ApiError::records) };
    let shell = shell::full(&state, &principal, &headers, &uri);
    let (mut shell, found, accounts) = tokio::try_join!(shell, find, accounts::rows(&state))?;
    urls::SOURCES.clone_into(&mut shell.here);
    let now = state.now();
    html(&SourcesPage {
        shell,
        sources: found.iter().map(|one| head(one, now)).collect(),
        accounts,
        may_edit: principal.may(Action::EditSources),
        is_saved: query.saved.is_some(),
    })
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
    let unwatched = async {
        let found = ask::unwatched(state.records(), principal.scope(), &name).await;
        found.map_err(ApiError::records)
    };
    let (shell, found, unwatched) =
        tokio::try_join!(shell::full(&state, &principal, &headers, &uri), find, unwatched)?;
    let head = head(&found, state.now());
    let detail = found.detail;
    let reason = found.last_error.filter(|_| head.condition != SourceCondition::Ok);
    html(&SourcePage {
        shell,
        head,
        reason: reason.map(|error| SourceReason { fault: error.kind, message: error.message }),
        alarms: detail.alarms.into_iter().map(alarm).collect(),
        unwatched: unwatched.components.into_iter().map(unwatched_row).collect(),
        poll_ms: detail.poll_ms,
        counted_since: detail.counted_since,
        calls: detail.calls.into_iter().map(call).collect(),
        failures: detail.errors.into_iter().map(failure).collect(),
        findings: detail.learned.into_iter().map(finding).collect(),
        abilities: detail.capabilities.into_iter().map(ability).collect(),
        left_alone_until: detail.left_alone_until,
    })
}

fn head(source: &SourceStatus, now: Timestamp) -> SourceHead {
    SourceHead {
        name: source.account.clone(),
        condition: match source.state {
            _ if source.alarm().is_some() => SourceCondition::Alarm,
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

pub(super) fn unwatched_row(found: NamedUnwatched) -> UnwatchedRow {
    let services = found.services.into_iter().map(|(id, name)| (id.to_string(), name));
    UnwatchedRow {
        component: found.component.to_string(),
        device: found.device,
        because: match found.why {
            UnwatchedWhy::Disabled => UnwatchedBecause::Disabled,
            UnwatchedWhy::Ignored => UnwatchedBecause::Ignored,
            UnwatchedWhy::Gone => UnwatchedBecause::Gone,
        },
        last_seen_at: found.last_seen_at,
        replaced_by: found.replaced_by.map(|id| id.to_string()),
        services: services.collect(),
    }
}

fn alarm(alarm: SourceAlarm) -> SourceAlarmRow {
    let SourceAlarm { fault, message, since, until } = alarm;
    SourceAlarmRow { fault, message, since, until }
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
        value: value(finding.value),
        how: finding.how,
        months: finding.months,
        overridden: finding.overridden,
        found: finding.found.map(value),
    }
}

fn value(value: FindingValue) -> FoundValue {
    match value {
        FindingValue::Every { every_ms } => FoundValue::EveryMs(every_ms),
        FindingValue::Is { is } => FoundValue::Is(is),
        FindingValue::Clock { offset, zone } => FoundValue::Clock { offset, zone },
        FindingValue::Name(name) => FoundValue::Name(name),
    }
}

fn ability(capability: SourceCapability) -> SourceAbilityRow {
    let SourceCapability { name, can, how } = capability;
    SourceAbilityRow { name, can, how }
}
