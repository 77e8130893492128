//! What the NMSes know of devices, ports and links, and of what else they watch:
//! names for pages, later topology. Only ever added to: what an NMS stops mentioning keeps the instant
//! at which it was last seen, so the past keeps its names.
//!
//! Texts come from other systems: they are cut and cleaned, never refused.
//! Writes go in bounded chunks, each its own transaction, so that a large
//! network does not keep SQLite's one writer from everybody else.

mod devices;
mod links;
mod listing;
mod monitored;
mod names;
mod ports;
mod unwatched;

use std::collections::BTreeMap;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};

use super::database::Records;
use super::error::{Doing, RecordsError};

pub use devices::Device;
pub use links::Link;
pub use listing::Listing;
pub use monitored::Monitored;
pub use names::ComponentName;
pub use ports::Port;
pub use unwatched::{Unwatched, UnwatchedWhy};

/// Rows in one INSERT, and so in one transaction; at most 14 values each stay
/// far below SQLite's 32,766, and the writer is held for milliseconds.
const CHUNK_ROWS: usize = 1_000;
/// Ids in one `IN (…)`: a bounded statement on both databases.
const IDS_PER_QUERY: usize = 500;

/// Reads and writes the inventory.
#[derive(Clone, Copy, Debug)]
pub struct Inventory<'a>(&'a Records);

impl Records {
    /// What the NMSes know of devices, ports and links.
    pub fn inventory(&self) -> Inventory<'_> {
        Inventory(self)
    }
}

/// Inserts or replaces `rows` in chunks. Of two rows with one key the later
/// counts: PostgreSQL refuses to write a row twice in one statement.
async fn upsert<A, K: Ord>(
    records: &Records,
    rows: impl Iterator<Item = (K, <A::Entity as EntityTrait>::Model)>,
    on_conflict: OnConflict,
) -> Result<(), RecordsError>
where
    A: ActiveModelTrait + Send,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
{
    let unique: BTreeMap<K, _> = rows.collect();
    let mut rows = unique.into_values();
    loop {
        let chunk: Vec<A> =
            rows.by_ref().take(CHUNK_ROWS).map(IntoActiveModel::into_active_model).collect();
        if chunk.is_empty() {
            return Ok(());
        }
        <A::Entity as EntityTrait>::insert_many(chunk)
            .on_conflict(on_conflict.clone())
            .exec_without_returning(records.writer())
            .await
            .doing("writing the inventory")?;
    }
}
