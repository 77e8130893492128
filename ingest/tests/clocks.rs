//! The LibreNMS source beside a change of the server's clock, and with a clock
//! that is wrong: against what the simulator knows to be true.
//!
//! Simulated time moves only between readings, so nothing depends on how fast
//! this machine is.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use correlate::model::{ComponentId, ComponentState, Period, Timestamp};
use ingest::librenms::{LibreNms, Settings};
use ingest::simulator::{
    Failure, FailureKind, FailureRates, SimOptions, Simulator, Topology, Truth, World, WorldOptions,
};
use ingest::source::{
    Basis, Cursor, Found, Health, Kept, Learned, ObservedSample, Reading, Source, SourceState,
};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const ZONE: &str = "Europe/Amsterdam";

fn at(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().expect("a time").as_millisecond())
}

struct Bench {
    simulator: Simulator,
    url: String,
    wall: Arc<AtomicI64>,
}

impl Bench {
    /// A server in Amsterdam that has watched the network since `start`.
    async fn open(
        start: Timestamp,
        seed: u64,
        ping_cycle_ms: Option<i64>,
        failures: impl Fn(&World) -> Vec<Failure>,
    ) -> Bench {
        let options = WorldOptions { seed, services: 20, ..WorldOptions::default() };
        let world = World::generate(&Topology::surfnet(), &options).expect("a valid world");
        let failures = failures(&world);
        let wall = Arc::new(AtomicI64::new(0));
        let clock = {
            let wall = Arc::clone(&wall);
            Arc::new(move || Timestamp(wall.load(Ordering::SeqCst)))
        };
        let options = SimOptions {
            time_zone: ZONE.to_owned(),
            ping_cycle_ms,
            ..SimOptions::new(start, TOKEN)
        };
        let simulator = Simulator::new(Arc::new(world), failures, options, clock).expect("valid");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        tokio::spawn(simulator.clone().serve(listener));
        Bench { simulator, url, wall }
    }

    fn pass(&self, millis: i64) {
        self.wall.fetch_add(millis, Ordering::SeqCst);
    }

    fn pass_until(&self, at: Timestamp) {
        self.pass(at.millis() - self.simulator.now().millis());
    }

    /// A new process; `zone` is what its settings say.
    fn source(&self, zone: Option<&str>, cursor: Option<&Cursor>) -> LibreNms {
        let mut settings =
            Settings::new("librenms", &self.url, TOKEN.to_owned().into()).expect("valid settings");
        settings.requests_per_second = NonZeroU32::new(100_000).expect("not 0");
        settings.burst = NonZeroU32::new(100_000).expect("not 0");
        settings.retries = 0;
        if let Some(zone) = zone {
            settings = settings.with_time_zone(zone).expect("a zone");
        }
        let clock = self.simulator.clone();
        let source = LibreNms::new(settings, Arc::new(move || clock.now())).expect("a source");
        if let Some(cursor) = cursor {
            source.resume(cursor);
        }
        source
    }
}

type Told = Vec<(ComponentId, ObservedSample)>;

/// Reads in these ways, and in the outages that this makes worth reading.
async fn read(source: &LibreNms, readings: &[Reading], told: &mut Told) -> Health {
    let mut last = None;
    let kept = Kept::default();
    for reading in readings {
        last = Some(source.read(reading.clone(), &kept).await);
    }
    if source.plan().backfill_wanted {
        last = Some(source.read(Reading::Backfill, &kept).await);
    }
    for sample in kept.take().into_iter().flat_map(|report| report.samples) {
        let id = ComponentId::of("librenms", sample.kind.as_str(), &sample.native_id);
        told.push((id, sample));
    }
    let health = last.expect("something was read");
    assert_eq!(health.state, SourceState::Ok, "{:?}", health.reason);
    health
}

/// Whether the component was in the state at some instant of what the sample states.
fn is_true(truth: &Truth, id: &ComponentId, sample: &ObservedSample) -> bool {
    let from = match sample.uncertainty_ms {
        u32::MAX => Timestamp::MIN,
        ms => sample.at.plus_millis(-i64::from(ms)),
    };
    truth.intervals_of(id).into_iter().any(|interval| {
        interval.state == sample.state
            && interval.period.from <= sample.at
            && interval.period.until > from
    })
}

