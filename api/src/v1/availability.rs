//! How a service spent a period, as it is known now or was at an earlier moment.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::{Extension, Json};
use correlate::availability::Buckets;
use correlate::model::{Period, ServiceId};
use serde::{Deserialize, Serialize};
use store::series::ROWS_MAX;
use utoipa::{IntoParams, ToSchema};

use super::intervals::is_known;
use super::query::{instant, period};
use super::services::FigureOut;
use crate::app::ApiState;
use crate::auth::Principal;
use crate::instant as instants;
use crate::problem::{ApiError, Problem, Thing};

/// Days looked back over when no `from` is given.
const DEFAULT_DAYS: i64 = 30;

/// Which period, and by what was known when.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AvailabilityQuery {
    /// The first instant: RFC 3339 or milliseconds since 1970; 30 days before `to` by default.
    from: Option<String>,
    /// The first instant after the period; now, or `as_of`, by default and at
    /// most. At most 732 days after `from`.
    to: Option<String>,
    /// By what was known at this moment: RFC 3339 or milliseconds since 1970.
    as_of: Option<String>,
}

/// How a service spent a period.
#[derive(Serialize, ToSchema)]
pub(crate) struct AvailabilityOut {
    /// Which service.
    service: String,
    /// The period: its first instant.
    from: Option<String>,
    /// The first instant after it; never after the present, nor after `as_of`.
    to: Option<String>,
    /// By what was known then; null: by what is known now.
    as_of: Option<String>,
    #[serde(flatten)]
    figure: FigureOut,
}

/// How a service spent a period, in milliseconds by state. With `as_of` it is
/// what a report made at that moment would have said.
#[utoipa::path(
    get, path = "/api/v1/services/{id}/availability", tag = "services",
    params(
        ("id" = String, Path, description = "The service's id, percent-encoded"),
        AvailabilityQuery,
    ),
    responses(
        (status = 200, description = "The figure", body = AvailabilityOut),
        (status = 404, description = "There is no such service", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "A parameter is refused, or the period holds more than \
            10000 intervals", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn availability(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    query: Result<Query<AvailabilityQuery>, QueryRejection>,
) -> Result<Json<AvailabilityOut>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::refused("query", error.body_text()))?;
    let id = ServiceId::from(id);
    let as_of = query.as_of.as_deref().map(|text| instant("as_of", text)).transpose()?;
    let now = as_of.map_or(state.now(), |as_of| as_of.min(state.now()));
    let asked = period(query.from.as_deref(), query.to.as_deref(), now, DEFAULT_DAYS)?;
    let period = Period::new(asked.from, asked.until.min(now));
    let series = state.series().within(principal.scope());
    let found = match as_of {
        None => series.intervals(&id, period, ROWS_MAX).await,
        Some(as_of) => series.intervals_as_of(&id, period, as_of, ROWS_MAX).await,
    };
    let found = found.map_err(ApiError::series)?;
    let must_ask = found.rows.is_empty() || !principal.scope().is_everything();
    if must_ask && !is_known(&state, principal.scope(), &id).await? {
        return Err(ApiError::NotFound(Thing::Service));
    }
    if found.truncated {
        let reason = format!("the period holds more than {ROWS_MAX} intervals; ask for a shorter");
        return Err(ApiError::refused("from", reason));
    }
    Ok(Json(AvailabilityOut {
        service: id.to_string(),
        from: instants::rfc3339(period.from),
        to: instants::rfc3339(period.until),
        as_of: as_of.and_then(instants::rfc3339),
        figure: FigureOut::from(&Buckets::of(&found.rows, period)),
    }))
}
