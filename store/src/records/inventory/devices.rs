//! Devices: routers, switches and whatever else an NMS polls.

use correlate::model::{ComponentId, Timestamp};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{Inventory, upsert};
use crate::records::entity::device;
use crate::records::error::{Doing, RecordsError};
use crate::records::page::{Page, holds_words};
use crate::records::text::foreign;

/// A device as its NMS describes it; texts are empty where it says nothing.
#[derive(Clone, PartialEq, Debug)]
pub struct Device {
    /// The name of the NMS account.
    pub account: String,
    /// The NMS's id of it.
    pub native_id: String,
    /// What pages call it.
    pub name: String,
    /// The name or address it is polled at.
    pub host_name: String,
    /// What it calls itself (SNMP sysName).
    pub sys_name: String,
    /// Its model.
    pub hardware: String,
    /// Its operating system.
    pub os: String,
    /// Where it stands, in words.
    pub location: String,
    /// Degrees north, -90 to 90 (WGS 84).
    pub latitude: Option<f64>,
    /// Degrees east, -180 to 180 (WGS 84).
    pub longitude: Option<f64>,
    /// The NMS is told not to look at it.
    pub disabled: bool,
    /// The NMS is told not to alert on it.
    pub ignored: bool,
}

impl Device {
    /// Its component: `<account>/device/<native id>`.
    pub fn component(&self) -> ComponentId {
        ComponentId::of(&self.account, "device", &self.native_id)
    }
}

impl Inventory<'_> {
    /// Adds or renews `devices`, all seen at `seen_at`.
    ///
    /// # Errors
    /// Only of the database; the chunks before the failing one are written.
    pub async fn upsert_devices(
        self,
        devices: &[Device],
        seen_at: Timestamp,
    ) -> Result<(), RecordsError> {
        use device::Column;
        let replace = OnConflict::columns([Column::Account, Column::NativeId])
            .update_columns([
                Column::Name,
                Column::HostName,
                Column::SysName,
                Column::Hardware,
                Column::Os,
                Column::Location,
                Column::Latitude,
                Column::Longitude,
                Column::SearchText,
                Column::LastSeenMs,
                Column::Disabled,
                Column::Ignored,
            ])
            .to_owned();
        let rows = devices.iter().map(|device| {
            let row = to_row(device, seen_at);
            ((row.account.clone(), row.native_id.clone()), row)
        });
        upsert::<device::ActiveModel, _>(self.0, rows, replace).await
    }

    /// Devices whose name, host name, sysName or location hold every word of
    /// `search`, by name.
    ///
    /// # Errors
    /// Only of the database; so for every method that only reads.
    pub async fn devices(self, search: &str, page: Page) -> Result<Vec<Device>, RecordsError> {
        let rows = device::Entity::find()
            .filter(holds_words(device::Column::SearchText, search))
            .order_by_asc(device::Column::Name)
            .order_by_asc(device::Column::Account)
            .order_by_asc(device::Column::NativeId)
            .offset(page.offset())
            .limit(page.limit())
            .all(self.0.reader())
            .await
            .doing("listing devices")?;
        Ok(rows.into_iter().map(read).collect())
    }

    /// How many devices [`Inventory::devices`] has in all its pages.
    ///
    /// # Errors
    /// See [`Inventory::devices`].
    pub async fn count_devices(self, search: &str) -> Result<u64, RecordsError> {
        device::Entity::find()
            .filter(holds_words(device::Column::SearchText, search))
            .count(self.0.reader())
            .await
            .doing("counting devices")
    }

    /// One device.
    ///
    /// # Errors
    /// See [`Inventory::devices`].
    pub async fn device(
        self,
        account: &str,
        native_id: &str,
    ) -> Result<Option<Device>, RecordsError> {
        let key = (account.to_owned(), native_id.to_owned());
        let row = device::Entity::find_by_id(key).one(self.0.reader()).await;
        Ok(row.doing("reading a device")?.map(read))
    }

    /// When the device was last mentioned by its NMS.
    ///
    /// # Errors
    /// See [`Inventory::devices`].
    pub async fn device_last_seen(
        self,
        account: &str,
        native_id: &str,
    ) -> Result<Option<Timestamp>, RecordsError> {
        let seen: Option<i64> = device::Entity::find()
            .select_only()
            .column(device::Column::LastSeenMs)
            .filter(device::Column::Account.eq(account))
            .filter(device::Column::NativeId.eq(native_id))
            .into_tuple()
            .one(self.0.reader())
            .await
            .doing("reading when a device was last seen")?;
        Ok(seen.map(Timestamp))
    }
}

fn to_row(device: &Device, seen_at: Timestamp) -> device::Model {
    let degrees = |value: Option<f64>, most: f64| value.filter(|value| value.abs() <= most);
    let (name, host_name) = (foreign(&device.name), foreign(&device.host_name));
    let (sys_name, location) = (foreign(&device.sys_name), foreign(&device.location));
    device::Model {
        account: foreign(&device.account),
        native_id: foreign(&device.native_id),
        search_text: format!("{name}\n{host_name}\n{sys_name}\n{location}").to_lowercase(),
        name,
        host_name,
        sys_name,
        hardware: foreign(&device.hardware),
        os: foreign(&device.os),
        location,
        latitude: degrees(device.latitude, 90.0),
        longitude: degrees(device.longitude, 180.0),
        last_seen_ms: seen_at.millis(),
        disabled: device.disabled,
        ignored: device.ignored,
    }
}

pub(super) fn read(row: device::Model) -> Device {
    Device {
        account: row.account,
        native_id: row.native_id,
        name: row.name,
        host_name: row.host_name,
        sys_name: row.sys_name,
        hardware: row.hardware,
        os: row.os,
        location: row.location,
        latitude: row.latitude,
        longitude: row.longitude,
        disabled: row.disabled,
        ignored: row.ignored,
    }
}
