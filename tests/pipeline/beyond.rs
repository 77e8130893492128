//! Facts about a time that the engine has forgotten: the rows become those
//! that `padwacht replay` gives over all facts.

use std::process::Command;

use correlate::model::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use store::log::Record;
use store::wire::{ComponentSample, DeviceReport, SAMPLES_TOPIC, State, encode_report, report_key};

use crate::cluster::{Member, Shape};
use crate::network::wall;
use crate::pipeline::Pipeline;
use crate::steady::{steady, steady_in};
use crate::wait;

const MINUTE_MS: i64 = 60_000;

/// The horizon of the pipelines is an hour: all of this lies before it.
const FROM_MS: i64 = -6 * 60 * MINUTE_MS;
const UNTIL_MS: i64 = -2 * 60 * MINUTE_MS;

/// Two devices that were polled every five minutes, and at times were down.
fn history(start: Timestamp) -> Vec<Record> {
    let mut records = Vec::new();
    for (device, down) in [("901", 10..20), ("902", 15..30)] {
        let polls = (UNTIL_MS - FROM_MS) / (5 * MINUTE_MS);
        let sample = |poll: i64| ComponentSample {
            kind: "device".to_owned(),
            native_id: device.to_owned(),
            at_ms: start.millis() + FROM_MS + poll * 5 * MINUTE_MS,
            state: if down.contains(&poll) { State::Down } else { State::Up }.into(),
            ..ComponentSample::default()
        };
        let report = DeviceReport {
            nms: "far".to_owned(),
            device: device.to_owned(),
            observed_at_ms: start.millis(),
            samples: (0..polls).map(sample).collect(),
        };
        records.push(Record { key: report_key(&report), value: Some(encode_report(&report)) });
    }
    records
}

/// What people have said so far.
#[derive(Default)]
struct Said {
    services: Vec<Value>,
    windows: Vec<(String, i64, i64)>,
}

/// The rows of the services that replay gives, as ClickHouse shows them.
async fn expected(pipeline: &Pipeline, said: &Said, start: Timestamp) -> Vec<String> {
    let dir = pipeline.dir();
    let mut windows = String::from("target,from,to\n");
    for (target, from, to) in &said.windows {
        windows.push_str(&format!("{target},{from},{to}\n"));
    }
    let services = Value::from(said.services.clone()).to_string();
    std::fs::write(dir.join("far.csv"), pipeline.log.samples_csv().await).expect("written");
    std::fs::write(dir.join("far.json"), services).expect("written");
    std::fs::write(dir.join("windows.csv"), windows).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_padwacht"));
    command.current_dir(dir).args(["replay", "--quiet", "--stale-after", "15m"]);
    command.args(["--samples", "far.csv", "--services", "far.json"]);
    command.args(["--maintenance", "windows.csv"]);
    command.arg("--from").arg((start.millis() + FROM_MS - MINUTE_MS).to_string());
    command.arg("--until").arg((start.millis() + UNTIL_MS).to_string());
    let output = command.output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().skip(1).map(str::to_owned).collect()
}

async fn found(pipeline: &Pipeline, start: Timestamp) -> Vec<String> {
    let (from, until) = (start.millis() + FROM_MS - MINUTE_MS, start.millis() + UNTIL_MS);
    let sql = format!(
        "SELECT service, greatest(toUnixTimestamp64Milli(start), {from}) AS a,
             least(ifNull(toUnixTimestamp64Milli(end), {until}), {until}) AS b,
             state, arrayStringConcat(cause, ' ')
         FROM service_intervals FINAL
         WHERE startsWith(service, 'far-') AND toUnixTimestamp64Milli(start) < {until}
             AND (end IS NULL OR toUnixTimestamp64Milli(end) > {from})
         ORDER BY service, a"
    );
    let lines = pipeline.clickhouse.ask(&sql).await.expect("it answers");
    lines.lines().map(|line| line.replace('\t', ",")).collect()
}

async fn check(what: &str, pipeline: &Pipeline, said: &Said, start: Timestamp) {
    let expected = expected(pipeline, said, start).await;
    // Every moment of every service is told once.
    let overlaps = "SELECT count() FROM (
        SELECT end, leadInFrame(start) OVER (PARTITION BY service ORDER BY start
            ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS next
        FROM service_intervals FINAL WHERE startsWith(service, 'far-'))
        WHERE toUnixTimestamp64Milli(next) > 0 AND (end IS NULL OR end > next)";
    wait::until_true(&format!("{what}: {expected:#?}"), async || {
        found(pipeline, start).await == expected
            && pipeline.clickhouse.ask(overlaps).await == Ok("0\n".to_owned())
    })
    .await;
}

