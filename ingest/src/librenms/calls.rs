//! The calls that are made, all in one place.

use std::time::Duration;

use super::client::{Call, Rank};
use super::decode::{PortDescription, PortRow};

/// Discovery looks for neighbours every six hours.
const LINKS_LIFETIME: Duration = Duration::from_secs(1800);

/// A server is upgraded, and its pollers are set up, once in a while.
const NATURE_LIFETIME: Duration = Duration::from_secs(1800);

/// The name of the calls for lines of the event log.
pub(super) const EVENT_LOG: &str = "eventlog";

impl Call {
    /// A call below `path` whose answer has its rows under `list_key`: small,
    /// ordinary, to be asked anew each time.
    fn new(
        name: &'static str,
        subject: &'static str,
        path: impl Into<String>,
        list_key: &'static str,
    ) -> Call {
        Call {
            name,
            subject,
            path: path.into(),
            query: Vec::new(),
            list_key,
            empty_is_404: false,
            bulk: false,
            rank: Rank::Ordinary,
            lifetime: None,
        }
    }

    fn columns(self, columns: &'static str) -> Call {
        self.with("columns", columns)
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Call {
        self.query.push((name, value.into()));
        self
    }
}

/// Every device, with its whole row; some 2.3 kB each.
pub(super) fn devices() -> Call {
    Call { bulk: true, ..Call::new("devices", "the device list", "devices", "devices") }
}

/// One device, with its times in UTC.
pub(super) fn device(device_id: u64) -> Call {
    Call::new("device", "a single device", format!("devices/{device_id}"), "devices")
}

/// The state of every port.
pub(super) fn ports() -> Call {
    Call { name: "ports", ..port_list().columns(PortRow::COLUMNS) }
}

/// The state of the ports of one device.
pub(super) fn device_ports(device_id: u64) -> Call {
    Call { name: "device_ports", ..ports_of(device_id).columns(PortRow::COLUMNS) }
}

/// The names of every port.
pub(super) fn port_names() -> Call {
    Call { name: "port_names", ..port_list().columns(PortDescription::COLUMNS) }
}

/// The names of the ports of one device.
pub(super) fn device_port_names(device_id: u64) -> Call {
    Call { name: "device_port_names", ..ports_of(device_id).columns(PortDescription::COLUMNS) }
}

fn port_list() -> Call {
    // `empty_is_404` is not of this form of the call; but an old server that
    // says so is understood.
    let list = Call::new("ports", "the port list", "ports", "ports");
    Call { bulk: true, empty_is_404: true, ..list }
}

fn ports_of(device_id: u64) -> Call {
    let path = format!("devices/{device_id}/ports");
    let list = Call::new("device_ports", "the ports of a device", path, "ports");
    Call { empty_is_404: true, ..list }
}

/// The state of every BGP session.
pub(super) fn sessions() -> Call {
    let list = Call::new("bgp", "the list of BGP sessions", "bgp", "bgp_sessions");
    Call { bulk: true, empty_is_404: true, ..list }
}

/// The names of every BGP session.
pub(super) fn session_names() -> Call {
    Call { name: "bgp_names", ..sessions() }
}

/// The state of every service check.
pub(super) fn checks() -> Call {
    let list = Call::new("services", "the list of service checks", "services", "services");
    Call { bulk: true, empty_is_404: true, ..list }
}

/// The names of every service check.
pub(super) fn check_names() -> Call {
    Call { name: "service_names", ..checks() }
}

/// Every neighbourhood that discovery has found.
pub(super) fn links() -> Call {
    let list = Call::new("links", "the links", "resources/links", "links");
    Call { bulk: true, empty_is_404: true, lifetime: Some(LINKS_LIFETIME), ..list }
}

/// The versions of the server.
pub(super) fn system() -> Call {
    let one = Call::new("system", "its version", "system", "system");
    Call { lifetime: Some(NATURE_LIFETIME), ..one }
}

/// The rows of the devices that are down, ignored ones not among them; as a
/// list, and cheap: no bulk.
pub(super) fn devices_down(rank: Rank) -> Call {
    let list = Call::new("devices_down", "the list of devices that are down", "devices", "devices");
    Call { rank, ..list.with("type", "down") }
}

/// One device as a list shows it, with its times in the server's zone.
pub(super) fn device_listed(device_id: u64) -> Call {
    let list = Call::new("device_listed", "a single device in a list", "devices", "devices");
    list.with("type", "device_id").with("query", device_id.to_string())
}

/// One device and, with [`device_ports_closely`], its ports: read at once.
pub(super) fn device_now(device_id: u64, rank: Rank) -> Call {
    Call { rank, ..device(device_id) }
}

/// The ports of one device, with what they were before their last change.
pub(super) fn device_ports_closely(device_id: u64, rank: Rank) -> Call {
    let list = ports_of(device_id).columns(PortRow::COLUMNS_CLOSE);
    Call { name: "device_ports", rank, ..list }
}

/// The ports whose status has `down` in its name: down and lowerLayerDown. Few
/// rows, so no bulk either.
pub(super) fn ports_down(rank: Rank) -> Call {
    let path = "ports/search/ifOperStatus/down";
    let list = Call::new("ports_down", "the list of ports that are down", path, "ports");
    Call { rank, empty_is_404: true, ..list.columns(PortRow::COLUMNS) }
}

/// Lines of the event log: `from` is an id, or a time of the server's clock
/// (`2026-08-20 12:00:00`); `start` of them are left out.
pub(super) fn events(from: &str, start: usize, limit: usize) -> Call {
    let log = Call::new(EVENT_LOG, "the event log", "logs/eventlog", "logs");
    let log = log.with("from", from).with("start", start.to_string());
    Call { rank: Rank::Prompt, ..log.with("limit", limit.to_string()) }
}

/// The event log of one device, from a time of the server's clock on.
pub(super) fn events_of(device_id: u64, from: &str, limit: usize) -> Call {
    let path = format!("logs/eventlog/{device_id}");
    let log = Call::new("device_eventlog", "the event log of a device", path, "logs");
    log.with("from", from).with("limit", limit.to_string())
}

/// The outages of one device, all that LibreNMS remembers.
pub(super) fn outages(device_id: u64) -> Call {
    let path = format!("devices/{device_id}/outages");
    Call::new("outages", "the outages of a device", path, "outages")
}

/// The pollers; from 26.1 on.
pub(super) fn pollers() -> Call {
    let list = Call::new("pollers", "the list of pollers", "pollers", "pollers");
    Call { lifetime: Some(NATURE_LIFETIME), ..list }
}
