//! Why a service is what it is at an instant, with what was recorded of it.

use std::collections::{BTreeMap, BTreeSet};

use correlate::explain::{Explanation, explain};
use correlate::facts::Facts;
use correlate::model::{
    ComponentId, ComponentState, Interval, Period, ServiceId, ServiceState, Target, Timestamp,
};

use store::evidence::StateReason;
use store::series::EdgeEvidence;

use super::facts::{self, Definitions};
use super::{AskError, ComponentNames, Stores, hidden};

/// Services that one explanation may go through, and nodes of their
/// expressions: what a page can carry.
const SERVICES_MAX: usize = 2_000;
const NODES_MAX: usize = 20_000;

/// What is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WhyQuestion {
    /// Which service.
    pub service: ServiceId,
    /// When; not after `as_of`, nor in the future.
    pub at: Timestamp,
    /// By what was known then; by what is known now where there is none.
    pub as_of: Option<Timestamp>,
    /// What time it is.
    pub now: Timestamp,
}

/// Why a service is what it is.
#[derive(Clone, Debug)]
pub struct Why {
    /// The explanation, from definitions, windows and transitions.
    pub explanation: Explanation,
    /// By what was known when it was asked for so.
    pub as_of: Option<Timestamp>,
    /// The interval that is, or was, recorded for the instant.
    pub recorded: Option<Interval>,
    /// Whether the explanation gives the state and the cause that are
    /// recorded. Where it does not, the engine has not taken in an edit yet,
    /// or what was known then is not all kept.
    pub agrees: bool,
    /// From when each component has its state and how that was known, as far as
    /// it was kept.
    pub known: BTreeMap<ComponentId, (Timestamp, EdgeEvidence)>,
    /// Why components are unknown, and since when for this reason, as far as an
    /// NMS said.
    pub unknown: BTreeMap<ComponentId, (Timestamp, StateReason)>,
    /// What the components are called.
    pub components: ComponentNames,
    /// What the services are called.
    pub services: BTreeMap<ServiceId, String>,
    /// Services outside the scope that it refers to, under ids that stand for
    /// them here and nowhere else.
    pub shared: BTreeSet<ServiceId>,
}

/// Answers `question`.
///
/// # Errors
/// A service that nobody knows, an instant in the future or after `as_of`, an
/// expression beyond the limits, or a store that fails.
pub async fn why(stores: Stores<'_>, question: &WhyQuestion) -> Result<Why, AskError> {
    let WhyQuestion { service, at, as_of, now } = question;
    if *at > *now {
        let reason = "must not be in the future; ask what-if about plans";
        return Err(AskError::refused("at", reason));
    }
    if as_of.is_some_and(|as_of| as_of < *at) {
        return Err(AskError::refused("as_of", "must not be before at"));
    }
    // In bounds, only what belongs to a customer now is there at all.
    let own = stores.records.services().within(stores.scope).get(service).await?;
    if own.is_none() && !stores.scope.is_everything() {
        return Err(AskError::NoService(service.clone()));
    }
    let definitions = match as_of {
        None => stores
            .records
            .services()
            .with_references([service.clone()], SERVICES_MAX)
            .await?
            .map(|found| found.into_iter().map(|(id, one)| (id, one.definition)).collect()),
        Some(as_of) => {
            facts::definitions_as_of(stores.records, service, *as_of, SERVICES_MAX).await?
        }
    };
    let definitions: Definitions =
        definitions.ok_or_else(|| too_large("services", SERVICES_MAX))?;
    let is_known = definitions.contains_key(service);
    let mut facts = Facts { definitions, ..Facts::default() };
    let components = components_at(&facts, *at)?;
    let mut targets: BTreeSet<Target> =
        components.iter().map(|id| Target::Component(id.clone())).collect();
    targets.insert(Target::Service(service.clone()));
    let windows = facts::windows(stores.records, &targets, None, *as_of).await?;
    facts.windows = windows.into_iter().map(|(id, window)| (id, window.window)).collect();
    facts::states_around(stores.series, &mut facts, &components, *at, *as_of).await?;
    let recorded = recorded(stores, question).await?;
    if recorded.is_none() && !is_known && own.is_none() {
        return Err(AskError::NoService(service.clone()));
    }
    let mut explanation = explain(&facts, service, *at);
    let services = service_names(stores, &facts).await?;
    let shared = match stores.scope.is_everything() {
        true => BTreeSet::new(),
        false => hidden::others(&mut explanation, |id| services.contains_key(id)),
    };
    Ok(Why {
        agrees: said(recorded.as_ref(), *at)
            == explanation.state.map(|state| (state, explanation.cause.as_slice())),
        as_of: *as_of,
        known: facts::evidence_at(stores.series, &facts, *at).await?,
        unknown: facts::unknown_reasons_at(stores.series, &facts, &components, *at).await?,
        components: ComponentNames::of(stores, components.iter().collect()).await?,
        services,
        shared,
        recorded,
        explanation,
    })
}

