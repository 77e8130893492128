//! Who tried to sign in, from where, and how it went.

use std::io;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use store::records::{LoginAttemptFilter, LoginResult, Page, RecordedAttempt};
use utoipa::{IntoParams, ToSchema};

use super::csv;
use super::query::{instant, limit};
use super::users::parsed;
use crate::app::ApiState;
use crate::auth::Principal;
use crate::instant;
use crate::problem::{ApiError, Problem};

/// Attempts in one answer unless asked otherwise.
const LIMIT_DEFAULT: u64 = 100;

/// Which attempts.
#[derive(Deserialize, Default, Clone, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AttemptsQuery {
    /// Only those whose account, as typed, holds this text, in any case.
    account: Option<String>,
    /// Only those from network addresses that begin so, such as `192.0.2.`.
    address: Option<String>,
    /// Only those that went so: `ok` (by a password alone), `ok-totp`,
    /// `ok-recovery-code`, `ok-passkey`, `wrong-password`, `unknown-user`,
    /// `inactive`, `throttled`, `second-factor-asked`, `wrong-second-factor`,
    /// `wrong-passkey`, `oidc`, `oidc-refused`, `oidc-only`, `initial-password`
    /// or `initial-password-ended`.
    result: Option<String>,
    /// Only those from this instant on: RFC 3339 or milliseconds since 1970.
    from: Option<String>,
    /// Only those before this instant.
    to: Option<String>,
    /// Only those before this one: `next` of the page before.
    below: Option<String>,
    /// How many to give, 1 to 1000; 100 by default. An export gives
    /// all.
    limit: Option<u64>,
}

/// A page of attempts, the latest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttemptList {
    /// The attempts.
    attempts: Vec<AttemptOut>,
    /// Send it as `below` for the next page; null when this is the last.
    next: Option<String>,
}

/// An attempt to sign in.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttemptOut {
    /// Its id.
    id: String,
    /// When.
    at: Option<String>,
    /// The account as it was typed, in lower case; there may be no such user.
    #[schema(example = "anna@example.net")]
    account: String,
    /// The id of the user whose address it was; null when nobody's.
    user: Option<String>,
    /// The network address it came from.
    #[schema(example = "192.0.2.7")]
    address: String,
    /// What the browser calls itself.
    user_agent: String,
    /// How it went: `ok`, or why not. `throttled` stands for every attempt
    /// that was refused without looking, until the next that was looked at.
    #[schema(example = "wrong-password")]
    result: &'static str,
}

impl AttemptsQuery {
    fn filter(&self, principal: &Principal) -> Result<LoginAttemptFilter, ApiError> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let at = |name: &str, text: &Option<String>| {
            given(text).map(|text| instant(name, &text)).transpose()
        };
        let below = given(&self.below).map(|id| id.parse()).transpose();
        let result: Option<LoginResult> = parsed(self.result.as_deref())?;
        let filter = LoginAttemptFilter {
            user: None,
            email: given(&self.account),
            address: given(&self.address),
            result,
            from: at("from", &self.from)?,
            until: at("to", &self.to)?,
            below: below.map_err(|_| ApiError::refused("below", "must be the id of an attempt"))?,
        };
        Ok(own(principal, filter))
    }
}

/// `filter` as far as the caller may see: only their own attempts, but for
/// administrators those of everybody.
pub(crate) fn own(principal: &Principal, filter: LoginAttemptFilter) -> LoginAttemptFilter {
    match principal.scope().is_everything() {
        true => filter,
        false => LoginAttemptFilter { user: Some(principal.id()), ..filter },
    }
}

/// Attempts to sign in, the latest first: those of the caller or, for
/// administrators, those of everybody.
#[utoipa::path(
    get, path = "/api/v1/login-attempts", tag = "sessions", params(AttemptsQuery),
    responses(
        (status = 200, description = "A page of attempts", body = AttemptList),
        (status = 422, description = "A parameter is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_attempts(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    query: Result<Query<AttemptsQuery>, QueryRejection>,
) -> Result<Json<AttemptList>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::refused("query", error.body_text()))?;
    let limit = limit(query.limit, LIMIT_DEFAULT, Page::MAX_LIMIT)?;
    let filter = query.filter(&principal)?;
    let found = state.records().login_attempts().list(&filter, Page::first(limit)).await;
    let found = found.map_err(ApiError::records)?;
    let is_full = found.len() as u64 == limit;
    let next = found.last().filter(|_| is_full).map(|last| last.id.to_string());
    Ok(Json(AttemptList { attempts: found.into_iter().map(out).collect(), next }))
}

/// Attempts to sign in as CSV, the latest first, all of them.
#[utoipa::path(
    get, path = "/api/v1/login-attempts.csv", tag = "sessions", params(AttemptsQuery),
    responses(
        (status = 200, description = "at,account,user,address,user_agent,result",
            body = String, content_type = "text/csv"),
        (status = 422, description = "A parameter is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn attempts_csv(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    query: Result<Query<AttemptsQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::refused("query", error.body_text()))?;
    Ok(export_attempts(state, query.filter(&principal)?))
}

/// Attempts as CSV, page by page, so that an export of any size takes little memory.
pub(crate) fn export_attempts(state: ApiState, filter: LoginAttemptFilter) -> Response {
    let head = csv::line(["at", "account", "user", "address", "user_agent", "result"]);
    let pages = stream::try_unfold((state, filter), |(state, mut filter)| async move {
        let page = Page::first(Page::MAX_LIMIT);
        let found = state.records().login_attempts().list(&filter, page).await;
        let found = found.map_err(|error| {
            tracing::error!(%error, "an export of sign-in attempts broke off");
            io::Error::other("the export broke off")
        })?;
        let Some(last) = found.last() else { return Ok(None) };
        filter.below = Some(last.id);
        let text: String = found.iter().map(line).collect();
        Ok(Some((text, (state, filter))))
    });
    let body = stream::once(async { Ok::<_, io::Error>(head) }).chain(pages.into_stream());
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"login-attempts.csv\""),
        ),
    ];
    (headers, Body::from_stream(body)).into_response()
}

fn line(recorded: &RecordedAttempt) -> String {
    let attempt = &recorded.attempt;
    let at = instant::rfc3339(attempt.at).unwrap_or_default();
    let user = recorded.user.map(|user| user.to_string()).unwrap_or_default();
    csv::line([
        at.as_str(),
        &attempt.email,
        &user,
        &attempt.address,
        &attempt.user_agent,
        attempt.result.as_str(),
    ])
}

fn out(recorded: RecordedAttempt) -> AttemptOut {
    let attempt = recorded.attempt;
    AttemptOut {
        id: recorded.id.to_string(),
        at: instant::rfc3339(attempt.at),
        account: attempt.email,
        user: recorded.user.map(|user| user.to_string()),
        address: attempt.address,
        user_agent: attempt.user_agent,
        result: attempt.result.as_str(),
    }
}
