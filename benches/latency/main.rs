//! `make bench`, how soon a change is known: the released binary with its
//! default throttle and pace beside simulated LibreNMS installs on this machine.
//!
//! Devices and ports go down and come back at random times, and LibreNMS polls
//! them at that instant; so what is measured is how long its own news take to
//! become a sample in the log. Once while only the event log tells them, and
//! once while alerts are pushed as well. Several installs are read at the same
//! time, each with its own throttle, so that there are many changes in a short
//! time and yet not more at one install than its throttle has room for. At the
//! end there is one burst that is far more than that, at one install. The
//! samples are looked for in the log itself, by its own stamps, after the
//! product has stopped; how much was asked is counted at the simulator. A full
//! reading falls into each round but the burst.
//!
//! `--json` prints the figures for programs. These make it smaller for slow
//! machines, or larger: `PADWACHT_BENCH_LATENCY_INSTALLS`, `…_SERVICES` and
//! `…_LOCAL_PORTS` (of each), `…_CHANGES` (of all), `…_GAP_MS` (of each) and
//! `…_BULK_PORTS`.

mod changes;
mod floor;
mod nms;
mod product;
mod rounds;
#[expect(dead_code, reason = "each benchmark uses a part of it")]
#[path = "../common/table.rs"]
mod table;

use std::time::Duration;

/// How much is measured.
#[derive(Clone, Copy)]
struct Size {
    /// LibreNMS servers.
    installs: usize,
    /// Of each, with [`Size::local_ports`]: 10,000 devices and 44,000 ports.
    services: usize,
    local_ports: u32,
    /// Of each round, at all installs.
    changes: usize,
    /// Between two changes of one install, on average.
    gap: Duration,
    /// Another limit of the product for the list of all ports than its default.
    bulk_ports_max: Option<usize>,
}

fn from_environment(name: &str) -> Option<usize> {
    let name = format!("PADWACHT_BENCH_LATENCY_{name}");
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[tokio::main]
async fn main() {
    let as_json = std::env::args().any(|arg| arg == "--json");
    let or = |name, default| from_environment(name).unwrap_or(default);
    let size = Size {
        installs: or("INSTALLS", 4),
        services: or("SERVICES", 8_700),
        local_ports: u32::try_from(or("LOCAL_PORTS", 2)).expect("a small number"),
        changes: or("CHANGES", 200),
        gap: Duration::from_millis(or("GAP_MS", 4_000) as u64),
        bulk_ports_max: from_environment("BULK_PORTS"),
    };
    table::print(&rounds::measure(size).await, as_json);
}
