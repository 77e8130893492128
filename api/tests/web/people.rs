//! Users, customers and the audit trail over HTTP.

use reqwest::Method;
use serde_json::{Value, json};
use store::records::Role;

use crate::rig::{Answer, PASSWORD, TestApp, cookie};

struct Admin<'a> {
    app: &'a TestApp,
    token: String,
}

impl Admin<'_> {
    async fn of(app: &TestApp) -> Admin<'_> {
        Admin { app, token: app.token().await }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.app.send(method, path, &[("authorization", &self.token)], body).await
    }

    async fn customer(&self, name: &str) -> String {
        let body = Some(json!({"name": name, "number": "1042"}));
        let made = self.send(Method::POST, "/api/v1/customers", body).await.expect(201).json();
        made["id"].as_str().expect("an id").to_owned()
    }
}

#[tokio::test]
async fn somebody_is_invited_registers_signs_in_and_is_banned() {
    let app = TestApp::without_series().await;
    let admin = Admin::of(&app).await;
    let ede = admin.customer("Ede").await;
    let body = json!({"email": "Anna@example.net", "role": "klant", "customers": [ede]});
    let invited = admin.send(Method::POST, "/api/v1/users", Some(body.clone())).await.expect(201);
    let invited = invited.json();
    assert_eq!(invited["user"]["standing"], "invited");
    assert_eq!(invited["user"]["customers"][0]["name"], "Ede");
    let link = invited["invitation"]["link"].as_str().expect("a link").to_owned();
    let token = link.split('#').next_back().expect("a token").to_owned();
    admin.send(Method::POST, "/api/v1/users", Some(body)).await.expect(409);
    app.try_password("anna@example.net", "!").await.expect(401);

    let page = app.follow(&link).await.expect(200);
    assert!(page.body.contains("anna@example.net"), "{}", page.body);
    let register = async |password: &str, again: &str| {
        let form =
            [("token", token.as_str()), ("name", "Anna"), ("password", password), ("again", again)];
        app.post_form("/register", &[], &form).await
    };
    register("short", "short").await.expect(422);
    register(PASSWORD, "another one entirely").await.expect(422);
    register(PASSWORD, PASSWORD).await.expect(303);
    register(PASSWORD, PASSWORD).await.expect(404);
    app.follow(&link).await.expect(404);

    let session = cookie(&app.try_password("anna@example.net", PASSWORD).await.expect(303));
    let session = session.expect("a session");
    let own = [("cookie", session.as_str())];
    let issued = app.send(Method::POST, "/api/v1/tokens", &own, Some(json!({"name": "x"}))).await;
    let bearer = format!("Bearer {}", issued.expect(201).json()["token"].as_str().expect("one"));
    app.get("/api/v1/profile", &own).await.expect(200);
    app.get("/api/v1/profile", &[("authorization", &bearer)]).await.expect(200);

    let id = invited["user"]["id"].as_str().expect("an id");
    let path = format!("/api/v1/users/{id}/standing");
    admin.send(Method::PUT, &path, Some(json!({"standing": "banned"}))).await.expect(200);
    app.get("/api/v1/profile", &own).await.expect(401);
    app.get("/api/v1/profile", &[("authorization", &bearer)]).await.expect(401);
    app.try_password("anna@example.net", PASSWORD).await.expect(401);
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let app = TestApp::without_series().await;
    let admin = Admin::of(&app).await;
    let own = admin.send(Method::GET, "/api/v1/profile", None).await.expect(200).json();
    let path = format!("/api/v1/users/{}", own["id"].as_str().expect("an id"));
    let body = json!({"email": own["email"], "role": "accountmanager"});
    let answer = admin.send(Method::PUT, &path, Some(body)).await.expect(422);
    assert_eq!(answer.json()["errors"][0]["place"], "role");
    for standing in ["inactive", "banned"] {
        let body = json!({"standing": standing});
        admin.send(Method::PUT, &format!("{path}/standing"), Some(body)).await.expect(422);
    }
}

#[tokio::test]
async fn a_creation_with_a_key_happens_once_and_its_secret_is_not_kept() {
    let app = TestApp::without_series().await;
    let admin = Admin::of(&app).await;
    let body = json!({"email": "new@example.net", "role": "accountmanager"});
    let headers = [("authorization", admin.token.as_str()), ("idempotency-key", "k-1")];
    let send = async |body: &Value| {
        app.send(Method::POST, "/api/v1/users", &headers, Some(body.clone())).await
    };
    let first = send(&body).await.expect(201);
    assert!(first.json()["invitation"]["link"].is_string());
    let second = send(&body).await.expect(201);
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(second.json()["user"]["id"], first.json()["user"]["id"]);
    assert_eq!(second.json()["invitation"]["link"], Value::Null);
    let other = json!({"email": "other@example.net", "role": "accountmanager"});
    assert_eq!(send(&other).await.expect(422).json()["errors"][0]["place"], "Idempotency-Key");
}

#[tokio::test]
async fn a_list_that_is_sent_again_with_its_key_is_taken_once_and_a_trial_is_another_request() {
    let app = TestApp::without_series().await;
    let admin = Admin::of(&app).await;
    let send = async |trial: bool, key: &str| {
        let path = format!("/api/v1/users/import?trial={trial}");
        let headers = [
            ("authorization", admin.token.as_str()),
            ("idempotency-key", key),
            ("content-type", "text/csv"),
        ];
        app.post_text(&path, &headers, "email,role\nnew@example.net,accountmanager\n").await
    };
    assert_eq!(send(true, "k-1").await.expect(200).json()["done"], false);
    let refused = send(false, "k-1").await.expect(422).json();
    assert_eq!(refused["errors"][0]["place"], "Idempotency-Key");
    let first = send(false, "k-2").await.expect(200);
    assert_eq!(first.json()["lines"][0]["plan"], "invite");
    let again = send(false, "k-2").await.expect(200);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.json()["lines"][0]["plan"], "invite", "it does not say that nothing is left");
    assert_eq!(again.json()["lines"][0]["link"], Value::Null);
}

