//! The samples of one component, compressed, and the state they make.
//!
//! Every instant at which a sample was taken is kept (within the lateness
//! horizon), because a late sample holds until the next one and because
//! staleness counts from the last one. Pollers are regular, so instants are
//! kept as runs of equal state and equal distance.

use crate::model::ComponentState;

/// Samples of one state at `start`, `start + step`, ... (`count` of them).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Run {
    pub(crate) start: i64,
    /// Distance in milliseconds; 0 while `count` is 1.
    pub(crate) step: i64,
    pub(crate) count: u32,
    pub(crate) state: ComponentState,
}

impl Run {
    const fn single(at: i64, state: ComponentState) -> Run {
        Run { start: at, step: 0, count: 1, state }
    }

    const fn last(&self) -> i64 {
        self.start + self.step * (self.count as i64 - 1)
    }

    /// The first sample of the run after `at`, if there is one.
    fn next_after(&self, at: i64) -> Option<i64> {
        if at < self.start {
            Some(self.start)
        } else if at < self.last() {
            Some(self.start + ((at - self.start) / self.step + 1) * self.step)
        } else {
            None
        }
    }

    /// The last sample of the run at or before `at`, which is not before it.
    fn last_until(&self, at: i64) -> i64 {
        if at >= self.last() { self.last() } else { at - (at - self.start) % self.step }
    }
}

/// What an observation did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Observed {
    /// The state function stays as it was.
    Nothing,
    /// The state function may differ on `[from, until)`.
    Changed { from: i64, until: i64 },
    /// The sample lies before what is remembered.
    TooLate,
}

/// The samples of one component.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct History {
    runs: Vec<Run>,
    /// Samples before the first run were forgotten.
    forgotten: bool,
}

impl History {
    /// Restores a history from its runs, sorted and disjoint.
    pub(crate) fn from_runs(runs: Vec<Run>, forgotten: bool) -> History {
        History { runs, forgotten }
    }

    pub(crate) fn runs(&self) -> &[Run] {
        &self.runs
    }

    pub(crate) fn forgotten(&self) -> bool {
        self.forgotten
    }

    /// The latest sample.
    pub(crate) fn last(&self) -> Option<(i64, ComponentState)> {
        self.runs.last().map(|run| (run.last(), run.state))
    }

    /// Takes one sample in. `stale_after` is the staleness limit; silence has
    /// shown up to `now`.
    pub(crate) fn observe(
        &mut self,
        at: i64,
        state: ComponentState,
        stale_after: i64,
        now: i64,
    ) -> Observed {
        let Some(tail) = self.runs.last_mut() else {
            self.runs.push(Run::single(at, state));
            return Observed::Changed { from: at, until: i64::MAX };
        };
        let last = tail.last();
        if at <= last {
            return self.observe_late(at, state);
        }
        let stale_at = last.saturating_add(stale_after);
        let renews = tail.state == state && at <= stale_at && now < stale_at;
        if tail.state == state && (tail.count == 1 || at - last == tail.step) {
            tail.step = at - last;
            tail.count += 1;
        } else {
            self.runs.push(Run::single(at, state));
        }
        if renews {
            Observed::Nothing
        } else {
            Observed::Changed { from: at.min(stale_at), until: i64::MAX }
        }
    }

    fn observe_late(&mut self, at: i64, state: ComponentState) -> Observed {
        let rank = self.runs.partition_point(|run| run.start <= at);
        if rank == 0 {
            if self.forgotten {
                return Observed::TooLate;
            }
            let until = self.runs[0].start;
            self.runs.insert(0, Run::single(at, state));
            return Observed::Changed { from: at, until };
        }
        let run = self.runs[rank - 1];
        let until = self.next_after(at);
        if run.last_until(at) == at {
            let winner = run.state.strongest(state);
            if winner == run.state {
                return Observed::Nothing;
            }
            self.split(rank - 1, at, true);
            let index = self.runs.partition_point(|run| run.start < at);
            self.runs.insert(index, Run::single(at, winner));
        } else {
            self.split(rank - 1, at, false);
            let index = self.runs.partition_point(|run| run.start < at);
            self.runs.insert(index, Run::single(at, state));
        }
        Observed::Changed { from: at, until }
    }

    /// Splits the run at `index` around `at`; `remove` drops its sample there.
    fn split(&mut self, index: usize, at: i64, remove: bool) {
        let run = self.runs[index];
        let mut parts: [Option<Run>; 2] = [None, None];
        // Samples strictly before `at`.
        let before = if run.step == 0 {
            u32::from(run.start < at)
        } else {
            // Fits: it is at most run.count.
            (((at - run.start + run.step - 1) / run.step) as u32).min(run.count)
        };
        let skipped = before + u32::from(remove);
        if before > 0 {
            let step = if before == 1 { 0 } else { run.step };
            parts[0] = Some(Run { count: before, step, ..run });
        }
        if skipped < run.count {
            let count = run.count - skipped;
            let start = run.start + run.step * i64::from(skipped);
            let step = if count == 1 { 0 } else { run.step };
            parts[1] = Some(Run { start, count, step, ..run });
        }
        self.runs.splice(index..=index, parts.into_iter().flatten());
    }

    fn next_after(&self, at: i64) -> i64 {
        let rank = self.runs.partition_point(|run| run.start <= at);
        let in_run = rank.checked_sub(1).and_then(|index| self.runs[index].next_after(at));
        in_run.or_else(|| self.runs.get(rank).map(|run| run.start)).unwrap_or(i64::MAX)
    }

