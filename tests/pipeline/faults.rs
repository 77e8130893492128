//! LibreNMS answers badly: the source is marked, and nothing that it says then
//! changes a state.

use ingest::simulator::{FailureKind, Fault, FaultKind};

use crate::network::CYCLE_MS;
use crate::pipeline::Pipeline;
use crate::steady::steady;
use crate::wait;

/// Stages a fault while time passes, and waits until the source is marked.
async fn check(pipeline: &Pipeline, fault: FaultKind, state: &str, kind: &str) {
    let before = transitions(pipeline).await;
    pipeline.nms.simulator.stage(Fault::new(fault)).expect("a good fault");
    pipeline.nms.advance(CYCLE_MS);
    wait::until_true(&format!("{fault:?} is seen as {state}, {kind}"), async || {
        pipeline.api.source().await == (state.to_owned(), Some(kind.to_owned()))
    })
    .await;
    assert!(pipeline.api.page("/").await.contains("librenms"), "the page names the source");
    pipeline.nms.simulator.clear_faults();
    wait::until_true(&format!("LibreNMS is read again after {fault:?}"), async || {
        pipeline.api.source().await.0 == "ok"
    })
    .await;
    pipeline.read_all().await;
    assert_eq!(transitions(pipeline).await, before, "{fault:?}");
}

/// Every change of state of every component.
async fn transitions(pipeline: &Pipeline) -> String {
    let sql = "SELECT component, at, state FROM v_component_transitions ORDER BY component, at";
    pipeline.clickhouse.ask(sql).await.expect("it answers")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_answers_of_librenms_change_no_state() {
    let pipeline = steady().await;
    check(&pipeline, FaultKind::EmptyOk, "suspect", "empty").await;
    check(&pipeline, FaultKind::Unauthorized, "down", "unauthorized").await;
    check(&pipeline, FaultKind::HtmlOk, "suspect", "not_json").await;
    check(&pipeline, FaultKind::Shrink { keep_percent: 10 }, "suspect", "shrunk").await;
    check(&pipeline, FaultKind::Truncated { after_bytes: 5_000 }, "suspect", "truncated").await;
    check(&pipeline, FaultKind::ServerError, "down", "server_failed").await;
    // After all of it a real outage is seen.
    let (service, cpe) = pipeline.single_line();
    pipeline.break_down(&cpe, FailureKind::Power).await;
    let cause = pipeline.comes_to_be(service.as_str(), "down").await;
    assert!(cause.as_array().is_some_and(|cause| cause.contains(&cpe.into())), "{cause}");
}
