//! Which services name which components: the way back from a component to
//! what hangs on it, without reading every definition.

use std::collections::BTreeSet;

use correlate::model::{ComponentId, ServiceDefinition, ServiceId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::{IDS_PER_QUERY, codec};
use crate::records::entity::{service, service_component as row};
use crate::records::error::{Doing, RecordsError};
use crate::records::page::Page;

/// Rows in one INSERT; 2 values each stay far below SQLite's 32,766.
const INSERT_ROWS: usize = 1_000;

/// Replaces what `changed` name; their services are written already.
pub(super) async fn write(
    db: &impl ConnectionTrait,
    changed: &[&ServiceDefinition],
) -> Result<(), RecordsError> {
    const DOING: &str = "writing the components of services";
    for chunk in changed.chunks(IDS_PER_QUERY) {
        row::Entity::delete_many()
            .filter(row::Column::ServiceId.is_in(chunk.iter().map(|one| one.id.as_str())))
            .exec(db)
            .await
            .doing(DOING)?;
    }
    for services in changed.chunks(IDS_PER_QUERY) {
        let mut rows = Vec::new();
        services.iter().for_each(|one| rows.extend(self::rows(one)));
        for chunk in rows.chunks(INSERT_ROWS) {
            let chunk = chunk.iter().cloned().map(IntoActiveModel::into_active_model);
            row::Entity::insert_many(chunk).exec_without_returning(db).await.doing(DOING)?;
        }
    }
    Ok(())
}

/// Fills the table for the services that are there; for its migration.
pub(in crate::records) async fn fill(db: &impl ConnectionTrait) -> Result<(), RecordsError> {
    let mut after = String::new();
    loop {
        // Later migrations add columns, so only those that were there are read.
        let rows: Vec<(String, String)> = service::Entity::find()
            .select_only()
            .column(service::Column::Id)
            .column(service::Column::Versions)
            .filter(service::Column::Id.gt(after.as_str()))
            .order_by_asc(service::Column::Id)
            .limit(Page::MAX_LIMIT)
            .into_tuple()
            .all(db)
            .await
            .doing("walking through services")?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        after.clone_from(last);
        let definitions = rows.iter().map(|(id, versions)| codec::definition(id, versions));
        let definitions: Vec<ServiceDefinition> = definitions.collect::<Result<_, _>>()?;
        write(db, &definitions.iter().collect::<Vec<_>>()).await?;
    }
}

/// The services that name any of `components`, at most `limit` and one more.
pub(super) async fn naming(
    db: &impl ConnectionTrait,
    components: &BTreeSet<ComponentId>,
    limit: usize,
) -> Result<BTreeSet<ServiceId>, RecordsError> {
    let components: Vec<&str> = components.iter().map(ComponentId::as_str).collect();
    let mut found = BTreeSet::new();
    for chunk in components.chunks(IDS_PER_QUERY) {
        let services: Vec<String> = row::Entity::find()
            .select_only()
            .column(row::Column::ServiceId)
            .distinct()
            .filter(row::Column::Component.is_in(chunk.iter().copied()))
            .order_by_asc(row::Column::ServiceId)
            .limit(limit as u64 + 1)
            .into_tuple()
            .all(db)
            .await
            .doing("looking for services with a component")?;
        found.extend(services.into_iter().map(ServiceId::from));
        if found.len() > limit {
            break;
        }
    }
    Ok(found)
}

fn rows(definition: &ServiceDefinition) -> Vec<row::Model> {
    let versions = definition.versions().iter();
    let named: BTreeSet<&ComponentId> =
        versions.flat_map(|version| version.path.components()).collect();
    let row = |component: &ComponentId| row::Model {
        component: component.to_string(),
        service_id: definition.id.to_string(),
    };
    named.into_iter().map(row).collect()
}
