//! The calls that are made, all in one place.

use super::client::Call;
use super::decode::{PortDescription, PortRow};

/// Every device, with its whole row; some 2.3 kB each.
pub(super) fn devices() -> Call {
    Call {
        name: "devices",
        subject: "the device list",
        path: "devices".to_owned(),
        columns: None,
        list_key: "devices",
        empty_is_404: false,
        bulk: true,
    }
}

/// One device, with its times in UTC.
pub(super) fn device(device_id: u64) -> Call {
    Call {
        name: "device",
        subject: "a single device",
        path: format!("devices/{device_id}"),
        bulk: false,
        ..devices()
    }
}

/// The state of every port.
pub(super) fn ports() -> Call {
    Call {
        name: "ports",
        subject: "the port list",
        path: "ports".to_owned(),
        columns: Some(PortRow::COLUMNS),
        list_key: "ports",
        // Not of this form of the call; but an old server that says so is understood.
        empty_is_404: true,
        bulk: true,
    }
}

/// The state of the ports of one device.
pub(super) fn device_ports(device_id: u64) -> Call {
    Call {
        name: "device_ports",
        subject: "the ports of a device",
        path: format!("devices/{device_id}/ports"),
        bulk: false,
        ..ports()
    }
}

/// The names of every port.
pub(super) fn port_names() -> Call {
    Call { name: "port_names", columns: Some(PortDescription::COLUMNS), ..ports() }
}

/// The names of the ports of one device.
pub(super) fn device_port_names(device_id: u64) -> Call {
    Call {
        name: "device_port_names",
        columns: Some(PortDescription::COLUMNS),
        ..device_ports(device_id)
    }
}

/// Every neighbourhood that discovery has found.
pub(super) fn links() -> Call {
    Call {
        name: "links",
        subject: "the links",
        path: "resources/links".to_owned(),
        columns: None,
        list_key: "links",
        empty_is_404: true,
        bulk: true,
    }
}

/// The versions of the server.
pub(super) fn system() -> Call {
    Call {
        name: "system",
        subject: "its version",
        path: "system".to_owned(),
        columns: None,
        list_key: "system",
        empty_is_404: false,
        bulk: false,
    }
}
