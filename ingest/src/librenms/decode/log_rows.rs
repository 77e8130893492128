//! The rows of logs, outages and pollers, each reduced to what is used.

use serde::Deserialize;

use super::Row;
use super::scalar::{self, RowTime};

// Their rows differ in texts, or are few.
impl Row for EventRow {}
impl Row for OutageRow {}
impl Row for PollerRow {}

/// A row of `/logs/eventlog`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub(in crate::librenms) struct EventRow {
    #[serde(deserialize_with = "scalar::id")]
    pub(in crate::librenms) event_id: u64,
    /// None for lines about the server itself.
    #[serde(default, deserialize_with = "scalar::reference")]
    pub(in crate::librenms) device_id: Option<u64>,
    #[serde(default, deserialize_with = "scalar::time")]
    pub(in crate::librenms) datetime: Option<RowTime>,
    #[serde(default, deserialize_with = "scalar::text")]
    pub(in crate::librenms) message: Option<Box<str>>,
    #[serde(default, rename = "type", deserialize_with = "scalar::text")]
    pub(in crate::librenms) kind: Option<Box<str>>,
    /// The id of a port, where the line is about one.
    #[serde(default, deserialize_with = "scalar::reference")]
    pub(in crate::librenms) reference: Option<u64>,
    /// Who wrote it, if that was a person.
    #[serde(default, deserialize_with = "scalar::text")]
    pub(in crate::librenms) username: Option<Box<str>>,
}

/// A row of `/devices/:id/outages`: both in seconds since 1970, UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub(in crate::librenms) struct OutageRow {
    #[serde(deserialize_with = "scalar::id")]
    pub(in crate::librenms) going_down: u64,
    /// None while it lasts, or for ever if LibreNMS forgot to close it.
    #[serde(default, deserialize_with = "scalar::reference")]
    pub(in crate::librenms) up_again: Option<u64>,
}

/// A row of `/pollers`, of a cluster or of the older table.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
pub(in crate::librenms) struct PollerRow {
    /// What the nodes of a cluster do, and how often.
    #[serde(default)]
    pub(in crate::librenms) stats: Vec<PollerStat>,
}

/// What one node of a cluster does.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(in crate::librenms) struct PollerStat {
    #[serde(default, deserialize_with = "scalar::text")]
    pub(in crate::librenms) poller_type: Option<Box<str>>,
    /// Seconds.
    #[serde(default, deserialize_with = "scalar::int")]
    pub(in crate::librenms) frequency: Option<i64>,
}
