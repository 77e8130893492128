//! Gathers facts for the core from records and series.

use std::collections::{BTreeMap, BTreeSet};

use correlate::facts::Facts;
use correlate::model::{
    ComponentId, ComponentState, PathExpr, Period, ServiceDefinition, ServiceId, Target, Timestamp,
    Window,
};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;
use store::evidence::StateReason;
use store::records::{MaintenanceWindow, Records};
use store::series::{EdgeEvidence, IDS_MAX, ROWS_MAX, Series, Transition};

use super::AskError;

/// Windows that one question may look at; more are no plan but a mistake.
const WINDOWS_MAX: usize = 10_000;

/// Queries for states that run at once: ClickHouse has other readers too.
const QUERIES_AT_ONCE: usize = 4;

/// Definitions by id.
pub(super) type Definitions = BTreeMap<ServiceId, ServiceDefinition>;

/// The definition of `service` and of all that it refers to, as the audit
/// trail knew them at `as_of`. `None` where there are more than `limit`.
pub(super) async fn definitions_as_of(
    records: &Records,
    service: &ServiceId,
    as_of: Timestamp,
    limit: usize,
) -> Result<Option<Definitions>, AskError> {
    let mut known = Definitions::new();
    let mut wanted = BTreeSet::from([service.clone()]);
    let mut asked = BTreeSet::new();
    while !wanted.is_empty() {
        if asked.len() + wanted.len() > limit {
            return Ok(None);
        }
        let objects: Vec<String> = wanted.iter().map(|id| format!("service/{id}")).collect();
        asked.append(&mut wanted);
        for value in records.audit().as_of(&objects, as_of).await?.into_values().flatten() {
            // What was written was valid; what cannot be read is of another version.
            let Ok(definition) = ServiceDefinition::from_json(&value, &|_| None) else { continue };
            wanted.extend(references(&definition).filter(|id| !asked.contains(*id)).cloned());
            known.insert(definition.id.clone(), definition);
        }
    }
    Ok(Some(known))
}

fn references(definition: &ServiceDefinition) -> impl Iterator<Item = &ServiceId> {
    definition.versions().iter().flat_map(|version| PathExpr::service_refs(&version.path))
}

/// The windows on `targets` that share an instant with `during`, in force now
/// or, with `as_of`, as they were announced then.
pub(super) async fn windows(
    records: &Records,
    targets: &BTreeSet<Target>,
    during: Option<Period>,
    as_of: Option<Timestamp>,
) -> Result<BTreeMap<String, MaintenanceWindow>, AskError> {
    let found = records.windows().on(targets, during, as_of.is_some(), WINDOWS_MAX).await?;
    if found.len() > WINDOWS_MAX {
        let reason = format!("more than {WINDOWS_MAX} maintenance windows have to be looked at");
        return Err(AskError::refused("windows", reason));
    }
    let Some(as_of) = as_of else {
        return Ok(found.into_iter().map(|window| (window.id.to_string(), window)).collect());
    };
    let stood = |window: &MaintenanceWindow| {
        window.created_at <= as_of && window.withdrawn_at.is_none_or(|at| at > as_of)
    };
    let mut stood: BTreeMap<String, MaintenanceWindow> =
        found.into_iter().filter(stood).map(|window| (window.id.to_string(), window)).collect();
    let objects: Vec<String> = stood.keys().map(|id| format!("window/{id}")).collect();
    for (object, value) in records.audit().as_of(&objects, as_of).await? {
        let id = object.trim_start_matches("window/");
        if let (Some(window), Some(was)) = (stood.get_mut(id), value.as_ref().and_then(read_window))
        {
            window.window = was;
        }
    }
    Ok(stood)
}

/// A window as the audit trail has it.
fn read_window(value: &Value) -> Option<Window> {
    let edge = |key| value.get(key).and_then(Value::as_i64).map(Timestamp);
    let target = Target::parse(value.get("target")?.as_str()?);
    Some(Window { target, period: Period::new(edge("from")?, edge("to")?) })
}

/// Puts the state of each of `components` around `at` into `facts`.
pub(super) async fn states_around(
    series: &Series,
    facts: &mut Facts,
    components: &BTreeSet<ComponentId>,
    at: Timestamp,
    as_of: Option<Timestamp>,
) -> Result<(), AskError> {
    let mut found = stream::iter(chunks(components))
        .map(|ids| async move { series.transitions_around(&ids, at, as_of).await })
        .buffered(QUERIES_AT_ONCE);
    while let Some(around) = found.try_next().await? {
        for (id, around) in around {
            let changes = [around.before, around.after].into_iter().flatten();
            let changes = changes.map(|change| (change.at, change.state)).collect();
            facts.states.insert(id, changes);
        }
    }
    Ok(())
}

