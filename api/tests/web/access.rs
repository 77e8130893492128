//! Sessions, the log of sign-in attempts, tokens of services and mails.

use reqwest::Method;
use serde_json::{Value, json};
use store::records::Role;

use crate::rig::{ADMIN, Answer, PASSWORD, TestApp, cookie};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:151.0) Gecko/20100101 Firefox/151.0";
const KLANT: &str = "klant@example.net";

async fn signed_in(app: &TestApp, email: &str) -> String {
    let form = [("email", email), ("password", PASSWORD)];
    let answer = app.post_form("/login", &[("user-agent", FIREFOX)], &form).await.expect(303);
    cookie(&answer).expect("a session")
}

fn field<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name].as_str().unwrap_or_else(|| panic!("no {name} in {of}"))
}

async fn send(app: &TestApp, method: Method, path: &str, session: &str) -> Answer {
    app.send(method, path, &[("cookie", session)], None).await
}

#[tokio::test]
async fn people_see_their_sessions_and_end_one_or_all_others() {
    let app = TestApp::start().await;
    app.add_user(KLANT, Role::Klant, true).await;
    let (own, other, third) =
        (signed_in(&app, KLANT).await, signed_in(&app, KLANT).await, signed_in(&app, KLANT).await);
    let list = send(&app, Method::GET, "/api/v1/sessions", &own).await.expect(200).json();
    let sessions = list["sessions"].as_array().expect("a list");
    assert_eq!(sessions.len(), 3);
    assert_eq!(sessions.iter().filter(|one| one["current"] == true).count(), 1);
    assert_eq!(
        (field(&sessions[0], "address"), field(&sessions[0], "user_agent")),
        ("127.0.0.1", FIREFOX)
    );
    assert!(!list.to_string().contains(own.split('=').next_back().expect("a secret")));
    let page = send(&app, Method::GET, "/profile/sessions", &own).await.expect(200);
    assert!(page.body.contains("Firefox op Linux"), "{}", page.body);

    // The latest stands first: that is the third.
    let id = field(&sessions[0], "id").to_owned();
    let path = format!("/api/v1/sessions/{id}");
    send(&app, Method::DELETE, &path, &own).await.expect(204);
    send(&app, Method::DELETE, &path, &own).await.expect(404);
    send(&app, Method::GET, "/api/v1/profile", &third).await.expect(401);
    send(&app, Method::GET, "/api/v1/profile", &other).await.expect(200);
    let headers = [("cookie", own.as_str())];
    let ended = app.post_form("/profile/sessions/revoke", &headers, &[("others", "1")]).await;
    assert_eq!(ended.expect(303).header("location"), "/profile/sessions?ended=1");
    send(&app, Method::GET, "/api/v1/profile", &other).await.expect(401);
    let everywhere = "/api/v1/sessions?everywhere=true";
    let ended = send(&app, Method::DELETE, everywhere, &own).await.expect(200);
    assert_eq!(ended.json()["ended"], 1);
    send(&app, Method::GET, "/api/v1/profile", &own).await.expect(401);

    let token = app.token().await;
    let admin = [("authorization", token.as_str())];
    let told = app.get("/api/v1/audit?kind=session", &admin).await.expect(200).json();
    let told = told["entries"].as_array().expect("a list").clone();
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|one| one["action"] == "revoke" && one["actor"] == KLANT), "{told:?}");
}

#[tokio::test]
async fn sessions_of_others_are_for_administrators() {
    let app = TestApp::start().await;
    app.add_user(KLANT, Role::Klant, true).await;
    app.add_user("am@example.net", Role::Accountmanager, true).await;
    let klant = signed_in(&app, KLANT).await;
    let manager = signed_in(&app, "am@example.net").await;
    let admin = app.sign_in().await;
    let users = send(&app, Method::GET, "/api/v1/users?q=klant", &admin).await.expect(200).json();
    let id = field(&users["users"][0], "id").to_owned();
    let path = format!("/api/v1/sessions?user={id}");
    let list = send(&app, Method::GET, &path, &admin).await.expect(200).json();
    let session = field(&list["sessions"][0], "id").to_owned();
    for method in [Method::GET, Method::DELETE] {
        let theirs = send(&app, method.clone(), &path, &manager).await.expect(404);
        let nobodys = path.replace(&id[..8], "01890000");
        assert_eq!(
            theirs.json()["detail"],
            send(&app, method, &nobodys, &manager).await.json()["detail"]
        );
    }
    let one = format!("/api/v1/sessions/{session}");
    send(&app, Method::DELETE, &one, &manager).await.expect(404);
    let page = send(&app, Method::GET, &format!("/users/{id}"), &admin).await.expect(200);
    assert!(page.body.contains("Firefox op Linux"), "{}", page.body);
    let form = format!("/users/{id}/sessions");
    app.post_form(&form, &[("cookie", &manager)], &[]).await.expect(403);
    app.post_form(&form, &[("cookie", &admin)], &[]).await.expect(303);
    send(&app, Method::GET, "/api/v1/profile", &klant).await.expect(401);
    send(&app, Method::GET, "/api/v1/profile", &manager).await.expect(200);
}

