//! The components that one worker keeps: samples in, transitions out.
//!
//! This is where a sample that changes nothing ends: one look-up and one
//! comparison. It knows nothing of services.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::history::{History, Observed, Run};
use super::steps::Steps;
use crate::model::{ComponentId, ComponentState, Period, Sample, Timestamp};

/// A component's state function changed: at `at` it turns into `state`, or,
/// with `None`, no longer changes there.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Transition {
    /// Whose state.
    pub component: ComponentId,
    /// When, in the network.
    pub at: Timestamp,
    /// What it turns into; `None` withdraws an earlier transition.
    pub state: Option<ComponentState>,
}

/// A component's state function on a period, after something changed in it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StateChange {
    /// Whose state.
    pub component: ComponentId,
    /// On which period; outside it nothing changed.
    pub period: Period,
    /// The state at the period's start, then each instant in it (milliseconds
    /// since 1970) at which the state changes.
    pub states: Vec<(i64, ComponentState)>,
}

/// A run of samples in a snapshot: `count` samples from `start`, `step_ms` apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SampleRun {
    /// The first sample.
    pub start: Timestamp,
    /// Milliseconds between neighbours; 0 when `count` is 1.
    pub step_ms: i64,
    /// How many samples; at least 1.
    pub count: u32,
    /// What each of them said.
    pub state: ComponentState,
}

/// What a snapshot holds of one component.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ComponentSnapshot {
    /// Which component.
    pub id: ComponentId,
    /// Its samples within the lateness horizon, sorted.
    pub runs: Vec<SampleRun>,
    /// Whether older samples were forgotten.
    pub forgotten: bool,
    /// Its transitions, sorted.
    pub transitions: Vec<(Timestamp, ComponentState)>,
}

struct Component {
    id: ComponentId,
    history: History,
    published: Steps<ComponentState>,
    /// Whether `Keeper::deadlines` holds an entry for it.
    watched: bool,
}

/// Samples that came too late are remembered one by one up to this number per
/// epoch; more are counted only.
pub const TOO_LATE_MAX: usize = 1_000;

/// Keeps the components of one worker.
pub struct Keeper {
    stale_after: i64,
    now: i64,
    index: FxHashMap<ComponentId, u32>,
    components: Vec<Component>,
    /// When to look whether a component went stale; at most one entry each,
    /// possibly early, never late.
    deadlines: BinaryHeap<Reverse<(i64, u32)>>,
    /// The component of the sample before.
    last_located: u32,
    too_late: u64,
    /// The first of them since they were last asked for.
    too_late_samples: Vec<Sample>,
    dirty: FxHashMap<u32, Dirty>,
}

impl Keeper {
    /// An empty keeper. `stale_after_ms` is the staleness limit, if any.
    pub fn new(stale_after_ms: Option<i64>) -> Keeper {
        Keeper {
            stale_after: stale_after_ms.unwrap_or(i64::MAX),
            now: i64::MIN,
            index: FxHashMap::default(),
            components: Vec::new(),
            deadlines: BinaryHeap::new(),
            last_located: 0,
            too_late: 0,
            too_late_samples: Vec::new(),
            dirty: FxHashMap::default(),
        }
    }

    /// Pollers repeat their order, so the component that followed last time
    /// is tried before the hash table.
    fn locate(&mut self, id: &ComponentId) -> u32 {
        let guess = self.last_located.wrapping_add(1);
        if self.components.get(guess as usize).is_some_and(|known| known.id == *id) {
            self.last_located = guess;
            return guess;
        }
        let found = match self.index.get(id) {
            Some(&found) => found,
            None => {
                let fresh = u32::try_from(self.components.len())
                    .expect("fewer than 2^32 components fit in memory");
                self.index.insert(id.clone(), fresh);
                self.components.push(Component {
                    id: id.clone(),
                    history: History::default(),
                    published: Steps::new(),
                    watched: false,
                });
                fresh
            }
        };
        self.last_located = found;
        found
    }

    /// Takes one sample in.
    pub fn observe(&mut self, sample: &Sample) {
        let index = self.locate(&sample.component);
        let component = &mut self.components[index as usize];
        let at = sample.at.millis();
        let observed = component.history.observe(at, sample.state, self.stale_after, self.now);
        if !component.watched && self.stale_after != i64::MAX {
            component.watched = true;
            self.deadlines.push(Reverse((at.saturating_add(self.stale_after), index)));
        }
        match observed {
            Observed::Nothing => {}
            Observed::Changed { from, until } => self.publish(index, from, until),
            Observed::TooLate => {
                self.too_late += 1;
                if self.too_late_samples.len() < TOO_LATE_MAX {
                    self.too_late_samples.push(sample.clone());
                }
            }
        }
    }

