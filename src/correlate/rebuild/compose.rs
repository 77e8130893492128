//! One component's transitions from two sources: what ClickHouse holds, and
//! what the samples give that the log still holds. Pure; no IO.
//!
//! The log's head was dropped by age, so around it either source may know of
//! a sample that the other does not. Up to `known_until` a sample of the log
//! counts while it is fresh, unless ClickHouse shows a later one; elsewhere
//! ClickHouse counts. From then on every sample is in the log, and it alone
//! counts.

use correlate::engine::ComponentSnapshot;
use correlate::model::{ComponentState, Timestamp};

/// A change of state at an instant.
pub(super) type Change = (Timestamp, ComponentState);

/// What both sources are read with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Rule {
    /// How long a sample stays fresh, in milliseconds.
    pub(super) stale_after_ms: i64,
    /// Up to and including this instant ClickHouse is asked.
    pub(super) known_until: Timestamp,
}

/// The transitions of a component, sorted; `stored` are those of ClickHouse,
/// `rebuilt` is what the log gives.
pub(super) fn compose(stored: &[Change], rebuilt: &ComponentSnapshot, rule: Rule) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut value = ComponentState::Unknown;
    let mut put = |at: Timestamp, state: ComponentState| {
        if state != value {
            changes.push((at, state));
            value = state;
        }
    };
    let samples = samples_until(rebuilt, rule.known_until);
    for at in edges(stored, &samples, rule) {
        put(at, state_at(stored, &samples, rule, at));
    }
    let log = &rebuilt.transitions;
    if rule.known_until < Timestamp::MAX {
        let first = rule.known_until.plus_millis(1);
        let rank = log.partition_point(|change| change.0 <= first);
        if rule.known_until > Timestamp::MIN {
            put(first, rank.checked_sub(1).map_or(ComponentState::Unknown, |last| log[last].1));
        } else if let Some(last) = rank.checked_sub(1) {
            put(log[last].0, log[last].1);
        }
        log[rank..].iter().for_each(|&(at, state)| put(at, state));
    }
    changes
}

/// Every instant up to `known_until` at which the state may change, sorted.
fn edges(stored: &[Change], samples: &[Change], rule: Rule) -> Vec<Timestamp> {
    let stale = samples.iter().map(|sample| sample.0.plus_millis(rule.stale_after_ms));
    let mut edges: Vec<Timestamp> =
        stored.iter().chain(samples).map(|change| change.0).chain(stale).collect();
    edges.retain(|&at| at <= rule.known_until);
    edges.sort_unstable();
    edges.dedup();
    edges
}

fn state_at(stored: &[Change], samples: &[Change], rule: Rule, at: Timestamp) -> ComponentState {
    let until_now = |changes: &[Change]| changes.partition_point(|change| change.0 <= at);
    let before = &stored[..until_now(stored)];
    let sample = until_now(samples).checked_sub(1).map(|last| samples[last]);
    // A turn to unknown may be silence; any other is a sample of its own.
    let seen = before.iter().rev().find(|change| change.1 != ComponentState::Unknown);
    match sample {
        Some((taken, state))
            if at < taken.plus_millis(rule.stale_after_ms)
                && seen.is_none_or(|seen| seen.0 <= taken) =>
        {
            state
        }
        _ => before.last().map_or(ComponentState::Unknown, |last| last.1),
    }
}

/// The samples of the log up to `until`, sorted.
fn samples_until(rebuilt: &ComponentSnapshot, until: Timestamp) -> Vec<Change> {
    let mut samples = Vec::new();
    for run in &rebuilt.runs {
        for sample in 0..i64::from(run.count) {
            let at = run.start.plus_millis(i64::from(run.step_ms) * sample);
            if at > until {
                return samples;
            }
            samples.push((at, run.state));
        }
    }
    samples
}

#[cfg(test)]
mod tests {
    use correlate::engine::Keeper;
    use correlate::model::Sample;
    use proptest::prelude::*;

    use super::*;
    use ComponentState::{Down, Unknown, Up};

    const STALE_AFTER: i64 = 10;

    fn keeper(samples: &[(i64, ComponentState)], now: i64) -> ComponentSnapshot {
        let mut keeper = Keeper::new(Some(STALE_AFTER));
        for &(at, state) in samples {
            keeper.observe(&Sample { at: Timestamp(at), component: "c".into(), state });
        }
        keeper.advance(Timestamp(now));
        keeper.drain(|_, _| {}, |_| {});
        let empty = ComponentSnapshot {
            id: "c".into(),
            runs: Vec::new(),
            forgotten: false,
            transitions: Vec::new(),
        };
        keeper.snapshot(0, 1).into_iter().next().unwrap_or(empty)
    }

    /// `all` samples in order of arrival; the first `dropped` are no longer in
    /// the log, the first `written` are in ClickHouse.
    #[track_caller]
    fn check(all: &[(i64, ComponentState)], dropped: usize, written: usize, known_until: i64) {
        let now = 1_000;
        let stored = keeper(&all[..written], known_until).transitions;
        let rule = Rule { stale_after_ms: STALE_AFTER, known_until: Timestamp(known_until) };
        let composed = compose(&stored, &keeper(&all[dropped..], now), rule);
        assert_eq!(composed, keeper(all, now).transitions);
    }

    #[test]
    fn what_the_log_dropped_comes_from_clickhouse() {
        let all = [(0, Up), (8, Up), (15, Down), (20, Down), (28, Up), (36, Up)];
        check(&all, 3, 6, 26);
        check(&all, 6, 6, 60);
        check(&all, 0, 6, i64::MIN);
    }

    #[test]
    fn a_sample_that_was_not_written_renews_what_clickhouse_took_for_silent() {
        check(&[(0, Up), (8, Up), (16, Up), (24, Down)], 1, 2, 40);
        check(&[(0, Up), (8, Up), (16, Up), (24, Down)], 0, 1, 40);
    }

    #[test]
    fn without_a_log_nothing_is_known_after_the_last_row() {
        let rule = Rule { stale_after_ms: STALE_AFTER, known_until: Timestamp(5) };
        let composed = compose(&[(Timestamp(0), Up)], &keeper(&[], 100), rule);
        assert_eq!(composed, [(Timestamp(0), Up), (Timestamp(6), Unknown)]);
    }

    fn in_order() -> impl Strategy<Value = Vec<(i64, ComponentState)>> {
        let sample = (1i64..25, prop_oneof![Just(Up), Just(Down)]);
        prop::collection::vec(sample, 1..30).prop_map(|steps| {
            let mut at = 0;
            let mut next = |step| {
                at += step;
                at
            };
            steps.into_iter().map(|(step, state)| (next(step), state)).collect()
        })
    }

    proptest! {
        /// Samples in order: wherever the log's head and ClickHouse's end lie,
        /// as long as they overlap, nothing is lost.
        #[test]
        fn samples_in_order_compose_exactly(all in in_order(), cut: prop::sample::Index,
                                            end: prop::sample::Index) {
            let dropped = cut.index(all.len());
            let written = dropped + end.index(all.len() - dropped) + 1;
            // What ClickHouse knew when it got the last row.
            let known = all[written - 1].0;
            let head = dropped.checked_sub(1).map_or(i64::MIN, |last| all[last].0 + STALE_AFTER);
            check(&all, dropped, written, head.min(known));
        }
    }
}
