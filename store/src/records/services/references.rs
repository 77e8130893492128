//! References among services: they lead somewhere, and never in a circle.

use std::collections::{BTreeMap, BTreeSet};

use correlate::model::{PathError, ServiceDefinition, ServiceError, ServiceId};
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

/// What [`check`] found.
pub(super) enum Checked<'d> {
    /// Nothing may be written.
    Refused(Vec<ServiceError>),
    /// All may be written. Each definition comes after those it refers to, so
    /// that an engine which hears of them one by one never sees a cycle that
    /// is made of old and new definitions.
    Ordered(Vec<&'d ServiceDefinition>),
}

/// Looks at the references of `changed` as if they were written.
pub(super) async fn check<'d>(
    tx: &DatabaseTransaction,
    changed: &[&'d ServiceDefinition],
) -> Result<Checked<'d>, RecordsError> {
    let by_id: BTreeMap<&ServiceId, &'d ServiceDefinition> =
        changed.iter().map(|one| (&one.id, *one)).collect();
    let own: Edges = changed.iter().map(|one| (one.id.clone(), refers_to(one))).collect();
    let outside: BTreeSet<ServiceId> =
        own.values().flatten().filter(|id| !own.contains_key(*id)).cloned().collect();
    let existing = existing(tx, &outside).await?;
    let problems: Vec<ServiceError> = changed
        .iter()
        .filter_map(|one| dangling(one, &|id| own.contains_key(id) || existing.contains(id)))
        .collect();
    if !problems.is_empty() {
        return Ok(Checked::Refused(problems));
    }
    let edges = with_downstream(tx, own, outside).await?;
    let walk = Walk::through(&edges);
    if walk.cycles.is_empty() {
        let ordered = walk.leaves_first.into_iter().filter_map(|id| by_id.get(id).copied());
        return Ok(Checked::Ordered(ordered.collect()));
    }
    Ok(Checked::Refused(walk.cycles.iter().map(|cycle| cycle_error(cycle, &by_id)).collect()))
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
        let missing = version.path.service_refs().into_iter().find(|id| !exists(id))?;
        Some(ServiceError::Path {
            service: definition.id.clone(),
            version: index + 1,
            error: PathError {
                place: version.path.place_of_service(missing)?,
                reason: format!("service {missing} does not exist"),
            },
        })
    })
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

/// The outcome of a walk along all references, in time linear in their number.
#[derive(Default)]
struct Walk<'e> {
    /// Every service, each after all that it refers to (if there is no cycle).
    leaves_first: Vec<&'e ServiceId>,
    /// At least one cycle through every service that is on any; the first
    /// service is not repeated at the end.
    cycles: Vec<Vec<&'e ServiceId>>,
}

impl<'e> Walk<'e> {
    fn through(edges: &'e Edges) -> Walk<'e> {
        let mut walk = Walk::default();
        let mut seen = BTreeSet::new();
        for start in edges.keys() {
            if seen.insert(start) {
                walk.down_from(start, edges, &mut seen);
            }
        }
        walk
    }

    /// Depth first, with its own stack: a chain of references may be long.
    fn down_from(
        &mut self,
        start: &'e ServiceId,
        edges: &'e Edges,
        seen: &mut BTreeSet<&'e ServiceId>,
    ) {
        let targets = |id: &ServiceId| edges.get(id).into_iter().flatten();
        let mut way = vec![start];
        let mut place_on_way = BTreeMap::from([(start, 0)]);
        let mut open = vec![targets(start)];
        while let Some(next) = open.last_mut().map(Iterator::next) {
            match next {
                Some(to) => {
                    if let Some(place) = place_on_way.get(to) {
                        self.cycles.push(way[*place..].to_vec());
                    } else if seen.insert(to) {
                        place_on_way.insert(to, way.len());
                        way.push(to);
                        open.push(targets(to));
                    }
                }
                None => {
                    open.pop();
                    if let Some(done) = way.pop() {
                        place_on_way.remove(done);
                        self.leaves_first.push(done);
                    }
                }
            }
        }
    }
}

/// The error for `cycle`, told from the first service on it that is changed:
/// there is one, as the services had no cycle before.
fn cycle_error(
    cycle: &[&ServiceId],
    changed: &BTreeMap<&ServiceId, &ServiceDefinition>,
) -> ServiceError {
    let first = cycle.iter().position(|id| changed.contains_key(id)).unwrap_or_default();
    let mut way: Vec<ServiceId> =
        cycle[first..].iter().chain(&cycle[..first]).map(|id| (*id).clone()).collect();
    let service = way[0].clone();
    way.push(service.clone());
    let versions = changed.get(&service).map_or(&[][..], |definition| definition.versions());
    let place = versions.iter().enumerate().find_map(|(index, version)| {
        version.path.place_of_service(&way[1]).map(|place| (index + 1, place))
    });
    let (version, place) = place.unwrap_or((1, String::from("path")));
    ServiceError::Cycle { service, version, place, cycle: way }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(edges: &[(&str, &[&str])]) -> Edges {
        let to = |to: &[&str]| to.iter().map(|to| ServiceId::from(*to)).collect();
        edges.iter().map(|(from, all)| (ServiceId::from(*from), to(all))).collect()
    }

    fn shown(ids: &[&ServiceId]) -> String {
        ids.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn cycles_run_in_the_direction_of_the_references() {
        let check = |given: &[(&str, &[&str])], expected: &[&str]| {
            let given = edges(given);
            let found: Vec<String> =
                Walk::through(&given).cycles.iter().map(|cycle| shown(cycle)).collect();
            assert_eq!(found, expected);
        };
        check(&[("a", &["a"])], &["a"]);
        check(&[("a", &["b"]), ("b", &["c"]), ("c", &["a"])], &["a b c"]);
        check(&[("a", &["b", "c"]), ("b", &["d"]), ("c", &["d"]), ("d", &[])], &[]);
        check(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"]), ("d", &["d"])], &["b c", "d"]);
    }

    #[test]
    fn a_service_comes_after_those_it_refers_to() {
        let given = edges(&[("a", &["b", "c"]), ("b", &["d"]), ("c", &[]), ("d", &["c"])]);
        assert_eq!(shown(&Walk::through(&given).leaves_first), "c d b a");
    }

    #[test]
    fn a_long_chain_neither_overflows_nor_takes_long() {
        let id = |number: u32| ServiceId::from(format!("{number:06}"));
        let chain: Edges =
            (0..100_000).map(|number| (id(number), BTreeSet::from([id(number + 1)]))).collect();
        let walk = Walk::through(&chain);
        assert_eq!((walk.leaves_first.len(), walk.cycles.len()), (100_001, 0));
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
