//! Receiving a push: who it is, what it says, and the trigger that it becomes.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode};
use correlate::model::Timestamp;
use serde::Serialize;
use store::log::Log;
use store::records::{PushOutcome, ReceivedPush, TokenHash};
use store::wire::{Subject, TRIGGERS_TOPIC, Trigger};
use utoipa::ToSchema;

use super::Buckets;
use super::hint::Hint;
use super::secret;
use crate::app::ApiState;
use crate::problem::{ApiError, Part, Problem};
use crate::{metric, web};

/// The largest body that is looked at. An alert with all its faults can be
/// larger; it then only says that something changed.
pub(crate) const PUSH_BYTES_MAX: usize = 64 << 10;

/// Pushes of one account that may come at once, and then in a second: a core
/// device that fails takes some hundred others along. More are taken together.
const ACCOUNT_BURST: u32 = 200;
const ACCOUNT_PER_SECOND: u32 = 20;

/// Wrong secrets from one address at once, and then in a second. A secret has
/// 256 bits, so this is about our load and not about guessing.
const WRONG_BURST: u32 = 20;
const WRONG_PER_SECOND: u32 = 1;

/// How long pushes beyond the limit are gathered before one trigger stands
/// for all of them.
const GATHER: Duration = Duration::from_secs(1);

/// A log that does not take a trigger within this time is away: whoever
/// pushes waits, and does not push again.
const APPEND_WITHIN: Duration = Duration::from_secs(5);

/// What keeps pushes within bounds; kept in memory, by each process for itself.
#[derive(Debug)]
pub(crate) struct PushLimits {
    accounts: Buckets<String>,
    wrong: Buckets<IpAddr>,
    /// Accounts for which a trigger waits.
    gathering: Arc<Mutex<BTreeSet<String>>>,
}

impl Default for PushLimits {
    fn default() -> PushLimits {
        PushLimits {
            accounts: Buckets::new(ACCOUNT_BURST, ACCOUNT_PER_SECOND),
            wrong: Buckets::new(WRONG_BURST, WRONG_PER_SECOND),
            gathering: Arc::default(),
        }
    }
}

/// What came of a push.
#[derive(Serialize, ToSchema)]
pub(crate) struct PushTaken {
    /// `device`: that device and its ports are read again at once; `anything`:
    /// no device was named, so whatever changed is read; `test`: the test
    /// button, nothing is read; `limited`: too many at once, one reading
    /// within a second stands for all of them.
    #[schema(example = "device")]
    result: &'static str,
    /// The device, as the NMS numbers it.
    #[schema(example = "42")]
    device: Option<String>,
}

/// Takes an alert from an NMS as a hint to read it again at once.
///
/// The account's own push secret opens it: as a bearer token, as the password
/// of basic authentication, or in `X-Padwacht-Secret`. Of the body only
/// `device_id` counts; a body that cannot be read still says that something
/// changed.
#[utoipa::path(
    post, path = "/push/{account}", tag = "pipeline",
    params(("account" = String, Path, description = "The name of the NMS account")),
    request_body(
        content = String, content_type = "application/json",
        description = "What the alert transport of the NMS sends, at most 64 KiB of it"
    ),
    responses(
        (status = 202, description = "What comes of it", body = PushTaken),
        (status = 200, description = "The test button: all is well", body = PushTaken),
        (status = 401, description = "Not a secret of this account", body = Problem,
            content_type = "application/problem+json"),
    ),
    security(("push" = []))
)]
pub(crate) async fn receive_push(
    State(state): State<ApiState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(account): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<PushTaken>), ApiError> {
    let address = web::client_address(peer.ip(), &headers, &state.config().trusted_proxies);
    let now = state.now();
    admit(&state, &account, &headers, address, now).await?;
    let hint = Hint::read(&body.unwrap_or_default());
    let push = Push { state: &state, account: &account, address, now };
    let outcome = push.take(&hint).await;
    metric::pushed(outcome.as_str());
    let status = match outcome {
        PushOutcome::Test => StatusCode::OK,
        PushOutcome::LogAway => return Err(ApiError::Unavailable(Part::Log)),
        PushOutcome::Device | PushOutcome::Anything | PushOutcome::Limited => StatusCode::ACCEPTED,
    };
    Ok((status, Json(PushTaken { result: outcome.as_str(), device: hint.device })))
}

