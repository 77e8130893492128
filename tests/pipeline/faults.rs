//! LibreNMS answers badly, or does not know: the intervals hold only what was
//! known, and an operator is told what is wrong and what to do.
//!
//! What a simulator of LibreNMS must be able to (LIBRENMS-API, section 13), and
//! where it is staged on the whole pipeline:
//!
//! | what | staged by |
//! | --- | --- |
//! | (a) rows of two types, and the server's own time zone | `frozen::frozen_rows_…_upgrade`: strings, then numbers; clock three and a half hours behind |
//! | (b) 404 for an empty list | `identity::…`: nothing is down, no links |
//! | (c) nested services | not read: LibreNMS's own service checks say nothing of a customer's service |
//! | (d) no `count` | everywhere; no body of the simulator can be read by its count |
//! | (e) ports frozen while their device is down | `frozen::frozen_rows_…_upgrade`; told by `reasons` |
//! | (f) `last_polled` frozen, `last_ping` going on | `frozen::frozen_rows_…_upgrade`: an outage longer than anything is believed |
//! | (g) polls in their phase, pings, and their delay | everywhere: [`scene::Scene::check_edges`] |
//! | (h) discovery that flips the status (`bug_26_7`) | `records::…` |
//! | (i) `icmp` → `icmp,snmp` → `snmp` → nothing | `frozen::frozen_rows_…_upgrade` |
//! | (j) links vanish and return with new ids | `identity::…` |
//! | (k) event ids, local times | all of [`scene`] reads the event log; the hour that comes twice is in `fold`, in a zone made for the day |
//! | (l) 401, 403, 500, 503, 504, HTML, empty, truncated, slow | `bad_answers_of_librenms_change_no_state` |
//! | (l) the whole table for one device | `reasons::the_log_of_all_devices_…` |
//! | (m) secrets in rows | `secrets` |
//! | (n) disabled, ignored, never polled | `frozen::frozen_rows_…_upgrade`; becoming disabled and being told so `reasons` |
//! | (o) deleted, and added again with a new id | `identity::…`; which services name the old one is told by `reasons` |
//! | (p) a poller group that stalls | `frozen::a_poller_group_that_stalls_…` |
//! | beside: outages that fast ping ends by mistake (its issue 20310) | `records::…` |

mod fold;
mod frozen;
mod identity;
mod reasons;
mod records;
mod scene;

use ingest::simulator::{FailureKind, Fault, FaultKind};

use crate::network::CYCLE_MS;
use crate::pipeline::Pipeline;
use crate::steady::steady_set;
use crate::wait;
use scene::{check_told, plain, words};

/// A body that trickles is given up after the shortest time that can be set.
const SETTINGS: &str =
    "glance_interval = \"1h\"\nchanges_interval = \"1h\"\nrequest_timeout = \"5s\"";

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
    check_told(pipeline, kind).await;
    check_alarm(pipeline, kind).await;
    pipeline.nms.simulator.clear_faults();
    wait::until_true(&format!("LibreNMS is read again after {fault:?}"), async || {
        pipeline.api.source().await.0 == "ok"
    })
    .await;
    pipeline.read_all().await;
    assert_eq!(transitions(pipeline).await, before, "{fault:?}");
}

/// Answers that look well and cannot be right are an alarm on every page; other
/// trouble is told more quietly.
async fn check_alarm(pipeline: &Pipeline, kind: &str) {
    let is_alarm = matches!(kind, "empty" | "not_json" | "shrunk" | "truncated");
    for language in ["en", "nl"] {
        let page = plain(&pipeline.api.page_in(language, "/").await);
        assert!(page.contains("librenms"), "the page names the source");
        let meaning = words(language, "notice-alarm-meaning");
        assert_eq!(page.contains(&meaning), is_alarm, "{kind}: {meaning:?} on {page}");
    }
    let source = pipeline.api.get("/api/v1/sources/librenms").await;
    assert_eq!(source["alarm_since"].is_string(), is_alarm, "{source:#}");
}

