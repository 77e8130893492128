//! When a component went up and down.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use correlate::model::ComponentId;
use serde::{Deserialize, Serialize};
use store::evidence::StateReason;
use store::series::{IDS_MAX, ROWS_MAX, Transition};
use utoipa::{IntoParams, ToSchema};

use super::query::{limit, period};
use crate::app::ApiState;
use crate::instant;
use crate::problem::{ApiError, Problem, Thing};

/// Transitions in one answer unless asked otherwise.
const LIMIT_DEFAULT: u64 = 1_000;
/// Days looked back over when no `from` is given.
const DEFAULT_DAYS: i64 = 30;
/// What follows a component's id in the address.
const SUFFIX: &str = "/transitions";

/// Which transitions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TransitionsQuery {
    /// The first instant: RFC 3339 or milliseconds since 1970; 30 days before `to` by default.
    from: Option<String>,
    /// The first instant after the period; now by default. At most 732 days after `from`.
    to: Option<String>,
    /// How many to give at most, 1 to 10000; where there are more, the newest are given.
    limit: Option<u64>,
}

/// The transitions of a component in a period, oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct TransitionList {
    /// Whose transitions.
    #[schema(example = "ams1/port/4711")]
    component: String,
    /// The period asked for: its first instant.
    from: Option<String>,
    /// The first instant after it.
    to: Option<String>,
    /// Whether there were more than `limit`; the oldest are then left out.
    truncated: bool,
    /// Led by the one before the period that gave the state in which it began.
    transitions: Vec<TransitionOut>,
}

/// A component took a state.
#[derive(Serialize, ToSchema)]
pub(crate) struct TransitionOut {
    /// When.
    at: Option<String>,
    /// `up`, `down` or `unknown`.
    #[schema(example = "down")]
    state: &'static str,
    /// How the NMS knew: `poll`, `event_log`, `push`, `outage` or `other`; null
    /// where that was not kept.
    #[schema(example = "event_log")]
    evidence: Option<&'static str>,
    /// It may have happened up to so many milliseconds before `at`; null where
    /// nothing is known of the time before.
    uncertainty_ms: Option<u32>,
    /// Why it is so, where nobody measured it: `silent`, `disabled`, `ignored`,
    /// `never_polled`, `admin_shut`, `device_down`, `management_lost`, `gone`,
    /// `odd_status`, `check_unknown` or `other`; null where it was measured, or
    /// that was not kept.
    #[schema(example = "admin_shut")]
    reason: Option<&'static str>,
}

/// The transitions of a component over a period. A component without any has
/// an empty list: nobody ever reported it.
#[utoipa::path(
    get, path = "/api/v1/components/{id}/transitions", tag = "components",
    params(
        ("id" = String, Path, description =
            "The component's id; its slashes may be percent-encoded or not",
            example = "ams1/port/4711"),
        TransitionsQuery,
    ),
    responses(
        (status = 200, description = "The transitions", body = TransitionList),
        (status = 422, description = "A parameter is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn transitions(
    State(state): State<ApiState>,
    Path(rest): Path<String>,
    query: Result<Query<TransitionsQuery>, QueryRejection>,
) -> Result<Json<TransitionList>, ApiError> {
    let id = rest.strip_suffix(SUFFIX).filter(|id| !id.is_empty());
    let id = ComponentId::from(id.ok_or(ApiError::NotFound(Thing::Address))?);
    let Query(query) = query.map_err(|error| ApiError::refused("query", error.body_text()))?;
    let period = period(query.from.as_deref(), query.to.as_deref(), state.now(), DEFAULT_DAYS)?;
    let limit = limit(query.limit, LIMIT_DEFAULT, ROWS_MAX as u64)?;
    let limit = usize::try_from(limit).map_err(ApiError::internal)?;
    let found = state.series().transitions(&id, period, limit).await.map_err(ApiError::series)?;
    let mut known = BTreeMap::new();
    for transitions in found.rows.chunks(IDS_MAX) {
        let evidence = state.series().evidence_of(transitions).await;
        let evidence = evidence.map_err(ApiError::series)?;
        known.extend(evidence.into_iter().map(|((_, at), how)| (at, how)));
    }
    let transition = |row: &Transition| {
        let how = known.get(&row.at);
        TransitionOut {
            at: instant::rfc3339(row.at),
            state: row.state.as_str(),
            evidence: how
                .filter(|how| how.reason != Some(StateReason::Silent))
                .map(|how| how.source.as_str()),
            uncertainty_ms: how.map(|how| how.uncertainty_ms).filter(|ms| *ms > 0),
            reason: how.and_then(|how| how.reason).map(StateReason::as_str),
        }
    };
    Ok(Json(TransitionList {
        component: id.to_string(),
        from: instant::rfc3339(period.from),
        to: instant::rfc3339(period.until),
        truncated: found.truncated,
        transitions: found.rows.iter().map(transition).collect(),
    }))
}
