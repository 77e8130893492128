//! Many changes at once, some of which are pushed: the throttle holds, as the
//! server counts it, pushes are read before what else waits, and every change
//! becomes a sample without a reading of everything.
//!
//! Simulated time moves only where the test moves it. The throttle runs by the
//! real clock, which the simulator counts by as well; nothing is said of how
//! long anything takes.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use correlate::model::{ComponentId, ComponentState, Timestamp};
use futures::future::{join, join_all};
use ingest::librenms::{LibreNms, Settings};
use ingest::simulator::{
    Component, DeviceIndex, Failure, FailureKind, LinkKind, PortIndex, RequestCounts, Role,
    SimOptions, Simulator, Standing, Topology, World, WorldOptions,
};
use ingest::source::{Evidence, Hint, Kept, Outlet, Reading, Source, SourceState};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// 2026-08-20 10:15:00 UTC.
const START: Timestamp = Timestamp(1_787_220_900_000);
const PER_SECOND: usize = 20;

/// A network with everything up, and a source that has read all of it.
struct Bench {
    simulator: Simulator,
    source: LibreNms,
    wall: Arc<AtomicI64>,
    requests_at_once: usize,
}

/// Something that fails alone.
struct Victim {
    breaks: String,
    kind: FailureKind,
    polled: DeviceIndex,
    component: ComponentId,
}

impl Bench {
    async fn start() -> Bench {
        let options = WorldOptions { services: 200, ..WorldOptions::default() };
        let world = World::generate(&Topology::surfnet(), &options).expect("a valid world");
        let wall = Arc::new(AtomicI64::new(0));
        let clock = {
            let wall = Arc::clone(&wall);
            move || Timestamp(wall.load(Ordering::SeqCst))
        };
        let options =
            SimOptions { since: START.plus_millis(-600_000), ..SimOptions::new(START, TOKEN) };
        let simulator = Simulator::new(Arc::new(world), Vec::new(), options, Arc::new(clock));
        let simulator = simulator.expect("good options");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        tokio::spawn(simulator.clone().serve(listener));
        let mut settings =
            Settings::new("librenms", &url, TOKEN.to_owned().into()).expect("valid settings");
        let per_second = u32::try_from(PER_SECOND).expect("a small number");
        settings.requests_per_second = NonZeroU32::new(per_second).expect("not 0");
        settings.burst = settings.requests_per_second;
        let requests_at_once = settings.requests_at_once.get() as usize;
        let clock = simulator.clone();
        let source = LibreNms::new(settings, Arc::new(move || clock.now())).expect("a source");
        let bench = Bench { simulator, source, wall, requests_at_once };
        let kept = Kept::default();
        for reading in [Reading::Full, Reading::Changes] {
            let health = bench.source.read(reading, &kept).await;
            assert_eq!(health.state, SourceState::Ok, "{:?}", health.reason);
        }
        bench
    }

    /// Customers' devices and ports that lead to others, in turn.
    fn victims(&self) -> Vec<Victim> {
        let world = self.simulator.world();
        let owner = |port: PortIndex| world.ports()[port.place()].device;
        let is_normal = |device: DeviceIndex, role: Role| {
            let device = &world.devices()[device.place()];
            device.standing == Standing::Normal && device.role == role
        };
        let tails = world.links().iter().filter(|link| {
            link.kind == LinkKind::Tail
                && is_normal(owner(link.a), Role::Access)
                && is_normal(owner(link.b), Role::Cpe)
        });
        let mut taken = HashSet::new();
        let tails = tails.filter(|link| taken.insert(owner(link.a)) & taken.insert(owner(link.b)));
        let victim = |(place, link): (usize, &ingest::simulator::Link)| match place % 2 {
            0 => {
                let component = Component::Device(owner(link.b)).id(world.account());
                let (breaks, polled) = (component.to_string(), owner(link.b));
                Victim { breaks, kind: FailureKind::Power, polled, component }
            }
            _ => {
                let component = Component::Port(link.a).id(world.account());
                let (breaks, polled) = (format!("link:{}", link.id), owner(link.a));
                Victim { breaks, kind: FailureKind::FibreCut, polled, component }
            }
        };
        tails.enumerate().map(victim).collect()
    }

    /// Breaks all of these within a second, each polled at once.
    fn fail(&self, victims: &[Victim]) {
        let world = self.simulator.world();
        for victim in victims {
            let now = self.simulator.now();
            let failure = Failure::named(world, &victim.breaks, victim.kind, now, Timestamp::MAX);
            self.simulator.inject(failure.expect("it can fail so"));
            assert!(self.simulator.poll_now(victim.polled), "it is polled");
            self.wall.fetch_add(1_000 / victims.len() as i64, Ordering::SeqCst);
        }
        self.wall.fetch_add(1_000, Ordering::SeqCst);
    }

