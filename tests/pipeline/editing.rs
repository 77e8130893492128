//! What people change reaches the running engine.

use ingest::simulator::FailureKind;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::steady::steady;
use crate::wait;

const EDITED: &str = "/api/v1/services/edited";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_reaches_the_engine_without_restart() {
    let pipeline = steady().await;
    let api = &pipeline.api;
    let (_, cpe) = pipeline.single_line();
    let other = "librenms/device/1";
    pipeline.break_down(&cpe, FailureKind::Power).await;

    api.send(Method::PUT, EDITED, &json!({"path": other})).await;
    assert_eq!(pipeline.comes_to_be("edited", "up").await, json!([]));
    api.send(Method::PUT, EDITED, &json!({"path": {"all": [other, cpe]}})).await;
    assert_eq!(pipeline.comes_to_be("edited", "down").await, json!([cpe]));

    // The past may be edited too: the other way was needed until just now.
    let turn = pipeline.nms.now();
    let versions = json!([
        {"from": null, "to": turn.millis(), "path": other},
        {"from": turn.millis(), "to": null, "path": {"any": [other, cpe]}},
    ]);
    api.send(Method::PUT, EDITED, &json!({ "versions": versions })).await;
    assert_eq!(pipeline.comes_to_be("edited", "degraded").await, json!([cpe]));
    let path = format!("{EDITED}/intervals");
    let states = |list: &Value| -> Vec<Value> {
        let intervals = list["intervals"].as_array().expect("a list");
        intervals.iter().map(|interval| interval["state"].clone()).collect()
    };
    assert_eq!(states(&api.get(&path).await), ["unknown", "up", "degraded"]);

    let window = json!({"target": cpe, "from": turn.millis(), "to": turn.millis() + 3_600_000});
    api.send(Method::PUT, EDITED, &json!({"path": {"all": [other, cpe]}})).await;
    api.send(Method::POST, "/api/v1/maintenance-windows", &window).await;
    assert_eq!(pipeline.comes_to_be("edited", "maintenance").await, json!([cpe]));

    let (status, _) = api.ask(Method::DELETE, EDITED, None).await.expect("it answers");
    assert_eq!(status, StatusCode::NO_CONTENT);
    let left = "SELECT count() FROM service_intervals FINAL WHERE service = 'edited'";
    wait::until_true("the engine forgets the service", async || {
        pipeline.clickhouse.ask(left).await == Ok("0\n".to_owned())
    })
    .await;
}