#[tokio::test]
async fn attempts_are_filtered_exported_and_seen_by_whom_they_concern() {
    let app = TestApp::start().await;
    app.add_user(KLANT, Role::Klant, true).await;
    app.try_password(KLANT, "wrong").await.expect(401);
    app.try_password("=nobody@example.net", "wrong").await.expect(401);
    let klant = signed_in(&app, KLANT).await;
    for _ in 0..6 {
        app.try_password("flood@example.net", "wrong").await;
    }
    app.advance_ms(60_000);
    let admin = app.sign_in().await;
    let count = async |query: &str, session: &str| {
        let path = format!("/api/v1/login-attempts{query}");
        let found = send(&app, Method::GET, &path, session).await.expect(200).json();
        found["attempts"].as_array().expect("a list").len()
    };
    assert_eq!(count("?account=NOBODY", &admin).await, 1);
    assert_eq!(count("?account=klant&result=ok", &admin).await, 1);
    assert_eq!(count("?result=throttled", &admin).await, 1, "one row for all that were refused");
    assert_eq!(count("?address=10.", &admin).await, 0);
    assert_eq!(count("?to=2026-11-22T12:00:30Z", &admin).await, count("", &admin).await - 1);
    assert_eq!(count("", &klant).await, 2, "their own");
    assert_eq!(count("?account=nobody", &klant).await, 0);
    let bad = send(&app, Method::GET, "/api/v1/login-attempts?result=x", &admin).await.expect(422);
    assert_eq!(bad.json()["errors"][0]["place"], "login result");
    let csv = send(&app, Method::GET, "/api/v1/login-attempts.csv?account=nobody", &admin).await;
    let csv = csv.expect(200);
    assert!(
        csv.body.contains("'=nobody@example.net") && csv.body.lines().count() == 2,
        "{}",
        csv.body
    );
    let first = send(&app, Method::GET, "/api/v1/login-attempts?limit=1", &admin).await.json();
    let rest = format!("?below={}", field(&first, "next"));
    assert_eq!(count(&rest, &admin).await, count("", &admin).await - 1);
    let page =
        send(&app, Method::GET, "/login-attempts?result=throttled", &admin).await.expect(200);
    assert!(page.body.contains("flood@example.net"), "{}", page.body);
    assert!(!page.body.contains(KLANT), "{}", page.body);
    let page = send(&app, Method::GET, "/login-attempts", &klant).await.expect(200);
    assert!(
        !page.body.contains("flood") && page.body.contains("Verkeerd wachtwoord"),
        "{}",
        page.body
    );
    let own = send(&app, Method::GET, "/login-attempts.csv", &klant).await.expect(200);
    assert_eq!(own.body.lines().count(), 3, "{}", own.body);
}

