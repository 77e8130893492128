//! Two `padwacht api` processes behind one name, on one PostgreSQL: who is
//! signed in at one is so at the other, and who is out at one is out at both.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use futures::future::join_all;
use reqwest::header::{LOCATION, SET_COOKIE};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use test_provider::authenticator::ORIGIN;
use test_provider::{Algorithm, CLIENT_ID, CLIENT_SECRET, Person, TestProvider};

use crate::across;
use crate::api::{ADMIN_EMAIL, ADMIN_PASSWORD};
use crate::history::{History, STALE_AFTER};
use crate::pipeline::{Database, Pipeline};
use crate::process::Process;

const KLANT: &str = "anna@ede.example";
const KLANT_PASSWORD: &str = "another correct horse";
/// Tries that each process would admit if it counted for itself alone.
const FREE_TRIES: usize = 5;

/// Somebody in a browser, who reaches now one process and now the other.
struct Browser {
    client: Client,
    cookie: String,
}

impl Browser {
    async fn sign_in(at: &str, email: &str, password: &str) -> Browser {
        let client = client();
        let form = [("email", email), ("password", password)];
        let answer = client.post(format!("{at}/login")).form(&form).send().await.expect("answers");
        assert!(answer.headers().contains_key(LOCATION), "not signed in: {}", answer.status());
        let cookie = answer.headers()[SET_COOKIE].to_str().expect("ASCII");
        let cookie = cookie.split(';').next().expect("a name and a value").to_owned();
        Browser { client, cookie }
    }

    async fn ask(&self, method: Method, at: &str, path: &str) -> (StatusCode, Value) {
        let request = self.client.request(method, format!("{at}{path}"));
        let answer = request.header("cookie", &self.cookie).send().await.expect("answers");
        let status = answer.status();
        (status, answer.json().await.unwrap_or_default())
    }

    async fn is_in(&self, at: &str) -> bool {
        match self.ask(Method::GET, at, "/api/v1/profile").await.0 {
            StatusCode::OK => true,
            StatusCode::UNAUTHORIZED => false,
            other => panic!("{at}: {other}"),
        }
    }

    /// Sends a form from a page that `site` says where it came from.
    async fn post(&self, at: &str, path: &str, site: &str, form: &[(&str, &str)]) -> StatusCode {
        let request = self.client.post(format!("{at}{path}")).header("sec-fetch-site", site);
        let request = request.header("cookie", &self.cookie).form(form);
        request.send().await.expect("answers").status()
    }
}

/// A provider that knows somebody of sales.
async fn provider() -> TestProvider {
    let now_s = || {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        i64::try_from(since.as_secs()).expect("small")
    };
    let provider = TestProvider::start(Algorithm::Es256, Arc::new(now_s)).await;
    provider.know("sanne", Person::new("sanne", "sanne@isp.example", &["sales"]));
    provider
}

