//! A step function of time: sorted changes, each holding until the next.
//!
//! Nothing here knows what the values mean.

use smallvec::SmallVec;

/// A function of time that is constant between its steps.
///
/// ```text
///  initial    v1        v2
/// ----------[---------[------------>
///           at1       at2
/// ```
/// Steps are sorted by instant and neighbouring values differ; before the
/// first step the value is `T::default()`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Steps<T> {
    /// Nearly always one: most components never change.
    steps: SmallVec<[(i64, T); 1]>,
}

impl<T: Copy + PartialEq + Default> Steps<T> {
    /// A function that is `T::default()` at every instant.
    pub(crate) fn new() -> Self {
        Steps { steps: SmallVec::new() }
    }

    /// Builds from sorted changes; changes to the same value are dropped.
    pub(crate) fn from_sorted(changes: impl IntoIterator<Item = (i64, T)>) -> Self {
        let mut steps = Steps::new();
        for (at, value) in changes {
            steps.push(at, value);
        }
        steps
    }

    /// Appends a change at or after the last one.
    fn push(&mut self, at: i64, value: T) {
        debug_assert!(self.steps.last().is_none_or(|last| last.0 <= at));
        if self.steps.last().is_some_and(|last| last.0 == at) {
            self.steps.pop();
        }
        if self.last_value() != value {
            self.steps.push((at, value));
        }
    }

    fn last_value(&self) -> T {
        self.steps.last().map_or_else(T::default, |step| step.1)
    }

    /// How many steps lie at or before `at`; the common case is "all".
    fn rank(&self, at: i64) -> usize {
        match self.steps.last() {
            Some(last) if last.0 <= at => self.steps.len(),
            None => 0,
            Some(_) => self.steps.partition_point(|step| step.0 <= at),
        }
    }

    /// The value at `at`.
    pub(crate) fn at(&self, at: i64) -> T {
        self.at_and_next(at).0
    }

    /// The value at `at`, and the instant of the next step after it
    /// (`i64::MAX` if there is none).
    pub(crate) fn at_and_next(&self, at: i64) -> (T, i64) {
        let rank = self.rank(at);
        let value = if rank == 0 { T::default() } else { self.steps[rank - 1].1 };
        let next = self.steps.get(rank).map_or(i64::MAX, |step| step.0);
        (value, next)
    }

    /// The steps with `from < at < until`.
    pub(crate) fn inside(&self, from: i64, until: i64) -> &[(i64, T)] {
        let first = self.rank(from);
        let end = match until {
            i64::MAX => self.steps.len(),
            _ => self.steps.partition_point(|step| step.0 < until),
        };
        &self.steps[first.min(end)..end]
    }

    /// Every step.
    pub(crate) fn all(&self) -> &[(i64, T)] {
        &self.steps
    }

    /// Replaces the function on `[from, until)` by `pieces`, which are sorted
    /// and of which the first is at `from`. Says whether anything changed.
    pub(crate) fn splice(&mut self, from: i64, until: i64, pieces: &[(i64, T)]) -> bool {
        debug_assert!(pieces.first().is_some_and(|piece| piece.0 == from));
        let first = self.rank_before(from);
        let before = if first == 0 { T::default() } else { self.steps[first - 1].1 };
        if first == self.steps.len() {
            return self.append(before, until, pieces);
        }
        let end = match until {
            i64::MAX => self.steps.len(),
            _ => self.steps.partition_point(|step| step.0 < until),
        };
        let resumed = if end == 0 { T::default() } else { self.steps[end - 1].1 };
        let mut fresh: SmallVec<[(i64, T); 8]> = SmallVec::new();
        let mut value = before;
        for &(at, next) in pieces {
            if next != value {
                fresh.push((at, next));
                value = next;
            }
        }
        let mut replaced = end;
        if until != i64::MAX {
            let starts_there = self.steps.get(end).is_some_and(|step| step.0 == until);
            let after = if starts_there { self.steps[end].1 } else { resumed };
            if starts_there {
                replaced += 1;
            }
            if after != value {
                fresh.push((until, after));
            }
        }
        if self.steps[first..replaced] == fresh[..] {
            return false;
        }
        let later: SmallVec<[(i64, T); 8]> = self.steps.drain(replaced..).collect();
        self.steps.truncate(first);
        self.steps.extend_from_slice(&fresh);
        self.steps.extend_from_slice(&later);
        true
    }

    /// How many steps lie before `at`; the common case is "all".
    fn rank_before(&self, at: i64) -> usize {
        match self.steps.last() {
            Some(last) if last.0 < at => self.steps.len(),
            None => 0,
            Some(_) => self.steps.partition_point(|step| step.0 < at),
        }
    }

    /// [`Steps::splice`] behind the last step, whose value is `before`.
    fn append(&mut self, before: T, until: i64, pieces: &[(i64, T)]) -> bool {
        let known = self.steps.len();
        let mut value = before;
        for &(at, next) in pieces {
            if next != value {
                self.steps.push((at, next));
                value = next;
            }
        }
        if until != i64::MAX && value != before {
            self.steps.push((until, before));
        }
        self.steps.len() > known
    }

    /// Forgets steps before `horizon`, keeping the value that holds at it.
    pub(crate) fn forget_before(&mut self, horizon: i64) {
        let rank = self.rank(horizon);
        if rank > 1 {
            self.steps.drain(..rank - 1);
            self.steps.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(list: &[(i64, u8)]) -> Steps<u8> {
        Steps::from_sorted(list.iter().copied())
    }

    #[test]
    fn lookups_at_between_and_before_steps() {
        let f = steps(&[(10, 1), (20, 2)]);
        assert_eq!(f.at_and_next(9), (0, 10));
        assert_eq!(f.at_and_next(10), (1, 20));
        assert_eq!(f.at_and_next(25), (2, i64::MAX));
        assert_eq!(f.inside(10, 20), &[]);
        assert_eq!(f.inside(9, 21), &[(10, 1), (20, 2)]);
    }

    #[test]
    fn splice_merges_with_both_neighbours() {
        let mut f = steps(&[(10, 1), (20, 2), (30, 1)]);
        assert!(f.splice(20, 30, &[(20, 1)]));
        assert_eq!(f, steps(&[(10, 1)]));
        assert!(!f.splice(20, 30, &[(20, 1)]));
        assert!(f.splice(5, i64::MAX, &[(5, 3), (7, 4)]));
        assert_eq!(f, steps(&[(5, 3), (7, 4)]));
    }

    #[test]
    fn splice_in_the_middle_restores_what_held_after() {
        let mut f = steps(&[(10, 1)]);
        assert!(f.splice(15, 18, &[(15, 2)]));
        assert_eq!(f, steps(&[(10, 1), (15, 2), (18, 1)]));
    }
}
