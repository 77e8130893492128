//! Reading the inventory of an NMS at once, instead of when it is due.

use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::{Extension, Json};
use serde::Serialize;
use store::log::Log;
use store::records::{SyncJob, SyncJobId, SyncState};
use store::wire::Subject;
use utoipa::ToSchema;

use super::push::known_source;
use crate::app::ApiState;
use crate::auth::Principal;
use crate::instant;
use crate::problem::{ApiError, Part, Problem, Thing};
use crate::push;

/// A job that waits for longer than this has nobody who does it.
const WAITS_LONG_MS: i64 = 15 * 60_000;

/// Jobs, the latest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct SyncJobList {
    /// The jobs.
    jobs: Vec<SyncJobOut>,
}

/// A request to read the inventory of an NMS.
#[derive(Serialize, ToSchema)]
pub(crate) struct SyncJobOut {
    /// Its id.
    id: String,
    /// `queued`, `done` or `failed`.
    #[schema(example = "queued")]
    state: &'static str,
    /// Who asked.
    requested_by: String,
    /// When.
    requested_at: Option<String>,
    /// When it was done or failed.
    ended_at: Option<String>,
    /// Why it failed or still waits, in words (English); null where there is
    /// nothing to say.
    message: Option<String>,
    /// Devices that were read.
    devices: Option<u64>,
    /// Ports that were read.
    ports: Option<u64>,
    /// Links that were read, as each end sees them.
    links: Option<u64>,
}

impl SyncJobOut {
    /// Whether it is still waited for.
    pub(super) fn is_queued(&self) -> bool {
        self.state == SyncState::Queued.as_str()
    }
}

/// Starts reading devices, ports and links of an NMS, which names and detected
/// paths come from. It also happens by itself, every `inventory_interval`. A
/// job that waits already is given back instead of a second one.
#[utoipa::path(
    post, path = "/api/v1/sources/{name}/sync", tag = "network",
    params(("name" = String, Path, description = "The account's name")),
    responses(
        (status = 202, description = "The job; its address is in Location", body = SyncJobOut),
        (status = 404, description = "No such source ever reported", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn start_sync(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<SyncJobOut>), ApiError> {
    known_source(&state, &name).await?;
    let log = state.shared_log().ok_or(ApiError::Unavailable(Part::Log))?;
    let job = ask_for_inventory(&state, &principal, &*log, &name).await?;
    let place = format!("/api/v1/sources/{}/sync/{}", dashboards::urls::encode(&name), job.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, place)], Json(job_out(&state, job))))
}

/// Asks for the inventory of an account, and tells ingest so.
pub(super) async fn ask_for_inventory(
    state: &ApiState,
    principal: &Principal,
    log: &dyn Log,
    name: &str,
) -> Result<SyncJob, ApiError> {
    let actor = principal.actor(state);
    let asked = state.records().sync_jobs().request(&actor, name).await;
    let (job, _) = asked.map_err(ApiError::of_records)?;
    // Also for a job that waits already: ingest may have been away.
    let subject = Subject::Inventory(job.id.to_string());
    let told = push::trigger(log, name, state.now(), subject).await;
    told.map_err(|error| {
        tracing::error!(account = name, error, "a request for an inventory was not passed on");
        ApiError::Unavailable(Part::Log)
    })?;
    Ok(job)
}

/// How far a request to read an inventory is.
#[utoipa::path(
    get, path = "/api/v1/sources/{name}/sync/{id}", tag = "network",
    params(
        ("name" = String, Path, description = "The account's name"),
        ("id" = String, Path, description = "The job's id"),
    ),
    responses(
        (status = 200, description = "The job", body = SyncJobOut),
        (status = 404, description = "There is no such job", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn sync_job(
    State(state): State<ApiState>,
    Path((name, id)): Path<(String, String)>,
) -> Result<Json<SyncJobOut>, ApiError> {
    let id: SyncJobId = id.parse().map_err(ApiError::of_records)?;
    let job = state.records().sync_jobs().get(&name, id).await.map_err(ApiError::records)?;
    let job = job.ok_or(ApiError::NotFound(Thing::Address))?;
    Ok(Json(job_out(&state, job)))
}

/// The latest requests to read the inventory of an NMS.
#[utoipa::path(
    get, path = "/api/v1/sources/{name}/sync", tag = "network",
    params(("name" = String, Path, description = "The account's name")),
    responses(
        (status = 200, description = "The jobs, the latest first", body = SyncJobList),
        (status = 404, description = "No such source ever reported", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn sync_jobs(
    State(state): State<ApiState>,
    Path(name): Path<String>,
) -> Result<Json<SyncJobList>, ApiError> {
    known_source(&state, &name).await?;
    let jobs = state.records().sync_jobs().list(&name).await.map_err(ApiError::records)?;
    Ok(Json(SyncJobList { jobs: jobs.into_iter().map(|job| job_out(&state, job)).collect() }))
}

pub(super) fn job_out(state: &ApiState, job: SyncJob) -> SyncJobOut {
    let waited_ms = state.now().millis().saturating_sub(job.requested_at.millis());
    let waits_long = job.state == SyncState::Queued && waited_ms > WAITS_LONG_MS;
    let message = match waits_long {
        true => Some(
            "nobody has read it yet: see whether ingest runs, and whether the source answers"
                .to_owned(),
        ),
        false => Some(job.message).filter(|message| !message.is_empty()),
    };
    SyncJobOut {
        id: job.id.to_string(),
        state: job.state.as_str(),
        requested_by: job.requested_by,
        requested_at: instant::rfc3339(job.requested_at),
        ended_at: job.ended_at.and_then(instant::rfc3339),
        message,
        devices: job.counts.map(|counts| counts.devices),
        ports: job.counts.map(|counts| counts.ports),
        links: job.counts.map(|counts| counts.links),
    }
}