#[tokio::test]
async fn a_list_is_tried_before_it_is_taken() {
    let app = TestApp::start().await;
    let admin = Admin::of(&app).await;
    admin.customer("Ede").await;
    let session = app.sign_in().await;
    let own = [("cookie", session.as_str())];
    let list = "email;role;customers\nanna@example.net;klant;1042\nbob@example.net;klant;Nobody\n";
    let tried = app.post_form("/users/import", &own, &[("text", list)]).await.expect(200);
    let why = "Geen klant heeft de naam of het nummer Nobody.";
    assert!(tried.body.contains(why), "in the reader's language: {}", tried.body);
    let good = list.replace("Nobody", "Ede");
    let tried = app.post_form("/users/import", &own, &[("text", &good)]).await.expect(200);
    assert!(!tried.body.contains("/register#"), "a trial makes no links");
    let count = async || {
        let found = admin.send(Method::GET, "/api/v1/users", None).await.expect(200).json();
        found["total"].as_u64().expect("a number")
    };
    assert_eq!(count().await, 1);
    let (_, rest) = tried.body.split_once("name=\"expect\" value=\"").expect("the hash");
    let expect = rest.split('"').next().expect("a value").to_owned();
    let meant = async |list: &str| {
        let form = [("text", list), ("do", "1"), ("expect", expect.as_str())];
        app.post_form("/users/import", &own, &form).await.expect(200)
    };
    // Another list than the one that was tried.
    let other = meant(&good.replace("bob", "rob")).await;
    assert!(other.body.contains("sinds de proef") && !other.body.contains("/register#"));
    assert_eq!(count().await, 1);
    let done = meant(&good).await;
    assert_eq!(done.body.matches("/register#").count(), 2);
    assert_eq!(count().await, 3);
    let refused = app.post_form("/users/import", &own, &[("text", "nonsense")]).await.expect(422);
    assert!(refused.body.contains("de kolom nonsense is niet bekend."), "{}", refused.body);
    // The same for programs.
    let own = [("authorization", admin.token.as_str())];
    let send = async |query: &str| {
        let text = "email,time_zone\nanna@example.net,Europe/London\n";
        app.post_text(&format!("/api/v1/users/import?{query}"), &own, text).await
    };
    let trial = send("trial=true").await.expect(200).json();
    let changed = &trial["lines"][0]["differences"][0];
    assert_eq!(changed["field"], "time_zone", "{trial}");
    assert_eq!((&changed["before"], &changed["after"]), (&json!(""), &json!("Europe/London")));
    let hash = trial["hash"].as_str().expect("a hash");
    send("trial=false&expect=another").await.expect(409);
    assert_eq!(send(&format!("trial=false&expect={hash}")).await.expect(200).json()["done"], true);
    // It is done: the same would do something else now.
    send(&format!("trial=false&expect={hash}")).await.expect(409);
}

#[tokio::test]
async fn pages_about_people_work_as_their_forms_say() {
    let app = TestApp::configured(|config| config.public_url = "http://127.0.0.1:9".to_owned());
    let app = app.await;
    let admin = Admin::of(&app).await;
    let ede = admin.customer("Ede").await;
    let form = |name: &str, revision: &str| {
        [
            ("name", name.to_owned()),
            ("language", "en".to_owned()),
            ("contact_name", "NOC".to_owned()),
            ("contact_phone", "0318".to_owned()),
            ("revision", revision.to_owned()),
        ]
    };
    let session = app.sign_in().await;
    let own = [("cookie", session.as_str())];
    let path = format!("/customers/{ede}");
    let send = async |fields: &[(&str, String)]| {
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        app.post_form(&path, &own, &fields).await
    };
    let saved = send(&form("Gemeente Ede", "1")).await.expect(303);
    assert_eq!(saved.header("location"), format!("{path}?saved=1"));
    // The series are away, so the page around the form is too; the record is there.
    let after = admin.send(Method::GET, &format!("/api/v1{path}"), None).await.expect(200).json();
    assert_eq!(
        (&after["name"], &after["contacts"][0]["phone"]),
        (&json!("Gemeente Ede"), &json!("0318"))
    );
}

#[tokio::test]
async fn the_trail_tells_who_and_from_where_and_reads_as_csv() {
    let app = TestApp::without_series().await;
    let admin = Admin::of(&app).await;
    admin.customer("Ede").await;
    let found = admin.send(Method::GET, "/api/v1/audit?kind=customer", None).await.expect(200);
    let entry = &found.json()["entries"][0];
    assert_eq!((&entry["action"], &entry["address"]), (&json!("create"), &json!("127.0.0.1")));
    assert!(entry["token_id"].is_string() && entry["after"]["name"] == "Ede", "{entry}");
    let whole = admin.send(Method::GET, "/api/v1/audit/verification", None).await.expect(200);
    assert_eq!(whole.json()["intact"], true);
    let csv = admin.send(Method::GET, "/api/v1/audit.csv?q=customer", None).await.expect(200);
    assert!(csv.header("content-type").starts_with("text/csv"));
    assert_eq!(csv.body.lines().count(), 2, "{}", csv.body);
    let (_, klant) = app.acting("k@example.net", Role::Klant, &[]).await;
    app.get("/api/v1/audit.csv", &[("authorization", &klant)]).await.expect(403);
}
