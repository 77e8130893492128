//! Editing services and maintenance windows.

use reqwest::Method;
use serde_json::{Value, json};

use crate::rig::{Answer, TestApp};

struct Editor {
    app: TestApp,
    token: String,
}

impl Editor {
    async fn start() -> Editor {
        let app = TestApp::without_series().await;
        let token = app.token().await;
        Editor { app, token }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.app.send(method, path, &[("authorization", &self.token)], body).await
    }

    async fn put(&self, id: &str, body: Value) -> Answer {
        self.send(Method::PUT, &format!("/api/v1/services/{id}"), Some(body)).await
    }

    async fn outbox(&self) -> Vec<(String, Option<Value>)> {
        let rows = self.app.records.outbox().pending(100).await.expect("records");
        let value = |text: String| serde_json::from_str(&text).expect("JSON");
        rows.into_iter().map(|row| (row.key, row.value.map(value))).collect()
    }
}

#[tokio::test]
async fn a_service_is_created_changed_and_removed_and_the_engine_hears_of_it() {
    let editor = Editor::start().await;
    let body =
        json!({"name": "Fibre", "customer": "Bakery", "path": {"any": ["n/port/1", "n/port/2"]}});
    let made = editor.put("a%2Fb", body).await.expect(201).json();
    assert_eq!((&made["id"], &made["revision"]), (&json!("a/b"), &json!(1)));
    assert_eq!(made["versions"][0]["from"], Value::Null);

    let body = json!({"name": "Fibre 2", "path": "n/port/1", "revision": 1});
    editor.put("a%2Fb", body.clone()).await.expect(200);
    let stale = editor.put("a%2Fb", body).await.expect(409);
    assert_eq!(stale.json()["type"], "urn:padwacht:problem:conflict");

    editor.send(Method::DELETE, "/api/v1/services/a%2Fb", None).await.expect(204);
    editor.send(Method::DELETE, "/api/v1/services/a%2Fb", None).await.expect(404);
    let outbox = editor.outbox().await;
    let keys: Vec<_> = outbox.iter().map(|(key, value)| (key.as_str(), value.is_some())).collect();
    assert_eq!(keys, [("service/a/b", true), ("service/a/b", true), ("service/a/b", false)]);
}

#[tokio::test]
async fn refusals_point_into_the_expression() {
    let editor = Editor::start().await;
    let check = async |body: Value, place: &str, reason: &str| {
        let answer = editor.put("s", body).await.expect(422).json();
        let error = &answer["errors"][0];
        assert_eq!(error["place"], place, "{answer}");
        assert!(error["reason"].as_str().is_some_and(|text| text.contains(reason)), "{answer}");
    };
    check(json!({"path": {"all": ["a", {"any": []}]}}), "path.all[1].any", "empty").await;
    check(json!({"path": {"all": [{"service": "gone"}]}}), "path.all[0]", "gone").await;
    check(json!({"path": {"service": "s"}}), "path", "cycle").await;
    check(
        json!({"versions": [{"to": 5, "path": "a"}, {"from": 5, "path": {"at_least": 3, "of": ["a"]}}]}),
        "versions[1].path",
        "at_least",
    )
    .await;
    check(json!({"path": "a", "colour": "red"}), "body", "colour").await;
    assert!(editor.outbox().await.is_empty(), "what is refused is not told to the engine");
}

#[tokio::test]
async fn a_service_that_others_need_stays() {
    let editor = Editor::start().await;
    editor.put("ring", json!({"path": "n/device/1"})).await.expect(201);
    editor.put("leaf", json!({"path": {"service": "ring"}})).await.expect(201);
    let answer = editor.send(Method::DELETE, "/api/v1/services/ring", None).await.expect(409);
    assert!(answer.body.contains("leaf"), "{}", answer.body);
}

#[tokio::test]
async fn an_import_is_all_or_nothing() {
    let editor = Editor::start().await;
    let path = "/api/v1/services";
    let bad = json!([{"id": "a", "path": "n/device/1"}, {"id": "b", "path": {"all": []}}]);
    let answer = editor.send(Method::POST, path, Some(bad)).await.expect(422);
    assert!(answer.body.contains("path.all"), "{}", answer.body);
    assert!(editor.outbox().await.is_empty());
    let good = json!([{"id": "a", "path": "n/device/1"}, {"id": "b", "path": {"service": "a"}}]);
    let report = editor.send(Method::POST, path, Some(good.clone())).await.expect(200).json();
    assert_eq!(report, json!({"created": 2, "updated": 0, "unchanged": 0}));
    let report = editor.send(Method::POST, path, Some(good)).await.expect(200).json();
    assert_eq!(report["unchanged"], 2);
}

#[tokio::test]
async fn maintenance_is_announced_listed_and_withdrawn() {
    let editor = Editor::start().await;
    let path = "/api/v1/maintenance-windows";
    let body = json!({"target": "n/device/1", "from": "2026-11-22T22:00:00+01:00",
        "to": 1_795_392_000_000_i64, "note": "CHG-1"});
    let made = editor.send(Method::POST, path, Some(body)).await.expect(201).json();
    assert_eq!(made["from"], "2026-11-22T21:00:00.000Z");
    assert_eq!(made["created_by"], crate::rig::ADMIN);

    let total = async |query: &str| {
        let list = editor.send(Method::GET, &format!("{path}{query}"), None).await.expect(200);
        list.json()["total"].as_u64()
    };
    assert_eq!(total("").await, Some(1));
    assert_eq!(total("?from=2026-11-23T00:00:00Z").await, Some(0));
    assert_eq!(total("?target=n/device/1&to=2026-11-22T21:30:00Z").await, Some(1));

    let one = format!("{path}/{}", made["id"].as_str().expect("an id"));
    editor.send(Method::DELETE, &one, None).await.expect(204);
    editor.send(Method::DELETE, &one, None).await.expect(404);
    assert_eq!(total("").await, Some(0));
    assert_eq!(total("?withdrawn=true").await, Some(1));
}

#[tokio::test]
async fn impossible_maintenance_is_refused() {
    let editor = Editor::start().await;
    let check = async |body: Value, status: u16, place: &str| {
        let answer = editor
            .send(Method::POST, "/api/v1/maintenance-windows", Some(body))
            .await
            .expect(status);
        if status == 422 {
            assert_eq!(answer.json()["errors"][0]["place"], place, "{}", answer.body);
        }
    };
    check(json!({"target": "a", "from": 5, "to": 5}), 422, "to").await;
    check(json!({"target": "a", "from": "soon", "to": 5}), 422, "from").await;
    check(json!({"target": "", "from": 5, "to": 9}), 422, "target").await;
    check(json!({"target": "service:gone", "from": 5, "to": 9}), 404, "").await;
}
