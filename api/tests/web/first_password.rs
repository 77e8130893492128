//! The password that the first start makes up: good for one thing, and not for
//! long.

use api::bootstrap_admin;
use store::records::{LoginAttemptFilter, Page};

use crate::rig::{ADMIN, Answer, NOW, PASSWORD, TestApp, cookie};

const HOUR_MS: i64 = 3_600_000;

/// The token in the form that asks for another password.
fn token(page: &Answer) -> String {
    let (_, rest) = page.body.split_once("name=\"token\" value=\"").expect("a form");
    rest.split('"').next().expect("a token").to_owned()
}

async fn choose(app: &TestApp, token: &str, password: &str) -> Answer {
    let form = [("token", token), ("password", password), ("again", password)];
    app.post_form("/reset-password", &[("accept-language", "en")], &form).await
}

async fn results(app: &TestApp) -> Vec<&'static str> {
    let attempts = app.records.login_attempts();
    let attempts = attempts.list(&LoginAttemptFilter::default(), Page::first(9)).await;
    attempts.expect("records").iter().map(|attempt| attempt.attempt.result.as_str()).collect()
}

#[tokio::test]
async fn it_opens_nothing_but_the_choice_of_another() {
    let app = TestApp::first_start().await;
    let shown = app.printed.as_ref().expect("shown").reveal().to_owned();
    let page = app.try_password(ADMIN, &shown).await.expect(200);
    assert_eq!(cookie(&page), None, "nobody is signed in");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(!page.body.contains("?token="), "the token is in no address: {}", page.body);
    let abandoned = token(&page);
    // Whoever left the form open begins again; the first form is then worth nothing.
    let page = app.try_password(ADMIN, &shown).await.expect(200);
    let first = token(&page);
    choose(&app, &abandoned, PASSWORD).await.expect(404);
    let weak = choose(&app, &first, "short").await.expect(422);
    assert!(weak.body.contains("made up for the first sign-in"), "{}", weak.body);
    let chosen = choose(&app, &first, PASSWORD).await.expect(303);
    assert_eq!(chosen.header("location"), "/login?changed=1");
    choose(&app, &first, "yet another passphrase").await.expect(404);
    app.try_password(ADMIN, &shown).await.expect(401);
    let own = app.sign_in().await;
    app.get("/api/v1/users", &[("cookie", &own)]).await.expect(200);
    let initial = "initial-password";
    assert_eq!(results(&app).await, ["ok", "wrong-password", initial, initial]);

    // What was chosen does not end, and no start makes another.
    app.advance_ms(25 * HOUR_MS);
    app.sign_in().await;
    let later = NOW.plus_millis(25 * HOUR_MS);
    let again = bootstrap_admin(&app.records, ADMIN, None, later).await;
    assert!(again.expect("records").is_none());
}

#[tokio::test]
async fn it_ends_after_a_day_and_the_next_start_makes_another() {
    let app = TestApp::first_start().await;
    let shown = app.printed.as_ref().expect("shown").reveal().to_owned();
    let page = app.try_password(ADMIN, &shown).await.expect(200);
    let begun = token(&page);
    app.advance_ms(24 * HOUR_MS - 1);
    app.try_password(ADMIN, &shown).await.expect(200);
    let before = NOW.plus_millis(24 * HOUR_MS - 1);
    let early = bootstrap_admin(&app.records, ADMIN, None, before).await;
    assert!(early.expect("records").is_none(), "the first is still good");
    app.advance_ms(1);
    let ended = app.try_password(ADMIN, &shown).await.expect(401);
    assert!(cookie(&ended).is_none());
    assert_eq!(results(&app).await[0], "initial-password-ended");
    choose(&app, &begun, PASSWORD).await.expect(404);

    let now = NOW.plus_millis(24 * HOUR_MS);
    let other = bootstrap_admin(&app.records, ADMIN, None, now).await;
    let other = other.expect("records").expect("shown");
    assert_eq!((other.email(), other.until()), (ADMIN, now.plus_millis(24 * HOUR_MS)));
    assert_ne!(other.reveal(), shown);
    app.try_password(ADMIN, &shown).await.expect(401);
    let page = app.try_password(ADMIN, other.reveal()).await.expect(200);
    choose(&app, &token(&page), PASSWORD).await.expect(303);
    app.sign_in().await;
}

#[tokio::test]
async fn one_that_the_operator_gives_is_their_own_choice() {
    let app = TestApp::first_start().await;
    app.advance_ms(24 * HOUR_MS);
    let now = NOW.plus_millis(24 * HOUR_MS);
    let given = bootstrap_admin(&app.records, ADMIN, Some(PASSWORD.into()), now).await;
    assert!(given.expect("records").is_none(), "a given password is not printed");
    let own = app.sign_in().await;
    app.get("/api/v1/users", &[("cookie", &own)]).await.expect(200);

    let app = TestApp::without_series().await;
    app.advance_ms(25 * HOUR_MS);
    let own = app.sign_in().await;
    app.get("/api/v1/users", &[("cookie", &own)]).await.expect(200);
}
