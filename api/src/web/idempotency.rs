//! Requests that create something, sent with an `Idempotency-Key`: the second
//! of the same is answered as the first was, and creates nothing.
//!
//! What is shown only once (tokens, invitation links) is not kept, so a second
//! answer has null there.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use store::records::{Idempotency, KeyedRequest, Known, TokenHash, UserId};

use super::layers::BODY_BYTES_MAX;
use crate::app::ApiState;
use crate::problem::{ApiError, Refusal};

/// The header that carries the key.
pub(crate) const KEY: &str = "idempotency-key";
/// Says that an answer is that of an earlier request.
const REPLAYED: &str = "idempotency-replayed";
/// Fields of answers that are shown only once.
const SHOWN_ONCE: [&str; 2] = ["token", "link"];

/// Runs a request that creates something, once for each key of `user`.
pub(super) async fn run(state: &ApiState, user: UserId, request: Request, next: Next) -> Response {
    let Some(key) = request.headers().get(KEY) else {
        return next.run(request).await;
    };
    let key = key.to_str().ok().filter(|key| is_key(key)).map(str::to_owned);
    match key {
        None => ApiError::refused(
            "Idempotency-Key",
            format!("must be 1 to {} printable ASCII characters", Idempotency::KEY_CHARS_MAX),
        )
        .into_response(),
        Some(key) => {
            let ran = keyed(state, user, key, request, next).await;
            ran.unwrap_or_else(IntoResponse::into_response)
        }
    }
}

fn is_key(key: &str) -> bool {
    (1..=Idempotency::KEY_CHARS_MAX).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_graphic())
}

async fn keyed(
    state: &ApiState,
    user: UserId,
    key: String,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| ApiError::TooLarge)?;
    let fingerprint = fingerprint(parts.method.as_str(), parts.uri.path(), &body);
    let keyed = KeyedRequest { user, key, fingerprint };
    let answers = state.records().idempotency();
    match answers.begin(&keyed, state.now()).await.map_err(ApiError::records)? {
        Known::New => {}
        Known::Answered { status, body } => return Ok(again(status, body)),
        Known::Running => return Err(conflict("the first request with this key still runs")),
        Known::Another => {
            return Err(ApiError::refused("Idempotency-Key", "was used for another request"));
        }
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    if !response.status().is_success() {
        answers.failed(&keyed).await.map_err(ApiError::records)?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(ApiError::internal)?;
    let kept = without_secrets(&body);
    answers.answered(&keyed, parts.status.as_u16(), &kept).await.map_err(ApiError::records)?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn conflict(reason: &str) -> ApiError {
    let place = "Idempotency-Key".to_owned();
    ApiError::Conflict(vec![Refusal { place, reason: reason.to_owned() }])
}

fn fingerprint(method: &str, path: &str, body: &Bytes) -> TokenHash {
    let body = TokenHash::of_bytes(body).to_hex();
    TokenHash::of(&format!("{method} {path} {body}"))
}

fn again(status: u16, body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

fn without_secrets(body: &[u8]) -> String {
    let Ok(mut value) = serde_json::from_slice::<Value>(body) else { return String::new() };
    hide(&mut value);
    value.to_string()
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if SHOWN_ONCE.contains(&name.as_str()) {
                    *value = Value::Null;
                } else {
                    hide(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_shown_once_is_not_kept() {
        let body = json!({"id": "1", "token": "pw_x", "lines": [{"link": "https://x", "line": 1}]});
        let kept = without_secrets(body.to_string().as_bytes());
        let expected = json!({"id": "1", "token": null, "lines": [{"link": null, "line": 1}]});
        assert_eq!(serde_json::from_str::<Value>(&kept).expect("JSON"), expected);
    }

    #[test]
    fn a_key_is_one_printable_word() {
        let check = |key: &str, expected: bool| assert_eq!(is_key(key), expected, "{key:?}");
        check("7f0c-1", true);
        check("", false);
        check("two words", false);
        check(&"x".repeat(101), false);
    }
}
