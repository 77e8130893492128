//! What is found out about a LibreNMS by itself, and the pace that follows
//! from it. Settings override each. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use correlate::model::Timestamp;

use super::facts::DeviceFacts;
use crate::source::{Learned, Pace, Plan};

/// LibreNMS's default (`rrd.step`), until something else is found.
const INTERVAL_MS_DEFAULT: i64 = 300_000;

/// The intervals in use; what is measured is rounded up to the next.
const INTERVALS_S: [i64; 13] = [1, 2, 5, 10, 15, 30, 60, 120, 180, 300, 600, 900, 1800];

/// So many full readings are looked back upon.
const READINGS_MAX: usize = 12;

/// Fewer devices tell nothing about their poller.
const DEVICES_MIN: usize = 3;

/// Of a hundred devices that are up, so many are read within one interval: the
/// rest are in trouble one by one.
const HEALTHY_PERCENT: usize = 95;

/// The event log is asked twenty times in an interval, the list of what is
/// down five times: each within these limits, so that a fast LibreNMS is not
/// overrun and a slow one is still seen at once.
const CHANGES_SHARE: u32 = 20;
const CHANGES_MIN: Duration = Duration::from_secs(1);
const CHANGES_MAX: Duration = Duration::from_secs(60);
const GLANCE_SHARE: u32 = 5;
const GLANCE_MIN: Duration = Duration::from_secs(5);
const GLANCE_MAX: Duration = Duration::from_secs(120);
const FULL_MIN: Duration = Duration::from_secs(30);
const FULL_MAX: Duration = Duration::from_secs(900);
const INVENTORY: Duration = Duration::from_secs(3_600);

/// What has been found out.
#[derive(Clone, Debug, Default)]
pub(super) struct Tuning {
    /// How old the older of the healthy devices were, per full reading.
    ages_ms: VecDeque<i64>,
    /// What the nodes of a cluster say, milliseconds.
    poller_ms: Option<i64>,
    ping_ms: Option<i64>,
    /// Whether it has the list of pollers.
    pub(super) has_pollers: Option<bool>,
    pub(super) version: Option<Box<str>>,
    /// When version and pollers were last asked for.
    pub(super) asked_at: Option<Timestamp>,
    /// Whether the event log can be read.
    pub(super) has_log: Option<bool>,
}

impl Tuning {
    /// Takes in what a full reading at `now` saw.
    pub(super) fn devices(&mut self, devices: &[DeviceFacts], now: Timestamp) {
        let polled = devices.iter().filter(|device| device.up == Some(true) && !device.disabled);
        let mut ages: Vec<i64> = polled
            .filter_map(|device| device.poll_began)
            .map(|began| now.millis() - began.millis())
            .collect();
        if ages.len() < DEVICES_MIN {
            return;
        }
        ages.sort_unstable();
        self.ages_ms.push_back(ages[(ages.len() - 1) * HEALTHY_PERCENT / 100]);
        while self.ages_ms.len() > READINGS_MAX {
            self.ages_ms.pop_front();
        }
    }

    /// Takes in how often the nodes of a cluster poll and ping, seconds.
    pub(super) fn frequencies(&mut self, poller_s: Option<i64>, ping_s: Option<i64>) {
        let sound = |s: Option<i64>| s.filter(|s| (1..=86_400).contains(s)).map(|s| s * 1000);
        (self.poller_ms, self.ping_ms) = (sound(poller_s), sound(ping_s));
    }

    /// How often devices are polled, as far as is known.
    pub(super) fn interval_ms(&self) -> i64 {
        self.poller_ms.or_else(|| self.measured_ms()).unwrap_or(INTERVAL_MS_DEFAULT)
    }

    /// A single reading may come shortly after all devices were polled, so the
    /// oldest of several counts; a poll is dated by its start and seen at its
    /// end, so a tenth more is allowed before the next longer interval.
    fn measured_ms(&self) -> Option<i64> {
        let oldest_ms = self.ages_ms.iter().max()?;
        if self.ages_ms.len() < 2 {
            return None;
        }
        let longer = |s: &&i64| **s * 1100 >= *oldest_ms;
        Some(INTERVALS_S.iter().find(longer).copied().unwrap_or(3_600) * 1000)
    }

    /// How often to do what.
    pub(super) fn plan(&self, pace: &Pace) -> Plan {
        let interval = Duration::from_millis(u64::try_from(self.interval_ms()).unwrap_or(0));
        let full = pace.full.unwrap_or_else(|| interval.clamp(FULL_MIN, FULL_MAX));
        let glance = (interval / GLANCE_SHARE).clamp(GLANCE_MIN, GLANCE_MAX);
        let changes = (interval / CHANGES_SHARE).clamp(CHANGES_MIN, CHANGES_MAX);
        Plan {
            full,
            glance: Some(pace.glance.unwrap_or(glance)),
            changes: Some(pace.changes.unwrap_or(changes)),
            inventory: pace.inventory.unwrap_or(INVENTORY),
            full_wanted: false,
            backfill_wanted: false,
        }
    }

