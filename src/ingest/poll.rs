//! Reads one source in all its ways, each at its own pace, and hands on what
//! it says. It writes nothing itself, and waits when nobody takes what it has.
//!
//! ```text
//! full ────────┐
//! glance ──────┤
//! changes ─────┼─▶ outlet ─▶ queue
//! sessions ────┤
//! checks ──────┤
//! backfill ────┤
//! hints ───────┘
//! inventory ─────▶ records
//! ```
//! The ways run side by side, so a long list does not hold up what changed;
//! the source itself is gentle to the NMS. All begin when everything has been
//! read once. How often each is done is the source's to say ([`Plan`]).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use correlate::model::Timestamp;
use futures::stream::{FuturesUnordered, StreamExt};
use ingest::source::{Age, Clock, Health, Hint, Plan, Reading, Source, SourceState};
use store::records::{self, Records, SourceDetail, SourceReport};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::account::End;
use super::append::Item;
use super::note::Stock;
use super::outlet::QueueOutlet;
use super::totals::Totals;
use super::triggers::Word;
use super::{Feed, cursor, detail, metric};
use crate::trouble::Trouble;

/// Accounts are not all asked in the same instant, nor one account always at
/// the same place of its NMS's own cycle; at most this late.
const JITTER_MAX: Duration = Duration::from_secs(5);

/// How long after an inventory that failed the next is tried, unless the
/// interval is shorter: reading it is heavy for the NMS.
const INVENTORY_RETRY: Duration = Duration::from_secs(300);

/// A full reading that is wanted out of turn waits for this share of the
/// interval since the last one, as it is the heaviest of all.
const WANTED_SHARE: u32 = 10;

/// Between two backfills while devices wait for one.
const BACKFILL_PAUSE: Duration = Duration::from_secs(5);

/// Readings of hints that go on side by side, so that one slow device does not
/// hold up what is pushed after it.
const HINTS_AT_ONCE: usize = 8;

/// How often a way that the source does not have is looked for again.
const NO_WAY_PAUSE: Duration = Duration::from_secs(60);

/// The status of an account that fares as before is told so often at most, if
/// it is not after a full reading.
const TELL_PAUSE: Duration = Duration::from_secs(10);

/// What an earlier process knew is waited for no longer than this.
const REMEMBER_TIMEOUT: Duration = Duration::from_secs(5);

/// Where a poller puts what it has.
pub(super) struct Desk {
    pub(super) queue: mpsc::Sender<Item>,
    /// The newest word; the recorder puts the counters in.
    pub(super) status: watch::Sender<Option<SourceReport>>,
    pub(super) inventory: mpsc::Sender<Stock>,
    pub(super) totals: Arc<Totals>,
    /// What pushes ask for. Outlives a poller that is started again.
    pub(super) words: tokio::sync::Mutex<mpsc::Receiver<Word>>,
}

/// Reads until `shutdown`, at once and then as the source plans it.
pub(super) async fn run(
    feed: Feed,
    records: Records,
    desk: Arc<Desk>,
    shutdown: CancellationToken,
) -> End {
    let source = match (feed.open)() {
        Ok(source) => source,
        Err(error) => {
            let kind = "misconfigured".to_owned();
            let error_text = records::SourceError { kind, message: format!("{error:#}") };
            let at = feed.clock.now();
            let detail = SourceDetail::default();
            desk.tell(&feed.name, at, SourceState::Down, false, Some(error_text), detail);
            return End::Failed(error);
        }
    };
    if let Some(cursor) = feed.cursor_file.as_deref().and_then(cursor::read) {
        source.resume(&cursor);
    }
    remember(&*source, &records, &feed.name).await;
    let poller = Poller {
        outlet: QueueOutlet::new(&feed.name, desk.queue.clone(), Arc::clone(&desk.totals)),
        full_wanted: Notify::new(),
        inventory_wanted: Notify::new(),
        look_wanted: Notify::new(),
        told: Mutex::new(None),
        inventories: Mutex::new(Trouble::new(format!("read the inventory of {}", feed.name))),
        full_ms: AtomicU64::new(0),
        is_well: watch::Sender::new(false),
        stale_after: feed.stale_after,
        advised: Mutex::new(None),
        source,
        name: feed.name,
        clock: feed.clock,
        desk,
    };
    shutdown.run_until_cancelled(poller.read_for_ever()).await;
    End::Done
}

