//! What a stranger, a neighbour, a leaked token and a browser left open cannot do.

use std::sync::{Arc, Mutex};

use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use store::records::{
    Actor, CustomerDraft, DueMail, LoginAttemptFilter, Page, Role, Standing, UserDraft, UserId,
};

use crate::rig::{ADMIN, Answer, NOW, PASSWORD, TestApp, cookie};

const MINUTE_MS: i64 = 60_000;

/// Client addresses are those that the test says.
async fn behind_a_proxy() -> TestApp {
    TestApp::configured(|config| {
        config.trusted_proxies = vec![std::net::IpAddr::from([127, 0, 0, 1]).into()]
    })
    .await
}

async fn with_mail() -> TestApp {
    TestApp::configured(|config| config.sends_mail = true).await
}

async fn id_of(app: &TestApp, email: &str) -> UserId {
    let found = app.records.users().by_email(email).await.expect("records");
    found.expect("is there").id
}

/// Every cookie that an answer sets, as a request header holds them.
fn cookies(answer: &Answer) -> String {
    let pairs = answer.headers.get_all("set-cookie").into_iter().filter_map(|set| {
        let set = set.to_str().expect("text");
        (!set.contains("Max-Age=0")).then(|| set.split(';').next().expect("a pair").to_owned())
    });
    pairs.collect::<Vec<_>>().join("; ")
}

/// Those but the session: of a browser that was signed out.
fn without_session(cookies: &str) -> String {
    let kept = cookies.split("; ").filter(|pair| !pair.starts_with("padwacht_session="));
    kept.collect::<Vec<_>>().join("; ")
}

async fn attempts(app: &TestApp) -> Vec<(String, String)> {
    let attempts = app.records.login_attempts();
    let found = attempts.list(&LoginAttemptFilter::default(), Page::first(20)).await;
    let found = found.expect("records").into_iter().map(|noted| noted.attempt);
    found.map(|attempt| (attempt.result.as_str().to_owned(), attempt.email)).collect()
}

async fn due(app: &TestApp) -> Vec<DueMail> {
    app.records.mails().due(NOW).await.expect("records")
}

fn says(problem: &Answer, kind: &str) -> bool {
    problem.json()["type"] == format!("urn:padwacht:problem:{kind}")
}

