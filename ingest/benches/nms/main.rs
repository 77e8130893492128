//! `make bench`, the reading part: one full reconciliation of a large LibreNMS,
//! as a ratio to a floor that only downloads and discards the same bodies.
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
use usage::Usage;

/// With [`LOCAL_PORTS`]: 100,000 devices.
const SERVICES: usize = 87_000;
/// Per customer's equipment: 2 million ports in all.
const LOCAL_PORTS: usize = 19;
const RUNS: usize = 3;

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
}

fn compare() {
    let as_json = std::env::args().any(|arg| arg == "--json");
    let mut server = Child::start("server", &[]);
    let about = server.line();
    let url = about["url"].as_str().expect("the server says where it is").to_owned();
    let runs: Vec<Run> = (0..from_environment("RUNS", RUNS))
        .map(|run| {
            let mut reader = Child::start("reader", &[("url", &url)]);
            let [first, again] = [(); 2].map(|()| Usage::of(&reader.line()));
            let asked = reader.line()["asked"].to_string();
            let mut floor = Child::start("floor", &[("url", &url), ("asked", &asked)]);
            let floor = Usage::of(&floor.line());
            eprintln!("run {}: floor {floor}; first {first}; again {again}", run + 1);
            Run { floor, first, again }
        })
        .collect();
    let least = |pick: fn(&Run) -> Usage| {
        let all = runs.iter().map(pick);
        all.min_by(|a, b| a.cpu_s.total_cmp(&b.cpu_s)).expect("at least one run")
    };
    let (floor, first, again) =
        (least(|run| run.floor), least(|run| run.first), least(|run| run.again));
    let memory = runs.iter().map(|run| run.again.peak_bytes).max().unwrap_or(0);
    let nms = server.ask();
    if as_json {
        println!(
            "{}",
            serde_json::json!({
                "about": about, "server": nms, "floor": floor.to_json(),
                "first": first.to_json(), "again": again.to_json(),
                "ratio": again.cpu_s / floor.cpu_s, "peak_bytes": memory,
            })
        );
        return;
    }
    let megabytes = |bytes: u64| bytes / 1_000_000;
    println!("One reconciliation of {} devices and {} ports:", about["devices"], about["ports"]);
    println!("| what | CPU | ratio | wall | peak memory | goal |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let row = |what: &str, usage: &Usage, goal: &str| {
        println!(
            "| {what} | {:.2} s | {:.2} | {:.1} s | {} MB | {goal} |",
            usage.cpu_s,
            usage.cpu_s / floor.cpu_s,
            usage.wall_s,
            megabytes(usage.peak_bytes)
        );
    };
    let body = format!("floor: download and discard {} MB", megabytes(floor.body_bytes));
    row(&body, &floor, "");
    row("the first reading, nothing known", &first, "");
    let goal = format!("{GOAL_RATIO} x, {} MB", megabytes(GOAL_BYTES));
    row("every later reading", &again, &goal);
    println!(
        "The simulator itself: {} MB at most.",
        megabytes(nms["peak_bytes"].as_u64().unwrap_or(0))
    );
}
