//! The components that one worker keeps: samples in, transitions out.
//!
//! This is where a sample that changes nothing ends: one look-up and one
//! comparison. It knows nothing of services.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::history::{COUNT_MAX, History, Observed, Run};
use super::index::Index;
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
    pub states: SmallVec<[(i64, ComponentState); 1]>,
}

/// A run of samples: `count` samples from `start`, `step_ms` apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SampleRun {
    /// The first sample.
    pub start: Timestamp,
    /// Milliseconds between neighbours; 0 when `count` is 1.
    pub step_ms: u32,
    /// How many samples; at least 1, less than 2^30.
    pub count: u32,
    /// What each of them said.
    pub state: ComponentState,
}

impl SampleRun {
    /// The most samples in one run.
    pub const COUNT_MAX: u32 = COUNT_MAX;
}

/// Samples of one component, summed up.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ComponentRuns {
    /// Whose samples.
    pub(crate) component: ComponentId,
    /// Sorted by time, and disjoint.
    pub(crate) runs: SmallVec<[SampleRun; 1]>,
}

/// What a snapshot holds of one component.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
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

/// The most workers of one engine, over all its processes: subscriptions are
/// the bits of a word.
pub const WORKERS_MAX: usize = 64;

struct Component {
    id: ComponentId,
    history: History,
    published: Steps<ComponentState>,
    /// The workers whose evaluators want to hear of it, one bit each.
    subscribers: u64,
    /// Whether `Keeper::deadlines` holds an entry for it.
    watched: bool,
}

impl Component {
    fn new(id: ComponentId) -> Component {
        Component {
            id,
            history: History::default(),
            published: Steps::new(),
            subscribers: 0,
            watched: false,
        }
    }
}

/// Samples that came too late are remembered one by one up to this number per
/// epoch; more are counted only.
pub const TOO_LATE_MAX: usize = 1_000;

