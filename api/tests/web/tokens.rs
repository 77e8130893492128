//! API tokens.

use reqwest::Method;
use serde_json::json;

use crate::rig::TestApp;

#[tokio::test]
async fn a_token_opens_the_api_until_it_expires_or_is_revoked() {
    let app = TestApp::without_series().await;
    let session = app.sign_in().await;
    let own = [("cookie", session.as_str())];
    let body = json!({"name": "Grafana", "expires_at": "2026-11-22T12:30:00Z"});
    let issued = app.send(Method::POST, "/api/v1/tokens", &own, Some(body)).await.expect(201);
    let token = issued.json()["token"].as_str().expect("a token").to_owned();
    assert!(token.starts_with("pw_") && token.len() == 67, "{token}");
    let bearer = format!("bearer {token}");
    let with_token = [("authorization", bearer.as_str())];
    app.get("/api/v1/sources", &with_token).await.expect(200);

    let listed = app.get("/api/v1/tokens", &own).await.expect(200);
    assert!(!listed.body.contains(&token), "the secret is never shown again");
    assert_eq!(listed.json()["tokens"][0]["prefix"], token[..9]);

    app.advance_ms(30 * 60_000);
    app.get("/api/v1/sources", &with_token).await.expect(401);

    let body = json!({"name": "script"});
    let stale = app.send(Method::POST, "/api/v1/tokens", &own, Some(body.clone())).await;
    assert_eq!(stale.expect(403).json()["type"], "urn:padwacht:problem:confirmation-required");
    let session = app.sign_in().await;
    let own = [("cookie", session.as_str())];
    let issued = app.send(Method::POST, "/api/v1/tokens", &own, Some(body)).await.expect(201);
    let issued = issued.json();
    let bearer = format!("Bearer {}", issued["token"].as_str().expect("a token"));
    app.get("/api/v1/sources", &[("authorization", &bearer)]).await.expect(200);
    let path = format!("/api/v1/tokens/{}", issued["id"].as_str().expect("an id"));
    app.send(Method::DELETE, &path, &own, None).await.expect(204);
    app.get("/api/v1/sources", &[("authorization", &bearer)]).await.expect(401);
    app.send(Method::DELETE, &path, &own, None).await.expect(404);
}

#[tokio::test]
async fn a_bad_token_is_not_made_up_for_by_a_session() {
    let app = TestApp::without_series().await;
    let session = app.sign_in().await;
    for bearer in ["Bearer pw_0", "Bearer ", "Bearer x", "Basic YTpi"] {
        let headers = [("cookie", session.as_str()), ("authorization", bearer)];
        let expected = if bearer.starts_with("Bearer") { 401 } else { 200 };
        let answer = app.get("/api/v1/sources", &headers).await.expect(expected);
        if expected == 401 {
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
}

#[tokio::test]
async fn a_token_that_would_be_dead_at_birth_is_refused() {
    let app = TestApp::without_series().await;
    let token = app.token().await;
    let body = json!({"name": "late", "expires_at": "2020-01-01T00:00:00Z"});
    let headers = [("authorization", token.as_str())];
    let answer = app.send(Method::POST, "/api/v1/tokens", &headers, Some(body)).await.expect(422);
    assert_eq!(answer.json()["errors"][0]["place"], "expires_at");
}
