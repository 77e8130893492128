//! What people sign in with besides a password, from outside: setting codes up,
//! giving them, losing them, and proving again who one is.

use store::records::{
    AuditFilter, LoginAttempt, LoginAttemptFilter, LoginResult, Page, Role, Standing,
};
use totp_rs::{Builder, Secret};

use crate::rig::{ADMIN, Answer, NOW, PASSWORD, TestApp, cookie};

const STEP_MS: i64 = 30_000;
const MINUTE_MS: i64 = 60_000;

/// A phone with an authenticator app.
pub(crate) struct Phone(Secret);

impl Phone {
    /// What it shows `after_ms` after the beginning of the test.
    pub(crate) fn code(&self, after_ms: i64) -> String {
        let totp = Builder::new().with_secret(self.0.as_bytes().to_vec()).build_noncompliant();
        let at_s = u64::try_from((NOW.millis() + after_ms) / 1_000).expect("after 1970");
        totp.generate(at_s).to_string()
    }
}

fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let (_, rest) = text.split_once(from).unwrap_or_else(|| panic!("no {from} in {text}"));
    rest.split_once(to).unwrap_or_else(|| panic!("no {to} in {rest}")).0
}

fn recovery_codes(page: &Answer) -> Vec<String> {
    let list = between(&page.body, "id=\"recovery-codes\">", "</ol>");
    let item = |part: &str| part.split("</li>").next().unwrap_or_default().trim().to_owned();
    list.split("<li>").skip(1).map(item).collect()
}

/// Sets codes up in the session `own`; gives the phone and the recovery codes.
pub(crate) async fn set_up(app: &TestApp, own: &str, after_ms: i64) -> (Phone, Vec<String>) {
    let own = [("cookie", own)];
    let begun = app.post_form("/profile/security/totp/new", &own, &[]).await.expect(303);
    assert_eq!(begun.header("location"), "/profile/security/totp");
    let page = app.get("/profile/security/totp", &own).await.expect(200);
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.body.contains("<svg class=\"qr\""), "{}", page.body);
    let typed = between(&page.body, "id=\"totp-seed\">", "<").replace(' ', "");
    let phone = Phone(Secret::try_from_base32(typed).expect("base32"));
    let wrong = [("code", "000000")];
    app.post_form("/profile/security/totp", &own, &wrong).await.expect(422);
    let right = [("code", &*phone.code(after_ms))];
    let shown = app.post_form("/profile/security/totp", &own, &right).await.expect(200);
    let codes = recovery_codes(&shown);
    assert_eq!(codes.len(), 10);
    (phone, codes)
}

/// Gives the right password; gives the cookie of who owes a second factor.
async fn half(app: &TestApp) -> String {
    let answer = app.try_password(ADMIN, PASSWORD).await.expect(303);
    assert_eq!(answer.header("location"), "/login/code?next=%2F");
    let half = cookie(&answer).expect("a cookie");
    assert!(half.starts_with("padwacht_half="), "{half}");
    half
}

async fn give(app: &TestApp, half: &str, code: &str) -> Answer {
    let form = [("code", code), ("next", "/sources")];
    app.post_form("/login/code", &[("cookie", half)], &form).await
}

fn session(answer: &Answer) -> String {
    let set = answer.headers.get_all("set-cookie").into_iter();
    let pairs = set.filter_map(|set| set.to_str().ok()?.split(';').next());
    let mut sessions = pairs.filter(|pair| pair.starts_with("padwacht_session="));
    sessions.next().expect("a session").to_owned()
}

async fn results(app: &TestApp) -> Vec<&'static str> {
    let attempts = app
        .records
        .login_attempts()
        .list(&LoginAttemptFilter::default(), Page::first(50))
        .await
        .expect("records");
    attempts.iter().map(|attempt| attempt.attempt.result.as_str()).collect()
}

#[tokio::test]
async fn a_code_is_asked_for_after_the_password_and_counts_once() {
    let app = TestApp::without_series().await;
    let own = app.sign_in().await;
    let (phone, _) = set_up(&app, &own, 0).await;
    let half = half(&app).await;
    for cookie in [half.clone(), half.replace("padwacht_half", "padwacht_session")] {
        app.get("/api/v1/profile", &[("cookie", &cookie)]).await.expect(401);
        app.get("/profile/security", &[("cookie", &cookie)]).await.expect(303);
    }
    app.get("/login/code", &[("cookie", &half)]).await.expect(200);
    give(&app, &half, &phone.code(0)).await.expect(401);
    // The same step was used to set it up; a minute later is two steps on.
    app.advance_ms(2 * STEP_MS);
    let done = give(&app, &half, &phone.code(2 * STEP_MS)).await.expect(303);
    assert_eq!(done.header("location"), "/sources");
    let own = session(&done);
    app.get("/api/v1/profile", &[("cookie", &own)]).await.expect(200);
    let again = give(&app, &half, &phone.code(3 * STEP_MS)).await.expect(303);
    assert!(again.header("location").starts_with("/login?again=1"), "it was used");
    let half = self::half(&app).await;
    give(&app, &half, &phone.code(2 * STEP_MS)).await.expect(401);
    app.advance_ms(STEP_MS);
    give(&app, &half, &phone.code(3 * STEP_MS)).await.expect(303);
    let asked = "second-factor-asked";
    let (wrong, right) = ("wrong-second-factor", "ok-totp");
    let expected = [right, wrong, asked, right, wrong, asked, "ok"];
    assert_eq!(results(&app).await, expected);
}