#[tokio::test]
async fn a_customer_of_others_in_a_filter_is_one_that_there_is_not() {
    let app = TestApp::without_series().await;
    let actor = Actor::new("test", NOW);
    let customers = app.records.customers();
    let (manager, token) = app.acting("am@example.net", Role::Accountmanager, &[]).await;
    let own = CustomerDraft { account_manager: Some(manager), ..CustomerDraft::named("Ede") };
    let ede = customers.create(&actor, &own).await.expect("added");
    let rival = customers.create(&actor, &CustomerDraft::named("Rivaal")).await.expect("added");
    app.acting("both@example.net", Role::Klant, &[ede, rival]).await;
    let ask = async |customer: &str| {
        let path = format!("/api/v1/users?customer={customer}");
        app.get(&path, &[("authorization", &token)]).await.expect(200).json()
    };
    assert_eq!(ask(&ede.to_string()).await["total"], 1);
    let unknown = ask("01890000-0000-7000-8000-00000000dead").await;
    assert_eq!(ask(&rival.to_string()).await, unknown);
    assert_eq!((&unknown["total"], &unknown["users"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn an_account_manager_is_listed_with_the_customers_in_their_care() {
    let app = TestApp::start().await;
    let actor = Actor::new("test", NOW);
    let customers = app.records.customers();
    let rival = customers.create(&actor, &CustomerDraft::named("Rivaal")).await.expect("added");
    let (manager, _) = app.acting("am@example.net", Role::Accountmanager, &[rival]).await;
    for name in ["Ede", "Apeldoorn", "Zwolle"] {
        let own = CustomerDraft { account_manager: Some(manager), ..CustomerDraft::named(name) };
        customers.create(&actor, &own).await.expect("added");
    }
    let session = app.sign_in().await;
    let list = app.get("/users?role=accountmanager", &[("cookie", &session)]).await.expect(200);
    assert!(list.body.contains("Rivaal, Apeldoorn, Ede, +1"), "{}", list.body);
    // One who sees less is told of less.
    let (_, token) = app.acting("other@example.net", Role::Accountmanager, &[]).await;
    let users = app.get("/api/v1/users", &[("authorization", &token)]).await.expect(200).json();
    assert!(!users.to_string().contains("Apeldoorn"), "{users}");
}

#[tokio::test]
async fn a_corrected_address_gets_the_invitation_and_the_wrong_one_keeps_none() {
    let app = with_mail().await;
    let session = app.sign_in().await;
    let own = [("cookie", session.as_str())];
    let wrong = json!({"email": "wrong@example.net", "role": "beheer"});
    let invited = app.send(Method::POST, "/api/v1/users", &own, Some(wrong)).await.expect(201);
    let invited = invited.json();
    let link = invited["invitation"]["link"].as_str().expect("a link").to_owned();
    app.follow(&link).await.expect(200);
    let right = json!({"email": "right@example.net", "role": "beheer"});
    let user = format!("/api/v1/users/{}", invited["user"]["id"].as_str().expect("an id"));
    app.send(Method::PUT, &user, &own, Some(right)).await.expect(200);
    app.follow(&link).await.expect(404);
    let waiting = due(&app).await;
    let to: Vec<&str> = waiting.iter().map(|mail| mail.recipient.as_str()).collect();
    assert_eq!(to, ["right@example.net"]);
    let text = waiting[0].text.expose_secret();
    let link = text.split_whitespace().find(|word| word.contains("/register#")).expect("a link");
    assert!(app.follow(link).await.expect(200).body.contains("right@example.net"));
}

#[tokio::test]
async fn an_owner_is_let_in_whatever_strangers_and_neighbours_try() {
    let app = behind_a_proxy().await;
    let try_from = async |address: &str, cookies: &str, email: &str, password: &str| {
        let headers = [("x-forwarded-for", address), ("cookie", cookies)];
        app.post_form("/login", &headers, &[("email", email), ("password", password)]).await
    };
    let (office, botnet) = ("192.0.2.7", "198.51.100.66");
    let signed_in = try_from(office, "", ADMIN, PASSWORD).await.expect(303);
    let browser = cookies(&signed_in);
    assert!(browser.contains("padwacht_device="), "{browser}");
    let device = signed_in.headers.get_all("set-cookie").into_iter().nth(1).expect("two");
    let device = device.to_str().expect("text");
    for part in ["padwacht_device=", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(device.contains(part), "{device}");
    }
    // Somebody elsewhere guesses the owner's password as fast as they may.
    for _ in 0..10 {
        try_from(botnet, "", ADMIN, "guess").await;
        app.advance_ms(100);
    }
    assert_eq!(try_from(botnet, "", ADMIN, "guess").await.status, 429);
    try_from("203.0.113.1", "", ADMIN, PASSWORD).await.expect(303);
    // And a colleague uses up what their network may try, at this account too.
    for turn in 0..40 {
        try_from(office, "", &format!("user{turn}@example.net"), "typo").await;
        try_from(office, "", ADMIN, "guess").await;
    }
    assert_eq!(try_from(office, "", ADMIN, PASSWORD).await.status, 429);
    let known = without_session(&browser);
    let again = try_from(office, &known, ADMIN, PASSWORD).await.expect(303);
    // Whoever is signed in proves again who they are, too.
    let own = cookies(&again);
    let headers = [("x-forwarded-for", office), ("cookie", own.as_str())];
    app.post_form("/confirm", &headers, &[("password", PASSWORD)]).await.expect(303);
    // The browser is no way around the count of its own tries, nor for others.
    for _ in 0..5 {
        try_from(office, &cookies(&again), ADMIN, "guess").await.expect(401);
    }
    assert_eq!(try_from(office, &cookies(&again), ADMIN, PASSWORD).await.status, 429);
    app.add_user("other@example.net", Role::Beheer, true).await;
    let other = try_from(office, &cookies(&again), "other@example.net", PASSWORD).await;
    assert_eq!(other.status, 429, "the network is used up still");
    // What is used up comes back, whatever is tried meanwhile.
    for _ in 0..4 {
        app.advance_ms(30_000);
        try_from(office, "", "typo@example.net", "typo").await;
    }
    app.advance_ms(60_000);
    try_from(office, "", "other@example.net", PASSWORD).await.expect(303);
}

#[tokio::test]
async fn a_stranger_cannot_switch_passkeys_off() {
    let app = TestApp::configured(|config| {
        config.public_url = "http://localhost:8080".to_owned();
        config.trusted_proxies = vec![std::net::IpAddr::from([127, 0, 0, 1]).into()];
    })
    .await;
    let begin = async |address: &str| {
        let headers = [("x-forwarded-for", address)];
        app.send(Method::POST, "/passkeys/sign-in/options", &headers, None).await.status
    };
    let mut begun = 0;
    while begin("192.0.2.66").await == 200 {
        begun += 1;
        assert!(begun < 1_000, "a stranger begins as many as they like");
    }
    assert!(begun > 50, "an office comes in at once: {begun}");
    assert_eq!(begin("192.0.2.66").await, 429);
    assert_eq!(begin("192.0.2.7").await, 200, "others are not kept out");
}

#[tokio::test]
async fn a_token_makes_no_administrator_and_opens_nobodys_account() {
    let app = with_mail().await;
    let token = app.token().await;
    let own = [("authorization", token.as_str())];
    app.add_user("second@example.net", Role::Beheer, true).await;
    app.add_user("sales@example.net", Role::Accountmanager, true).await;
    let second = id_of(&app, "second@example.net").await;
    let sales = id_of(&app, "sales@example.net").await;
    let user = |email: &str, role: &str| Some(json!({"email": email, "role": role}));
    let users = "/api/v1/users";
    let path = |id: UserId, of: &str| format!("/api/v1/users/{id}{of}");
    for (method, path, body) in [
        (Method::POST, users.to_owned(), user("new@example.net", "beheer")),
        (Method::PUT, path(sales, ""), user("sales@example.net", "beheer")),
        (Method::PUT, path(sales, ""), user("mine@example.net", "accountmanager")),
        (Method::DELETE, path(second, "/factors"), None),
    ] {
        let refused = app.send(method.clone(), &path, &own, body).await.expect(403);
        assert!(says(&refused, "session-only"), "{method} {path}: {}", refused.body);
    }
    let closed = Some(json!({"standing": "inactive"}));
    let standing = path(second, "/standing");
    app.send(Method::PUT, &standing, &own, closed).await.expect(200);
    let open = Some(json!({"standing": "active"}));
    let refused = app.send(Method::PUT, &standing, &own, open.clone()).await.expect(403);
    assert!(says(&refused, "session-only"), "{}", refused.body);
    let csv = "email;role\nnew@example.net;beheer\n";
    let import = format!("{users}/import?trial=false");
    let refused = app.post_text(&import, &own, csv).await.expect(403);
    assert!(says(&refused, "session-only"), "{}", refused.body);

    // What a program may do for others does not come back to it.
    let body = user("am@example.net", "accountmanager");
    let invited = app.send(Method::POST, users, &own, body).await.expect(201).json();
    assert_eq!(invited["invitation"]["link"], Value::Null);
    assert_eq!(invited["invitation"]["mailed"], true);
    let session = app.sign_in().await;
    let own = [("cookie", session.as_str())];
    app.send(Method::PUT, &standing, &own, open).await.expect(200);
    let body = user("new@example.net", "beheer");
    let invited = app.send(Method::POST, users, &own, body).await.expect(201).json();
    assert!(invited["invitation"]["link"].is_string());
}

#[tokio::test]
async fn a_token_proves_nobodys_password() {
    let app = TestApp::without_series().await;
    let token = app.token().await;
    for password in [PASSWORD, "wrong password"] {
        let own = [("authorization", token.as_str())];
        let answer = app.post_form("/confirm", &own, &[("password", password)]).await;
        answer.expect(403);
    }
    assert!(attempts(&app).await.is_empty(), "no password was looked at");
}

#[tokio::test]
async fn a_token_issues_none_that_outlives_it() {
    let app = with_mail().await;
    let session = app.sign_in().await;
    let own = [("cookie", session.as_str())];
    let until = "2026-11-22T12:30:00Z";
    let body = json!({"name": "parent", "expires_at": until});
    let parent = app.send(Method::POST, "/api/v1/tokens", &own, Some(body)).await.expect(201);
    let parent = parent.json();
    let bearer = |issued: &Value| format!("Bearer {}", issued["token"].as_str().expect("one"));
    let with_parent = bearer(&parent);
    let by = [("authorization", with_parent.as_str())];
    let late = json!({"name": "late", "expires_at": "2026-11-22T12:31:00Z"});
    let late = app.send(Method::POST, "/api/v1/tokens", &by, Some(late)).await.expect(422);
    assert_eq!(late.json()["errors"][0]["place"], "expires_at");
    let body = json!({"name": "child"});
    let child = app.send(Method::POST, "/api/v1/tokens", &by, Some(body)).await.expect(201);
    let with_child = bearer(&child.json());
    app.get("/api/v1/profile", &[("authorization", &with_child)]).await.expect(200);
    let listed = app.get("/api/v1/tokens", &own).await.expect(200).json();
    let child = listed["tokens"].as_array().expect("a list").iter().find(|t| t["name"] == "child");
    assert_eq!(child.expect("listed")["expires_at"], "2026-11-22T12:30:00.000Z");
    let path = format!("/api/v1/tokens/{}", parent["id"].as_str().expect("an id"));
    app.send(Method::DELETE, &path, &own, None).await.expect(204);
    app.get("/api/v1/profile", &[("authorization", &with_child)]).await.expect(401);
    // Their owner heard of both.
    let told = due(&app).await;
    assert_eq!(told.len(), 2);
    for mail in told {
        let text = mail.text.expose_secret();
        assert!(mail.recipient == ADMIN && text.contains("API-token"), "{text}");
    }
}

#[tokio::test]
async fn another_password_ends_what_the_old_one_opened() {
    let app = with_mail().await;
    let token = app.token().await;
    let session = app.sign_in().await;
    let next = "another long password";
    let form = [("current", PASSWORD), ("password", next), ("again", next)];
    let own = [("cookie", session.as_str())];
    app.post_form("/profile/security/password", &own, &form).await.expect(303);
    app.get("/api/v1/profile", &[("authorization", &token)]).await.expect(401);
    let told = due(&app).await.pop().expect("a letter");
    let text = told.text.expose_secret();
    assert!(text.contains("API-tokens zijn ingetrokken"), "{text}");
}

#[tokio::test]
async fn a_ban_shows_and_takes_the_tokens_of_services_that_somebody_issued() {
    let app = TestApp::start().await;
    app.add_user("second@example.net", Role::Beheer, true).await;
    let signed_in = app.try_password("second@example.net", PASSWORD).await.expect(303);
    let theirs = cookie(&signed_in).expect("a session");
    let body = json!({"name": "Billing", "role": "beheer", "scopes": ["read:customers"]});
    let path = "/api/v1/service-tokens";
    let issued = app.send(Method::POST, path, &[("cookie", &theirs)], Some(body)).await;
    let bearer = format!("Bearer {}", issued.expect(201).json()["token"].as_str().expect("one"));
    let service = [("authorization", bearer.as_str())];
    let session = app.sign_in().await;
    let own = [("cookie", session.as_str())];
    let second = id_of(&app, "second@example.net").await;
    let page = app.get(&format!("/users/{second}"), &own).await.expect(200);
    assert!(page.body.contains("<li>Billing</li>"), "{}", page.body);
    let standing = format!("/users/{second}/standing");
    app.post_form(&standing, &own, &[("standing", "inactive")]).await.expect(303);
    app.get("/api/v1/customers", &service).await.expect(200);
    let page = app.get(&format!("/users/{second}"), &own).await.expect(200);
    assert!(page.body.contains("<li>Billing</li>"), "who left is shown with what goes on");
    app.post_form(&standing, &own, &[("standing", "banned")]).await.expect(303);
    app.get("/api/v1/customers", &service).await.expect(401);
    let page = app.get(&format!("/users/{second}"), &own).await.expect(200);
    assert!(!page.body.contains("Billing"));
}

#[tokio::test]
async fn a_browser_left_open_gives_nobody_anything_and_can_be_left() {
    let app = TestApp::without_series().await;
    let actor = Actor::new("test", NOW);
    let ede = app.records.customers().create(&actor, &CustomerDraft::named("Ede")).await;
    let ede = ede.expect("added");
    app.records.customers().create(&actor, &CustomerDraft::named("Rivaal")).await.expect("added");
    let manager = app.acting("am@example.net", Role::Accountmanager, &[]).await.0;
    let token = app.token().await;
    let service = "/api/v1/services/line";
    let line = |customer: &str, name: &str| {
        Some(json!({"name": name, "customer": customer, "path": "n/device/1"}))
    };
    let by_token = [("authorization", token.as_str())];
    app.send(Method::PUT, service, &by_token, line("Ede", "Lijn")).await.expect(201);
    let session = app.sign_in().await;
    app.advance_ms(11 * MINUTE_MS);
    let own = [("cookie", session.as_str())];
    let customer = format!("/api/v1/customers/{ede}");
    let assigned = |manager: Option<UserId>, name: &str| {
        Some(json!({"name": name, "account_manager": manager.map(|id| id.to_string())}))
    };
    for (method, path, body) in [
        (Method::PUT, customer.as_str(), assigned(Some(manager), "Ede")),
        (Method::PUT, service, line("Rivaal", "Lijn")),
        (Method::POST, "/api/v1/services", Some(json!([]))),
        (Method::DELETE, "/api/v1/sessions", None),
    ] {
        let refused = app.send(method.clone(), path, &own, body).await.expect(403);
        assert!(says(&refused, "confirmation-required"), "{method} {path}: {}", refused.body);
    }
    let form = [("name", "Ede"), ("manager", &manager.to_string()), ("revision", "1")];
    let asked = app.post_form(&format!("/customers/{ede}"), &own, &form).await.expect(303);
    assert!(asked.header("location").starts_with("/confirm?"), "{}", asked.header("location"));
    let asked = app.post_form("/profile/sessions/revoke", &own, &[("all", "1")]).await;
    assert!(asked.expect(303).header("location").starts_with("/confirm?"));
    // What gives nobody anything goes on, and so does leaving.
    app.send(Method::PUT, &customer, &own, assigned(None, "Gemeente Ede")).await.expect(200);
    app.send(Method::PUT, service, &own, line("Gemeente Ede", "Andere lijn")).await.expect(200);
    let out = app.post_form("/logout", &own, &[]).await.expect(303);
    assert_eq!(out.header("location"), "/login");
    let fresh = app.sign_in().await;
    let own = [("cookie", fresh.as_str())];
    app.send(Method::PUT, &customer, &own, assigned(Some(manager), "Ede")).await.expect(200);
    app.send(Method::PUT, service, &own, line("Rivaal", "Lijn")).await.expect(200);
}

#[tokio::test]
async fn what_a_page_fetches_by_itself_keeps_no_session_alive() {
    let app = TestApp::without_series().await;
    let session = app.sign_in().await;
    let own = [("cookie", session.as_str())];
    let by_itself = [("cookie", session.as_str()), ("x-padwacht-refresh", "1")];
    for _ in 0..23 {
        app.advance_ms(5 * MINUTE_MS);
        app.get("/api/v1/profile", &by_itself).await.expect(200);
        app.get("/live", &own).await.expect(503);
        app.open("/events", &own).await;
    }
    app.advance_ms(6 * MINUTE_MS);
    app.get("/api/v1/profile", &own).await.expect(401);
    let session = app.sign_in().await;
    let own = [("cookie", session.as_str())];
    for _ in 0..3 {
        app.advance_ms(119 * MINUTE_MS);
        app.get("/api/v1/profile", &own).await.expect(200);
    }
}

#[tokio::test]
async fn what_is_typed_as_an_address_is_kept_only_if_it_is_one() {
    let app = TestApp::without_series().await;
    for typed in ["My secret passphrase", "nobody@example.net", ""] {
        app.try_password(typed, "x").await.expect(401);
    }
    let unknown = "unknown-user";
    let expected = [(unknown, ""), (unknown, "nobody@example.net"), (unknown, "(no address)")];
    assert_eq!(attempts(&app).await, expected.map(|(r, e)| (r.to_owned(), e.to_owned())));
}

#[tokio::test]
async fn a_wrong_current_password_is_in_the_log() {
    let app = TestApp::without_series().await;
    let session = app.sign_in().await;
    let next = "another long password";
    let form = [("current", "guess"), ("password", next), ("again", next)];
    let own = [("cookie", session.as_str())];
    app.post_form("/profile/security/password", &own, &form).await.expect(422);
    let expected = [("wrong-password", ADMIN), ("ok", ADMIN)];
    assert_eq!(attempts(&app).await, expected.map(|(r, e)| (r.to_owned(), e.to_owned())));
}

#[tokio::test]
async fn a_weak_hash_is_made_anew_at_the_next_sign_in() {
    let app = TestApp::without_series().await;
    // "correct horse battery staple" with 8 MiB, one pass.
    let users = app.records.users();
    let known = users.credentials(ADMIN).await.expect("records").expect("there");
    let weak = weak_hash(PASSWORD);
    let actor = Actor::new("test", NOW);
    users.set_password(&actor, known.user.id, &weak.clone().into()).await.expect("set");
    app.try_password(ADMIN, "wrong password").await.expect(401);
    let hash = async || {
        let found = users.credentials(ADMIN).await.expect("records").expect("there");
        found.password_hash.expose_secret().to_owned()
    };
    assert_eq!(hash().await, weak);
    let session = app.sign_in().await;
    let strong = hash().await;
    assert!(strong.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{strong}");
    app.get("/api/v1/profile", &[("cookie", &session)]).await.expect(200);
    app.sign_in().await;
    assert_eq!(hash().await, strong, "once is enough");
}

fn weak_hash(password: &str) -> String {
    use argon2::password_hash::PasswordHasher;
    use argon2::{Algorithm, Argon2, Params, Version};

    let weak = Params::new(8 * 1_024, 1, 1, None).expect("allowed");
    let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, weak);
    weak.hash_password(password.as_bytes()).expect("hashes").to_string()
}

/// What is logged while it lives, on this thread.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_bad_token_is_in_the_log_by_its_beginning_alone() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(move || writer.clone())
        .finish();
    // With one subscriber alone, whoever comes first to a line decides for all threads
    // whether it is said.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let _guard = tracing::subscriber::set_default(subscriber);
    let app = TestApp::without_series().await;
    let token = format!("pw_{}", "0123456789abcdef".repeat(4));
    let bearer = format!("Bearer {token}");
    app.get("/api/v1/sources", &[("authorization", &bearer)]).await.expect(401);
    app.get("/api/v1/sources", &[("authorization", "Bearer hunter2")]).await.expect(401);
    let said = String::from_utf8(lines.0.lock().expect("no panic").clone()).expect("text");
    let of_tokens: Vec<&str> =
        said.lines().filter(|line| line.contains("a token that does not work")).collect();
    assert_eq!(of_tokens.len(), 2, "{said}");
    assert!(of_tokens[0].contains("WARN") && of_tokens[0].contains("pw_012345"), "{said}");
    assert!(!said.contains(&token[..10]) && !said.contains("hunter"), "{said}");
}

#[tokio::test]
async fn whoever_is_shut_out_loses_links_and_browsers_too() {
    let app = with_mail().await;
    app.add_user("anna@example.net", Role::Beheer, true).await;
    let signed_in = app.try_password("anna@example.net", PASSWORD).await.expect(303);
    let anna = id_of(&app, "anna@example.net").await;
    let session = app.sign_in().await;
    let own = [("cookie", session.as_str())];
    let before = app.records.users().by_id(anna).await.expect("records").expect("there");
    let moved = UserDraft { email: "elsewhere@example.net".to_owned(), ..UserDraft::of(&before) };
    let body = json!({"email": moved.email, "role": "beheer"});
    app.send(Method::PUT, &format!("/api/v1/users/{anna}"), &own, Some(body)).await.expect(200);
    let theirs = cookies(&signed_in);
    app.get("/api/v1/profile", &[("cookie", &theirs)]).await.expect(401);
    let users = app.records.users();
    users.set_standing(&Actor::new("test", NOW), anna, Standing::Banned).await.expect("banned");
    let device = theirs.split("padwacht_device=").nth(1).expect("a device").to_owned();
    let device = store::records::TokenHash::of(&device);
    let knows = app.records.devices().knows(&device, "elsewhere@example.net").await;
    assert!(!knows.expect("records"));
}

#[tokio::test]
async fn notices_go_elsewhere_only_once_they_are_shown_to_arrive_there() {
    let app = TestApp::start_configured(|config| config.sends_mail = true).await;
    let session = app.sign_in().await;
    let own = [("cookie", session.as_str())];
    let profile = |to: &str| Some(json!({"language": "en", "notification_email": to}));
    let save = async |to: &str| {
        app.send(Method::PUT, "/api/v1/profile", &own, profile(to)).await.expect(200).json()
    };
    let issue = async || {
        let body = json!({"name": "script"});
        app.send(Method::POST, "/api/v1/tokens", &own, Some(body)).await.expect(201);
    };
    let test = async || app.send(Method::POST, "/api/v1/mails/test", &own, None).await;
    let taken = async || {
        let mut to = Vec::new();
        for mail in due(&app).await {
            app.records.mails().sent(mail.id, NOW).await.expect("noted");
            to.push(mail.recipient);
        }
        to.sort_unstable();
        to
    };
    let elsewhere = "noc@example.net";
    assert_eq!(save(elsewhere).await["notification_proven"], false);
    save(elsewhere).await;
    let asked = due(&app).await;
    assert_eq!(asked.len(), 1, "one link is enough");
    assert_eq!(asked[0].recipient, elsewhere);
    let text = asked[0].text.expose_secret();
    let link = text.split_whitespace().find(|word| word.contains("/notification-address#"));
    let link = link.expect("a link").to_owned();
    let token = link.split('#').next_back().expect("a token").to_owned();
    let page = app.get("/profile", &own).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains(&format!("Notices still go to {ADMIN}")), "{}", page.body);
    taken().await;
    issue().await;
    assert_eq!(taken().await, [ADMIN], "nothing goes to an address that anybody may own");

    let agree = async |token: &str| {
        app.post_form("/notification-address", &[], &[("token", token), ("agreed", "1")]).await
    };
    agree("another").await.expect(404);
    let page = app.follow(&link).await.expect(200);
    assert!(page.body.contains(ADMIN) && page.body.contains(elsewhere), "{}", page.body);
    issue().await;
    assert_eq!(taken().await, [ADMIN], "opening a link changes nothing");
    agree(&token).await.expect(200);
    agree(&token).await.expect(404);
    app.follow(&link).await.expect(404);
    issue().await;
    assert_eq!(taken().await, [ADMIN, elsewhere], "news of how one signs in goes to both");
    test().await.expect(201);
    assert_eq!(taken().await, [elsewhere]);
    assert_eq!(save(elsewhere).await["notification_proven"], true);
    assert_eq!(save("other@example.net").await["notification_proven"], false);
    assert_eq!(taken().await, ["other@example.net"], "asked anew");
    issue().await;
    assert_eq!(taken().await, [ADMIN]);
}
