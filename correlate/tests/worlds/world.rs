//! Random worlds: a few components and services, many ties and gaps.

use correlate::model::{
    ComponentId, ComponentState, PathExpr, Period, Sample, ServiceDefinition, ServiceId, Target,
    Timestamp, Version, Window,
};
use correlate::what_if::Question;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

/// No interval of a test engine starts earlier.
pub(crate) const ORIGIN: i64 = 0;
const COMPONENTS: usize = 5;
const SERVICES: usize = 4;
/// Instants are few, so that facts often meet.
pub(crate) const LAST: i64 = 60;

#[derive(Clone, Debug)]
pub(crate) enum Fact {
    Sample(Sample),
    Definition(ServiceDefinition),
    Window(String, Window),
}

/// Facts in order of arrival, and how they are fed to the engine.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub facts: Vec<Fact>,
    pub stale_after: Option<i64>,
    pub workers: usize,
    /// After which facts a batch ends, and the clock then.
    cuts: Vec<(usize, i64)>,
    pub restart_after: Option<usize>,
    pub workers_after_restart: usize,
}

pub(crate) struct Batch {
    pub facts: Vec<Fact>,
    pub now: i64,
}

impl World {
    pub(crate) fn last_now(&self) -> i64 {
        self.batches().iter().map(|batch| batch.now).max().unwrap_or(LAST)
    }

    pub(crate) fn batches(&self) -> Vec<Batch> {
        let mut batches = Vec::new();
        let mut cuts = self.cuts.clone();
        cuts.sort_unstable();
        let mut from = 0;
        for (cut, now) in cuts {
            let until = cut.min(self.facts.len()).max(from);
            batches.push(Batch { facts: self.facts[from..until].to_vec(), now });
            from = until;
        }
        batches.push(Batch { facts: self.facts[from..].to_vec(), now: LAST });
        batches
    }
}

fn component(index: usize) -> ComponentId {
    ComponentId::from(format!("n/port/{index}"))
}

fn service(index: usize) -> ServiceId {
    ServiceId::from(format!("s{index}"))
}

/// Services refer only to those before them, so there is no cycle.
fn paths(below: usize) -> impl Strategy<Value = PathExpr> {
    let leaf = (0..COMPONENTS + below).prop_map(|index| {
        if index < COMPONENTS {
            PathExpr::Component(component(index))
        } else {
            PathExpr::Service(service(index - COMPONENTS))
        }
    });
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..4).prop_map(PathExpr::All),
            vec(inner.clone(), 1..4).prop_map(PathExpr::Any),
            (vec(inner, 1..5), any::<u32>()).prop_map(|(items, k)| {
                let k = k % items.len() as u32 + 1;
                PathExpr::AtLeast(k, items)
            }),
        ]
    })
}

fn definitions(index: usize) -> impl Strategy<Value = ServiceDefinition> {
    let always = paths(index).prop_map(move |path| ServiceDefinition::always(service(index), path));
    let edges = vec(0..LAST, 2..5).prop_map(|mut edges| {
        edges.sort_unstable();
        edges.dedup();
        edges
    });
    let versions =
        (edges, vec(paths(index), 4), any::<bool>()).prop_map(move |(edges, paths, open)| {
            let mut versions: Vec<Version> = edges
                .windows(2)
                .zip(&paths)
                .enumerate()
                .filter(|(place, _)| edges.len() < 4 || *place != 1)
                .map(|(_, (pair, path))| Version {
                    period: Period::new(Timestamp(pair[0]), Timestamp(pair[1])),
                    path: path.clone(),
                })
                .collect();
            let last = *edges.last().expect("at least one edge");
            if open || versions.is_empty() {
                let period = Period::new(Timestamp(last), Timestamp::MAX);
                versions.push(Version { period, path: paths[3].clone() });
            }
            ServiceDefinition::new(service(index), versions).expect("disjoint by construction")
        });
    prop_oneof![always, versions]
}

fn samples() -> impl Strategy<Value = Fact> {
    let state = prop_oneof![
        4 => Just(ComponentState::Up),
        3 => Just(ComponentState::Down),
        1 => Just(ComponentState::Unknown),
    ];
    (0..COMPONENTS, -5..LAST + 5, state).prop_map(|(index, at, state)| {
        Fact::Sample(Sample { at: Timestamp(at), component: component(index), state })
    })
}

fn windows(index: usize) -> impl Strategy<Value = Fact> {
    (0..COMPONENTS + SERVICES, 0..LAST, 0..20i64).prop_map(move |(target, from, length)| {
        let target = if target < COMPONENTS {
            Target::Component(component(target))
        } else {
            Target::Service(service(target - COMPONENTS))
        };
        let period = Period::new(Timestamp(from), Timestamp(from + length));
        Fact::Window(format!("w{index}"), Window { target, period })
    })
}

pub(crate) fn worlds() -> impl Strategy<Value = World> {
    let definitions: Vec<_> = (0..SERVICES).map(definitions).collect();
    let facts =
        (definitions, vec(samples(), 0..40), (windows(0), windows(1), windows(2), 0..4usize))
            .prop_map(|(definitions, samples, (a, b, c, kept))| {
                let windows = [a, b, c].into_iter().take(kept);
                let definitions = definitions.into_iter().map(Fact::Definition);
                definitions.chain(samples).chain(windows).collect::<Vec<_>>()
            })
            .prop_shuffle();
    let feeding = (
        prop_oneof![Just(None), (1..25i64).prop_map(Some)],
        1..5usize,
        vec((0..50usize, 0..LAST), 0..4),
        proptest::option::of(0..3usize),
        1..5usize,
    );
    (facts, feeding).prop_map(
        |(facts, (stale_after, workers, mut cuts, restart_after, workers_after_restart))| {
            // The clock never goes back.
            cuts.sort_unstable();
            let mut nows: Vec<i64> = cuts.iter().map(|cut| cut.1).collect();
            nows.sort_unstable();
            let cuts = cuts.iter().zip(nows).map(|(cut, now)| (cut.0, now)).collect();
            World { facts, stale_after, workers, cuts, restart_after, workers_after_restart }
        },
    )
}

/// Failures and windows that somebody supposes.
pub(crate) fn questions() -> impl Strategy<Value = Question> {
    let period = (ORIGIN..LAST, 1..30i64);
    let down = btree_set((0..COMPONENTS).prop_map(component), 0..3);
    let target = (0..COMPONENTS + SERVICES).prop_map(|index| match index {
        ..COMPONENTS => Target::Component(component(index)),
        _ => Target::Service(service(index - COMPONENTS)),
    });
    (period, down, btree_set(target, 1..3)).prop_map(|((from, length), down, windows)| {
        let period = Period::new(Timestamp(from), Timestamp((from + length).min(LAST)));
        Question { period, down, windows }
    })
}
