//! A trace mapped onto a topology: which element suffers what, the services
//! over it, and planned work around some of the outages.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use correlate::model::{
    ComponentId, ComponentState, PathExpr, Period, Sample, ServiceDefinition, ServiceId, Target,
    Timestamp, Version, Window,
};
use proof::{Fact, Shuffle};

use crate::data::{Spell, Topology, Trace};

/// Samples of one case: what the naive oracle does in a fraction of a second.
const SAMPLES_MAX: usize = 500;

/// Services between two places of the network, and those they refer to.
const CUSTOMERS: usize = 14;
const CORES: usize = 5;

const HOUR_MS: i64 = 3_600_000;

/// Everything that one run of the engine is told.
pub(crate) struct Case {
    /// In order of time: definitions, windows, then samples.
    pub(crate) facts: Vec<Fact>,
    pub(crate) origin: Timestamp,
    pub(crate) last: Timestamp,
    pub(crate) stale_after_ms: Option<i64>,
}

/// The case that `seed` makes of a topology and a trace.
pub(crate) fn case(topology: &Topology, trace: &Trace, seed: u64) -> Case {
    let mut random = Shuffle::seeded(seed);
    let elements = Elements::of(topology);
    let spells = chosen(trace, &mut random);
    let mut suffered: BTreeMap<ComponentId, Vec<Spell>> = BTreeMap::new();
    for (element, spells) in elements.placed(spells.len(), &mut random).into_iter().zip(spells) {
        suffered.insert(element, spells);
    }
    let edges = || suffered.values().flatten().flat_map(|spell| [spell.0, spell.1]);
    let (first, last) = (edges().min().unwrap_or(0), edges().max().unwrap_or(0) + HOUR_MS);
    let mut facts = services(topology, &elements, (first, last), &mut random);
    facts.extend(windows(&suffered, &mut random));
    facts.extend(samples(&elements, &suffered, trace.down_only, first));
    let stale_after_ms = (random.below(3) == 0).then(|| (last - first) / 4);
    Case { facts, origin: Timestamp(first), last: Timestamp(last), stale_after_ms }
}

/// As many components as a case can bear, from a random one on, and of long
/// stories a random stretch.
fn chosen(trace: &Trace, random: &mut Shuffle) -> Vec<Vec<Spell>> {
    let mut order: Vec<usize> = (0..trace.components.len()).collect();
    random.order(&mut order);
    let share = SAMPLES_MAX / 8;
    let mut left = SAMPLES_MAX;
    let mut chosen = Vec::new();
    for index in order {
        let spells = &trace.components[index];
        let count = spells.len().min(share).min(left / 2);
        if count == 0 {
            break;
        }
        left -= 2 * count;
        let from = random.below(spells.len() - count + 1);
        chosen.push(spells[from..from + count].to_vec());
    }
    chosen
}

/// The nodes and links of a topology as components.
struct Elements {
    nodes: Vec<ComponentId>,
    links: Vec<ComponentId>,
}

impl Elements {
    fn of(topology: &Topology) -> Elements {
        let id = |kind: &str, native: &String| ComponentId::of("zoo", kind, native);
        Elements {
            nodes: topology.nodes.iter().map(|node| id("node", node)).collect(),
            links: topology.links.iter().map(|link| id("link", &link.0)).collect(),
        }
    }

    fn all(&self) -> impl Iterator<Item = &ComponentId> {
        self.nodes.iter().chain(&self.links)
    }

    /// Up to `count` elements: nodes only, links only, or both.
    fn placed(&self, count: usize, random: &mut Shuffle) -> Vec<ComponentId> {
        let mut places: Vec<ComponentId> = match random.below(3) {
            0 => self.nodes.clone(),
            1 => self.links.clone(),
            _ => self.all().cloned().collect(),
        };
        random.order(&mut places);
        places.truncate(count);
        places
    }
}

/// What an NMS would have said: each change of state, and of what suffers
/// nothing that it is up.
fn samples(
    elements: &Elements,
    suffered: &BTreeMap<ComponentId, Vec<Spell>>,
    down_only: bool,
    first: i64,
) -> Vec<Fact> {
    let mut samples: Vec<Sample> = Vec::new();
    for component in elements.all() {
        let mut say = |at, state| {
            samples.push(Sample { at: Timestamp(at), component: component.clone(), state });
        };
        let spells = suffered.get(component).map_or(&[][..], Vec::as_slice);
        if spells.is_empty() || down_only {
            say(first, ComponentState::Up);
        }
        for &(start, end, state) in spells {
            say(start, state);
            if down_only {
                say(end, ComponentState::Up);
            }
        }
    }
    samples.sort_by_key(|sample| sample.at);
    samples.into_iter().map(Fact::Sample).collect()
}