    /// Moves the clock to `now`: what is silent for too long goes stale. The
    /// clock never goes back.
    pub fn advance(&mut self, now: Timestamp) {
        self.now = self.now.max(now.millis());
        while let Some(&Reverse((deadline, index))) = self.deadlines.peek() {
            if deadline > self.now {
                break;
            }
            self.deadlines.pop();
            let component = &mut self.components[index as usize];
            let last = component.history.last().map_or(i64::MIN, |last| last.0);
            let stale_at = last.saturating_add(self.stale_after);
            if stale_at > self.now {
                self.deadlines.push(Reverse((stale_at, index)));
            } else {
                component.watched = false;
                self.publish(index, stale_at, i64::MAX);
            }
        }
    }

    /// Forgets samples taken before `horizon`, but the last of each
    /// component; a later sample from before it is counted as too late.
    pub fn forget_samples_before(&mut self, horizon: Timestamp) {
        for component in &mut self.components {
            component.history.forget_before(horizon.millis());
        }
    }

    /// How many samples came after everything around them was forgotten.
    pub fn too_late(&self) -> u64 {
        self.too_late
    }

    /// The samples that came too late since the last call; at most
    /// [`TOO_LATE_MAX`] of them.
    pub fn take_too_late(&mut self) -> Vec<Sample> {
        std::mem::take(&mut self.too_late_samples)
    }

    /// How many components it keeps.
    pub fn len(&self) -> usize {
        self.components.len()
    }

    /// Whether it keeps none.
    pub fn is_empty(&self) -> bool {
        self.components.is_empty()
    }

    /// What must survive a restart.
    pub fn snapshot(&self) -> Vec<ComponentSnapshot> {
        let transition = |&(at, state): &(i64, ComponentState)| (Timestamp(at), state);
        let run = |run: &Run| SampleRun {
            start: Timestamp(run.start),
            step_ms: run.step,
            count: run.count,
            state: run.state,
        };
        let snapshot = |component: &Component| ComponentSnapshot {
            id: component.id.clone(),
            runs: component.history.runs().iter().map(run).collect(),
            forgotten: component.history.forgotten(),
            transitions: component.published.all().iter().map(transition).collect(),
        };
        self.components.iter().map(snapshot).collect()
    }

    /// Takes back what [`Keeper::snapshot`] gave; the component must be new.
    /// After the last one, [`Keeper::advance`] must restore the clock.
    pub fn restore(&mut self, snapshot: &ComponentSnapshot) {
        let index = self.locate(&snapshot.id);
        let component = &mut self.components[index as usize];
        let runs = snapshot.runs.iter().map(|run| Run {
            start: run.start.millis(),
            step: run.step_ms,
            count: run.count,
            state: run.state,
        });
        component.history = History::from_runs(runs.collect(), snapshot.forgotten);
        let transitions = snapshot.transitions.iter().map(|&(at, state)| (at.millis(), state));
        component.published = Steps::from_sorted(transitions);
        if let (Some((last, _)), false) = (component.history.last(), self.stale_after == i64::MAX) {
            component.watched = true;
            self.deadlines.push(Reverse((last.saturating_add(self.stale_after), index)));
        }
    }
}

/// What a component's published function was, on the hull of what changed
/// since the last [`Keeper::drain`].
struct Dirty {
    from: i64,
    until: i64,
    /// The old steps with `from <= at <= until`.
    old: Vec<(i64, ComponentState)>,
}

impl Component {
    /// The steps with `from <= at <= until`.
    fn steps_over(&self, from: i64, until: i64) -> &[(i64, ComponentState)] {
        self.published.inside(from.saturating_sub(1), until.saturating_add(1))
    }
}

impl Dirty {
    /// Widens the hull; what is outside the old one has not changed yet.
    fn widen(&mut self, component: &Component, from: i64, until: i64) {
        if from < self.from {
            let earlier = component.steps_over(from, self.from.saturating_sub(1));
            self.old.splice(0..0, earlier.iter().copied());
            self.from = from;
        }
        if until > self.until {
            let later = component.steps_over(self.until.saturating_add(1), until);
            self.old.extend_from_slice(later);
            self.until = until;
        }
    }
}

