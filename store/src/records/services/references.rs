//! References among services: they lead somewhere, and never in a circle.

use std::collections::{BTreeMap, BTreeSet};

use correlate::model::{PathError, PathExpr, ServiceDefinition, ServiceError, ServiceId};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::IDS_PER_QUERY;
use crate::records::entity::{service, service_reference};
use crate::records::error::{Doing, RecordsError};

/// Rows in one INSERT; 2 values each stay far below SQLite's 32,766.
const INSERT_ROWS: usize = 1_000;

/// Which services each one refers to.
type Edges = BTreeMap<ServiceId, BTreeSet<ServiceId>>;

/// What is wrong with the references of `changed`, were they written; empty
/// when nothing is.
pub(super) async fn problems(
    tx: &DatabaseTransaction,
    changed: &[&ServiceDefinition],
) -> Result<Vec<ServiceError>, RecordsError> {
    let own: Edges = changed.iter().map(|one| (one.id.clone(), refers_to(one))).collect();
    let outside: BTreeSet<ServiceId> =
        own.values().flatten().filter(|id| !own.contains_key(*id)).cloned().collect();
    let existing = existing(tx, &outside).await?;
    let mut problems: Vec<ServiceError> = changed
        .iter()
        .filter_map(|one| dangling(one, &|id| own.contains_key(id) || existing.contains(id)))
        .collect();
    if problems.is_empty() {
        let edges = with_downstream(tx, own, outside).await?;
        problems.extend(changed.iter().filter_map(|one| {
            let cycle = cycle_through(&one.id, &edges)?;
            Some(cycle_error(one, cycle))
        }));
    }
    Ok(problems)
}

/// The refusal of `definition` for `cycle`, at the reference that begins it.
fn cycle_error(definition: &ServiceDefinition, cycle: Vec<ServiceId>) -> ServiceError {
    let versions = definition.versions().iter().enumerate();
    let (version, place) = cycle
        .get(1)
        .and_then(|next| {
            versions
                .filter_map(|(index, one)| Some((index + 1, one.path.place_of_service(next)?)))
                .next()
        })
        .unwrap_or_else(|| (1, "path".to_owned()));
    ServiceError::Cycle { service: definition.id.clone(), version, place, cycle }
}

/// The services that refer to `id`, sorted.
pub(super) async fn referring_to(
    tx: &DatabaseTransaction,
    id: &ServiceId,
) -> Result<Vec<ServiceId>, RecordsError> {
    let rows = service_reference::Entity::find()
        .filter(service_reference::Column::RefersTo.eq(id.as_str()))
        .order_by_asc(service_reference::Column::ServiceId)
        .all(tx)
        .await
        .doing("reading references to a service")?;
    Ok(rows.into_iter().map(|row| ServiceId::from(row.service_id)).collect())
}

/// Replaces the references of `changed`; their rows are written already.
pub(super) async fn write(
    tx: &DatabaseTransaction,
    changed: &[&ServiceDefinition],
) -> Result<(), RecordsError> {
    const DOING: &str = "writing references among services";
    for chunk in changed.chunks(IDS_PER_QUERY) {
        service_reference::Entity::delete_many()
            .filter(
                service_reference::Column::ServiceId.is_in(chunk.iter().map(|one| one.id.as_str())),
            )
            .exec(tx)
            .await
            .doing(DOING)?;
    }
    let rows: Vec<service_reference::Model> = changed
        .iter()
        .flat_map(|one| {
            refers_to(one).into_iter().map(|id| service_reference::Model {
                service_id: one.id.to_string(),
                refers_to: id.to_string(),
            })
        })
        .collect();
    for chunk in rows.chunks(INSERT_ROWS) {
        let chunk = chunk.iter().cloned().map(IntoActiveModel::into_active_model);
        service_reference::Entity::insert_many(chunk)
            .exec_without_returning(tx)
            .await
            .doing(DOING)?;
    }
    Ok(())
}

fn refers_to(definition: &ServiceDefinition) -> BTreeSet<ServiceId> {
    let versions = definition.versions().iter();
    versions.flat_map(|version| version.path.service_refs()).cloned().collect()
}

/// The first reference that leads nowhere.
fn dangling(
    definition: &ServiceDefinition,
    exists: &dyn Fn(&ServiceId) -> bool,
) -> Option<ServiceError> {
    definition.versions().iter().enumerate().find_map(|(index, version)| {
        let mut place = String::from("path");
        let missing = dangling_in(&version.path, &mut place, exists)?;
        Some(ServiceError::Path {
            service: definition.id.clone(),
            version: index + 1,
            error: PathError { place, reason: format!("service {missing} does not exist") },
        })
    })
}