#[tokio::test]
async fn a_service_comes_in_by_its_own_token_and_no_further_than_its_scopes() {
    let app = TestApp::without_series().await;
    let admin = app.sign_in().await;
    let own = [("cookie", admin.as_str())];
    let post = async |path: &str, body: Value| app.send(Method::POST, path, &own, Some(body)).await;
    let ede = post("/api/v1/customers", json!({"name": "Ede"})).await.expect(201).json();
    post("/api/v1/customers", json!({"name": "Rivaal"})).await.expect(201);
    let path = "/api/v1/service-tokens";
    let wish = |role: &str, customers: Value, scopes: Value| json!({"name": "Billing", "role": role, "customers": customers, "scopes": scopes});
    for (bad, place) in [
        (wish("klant", json!([]), json!(["read:customers"])), "customers"),
        (wish("beheer", json!([ede["id"]]), json!(["read:customers"])), "customers"),
        (wish("klant", json!([ede["id"]]), json!(["write:users"])), "scopes"),
        (wish("beheer", json!([]), json!(["write:profile"])), "scopes"),
        (wish("klant", json!([ede["id"]]), json!([])), "scopes"),
    ] {
        let refused = post(path, bad.clone()).await.expect(422).json();
        assert_eq!(refused["errors"][0]["place"], place, "{bad}");
    }
    let good = wish("klant", json!([ede["id"]]), json!(["read:customers"]));
    let issued = post(path, good).await.expect(201).json();
    let token = field(&issued, "token").to_owned();
    assert!(token.starts_with("pws_"), "{token}");
    let bearer = format!("Bearer {token}");
    let service = [("authorization", bearer.as_str())];
    let seen = app.get("/api/v1/customers", &service).await.expect(200).json();
    assert_eq!((&seen["total"], &seen["customers"][0]["name"]), (&json!(1), &json!("Ede")));
    let refused = app.get("/api/v1/services", &service).await.expect(403).json();
    assert_eq!(refused["type"], "urn:padwacht:problem:out-of-scope");
    assert_eq!(refused["errors"][0]["reason"], "the token needs the scope read:services");
    app.get("/api/v1/profile", &service).await.expect(403);
    let list = app.get(path, &own).await.expect(200);
    assert!(!list.body.contains(&token), "the secret is never shown again");
    let row = &list.json()["tokens"][0];
    assert_eq!((&row["prefix"], &row["role"]), (&json!(token[..10]), &json!("klant")));
    assert!(row["last_used_at"].is_string(), "{row}");
    let page = app.get("/service-tokens", &own).await;
    assert!([200, 503].contains(&page.status), "{}", page.body);
    let revoke = format!("{path}/{}", field(&issued, "id"));
    app.send(Method::DELETE, &revoke, &own, None).await.expect(204);
    app.get("/api/v1/customers", &service).await.expect(401);
}

#[tokio::test]
async fn what_a_token_does_is_told_with_its_name() {
    let app = TestApp::without_series().await;
    let admin = app.sign_in().await;
    let own = [("cookie", admin.as_str())];
    let body = json!({"name": "Import", "role": "beheer", "scopes": ["write:customers"]});
    let issued = app.send(Method::POST, "/api/v1/service-tokens", &own, Some(body)).await;
    let bearer = format!("Bearer {}", field(&issued.expect(201).json(), "token"));
    let service = [("authorization", bearer.as_str())];
    let body = Some(json!({"name": "Ede"}));
    app.send(Method::POST, "/api/v1/customers", &service, body).await.expect(201);
    let told = app.get("/api/v1/audit?kind=customer", &own).await.expect(200).json();
    let entry = &told["entries"][0];
    assert_eq!(entry["actor"], "service Import");
    assert!(field(entry, "token_name").starts_with("Import (pws_"), "{entry}");
}

#[tokio::test]
async fn a_token_passes_on_no_more_than_it_has() {
    let app = TestApp::without_series().await;
    let admin = app.sign_in().await;
    let issue = async |auth: &[(&str, &str)], scopes: Value| {
        let body = json!({"name": "x", "scopes": scopes});
        app.send(Method::POST, "/api/v1/tokens", auth, Some(body)).await
    };
    let own = [("cookie", admin.as_str())];
    let narrow = issue(&own, json!(["write:tokens", "read:users"])).await.expect(201).json();
    let bearer = format!("Bearer {}", field(&narrow, "token"));
    let narrow = [("authorization", bearer.as_str())];
    app.get("/api/v1/users", &narrow).await.expect(200);
    app.get("/api/v1/customers", &narrow).await.expect(403);
    issue(&narrow, json!(["read:users"])).await.expect(201);
    for more in [json!(["read:customers"]), json!(null)] {
        let refused = issue(&narrow, more).await.expect(422).json();
        assert_eq!(refused["errors"][0]["place"], "scopes");
    }
    let listed = app.get("/api/v1/tokens", &own).await.expect(200).json();
    assert_eq!(listed["tokens"][1]["scopes"], json!(["read:users", "write:tokens"]));
}

