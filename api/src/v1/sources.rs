//! How the systems that samples come from fare.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use store::records::SourceStatus;
use utoipa::ToSchema;

use crate::app::ApiState;
use crate::instant;
use crate::problem::ApiError;

/// The sources.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceList {
    /// Every source that ever reported, by name.
    sources: Vec<SourceOut>,
}

/// How one source fares.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceOut {
    /// Its name.
    #[schema(example = "ams1")]
    name: String,
    /// `ok`, `suspect` (it answers, but not credibly) or `down`.
    #[schema(example = "ok")]
    state: &'static str,
    /// Since when.
    since: Option<String>,
    /// When ingest last reported on it.
    reported_at: Option<String>,
    /// When it last gave anything usable.
    last_success_at: Option<String>,
    /// What went wrong last; kept after recovery.
    last_error: Option<SourceErrorOut>,
    /// Totals since ingest started.
    counters: BTreeMap<String, u64>,
}

/// What went wrong with a source.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceErrorOut {
    /// A short name that does not change.
    #[schema(example = "unauthorized")]
    kind: String,
    /// What an operator should know and do.
    message: String,
}

/// How the systems that samples come from fare.
#[utoipa::path(
    get, path = "/api/v1/sources", tag = "pipeline",
    responses((status = 200, description = "The sources", body = SourceList))
)]
pub(crate) async fn sources(State(state): State<ApiState>) -> Result<Json<SourceList>, ApiError> {
    let found = state.records().source_status().list().await.map_err(ApiError::records)?;
    Ok(Json(SourceList { sources: found.into_iter().map(source_out).collect() }))
}

fn source_out(source: SourceStatus) -> SourceOut {
    SourceOut {
        name: source.account,
        state: source.state.as_str(),
        since: instant::rfc3339(source.since),
        reported_at: instant::rfc3339(source.reported_at),
        last_success_at: source.last_success_at.and_then(instant::rfc3339),
        last_error: source
            .last_error
            .map(|error| SourceErrorOut { kind: error.kind, message: error.message }),
        counters: source.counters,
    }
}
