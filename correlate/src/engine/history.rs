//! The samples of one component, compressed, and the state they make.
//!
//! Every instant at which a sample was taken is kept (within the lateness
//! horizon), because a late sample holds until the next one and because
//! staleness counts from the last one. Pollers are regular, so instants are
//! kept as runs of equal state and equal distance.

use smallvec::SmallVec;

use crate::model::ComponentState;

/// Samples of one state at `start`, `start + step`, ... (`count` of them), in
/// sixteen bytes: there is one for every component and regular stretch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    start: i64,
    /// Distance in milliseconds; 0 while there is one sample.
    step: u32,
    /// The count, above the two bits of the state.
    packed: u32,
}

/// The widest distance within a run; samples further apart are runs of their own.
const STEP_MAX: i64 = u32::MAX as i64;
/// The most samples in one run.
pub(super) const COUNT_MAX: u32 = u32::MAX >> 2;

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Run { start, step, .. } = self;
        write!(f, "{start}+{step}*{} {}", self.count(), self.state())
    }
}

impl Run {
    pub(crate) fn new(start: i64, step: u32, count: u32, state: ComponentState) -> Run {
        debug_assert!(count > 0 && count <= COUNT_MAX);
        Run { start, step: if count == 1 { 0 } else { step }, packed: count << 2 | state as u32 }
    }

    fn single(at: i64, state: ComponentState) -> Run {
        Run::new(at, 0, 1, state)
    }

    pub(crate) fn start(&self) -> i64 {
        self.start
    }

    pub(crate) fn step(&self) -> i64 {
        i64::from(self.step)
    }

    pub(crate) fn count(&self) -> u32 {
        self.packed >> 2
    }

    pub(crate) fn state(&self) -> ComponentState {
        match self.packed & 3 {
            0 => ComponentState::Down,
            1 => ComponentState::Unknown,
            _ => ComponentState::Up,
        }
    }

    pub(crate) fn last(&self) -> i64 {
        self.start + self.step() * (i64::from(self.count()) - 1)
    }

    /// Takes one more sample after the last one, if it continues the run.
    #[inline]
    fn extend(&mut self, at: i64, state: ComponentState) -> bool {
        let distance = at.wrapping_sub(self.last());
        let count = self.count();
        let fits =
            if count == 1 { (1..=STEP_MAX).contains(&distance) } else { distance == self.step() };
        if self.state() != state || !fits || count == COUNT_MAX {
            return false;
        }
        // Fits: checked above.
        self.step = distance as u32;
        self.packed += 4;
        true
    }

    /// The first sample of the run after `at`, if there is one.
    fn next_after(&self, at: i64) -> Option<i64> {
        if at < self.start {
            Some(self.start)
        } else if at < self.last() {
            Some(self.start + ((at - self.start) / self.step() + 1) * self.step())
        } else {
            None
        }
    }

    /// The last sample of the run at or before `at`, which is not before it.
    fn last_until(&self, at: i64) -> i64 {
        if at >= self.last() { self.last() } else { at - (at - self.start) % self.step() }
    }

    fn samples(self) -> impl Iterator<Item = (i64, ComponentState)> {
        let state = self.state();
        (0..i64::from(self.count())).map(move |index| (self.start + self.step() * index, state))
    }

    /// The samples of the run from `at` on, if there are any.
    fn from(&self, at: i64) -> Option<Run> {
        let first = if at <= self.start { self.start } else { self.next_after(at - 1)? };
        // Fits: it is at most the count.
        let skipped =
            if first == self.start { 0 } else { (first - self.start) / self.step() } as u32;
        Some(Run::new(first, self.step, self.count() - skipped, self.state()))
    }

    /// The samples of the run before `at`, if there are any.
    fn before(&self, at: i64) -> Option<Run> {
        if at <= self.start {
            return None;
        }
        let last = self.last_until(at - 1);
        // Fits: it is less than the count.
        let kept = if last == self.start { 0 } else { (last - self.start) / self.step() } as u32;
        Some(Run::new(self.start, self.step, kept + 1, self.state()))
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
    /// Sorted and disjoint; nearly always one.
    runs: SmallVec<[Run; 1]>,
    /// Samples before the first run were forgotten.
    forgotten: bool,
}

impl History {
    /// Restores a history from its runs, sorted and disjoint.
    pub(crate) fn from_runs(runs: impl IntoIterator<Item = Run>, forgotten: bool) -> History {
        History { runs: runs.into_iter().collect(), forgotten }
    }