    async fn push(&self, victims: &[Victim], outlet: &dyn Outlet) {
        let one = |victim: &Victim| {
            let device = self.simulator.device_id(victim.polled).expect("it is there");
            let hints = vec![Hint::Device(device.to_string().into())];
            self.source.read(Reading::Hints(hints), outlet)
        };
        for health in join_all(victims.iter().map(one)).await {
            assert_eq!(health.state, SourceState::Ok, "{:?}", health.reason);
        }
    }

    /// The device of this request, if it is about one alone.
    fn device_of(request: &str) -> Option<u32> {
        let rest = request.strip_prefix("/api/v0/devices/").or(request.strip_prefix("/devices/"))?;
        rest.split(['/', '?']).next()?.parse().ok()
    }

    #[track_caller]
    fn check_throttle(&self) -> RequestCounts {
        let counts = self.simulator.requests();
        let peak = counts.peak_per_second;
        assert!(peak <= PER_SECOND, "{peak} requests within a second");
        // The server may learn a little later than the client that an answer has ended.
        let in_flight = counts.peak_in_flight;
        assert!(in_flight <= self.requests_at_once + 1, "{in_flight} in flight");
        counts
    }
}

/// What was said to have gone down, in that order, and by what.
fn downs(kept: &Kept) -> Vec<(ComponentId, Evidence)> {
    let samples = kept.take().into_iter().flat_map(|report| report.samples);
    let downs = samples.filter(|sample| sample.state == ComponentState::Down);
    downs
        .map(|sample| {
            let id = ComponentId::of("librenms", sample.kind.as_str(), &sample.native_id);
            (id, sample.evidence)
        })
        .collect()
}

#[tokio::test]
async fn every_change_of_a_burst_is_a_sample_and_the_throttle_holds() {
    let bench = Bench::start().await;
    let victims = bench.victims();
    let (pushed, others) = (&victims[..20], &victims[20..40]);
    bench.fail(&victims[..40]);
    let kept = Kept::default();
    let changes = async {
        for _ in 0..4 {
            bench.source.read(Reading::Changes, &kept).await;
        }
    };
    join(bench.push(pushed, &kept), changes).await;
    let found = downs(&kept);
    for victim in pushed.iter().chain(others) {
        assert!(found.iter().any(|(id, _)| *id == victim.component), "{}", victim.component);
    }
    let of_pushes = found.iter().filter(|(_, evidence)| *evidence == Evidence::Push).count();
    assert!(of_pushes > 0, "{found:?}");
    let counts = bench.check_throttle();
    assert!(!bench.source.plan().full_wanted, "nothing is left to a reading of everything");
    let lists = counts.by_path.iter().filter(|(path, _)| path.ends_with("/ports"));
    let lists: Vec<_> = lists.filter(|(path, _)| !path.contains(":id")).collect();
    assert!(lists.iter().all(|(_, times)| **times == 1), "{lists:?}");
}

#[tokio::test]
async fn a_push_is_read_before_the_rest_of_a_burst() {
    let bench = Bench::start().await;
    // Ports only: each of their devices has to be read.
    let victims = bench.victims();
    let ports: Vec<Victim> =
        victims.into_iter().filter(|victim| victim.kind == FailureKind::FibreCut).collect();
    let (others, pushed) = (&ports[..16], &ports[16..20]);
    bench.fail(&ports[..20]);
    let kept = Kept::default();
    let changes = async {
        for _ in 0..6 {
            bench.source.read(Reading::Changes, &kept).await;
        }
    };
    let before = bench.simulator.requests().total;
    let push = async {
        // The rest of the burst is being read by now.
        while bench.simulator.requests().total < before + PER_SECOND as u64 / 2 {
            tokio::task::yield_now().await;
        }
        let asked = bench.simulator.requests().recent.len();
        bench.push(pushed, &kept).await;
        asked
    };
    let ((), asked) = join(changes, push).await;
    let counts = bench.check_throttle();
    let id = |victim: &Victim| bench.simulator.device_id(victim.polled).expect("it is there");
    let pushed_ids: HashSet<u32> = pushed.iter().map(id).collect();
    let behind = &counts.recent[asked..];
    let first = |device: u32| {
        let place = behind.iter().position(|request| Bench::device_of(request) == Some(device));
        place.unwrap_or_else(|| panic!("{device} was not asked for: {behind:?}"))
    };
    let last = pushed_ids.iter().map(|&device| first(device)).max().unwrap_or(0);
    // Only what was under way already, or had waited for long, goes before them.
    let most = 2 * pushed_ids.len() + 2 * bench.requests_at_once;
    assert!(last <= most, "{last} requests, {pushed_ids:?}: {behind:?}");
    let found = downs(&kept);
    for victim in others.iter().chain(pushed) {
        assert!(found.iter().any(|(id, _)| *id == victim.component), "{}", victim.component);
    }
}
