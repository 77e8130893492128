//! ClickHouse or Kafka away for a while: the pages say so, and nothing is lost.

use reqwest::{Method, StatusCode};

use crate::history::{History, STALE_AFTER};
use crate::pipeline::{Database, Pipeline};
use crate::rows::{assert_same, clip, replay, settle_on_replay};
use crate::same_intervals::{lead, undisturbed};
use crate::wait;

/// The steps of the history that are followed, and when something goes away.
const STEPS: usize = 12;
const GONE_IN: usize = 4;
const BACK_IN: usize = 8;
const BACK_AFTER: usize = GONE_IN + 1;

/// The shortest that can be configured.
const SOON_STALE: &str = "10s";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clickhouse_may_be_away_for_a_while() {
    let history = History::first(STEPS);
    let nms = history.nms().await;
    let mut pipeline = Pipeline::apart(nms, STALE_AFTER, Database::Sqlite).await;
    lead(&mut pipeline, &history, 1, async |pipeline, step| {
        let engine = pipeline.engine.as_mut().expect("an engine of its own");
        match step {
            GONE_IN => {
                engine.kill();
                let gone = async || pipeline.clickhouse.ask("SELECT 1").await.is_err();
                wait::until_true("the engine is gone", gone).await;
                check_that_series_are_away(pipeline).await;
            }
            BACK_IN => engine.start_again().await,
            _ => {}
        }
        true
    })
    .await;
    let expected = settle_on_replay(&pipeline, &history, STALE_AFTER).await;
    assert_same("what is there afterwards", &expected, &clip(undisturbed().await, &history));
    pipeline.api.until("/readyz", |body| body["status"] == "ready").await;
    pipeline.api.until("/api/v1/status", |status| status["stale"] == false).await;
}

/// The processes live, and say what cannot be reached.
async fn check_that_series_are_away(pipeline: &Pipeline) {
    let ask = async |path| pipeline.api.ask(Method::GET, path, None).await.expect("it answers");
    let (status, body) = ask("/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
    let parts = body["parts"].as_array().expect("a list");
    let series = parts.iter().find(|part| part["part"] == "series").expect("it is named");
    assert_eq!(series["state"], "unreachable");
    let (status, body) = ask("/api/v1/status").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
    let page = pipeline.api.page("/").await;
    assert!(page.contains("The figures cannot be read now"), "{page}");
    assert_eq!(ask("/api/v1/sources").await.0, StatusCode::OK, "sources need no ClickHouse");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kafka_may_be_away_for_a_while() {
    let history = History::first(STEPS);
    let nms = history.nms().await;
    let mut pipeline = Pipeline::apart(nms, SOON_STALE, Database::Sqlite).await;
    lead(&mut pipeline, &history, 1, async |pipeline, step| {
        let Pipeline { api, nms, broker, .. } = pipeline;
        let broker = broker.as_ref().expect("a broker of its own");
        match step {
            GONE_IN => {
                broker.kill();
                // Only ingest's queue holds what LibreNMS says in this step.
                nms.is_read().await;
                false
            }
            BACK_AFTER => {
                nms.is_read().await;
                api.until("/api/v1/status", |status| status["stale"] == true).await;
                assert!(api.page("/").await.contains("The data are behind."));
                broker.start_again().await;
                true
            }
            _ => true,
        }
    })
    .await;
    settle_on_replay(&pipeline, &history, SOON_STALE).await;
    let same = replay(&pipeline, &history, STALE_AFTER).await;
    assert_same("what is in the log", &same, &clip(undisturbed().await, &history));
    pipeline.api.until("/api/v1/status", |status| status["stale"] == false).await;
}
