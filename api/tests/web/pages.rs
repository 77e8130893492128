//! The pages, on the real engine.

use std::collections::{BTreeMap, BTreeSet};

use correlate::model::{ComponentState, ServiceState};
use reqwest::Method;
use serde_json::{Value, json};
use store::records::{FindingValue, SourceState};
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
        learned: vec![store::records::SourceFinding {
            name: "version".to_owned(),
            value: FindingValue::Name("1.36".to_owned()),
            how: "set".to_owned(),
            months: None,
            overridden: true,
            found: Some(FindingValue::Name("26.7.0-found".to_owned())),
        }],
        capabilities: vec![store::records::SourceCapability {
            name: "changes".to_owned(),
            can: false,
            how: "forbidden".to_owned(),
        }],
        left_alone_until: Some(NOW),
        ..Default::default()
    };
    let report = store::records::SourceReport {
        account: "ams1-nms".to_owned(),
        at: NOW,
        state: SourceState::Suspect,
        success: true,
        error: Some(store::records::SourceError {
            kind: "not_json".to_owned(),
            message: "a page".to_owned(),
        }),
        counters: std::collections::BTreeMap::new(),
        detail,
    };
    app.records.source_status().report(&report).await.expect("records");
    let session = app.sign_in().await;
    let own = [("cookie", session.as_str())];
    let list = app.get("/sources", &own).await.expect(200);
    assert!(list.body.contains("/sources/ams1-nms") && list.body.contains("4.711"));
    let page = app.get("/sources/ams1-nms", &own).await.expect(200);
    for words in [
        "request_timeout",
        "25 MB",
        "41 s",
        "1 min 35 s",
        "/sources/ams1-nms/push",
        "26.7.0-found",
        "gebeurtenissenlogboek",
        "met rust laat",
    ] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    assert!(!page.body.contains("no <answer>"), "an error's words became markup");
    let found = app.get("/api/v1/sources/ams1-nms", &own).await.expect(200).json();
    assert_eq!((&found["name"], &found["devices"]), (&json!("ams1-nms"), &json!(4_711)));
    assert_eq!(found["calls"][0]["errors"], json!({"timed_out": 2}));
    assert_eq!(found["errors"][0]["fault"], "timed_out");
    assert_eq!(
        (&found["last_error"]["kind"], &found["left_alone_until"]),
        (&json!("not_json"), &json!("2026-11-22T12:00:00.000Z"))
    );
    assert_eq!(found["learned"][0]["found"], "26.7.0-found");
    assert_eq!(
        found["capabilities"],
        json!([{"name": "changes", "can": false, "how": "forbidden"}])
    );
    app.get("/sources/nobody", &own).await.expect(404);
    app.get("/api/v1/sources/nobody", &own).await.expect(404);
}

#[tokio::test]
async fn assets_are_cached_for_ever() {
    let app = TestApp::without_series().await;
    let login = app.get("/login", &[]).await.expect(200);
    let start = login.body.find("/assets/app").expect("the page has a style sheet");
    let end = start + login.body[start..].find('"').expect("an attribute ends");
    let asset = app.get(&login.body[start..end], &[]).await.expect(200);
    assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
    app.get("/assets/nothing.js", &[]).await.expect(404);
    app.get("/assets/..%2F..%2FCargo.toml", &[]).await.expect(404);
}

#[tokio::test]
async fn every_operation_of_the_document_is_on_the_page_about_the_api() {
    let app = TestApp::without_series().await;
    let session = app.sign_in().await;
    let own = [("cookie", session.as_str())];
    let page = app.get("/docs", &own).await.expect(200);
    assert!(page.header("content-security-policy").contains("script-src 'self';"));
    let document = app.get("/api/v1/openapi.json", &own).await.expect(200).json();
    assert_eq!(document["info"]["version"], "9.9.9");
    // What is in a card is read from its id to the next card.
    let cards: BTreeMap<&str, &str> = page
        .body
        .split("docs-operation\" id=\"")
        .skip(1)
        .filter_map(|card| card.split_once('"'))
        .collect();
    let mut shown = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let id = operation["operationId"].as_str().expect("an id");
            let card = cards.get(id).unwrap_or_else(|| panic!("{method} {path} is missing"));
            let method = method.to_uppercase();
            let mut words = vec![format!(">{method}</span><code>{path}</code>")];
            let scope = operation["x-scope"].as_str();
            words.extend(scope.map(|scope| format!("<code>{scope}</code>")));
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            words.extend(
                parameters
                    .map(|one| format!("<code>{}</code>", one["name"].as_str().expect("a name"))),
            );
            let answers = operation["responses"].as_object().expect("answers").keys();
            let answers = answers.filter(|status| *status != "default");
            words.extend(answers.map(|status| format!(">{status}</span>")));
            for content in [
                &operation["requestBody"]["content"]["application/json"],
                &operation["responses"]["200"]["content"]["application/json"],
                &operation["responses"]["201"]["content"]["application/json"],
            ] {
                words.extend(fields(&document, &content["schema"]));
            }
            for words in words {
                assert!(card.contains(&words), "{method} {path} lacks {words}");
            }
            shown += 1;
        }
    }
    assert_eq!(cards.len(), shown, "a card is of no operation");
    let ids: Vec<&str> =
        page.body.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "an id is there twice");
    assert!(shown > 70, "{shown}");
}

/// The names of the fields of a schema of `document`, as the page has them.
fn fields(document: &Value, schema: &Value) -> Vec<String> {
    let reference = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next());
    let schema = reference.map_or(schema, |name| &document["components"]["schemas"][name]);
    let parts = schema["allOf"].as_array().into_iter().flatten();
    let mut found: Vec<String> = parts.flat_map(|part| fields(document, part)).collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    found.extend(properties.map(|(name, _)| format!("<code>{name}</code>")));
    found
}