    /// What was found, for people.
    pub(super) fn learned(&self, pace: &Pace) -> Vec<Learned> {
        let learned = |name, value: String, how: &str| Learned {
            name,
            value,
            how: how.to_owned(),
            overridden: false,
        };
        let mut all = Vec::new();
        if let Some(version) = &self.version {
            all.push(learned("version", version.to_string(), "asked for"));
        }
        let how = match (self.poller_ms, self.measured_ms()) {
            (Some(_), _) => "its list of pollers",
            (None, Some(_)) => "the age of its devices over several readings",
            (None, None) => "LibreNMS's default, until more readings tell",
        };
        let seconds = |ms: i64| format!("{} s", ms as f64 / 1000.0);
        all.push(learned("polling_interval", seconds(self.interval_ms()), how));
        if let Some(ping_ms) = self.ping_ms {
            all.push(learned("ping_interval", seconds(ping_ms), "its list of pollers"));
        }
        if let Some(has_log) = self.has_log {
            let (value, how) = match has_log {
                true => ("read", "changes are found by it"),
                false => ("not readable", "its user may not see it: give it the role global-read"),
            };
            all.push(learned("event_log", value.to_owned(), how));
        }
        if let Some(has_pollers) = self.has_pollers {
            let value = if has_pollers { "yes" } else { "no" };
            all.push(learned("list_of_pollers", value.to_owned(), "asked for; from 26.1 on"));
        }
        let plan = self.plan(pace);
        let every = |every: Duration| format!("{} s", every.as_secs_f64());
        let paces = [
            ("poll_interval", plan.full, pace.full),
            ("glance_interval", plan.glance.unwrap_or_default(), pace.glance),
            ("changes_interval", plan.changes.unwrap_or_default(), pace.changes),
            ("inventory_interval", plan.inventory, pace.inventory),
        ];
        all.extend(paces.into_iter().map(|(name, value, set)| Learned {
            name,
            value: every(value),
            how: if set.is_some() { "set" } else { "follows from its polling interval" }.to_owned(),
            overridden: set.is_some(),
        }));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::librenms::decode::FailingChecks;

    fn device(began_s: i64) -> DeviceFacts {
        DeviceFacts {
            device_id: 1,
            up: Some(true),
            failing: FailingChecks::default(),
            disabled: false,
            ignored: false,
            status_ignored: false,
            last_polled: Some(Timestamp(began_s * 1000)),
            poll_began: Some(Timestamp(began_s * 1000)),
            poll_took_ms: None,
            last_ping: None,
            ahead: false,
        }
    }

    /// Full readings at these seconds of devices polled every `interval_s`, each
    /// at its own phase.
    fn watched(interval_s: i64, readings_s: &[i64]) -> Tuning {
        let mut tuning = Tuning::default();
        for &now in readings_s {
            let devices: Vec<_> = (0..100)
                .map(|n| n * interval_s / 100)
                .map(|phase| device((now - phase).div_euclid(interval_s) * interval_s + phase))
                .collect();
            tuning.devices(&devices, Timestamp(now * 1000));
        }
        tuning
    }

    #[test]
    fn the_interval_is_found_from_the_age_of_the_devices() {
        for interval_s in [5, 60, 300, 600] {
            let tuning = watched(interval_s, &[100_000, 100_300, 100_617]);
            assert_eq!(tuning.interval_ms(), interval_s * 1000, "{interval_s}");
        }
    }

    #[test]
    fn one_reading_is_not_enough_and_the_list_of_pollers_counts_more() {
        let mut tuning = watched(60, &[100_000]);
        assert_eq!(tuning.interval_ms(), 300_000);
        tuning.frequencies(Some(120), Some(60));
        assert_eq!(tuning.interval_ms(), 120_000);
        tuning.frequencies(Some(0), None);
        assert_eq!(tuning.interval_ms(), 300_000);
    }

    #[test]
    fn the_pace_follows_the_interval_and_settings_override_it() {
        let plan = Tuning::default().plan(&Pace::default());
        let s = Duration::from_secs;
        assert_eq!((plan.full, plan.glance, plan.changes), (s(300), Some(s(60)), Some(s(15))));
        let quick = watched(60, &[100_000, 100_300]).plan(&Pace::default());
        assert_eq!((quick.full, quick.glance, quick.changes), (s(60), Some(s(12)), Some(s(3))));
        let pace = Pace { changes: Some(s(1)), full: Some(s(600)), ..Pace::default() };
        let set = Tuning::default().plan(&pace);
        assert_eq!((set.full, set.glance, set.changes), (s(600), Some(s(60)), Some(s(1))));
        let learned = Tuning::default().learned(&pace);
        let set: Vec<_> = learned.iter().filter(|one| one.overridden).map(|one| one.name).collect();
        assert_eq!(set, ["poll_interval", "changes_interval"]);
    }
}
