//! The REST API as a program uses it: signs in once, then sends a token.

use reqwest::header::{LOCATION, SET_COOKIE};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::wait;

/// The administrator that the configuration makes.
pub(crate) const ADMIN_EMAIL: &str = "noc@example.net";
/// Its password.
pub(crate) const ADMIN_PASSWORD: &str = "correct horse battery";

/// A client with a token, at whatever address the pages are now.
#[derive(Clone)]
pub(crate) struct Api {
    client: Client,
    /// Such as `http://127.0.0.1:8080`.
    pub(crate) base: String,
    token: String,
}

impl Api {
    /// Signs in with the administrator's password and gets a token.
    pub(crate) async fn sign_in(base: &str) -> Api {
        let redirects = reqwest::redirect::Policy::none();
        let client = Client::builder().redirect(redirects).build().expect("a client");
        let form = [("email", ADMIN_EMAIL), ("password", ADMIN_PASSWORD), ("next", "/")];
        let answer = client.post(format!("{base}/login")).form(&form).send().await;
        let answer = answer.expect("the sign-in page answers");
        assert!(answer.headers().contains_key(LOCATION), "not signed in: {}", answer.status());
        let cookie = answer.headers()[SET_COOKIE].to_str().expect("ASCII");
        let cookie = cookie.split(';').next().expect("a name and a value").to_owned();
        let asked = client.post(format!("{base}/api/v1/tokens")).header("cookie", cookie);
        let issued = asked.json(&json!({"name": "test"})).send().await.expect("answers");
        assert_eq!(issued.status(), StatusCode::CREATED);
        let issued: Value = issued.json().await.expect("JSON");
        let token = issued["token"].as_str().expect("a token").to_owned();
        Api { client, base: base.to_owned(), token }
    }

    /// The status and the body, as JSON where it is any; `None` while nobody
    /// listens.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Option<(StatusCode, Value)> {
        let url = format!("{}{path}", self.base);
        let mut request = self.client.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.ok()?;
        let status = answer.status();
        let text = answer.text().await.ok()?;
        Some((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// What a good answer to GET says.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, None).await.expect("somebody listens");
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    /// A page as a person reads it, in English.
    pub(crate) async fn page(&self, path: &str) -> String {
        self.page_in("en", path).await
    }

    /// A page as a person reads it, in the language of this code.
    pub(crate) async fn page_in(&self, language: &str, path: &str) -> String {
        let url = format!("{}{path}", self.base);
        let cookie = format!("padwacht_lang={language}");
        let request = self.client.get(url).bearer_auth(&self.token);
        let request = request.header("accept", "text/html").header("cookie", cookie);
        request.send().await.expect("somebody listens").text().await.expect("text")
    }

    /// Sends what must be taken; gives the answer.
    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Value {
        let (status, body) = self.ask(method, path, Some(body)).await.expect("somebody listens");
        assert!(status.is_success(), "{path}: {status} {body}");
        body
    }

    /// Waits until `path` gives what `wanted` accepts; the API may be away.
    pub(crate) async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) {
        let mut last = None;
        wait::until_true(&format!("{path} comes to say so"), async || {
            last = self.ask(Method::GET, path, None).await;
            last.as_ref().is_some_and(|(status, body)| status.is_success() && wanted(body))
        })
        .await;
    }

    /// Imports services; again while the API is away.
    pub(crate) async fn import(&self, services: &[Value]) {
        let body = Value::from(services.to_vec());
        wait::until("the services are taken", async || {
            let answer = self.ask(Method::POST, "/api/v1/services", Some(&body)).await;
            let (status, body) = answer?;
            assert!(status == StatusCode::OK || status.is_server_error(), "{status}: {body}");
            (status == StatusCode::OK).then_some(())
        })
        .await;
    }

    /// How the one source fares: its state and the kind of its last error.
    pub(crate) async fn source(&self) -> (String, Option<String>) {
        let sources = self.get("/api/v1/sources").await;
        let source = &sources["sources"][0];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        (text(&source["state"]).unwrap_or_default(), text(&source["last_error"]["kind"]))
    }
}