fn client() -> Client {
    let redirects = reqwest::redirect::Policy::none();
    Client::builder().redirect(redirects).build().expect("a client")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_share_sessions_tokens_bans_and_the_count_of_guesses() {
    let nms = History::first(1).nms().await;
    let pipeline = Pipeline::apart(nms, STALE_AFTER, Database::Postgres).await;
    let mut second = Process::start_as("api", "api-2", &pipeline.args, pipeline.dir());
    let (one, two) = (pipeline.api.base.clone(), second.address().await);

    let admin = Browser::sign_in(&one, ADMIN_EMAIL, ADMIN_PASSWORD).await;
    assert!(admin.is_in(&one).await && admin.is_in(&two).await, "in at one, in at both");
    forms_of_our_own_pages_are_taken(&admin, &[&one, &two]).await;
    banned_at_one_is_out_at_both(&pipeline, &two).await;

    let elsewhere = Browser::sign_in(&two, ADMIN_EMAIL, ADMIN_PASSWORD).await;
    let ended = admin.ask(Method::DELETE, &one, "/api/v1/sessions").await;
    assert_eq!(ended.0, StatusCode::OK, "{}", ended.1);
    assert!(!elsewhere.is_in(&two).await, "ended at one, out at the other");
    assert!(admin.is_in(&two).await);
    let out = admin.post(&two, "/logout", "same-origin", &[]).await;
    assert_eq!(out, StatusCode::SEE_OTHER);
    assert!(!admin.is_in(&one).await, "signed out at the other, out at one");

    guesses_are_counted_together(&one, &two).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_begun_at_one_goes_on_at_the_other_and_counts_once() {
    let nms = History::first(1).nms().await;
    let provider = provider().await;
    let more = format!(
        "public_url = \"{ORIGIN}\"\n[oidc]\nissuer = \"{}\"\nclient_id = \"{CLIENT_ID}\"\n\
         client_secret = \"{CLIENT_SECRET}\"\naccountmanager_groups = [\"sales\"]\n\
         newcomers = \"create\"\n",
        provider.issuer(),
    );
    let pipeline = Pipeline::apart_with(nms, STALE_AFTER, Database::Postgres, &more).await;
    let mut second = Process::start_as("api", "api-2", &pipeline.args, pipeline.dir());
    let (one, two) = (pipeline.api.base.clone(), second.address().await);

    across::a_key_creates_once(&pipeline.api, &two).await;
    let tess = across::registered(&pipeline.api, &two, "tess@ede.example").await;
    across::codes_count_once(&one, &two, &tess).await;
    let pim = across::registered(&pipeline.api, &two, "pim@ede.example").await;
    across::passkeys_are_asked_for_once(&one, &two, &pim).await;
    across::the_provider_sends_back_to_either(&one, &two, &provider).await;
}

/// What guards forms against other sites is in the request alone, so both
/// processes judge alike.
async fn forms_of_our_own_pages_are_taken(admin: &Browser, places: &[&str]) {
    let form = [("name", "Beheer"), ("language", "en")];
    for at in places {
        let own = admin.post(at, "/profile", "same-origin", &form).await;
        assert_eq!(own, StatusCode::SEE_OTHER, "{at}");
        let foreign = admin.post(at, "/profile", "cross-site", &form).await;
        assert_eq!(foreign, StatusCode::FORBIDDEN, "{at}");
    }
}

async fn banned_at_one_is_out_at_both(pipeline: &Pipeline, two: &str) {
    let api = &pipeline.api;
    let ede = api.send(Method::POST, "/api/v1/customers", &json!({"name": "Ede"})).await;
    let invited = json!({"email": KLANT, "role": "klant", "customers": [ede["id"]]});
    let invited = api.send(Method::POST, "/api/v1/users", &invited).await;
    let link = invited["invitation"]["link"].as_str().expect("a link");
    let token = link.split('#').next_back().expect("a token");
    let form = [
        ("token", token),
        ("name", "Anna"),
        ("password", KLANT_PASSWORD),
        ("again", KLANT_PASSWORD),
    ];
    let registered = client().post(format!("{two}/register")).form(&form).send().await;
    assert_eq!(registered.expect("answers").status(), StatusCode::SEE_OTHER);
    let klant = Browser::sign_in(two, KLANT, KLANT_PASSWORD).await;
    let request = klant.client.post(format!("{two}/api/v1/tokens")).header("cookie", &klant.cookie);
    let issued = request.json(&json!({"name": "script"})).send().await.expect("answers");
    let issued: Value = issued.json().await.expect("JSON");
    let token = issued["token"].as_str().expect("a token");
    let by_token = async |at: &str| {
        let asked = client().get(format!("{at}/api/v1/profile")).bearer_auth(token).send().await;
        asked.expect("answers").status()
    };
    for at in [api.base.as_str(), two] {
        assert!(klant.is_in(at).await, "{at}");
        assert_eq!(by_token(at).await, StatusCode::OK, "{at}");
    }
    let id = invited["user"]["id"].as_str().expect("an id");
    let path = format!("/api/v1/users/{id}/standing");
    api.send(Method::PUT, &path, &json!({"standing": "banned"})).await;
    for at in [two, api.base.as_str()] {
        assert!(!klant.is_in(at).await, "{at}");
        assert_eq!(by_token(at).await, StatusCode::UNAUTHORIZED, "{at}");
    }
}

/// All at once, so that no wait can pass: as many are admitted as one process
/// admits, and not as many as two would. Each further one that a slow machine
/// lets through had to wait twice as long as the one before.
async fn guesses_are_counted_together(one: &str, two: &str) {
    let guesses = (0..8 * FREE_TRIES).map(|number| {
        let at = if number % 2 == 0 { one } else { two };
        async move {
            let form = [("email", "guessed@example.net"), ("password", "guess")];
            let answer = client().post(format!("{at}/login")).form(&form).send().await;
            answer.expect("answers").status() != StatusCode::TOO_MANY_REQUESTS
        }
    });
    let admitted = join_all(guesses).await.into_iter().filter(|admitted| *admitted).count();
    assert!((FREE_TRIES..2 * FREE_TRIES).contains(&admitted), "{admitted} guesses were looked at");
}
