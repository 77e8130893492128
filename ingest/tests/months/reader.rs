//! The source at work, with its clock and its server's moved by hand.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use correlate::model::{ComponentId, Timestamp};
use ingest::librenms::{LibreNms, Settings};
use ingest::simulator::{Component, Fault, Release, SimOptions, Simulator, TrueInterval, Truth};
use ingest::source::{Cursor, Health, Hint, Kept, ObservedSample, Reading, Source, SourceState};

use crate::story::{Deed, PING_CYCLE_MS, STEP_MS, Story, ZONE};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// The throttle is proven elsewhere; here it would only take time.
const NO_LIMIT: NonZeroU32 = NonZeroU32::new(1_000_000).expect("not 0");

/// What came of a story.
pub(crate) struct Run {
    /// In order of reading.
    pub(crate) samples: Vec<(ComponentId, ObservedSample)>,
    /// Those of an account that is told the zone, around the changes of the clock.
    pub(crate) samples_by_name: Vec<(ComponentId, ObservedSample)>,
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

/// An account, which may be a new process every now and then.
struct Account {
    zone: Option<&'static str>,
    source: Option<LibreNms>,
    cursor: Option<Cursor>,
}

impl Account {
    fn start(&mut self, desk: &Desk) {
        if self.source.is_none() {
            self.source = Some(desk.source(self.cursor.take(), self.zone));
        }
    }

    fn stop(&mut self) {
        self.cursor = self.source.take().and_then(|source| source.cursor());
    }
}

/// Plays the story from its beginning to its end. In every step the changes are read twice, what
/// is down once, what a push names once, and all the rest at its end.
pub(crate) async fn read(story: &Story) -> Run {
    let mut desk = Desk::open(story).await;
    let mut found = Account { zone: None, source: None, cursor: None };
    let mut named = Account { zone: Some(ZONE), source: None, cursor: None };
    found.start(&desk);
    let mut deeds = story.deeds.iter().peekable();
    let mut now = story.period.from;
    while now < story.period.until {
        match story.is_near_a_change_of_the_clock(now) {
            true => named.start(&desk),
            false => named.stop(),
        }
        let readings = [
            (3, vec![Reading::Glance]),
            (2, vec![Reading::Hints(Vec::new())]),
            (3, vec![Reading::Changes]),
        ];
        let mut left = STEP_MS;
        for (parts, mut readings) in readings {
            desk.pass(STEP_MS * parts / 10).await;
            left -= STEP_MS * parts / 10;
            if let [Reading::Hints(hints)] = &mut readings[..] {
                *hints = desk.pushed();
            }
            desk.read_all(&[&found, &named], &readings).await;
        }
        desk.pass(left).await;
        now = now.plus_millis(STEP_MS);
        while let Some((_, deed)) = deeds.next_if(|(at, _)| *at <= now) {
            match deed {
                Deed::ReaderStops => {
                    found.stop();
                    named.stop();
                }
                Deed::ReaderStarts => found.start(&desk),
                other => desk.act(*other),
            }
        }
        desk.read_all(&[&found, &named], &[Reading::Changes, Reading::Full]).await;
        for account in [&found, &named] {
            if account.source.as_ref().is_some_and(|source| source.plan().backfill_wanted) {
                desk.read_all(&[account], &[Reading::Backfill]).await;
            }
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
        let (samples, samples_by_name) = (Vec::new(), Vec::new());
        let run = Run { samples, samples_by_name, truth, readings: 0, not_ok: 0 };
        Desk { simulator, url, clock, staged: Vec::new(), run }
    }

    /// A new process of the reader: it remembers nothing but how far it had read the changes.
    fn source(&self, cursor: Option<Cursor>, zone: Option<&str>) -> LibreNms {
        let account = self.simulator.world().account().to_owned();
        let mut settings =
            Settings::new(&account, &self.url, TOKEN.to_owned().into()).expect("valid settings");
        settings.requests_per_second = NO_LIMIT;
        settings.burst = NO_LIMIT;
        settings.retries = 0;
        if let Some(zone) = zone {
            settings = settings.with_time_zone(zone).expect("a zone");
        }
        let clock = self.simulator.clone();
        let source = LibreNms::new(settings, Arc::new(move || clock.now())).expect("a source");
        if let Some(cursor) = cursor {
            source.resume(&cursor);
        }
        source
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

    /// What LibreNMS would push now: devices that something happened to in the last step, and
    /// every few hours that something did, without saying what.
    fn pushed(&self) -> Vec<Hint> {
        let world = self.simulator.world();
        let now = self.simulator.now();
        let since = now.plus_millis(-STEP_MS);
        let truth = self.simulator.truth();
        let moved = world.devices().iter().enumerate().filter_map(|(place, _)| {
            let number = u32::try_from(place).ok()? + 1;
            let device = world.device_with_id(number)?;
            let id = world.id_of(Component::Device(device));
            let intervals = truth.intervals_of(&id);
            let is_new = |one: &TrueInterval| one.period.from > since && one.period.from <= now;
            let id = self.simulator.device_id(device)?;
            intervals.iter().any(is_new).then(|| Hint::Device(id.to_string().into()))
        });
        let mut hints: Vec<Hint> = moved.collect();
        if now.millis() / STEP_MS % 23 == 0 {
            hints.push(Hint::Anything);
        }
        hints
    }

    async fn read_all(&mut self, accounts: &[&Account], readings: &[Reading]) {
        for account in accounts {
            for reading in readings {
                let Some(source) = &account.source else { continue };
                if *reading != Reading::Hints(Vec::new()) {
                    self.read_by(source, reading.clone(), account.zone.is_some()).await;
                }
            }
        }
    }

    async fn read_by(&mut self, source: &LibreNms, reading: Reading, by_name: bool) {
        let kept = Kept::default();
        let Health { state, .. } = source.read(reading, &kept).await;
        self.run.readings += 1;
        self.run.not_ok += usize::from(state != SourceState::Ok);
        let samples = match by_name {
            true => &mut self.run.samples_by_name,
            false => &mut self.run.samples,
        };
        for report in kept.take() {
            for sample in report.samples {
                assert!(sample.at <= report.observed_at, "later than it was read: {sample:?}");
                let id = ComponentId::of(source.name(), sample.kind.as_str(), &sample.native_id);
                samples.push((id, sample));
            }
        }
    }
}
