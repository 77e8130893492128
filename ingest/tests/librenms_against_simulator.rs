//! The LibreNMS source reads the simulator over HTTP, and its samples are held
//! against what the simulator knows to be true.
//!
//! Simulated time moves only between polls, so nothing depends on how fast
//! this machine is.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use correlate::model::{ComponentId, ComponentState, Period, Timestamp};
use ingest::librenms::{LibreNms, Settings};
use ingest::simulator::{
    Failure, FailureKind, FailureRates, Fault, FaultKind, Release, SimOptions, Simulator, Topology,
    Truth, World, WorldOptions,
};
use ingest::source::{
    DeviceReport, Evidence, Hint, Kept, Kind, NativeId, ObservedSample, Reading, Source,
    SourceState,
};

/// 2026-08-20 10:15:00 UTC.
const START: Timestamp = Timestamp(1_787_220_900_000);
const CYCLE_MS: i64 = 300_000;
const POLLS: i64 = 60;
fn component(nms: &str, sample: &ObservedSample) -> ComponentId {
    ComponentId::of(nms, sample.kind.as_str(), &sample.native_id)
}

/// What is wrong with a sample, given what really was; `None` if it is true.
///
/// An edge must lie within its uncertainty. Every other sample must be of a
/// state that held at its instant, or somewhere within its uncertainty; but the
/// same sample given again is as old as the first.
fn untrue(
    truth: &Truth,
    id: &ComponentId,
    sample: &ObservedSample,
    is_renewal: bool,
) -> Option<String> {
    let (at, state) = (sample.at, sample.state);
    let edges: Vec<i64> = truth
        .intervals_of(id)
        .into_iter()
        .filter(|interval| interval.state == state)
        .map(|interval| interval.period.from.millis())
        .collect();
    let from = at.millis() - i64::from(sample.uncertainty_ms);
    let is_edge = sample.uncertainty_ms > 0 && sample.uncertainty_ms < u32::MAX;
    let held_once = || {
        truth.intervals_of(id).into_iter().any(|interval| {
            let period = interval.period;
            interval.state == state && period.from <= at && period.until.millis() > from
        })
    };
    let holds = match is_edge {
        true if is_renewal => held_once(),
        true => edges.iter().any(|&edge| from <= edge && edge <= at.millis()),
        false => sample.uncertainty_ms == u32::MAX || truth.state_at(id, at) == state,
    };
    (!holds).then(|| format!("{id} {sample:?}, but {state} since {edges:?}"))
}

fn brief(sample: &ObservedSample) -> String {
    let ObservedSample { at, state, evidence, uncertainty_ms, .. } = sample;
    format!("{state} at {at} ±{uncertainty_ms} by {evidence:?}")
}

/// Holds all samples against the truth; how many edges there were, by evidence.
#[track_caller]
fn check_all(truth: &Truth, samples: &[ObservedSample]) -> HashMap<Evidence, usize> {
    let mut first = HashMap::new();
    let mut edges = HashMap::new();
    // What was told of each component, by instant.
    let mut told: HashMap<ComponentId, BTreeMap<Timestamp, ComponentState>> = HashMap::new();
    for sample in samples {
        let id = component("librenms", sample);
        if sample.state == ComponentState::Unknown || sample.at < truth.period().from {
            continue;
        }
        let told = told.entry(id.clone()).or_default();
        let before = told.range(..sample.at).next_back().map(|(_, state)| *state);
        told.insert(sample.at, sample.state);
        let is_renewal = before == Some(sample.state) && sample.evidence == Evidence::Poll;
        if sample.uncertainty_ms > 0 && !is_renewal {
            *edges.entry(sample.evidence).or_insert(0) += 1;
        }
        if first.insert((id.clone(), sample.at, sample.state), ()).is_some() {
            continue;
        }
        if let Some(wrong) = untrue(truth, &id, sample, is_renewal) {
            let same = |s: &&ObservedSample| component("librenms", s) == id;
            let told: Vec<_> = samples.iter().filter(same).map(brief).collect();
            panic!("{wrong}; told: {}", told.join(", "));
        }
    }
    edges
}

