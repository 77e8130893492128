//! A LibreNMS account as a [`Source`]: which reading does what, and how the
//! account fares after it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::book::Book;
use super::client::{Client, Usage};
use super::decode::{CheckRow, PeerRow};
use super::settings::{Settings, SettingsError};
use super::touch::Touch;
use super::tuning::Means;
use super::zone::ServerZone;
use super::{backfill, calls, changes, checkup, full, glance, inventory, sessions, touch};
use crate::source::{
    Age, Basis, Capabilities, Clock, Cursor, Evidence, Fault, Finding, Found, Health, Hint,
    Inventory, Learned, Outlet, Plan, Reading, Source, SourceError, SourceState,
};

/// A device may go unpolled for so many intervals before its state is not
/// believed any more.
const FRESH_INTERVALS: i64 = 3;

/// Ways that are not gone again by themselves: what went wrong with one of them
/// is over when everything can be read.
const ON_DEMAND: [&str; 2] = ["hints", "backfill"];

/// A LibreNMS account as a [`Source`].
pub struct LibreNms {
    pub(super) settings: Settings,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) client: Client,
    book: Mutex<Book>,
    desk: Mutex<Desk>,
}

/// How the readings went.
#[derive(Default)]
struct Desk {
    /// As of the last full reading that could read the devices.
    condition: Condition,
    /// What went wrong with each way of reading the last time; gone when it
    /// goes well.
    problems: BTreeMap<&'static str, SourceError>,
    /// What was used up to the last health.
    told: Usage,
    bulk_not_before: Option<Instant>,
    /// A full reading was due while the server was left alone.
    full_waits: bool,
    /// As of the last reading, to log changes only.
    state: Option<(SourceState, Option<Fault>)>,
}

/// What a full reading found.
#[derive(Clone, Debug, Default)]
pub(super) struct Condition {
    /// Why not all of it can be believed.
    pub(super) problem: Option<SourceError>,
    pub(super) devices: usize,
    pub(super) devices_stale: usize,
    pub(super) data_age_ms: Option<u64>,
}

