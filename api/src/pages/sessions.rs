//! Where the reader is signed in, and who tried to be.

use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use dashboards::{AttemptRow, AttemptsPage, Pager, SessionRow, SessionsPage, urls};
use jiff::tz::TimeZone;
use serde::Deserialize;
use store::records::{LoginAttemptFilter, LoginResult, Page, RecordedAttempt, SessionId, UserId};

use super::forms::saved_at;
use super::{html, shell};
use crate::app::ApiState;
use crate::auth::{Principal, forget_cookie};
use crate::instant;
use crate::policy::Action;
use crate::problem::ApiError;
use crate::v1::operations::{end_one, export_attempts, own, user_id};
use crate::web::Lenient;

/// Attempts on one page.
const PER_PAGE: u64 = 50;
/// Attempts below one's own sessions.
const OWN_SHOWN: u64 = 10;

const DAY_S: u64 = 86_400;

/// The query of the page of one's own sessions.
#[derive(Deserialize, Default)]
pub(crate) struct SessionsQuery {
    #[serde(default)]
    ended: Option<u64>,
}

/// Which sessions to end.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct SentEnd {
    id: Option<String>,
    others: Option<String>,
}

/// `GET /profile/sessions`.
pub(crate) async fn own_sessions(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    Lenient(query): Lenient<SessionsQuery>,
) -> Result<Response, ApiError> {
    let filter = LoginAttemptFilter { user: Some(principal.id()), ..Default::default() };
    let attempts = state.records().login_attempts();
    let attempts =
        async { attempts.list(&filter, Page::first(OWN_SHOWN)).await.map_err(ApiError::records) };
    let (shell, sessions, attempts) = tokio::try_join!(
        shell::full(&state, &principal, &headers, &uri),
        session_rows(&state, &principal, principal.id()),
        attempts,
    )?;
    let attempts = attempts.into_iter().map(|one| attempt_row(one, false)).collect();
    html(&SessionsPage { shell, sessions, attempts, ended: query.ended })
}

/// `POST /profile/sessions/revoke`.
pub(crate) async fn end_own_sessions(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    jar: CookieJar,
    Form(sent): Form<SentEnd>,
) -> Result<Response, ApiError> {
    let ended = match (&sent.id, &sent.others) {
        (Some(id), _) => {
            let id: SessionId = id.parse().map_err(ApiError::of_records)?;
            end_one(&state, &principal, id).await?;
            if principal.session() == Some(id) {
                let jar = jar.add(forget_cookie(&state));
                return Ok((jar, Redirect::to(urls::LOGIN)).into_response());
            }
            1
        }
        (None, Some(_)) => {
            let sessions = state.records().sessions();
            let (actor, kept) = (principal.actor(&state), principal.session());
            let ended = sessions.revoke_all(&actor, principal.id(), kept).await;
            ended.map_err(ApiError::records)?
        }
        (None, None) => 0,
    };
    Ok(Redirect::to(&format!("{}?ended={ended}", urls::PROFILE_SESSIONS)).into_response())
}

/// `POST /users/{id}/sessions`: ends one session of a user, or every one.
pub(crate) async fn end_user_sessions(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    Form(sent): Form<SentEnd>,
) -> Result<Response, ApiError> {
    let user = user_id(&id)?;
    let (actor, sessions) = (principal.actor(&state), state.records().sessions());
    match sent.id {
        Some(id) => {
            let id: SessionId = id.parse().map_err(ApiError::of_records)?;
            sessions.revoke(&actor, user, id).await.map_err(ApiError::of_records)?;
        }
        None => {
            sessions.revoke_all(&actor, user, None).await.map_err(ApiError::records)?;
        }
    }
    Ok(saved_at(&urls::user(&id)))
}

/// Where `user` is signed in, the latest first.
pub(super) async fn session_rows(
    state: &ApiState,
    principal: &Principal,
    user: UserId,
) -> Result<Vec<SessionRow>, ApiError> {
    let found = state.records().sessions().list(user, state.now()).await;
    let row = |session: store::records::Session| SessionRow {
        is_current: principal.session() == Some(session.id),
        id: session.id.to_string(),
        created_at: session.created_at,
        last_used_at: session.last_seen_at,
        address: session.address,
        agent: session.user_agent,
    };
    Ok(found.map_err(ApiError::records)?.into_iter().map(row).collect())
}

/// The query of the page of attempts; what makes no sense counts as not given.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct AttemptsQuery {
    account: String,
    address: String,
    result: String,
    from: String,
    until: String,
    page: String,
}

impl AttemptsQuery {
    fn filter(&self, principal: &Principal, zone: &TimeZone) -> LoginAttemptFilter {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let filter = LoginAttemptFilter {
            user: None,
            email: given(&self.account),
            address: given(&self.address),
            result: self.result.parse().ok(),
            from: instant::parse_field(&self.from, zone),
            until: instant::parse_field(&self.until, zone),
            below: None,
        };
        own(principal, filter)
    }
}

/// `GET /login-attempts`.
pub(crate) async fn attempts(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    Lenient(query): Lenient<AttemptsQuery>,
) -> Result<Response, ApiError> {
    let filter = query.filter(&principal, &principal.zone(&state));
    let number = query.page.parse::<u64>().unwrap_or(1).max(1);
    let page = Page { offset: (number - 1).saturating_mul(PER_PAGE), limit: PER_PAGE };
    let attempts = state.records().login_attempts();
    let found = async {
        tokio::try_join!(attempts.list(&filter, page), attempts.count(&filter))
            .map_err(ApiError::records)
    };
    let (shell, (found, total)) =
        tokio::try_join!(shell::full(&state, &principal, &headers, &uri), found)?;
    let may_read_users = principal.may(Action::ReadUsers);
    html(&AttemptsPage {
        shell,
        is_everybody: principal.scope().is_everything(),
        account: filter.email.unwrap_or_default(),
        address: filter.address.unwrap_or_default(),
        result: filter.result.map_or("", LoginResult::as_str).to_owned(),
        results: LoginResult::ALL.map(LoginResult::as_str).to_vec(),
        from: filter.from,
        until: filter.until,
        rows: found.into_iter().map(|one| attempt_row(one, may_read_users)).collect(),
        pager: Pager { page: number, per_page: PER_PAGE, total },
        kept_days: state.config().attempts_kept.as_secs() / DAY_S,
    })
}

/// `GET /login-attempts.csv`.
pub(crate) async fn attempts_export(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Lenient(query): Lenient<AttemptsQuery>,
) -> Response {
    let filter = query.filter(&principal, &principal.zone(&state));
    export_attempts(state, filter)
}

fn attempt_row(recorded: RecordedAttempt, with_user: bool) -> AttemptRow {
    let attempt = recorded.attempt;
    AttemptRow {
        at: attempt.at,
        account: attempt.email,
        user: recorded.user.filter(|_| with_user).map(|user| user.to_string()),
        address: attempt.address,
        agent: attempt.user_agent,
        result: attempt.result.as_str(),
    }
}
