//! BGP sessions and service checks of the simulator, read over HTTP: every sample
//! is held against what the simulator knows to be true.
//!
//! Simulated time moves only between readings, so nothing depends on how fast this
//! machine is.

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
    Age, Basis, DeviceReport, Kept, Kind, NativeId, ObservedSample, Reading, Reason, Source,
    SourceState,
};

/// 2026-08-20 10:15:00 UTC.
const START: Timestamp = Timestamp(1_787_220_900_000);
const CYCLE_MS: i64 = 300_000;
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

struct Bench {
    simulator: Simulator,
    source: LibreNms,
    wall: Arc<AtomicI64>,
}

async fn bench(release: Release, failures: impl Fn(&World) -> Vec<Failure>) -> Bench {
    let options = WorldOptions { services: 60, ..WorldOptions::default() };
    let world = World::generate(&Topology::surfnet(), &options).expect("a valid world");
    let failures = failures(&world);
    let wall = Arc::new(AtomicI64::new(0));
    let simulator = {
        let wall = Arc::clone(&wall);
        let since = START.plus_millis(-CYCLE_MS);
        let options = SimOptions { since, release, ..SimOptions::new(START, TOKEN) };
        let clock = move || Timestamp(wall.load(Ordering::SeqCst));
        Simulator::new(Arc::new(world), failures, options, Arc::new(clock)).expect("valid")
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(simulator.clone().serve(listener));
    let mut settings =
        Settings::new("librenms", &url, TOKEN.to_owned().into()).expect("valid settings");
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

    /// What one reading gives.
    async fn read(&self, reading: Reading) -> Vec<ObservedSample> {
        let kept = Kept::default();
        let health = self.source.read(reading, &kept).await;
        assert_eq!(health.state, SourceState::Ok, "{:?}", health.reason);
        samples(kept.take())
    }
}

fn samples(reports: Vec<DeviceReport>) -> Vec<ObservedSample> {
    reports.into_iter().flat_map(|report| report.samples).collect()
}

/// Holds samples of sessions and checks against the truth; how many edges there
/// were, by kind.
///
/// An edge lies within its uncertainty; everything else held somewhere within it.
#[track_caller]
fn check_all(truth: &Truth, samples: &[ObservedSample]) -> HashMap<Kind, usize> {
    let mut edges = HashMap::new();
    let mut known: BTreeMap<ComponentId, ComponentState> = BTreeMap::new();
    for sample in samples.iter().filter(|one| one.state != ComponentState::Unknown) {
        let id = ComponentId::of("librenms", sample.kind.as_str(), &sample.native_id);
        let (state, until) = (sample.state, sample.at.millis());
        let from = until - i64::from(sample.uncertainty_ms);
        let before = known.insert(id.clone(), state);
        let intervals = truth.intervals_of(&id);
        assert!(!intervals.is_empty(), "{id} is of the world");
        let of_state = intervals.iter().filter(|interval| interval.state == state);
        let is_edge = before.is_some_and(|before| before != state);
        let is_true = of_state.clone().any(|interval| {
            let Period { from: began, until: ended } = interval.period;
            match is_edge {
                true => (from..=until).contains(&began.millis()),
                false => began.millis() <= until && ended.millis() > from,
            }
        });
        assert!(is_true, "{id} after {before:?}: {sample:?}, and truly {intervals:?}");
        if is_edge {
            *edges.entry(sample.kind).or_insert(0) += 1;
        }
    }
    edges
}

#[tokio::test]
async fn every_edge_of_sessions_and_checks_lies_within_its_uncertainty() {
    for (release, seed) in [(Release::V26_7, 21), (Release::Strings, 22)] {
        let day = Period::new(START, START.plus_millis(60 * CYCLE_MS));
        let failures = |world: &World| Failure::random(world, seed, day, &FailureRates::lively());
        let bench = bench(release, failures).await;
        let mut all = Vec::new();
        // Odd steps, so that readings fall everywhere into the cycles.
        for step in 0..420 {
            bench.pass(43_000);
            if step % 7 == 0 {
                bench.read(Reading::Full).await;
            }
            if step % 7 == 3 {
                all.extend(bench.read(Reading::Sessions).await);
            }
            if step % 7 == 5 {
                all.extend(bench.read(Reading::Checks).await);
            }
        }
        let edges = check_all(&bench.simulator.truth(), &all);
        for kind in [Kind::Session, Kind::Check] {
            assert!(edges.get(&kind).is_some_and(|&edges| edges > 10), "{release:?} {edges:?}");
            let lost = all.iter().filter(|s| s.kind == kind && s.state == ComponentState::Unknown);
            assert!(lost.count() > 5, "devices go down, {release:?}");
        }
        // Known to within a poll before the reading before, or two rounds before it.
        let widest = all.iter().map(|sample| sample.uncertainty_ms).filter(|&ms| ms < u32::MAX);
        let usual = widest.clone().filter(|&ms| ms <= 1_300_000).count();
        assert!(usual * 10 > widest.count() * 9, "nine of ten");
    }
}

#[tokio::test]
async fn sessions_and_checks_of_a_dead_device_are_unknown_and_come_back_with_it() {
    let bench = bench(Release::V26_7, |_| Vec::new()).await;
    let world = Arc::clone(bench.simulator.world());
    let core = world.device_named("cr1.zwolle.example.net").expect("known").native_id();
    bench.pass(CYCLE_MS);
    bench.read(Reading::Full).await;
    let of_core = async |reading| -> Vec<_> {
        let kept = Kept::default();
        bench.source.read(reading, &kept).await;
        let reports = kept.take().into_iter();
        let own = reports.filter(|report| report.device == NativeId::from(u64::from(core)));
        samples(own.collect()).into_iter().map(|s| (s.state, s.reason)).collect()
    };
    let are = |found: &[(ComponentState, Option<Reason>)], state, reason: Option<Reason>| {
        !found.is_empty() && found.iter().all(|one| *one == (state, reason))
    };
    let ways = [Reading::Sessions, Reading::Checks];
    for way in &ways {
        assert!(are(&of_core(way.clone()).await, ComponentState::Up, None), "{way:?}");
    }
    let now = bench.simulator.now();
    let until = now.plus_millis(4 * CYCLE_MS);
    let dark = Failure::named(&world, "site:Zwolle", FailureKind::Power, now, until);
    bench.simulator.inject(dark.expect("a known site"));
    bench.pass(2 * CYCLE_MS);
    bench.read(Reading::Full).await;
    for way in &ways {
        let found = of_core(way.clone()).await;
        let lost = (ComponentState::Unknown, Some(Reason::DeviceDown));
        assert_eq!(found.last(), Some(&lost), "{way:?}: the rows stand still");
        let lasts = of_core(way.clone()).await;
        assert!(are(&lasts, ComponentState::Unknown, None), "{way:?}: {lasts:?}");
    }
    bench.pass(5 * CYCLE_MS);
    bench.read(Reading::Full).await;
    for way in &ways {
        let found = of_core(way.clone()).await;
        assert_eq!(found.last().map(|one| one.0), Some(ComponentState::Up), "{way:?}");
    }
}

#[tokio::test]
async fn no_fault_of_the_server_makes_a_session_or_check_down_or_up_anew() {
    let bench = bench(Release::V26_7, |_| Vec::new()).await;
    bench.pass(CYCLE_MS);
    bench.read(Reading::Full).await;
    for reading in [Reading::Sessions, Reading::Checks] {
        assert!(bench.read(reading.clone()).await.len() > 10);
        for kind in [
            FaultKind::Unauthorized,
            FaultKind::ServerError,
            FaultKind::HtmlOk,
            FaultKind::EmptyOk,
            FaultKind::Shrink { keep_percent: 10 },
            FaultKind::Truncated { after_bytes: 1_000 },
        ] {
            bench.pass(CYCLE_MS / 10);
            bench.simulator.stage(Fault::new(kind)).expect("a fault");
            let kept = Kept::default();
            let health = bench.source.read(reading.clone(), &kept).await;
            assert_eq!(health.state, SourceState::Suspect, "{kind:?}");
            assert!(health.reason.is_some() && health.failed.is_some(), "{kind:?}");
            assert!(kept.take().is_empty(), "{kind:?}: nothing of it is used");
            bench.simulator.clear_faults();
        }
        bench.pass(CYCLE_MS);
        // Which is well itself; the account is not, until this list is.
        bench.source.read(Reading::Full, &Kept::default()).await;
        assert!(bench.read(reading).await.len() > 10, "it recovers by itself");
    }
}

#[tokio::test]
async fn what_this_token_may_not_see_is_a_way_that_the_account_lacks() {
    let bench = bench(Release::V26_7, |_| Vec::new()).await;
    bench.pass(CYCLE_MS);
    bench.read(Reading::Full).await;
    bench.simulator.stage(Fault::new(FaultKind::Forbidden)).expect("a fault");
    assert!(bench.read(Reading::Checks).await.is_empty());
    let checks = bench.source.capabilities().checks;
    assert_eq!((checks.can, checks.basis), (false, Basis::Forbidden));
    assert_eq!(bench.source.plan().checks, None);
    bench.simulator.clear_faults();
    let inventory = bench.source.inventory(Age::Usual).await.expect("an inventory");
    assert_eq!(inventory.checks, None, "not asked for");
    assert!(inventory.sessions.is_some_and(|sessions| sessions.len() > 10));
    // A right is found after a while.
    bench.pass(CYCLE_MS);
    assert!(bench.source.plan().checks.is_some());
    assert!(bench.read(Reading::Checks).await.len() > 10);
    assert!(bench.source.capabilities().checks.can);
}