/// Holds all samples against the truth; gives how many were edges.
#[track_caller]
fn check(bench: &Bench, what: &str, told: &Told) -> usize {
    let truth = bench.simulator.truth();
    let since = truth.period().from;
    let mut edges = 0;
    // The same sample given again states no more than the first.
    let mut first = BTreeSet::new();
    for (id, sample) in told {
        if sample.state == ComponentState::Unknown || sample.at < since {
            continue;
        }
        if !first.insert((id, sample.at, sample.state)) {
            continue;
        }
        edges += usize::from(sample.uncertainty_ms > 0);
        let near: Vec<_> =
            truth.intervals_of(id).into_iter().map(|i| (i.period, i.state)).collect();
        assert!(is_true(&truth, id, sample), "{what}: {id} {sample:?}, but really {near:?}");
    }
    edges
}

/// A night on which the clock changes at 01:00 UTC: a site loses power at `dark`, and a new
/// process begins to read at `restart`.
async fn night(date: &str, dark: [&str; 2], restart: &str, zone: Option<&str>, seed: u64) {
    let time = |text: &str| at(&format!("{date}T{text}:00Z"));
    let what = format!("{date}, dark {dark:?}, read from {restart} on, {zone:?}, seed {seed}");
    let evening = time("00:00").plus_millis(-3 * HOUR_MS);
    let period = Period::new(time(dark[0]), time(dark[1]));
    let bench = Bench::open(evening, seed, None, |world| {
        let dark =
            Failure::named(world, "site:Zwolle", FailureKind::Power, period.from, period.until);
        vec![dark.expect("a known site")]
    })
    .await;
    let mut told = Told::new();
    // The process before, which saw the evening only.
    let before = bench.source(zone, None);
    for _ in 0..6 {
        bench.pass(5 * MINUTE_MS);
        read(&before, &[Reading::Changes, Reading::Full], &mut told).await;
    }
    let cursor = before.cursor();
    drop(before);
    bench.pass_until(time(restart));
    let source = bench.source(zone, cursor.as_ref());
    for step in 0..30 {
        read(&source, &[Reading::Full, Reading::Changes, Reading::Glance], &mut told).await;
        // The clock changes between two readings, and in odd places.
        bench.pass(if step % 2 == 0 { 3 * MINUTE_MS + 7_000 } else { 5 * MINUTE_MS });
    }
    check(&bench, &what, &told);
    let core = bench.simulator.world().device_named("cr1.zwolle.example.net").expect("known");
    let id = ComponentId::of("librenms", "device", core.native_id());
    let up = |(of, sample): &&(ComponentId, ObservedSample)| {
        *of == id && sample.state == ComponentState::Up && period.contains(sample.at)
    };
    assert_eq!(told.iter().find(up), None, "{what}: not up while it is dark");
    let down = |(of, sample): &&(ComponentId, ObservedSample)| {
        *of == id && sample.state == ComponentState::Down
    };
    assert!(told.iter().any(|one| down(&one)), "{what}: that it is dark is told");
}

#[tokio::test]
async fn a_process_that_starts_beside_a_change_of_the_clock_invents_nothing() {
    for date in ["2026-10-25", "2026-03-29"] {
        for (dark, restart) in [
            // Dark before the change and for good, read long after it.
            (["00:20", "23:59"], "03:00"),
            // Dark over the change, back before it is read.
            (["00:40", "01:25"], "01:50"),
            // Read in the middle of the hour that comes twice.
            (["00:20", "01:40"], "01:15"),
            (["00:50", "23:59"], "01:02"),
            (["01:10", "23:59"], "01:20"),
            // Read from before the change on.
            (["00:40", "01:35"], "00:30"),
        ] {
            for (zone, seed) in [(None, 1), (None, 2), (Some(ZONE), 3)] {
                night(date, dark, restart, zone, seed).await;
            }
        }
    }
}