impl LibreNms {
    /// The account of `settings`; sends nothing yet.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<LibreNms, SettingsError> {
        let zone = ServerZone::new(settings.time_zone.clone());
        let client = Client::new(&settings, Arc::clone(&clock))?;
        let mut book = Book::new(settings.policy, zone, Arc::clone(client.server_clock()));
        book.tuning.set = settings.overrides();
        Ok(LibreNms {
            client,
            book: Mutex::new(book),
            desk: Mutex::new(Desk::default()),
            settings,
            clock,
        })
    }

    /// How often LibreNMS itself polls: as set, else as far as is known.
    pub fn nms_interval(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.book().tuning.interval_ms()).unwrap_or(0))
    }

    /// What is known. Never held while something is waited for.
    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the server lately failed at the list of all ports.
    pub(super) fn bulk_is_too_much(&self) -> bool {
        self.desk().bulk_not_before.is_some_and(|until| Instant::now() < until)
    }

    /// Does not ask for the list of all ports before then.
    pub(super) fn spare_bulk_until(&self, until: Instant) {
        self.desk().bulk_not_before = Some(until);
    }

    /// How old the newest evidence on a component may be: as set, or longer
    /// where LibreNMS polls so seldom.
    pub(super) fn fresh_for_ms(&self, book: &Book) -> i64 {
        let polled_ms = book.tuning.interval_ms().saturating_mul(FRESH_INTERVALS);
        self.settings.policy.fresh_for_ms.max(polled_ms)
    }

    async fn do_reading(&self, reading: &Reading, outlet: &dyn Outlet) -> Result<(), SourceError> {
        match reading {
            Reading::Full => {
                let found = full::run(self, outlet).await;
                let mut desk = self.desk();
                match found {
                    Ok(condition) => desk.condition = condition,
                    Err(error) => {
                        desk.condition = Condition::default();
                        return Err(error);
                    }
                }
                desk.condition.problem.clone().map_or(Ok(()), Err)
            }
            Reading::Glance => glance::run(self, Evidence::Poll, outlet).await,
            Reading::Changes => match changes::run(self, outlet).await {
                // Told as something learned: it is read in other ways.
                Err(error) if changes::is_refused(&error) => Ok(()),
                done => done,
            },
            Reading::Hints(hints) => self.follow(hints, outlet).await,
            Reading::Backfill => backfill::run(self, outlet).await,
            Reading::Sessions => sessions::run::<PeerRow>(self, outlet).await,
            Reading::Checks => sessions::run::<CheckRow>(self, outlet).await,
        }
    }

    /// Reads again at once what hints name, then what else is new. What other
    /// readings of hints have not come to yet is read with it.
    async fn follow(&self, hints: &[Hint], outlet: &dyn Outlet) -> Result<(), SourceError> {
        let (cause, now) = (Evidence::Push, self.clock.now());
        {
            let mut book = self.book();
            for hint in hints {
                let Hint::Device(device) = hint else { continue };
                let Ok(device_id) = device.parse() else { continue };
                if book.devices.contains_key(&device_id) {
                    book.look_again(Touch { device_id, itself: true, ports: true, cause }, now);
                } else {
                    // A device that is not known yet, if it is one.
                    book.full_wanted = true;
                }
            }
        }
        let mut touched = Ok(());
        loop {
            match touch::round(self, true, outlet).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => touched = touched.and(Err(error)),
            }
        }
        if hints.contains(&Hint::Anything) {
            glance::run(self, cause, outlet).await?;
        }
        touched
    }

    pub(super) fn means(&self) -> Means {
        Means {
            requests_per_second: self.settings.requests_per_second,
            log_takes: self.client.takes(calls::EVENT_LOG),
        }
    }

    fn learned(&self) -> Vec<Learned> {
        let book = self.book();
        let mut learned = book.tuning.learned(&self.settings.pace, self.means());
        if book.tuning.log.ability().is_some_and(|log| log.can) {
            // The column of the log that questions are about.
            let value = if book.log.is_by_time() { "datetime" } else { "event_id" };
            let value = Found::Name(value.to_owned());
            let basis = Basis::Asked;
            learned.push(Learned { name: "event_log_cursor", value, basis, found: None });
        }
        if let Some((value, basis)) = book.zone.describe() {
            learned.push(Learned { name: "time_zone", value, basis, found: None });
        }
        learned.extend(self.client.server_clock().learned());
        learned
    }

    /// Takes in how a reading went; what went wrong with it, if anything did.
    fn note(&self, reading: &Reading, done: Result<(), SourceError>) -> Option<Fault> {
        let way = reading.as_str();
        let is_full = *reading == Reading::Full;
        let failed = done.as_ref().err().map(|error| error.fault);
        let cause = self.client.cause();
        let full_is_due = {
            let mut desk = self.desk();
            match done {
                Ok(()) => {
                    desk.problems.remove(way);
                    if is_full {
                        desk.problems.retain(|way, _| !ON_DEMAND.contains(way));
                    }
                }
                // Not tried: what was wrong still is, with this way as well.
                Err(error) if error.fault == Fault::Paused => {
                    desk.full_waits |= is_full;
                    if !ON_DEMAND.contains(&way) {
                        desk.problems.entry(way).or_insert(cause.clone().unwrap_or(error));
                    }
                }
                Err(error) => {
                    desk.problems.insert(way, error);
                }
            }
            desk.full_waits &= !is_full || failed == Some(Fault::Paused);
            let full_is_due = desk.full_waits && cause.is_none();
            desk.full_waits &= !full_is_due;
            full_is_due
        };
        if full_is_due {
            self.book().full_wanted = true;
        }
        failed
    }

    fn health(&self, started: Instant, failed: Option<Fault>) -> Health {
        let now = self.clock.now();
        let left_alone = self.client.pause().map(|pause| pause.as_millis());
        let (ports, used) = (self.book().ports_len(), self.client.usage());
        let mut desk = self.desk();
        let told = std::mem::replace(&mut desk.told, used);
        let reason = gravest(&desk.problems);
        let Condition { devices, devices_stale, data_age_ms, .. } = desk.condition;
        let is_full = |error: &SourceError| desk.problems.get("full") == Some(error);
        let state = match &reason {
            None => SourceState::Ok,
            Some(_) if devices > 0 => SourceState::Suspect,
            Some(reason) if reason.fault.is_suspicious() => SourceState::Suspect,
            Some(reason) if is_full(reason) => SourceState::Down,
            Some(_) => SourceState::Suspect,
        };
        let health = Health {
            state,
            reason,
            failed,
            left_alone_until: left_alone
                .map(|ms| now.plus_millis(i64::try_from(ms).unwrap_or(i64::MAX))),
            at: now,
            calls: used.calls - told.calls,
            bytes: used.bytes - told.bytes,
            duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            data_age_ms,
            devices,
            devices_stale,
            ports,
            traffic: self.client.traffic(),
            learned: Vec::new(),
        };
        self.log_change(&mut desk, &health);
        health
    }

    fn log_change(&self, desk: &mut Desk, health: &Health) {
        let state = (health.state, health.reason.as_ref().map(|reason| reason.fault));
        let before = desk.state.replace(state).unwrap_or((SourceState::Ok, None));
        if before == state {
            return;
        }
        let nms = self.settings.name();
        match &health.reason {
            Some(reason) => {
                let (state, fault) = (health.state.as_str(), reason.fault.as_str());
                tracing::warn!(nms, state, fault, %reason, "LibreNMS cannot be trusted now");
            }
            None => tracing::info!(nms, devices = health.devices, "LibreNMS is read again"),
        }
    }
}

