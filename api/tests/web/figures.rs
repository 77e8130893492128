//! Figures over HTTP, on the real engine.

use correlate::model::{ComponentState, ServiceState};
use reqwest::Method;
use serde_json::json;
use store::evidence::SampleSource;
use store::series::{Edge, EdgeEvidence, Progress};

use crate::rig::{NOW, TestApp, interval, transition};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// `s` has been up for forty days but for the last hour; `r` is degraded.
async fn history(app: &TestApp) {
    let (began, failed) = (NOW.plus_millis(-40 * DAY_MS), NOW.plus_millis(-HOUR_MS));
    app.store(
        1,
        vec![
            interval("s", began, Some(failed), ServiceState::Up, &[]),
            interval("s", failed, None, ServiceState::Down, &["n/port/1"]),
            interval("r", began, None, ServiceState::Degraded, &["n/port/1"]),
        ],
        vec![
            transition("n/port/1", began, ComponentState::Up),
            transition("n/port/1", failed, ComponentState::Down),
        ],
    )
    .await;
}

#[tokio::test]
async fn services_are_listed_with_their_state_and_uptime() {
    let app = TestApp::start().await;
    history(&app).await;
    let token = app.token().await;
    let own = [("authorization", token.as_str())];
    let list = app.get("/api/v1/services", &own).await.expect(200).json();
    assert_eq!((&list["total"], &list["counts"]["down"]), (&json!(2), &json!(1)));
    let worst = &list["services"][0];
    assert_eq!((&worst["id"], &worst["state"]), (&json!("s"), &json!("down")));
    assert_eq!(worst["cause"], json!(["n/port/1"]));
    assert_eq!(worst["since"], "2026-11-22T11:00:00.000Z");
    // Thirteen hours since midnight in Amsterdam, one of them down.
    let today = &worst["uptime"]["today"];
    assert_eq!(today["availability_percent"], "92.3076");
    assert_eq!(today["down_ms"], HOUR_MS);
    assert_eq!(today["up_ms"], 12 * HOUR_MS);
    let month = &worst["uptime"]["days_30"];
    let total: u64 =
        ["up_ms", "degraded_ms", "down_ms", "unknown_ms", "maintenance_ms", "not_existing_ms"]
            .iter()
            .map(|key| month[key].as_u64().expect("a number"))
            .sum();
    // Twenty-nine whole days, one of which has 25 hours (25 October), and today.
    assert_eq!(total, (29 * 24 + 1 + 13) * HOUR_MS.unsigned_abs());

    let down = app.get("/api/v1/services?state=down&limit=1", &own).await.expect(200).json();
    assert_eq!((&down["total"], &down["counts"]["degraded"]), (&json!(1), &json!(1)));
    let found = app.get("/api/v1/services?q=R&sort=name", &own).await.expect(200).json();
    assert_eq!(found["services"][0]["id"], "r");
}

/// How the failure of `n/port/1` was known.
async fn know_the_edge(app: &TestApp) {
    let at = NOW.plus_millis(-HOUR_MS);
    let known = EdgeEvidence {
        source: SampleSource::EventLog,
        uncertainty_ms: 60_000,
        observed_at: at.plus_millis(5_000),
        reason: None,
    };
    let (component, state) = ("n/port/1".into(), ComponentState::Down);
    app.series.write_edges(&[Edge { component, at, state, known }]).await.expect("written");
}

#[tokio::test]
async fn intervals_come_as_json_and_as_csv() {
    let app = TestApp::start().await;
    history(&app).await;
    let token = app.token().await;
    let own = [("authorization", token.as_str())];
    let path = "/api/v1/services/s/intervals";
    know_the_edge(&app).await;
    let list = app.get(path, &own).await.expect(200).json();
    let states: Vec<_> = list["intervals"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (one["state"].as_str().expect("a state"), one["end"].is_null()))
        .collect();
    assert_eq!(states, [("up", false), ("down", true)]);
    let minute = format!("{path}?from=2026-11-22T11:30:00Z&to=2026-11-22T11:31:00Z");
    let narrow = app.get(&minute, &own).await.expect(200);
    assert_eq!(narrow.json()["intervals"][0]["state"], "down");

    assert_eq!(list["intervals"][1]["start_uncertainty_ms"], 60_000);
    let expected = "service,start,end,state,cause,start_uncertainty_ms\r\n\
        s,2026-10-13T12:00:00.000Z,2026-11-22T11:00:00.000Z,up,,\r\n\
        s,2026-11-22T11:00:00.000Z,,down,n/port/1,60000\r\n";
    let accept = [("authorization", token.as_str()), ("accept", "text/csv")];
    let csv = app.get(path, &accept).await.expect(200);
    assert_eq!(csv.body, expected);
    let csv = app.get(&format!("{path}.csv"), &own).await.expect(200);
    assert_eq!(
        (csv.body.as_str(), csv.header("content-type")),
        (expected, "text/csv; charset=utf-8")
    );

    for bad in ["?from=later", "?from=9&to=3", "?from=2000-01-01T00:00:00Z", "?limit=0"] {
        app.get(&format!("{path}{bad}"), &own).await.expect(422);
    }
    app.get("/api/v1/services/nobody/intervals", &own).await.expect(404);
    app.get("/api/v1/services/nobody", &own).await.expect(404);
}

