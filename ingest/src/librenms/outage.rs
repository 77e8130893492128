//! What LibreNMS's own record of a device's outages is worth.
//!
//! A row says when a check found the device down and when one found it up
//! again, in seconds of UTC, but not which check. Rows are believed so far:
//!
//! | row | what it gives |
//! | --- | --- |
//! | closed | the state at its start, and up at its end |
//! | open, and the device is down | the state from its start, renewed until it was last looked at if ping fails still |
//! | open, but the device is up, or was polled well since: never closed by mistake (from 26.7) | the state at its start alone, and up at the last good poll, wide as the whole gap |
//! | open, and a later one began (before 25.8) | the state at its start alone |
//! | one of a string of short ones, not by ping (26.7 with fast ping) | the state over the whole string: the ups in it are an error |
//! | no row | nothing: outages in maintenance may not be recorded |
//!
//! The state is what the policy makes of the failing checks, as a line of the
//! event log or the device's own row tells them; of unknown checks it is down
//! only where a lost management plane counts as down too, else unknown. Where it
//! does, a closed outage is renewed while it lasted; elsewhere ping may have come
//! back long before the row was closed, and the time in between grows unknown by
//! itself. Pure.

use correlate::model::ComponentState::{self, Down, Unknown, Up};
use correlate::model::Timestamp;

use super::decode::{FailingChecks, OutageRow};
use super::policy::Policy;
use super::server_clock::ClockError;
use crate::source::Reason;

/// A line and a row that were written for the same check differ by so much at most.
pub(super) const SAME_MS_MAX: i64 = 10_000;

/// With fast ping every minute, an outage that it ends by mistake is no longer.
const SHORT_MS_MAX: i64 = 120_000;

/// So many in a row are no accident.
const STRING_MIN: usize = 3;

/// What is known around a device's outages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around<'a> {
    pub(super) policy: &'a Policy,
    /// What the device's own row says now.
    pub(super) up: Option<bool>,
    pub(super) failing: FailingChecks,
    /// When its last good poll began.
    pub(super) poll_began: Option<Timestamp>,
    /// By so much later that may have been, where it has two meanings.
    pub(super) poll_unsure_ms: i64,
    /// When lines of the event log say that it went down, and by which checks.
    pub(super) lines: &'a [(Timestamp, FailingChecks)],
    /// Nothing before this is of interest.
    pub(super) since: Timestamp,
    pub(super) now: Timestamp,
    /// The newest evidence on it: of the time after this nobody knows anything.
    pub(super) looked_at: Timestamp,
    /// How often the device is polled.
    pub(super) interval_ms: i64,
    /// By how much the clock is off that dated the rows.
    pub(super) error: ClockError,
}

/// What held at an instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fact {
    pub(super) at: Timestamp,
    pub(super) state: ComponentState,
    /// It had held before: no edge.
    pub(super) renewal: bool,
    /// When the outage began that tells it.
    pub(super) since: Timestamp,
    /// When that ended, or now.
    pub(super) until: Timestamp,
    /// When the contrary last is sure to have held.
    pub(super) contrary: Option<Timestamp>,
    /// Why it is so, where that is not measured.
    pub(super) reason: Option<Reason>,
}

/// One outage, or a string of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Stretch {
    from: Timestamp,
    to: Option<Timestamp>,
    /// Unknown while no line tells.
    failing: Option<FailingChecks>,
}

/// The facts that the rows give, ascending. Rows from the future are passed over.
pub(super) fn facts(rows: &[OutageRow], around: &Around<'_>) -> Vec<Fact> {
    let stretches = strings(stretches(rows, around), around.interval_ms);
    let mut facts = Vec::new();
    let mut up_before: Option<Timestamp> = None;
    for (place, stretch) in stretches.iter().enumerate() {
        let is_last = place + 1 == stretches.len();
        let ends = stretch.to.unwrap_or(around.now);
        if ends >= around.since {
            one(stretch, is_last, up_before, around, &mut facts);
        }
        up_before = stretch.to;
    }
    facts
}

