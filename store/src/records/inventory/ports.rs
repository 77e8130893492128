//! Ports: the interfaces of devices.

use correlate::model::{ComponentId, Timestamp};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{Inventory, upsert};
use crate::records::entity::port;
use crate::records::error::{Doing, RecordsError};
use crate::records::page::{Page, holds_words};
use crate::records::text::foreign;

/// A port as its NMS describes it; texts are empty where it says nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Port {
    /// The name of the NMS account.
    pub account: String,
    /// The NMS's id of it.
    pub native_id: String,
    /// The NMS's id of the device it is on.
    pub device: String,
    /// Its short name (IF-MIB ifName).
    pub if_name: String,
    /// Its long name (ifDescr).
    pub if_descr: String,
    /// What the operator wrote on it (ifAlias).
    pub if_alias: String,
    /// Its kind (ifType), such as `ethernetCsmacd`.
    pub if_type: String,
    /// Bits per second, when known.
    pub speed_bps: Option<u64>,
}

impl Port {
    /// Its component: `<account>/port/<native id>`.
    pub fn component(&self) -> ComponentId {
        ComponentId::of(&self.account, "port", &self.native_id)
    }
}

impl Inventory<'_> {
    /// Adds or renews `ports`, all seen at `seen_at`.
    ///
    /// # Errors
    /// Only of the database; the chunks before the failing one are written.
    pub async fn upsert_ports(
        self,
        ports: &[Port],
        seen_at: Timestamp,
    ) -> Result<(), RecordsError> {
        use port::Column;
        let replace = OnConflict::columns([Column::Account, Column::NativeId])
            .update_columns([
                Column::Device,
                Column::IfName,
                Column::IfDescr,
                Column::IfAlias,
                Column::IfType,
                Column::SpeedBps,
                Column::SearchText,
                Column::LastSeenMs,
            ])
            .to_owned();
        let rows = ports.iter().map(|port| {
            let row = to_row(port, seen_at);
            ((row.account.clone(), row.native_id.clone()), row)
        });
        upsert::<port::ActiveModel, _>(self.0, rows, replace).await
    }

    /// The ports of one device, by short name.
    ///
    /// # Errors
    /// Only of the database; so for every method that only reads.
    pub async fn ports_of(
        self,
        account: &str,
        device: &str,
        page: Page,
    ) -> Result<Vec<Port>, RecordsError> {
        let query = port::Entity::find()
            .filter(port::Column::Account.eq(account))
            .filter(port::Column::Device.eq(device));
        self.ports_where(query, page).await
    }

    /// Ports whose names or alias hold every word of `search`, by short name.
    ///
    /// # Errors
    /// See [`Inventory::ports_of`].
    pub async fn ports(self, search: &str, page: Page) -> Result<Vec<Port>, RecordsError> {
        let words = holds_words(port::Column::SearchText, search);
        self.ports_where(port::Entity::find().filter(words), page).await
    }

    async fn ports_where(
        self,
        query: sea_orm::Select<port::Entity>,
        page: Page,
    ) -> Result<Vec<Port>, RecordsError> {
        let rows = query
            .order_by_asc(port::Column::IfName)
            .order_by_asc(port::Column::Account)
            .order_by_asc(port::Column::NativeId)
            .offset(page.offset())
            .limit(page.limit())
            .all(self.0.reader())
            .await
            .doing("listing ports")?;
        Ok(rows.into_iter().map(read).collect())
    }
}

fn to_row(port: &Port, seen_at: Timestamp) -> port::Model {
    let (if_name, if_descr) = (foreign(&port.if_name), foreign(&port.if_descr));
    let if_alias = foreign(&port.if_alias);
    port::Model {
        account: foreign(&port.account),
        native_id: foreign(&port.native_id),
        device: foreign(&port.device),
        search_text: format!("{if_name}\n{if_descr}\n{if_alias}").to_lowercase(),
        if_name,
        if_descr,
        if_alias,
        if_type: foreign(&port.if_type),
        speed_bps: port.speed_bps.and_then(|speed| i64::try_from(speed).ok()),
        last_seen_ms: seen_at.millis(),
    }
}

pub(super) fn read(row: port::Model) -> Port {
    Port {
        account: row.account,
        native_id: row.native_id,
        device: row.device,
        if_name: row.if_name,
        if_descr: row.if_descr,
        if_alias: row.if_alias,
        if_type: row.if_type,
        speed_bps: row.speed_bps.and_then(|speed| u64::try_from(speed).ok()),
    }
}