/// Waits until the engine has forgotten what lies before the horizon.
async fn forget(pipeline: &Pipeline) {
    let newest = || {
        let dir = pipeline.dir().join("data/correlate");
        let names = std::fs::read_dir(dir).into_iter().flatten().flatten();
        let names = names.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|name| name.ends_with(".checkpoint")).max()
    };
    let before = newest();
    wait::until_true("a checkpoint is saved", async || newest() > before).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_from_before_the_horizon_give_what_replay_gives() {
    let mut pipeline = steady().await;
    let start = wall();
    // The embedded log has one writer.
    pipeline.stage("all").kill();
    pipeline.log.append(SAMPLES_TOPIC, history(start)).await;
    pipeline.start_again("all").await;
    tell_of_the_past(&mut pipeline, start, async |pipeline| pipeline.restart("all").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_do_so_in_two_processes_too() {
    let shape = Shape { processes: 2, workers: 2 };
    let mut pipeline = steady_in(shape).await;
    let start = wall();
    pipeline.log.append(SAMPLES_TOPIC, history(start)).await;
    tell_of_the_past(&mut pipeline, start, async |pipeline| {
        pipeline.break_cluster(Member::Follower).await;
        pipeline.correlate_in(shape);
    })
    .await;
}

/// Defines, edits, announces and withdraws, all of it about the time before
/// the horizon; `crash` kills what correlates and starts it again.
async fn tell_of_the_past(
    pipeline: &mut Pipeline,
    start: Timestamp,
    crash: impl AsyncFnOnce(&mut Pipeline),
) {
    let both = json!({"all": ["far/device/901", "far/device/902"]});
    let mut said = Said::default();
    let define = async |pipeline: &Pipeline, said: &mut Said, id: &str, rest: Value| {
        pipeline.api.send(Method::PUT, &format!("/api/v1/services/{id}"), &rest).await;
        let mut whole = rest;
        whole["id"] = id.into();
        said.services.retain(|known| known["id"] != id);
        said.services.push(whole);
    };
    define(pipeline, &mut said, "far-known", json!({"path": both})).await;
    check("defined in time", pipeline, &said, start).await;
    forget(pipeline).await;
    forget(pipeline).await;

    define(
        pipeline,
        &mut said,
        "far-late",
        json!({"path": {"any": ["far/device/901", "far/device/902"]}}),
    )
    .await;
    // So many that every worker of every process has one, whatever the hash.
    for number in 0..12 {
        define(pipeline, &mut said, &format!("far-copy-{number}"), json!({"path": both})).await;
    }
    check("a new service reaches back", pipeline, &said, start).await;
    let turn = start.millis() - 4 * 60 * MINUTE_MS;
    let versions = json!([
        {"from": null, "to": turn, "path": "far/device/901"},
        {"from": turn + 10 * MINUTE_MS, "to": null, "path": {"service": "far-late"}},
    ]);
    define(pipeline, &mut said, "far-known", json!({ "versions": versions })).await;
    check("a service is edited in the past", pipeline, &said, start).await;

    let window = ("far/device/902".to_owned(), start.millis() + FROM_MS, turn);
    let body = json!({"target": window.0, "from": window.1, "to": window.2});
    let made = pipeline.api.send(Method::POST, "/api/v1/maintenance-windows", &body).await;
    said.windows.push(window);
    check("work is announced afterwards", pipeline, &said, start).await;

    // Taken in again after a crash, the same facts give the same rows.
    crash(pipeline).await;
    check("after a crash", pipeline, &said, start).await;
    forget(pipeline).await;

    let path = format!("/api/v1/maintenance-windows/{}", made["id"].as_str().expect("an id"));
    let (status, _) = pipeline.api.ask(Method::DELETE, &path, None).await.expect("it answers");
    assert_eq!(status, StatusCode::NO_CONTENT);
    said.windows.clear();
    check("it is withdrawn", pipeline, &said, start).await;

    let deleted = "/api/v1/services/far-known";
    let (status, _) = pipeline.api.ask(Method::DELETE, deleted, None).await.expect("it answers");
    assert_eq!(status, StatusCode::NO_CONTENT);
    let left = "SELECT count() FROM service_intervals FINAL WHERE service = 'far-known'";
    wait::until_true("nothing of it is left", async || {
        pipeline.clickhouse.ask(left).await == Ok("0\n".to_owned())
    })
    .await;
}