    /// The state function on `[from, until]` as changes: the value at `from`
    /// first, then every instant up to and including `until` at which it
    /// differs from the instant before. Staleness shows up to `now`.
    pub(crate) fn changes(
        &self,
        from: i64,
        until: i64,
        stale_after: i64,
        now: i64,
    ) -> Vec<(i64, ComponentState)> {
        let mut changes = Vec::new();
        let mut value = ComponentState::Unknown;
        let mut put = |at: i64, state: ComponentState| {
            if at <= from {
                value = state;
                changes.clear();
                changes.push((from, state));
            } else if at <= until && state != value {
                changes.push((at, state));
                value = state;
            }
        };
        put(i64::MIN, ComponentState::Unknown);
        let first = self.runs.partition_point(|run| run.start <= from).saturating_sub(1);
        for (index, run) in self.runs.iter().enumerate().skip(first) {
            if run.start > until {
                break;
            }
            put(run.start, run.state);
            if run.count > 1 && run.step > stale_after {
                self.put_gaps(run, (from, until), stale_after, &mut put);
            }
            let next = self.runs.get(index + 1).map(|next| next.start);
            let stale_at = run.last().saturating_add(stale_after);
            // A sample exactly at the limit still renews; with none after,
            // silence shows only once its time has come.
            if next.map_or(stale_at <= now, |next| next > stale_at) {
                put(stale_at, ComponentState::Unknown);
            }
        }
        changes
    }

    /// A run whose step is wider than the limit goes stale after each sample.
    fn put_gaps(
        &self,
        run: &Run,
        (from, until): (i64, i64),
        stale_after: i64,
        put: &mut impl FnMut(i64, ComponentState),
    ) {
        let skip = if from <= run.start { 0 } else { (from - run.start) / run.step };
        let first = skip.min(i64::from(run.count) - 1);
        for sample in first..i64::from(run.count) {
            let at = run.start + run.step * sample;
            if at > until {
                break;
            }
            put(at, run.state);
            if sample + 1 < i64::from(run.count) {
                put(at.saturating_add(stale_after), ComponentState::Unknown);
            }
        }
    }

    /// Forgets samples before `horizon`, keeping the last one that is not
    /// after it.
    pub(crate) fn forget_before(&mut self, horizon: i64) {
        let rank = self.runs.partition_point(|run| run.start <= horizon);
        let Some(index) = rank.checked_sub(1) else { return };
        if index > 0 {
            self.runs.drain(..index);
            self.forgotten = true;
        }
        let run = &mut self.runs[0];
        let kept = run.last_until(horizon);
        if kept > run.start {
            let dropped = (kept - run.start) / run.step;
            run.start = kept;
            // Fits: it is less than run.count.
            run.count -= dropped as u32;
            if run.count == 1 {
                run.step = 0;
            }
            self.forgotten = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ComponentState::{Down, Unknown, Up};

    fn observed(samples: &[(i64, ComponentState)], stale_after: i64) -> History {
        let mut history = History::default();
        for &(at, state) in samples {
            history.observe(at, state, stale_after, i64::MIN);
        }
        history
    }

    #[track_caller]
    fn check(samples: &[(i64, ComponentState)], limit: i64, expected: &[(i64, ComponentState)]) {
        let history = observed(samples, limit);
        let whole = history.changes(i64::MIN, 1_000, limit, 1_000);
        assert_eq!(whole[1..], *expected);
    }

    #[test]
    fn regular_polls_are_one_run() {
        let history = observed(&[(0, Up), (60, Up), (120, Up), (180, Up)], 100);
        assert_eq!(history.runs(), [Run { start: 0, step: 60, count: 4, state: Up }]);
    }

    #[test]
    fn silence_turns_unknown_at_the_limit_and_a_sample_exactly_there_renews() {
        check(
            &[(0, Up), (10, Up), (25, Up)],
            10,
            &[(0, Up), (20, Unknown), (25, Up), (35, Unknown)],
        );
        check(&[(0, Up), (10, Down), (20, Down)], 10, &[(0, Up), (10, Down), (30, Unknown)]);
    }

    #[test]
    fn a_late_sample_holds_until_the_next_one() {
        check(
            &[(0, Up), (60, Up), (120, Up), (70, Down)],
            1_000,
            &[(0, Up), (70, Down), (120, Up)],
        );
        check(&[(60, Up), (0, Down)], 2_000, &[(0, Down), (60, Up)]);
    }

    #[test]
    fn at_one_instant_down_wins_over_up_and_up_over_unknown_in_any_order() {
        for pair in [[Down, Up], [Up, Down]] {
            let samples = [(0, Up), (60, pair[0]), (120, Up), (60, pair[1])];
            check(&samples, 2_000, &[(0, Up), (60, Down), (120, Up)]);
        }
        check(&[(0, Unknown), (0, Up), (0, Unknown)], 2_000, &[(0, Up)]);
    }

    #[test]
    fn forgetting_keeps_the_state_at_the_horizon_and_refuses_what_is_older() {
        let mut history = observed(&[(0, Up), (60, Up), (120, Up), (180, Down)], 1_000);
        history.forget_before(130);
        assert_eq!(history.runs()[0], Run::single(120, Up));
        assert_eq!(history.observe(100, Down, 1_000, 0), Observed::TooLate);
        assert_eq!(
            history.observe(150, Down, 1_000, 0),
            Observed::Changed { from: 150, until: 180 }
        );
    }
}
