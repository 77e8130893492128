//! The rows of BGP sessions and of service checks, each reduced to what is used.

use std::num::NonZeroI64;

use serde::{Deserialize, Deserializer};

use super::Row;
use super::scalar;

/// A row of `/bgp`, for its state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub(in crate::librenms) struct PeerRow {
    #[serde(rename = "bgpPeer_id", deserialize_with = "scalar::id")]
    pub(in crate::librenms) peer_id: u64,
    #[serde(deserialize_with = "scalar::id")]
    pub(in crate::librenms) device_id: u64,
    #[serde(default, rename = "bgpPeerState", deserialize_with = "peer_state")]
    pub(in crate::librenms) state: PeerState,
    #[serde(default, rename = "bgpPeerAdminStatus", deserialize_with = "is_stopped")]
    pub(in crate::librenms) stopped: bool,
}

/// What `bgpPeerState` (RFC 4273) comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(in crate::librenms) enum PeerState {
    /// `established`: routes are exchanged.
    Established,
    /// `idle`, `connect`, `active`, `opensent` or `openconfirm`: none are.
    Trying,
    /// No word of the standard, or none.
    #[default]
    Odd,
}

fn peer_state<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PeerState, D::Error> {
    scalar::word(deserializer, |word| {
        let is = |state: &str| word.is_some_and(|word| word.trim().eq_ignore_ascii_case(state));
        let trying = ["idle", "connect", "active", "opensent", "openconfirm"];
        match () {
            () if is("established") => PeerState::Established,
            () if trying.into_iter().any(is) => PeerState::Trying,
            () => PeerState::Odd,
        }
    })
}

/// `start` or `running`, else `stop`.
fn is_stopped<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    scalar::word(deserializer, |status| status == Some("stop"))
}

/// A row of `/bgp`, for the inventory.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub(in crate::librenms) struct PeerDescription {
    #[serde(rename = "bgpPeer_id", deserialize_with = "scalar::id")]
    pub(in crate::librenms) peer_id: u64,
    #[serde(deserialize_with = "scalar::id")]
    pub(in crate::librenms) device_id: u64,
    #[serde(default, rename = "bgpPeerIdentifier", deserialize_with = "scalar::text")]
    pub(in crate::librenms) address: Option<Box<str>>,
    #[serde(default, rename = "bgpPeerRemoteAs", deserialize_with = "scalar::int")]
    pub(in crate::librenms) remote_as: Option<i64>,
    #[serde(default, rename = "bgpPeerDescr", deserialize_with = "scalar::text")]
    pub(in crate::librenms) description: Option<Box<str>>,
    /// What the peer's autonomous system is called.
    #[serde(default, deserialize_with = "scalar::text")]
    pub(in crate::librenms) astext: Option<Box<str>>,
}

/// A row of `/services`, for its state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub(in crate::librenms) struct CheckRow {
    #[serde(deserialize_with = "scalar::id")]
    pub(in crate::librenms) service_id: u64,
    #[serde(deserialize_with = "scalar::id")]
    pub(in crate::librenms) device_id: u64,
    #[serde(default, rename = "service_status", deserialize_with = "check_status")]
    pub(in crate::librenms) status: CheckStatus,
    /// When the status last changed: seconds since 1970 by the server's clock; a
    /// column that says 0 says never.
    #[serde(default, rename = "service_changed", deserialize_with = "changed")]
    pub(in crate::librenms) changed_s: Option<NonZeroI64>,
    #[serde(default, rename = "service_ignore", deserialize_with = "scalar::flag")]
    pub(in crate::librenms) ignored: Option<bool>,
    #[serde(default, rename = "service_disabled", deserialize_with = "scalar::flag")]
    pub(in crate::librenms) disabled: Option<bool>,
}

/// What `service_status` comes to: the exit status of a Nagios plugin.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(in crate::librenms) enum CheckStatus {
    /// 0.
    Ok,
    /// 1.
    Warning,
    /// 2.
    Critical,
    /// 3, which is also that of a check that has not run yet; and anything else.
    #[default]
    Unknown,
}

fn check_status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CheckStatus, D::Error> {
    Ok(match scalar::int(deserializer)? {
        Some(0) => CheckStatus::Ok,
        Some(1) => CheckStatus::Warning,
        Some(2) => CheckStatus::Critical,
        _ => CheckStatus::Unknown,
    })
}

fn changed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NonZeroI64>, D::Error> {
    Ok(scalar::int(deserializer)?.filter(|&s| s > 0).and_then(NonZeroI64::new))
}

/// A row of `/services`, for the inventory.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub(in crate::librenms) struct CheckDescription {
    #[serde(deserialize_with = "scalar::id")]
    pub(in crate::librenms) service_id: u64,
    #[serde(deserialize_with = "scalar::id")]
    pub(in crate::librenms) device_id: u64,
    #[serde(default, rename = "service_type", deserialize_with = "scalar::text")]
    pub(in crate::librenms) plugin: Option<Box<str>>,
    #[serde(default, rename = "service_name", deserialize_with = "scalar::text")]
    pub(in crate::librenms) name: Option<Box<str>>,
    #[serde(default, rename = "service_desc", deserialize_with = "scalar::text")]
    pub(in crate::librenms) description: Option<Box<str>>,
    #[serde(default, rename = "service_ignore", deserialize_with = "scalar::flag")]
    pub(in crate::librenms) ignored: Option<bool>,
    #[serde(default, rename = "service_disabled", deserialize_with = "scalar::flag")]
    pub(in crate::librenms) disabled: Option<bool>,
}

// Their rows differ in texts. A check's message and parameters, which may hold
// passwords, have no place in these.
impl Row for PeerRow {}
impl Row for PeerDescription {}

impl Row for CheckRow {
    const NESTED: bool = true;
}

impl Row for CheckDescription {
    const NESTED: bool = true;
}
