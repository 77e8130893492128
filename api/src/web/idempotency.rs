//! Requests that create something, sent with an `Idempotency-Key`: the second
//! of the same is answered as the first was, and creates nothing.
//!
//! What is shown only once (tokens, invitation links) is not kept, so a second
//! answer has null there.
//!
//! The request runs in a task of its own: a client that goes away, which is what
//! a key is for, ends nothing halfway, and neither does the limit of time. Its
//! answer is kept for when the client comes again.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use store::records::{ApiTokenId, Idempotency, KeyedRequest, Known, TokenHash, UserId};
use tokio::time::{Instant, interval_at};
use tracing::Instrument;

use crate::app::ApiState;
use crate::problem::{ApiError, Refusal};

/// The header that carries the key.
pub(crate) const KEY: &str = "idempotency-key";
/// Says that an answer is that of an earlier request.
const REPLAYED: &str = "idempotency-replayed";
/// The largest answer that is kept: that of the largest list of users.
const ANSWER_BYTES_MAX: usize = 16 << 20;
/// How often a request says that it still runs; well within
/// [`Idempotency::RUNNING_MS`].
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);
/// Fields of answers that are shown only once.
const SHOWN_ONCE: [&str; 4] = ["token", "link", "secret", "codes"];

/// Who sends a key: the same key of another token is another one.
#[derive(Clone, Copy)]
pub(super) struct Sender {
    /// Whose requests they are.
    pub(super) user: UserId,
    /// The token that carries them.
    pub(super) token: Option<ApiTokenId>,
}

/// Runs a request that creates something, once for each key of `sender`; its
/// body may have up to `body_max` bytes.
pub(super) async fn run(
    state: &ApiState,
    sender: Sender,
    body_max: usize,
    request: Request,
    next: Next,
) -> Response {
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
            let ran = keyed(state, (sender, key), body_max, request, next).await;
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
    (sender, key): (Sender, String),
    body_max: usize,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, body_max).await.map_err(|_| ApiError::TooLarge)?;
    // With the query: a trial is not the thing itself.
    let target = parts.uri.path_and_query().map_or(parts.uri.path(), |target| target.as_str());
    let fingerprint = fingerprint(parts.method.as_str(), target, &body);
    let key =
        sender.token.map_or(key.clone(), |token| TokenHash::of(&format!("{token} {key}")).to_hex());
    let keyed = KeyedRequest { user: sender.user, key, fingerprint };
    let request = Request::from_parts(parts, Body::from(body));
    let task = once(state.clone(), keyed, request, next).in_current_span();
    tokio::spawn(task).await.map_err(ApiError::internal)?
}

