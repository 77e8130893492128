//! Health, readiness and metrics.

use crate::rig::TestApp;

#[tokio::test]
async fn the_process_lives_even_when_its_parts_are_away() {
    let app = TestApp::without_series().await;
    let answer = app.get("/healthz", &[]).await.expect(200);
    assert_eq!(answer.json()["version"], "9.9.9", "on this machine itself");
    let stranger = app.get("/healthz", &[("x-forwarded-for", "203.0.113.9")]).await.expect(200);
    assert_eq!(stranger.body, "{\"status\":\"ok\"}");
    let answer = app.get("/readyz", &[]).await.expect(503);
    let parts = answer.json()["parts"].clone();
    assert_eq!(parts[0]["state"], "ok");
    assert_eq!(parts[1]["part"], "series");
    assert_ne!(parts[1]["state"], "ok");
    assert!(!answer.body.contains("127.0.0.1"), "no internals: {}", answer.body);
}

#[tokio::test]
async fn it_is_ready_when_every_part_answers() {
    let app = TestApp::start().await;
    let answer = app.get("/readyz", &[]).await.expect(200);
    assert_eq!(answer.json()["status"], "ready");
}

#[tokio::test]
async fn metrics_are_for_this_machine_as_long_as_nothing_stands_in_front() {
    let app = TestApp::without_series().await;
    app.get("/metrics", &[]).await.expect(200);
    app.get("/metrics", &[("x-forwarded-for", "203.0.113.9")]).await.expect(401);
    app.get("/metrics", &[("host", "rebound.example")]).await.expect(421);
    let token = app.token().await;
    let headers = [("x-forwarded-for", "203.0.113.9"), ("authorization", token.as_str())];
    app.get("/metrics", &headers).await.expect(200);
}

#[tokio::test]
async fn behind_a_proxy_metrics_need_their_token() {
    let app = TestApp::configured(|config| {
        config.public_url = "http://uptime.example.net".to_owned();
        config.metrics_token = Some("scrape me".into());
    })
    .await;
    app.get("/metrics", &[]).await.expect(401);
    app.get("/metrics", &[("authorization", "Bearer scrape him")]).await.expect(401);
    app.get("/metrics", &[("authorization", "Bearer scrape me")]).await.expect(200);
    app.get("/api/v1/sources", &[("authorization", "Bearer scrape me")]).await.expect(401);
}
