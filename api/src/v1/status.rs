//! How far the pipeline has come.

use axum::Json;
use axum::extract::State;
use correlate::model::Timestamp;
use serde::Serialize;
use store::series::{Progress, Series};
use utoipa::ToSchema;

use crate::app::ApiState;
use crate::instant;
use crate::problem::ApiError;

/// The stage whose frontier says up to when intervals are complete.
const CORRELATE: &str = "correlate";

/// How far the pipeline has come.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatusOut {
    /// The version of the product.
    version: String,
    /// The instant of this answer.
    now: Option<String>,
    /// Intervals are complete up to this instant; null before the first.
    complete_until: Option<String>,
    /// Whether that is longer ago than it should be.
    stale: bool,
    /// Definitions that the engine has yet to hear of.
    outbox_depth: u64,
    /// The last report of each instance of each stage.
    stages: Vec<StageOut>,
}

/// How far one instance of a stage has come.
#[derive(Serialize, ToSchema)]
pub(crate) struct StageOut {
    /// `ingest`, `correlate`, …
    stage: String,
    /// Which one of the stage.
    instance: String,
    /// When it reported.
    at: Option<String>,
    /// Everything before this instant is complete there.
    frontier: Option<String>,
    /// How far it is behind, in milliseconds.
    lag_ms: u64,
}

/// Up to when the data are complete.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Freshness {
    /// Complete up to this instant; `None` before the first report.
    pub(crate) until: Option<Timestamp>,
    /// Whether that is older than `stale_after`.
    pub(crate) is_stale: bool,
}

/// How far the pipeline has come, stage by stage.
#[utoipa::path(
    get, path = "/api/v1/status", tag = "pipeline",
    responses((status = 200, description = "The pipeline's progress", body = StatusOut))
)]
pub(crate) async fn status(State(state): State<ApiState>) -> Result<Json<StatusOut>, ApiError> {
    let progress = state.series().latest_progress().await.map_err(ApiError::series)?;
    let outbox_depth = state.records().outbox().depth().await.map_err(ApiError::records)?;
    let now = state.now();
    let freshness = freshness_of(&state, &progress, now);
    Ok(Json(StatusOut {
        version: state.config().version.clone(),
        now: instant::rfc3339(now),
        complete_until: freshness.until.and_then(instant::rfc3339),
        stale: freshness.is_stale,
        outbox_depth,
        stages: progress.into_iter().map(stage_out).collect(),
    }))
}

/// Up to when the data are complete, as far as the series can say.
pub(crate) async fn freshness(state: &ApiState) -> Result<Freshness, ApiError> {
    let series: &Series = state.series();
    let progress = series.latest_progress().await.map_err(ApiError::series)?;
    Ok(freshness_of(state, &progress, state.now()))
}

fn freshness_of(state: &ApiState, progress: &[Progress], now: Timestamp) -> Freshness {
    let stage = progress.iter().filter(|one| one.stage == CORRELATE);
    // The slowest instance decides; one that has no frontier yet knows nothing.
    let until = stage.map(|one| one.frontier).min().flatten();
    let limit_ms = i64::try_from(state.config().stale_after.as_millis()).unwrap_or(i64::MAX);
    let is_stale = until.is_none_or(|until| now.0.saturating_sub(until.0) > limit_ms);
    Freshness { until, is_stale }
}

fn stage_out(progress: Progress) -> StageOut {
    StageOut {
        stage: progress.stage,
        instance: progress.instance,
        at: instant::rfc3339(progress.at),
        frontier: progress.frontier.and_then(instant::rfc3339),
        lag_ms: progress.lag_ms,
    }
}
