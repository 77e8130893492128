//! Where two runs of one history may differ: an ingest that was killed reads
//! anew, and may then tell an edge more exactly than one that was left alone,
//! or less; and it may have heard of a component a little later, or by the
//! outages that are asked for at a start, where the other one has heard nothing
//! for too long. Each says beside its edges how exactly it knows them; and what
//! one tells where the other is silent must have been true when it was said.
//! Outside of that the runs must agree, row by row.

use std::collections::BTreeMap;

use correlate::model::{ComponentId, ComponentState, Timestamp};
use ingest::simulator::{Standing, Truth, World};

use crate::history::History;
use crate::network::{components_of, device_of};
use crate::pipeline::Pipeline;
use crate::rows::{Rows, clip};

/// The differences that are shown.
const SHOWN_MAX: usize = 12;

/// From and until, in milliseconds after the start of the history.
type Span = (i64, i64);

/// What a run says of one history.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) rows: Rows,
    /// In which spans each component may have changed.
    doubts: BTreeMap<String, Vec<Span>>,
    /// In which spans each component was something else than unknown.
    known: BTreeMap<String, Vec<Span>>,
    /// When it said something of a component that was not so at that instant.
    untrue: BTreeMap<String, Vec<i64>>,
}

/// An interval of a service.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Interval {
    from: i64,
    until: i64,
    state: String,
    cause: String,
}

impl Told {
    /// What `pipeline`, whose rows are `rows`, says of its components.
    pub(crate) async fn by(pipeline: &Pipeline, history: &History, rows: Rows) -> Told {
        let start = history.start.millis();
        let sql = format!(
            "SELECT component, toUnixTimestamp64Milli(at) - {start}, uncertainty_ms
             FROM v_component_evidence
             WHERE uncertainty_ms > 0 AND toUnixTimestamp64Milli(at) < {until}",
            until = history.until(),
        );
        let mut doubts: BTreeMap<String, Vec<Span>> = BTreeMap::new();
        for [component, at, uncertainty_ms] in ask(pipeline, &sql).await {
            let [at, uncertainty_ms] = [at, uncertainty_ms].map(|n| n.parse().expect("a number"));
            let uncertainty_ms: i64 = uncertainty_ms;
            doubts.entry(component).or_default().push((at - uncertainty_ms, at));
        }
        let sql = format!(
            "SELECT component, toUnixTimestamp64Milli(at) - {start}, state
             FROM v_component_transitions ORDER BY component, at"
        );
        let mut known: BTreeMap<String, Vec<Span>> = BTreeMap::new();
        for [component, at, state] in ask(pipeline, &sql).await {
            let at: i64 = at.parse().expect("a number");
            let spans = known.entry(component).or_default();
            if let Some(last) = spans.last_mut().filter(|last| last.1 == NEVER) {
                last.1 = at;
            }
            if state != "unknown" {
                spans.push((at, NEVER));
            }
        }
        let truth = pipeline.nms.simulator.truth();
        let mut untrue: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for (at, component, state) in pipeline.log.samples().await {
            let at_start = at.millis() - start;
            if !is_true(&truth, &history.world, &component, at, state) {
                untrue.entry(component.to_string()).or_default().push(at_start);
            }
        }
        Told { rows, doubts, known, untrue }
    }

    /// The same, as far as `history` goes.
    pub(crate) fn clipped(&self, history: &History) -> Told {
        Told { rows: clip(&self.rows, history), ..self.clone() }
    }

    fn of_service(&self, service: &str) -> Vec<Interval> {
        let own = self.rows.iter().filter_map(|row| row.strip_prefix(service)?.strip_prefix(','));
        own.map(|row| {
            let fields: Vec<&str> = row.split(',').collect();
            let [from, until, state, cause] = fields[..] else { panic!("{row:?}") };
            let [from, until] = [from, until].map(|time| time.parse().expect("a time"));
            Interval { from, until, state: state.to_owned(), cause: cause.to_owned() }
        })
        .collect()
    }
}

/// The end of what has not ended.
const NEVER: i64 = i64::MAX;