fn one(
    stretch: &Stretch,
    is_last: bool,
    up_before: Option<Timestamp>,
    around: &Around<'_>,
    facts: &mut Vec<Fact>,
) {
    let is_open = is_last && stretch.to.is_none();
    let well = around.poll_began.filter(|_| is_open);
    let later = stretch.from.plus_millis(SAME_MS_MAX);
    // By either meaning of its time.
    let may_be_well = well.is_some_and(|at| at.plus_millis(around.poll_unsure_ms) > later);
    let well = well.filter(|_| around.poll_unsure_ms == 0);
    let was_well = well.filter(|&at| at > later);
    let lasts = is_open && around.up == Some(false) && !may_be_well;
    let failing = stretch.failing.or(lasts.then_some(around.failing));
    let state = match failing {
        Some(failing) => around.policy.failing(failing),
        None if around.policy.management_lost == Down => Down,
        None => Unknown,
    };
    let reason = match failing {
        Some(failing) => Policy::failing_reason(failing),
        None => (state == Unknown).then_some(Reason::CheckUnknown),
    };
    let good = around.poll_began.filter(|_| lasts).max(up_before);
    // What is up by policy goes on being so.
    let contrary = good.filter(|&good| good <= stretch.from && state == Down);
    let (since, ended) = (stretch.from, stretch.to.unwrap_or(around.now));
    if stretch.from >= around.since {
        let renewal = state == Up;
        let until = ended;
        facts.push(Fact { at: stretch.from, state, renewal, since, until, contrary, reason });
    }
    // Only an outage that was one is evidence against up.
    let contrary_of_up = (state == Down).then_some(stretch.from);
    let up_again = Fact {
        at: stretch.from,
        state: Up,
        renewal: state == Up,
        since,
        until: ended,
        contrary: contrary_of_up,
        reason: None,
    };
    let until = match stretch.to {
        // It may have been up again since the check before.
        Some(to) => Some(to.plus_millis(-around.interval_ms)),
        None => lasts.then_some(around.looked_at),
    };
    // Ping may have come back long before the rest: the row does not tell.
    let by_ping = lasts && around.failing.icmp && failing.is_some_and(|failing| failing.icmp);
    let holds = state == Down && (by_ping || around.policy.management_lost == Down);
    let Some(until) = until else {
        let good = if around.up == Some(true) { well } else { was_well };
        if let Some(at) = good.filter(|&at| at > stretch.from && stretch.from >= around.since) {
            facts.push(Fact { at, ..up_again });
        }
        return;
    };
    let missed = (around.since.millis() - stretch.from.millis()).max(0) / around.interval_ms;
    let mut at = stretch.from.plus_millis((missed + 1) * around.interval_ms);
    if holds && stretch.from < around.since && at <= until {
        facts.push(Fact { at, state, renewal: false, since, until: ended, contrary, reason });
        at = at.plus_millis(around.interval_ms);
    }
    while holds && at <= until {
        let contrary = None;
        facts.push(Fact { at, state, renewal: true, since, until: ended, contrary, reason });
        at = at.plus_millis(around.interval_ms);
    }
    if let Some(to) = stretch.to {
        facts.push(Fact { at: to, ..up_again });
    }
}

/// The rows by time, each with the checks that a line tells.
fn stretches(rows: &[OutageRow], around: &Around<'_>) -> Vec<Stretch> {
    let instant = |seconds: u64| {
        let theirs = i64::try_from(seconds).ok()?.checked_mul(1000).map(Timestamp)?;
        Some(around.error.ours(theirs))
    };
    let mut stretches: Vec<_> = rows
        .iter()
        .filter_map(|row| {
            let from = instant(row.going_down)?;
            let to = row.up_again.and_then(instant);
            let is_sound = from <= around.now && to.is_none_or(|to| to > from && to <= around.now);
            let near = |at: Timestamp| (at.millis() - from.millis()).abs() <= SAME_MS_MAX;
            let line = around.lines.iter().find(|(at, _)| near(*at));
            is_sound.then_some(Stretch { from, to, failing: line.map(|(_, failing)| *failing) })
        })
        .collect();
    stretches.sort_unstable_by_key(|stretch| stretch.from);
    stretches.dedup_by_key(|stretch| stretch.from);
    stretches
}