/// Lets whoever shows the secret of `account` through. Every other case looks
/// the same from outside.
async fn admit(
    state: &ApiState,
    account: &str,
    headers: &HeaderMap,
    address: IpAddr,
    now: Timestamp,
) -> Result<(), ApiError> {
    let limits = state.push_limits();
    if !limits.wrong.has(&address, now) {
        metric::pushed("refused");
        return Err(ApiError::Busy);
    }
    let shown = secret::shown(headers).unwrap_or_default();
    let hash = TokenHash::of(&shown);
    let admitted = state.records().push_secrets().admits(account, &hash, now).await;
    if admitted.map_err(ApiError::records)? {
        return Ok(());
    }
    limits.wrong.take(&address, now);
    metric::pushed("refused");
    // The account is a stranger's word; the log quotes it.
    tracing::warn!(account, %address, "a push was refused: not a secret of this account");
    Err(ApiError::Unauthenticated)
}

/// A push by an account that may.
struct Push<'a> {
    state: &'a ApiState,
    account: &'a str,
    address: IpAddr,
    now: Timestamp,
}

impl Push<'_> {
    async fn take(&self, hint: &Hint) -> PushOutcome {
        if hint.is_test {
            return self.note(hint, PushOutcome::Test).await;
        }
        let Some(log) = self.state.shared_log() else {
            return self.note(hint, PushOutcome::LogAway).await;
        };
        if !self.state.push_limits().accounts.take(&self.account.to_owned(), self.now) {
            // Only the first of those that are gathered is written down: in a
            // storm the records have better things to do.
            return match self.gather(log) {
                true => self.note(hint, PushOutcome::Limited).await,
                false => PushOutcome::Limited,
            };
        }
        let (subject, outcome) = match &hint.device {
            Some(device) => (Subject::Device(device.clone()), PushOutcome::Device),
            None => (Subject::Anything, PushOutcome::Anything),
        };
        let outcome = match trigger(&*log, self.account, self.now, subject).await {
            Ok(()) => outcome,
            Err(error) => {
                tracing::error!(account = self.account, error, "a push could not be passed on");
                PushOutcome::LogAway
            }
        };
        self.note(hint, outcome).await
    }

    /// Sees to it that a trigger follows within [`GATHER`]; whether it was not
    /// on its way already.
    fn gather(&self, log: Arc<dyn Log>) -> bool {
        let gathering = Arc::clone(&self.state.push_limits().gathering);
        let account = self.account.to_owned();
        if !locked(&gathering).insert(account.clone()) {
            return false;
        }
        let state = self.state.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(GATHER) => {}
                () = state.shutdown().cancelled() => {}
            }
            // What comes from here on is not covered by this trigger.
            locked(&gathering).remove(&account);
            let told = trigger(&*log, &account, state.now(), Subject::Anything).await;
            if let Err(error) = told {
                tracing::error!(account, error, "gathered pushes could not be passed on");
            }
        });
        true
    }

    /// Writes the push down; that it could not be is no reason to refuse it.
    async fn note(&self, hint: &Hint, outcome: PushOutcome) -> PushOutcome {
        let received = ReceivedPush {
            account: self.account.to_owned(),
            at: self.now,
            address: self.address.to_string(),
            device: hint.device.clone(),
            rule: hint.rule.clone(),
            alert_state: hint.alert_state.clone(),
            outcome,
        };
        if let Err(error) = self.state.records().pushes().record(&received).await {
            tracing::warn!(%error, account = self.account, "could not write a push down");
        }
        outcome
    }
}

fn locked(gathering: &Mutex<BTreeSet<String>>) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
    // A set of names is whole whenever the lock is free.
    gathering.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells ingest that something is to be read again.
///
/// # Errors
/// The log took nothing, and why.
pub(crate) async fn trigger(
    log: &dyn Log,
    account: &str,
    received_at: Timestamp,
    subject: Subject,
) -> Result<(), String> {
    let trigger = Trigger { nms: account.to_owned(), received_at, subject };
    let record = trigger.encode().map_err(|error| error.to_string())?;
    let appending = log.append(TRIGGERS_TOPIC, vec![record]);
    match tokio::time::timeout(APPEND_WITHIN, appending).await {
        Ok(appended) => appended.map_err(|error| error.to_string()),
        Err(_) => Err(format!("the log took nothing within {} s", APPEND_WITHIN.as_secs())),
    }
}