    pub(crate) fn runs(&self) -> &[Run] {
        &self.runs
    }

    pub(crate) fn forgotten(&self) -> bool {
        self.forgotten
    }

    /// The latest sample.
    pub(crate) fn last(&self) -> Option<(i64, ComponentState)> {
        self.runs.last().map(|run| (run.last(), run.state()))
    }

    /// Takes a sample in that is later than all others.
    fn append(&mut self, at: i64, state: ComponentState) {
        if !self.runs.last_mut().is_some_and(|tail| tail.extend(at, state)) {
            self.runs.push(Run::single(at, state));
        }
    }

    /// Appends a run that lies after all others.
    fn append_run(&mut self, run: Run) {
        let mut rest = Some(run);
        // A first sample that continues the tail may take the others along.
        if let Some(tail) = self.runs.last_mut()
            && tail.extend(run.start, run.state())
        {
            // More samples than one begin before the end of time.
            rest = if run.count() == 1 { None } else { run.from(run.start + 1) };
            if let Some(more) = rest
                && tail.step == run.step
                && let Some(sum) = tail.count().checked_add(more.count())
                && sum <= COUNT_MAX
            {
                *tail = Run::new(tail.start, tail.step, sum, tail.state());
                rest = None;
            }
        }
        self.runs.extend(rest);
    }

    /// Takes one sample in without asking what it does.
    #[inline]
    pub(crate) fn insert(&mut self, at: i64, state: ComponentState) {
        if let Some(tail) = self.runs.last_mut()
            && at > tail.last()
            && tail.extend(at, state)
        {
            return;
        }
        self.observe(at, state, i64::MAX, i64::MIN);
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
        let Some((last, tail_state)) = self.last() else {
            self.runs.push(Run::single(at, state));
            return Observed::Changed { from: at, until: i64::MAX };
        };
        if at <= last {
            return self.observe_late(at, state);
        }
        let stale_at = last.saturating_add(stale_after);
        let renews = tail_state == state && at <= stale_at && now < stale_at;
        self.append(at, state);
        if renews {
            Observed::Nothing
        } else {
            Observed::Changed { from: at.min(stale_at), until: i64::MAX }
        }
    }

    fn observe_late(&mut self, at: i64, state: ComponentState) -> Observed {
        let rank = self.runs.partition_point(|run| run.start <= at);
        let mut winner = state;
        match rank.checked_sub(1).map(|index| self.runs[index]) {
            None if self.forgotten => return Observed::TooLate,
            Some(run) if run.last_until(at) == at => {
                winner = run.state().strongest(state);
                if winner == run.state() {
                    return Observed::Nothing;
                }
            }
            _ => {}
        }
        let until = self.next_after(at);
        self.merge(&[Run::single(at, winner)]);
        Observed::Changed { from: at, until }
    }

    /// Takes the samples of sorted, disjoint `runs` in, as [`History::observe`]
    /// each. Samples before what is remembered are left out and counted.
    pub(crate) fn absorb(&mut self, runs: &[Run], stale_after: i64, now: i64) -> (Observed, u64) {
        let Some(last) = self.last().map(|last| last.0) else {
            self.runs = SmallVec::from_slice(runs);
            let first =
                runs.first().map(|run| Observed::Changed { from: run.start, until: i64::MAX });
            return (first.unwrap_or(Observed::Nothing), 0);
        };
        if let [run] = runs
            && run.count() == 1
        {
            let observed = self.observe(run.start, run.state(), stale_after, now);
            return (observed, u64::from(observed == Observed::TooLate));
        }
        let floor = if self.forgotten { self.runs[0].start } else { i64::MIN };
        let too_late: i64 = runs
            .iter()
            .map(|run| {
                i64::from(run.count()) - run.from(floor).map_or(0, |kept| i64::from(kept.count()))
            })
            .sum();
        let kept: SmallVec<[Run; 4]> = runs.iter().filter_map(|run| run.from(floor)).collect();
        let (Some(first), Some(end)) = (kept.first(), kept.last()) else {
            return (Observed::TooLate, too_late.unsigned_abs());
        };
        let (from, end) = (first.start, end.last());
        let changed = if from > last {
            kept.iter().for_each(|&run| self.append_run(run));
            let stale_at = last.saturating_add(stale_after);
            Observed::Changed { from: from.min(stale_at), until: i64::MAX }
        } else {
            self.merge(&kept);
            Observed::Changed { from, until: self.next_after(end) }
        };
        (changed, too_late.unsigned_abs())
    }