struct Bench {
    simulator: Simulator,
    source: LibreNms,
    wall: Arc<AtomicI64>,
}

async fn bench(failures: impl Fn(&World) -> Vec<Failure>) -> Bench {
    bench_with(failures, None).await
}

async fn bench_with(
    failures: impl Fn(&World) -> Vec<Failure>,
    ping_cycle_ms: Option<i64>,
) -> Bench {
    let options = WorldOptions { services: 60, ..WorldOptions::default() };
    let world = World::generate(&Topology::surfnet(), &options).expect("a valid world");
    let failures = failures(&world);
    let wall = Arc::new(AtomicI64::new(0));
    let simulator = {
        let wall = Arc::clone(&wall);
        let options = SimOptions {
            since: START.plus_millis(-CYCLE_MS),
            ping_cycle_ms,
            ..SimOptions::new(START, "0123456789abcdef0123456789abcdef")
        };
        let clock = move || Timestamp(wall.load(Ordering::SeqCst));
        Simulator::new(Arc::new(world), failures, options, Arc::new(clock)).expect("valid")
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(simulator.clone().serve(listener));
    let token = "0123456789abcdef0123456789abcdef".to_owned().into();
    let mut settings = Settings::new("librenms", &url, token).expect("valid settings");
    settings.requests_per_second = NonZeroU32::new(100_000).expect("not 0");
    settings.burst = NonZeroU32::new(100_000).expect("not 0");
    settings.retries = 0;
    let clock = simulator.clone();
    let source = LibreNms::new(settings, Arc::new(move || clock.now())).expect("a source");
    Bench { simulator, source, wall }
}

impl Bench {
    fn pass(&self, millis: i64) {
        self.wall.fetch_add(millis, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn every_edge_of_the_lists_lies_within_its_uncertainty() {
    let day = Period::new(START, START.plus_millis(POLLS * CYCLE_MS));
    let bench = bench(|world| Failure::random(world, 5, day, &FailureRates::lively())).await;
    let mut samples = Vec::new();
    for _ in 0..POLLS {
        bench.pass(CYCLE_MS / 2);
        let outcome = bench.source.poll().await;
        assert_eq!(outcome.health.state, SourceState::Ok, "{:?}", outcome.health.reason);
        samples.extend(outcome.reports.into_iter().flat_map(|report| report.samples));
    }
    for state in [ComponentState::Up, ComponentState::Down, ComponentState::Unknown] {
        assert!(samples.iter().filter(|sample| sample.state == state).count() > 50, "{state}");
    }
    let edges = check_all(&bench.simulator.truth(), &samples);
    assert!(edges[&Evidence::Poll] > 50, "{edges:?}");
}

#[tokio::test]
async fn every_edge_of_all_ways_of_reading_lies_within_its_uncertainty() {
    for (seed, ping_cycle_ms) in [(7, None), (8, Some(60_000))] {
        let day = Period::new(START, START.plus_millis(POLLS * CYCLE_MS));
        let failures = |world: &World| Failure::random(world, seed, day, &FailureRates::lively());
        let bench = bench_with(failures, ping_cycle_ms).await;
        let kept = Kept::default();
        let mut samples = Vec::new();
        // Odd steps, so that readings fall everywhere into the cycles.
        for step in 0..POLLS * 3 {
            bench.pass(37_000);
            let mut readings = vec![Reading::Changes];
            if step % 2 == 0 {
                readings.push(Reading::Glance);
            }
            if step % 9 == 0 {
                readings.insert(0, Reading::Full);
            }
            if bench.source.plan().backfill_wanted {
                readings.push(Reading::Backfill);
            }
            if step % 31 == 30 {
                // The process is away for a while, and the changes wait.
                bench.pass(20 * 60_000);
            }
            for reading in readings {
                let health = bench.source.read(reading, &kept).await;
                assert_eq!(health.state, SourceState::Ok, "{:?}", health.reason);
            }
            samples.extend(kept.take().into_iter().flat_map(|report| report.samples));
        }
        let edges = check_all(&bench.simulator.truth(), &samples);
        assert!(edges[&Evidence::EventLog] > 50, "{edges:?}");
        let exact = |sample: &&ObservedSample| {
            sample.evidence == Evidence::EventLog && sample.uncertainty_ms > 0
        };
        let widest = samples.iter().filter(exact).map(|s| s.uncertainty_ms).min();
        assert!(widest.is_some_and(|ms| ms <= 300_000), "{widest:?}");
    }
}

#[tokio::test]
async fn a_change_is_a_sample_at_the_next_reading_of_the_log_and_at_a_push() {
    let bench = bench(|_| Vec::new()).await;
    bench.pass(CYCLE_MS);
    let kept = Kept::default();
    bench.source.read(Reading::Full, &kept).await;
    bench.source.read(Reading::Changes, &kept).await;
    kept.take();
    let world = Arc::clone(bench.simulator.world());
    let core = world.device_named("cr1.zwolle.example.net").expect("known").native_id();
    let core = NativeId::from(u64::from(core));
    let of_core = |reports: Vec<DeviceReport>| -> Vec<_> {
        let samples = reports.into_iter().flat_map(|report| report.samples);
        let core = samples.filter(|s| s.kind == Kind::Device && s.native_id == core);
        core.filter(|s| s.uncertainty_ms > 0).map(|s| (s.state, s.evidence)).collect()
    };
    let now = bench.simulator.now();
    let until = now.plus_millis(CYCLE_MS * 2);
    let dark = Failure::named(&world, "site:Zwolle", FailureKind::Power, now, until);
    bench.simulator.inject(dark.expect("a known site"));
    bench.pass(CYCLE_MS);
    bench.source.read(Reading::Changes, &kept).await;
    assert_eq!(of_core(kept.take()), [(ComponentState::Down, Evidence::EventLog)]);
    bench.pass(2 * CYCLE_MS);
    let hint = Hint::Device(core.to_string().into());
    bench.source.read(Reading::Hints(vec![hint]), &kept).await;
    assert_eq!(of_core(kept.take()), [(ComponentState::Up, Evidence::Push)]);
}

#[tokio::test]
async fn an_outage_of_a_device_is_seen_from_its_start_to_its_end() {
    let bench = bench(|_| Vec::new()).await;
    bench.pass(CYCLE_MS);
    bench.source.poll().await;
    let now = bench.simulator.now();
    let world = Arc::clone(bench.simulator.world());
    let dark = Failure::named(
        &world,
        "site:Zwolle",
        FailureKind::Power,
        now,
        now.plus_millis(4 * CYCLE_MS),
    );
    bench.simulator.inject(dark.expect("a known site"));
    let core = world.device_named("cr1.zwolle.example.net").expect("known").native_id();
    let core = NativeId::from(u64::from(core));
    let mut seen = Vec::new();
    for _ in 0..10 {
        bench.pass(CYCLE_MS);
        let outcome = bench.source.poll().await;
        let samples = outcome.reports.into_iter().flat_map(|report| report.samples);
        let of_core = samples.filter(|sample| {
            sample.kind == ingest::source::Kind::Device && sample.native_id == core
        });
        seen.extend(of_core.map(|sample| sample.state));
    }
    seen.dedup();
    assert_eq!(seen, [ComponentState::Down, ComponentState::Up]);
}

#[tokio::test]
async fn no_fault_of_the_server_makes_anything_down() {
    let bench = bench(|_| Vec::new()).await;
    bench.pass(CYCLE_MS);
    let outcome = bench.source.poll().await;
    assert_eq!(outcome.health.state, SourceState::Ok, "{:?}", outcome.health.reason);
    // What is down at all, such as the ignored device, may stay so.
    let down = |reports: Vec<ingest::source::DeviceReport>| {
        let samples = reports.into_iter().flat_map(|report| report.samples);
        samples.filter(|sample| sample.state == ComponentState::Down).count()
    };
    let before = down(outcome.reports);
    for kind in [
        FaultKind::Unauthorized,
        FaultKind::Forbidden,
        FaultKind::ServerError,
        FaultKind::Unavailable,
        FaultKind::GatewayTimeout,
        FaultKind::HtmlOk,
        FaultKind::EmptyOk,
        FaultKind::Shrink { keep_percent: 10 },
        FaultKind::Truncated { after_bytes: 10_000 },
    ] {
        bench.pass(CYCLE_MS / 10);
        bench.simulator.stage(Fault::new(kind)).expect("a fault");
        let outcome = bench.source.poll().await;
        assert_ne!(outcome.health.state, SourceState::Ok, "{kind:?}");
        assert!(outcome.health.reason.is_some(), "{kind:?}");
        assert!(down(outcome.reports) <= before, "{kind:?}");
        bench.simulator.clear_faults();
    }
}

/// A server of before 2021 with the event log of some days, read for ten minutes by
/// the second; its version is believed, or said to be another.
async fn old_log(version: Option<&str>) {
    let since = START.plus_millis(-5 * 86_400_000);
    let all = Period::new(since, START.plus_millis(3_600_000));
    let options = WorldOptions { services: 60, ..WorldOptions::default() };
    let world = World::generate(&Topology::surfnet(), &options).expect("a valid world");
    let failures = Failure::random(&world, 11, all, &FailureRates::lively());
    let wall = Arc::new(AtomicI64::new(0));
    let options = SimOptions {
        since,
        release: Release::Strings,
        ..SimOptions::new(START, "0123456789abcdef0123456789abcdef")
    };
    let clock = {
        let wall = Arc::clone(&wall);
        move || Timestamp(wall.load(Ordering::SeqCst))
    };
    let simulator =
        Simulator::new(Arc::new(world), failures, options, Arc::new(clock)).expect("valid");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(simulator.clone().serve(listener));
    let token = "0123456789abcdef0123456789abcdef".to_owned().into();
    let mut settings = Settings::new("librenms", &url, token).expect("valid settings");
    settings.requests_per_second = NonZeroU32::new(100_000).expect("not 0");
    settings.burst = NonZeroU32::new(100_000).expect("not 0");
    settings.version = version.map(str::to_owned);
    let clock = simulator.clone();
    let source = LibreNms::new(settings, Arc::new(move || clock.now())).expect("a source");
    let first = source.poll().await;
    let mut health = first.health;
    // What is said again later is as old, and as sure, as what was said first.
    let mut samples: Vec<_> = first.reports.into_iter().flat_map(|report| report.samples).collect();
    let mut by_log = 0;
    for second in 1..=600 {
        wall.fetch_add(1_000, Ordering::SeqCst);
        let kept = Kept::default();
        health = source.read(Reading::Changes, &kept).await;
        assert_eq!(health.state, SourceState::Ok, "{:?}", health.reason);
        if second % 300 == 0 {
            health = source.read(Reading::Full, &kept).await;
        } else {
            assert!(!source.plan().full_wanted, "no full reading is forced");
        }
        samples.extend(kept.take().into_iter().flat_map(|report| report.samples));
    }
    by_log += samples.iter().filter(|sample| sample.evidence == Evidence::EventLog).count();
    let learned = health.learned.iter().find(|one| one.name == "event_log_cursor");
    let cursor = learned.map(|learned| learned.value.to_string());
    assert_eq!(cursor.as_deref(), Some("datetime"));
    let log = health.traffic.calls.iter().find(|call| call.kind == "eventlog").expect("asked");
    let lines = simulator.truth().period();
    assert_eq!(lines.from, since, "it has a long log");
    let each = log.rows / log.calls;
    assert!(each < 200, "{each} lines each time");
    assert!(log.calls < 610 && by_log > 0, "{} calls, {by_log} samples", log.calls);
    check_all(&simulator.truth(), &samples);
}

#[tokio::test]
async fn a_log_that_takes_no_ids_is_read_by_time_to_its_end() {
    old_log(None).await;
}

#[tokio::test]
async fn a_log_that_takes_no_ids_is_found_out_where_the_version_says_otherwise() {
    old_log(Some("26.7.0")).await;
}
