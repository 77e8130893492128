//! Components that services name and that their NMS does not watch any more:
//! switched off there, gone, or added again under another id.

use std::collections::BTreeMap;

use correlate::model::{ComponentId, ServiceId, Timestamp};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Statement,
};

use super::{IDS_PER_QUERY, Inventory};
use crate::records::database::DatabaseKind;
use crate::records::entity::{device, monitored, port};
use crate::records::error::{Doing, RecordsError};

/// Why nobody watches a component.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnwatchedWhy {
    /// The NMS is told not to look at it.
    Disabled,
    /// The NMS is told not to alert on it; it is watched all the same unless the
    /// account passes over what is ignored.
    Ignored,
    /// The newest inventory does not hold it.
    Gone,
}

impl UnwatchedWhy {
    /// `disabled`, `ignored` or `gone`, as in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            UnwatchedWhy::Disabled => "disabled",
            UnwatchedWhy::Ignored => "ignored",
            UnwatchedWhy::Gone => "gone",
        }
    }
}

/// A component that a service names and that its NMS does not watch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unwatched {
    /// Which component.
    pub component: ComponentId,
    /// A service whose path names it, in some version.
    pub service: ServiceId,
    /// What its device is called.
    pub device: String,
    /// Why.
    pub why: UnwatchedWhy,
    /// When its NMS last mentioned it.
    pub last_seen_at: Timestamp,
    /// Of what is gone: what has taken its place, as far as names tell. A device
    /// that is polled at the same name, and its port of the same short name, or its
    /// session or check of the same name.
    pub replaced_by: Option<ComponentId>,
}

/// What one statement gives, of devices, of ports and of what else is monitored.
#[derive(FromQueryResult)]
struct Row {
    name: String,
    host_name: String,
    disabled: bool,
    seen_ms: i64,
    is_gone: bool,
    if_name: String,
    component: String,
    service_id: String,
}

/// `$2` and `$3` are when devices and ports were last seen, whichever they were; so are
/// `$5` of BGP sessions and `$6` of checks.
const SQL: &str = "
SELECT d.native_id AS device, d.name AS name, d.host_name AS host_name, d.disabled AS disabled,
       d.ignored AS ignored, d.last_seen_ms AS seen_ms, d.last_seen_ms < $2 AS is_gone,
       '' AS if_name, s.component AS component, s.service_id AS service_id
FROM devices d
JOIN service_components s ON s.component = d.account || '/device/' || d.native_id
WHERE d.account = $1 AND (d.last_seen_ms < $2 OR d.disabled OR d.ignored)
UNION ALL
SELECT d.native_id, d.name, d.host_name, d.disabled, d.ignored, p.last_seen_ms,
       p.last_seen_ms < $3 OR d.last_seen_ms < $2, p.if_name, s.component, s.service_id
FROM devices d
JOIN ports p ON p.account = d.account AND p.device = d.native_id
JOIN service_components s ON s.component = p.account || '/port/' || p.native_id
WHERE d.account = $1
  AND (d.last_seen_ms < $2 OR p.last_seen_ms < $3 OR d.disabled OR d.ignored)
UNION ALL
SELECT d.native_id, d.name, d.host_name, d.disabled OR m.disabled, d.ignored OR m.ignored,
       m.last_seen_ms,
       m.last_seen_ms < CASE m.kind WHEN 'bgp' THEN CAST($5 AS bigint) ELSE CAST($6 AS bigint) END OR d.last_seen_ms < $2,
       m.name, s.component, s.service_id
FROM devices d
JOIN monitored m ON m.account = d.account AND m.device = d.native_id
JOIN service_components s ON s.component = m.account || '/' || m.kind || '/' || m.native_id
WHERE d.account = $1
  AND (d.last_seen_ms < $2 OR m.last_seen_ms < CASE m.kind WHEN 'bgp' THEN CAST($5 AS bigint) ELSE CAST($6 AS bigint) END
       OR d.disabled OR d.ignored OR m.disabled OR m.ignored)
ORDER BY 2, 1, 9, 10
LIMIT $4";

/// The device that is polled at a name, and what belongs to it, by kind and name.
type Present = BTreeMap<String, (String, BTreeMap<(String, String), String>)>;