/// Runs a request unless it was run, and keeps its answer.
async fn once(
    state: ApiState,
    keyed: KeyedRequest,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let answers = state.records().idempotency();
    match answers.begin(&keyed, state.now()).await.map_err(ApiError::records)? {
        Known::New => {}
        Known::Answered { status, body } => return Ok(again(status, body)),
        Known::Running => return Err(conflict("the first request with this key still runs")),
        Known::Another => {
            return Err(ApiError::refused("Idempotency-Key", "was used for another request"));
        }
    }
    let response = tokio::select! {
        response = next.run(request) => response,
        never = signs_of_life(&state, &keyed) => match never {},
    };
    if !response.status().is_success() {
        answers.failed(&keyed).await.map_err(ApiError::records)?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, ANSWER_BYTES_MAX).await.map_err(ApiError::internal)?;
    let kept = without_secrets(&body);
    answers.answered(&keyed, parts.status.as_u16(), &kept).await.map_err(ApiError::records)?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// Says again and again that a request still runs.
async fn signs_of_life(state: &ApiState, keyed: &KeyedRequest) -> std::convert::Infallible {
    let mut ticks = interval_at(Instant::now() + SIGN_OF_LIFE, SIGN_OF_LIFE);
    loop {
        ticks.tick().await;
        if let Err(error) = state.records().idempotency().still_runs(keyed, state.now()).await {
            tracing::warn!(%error, "a request that takes long may be run twice");
        }
    }
}

fn conflict(reason: &str) -> ApiError {
    let place = "Idempotency-Key".to_owned();
    ApiError::Conflict(vec![Refusal { place, reason: reason.to_owned() }])
}

fn fingerprint(method: &str, target: &str, body: &Bytes) -> TokenHash {
    let body = TokenHash::of_bytes(body).to_hex();
    TokenHash::of(&format!("{method} {target} {body}"))
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
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use axum::middleware::from_fn;
    use axum::routing::post;
    use axum::{Json, Router};
    use correlate::model::Timestamp;
    use serde_json::json;
    use store::Keyring;
    use store::records::{Actor, Records, Role, UserDraft};
    use store::series::{Series, SeriesConfig};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::Notify;

    use super::*;
    use crate::{ApiConfig, ApiParts};

    /// Tells when it is dropped.
    struct Dropped(Arc<Notify>);

    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }

    /// What the test and its handler tell each other.
    #[derive(Clone, Default)]
    struct Signals {
        entered: Arc<Notify>,
        go_on: Arc<Notify>,
        /// The connection's own part of a request is gone.
        gone: Arc<Notify>,
        made: Arc<AtomicU32>,
    }

    async fn state(dir: &tempfile::TempDir) -> (ApiState, UserId) {
        let url = format!("sqlite://{}", dir.path().join("records.db").display());
        let records = Records::connect(&url, Keyring::ephemeral()).await.expect("opens");
        records.migrate().await.expect("migrates");
        let actor = Actor::new("test", Timestamp(0));
        let draft = UserDraft::new("anna@example.net", Role::Beheer);
        let user = records.users().create(&actor, &draft, &"h".into()).await.expect("a user");
        let series = SeriesConfig {
            // Nothing listens on port 1.
            url: "http://127.0.0.1:1".to_owned(),
            database: "padwacht".to_owned(),
            user: String::new(),
            password: "".into(),
        };
        let parts = ApiParts {
            records,
            series: Series::connect(&series).expect("a good configuration"),
            config: ApiConfig::new("http://127.0.0.1:8080", "0").expect("the zone is bundled"),
            clock: Arc::new(|| Timestamp(0)),
            log: None,
            metrics: None,
        };
        (ApiState::new(parts).expect("a good configuration"), user)
    }

    /// Serves one route that makes something, slowly.
    async fn served(state: ApiState, user: UserId, signals: Signals) -> SocketAddr {
        let slow = signals.clone();
        let make = move || async move {
            let number = slow.made.fetch_add(1, Ordering::SeqCst) + 1;
            slow.entered.notify_one();
            slow.go_on.notified().await;
            (StatusCode::CREATED, Json(json!({"number": number})))
        };
        let guard = move |request: Request, next: Next| {
            let (state, gone) = (state.clone(), Dropped(Arc::clone(&signals.gone)));
            async move {
                let sender = Sender { user, token: None };
                let response = run(&state, sender, 1_000, request, next).await;
                drop(gone);
                response
            }
        };
        let router = Router::new().route("/make", post(make)).layer(from_fn(guard));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    async fn send(address: SocketAddr) -> TcpStream {
        let mut connection = TcpStream::connect(address).await.expect("somebody listens");
        let request = "POST /make HTTP/1.1\r\nhost: x\r\nidempotency-key: k\r\n\
                       content-length: 0\r\nconnection: close\r\n\r\n";
        connection.write_all(request.as_bytes()).await.expect("sent");
        connection
    }

    #[tokio::test]
    async fn who_goes_away_meanwhile_gets_the_answer_when_they_come_again() {
        let dir = tempfile::tempdir().expect("a directory");
        let (state, user) = state(&dir).await;
        let signals = Signals::default();
        let address = served(state, user, signals.clone()).await;
        let connection = send(address).await;
        signals.entered.notified().await;
        drop(connection);
        signals.gone.notified().await;
        signals.go_on.notify_one();
        // Until the first has ended, a second is told that it runs.
        let answer = loop {
            let mut answer = String::new();
            send(address).await.read_to_string(&mut answer).await.expect("an answer");
            if !answer.starts_with("HTTP/1.1 409") {
                break answer;
            }
        };
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        assert!(answer.contains("idempotency-replayed: true"), "{answer}");
        assert!(answer.ends_with(r#"{"number":1}"#), "{answer}");
        assert_eq!(signals.made.load(Ordering::SeqCst), 1, "made once");
    }

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