/// Planned work before, around and inside some of the outages.
fn windows(suffered: &BTreeMap<ComponentId, Vec<Spell>>, random: &mut Shuffle) -> Vec<Fact> {
    let mut windows = Vec::new();
    for (component, spells) in suffered {
        let outages: Vec<&Spell> =
            spells.iter().filter(|spell| spell.2 == ComponentState::Down).collect();
        if outages.is_empty() || random.below(3) == 0 {
            continue;
        }
        let (start, end, _) = *outages[random.below(outages.len())];
        let slack = usize::try_from((end - start).max(4)).unwrap_or(usize::MAX);
        let from = start - (slack / 2) as i64 + random.below(slack) as i64;
        let until = from + 1 + random.below(2 * slack) as i64;
        let target = match random.below(6) {
            0 => Target::Service(ServiceId::from(format!("customer-{}", random.below(CUSTOMERS)))),
            _ => Target::Component(component.clone()),
        };
        let period = Period::new(Timestamp(from), Timestamp(until));
        windows.push(Fact::Window(format!("w{}", windows.len()), Some(Window { target, period })));
    }
    windows
}

/// Customers between two places with one leg or two, through a core service
/// or not, some of them moved to another path half way.
fn services(
    topology: &Topology,
    elements: &Elements,
    (first, last): (i64, i64),
    random: &mut Shuffle,
) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut define = |id: String, versions: Vec<Version>| {
        let definition = ServiceDefinition::new(ServiceId::from(id), versions);
        facts.push(Fact::Define(definition.expect("versions follow each other")));
    };
    let ever = |path| vec![Version { period: Period::new(Timestamp::MIN, Timestamp::MAX), path }];
    for core in 0..CORES {
        let legs: Vec<PathExpr> =
            (0..3).map(|_| PathExpr::All(route(topology, elements, random))).collect();
        define(format!("core-{core}"), ever(PathExpr::AtLeast(1 + random.below(2) as u32, legs)));
    }
    for customer in 0..CUSTOMERS {
        let mut path = || {
            let leg = PathExpr::All(route(topology, elements, random));
            let other = match random.below(4) {
                0 => return leg,
                1 => PathExpr::Service(ServiceId::from(format!("core-{}", random.below(CORES)))),
                _ => PathExpr::All(route(topology, elements, random)),
            };
            PathExpr::Any(vec![leg, other])
        };
        let (before, after) = (path(), path());
        let moved = Timestamp(first + random.below((last - first).unsigned_abs() as usize) as i64);
        let gap = if random.below(2) == 0 { HOUR_MS } else { 0 };
        let versions = match random.below(3) {
            0 => vec![
                Version { period: Period::new(Timestamp::MIN, moved), path: before },
                Version {
                    period: Period::new(moved.plus_millis(gap), Timestamp::MAX),
                    path: after,
                },
            ],
            _ => ever(before),
        };
        define(format!("customer-{customer}"), versions);
    }
    facts
}

/// The nodes and links of a shortest way between two random nodes; just one
/// node where there is no way.
fn route(topology: &Topology, elements: &Elements, random: &mut Shuffle) -> Vec<PathExpr> {
    let (start, goal) = (random.below(topology.nodes.len()), random.below(topology.nodes.len()));
    let mut came_by: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    let mut seen = BTreeSet::from([start]);
    let mut open = VecDeque::from([start]);
    // Another order each time, so that parallel links all get their turn.
    let mut links: Vec<usize> = (0..topology.links.len()).collect();
    random.order(&mut links);
    while let Some(at) = open.pop_front() {
        for &link in &links {
            let (_, a, b) = topology.links[link];
            let next = if a == at {
                b
            } else if b == at {
                a
            } else {
                continue;
            };
            if seen.insert(next) {
                came_by.insert(next, (at, link));
                open.push_back(next);
            }
        }
    }
    let mut at = if seen.contains(&goal) { goal } else { start };
    let mut hops = vec![PathExpr::Component(elements.nodes[at].clone())];
    while let Some(&(before, link)) = came_by.get(&at).filter(|_| at != start) {
        hops.push(PathExpr::Component(elements.links[link].clone()));
        hops.push(PathExpr::Component(elements.nodes[before].clone()));
        at = before;
    }
    hops
}
