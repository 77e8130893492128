//! The intervals that the engine makes of the samples, against those that it
//! makes of the truth.

use std::collections::BTreeMap;
use std::sync::Arc;

use correlate::dataflow::{Control, Options, Workers};
use correlate::model::{
    ComponentId, ComponentState, Interval, Period, Sample, ServiceDefinition, ServiceId,
    ServiceState, Timestamp,
};

use crate::STALE_AFTER_MS;
use crate::claims::{Claims, Doubt};
use crate::fates::Fates;
use crate::reader::Run;
use crate::story::Story;

/// How much was judged.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    pub(crate) services: usize,
    /// Beginnings of measured intervals.
    pub(crate) edges: usize,
    /// Stretches that were compared.
    pub(crate) compared: usize,
    /// Their length in all, of the period of all services, in permille.
    pub(crate) compared_permille: i64,
}

type Intervals = BTreeMap<ServiceId, Vec<Interval>>;

/// Outside the stated uncertainty of its components, and where it is not unknown, every service
/// has the state that it really had.
pub(crate) fn judge(story: &Story, run: &Run, claims: &Claims, fates: &Fates) -> Judged {
    let definitions = definitions(story);
    let measured = {
        let samples = run.samples.iter().map(|(component, sample)| Sample {
            at: sample.at,
            component: component.clone(),
            state: sample.state,
        });
        correlate(story, &definitions, samples.collect(), Some(STALE_AFTER_MS))
    };
    let real = correlate(story, &definitions, truth(fates), None);
    let mut judged = Judged::default();
    for definition in &definitions {
        let path = &definition.versions()[0].path;
        let components: Vec<&ComponentId> = path.components().into_iter().collect();
        let is_blind = |at: Timestamp| {
            let state = |component| claims.state_at(component, at, STALE_AFTER_MS);
            components.iter().any(|&component| state(component) == ComponentState::Unknown)
        };
        let mut doubts: Vec<Doubt> = Vec::new();
        for &component in &components {
            doubts.extend(claims.doubts(component));
            doubts.extend(missed(claims, fates, component));
        }
        doubts.sort_by_key(|doubt| doubt.from);
        let (measured, real) = (&measured[&definition.id], &real[&definition.id]);
        let explain = |at: Timestamp| {
            let lines = path.components().into_iter().map(|component| {
                let near = fates.of_component(component).near(at);
                format!("\n  {component}: {}; really {near:?}", claims.near(component, at))
            });
            lines.collect::<String>()
        };
        compare(
            definition,
            story.period,
            (measured, real),
            &doubts,
            (is_blind, explain),
            &mut judged,
        );
    }
    let whole = story.period.millis() * i64::try_from(definitions.len()).expect("few");
    judged.compared_permille = judged.compared_permille * 1000 / whole;
    judged
}

fn definitions(story: &Story) -> Vec<ServiceDefinition> {
    let services = story.world.service_list().iter();
    services
        .map(|service| ServiceDefinition::always(service.id.clone(), story.world.path_of(service)))
        .collect()
}

fn truth(fates: &Fates) -> Vec<Sample> {
    let mut samples = Vec::new();
    for component in fates.components() {
        let edges = fates.of_component(&component).edges.iter();
        samples.extend(edges.map(|(at, state)| Sample {
            at: *at,
            component: component.clone(),
            state: *state,
        }));
    }
    samples
}

fn correlate(
    story: &Story,
    definitions: &[ServiceDefinition],
    samples: Vec<Sample>,
    stale_after_ms: Option<i64>,
) -> Intervals {
    let options = Options { workers: 2, stale_after_ms, origin: story.period.from };
    let mut workers = Workers::start(options, None).expect("workers");
    let controls = definitions.iter().map(|one| Control::Define(Arc::new(one.clone())));
    workers.control(controls.collect()).expect("they run");
    // In the order of reading, as live; a late one is put where it belongs.
    for piece in samples.chunks(10_000) {
        workers.feed(piece.to_vec()).expect("they run");
    }
    workers.settle(story.period.until).expect("they run");
    workers.intervals().expect("they run").into_iter().collect()
}

/// Times in which a component really was otherwise and no sample is from then: an outage that
/// began and ended between two looks, or while nobody could look.
fn missed(claims: &Claims, fates: &Fates, component: &ComponentId) -> Vec<Doubt> {
    let fate = fates.of_component(component);
    let edges = fate.edges.iter().map(|(at, _)| fate.around(*at));
    edges
        .filter(|(from, until)| !claims.has_any(component, *from, *until))
        .map(|(from, until)| Doubt { from, until })
        .collect()
}

/// What is shown to be wrong, if the two differ there.
fn class(state: ServiceState) -> Option<ServiceState> {
    match state {
        ServiceState::Up | ServiceState::Degraded | ServiceState::Down => Some(state),
        ServiceState::Unknown | ServiceState::Maintenance => None,
    }
}

fn state_at(intervals: &[Interval], at: Timestamp) -> Option<ServiceState> {
    let place = intervals.partition_point(|interval| interval.start <= at).checked_sub(1)?;
    let interval = &intervals[place];
    interval.end.is_none_or(|end| at < end).then_some(interval.state)
}

fn compare(
    definition: &ServiceDefinition,
    period: Period,
    (measured, real): (&[Interval], &[Interval]),
    doubts: &[Doubt],
    (is_blind, explain): (impl Fn(Timestamp) -> bool, impl Fn(Timestamp) -> String),
    judged: &mut Judged,
) {
    judged.services += 1;
    judged.edges += measured.len().saturating_sub(1);
    let starts = |intervals: &[Interval]| -> Vec<Timestamp> {
        intervals.iter().map(|interval| interval.start).collect()
    };
    let mut edges = [starts(measured), starts(real), vec![period.from, period.until]].concat();
    edges.extend(doubts.iter().flat_map(|doubt| [doubt.from, doubt.until]));
    edges.retain(|at| *at >= period.from && *at <= period.until);
    edges.sort_unstable();
    edges.dedup();
    let (mut next, mut doubtful_until) = (0, Timestamp::MIN);
    for stretch in edges.windows(2) {
        let (from, until) = (stretch[0], stretch[1]);
        while doubts.get(next).is_some_and(|doubt| doubt.from <= from) {
            doubtful_until = doubtful_until.max(doubts[next].until);
            next += 1;
        }
        let shown = state_at(measured, from).and_then(class);
        let (Some(shown), true) = (shown, doubtful_until <= from) else { continue };
        judged.compared += 1;
        judged.compared_permille += until.millis() - from.millis();
        let really = state_at(real, from);
        // A leg of which nothing is known does not degrade a service that is up.
        let is_hidden = shown == ServiceState::Up && really == Some(ServiceState::Degraded);
        if is_hidden && is_blind(from) {
            continue;
        }
        assert_eq!(
            Some(shown),
            really,
            "{} in [{from}, {until}), outside every stated uncertainty:{}",
            definition.id,
            explain(from)
        );
    }
}
