//! What an NMS knew of an edge, and how exactly, comes through the whole
//! product: from the log into ClickHouse, the explanation and the terminal;
//! also when the state of correlation is lost and rebuilt.

use correlate::model::ComponentId;
use serde_json::Value;
use store::log::Record;
use store::wire::{
    ComponentSample, DeviceReport, Evidence, SAMPLES_TOPIC, State, encode_report, report_key,
};

use crate::network::wall;
use crate::pipeline::Pipeline;
use crate::steady::steady;

/// A device is down, as its NMS's event log says, since at most a minute.
fn report(component: &str, at_ms: i64) -> Record {
    let id = ComponentId::from(component);
    let (nms, kind, native) = id.parts().expect("an id has three parts");
    let sample = ComponentSample {
        kind: kind.to_owned(),
        native_id: native.to_owned(),
        at_ms,
        state: State::Down.into(),
        evidence: Evidence::EventLog.into(),
        uncertainty_ms: 60_000,
        reason: 0,
    };
    let report = DeviceReport {
        nms: nms.to_owned(),
        device: native.to_owned(),
        observed_at_ms: at_ms + 1_000,
        samples: vec![sample],
    };
    Record { key: report_key(&report), value: Some(encode_report(&report)) }
}

/// What an explanation says of how the state of `component` was known.
fn known<'a>(node: &'a Value, component: &str) -> Option<&'a Value> {
    if node["component"]["id"] == component {
        return Some(&node["known"]);
    }
    let children = node["children"].as_array()?;
    children.iter().find_map(|child| known(child, component))
}

async fn check(pipeline: &Pipeline, service: &str, component: &str, at_ms: i64) {
    let path = format!("/api/v1/services/{service}/explain?at={at_ms}");
    let expected = |why: &Value| {
        known(&why["root"], component).is_some_and(|known| {
            known["source"] == "event_log" && known["uncertainty_ms"] == 60_000
        })
    };
    pipeline.api.until(&path, expected).await;
    let page = pipeline.api.page(&format!("/services/{service}/why?at={at_ms}")).await;
    assert!(page.contains("Known from the event log, began between"), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_an_edge_was_known_is_shown_and_survives_a_lost_state() {
    let mut pipeline = steady().await;
    let (service, cpe) = pipeline.single_line();
    pipeline.stage("all").kill();
    let at_ms = wall().millis();
    pipeline.log.append(SAMPLES_TOPIC, vec![report(&cpe, at_ms)]).await;
    pipeline.start_again("all").await;
    check(&pipeline, service.as_str(), &cpe, at_ms).await;

    pipeline.stage("all").kill();
    let data = pipeline.dir().join("data");
    for lost in ["correlate", "clickhouse"] {
        std::fs::remove_dir_all(data.join(lost)).expect("it can go");
    }
    pipeline.start_again("all").await;
    check(&pipeline, service.as_str(), &cpe, at_ms).await;
}