/// The rows of a query with three columns.
async fn ask(pipeline: &Pipeline, sql: &str) -> Vec<[String; 3]> {
    let lines = pipeline.clickhouse.ask(sql).await.expect("it answers");
    let row = |line: &str| {
        let fields: Vec<String> = line.split('\t').map(str::to_owned).collect();
        <[String; 3]>::try_from(fields).unwrap_or_else(|_| panic!("{line:?}"))
    };
    lines.lines().map(row).collect()
}

/// Whether a component was so; of what LibreNMS does not look at nobody can tell.
fn is_true(
    truth: &Truth,
    world: &World,
    component: &ComponentId,
    at: Timestamp,
    state: ComponentState,
) -> bool {
    let is_watched = device_of(world, component)
        .is_some_and(|device| world.devices()[device.place()].standing == Standing::Normal);
    !is_watched || state == ComponentState::Unknown || truth.state_at(component, at) == state
}

/// How much two runs were compared.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Compared {
    /// The time of all services.
    pub(crate) all_ms: i64,
    /// Of this, the time that lay in the doubt of an edge.
    pub(crate) doubtful_ms: i64,
    /// Of the rest, the time in which one run knew of a component and the other had
    /// heard nothing for too long.
    pub(crate) silent_ms: i64,
    /// Intervals whose causes were held against each other.
    pub(crate) causes: usize,
}

/// Fails with the first differences that no doubt explains.
#[track_caller]
pub(crate) fn assert_same_but_for_doubt(
    what: &str,
    history: &History,
    found: &Told,
    expected: &Told,
) -> Compared {
    let mut compared = Compared::default();
    let mut wrong = Vec::new();
    for service in history.world.service_list() {
        let service = service.id.as_str();
        let needs = components_of(&history.world, service);
        let until = history.until().millis() - history.start.millis();
        let doubts = Doubts::of(&needs, [found, expected], until, &mut wrong);
        let runs = [found, expected].map(|told| told.of_service(service));
        compare_states(service, &runs, &doubts, &mut compared, &mut wrong);
        compare_causes(service, &runs, &doubts, &mut compared, &mut wrong);
    }
    let shown = wrong.iter().take(SHOWN_MAX).map(|line| format!("\n  {line}"));
    let shown = shown.collect::<String>();
    assert!(wrong.is_empty(), "{what} differs {} times outside of doubt:{shown}", wrong.len());
    compared
}

/// Where two runs may differ about the components of a service.
struct Doubts<'a> {
    /// In which spans each of them may have changed.
    edges: Vec<(&'a ComponentId, Span)>,
    /// In which spans one run knew of a component, and the other did not.
    silence: Vec<Span>,
}

impl<'a> Doubts<'a> {
    /// Those before `until`.
    fn of(
        needs: &'a [ComponentId],
        told: [&Told; 2],
        until: i64,
        wrong: &mut Vec<String>,
    ) -> Doubts<'a> {
        let spans = |component: &'a ComponentId| {
            let spans = told.into_iter().filter_map(|told| told.doubts.get(component.as_str()));
            spans.flatten().map(move |span| (component, *span)).collect::<Vec<_>>()
        };
        let edges = needs.iter().flat_map(spans).collect();
        let silence =
            needs.iter().flat_map(|component| silence(component, told, until, wrong)).collect();
        Doubts { edges, silence }
    }

    /// Whether something may have changed throughout the span.
    fn cover(&self, (from, until): Span) -> bool {
        self.edges.iter().any(|(_, span)| span.0 <= from && until <= span.1)
    }

    /// Whether the span touches one in which one of the runs was silent.
    fn touch_silence(&self, (from, until): Span) -> bool {
        self.silence.iter().any(|span| span.0 <= until && from <= span.1)
    }

    fn bounds(&self) -> impl Iterator<Item = i64> {
        let spans = self.edges.iter().map(|(_, span)| span).chain(&self.silence);
        spans.flat_map(|span| [span.0, span.1])
    }

    /// How many components may have changed at an instant of the closed span.
    fn components(&self, (from, until): Span) -> usize {
        let near = self.edges.iter().filter(|(_, span)| span.0 <= until && from <= span.1);
        let mut near: Vec<_> = near.map(|(component, _)| component).collect();
        near.sort_unstable();
        near.dedup();
        near.len()
    }
}

