//! What the running product says about itself: why a service is what it is
//! equals what is recorded, at every interval of a history in which things
//! break; and the terminal says what the API says.

use std::process::Command;

use correlate::model::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::history::{History, STALE_AFTER};
use crate::pipeline::Pipeline;
use crate::rows::settle_on_replay;
use crate::same_intervals::lead;

/// What the binary says in the directory of `pipeline`.
fn told(pipeline: &Pipeline, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_padwacht"));
    command.current_dir(pipeline.dir()).env("HOME", pipeline.dir()).args(args);
    let output = command.output().expect("the binary runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {errors}");
    String::from_utf8(output.stdout).expect("text")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} of {value}"))
}

fn ids(cause: &Value) -> Vec<&str> {
    let list = cause.as_array().expect("a list").iter();
    list.map(|one| one.as_str().unwrap_or_else(|| text(one, "id"))).collect()
}

/// Asks why, at the start of every recorded interval of every service.
async fn check_every_interval(pipeline: &Pipeline, history: &History) -> usize {
    let mut checked = 0;
    for service in pipeline.nms.services() {
        let path = format!("/api/v1/services/{}", text(&service, "id"));
        let (from, until) = (history.from(), history.until());
        let list = pipeline.api.get(&format!("{path}/intervals?from={from}&to={until}")).await;
        for interval in list["intervals"].as_array().expect("a list") {
            let start = text(interval, "start");
            let why = pipeline.api.get(&format!("{path}/explain?at={start}")).await;
            assert_eq!(why["agrees"], true, "{why:#}");
            assert_eq!(text(&why, "state"), text(interval, "state"), "{why:#}");
            assert_eq!(ids(&why["cause"]), ids(&interval["cause"]), "{why:#}");
            checked += 1;
        }
    }
    checked
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_running_product_explains_exactly_what_it_recorded() {
    let history = History::new();
    let mut pipeline = Pipeline::all(history.nms().await, STALE_AFTER).await;
    lead(&mut pipeline, &history, 1, async |_, _| true).await;
    let expected = settle_on_replay(&pipeline, &history, STALE_AFTER).await;
    let checked = check_every_interval(&pipeline, &history).await;
    assert!(checked > expected.len() / 2, "{checked} of {}", expected.len());

    let (cpe, service, outage) = history.outage();
    let at = Timestamp(i64::midpoint(outage.from.millis(), outage.until.millis())).to_string();
    let config = ["--config", "padwacht.toml"];
    let asked = [&["explain", service.as_str(), "--at", &at][..], &config].concat();
    let shown = told(&pipeline, &asked);
    assert!(shown.contains(" is down at ") && shown.contains("rule 3"), "{shown}");
    let blamed = shown.lines().any(|line| line.starts_with('!') && line.contains(&cpe));
    assert!(blamed, "{cpe}: {shown}");
    let of_terminal: Value =
        serde_json::from_str(&told(&pipeline, &[&asked[..], &["--json"]].concat())).expect("JSON");
    let path = format!("/api/v1/services/{service}/explain?at={at}");
    assert_eq!(of_terminal, pipeline.api.get(&path).await);

    let (from, until) = (history.from().to_string(), history.until().to_string());
    let asked = ["what-if", "--down", &cpe, "--from", &from, "--until", &until];
    let asked = [&asked[..], &config].concat();
    let shown = told(&pipeline, &asked);
    assert!(shown.contains("supposed down: ") && shown.contains("\ndown: "), "{shown}");
    let of_terminal: Value =
        serde_json::from_str(&told(&pipeline, &[&asked[..], &["--json"]].concat())).expect("JSON");
    let body = json!({"down": [cpe], "from": from, "until": until, "limit": 100});
    let of_api = pipeline.api.send(Method::POST, "/api/v1/what-if", &body).await;
    assert_eq!(of_terminal, of_api);
    let effects = of_api["effects"].as_array().expect("a list").iter();
    let hit = effects.filter(|effect| effect["service"] == service.as_str());
    assert_eq!(hit.map(|effect| text(effect, "worst")).collect::<Vec<_>>(), ["down"]);
}
