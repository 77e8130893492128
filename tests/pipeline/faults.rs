//! LibreNMS answers badly: the source is marked, and nothing that it says then
//! changes a state.

use ingest::simulator::{FailureKind, Fault, FaultKind};

use crate::network::CYCLE_MS;
use crate::pipeline::Pipeline;
use crate::steady::steady;
use crate::wait;

/// Stages a fault while time passes, and waits until the source is marked and
/// says so in words that tell an operator what to do.
async fn check(pipeline: &Pipeline, fault: FaultKind, state: &str, kind: &str, words: &str) {
    let before = transitions(pipeline).await;
    pipeline.nms.simulator.stage(Fault::new(fault)).expect("a good fault");
    pipeline.nms.advance(CYCLE_MS);
    wait::until_true(&format!("{fault:?} is seen as {state}, {kind}"), async || {
        pipeline.api.source().await == (state.to_owned(), Some(kind.to_owned()))
    })
    .await;
    let said = pipeline.api.get("/api/v1/sources").await.to_string();
    assert!(said.contains(words), "{fault:?}: {words:?} is not in {said}");
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
    for (fault, state, kind, words) in [
        (FaultKind::EmptyOk, "suspect", "empty", "an empty"),
        (FaultKind::Unauthorized, "down", "unauthorized", "make a new one under /api-access/"),
        (FaultKind::Forbidden, "down", "forbidden", "give it the role global-read"),
        (FaultKind::HtmlOk, "suspect", "not_json", "a page instead of data"),
        (FaultKind::Shrink { keep_percent: 10 }, "suspect", "shrunk", "device list"),
        (
            FaultKind::Truncated { after_bytes: 5_000 },
            "suspect",
            "truncated",
            "nothing of it is used",
        ),
        (FaultKind::BrokenOff { after_bytes: 5_000 }, "suspect", "truncated", "broke off"),
        (FaultKind::ServerError, "down", "server_failed", "logs/librenms.log"),
        (FaultKind::TimeLimit, "down", "overloaded", "raise max_execution_time"),
        (FaultKind::GatewayTimeout, "down", "overloaded", "raise fastcgi_read_timeout"),
        (FaultKind::Unavailable, "down", "unavailable", "check MariaDB"),
        (FaultKind::Maintenance, "down", "unavailable", "in maintenance mode"),
        (FaultKind::TooMany { retry_after_s: 0 }, "down", "throttled", "lower requests_per_second"),
    ] {
        check(&pipeline, fault, state, kind, words).await;
    }
    // Nothing is asked that would show it, and nothing is believed that does.
    let dropped = Fault::new(FaultKind::DroppedFilter);
    pipeline.nms.simulator.stage(dropped).expect("a good fault");
    let before = transitions(&pipeline).await;
    pipeline.step(CYCLE_MS).await;
    assert_eq!(transitions(&pipeline).await, before);
    pipeline.nms.simulator.clear_faults();
    // After all of it a real outage is seen.
    let (service, cpe) = pipeline.single_line();
    pipeline.break_down(&cpe, FailureKind::Power).await;
    let cause = pipeline.comes_to_be(service.as_str(), "down").await;
    assert!(cause.as_array().is_some_and(|cause| cause.contains(&cpe.into())), "{cause}");
}
