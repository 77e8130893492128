//! Random worlds in which everything may be edited: services defined, defined
//! anew and removed, in circles too; windows set, moved and withdrawn;
//! pollers whose rhythm meets the staleness limit exactly.

use correlate::model::{
    ComponentId, ComponentState, PathExpr, Period, Sample, ServiceDefinition, ServiceId, Target,
    Timestamp, Version, Window,
};
use proof::{Fact, Size};
use proptest::collection::vec;
use proptest::prelude::*;

/// No interval starts earlier; samples may.
pub(crate) const ORIGIN: Timestamp = Timestamp(0);
const COMPONENTS: usize = 6;
const SERVICES: usize = 5;
const WINDOWS: usize = 5;
/// Instants are few, so that facts often meet.
const LAST: i64 = 60;

/// Facts in order of arrival, and how they are fed to the engine.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) stale_after_ms: Option<i64>,
    /// The engine at first.
    pub(crate) size: Size,
    pub(crate) epochs: Vec<Epoch>,
}

/// What happens up to one end of an epoch.
#[derive(Clone, Debug)]
pub(crate) struct Epoch {
    pub(crate) facts: Vec<Fact>,
    /// The clock at its end; never earlier than that of the one before.
    pub(crate) now: Timestamp,
    /// The engine stops after it and goes on in this size.
    pub(crate) restart: Option<Size>,
}

fn component(index: usize) -> ComponentId {
    ComponentId::from(format!("n/port/{index}"))
}

fn service(index: usize) -> ServiceId {
    ServiceId::from(format!("s{index}"))
}

fn state() -> impl Strategy<Value = ComponentState> {
    prop_oneof![
        4 => Just(ComponentState::Up),
        3 => Just(ComponentState::Down),
        1 => Just(ComponentState::Unknown),
    ]
}

/// Paths that refer to any service, so that some close a circle.
fn paths() -> BoxedStrategy<PathExpr> {
    paths_of(3)
}

