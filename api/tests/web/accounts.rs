//! Accounts at NMSes: who may enter them, and that a token never comes out.

use std::sync::Arc;

use api::{ConfiguredNms, NmsDesk, NmsField, NmsFinding, NmsRefusal, NmsWanted};
use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use store::records::{AccountDraft, Actor, AuditFilter, Page, Role};

use crate::rig::{Answer, NOW, PASSWORD, TestApp, cookie};

/// The token of the account that tests enter.
pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A configuration with one account, which takes every URL but one and can read
/// whoever is sent the right token.
#[derive(Debug)]
pub(crate) struct Desk(Vec<ConfiguredNms>);

impl Desk {
    pub(crate) fn new() -> Desk {
        let (name, kind) = ("rtm1".to_owned(), "librenms".to_owned());
        Desk(vec![ConfiguredNms { name, kind, url: "https://rtm1.example.net/".to_owned() }])
    }
}

impl NmsDesk for Desk {
    fn configured(&self) -> &[ConfiguredNms] {
        &self.0
    }

    fn settings(&self) -> Vec<NmsField> {
        let field = |key: &str, default: Option<&str>| NmsField {
            key: key.to_owned(),
            default: default.map(str::to_owned),
        };
        vec![field("requests_per_second", Some("5")), field("time_zone", None)]
    }

    fn check(&self, wanted: NmsWanted<'_>, token: &SecretString) -> Result<(), Vec<NmsRefusal>> {
        let mut refused = Vec::new();
        if !wanted.url.starts_with("https://") {
            let (field, reason) = ("url".to_owned(), "must begin with https://".to_owned());
            refused.push(NmsRefusal { field, reason });
        }
        if token.expose_secret().is_empty() {
            let (field, reason) = ("token".to_owned(), "is empty".to_owned());
            refused.push(NmsRefusal { field, reason });
        }
        if refused.is_empty() { Ok(()) } else { Err(refused) }
    }

    fn try_connection(
        &self,
        wanted: NmsWanted<'_>,
        token: &SecretString,
    ) -> Result<BoxFuture<'static, Vec<NmsFinding>>, Vec<NmsRefusal>> {
        self.check(wanted, token)?;
        let is_known = token.expose_secret() == TOKEN;
        let outcome = if is_known { Ok("LibreNMS 26.10".to_owned()) } else { Err("unauthorized") };
        let findings = vec![NmsFinding { subject: "address and token", outcome }];
        Ok(async move { findings }.boxed())
    }
}

async fn app() -> TestApp {
    TestApp::configured(|config| config.nms = Some(Arc::new(Desk::new()))).await
}

fn account() -> Value {
    let settings = json!({"time_zone": "Europe/Amsterdam"});
    json!({"name": "ams1", "url": "https://ams1.example.net", "token": TOKEN,
        "settings": settings})
}

/// As the administrator in a browser who signed in just now.
async fn send(app: &TestApp, cookie: &str, method: Method, path: &str, body: Value) -> Answer {
    app.send(method, path, &[("cookie", cookie)], Some(body)).await
}

#[tokio::test]
async fn an_account_is_entered_changed_and_removed_and_its_token_never_comes_out() {
    let app = app().await;
    let cookie = app.sign_in().await;
    let send = async |method, path: &str, body| send(&app, &cookie, method, path, body).await;
    let added = send(Method::POST, "/api/v1/sources", account()).await.expect(201);
    assert_eq!(added.header("location"), "/api/v1/sources/ams1/account");
    let added = added.json();
    assert_eq!((&added["from"], &added["enabled"]), (&json!("records"), &json!(true)));
    assert_eq!(added["token_set_by"], "admin@example.net");
    send(Method::POST, "/api/v1/sources", account()).await.expect(409);
    let sealed = app.records.accounts().token("ams1").await.expect("opens");
    assert_eq!(sealed.expose_secret(), TOKEN);

    let path = "/api/v1/sources/ams1";
    let off = json!({"url": "https://ams1.example.net", "enabled": false});
    let changed = send(Method::PUT, path, off).await.expect(200).json();
    assert_eq!((&changed["enabled"], &changed["settings"]), (&json!(false), &json!({})));
    let elsewhere = json!({"url": "https://elsewhere.example.net"});
    let refused = send(Method::PUT, path, elsewhere).await.expect(422).json();
    assert_eq!(refused["errors"][0]["place"], "token", "it is sent to no other URL");
    let other = "fedcba9876543210fedcba9876543210";
    let replaced = json!({"token": format!("{other}\n")});
    send(Method::PUT, "/api/v1/sources/ams1/token", replaced).await.expect(204);
    let sealed = app.records.accounts().token("ams1").await.expect("opens");
    assert_eq!(sealed.expose_secret(), other, "without the end of the line");

    let seen = [
        app.get("/api/v1/source-accounts", &[("cookie", &cookie)]).await.expect(200).body,
        app.get("/api/v1/sources/ams1/account", &[("cookie", &cookie)]).await.expect(200).body,
        app.get("/api/v1/audit", &[("cookie", &cookie)]).await.expect(200).body,
        added.to_string(),
        changed.to_string(),
    ];
    assert!(seen[2].contains("account/ams1") && seen[2].contains("token_set_at"), "{}", seen[2]);
    for text in &seen {
        assert!(!text.contains(TOKEN) && !text.contains(other), "{text}");
    }
    send(Method::DELETE, path, json!({})).await.expect(204);
    send(Method::DELETE, path, json!({})).await.expect(404);
    send(Method::PUT, "/api/v1/sources/ams1/token", json!({"token": TOKEN})).await.expect(404);
}

