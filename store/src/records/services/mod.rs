//! Services: what the provider sells, and the definitions the engine works by.
//!
//! A change is checked against all other services (every reference exists, no
//! cycle), written, audited and queued for the engine in one transaction.
//! References are looked at over all versions of a service together, as the
//! engine does: two services may not refer to each other even at different times.

mod closure;
mod codec;
mod components;
mod import;
mod references;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use correlate::model::{ServiceDefinition, ServiceId, Timestamp};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::database::Records;
use super::entity::service;
use super::error::{Doing, RecordsError};
use super::ids::CustomerId;
use super::page::{Page, holds_words};
use crate::Scope;

pub(super) use components::fill as fill_components;
pub use import::ImportReport;
pub(super) use write::enqueue_all;

/// Ids in one `IN (…)`: a bounded statement on both databases.
const IDS_PER_QUERY: usize = 500;

/// A service as it is in the records.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Service {
    /// Its id and versions, valid by themselves and among all others.
    pub definition: ServiceDefinition,
    /// What people call it.
    pub name: String,
    /// The name of the customer it is for, if any.
    pub customer: Option<String>,
    /// That customer.
    pub customer_id: Option<CustomerId>,
    /// Anything else; lines are allowed.
    pub description: String,
    /// Whether pages list it and alerts speak of it. The engine does not look
    /// at this: end a service by giving its last version an end.
    pub active: bool,
    /// Counts changes from 1; hand it back to [`Services::update`].
    pub revision: i64,
    /// When it was first written.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// A service as somebody wants it to be. The texts are trimmed; name and
/// customer are one line of at most 200 characters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceDraft {
    /// Its id and versions.
    pub definition: ServiceDefinition,
    /// What people call it; the id when empty.
    pub name: String,
    /// The customer it is for, if any: its name or, where no customer has that
    /// name, its number. A name that nobody knows makes a new customer.
    pub customer: Option<String>,
    /// Anything else; lines are allowed, at most 10,000 characters.
    pub description: String,
    /// See [`Service::active`].
    pub active: bool,
}

/// Which services to list; every condition that is given holds.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct ServiceFilter {
    /// Words that all occur in id, name or customer; case does not matter.
    pub search: Option<String>,
    /// Exactly this customer's.
    pub customer: Option<String>,
    /// Only those that are, or are not, active.
    pub active: Option<bool>,
}

/// Changes services, and walks through them.
#[derive(Clone, Copy, Debug)]
pub struct Services<'a>(&'a Records);

/// Services as far as a reader may see them.
#[derive(Clone, Copy, Debug)]
pub struct ServicesWithin<'a> {
    records: &'a Records,
    scope: &'a Scope,
}

impl Records {
    /// The services.
    pub fn services(&self) -> Services<'_> {
        Services(self)
    }
}

impl<'a> Services<'a> {
    /// The services as far as `scope` goes; the only way to read one.
    pub fn within(self, scope: &'a Scope) -> ServicesWithin<'a> {
        ServicesWithin { records: self.0, scope }
    }
}

impl ServicesWithin<'_> {
    /// One service.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read; so for
    /// every method that only reads.
    pub async fn get(self, id: &ServiceId) -> Result<Option<Service>, RecordsError> {
        let row = service::Entity::find_by_id(id.as_str())
            .filter(self.scope.condition(service::Column::CustomerId))
            .one(self.records.reader())
            .await;
        row.doing("reading a service")?.map(codec::read).transpose()
    }

    /// The ids of all of them in a bounded scope; nothing where it has no bounds.
    ///
    /// # Errors
    /// See [`ServicesWithin::get`].
    pub async fn ids(self) -> Result<BTreeSet<ServiceId>, RecordsError> {
        if self.scope.is_everything() {
            return Ok(BTreeSet::new());
        }
        let ids: Vec<String> = service::Entity::find()
            .select_only()
            .column(service::Column::Id)
            .filter(self.scope.condition(service::Column::CustomerId))
            .into_tuple()
            .all(self.records.reader())
            .await
            .doing("listing the ids of services")?;
        Ok(ids.iter().map(|id| ServiceId::from(id.as_str())).collect())
    }

