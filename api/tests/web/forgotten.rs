//! A forgotten password: asked for, sent, chosen anew.

use store::records::{DueMail, Role};

use crate::rig::{ADMIN, Answer, NOW, PASSWORD, TestApp};

async fn app() -> TestApp {
    TestApp::configured(|config| config.sends_mail = true).await
}

async fn post(app: &TestApp, path: &str, fields: &[(&str, &str)]) -> Answer {
    app.post_form(path, &[], fields).await
}

async fn ask(app: &TestApp, email: &str) -> String {
    let answer = post(app, "/forgot-password", &[("email", email)]).await.expect(200);
    answer.body
}

/// The answer does not wait for the mail.
async fn mail(app: &TestApp) -> DueMail {
    for _ in 0..1_000 {
        let mut due = app.records.mails().due(NOW).await.expect("read");
        if let Some(mail) = due.pop() {
            return mail;
        }
        tokio::task::yield_now().await;
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("no mail was queued");
}

fn token(mail: &DueMail) -> String {
    use secrecy::ExposeSecret;
    let text = mail.text.expose_secret();
    let (_, rest) = text.split_once("/reset-password#").expect("a link");
    rest.split_whitespace().next().expect("a token").to_owned()
}

#[tokio::test]
async fn a_new_password_is_chosen_once_by_the_link_in_the_mail() {
    let app = app().await;
    let session = app.sign_in().await;
    ask(&app, &ADMIN.to_uppercase()).await;
    let sent = mail(&app).await;
    assert_eq!(sent.recipient, ADMIN);
    let token = token(&sent);
    let shown = app.follow(&format!("/reset-password#{token}")).await;
    assert!(shown.expect(200).body.contains(ADMIN));

    let choose = async |password: &str, again: &str| {
        let fields = [("token", token.as_str()), ("password", password), ("again", again)];
        post(&app, "/reset-password", &fields).await
    };
    choose("short", "short").await.expect(422);
    choose("a long enough password", "another long password").await.expect(422);
    let done = choose("a long enough password", "a long enough password").await.expect(303);
    assert_eq!(done.header("location"), "/login?changed=1");
    choose("one more long password", "one more long password").await.expect(404);

    let page = app.get("/", &[("cookie", &session)]).await;
    assert_eq!(page.status, 303, "every session has ended");
    let fields = |password| [("email", ADMIN), ("password", password)];
    post(&app, "/login", &fields(PASSWORD)).await.expect(401);
    post(&app, "/login", &fields("a long enough password")).await.expect(303);
    let kinds: Vec<_> = app
        .records
        .mails()
        .list(None, store::records::Page::first(5))
        .await
        .expect("listed")
        .into_iter()
        .map(|mail| mail.kind.as_str())
        .collect();
    assert_eq!(kinds, ["password-changed", "password-reset"]);
}

#[tokio::test]
async fn nobody_learns_whether_an_address_belongs_to_somebody() {
    let app = app().await;
    app.add_user("shut.out@example.net", Role::Klant, false).await;
    let seen = async |email: &str| {
        let headers = [("x-request-id", "one")];
        let answer = app.post_form("/forgot-password", &headers, &[("email", email)]).await;
        let mut headers = answer.headers;
        headers.remove("date");
        (answer.status, headers, answer.body.replace(email, "EMAIL"))
    };
    let known = seen(ADMIN).await;
    assert_eq!(known.0, 200);
    assert_eq!(known, seen("nobody@example.net").await);
    assert_eq!(known, seen("shut.out@example.net").await);
    mail(&app).await;
    assert_eq!(app.records.mails().count(None).await.expect("counted"), 1);
}

#[tokio::test]
async fn whoever_asks_over_and_over_must_wait() {
    let app = app().await;
    let mut statuses = Vec::new();
    for _ in 0..7 {
        statuses.push(post(&app, "/forgot-password", &[("email", ADMIN)]).await.status);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn a_link_ends_after_an_hour() {
    let app = app().await;
    ask(&app, ADMIN).await;
    let token = token(&mail(&app).await);
    app.advance_ms(3_600_000);
    app.follow(&format!("/reset-password#{token}")).await.expect(404);
}

#[tokio::test]
async fn without_a_mail_server_the_page_says_so() {
    let app = TestApp::without_series().await;
    let page = app.get("/forgot-password", &[]).await.expect(200);
    assert!(!page.body.contains("<form method=\"post\" action=\"/forgot-password\""));
    ask(&app, ADMIN).await;
    assert_eq!(app.records.mails().count(None).await.expect("counted"), 0);
}

#[tokio::test]
async fn an_invitation_goes_out_by_mail_and_lets_its_reader_in() {
    let app = app().await;
    let session = app.sign_in().await;
    let invited = serde_json::json!({"email": "anna@example.net", "role": "beheer"});
    let headers = [("cookie", session.as_str())];
    let answer = app.send(reqwest::Method::POST, "/api/v1/users", &headers, Some(invited)).await;
    let answer = answer.expect(201).json();
    assert_eq!(answer["invitation"]["mailed"], true, "{answer}");
    let sent = mail(&app).await;
    assert_eq!(sent.recipient, "anna@example.net");
    let link = answer["invitation"]["link"].as_str().expect("a link");
    assert!(secrecy::ExposeSecret::expose_secret(&sent.text).contains(link));
    assert!(app.follow(link).await.expect(200).body.contains("anna@example.net"));
}

#[tokio::test]
async fn the_code_of_a_link_is_sent_in_no_address() {
    let app = app().await;
    ask(&app, ADMIN).await;
    let sent = mail(&app).await;
    let code = token(&sent);
    for text in [&sent.text, &sent.html] {
        let text = secrecy::ExposeSecret::expose_secret(text);
        assert!(text.contains(&format!(" {code}")), "it can be pasted: {text}");
        let links = text.split("http").skip(1).filter(|rest| rest.contains(&code));
        for link in links {
            let sent = link.split('#').next().expect("what goes to a server");
            assert!(!sent.contains(&code), "{link}");
        }
    }
    // Nor does the server take it from one.
    for path in ["/reset-password", "/register", "/notification-address"] {
        let plain = app.get(path, &[]).await.expect(200).body;
        let asked = app.get(&format!("{path}?token={code}"), &[]).await.expect(200).body;
        assert_eq!(plain, asked, "{path}");
        assert!(plain.contains("name=\"token\"") && plain.contains("data-mailed-code"), "{path}");
    }
    let link = format!("{}/reset-password#{code}", app.base);
    for pasted in [code.as_str(), &format!(" {code}\n"), &link] {
        let shown = post(&app, "/reset-password", &[("token", pasted)]).await.expect(200);
        assert!(shown.body.contains(ADMIN), "{pasted:?}");
        // Another language asks for the page again, and its script for what is behind `#`.
        let here = format!("name=\"return\" value=\"/reset-password#{code}\"");
        assert!(shown.body.contains(&here), "{}", shown.body);
    }
    let wrong = post(&app, "/reset-password", &[("token", "wrong")]).await.expect(404);
    assert!(wrong.body.contains("name=\"return\" value=\"/reset-password\""), "{}", wrong.body);
}