/// Of everything that is wrong: what is wrong with the full reading, as all
/// others lean on it, else any other.
fn gravest(problems: &BTreeMap<&'static str, SourceError>) -> Option<SourceError> {
    problems.get("full").or_else(|| problems.values().next()).cloned()
}

#[async_trait]
impl Source for LibreNms {
    fn name(&self) -> &str {
        self.settings.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.book().tuning.capabilities()
    }

    fn plan(&self) -> Plan {
        let now = self.clock.now();
        let book = self.book();
        Plan {
            full_wanted: book.full_wanted,
            backfill_wanted: !book.backfill.is_empty() && book.tuning.outages.is_worth_asking(now),
            ..book.tuning.plan(&self.settings.pace, self.means(), now)
        }
    }

    async fn read(&self, reading: Reading, outlet: &dyn Outlet) -> Health {
        let started = Instant::now();
        let done = self.do_reading(&reading, outlet).await;
        let failed = self.note(&reading, done);
        let mut health = self.health(started, failed);
        health.learned = self.learned();
        health
    }

    fn cursor(&self) -> Option<Cursor> {
        self.book().save_log()
    }

    fn resume(&self, cursor: &Cursor) {
        self.book().log.resume(cursor, self.clock.now());
    }

    fn remember(&self, devices: usize, ports: usize) {
        let mut book = self.book();
        book.devices_guard.remember(devices);
        book.inventory_guard.remember(devices);
        book.ports_guard.remember(ports);
    }

    async fn inventory(&self, age: Age) -> Result<Inventory, SourceError> {
        let read = inventory::read(self, age).await;
        let mut desk = self.desk();
        match &read {
            Ok(_) => {
                desk.problems.remove("inventory");
            }
            Err(error) if error.fault == Fault::Paused => {}
            Err(error) => {
                desk.problems.insert("inventory", error.clone());
            }
        }
        read
    }

    async fn check(&self) -> Vec<Finding> {
        checkup::run(self).await
    }
}
