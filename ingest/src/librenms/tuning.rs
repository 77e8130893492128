//! What is found out about a LibreNMS by itself, what it can be asked for, and
//! the pace that follows from it. Settings override each. Pure.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use correlate::model::Timestamp;

use super::facts::DeviceFacts;
use super::feature::Feature;
use super::memory::ReadAt;
use crate::source::{Ability, Basis, Capabilities, Found, Learned, Pace, Plan};

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

/// The event log is asked every second, whatever the interval: its devices are
/// polled one after the other, so there is always one that has just been. It
/// is a page of few rows, found by their ids; still it takes a fifth of the
/// requests that are allowed at most, and a tenth of the time of one of the
/// server's workers.
const CHANGES_MIN: Duration = Duration::from_secs(1);
const CHANGES_MAX: Duration = Duration::from_secs(60);
const CHANGES_THROTTLE_SHARE: u32 = 5;
const CHANGES_WORKER_SHARE: u32 = 10;

/// The list of what is down is asked five times in an interval, within these
/// limits, so that a fast LibreNMS is not overrun.
const GLANCE_SHARE: u32 = 5;
const GLANCE_MIN: Duration = Duration::from_secs(5);
const GLANCE_MAX: Duration = Duration::from_secs(120);
const FULL_MIN: Duration = Duration::from_secs(30);
const FULL_MAX: Duration = Duration::from_secs(900);
const INVENTORY: Duration = Duration::from_secs(3_600);

/// Servers of these versions, year and month, take no ids in questions for the
/// event log, and from the second on they do; in between it depends on the day
/// on which they were installed, and shows in what they answer.
const LOG_WITHOUT_IDS: (u32, u32) = (21, 1);
const LOG_WITH_IDS: (u32, u32) = (21, 4);

/// What the operator has set about the server, whatever is found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Overrides {
    /// How often it polls.
    pub(super) interval: Option<Duration>,
    pub(super) version: Option<String>,
    /// Whether its event log is read.
    pub(super) event_log: Option<bool>,
}

/// What has been found out.
#[derive(Clone, Debug, Default)]
pub(super) struct Tuning {
    pub(super) set: Overrides,
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
    /// The event log.
    pub(super) log: Feature,
    /// The records of outages.
    pub(super) outages: Feature,
    /// The BGP sessions, and the service checks.
    pub(super) sessions: Feature,
    pub(super) checks: Feature,
    /// More ports are down than a cheap list holds.
    pub(super) many_ports_down: bool,
    /// The version for which it was last said whether the log takes ids.
    ids_said_for: Option<(u32, u32)>,
}

/// What bounds how often the event log is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Means {
    /// The throttle.
    pub(super) requests_per_second: NonZeroU32,
    /// How long an answer of the event log takes; `None` before the first.
    pub(super) log_takes: Option<Duration>,
}

impl Means {
    fn changes(self) -> Duration {
        let second = Duration::from_secs(1);
        let by_throttle = second * CHANGES_THROTTLE_SHARE / self.requests_per_second.get();
        let by_worker = self.log_takes.unwrap_or_default().saturating_mul(CHANGES_WORKER_SHARE);
        by_throttle.max(by_worker).clamp(CHANGES_MIN, CHANGES_MAX)
    }
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

    /// How often devices are polled: as set, else as far as is known.
    pub(super) fn interval_ms(&self) -> i64 {
        let set = self.set.interval.and_then(|set| i64::try_from(set.as_millis()).ok());
        set.unwrap_or_else(|| self.found_interval_ms())
    }

    fn found_interval_ms(&self) -> i64 {
        self.poller_ms.or(self.measured_ms).unwrap_or(INTERVAL_MS_DEFAULT)
    }

    /// Its version: as set, else as it says.
    pub(super) fn version(&self) -> Option<&str> {
        self.set.version.as_deref().or(self.version.as_deref())
    }

    /// Whether the event log may be asked at `now`.
    pub(super) fn may_read_log(&self, now: Timestamp) -> bool {
        self.set.event_log.unwrap_or_else(|| self.log.is_worth_asking(now))
    }

