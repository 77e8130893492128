//! What the NMS knew of each edge of a component, and how exactly it knew
//! when: kept beside the transitions, joined when read.
//!
//! Of two words on one edge the better one stays, so the table is the same
//! whatever the order in which they came, and however often. Beside edges it
//! holds the instants at which a component that is unknown is so for a new
//! reason: those begin no state, and joins pass over them.

use std::collections::BTreeMap;

use clickhouse::Row;
use correlate::model::{ComponentId, ComponentState, Period, Timestamp};
use serde::{Deserialize, Serialize};

use super::query::{check_ids, check_limit, clip_instant};
use super::row::{component_state, component_state_number, instant, texts};
use super::{Bounded, Series, SeriesError, Transition};
use crate::evidence::{SampleSource, StateReason};

const TABLE: &str = "component_evidence";

/// How the kinds of evidence rank where the uncertainty is the same: a line of
/// the event log names the instant, a record of a past outage was written for
/// it, a push and a poll only saw it afterwards.
const RANKS: [SampleSource; 5] = [
    SampleSource::Other,
    SampleSource::Poll,
    SampleSource::Push,
    SampleSource::Outage,
    SampleSource::EventLog,
];

/// The kinds by their numbers in ClickHouse.
const NUMBERS: [SampleSource; 5] = [
    SampleSource::Other,
    SampleSource::Poll,
    SampleSource::EventLog,
    SampleSource::Push,
    SampleSource::Outage,
];

/// What is known of one edge: that `component` was in `state` from `at` on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edge {
    /// Whose state.
    pub component: ComponentId,
    /// From when it held, as the transition says.
    pub at: Timestamp,
    /// The state from then on.
    pub state: ComponentState,
    /// How it was known.
    pub known: EdgeEvidence,
}

/// How an edge was known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EdgeEvidence {
    /// How the NMS knew it.
    pub source: SampleSource,
    /// The state began within this many milliseconds before the edge, or at
    /// it; 0 where nothing was known of the time before.
    pub uncertainty_ms: u32,
    /// When ingest read it, by its clock.
    pub observed_at: Timestamp,
    /// Why it is so, where nobody measured it.
    pub reason: Option<StateReason>,
}

impl EdgeEvidence {
    /// The stretch of time in which the state began, for an edge at `at`;
    /// `None` where nothing was known of the time before.
    pub fn began_within(&self, at: Timestamp) -> Option<Period> {
        let uncertain = (self.uncertainty_ms > 0)
            .then(|| Period::new(at.plus_millis(-i64::from(self.uncertainty_ms)), at));
        uncertain.filter(|period| !period.is_empty())
    }

    /// Greater is better. An uncertainty that is known beats one that is not,
    /// and a smaller one beats a greater; then a reason that the NMS gave one
    /// that it did not. Never 0, which is what no row has.
    fn rank(&self) -> u64 {
        let certainty = match self.uncertainty_ms {
            0 => 0,
            known => 1 + u64::from(u32::MAX - known),
        };
        let kind = RANKS.iter().position(|kind| *kind == self.source).unwrap_or_default();
        let said = match self.reason {
            None => 0,
            Some(StateReason::Silent) => 1,
            Some(_) => 2,
        };
        (certainty << 8) + (said << 4) + kind as u64 + 1
    }
}

#[derive(Row, Serialize)]
struct EdgeRow<'a> {
    component: &'a str,
    at: i64,
    state: i8,
    evidence: i8,
    uncertainty_ms: u32,
    observed_at: i64,
    rank: u64,
    reason: &'a str,
}

#[derive(Row, Deserialize)]
struct EdgeRead {
    component: String,
    at_ms: i64,
    state_number: i8,
    evidence_number: i8,
    uncertainty_ms: u32,
    observed_at_ms: i64,
    reason_name: String,
}

#[derive(Row, Deserialize)]
struct ReasonRead {
    component: String,
    reason_name: String,
    at_ms: i64,
}

#[derive(Row, Deserialize)]
struct UncertaintyRead {
    component: String,
    at_ms: i64,
    uncertainty_ms: u32,
}

impl Series {
    /// Writes what is known of edges; of two on one edge the better one stays,
    /// whichever is written first. Repeating it changes nothing.
    ///
    /// # Errors
    /// The server is away or refuses, or an instant that it cannot hold.
    pub async fn write_edges(&self, edges: &[Edge]) -> Result<(), SeriesError> {
        let mut sorted: Vec<&Edge> = edges.iter().collect();
        sorted.sort_by(|a, b| (&a.component, a.at).cmp(&(&b.component, b.at)));
        let rows: Result<Vec<_>, _> = sorted.into_iter().map(row).collect();
        self.insert::<EdgeRow<'static>>(TABLE, &rows?).await
    }

