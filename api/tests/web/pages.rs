//! The pages, on the real engine.

use correlate::model::{ComponentState, ServiceState};
use reqwest::Method;
use serde_json::json;
use store::records::SourceState;
use store::series::{ComponentDimension, ServiceDimension};

use crate::rig::{NOW, TestApp, interval, transition};

const HOUR_MS: i64 = 3_600_000;

async fn network(app: &TestApp) {
    let failed = NOW.plus_millis(-HOUR_MS);
    let began = NOW.plus_millis(-48 * HOUR_MS);
    app.store(
        1,
        vec![
            interval("evil", began, Some(failed), ServiceState::Up, &[]),
            interval("evil", failed, None, ServiceState::Down, &["n/port/1"]),
            interval("calm", began, None, ServiceState::Up, &[]),
        ],
        vec![transition("n/port/1", failed, ComponentState::Down)],
    )
    .await;
    let named = |id: &str, name: &str| ServiceDimension {
        id: id.into(),
        name: name.to_owned(),
        customer: "Bakery".to_owned(),
        product: String::new(),
        speed_mbps: 0,
        description: String::new(),
    };
    let services = [named("evil", "<script>alert(1)</script>"), named("calm", "Calm")];
    app.series.upsert_services(&services, 1).await.expect("the series take it");
    let port = ComponentDimension {
        id: "n/port/1".into(),
        kind: "port".to_owned(),
        name: "Gi0/0/1".to_owned(),
        device: "n/device/1".into(),
        device_name: "core1.ams1".to_owned(),
        site: String::new(),
        description: String::new(),
    };
    app.series.upsert_components(&[port], 1).await.expect("the series take it");
}