    /// Whether the event log takes ids in questions, if the version tells; once
    /// for each version, as what the server answers tells more.
    pub(super) fn log_takes_ids(&mut self) -> Option<bool> {
        let release = self.version().and_then(release)?;
        if self.ids_said_for.replace(release) == Some(release) {
            return None;
        }
        match release {
            old if old <= LOG_WITHOUT_IDS => Some(false),
            new if new >= LOG_WITH_IDS => Some(true),
            _ => None,
        }
    }

    /// What the server can be asked for.
    pub(super) fn capabilities(&self) -> Capabilities {
        let product = Ability::yes(Basis::Product);
        let assumed = Ability::yes(Basis::Assumed);
        let set = |can| Ability { can, basis: Basis::Set };
        Capabilities {
            changes: self.set.event_log.map(set).or(self.log.ability()).unwrap_or(assumed),
            glance: product,
            glance_ports: match self.many_ports_down {
                true => Ability::no(Basis::TooMuch),
                false => product,
            },
            push: product,
            backfill: self.outages.ability().unwrap_or(assumed),
            sessions: self.sessions.ability().unwrap_or(assumed),
            checks: self.checks.ability().unwrap_or(assumed),
            inventory: product,
        }
    }

    /// Whether this release is known to note the time of every ping. From 26.7
    /// on fast pings leave none; a version that was built between two releases
    /// (`26.6.1-35-g0a1b2c3`) may be either.
    pub(super) fn notes_every_ping(&self) -> bool {
        let Some(version) = self.version() else { return false };
        let release = version.split(|c: char| c.is_ascii_whitespace() || c == '-').next();
        let mut parts = release.unwrap_or_default().split('.').map(|part| part.parse::<u32>().ok());
        let (Some(Some(year)), Some(Some(month))) = (parts.next(), parts.next()) else {
            return false;
        };
        let is_between = version.contains("-g");
        (year, month) < (26, 6) || ((year, month) == (26, 6) && !is_between)
    }

    /// How often to do what.
    pub(super) fn plan(&self, pace: &Pace, means: Means, now: Timestamp) -> Plan {
        let interval = Duration::from_millis(u64::try_from(self.interval_ms()).unwrap_or(0));
        let full = pace.full.unwrap_or_else(|| interval.clamp(FULL_MIN, FULL_MAX));
        let glance = (interval / GLANCE_SHARE).clamp(GLANCE_MIN, GLANCE_MAX);
        Plan {
            full,
            glance: Some(pace.glance.unwrap_or(glance)),
            changes: self
                .may_read_log(now)
                .then(|| pace.changes.unwrap_or_else(|| means.changes())),
            // Their rows move with the polls, as those of ports do.
            sessions: self.sessions.is_worth_asking(now).then(|| pace.sessions.unwrap_or(full)),
            checks: self.checks.is_worth_asking(now).then(|| pace.checks.unwrap_or(full)),
            inventory: pace.inventory.unwrap_or(INVENTORY),
            full_wanted: false,
            backfill_wanted: false,
        }
    }

