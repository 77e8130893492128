//! The rows of the lists that are read, each reduced to what is used.
//!
//! Rows of devices hold SNMP secrets (`community`, `authname`, `authpass`,
//! `cryptopass`). No struct here has a place for them, so they are dropped
//! while decoding. Columns: LibreNMS `db_schema.yaml`.

use std::num::NonZeroU32;

use serde::{Deserialize, Deserializer};

use super::Row;
use super::scalar::{self, RowTime};

/// A row of `/devices` or `/devices/:id`, for its state.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(in crate::librenms) struct DeviceRow {
    #[serde(deserialize_with = "scalar::id")]
    pub(in crate::librenms) device_id: u64,
    /// The device verdict: up or not.
    #[serde(default, deserialize_with = "scalar::flag")]
    pub(in crate::librenms) status: Option<bool>,
    #[serde(default, deserialize_with = "failing_checks")]
    pub(in crate::librenms) status_reason: FailingChecks,
    #[serde(default, deserialize_with = "scalar::flag")]
    pub(in crate::librenms) disabled: Option<bool>,
    /// Its alerts are off.
    #[serde(default, deserialize_with = "scalar::flag")]
    pub(in crate::librenms) ignore: Option<bool>,
    /// It is shown as up, whatever it is.
    #[serde(default, deserialize_with = "scalar::flag")]
    pub(in crate::librenms) ignore_status: Option<bool>,
    /// When a full poll last ended with the device up.
    #[serde(default, deserialize_with = "scalar::time")]
    pub(in crate::librenms) last_polled: Option<RowTime>,
    /// How long that poll took, seconds.
    #[serde(default, deserialize_with = "scalar::float")]
    pub(in crate::librenms) last_polled_timetaken: Option<f64>,
    /// When the device was last pinged, with whatever result.
    #[serde(default, deserialize_with = "scalar::time")]
    pub(in crate::librenms) last_ping: Option<RowTime>,
    #[serde(default, deserialize_with = "scalar::time")]
    pub(in crate::librenms) last_discovered: Option<RowTime>,
    /// When the device was added to LibreNMS.
    #[serde(default, deserialize_with = "scalar::time")]
    pub(in crate::librenms) inserted: Option<RowTime>,
}

/// Which checks make a device count as down (`status_reason`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(in crate::librenms) struct FailingChecks {
    /// It does not answer to ping.
    pub(in crate::librenms) icmp: bool,
    /// It does not answer to SNMP.
    pub(in crate::librenms) snmp: bool,
}

/// `""`, `icmp`, `snmp` or, from 26.7, `icmp,snmp`.
fn failing_checks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FailingChecks, D::Error> {
    scalar::word(deserializer, |reason| {
        // Of nearly all devices.
        let Some(reason) = reason else { return FailingChecks::default() };
        let fails = |check: &str| reason.split(',').any(|part| part.trim() == check);
        FailingChecks { icmp: fails("icmp"), snmp: fails("snmp") }
    })
}

/// A row of `/devices`, for the inventory.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(in crate::librenms) struct DeviceDescription {
    #[serde(deserialize_with = "scalar::id")]
    pub(in crate::librenms) device_id: u64,
    #[serde(default, deserialize_with = "scalar::text")]
    pub(in crate::librenms) hostname: Option<Box<str>>,
    #[serde(default, rename = "sysName", deserialize_with = "scalar::text")]
    pub(in crate::librenms) sys_name: Option<Box<str>>,
    #[serde(default, deserialize_with = "scalar::text")]
    pub(in crate::librenms) display: Option<Box<str>>,
    #[serde(default, deserialize_with = "scalar::text")]
    pub(in crate::librenms) hardware: Option<Box<str>>,
    #[serde(default, deserialize_with = "scalar::text")]
    pub(in crate::librenms) os: Option<Box<str>>,
    #[serde(default, deserialize_with = "scalar::text")]
    pub(in crate::librenms) location: Option<Box<str>>,
    #[serde(default, deserialize_with = "scalar::float")]
    pub(in crate::librenms) lat: Option<f64>,
    #[serde(default, deserialize_with = "scalar::float")]
    pub(in crate::librenms) lng: Option<f64>,
    /// `1,2`; the server cuts it at 1024 bytes.
    #[serde(default, deserialize_with = "scalar::text")]
    pub(in crate::librenms) dependency_parent_id: Option<Box<str>>,
    #[serde(default, deserialize_with = "scalar::flag")]
    pub(in crate::librenms) disabled: Option<bool>,
    #[serde(default, deserialize_with = "scalar::flag")]
    pub(in crate::librenms) ignore: Option<bool>,
}

