//! What an NMS watches beside devices and ports: BGP sessions and checks.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use correlate::model::{ComponentId, Timestamp};
use serde::{Deserialize, Serialize};
use store::records::Monitored;
use utoipa::{IntoParams, ToSchema};

use super::push::known_source;
use super::topology::{LIMIT_MAX, page};
use crate::app::ApiState;
use crate::instant;
use crate::problem::{ApiError, Problem};

/// The kinds that there are.
const KINDS: [&str; 2] = ["bgp", "check"];

/// What to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MonitoredQuery {
    /// `bgp` for BGP sessions, which is the default; `check` for the checks that the NMS runs.
    kind: Option<String>,
    /// Only those of this device: its id in the NMS.
    device: Option<String>,
    /// Only those whose name or description holds every word of this.
    q: Option<String>,
    /// How many to leave out.
    offset: Option<u64>,
    /// How many to give, 1 to 1000; 100 by default.
    limit: Option<u64>,
}

/// One page of BGP sessions, or of checks.
#[derive(Serialize, ToSchema)]
pub(crate) struct MonitoredList {
    /// They, by device and name.
    monitored: Vec<MonitoredOut>,
    /// How many there are on all pages.
    total: u64,
    /// How many were left out before this page.
    offset: u64,
}

/// A BGP session or a check as its NMS describes it.
#[derive(Serialize, ToSchema)]
pub(crate) struct MonitoredOut {
    /// Its component id, as a path names it.
    #[schema(example = "ams1/bgp/12")]
    component: String,
    /// The device that it is of.
    #[schema(example = "ams1/device/42")]
    device: String,
    /// The peer of a session, with its autonomous system; what the operators call a check.
    #[schema(example = "203.0.113.9 AS64510")]
    name: String,
    /// What the operators say of it; empty where they say nothing.
    description: String,
    /// The NMS is told not to look at it: it is unknown.
    disabled: bool,
    /// The NMS is told not to alert on it.
    ignored: bool,
    /// When the NMS last mentioned it; it may be gone since.
    last_seen_at: Option<String>,
}

/// The BGP sessions or the checks that an NMS knows, by device and name.
#[utoipa::path(
    get, path = "/api/v1/sources/{name}/monitored", tag = "network",
    params(("name" = String, Path, description = "The account's name"), MonitoredQuery),
    responses(
        (status = 200, description = "One page of them", body = MonitoredList),
        (status = 404, description = "No such source ever reported", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "A parameter is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn source_monitored(
    State(state): State<ApiState>,
    Path(name): Path<String>,
    query: Result<Query<MonitoredQuery>, QueryRejection>,
) -> Result<Json<MonitoredList>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::refused("query", error.body_text()))?;
    let kind = query.kind.as_deref().unwrap_or(KINDS[0]);
    if !KINDS.contains(&kind) {
        return Err(ApiError::refused("kind", "must be bgp or check"));
    }
    let page = page(query.offset, query.limit, LIMIT_MAX)?;
    known_source(&state, &name).await?;
    let search = query.q.unwrap_or_default();
    let found = state
        .records()
        .inventory()
        .list_monitored(&name, kind, query.device.as_deref(), &search, page)
        .await
        .map_err(ApiError::records)?;
    let monitored = found.rows.into_iter().map(|(one, seen_at)| out(one, seen_at)).collect();
    Ok(Json(MonitoredList { monitored, total: found.total, offset: page.offset }))
}

fn out(one: Monitored, seen_at: Timestamp) -> MonitoredOut {
    MonitoredOut {
        component: one.component().to_string(),
        device: ComponentId::of(&one.account, "device", &one.device).to_string(),
        name: one.name,
        description: one.description,
        disabled: one.disabled,
        ignored: one.ignored,
        last_seen_at: instant::rfc3339(seen_at),
    }
}
