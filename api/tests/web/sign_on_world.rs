//! A product with single sign-on, its provider, and browsers that go to and fro.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use api::{ApiConfig, SsoConfig, SsoGroup};
use reqwest::redirect::Policy;
use store::records::{Actor, CustomerDraft, LoginAttemptFilter, Page, Role, User};
use test_provider::{Algorithm, CLIENT_ID, CLIENT_SECRET, Person, TestProvider};

use crate::rig::{Answer, NOW, PASSWORD, TestApp};

/// A product, its provider, and a browser that keeps cookies.
pub(crate) struct World {
    pub(crate) app: TestApp,
    pub(crate) provider: TestProvider,
    passed_ms: Arc<AtomicI64>,
}

/// Cookies of one browser, as a request header holds them.
#[derive(Clone, Default)]
pub(crate) struct Browser {
    pub(crate) cookies: Vec<(String, String)>,
}

impl Browser {
    pub(crate) fn header(&self) -> String {
        let pairs: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    pub(crate) fn keep(&mut self, answer: &Answer) {
        for set in answer.headers.get_all("set-cookie") {
            let set = set.to_str().expect("text");
            let (name, value) =
                set.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            self.cookies.retain(|(known, _)| known != name);
            if !set.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    pub(crate) fn has_session(&self) -> bool {
        self.cookies.iter().any(|(name, _)| name == "padwacht_session")
    }
}

fn group(group: &str, role: Role, customers: &[&str]) -> SsoGroup {
    let customers = customers.iter().map(ToString::to_string).collect();
    SsoGroup { group: group.to_owned(), role, customers }
}

pub(crate) fn config(issuer: &str) -> SsoConfig {
    SsoConfig {
        issuer: issuer.to_owned(),
        client_id: CLIENT_ID.to_owned(),
        client_secret: Some(CLIENT_SECRET.into()),
        scopes: vec!["profile".to_owned(), "email".to_owned()],
        groups_claim: "groups".to_owned(),
        customers_claim: Some("customers".to_owned()),
        groups: vec![
            group("noc", Role::Beheer, &[]),
            group("sales", Role::Accountmanager, &[]),
            group("ede", Role::Klant, &["Gemeente Ede"]),
            group("customer", Role::Klant, &[]),
        ],
        acr_values: vec!["urn:two".to_owned()],
        amr_values: vec!["mfa".to_owned(), "otp".to_owned()],
        creates_users: true,
        labels: ["Inloggen bij ISP".to_owned(), "Sign in at ISP".to_owned()],
        only_for: Default::default(),
        emergency_accounts: Vec::new(),
    }
}

impl World {
    pub(crate) async fn new() -> World {
        World::with(Algorithm::Es256, |_| {}).await
    }

    pub(crate) async fn with(algorithm: Algorithm, change: impl FnOnce(&mut SsoConfig)) -> World {
        World::begin(algorithm, change, |_| {}).await
    }

    /// With another configuration of the product itself.
    pub(crate) async fn with_config(configure: impl FnOnce(&mut ApiConfig)) -> World {
        World::begin(Algorithm::Es256, |_| {}, configure).await
    }

    async fn begin(
        algorithm: Algorithm,
        change: impl FnOnce(&mut SsoConfig),
        configure: impl FnOnce(&mut ApiConfig),
    ) -> World {
        let passed_ms = Arc::new(AtomicI64::new(0));
        let passed = Arc::clone(&passed_ms);
        let clock = Arc::new(move || (NOW.0 + passed.load(Ordering::SeqCst)) / 1_000);
        let provider = TestProvider::start(algorithm, clock).await;
        let mut sso = config(provider.issuer());
        change(&mut sso);
        let app = TestApp::configured(|config| {
            config.sso = Some(sso);
            configure(config);
        })
        .await;
        let actor = Actor::new("test", NOW);
        let number = Some("1042".to_owned());
        let ede = CustomerDraft { number, ..CustomerDraft::named("Gemeente Ede") };
        app.records.customers().create(&actor, &ede).await.expect("a customer");
        provider.know("anna", Person::new("s-anna", "anna@example.net", &["noc", "other"]));
        World { app, provider, passed_ms }
    }

    /// Moves the clocks of product and provider.
    pub(crate) fn advance_ms(&self, ms: i64) {
        self.passed_ms.fetch_add(ms, Ordering::SeqCst);
        self.app.advance_ms(ms);
    }

    pub(crate) async fn get(&self, browser: &mut Browser, path: &str) -> Answer {
        let cookies = browser.header();
        let answer = self.app.get(path, &[("cookie", &cookies), ("accept-language", "en")]).await;
        browser.keep(&answer);
        answer
    }

    pub(crate) async fn post(
        &self,
        browser: &mut Browser,
        path: &str,
        form: &[(&str, &str)],
    ) -> Answer {
        let cookies = browser.header();
        let headers = [("cookie", cookies.as_str()), ("accept-language", "en")];
        let answer = self.app.post_form(path, &headers, form).await;
        browser.keep(&answer);
        answer
    }

    /// Goes to the provider from `path`; gives the address that it is sent to.
    pub(crate) async fn leave(&self, browser: &mut Browser, path: &str) -> String {
        let answer = self.get(browser, path).await.expect(303);
        answer.header("location").to_owned()
    }

    /// Proves there who `user` is; gives the path to come back to.
    pub(crate) async fn prove(&self, authorize: &str, user: &str) -> String {
        let (_, query) = authorize.split_once('?').expect("a query");
        let mut fields: Vec<(String, String)> =
            url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        fields.push(("user".to_owned(), user.to_owned()));
        fields.push(("password".to_owned(), "password".to_owned()));
        let client = reqwest::Client::builder().redirect(Policy::none()).build().expect("a client");
        let address = format!("{}/authorize", self.provider.issuer());
        let answer = client.post(address).form(&fields).send().await.expect("the provider answers");
        assert_eq!(answer.status(), 303);
        let back = answer.headers()["location"].to_str().expect("an address");
        back.strip_prefix(&self.app.base).expect("back to us").to_owned()
    }

    /// The whole way, from `path` on.
    pub(crate) async fn come(&self, browser: &mut Browser, path: &str, user: &str) -> Answer {
        let authorize = self.leave(browser, path).await;
        let back = self.prove(&authorize, user).await;
        self.get(browser, &back).await
    }

    pub(crate) async fn sign_on(&self, user: &str) -> (Browser, Answer) {
        let mut browser = Browser::default();
        let answer = self.come(&mut browser, "/login/oidc", user).await;
        (browser, answer)
    }

    #[track_caller]
    pub(crate) fn check_refused(browser: &Browser, answer: &Answer, code: &str) {
        let place = format!("/login?sso={code}");
        assert_eq!((answer.status, answer.header("location")), (303, place.as_str()));
        assert!(!browser.has_session(), "nobody came in");
    }

    pub(crate) async fn user(&self, email: &str) -> Option<User> {
        self.app.records.users().by_email(email).await.expect("records")
    }

    pub(crate) async fn attempts(&self) -> Vec<(String, String)> {
        let attempts = self.app.records.login_attempts();
        let attempts = attempts.list(&LoginAttemptFilter::default(), Page::first(9)).await;
        let pair = |result: &str, email: &str| (result.to_owned(), email.to_owned());
        let attempts = attempts.expect("records");
        let attempts = attempts.iter().map(|noted| &noted.attempt);
        attempts.map(|attempt| pair(attempt.result.as_str(), &attempt.email)).collect()
    }

    /// Signs in by password.
    pub(crate) async fn by_password(&self, email: &str) -> Browser {
        let mut browser = Browser::default();
        let form = [("email", email), ("password", PASSWORD)];
        self.post(&mut browser, "/login", &form).await.expect(303);
        browser
    }
}
