//! What the source claimed of each component, and whether that was so.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use correlate::model::ComponentState::{self, Unknown};
use correlate::model::{ComponentId, Timestamp};
use ingest::source::{Evidence, ObservedSample};

use crate::STALE_AFTER_MS;
use crate::fates::Fate;

/// LibreNMS polls every device so often.
const POLL_MS: i64 = 300_000;

/// How many claims before and after an instant are shown.
const NEAR: usize = 4;

/// What counts at one instant.
#[derive(Clone, Copy, Debug)]
struct Claim {
    state: ComponentState,
    uncertainty_ms: i64,
    evidence: Evidence,
}

impl Claim {
    /// Of two words on one instant the better one, as the store ranks them: an uncertainty that
    /// is stated beats none, a smaller one a greater one, then counts what it rests on.
    fn better(self, other: Claim) -> Claim {
        let rank = |claim: Claim| {
            let certainty = (claim.uncertainty_ms > 0).then_some(Reverse(claim.uncertainty_ms));
            let kinds = [Evidence::Poll, Evidence::Push, Evidence::Outage, Evidence::EventLog];
            (certainty, kinds.iter().position(|kind| *kind == claim.evidence))
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

/// The claims of all components, by instant.
pub(crate) struct Claims(BTreeMap<ComponentId, BTreeMap<Timestamp, Claim>>);

/// How much was judged.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) claims: usize,
    /// Claims that a push led to; lines of the event log date most of their edges afterwards.
    pub(crate) by_push: usize,
    pub(crate) edges: usize,
    /// Edges known to a minute.
    pub(crate) exact: usize,
    /// Edges known to a poll.
    pub(crate) to_a_poll: usize,
    pub(crate) from_log: usize,
    pub(crate) from_outages: usize,
    pub(crate) unknown: usize,
    /// What was not so, in words.
    pub(crate) wrong: Vec<String>,
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
                *known = known.better(new);
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

    /// What was claimed last before an instant and first after it.
    pub(crate) fn near(&self, component: &ComponentId, at: Timestamp) -> String {
        let Some(claims) = self.0.get(component) else { return "nothing".to_owned() };
        let before = claims.range(..=at).rev().take(NEAR).collect::<Vec<_>>();
        let after = claims.range(at..).filter(|(after, _)| **after > at).take(NEAR);
        let shown = before.into_iter().rev().chain(after).map(|(at, claim)| {
            format!("{at} {} ±{} {:?}", claim.state, claim.uncertainty_ms, claim.evidence)
        });
        shown.collect::<Vec<_>>().join(", ")
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

    /// Whether anything was claimed of an instant of `[from, until)`, and not only of some
    /// instant of a longer time, but that nothing is known.
    pub(crate) fn has_any(
        &self,
        component: &ComponentId,
        from: Timestamp,
        until: Timestamp,
    ) -> bool {
        let claims = self.0.get(component).into_iter().flat_map(|c| c.range(from..until));
        claims.into_iter().any(|(_, claim)| claim.state != Unknown && claim.uncertainty_ms == 0)
    }

    /// Where the edges of a component may have been. One that was hidden while nothing was
    /// known of the component, and of which a new process says nothing, is somewhere between
    /// what was known last and what is known again.
    pub(crate) fn doubts(&self, component: &ComponentId) -> Vec<Doubt> {
        let mut before = Unknown;
        // Since when the edge must be: the claim before was so as well.
        let mut not_before = Timestamp::MIN;
        let mut known: Option<(Timestamp, ComponentState)> = None;
        let mut doubts = Vec::new();
        for (until, claim) in self.of(component) {
            let from = until.plus_millis(-claim.uncertainty_ms);
            if claim.state != Unknown && (claim.uncertainty_ms > 0 || claim.state != before) {
                let hidden = known.filter(|&(at, state)| {
                    let is_silent = before == Unknown || at.plus_millis(STALE_AFTER_MS) <= until;
                    is_silent && state != claim.state && claim.uncertainty_ms == 0
                });
                let from = hidden.map_or(from.max(not_before), |(at, _)| at);
                doubts.push(Doubt { from, until });
            }
            if claim.state != Unknown {
                not_before = from;
                known = Some((until, claim.state));
            }
            before = claim.state;
        }
        doubts
    }

    /// Every claim was so within its uncertainty, and every edge was an edge.
    pub(crate) fn judge(&self, component: &ComponentId, fate: &Fate, tally: &mut Tally) {
        let mut before = Unknown;
        let mut stale_at = Timestamp::MIN;
        for (at, claim) in self.of(component) {
            // What was silent for so long is unknown by then; without an uncertainty nothing is
            // said of the time before, and there is no edge.
            if at >= stale_at && claim.uncertainty_ms == 0 {
                before = Unknown;
            }
            stale_at = at.plus_millis(STALE_AFTER_MS);
            let from = at.plus_millis(-claim.uncertainty_ms);
            tally.claims += 1;
            tally.by_push += usize::from(claim.evidence == Evidence::Push);
            if claim.state == Unknown {
                tally.unknown += 1;
            } else {
                if !fate.was(claim.state, from, at) {
                    let near = fate.near(at);
                    tally.wrong.push(format!(
                        "{component} was not so in [{from}, {at}]: {claim:?}, before {before:?}; \
                         really {near:?}"
                    ));
                }
                if before != Unknown && before != claim.state {
                    tally.edges += 1;
                    tally.exact += usize::from(claim.uncertainty_ms <= 60_000);
                    tally.to_a_poll += usize::from(claim.uncertainty_ms <= POLL_MS);
                    tally.from_log += usize::from(claim.evidence == Evidence::EventLog);
                    tally.from_outages += usize::from(claim.evidence == Evidence::Outage);
                    let turned = fate
                        .edges
                        .iter()
                        .any(|(edge, to)| *to == claim.state && *edge >= from && *edge <= at);
                    if !turned {
                        let (near, claimed) = (fate.near(at), self.near(component, at));
                        tally.wrong.push(format!(
                            "{component} did not turn in [{from}, {at}]: {claim:?}; really \
                             {near:?}; claimed {claimed}"
                        ));
                    }
                }
            }
            before = claim.state;
        }
    }
}
