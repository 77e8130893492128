//! `make bench`, the reading part: one full reconciliation of a large LibreNMS,
//! as a ratio to a floor that only downloads and discards the same bodies. Once
//! with plain bodies, and once with compressed ones, which both unpack: what a
//! web server gives to those who ask for it, as the source does.
//!
//! The simulator, the reader and the floor are processes of their own (this
//! executable in another role), so that the system accounts their processor
//! time and memory apart. `--json` prints the figures for programs.
//! `PADWACHT_BENCH_NMS_SERVICES`, `PADWACHT_BENCH_NMS_LOCAL_PORTS` and
//! `PADWACHT_BENCH_RUNS` make it smaller for slow machines.

mod floor;
mod reader;
mod roles;
mod server;
mod usage;

use roles::{Child, ROLE};
use serde_json::{Value, json};
use usage::Usage;

/// With [`LOCAL_PORTS`]: 100,000 devices.
const SERVICES: usize = 87_000;
/// Per customer's equipment: 2 million ports in all.
const LOCAL_PORTS: usize = 19;
const RUNS: usize = 3;

/// As in the product.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Goals of the issue.
const GOAL_RATIO: f64 = 2.0;
const GOAL_BYTES: u64 = 500_000_000;

fn from_environment(name: &str, default: usize) -> usize {
    let name = format!("PADWACHT_BENCH_{name}");
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn main() {
    match std::env::var(ROLE).as_deref() {
        Ok("server") => server::run(
            from_environment("NMS_SERVICES", SERVICES),
            from_environment("NMS_LOCAL_PORTS", LOCAL_PORTS),
        ),
        Ok("reader") => reader::run(),
        Ok("floor") => floor::run(),
        _ => compare(),
    }
}

/// What one run of both gave.
struct Run {
    floor: Usage,
    first: Usage,
    again: Usage,
    inventory: Usage,
}

/// The least of all runs, and what was read.
struct Result {
    about: Value,
    best: Run,
    ratio: f64,
    peak_bytes: u64,
    server_peak_bytes: u64,
}

fn compare() {
    let results = [false, true].map(measure);
    if std::env::args().any(|arg| arg == "--json") {
        println!("{}", Value::Array(results.iter().map(Result::to_json).collect()));
        return;
    }
    let about = &results[0].about;
    println!("One reconciliation of {} devices and {} ports:", about["devices"], about["ports"]);
    println!("| what | CPU | ratio | wall | peak memory | goal |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for (result, how) in results.iter().zip(["plain", "gzip"]) {
        result.print(how);
    }
    let server = results.iter().map(|result| result.server_peak_bytes).max().unwrap_or(0);
    println!("The simulator itself: {} MB at most.", megabytes(server));
}

fn megabytes(bytes: u64) -> u64 {
    bytes / 1_000_000
}

/// Reads everything of a server, with compressed bodies or plain ones.
fn measure(gzip: bool) -> Result {
    let mut server = Child::start("server", &[("gzip", &gzip.to_string())]);
    let about = server.line();
    let url = about["url"].as_str().expect("the server says where it is").to_owned();
    let runs: Vec<Run> = (0..from_environment("RUNS", RUNS))
        .map(|run| {
            let mut reader = Child::start("reader", &[("url", &url)]);
            let [first, again] = [(); 2].map(|()| Usage::of(&reader.line()));
            let asked = reader.line()["asked"].to_string();
            let inventory = Usage::of(&reader.line());
            let mut floor = Child::start("floor", &[("url", &url), ("asked", &asked)]);
            let floor = Usage::of(&floor.line());
            let run = run + 1;
            eprintln!(
                "run {run}: floor {floor}; first {first}; again {again}; inventory {inventory}"
            );
            Run { floor, first, again, inventory }
        })
        .collect();
    let least = |pick: fn(&Run) -> Usage| {
        let all = runs.iter().map(pick);
        all.min_by(|a, b| a.cpu_s.total_cmp(&b.cpu_s)).expect("at least one run")
    };
    let best = Run {
        floor: least(|run| run.floor),
        first: least(|run| run.first),
        again: least(|run| run.again),
        inventory: least(|run| run.inventory),
    };
    let server_peak_bytes = server.ask()["peak_bytes"].as_u64().unwrap_or(0);
    Result {
        about,
        ratio: best.again.cpu_s / best.floor.cpu_s,
        peak_bytes: runs.iter().map(|run| run.again.peak_bytes).max().unwrap_or(0),
        server_peak_bytes,
        best,
    }
}

impl Result {
    fn to_json(&self) -> Value {
        json!({
            "about": self.about, "floor": self.best.floor.to_json(),
            "first": self.best.first.to_json(), "again": self.best.again.to_json(),
            "inventory": self.best.inventory.to_json(),
            "ratio": self.ratio, "peak_bytes": self.peak_bytes,
            "server_peak_bytes": self.server_peak_bytes,
        })
    }

    fn print(&self, how: &str) {
        let Run { floor, first, again, inventory } = &self.best;
        let row = |what: &str, usage: &Usage, goal: &str| {
            let (cpu, ratio) = (usage.cpu_s, usage.cpu_s / floor.cpu_s);
            let (wall, memory) = (usage.wall_s, megabytes(usage.peak_bytes));
            println!("| {what} | {cpu:.2} s | {ratio:.2} | {wall:.1} s | {memory} MB | {goal} |");
        };
        let bodies = megabytes(floor.body_bytes);
        row(&format!("{how}, floor: download and discard {bodies} MB"), floor, "");
        row(&format!("{how}, the first reading, nothing known"), first, "");
        let goal = format!("{GOAL_RATIO} x, {} MB", megabytes(GOAL_BYTES));
        row(&format!("{how}, every later reading"), again, &goal);
        row(&format!("{how}, the inventory after them, other bodies"), inventory, "");
    }
}
