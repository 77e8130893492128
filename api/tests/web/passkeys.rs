//! Passkeys from outside, with an authenticator in software: what it signs is
//! what a browser would have it sign (WebAuthn Level 3, sections 6 and 7).

use reqwest::Method;
use serde_json::{Value, json};
use store::records::{LoginAttemptFilter, Page, Standing};
use test_provider::authenticator::{Authenticator, ORIGIN, USER_PRESENT, USER_VERIFIED};

use crate::rig::{ADMIN, Answer, NOW, PASSWORD, TestApp, cookie};

async fn app() -> TestApp {
    TestApp::configured(|config| config.public_url = ORIGIN.to_owned()).await
}

async fn post(app: &TestApp, path: &str, cookie: &str, body: Value) -> Answer {
    let cookie = [("cookie", cookie)];
    let headers = if cookie[0].1.is_empty() { &cookie[..0] } else { &cookie[..] };
    app.send(Method::POST, path, headers, Some(body)).await
}

async fn begin(app: &TestApp, path: &str, cookie: &str) -> Value {
    post(app, &format!("{path}/options"), cookie, json!({})).await.expect(200).json()
}

fn answer(begun: &Value, credential: Value) -> Value {
    json!({
        "ceremony": begun["ceremony"], "credential": credential, "next": "/sources",
        "name": "Laptop",
    })
}

async fn register(app: &TestApp, own: &str, device: &mut Authenticator) -> Answer {
    let begun = begin(app, "/passkeys/registration", own).await;
    let made = device.make(&begun["options"]);
    post(app, "/passkeys/registration", own, answer(&begun, made)).await
}

async fn sign_in(app: &TestApp, cookie: &str, device: &mut Authenticator) -> Answer {
    let begun = begin(app, "/passkeys/sign-in", cookie).await;
    let signed = device.sign(&begun["options"]);
    post(app, "/passkeys/sign-in", cookie, answer(&begun, signed)).await
}

#[tokio::test]
async fn a_passkey_signs_in_without_a_name_or_a_password() {
    let app = app().await;
    let own = app.sign_in().await;
    let begun = begin(&app, "/passkeys/registration", &own).await;
    let chosen = &begun["options"]["publicKey"]["authenticatorSelection"];
    assert_eq!(
        (&chosen["residentKey"], &chosen["userVerification"]),
        (&"required".into(), &"required".into())
    );
    let mut device = Authenticator::new(1);
    let added = register(&app, &own, &mut device).await.expect(200).json();
    assert_eq!(added["next"], "/profile/security?done=passkey-added");
    let begun = begin(&app, "/passkeys/sign-in", "").await;
    assert_eq!(begun["options"]["publicKey"]["userVerification"], "required");
    assert!(begun["options"].get("mediation").is_none(), "{begun}");
    let done = sign_in(&app, "", &mut device).await.expect(200);
    assert_eq!(done.json()["next"], "/sources");
    let own = cookie(&done).expect("a session");
    let have = app.get("/api/v1/profile/factors", &[("cookie", &own)]).await.expect(200).json();
    assert_eq!(have["passkeys"][0]["name"], "Laptop");
    assert!(have["passkeys"][0]["last_used_at"].is_string(), "{have}");
    let attempts = app
        .records
        .login_attempts()
        .list(&LoginAttemptFilter::default(), Page::first(1))
        .await
        .expect("records");
    let noted = (attempts[0].attempt.result.as_str(), &*attempts[0].attempt.email);
    assert_eq!(noted, ("ok-passkey", ADMIN));
}

#[tokio::test]
async fn a_passkey_is_a_second_factor_after_the_password() {
    let app = app().await;
    let own = app.sign_in().await;
    let mut device = Authenticator::new(1);
    register(&app, &own, &mut device).await.expect(200);
    let asked = app.try_password(ADMIN, PASSWORD).await.expect(303);
    assert_eq!(asked.header("location"), "/login/code?next=%2F");
    let half = cookie(&asked).expect("a cookie");
    let page = app.get("/login/code", &[("cookie", &half)]).await.expect(200);
    assert!(page.body.contains("data-passkey=\"/passkeys/sign-in\""), "{}", page.body);
    let begun = begin(&app, "/passkeys/sign-in", &half).await;
    let allowed = begun["options"]["publicKey"]["allowCredentials"].as_array().expect("a list");
    assert_eq!(allowed.len(), 1);
    let signed = device.sign(&begun["options"]);
    // What was asked between the steps is no sign-in of its own.
    post(&app, "/passkeys/sign-in", "", answer(&begun, signed)).await.expect(401);
    sign_in(&app, &half, &mut device).await.expect(200);
    // And the half is whole now: it counts no more.
    app.get("/login/code", &[("cookie", &half)]).await.expect(303);
}

