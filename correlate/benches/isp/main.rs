//! `make bench`: the engine on a hierarchical ISP, as ratios to floors that
//! are measured in the same run. `PADWACHT_BENCH_SERVICES` and
//! `PADWACHT_BENCH_ROUNDS` make it smaller.

mod floors;
mod workload;

use std::time::{Duration, Instant};

use correlate::dataflow::{Control, Options, Workers};
use correlate::files::SampleLines;
use correlate::model::{ComponentState, PathExpr, Sample, ServiceDefinition, Timestamp};
use workload::{Size, Workload};

const RUNS: usize = 3;
const PIECE_BYTES: usize = 1 << 20;

fn from_environment(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn main() {
    let size = Size {
        services: from_environment("PADWACHT_BENCH_SERVICES", 50_000),
        rounds: from_environment("PADWACHT_BENCH_ROUNDS", 100),
    };
    let workload = workload::generate(size);
    let megabytes = workload.csv.len() / 1_000_000;
    let samples = floors::lines(&workload.csv) - 1;
    let (services, components) = (size.services, workload.components);
    println!("{services} services, {components} components, {samples} samples, {megabytes} MB");
    let scan = median(|| _ = std::hint::black_box(floors::scan(&workload.csv)));
    let lines = median(|| _ = std::hint::black_box(floors::lines(&workload.csv)));
    row("scan (floor), 1 thread", scan, scan);
    row("lines (floor), 1 thread", lines, scan);
    for workers in [1, 2] {
        let mut intervals = 0;
        let took = median(|| intervals = replay(&workload, workers));
        row(&format!("replay, {workers} workers, {intervals} intervals"), took, scan);
    }
    let (took, revisions) = mass_outage(100_000);
    row(&format!("one failure under 100000 services, {revisions} revisions"), took, scan);
}

fn median(mut run: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[RUNS / 2]
}

fn row(what: &str, took: Duration, scan: Duration) {
    println!(
        "{what:55} {:8.3} s {:7.2} x scan",
        took.as_secs_f64(),
        took.as_secs_f64() / scan.as_secs_f64()
    );
}

/// From the bytes of the file to all intervals.
fn replay(workload: &Workload, workers: usize) -> usize {
    let options = Options { workers, stale_after_ms: None, origin: Timestamp::MIN };
    let mut workers = Workers::start(options, None).expect("starts");
    let controls = workload.services.iter().cloned().map(Control::Define).collect();
    workers.control(controls).expect("runs");
    let mut reader = SampleLines::new();
    let mut rest = workload.csv.as_bytes();
    while !rest.is_empty() {
        let end = rest.len().min(PIECE_BYTES);
        let end = memchr::memchr(b'\n', &rest[end..]).map_or(rest.len(), |more| end + more + 1);
        let mut samples = Vec::new();
        reader.read(&rest[..end], |sample| samples.push(sample.expect("the workload is valid")));
        workers.feed(samples).expect("runs");
        rest = &rest[end..];
    }
    workers.settle(Timestamp(workload.until_ms - 1)).expect("runs");
    workers.intervals().expect("runs").iter().map(|service| service.1.len()).sum()
}

/// One component fails under `services` services that have no other.
fn mass_outage(services: usize) -> (Duration, usize) {
    let options = Options { workers: 1, stale_after_ms: None, origin: Timestamp(0) };
    let mut workers = Workers::start(options, None).expect("starts");
    let definition = |index: usize| {
        let device = PathExpr::Component(format!("isp/device/{index}").into());
        let path = PathExpr::All(vec![device, PathExpr::Component("isp/device/core".into())]);
        ServiceDefinition::always(format!("s{index}").into(), path)
    };
    workers.control((0..services).map(|i| Control::Define(definition(i))).collect()).expect("runs");
    let sample = |at, component: String, state| Sample {
        at: Timestamp(at),
        component: component.into(),
        state,
    };
    let mut samples: Vec<Sample> =
        (0..services).map(|i| sample(1, format!("isp/device/{i}"), ComponentState::Up)).collect();
    samples.push(sample(1, "isp/device/core".to_owned(), ComponentState::Up));
    workers.feed(samples).expect("runs");
    workers.finish(Timestamp(10)).expect("runs");
    let start = Instant::now();
    let failure = sample(20, "isp/device/core".to_owned(), ComponentState::Down);
    workers.feed(vec![failure]).expect("runs");
    let output = workers.finish(Timestamp(30)).expect("runs");
    (start.elapsed(), output.revisions.len())
}