#[tokio::test]
async fn what_is_wrong_is_said_field_by_field_and_nothing_is_kept() {
    let app = app().await;
    let cookie = app.sign_in().await;
    let wrong = json!({"name": "ams1", "url": "http://192.0.2.1", "token": ""});
    let refused = send(&app, &cookie, Method::POST, "/api/v1/sources", wrong).await;
    let errors = refused.expect(422).json()["errors"].clone();
    assert_eq!((&errors[0]["place"], &errors[1]["place"]), (&json!("url"), &json!("token")));
    assert_eq!(app.records.accounts().list().await.expect("reads"), []);
}

#[tokio::test]
async fn what_the_configuration_makes_is_shown_and_not_changed() {
    let app = app().await;
    let cookie = app.sign_in().await;
    let send = async |method, path: &str, body| send(&app, &cookie, method, path, body).await;
    let listed = app.get("/api/v1/source-accounts", &[("cookie", &cookie)]).await.expect(200);
    assert_eq!(listed.json()["accounts"][0]["from"], "configuration");
    let mut same = account();
    same["name"] = json!("rtm1");
    send(Method::POST, "/api/v1/sources", same).await.expect(409);
    let body = json!({"url": "https://rtm1.example.net"});
    send(Method::PUT, "/api/v1/sources/rtm1", body).await.expect(409);
    send(Method::PUT, "/api/v1/sources/rtm1/token", json!({"token": TOKEN})).await.expect(409);
    send(Method::DELETE, "/api/v1/sources/rtm1", json!({})).await.expect(409);
}

#[tokio::test]
async fn a_connection_is_tried_and_nothing_kept() {
    let app = app().await;
    let cookie = app.sign_in().await;
    let check = async |body| send(&app, &cookie, Method::POST, "/api/v1/sources/check", body).await;
    let url = "https://ams1.example.net";
    let tried = check(json!({"url": url, "token": TOKEN})).await.expect(200).json();
    assert_eq!(
        (&tried["is_well"], &tried["steps"][0]["seen"]),
        (&json!(true), &json!("LibreNMS 26.10"))
    );
    let tried = check(json!({"url": url, "token": "guess"})).await.expect(200).json();
    assert_eq!(
        tried["steps"][0],
        json!({"subject": "address and token", "seen": null,
        "fault": "unauthorized"})
    );
    check(json!({"url": "http://192.0.2.1", "token": TOKEN})).await.expect(422);
    check(json!({"url": url})).await.expect(422);
    assert_eq!(app.records.accounts().list().await.expect("reads"), []);
    // That of an account is taken, for its own URL alone.
    send(&app, &cookie, Method::POST, "/api/v1/sources", account()).await.expect(201);
    assert_eq!(check(json!({"name": "ams1"})).await.expect(200).json()["is_well"], true);
    let elsewhere = json!({"name": "ams1", "url": "https://elsewhere.example.net"});
    let refused = check(elsewhere).await.expect(422).json();
    assert_eq!(refused["errors"][0]["place"], "token");
}

/// A token of a service with one scope, as the header holds it.
async fn service_token(app: &TestApp, scope: &str) -> String {
    let cookie = app.sign_in().await;
    let wanted = json!({"name": scope, "role": "beheer", "scopes": [scope]});
    let issued = send(app, &cookie, Method::POST, "/api/v1/service-tokens", wanted).await;
    format!("Bearer {}", issued.expect(201).json()["token"].as_str().expect("a token"))
}

#[tokio::test]
async fn no_token_of_a_person_enters_accounts_and_that_of_a_service_does() {
    let app = app().await;
    let personal = app.token().await;
    let by = async |token: &str, path: &str, method: Method, body: Value| {
        app.send(method, path, &[("authorization", token)], Some(body)).await
    };
    let refused = by(&personal, "/api/v1/sources", Method::POST, account()).await.expect(403);
    assert_eq!(refused.json()["type"], "urn:padwacht:problem:session-only");
    let url = json!({"url": "https://ams1.example.net", "token": TOKEN});
    by(&personal, "/api/v1/sources/check", Method::POST, url).await.expect(403);
    let service = service_token(&app, "write:sources").await;
    by(&service, "/api/v1/sources", Method::POST, account()).await.expect(201);
    let other = service_token(&app, "write:pipeline").await;
    by(&other, "/api/v1/sources/ams1", Method::DELETE, json!({})).await.expect(403);
    let audit = app.records.audit().list(&AuditFilter::default(), Page::first(9)).await;
    let audit = audit.expect("reads");
    assert!(audit.iter().any(|entry| entry.object == "account/ams1" && entry.token.is_some()));
}

