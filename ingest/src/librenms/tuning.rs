//! What is found out about a LibreNMS by itself, and the pace that follows
//! from it. Settings override each. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use correlate::model::Timestamp;

use super::facts::DeviceFacts;
use super::memory::ReadAt;
use crate::source::{Learned, Pace, Plan};

/// LibreNMS's default (`rrd.step`), until something else is found.
const INTERVAL_MS_DEFAULT: i64 = 300_000;

/// The intervals in use; what is measured within a tenth of one is that one.
const INTERVALS_S: [i64; 13] = [1, 2, 5, 10, 15, 30, 60, 120, 180, 300, 600, 900, 1800];

/// Steps of devices that are looked at per reading, at most.
const STEPS_MAX: usize = 1_000;

/// Fewer tell nothing about their poller.
const STEPS_MIN: usize = 3;

/// A shorter interval than thought shows in this many readings that never see
/// a device whose last poll is older than half of it.
const READINGS_MIN: usize = 12;

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
    /// What devices did since the last full reading.
    steps: Vec<Step>,
    /// What was measured, if anything was.
    measured_ms: Option<i64>,
    /// How old the oldest of the devices that had been polled were, per full
    /// reading.
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

/// A device that had been polled again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Step {
    /// Between its last two polls that were seen.
    pub(super) polls_ms: i64,
    /// Between the two readings that saw them.
    pub(super) readings_ms: i64,
    /// How old the newer poll was when it was seen.
    pub(super) age_ms: i64,
}

impl Tuning {
    /// Takes in that a device had been polled again. One that is not polled any
    /// more tells nothing, so a poller that stands still is not a slow one.
    pub(super) fn stepped(&mut self, step: Step) {
        if self.steps.len() < STEPS_MAX && step.polls_ms > 0 && step.readings_ms > 0 {
            self.steps.push(step);
        }
    }

    /// The same, from the row before and the row after.
    pub(super) fn stepped_between(
        &mut self,
        before: &DeviceFacts,
        before_read: ReadAt,
        after: &DeviceFacts,
        after_read: ReadAt,
    ) {
        let is_up = before.up == Some(true) && after.up == Some(true);
        if let (true, Some(first), Some(second)) = (is_up, before.poll_began, after.poll_began) {
            self.stepped(Step {
                polls_ms: second.millis() - first.millis(),
                readings_ms: after_read.received.millis() - before_read.received.millis(),
                age_ms: after_read.received.millis() - second.millis(),
            });
        }
    }

    /// Draws the conclusions at the end of a full reading.
    ///
    /// The interval is never longer than the step between two polls that were
    /// seen, and the two are the same where readings are closer together than
    /// polls. It is never shorter than the age of a poll that is the last one.
    pub(super) fn conclude(&mut self) {
        let steps = std::mem::take(&mut self.steps);
        let tight = |step: &&Step| step.polls_ms * 5 > step.readings_ms * 6;
        let exact = low(steps.iter().filter(tight).map(|step| step.polls_ms));
        let longest = low(steps.iter().map(|step| step.polls_ms));
        if let Some(exact) = exact {
            self.measured_ms = Some(usual(exact));
            self.ages_ms.clear();
        } else if let Some(longest) = longest.filter(|&ms| ms * 11 < self.interval_ms() * 10) {
            self.measured_ms = Some(usual(longest));
        }
        let Some(oldest) = steps.iter().map(|step| step.age_ms).max() else { return };
        if longest.is_none() {
            return;
        }
        self.ages_ms.push_back(oldest);
        while self.ages_ms.len() > READINGS_MIN {
            self.ages_ms.pop_front();
        }
        let oldest = self.ages_ms.iter().copied().max().unwrap_or(0);
        if self.ages_ms.len() == READINGS_MIN && oldest * 2 < self.interval_ms() {
            self.measured_ms = Some(usual(oldest));
            self.ages_ms.clear();
        }
    }

    /// Takes in how often the nodes of a cluster poll and ping, seconds.
    pub(super) fn frequencies(&mut self, poller_s: Option<i64>, ping_s: Option<i64>) {
        let sound = |s: Option<i64>| s.filter(|s| (1..=86_400).contains(s)).map(|s| s * 1000);
        (self.poller_ms, self.ping_ms) = (sound(poller_s), sound(ping_s));
    }