    /// What is known of `transitions`; absent where nothing was kept.
    ///
    /// # Errors
    /// More than [`IDS_MAX`](super::IDS_MAX) transitions, or the server is away or refuses.
    pub async fn evidence_of(
        &self,
        transitions: &[Transition],
    ) -> Result<BTreeMap<(ComponentId, Timestamp), EdgeEvidence>, SeriesError> {
        check_ids(transitions.len())?;
        let components: Vec<ComponentId> =
            transitions.iter().map(|transition| transition.component.clone()).collect();
        let instants: Vec<i64> =
            transitions.iter().map(|transition| transition.at.millis()).collect();
        let query = self
            .read(
                "SELECT component, toUnixTimestamp64Milli(at) AS at_ms,
                        CAST(state, 'Int8') AS state_number,
                        CAST(evidence, 'Int8') AS evidence_number, uncertainty_ms,
                        toUnixTimestamp64Milli(observed_at) AS observed_at_ms,
                        CAST(reason, 'String') AS reason_name
                 FROM component_evidence FINAL
                 WHERE component IN {components:Array(String)}
                   AND (component, toUnixTimestamp64Milli(component_evidence.at)) IN
                       arrayZip({components:Array(String)}, {instants:Array(Int64)})
                 ORDER BY component, component_evidence.at",
            )
            .param("components", texts(&components))
            .param("instants", instants);
        let rows = self.rows::<EdgeRead>("reading the evidence of edges", query).await?;
        let asked: BTreeMap<_, _> = transitions
            .iter()
            .map(|transition| ((&transition.component, transition.at), transition.state))
            .collect();
        let mut found = BTreeMap::new();
        for row in rows {
            let edge = row.into_edge()?;
            if asked.get(&(&edge.component, edge.at)) == Some(&edge.state) {
                found.insert((edge.component, edge.at), edge.known);
            }
        }
        Ok(found)
    }

    /// How far before each of `instants` the state may have begun that its
    /// component takes there, in milliseconds; absent where the component
    /// changes nothing at that instant, or nothing is known of the time before.
    ///
    /// # Errors
    /// More than [`IDS_MAX`](super::IDS_MAX) instants, or the server is away or refuses.
    pub async fn uncertainty_at(
        &self,
        instants: &[(ComponentId, Timestamp)],
    ) -> Result<BTreeMap<(ComponentId, Timestamp), u32>, SeriesError> {
        check_ids(instants.len())?;
        let components: Vec<ComponentId> = instants.iter().map(|one| one.0.clone()).collect();
        let millis: Vec<i64> = instants.iter().map(|one| one.1.millis()).collect();
        let query = self
            .read(
                "WITH arrayZip({components:Array(String)}, {instants:Array(Int64)}) AS asked
                 SELECT component, toUnixTimestamp64Milli(at) AS at_ms, uncertainty_ms
                 FROM component_evidence FINAL
                 WHERE component IN {components:Array(String)} AND uncertainty_ms > 0
                   AND (component, toUnixTimestamp64Milli(component_evidence.at)) IN asked
                   AND (component, component_evidence.at, component_evidence.state) IN (
                        SELECT component, component_transitions.at, component_transitions.state
                        FROM component_transitions FINAL
                        WHERE component IN {components:Array(String)}
                          AND (component, toUnixTimestamp64Milli(component_transitions.at))
                              IN asked)
                 ORDER BY component, component_evidence.at",
            )
            .param("components", texts(&components))
            .param("instants", millis);
        let rows = self.rows::<UncertaintyRead>("reading how exact edges are", query).await?;
        let key = |row: UncertaintyRead| {
            ((ComponentId::from(row.component), Timestamp(row.at_ms)), row.uncertainty_ms)
        };
        Ok(rows.into_iter().map(key).collect())
    }

    /// Why each of `components` is unknown at `at`, if it is, and since when it
    /// has been so for this reason: the last word of an NMS on it, which counts
    /// only if no other state began since. Absent where no NMS said; that one was
    /// silent is known of transitions alone, by [`evidence_of`](Self::evidence_of).
    ///
    /// # Errors
    /// More than [`IDS_MAX`](super::IDS_MAX) components, or the server is away or refuses.
    pub async fn unknown_reasons(
        &self,
        components: &[ComponentId],
        at: Timestamp,
    ) -> Result<BTreeMap<ComponentId, (Timestamp, StateReason)>, SeriesError> {
        check_ids(components.len())?;
        let query = self
            .read(
                "SELECT component,
                        CAST(argMax(reason, (component_evidence.at, rank)), 'String') AS reason_name,
                        toUnixTimestamp64Milli(max(component_evidence.at)) AS at_ms
                 FROM component_evidence FINAL
                 WHERE component IN {components:Array(String)}
                   AND reason NOT IN ('', 'silent')
                   AND component_evidence.state = 'unknown'
                   AND component_evidence.at <= fromUnixTimestamp64Milli({at:Int64}, 'UTC')
                 GROUP BY component ORDER BY component",
            )
            .param("components", texts(components))
            .param("at", clip_instant(at));
        let rows = self.rows::<ReasonRead>("reading why components are unknown", query).await?;
        let reason = |row: ReasonRead| {
            let reason = StateReason::parse(&row.reason_name)?;
            Some((ComponentId::from(row.component), (Timestamp(row.at_ms), reason)))
        };
        Ok(rows.into_iter().filter_map(reason).collect())
    }

