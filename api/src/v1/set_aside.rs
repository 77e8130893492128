//! What the correlate stage could not use, and why.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use store::series::{SET_ASIDE_ROWS_MAX, SetAside, SetAsideFilter, SetAsideKind};
use utoipa::{IntoParams, ToSchema};

use super::query::limit;
use crate::app::ApiState;
use crate::instant;
use crate::problem::{ApiError, Problem};

/// Rows in one answer unless asked otherwise.
const LIMIT_DEFAULT: u64 = 100;

/// Which rows.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SetAsideQuery {
    /// Only those of this topic; `checkpoint` for files of the stage itself.
    topic: Option<String>,
    /// Only those of this kind: `undecodable`, `implausible_time`, `too_late`,
    /// `refused`, `lost` or `damaged`.
    kind: Option<String>,
    /// How many to leave out.
    offset: Option<u64>,
    /// How many to give, 1 to 500; 100 by default.
    limit: Option<u64>,
}

/// What was set aside, newest first. Rows are kept for 30 days.
#[derive(Serialize, ToSchema)]
pub(crate) struct SetAsideList {
    /// The rows of this page.
    set_aside: Vec<SetAsideOut>,
    /// How many match altogether.
    total: u64,
}

/// A record, the samples of a record, or a file that was set aside.
#[derive(Serialize, ToSchema)]
pub(crate) struct SetAsideOut {
    /// The topic, or `checkpoint`.
    #[schema(example = "padwacht.samples")]
    topic: String,
    /// The partition.
    partition: u32,
    /// The record's offset, or that of the first of several; a file's epoch.
    offset: u64,
    /// `undecodable`, `implausible_time`, `too_late`, `refused`, `lost` or `damaged`.
    #[schema(example = "undecodable")]
    kind: &'static str,
    /// When the record was appended, or the file found.
    at: Option<String>,
    /// The record's key, the sample's component or the file's name.
    key: String,
    /// What is wrong.
    reason: String,
    /// The size of the record.
    size_bytes: u64,
    /// How many samples or records it stands for.
    count: u64,
}

/// What the correlate stage could not use. Nothing of it counts in any figure.
#[utoipa::path(
    get, path = "/api/v1/set-aside", tag = "pipeline", params(SetAsideQuery),
    responses(
        (status = 200, description = "What was set aside", body = SetAsideList),
        (status = 422, description = "A parameter is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn set_aside(
    State(state): State<ApiState>,
    query: Result<Query<SetAsideQuery>, QueryRejection>,
) -> Result<Json<SetAsideList>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::refused("query", error.body_text()))?;
    let limit = limit(query.limit, LIMIT_DEFAULT, SET_ASIDE_ROWS_MAX as u64)?;
    let kind = query.kind.as_deref().map(|name| {
        SetAsideKind::parse(name).ok_or_else(|| {
            let known = SetAsideKind::ALL.map(SetAsideKind::as_str).join(", ");
            ApiError::refused("kind", format!("must be one of {known}, found {name:?}"))
        })
    });
    let filter = SetAsideFilter { topic: query.topic, kind: kind.transpose()? };
    let offset = query.offset.unwrap_or(0);
    let found = state.series().set_aside(&filter, offset, limit as usize).await;
    let found = found.map_err(ApiError::series)?;
    let set_aside = found.rows.into_iter().map(set_aside_out).collect();
    Ok(Json(SetAsideList { set_aside, total: found.total }))
}

fn set_aside_out(found: SetAside) -> SetAsideOut {
    SetAsideOut {
        topic: found.topic,
        partition: found.partition,
        offset: found.offset,
        kind: found.kind.as_str(),
        at: instant::rfc3339(found.at),
        key: found.key,
        reason: found.reason,
        size_bytes: found.size_bytes,
        count: found.count,
    }
}