impl Inventory<'_> {
    /// The components of `account` that services name, in any version, and that
    /// the NMS does not watch; by device, component and service, at most `limit`.
    /// None before there is an inventory.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn unwatched(
        self,
        account: &str,
        limit: u64,
    ) -> Result<Vec<Unwatched>, RecordsError> {
        const DOING: &str = "looking for components that nobody watches";
        let newest = |found: Option<Option<i64>>| found.flatten().unwrap_or(i64::MIN);
        let devices_ms = device::Entity::find()
            .select_only()
            .column_as(device::Column::LastSeenMs.max(), "newest")
            .filter(device::Column::Account.eq(account))
            .into_tuple::<Option<i64>>()
            .one(self.0.reader());
        let ports_ms = port::Entity::find()
            .select_only()
            .column_as(port::Column::LastSeenMs.max(), "newest")
            .filter(port::Column::Account.eq(account))
            .into_tuple::<Option<i64>>()
            .one(self.0.reader());
        let devices_ms = newest(devices_ms.await.doing(DOING)?);
        let ports_ms = newest(ports_ms.await.doing(DOING)?);
        let backend = match self.0.kind() {
            DatabaseKind::Sqlite => DbBackend::Sqlite,
            DatabaseKind::Postgres => DbBackend::Postgres,
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let sessions_ms = self.newest_monitored(account, "bgp").await?;
        let checks_ms = self.newest_monitored(account, "check").await?;
        let values = [
            account.into(),
            devices_ms.into(),
            ports_ms.into(),
            limit.into(),
            sessions_ms.into(),
            checks_ms.into(),
        ];
        let statement = Statement::from_sql_and_values(backend, SQL, values);
        let rows = self.0.reader().query_all_raw(statement).await.doing(DOING)?;
        let rows: Result<Vec<Row>, _> =
            rows.iter().map(|row| Row::from_query_result(row, "")).collect();
        let rows = rows.doing(DOING)?;
        let gone = rows.iter().filter(|row| row.is_gone && !row.host_name.is_empty());
        let mut hosts: Vec<&str> = gone.map(|row| row.host_name.as_str()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        let present = self.present(account, &hosts, devices_ms).await?;
        Ok(rows.iter().map(|row| unwatched(account, row, &present)).collect())
    }

    /// When one of this kind was last seen; long ago if none ever was.
    async fn newest_monitored(self, account: &str, kind: &str) -> Result<i64, RecordsError> {
        let newest = monitored::Entity::find()
            .select_only()
            .column_as(monitored::Column::LastSeenMs.max(), "newest")
            .filter(monitored::Column::Account.eq(account))
            .filter(monitored::Column::Kind.eq(kind))
            .into_tuple::<Option<i64>>()
            .one(self.0.reader())
            .await
            .doing("looking for sessions and checks that nobody watches")?;
        Ok(newest.flatten().unwrap_or(i64::MIN))
    }

    /// The devices that are polled at these names in the newest inventory, with
    /// what belongs to them.
    async fn present(
        self,
        account: &str,
        hosts: &[&str],
        devices_ms: i64,
    ) -> Result<Present, RecordsError> {
        const DOING: &str = "looking for devices that were added again";
        let mut present = Present::new();
        for chunk in hosts.chunks(IDS_PER_QUERY) {
            let devices: Vec<(String, String)> = device::Entity::find()
                .select_only()
                .column(device::Column::HostName)
                .column(device::Column::NativeId)
                .filter(device::Column::Account.eq(account))
                .filter(device::Column::HostName.is_in(chunk.iter().copied()))
                .filter(device::Column::LastSeenMs.eq(devices_ms))
                .into_tuple()
                .all(self.0.reader())
                .await
                .doing(DOING)?;
            let of: BTreeMap<String, String> =
                devices.iter().map(|(host, id)| (id.clone(), host.clone())).collect();
            present.extend(devices.into_iter().map(|(host, id)| (host, (id, BTreeMap::new()))));
            let ports: Vec<(String, String, String)> = port::Entity::find()
                .select_only()
                .column(port::Column::Device)
                .column(port::Column::IfName)
                .column(port::Column::NativeId)
                .filter(port::Column::Account.eq(account))
                .filter(port::Column::Device.is_in(of.keys().map(String::as_str)))
                .order_by_asc(port::Column::LastSeenMs)
                .into_tuple()
                .all(self.0.reader())
                .await
                .doing(DOING)?;
            for (device, if_name, port) in ports {
                let known = of.get(&device).and_then(|host| present.get_mut(host));
                // Of two ports of one name the one that was seen last counts.
                known.and_then(|(_, parts)| parts.insert(("port".to_owned(), if_name), port));
            }
            let others: Vec<(String, String, String, String)> = monitored::Entity::find()
                .select_only()
                .column(monitored::Column::Device)
                .column(monitored::Column::Kind)
                .column(monitored::Column::Name)
                .column(monitored::Column::NativeId)
                .filter(monitored::Column::Account.eq(account))
                .filter(monitored::Column::Device.is_in(of.keys().map(String::as_str)))
                .order_by_asc(monitored::Column::LastSeenMs)
                .into_tuple()
                .all(self.0.reader())
                .await
                .doing(DOING)?;
            for (device, kind, name, native) in others {
                let known = of.get(&device).and_then(|host| present.get_mut(host));
                known.and_then(|(_, parts)| parts.insert((kind, name), native));
            }
        }
        Ok(present)
    }
}

fn unwatched(account: &str, row: &Row, present: &Present) -> Unwatched {
    let component = ComponentId::from(row.component.as_str());
    let why = match (row.is_gone, row.disabled) {
        (true, _) => UnwatchedWhy::Gone,
        (false, true) => UnwatchedWhy::Disabled,
        (false, false) => UnwatchedWhy::Ignored,
    };
    let replacement = present.get(&row.host_name).filter(|_| row.is_gone);
    let kind = component.parts().map_or("", |(_, kind, _)| kind);
    let replaced_by = replacement.and_then(|(device, parts)| match kind {
        "device" => Some(ComponentId::of(account, "device", device)),
        _ if row.if_name.is_empty() => None,
        kind => {
            let native = parts.get(&(kind.to_owned(), row.if_name.clone()))?;
            Some(ComponentId::of(account, kind, native))
        }
    });
    Unwatched {
        service: ServiceId::from(row.service_id.as_str()),
        device: row.name.clone(),
        why,
        last_seen_at: Timestamp(row.seen_ms),
        replaced_by: replaced_by.filter(|new| *new != component),
        component,
    }
}