/// How the state was known that each component has at `at`, as far as that was
/// kept.
pub(super) async fn evidence_at(
    series: &Series,
    facts: &Facts,
    at: Timestamp,
) -> Result<BTreeMap<ComponentId, (Timestamp, EdgeEvidence)>, AskError> {
    let begun = facts.states.iter().filter_map(|(component, changes)| {
        let (at, state) = changes.iter().rev().find(|change| change.0 <= at)?;
        Some(Transition { component: component.clone(), at: *at, state: *state })
    });
    let begun: Vec<Transition> = begun.collect();
    let begun: Vec<Vec<Transition>> = begun.chunks(IDS_MAX).map(<[Transition]>::to_vec).collect();
    let mut found = stream::iter(begun)
        .map(|transitions| async move { series.evidence_of(&transitions).await })
        .buffered(QUERIES_AT_ONCE);
    let mut known = BTreeMap::new();
    while let Some(found) = found.try_next().await? {
        known.extend(found.into_iter().map(|((component, at), how)| (component, (at, how))));
    }
    Ok(known)
}

/// Why each component is unknown that is so at `at`, as far as an NMS said.
pub(super) async fn unknown_reasons_at(
    series: &Series,
    facts: &Facts,
    components: &BTreeSet<ComponentId>,
    at: Timestamp,
) -> Result<BTreeMap<ComponentId, (Timestamp, StateReason)>, AskError> {
    let is_unknown = |id: &&ComponentId| {
        let mut changes = facts.states.get(*id).into_iter().flatten();
        let last = changes.rfind(|change| change.0 <= at);
        last.is_none_or(|change| change.1 == ComponentState::Unknown)
    };
    let unknown: BTreeSet<ComponentId> = components.iter().filter(is_unknown).cloned().collect();
    let mut found = stream::iter(chunks(&unknown))
        .map(|ids| async move { series.unknown_reasons(&ids, at).await })
        .buffered(QUERIES_AT_ONCE);
    let mut reasons = BTreeMap::new();
    while let Some(found) = found.try_next().await? {
        reasons.extend(found);
    }
    Ok(reasons)
}

/// Puts the state of each of `components` during `period` into `facts`.
pub(super) async fn states_during(
    series: &Series,
    facts: &mut Facts,
    components: &BTreeSet<ComponentId>,
    period: Period,
) -> Result<(), AskError> {
    states_around(series, facts, components, period.from, None).await?;
    // Of what comes after the start, the whole is read below.
    for changes in facts.states.values_mut() {
        changes.retain(|change| change.0 <= period.from);
    }
    let after = Period::new(period.from.plus_millis(1), period.until);
    let mut found = stream::iter(chunks(components))
        .map(|ids| async move { series.transitions_within(&ids, after, ROWS_MAX).await })
        .buffered(QUERIES_AT_ONCE);
    while let Some(found) = found.try_next().await? {
        if found.truncated {
            let reason = format!(
                "more than {ROWS_MAX} changes of {IDS_MAX} components lie in it; ask for a shorter \
                 period"
            );
            return Err(AskError::refused("from", reason));
        }
        for change in found.rows {
            facts.states.entry(change.component).or_default().push((change.at, change.state));
        }
    }
    facts.states.values_mut().for_each(only_changes);
    Ok(())
}

/// Leaves out what changes nothing.
fn only_changes(changes: &mut Vec<(Timestamp, ComponentState)>) {
    changes.dedup_by_key(|change| change.1);
}

fn chunks(components: &BTreeSet<ComponentId>) -> Vec<Vec<ComponentId>> {
    let all: Vec<ComponentId> = components.iter().cloned().collect();
    all.chunks(IDS_MAX).map(<[ComponentId]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_window_reads_back_from_the_audit_trail() {
        let value = json!({"target": "service:s", "from": 5, "to": 9, "note": "x"});
        let expected = Window {
            target: Target::Service("s".into()),
            period: Period::new(Timestamp(5), Timestamp(9)),
        };
        assert_eq!(read_window(&value), Some(expected));
        assert_eq!(read_window(&json!({"target": "a", "from": 5})), None);
    }
}