    /// Merges sorted runs, of which the first does not lie after the last
    /// sample; of two samples at one instant the stronger stays.
    fn merge(&mut self, runs: &[Run]) {
        let Some(from) = runs.first().map(|run| run.start) else { return };
        let first = self.runs.partition_point(|run| run.last() < from);
        let known: SmallVec<[Run; 4]> = self.runs.drain(first..).collect();
        if let Some(before) = known.first().and_then(|run| run.before(from)) {
            self.append_run(before);
        }
        let rest = known.iter().filter_map(|run| run.from(from));
        let mut known = rest.flat_map(Run::samples).peekable();
        let mut fresh = runs.iter().copied().flat_map(Run::samples).peekable();
        loop {
            let next = match (known.peek(), fresh.peek()) {
                (Some(a), Some(b)) if a.0 == b.0 => {
                    let merged = (a.0, a.1.strongest(b.1));
                    fresh.next();
                    known.next();
                    Some(merged)
                }
                (Some(a), Some(b)) if a.0 < b.0 => known.next(),
                (_, Some(_)) => fresh.next(),
                (_, None) => known.next(),
            };
            let Some((at, state)) = next else { break };
            self.append(at, state);
        }
    }

    fn next_after(&self, at: i64) -> i64 {
        let rank = self.runs.partition_point(|run| run.start <= at);
        let in_run = rank.checked_sub(1).and_then(|index| self.runs[index].next_after(at));
        in_run.or_else(|| self.runs.get(rank).map(Run::start)).unwrap_or(i64::MAX)
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
    ) -> SmallVec<[(i64, ComponentState); 4]> {
        let mut changes = SmallVec::new();
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
            put(run.start, run.state());
            if run.count() > 1 && run.step() > stale_after {
                self.put_gaps(run, (from, until), stale_after, &mut put);
            }
            let next = self.runs.get(index + 1).map(Run::start);
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
        let skip = if from <= run.start { 0 } else { (from - run.start) / run.step() };
        let count = i64::from(run.count());
        for sample in skip.min(count - 1)..count {
            let at = run.start + run.step() * sample;
            if at > until {
                break;
            }
            put(at, run.state());
            if sample + 1 < count {
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
            self.runs.shrink_to_fit();
            self.forgotten = true;
        }
        let kept = self.runs[0].last_until(horizon);
        if kept > self.runs[0].start
            && let Some(rest) = self.runs[0].from(kept)
        {
            self.runs[0] = rest;
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
        assert_eq!(history.runs(), [Run::new(0, 60, 4, Up)]);
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
    fn runs_absorbed_give_what_their_samples_one_by_one_give() {
        let state = |dice: u64| [Down, Unknown, Up][(dice >> 33) as usize % 3];
        let mut dice = 7u64;
        for round in 0..2_000 {
            let mut samples = Vec::new();
            for _ in 0..round % 24 {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                samples.push(((dice >> 40) as i64 % 30, state(dice)));
            }
            let (first, second) = samples.split_at(samples.len() / 3);
            let mut expected = observed(first, i64::MAX);
            let mut history = expected.clone();
            second.iter().for_each(|&(at, state)| expected.insert(at, state));
            history.absorb(observed(second, i64::MAX).runs(), i64::MAX, i64::MIN);
            let all = |history: &History| {
                history.runs().iter().copied().flat_map(Run::samples).collect::<Vec<_>>()
            };
            assert_eq!(all(&history), all(&expected), "{samples:?}");
        }
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
