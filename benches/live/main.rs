//! `make bench`, the live part: the released binary between a real Kafka
//! broker and a real ClickHouse, all on this machine, as ratios to a floor
//! that is measured in the same run.
//!
//! `--json` prints the figures for programs. These make it smaller for slow
//! machines: `PADWACHT_BENCH_SERVICES`, `PADWACHT_BENCH_ROUNDS`,
//! `PADWACHT_BENCH_RUNS`, `PADWACHT_BENCH_PACED_RATE` (samples per second),
//! `PADWACHT_BENCH_PACED_SECONDS` and `PADWACHT_BENCH_OUTAGE_SERVICES`.

mod drain;
mod floor;
mod latency;
mod outage;
mod place;
mod process;
#[expect(dead_code, reason = "each benchmark uses a part of it")]
#[path = "../common/table.rs"]
mod table;
mod workload;

use std::sync::Arc;
use std::time::Duration;

use place::Place;
use workload::{Network, Poller};

/// How much is measured.
#[derive(Clone, Copy)]
struct Size {
    services: usize,
    rounds: usize,
    runs: usize,
    /// Samples per second of the steady load, at most.
    paced_rate: f64,
    paced: Duration,
    outage_services: usize,
}

fn from_environment(name: &str, default: usize) -> usize {
    let name = format!("PADWACHT_BENCH_{name}");
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::main]
async fn main() {
    let as_json = std::env::args().any(|arg| arg == "--json");
    let wants = |what: &str| {
        let only = std::env::var("PADWACHT_BENCH_ONLY").unwrap_or_default();
        only.is_empty() || only.split(',').any(|one| one == what)
    };
    let size = Size {
        services: from_environment("SERVICES", 50_000),
        rounds: from_environment("ROUNDS", 100),
        runs: from_environment("RUNS", 3),
        paced_rate: from_environment("PACED_RATE", 250_000) as f64,
        paced: Duration::from_secs(from_environment("PACED_SECONDS", 30) as u64),
        outage_services: from_environment("OUTAGE_SERVICES", 100_000),
    };
    let mut rows = Vec::new();
    if wants("drain") || wants("latency") {
        let place = Arc::new(Place::new().await);
        let mut poller = Poller::new(Network::hierarchical(size.services));
        eprintln!("{} services, {} components", size.services, poller.network.len());
        drain::settle(&place, &mut poller).await;
        let mut sustained = size.paced_rate * 2.0;
        if wants("drain") {
            sustained = drain::measure(&place, &mut poller, size, &mut rows).await;
        }
        if wants("latency") {
            latency::measure(&place, &mut poller, size, sustained, &mut rows).await;
        }
    }
    if wants("outage") {
        outage::measure(size, &mut rows).await;
    }
    table::print(&rows, as_json);
}
