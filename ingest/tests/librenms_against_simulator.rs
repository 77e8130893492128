//! The LibreNMS source reads the simulator over HTTP, and its samples are held
//! against what the simulator knows to be true.
//!
//! Simulated time moves only between polls, so nothing depends on how fast
//! this machine is.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use correlate::model::{ComponentId, ComponentState, Period, Timestamp};
use ingest::librenms::{LibreNms, Settings};
use ingest::simulator::{
    Failure, FailureKind, FailureRates, Fault, FaultKind, SimOptions, Simulator, Topology, Truth,
    World, WorldOptions,
};
use ingest::source::{ObservedSample, Source, SourceState};

/// 2026-08-20 10:15:00 UTC.
const START: Timestamp = Timestamp(1_787_220_900_000);
const CYCLE_MS: i64 = 300_000;
const POLLS: i64 = 60;
/// LibreNMS dates a good poll by its end, and the simulator's polls take up to 12 s.
const LONGEST_POLL_MS: i64 = 12_000;

fn component(nms: &str, sample: &ObservedSample) -> ComponentId {
    ComponentId::of(nms, sample.kind.as_str(), &sample.native_id)
}

/// Whether the component was in this state at some instant of `[from, until]`.
fn was(truth: &Truth, id: &ComponentId, state: ComponentState, from: i64, until: i64) -> bool {
    truth.state_at(id, Timestamp(from)) == state
        || truth.intervals_of(id).iter().any(|interval| {
            let Period { from: start, .. } = interval.period;
            interval.state == state && start.millis() > from && start.millis() <= until
        })
}

struct Bench {
    simulator: Simulator,
    source: LibreNms,
    wall: Arc<AtomicI64>,
}

async fn bench(failures: impl Fn(&World) -> Vec<Failure>) -> Bench {
    let options = WorldOptions { services: 60, ..WorldOptions::default() };
    let world = World::generate(&Topology::surfnet(), &options).expect("a valid world");
    let failures = failures(&world);
    let wall = Arc::new(AtomicI64::new(0));
    let simulator = {
        let wall = Arc::clone(&wall);
        let options = SimOptions {
            since: START.plus_millis(-CYCLE_MS),
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
async fn every_sample_was_true_within_its_uncertainty() {
    let day = Period::new(START, START.plus_millis(POLLS * CYCLE_MS));
    let bench = bench(|world| Failure::random(world, 5, day, &FailureRates::lively())).await;
    let mut samples = Vec::new();
    for _ in 0..POLLS {
        bench.pass(CYCLE_MS / 2);
        let outcome = bench.source.poll().await;
        assert_eq!(outcome.health.state, SourceState::Ok, "{:?}", outcome.health.reason);
        samples.extend(outcome.reports.into_iter().flat_map(|report| report.samples));
    }
    let truth = bench.simulator.truth();
    let mut by_state: HashMap<ComponentState, usize> = HashMap::new();
    for sample in &samples {
        *by_state.entry(sample.state).or_insert(0) += 1;
        if sample.state == ComponentState::Unknown || sample.at < START {
            continue;
        }
        let id = component("librenms", sample);
        let until = sample.at.millis();
        let from = until - i64::from(sample.uncertainty_ms) - LONGEST_POLL_MS;
        if !was(&truth, &id, sample.state, from, until) {
            for s in
                samples.iter().filter(|s| s.kind == sample.kind && s.native_id == sample.native_id)
            {
                eprintln!(
                    "{:?} {} ±{} {:?}",
                    s.state,
                    s.at.millis() - START.millis(),
                    s.uncertainty_ms,
                    s.evidence
                );
            }
            for i in truth.intervals_of(&id) {
                eprintln!("truth {:?} {}", i.state, i.period.from.millis() - START.millis());
            }
        }
        assert!(was(&truth, &id, sample.state, from, until), "{id} {sample:?}");
    }
    for state in [ComponentState::Up, ComponentState::Down, ComponentState::Unknown] {
        assert!(by_state.get(&state).is_some_and(|count| *count > 50), "{by_state:?}");
    }
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
    let core = world.device_named("cr1.zwolle.example.net").expect("known").native_id().to_string();
    let mut seen = Vec::new();
    for _ in 0..10 {
        bench.pass(CYCLE_MS);
        let outcome = bench.source.poll().await;
        let samples = outcome.reports.into_iter().flat_map(|report| report.samples);
        let of_core = samples.filter(|sample| {
            sample.kind == ingest::source::Kind::Device && *sample.native_id == *core
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
