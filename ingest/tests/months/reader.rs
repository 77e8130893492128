//! The source at work, with its clock and its server's moved by hand.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use correlate::model::{ComponentId, Timestamp};
use ingest::librenms::{LibreNms, Settings};
use ingest::simulator::{Fault, Release, SimOptions, Simulator, Truth};
use ingest::source::{DeviceReport, Health, ObservedSample, Source, SourceState};

use crate::story::{Deed, PING_CYCLE_MS, STEP_MS, Story, ZONE};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// The throttle is proven elsewhere; here it would only take time.
const NO_LIMIT: NonZeroU32 = NonZeroU32::new(1_000_000).expect("not 0");

/// What came of a story.
pub(crate) struct Run {
    /// In order of reading.
    pub(crate) samples: Vec<(ComponentId, ObservedSample)>,
    pub(crate) truth: Truth,
    pub(crate) readings: usize,
    pub(crate) not_ok: usize,
}

struct Desk {
    simulator: Simulator,
    url: String,
    clock: Arc<AtomicI64>,
    staged: Vec<(usize, u64)>,
    run: Run,
}

/// Plays the story from its beginning to its end.
pub(crate) async fn read(story: &Story) -> Run {
    let mut desk = Desk::open(story).await;
    let mut source = Some(desk.source());
    let mut deeds = story.deeds.iter().peekable();
    let mut now = story.period.from;
    while now < story.period.until {
        desk.pass(STEP_MS).await;
        now = now.plus_millis(STEP_MS);
        while let Some((_, deed)) = deeds.next_if(|(at, _)| *at <= now) {
            match deed {
                Deed::ReaderStops => source = None,
                Deed::ReaderStarts => source = Some(desk.source()),
                other => desk.act(*other),
            }
        }
        if let Some(source) = &mut source {
            desk.read_once(source).await;
        }
    }
    desk.run.truth = desk.simulator.truth();
    desk.run
}

impl Desk {
    async fn open(story: &Story) -> Desk {
        let clock = Arc::new(AtomicI64::new(0));
        let wall = {
            let clock = Arc::clone(&clock);
            Arc::new(move || Timestamp(clock.load(Ordering::SeqCst)))
        };
        let options = SimOptions {
            time_zone: ZONE.to_owned(),
            ping_cycle_ms: Some(PING_CYCLE_MS),
            release: Release::Strings,
            ..SimOptions::new(story.period.from, TOKEN)
        };
        let world = Arc::clone(&story.world);
        let simulator = Simulator::new(world, story.failures.clone(), options, wall);
        let simulator = simulator.expect("good options");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        tokio::spawn(simulator.clone().serve(listener));
        let truth = simulator.truth();
        let run = Run { samples: Vec::new(), truth, readings: 0, not_ok: 0 };
        Desk { simulator, url, clock, staged: Vec::new(), run }
    }

    /// A new process of the reader: it remembers nothing.
    fn source(&self) -> LibreNms {
        let account = self.simulator.world().account().to_owned();
        let mut settings =
            Settings::new(&account, &self.url, TOKEN.to_owned().into()).expect("valid settings");
        settings.requests_per_second = NO_LIMIT;
        settings.burst = NO_LIMIT;
        settings.retries = 0;
        let clock = self.simulator.clone();
        LibreNms::new(settings, Arc::new(move || clock.now())).expect("a source")
    }

    /// Lets time pass: the simulated, and the runtime's, by which the client waits before it
    /// tries a failing server again.
    async fn pass(&self, millis: i64) {
        self.clock.fetch_add(millis, Ordering::SeqCst);
        tokio::time::pause();
        tokio::time::advance(Duration::from_millis(millis.unsigned_abs())).await;
        tokio::time::resume();
    }

    fn act(&mut self, deed: Deed) {
        match deed {
            Deed::Upgrade(release) => self.simulator.set_release(release),
            Deed::Fault(number, kind) => {
                let id = self.simulator.stage(Fault::new(kind)).expect("a good fault");
                self.staged.push((number, id));
            }
            Deed::FaultEnds(number) => {
                let (_, id) =
                    self.staged.iter().find(|(staged, _)| *staged == number).expect("staged");
                assert!(self.simulator.clear_fault(*id));
            }
            Deed::Delete(device) => assert!(self.simulator.delete_device(device)),
            Deed::AddAgain(device) => assert!(self.simulator.add_device_again(device).is_some()),
            Deed::ReaderStops | Deed::ReaderStarts => unreachable!("the caller's"),
        }
    }

    async fn read_once(&mut self, source: &mut LibreNms) {
        let outcome = source.poll().await;
        self.keep(source.name(), outcome.reports, &outcome.health);
    }

    fn keep(&mut self, account: &str, reports: Vec<DeviceReport>, health: &Health) {
        self.run.readings += 1;
        self.run.not_ok += usize::from(health.state != SourceState::Ok);
        for report in reports {
            for sample in report.samples {
                assert!(sample.at <= report.observed_at, "later than it was read: {sample:?}");
                let id = ComponentId::of(account, sample.kind.as_str(), &sample.native_id);
                self.run.samples.push((id, sample));
            }
        }
    }
}