/// A row of `/ports` or `/devices/:id/ports`, for its state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(from = "FlatPort")]
pub(in crate::librenms) struct PortRow {
    pub(in crate::librenms) port_id: u64,
    pub(in crate::librenms) device_id: u64,
    pub(in crate::librenms) status: PortStatus,
}

/// What the row of a port says. Small, because there are millions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(in crate::librenms) struct PortStatus {
    /// When the ports of its device were last read: seconds since 1970, UTC; a
    /// column that says 0 says never. It is an `int unsigned`.
    pub(in crate::librenms) poll_time: Option<NonZeroU32>,
    pub(in crate::librenms) oper: OperStatus,
    /// Before its last change; only where one device is asked for.
    pub(in crate::librenms) oper_before: Option<OperStatus>,
    pub(in crate::librenms) shut: bool,
    pub(in crate::librenms) disabled: Option<bool>,
    pub(in crate::librenms) deleted: Option<bool>,
}

/// The columns of [`PortRow`] as they come.
#[derive(Deserialize)]
struct FlatPort {
    #[serde(deserialize_with = "scalar::id")]
    port_id: u64,
    #[serde(deserialize_with = "scalar::id")]
    device_id: u64,
    #[serde(default, rename = "ifOperStatus", deserialize_with = "oper_status")]
    oper: OperStatus,
    #[serde(default, rename = "ifOperStatus_prev", deserialize_with = "oper_before")]
    oper_before: Option<OperStatus>,
    #[serde(default, rename = "ifAdminStatus", deserialize_with = "is_shut")]
    shut: bool,
    #[serde(default, deserialize_with = "scalar::flag")]
    disabled: Option<bool>,
    #[serde(default, deserialize_with = "scalar::flag")]
    deleted: Option<bool>,
    #[serde(default, deserialize_with = "poll_time")]
    poll_time: Option<NonZeroU32>,
}

impl From<FlatPort> for PortRow {
    fn from(flat: FlatPort) -> PortRow {
        let FlatPort { port_id, device_id, oper, oper_before, shut, disabled, deleted, poll_time } =
            flat;
        let status = PortStatus { poll_time, oper, oper_before, shut, disabled, deleted };
        PortRow { port_id, device_id, status }
    }
}

impl PortRow {
    /// The place of `port_id` in [`Row::NUMBERS`].
    pub(in crate::librenms) const ID: usize = 0;

    /// The columns to ask for. No blanks: a blank passes LibreNMS's check of
    /// names, but breaks its SQL.
    pub(in crate::librenms) const COLUMNS: &'static str =
        "port_id,device_id,ifOperStatus,ifAdminStatus,disabled,deleted,poll_time";

    /// The columns to ask for where one device is read closely.
    pub(in crate::librenms) const COLUMNS_CLOSE: &'static str =
        "port_id,device_id,ifOperStatus,ifOperStatus_prev,ifAdminStatus,disabled,deleted,poll_time";
}

impl Row for PortRow {
    const NUMBERS: &'static [&'static str] = &["port_id", "device_id", "poll_time"];

    fn renumber(&mut self, n: usize, number: u64) {
        match n {
            PortRow::ID => self.port_id = number,
            1 => self.device_id = number,
            _ => self.status.poll_time = seconds(number),
        }
    }
}

// Their rows differ in texts.
impl Row for DeviceRow {}
impl Row for DeviceDescription {}
impl Row for PortDescription {}
impl Row for LinkRow {}
impl Row for SystemRow {}

