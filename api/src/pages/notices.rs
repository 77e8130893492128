//! Where the link in a mail to another address for notices leads: whoever reads it
//! lets notices go there. Opening it, and sending the code that it holds, changes
//! nothing; a button does.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use dashboards::{Mailed, NotificationAddressPage, urls};
use serde::Deserialize;
use store::records::TokenHash;

use super::{bare_shell, html};
use crate::app::ApiState;
use crate::problem::ApiError;
use crate::{language, mailed, web};

/// The form that takes the code of a link, and then the word that notices are to
/// go there.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Sent {
    token: String,
    agreed: Option<String>,
}

/// `GET /notification-address`.
pub(crate) async fn notification_address(
    State(state): State<ApiState>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    page(&state, &headers, "", Mailed::Asks, false)
}

/// `POST /notification-address`.
pub(crate) async fn prove_notification_address(
    State(state): State<ApiState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Result<Response, ApiError> {
    let address = web::client_address(peer.ip(), &headers, &state.config().trusted_proxies);
    let users = state.records().users();
    let code = mailed::token(&sent.token);
    let token = TokenHash::of(code);
    if sent.agreed.is_none() {
        let found = users.proving(&token, state.now()).await.map_err(ApiError::records)?;
        let whose = found.and_then(|user| Some((user.email, user.notification_email?)));
        return page(&state, &headers, code, Mailed::found(whose), false);
    }
    match users.prove(&token, &address.to_string(), state.now()).await {
        Ok(user) => {
            tracing::info!(%user, "notices go to another address");
            page(&state, &headers, "", Mailed::Gone, true)
        }
        Err(error) => match ApiError::of_records(error) {
            ApiError::NotFound(_) => page(&state, &headers, "", Mailed::Gone, false),
            error => Err(error),
        },
    }
}

fn page(
    state: &ApiState,
    headers: &HeaderMap,
    token: &str,
    whose: Mailed<(String, String)>,
    is_done: bool,
) -> Result<Response, ApiError> {
    let language = language::of_request(headers, state.config().default_language);
    let is_gone = matches!(whose, Mailed::Gone) && !is_done;
    let token = if is_gone { String::new() } else { token.to_owned() };
    let shell = bare_shell(state, language, mailed::place(urls::NOTIFICATION_ADDRESS, &token));
    let mut response = html(&NotificationAddressPage { shell, token, whose, is_done })?;
    if is_gone {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    Ok(response)
}