#[tokio::test]
async fn what_was_not_asked_for_now_and_here_is_refused() {
    let app = app().await;
    let own = app.sign_in().await;
    let mut device = Authenticator::new(1);
    register(&app, &own, &mut device).await.expect(200);

    let begun = begin(&app, "/passkeys/sign-in", "").await;
    let signed = answer(&begun, device.sign(&begun["options"]));
    post(&app, "/passkeys/sign-in", "", signed.clone()).await.expect(200);
    post(&app, "/passkeys/sign-in", "", signed).await.expect(401);

    let begun = begin(&app, "/passkeys/sign-in", "").await;
    let late = answer(&begun, device.sign(&begun["options"]));
    app.advance_ms(5 * 60_000);
    let refused = post(&app, "/passkeys/sign-in", "", late).await.expect(401).json();
    assert_eq!(refused["type"], "urn:padwacht:problem:passkey-refused");

    device.origin = "http://localhost:9999";
    sign_in(&app, "", &mut device).await.expect(401);
    device.origin = ORIGIN;
    app.advance_ms(60_000);
    device.flags = USER_PRESENT;
    sign_in(&app, "", &mut device).await.expect(401);
    device.flags = USER_PRESENT | USER_VERIFIED;
    app.advance_ms(60_000);
    sign_in(&app, "", &mut Authenticator::new(1)).await.expect(401);
    app.advance_ms(60_000);
    sign_in(&app, "", &mut device).await.expect(200);
}

#[tokio::test]
async fn a_copy_of_a_passkey_is_noticed() {
    let app = app().await;
    let own = app.sign_in().await;
    let mut device = Authenticator::new(1);
    register(&app, &own, &mut device).await.expect(200);
    sign_in(&app, "", &mut device).await.expect(200);
    sign_in(&app, "", &mut device).await.expect(200);
    device.counter = 1;
    sign_in(&app, "", &mut device).await.expect(401);
    let attempts = app
        .records
        .login_attempts()
        .list(&LoginAttemptFilter::default(), Page::first(1))
        .await
        .expect("records");
    let noted = (attempts[0].attempt.result.as_str(), &*attempts[0].attempt.email);
    assert_eq!(noted, ("wrong-passkey", ADMIN), "its owner sees it");
}

#[tokio::test]
async fn several_are_kept_each_once_and_removed_by_their_owner() {
    let app = app().await;
    let own = app.sign_in().await;
    let (mut one, mut two) = (Authenticator::new(1), Authenticator::new(2));
    register(&app, &own, &mut one).await.expect(200);
    register(&app, &own, &mut two).await.expect(200);
    // The browser would refuse, for it is told of those; and so do we.
    register(&app, &own, &mut Authenticator::new(2)).await.expect(401);
    let have = app.get("/api/v1/profile/factors", &[("cookie", &own)]).await.expect(200).json();
    let id = have["passkeys"][0]["id"].as_str().expect("an id");
    let path = format!("/api/v1/profile/passkeys/{id}");
    let token = app.token().await;
    let refused = app.send(Method::DELETE, &path, &[("authorization", &token)], None).await;
    assert_eq!(refused.expect(403).json()["type"], "urn:padwacht:problem:session-only");
    app.send(Method::DELETE, &path, &[("cookie", &own)], None).await.expect(204);
    app.send(Method::DELETE, &path, &[("cookie", &own)], None).await.expect(404);
    sign_in(&app, "", &mut one).await.expect(401);
    sign_in(&app, "", &mut two).await.expect(200);
}

#[tokio::test]
async fn a_passkey_confirms_and_a_banned_owner_stays_out() {
    let app = app().await;
    let own = app.sign_in().await;
    let mut device = Authenticator::new(1);
    register(&app, &own, &mut device).await.expect(200);
    app.advance_ms(11 * 60_000);
    let path = "/passkeys/registration/options";
    let refused = post(&app, path, &own, json!({})).await.expect(403).json();
    assert_eq!(refused["type"], "urn:padwacht:problem:confirmation-required");
    let begun = begin(&app, "/passkeys/confirmation", &own).await;
    let signed = device.sign(&begun["options"]);
    let done = post(&app, "/passkeys/confirmation", &own, answer(&begun, signed)).await;
    let renewed = cookie(&done.expect(200)).expect("a session");
    app.get("/api/v1/profile", &[("cookie", &own)]).await.expect(401);
    post(&app, path, &renewed, json!({})).await.expect(200);

    app.add_user("second@example.net", store::records::Role::Beheer, true).await;
    let users = app.records.users();
    let id = users.by_email(ADMIN).await.expect("records").expect("the administrator").id;
    let actor = store::records::Actor::new("test", NOW);
    users.set_standing(&actor, id, Standing::Banned).await.expect("banned");
    let refused = sign_in(&app, "", &mut device).await.expect(401);
    assert_eq!(cookie(&refused), None);
    let attempts = app.records.login_attempts();
    let attempts = attempts.list(&LoginAttemptFilter::default(), Page::first(1)).await;
    let attempts = attempts.expect("records");
    assert_eq!((&*attempts[0].attempt.email, attempts[0].user), (ADMIN, Some(id)));
}

#[tokio::test]
async fn an_address_without_a_host_name_offers_none() {
    let app = TestApp::without_series().await;
    let page = app.get("/login", &[]).await.expect(200);
    assert!(!page.body.contains("data-passkey"), "{}", page.body);
    post(&app, "/passkeys/sign-in/options", "", json!({})).await.expect(404);
}
