//! Maintenance windows: planned work, announced and withdrawn at any time.

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use correlate::model::{Period, Target, Timestamp, Window};
use serde::{Deserialize, Serialize};
use store::records::{MaintenanceWindow, Page, WindowFilter, WindowId};
use utoipa::{IntoParams, ToSchema};

use super::definitions::refused_json;
use super::query::limit;
use crate::app::ApiState;
use crate::auth::Principal;
use crate::instant;
use crate::problem::{ApiError, Problem, Refusal, Thing};

/// Windows in one answer unless asked otherwise.
const LIMIT_DEFAULT: u64 = 100;

/// Which windows.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WindowsQuery {
    /// Only those on this component, or on `service:<id>`.
    target: Option<String>,
    /// Only those that end after this instant.
    from: Option<String>,
    /// Only those that begin before this instant.
    to: Option<String>,
    /// Withdrawn ones too.
    #[serde(default)]
    withdrawn: bool,
    /// How many to leave out.
    offset: Option<u64>,
    /// How many to give, 1 to 1000; 100 by default.
    limit: Option<u64>,
}

/// Windows, the latest start first.
#[derive(Serialize, ToSchema)]
pub(crate) struct WindowList {
    /// The windows of this page.
    windows: Vec<WindowOut>,
    /// How many match altogether.
    total: u64,
}

/// A maintenance window.
#[derive(Serialize, ToSchema)]
pub(crate) struct WindowOut {
    /// Its id.
    id: String,
    /// A component id, or `service:<id>`.
    #[schema(example = "ams1/device/42")]
    target: String,
    /// Its first instant.
    from: Option<String>,
    /// The first instant after it.
    to: Option<String>,
    /// Why, or a ticket number.
    note: String,
    /// Who announced it.
    created_by: String,
    /// When it was announced.
    created_at: Option<String>,
    /// When it was withdrawn; it then counts for nothing.
    withdrawn_at: Option<String>,
}

/// A maintenance window to announce; it may lie in the past.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WindowIn {
    /// A component id, or `service:<id>`.
    #[schema(example = "service:cust-42-fibre-1")]
    target: String,
    /// Its first instant: RFC 3339, or milliseconds since 1970.
    #[schema(value_type = String)]
    from: InstantIn,
    /// The first instant after it.
    #[schema(value_type = String)]
    to: InstantIn,
    /// Why, or a ticket number.
    #[serde(default)]
    note: String,
}

/// An instant in a JSON body.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum InstantIn {
    Millis(i64),
    Text(String),
}

impl InstantIn {
    pub(super) fn read(&self, place: &str, refusals: &mut Vec<Refusal>) -> Timestamp {
        let text = match self {
            InstantIn::Millis(ms) => ms.to_string(),
            InstantIn::Text(text) => text.clone(),
        };
        instant::parse(&text).unwrap_or_else(|| {
            let reason = format!("must be RFC 3339 or milliseconds since 1970, found {text:?}");
            refusals.push(Refusal { place: place.to_owned(), reason });
            Timestamp::default()
        })
    }
}

/// The maintenance windows.
#[utoipa::path(
    get, path = "/api/v1/maintenance-windows", tag = "maintenance", params(WindowsQuery),
    responses(
        (status = 200, description = "The windows", body = WindowList),
        (status = 422, description = "A parameter is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_windows(
    State(state): State<ApiState>,
    query: Result<Query<WindowsQuery>, QueryRejection>,
) -> Result<Json<WindowList>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::refused("query", error.body_text()))?;
    let mut refusals = Vec::new();
    let mut edge = |name: &str, given: Option<String>, open: Timestamp| match given {
        Some(text) => InstantIn::Text(text).read(name, &mut refusals),
        None => open,
    };
    let from = edge("from", query.from, Timestamp::MIN);
    let until = edge("to", query.to, Timestamp::MAX);
    if !refusals.is_empty() {
        return Err(ApiError::Refused(refusals));
    }
    let filter = WindowFilter {
        target: query.target.as_deref().map(Target::parse),
        during: Some(Period::new(from, until)),
        withdrawn: query.withdrawn,
    };
    let limit = limit(query.limit, LIMIT_DEFAULT, Page::MAX_LIMIT)?;
    let page = Page { offset: query.offset.unwrap_or(0), limit };
    let windows = state.records().windows();
    let (found, total) = tokio::try_join!(windows.list(&filter, page), windows.count(&filter))
        .map_err(ApiError::records)?;
    Ok(Json(WindowList { windows: found.into_iter().map(window_out).collect(), total }))
}

/// Announces planned work. Intervals that it explains are revised, also in the past.
#[utoipa::path(
    post, path = "/api/v1/maintenance-windows", tag = "maintenance", request_body = WindowIn,
    responses(
        (status = 201, description = "It was announced", body = WindowOut),
        (status = 404, description = "There is no such service", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "The window is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add_window(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    body: Result<Json<WindowIn>, JsonRejection>,
) -> Result<(StatusCode, Json<WindowOut>), ApiError> {
    let Json(body) = body.map_err(refused_json)?;
    let mut refusals = Vec::new();
    let from = body.from.read("from", &mut refusals);
    let until = body.to.read("to", &mut refusals);
    if refusals.is_empty() && from >= until {
        let reason = "must be after from".to_owned();
        refusals.push(Refusal { place: "to".to_owned(), reason });
    }
    if !refusals.is_empty() {
        return Err(ApiError::Refused(refusals));
    }
    let window = Window { target: Target::parse(&body.target), period: Period::new(from, until) };
    let windows = state.records().windows();
    let id = windows
        .create(&principal.actor(&state), &window, &body.note)
        .await
        .map_err(ApiError::of_records)?;
    let made = windows.get(id).await.map_err(ApiError::records)?;
    let made = made.ok_or(ApiError::NotFound(Thing::Window))?;
    Ok((StatusCode::CREATED, Json(window_out(made))))
}

/// Withdraws a window: from now on it is as if it had never been.
#[utoipa::path(
    delete, path = "/api/v1/maintenance-windows/{id}", tag = "maintenance",
    params(("id" = String, Path, description = "The window's id")),
    responses(
        (status = 204, description = "It is withdrawn"),
        (status = 404, description = "There is no such window in force", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn withdraw_window(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id: WindowId = id.parse().map_err(ApiError::of_records)?;
    let withdrawn = state.records().windows().withdraw(&principal.actor(&state), id).await;
    withdrawn.map_err(ApiError::of_records)?;
    Ok(StatusCode::NO_CONTENT)
}

fn window_out(window: MaintenanceWindow) -> WindowOut {
    WindowOut {
        id: window.id.to_string(),
        target: window.window.target.to_string(),
        from: instant::rfc3339(window.window.period.from),
        to: instant::rfc3339(window.window.period.until),
        note: window.note,
        created_by: window.created_by,
        created_at: instant::rfc3339(window.created_at),
        withdrawn_at: window.withdrawn_at.and_then(instant::rfc3339),
    }
}
