//! Which passwords may be chosen, wherever somebody chooses one.

use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::rig::{ADMIN, Answer, NOW, PASSWORD, TestApp};

/// Its SHA-1 is in the list of [`app`].
const BREACHED: &str = "a password from a breach";
const BREACHED_SHA1: &str = "AB344B01DEE0ACC18EF66662AEAD6DEE1D3254F0";

async fn app(list: &tempfile::TempDir) -> TestApp {
    let path = list.path().join("breached");
    std::fs::write(&path, format!("{BREACHED_SHA1}:7\n")).expect("written");
    TestApp::configured(|config| {
        config.sends_mail = true;
        config.mail_host = Some("post.glasvezel.example".to_owned());
        config.breached_passwords = Some(path);
    })
    .await
}

/// Every kind of refusal, by a password that meets it and a word of the text.
const REFUSED: [(&str, &str); 4] = [
    ("too short", "12"),
    ("Qwertyuiopasdf", "Veel mensen"),
    ("glasvezel2026!", "weinig meer"),
    (BREACHED, "uit een lek"),
];

#[track_caller]
fn check(answer: Answer, words: &str) {
    let answer = answer.expect(422);
    assert!(answer.body.contains(words), "{words}: {}", answer.body);
}

#[tokio::test]
async fn weak_passwords_are_refused_at_registration_reset_and_change() {
    let list = tempfile::tempdir().expect("a directory");
    let app = app(&list).await;
    let token = app.token().await;
    let own = [("authorization", token.as_str())];
    let made =
        app.send(Method::POST, "/api/v1/customers", &own, Some(json!({"name": "Bakkerij Jansen"})));
    let customer = made.await.expect(201).json()["id"].as_str().expect("an id").to_owned();
    let body = json!({"email": "sanne@klant.example", "role": "klant", "customers": [customer]});
    // A token is shown no link that goes by mail.
    let session = app.sign_in().await;
    let by_session = [("cookie", session.as_str())];
    let invited =
        app.send(Method::POST, "/api/v1/users", &by_session, Some(body)).await.expect(201).json();
    let link = invited["invitation"]["link"].as_str().expect("a link");
    let invitation = link.split('#').next_back().expect("a token").to_owned();
    let register = async |password: &str| {
        let fields = [
            ("token", invitation.as_str()),
            ("name", "Sanne Verbruggen"),
            ("password", password),
            ("again", password),
        ];
        app.post_form("/register", &[], &fields).await
    };
    for (password, words) in REFUSED {
        check(register(password).await, words);
    }
    for password in ["Sanne-1984-x!", "verbruggen12345", "bakkerijjansen1"] {
        check(register(password).await, "weinig meer");
    }
    register(PASSWORD).await.expect(303);

    app.post_form("/forgot-password", &[], &[("email", "sanne@klant.example")]).await.expect(200);
    let reset = loop {
        let due = app.records.mails().due(NOW).await.expect("read");
        let text = due.into_iter().find_map(|mail| {
            let text = mail.text.expose_secret().to_owned();
            text.split_once("/reset-password#").map(|(_, rest)| rest.to_owned())
        });
        match text {
            Some(rest) => break rest.split_whitespace().next().expect("a token").to_owned(),
            None => tokio::task::yield_now().await,
        }
    };
    for (password, words) in REFUSED {
        let fields = [("token", reset.as_str()), ("password", password), ("again", password)];
        check(app.post_form("/reset-password", &[], &fields).await, words);
    }

    let session = app.sign_in().await;
    for (password, words) in REFUSED {
        let fields = [("current", PASSWORD), ("password", password), ("again", password)];
        let path = "/profile/security/password";
        check(app.post_form(path, &[("cookie", &session)], &fields).await, words);
    }
    app.try_password(ADMIN, PASSWORD).await.expect(303);
}

#[tokio::test]
async fn the_first_administrators_password_is_held_to_the_same() {
    let dir = tempfile::tempdir().expect("a directory");
    let url = format!("sqlite://{}", dir.path().join("records.db").display());
    let fresh = store::records::Records::connect(&url, store::Keyring::ephemeral());
    let fresh = fresh.await.expect("the records open");
    fresh.migrate().await.expect("the records migrate");
    for (password, why) in
        [("short", "12"), ("administrator", "many people"), ("padwacht-admin1", "names")]
    {
        let made = api::bootstrap_admin(&fresh, ADMIN, Some(password.into()), NOW).await;
        let refused = made.expect_err("must be refused").to_string();
        assert!(refused.contains(why), "{refused}");
    }
    assert_eq!(fresh.users().count().await.expect("records"), 0);
}
