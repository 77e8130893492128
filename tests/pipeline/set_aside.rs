//! Records that cannot be used never stop the stage, and people can see them.

use correlate::model::{ComponentId, PathExpr, ServiceDefinition, ServiceId};
use ingest::simulator::FailureKind;
use serde_json::Value;
use store::log::Record;
use store::wire::{
    ComponentSample, DEFINITIONS_TOPIC, DefinitionRecord, DeviceReport, SAMPLES_TOPIC, State,
    encode_report, report_key,
};

use crate::network::wall;
use crate::pipeline::Pipeline;
use crate::steady::steady;

/// An hour after now: no clock is so wrong.
const AHEAD_MS: i64 = 3_600_000;

fn report(samples: &[i64]) -> Record {
    let sample = |&at_ms: &i64| ComponentSample {
        kind: "device".to_owned(),
        native_id: "1".to_owned(),
        at_ms,
        state: State::Down.into(),
        ..ComponentSample::default()
    };
    let report = DeviceReport {
        nms: "librenms".to_owned(),
        device: "1".to_owned(),
        observed_at_ms: wall().millis(),
        samples: samples.iter().map(sample).collect(),
    };
    Record { key: report_key(&report), value: Some(encode_report(&report)) }
}

fn refers(id: &str, to: &str) -> Record {
    let id = ServiceId::from(id);
    let path = PathExpr::All(vec![
        PathExpr::Service(to.into()),
        PathExpr::Component(ComponentId::from("librenms/device/1")),
    ]);
    let definition = Some(ServiceDefinition::always(id.clone(), path));
    DefinitionRecord::Service { id, definition }.encode().expect("a good record")
}

/// Kind, key and count of every row, sorted.
async fn rows(pipeline: &Pipeline) -> Vec<(String, String, u64)> {
    let list = pipeline.api.get("/api/v1/set-aside").await;
    let rows = list["set_aside"].as_array().expect("a list");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let mut rows: Vec<_> = rows
        .iter()
        .map(|row| (text(&row["kind"]), text(&row["key"]), row["count"].as_u64().expect("a count")))
        .collect();
    rows.sort();
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_used_is_set_aside_once_and_shown() {
    let mut pipeline = steady().await;
    pipeline.stage("all").kill();
    let ahead = wall().millis() + AHEAD_MS;
    let samples = vec![Record::new("librenms/device/1", "no protobuf"), report(&[ahead, ahead])];
    pipeline.log.append(SAMPLES_TOPIC, samples).await;
    let definitions =
        vec![Record::new("router/1", "{}"), refers("loop-a", "loop-b"), refers("loop-b", "loop-a")];
    pipeline.log.append(DEFINITIONS_TOPIC, definitions).await;
    pipeline.start_again("all").await;
    let path = "/api/v1/set-aside";
    pipeline.api.until(path, |list| list["total"] == 4).await;
    let device = "librenms/device/1";
    let expected = [
        ("implausible_time", device, 2),
        ("refused", "service/loop-b", 1),
        ("undecodable", device, 1),
        ("undecodable", "router/1", 1),
    ]
    .map(|(kind, key, count)| (kind.to_owned(), key.to_owned(), count));
    assert_eq!(rows(&pipeline).await, expected);
    let only = pipeline.api.get("/api/v1/set-aside?kind=refused&limit=1").await;
    assert_eq!(
        (&only["total"], &only["set_aside"][0]["topic"]),
        (&1.into(), &DEFINITIONS_TOPIC.into())
    );
    assert!(pipeline.api.page("/").await.contains("set aside in the last 24 hours"));
    assert!(pipeline.api.page("/set-aside").await.contains("no DeviceReport"));

    // Read once more, by a state that is rebuilt: the same rows, and one for the loss.
    pipeline.stage("all").kill();
    let dir = pipeline.dir().join("data/correlate");
    std::fs::remove_dir_all(&dir).expect("it can go");
    pipeline.start_again("all").await;
    pipeline.api.until(path, |list| list["total"] == 5).await;
    let found = rows(&pipeline).await;
    assert_eq!(
        found.iter().filter(|row| row.0 != "damaged").cloned().collect::<Vec<_>>(),
        expected
    );

    let (service, cpe) = pipeline.single_line();
    pipeline.break_down(&cpe, FailureKind::Power).await;
    pipeline.comes_to_be(service.as_str(), "down").await;
}