/// Keeps the components of one worker.
pub struct Keeper {
    stale_after: i64,
    now: i64,
    index: Index,
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
            index: Index::default(),
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
        let components = &mut self.components;
        let text = |at: u32| components[at as usize].id.as_str();
        let found = match self.index.find(id.as_str(), text) {
            Some(found) => found,
            None => {
                let fresh = self.index.insert(id.as_str(), components.len(), text);
                components.push(Component::new(id.clone()));
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
        if observed == Observed::TooLate && self.too_late_samples.len() < TOO_LATE_MAX {
            self.too_late_samples.push(sample.clone());
        }
        self.observed(index, observed);
    }

    /// Takes the samples in that [`Digest`](super::Digest) summed up.
    pub(crate) fn absorb(&mut self, samples: &ComponentRuns) {
        let index = self.locate(&samples.component);
        let component = &mut self.components[index as usize];
        let runs: SmallVec<[Run; 4]> = samples.runs.iter().map(run_of).collect();
        let (observed, too_late) = component.history.absorb(&runs, self.stale_after, self.now);
        self.too_late += too_late;
        if observed != Observed::TooLate {
            self.observed(index, observed);
        }
    }

    fn observed(&mut self, index: u32, observed: Observed) {
        self.watch(index);
        match observed {
            Observed::Nothing => {}
            Observed::Changed { from, until } => self.publish(index, from, until),
            Observed::TooLate => self.too_late += 1,
        }
    }

    /// Sees to it that the component is looked at when it goes stale.
    fn watch(&mut self, index: u32) {
        let component = &mut self.components[index as usize];
        if component.watched || self.stale_after == i64::MAX {
            return;
        }
        let Some((last, _)) = component.history.last() else { return };
        component.watched = true;
        self.deadlines.push(Reverse((last.saturating_add(self.stale_after), index)));
    }

    /// From now on the evaluator of `worker` wants to hear of `component`;
    /// returns what it is so far, unless nothing is known.
    ///
    /// # Panics
    /// `worker` is not below [`WORKERS_MAX`].
    pub fn subscribe(&mut self, component: &ComponentId, worker: usize) -> Option<StateChange> {
        assert!(worker < WORKERS_MAX, "worker {worker} is beyond the most that subscribe");
        let index = self.locate(component);
        let component = &mut self.components[index as usize];
        component.subscribers |= 1 << worker;
        if component.published.all().is_empty() {
            return None;
        }
        let states: SmallVec<[(i64, ComponentState); 1]> = component.published.all().into();
        // Before its first transition it is what it is to who never heard of it.
        let period = Period::new(Timestamp(states[0].0), Timestamp::MAX);
        Some(StateChange { component: component.id.clone(), period, states })
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

    /// Forgets samples taken before `samples_before`, but the last of each
    /// component (a later sample from before it is counted as too late), and
    /// transitions before `before`, but the one in force then, and those that
    /// a late sample may still change.
    pub fn forget_before(&mut self, samples_before: Timestamp, before: Timestamp) {
        for component in &mut self.components {
            component.history.forget_before(samples_before.millis());
            // Whatever a late sample may still change must be known.
            let first = component.history.runs().first().map_or(i64::MAX, |run| run.start());
            let known_from = before.min(samples_before).millis().min(first);
            component.published.forget_before(known_from);
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

    /// What must survive a restart, of the components from number `from` on,
    /// `limit` of them at most.
    pub fn snapshot(&self, from: usize, limit: usize) -> Vec<ComponentSnapshot> {
        let transition = |&(at, state): &(i64, ComponentState)| (Timestamp(at), state);
        let snapshot = |component: &Component| ComponentSnapshot {
            id: component.id.clone(),
            runs: component.history.runs().iter().map(sample_run).collect(),
            forgotten: component.history.forgotten(),
            transitions: component.published.all().iter().map(transition).collect(),
        };
        self.components.iter().skip(from).take(limit).map(snapshot).collect()
    }

    /// Takes back what [`Keeper::snapshot`] gave; the component must be new,
    /// but for subscriptions. After the last one, [`Keeper::advance`] must
    /// restore the clock.
    pub fn restore(&mut self, snapshot: &ComponentSnapshot) {
        let index = self.locate(&snapshot.id);
        let component = &mut self.components[index as usize];
        component.history =
            History::from_runs(snapshot.runs.iter().map(run_of), snapshot.forgotten);
        let transitions = snapshot.transitions.iter().map(|&(at, state)| (at.millis(), state));
        component.published = Steps::from_sorted(transitions);
        self.watch(index);
    }
}

fn run_of(run: &SampleRun) -> Run {
    Run::new(run.start.millis(), run.step_ms, run.count, run.state)
}

pub(super) fn sample_run(run: &Run) -> SampleRun {
    SampleRun {
        start: Timestamp(run.start()),
        // Fits: it was a u32.
        step_ms: run.step() as u32,
        count: run.count(),
        state: run.state(),
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
    /// state functions to whoever subscribed, and the transitions that were
    /// set or withdrawn.
    pub fn drain(
        &mut self,
        mut change: impl FnMut(usize, StateChange),
        mut transition: impl FnMut(Transition),
    ) {
        for (index, dirty) in self.dirty.drain() {
            let component = &self.components[index as usize];
            let new = component.steps_over(dirty.from, dirty.until);
            if dirty.old == new {
                continue;
            }
            let mut put = |at, state| {
                let component = component.id.clone();
                transition(Transition { component, at: Timestamp(at), state });
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
            if component.subscribers == 0 {
                continue;
            }
            let mut states = SmallVec::new();
            states.push((dirty.from, component.published.at(dirty.from)));
            states.extend_from_slice(component.published.inside(dirty.from, dirty.until));
            let told = StateChange {
                component: component.id.clone(),
                period: Period::new(Timestamp(dirty.from), Timestamp(dirty.until)),
                states,
            };
            let others = component.subscribers & (component.subscribers - 1);
            for worker in (0..WORKERS_MAX).filter(|worker| others >> worker & 1 == 1) {
                change(worker, told.clone());
            }
            change(component.subscribers.trailing_zeros() as usize, told);
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
            keeper.drain(|_, _| {}, |change| out.push(change));
        }
        keeper.advance(Timestamp(now));
        keeper.drain(|_, _| {}, |change| out.push(change));
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
        first.drain(|_, _| {}, |_| {});
        let mut second = Keeper::new(Some(10));
        first.snapshot(0, 9).iter().for_each(|component| second.restore(component));
        for keeper in [&mut first, &mut second] {
            let mut out = Vec::new();
            keeper.observe(&sample(3, Down));
            keeper.advance(Timestamp(17));
            keeper.drain(|_, _| {}, |change| out.push(change));
            let changes: Vec<_> = out.iter().map(|c| (c.at.millis(), c.state)).collect();
            assert_eq!(changes, [(7, None), (3, Some(Down)), (17, Some(Unknown))]);
        }
    }
}
