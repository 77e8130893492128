//! What services would be if components failed or were worked on.

use std::collections::{BTreeMap, BTreeSet};

use correlate::facts::Facts;
use correlate::model::{ComponentId, PathExpr, Period, ServiceId, Target};
use correlate::what_if::{self, Answer, Question, WhatIfError};
use store::records::{MaintenanceWindow, Page, Service};

use super::facts;
use super::{AskError, ComponentNames, Stores};

/// Components that one plan may name: a whole site, not the whole network.
pub const DOWN_MAX: usize = 5_000;

/// The longest period of a plan, in days of 24 hours.
pub const PERIOD_DAYS_MAX: i64 = 31;

/// Services that one plan may touch, with all that they refer to: definitions
/// of some hundred megabytes at most.
const SERVICES_MAX: usize = 100_000;

/// Components whose states have to be looked up; each thousand is a query.
const COMPONENTS_MAX: usize = 500_000;

const DAY_MS: i64 = 86_400_000;

/// What is supposed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// When.
    pub period: Period,
    /// Components that are down throughout.
    pub down: BTreeSet<ComponentId>,
    /// Components and services with a window throughout.
    pub windows: BTreeSet<Target>,
    /// Whether a device takes its ports with it.
    pub with_ports: bool,
}

/// What would be.
#[derive(Clone, Debug)]
pub struct Supposed {
    /// What was asked, with those ports of devices that a service needs.
    pub question: Question,
    /// The answer of the core.
    pub answer: Answer,
    /// Those of what was asked that no service needs: perhaps an id is wrong.
    pub unneeded: Vec<Target>,
    /// What the components are called.
    pub components: ComponentNames,
    /// The services that the plan touches.
    pub services: BTreeMap<ServiceId, Service>,
    /// The windows of others that the answer names, by id.
    pub windows: BTreeMap<String, MaintenanceWindow>,
}

/// Answers what would be under `plan`, by the definitions and states that are
/// known; nothing is changed.
///
/// # Errors
/// A plan without sense or beyond the limits, or a store that fails.
pub async fn what_if(stores: Stores<'_>, plan: &Plan) -> Result<Supposed, AskError> {
    check(plan)?;
    stores.whole("down")?;
    let ports = if plan.with_ports { ports(stores, plan).await? } else { BTreeMap::new() };
    let mut question = question(plan, &ports);
    let services = touched(stores, &question).await?;
    let definitions =
        services.iter().map(|(id, service)| (id.clone(), service.definition.clone())).collect();
    let mut facts = Facts { definitions, ..Facts::default() };
    let components = components(&facts, question.period);
    if components.len() > COMPONENTS_MAX {
        let reason = format!("more than {COMPONENTS_MAX} components count for this plan");
        return Err(AskError::refused("down", reason));
    }
    // Of the ports of a device, those that a service needs.
    question.down.retain(|id| components.contains(id) || plan.down.contains(id));
    question.windows.retain(|target| match target {
        Target::Component(id) => components.contains(id) || plan.windows.contains(target),
        Target::Service(_) => true,
    });
    let on_components = components.iter().map(|id| Target::Component(id.clone()));
    let on_services = services.keys().map(|id| Target::Service(id.clone()));
    let targets = on_components.chain(on_services).collect();
    let mut windows = facts::windows(stores.records, &targets, Some(question.period), None).await?;
    facts.windows = windows.iter().map(|(id, one)| (id.clone(), one.window.clone())).collect();
    facts::states_during(stores.series, &mut facts, &components, question.period).await?;
    // Minutes of arithmetic at the limits would hold up every other request.
    let asked = question.clone();
    let answered = tokio::task::spawn_blocking(move || what_if::what_if(&facts, &asked)).await;
    let answer = match answered {
        Ok(answer) => answer.map_err(refused)?,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    };
    windows.retain(|id, _| answer.overlaps.iter().any(|overlap| overlap.window == *id));
    let named = named(&question, &answer);
    let names = ComponentNames::of(stores, named).await?;
    let unneeded = unneeded(plan, &ports, &components, &services);
    Ok(Supposed { question, answer, unneeded, components: names, services, windows })
}

fn check(plan: &Plan) -> Result<(), AskError> {
    if plan.period.is_empty() {
        return Err(AskError::refused("until", "must be after from"));
    }
    if plan.period.millis() > PERIOD_DAYS_MAX * DAY_MS {
        let reason = format!("must be at most {PERIOD_DAYS_MAX} days after from");
        return Err(AskError::refused("until", reason));
    }
    if plan.down.is_empty() && plan.windows.is_empty() {
        let reason = "name at least one component here, or a target in windows";
        return Err(AskError::refused("down", reason));
    }
    if plan.down.len() + plan.windows.len() > DOWN_MAX {
        let reason = format!("at most {DOWN_MAX} components and windows can be supposed");
        return Err(AskError::refused("down", reason));
    }
    Ok(())
}