    /// What was found.
    pub(super) fn learned(&self, pace: &Pace, means: Means) -> Vec<Learned> {
        let learned = |name, value, basis| Learned { name, value, basis, found: None };
        let set = |name, value, found| Learned { name, value, basis: Basis::Set, found };
        let every =
            |ms: i64| Found::Every(Duration::from_millis(u64::try_from(ms).unwrap_or_default()));
        let mut all = Vec::new();
        let version = self.version.as_ref().map(|version| Found::Name(version.to_string()));
        match (&self.set.version, version) {
            (Some(own), found) => all.push(set("version", Found::Name(own.clone()), found)),
            (None, Some(found)) => all.push(learned("version", found, Basis::Asked)),
            (None, None) => {}
        }
        let basis = match (self.poller_ms, self.measured_ms) {
            (Some(_), _) => Basis::Pollers,
            (None, Some(_)) => Basis::PollTimes,
            (None, None) => Basis::Assumed,
        };
        all.push(match self.set.interval {
            Some(own) => {
                let is_found = basis != Basis::Assumed;
                let found = is_found.then(|| every(self.found_interval_ms()));
                set("nms_interval", Found::Every(own), found)
            }
            None => learned("nms_interval", every(self.interval_ms()), basis),
        });
        if let Some(ping_ms) = self.ping_ms {
            all.push(learned("ping_interval", every(ping_ms), Basis::Pollers));
        }
        match (self.set.event_log, self.log.ability()) {
            (Some(own), found) => {
                all.push(set("event_log", Found::Is(own), found.map(|log| Found::Is(log.can))));
            }
            (None, Some(log)) => all.push(learned("event_log", Found::Is(log.can), log.basis)),
            (None, None) => {}
        }
        if let Some(has_pollers) = self.has_pollers {
            all.push(learned("list_of_pollers", Found::Is(has_pollers), Basis::Asked));
        }
        // What they would be, also of what cannot be asked for just now.
        let by_itself = self.plan(&Pace::default(), means, Timestamp::MAX);
        let can = self.capabilities();
        let changes = can.changes.can.then(|| means.changes());
        let sessions = by_itself.sessions.filter(|_| can.sessions.can);
        let checks = by_itself.checks.filter(|_| can.checks.can);
        let paces = [
            ("poll_interval", Some(by_itself.full), pace.full, Basis::PollingInterval),
            ("glance_interval", by_itself.glance, pace.glance, Basis::PollingInterval),
            ("changes_interval", changes, pace.changes, Basis::Throttle),
            ("sessions_interval", sessions, pace.sessions, Basis::PollingInterval),
            ("checks_interval", checks, pace.checks, Basis::PollingInterval),
            ("inventory_interval", Some(by_itself.inventory), pace.inventory, Basis::Default),
        ];
        all.extend(paces.into_iter().filter_map(|(name, found, own, basis)| {
            let found = found.map(Found::Every);
            match (own, found) {
                (Some(own), found) => Some(set(name, Found::Every(own), found)),
                (None, found) => Some(learned(name, found?, basis)),
            }
        }));
        all
    }
}

/// Year and month of a version such as `26.7.0-12-gabc`; 1 and so on before
/// 2021. `None` for what is no version.
fn release(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.trim().trim_start_matches('v').split(['.', '-']);
    let mut number = || parts.next()?.parse().ok();
    Some((number()?, number()?))
}