#[tokio::test]
async fn the_overview_shows_what_is_down_and_why_in_both_languages() {
    let app = TestApp::start().await;
    network(&app).await;
    let session = app.sign_in().await;
    let own = [("cookie", session.as_str())];
    for path in ["/", "/live", "/services", "/services?state=down&cause=n%2Fport%2F1"] {
        let page = app.get(path, &own).await.expect(200);
        assert!(!page.body.contains("<script>alert"), "{path} escapes names");
        assert!(
            page.body.contains("&#60;script&#62;") || page.body.contains("&lt;script&gt;"),
            "{path}"
        );
    }
    let page = app.get("/live", &own).await.expect(200);
    assert!(page.body.contains("Gi0/0/1 · core1.ams1"), "the cause has its name: {}", page.body);
    assert!(page.body.contains("Bakery"), "{}", page.body);

    let dutch = app.get("/", &own).await.expect(200);
    assert!(dutch.body.contains(r#"<html lang="nl""#));
    let chosen = app.post_form("/language", &own, &[("lang", "en"), ("return", "/services")]).await;
    let chosen = chosen.expect(303);
    assert_eq!(chosen.header("location"), "/services");
    let language = crate::rig::cookie(&chosen).expect("a cookie");
    let both = format!("{session}; {language}");
    let english = app.get("/", &[("cookie", &both)]).await.expect(200);
    assert!(english.body.contains(r#"<html lang="en""#));

    let calm = app.get("/services?state=up&q=calm", &own).await.expect(200);
    assert!(calm.body.contains("Calm") && !calm.body.contains("script&#62;"), "{}", calm.body);
    app.get("/?page=99&state=nonsense&sort=nonsense", &own).await.expect(200);
}

#[tokio::test]
async fn a_service_page_shows_its_path_and_its_intervals() {
    let app = TestApp::start().await;
    network(&app).await;
    let session = app.sign_in().await;
    let own = [("cookie", session.as_str())];
    let body = json!({"name": "Evil & co", "path": {"all": ["n/port/1", {"service": "calm"}]}});
    let calm = json!({"name": "Calm", "path": "n/device/1"});
    app.send(Method::PUT, "/api/v1/services/calm", &own, Some(calm)).await.expect(201);
    app.send(Method::PUT, "/api/v1/services/evil", &own, Some(body)).await.expect(201);
    let window = json!({"target": "n/port/1", "from": NOW.0 - 1_000, "to": NOW.0 + 1_000});
    app.send(Method::POST, "/api/v1/maintenance-windows", &own, Some(window)).await.expect(201);
    for zoom in ["", "?zoom=7d", "?zoom=30d&page=9"] {
        let page = app.get(&format!("/services/evil{zoom}"), &own).await.expect(200);
        assert!(page.body.contains("Evil &#38; co") || page.body.contains("Evil &amp; co"));
        assert!(page.body.contains("Gi0/0/1") && page.body.contains("core1.ams1"), "{}", page.body);
    }
    let csv = app.get("/services/evil/intervals.csv", &own).await.expect(200);
    assert!(csv.body.contains("down,n/port/1"), "{}", csv.body);
    app.get("/services/nobody", &own).await.expect(404);
}

#[tokio::test]
async fn trouble_with_a_source_is_told_on_every_page() {
    let app = TestApp::start().await;
    let report = store::records::SourceReport {
        account: "ams1-nms".to_owned(),
        at: NOW,
        state: SourceState::Down,
        success: false,
        error: None,
        counters: std::collections::BTreeMap::new(),
        detail: Default::default(),
    };
    app.records.source_status().report(&report).await.expect("records");
    let session = app.sign_in().await;
    let page = app.get("/", &[("cookie", &session)]).await.expect(200);
    assert!(page.body.contains("ams1-nms"), "{}", page.body);
    let list = app.get("/api/v1/sources", &[("cookie", &session)]).await.expect(200).json();
    assert_eq!(list["sources"][0]["state"], "down");
}

#[tokio::test]
async fn a_source_is_told_with_its_calls_its_errors_and_what_to_do() {
    let app = TestApp::start().await;
    let calls = store::records::SourceCalls {
        kind: "devices".to_owned(),
        calls: 12,
        wire_bytes: 25_000_000,
        p99_ms: 41_000,
        errors: [("timed_out".to_owned(), 2)].into(),
        ..Default::default()
    };
    let failure = store::records::SourceFailure {
        call: "devices".to_owned(),
        fault: "timed_out".to_owned(),
        message: "no <answer> in time".to_owned(),
        first_at: NOW,
        last_at: NOW,
        times: 2,
    };
    let detail = store::records::SourceDetail {
        devices: 4_711,
        data_age_ms: Some(95_000),
        calls: vec![calls],
        errors: vec![failure],
        ..Default::default()
    };
    let report = store::records::SourceReport {
        account: "ams1-nms".to_owned(),
        at: NOW,
        state: SourceState::Suspect,
        success: true,
        error: None,
        counters: std::collections::BTreeMap::new(),
        detail,
    };
    app.records.source_status().report(&report).await.expect("records");
    let session = app.sign_in().await;
    let own = [("cookie", session.as_str())];
    let list = app.get("/sources", &own).await.expect(200);
    assert!(list.body.contains("/sources/ams1-nms") && list.body.contains("4.711"));
    let page = app.get("/sources/ams1-nms", &own).await.expect(200);
    for words in ["request_timeout", "25 MB", "41 s", "1 min 35 s", "/sources/ams1-nms/push"] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    assert!(!page.body.contains("no <answer>"), "an error's words became markup");
    let found = app.get("/api/v1/sources/ams1-nms", &own).await.expect(200).json();
    assert_eq!((&found["name"], &found["devices"]), (&json!("ams1-nms"), &json!(4_711)));
    assert_eq!(found["calls"][0]["errors"], json!({"timed_out": 2}));
    assert_eq!(found["errors"][0]["fault"], "timed_out");
    app.get("/sources/nobody", &own).await.expect(404);
    app.get("/api/v1/sources/nobody", &own).await.expect(404);
}

#[tokio::test]
async fn assets_are_cached_for_ever_and_the_documentation_is_here() {
    let app = TestApp::without_series().await;
    let login = app.get("/login", &[]).await.expect(200);
    let start = login.body.find("/assets/app").expect("the page has a style sheet");
    let end = start + login.body[start..].find('"').expect("an attribute ends");
    let asset = app.get(&login.body[start..end], &[]).await.expect(200);
    assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
    app.get("/assets/nothing.js", &[]).await.expect(404);
    app.get("/assets/..%2F..%2FCargo.toml", &[]).await.expect(404);

    let session = app.sign_in().await;
    let own = [("cookie", session.as_str())];
    let sent = app.get("/docs", &own).await.expect(308);
    let page = app.get(sent.header("location"), &own).await.expect(200);
    assert!(page.body.contains("swagger-ui"), "{}", page.body);
    assert!(page.header("content-security-policy").contains("script-src 'self';"));
    let script = app.get("/docs/swagger-initializer.js", &own).await.expect(200);
    assert!(script.body.contains("/api/v1/openapi.json"), "{}", script.body);
    let document = app.get("/api/v1/openapi.json", &own).await.expect(200).json();
    assert_eq!(document["info"]["version"], "9.9.9");
    assert!(document["paths"]["/api/v1/services/{id}"]["put"].is_object());
}