    /// Those of `ids` that exist.
    ///
    /// # Errors
    /// See [`ServicesWithin::get`].
    pub async fn by_ids(
        self,
        ids: &[ServiceId],
    ) -> Result<BTreeMap<ServiceId, Service>, RecordsError> {
        let mut found = load(self.records.reader(), ids).await?;
        found.retain(|_, service| self.scope.holds(service.customer_id));
        Ok(found)
    }

    /// The services that `filter` lets through, by name (case does not
    /// matter), then id.
    ///
    /// # Errors
    /// See [`ServicesWithin::get`].
    pub async fn list(
        self,
        filter: &ServiceFilter,
        page: Page,
    ) -> Result<Vec<Service>, RecordsError> {
        let rows = service::Entity::find()
            .filter(filter.condition())
            .filter(self.scope.condition(service::Column::CustomerId))
            .order_by_asc(service::Column::SortName)
            .order_by_asc(service::Column::Id)
            .offset(page.offset())
            .limit(page.limit())
            .all(self.records.reader())
            .await
            .doing("listing services")?;
        rows.into_iter().map(codec::read).collect()
    }

    /// How many services `filter` lets through.
    ///
    /// # Errors
    /// See [`ServicesWithin::get`].
    pub async fn count(self, filter: &ServiceFilter) -> Result<u64, RecordsError> {
        service::Entity::find()
            .filter(filter.condition())
            .filter(self.scope.condition(service::Column::CustomerId))
            .count(self.records.reader())
            .await
            .doing("counting services")
    }
}

impl Services<'_> {
    /// The next services by id (bytewise) after `after`, to walk through all
    /// of them however many there are; none at the end. `limit` is held at
    /// [`Page::MAX_LIMIT`].
    ///
    /// # Errors
    /// See [`ServicesWithin::get`].
    pub async fn walk(
        self,
        after: Option<&ServiceId>,
        limit: u64,
    ) -> Result<Vec<Service>, RecordsError> {
        next(self.0.reader(), after, limit).await
    }
}

impl ServiceFilter {
    fn condition(&self) -> Condition {
        let mut all = Condition::all();
        if let Some(words) = &self.search {
            all = all.add(holds_words(service::Column::SearchText, words));
        }
        if let Some(customer) = &self.customer {
            all = all.add(service::Column::Customer.eq(customer.as_str()));
        }
        if let Some(active) = self.active {
            all = all.add(service::Column::Active.eq(active));
        }
        all
    }
}

async fn load(
    db: &impl ConnectionTrait,
    ids: &[ServiceId],
) -> Result<BTreeMap<ServiceId, Service>, RecordsError> {
    let mut found = BTreeMap::new();
    for chunk in ids.chunks(IDS_PER_QUERY) {
        let rows = service::Entity::find()
            .filter(service::Column::Id.is_in(chunk.iter().map(ServiceId::as_str)))
            .all(db)
            .await
            .doing("reading services")?;
        for row in rows {
            let service = codec::read(row)?;
            found.insert(service.definition.id.clone(), service);
        }
    }
    Ok(found)
}

async fn next(
    db: &impl ConnectionTrait,
    after: Option<&ServiceId>,
    limit: u64,
) -> Result<Vec<Service>, RecordsError> {
    let mut query = service::Entity::find();
    if let Some(after) = after {
        query = query.filter(service::Column::Id.gt(after.as_str()));
    }
    let rows = query
        .order_by_asc(service::Column::Id)
        .limit(limit.min(Page::MAX_LIMIT))
        .all(db)
        .await
        .doing("walking through services")?;
    rows.into_iter().map(codec::read).collect()
}
