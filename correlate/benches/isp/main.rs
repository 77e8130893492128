//! `make bench`: the engine on a hierarchical ISP, as ratios to floors that
//! are measured in the same run. `PADWACHT_BENCH_SERVICES` and
//! `PADWACHT_BENCH_ROUNDS` make it smaller.

mod floors;
mod workload;

use std::thread;
use std::time::{Duration, Instant};

use correlate::dataflow::{Control, LinesPiece, Options, Workers};
use correlate::files;
use correlate::model::{ComponentState, PathExpr, Period, Sample, ServiceDefinition, Timestamp};
use workload::{Size, Workload};

const RUNS: usize = 3;
const PIECE_BYTES: usize = 1 << 18;

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
    let before = memory_megabytes("VmRSS:");
    for workers in [1, 2] {
        let mut intervals = 0;
        let took = median(|| intervals = replay(&workload, workers));
        row(&format!("replay, {workers} workers, {intervals} intervals"), took, scan);
    }
    let beside = memory_megabytes("VmHWM:") - before;
    println!("{:55} {beside:8.0} MB", "replay, peak memory beside the files");
    let (took, revisions) = mass_outage(100_000);
    row(&format!("one failure under 100000 services, {revisions} revisions"), took, scan);
}

/// What this process holds, or held at most, where the system says so.
fn memory_megabytes(what: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kilobytes.map_or(f64::NAN, |kilobytes| kilobytes / 1024.0)
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

/// From the bytes of the files to those of the intervals, as `padwacht
/// replay` does it, but for reading and writing them.
fn replay(workload: &Workload, workers: usize) -> usize {
    let options = Options { workers, stale_after_ms: None, origin: Timestamp::MIN };
    let mut workers = Workers::start(options, None).expect("starts");
    let controls = thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let entries = files::read_services(&workload.services_json).into_iter();
            let entries = entries.map(|entry| entry.expect("the workload is valid").definition);
            entries.map(|definition| Control::Define(definition.into())).collect()
        });
        feed(workload, &mut workers);
        reading.join().expect("no panic")
    });
    workers.control(controls).expect("runs");
    let until = Timestamp(workload.until_ms);
    workers.settle(until.plus_millis(-1)).expect("runs");
    assert_eq!(workers.lines_read().expect("runs").bad, 0);
    let intervals = workers.intervals().expect("runs");
    let mut output = String::new();
    files::write_intervals(&mut output, &intervals, Period::new(Timestamp(0), until));
    floors::lines(&output) - 1
}

/// Each worker gets a stretch of the file of its own, in pieces.
fn feed(workload: &Workload, workers: &mut Workers) {
    let whole = workload.csv.as_bytes();
    let line_end = |near: usize| {
        memchr::memchr(b'\n', &whole[near.min(whole.len())..])
            .map_or(whole.len(), |more| near + more + 1)
    };
    let mut stretches: Vec<(usize, usize)> = Vec::new();
    for index in 0..workers.len() {
        let start = stretches.last().map_or(0, |last| last.1);
        stretches.push((start, line_end(whole.len() / workers.len() * (index + 1) - 1)));
    }
    let last = stretches.len() - 1;
    stretches[last].1 = whole.len();
    let mut number = 0;
    while stretches.iter().any(|stretch| stretch.0 < stretch.1) {
        for (worker, stretch) in stretches.iter_mut().enumerate() {
            if stretch.0 == stretch.1 {
                continue;
            }
            let end = line_end(stretch.0 + PIECE_BYTES).min(stretch.1);
            let bytes = whole[stretch.0..end].to_vec();
            stretch.0 = end;
            let number = (worker as u64) << 40 | number;
            workers.feed_lines(worker, LinesPiece { number, bytes }).expect("runs");
        }
        number += 1;
    }
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
    workers
        .control((0..services).map(|i| Control::Define(definition(i).into())).collect())
        .expect("runs");
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
