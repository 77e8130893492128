//! Links: which device sees which neighbour on which port.
//!
//! An NMS forgets a link when a neighbour is missing at discovery and gives it
//! a new id when it comes back (LIBRENMS-API, links). So a link is known by
//! its ends, keeps when it was last seen, and says nothing of its state.

use correlate::model::Timestamp;
use sea_orm::sea_query::OnConflict;
use sea_orm::{QueryOrder, QuerySelect};

use super::listing::links_of;
use super::{Inventory, upsert};
use crate::records::entity::link;
use crate::records::error::{Doing, RecordsError};
use crate::records::page::Page;
use crate::records::text::foreign;

/// A link as one of its ends sees it; most appear twice, once from each end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// The name of the NMS account.
    pub account: String,
    /// The NMS's id of the device that sees the neighbour.
    pub local_device: String,
    /// The NMS's id of its port, when known.
    pub local_port: Option<String>,
    /// The NMS's id of the neighbour, when it polls it too.
    pub remote_device: Option<String>,
    /// The NMS's id of the neighbour's port, when known.
    pub remote_port: Option<String>,
    /// What the neighbour calls itself.
    pub remote_host_name: String,
    /// What the neighbour calls its port: a name, an alias or a MAC address.
    pub remote_port_name: String,
    /// How it was found, such as `lldp` or `cdp`; empty when not known.
    pub protocol: String,
    /// When the NMS last mentioned it. Ignored on writing.
    pub last_seen_at: Timestamp,
}

impl Inventory<'_> {
    /// Adds or renews `links`, all seen at `seen_at`.
    ///
    /// # Errors
    /// Only of the database; the chunks before the failing one are written.
    pub async fn upsert_links(
        self,
        links: &[Link],
        seen_at: Timestamp,
    ) -> Result<(), RecordsError> {
        use link::Column;
        let key = [
            Column::Account,
            Column::LocalDevice,
            Column::LocalPort,
            Column::RemoteDevice,
            Column::RemoteHostName,
            Column::RemotePortName,
        ];
        let replace = OnConflict::columns(key)
            .update_columns([Column::RemotePort, Column::Protocol, Column::LastSeenMs])
            .to_owned();
        let rows = links.iter().map(|link| {
            let row = to_row(link, seen_at);
            let local = (row.account.clone(), row.local_device.clone(), row.local_port.clone());
            let remote = (
                row.remote_device.clone(),
                row.remote_host_name.clone(),
                row.remote_port_name.clone(),
            );
            ((local, remote), row)
        });
        upsert::<link::ActiveModel, _>(self.0, rows, replace).await
    }

    /// The links of one account, or of one of its devices at either end.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn links(
        self,
        account: &str,
        device: Option<&str>,
        page: Page,
    ) -> Result<Vec<Link>, RecordsError> {
        let rows = links_of(account, device)
            .order_by_asc(link::Column::LocalDevice)
            .order_by_asc(link::Column::LocalPort)
            .order_by_asc(link::Column::RemoteDevice)
            .order_by_asc(link::Column::RemoteHostName)
            .order_by_asc(link::Column::RemotePortName)
            .offset(page.offset())
            .limit(page.limit())
            .all(self.0.reader())
            .await
            .doing("listing links")?;
        Ok(rows.into_iter().map(read).collect())
    }
}

/// An absent end is the empty text in the row, as a key may hold no NULL.
fn to_row(link: &Link, seen_at: Timestamp) -> link::Model {
    let end = |id: &Option<String>| id.as_deref().map(foreign).unwrap_or_default();
    link::Model {
        account: foreign(&link.account),
        local_device: foreign(&link.local_device),
        local_port: end(&link.local_port),
        remote_device: end(&link.remote_device),
        remote_port: end(&link.remote_port),
        remote_host_name: foreign(&link.remote_host_name),
        remote_port_name: foreign(&link.remote_port_name),
        protocol: foreign(&link.protocol),
        last_seen_ms: seen_at.millis(),
    }
}

pub(super) fn read(row: link::Model) -> Link {
    let end = |id: String| Some(id).filter(|id| !id.is_empty());
    Link {
        account: row.account,
        local_device: row.local_device,
        local_port: end(row.local_port),
        remote_device: end(row.remote_device),
        remote_port: end(row.remote_port),
        remote_host_name: row.remote_host_name,
        remote_port_name: row.remote_port_name,
        protocol: row.protocol,
        last_seen_at: Timestamp(row.last_seen_ms),
    }
}