#[tokio::test]
async fn the_log_has_not_begun_anew_when_the_clock_was_set_back_or_a_device_was_deleted() {
    for zone in [None, Some(ZONE)] {
        let start = at("2026-10-25T00:30:00Z");
        let period = Period::new(start, start.plus_millis(4 * HOUR_MS));
        let lively = |world: &World| Failure::random(world, 11, period, &FailureRates::lively());
        let bench = Bench::open(start, 4, None, lively).await;
        bench.pass(6 * MINUTE_MS);
        let source = bench.source(zone, None);
        let mut told = Told::new();
        read(&source, &[Reading::Full, Reading::Changes], &mut told).await;
        for step in 0..90 {
            bench.pass(MINUTE_MS);
            read(&source, &[Reading::Changes], &mut told).await;
            assert!(!source.plan().full_wanted, "{zone:?}, {step}: the log is taken for another");
            if step == 70 {
                // Its lines go with it.
                let world = bench.simulator.world();
                let core = world.device_named("cr1.zwolle.example.net").expect("known");
                let device = world.device_with_id(core.native_id()).expect("known");
                assert!(bench.simulator.delete_device(device));
            }
            if step % 10 == 9 {
                read(&source, &[Reading::Full], &mut told).await;
            }
        }
    }
}

fn clock(health: &Health) -> Learned {
    let is_clock = |learned: &&Learned| learned.name.starts_with("clock_");
    health.learned.iter().find(is_clock).expect("the clock was heard").clone()
}

#[tokio::test]
async fn a_servers_clock_that_is_off_is_found_and_corrected() {
    for (ahead_s, name) in [(45, "clock_ahead"), (-100, "clock_behind"), (0, "clock_agrees")] {
        for ping_cycle_ms in [None, Some(MINUTE_MS)] {
            let start = at("2026-08-20T10:15:00Z");
            let period = Period::new(start, start.plus_millis(8 * HOUR_MS));
            let lively = |world: &World| Failure::random(world, 7, period, &FailureRates::lively());
            let bench = Bench::open(start, 5, ping_cycle_ms, lively).await;
            bench.simulator.set_clock_ahead(ahead_s * 1_000);
            // Until no row is of before that.
            bench.pass(11 * MINUTE_MS);
            let source = bench.source(None, None);
            let mut told = Told::new();
            for step in 0..200 {
                bench.pass(37_350);
                let readings = match step % 8 {
                    0 => vec![Reading::Full, Reading::Changes],
                    3 => vec![Reading::Glance, Reading::Changes],
                    _ => vec![Reading::Changes],
                };
                let health = read(&source, &readings, &mut told).await;
                let learned = clock(&health);
                assert_eq!((learned.name, learned.basis), (name, Basis::Date), "{learned:?}");
                if let Found::Every(off) = learned.value {
                    let apart = off.as_millis().abs_diff(u128::from(ahead_s.unsigned_abs()) * 1000);
                    assert!(apart <= 1_100, "{learned:?}");
                }
            }
            let edges = check(&bench, &format!("{ahead_s} s, {ping_cycle_ms:?}"), &told);
            assert!(edges > 50, "{edges} edges");
        }
    }
}

#[tokio::test]
async fn a_servers_clock_that_is_set_right_is_followed() {
    let start = at("2026-08-20T10:15:00Z");
    let period = Period::new(start, start.plus_millis(8 * HOUR_MS));
    let lively = |world: &World| Failure::random(world, 9, period, &FailureRates::lively());
    let bench = Bench::open(start, 6, Some(MINUTE_MS), lively).await;
    bench.simulator.set_clock_ahead(-45_000);
    bench.pass(11 * MINUTE_MS);
    let source = bench.source(None, None);
    let mut told = Told::new();
    let mut names = Vec::new();
    for step in 0..120 {
        bench.pass(37_350);
        if step == 60 {
            bench.simulator.set_clock_ahead(0);
        }
        let health = read(&source, &[Reading::Changes, Reading::Full], &mut told).await;
        names.push(clock(&health).name);
    }
    names.dedup();
    assert_eq!(names, ["clock_behind", "clock_agrees"]);
    check(&bench, "set right", &told);
}