#[tokio::test]
async fn a_csv_that_is_cut_at_its_limit_says_so() {
    let app = TestApp::start().await;
    history(&app).await;
    let token = app.token().await;
    let own = [("authorization", token.as_str())];
    let accept = [("authorization", token.as_str()), ("accept", "text/csv")];
    for (path, headers) in
        [("/api/v1/services/s/intervals.csv", &own[..]), ("/api/v1/services/s/intervals", &accept)]
    {
        let cut = app.get(&format!("{path}?limit=1"), headers).await.expect(200);
        assert_eq!(cut.header("padwacht-truncated"), "true", "{path}");
        let lines: Vec<&str> = cut.body.lines().collect();
        // The newest remain, and the last line is no interval.
        assert_eq!(lines.len(), 3, "{}", cut.body);
        assert!(lines[1].contains(",down,"), "{}", cut.body);
        assert!(lines[2].starts_with("# truncated"), "{}", cut.body);
        let whole = app.get(&format!("{path}?limit=2"), headers).await.expect(200);
        assert_eq!(whole.header("padwacht-truncated"), "false", "{path}");
        assert!(!whole.body.contains('#'), "{}", whole.body);
        assert_eq!(whole.body.lines().count(), 3, "{}", whole.body);
    }
}

#[tokio::test]
async fn a_service_is_shown_with_its_definition_before_the_engine_speaks_of_it() {
    let app = TestApp::start().await;
    let token = app.token().await;
    let own = [("authorization", token.as_str())];
    let body = json!({"name": "New", "path": "n/device/1"});
    app.send(Method::PUT, "/api/v1/services/new", &own, Some(body)).await.expect(201);
    let one = app.get("/api/v1/services/new", &own).await.expect(200).json();
    assert_eq!((&one["name"], &one["state"]), (&json!("New"), &json!(null)));
    assert_eq!(one["definition"]["versions"][0]["path"], "n/device/1");
    assert_eq!(one["uptime"]["today"]["availability_percent"], json!(null));
    let none = app.get("/api/v1/services/new/intervals", &own).await.expect(200).json();
    assert_eq!(none["intervals"], json!([]));
}

#[tokio::test]
async fn transitions_are_found_by_plain_and_by_encoded_ids() {
    let app = TestApp::start().await;
    history(&app).await;
    know_the_edge(&app).await;
    let token = app.token().await;
    let own = [("authorization", token.as_str())];
    for id in ["n/port/1", "n%2Fport%2F1"] {
        let path = format!("/api/v1/components/{id}/transitions");
        let list = app.get(&path, &own).await.expect(200).json();
        assert_eq!(list["component"], "n/port/1");
        let at = "2026-11-22T11:00:00.000Z";
        let known = json!({
            "at": at, "state": "down", "evidence": "event_log", "uncertainty_ms": 60_000,
            "reason": null,
        });
        assert_eq!(list["transitions"][1], known);
        assert_eq!(list["transitions"][0]["evidence"], json!(null));
    }
}

#[tokio::test]
async fn the_status_says_how_far_the_pipeline_is_and_whether_that_is_stale() {
    let app = TestApp::start().await;
    let token = app.token().await;
    let own = [("authorization", token.as_str())];
    let status = app.get("/api/v1/status", &own).await.expect(200).json();
    assert_eq!((&status["complete_until"], &status["stale"]), (&json!(null), &json!(true)));
    let progress = |instance: &str, behind_ms: i64| Progress {
        stage: "correlate".to_owned(),
        instance: instance.to_owned(),
        at: NOW,
        frontier: Some(NOW.plus_millis(-behind_ms)),
        epoch: 1,
        lag_ms: 0,
        detail: String::new(),
    };
    let reports = [progress("0", 5_000), progress("1", 60_000)];
    app.series.record_progress(&reports).await.expect("the series take it");
    let status = app.get("/api/v1/status", &own).await.expect(200).json();
    assert_eq!(status["complete_until"], "2026-11-22T11:59:00.000Z", "the slowest counts");
    assert_eq!(status["stale"], false);
    app.advance_ms(20 * 60_000);
    let status = app.get("/api/v1/status", &own).await.expect(200).json();
    assert_eq!(status["stale"], true);
}