/// As [`dangling`]; leaves `place` at what it finds and unchanged otherwise.
fn dangling_in<'e>(
    expr: &'e PathExpr,
    place: &mut String,
    exists: &dyn Fn(&ServiceId) -> bool,
) -> Option<&'e ServiceId> {
    let key = match expr {
        PathExpr::Component(_) => return None,
        PathExpr::Service(id) => return (!exists(id)).then_some(id),
        PathExpr::All(_) => "all",
        PathExpr::Any(_) => "any",
        PathExpr::AtLeast(..) => "of",
    };
    let mark = place.len();
    for (index, child) in expr.children().iter().enumerate() {
        place.push_str(&format!(".{key}[{index}]"));
        if let Some(missing) = dangling_in(child, place, exists) {
            return Some(missing);
        }
        place.truncate(mark);
    }
    None
}

/// Those of `ids` that are in the records.
async fn existing(
    tx: &DatabaseTransaction,
    ids: &BTreeSet<ServiceId>,
) -> Result<BTreeSet<ServiceId>, RecordsError> {
    let ids: Vec<&str> = ids.iter().map(ServiceId::as_str).collect();
    let mut found = BTreeSet::new();
    for chunk in ids.chunks(IDS_PER_QUERY) {
        let rows: Vec<String> = service::Entity::find()
            .select_only()
            .column(service::Column::Id)
            .filter(service::Column::Id.is_in(chunk.iter().copied()))
            .into_tuple()
            .all(tx)
            .await
            .doing("looking for referenced services")?;
        found.extend(rows.into_iter().map(ServiceId::from));
    }
    Ok(found)
}

/// `edges` with everything that can be reached from `frontier` added.
async fn with_downstream(
    tx: &DatabaseTransaction,
    mut edges: Edges,
    mut frontier: BTreeSet<ServiceId>,
) -> Result<Edges, RecordsError> {
    while !frontier.is_empty() {
        let ids: Vec<ServiceId> = std::mem::take(&mut frontier).into_iter().collect();
        for chunk in ids.chunks(IDS_PER_QUERY) {
            let rows = service_reference::Entity::find()
                .filter(
                    service_reference::Column::ServiceId.is_in(chunk.iter().map(ServiceId::as_str)),
                )
                .all(tx)
                .await
                .doing("following references among services")?;
            edges.extend(chunk.iter().map(|id| (id.clone(), BTreeSet::new())));
            for row in rows {
                let to = ServiceId::from(row.refers_to);
                frontier.insert(to.clone());
                edges.entry(ServiceId::from(row.service_id)).or_default().insert(to);
            }
        }
        frontier.retain(|id| !edges.contains_key(id));
    }
    Ok(edges)
}

/// The shortest way from `start` back to itself, `start` at both ends.
fn cycle_through(start: &ServiceId, edges: &Edges) -> Option<Vec<ServiceId>> {
    let mut came_from: BTreeMap<&ServiceId, &ServiceId> = BTreeMap::new();
    let mut frontier = vec![start];
    while !frontier.is_empty() {
        let mut next = Vec::new();
        for from in frontier {
            for to in edges.get(from).into_iter().flatten() {
                if to == start {
                    return Some(way_back(start, from, &came_from));
                }
                if !came_from.contains_key(to) {
                    came_from.insert(to, from);
                    next.push(to);
                }
            }
        }
        frontier = next;
    }
    None
}

fn way_back(
    start: &ServiceId,
    last: &ServiceId,
    came_from: &BTreeMap<&ServiceId, &ServiceId>,
) -> Vec<ServiceId> {
    let mut way = vec![start.clone()];
    let mut at = last;
    while at != start {
        way.push(at.clone());
        at = came_from.get(at).copied().unwrap_or(start);
    }
    way.push(start.clone());
    way.reverse();
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(edges: &[(&str, &[&str])], start: &str, expected: Option<&str>) {
        let edges: Edges = edges
            .iter()
            .map(|(from, to)| (ServiceId::from(*from), to.iter().map(|to| (*to).into()).collect()))
            .collect();
        let way = cycle_through(&start.into(), &edges)
            .map(|way| way.iter().map(ServiceId::as_str).collect::<Vec<_>>().join(">"));
        assert_eq!(way.as_deref(), expected);
    }

    #[test]
    fn cycles_are_shown_in_the_direction_of_the_references() {
        check(&[("a", &["a"])], "a", Some("a>a"));
        check(&[("a", &["b"]), ("b", &["c"]), ("c", &["a"])], "a", Some("a>b>c>a"));
        check(&[("a", &["b", "c"]), ("b", &["d"]), ("c", &["d"]), ("d", &[])], "a", None);
        // A cycle further on is not one of a's.
        check(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"])], "a", None);
    }

    #[test]
    fn a_dangling_reference_is_named_with_its_place() {
        let json = serde_json::json!({"id": "s", "path":
            {"all": ["n/device/1", {"any": [{"service": "a"}, {"service": "gone"}]}]}});
        let definition = ServiceDefinition::from_json(&json, &|_| None).expect("valid");
        let error = dangling(&definition, &|id| id.as_str() == "a").expect("one dangles");
        assert_eq!(
            error.to_string(),
            "service s, version 1: at path.all[1].any[1]: service gone does not exist"
        );
    }
}
