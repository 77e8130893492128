//! Why a service is what it is, and what services would be.

use std::collections::BTreeSet;

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::{Extension, Json};
use correlate::model::{ComponentId, Period, ServiceId, Target};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::definitions::refused_json;
use super::query::{instant, limit};
use super::windows::InstantIn;
use crate::app::ApiState;
use crate::ask::{self, BehindDoc, Plan, WhatIfDoc, WhyDoc, WhyQuestion};
use crate::auth::Principal;
use crate::problem::{ApiError, Part, Problem};

/// Effects in one answer unless asked otherwise, and at most.
const EFFECTS_DEFAULT: u64 = 1_000;
const EFFECTS_MAX: u64 = 10_000;

/// When, and by what was known when.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExplainQuery {
    /// The instant: RFC 3339 or milliseconds since 1970; `as_of`, or now, by default.
    at: Option<String>,
    /// By what was known at this moment: RFC 3339 or milliseconds since 1970.
    /// By what is known now unless given.
    as_of: Option<String>,
}

/// What to suppose.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhatIfIn {
    /// Components that are down throughout, at most 5000.
    #[serde(default)]
    #[schema(example = json!(["ams1/device/42"]))]
    down: Vec<String>,
    /// Components, and services as `service:<id>`, with a maintenance window throughout.
    #[serde(default)]
    #[schema(example = json!(["ams1/device/42"]))]
    windows: Vec<String>,
    /// Whether a device takes its ports with it, as far as the inventory knows them.
    #[serde(default)]
    with_ports: bool,
    /// The first instant: RFC 3339, or milliseconds since 1970.
    #[schema(value_type = String)]
    from: InstantIn,
    /// The first instant after the period; at most 31 days after `from`.
    #[schema(value_type = String)]
    until: InstantIn,
    /// How many effects and overlaps to give, 1 to 10000; 1000 by default.
    limit: Option<u64>,
}

/// Why a service is what it is at an instant: its expression with the value
/// of every node, the components behind it, and the rule that decided.
#[utoipa::path(
    get, path = "/api/v1/services/{id}/explain", tag = "services",
    params(("id" = String, Path, description = "The service's id, percent-encoded"), ExplainQuery),
    responses(
        (status = 200, description = "The explanation", body = WhyDoc),
        (status = 404, description = "There is no such service", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "A parameter is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn explain(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    query: Result<Query<ExplainQuery>, QueryRejection>,
) -> Result<Json<WhyDoc>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::refused("query", error.body_text()))?;
    let now = state.now();
    let as_of = query.as_of.as_deref().map(|text| instant("as_of", text)).transpose()?;
    let at = query.at.as_deref().map(|text| instant("at", text)).transpose()?;
    let at = at.unwrap_or_else(|| as_of.map_or(now, |as_of| as_of.min(now)));
    let question = WhyQuestion { service: ServiceId::from(id), at, as_of, now };
    let why =
        ask::why(state.stores(principal.scope()), &question).await.map_err(ApiError::of_ask)?;
    Ok(Json(WhyDoc::of(&why)))
}

/// Which component, and when.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SamplesQuery {
    /// The component's id.
    #[param(example = "ams1/port/4711")]
    component: String,
    /// The instant: RFC 3339 or milliseconds since 1970; now by default.
    at: Option<String>,
}

/// The samples behind the state of a component at an instant, as the NMS
/// reported them: around the transition that gave the state, and the last ones
/// before the instant. Read back from the log, as far as it keeps them.
#[utoipa::path(
    get, path = "/api/v1/samples", tag = "components", params(SamplesQuery),
    responses(
        (status = 200, description = "The samples", body = BehindDoc),
        (status = 422, description = "A parameter is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn samples(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    query: Result<Query<SamplesQuery>, QueryRejection>,
) -> Result<Json<BehindDoc>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::refused("query", error.body_text()))?;
    if query.component.is_empty() {
        return Err(ApiError::refused("component", "must not be empty"));
    }
    let at = query.at.as_deref().map(|text| instant("at", text)).transpose()?;
    let at = at.unwrap_or_else(|| state.now()).min(state.now());
    let log = state.log().ok_or(ApiError::Unavailable(Part::Log))?;
    let component = ComponentId::from(query.component);
    let behind = ask::behind(state.stores(principal.scope()), log, &component, at)
        .await
        .map_err(ApiError::of_ask)?;
    Ok(Json(BehindDoc::of(&behind)))
}

/// What services would be if components were down or had maintenance windows,
/// by the definitions and states that are known. Changes nothing.
#[utoipa::path(
    post, path = "/api/v1/what-if", tag = "maintenance", request_body = WhatIfIn,
    responses(
        (status = 200, description = "What would be", body = WhatIfDoc),
        (status = 422, description = "The question is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn what_if(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    body: Result<Json<WhatIfIn>, JsonRejection>,
) -> Result<Json<WhatIfDoc>, ApiError> {
    let Json(body) = body.map_err(refused_json)?;
    let limit = limit(body.limit, EFFECTS_DEFAULT, EFFECTS_MAX)?;
    let limit = usize::try_from(limit).map_err(ApiError::internal)?;
    let plan = plan(&body)?;
    let supposed =
        ask::what_if(state.stores(principal.scope()), &plan).await.map_err(ApiError::of_ask)?;
    Ok(Json(WhatIfDoc::of(&supposed, limit)))
}

fn plan(body: &WhatIfIn) -> Result<Plan, ApiError> {
    let mut refusals = Vec::new();
    let from = body.from.read("from", &mut refusals);
    let until = body.until.read("until", &mut refusals);
    if !refusals.is_empty() {
        return Err(ApiError::Refused(refusals));
    }
    if let Some(empty) = body.down.iter().position(String::is_empty) {
        return Err(ApiError::refused(format!("down[{empty}]"), "must not be empty"));
    }
    let period: Period = Period::new(from, until);
    let down: BTreeSet<ComponentId> =
        body.down.iter().map(|id| ComponentId::from(id.as_str())).collect();
    let windows = body.windows.iter().map(|target| Target::parse(target)).collect();
    Ok(Plan { period, down, windows, with_ports: body.with_ports })
}

#[cfg(test)]
mod tests {
    use correlate::model::Timestamp;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_becomes_a_plan() {
        let body = json!({"down": ["a", "a"], "windows": ["service:s", "b"], "from": 5,
            "until": "1970-01-01T00:00:01Z"});
        let plan = plan(&serde_json::from_value(body).expect("the fields are right"));
        let plan = plan.expect("a good plan");
        assert_eq!(plan.period, Period::new(Timestamp(5), Timestamp(1_000)));
        assert_eq!((plan.down.len(), plan.windows.len(), plan.with_ports), (1, 2, false));
    }
}
