//! Components that services name now and that their NMS does not watch any
//! more: what an operator has to mend, in the NMS or in a definition.

use std::collections::{BTreeMap, BTreeSet};

use correlate::model::{ComponentId, ServiceId, Timestamp};
use store::Scope;
use store::records::{Records, RecordsError, Unwatched, UnwatchedWhy};

/// Services with their components that are looked at: enough to act on.
const ROWS_MAX: u64 = 1_000;

/// A component that nobody watches, and who names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct NamedUnwatched {
    pub(crate) component: ComponentId,
    /// What its device is called.
    pub(crate) device: String,
    pub(crate) why: UnwatchedWhy,
    /// When its NMS last mentioned it.
    pub(crate) last_seen_at: Timestamp,
    /// What has taken its place, as far as names tell.
    pub(crate) replaced_by: Option<ComponentId>,
    /// The services whose newest version names it, with what they are called.
    pub(crate) services: BTreeMap<ServiceId, String>,
}

/// What [`unwatched`] found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct UnwatchedList {
    /// By device and component.
    pub(crate) components: Vec<NamedUnwatched>,
    /// There may be more than are looked at.
    pub(crate) truncated: bool,
}

/// The components of `account` that services of `scope` name in their newest
/// version, and that the NMS does not watch.
///
/// # Errors
/// Only of the database.
pub(crate) async fn unwatched(
    records: &Records,
    scope: &Scope,
    account: &str,
) -> Result<UnwatchedList, RecordsError> {
    let rows = records.inventory().unwatched(account, ROWS_MAX).await?;
    let truncated = rows.len() as u64 >= ROWS_MAX;
    let ids: BTreeSet<ServiceId> = rows.iter().map(|row| row.service.clone()).collect();
    let ids: Vec<ServiceId> = ids.into_iter().collect();
    let services = records.services().within(scope).by_ids(&ids).await?;
    let mut components: Vec<NamedUnwatched> = Vec::new();
    for row in rows {
        let Unwatched { component, service, device, why, last_seen_at, replaced_by } = row;
        let Some(known) = services.get(&service) else { continue };
        let newest = known.definition.versions().last();
        if !newest.is_some_and(|version| version.path.components().contains(&&component)) {
            continue;
        }
        let place = components.iter().rposition(|known| known.component == component);
        let place = place.unwrap_or_else(|| {
            let services = BTreeMap::new();
            let one =
                NamedUnwatched { component, device, why, last_seen_at, replaced_by, services };
            components.push(one);
            components.len() - 1
        });
        components[place].services.insert(service, known.name.clone());
    }
    Ok(UnwatchedList { components, truncated })
}
