//! Whether the process lives, whether it can serve, and its metrics. None of
//! these says anything about a customer or about our insides.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::ApiState;
use crate::problem::{ApiError, Thing};

/// A part that does not answer within this cannot be reached.
const CHECK_WITHIN: Duration = Duration::from_secs(3);

/// Whether the process lives.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`: whoever can answer lives.
    #[schema(example = "ok")]
    status: &'static str,
    /// The version of the product; only for whoever may read `/metrics`.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

/// Whether requests can be served.
#[derive(Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// `ready` or `not ready`.
    #[schema(example = "ready")]
    status: &'static str,
    /// Part by part.
    parts: Vec<PartReadiness>,
}

/// Whether one part can be reached.
#[derive(Serialize, ToSchema)]
pub(crate) struct PartReadiness {
    /// `records` or `series`.
    #[schema(example = "series")]
    part: &'static str,
    /// `ok`, `unreachable` or `no answer in time`.
    #[schema(example = "ok")]
    state: &'static str,
}

/// The process lives.
#[utoipa::path(
    get, path = "/healthz", tag = "health", security(()),
    responses((status = 200, description = "The process lives", body = Health))
)]
pub(crate) async fn healthz(State(state): State<ApiState>, request: Request) -> Json<Health> {
    let may_know = crate::auth::may_scrape(&state, &request);
    let version = may_know.then(|| state.config().version.clone());
    Json(Health { status: "ok", version })
}

/// The records and the series can be reached.
#[utoipa::path(
    get, path = "/readyz", tag = "health", security(()),
    responses(
        (status = 200, description = "Requests can be served", body = Readiness),
        (status = 503, description = "A part cannot be reached", body = Readiness),
    )
)]
pub(crate) async fn readyz(State(state): State<ApiState>) -> Response {
    let (records, series) = tokio::join!(
        reachable("records", state.records().check()),
        reachable("series", state.series().check()),
    );
    let parts = vec![records, series];
    let is_ready = parts.iter().all(|part| part.state == "ok");
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let words = if is_ready { "ready" } else { "not ready" };
    (status, Json(Readiness { status: words, parts })).into_response()
}

async fn reachable<T, E: std::fmt::Display>(
    part: &'static str,
    check: impl Future<Output = Result<T, E>>,
) -> PartReadiness {
    let state = match tokio::time::timeout(CHECK_WITHIN, check).await {
        Ok(Ok(_)) => "ok",
        Ok(Err(error)) => {
            tracing::warn!(part, %error, "not ready");
            "unreachable"
        }
        Err(_) => {
            tracing::warn!(part, "not ready: no answer in time");
            "no answer in time"
        }
    };
    PartReadiness { part, state }
}

/// Prometheus' text format.
#[utoipa::path(
    get, path = "/metrics", tag = "health",
    responses(
        (status = 200, description = "Metrics in Prometheus' text format", body = String,
            content_type = "text/plain; version=0.0.4"),
        (status = 401, description = "Neither the metrics token nor an administrator"),
    )
)]
pub(crate) async fn metrics(State(state): State<ApiState>) -> Result<Response, ApiError> {
    let handle = state.metrics().ok_or(ApiError::NotFound(Thing::Address))?;
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], handle.render()).into_response())
}
