//! The intervals of a service, as JSON and as CSV.

use std::collections::BTreeMap;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use correlate::model::{ComponentId, Interval, Period, ServiceId, Timestamp};
use serde::{Deserialize, Serialize};
use store::Scope;
use store::series::{Bounded, ROWS_MAX};
use utoipa::{IntoParams, ToSchema};

use super::query::{instant, limit, period};
use super::{csv, start};
use crate::app::ApiState;
use crate::auth::Principal;
use crate::instant;
use crate::problem::{ApiError, Problem, Thing};

/// Intervals in one JSON answer unless asked otherwise.
const LIMIT_DEFAULT: u64 = 1_000;
/// Days looked back over when no `from` is given.
const DEFAULT_DAYS: i64 = 30;

/// Which intervals.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct IntervalsQuery {
    /// The first instant: RFC 3339 or milliseconds since 1970; 30 days before `to` by default.
    from: Option<String>,
    /// The first instant after the period; now by default. At most 732 days after `from`.
    to: Option<String>,
    /// How many to give at most, 1 to 10000; where there are more, the newest are given.
    limit: Option<u64>,
    /// As they were believed to be at this moment: RFC 3339 or milliseconds since 1970.
    as_of: Option<String>,
}

/// The intervals that share an instant with the period, whole, oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct IntervalList {
    /// Whose intervals.
    service: String,
    /// The period asked for: its first instant.
    from: Option<String>,
    /// The first instant after it.
    to: Option<String>,
    /// As they were believed to be then; null: as they are believed to be now.
    as_of: Option<String>,
    /// Whether there were more than `limit`; the oldest are then left out.
    truncated: bool,
    /// Gapless while the service exists.
    intervals: Vec<IntervalOut>,
}

/// One interval of one state.
#[derive(Serialize, ToSchema)]
pub(crate) struct IntervalOut {
    /// The first instant.
    start: Option<String>,
    /// The first instant after it; null while it lasts.
    end: Option<String>,
    /// `up`, `degraded`, `down`, `maintenance` or `unknown`.
    #[schema(example = "down")]
    state: &'static str,
    /// The components to blame at the start, sorted.
    cause: Vec<String>,
    /// It may have begun up to so many milliseconds before `start`, as exactly
    /// as the NMS knew; null where that is not known, and where not a
    /// component but planned work or an edit began it.
    start_uncertainty_ms: Option<u32>,
    /// How the cause moves within the interval.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cause_moves: Vec<CauseMoveOut>,
}

/// From an instant on, other components are to blame.
#[derive(Serialize, ToSchema)]
pub(crate) struct CauseMoveOut {
    /// From then on.
    at: Option<String>,
    /// The components to blame, sorted.
    cause: Vec<String>,
}