#[tokio::test]
async fn a_recovery_code_lets_in_once_and_its_owner_is_told() {
    let app = TestApp::configured(|config| config.sends_mail = true).await;
    let own = app.sign_in().await;
    let (_, codes) = set_up(&app, &own, 0).await;
    let half = half(&app).await;
    let typed = codes[3].to_uppercase().replace('-', " ");
    let done = give(&app, &half, &typed).await.expect(303);
    let own = session(&done);
    let left = app.get("/api/v1/profile/factors", &[("cookie", &own)]).await.expect(200).json();
    assert_eq!(left["recovery_codes_left"], 9);
    assert_eq!(left["has_second_factor"], true);
    let half = self::half(&app).await;
    give(&app, &half, &codes[3]).await.expect(401);
    let made = app.post_form("/profile/security/recovery-codes", &[("cookie", &own)], &[]).await;
    let new = recovery_codes(&made.expect(200));
    give(&app, &half, &codes[4]).await.expect(401);
    give(&app, &half, &new[4]).await.expect(303);
    let mails = app.records.mails().list(None, Page::first(9)).await.expect("records");
    let about = |mail: &store::records::Mail| (mail.kind.as_str(), mail.recipient.clone());
    let told = ("factors-changed", ADMIN.to_owned());
    // Set up, a code used, new codes, a code used.
    assert_eq!(mails.iter().map(about).collect::<Vec<_>>(), vec![told; 4]);
}

#[tokio::test]
async fn five_wrong_codes_end_the_sign_in() {
    let app = TestApp::without_series().await;
    let own = app.sign_in().await;
    let (phone, _) = set_up(&app, &own, 0).await;
    let half = half(&app).await;
    for turn in 1..=5 {
        app.advance_ms(10_000);
        let answer = give(&app, &half, "000000").await;
        assert_eq!(answer.status, if turn < 5 { 401 } else { 303 }, "{}", answer.body);
    }
    app.advance_ms(MINUTE_MS);
    let over = give(&app, &half, &phone.code(50_000 + MINUTE_MS)).await.expect(303);
    assert!(over.header("location").starts_with("/login?again=1"), "the right one is too late");
    let half = self::half(&app).await;
    app.advance_ms(MINUTE_MS);
    let done = give(&app, &half, &phone.code(50_000 + 2 * MINUTE_MS)).await.expect(303);
    assert_eq!(done.header("location"), "/sources");
}

#[tokio::test]
async fn after_ten_wrong_codes_in_an_hour_no_code_is_looked_at() {
    let app = TestApp::without_series().await;
    let own = app.sign_in().await;
    let (phone, codes) = set_up(&app, &own, 0).await;
    for _ in 0..10 {
        // On other processes, from other addresses.
        let attempt = LoginAttempt {
            at: NOW,
            email: ADMIN.to_owned(),
            address: "192.0.2.1".to_owned(),
            user_agent: String::new(),
            result: LoginResult::WrongSecondFactor,
        };
        app.records.login_attempts().record(&attempt).await.expect("records");
    }
    app.advance_ms(2 * STEP_MS);
    let half = half(&app).await;
    let refused = give(&app, &half, &phone.code(2 * STEP_MS)).await.expect(429);
    assert_eq!(refused.header("retry-after"), "900");
    // Nobody guesses a recovery code; and after the hour codes count again.
    give(&app, &half, &codes[0]).await.expect(303);
    app.advance_ms(60 * MINUTE_MS);
    let half = self::half(&app).await;
    give(&app, &half, &phone.code(61 * MINUTE_MS)).await.expect(303);
}

