//! The endpoints (OpenID Connect Discovery 1.0, Core 1.0; RFC 7636 for PKCE).

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Form, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use crate::token::{Wanted, make};
use crate::{CLIENT_ID, CLIENT_SECRET, Fault, Grant, Shared, page, secret};

type Fields = HashMap<String, String>;

/// What an authorization request holds, and the form carries on.
const KEPT: [&str; 8] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
];

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/keys", get(keys))
        .route("/authorize", get(ask).post(answer))
        .route("/token", post(token))
        .route("/userinfo", get(user_info))
        .route("/logout", get(sign_out))
        .layer(from_fn_with_state(Arc::clone(&shared), noted))
        .with_state(shared)
}

async fn noted(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let is_down = {
        let mut state = shared.lock();
        state.requests.push(request.uri().path().to_owned());
        state.fault == Some(Fault::Down)
    };
    if is_down {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    next.run(request).await
}

async fn discovery(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let issuer = &shared.issuer;
    let at = |path: &str| format!("{issuer}{path}");
    let named = match shared.lock().fault {
        Some(Fault::OtherDiscovery) => "http://127.0.0.1:1".to_owned(),
        _ => issuer.clone(),
    };
    Json(json!({
        "issuer": named,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/keys"),
        "userinfo_endpoint": at("/userinfo"),
        "end_session_endpoint": at("/logout"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "code_challenge_methods_supported": ["S256"],
    }))
}

async fn keys(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let keys: Vec<Value> = shared.lock().keys.iter().map(crate::Key::published).collect();
    Json(json!({ "keys": keys }))
}

async fn ask(Query(fields): Query<Fields>) -> Response {
    match refused(&fields) {
        Some(reason) => (StatusCode::BAD_REQUEST, reason).into_response(),
        None => Html(page::form(&kept(&fields), false)).into_response(),
    }
}

async fn answer(State(shared): State<Arc<Shared>>, Form(fields): Form<Fields>) -> Response {
    if let Some(reason) = refused(&fields) {
        return (StatusCode::BAD_REQUEST, reason).into_response();
    }
    let of = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let Ok(mut back) = Url::parse(of("redirect_uri")) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let mut state = shared.lock();
    let issuer = match state.fault {
        Some(Fault::OtherIssuerBack) => "https://evil.example",
        _ => shared.issuer.as_str(),
    };
    back.query_pairs_mut().append_pair("state", of("state")).append_pair("iss", issuer);
    if !of("deny").is_empty() {
        back.query_pairs_mut().append_pair("error", "access_denied");
        return Redirect::to(back.as_str()).into_response();
    }
    let person = state.people.get(of("user"));
    if person.is_none_or(|person| person.password != of("password")) {
        return Html(page::form(&kept(&fields), true)).into_response();
    }
    let code = secret();
    let grant = Grant {
        user: of("user").to_owned(),
        nonce: fields.get("nonce").cloned(),
        challenge: of("code_challenge").to_owned(),
        redirect: of("redirect_uri").to_owned(),
    };
    state.codes.insert(code.clone(), grant);
    back.query_pairs_mut().append_pair("code", &code);
    Redirect::to(back.as_str()).into_response()
}

async fn token(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Response {
    let of = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    if !is_client(&headers) {
        return (StatusCode::UNAUTHORIZED, Json(json!({"error": "invalid_client"})))
            .into_response();
    }
    let mut state = shared.lock();
    // A code is used up by the first who shows it, whatever comes of it.
    let grant = state.codes.remove(of("code"));
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(of("code_verifier").as_bytes()));
    let grant = grant.filter(|grant| {
        of("grant_type") == "authorization_code"
            && grant.challenge == challenge
            && grant.redirect == of("redirect_uri")
    });
    let person = grant.as_ref().and_then(|grant| state.people.get(&grant.user));
    let (Some(grant), Some(person), Some(key)) = (&grant, person, state.keys.last()) else {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    };
    let access_token = secret();
    let wanted = Wanted {
        issuer: &shared.issuer,
        person,
        nonce: grant.nonce.as_deref(),
        access_token: &access_token,
        now_s: (shared.clock)(),
        fault: state.fault,
    };
    let id_token = make(key, &wanted);
    state.access_tokens.insert(access_token.clone(), grant.user.clone());
    let body = json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": 300,
        "id_token": id_token,
    });
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

async fn user_info(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let state = shared.lock();
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let user = state.access_tokens.get(token);
    let Some(person) = user.and_then(|user| state.people.get(user)) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let mut claims = person.claims.clone();
    let is_other = state.fault == Some(Fault::OtherUserInfo);
    let subject = if is_other { "somebody-else" } else { person.subject.as_str() };
    claims.insert("sub".to_owned(), subject.into());
    Json(Value::Object(claims)).into_response()
}

async fn sign_out(Query(fields): Query<Fields>) -> Response {
    match fields.get("post_logout_redirect_uri") {
        Some(back) => Redirect::to(back).into_response(),
        None => Html("<!doctype html><title>Signed out</title><p>Signed out.</p>").into_response(),
    }
}

/// Why an authorization request is refused; `None`: it is not.
fn refused(fields: &Fields) -> Option<&'static str> {
    let is = |name: &str, expected: &str| fields.get(name).is_some_and(|found| found == expected);
    let has = |name: &str| fields.get(name).is_some_and(|found| !found.is_empty());
    if !is("response_type", "code") {
        Some("only the code flow")
    } else if !is("client_id", CLIENT_ID) {
        Some("an unknown client")
    } else if !is("code_challenge_method", "S256") || !has("code_challenge") {
        Some("only with PKCE")
    } else if !has("state") || !has("redirect_uri") {
        Some("no state or no way back")
    } else if !fields.get("scope").is_some_and(|scope| scope.split(' ').any(|s| s == "openid")) {
        Some("no openid scope")
    } else {
        None
    }
}

fn kept(fields: &Fields) -> Vec<(&str, &str)> {
    let kept = |name| fields.get(name).map(|value| (name, value.as_str()));
    KEPT.into_iter().filter_map(kept).collect()
}

/// Whether the request carries the client's secret (RFC 6749, 2.3.1: both parts
/// are form-encoded before they are joined).
fn is_client(headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let encoded =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let expected = format!("{}:{}", encoded(CLIENT_ID), encoded(CLIENT_SECRET));
    given.is_some_and(|given| given == format!("Basic {}", STANDARD.encode(expected)))
}
