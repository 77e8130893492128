//! The services that hang together: those that need something, and those that
//! they need, each followed through references and bounded.

use std::collections::{BTreeMap, BTreeSet};

use correlate::model::{ComponentId, PathExpr, ServiceId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{IDS_PER_QUERY, Service, Services, components, load};
use crate::records::entity::service_reference;
use crate::records::error::{Doing, RecordsError};

impl Services<'_> {
    /// Those whose path, in any version, names one of `components` or refers
    /// to one of `services`, directly or through others; and `services`
    /// themselves. `None` where there are more than `limit`.
    ///
    /// # Errors
    /// See [`ServicesWithin::get`](super::ServicesWithin::get).
    pub async fn needing(
        self,
        components: &BTreeSet<ComponentId>,
        services: &BTreeSet<ServiceId>,
        limit: usize,
    ) -> Result<Option<BTreeSet<ServiceId>>, RecordsError> {
        let mut all = components::naming(self.0.reader(), components, limit).await?;
        all.extend(services.iter().cloned());
        let mut frontier: Vec<ServiceId> = all.iter().cloned().collect();
        while !frontier.is_empty() && all.len() <= limit {
            let mut referring = BTreeSet::new();
            for chunk in frontier.chunks(IDS_PER_QUERY) {
                let found: Vec<String> = service_reference::Entity::find()
                    .select_only()
                    .column(service_reference::Column::ServiceId)
                    .distinct()
                    .filter(
                        service_reference::Column::RefersTo
                            .is_in(chunk.iter().map(ServiceId::as_str)),
                    )
                    .order_by_asc(service_reference::Column::ServiceId)
                    .limit(limit as u64 + 1)
                    .into_tuple()
                    .all(self.0.reader())
                    .await
                    .doing("looking for services that need others")?;
                referring.extend(found.into_iter().map(ServiceId::from));
            }
            frontier = referring.into_iter().filter(|id| !all.contains(id)).collect();
            all.extend(frontier.iter().cloned());
        }
        Ok((all.len() <= limit).then_some(all))
    }

    /// Those of `ids` that exist, and all that they refer to in any version,
    /// directly or through others. `None` where there are more than `limit`.
    ///
    /// # Errors
    /// See [`ServicesWithin::get`](super::ServicesWithin::get).
    pub async fn with_references(
        self,
        ids: impl IntoIterator<Item = ServiceId>,
        limit: usize,
    ) -> Result<Option<BTreeMap<ServiceId, Service>>, RecordsError> {
        let mut known = BTreeMap::new();
        let mut wanted: BTreeSet<ServiceId> = ids.into_iter().collect();
        while !wanted.is_empty() {
            if known.len() + wanted.len() > limit {
                return Ok(None);
            }
            let asked: Vec<ServiceId> = std::mem::take(&mut wanted).into_iter().collect();
            for (id, service) in load(self.0.reader(), &asked).await? {
                let versions = service.definition.versions().iter();
                let refs = versions.flat_map(|version| PathExpr::service_refs(&version.path));
                wanted.extend(refs.cloned());
                known.insert(id, service);
            }
            wanted.retain(|id| !known.contains_key(id));
        }
        Ok(Some(known))
    }
}