/// Joins strings of short outages that no ping explains.
fn strings(stretches: Vec<Stretch>, interval_ms: i64) -> Vec<Stretch> {
    let is_short = |stretch: &Stretch| {
        let by_ping = stretch.failing.is_some_and(|failing| failing.icmp);
        let short = |to: Timestamp| to.millis() - stretch.from.millis() <= SHORT_MS_MAX;
        !by_ping && stretch.to.is_some_and(short)
    };
    let follows = |a: &Stretch, b: &Stretch| {
        let gap_ms = a.to.map(|to| b.from.millis() - to.millis());
        is_short(a) && is_short(b) && gap_ms.is_some_and(|gap| gap <= interval_ms + SHORT_MS_MAX)
    };
    stretches
        .chunk_by(follows)
        .flat_map(|run| match run {
            [first, .., last] if run.len() >= STRING_MIN => {
                let failing = run.iter().find_map(|stretch| stretch.failing);
                vec![Stretch { from: first.from, to: last.to, failing }]
            }
            _ => run.to_vec(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ICMP: FailingChecks = FailingChecks { icmp: true, snmp: false };
    const SNMP: FailingChecks = FailingChecks { icmp: false, snmp: true };

    fn row(going_down: u64, up_again: Option<u64>) -> OutageRow {
        OutageRow { going_down, up_again }
    }

    fn s(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1000)
    }

    /// Polled every 300 s, up since a poll at 9,900 s; now is 10,000 s.
    fn around<'a>(policy: &'a Policy, lines: &'a [(Timestamp, FailingChecks)]) -> Around<'a> {
        Around {
            policy,
            up: Some(true),
            failing: FailingChecks::default(),
            poll_began: Some(s(9_900)),
            poll_unsure_ms: 0,
            lines,
            since: s(0),
            now: s(10_000),
            looked_at: s(10_000),
            interval_ms: 300_000,
            error: ClockError::default(),
        }
    }

    /// Each fact as `at state`, with its contrary after a `<`; renewals as `at+`.
    #[track_caller]
    fn check(rows: &[OutageRow], around: &Around<'_>, expected: &[&str]) {
        let found: Vec<_> = facts(rows, around)
            .iter()
            .map(|fact| {
                let at = fact.at.millis() / 1000;
                match (fact.renewal, fact.contrary) {
                    (true, _) => format!("{at}+"),
                    (false, Some(contrary)) => {
                        format!("{at} {} <{}", fact.state, contrary.millis() / 1000)
                    }
                    (false, None) => format!("{at} {}", fact.state),
                }
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_closed_outage_has_two_edges_and_holds_between_them_only_if_its_reason_does_not_matter() {
        let policy = Policy::default();
        let lines = [(s(1_003), ICMP), (s(5_000), ICMP)];
        check(
            &[row(5_000, Some(5_060)), row(1_000, Some(2_000))],
            &around(&policy, &lines),
            &["1000 down", "2000 up <1000", "5000 down <2000", "5060 up <5000"],
        );
        let strict = Policy { management_lost: Down, ..policy };
        check(
            &[row(1_000, Some(2_000))],
            &around(&strict, &lines),
            &["1000 down", "1300+", "1600+", "2000 up <1000"],
        );
    }

    #[test]
    fn without_a_line_nobody_knows_whether_it_was_more_than_management() {
        let policy = Policy::default();
        check(&[row(1_000, Some(1_300))], &around(&policy, &[]), &["1000 unknown", "1300 up"]);
        let strict = Policy { management_lost: Down, ..policy };
        check(&[row(1_000, Some(1_300))], &around(&strict, &[]), &["1000 down", "1300 up <1000"]);
        let lines = [(s(1_000), SNMP)];
        check(&[row(1_000, Some(1_300))], &around(&policy, &lines), &["1000+", "1300+"]);
    }

    #[test]
    fn an_open_outage_of_a_device_that_is_down_lasts_until_now() {
        let policy = Policy::default();
        let down = Around {
            up: Some(false),
            failing: ICMP,
            poll_began: Some(s(9_150)),
            ..around(&policy, &[])
        };
        check(&[row(9_400, None)], &down, &["9400 down <9150", "9700+", "10000+"]);
    }

    #[test]
    fn an_outage_lasts_no_longer_than_somebody_looked() {
        let policy = Policy::default();
        let down = Around {
            up: Some(false),
            failing: ICMP,
            poll_began: Some(s(9_150)),
            looked_at: s(9_750),
            ..around(&policy, &[])
        };
        check(&[row(9_400, None)], &down, &["9400 down <9150", "9700+"]);
    }

    #[test]
    fn an_open_outage_from_before_the_last_good_poll_was_forgotten_though_the_device_is_down() {
        let policy = Policy::default();
        let lines = [(s(1_000), ICMP)];
        let down = Around { up: Some(false), failing: ICMP, ..around(&policy, &lines) };
        check(&[row(1_000, None)], &down, &["1000 down", "9900 up <1000"]);
    }

    #[test]
    fn a_good_poll_whose_local_time_has_two_meanings_ends_no_outage() {
        let policy = Policy::default();
        let lines = [(s(9_000), ICMP)];
        // Polled well at 6,300 s or at 9,900 s: before or after it went down.
        let down = Around {
            up: Some(false),
            failing: ICMP,
            poll_began: Some(s(6_300)),
            poll_unsure_ms: 3_600_000,
            ..around(&policy, &lines)
        };
        check(&[row(9_000, None)], &down, &["9000 down"]);
        // Both before it.
        let before = Around { poll_began: Some(s(4_800)), ..down };
        check(&[row(9_000, None)], &before, &["9000 down <4800", "9300+", "9600+", "9900+"]);
        let up = Around { up: Some(true), ..down };
        check(&[row(9_000, None)], &up, &["9000 down"]);
    }

    #[test]
    fn an_open_outage_of_a_device_that_is_up_was_forgotten() {
        let policy = Policy::default();
        let lines = [(s(1_000), ICMP)];
        let expected = ["1000 down", "9900 up <1000"];
        check(&[row(1_000, None)], &around(&policy, &lines), &expected);
    }

    #[test]
    fn of_several_open_outages_only_the_last_can_last() {
        let policy = Policy::default();
        let down = Around { up: Some(false), failing: ICMP, ..around(&policy, &[]) };
        let rows = [row(9_950, None), row(1_000, None), row(500, None)];
        check(&rows, &down, &["500 unknown", "1000 unknown", "9950 down <9900"]);
    }

    #[test]
    fn a_string_of_short_outages_without_ping_is_one() {
        let policy = Policy::default();
        let rows = [row(1_000, Some(1_057)), row(1_300, Some(1_357)), row(1_600, Some(1_657))];
        check(&rows, &around(&policy, &[]), &["1000 unknown", "1657 up"]);
        let lines = [(s(1_000), SNMP)];
        let strict = Policy { management_lost: Down, ..policy };
        check(&rows, &around(&strict, &lines), &["1000 down", "1300+", "1657 up <1000"]);
        // A device that really comes and goes does so by ping.
        let lines = [(s(1_000), ICMP), (s(1_300), ICMP), (s(1_600), ICMP)];
        assert_eq!(facts(&rows, &around(&policy, &lines)).len(), 6);
    }

    #[test]
    fn what_lies_before_the_window_is_left_out_but_what_lasts_into_it_counts() {
        let policy = Policy::default();
        let lines = [(s(1_000), ICMP), (s(3_000), ICMP)];
        let strict = Policy { management_lost: Down, ..policy };
        let late = Around { since: s(4_000), ..around(&strict, &lines) };
        let rows = [row(1_000, Some(2_000)), row(3_000, Some(4_900))];
        check(&rows, &late, &["4200 down <2000", "4500+", "4900 up <3000"]);
    }

    #[test]
    fn rows_that_cannot_be_are_passed_over() {
        let policy = Policy::default();
        let rows = [row(20_000, None), row(500, Some(400)), row(600, Some(20_000))];
        check(&rows, &around(&policy, &[]), &[]);
        check(&[], &around(&policy, &[]), &[]);
    }
}