/// Tells the source what was last known of the size of its lists. That this is
/// not to be had is no harm.
async fn remember(source: &dyn Source, records: &Records, nms: &str) {
    let known = tokio::time::timeout(REMEMBER_TIMEOUT, records.source_status().get(nms)).await;
    if let Ok(Ok(Some(status))) = known {
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        source.remember(count(status.detail.devices), count(status.detail.ports));
    }
}

/// What the status of an account comes to.
#[derive(PartialEq, Eq)]
struct Told {
    state: SourceState,
    reason: Option<String>,
    left_alone: bool,
}

struct Poller {
    name: String,
    clock: Arc<dyn Clock>,
    desk: Arc<Desk>,
    source: Box<dyn Source>,
    outlet: QueueOutlet,
    full_wanted: Notify,
    inventory_wanted: Notify,
    /// Something was pushed, and nobody said what.
    look_wanted: Notify,
    /// What was told last, and when.
    told: Mutex<Option<(Told, Instant)>>,
    inventories: Mutex<Trouble>,
    /// How long the last full reading took.
    full_ms: AtomicU64,
    /// Whether it was a good one.
    is_well: watch::Sender<bool>,
    /// Components that were not heard of for this long are unknown.
    stale_after: Duration,
    /// What it was last said that this should be.
    advised: Mutex<Option<Duration>>,
}

impl Poller {
    async fn read_for_ever(&self) {
        let began = Instant::now();
        // Until the NMS was read once, nothing else makes sense of it.
        self.read(Reading::Full).await;
        tokio::join!(
            self.fully(began),
            self.take_stock(),
            self.regularly(Reading::Changes, |plan| plan.changes),
            self.regularly(Reading::Glance, |plan| plan.glance),
            self.regularly(Reading::Sessions, |plan| plan.sessions),
            self.regularly(Reading::Checks, |plan| plan.checks),
            self.backfill(),
            self.follow_words(),
            self.look_around(),
        );
    }

    /// Everything.
    async fn fully(&self, mut began: Instant) {
        for turn in 1.. {
            let interval = self.source.plan().full;
            let due = began + interval + jitter(&self.name, turn, interval);
            let soonest = began + interval / WANTED_SHARE;
            tokio::select! {
                () = tokio::time::sleep_until(due) => {}
                () = self.wanted_after(soonest) => {}
            }
            began = Instant::now();
            self.read(Reading::Full).await;
        }
    }

    /// Names, ports and links, while everything can be read; at once when that
    /// is asked for. Beside the full readings, as it takes hours where ports
    /// are read device by device.
    async fn take_stock(&self) {
        let mut due = Instant::now();
        loop {
            let age = tokio::select! {
                () = async {
                    tokio::time::sleep_until(due).await;
                    self.until_well().await;
                } => Age::Usual,
                () = self.inventory_wanted.notified() => Age::New,
            };
            due = self.inventory_due(self.read_inventory(age).await);
        }
    }

    /// Waits until the last full reading was a good one.
    async fn until_well(&self) {
        // The sender lives as long as this.
        let _ = self.is_well.subscribe().wait_for(|&is_well| is_well).await;
    }

    async fn wanted_after(&self, soonest: Instant) {
        self.full_wanted.notified().await;
        tokio::time::sleep_until(soonest).await;
    }

