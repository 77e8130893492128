//! Mails on their way: what waits, was sent or failed.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use dashboards::{MailCondition, MailRow, MailsPage, Pager, urls};
use serde::Deserialize;
use store::records::{Mail, MailState, Page};

use super::{html, shell};
use crate::app::ApiState;
use crate::auth::Principal;
use crate::problem::ApiError;
use crate::v1::operations::queue_test;
use crate::web::Lenient;

/// Mails on one page.
const PER_PAGE: u64 = 50;

/// The query of the page; what makes no sense counts as not given.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct MailsQuery {
    state: String,
    page: String,
    tested: Option<String>,
    hurried: Option<u64>,
}

/// `GET /mails`.
pub(crate) async fn mails(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    Lenient(query): Lenient<MailsQuery>,
) -> Result<Response, ApiError> {
    let wanted: Option<MailState> = query.state.parse().ok();
    let number = query.page.parse::<u64>().unwrap_or(1).max(1);
    let page = Page { offset: (number - 1).saturating_mul(PER_PAGE), limit: PER_PAGE };
    let mails = state.records().mails();
    let found = async {
        tokio::try_join!(
            mails.list(wanted, page),
            mails.count(wanted),
            mails.count(Some(MailState::Waiting)),
        )
        .map_err(ApiError::records)
    };
    let (shell, (found, total, waiting)) =
        tokio::try_join!(shell::full(&state, &principal, &headers, &uri), found)?;
    html(&MailsPage {
        shell,
        is_configured: state.config().sends_mail,
        condition: wanted.map(condition),
        rows: found.into_iter().map(row).collect(),
        pager: Pager { page: number, per_page: PER_PAGE, total },
        waiting,
        own_address: principal.email().to_owned(),
        is_tested: query.tested.is_some(),
        hurried: query.hurried,
    })
}

/// `POST /mails/hurry`.
pub(crate) async fn hurry_mails(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
) -> Result<Response, ApiError> {
    let hurried = state.records().mails().hurry(&principal.actor(&state)).await;
    let hurried = hurried.map_err(ApiError::records)?;
    Ok(Redirect::to(&format!("{}?hurried={hurried}", urls::MAILS)).into_response())
}

/// `POST /mails/test`.
pub(crate) async fn test_mail(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
) -> Result<Response, ApiError> {
    queue_test(&state, &principal).await?;
    Ok(Redirect::to(&format!("{}?tested=1", urls::MAILS)).into_response())
}

fn condition(state: MailState) -> MailCondition {
    match state {
        MailState::Waiting => MailCondition::Waiting,
        MailState::Sent => MailCondition::Sent,
        MailState::Failed => MailCondition::Failed,
        MailState::Expired => MailCondition::Expired,
    }
}

fn row(mail: Mail) -> MailRow {
    MailRow {
        recipient: mail.recipient,
        subject: mail.subject,
        condition: condition(mail.state),
        queued_at: mail.queued_at,
        attempts: mail.attempts,
        next_at: mail.next_at,
        ended_at: mail.ended_at,
        error: mail.error,
    }
}
