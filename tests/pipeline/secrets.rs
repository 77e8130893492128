//! The SNMP secrets in LibreNMS's rows and the API token are nowhere in what
//! the product writes: logs, topics, tables, records, pages.

use std::path::Path;

use ingest::simulator::{FailureKind, Fault, FaultKind};

use crate::network::{CYCLE_MS, TOKEN};
use crate::pipeline::Pipeline;
use crate::steady::steady_saying_all;
use crate::wait;

/// What every SNMP secret of the simulated LibreNMS begins with.
const SNMP: &str = "SECRET-";

/// Panics if the bytes hold a secret; `place` says where they are from.
pub(crate) fn check(place: &str, bytes: &[u8]) {
    for secret in [SNMP, TOKEN] {
        let found = bytes.windows(secret.len()).position(|window| window == secret.as_bytes());
        if let Some(at) = found {
            let around = &bytes[at.saturating_sub(80)..bytes.len().min(at + 80)];
            panic!("{place} holds {secret}: …{}…", String::from_utf8_lossy(around));
        }
    }
}

/// Every file below `dir` but the one that the token was configured in.
pub(crate) fn check_files(dir: &Path) -> usize {
    let mut checked = 0;
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            checked += check_files(&path);
        } else if !path.ends_with("padwacht.toml")
            && let Ok(bytes) = std::fs::read(&path)
        {
            check(&path.display().to_string(), &bytes);
            checked += 1;
        }
    }
    checked
}

pub(crate) async fn check_tables(pipeline: &Pipeline) {
    let ask = async |sql: &str| pipeline.clickhouse.ask(sql).await.expect("it answers");
    let tables = "SELECT name FROM system.tables WHERE database = 'padwacht'";
    let tables = ask(tables).await;
    assert!(tables.lines().count() > 5, "{tables}");
    for table in tables.lines() {
        let rows = ask(&format!("SELECT * FROM {table}")).await;
        check(&format!("table {table}"), rows.as_bytes());
    }
}

async fn check_pages(pipeline: &Pipeline) {
    for page in ["/sources", "/sources/librenms"] {
        check(page, pipeline.api.page(page).await.as_bytes());
    }
    for path in ["/api/v1/sources", "/api/v1/sources/librenms", "/api/v1/status"] {
        check(path, pipeline.api.get(path).await.to_string().as_bytes());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_of_librenms_is_in_anything_that_is_written() {
    let mut pipeline = steady_saying_all().await;
    let served = reqwest::Client::new()
        .get(format!("{}/api/v0/devices", pipeline.nms.url))
        .header("x-auth-token", TOKEN)
        .send();
    let served = served.await.expect("it answers").text().await.expect("a body");
    assert!(served.contains(SNMP), "LibreNMS gives secrets away");

    let (service, cpe) = pipeline.single_line();
    pipeline.break_down(&cpe, FailureKind::Power).await;
    pipeline.comes_to_be(service.as_str(), "down").await;
    // Every way in which a body with secrets can come to nothing.
    for kind in [
        FaultKind::Truncated { after_bytes: 50_000 },
        FaultKind::Shrink { keep_percent: 10 },
        FaultKind::ServerError,
        FaultKind::HtmlOk,
    ] {
        pipeline.nms.simulator.stage(Fault::new(kind)).expect("a good fault");
        pipeline.nms.advance(CYCLE_MS);
        let is_seen = async || pipeline.api.source().await.0 != "ok";
        wait::until_true(&format!("{kind:?} is seen"), is_seen).await;
        pipeline.nms.simulator.clear_faults();
        let is_over = async || pipeline.api.source().await.0 == "ok";
        wait::until_true(&format!("{kind:?} is over"), is_over).await;
    }
    let source = pipeline.api.get("/api/v1/sources/librenms").await;
    assert!(source["errors"].as_array().is_some_and(|errors| errors.len() >= 3), "{source}");
    assert!(source["calls"][0]["wire_bytes"].as_u64() > Some(0), "{source}");

    check_tables(&pipeline).await;
    check_pages(&pipeline).await;
    assert!(pipeline.stage("all").has_said(&["called the NMS"]), "the log is at its fullest");
    pipeline.stage("all").kill();
    let messages = pipeline.log.messages().await;
    assert!(messages.len() > 100, "only {} messages", messages.len());
    for message in &messages {
        check("a message", message);
    }
    let files = check_files(pipeline.dir());
    assert!(files > 10, "only {files} files");
}
