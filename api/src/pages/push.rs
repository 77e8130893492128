//! Push from an NMS account: its secrets, its settings, what it pushed.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use correlate::model::{ComponentId, Timestamp};
use dashboards::{PushPage, PushResult, PushRow, PushSecretRow, urls};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use store::records::{
    ComponentName, FindingValue, PushOutcome, PushSecret, PushSecretId, ReceivedPush, RecordsError,
    SourceStatus,
};
use store::series::Edge;

use super::{html, shell};
use crate::app::ApiState;
use crate::auth::Principal;
use crate::problem::ApiError;
use crate::push;
use crate::v1::operations::{known_source, push_url};

/// Pushes that the page shows.
const PUSHES_SHOWN: u64 = 50;

/// Changes that are counted over all of these.
const EDGES_MAX: usize = 5_000;

/// Which secret a form is about.
#[derive(Deserialize)]
pub(crate) struct RevokeForm {
    #[serde(default)]
    id: String,
}

/// `GET /sources/{name}/push`.
pub(crate) async fn source_push(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    known_source(&state, &name).await?;
    page(&state, &principal, &name, &headers, &uri, None).await
}

/// `POST /sources/{name}/push`: makes a secret, and shows it once.
pub(crate) async fn make_push_secret(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    known_source(&state, &name).await?;
    let fresh = push::issue(state.records(), &principal.actor(&state), &name).await?;
    page(&state, &principal, &name, &headers, &uri, Some(fresh.secret)).await
}

/// `POST /sources/{name}/push/revoke`.
pub(crate) async fn revoke_push_secret(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
    Form(form): Form<RevokeForm>,
) -> Result<Response, ApiError> {
    let id: PushSecretId = form.id.parse().map_err(ApiError::of_records)?;
    let revoked = state.records().push_secrets().revoke(&principal.actor(&state), &name, id).await;
    revoked.map_err(ApiError::of_records)?;
    Ok(Redirect::to(&urls::source_push(&name)).into_response())
}

async fn page(
    state: &ApiState,
    principal: &Principal,
    name: &str,
    headers: &HeaderMap,
    uri: &Uri,
    fresh: Option<SecretString>,
) -> Result<Response, ApiError> {
    let records = state.records();
    let read = async {
        let secrets = records.push_secrets().list(name).await?;
        let pushes = records.pushes().latest(name, PUSHES_SHOWN).await?;
        let devices: Vec<_> = pushes.iter().filter_map(|push| device_of(name, push)).collect();
        let names = records.inventory().component_names(&devices).await?;
        let version = records.source_status().get(name).await?.and_then(version);
        Ok((secrets, pushes, names, version))
    };
    let read = async { read.await.map_err(|error: RecordsError| ApiError::records(error)) };
    let (shell, (secrets, pushes, names, version)) =
        tokio::try_join!(shell::full(state, principal, headers, uri), read)?;
    let found = found(state, name, &pushes).await?;
    let now = state.now();
    let tested = pushes.iter().find(|push| push.outcome == PushOutcome::Test);
    html(&PushPage {
        shell,
        account: name.to_owned(),
        url: push_url(state, name),
        version,
        fresh: fresh.map(|secret| secret.expose_secret().to_owned()),
        tested_at: tested.map(|push| push.at),
        secrets: secrets.into_iter().map(|secret| secret_row(secret, now)).collect(),
        pushes: pushes
            .into_iter()
            .zip(found)
            .map(|(push, found)| push_row(name, push, found, &names))
            .collect(),
    })
}

/// The version of the NMS: as set, else as it said.
fn version(status: SourceStatus) -> Option<String> {
    let mut learned = status.detail.learned.into_iter();
    match learned.find(|finding| finding.name == "version")?.value {
        FindingValue::Name(version) => Some(version),
        _ => None,
    }
}

/// How many changes were found because of pushes between each of `pushes`,
/// which come latest first, and the next one; nothing of a test, and nothing
/// beyond what is looked at.
async fn found(
    state: &ApiState,
    name: &str,
    pushes: &[ReceivedPush],
) -> Result<Vec<Option<u64>>, ApiError> {
    let Some(oldest) = pushes.last() else { return Ok(Vec::new()) };
    let edges = state.series().edges_by_push(name, oldest.at, EDGES_MAX).await;
    let edges = edges.map_err(ApiError::series)?;
    // Where there were more, the oldest are missing.
    let known_from = match edges.rows.last() {
        Some(last) if edges.truncated => last.known.observed_at.plus_millis(1),
        _ => oldest.at,
    };
    let mut until = Timestamp::MAX;
    let mut found = Vec::with_capacity(pushes.len());
    for push in pushes {
        let seen = |edge: &&Edge| (push.at..until).contains(&edge.known.observed_at);
        let count = edges.rows.iter().filter(seen).count() as u64;
        let tells = push.outcome != PushOutcome::Test && push.at >= known_from;
        found.push(tells.then_some(count));
        until = push.at;
    }
    Ok(found)
}

fn device_of(account: &str, push: &ReceivedPush) -> Option<ComponentId> {
    push.device.as_ref().map(|device| ComponentId::of(account, "device", device))
}

fn secret_row(secret: PushSecret, now: Timestamp) -> PushSecretRow {
    PushSecretRow {
        works: secret.works_at(now),
        id: secret.id.to_string(),
        prefix: secret.prefix,
        created_by: secret.created_by,
        created_at: secret.created_at,
        ends_at: secret.ends_at,
        last_used_at: secret.last_used_at,
    }
}

fn push_row(
    account: &str,
    push: ReceivedPush,
    found: Option<u64>,
    names: &BTreeMap<ComponentId, ComponentName>,
) -> PushRow {
    let named = device_of(account, &push).and_then(|id| names.get(&id)).map(ToString::to_string);
    PushRow {
        at: push.at,
        result: match push.outcome {
            PushOutcome::Device => PushResult::Device,
            PushOutcome::Anything => PushResult::Anything,
            PushOutcome::Test => PushResult::Test,
            PushOutcome::Limited => PushResult::Limited,
            PushOutcome::LogAway => PushResult::LogAway,
        },
        device: named.or(push.device),
        rule: push.rule,
        address: push.address,
        found,
    }
}