fn too_large(what: &str, limit: usize) -> AskError {
    AskError::refused("id", format!("its expression goes through more than {limit} {what}"))
}

/// The components that count at `at`.
fn components_at(facts: &Facts, at: Timestamp) -> Result<BTreeSet<ComponentId>, AskError> {
    let mut components = BTreeSet::new();
    let mut nodes = 0;
    for version in facts.definitions.values().filter_map(|one| one.version_at(at)) {
        version.path.walk(&mut |_| nodes += 1);
        components.extend(version.path.components().into_iter().cloned());
    }
    if nodes > NODES_MAX { Err(too_large("nodes", NODES_MAX)) } else { Ok(components) }
}

/// The interval that holds the instant, as it is or was recorded.
async fn recorded(
    stores: Stores<'_>,
    question: &WhyQuestion,
) -> Result<Option<Interval>, AskError> {
    let WhyQuestion { service, at, as_of, .. } = question;
    let instant = Period::new(*at, at.plus_millis(1));
    let found = match as_of {
        None => stores.series.within(stores.scope).intervals(service, instant, 1).await?,
        Some(as_of) => {
            let series = stores.series.within(stores.scope);
            series.intervals_as_of(service, instant, *as_of, 1).await?
        }
    };
    Ok(found.rows.into_iter().next())
}

/// What an interval says of `at`.
fn said(interval: Option<&Interval>, at: Timestamp) -> Option<(ServiceState, &[ComponentId])> {
    let interval = interval?;
    let moved = interval.cause_moves.iter().rev().find(|(moved, _)| *moved <= at);
    Some((interval.state, moved.map_or(&interval.cause, |(_, cause)| cause)))
}

async fn service_names(
    stores: Stores<'_>,
    facts: &Facts,
) -> Result<BTreeMap<ServiceId, String>, AskError> {
    let ids: Vec<ServiceId> = facts.definitions.keys().cloned().collect();
    let found = stores.records.services().within(stores.scope).by_ids(&ids).await?;
    Ok(found.into_iter().map(|(id, service)| (id, service.name)).collect())
}

impl Why {
    /// When the state of a component began that it has during `held`, and how
    /// that was known; `None` where it was not kept.
    pub fn known_since(
        &self,
        id: &ComponentId,
        held: &Period,
    ) -> Option<(Timestamp, &EdgeEvidence)> {
        // Of what was silent nobody knew anything.
        self.begun(id, held).filter(|(_, how)| how.reason != Some(StateReason::Silent))
    }

    fn begun(&self, id: &ComponentId, held: &Period) -> Option<(Timestamp, &EdgeEvidence)> {
        let (at, how) = self.known.get(id).filter(|(at, _)| *at == held.from)?;
        Some((*at, how))
    }

    /// Why a component has the `state` that it has during `held`, where nobody
    /// measured it and a reason was kept.
    pub fn reason(
        &self,
        id: &ComponentId,
        state: ComponentState,
        held: &Period,
    ) -> Option<StateReason> {
        let last = self.unknown.get(id).filter(|_| state == ComponentState::Unknown);
        let last = last.filter(|(since, _)| *since >= held.from).map(|(_, reason)| *reason);
        last.or_else(|| self.begun(id, held)?.1.reason)
    }

    /// What a service is called; its id where nobody named it.
    pub fn service_name(&self, id: &ServiceId) -> String {
        self.services.get(id).cloned().unwrap_or_else(|| id.to_string())
    }
}