/// A refusal of the core, by the part of the plan that it is about.
fn refused(error: WhatIfError) -> AskError {
    let place = match error {
        WhatIfError::Period(_) => "until",
        WhatIfError::Nothing => "down",
        WhatIfError::Definitions(_) => "services",
    };
    AskError::refused(place, error.to_string())
}

/// Ports by the device that they are on.
type Ports = BTreeMap<ComponentId, Vec<ComponentId>>;

/// The ports of the plan's devices, as far as the inventory knows them.
async fn ports(stores: Stores<'_>, plan: &Plan) -> Result<Ports, AskError> {
    let windows = plan.windows.iter().filter_map(|target| match target {
        Target::Component(id) => Some(id),
        Target::Service(_) => None,
    });
    let mut ports = Ports::new();
    for id in plan.down.iter().chain(windows) {
        let Some((account, "device", native)) = id.parts() else { continue };
        if !ports.contains_key(id) {
            let page = Page::first(Page::MAX_LIMIT);
            let found = stores.records.inventory().ports_of(account, native, page).await?;
            ports.insert(id.clone(), found.iter().map(store::records::Port::component).collect());
        }
    }
    Ok(ports)
}

/// The plan together with `ports`.
fn question(plan: &Plan, ports: &Ports) -> Question {
    let (mut down, mut windows) = (plan.down.clone(), plan.windows.clone());
    for (device, ports) in ports {
        if plan.down.contains(device) {
            down.extend(ports.iter().cloned());
        }
        if plan.windows.contains(&Target::Component(device.clone())) {
            windows.extend(ports.iter().cloned().map(Target::Component));
        }
    }
    Question { period: plan.period, down, windows }
}

/// The services that the plan may change, and all that they refer to.
async fn touched(
    stores: Stores<'_>,
    question: &Question,
) -> Result<BTreeMap<ServiceId, Service>, AskError> {
    let mut components = question.down.clone();
    let mut own = BTreeSet::new();
    for target in &question.windows {
        match target {
            Target::Component(id) => drop(components.insert(id.clone())),
            Target::Service(id) => drop(own.insert(id.clone())),
        }
    }
    let too_many = || {
        let reason = format!("more than {SERVICES_MAX} services hang on this; plan a part of it");
        AskError::refused("down", reason)
    };
    let services = stores.records.services();
    let needing = services.needing(&components, &own, SERVICES_MAX).await?.ok_or_else(too_many)?;
    services.with_references(needing, SERVICES_MAX).await?.ok_or_else(too_many)
}

/// The components that count at some instant of `period`.
fn components(facts: &Facts, period: Period) -> BTreeSet<ComponentId> {
    let versions = facts.definitions.values().flat_map(|one| one.versions());
    let counts = versions.filter(|version| !version.period.intersect(&period).is_empty());
    counts.flat_map(|version| PathExpr::components(&version.path)).cloned().collect()
}

/// The components that the answer speaks of.
fn named<'a>(question: &'a Question, answer: &'a Answer) -> BTreeSet<&'a ComponentId> {
    let windows = question.windows.iter().filter_map(|target| match target {
        Target::Component(id) => Some(id),
        Target::Service(_) => None,
    });
    let intervals =
        answer.effects.iter().flat_map(|effect| effect.before.iter().chain(&effect.after));
    let causes = intervals.flat_map(|interval| {
        interval.cause.iter().chain(interval.cause_moves.iter().flat_map(|(_, cause)| cause))
    });
    let planned = answer.overlaps.iter().map(|overlap| &overlap.planned);
    question.down.iter().chain(windows).chain(causes).chain(planned).collect()
}

/// Of what somebody wrote, what no service that was found needs.
fn unneeded(
    plan: &Plan,
    ports: &Ports,
    components: &BTreeSet<ComponentId>,
    services: &BTreeMap<ServiceId, Service>,
) -> Vec<Target> {
    let down = plan.down.iter().cloned().map(Target::Component);
    let targets: BTreeSet<Target> = down.chain(plan.windows.iter().cloned()).collect();
    let is_unneeded = |target: &Target| match target {
        Target::Component(id) => {
            let mut with_ports = ports.get(id).into_iter().flatten().chain([id]);
            !with_ports.any(|id| components.contains(id))
        }
        Target::Service(id) => !services.contains_key(id),
    };
    targets.into_iter().filter(is_unneeded).collect()
}