    /// How often devices are polled, as far as is known.
    pub(super) fn interval_ms(&self) -> i64 {
        self.poller_ms.or(self.measured_ms).unwrap_or(INTERVAL_MS_DEFAULT)
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
        let how = match (self.poller_ms, self.measured_ms) {
            (Some(_), _) => "its list of pollers",
            (None, Some(_)) => "the times of its polls over several readings",
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

/// The lower end of the steps, of which some are longer by an outage.
fn low(steps: impl Iterator<Item = i64>) -> Option<i64> {
    let mut steps: Vec<i64> = steps.collect();
    if steps.len() < STEPS_MIN {
        return None;
    }
    steps.sort_unstable();
    Some(steps[steps.len() / 4])
}

/// The interval in use that is meant, else the measured one in whole seconds.
fn usual(measured_ms: i64) -> i64 {
    let near = |s: &&i64| (*s * 1000 - measured_ms).abs() * 10 <= *s * 1000;
    let found = INTERVALS_S.iter().find(near).map(|s| s * 1000);
    found.unwrap_or_else(|| (measured_ms / 1000).max(1) * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Full readings every `readings_s` of devices polled every `interval_s`,
    /// spread evenly over `spread_s`.
    fn watched(interval_s: i64, readings_s: i64, spread_s: i64, readings: i64) -> Tuning {
        let mut tuning = Tuning::default();
        let polled =
            |now: i64, phase: i64| (now - phase).div_euclid(interval_s) * interval_s + phase;
        for now in (1..=readings).map(|n| 1_000_040 + n * readings_s) {
            for phase in (0..100).map(|n| n * spread_s / 100) {
                let (before, after) = (polled(now - readings_s, phase), polled(now, phase));
                let polls_ms = (after - before) * 1000;
                let age_ms = (now - after) * 1000;
                tuning.stepped(Step { polls_ms, readings_ms: readings_s * 1000, age_ms });
            }
            tuning.conclude();
        }
        tuning
    }

    #[track_caller]
    fn check(tuning: &Tuning, expected_s: i64) {
        assert_eq!(tuning.interval_ms(), expected_s * 1000);
    }

    #[test]
    fn a_longer_interval_than_thought_is_found_at_once() {
        check(&watched(600, 300, 600, 3), 600);
        check(&watched(5, 2, 5, 3), 5);
        check(&watched(900, 60, 10, 20), 900);
    }

    #[test]
    fn a_shorter_one_is_found_after_some_readings() {
        check(&watched(60, 300, 60, 2), 300);
        check(&watched(60, 300, 60, 12), 60);
    }

    #[test]
    fn the_usual_one_is_not_doubted() {
        check(&watched(300, 300, 300, 100), 300);
        check(&watched(300, 60, 10, 100), 300);
    }

    #[test]
    fn pollers_that_stand_still_are_not_slow() {
        let mut tuning = Tuning::default();
        for _ in 0..100 {
            tuning.conclude();
        }
        check(&tuning, 300);
    }

    #[test]
    fn the_list_of_pollers_counts_more_than_what_is_measured() {
        let mut tuning = watched(600, 300, 600, 3);
        tuning.frequencies(Some(120), Some(60));
        check(&tuning, 120);
        tuning.frequencies(Some(0), None);
        check(&tuning, 600);
    }

    #[test]
    fn the_pace_follows_the_interval_and_settings_override_it() {
        let plan = Tuning::default().plan(&Pace::default());
        let s = Duration::from_secs;
        assert_eq!((plan.full, plan.glance, plan.changes), (s(300), Some(s(60)), Some(s(15))));
        let mut quick = Tuning::default();
        quick.frequencies(Some(60), None);
        let plan = quick.plan(&Pace::default());
        assert_eq!((plan.full, plan.glance, plan.changes), (s(60), Some(s(12)), Some(s(3))));
        let pace = Pace { changes: Some(s(1)), full: Some(s(600)), ..Pace::default() };
        let set = Tuning::default().plan(&pace);
        assert_eq!((set.full, set.glance, set.changes), (s(600), Some(s(60)), Some(s(1))));
        let learned = Tuning::default().learned(&pace);
        let set: Vec<_> = learned.iter().filter(|one| one.overridden).map(|one| one.name).collect();
        assert_eq!(set, ["poll_interval", "changes_interval"]);
    }
}
