//! A LibreNMS account as a [`Source`]: which reading does what, and how the
//! account fares after it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::time::Instant;

use super::book::Book;
use super::client::{Client, Usage};
use super::settings::{Settings, SettingsError};
use super::touch::{TOUCHES_MAX, Touch};
use super::zone::ServerZone;
use super::{backfill, changes, checkup, full, glance, inventory, touch};
use crate::source::{
    Clock, Cursor, Evidence, Fault, Finding, Health, Hint, Inventory, Learned, Outlet, Plan,
    Reading, Source, SourceError, SourceState,
};

/// A device may go unpolled for so many intervals before its state is not
/// believed any more.
const FRESH_INTERVALS: i64 = 3;

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
        Ok(LibreNms {
            client: Client::new(&settings, Arc::clone(&clock))?,
            book: Mutex::new(Book::new(settings.policy, zone)),
            desk: Mutex::new(Desk::default()),
            settings,
            clock,
        })
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
            Reading::Glance => glance::run(self, outlet).await,
            Reading::Changes => match changes::run(self, outlet).await {
                // Told as something learned: it is read in other ways.
                Err(error) if changes::is_refused(&error) => Ok(()),
                done => done,
            },
            Reading::Hints(hints) => self.follow(hints, outlet).await,
            Reading::Backfill => backfill::run(self, outlet).await,
        }
    }

    /// Reads again at once what hints name, then what else is new.
    async fn follow(&self, hints: &[Hint], outlet: &dyn Outlet) -> Result<(), SourceError> {
        let mut touches: Vec<Touch> = Vec::new();
        {
            let mut book = self.book();
            for hint in hints {
                let Hint::Device(device) = hint else { continue };
                let Ok(device_id) = device.parse() else { continue };
                if book.devices.contains_key(&device_id) {
                    touches.push(Touch { device_id, itself: true, ports: true });
                } else {
                    // A device that is not known yet, if it is one.
                    book.full_wanted = true;
                }
            }
            touches.sort_unstable_by_key(|touch| touch.device_id);
            touches.dedup();
            if touches.len() > TOUCHES_MAX {
                book.full_wanted = true;
                touches.truncate(TOUCHES_MAX);
            }
        }
        let touched = touch::run(self, &touches, Evidence::Push, outlet).await;
        if hints.contains(&Hint::Anything) {
            glance::run(self, outlet).await?;
        }
        touched
    }

    fn learned(&self) -> Vec<Learned> {
        let book = self.book();
        let mut learned = book.tuning.learned(&self.settings.pace);
        if let Some((value, how)) = book.zone.describe() {
            let overridden = self.settings.time_zone.is_some();
            learned.push(Learned { name: "time_zone", value, how, overridden });
        }
        learned
    }

    fn health(&self, started: Instant) -> Health {
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
            at: self.clock.now(),
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

    fn plan(&self) -> Plan {
        let book = self.book();
        Plan {
            full_wanted: book.full_wanted,
            backfill_wanted: !book.backfill.is_empty(),
            ..book.tuning.plan(&self.settings.pace)
        }
    }

    async fn read(&self, reading: Reading, outlet: &dyn Outlet) -> Health {
        let started = Instant::now();
        let done = self.do_reading(&reading, outlet).await;
        {
            let mut desk = self.desk();
            match done {
                Ok(()) => desk.problems.remove(reading.as_str()),
                Err(error) => desk.problems.insert(reading.as_str(), error),
            };
        }
        let mut health = self.health(started);
        health.learned = self.learned();
        health
    }

    fn cursor(&self) -> Option<Cursor> {
        self.book().log.save()
    }

    fn resume(&self, cursor: &Cursor) {
        self.book().log.resume(cursor, self.clock.now());
    }

    async fn inventory(&self) -> Result<Inventory, SourceError> {
        inventory::read(self).await
    }

    async fn check(&self) -> Vec<Finding> {
        checkup::run(self).await
    }
}
