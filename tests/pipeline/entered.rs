//! An account of LibreNMS that is entered in the product, from the first start
//! without any to its removal: it is read, its token is nowhere, and nothing is
//! started again.

use std::process::Command;

use reqwest::header::SET_COOKIE;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::api::{ADMIN_EMAIL, ADMIN_PASSWORD};
use crate::network::{CYCLE_MS, Nms, TOKEN, wall, world};
use crate::pipeline::Pipeline;
use crate::secrets::{check, check_files, check_tables};
use crate::wait;
use correlate::model::Timestamp;

/// Longer than a cycle of the simulated LibreNMS, short enough to wait for.
const STALE_AFTER: &str = "30s";
/// The log is at its fullest, so that a token would be in it.
const SAYS_ALL: &str =
    "[telemetry]\nfilter = \"debug,padwacht=trace,ingest=trace,hyper=trace,reqwest=trace\"\n";
/// A token that LibreNMS does not know.
const WRONG: &str = "ffffffffffffffffffffffffffffffff";

/// The administrator in a browser: an account is not entered with an API token.
struct Admin {
    client: Client,
    base: String,
    cookie: String,
}

impl Admin {
    async fn sign_in(base: &str) -> Admin {
        let redirects = reqwest::redirect::Policy::none();
        let client = Client::builder().redirect(redirects).build().expect("a client");
        let form = [("email", ADMIN_EMAIL), ("password", ADMIN_PASSWORD)];
        let answer = client.post(format!("{base}/login")).form(&form).send().await;
        let answer = answer.expect("the sign-in page answers");
        let cookie = answer.headers()[SET_COOKIE].to_str().expect("ASCII");
        let cookie = cookie.split(';').next().expect("a name and a value").to_owned();
        Admin { client, base: base.to_owned(), cookie }
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> (StatusCode, String) {
        let request = self.client.request(method, format!("{}{path}", self.base));
        let request = request.header("cookie", &self.cookie).json(body);
        let answer = request.send().await.expect("somebody listens");
        (answer.status(), answer.text().await.expect("text"))
    }

    async fn page(&self, path: &str) -> String {
        let request = self.client.get(format!("{}{path}", self.base));
        let answer = request.header("cookie", &self.cookie).send().await.expect("it answers");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.expect("text")
    }
}

/// The account, with what all tests of the pipeline set.
fn account(nms: &Nms) -> Value {
    let settings = json!({
        "poll_interval": "1s", "requests_per_second": "100",
        "glance_interval": "1h", "changes_interval": "1h",
    });
    json!({"name": "librenms", "url": nms.url, "token": TOKEN, "settings": settings})
}

/// Waits until the source fares so; LibreNMS's time goes on meanwhile.
async fn fares(pipeline: &Pipeline, state: &str, fault: Option<&str>) {
    wait::until_true(&format!("it is {state}"), async || {
        pipeline.nms.be_now();
        let asked = pipeline.api.ask(Method::GET, "/api/v1/sources/librenms", None).await;
        asked.is_some_and(|(status, source)| {
            let is_fault = fault.is_none_or(|fault| source["last_error"]["kind"] == fault);
            status == StatusCode::OK && source["state"] == state && is_fault
        })
    })
    .await;
}

/// Waits until every service is in this state.
async fn services_are(pipeline: &Pipeline, state: &str) {
    let services = pipeline.nms.services().len();
    wait::until_true(&format!("every service is {state}"), async || {
        pipeline.nms.be_now();
        let sql = format!("SELECT count() FROM v_services_now WHERE state = '{state}'");
        pipeline.clickhouse.ask(&sql).await == Ok(format!("{services}\n"))
    })
    .await;
}

/// The token is nowhere that somebody could look.
async fn shows_no_token(pipeline: &Pipeline, admin: &Admin) {
    for path in ["/sources", "/sources/librenms/account", "/audit", "/sources/new"] {
        let page = admin.page(path).await;
        check(path, page.as_bytes());
        assert!(!page.contains(WRONG), "{path}");
    }
    for path in [
        "/api/v1/sources",
        "/api/v1/source-accounts",
        "/api/v1/sources/librenms",
        "/api/v1/sources/librenms/account",
        "/api/v1/audit",
    ] {
        check(path, pipeline.api.get(path).await.to_string().as_bytes());
    }
    check_tables(pipeline).await;
}

fn command(pipeline: &Pipeline, words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_padwacht"));
    command.current_dir(pipeline.dir()).args(words);
    let config = pipeline.args.iter().position(|flag| flag == "--config").expect("is given");
    let output = command.args(&pipeline.args[config..config + 2]).output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {text}{error}");
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_entered_is_read_until_it_is_removed() {
    let start = wall().millis();
    let start = Timestamp(start - start.rem_euclid(CYCLE_MS));
    let nms = Nms::start(&world(), Vec::new(), start).await;
    let mut pipeline = Pipeline::all_unwatched(nms, STALE_AFTER, SAYS_ALL).await;
    let admin = Admin::sign_in(&pipeline.api.base).await;

    // The first start leads here.
    let first = admin.page("/").await;
    assert!(first.contains("href=\"/sources/new\""), "the first page says what to do");
    let tried = json!({"url": pipeline.nms.url, "token": TOKEN});
    let (status, tried) = admin.send(Method::POST, "/api/v1/sources/check", &tried).await;
    assert_eq!(status, StatusCode::OK, "{tried}");
    assert!(tried.contains("address and token") && tried.contains("\"is_well\":"), "{tried}");
    assert!(!tried.contains(TOKEN), "{tried}");
    let guessed = json!({"url": pipeline.nms.url, "token": WRONG});
    let (_, guessed) = admin.send(Method::POST, "/api/v1/sources/check", &guessed).await;
    assert!(guessed.contains("\"fault\":\"unauthorized\""), "{guessed}");

    // Not with the token of a person.
    let wanted = account(&pipeline.nms);
    let by_token = pipeline.api.ask(Method::POST, "/api/v1/sources", Some(&wanted)).await;
    assert_eq!(by_token.expect("answers").0, StatusCode::FORBIDDEN);
    let (status, added) = admin.send(Method::POST, "/api/v1/sources", &wanted).await;
    assert_eq!(status, StatusCode::CREATED, "{added}");
    assert!(!added.contains(TOKEN), "{added}");
    pipeline.api.import(&pipeline.nms.services()).await;
    fares(&pipeline, "ok", None).await;
    services_are(&pipeline, "up").await;
    wait::until_true("its inventory is read", async || {
        let devices = pipeline.api.get("/api/v1/sources/librenms/devices").await;
        devices["total"].as_u64() > Some(10)
    })
    .await;
    shows_no_token(&pipeline, &admin).await;

    // A new key beside the running process.
    let rotated = command(&pipeline, &["secrets", "rotate", "--new-key"]);
    assert!(rotated.contains("nms_accounts.token_sealed: 1 sealed anew"), "{rotated}");
    let verified = command(&pipeline, &["secrets", "verify"]);
    assert!(verified.contains("nms_accounts.token_sealed: 1 found"), "{verified}");

    // Another token, and back.
    let path = "/api/v1/sources/librenms/token";
    for (token, state, fault) in [(WRONG, "down", Some("unauthorized")), (TOKEN, "ok", None)] {
        let set = admin.send(Method::PUT, path, &json!({"token": token})).await;
        assert_eq!(set.0, StatusCode::NO_CONTENT, "{}", set.1);
        fares(&pipeline, state, fault).await;
    }
    shows_no_token(&pipeline, &admin).await;

    // Gone: it is asked nothing more, and what it watched is not known.
    let gone = admin.send(Method::DELETE, "/api/v1/sources/librenms", &json!({})).await;
    assert_eq!(gone.0, StatusCode::NO_CONTENT, "{}", gone.1);
    wait::until_true("it is told to end", async || {
        pipeline.stage("all").has_said(&["an NMS account was removed", "librenms"])
    })
    .await;
    wait::until_true("the last request is over", async || {
        let before = pipeline.nms.requests();
        pipeline.api.get("/api/v1/status").await;
        pipeline.nms.requests() == before
    })
    .await;
    let before = pipeline.nms.requests();
    services_are(&pipeline, "unknown").await;
    let asked = pipeline.api.ask(Method::GET, "/api/v1/sources/librenms", None).await;
    assert_eq!(asked.expect("answers").0, StatusCode::NOT_FOUND);
    assert_eq!(pipeline.nms.requests(), before, "nobody reads it");

    assert!(pipeline.stage("all").has_said(&["called the NMS"]), "the log is at its fullest");
    pipeline.stage("all").kill();
    for message in &pipeline.log.messages().await {
        check("a message", message);
    }
    assert!(check_files(pipeline.dir()) > 10, "everything was looked at");
}