/// What `ifOperStatus` (RFC 2863) comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(in crate::librenms) enum OperStatus {
    /// `up`.
    Up,
    /// `down` or `lowerLayerDown`: traffic does not pass.
    NotUp,
    /// `dormant`: it waits for something, such as a login, before traffic passes.
    Dormant,
    /// `testing`: nothing but tests passes.
    Testing,
    /// `notPresent`: a part of the hardware is missing.
    NotPresent,
    /// `unknown`, nothing, or no word of the standard: agents answer `-1` and
    /// the like, and newer servers make that null.
    #[default]
    Odd,
}

impl OperStatus {
    /// What a word comes to; an empty one is nothing.
    pub(in crate::librenms) fn of(word: Option<&str>) -> OperStatus {
        match word {
            Some("up") => OperStatus::Up,
            Some("down" | "lowerLayerDown") => OperStatus::NotUp,
            Some("dormant") => OperStatus::Dormant,
            Some("testing") => OperStatus::Testing,
            Some("notPresent") => OperStatus::NotPresent,
            _ => OperStatus::Odd,
        }
    }

    /// Whether the two are the same as far as traffic goes: traps know `up` and
    /// `down` only.
    pub(in crate::librenms) fn resembles(self, other: OperStatus) -> bool {
        use OperStatus::{Dormant, NotPresent, NotUp, Testing};
        let passes_not = |one| matches!(one, NotUp | Dormant | Testing | NotPresent);
        self == other || (passes_not(self) && passes_not(other))
    }
}

fn oper_status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OperStatus, D::Error> {
    scalar::word(deserializer, OperStatus::of)
}

fn oper_before<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OperStatus>, D::Error> {
    scalar::word(deserializer, |word| Some(OperStatus::of(word)))
}

fn poll_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NonZeroU32>, D::Error> {
    Ok(scalar::reference(deserializer)?.and_then(seconds))
}

fn seconds(number: u64) -> Option<NonZeroU32> {
    u32::try_from(number).ok().and_then(NonZeroU32::new)
}

fn is_shut<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    scalar::word(deserializer, |status| status == Some("down"))
}

/// A row of `/ports`, for the inventory.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub(in crate::librenms) struct PortDescription {
    #[serde(deserialize_with = "scalar::id")]
    pub(in crate::librenms) port_id: u64,
    #[serde(deserialize_with = "scalar::id")]
    pub(in crate::librenms) device_id: u64,
    #[serde(default, rename = "ifName", deserialize_with = "scalar::text")]
    pub(in crate::librenms) name: Option<Box<str>>,
    #[serde(default, rename = "ifAlias", deserialize_with = "scalar::text")]
    pub(in crate::librenms) alias: Option<Box<str>>,
    #[serde(default, rename = "ifDescr", deserialize_with = "scalar::text")]
    pub(in crate::librenms) description: Option<Box<str>>,
    #[serde(default, deserialize_with = "scalar::flag")]
    pub(in crate::librenms) deleted: Option<bool>,
}

impl PortDescription {
    /// The columns to ask for; see [`PortRow::COLUMNS`].
    pub(in crate::librenms) const COLUMNS: &'static str =
        "port_id,device_id,ifName,ifAlias,ifDescr,deleted";
}

/// A row of `/resources/links`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub(in crate::librenms) struct LinkRow {
    #[serde(deserialize_with = "scalar::id")]
    pub(in crate::librenms) local_device_id: u64,
    #[serde(default, deserialize_with = "scalar::reference")]
    pub(in crate::librenms) local_port_id: Option<u64>,
    /// None if the neighbour is not monitored.
    #[serde(default, deserialize_with = "scalar::reference")]
    pub(in crate::librenms) remote_device_id: Option<u64>,
    #[serde(default, deserialize_with = "scalar::reference")]
    pub(in crate::librenms) remote_port_id: Option<u64>,
    #[serde(default, deserialize_with = "scalar::text")]
    pub(in crate::librenms) remote_hostname: Option<Box<str>>,
    #[serde(default, deserialize_with = "scalar::text")]
    pub(in crate::librenms) remote_port: Option<Box<str>>,
    #[serde(default, deserialize_with = "scalar::text")]
    pub(in crate::librenms) protocol: Option<Box<str>>,
}

/// A row of `/system`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub(in crate::librenms) struct SystemRow {
    #[serde(default, deserialize_with = "scalar::text")]
    pub(in crate::librenms) local_ver: Option<Box<str>>,
}