#[tokio::test]
async fn what_matters_asks_again_who_it_is_and_goes_on_where_one_was() {
    let app = TestApp::without_series().await;
    let own = app.sign_in().await;
    app.advance_ms(10 * MINUTE_MS + 1);
    let headers = [("cookie", &*own), ("referer", "http://x.example/profile/security?a=b")];
    let asked = app.post_form("/profile/security/totp/new", &headers, &[]).await.expect(303);
    assert_eq!(asked.header("location"), "/confirm?next=%2Fprofile%2Fsecurity%3Fa%3Db");
    let asked = app.get("/users/new", &[("cookie", &own)]).await.expect(303);
    assert_eq!(asked.header("location"), "/confirm?next=%2Fusers%2Fnew");
    let body = serde_json::json!({"roles": ["beheer"]});
    let path = "/api/v1/settings/second-factor";
    let method = reqwest::Method::PUT;
    let refused = app.send(method.clone(), path, &[("cookie", &own)], Some(body.clone())).await;
    let refused = refused.expect(403).json();
    assert_eq!(refused["type"], "urn:padwacht:problem:confirmation-required");

    app.get("/confirm?next=/users/new", &[("cookie", &own)]).await.expect(200);
    let wrong = [("password", "not mine"), ("next", "/users/new")];
    app.post_form("/confirm", &[("cookie", &own)], &wrong).await.expect(401);
    let right = [("password", PASSWORD), ("next", "/users/new")];
    let done = app.post_form("/confirm", &[("cookie", &own)], &right).await.expect(303);
    assert_eq!(done.header("location"), "/users/new");
    let renewed = session(&done);
    app.get("/api/v1/profile", &[("cookie", &own)]).await.expect(401);
    app.send(method, path, &[("cookie", &renewed)], Some(body)).await.expect(200);
    assert_eq!(results(&app).await, ["wrong-password", "ok"]);

    let elsewhere = [("password", PASSWORD), ("next", "//evil.example")];
    let done = app.post_form("/confirm", &[("cookie", &renewed)], &elsewhere).await.expect(303);
    assert_eq!(done.header("location"), "/");
}

#[tokio::test]
async fn a_code_confirms_too_and_counts_once() {
    let app = TestApp::without_series().await;
    let own = app.sign_in().await;
    let (phone, _) = set_up(&app, &own, 0).await;
    app.advance_ms(11 * MINUTE_MS);
    let code = phone.code(11 * MINUTE_MS);
    let form = [("code", &*code), ("next", "/profile/security")];
    let done = app.post_form("/confirm", &[("cookie", &own)], &form).await.expect(303);
    let own = session(&done);
    app.post_form("/confirm", &[("cookie", &own)], &form).await.expect(401);
    let removed = app.post_form("/profile/security/totp/removal", &[("cookie", &own)], &[]).await;
    assert_eq!(removed.expect(303).header("location"), "/profile/security?done=totp-removed");
    let signed_in = app.try_password(ADMIN, PASSWORD).await.expect(303);
    assert_eq!(signed_in.header("location"), "/", "no second factor is left");
}

#[tokio::test]
async fn a_role_that_must_have_a_second_factor_is_led_to_set_it_up() {
    let app = TestApp::without_series().await;
    let own = app.sign_in().await;
    let form = [("role", "beheer")];
    let saved = app.post_form("/permissions/second-factor", &[("cookie", &own)], &form).await;
    assert_eq!(saved.expect(303).header("location"), "/permissions?saved=1");
    let token = app.token().await;
    let rule = app.get("/api/v1/settings/second-factor", &[("authorization", &token)]).await;
    assert_eq!(rule.expect(200).json()["roles"], serde_json::json!(["beheer"]));
    let led = app.get("/users", &[("cookie", &own)]).await.expect(303);
    assert_eq!(led.header("location"), "/profile/security");
    let refused = app.get("/api/v1/users", &[("cookie", &own)]).await.expect(403).json();
    assert_eq!(refused["type"], "urn:padwacht:problem:second-factor-required");
    let page = app.get("/profile/security", &[("cookie", &own)]).await.expect(200);
    assert!(page.body.contains("id=\"factor-required\""), "{}", page.body);
    set_up(&app, &own, 0).await;
    app.get("/api/v1/users", &[("cookie", &own)]).await.expect(200);
}

#[tokio::test]
async fn what_the_configuration_asks_counts_until_administrators_say_otherwise() {
    let app = TestApp::configured(|config| config.second_factor_for = [Role::Beheer].into()).await;
    let own = app.sign_in().await;
    let led = app.get("/users", &[("cookie", &own)]).await.expect(303);
    assert_eq!(led.header("location"), "/profile/security");
    let token = app.token().await;
    let path = "/api/v1/settings/second-factor";
    let rule = async || app.get(path, &[("authorization", &token)]).await.expect(200).json();
    assert_eq!(rule().await["roles"], serde_json::json!(["beheer"]));
    let body = serde_json::json!({"roles": []});
    let refused = app.send(reqwest::Method::PUT, path, &[("cookie", &own)], Some(body)).await;
    refused.expect(403);
    // A passkey or an app opens what is shut.
    set_up(&app, &own, 0).await;
    let form = [("role", "klant")];
    app.post_form("/permissions/second-factor", &[("cookie", &own)], &form).await.expect(303);
    assert_eq!(rule().await["roles"], serde_json::json!(["klant"]));
}