/// Every change of state of every component.
async fn transitions(pipeline: &Pipeline) -> String {
    let sql = "SELECT component, at, state FROM v_component_transitions ORDER BY component, at";
    pipeline.clickhouse.ask(sql).await.expect("it answers")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_answers_of_librenms_change_no_state() {
    let pipeline = steady_set(SETTINGS).await;
    for (fault, state, kind, words) in [
        (FaultKind::EmptyOk, "suspect", "empty", "an empty"),
        (FaultKind::Unauthorized, "down", "unauthorized", "make a new one under /api-access/"),
        (FaultKind::Forbidden, "down", "forbidden", "give it the role global-read"),
        (FaultKind::HtmlOk, "suspect", "not_json", "a page instead of data"),
        (FaultKind::Shrink { keep_percent: 10 }, "suspect", "shrunk", "may have lost rights"),
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
        (FaultKind::Slow { pause_ms: 1_000 }, "down", "timed_out", "in time"),
    ] {
        check(&pipeline, fault, state, kind, words).await;
    }
    // Nothing is asked just now that would show the one, and the other only takes its
    // time; nothing is believed that either shows.
    for kind in [FaultKind::DroppedFilter, FaultKind::Slow { pause_ms: 1 }] {
        pipeline.nms.simulator.stage(Fault::new(kind)).expect("a good fault");
        let before = transitions(&pipeline).await;
        pipeline.step(CYCLE_MS).await;
        assert_eq!(transitions(&pipeline).await, before, "{kind:?}");
        assert_eq!(pipeline.api.source().await.0, "ok", "{kind:?}");
        pipeline.nms.simulator.clear_faults();
    }
    let source = pipeline.api.get("/api/v1/sources/librenms").await;
    let alarms = source["alarms"].as_array().expect("a list");
    let kinds: Vec<&str> = alarms.iter().filter_map(|alarm| alarm["fault"].as_str()).collect();
    let is_over = alarms.iter().all(|alarm| alarm["until"].is_string());
    assert!(is_over && kinds.len() >= 5 && kinds.contains(&"shrunk"), "{source:#}");
    // After all of it a real outage is seen.
    let (service, cpe) = pipeline.single_line();
    pipeline.break_down(&cpe, FailureKind::Power).await;
    let cause = pipeline.comes_to_be(service.as_str(), "down").await;
    assert!(cause.as_array().is_some_and(|cause| cause.contains(&cpe.into())), "{cause}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_lasts_while_librenms_is_left_alone() {
    // The event log is read every second, as by default.
    let pipeline = steady_set("request_timeout = \"5s\"").await;
    let before = transitions(&pipeline).await;
    pipeline.nms.simulator.stage(Fault::new(FaultKind::HtmlOk)).expect("a good fault");
    pipeline.nms.advance(CYCLE_MS);
    let source = async || pipeline.api.get("/api/v1/sources/librenms").await;
    wait::until_true("too much has failed in a row", async || {
        source().await["left_alone_until"].is_string()
    })
    .await;
    check_told(&pipeline, "not_json").await;
    check_alarm(&pipeline, "not_json").await;
    for language in ["en", "nl"] {
        let page = plain(&pipeline.api.page_in(language, "/sources/librenms").await);
        assert!(page.contains(&words(language, "source-left-alone")), "{page}");
    }
    let told = source().await;
    let alarms = told["alarms"].as_array().expect("a list");
    assert!(alarms.len() == 1 && alarms[0]["until"].is_null(), "{told:#}");
    pipeline.nms.simulator.clear_faults();
    wait::until_true("LibreNMS is read again", async || pipeline.api.source().await.0 == "ok")
        .await;
    let told = source().await;
    let alarms = told["alarms"].as_array().expect("a list");
    assert!(alarms.len() == 1 && alarms[0]["until"].is_string(), "{told:#}");
    pipeline.read_all().await;
    assert_eq!(transitions(&pipeline).await, before, "nothing of it was believed");
}
