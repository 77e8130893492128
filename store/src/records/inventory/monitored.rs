//! What an NMS watches beside devices and ports: BGP sessions and checks.

use std::collections::{BTreeMap, BTreeSet};

use correlate::model::{ComponentId, Timestamp};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{Device, IDS_PER_QUERY, Inventory, Listing, devices, upsert};
use crate::records::entity::{device, monitored};
use crate::records::error::{Doing, RecordsError};
use crate::records::page::{Page, holds_words};
use crate::records::text::foreign;

/// A BGP session or a check as its NMS describes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Monitored {
    /// The name of the NMS account.
    pub account: String,
    /// The second part of its component id: `bgp` or `check`.
    pub kind: String,
    /// The NMS's id of it.
    pub native_id: String,
    /// The NMS's id of the device that it is of.
    pub device: String,
    /// What pages call it.
    pub name: String,
    /// What else there is to say; empty where there is nothing.
    pub description: String,
    /// The NMS is told not to look at it.
    pub disabled: bool,
    /// The NMS is told not to alert on it.
    pub ignored: bool,
}

impl Monitored {
    /// Its component: `<account>/<kind>/<native id>`.
    pub fn component(&self) -> ComponentId {
        ComponentId::of(&self.account, &self.kind, &self.native_id)
    }
}

impl Inventory<'_> {
    /// Adds or renews `monitored`, all seen at `seen_at`.
    ///
    /// # Errors
    /// Only of the database; the chunks before the failing one are written.
    pub async fn upsert_monitored(
        self,
        monitored: &[Monitored],
        seen_at: Timestamp,
    ) -> Result<(), RecordsError> {
        use monitored::Column;
        let replace = OnConflict::columns([Column::Account, Column::Kind, Column::NativeId])
            .update_columns([
                Column::Device,
                Column::Name,
                Column::Description,
                Column::Disabled,
                Column::Ignored,
                Column::SearchText,
                Column::LastSeenMs,
            ])
            .to_owned();
        let rows = monitored.iter().map(|one| {
            let row = to_row(one, seen_at);
            ((row.account.clone(), row.kind.clone(), row.native_id.clone()), row)
        });
        upsert::<monitored::ActiveModel, _>(self.0, rows, replace).await
    }

    /// Those of `account`, of one `kind`, whose name or description holds every word
    /// of `search`; of one device if it is given. By device and name.
    ///
    /// # Errors
    /// Only of the database; so for every method that only reads.
    pub async fn list_monitored(
        self,
        account: &str,
        kind: &str,
        device: Option<&str>,
        search: &str,
        page: Page,
    ) -> Result<Listing<Monitored>, RecordsError> {
        const DOING: &str = "listing what an account monitors";
        let mut query = monitored::Entity::find()
            .filter(monitored::Column::Account.eq(account))
            .filter(monitored::Column::Kind.eq(kind))
            .filter(holds_words(monitored::Column::SearchText, search));
        if let Some(device) = device {
            query = query.filter(monitored::Column::Device.eq(device));
        }
        let total = query.clone().count(self.0.reader()).await.doing(DOING)?;
        let rows = query
            .order_by_asc(monitored::Column::Device)
            .order_by_asc(monitored::Column::Name)
            .order_by_asc(monitored::Column::NativeId)
            .offset(page.offset())
            .limit(page.limit())
            .all(self.0.reader())
            .await
            .doing(DOING)?;
        let seen = |row: monitored::Model| {
            let at = Timestamp(row.last_seen_ms);
            (read(row), at)
        };
        Ok(Listing { rows: rows.into_iter().map(seen).collect(), total })
    }

    /// All of every account, each with its device if that is known.
    ///
    /// # Errors
    /// See [`Inventory::list_monitored`].
    pub async fn monitored(
        self,
        page: Page,
    ) -> Result<Vec<(Monitored, Option<Device>)>, RecordsError> {
        let rows = monitored::Entity::find()
            .order_by_asc(monitored::Column::Account)
            .order_by_asc(monitored::Column::Kind)
            .order_by_asc(monitored::Column::NativeId)
            .offset(page.offset())
            .limit(page.limit())
            .all(self.0.reader())
            .await
            .doing("listing what is monitored")?;
        let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for row in &rows {
            wanted.entry(&row.account).or_default().insert(&row.device);
        }
        let mut known = BTreeMap::new();
        for (account, natives) in wanted {
            let natives: Vec<&str> = natives.into_iter().collect();
            for some in natives.chunks(IDS_PER_QUERY) {
                let rows = device::Entity::find()
                    .filter(device::Column::Account.eq(account))
                    .filter(device::Column::NativeId.is_in(some.iter().copied()))
                    .all(self.0.reader())
                    .await
                    .doing("reading the devices of what is monitored")?;
                let rows = rows.into_iter().map(devices::read);
                known.extend(rows.map(|one| ((one.account.clone(), one.native_id.clone()), one)));
            }
        }
        let with_device = |row: monitored::Model| {
            let device = known.get(&(row.account.clone(), row.device.clone())).cloned();
            (read(row), device)
        };
        Ok(rows.into_iter().map(with_device).collect())
    }

    pub(super) async fn monitored_rows(
        self,
        account: &str,
        kind: &str,
        native: &BTreeSet<&str>,
    ) -> Result<Vec<Monitored>, RecordsError> {
        let native: Vec<&str> = native.iter().copied().collect();
        let mut found = Vec::new();
        for some in native.chunks(IDS_PER_QUERY) {
            let rows = monitored::Entity::find()
                .filter(monitored::Column::Account.eq(account))
                .filter(monitored::Column::Kind.eq(kind))
                .filter(monitored::Column::NativeId.is_in(some.iter().copied()))
                .all(self.0.reader())
                .await
                .doing("reading names of what is monitored")?;
            found.extend(rows.into_iter().map(read));
        }
        Ok(found)
    }
}

fn to_row(one: &Monitored, seen_at: Timestamp) -> monitored::Model {
    let (name, description) = (foreign(&one.name), foreign(&one.description));
    monitored::Model {
        account: foreign(&one.account),
        kind: foreign(&one.kind),
        native_id: foreign(&one.native_id),
        device: foreign(&one.device),
        search_text: format!("{name}\n{description}").to_lowercase(),
        name,
        description,
        disabled: one.disabled,
        ignored: one.ignored,
        last_seen_ms: seen_at.millis(),
    }
}

fn read(row: monitored::Model) -> Monitored {
    Monitored {
        account: row.account,
        kind: row.kind,
        native_id: row.native_id,
        device: row.device,
        name: row.name,
        description: row.description,
        disabled: row.disabled,
        ignored: row.ignored,
    }
}
