//! What the source claimed of each component, and whether that was so.

use std::collections::BTreeMap;

use correlate::model::ComponentState::{self, Unknown};
use correlate::model::{ComponentId, Timestamp};
use ingest::source::{Evidence, ObservedSample};

use crate::fates::Fate;

/// LibreNMS looks at the start of a poll and dates what it saw by its end, up to 12 s later; its
/// times are whole seconds.
const SLACK_MS: i64 = 13_000;

/// What counts at one instant.
#[derive(Clone, Copy, Debug)]
struct Claim {
    state: ComponentState,
    uncertainty_ms: i64,
    evidence: Evidence,
}

/// The claims of all components, by instant.
pub(crate) struct Claims(BTreeMap<ComponentId, BTreeMap<Timestamp, Claim>>);

/// How much was judged.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) claims: usize,
    pub(crate) edges: usize,
    /// Edges known to a minute.
    pub(crate) exact: usize,
    pub(crate) from_log: usize,
    pub(crate) from_outages: usize,
    pub(crate) unknown: usize,
}

/// A time of doubt about a component: its edge was somewhere in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doubt {
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
}

impl Claims {
    pub(crate) fn new(samples: &[(ComponentId, ObservedSample)]) -> Claims {
        let mut claims = Claims(BTreeMap::new());
        for (component, sample) in samples {
            let of = claims.0.entry(component.clone()).or_default();
            let uncertainty_ms = i64::from(sample.uncertainty_ms);
            let new = Claim { state: sample.state, uncertainty_ms, evidence: sample.evidence };
            let known = of.entry(sample.at).or_insert(new);
            if known.state == new.state {
                // A renewal carries no uncertainty; the edge keeps its own.
                known.uncertainty_ms = known.uncertainty_ms.max(new.uncertainty_ms);
            } else if known.state.strongest(new.state) == new.state {
                *known = new;
            }
        }
        claims
    }

    fn of(&self, component: &ComponentId) -> impl DoubleEndedIterator<Item = (Timestamp, Claim)> {
        let claims = self.0.get(component).into_iter().flatten();
        claims.map(|(at, claim)| (*at, *claim))
    }

    /// The state at an instant, as the engine has it.
    pub(crate) fn state_at(
        &self,
        component: &ComponentId,
        at: Timestamp,
        stale_after_ms: i64,
    ) -> ComponentState {
        let known = self.0.get(component).and_then(|claims| claims.range(..=at).next_back());
        match known {
            Some((since, claim)) if at < since.plus_millis(stale_after_ms) => claim.state,
            _ => Unknown,
        }
    }

    /// Whether the state at `at` rests on LibreNMS's own record of an outage, read afterwards.
    pub(crate) fn is_told_later(
        &self,
        component: &ComponentId,
        at: Timestamp,
        until: Timestamp,
    ) -> bool {
        let known = self.0.get(component).and_then(|claims| claims.range(..=at).next_back());
        known.is_some_and(|(since, claim)| {
            *since < until && matches!(claim.evidence, Evidence::Outage | Evidence::EventLog)
        })
    }

    /// Whether anything was claimed of `[from, until)` but that nothing is known.
    pub(crate) fn has_any(
        &self,
        component: &ComponentId,
        from: Timestamp,
        until: Timestamp,
    ) -> bool {
        let claims = self.0.get(component).into_iter().flat_map(|c| c.range(from..until));
        claims.into_iter().any(|(_, claim)| claim.state != Unknown)
    }

    /// Where the edges of a component may have been.
    pub(crate) fn doubts(&self, component: &ComponentId) -> Vec<Doubt> {
        let claims = self.of(component).filter(|(_, claim)| claim.state != Unknown);
        let doubt = |(at, claim): (Timestamp, Claim)| Doubt {
            from: at.plus_millis(-claim.uncertainty_ms - SLACK_MS),
            until: at,
        };
        claims.map(doubt).filter(|doubt| doubt.from < doubt.until).collect()
    }

    /// Every claim was so within its uncertainty, and every edge was an edge.
    pub(crate) fn judge(&self, component: &ComponentId, fate: &Fate, tally: &mut Tally) {
        let mut before = Unknown;
        for (at, claim) in self.of(component) {
            let from = at.plus_millis(-claim.uncertainty_ms - SLACK_MS);
            tally.claims += 1;
            if claim.state == Unknown {
                tally.unknown += 1;
            } else {
                assert!(
                    fate.was(claim.state, from, at),
                    "{component} was not {:?} in [{from}, {at}]: {claim:?}; before {before:?}; \
                     really {:?}",
                    claim.state,
                    fate.near(at),
                );
                if before != Unknown && before != claim.state {
                    tally.edges += 1;
                    tally.exact += usize::from(claim.uncertainty_ms <= 60_000);
                    tally.from_log += usize::from(claim.evidence == Evidence::EventLog);
                    tally.from_outages += usize::from(claim.evidence == Evidence::Outage);
                    let turned = fate
                        .edges
                        .iter()
                        .any(|(edge, to)| *to == claim.state && *edge >= from && *edge <= at);
                    assert!(
                        turned,
                        "{component} did not turn in [{from}, {at}]: {claim:?}; really {:?}",
                        fate.near(at)
                    );
                }
            }
            before = claim.state;
        }
    }
}
