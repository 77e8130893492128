//! Lists of one account's inventory, page by page, with how many there are.

use correlate::model::Timestamp;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::{Device, Inventory, Link, Port, devices, links, ports};
use crate::records::entity::{device, link, port};
use crate::records::error::{Doing, RecordsError};
use crate::records::page::{Page, holds_words};

/// One page of a list.
#[derive(Clone, PartialEq, Debug)]
pub struct Listing<T> {
    /// The entries of the page, each with when its NMS last mentioned it.
    pub rows: Vec<(T, Timestamp)>,
    /// How many there are on all pages.
    pub total: u64,
}

impl Inventory<'_> {
    /// The devices of `account` whose names or location hold every word of
    /// `search`, by name.
    ///
    /// # Errors
    /// Only of the database; so for every method here.
    pub async fn list_devices(
        self,
        account: &str,
        search: &str,
        page: Page,
    ) -> Result<Listing<Device>, RecordsError> {
        const DOING: &str = "listing the devices of an account";
        let query = device::Entity::find()
            .filter(device::Column::Account.eq(account))
            .filter(holds_words(device::Column::SearchText, search));
        let total = query.clone().count(self.0.reader()).await.doing(DOING)?;
        let rows = query
            .order_by_asc(device::Column::Name)
            .order_by_asc(device::Column::NativeId)
            .offset(page.offset())
            .limit(page.limit())
            .all(self.0.reader())
            .await
            .doing(DOING)?;
        let seen = |row: device::Model| {
            let at = Timestamp(row.last_seen_ms);
            (devices::read(row), at)
        };
        Ok(Listing { rows: rows.into_iter().map(seen).collect(), total })
    }

    /// The ports of `account` whose names or alias hold every word of
    /// `search`, of one device if it is given, by device and short name.
    ///
    /// # Errors
    /// See [`Inventory::list_devices`].
    pub async fn list_ports(
        self,
        account: &str,
        device: Option<&str>,
        search: &str,
        page: Page,
    ) -> Result<Listing<Port>, RecordsError> {
        const DOING: &str = "listing the ports of an account";
        let mut query = port::Entity::find()
            .filter(port::Column::Account.eq(account))
            .filter(holds_words(port::Column::SearchText, search));
        if let Some(device) = device {
            query = query.filter(port::Column::Device.eq(device));
        }
        let total = query.clone().count(self.0.reader()).await.doing(DOING)?;
        let rows = query
            .order_by_asc(port::Column::Device)
            .order_by_asc(port::Column::IfName)
            .order_by_asc(port::Column::NativeId)
            .offset(page.offset())
            .limit(page.limit())
            .all(self.0.reader())
            .await
            .doing(DOING)?;
        let seen = |row: port::Model| {
            let at = Timestamp(row.last_seen_ms);
            (ports::read(row), at)
        };
        Ok(Listing { rows: rows.into_iter().map(seen).collect(), total })
    }

    /// The links of `account`, of one device at either end if it is given, as
    /// each end sees them.
    ///
    /// # Errors
    /// See [`Inventory::list_devices`].
    pub async fn list_links(
        self,
        account: &str,
        device: Option<&str>,
        page: Page,
    ) -> Result<Listing<Link>, RecordsError> {
        const DOING: &str = "counting links";
        let rows = self.links(account, device, page).await?;
        let total = links_of(account, device).count(self.0.reader()).await.doing(DOING)?;
        let rows = rows.into_iter().map(|link| {
            let at = link.last_seen_at;
            (link, at)
        });
        Ok(Listing { rows: rows.collect(), total })
    }

    /// Every link of `account` at once, at most `limit`, for whoever looks for
    /// a way through the network.
    ///
    /// # Errors
    /// See [`Inventory::list_devices`].
    pub async fn all_links(self, account: &str, limit: u64) -> Result<Vec<Link>, RecordsError> {
        let rows = links_of(account, None)
            .order_by_asc(link::Column::LocalDevice)
            .order_by_asc(link::Column::LocalPort)
            .order_by_asc(link::Column::RemoteDevice)
            .limit(limit)
            .all(self.0.reader())
            .await
            .doing("reading all links of an account")?;
        Ok(rows.into_iter().map(links::read).collect())
    }
}

/// Those of one account, or of one of its devices at either end.
pub(super) fn links_of(account: &str, device: Option<&str>) -> sea_orm::Select<link::Entity> {
    let query = link::Entity::find().filter(link::Column::Account.eq(account));
    let Some(device) = device else { return query };
    let either = Condition::any()
        .add(link::Column::LocalDevice.eq(device))
        .add(link::Column::RemoteDevice.eq(device));
    query.filter(either)
}