/// The spans in which one of the runs knew of the component and the other did not.
/// What it told last before must have been so when it was said, and not only be
/// doubtful.
fn silence(
    component: &ComponentId,
    told: [&Told; 2],
    until: i64,
    wrong: &mut Vec<String>,
) -> Vec<Span> {
    const NONE: &[Span] = &[];
    let name = component.as_str();
    let known = told.map(|told| told.known.get(name).map_or(NONE, Vec::as_slice));
    let bounds = known.iter().flat_map(|spans| spans.iter()).flat_map(|span| [span.0, span.1]);
    let mut bounds: Vec<i64> = bounds.map(|at| at.min(until)).collect();
    bounds.sort_unstable();
    bounds.dedup();
    let knows = |spans: &[Span], at: i64| spans.iter().any(|span| span.0 <= at && at < span.1);
    let mut found = Vec::new();
    for pair in bounds.windows(2) {
        let [first, second] = known.map(|spans| knows(spans, pair[0]));
        if first == second {
            continue;
        }
        found.push((pair[0], pair[1]));
        let teller = told[usize::from(second)];
        let untrue = teller.untrue.get(name).into_iter().flatten();
        let doubts = teller.doubts.get(name).map_or(NONE, Vec::as_slice);
        let is_doubtful = |at: i64| doubts.iter().any(|span| span.0 <= at && at <= span.1);
        let lies = untrue.filter(|&&at| pair[0] <= at && at < pair[1] && !is_doubtful(at));
        wrong.extend(lies.map(|at| format!("{name} was told to be what it was not at {at}")));
    }
    found
}

fn compare_states(
    service: &str,
    runs: &[Vec<Interval>; 2],
    doubts: &Doubts<'_>,
    compared: &mut Compared,
    wrong: &mut Vec<String>,
) {
    let bounds = runs.iter().flatten().flat_map(|interval| [interval.from, interval.until]);
    let mut bounds: Vec<i64> = bounds.chain(doubts.bounds()).collect();
    bounds.sort_unstable();
    bounds.dedup();
    let at = |run: &[Interval], at: i64| -> Option<String> {
        let interval = run.iter().find(|interval| interval.from <= at && at < interval.until);
        interval.map(|interval| interval.state.clone())
    };
    for pair in bounds.windows(2) {
        let span = (pair[0], pair[1]);
        let [found, expected] = [&runs[0], &runs[1]].map(|run| at(run, span.0));
        if found.is_none() && expected.is_none() {
            continue;
        }
        compared.all_ms += span.1 - span.0;
        if doubts.cover(span) {
            compared.doubtful_ms += span.1 - span.0;
        } else if doubts.silence.iter().any(|one| one.0 <= span.0 && span.1 <= one.1) {
            compared.silent_ms += span.1 - span.0;
        } else if found != expected {
            wrong.push(format!("{service} in {span:?}: {found:?}, expected {expected:?}"));
        }
    }
}

/// The cause of an interval is the one at its start, so it tells nothing where
/// more than one component may have changed then.
fn compare_causes(
    service: &str,
    runs: &[Vec<Interval>; 2],
    doubts: &Doubts<'_>,
    compared: &mut Compared,
    wrong: &mut Vec<String>,
) {
    let [found, expected] = runs;
    for one in found {
        let overlaps = |other: &&Interval| {
            other.state == one.state && other.from < one.until && one.from < other.until
        };
        let mut others = expected.iter().filter(overlaps);
        let (Some(other), None) = (others.next(), others.next()) else { continue };
        let starts = (one.from.min(other.from), one.from.max(other.from));
        if doubts.components(starts) > 1 || doubts.touch_silence(starts) {
            continue;
        }
        compared.causes += 1;
        if one.cause != other.cause {
            wrong.push(format!("{service} at {starts:?}: {one:?}, expected {other:?}"));
        }
    }
}