    /// One of the light ways, at its interval.
    async fn regularly(&self, reading: Reading, interval: impl Fn(&Plan) -> Option<Duration>) {
        for turn in 1.. {
            let began = Instant::now();
            let Some(interval) = interval(&self.source.plan()) else {
                tokio::time::sleep(NO_WAY_PAUSE).await;
                continue;
            };
            self.read(reading.clone()).await;
            if reading == Reading::Changes
                && let Some(cursor) = self.source.cursor()
            {
                // Behind the samples that it stands for.
                let _ = self.desk.queue.send(Item::Cursor(cursor)).await;
            }
            tokio::time::sleep_until(began + interval + jitter(&self.name, turn, interval)).await;
        }
    }

    /// Past outages, while devices wait for them.
    async fn backfill(&self) {
        loop {
            if self.source.plan().backfill_wanted {
                self.read(Reading::Backfill).await;
            }
            tokio::time::sleep(BACKFILL_PAUSE).await;
        }
    }

    /// What pushes ask for, at once; those that came meanwhile together.
    async fn follow_words(&self) {
        let mut words = self.desk.words.lock().await;
        let mut following = FuturesUnordered::new();
        loop {
            tokio::select! {
                word = words.recv(), if following.len() < HINTS_AT_ONCE => {
                    let Some(word) = word else { break };
                    let mut hints = Vec::new();
                    let mut next = Some(word);
                    while let Some(word) = next {
                        match word {
                            Word::Hint(Hint::Anything) => self.look_wanted.notify_one(),
                            Word::Hint(hint) if !hints.contains(&hint) => hints.push(hint),
                            Word::Hint(_) => {}
                            Word::Inventory => self.inventory_wanted.notify_one(),
                        }
                        next = words.try_recv().ok();
                    }
                    if !hints.is_empty() {
                        following.push(self.read(Reading::Hints(hints)));
                    }
                }
                Some(_) = following.next() => {}
            }
        }
        while following.next().await.is_some() {}
        // Nobody can push any more; the other ways go on.
        std::future::pending::<()>().await;
    }

    /// What a push asks for that does not say what changed. Once for all that
    /// come meanwhile.
    async fn look_around(&self) {
        loop {
            self.look_wanted.notified().await;
            self.read(Reading::Hints(vec![Hint::Anything])).await;
            if self.source.plan().changes.is_some() {
                self.read(Reading::Changes).await;
            }
        }
    }

    async fn read(&self, reading: Reading) -> Health {
        let is_full = reading == Reading::Full;
        let way = reading.as_str();
        let before = self.outlet.given();
        let health = self.source.read(reading, &self.outlet).await;
        self.outlet.settle();
        metric::read(&self.name, way, &health);
        if is_full {
            metric::polled(&self.name, &health);
            self.full_ms.store(health.duration_ms, Ordering::Relaxed);
            // Another way that fails is no reason not to know the names.
            self.is_well.send_replace(health.failed.is_none());
        }
        self.desk.count(&health, is_full);
        let success = health.state == SourceState::Ok || self.outlet.given() > before;
        self.tell(&health, success, is_full);
        if self.source.plan().full_wanted {
            self.full_wanted.notify_one();
        }
        health
    }

    fn tell(&self, health: &Health, success: bool, is_full: bool) {
        let telling = Told {
            state: health.state,
            reason: health.reason.as_ref().map(|reason| reason.message.clone()),
            left_alone: health.left_alone_until.is_some(),
        };
        {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            let is_same = told
                .as_ref()
                .is_some_and(|(told, at)| *told == telling && at.elapsed() < TELL_PAUSE);
            if is_same && !is_full {
                return;
            }
            *told = Some((telling, Instant::now()));
        }
        let error = health.reason.as_ref().map(stored);
        let poll_ms = self.full_ms.load(Ordering::Relaxed);
        let detail = detail::detail(health, &self.source.capabilities());
        let mut measured = SourceDetail { poll_ms, ..detail };
        measured.learned.extend(self.advise(health));
        self.desk.tell(&self.name, health.at, health.state, success, error, measured);
    }