#[tokio::test]
async fn mails_are_listed_hurried_and_tested_where_there_is_a_server() {
    let bare = TestApp::without_series().await;
    let admin = bare.sign_in().await;
    let own = [("cookie", admin.as_str())];
    let refused =
        bare.send(Method::POST, "/api/v1/mails/test", &own, None).await.expect(422).json();
    assert_eq!(refused["errors"][0]["place"], "mail");
    let list = bare.get("/api/v1/mails", &own).await.expect(200).json();
    assert_eq!((&list["configured"], &list["total"]), (&json!(false), &json!(0)));

    let app = TestApp::configured(|config| config.sends_mail = true).await;
    let admin = app.sign_in().await;
    let own = [("cookie", admin.as_str())];
    let sent = app.send(Method::POST, "/api/v1/mails/test", &own, None).await.expect(201).json();
    assert_eq!(sent["recipient"], ADMIN);
    let list = app.get("/api/v1/mails?state=waiting", &own).await.expect(200).json();
    let mail = &list["mails"][0];
    assert_eq!((&mail["kind"], &mail["id"]), (&json!("test"), &sent["id"]));
    assert_eq!(app.get("/api/v1/mails?state=sent", &own).await.json()["total"], 0);
    app.get("/api/v1/mails?state=lost", &own).await.expect(422);
    let hurried = app.send(Method::POST, "/api/v1/mails/hurry", &own, None).await.expect(200);
    assert_eq!(hurried.json()["hurried"], 1);
    let told = app.get("/api/v1/audit?kind=mails", &own).await.expect(200).json();
    let told: Vec<&str> = told["entries"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| field(one, "action"))
        .collect();
    assert_eq!(told, ["hurry", "test"]);
    app.add_user(KLANT, Role::Klant, true).await;
    let klant = signed_in(&app, KLANT).await;
    app.get("/api/v1/mails", &[("cookie", &klant)]).await.expect(403);
}

#[tokio::test]
async fn pages_of_tokens_and_mails_show_a_secret_once_and_what_is_missing() {
    let app = TestApp::start().await;
    let admin = app.sign_in().await;
    let own = [("cookie", admin.as_str())];
    let form =
        [("name", "Grafana"), ("life", "30"), ("scope", "read:services"), ("scope", "read:users")];
    let issued = app.post_form("/profile/tokens", &own, &form).await.expect(200);
    let token = issued.body.split("id=\"fresh-token\">").nth(1).expect("it is shown");
    let token = token.split('<').next().expect("it ends").to_owned();
    let bearer = format!("Bearer {token}");
    app.get("/api/v1/users", &[("authorization", &bearer)]).await.expect(200);
    app.get("/api/v1/audit", &[("authorization", &bearer)]).await.expect(403);
    let page = app.get("/profile/tokens", &own).await.expect(200);
    assert!(page.body.contains("value=\"90\" selected"), "no token is for ever unasked");
    assert!(page.body.contains(&token[..9]) && !page.body.contains(&token), "{}", page.body);
    app.post_form("/profile/tokens", &own, &[("name", "x"), ("life", "30")]).await.expect(422);
    let id = app.get("/api/v1/tokens", &own).await.json()["tokens"][0]["id"].clone();
    let id = id.as_str().expect("an id");
    app.post_form("/profile/tokens/revoke", &own, &[("id", id)]).await.expect(303);
    app.get("/api/v1/users", &[("authorization", &bearer)]).await.expect(401);

    let form = [
        ("name", "Billing"),
        ("role", "klant"),
        ("scope", "read:services"),
        ("customers", "Nobody"),
    ];
    let refused = app.post_form("/service-tokens", &own, &form).await.expect(422);
    assert!(refused.body.contains("Nobody"), "{}", refused.body);
    let form =
        [("name", "Billing"), ("role", "beheer"), ("scope", "read:services"), ("life", "endless")];
    let issued = app.post_form("/service-tokens", &own, &form).await.expect(200);
    assert!(issued.body.contains("pws_"), "{}", issued.body);
    let page = app.get("/mails", &own).await.expect(200);
    assert!(page.body.contains("Er is geen mailserver ingesteld"), "{}", page.body);
    app.post_form("/mails/test", &own, &[]).await.expect(422);
}
