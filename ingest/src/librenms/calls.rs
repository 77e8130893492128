//! The calls that are made, all in one place.

use std::time::Duration;

use super::client::Call;
use super::decode::{PortDescription, PortRow};

/// Discovery looks for neighbours every six hours.
const LINKS_LIFETIME: Duration = Duration::from_secs(1800);

impl Call {
    /// A call below `path` whose answer has its rows under `list_key`: small,
    /// not urgent, to be asked anew each time.
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
            urgent: false,
            lifetime: None,
        }
    }

    fn columns(mut self, columns: &'static str) -> Call {
        self.query.push(("columns", columns.to_owned()));
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

/// Every neighbourhood that discovery has found.
pub(super) fn links() -> Call {
    let list = Call::new("links", "the links", "resources/links", "links");
    Call { bulk: true, empty_is_404: true, lifetime: Some(LINKS_LIFETIME), ..list }
}

/// The versions of the server.
pub(super) fn system() -> Call {
    Call::new("system", "its version", "system", "system")
}