    /// Edges of the components of `nms` that are known from a push and were
    /// read at or after `since`, the latest first; at most `limit`.
    ///
    /// # Errors
    /// `limit` outside `1..=`[`ROWS_MAX`](super::ROWS_MAX), or the server is away or refuses.
    pub async fn edges_by_push(
        &self,
        nms: &str,
        since: Timestamp,
        limit: usize,
    ) -> Result<Bounded<Edge>, SeriesError> {
        check_limit(limit)?;
        let query = self
            .read(
                "SELECT component, toUnixTimestamp64Milli(at) AS at_ms,
                        CAST(state, 'Int8') AS state_number,
                        CAST(evidence, 'Int8') AS evidence_number, uncertainty_ms,
                        toUnixTimestamp64Milli(observed_at) AS observed_at_ms,
                        CAST(reason, 'String') AS reason_name
                 FROM component_evidence FINAL
                 WHERE component_evidence.evidence = 'push'
                   AND startsWith(component, {prefix:String})
                   AND component_evidence.observed_at >=
                       fromUnixTimestamp64Milli({since:Int64}, 'UTC')
                 ORDER BY component_evidence.observed_at DESC, component LIMIT {limit:UInt64}",
            )
            .param("prefix", format!("{nms}/"))
            .param("since", clip_instant(since))
            .param("limit", limit as u64 + 1);
        let rows = self.rows::<EdgeRead>("reading edges known by push", query).await?;
        let mut rows = rows.into_iter().map(EdgeRead::into_edge).collect::<Result<Vec<_>, _>>()?;
        let truncated = rows.len() > limit;
        rows.truncate(limit);
        Ok(Bounded { rows, truncated })
    }
}

fn row(edge: &Edge) -> Result<EdgeRow<'_>, SeriesError> {
    let Edge { component, at, state, known } = edge;
    let number = NUMBERS.iter().position(|kind| *kind == known.source).unwrap_or_default();
    Ok(EdgeRow {
        component: component.as_str(),
        at: instant(*at, || format!("the instant of an edge of {component}"))?,
        state: component_state_number(*state),
        evidence: number as i8,
        uncertainty_ms: known.uncertainty_ms,
        observed_at: instant(known.observed_at, || {
            format!("when an edge of {component} was observed")
        })?,
        rank: known.rank(),
        reason: known.reason.map_or("", StateReason::as_str),
    })
}

impl EdgeRead {
    fn into_edge(self) -> Result<Edge, SeriesError> {
        let source = usize::try_from(self.evidence_number).ok();
        let source = source.and_then(|number| NUMBERS.get(number)).copied();
        Ok(Edge {
            state: component_state(self.state_number)?,
            component: ComponentId::from(self.component),
            at: Timestamp(self.at_ms),
            known: EdgeEvidence {
                source: source.unwrap_or(SampleSource::Other),
                uncertainty_ms: self.uncertainty_ms,
                observed_at: Timestamp(self.observed_at_ms),
                reason: StateReason::parse(&self.reason_name),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(source: SampleSource, uncertainty_ms: u32) -> EdgeEvidence {
        EdgeEvidence { source, uncertainty_ms, observed_at: Timestamp(9), reason: None }
    }

    #[test]
    fn the_better_word_on_an_edge_ranks_higher() {
        let because =
            |reason| EdgeEvidence { reason: Some(reason), ..known(SampleSource::Poll, 0) };
        let worst_first = [
            known(SampleSource::Other, 0),
            known(SampleSource::Poll, 0),
            known(SampleSource::EventLog, 0),
            because(StateReason::Silent),
            because(StateReason::AdminShut),
            known(SampleSource::Poll, u32::MAX),
            known(SampleSource::EventLog, 300_000),
            known(SampleSource::Poll, 60_000),
            known(SampleSource::Push, 60_000),
            known(SampleSource::Outage, 60_000),
            known(SampleSource::EventLog, 60_000),
            known(SampleSource::Poll, 1),
        ];
        assert!(worst_first.iter().all(|known| known.rank() > 0));
        assert!(worst_first.is_sorted_by(|a, b| a.rank() < b.rank()));
    }

    #[test]
    fn an_edge_began_within_its_uncertainty() {
        let edge = known(SampleSource::EventLog, 60_000);
        let expected = Period::new(Timestamp(40_000), Timestamp(100_000));
        assert_eq!(edge.began_within(Timestamp(100_000)), Some(expected));
        assert_eq!(known(SampleSource::Poll, 0).began_within(Timestamp(100_000)), None);
    }
}
