//! Where the link in a mail to another address for notices leads: whoever reads it
//! lets notices go there. Opening it changes nothing; a button does.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use dashboards::{NotificationAddressPage, urls};
use serde::Deserialize;
use store::records::TokenHash;

use super::{bare_shell, html};
use crate::app::ApiState;
use crate::problem::ApiError;
use crate::web::Lenient;
use crate::{language, web};

/// The query of the page, and its form.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Sent {
    token: String,
}

/// `GET /notification-address`.
pub(crate) async fn notification_address(
    State(state): State<ApiState>,
    headers: HeaderMap,
    Lenient(query): Lenient<Sent>,
) -> Result<Response, ApiError> {
    let users = state.records().users();
    let found = users.proving(&TokenHash::of(&query.token), state.now()).await;
    let found = found.map_err(ApiError::records)?;
    let whose = found.and_then(|user| Some((user.email, user.notification_email?)));
    page(&state, &headers, query.token, whose, false)
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
    let token = TokenHash::of(&sent.token);
    match users.prove(&token, &address.to_string(), state.now()).await {
        Ok(user) => {
            tracing::info!(%user, "notices go to another address");
            page(&state, &headers, String::new(), None, true)
        }
        Err(error) => match ApiError::of_records(error) {
            ApiError::NotFound(_) => page(&state, &headers, String::new(), None, false),
            error => Err(error),
        },
    }
}

fn page(
    state: &ApiState,
    headers: &HeaderMap,
    token: String,
    whose: Option<(String, String)>,
    is_done: bool,
) -> Result<Response, ApiError> {
    let language = language::of_request(headers, state.config().default_language);
    let here = format!("{}?token={}", urls::NOTIFICATION_ADDRESS, urls::encode(&token));
    let is_gone = whose.is_none() && !is_done;
    let shell = bare_shell(state, language, here);
    let mut response = html(&NotificationAddressPage { shell, token, whose, is_done })?;
    if is_gone {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    Ok(response)
}