    /// That the staleness limit is too short for this NMS, while it is; logged
    /// when that is found.
    fn advise(&self, health: &Health) -> Option<records::SourceFinding> {
        let needed = detail::stale_after_needed(&health.learned, self.stale_after);
        let mut advised = self.advised.lock().unwrap_or_else(PoisonError::into_inner);
        if *advised != needed
            && let Some(needed) = needed
        {
            let (nms, needed_s) = (self.name.as_str(), needed.as_secs());
            let stale_after_s = self.stale_after.as_secs();
            tracing::warn!(
                nms,
                stale_after_s,
                needed_s,
                "what works turns unknown between two polls of this NMS: set \
                 correlate.stale_after to three of its polling intervals or more"
            );
        }
        *advised = needed;
        needed.map(|_| detail::too_short(self.stale_after))
    }

    /// Whether it could be read and is on its way.
    async fn read_inventory(&self, age: Age) -> bool {
        let nms = self.name.as_str();
        let asked_at = self.clock.now();
        let read = self.source.inventory(age).await;
        if let Err(error) = &read {
            metric::inventory_failed(nms, error.fault.as_str());
        }
        let failure = read.as_ref().err().cloned();
        let sent = self.desk.inventory.try_send(read.map_err(|error| (asked_at, error.message)));
        let mut inventories = self.inventories.lock().unwrap_or_else(PoisonError::into_inner);
        match (failure, sent) {
            (Some(error), _) => {
                inventories.failed(error);
                false
            }
            (None, Err(_)) => {
                metric::inventory_failed(nms, "not_written");
                inventories.failed(anyhow::anyhow!("the records have not taken the one before"));
                false
            }
            (None, Ok(())) => {
                inventories.well();
                true
            }
        }
    }

    fn inventory_due(&self, was_read: bool) -> Instant {
        let interval = self.source.plan().inventory;
        Instant::now() + if was_read { interval } else { INVENTORY_RETRY.min(interval) }
    }
}

fn stored(error: &ingest::source::SourceError) -> records::SourceError {
    let kind = error.fault.as_str().to_owned();
    records::SourceError { kind, message: error.message.clone() }
}

impl Desk {
    fn count(&self, health: &Health, is_full: bool) {
        self.totals.readings.add(1);
        if is_full {
            self.totals.polls.add(1);
        }
        if is_full && health.state != SourceState::Ok {
            self.totals.polls_not_ok.add(1);
        }
        self.totals.requests.add(health.calls);
        self.totals.bytes.add(health.bytes);
    }

    fn tell(
        &self,
        nms: &str,
        at: Timestamp,
        state: SourceState,
        success: bool,
        error: Option<records::SourceError>,
        detail: SourceDetail,
    ) {
        let state = match state {
            SourceState::Ok => records::SourceState::Ok,
            SourceState::Suspect => records::SourceState::Suspect,
            SourceState::Down => records::SourceState::Down,
        };
        let counters = Default::default();
        let account = nms.to_owned();
        let report = SourceReport { account, at, state, success, error, counters, detail };
        self.status.send_replace(Some(report));
    }
}

/// How much later than planned an account is asked at this turn: at most a
/// tenth of the interval, spread over turns and names (FNV-1a of both).
fn jitter(name: &str, turn: u64, interval: Duration) -> Duration {
    let bytes = name.bytes().chain(turn.to_le_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let most = JITTER_MAX.min(interval / 10);
    let share = (hash >> 32) as f64 / f64::from(u32::MAX);
    most.mul_f64(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_is_small_and_spreads_names_and_turns() {
        let check = |name: &str, interval_s: u64, most_s: u64| {
            for turn in 0..100 {
                let interval = Duration::from_secs(interval_s);
                assert!(jitter(name, turn, interval) <= Duration::from_secs(most_s));
            }
        };
        check("ams1", 10, 1);
        check("ams1", 3_600, 5);
        let minute = Duration::from_secs(60);
        assert_ne!(jitter("ams1", 1, minute), jitter("ams2", 1, minute));
        assert_ne!(jitter("ams1", 1, minute), jitter("ams1", 2, minute));
    }
}
