//! What people call a component.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use correlate::model::ComponentId;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::{IDS_PER_QUERY, Inventory, Monitored};
use crate::records::entity::{device, port};
use crate::records::error::{Doing, RecordsError};

/// What people call a component; printed as `core1 · xe-0/0/1 (to core2)`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ComponentName {
    /// The name of the device that it is, or that it is on.
    pub device: String,
    /// The short name of the port, or the name of the session or check, when it is one.
    pub port: Option<String>,
    /// What the operator wrote on it, when anything.
    pub alias: Option<String>,
}

impl fmt::Display for ComponentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.device)?;
        if let Some(port) = &self.port {
            write!(f, " · {port}")?;
        }
        match &self.alias {
            Some(alias) => write!(f, " ({alias})"),
            None => Ok(()),
        }
    }
}

/// Native ids by account.
type ByAccount<'i> = BTreeMap<&'i str, BTreeSet<&'i str>>;

impl Inventory<'_> {
    /// The names of those of `ids` that are in the inventory.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn component_names(
        self,
        ids: &[ComponentId],
    ) -> Result<BTreeMap<ComponentId, ComponentName>, RecordsError> {
        let (mut devices, mut ports) = (ByAccount::new(), ByAccount::new());
        let mut others: BTreeMap<&str, ByAccount<'_>> = BTreeMap::new();
        for id in ids {
            match id.parts() {
                Some((account, "device", native)) => {
                    devices.entry(account).or_default().insert(native);
                }
                Some((account, "port", native)) => {
                    ports.entry(account).or_default().insert(native);
                }
                Some((account, kind, native)) => {
                    let of_kind = others.entry(kind).or_default();
                    of_kind.entry(account).or_default().insert(native);
                }
                None => {}
            }
        }
        let mut names = BTreeMap::new();
        for (account, native) in devices {
            for (native, device) in self.device_names(account, &native).await? {
                let name = ComponentName { device, port: None, alias: None };
                names.insert(ComponentId::of(account, "device", native), name);
            }
        }
        for (account, native) in ports {
            let ports = self.port_rows(account, &native).await?;
            let on: BTreeSet<&str> = ports.iter().map(|port| port.device.as_str()).collect();
            let devices = self.device_names(account, &on).await?;
            for port in ports {
                let id = ComponentId::of(account, "port", &port.native_id);
                names.insert(id, port_name(port, &devices));
            }
        }
        for (kind, of_kind) in others {
            for (account, native) in of_kind {
                let found = self.monitored_rows(account, kind, &native).await?;
                let of: BTreeSet<&str> = found.iter().map(|one| one.device.as_str()).collect();
                let devices = self.device_names(account, &of).await?;
                for one in found {
                    names.insert(one.component(), part_name(one, &devices));
                }
            }
        }
        Ok(names)
    }

    /// The short names (ifName) of those of `ids` that are ports of the
    /// inventory and have one.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn short_port_names(
        self,
        ids: &[ComponentId],
    ) -> Result<BTreeMap<ComponentId, String>, RecordsError> {
        let mut ports = ByAccount::new();
        for (account, kind, native) in ids.iter().filter_map(ComponentId::parts) {
            if kind == "port" {
                ports.entry(account).or_default().insert(native);
            }
        }
        let mut names = BTreeMap::new();
        for (account, native) in ports {
            for port in self.port_rows(account, &native).await? {
                if !port.if_name.is_empty() {
                    let id = ComponentId::of(account, "port", &port.native_id);
                    names.insert(id, port.if_name);
                }
            }
        }
        Ok(names)
    }

    async fn device_names(
        self,
        account: &str,
        native: &BTreeSet<&str>,
    ) -> Result<BTreeMap<String, String>, RecordsError> {
        let native: Vec<&str> = native.iter().copied().collect();
        let mut names = BTreeMap::new();
        for chunk in native.chunks(IDS_PER_QUERY) {
            let rows = device::Entity::find()
                .filter(device::Column::Account.eq(account))
                .filter(device::Column::NativeId.is_in(chunk.iter().copied()))
                .all(self.0.reader())
                .await
                .doing("reading names of devices")?;
            names.extend(rows.into_iter().map(|row| {
                let named = [row.name, row.sys_name, row.host_name];
                let name = named.into_iter().find(|name| !name.is_empty());
                let name = name.unwrap_or_else(|| format!("device {}", row.native_id));
                (row.native_id, name)
            }));
        }
        Ok(names)
    }

    async fn port_rows(
        self,
        account: &str,
        native: &BTreeSet<&str>,
    ) -> Result<Vec<port::Model>, RecordsError> {
        let native: Vec<&str> = native.iter().copied().collect();
        let mut ports = Vec::new();
        for chunk in native.chunks(IDS_PER_QUERY) {
            let rows = port::Entity::find()
                .filter(port::Column::Account.eq(account))
                .filter(port::Column::NativeId.is_in(chunk.iter().copied()))
                .all(self.0.reader())
                .await
                .doing("reading names of ports")?;
            ports.extend(rows);
        }
        Ok(ports)
    }
}

fn port_name(port: port::Model, devices: &BTreeMap<String, String>) -> ComponentName {
    let device = devices.get(&port.device).cloned();
    let named = [port.if_name, port.if_descr].into_iter().find(|name| !name.is_empty());
    let name = named.unwrap_or_else(|| format!("port {}", port.native_id));
    let alias = Some(port.if_alias).filter(|alias| !alias.is_empty() && *alias != name);
    ComponentName {
        device: device.unwrap_or_else(|| format!("device {}", port.device)),
        port: Some(name),
        alias,
    }
}

fn part_name(part: Monitored, devices: &BTreeMap<String, String>) -> ComponentName {
    let device = devices.get(&part.device).cloned();
    let alias = Some(part.description).filter(|text| !text.is_empty() && *text != part.name);
    ComponentName {
        device: device.unwrap_or_else(|| format!("device {}", part.device)),
        port: Some(part.name),
        alias,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_from_the_outside_in() {
        let mut name = ComponentName { device: "core1".to_owned(), port: None, alias: None };
        assert_eq!(name.to_string(), "core1");
        name.port = Some("xe-0/0/1".to_owned());
        name.alias = Some("to core2".to_owned());
        assert_eq!(name.to_string(), "core1 · xe-0/0/1 (to core2)");
    }
}
