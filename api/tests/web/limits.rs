//! How much each caller may ask, from outside.

use api::RequestLimits;
use store::records::Role;

use crate::rig::TestApp;

async fn app() -> TestApp {
    TestApp::configured(|config| {
        config.request_limits = Some(RequestLimits {
            burst: 5,
            per_second: 2,
            public_burst: 4,
            public_per_second: 1,
            costly_at_once: 1,
        });
    })
    .await
}

#[tokio::test]
async fn whoever_asks_too_much_waits_and_others_do_not() {
    let app = app().await;
    let session = app.sign_in().await;
    let (token, cookie) = (app.token().await, [("cookie", session.as_str())]);
    for _ in 0..5 {
        app.get("/profile/security", &cookie).await.expect(200);
    }
    let page = app.get("/profile/security", &cookie).await.expect(429);
    assert_eq!(page.header("retry-after"), "1");
    assert!(page.header("content-type").starts_with("text/html"), "{}", page.body);
    // A token is no way round: it is the same person.
    let program = app.get("/api/v1/profile", &[("authorization", &token)]).await.expect(429);
    assert_eq!(program.json()["type"], "urn:padwacht:problem:too-many");
    assert_eq!(program.header("retry-after"), "1");

    let (_, other) = app.acting("am@example.net", Role::Accountmanager, &[]).await;
    app.get("/api/v1/profile", &[("authorization", &other)]).await.expect(200);
    app.advance_ms(1_000);
    app.get("/profile/security", &cookie).await.expect(200);
    app.get("/profile/security", &cookie).await.expect(200);
    app.get("/profile/security", &cookie).await.expect(429);
}

#[tokio::test]
async fn strangers_wait_too_and_a_monitor_never() {
    let app = app().await;
    for _ in 0..4 {
        app.get("/login", &[]).await.expect(200);
    }
    let refused = app.get("/forgot-password", &[]).await.expect(429);
    assert_eq!(refused.header("retry-after"), "1");
    for _ in 0..50 {
        app.get("/healthz", &[]).await.expect(200);
    }
    app.advance_ms(1_000);
    app.get("/login", &[]).await.expect(200);
}

#[tokio::test]
async fn an_export_runs_alone_until_it_is_read() {
    let app = app().await;
    let token = app.token().await;
    let own = [("authorization", token.as_str())];
    for _ in 0..2 {
        let whole = app.get("/api/v1/audit.csv", &own).await.expect(200);
        assert!(whole.body.starts_with("sequence,"), "{}", whole.body);
    }
}