/// The lower end of the steps, of which some are longer by an outage.
fn low(steps: impl Iterator<Item = i64>) -> Option<i64> {
    let mut steps: Vec<i64> = steps.collect();
    if steps.len() < STEPS_MIN {
        return None;
    }
    let quarter = steps.len() / 4;
    Some(*steps.select_nth_unstable(quarter).1)
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
    use crate::source::Fault;

    const NOW: Timestamp = Timestamp(1_000_000_000);

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
    fn releases_before_26_7_note_every_ping() {
        let check = |version: Option<&str>, expected| {
            let version = version.map(Into::into);
            let tuning = Tuning { version, ..Tuning::default() };
            assert_eq!(tuning.notes_every_ping(), expected, "{:?}", tuning.version);
        };
        check(Some("26.6.1"), true);
        check(Some("25.12.0"), true);
        check(Some("26.5.1-30-g0a1b2c3"), true);
        check(Some("1.37-234-g0000000"), true);
        check(Some("26.6.1-35-g0a1b2c3"), false);
        check(Some("26.7.0"), false);
        check(Some("27.1.0"), false);
        check(Some("unknown"), false);
        check(None, false);
    }

    fn means(requests_per_second: u32, log_takes_ms: u64) -> Means {
        Means {
            requests_per_second: NonZeroU32::new(requests_per_second).unwrap(),
            log_takes: Some(Duration::from_millis(log_takes_ms)),
        }
    }

    #[test]
    fn the_event_log_takes_a_share_of_the_throttle_and_of_a_worker_at_most() {
        let check = |requests_per_second, log_takes_ms, expected_ms| {
            let every = means(requests_per_second, log_takes_ms).changes();
            assert_eq!(every, Duration::from_millis(expected_ms));
        };
        check(5, 2, 1_000);
        check(1_000, 2, 1_000);
        check(2, 2, 2_500);
        check(1, 2, 5_000);
        check(5, 100, 1_000);
        check(5, 400, 4_000);
        check(1, 300, 5_000);
        check(5, 30_000, 60_000);
        check(5, u64::MAX, 60_000);
    }

    #[test]
    fn the_pace_follows_the_interval_and_settings_override_it() {
        let plan = Tuning::default().plan(&Pace::default(), means(5, 2), NOW);
        let s = Duration::from_secs;
        assert_eq!((plan.full, plan.glance, plan.changes), (s(300), Some(s(60)), Some(s(1))));
        let mut quick = Tuning::default();
        quick.frequencies(Some(60), None);
        let plan = quick.plan(&Pace::default(), means(5, 2), NOW);
        assert_eq!((plan.full, plan.glance, plan.changes), (s(60), Some(s(12)), Some(s(1))));
        let pace = Pace { changes: Some(s(15)), full: Some(s(600)), ..Pace::default() };
        let set = Tuning::default().plan(&pace, means(5, 2), NOW);
        assert_eq!((set.full, set.glance, set.changes), (s(600), Some(s(60)), Some(s(15))));
        let learned = Tuning::default().learned(&pace, means(5, 2));
        let is_set = |one: &&Learned| one.basis == Basis::Set;
        let set: Vec<_> = learned.iter().filter(is_set).map(|one| one.name).collect();
        assert_eq!(set, ["poll_interval", "changes_interval"]);
    }

    #[test]
    fn a_log_that_is_refused_is_not_planned_until_it_is_worth_asking_again() {
        let mut tuning = Tuning::default();
        let changes =
            |tuning: &Tuning, now| tuning.plan(&Pace::default(), means(5, 2), now).changes;
        let can = |tuning: &Tuning| tuning.capabilities().changes;
        assert_eq!(can(&tuning), Ability::yes(Basis::Assumed));
        tuning.log.refused(Fault::Forbidden, NOW);
        assert_eq!((changes(&tuning, NOW), can(&tuning)), (None, Ability::no(Basis::Forbidden)));
        assert!(changes(&tuning, NOW.plus_millis(3_600_000)).is_some());
        tuning.set.event_log = Some(true);
        assert_eq!(can(&tuning), Ability::yes(Basis::Set));
        assert!(changes(&tuning, NOW).is_some());
        tuning.set.event_log = Some(false);
        assert_eq!(can(&tuning), Ability::no(Basis::Set));
        assert_eq!(changes(&tuning, Timestamp::MAX), None);
    }

    #[test]
    fn versions_tell_whether_the_log_takes_ids_once_each() {
        for (version, expected) in [
            ("1.36", Some(false)),
            ("1.70.1-23-gdeadbee", Some(false)),
            ("21.1.0", Some(false)),
            ("21.2.0", None),
            ("v21.4.0", Some(true)),
            ("26.7.0", Some(true)),
            ("nightly", None),
        ] {
            let version = Some(version.into());
            let mut tuning = Tuning { version, ..Tuning::default() };
            assert_eq!((tuning.log_takes_ids(), tuning.log_takes_ids()), (expected, None));
        }
    }

    #[test]
    fn what_is_set_counts_and_is_shown_beside_what_was_found() {
        let mut tuning = watched(600, 300, 600, 3);
        tuning.version = Some("26.7.0".into());
        tuning.log.works();
        tuning.set = Overrides {
            interval: Some(Duration::from_secs(120)),
            version: Some("1.36".to_owned()),
            event_log: Some(false),
        };
        check(&tuning, 120);
        assert_eq!(tuning.log_takes_ids(), Some(false));
        let learned = tuning.learned(&Pace::default(), means(5, 2));
        let of = |name| learned.iter().find(|one| one.name == name).unwrap();
        for (name, value, found) in [
            ("version", Found::Name("1.36".to_owned()), Found::Name("26.7.0".to_owned())),
            (
                "nms_interval",
                Found::Every(Duration::from_secs(120)),
                Found::Every(Duration::from_secs(600)),
            ),
            ("event_log", Found::Is(false), Found::Is(true)),
        ] {
            let expected = Learned { name, value, basis: Basis::Set, found: Some(found) };
            assert_eq!(of(name), &expected);
        }
        assert!(learned.iter().all(|one| one.name != "changes_interval"), "it is off");
    }
}