#[tokio::test]
async fn an_administrator_takes_the_factors_of_who_lost_them() {
    let app = TestApp::without_series().await;
    let email = "anna@example.net";
    app.add_user(email, Role::Accountmanager, true).await;
    let theirs = cookie(&app.try_password(email, PASSWORD).await.expect(303)).expect("a cookie");
    set_up(&app, &theirs, 0).await;
    let users = app.records.users();
    let id = users.by_email(email).await.expect("records").expect("Anna").id;
    let own = app.sign_in().await;
    let path = format!("/users/{id}/factors-reset");
    app.post_form(&path, &[("cookie", &theirs)], &[]).await.expect(403);
    app.post_form(&path, &[("cookie", &own)], &[]).await.expect(303);
    app.get("/api/v1/profile", &[("cookie", &theirs)]).await.expect(401);
    let signed_in = app.try_password(email, PASSWORD).await.expect(303);
    assert_eq!(signed_in.header("location"), "/");
    let filter = AuditFilter { action: Some("reset-factors".to_owned()), ..AuditFilter::default() };
    let entries = app.records.audit().list(&filter, Page::first(2)).await.expect("records");
    assert_eq!(entries.len(), 1);
    assert_eq!((&*entries[0].actor, &*entries[0].object), (ADMIN, &*format!("user/{id}")));
    let path = "/api/v1/users/01890000-0000-7000-8000-00000000dead/factors";
    let method = reqwest::Method::DELETE;
    app.send(method, path, &[("cookie", &own)], None).await.expect(404);
}

#[tokio::test]
async fn whoever_is_banned_between_the_steps_stays_out() {
    let app = TestApp::without_series().await;
    let email = "anna@example.net";
    app.add_user(email, Role::Beheer, true).await;
    let theirs = cookie(&app.try_password(email, PASSWORD).await.expect(303)).expect("a cookie");
    let (_, codes) = set_up(&app, &theirs, 0).await;
    let half = cookie(&app.try_password(email, PASSWORD).await.expect(303)).expect("a cookie");
    let users = app.records.users();
    let id = users.by_email(email).await.expect("records").expect("Anna").id;
    let actor = store::records::Actor::new("test", NOW);
    users.set_standing(&actor, id, Standing::Banned).await.expect("banned");
    let refused = give(&app, &half, &codes[0]).await.expect(303);
    assert!(refused.header("location").starts_with("/login?again=1"));
}

#[tokio::test]
async fn a_new_password_takes_the_old_one_and_ends_every_other_session() {
    let app = TestApp::configured(|config| config.sends_mail = true).await;
    let (other, own) = (app.sign_in().await, app.sign_in().await);
    let new = "a quite different passphrase";
    let change = async |current: &str, password: &str, again: &str| {
        let form = [("current", current), ("password", password), ("again", again)];
        app.post_form("/profile/security/password", &[("cookie", &own)], &form).await
    };
    change("wrong", new, new).await.expect(422);
    change(PASSWORD, new, "another").await.expect(422);
    change(PASSWORD, "short", "short").await.expect(422);
    let done = change(PASSWORD, new, new).await.expect(303);
    assert_eq!(done.header("location"), "/profile/security?done=password");
    for old in [&other, &own] {
        app.get("/api/v1/profile", &[("cookie", old)]).await.expect(401);
    }
    app.get("/api/v1/profile", &[("cookie", &session(&done))]).await.expect(200);
    app.try_password(ADMIN, PASSWORD).await.expect(401);
    app.try_password(ADMIN, new).await.expect(303);
    let mails = app.records.mails().list(None, Page::first(9)).await.expect("records");
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].kind.as_str(), "password-changed");
}

#[tokio::test]
async fn where_notices_go_is_not_changed_from_a_browser_left_open() {
    let app = TestApp::without_series().await;
    let own = app.sign_in().await;
    app.advance_ms(11 * MINUTE_MS);
    let put = async |body: serde_json::Value| {
        let own = [("cookie", &*own)];
        app.send(reqwest::Method::PUT, "/api/v1/profile", &own, Some(body)).await
    };
    put(serde_json::json!({"name": "Root", "language": "en"})).await.expect(200);
    let body = serde_json::json!({"language": "en", "notification_email": "me@elsewhere.example"});
    let refused = put(body).await.expect(403).json();
    assert_eq!(refused["type"], "urn:padwacht:problem:confirmation-required");
}
