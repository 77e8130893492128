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

/// The rows of the devices that are down, ignored ones not among them; as a
/// list, and cheap.
pub(super) fn devices_down() -> Call {
    Call {
        name: "devices_down",
        subject: "the list of devices that are down",
        path: "devices?type=down".to_owned(),
        ..devices()
    }
}

/// One device as a list shows it, with its times in the server's zone.
pub(super) fn device_listed(device_id: u64) -> Call {
    Call {
        name: "device_listed",
        subject: "a single device in a list",
        path: format!("devices?type=device_id&query={device_id}"),
        bulk: false,
        ..devices()
    }
}

/// The ports of one device, with what they were before their last change.
pub(super) fn device_ports_closely(device_id: u64) -> Call {
    Call { columns: Some(PortRow::COLUMNS_CLOSE), ..device_ports(device_id) }
}

/// The ports whose status has `down` in its name: down and lowerLayerDown.
pub(super) fn ports_down() -> Call {
    Call {
        name: "ports_down",
        subject: "the list of ports that are down",
        path: "ports/search/ifOperStatus/down".to_owned(),
        ..ports()
    }
}

/// Lines of the event log: `from` is an id, or a time of the server's clock
/// (`2026-08-20 12:00:00`); `start` of them are left out.
pub(super) fn events(from: &str, start: usize, limit: usize) -> Call {
    let from = from.replace(' ', "%20");
    Call {
        name: "eventlog",
        subject: "the event log",
        path: format!("logs/eventlog?from={from}&start={start}&limit={limit}"),
        columns: None,
        list_key: "logs",
        empty_is_404: false,
        bulk: false,
    }
}

/// The event log of one device, from a time of the server's clock on.
pub(super) fn events_of(device_id: u64, from: &str, limit: usize) -> Call {
    let from = from.replace(' ', "%20");
    Call {
        name: "device_eventlog",
        subject: "the event log of a device",
        path: format!("logs/eventlog/{device_id}?from={from}&limit={limit}"),
        ..events("", 0, 0)
    }
}

/// The outages of one device, all that LibreNMS remembers.
pub(super) fn outages(device_id: u64) -> Call {
    Call {
        name: "outages",
        subject: "the outages of a device",
        path: format!("devices/{device_id}/outages"),
        columns: None,
        list_key: "outages",
        empty_is_404: false,
        bulk: false,
    }
}

/// The pollers; from 26.1 on.
pub(super) fn pollers() -> Call {
    Call {
        name: "pollers",
        subject: "the list of pollers",
        path: "pollers".to_owned(),
        list_key: "pollers",
        ..system()
    }
}