/// Paths of at most `depth` lists within each other.
fn paths_of(depth: usize) -> BoxedStrategy<PathExpr> {
    let leaf = prop_oneof![
        6 => (0..COMPONENTS).prop_map(|index| PathExpr::Component(component(index))),
        1 => (0..SERVICES).prop_map(|index| PathExpr::Service(service(index))),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let inner = paths_of(depth - 1);
    prop_oneof![
        3 => leaf,
        2 => vec(inner.clone(), 1..4).prop_map(PathExpr::All),
        2 => vec(inner.clone(), 1..4).prop_map(PathExpr::Any),
        2 => (vec(inner, 1..5), any::<u32>()).prop_map(|(items, k)| {
            let k = k % items.len() as u32 + 1;
            PathExpr::AtLeast(k, items)
        }),
    ]
    .boxed()
}

/// One or more versions, with and without gaps, open or not at either end.
fn definitions() -> impl Strategy<Value = Fact> {
    let edges = vec(0..LAST, 0..5);
    let shape = (0..SERVICES, edges, vec(paths(), 6), any::<[bool; 3]>());
    shape.prop_map(|(id, mut edges, paths, [open_start, open_end, gap])| {
        edges.sort_unstable();
        edges.dedup();
        let mut edges: Vec<Timestamp> = edges.into_iter().map(Timestamp).collect();
        if open_start || edges.is_empty() {
            edges.insert(0, Timestamp::MIN);
        }
        if open_end || edges.len() < 2 {
            edges.push(Timestamp::MAX);
        }
        let versions = edges.windows(2).zip(paths).enumerate();
        let kept = versions.filter(|(place, _)| !gap || *place != 1);
        let versions =
            kept.map(|(_, (pair, path))| Version { period: Period::new(pair[0], pair[1]), path });
        let definition = ServiceDefinition::new(service(id), versions.collect());
        Fact::Define(definition.expect("disjoint by construction"))
    })
}

fn sample() -> impl Strategy<Value = Fact> {
    (0..COMPONENTS, -5..LAST + 5, state()).prop_map(|(index, at, state)| {
        Fact::Sample(Sample { at: Timestamp(at), component: component(index), state })
    })
}

/// A poller that comes round regularly, by a rhythm at or next to the limit.
fn round(limit: Option<i64>) -> impl Strategy<Value = Vec<Fact>> {
    let shape = (0..COMPONENTS, -5..LAST, -1..2i64, 1..8i64, state());
    shape.prop_map(move |(index, start, off, count, state)| {
        let step = (limit.unwrap_or(5) + off).max(1);
        let at = |turn| Timestamp(start + turn * step);
        let sample = |at| Fact::Sample(Sample { at, component: component(index), state });
        (0..count).map(|turn| sample(at(turn))).collect()
    })
}

fn window() -> impl Strategy<Value = Fact> {
    let shape = (0..WINDOWS, 0..COMPONENTS + SERVICES, 0..LAST, 0..25i64, 0..5u8);
    shape.prop_map(|(id, target, from, length, withdrawn)| {
        let target = match target.checked_sub(COMPONENTS) {
            None => Target::Component(component(target)),
            Some(index) => Target::Service(service(index)),
        };
        let period = Period::new(Timestamp(from), Timestamp(from + length));
        let window = (withdrawn > 0).then_some(Window { target, period });
        Fact::Window(format!("w{id}"), window)
    })
}

fn facts(limit: Option<i64>) -> impl Strategy<Value = Vec<Fact>> {
    let one = prop_oneof![
        10 => sample().prop_map(|fact| vec![fact]),
        4 => round(limit),
        4 => definitions().prop_map(|fact| vec![fact]),
        4 => window().prop_map(|fact| vec![fact]),
        1 => (0..SERVICES).prop_map(|index| vec![Fact::Undefine(service(index))]),
    ];
    // A few services at first, or nothing would ever happen; and often a
    // network that works, or most would be unknown.
    let works = proptest::option::of(-5..LAST / 3);
    (vec(definitions(), 2..5), works, vec(one, 0..40), any::<bool>()).prop_map(
        |(first, works, rest, definitions_first)| {
            let up = |index, at| Sample {
                at: Timestamp(at),
                component: component(index),
                state: ComponentState::Up,
            };
            let working = works.into_iter().flat_map(|at| (0..COMPONENTS).map(move |i| (i, at)));
            let mut facts: Vec<Fact> =
                working.map(|(index, at)| Fact::Sample(up(index, at))).collect();
            facts.extend(rest.into_iter().flatten());
            let place = if definitions_first { 0 } else { facts.len() / 2 };
            facts.splice(place..place, first);
            facts
        },
    )
}

/// Mostly one process, as several take longer to start.
fn sizes() -> impl Strategy<Value = Size> {
    prop_oneof![
        6 => (1..5usize).prop_map(Size::workers),
        1 => (2..4usize, 1..3usize).prop_map(|(processes, workers)| Size { processes, workers }),
    ]
}

pub(crate) fn worlds() -> impl Strategy<Value = World> {
    let limit = prop_oneof![1 => Just(None), 2 => (1..25i64).prop_map(Some)];
    limit.prop_flat_map(|limit| {
        let shuffled = prop_oneof![
            2 => facts(limit).boxed(),
            1 => facts(limit).prop_shuffle().boxed(),
        ];
        let cut = (0.0..1.0f64, 0..LAST, proptest::option::weighted(0.4, sizes()));
        (shuffled, sizes(), vec(cut, 1..6)).prop_map(move |(facts, size, cuts)| World {
            stale_after_ms: limit,
            size,
            epochs: epochs(&facts, cuts),
        })
    })
}

/// Cuts the facts into epochs, with a clock that never goes back and ends at
/// [`LAST`].
fn epochs(facts: &[Fact], mut cuts: Vec<(f64, i64, Option<Size>)>) -> Vec<Epoch> {
    // In steps, so that it sometimes stands still.
    let mut nows: Vec<i64> = cuts.iter().map(|cut| cut.1 / 3 * 3).collect();
    nows.sort_unstable();
    cuts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut epochs = Vec::new();
    let mut from = 0;
    for ((place, _, restart), now) in cuts.into_iter().zip(nows) {
        // Below one, so it stays within the list.
        let until = (place * facts.len() as f64) as usize;
        let facts = facts[from..until].to_vec();
        epochs.push(Epoch { facts, now: Timestamp(now), restart });
        from = until;
    }
    let facts = facts[from..].to_vec();
    epochs.push(Epoch { facts, now: Timestamp(LAST), restart: None });
    epochs
}