/// The intervals of a service over a period; CSV with `Accept: text/csv`.
#[utoipa::path(
    get, path = "/api/v1/services/{id}/intervals", tag = "services",
    params(("id" = String, Path, description = "The service's id, percent-encoded"), IntervalsQuery),
    responses(
        (status = 200, description = "The intervals", body = IntervalList),
        (status = 404, description = "There is no such service", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "A parameter is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn intervals(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    query: Result<Query<IntervalsQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let id = ServiceId::from(id);
    let found = find(&state, principal.scope(), &id, query, LIMIT_DEFAULT).await?;
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if accept.is_some_and(|accept| accept.trim_start().starts_with("text/csv")) {
        return Ok(as_csv(&id, &found));
    }
    Ok(Json(IntervalList {
        service: id.to_string(),
        from: instant::rfc3339(found.period.from),
        to: instant::rfc3339(found.period.until),
        as_of: found.as_of.and_then(instant::rfc3339),
        truncated: found.intervals.truncated,
        intervals: found.intervals.rows.iter().map(|one| found.interval_out(one)).collect(),
    })
    .into_response())
}

/// The intervals of a service over a period as CSV, at most 10000. When there
/// are more, the last line says so, and the header `Padwacht-Truncated` is true.
#[utoipa::path(
    get, path = "/api/v1/services/{id}/intervals.csv", tag = "services",
    params(("id" = String, Path, description = "The service's id, percent-encoded"), IntervalsQuery),
    responses(
        (status = 200, description = "service,start,end,state,cause,start_uncertainty_ms; times in RFC 3339",
            body = String, content_type = "text/csv"),
        (status = 404, description = "There is no such service", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn intervals_csv(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    query: Result<Query<IntervalsQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let id = ServiceId::from(id);
    let found = find(&state, principal.scope(), &id, query, ROWS_MAX as u64).await?;
    Ok(as_csv(&id, &found))
}

struct Found {
    period: Period,
    as_of: Option<Timestamp>,
    intervals: Bounded<Interval>,
    /// By start, in milliseconds.
    uncertainty: BTreeMap<Timestamp, u32>,
}

async fn find(
    state: &ApiState,
    scope: &Scope,
    id: &ServiceId,
    query: Result<Query<IntervalsQuery>, QueryRejection>,
    limit_default: u64,
) -> Result<Found, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::refused("query", error.body_text()))?;
    let period = period(query.from.as_deref(), query.to.as_deref(), state.now(), DEFAULT_DAYS)?;
    let limit = limit(query.limit, limit_default, ROWS_MAX as u64)?;
    let limit = usize::try_from(limit).map_err(ApiError::internal)?;
    let as_of = query.as_of.as_deref().map(|text| instant("as_of", text)).transpose()?;
    let series = state.series().within(scope);
    let intervals = match as_of {
        None => series.intervals(id, period, limit).await,
        Some(as_of) => series.intervals_as_of(id, period, as_of, limit).await,
    };
    let intervals = intervals.map_err(ApiError::series)?;
    let must_ask = intervals.rows.is_empty() || !scope.is_everything();
    if must_ask && !is_known(state, scope, id).await? {
        return Err(ApiError::NotFound(Thing::Service));
    }
    // Of what was believed earlier, the evidence is not kept.
    let uncertainty = match as_of {
        None => start::uncertainty(state.series(), &intervals.rows).await,
        Some(_) => Ok(BTreeMap::new()),
    };
    let uncertainty = uncertainty.map_err(ApiError::series)?;
    Ok(Found { period, as_of, intervals, uncertainty })
}

/// Whether there is such a service in `scope`: in bounds the records alone
/// decide, which know at once whose it is.
pub(crate) async fn is_known(
    state: &ApiState,
    scope: &Scope,
    id: &ServiceId,
) -> Result<bool, ApiError> {
    let record = state.records().services().within(scope).get(id).await;
    if record.map_err(ApiError::records)?.is_some() {
        return Ok(true);
    }
    Ok(scope.is_everything() && super::services::current(state, scope, id).await?.is_some())
}

impl Found {
    fn interval_out(&self, interval: &Interval) -> IntervalOut {
        let moves = interval.cause_moves.iter();
        let moved = |(at, cause): &(Timestamp, Vec<ComponentId>)| CauseMoveOut {
            at: instant::rfc3339(*at),
            cause: texts(cause),
        };
        IntervalOut {
            start: instant::rfc3339(interval.start),
            end: interval.end.and_then(instant::rfc3339),
            state: interval.state.as_str(),
            cause: texts(&interval.cause),
            start_uncertainty_ms: self.uncertainty.get(&interval.start).copied(),
            cause_moves: moves.map(moved).collect(),
        }
    }
}

fn texts(components: &[ComponentId]) -> Vec<String> {
    components.iter().map(ToString::to_string).collect()
}

/// Whether an export stops before the end of its period.
const TRUNCATED_HEADER: HeaderName = HeaderName::from_static("padwacht-truncated");
/// The last line of such an export, where a spreadsheet shows it.
const TRUNCATED: &str = "# truncated: there are more intervals; ask for a shorter period";

fn as_csv(id: &ServiceId, found: &Found) -> Response {
    let header = ["service", "start", "end", "state", "cause", "start_uncertainty_ms"];
    let mut body = csv::line(header);
    for interval in &found.intervals.rows {
        let start = instant::rfc3339(interval.start).unwrap_or_default();
        let end = interval.end.and_then(instant::rfc3339).unwrap_or_default();
        let cause = texts(&interval.cause).join(" ");
        let uncertainty = found.uncertainty.get(&interval.start).map(u32::to_string);
        let uncertainty = uncertainty.unwrap_or_default();
        let state = interval.state.as_str();
        body.push_str(&csv::line([id.as_str(), &start, &end, state, &cause, &uncertainty]));
    }
    if found.intervals.truncated {
        body.push_str(&csv::line([TRUNCATED]));
    }
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    let truncated = HeaderValue::from_static(match found.intervals.truncated {
        true => "true",
        false => "false",
    });
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, attachment(id)),
        (TRUNCATED_HEADER, truncated),
    ];
    (headers, body).into_response()
}

/// Says under which name a browser keeps the file: that of the service, as far
/// as every file system takes it.
fn attachment(id: &ServiceId) -> HeaderValue {
    let is_plain =
        |character: &char| character.is_ascii_alphanumeric() || "-_".contains(*character);
    let id: String = id.as_str().chars().map(|it| if is_plain(&it) { it } else { '-' }).collect();
    HeaderValue::try_from(format!("attachment; filename=\"{id}-intervals.csv\""))
        .expect("letters, digits and dashes make a header")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_the_name_of_its_service() {
        for (id, expected) in [("SVC-1", "SVC-1"), ("a/b \"c\"\r\né", "a-b--c----")] {
            let value = attachment(&ServiceId::from(id));
            assert_eq!(value, format!("attachment; filename=\"{expected}-intervals.csv\""));
        }
    }
}