impl Keeper {
    fn publish(&mut self, index: u32, from: i64, until: i64) {
        let component = &mut self.components[index as usize];
        let pieces = component.history.changes(from, until, self.stale_after, self.now);
        let inner = pieces.partition_point(|piece| piece.0 < until || until == i64::MAX);
        match self.dirty.entry(index) {
            Entry::Occupied(mut known) => known.get_mut().widen(component, from, until),
            Entry::Vacant(fresh) => {
                let old = component.steps_over(from, until).to_vec();
                fresh.insert(Dirty { from, until, old });
            }
        }
        component.published.splice(from, until, &pieces[..inner]);
    }

    /// Hands over what changed since the last call, by component: the new
    /// state functions, and the transitions that were set or withdrawn.
    pub fn drain(&mut self, changes: &mut Vec<StateChange>, transitions: &mut Vec<Transition>) {
        for (index, dirty) in self.dirty.drain() {
            let component = &self.components[index as usize];
            let new = component.steps_over(dirty.from, dirty.until);
            if dirty.old == new {
                continue;
            }
            let mut put = |at, state| {
                let component = component.id.clone();
                transitions.push(Transition { component, at: Timestamp(at), state });
            };
            let is_in = |steps: &[(i64, ComponentState)], at: i64| {
                steps.binary_search_by_key(&at, |step| step.0).ok()
            };
            for &(at, _) in dirty.old.iter().filter(|was| is_in(new, was.0).is_none()) {
                put(at, None);
            }
            for step in new {
                if is_in(&dirty.old, step.0).is_none_or(|known| dirty.old[known] != *step) {
                    put(step.0, Some(step.1));
                }
            }
            let mut states = vec![(dirty.from, component.published.at(dirty.from))];
            states.extend_from_slice(component.published.inside(dirty.from, dirty.until));
            changes.push(StateChange {
                component: component.id.clone(),
                period: Period::new(Timestamp(dirty.from), Timestamp(dirty.until)),
                states,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ComponentState::{Down, Unknown, Up};

    fn keeper_after(
        samples: &[(i64, ComponentState)],
        limit: i64,
        now: i64,
    ) -> Vec<(i64, Option<ComponentState>)> {
        let mut keeper = Keeper::new(Some(limit));
        let mut out = Vec::new();
        for &(at, state) in samples {
            let component = ComponentId::from("n/device/1");
            keeper.observe(&Sample { at: Timestamp(at), component, state });
            keeper.drain(&mut Vec::new(), &mut out);
        }
        keeper.advance(Timestamp(now));
        keeper.drain(&mut Vec::new(), &mut out);
        out.into_iter().map(|change| (change.at.millis(), change.state)).collect()
    }

    #[test]
    fn renewals_publish_nothing() {
        let out = keeper_after(&[(0, Up), (10, Up), (20, Up), (20, Up)], 10, 29);
        assert_eq!(out, [(0, Some(Up))]);
    }

    #[test]
    fn silence_is_published_when_its_time_comes() {
        let out = keeper_after(&[(0, Up), (5, Up)], 10, 15);
        assert_eq!(out, [(0, Some(Up)), (15, Some(Unknown))]);
    }

    #[test]
    fn a_gap_between_samples_is_unknown_even_when_the_clock_stood_still() {
        let out = keeper_after(&[(0, Up), (30, Up)], 10, 30);
        assert_eq!(out, [(0, Some(Up)), (10, Some(Unknown)), (30, Some(Up))]);
    }

    #[test]
    fn a_late_sample_withdraws_the_unknown_that_it_disproves() {
        let out = keeper_after(&[(0, Up), (15, Up), (8, Up)], 10, 15);
        let expected = [(0, Some(Up)), (10, Some(Unknown)), (15, Some(Up)), (10, None), (15, None)];
        assert_eq!(out, expected);
    }

    #[test]
    fn a_snapshot_restores_to_the_same_behaviour() {
        let mut first = Keeper::new(Some(10));
        let sample = |at, state| Sample { at: Timestamp(at), component: "c".into(), state };
        first.observe(&sample(0, Up));
        first.observe(&sample(7, Down));
        first.drain(&mut Vec::new(), &mut Vec::new());
        let mut second = Keeper::new(Some(10));
        first.snapshot().iter().for_each(|component| second.restore(component));
        for keeper in [&mut first, &mut second] {
            let mut out = Vec::new();
            keeper.observe(&sample(3, Down));
            keeper.advance(Timestamp(17));
            keeper.drain(&mut Vec::new(), &mut out);
            let changes: Vec<_> = out.iter().map(|c| (c.at.millis(), c.state)).collect();
            assert_eq!(changes, [(7, None), (3, Some(Down)), (17, Some(Unknown))]);
        }
    }
}
