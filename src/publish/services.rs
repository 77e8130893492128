//! The services dimension. The audit trail tells what changed: it has every
//! change of a service, also of names, which the engine never hears of.
//!
//! Deleted services leave when their entry is read; one that was deleted
//! [`ENTRIES_MAX`] changes ago, while nobody published, keeps its name.

use std::collections::BTreeSet;

use correlate::model::ServiceId;
use store::Scope;
use store::records::{AuditEntry, AuditFilter, Page, Service};
use store::series::ServiceDimension;

use super::dimensions::{Sync, WRITE_ROWS};

/// How far back the audit trail is read. When more has changed, everything is
/// written anew, which costs about as much.
const ENTRIES_MAX: u64 = 500;

/// How the objects of services begin in the audit trail.
const OBJECT_PREFIX: &str = "service/";

/// How those of customers do.
const CUSTOMER_PREFIX: &str = "customer/";

/// Up to where the audit trail is in the dimension.
#[derive(Default, Debug)]
pub(super) struct Seen {
    /// `None` before the first sync as a whole.
    all: Option<Newest>,
}

/// The newest entry; there is none in a new database.
type Newest = Option<AuditEntry>;

impl Seen {
    /// Makes the next sync write everything.
    pub(super) fn forget(&mut self) {
        self.all = None;
    }
}

/// Writes what has changed since the last sync.
pub(super) async fn sync(sync: &mut Sync, seen: &mut Seen) -> anyhow::Result<()> {
    let newest = entries(sync, 1).await?.pop();
    if seen.all.as_ref() == Some(&newest) {
        return Ok(());
    }
    let version = sync.next_version();
    let entries = entries(sync, ENTRIES_MAX).await?;
    let newest = entries.first().cloned();
    let last = seen.all.as_ref().and_then(Option::as_ref);
    let place = last.and_then(|last| entries.iter().position(|entry| entry == last));
    // An entry is found by its place; all before it are new.
    let (new, is_complete) = match place {
        Some(place) => (&entries[..place], true),
        None => (entries.as_slice(), false),
    };
    // A customer's new name goes to all of its services, which have no entries.
    let renames =
        |entry: &AuditEntry| entry.object.starts_with(CUSTOMER_PREFIX) && entry.action == "update";
    let is_complete = is_complete && !new.iter().any(renames);
    let changed: BTreeSet<ServiceId> = new
        .iter()
        .filter_map(|entry| entry.object.strip_prefix(OBJECT_PREFIX))
        .map(ServiceId::from)
        .collect();
    write_changed(sync, &changed.into_iter().collect::<Vec<_>>(), version).await?;
    if !is_complete {
        write_all(sync, version).await?;
    }
    seen.all = Some(newest);
    Ok(())
}

/// The newest first.
async fn entries(sync: &Sync, count: u64) -> anyhow::Result<Vec<AuditEntry>> {
    let filter = AuditFilter::default();
    Ok(sync.records.audit().list(&filter, Page::first(count)).await?)
}

/// Writes those of `ids` that exist, and takes out the others.
async fn write_changed(sync: &Sync, ids: &[ServiceId], version: u64) -> anyhow::Result<()> {
    let found = sync.records.services().within(&Scope::everything()).by_ids(ids).await?;
    let services: Vec<&Service> = found.values().collect();
    write(sync, &services, version).await?;
    let gone: Vec<ServiceId> = ids.iter().filter(|id| !found.contains_key(*id)).cloned().collect();
    if !gone.is_empty() {
        let of_nobody: Vec<_> = gone.iter().map(|id| (id.clone(), String::new())).collect();
        sync.series.upsert_service_customers(&of_nobody, version).await?;
        sync.series.remove_services(&gone, version).await?;
    }
    Ok(())
}

/// Writes what `services` are called and whose they are; the latter first, as
/// it bounds who reads the former.
async fn write(sync: &Sync, services: &[&Service], version: u64) -> anyhow::Result<()> {
    if services.is_empty() {
        return Ok(());
    }
    let owner = |service: &&Service| {
        let customer = service.customer_id.map(|id| id.to_string()).unwrap_or_default();
        (service.definition.id.clone(), customer)
    };
    let owners: Vec<_> = services.iter().map(owner).collect();
    sync.series.upsert_service_customers(&owners, version).await?;
    let rows: Vec<ServiceDimension> = services.iter().map(|service| dimension(service)).collect();
    Ok(sync.series.upsert_services(&rows, version).await?)
}

async fn write_all(sync: &Sync, version: u64) -> anyhow::Result<()> {
    let mut rows: Vec<Service> = Vec::new();
    let mut after = None;
    loop {
        let services = sync.records.services().walk(after.as_ref(), Page::MAX_LIMIT).await?;
        let Some(last) = services.last() else { break };
        after = Some(last.definition.id.clone());
        rows.extend(services);
        if rows.len() >= WRITE_ROWS {
            write(sync, &rows.iter().collect::<Vec<_>>(), version).await?;
            rows.clear();
        }
    }
    write(sync, &rows.iter().collect::<Vec<_>>(), version).await
}

fn dimension(service: &Service) -> ServiceDimension {
    ServiceDimension {
        id: service.definition.id.clone(),
        name: service.name.clone(),
        customer: service.customer.clone().unwrap_or_default(),
        // The records do not know what was sold.
        product: String::new(),
        speed_mbps: 0,
        description: service.description.clone(),
    }
}