#[tokio::test]
async fn an_old_session_proves_again_who_it_is() {
    let app = app().await;
    let cookie = app.sign_in().await;
    app.advance_ms(11 * 60_000);
    let refused = send(&app, &cookie, Method::POST, "/api/v1/sources", account()).await.expect(403);
    assert_eq!(refused.json()["type"], "urn:padwacht:problem:confirmation-required");
    let form = app.get("/sources/new", &[("cookie", &cookie)]).await.expect(303);
    assert!(form.header("location").starts_with("/confirm?"), "{}", form.header("location"));
}

#[tokio::test]
async fn the_forms_add_try_and_remove_and_show_no_token() {
    let app = TestApp::start_configured(|config| config.nms = Some(Arc::new(Desk::new()))).await;
    let cookie = app.sign_in().await;
    let page = async |path: &str| app.get(path, &[("cookie", &cookie)]).await.expect(200).body;
    let post = async |path: &str, form: &[(&str, &str)]| {
        app.post_form(path, &[("cookie", &cookie)], form).await
    };
    let new = page("/sources/new").await;
    assert!(
        new.contains("name=\"set.requests_per_second\"") && new.contains("formaction"),
        "{new}"
    );
    let form = [
        ("name", "ams1"),
        ("kind", "librenms"),
        ("url", "https://ams1.example.net"),
        ("token", TOKEN),
        ("enabled", "1"),
        ("set.time_zone", "UTC"),
    ];
    let tried = post("/sources/check", &form).await.expect(200).body;
    assert!(tried.contains("LibreNMS 26.10") && tried.contains("value=\"ams1\""), "{tried}");
    let mut wrong = form;
    wrong[2] = ("url", "http://192.0.2.1");
    let refused = post("/sources/new", &wrong).await.expect(422).body;
    assert!(refused.contains("Het adres moet met https:// beginnen"), "{refused}");
    assert_eq!(
        post("/sources/new", &form).await.expect(303).header("location"),
        "/sources?saved=1"
    );
    // It can be pushed to before it has reported.
    page("/sources/ams1/push").await;
    let listed = page("/sources").await;
    assert!(listed.contains("/sources/ams1/account"), "{listed}");
    assert!(!listed.contains("/sources/rtm1/account"), "that of the configuration is read-only");
    let one = page("/sources/ams1/account").await;
    assert!(one.contains("admin@example.net") && one.contains("value=\"UTC\""), "{one}");
    for text in [&tried, &refused, &listed, &one] {
        assert!(!text.contains(TOKEN), "{text}");
    }
    let other = [("token", "fedcba9876543210")];
    let replaced = post("/sources/ams1/account/token", &other).await.expect(303);
    assert_eq!(replaced.header("location"), "/sources/ams1/account?saved=1");
    let sealed = app.records.accounts().token("ams1").await.expect("opens");
    assert_eq!(sealed.expose_secret(), "fedcba9876543210");
    let kept = [("kind", "librenms"), ("url", "https://ams1.example.net"), ("token", "")];
    post("/sources/ams1/account", &kept).await.expect(303);
    let there = app.records.accounts().get("ams1").await.expect("reads").expect("is there");
    assert!(!there.entered.enabled && there.entered.settings.is_empty(), "{there:?}");
    let sealed = app.records.accounts().token("ams1").await.expect("opens");
    assert_eq!(sealed.expose_secret(), "fedcba9876543210", "an empty field keeps it");
    let unsure = post("/sources/ams1/account/removal", &[]).await.expect(422).body;
    assert!(unsure.contains("vink aan dat u het meent"), "{unsure}");
    assert!(app.records.accounts().get("ams1").await.expect("reads").is_some(), "not by itself");
    post("/sources/ams1/account/removal", &[("sure", "1")]).await.expect(303);
    app.get("/sources/ams1/account", &[("cookie", &cookie)]).await.expect(404);
}

#[tokio::test]
async fn who_has_no_account_is_led_to_the_form() {
    let nothing = Desk(Vec::new());
    let app = TestApp::start_configured(|config| config.nms = Some(Arc::new(nothing))).await;
    let cookie = app.sign_in().await;
    let leads = async || {
        let page = app.get("/", &[("cookie", &cookie)]).await.expect(200).body;
        page.contains("href=\"/sources/new\"")
    };
    assert!(leads().await);
    app.add_user("anna@example.net", Role::Klant, true).await;
    let klant = app.try_password("anna@example.net", PASSWORD).await;
    let klant = self::cookie(&klant).expect("a cookie");
    let page = app.get("/", &[("cookie", &klant)]).await.expect(200).body;
    assert!(!page.contains("/sources/new"), "is for whoever can mend it");
    let draft = AccountDraft {
        kind: "librenms".to_owned(),
        url: "https://ams1.example.net".to_owned(),
        enabled: true,
        ..AccountDraft::default()
    };
    let actor = Actor::new("test", NOW);
    let accounts = app.records.accounts();
    accounts.create(&actor, "ams1", &draft, &TOKEN.into()).await.expect("added");
    assert!(!leads().await);
}
