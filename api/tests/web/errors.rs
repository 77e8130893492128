//! What goes wrong, and how it is told.

use reqwest::Method;
use serde_json::json;

use crate::rig::TestApp;

#[tokio::test]
async fn problems_are_told_in_the_callers_language() {
    let app = TestApp::without_series().await;
    let token = app.token().await;
    let check = async |language: &str, title: &str| {
        let headers = [("authorization", token.as_str()), ("accept-language", language)];
        let path = "/api/v1/maintenance-windows/nonsense";
        let answer = app.send(Method::DELETE, path, &headers, None).await.expect(404);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = answer.json();
        assert_eq!(problem["type"], "urn:padwacht:problem:not-found");
        assert_eq!(problem["title"], title);
        assert_eq!(problem["request_id"], answer.header("x-request-id"));
    };
    check("nl-NL,nl;q=0.9", "Niet gevonden").await;
    check("en", "Not found").await;
    check("de", "Niet gevonden").await;
}

#[tokio::test]
async fn every_kind_of_error_is_a_problem() {
    let app = TestApp::without_series().await;
    let token = app.token().await;
    let own = [("authorization", token.as_str())];
    let check = async |method: Method, path: &str, status: u16, slug: &str| {
        let answer = app.send(method, path, &own, None).await.expect(status);
        assert_eq!(answer.json()["type"], format!("urn:padwacht:problem:{slug}"), "{path}");
    };
    check(Method::GET, "/api/v1/nothing", 404, "not-found").await;
    check(Method::POST, "/api/v1/status", 405, "method-not-allowed").await;
    check(Method::GET, "/api/v1/services?limit=0", 422, "refused").await;
    check(Method::GET, "/api/v1/services?colour=red", 422, "refused").await;
    check(Method::GET, "/api/v1/services?state=broken", 422, "refused").await;
    check(Method::GET, "/api/v1/services", 503, "unavailable").await;
    check(Method::GET, "/api/v1/components/a/b/c", 404, "not-found").await;
    check(Method::PUT, "/api/v1/services/a", 415, "unsupported-type").await;
    check(Method::GET, "/api/v1/services/%FF", 400, "malformed").await;
    let huge = json!({"name": "x".repeat(2 << 20), "path": "a"});
    let answer = app.send(Method::PUT, "/api/v1/services/a", &own, Some(huge)).await.expect(413);
    assert_eq!(answer.json()["type"], "urn:padwacht:problem:too-large");
}

#[tokio::test]
async fn nothing_internal_is_told() {
    let app = TestApp::without_series().await;
    let token = app.token().await;
    let answer = app.get("/api/v1/services", &[("authorization", &token)]).await.expect(503);
    for secret in ["127.0.0.1", "clickhouse", "sqlite", "records.db", "SELECT"] {
        assert!(!answer.body.to_lowercase().contains(&secret.to_lowercase()), "{}", answer.body);
    }
}

#[tokio::test]
async fn people_get_pages_and_programs_get_json() {
    let app = TestApp::without_series().await;
    let session = app.sign_in().await;
    let page = app.get("/nothing", &[("cookie", &session)]).await.expect(404);
    assert!(page.header("content-type").starts_with("text/html"), "{:?}", page.headers);
    let page = app.get("/", &[("cookie", &session)]).await.expect(503);
    assert!(page.body.contains(page.header("x-request-id")), "the page names the request");
    let fragment = app.get("/live", &[("hx-request", "true")]).await.expect(401);
    assert_eq!(fragment.header("hx-redirect"), "/login");
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let app = TestApp::without_series().await;
    for path in ["/login", "/healthz", "/nothing", "/", "/api/v1/services"] {
        let answer = app.get(path, &[]).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert!(!answer.header("x-request-id").is_empty(), "{path}");
    }
}
