//! Port rows, column by column: the API lets the reader choose them.

use super::epoch_s;
use crate::simulator::json::Json;
use crate::simulator::nms::{Nms, OperStatus, PortState};
use crate::simulator::random::keyed;
use crate::simulator::world::{DeviceIndex, LinkKind, Port, PortIndex, PortUse, Role, Standing};

/// Every column of a port, in LibreNMS's order.
pub(in crate::simulator) const PORT_COLUMNS: [&str; 38] = [
    "port_id",
    "device_id",
    "port_descr_type",
    "port_descr_descr",
    "port_descr_circuit",
    "port_descr_speed",
    "port_descr_notes",
    "ifDescr",
    "ifName",
    "portName",
    "ifIndex",
    "ifSpeed",
    "ifSpeed_prev",
    "ifConnectorPresent",
    "ifOperStatus",
    "ifOperStatus_prev",
    "ifAdminStatus",
    "ifAdminStatus_prev",
    "ifDuplex",
    "ifMtu",
    "ifType",
    "ifAlias",
    "ifPhysAddress",
    "ifLastChange",
    "ifVlan",
    "ifTrunk",
    "ifVrf",
    "ignore",
    "disabled",
    "deleted",
    "ifInErrors",
    "ifOutErrors",
    "ifInOctets",
    "ifInOctets_rate",
    "ifOutOctets",
    "ifOutOctets_rate",
    "poll_time",
    "poll_prev",
];

/// The columns of a search when none are asked for.
pub(in crate::simulator) const SEARCH_COLUMNS: [&str; 5] =
    ["device_id", "port_id", "ifIndex", "ifName", "ifAlias"];

impl Nms {
    /// Whether LibreNMS has a row for the port: it never asked some devices.
    pub(in crate::simulator) fn has_port(&self, port: PortIndex) -> bool {
        let device = self.world.port(port).device;
        let standing = self.standing(device);
        self.has_device(device) && !matches!(standing, Standing::PingOnly | Standing::NeverPolled)
    }

    /// The value of one of [`PORT_COLUMNS`], or of `poll_period`; `None` for any other.
    pub(in crate::simulator) fn port_cell(&self, port: PortIndex, column: &str) -> Option<Json> {
        let known = self.world.port(port);
        let state = || self.port_state(port);
        let value = match column {
            "port_id" => Json::from(self.ids.port_id(&self.world, port)),
            "device_id" => Json::from(self.ids.device_id(known.device)),
            "ifIndex" => Json::from(known.if_index),
            "ifName" | "ifDescr" => Json::from(self.world.port_name(port)),
            "ifAlias" => Json::from(self.alias(port)),
            "ifOperStatus" => Json::from(state().oper.word()),
            "ifOperStatus_prev" => Json::from(state().oper_before.word()),
            "ifAdminStatus" => admin(state().shut),
            "ifAdminStatus_prev" => admin(state().shut_before),
            "ifLastChange" => Json::from(state().last_change),
            "ifSpeed" => Json::from(self.speed(known)),
            "ifPhysAddress" => Json::from(mac(port)),
            "ignore" | "disabled" | "deleted" => Json::Int(0),
            "poll_time" => {
                Json::from(self.times(known.device).ports_read.map(|at| epoch_s(self.shown(at))))
            }
            "poll_prev" => Json::from(self.poll_before(known.device)),
            "ifInOctets" | "ifOutOctets" => self.octets(port, column),
            "ifInOctets_rate" | "ifOutOctets_rate" => Json::from(self.octet_rate(port, column)),
            "port_descr_type" => Json::from(known.customer.map(|_| "cust")),
            "port_descr_descr" => Json::from(known.customer.map(|c| self.customer_name(c))),
            "port_descr_circuit" => Json::from(known.customer.map(|c| self.circuit(c))),
            "port_descr_speed" => Json::from(known.customer.map(|_| "1G")),
            "ifSpeed_prev" | "ifVrf" | "ifInErrors" | "ifOutErrors" => Json::Int(0),
            "ifConnectorPresent" => Json::from("true"),
            "ifDuplex" => Json::from("fullDuplex"),
            "ifMtu" => Json::Int(1514),
            "ifType" => Json::from("ethernetCsmacd"),
            "port_descr_notes" | "portName" | "ifVlan" | "ifTrunk" | "poll_period" => Json::Null,
            _ => return None,
        };
        Some(match self.options.release.has_strings_only() {
            true => value.into_string_value(),
            false => value,
        })
    }

    /// `ifOperStatus`, for searches that look at every port.
    pub(in crate::simulator) fn oper_status(&self, port: PortIndex) -> OperStatus {
        self.port_state(port).oper
    }

    fn alias(&self, port: PortIndex) -> String {
        let known = self.world.port(port);
        let PortUse::Link(link) = known.used_for else { return String::new() };
        match (self.world.link(link).kind, known.customer) {
            (LinkKind::Tail, Some(customer)) if self.role_of(known) == Role::Access => {
                format!("{} {} 1G", self.circuit(customer), self.customer_name(customer))
            }
            (kind, _) => {
                let word = if kind == LinkKind::Core { "CORE" } else { "UPLINK" };
                let far = self.world.peer(port).map_or_else(String::new, |peer| {
                    let device = self.world.device(self.world.port(peer).device);
                    format!("{} {}", device.sys_name(), self.world.port_name(peer))
                });
                format!("{word}: {far}")
            }
        }
    }

    fn role_of(&self, port: &Port) -> Role {
        self.world.device(port.device).role
    }

    fn customer_name(&self, customer: u32) -> String {
        self.world.customers()[customer as usize].name.clone()
    }

    fn circuit(&self, customer: u32) -> String {
        format!("CUST-{}", self.world.customers()[customer as usize].number)
    }

    /// Bits per second, by what the port is for.
    fn speed(&self, port: &Port) -> i64 {
        match port.used_for {
            PortUse::Link(link) => match self.world.link(link).kind {
                LinkKind::Core => 100_000_000_000,
                LinkKind::Metro => 10_000_000_000,
                LinkKind::Tail => 1_000_000_000,
            },
            PortUse::Local => 1_000_000_000,
            PortUse::Spare | PortUse::Shut => 0,
        }
    }

    fn poll_before(&self, device: DeviceIndex) -> Option<i64> {
        let read = self.times(device).ports_read?;
        Some(epoch_s(self.shown(read.plus_millis(-self.options.poll_cycle_ms))))
    }

    fn octet_rate(&self, port: PortIndex, column: &str) -> i64 {
        let PortState { oper, .. } = self.port_state(port);
        let way = if column.starts_with("ifIn") { "in" } else { "out" };
        match oper {
            OperStatus::Up => {
                let speed = self.speed(self.world.port(port)).max(8) as u64;
                (keyed(self.world.seed(), way, u64::from(port.0)) % (speed / 8)) as i64 / 3
            }
            _ => 0,
        }
    }

    fn octets(&self, port: PortIndex, column: &str) -> Json {
        let read = self.times(self.world.port(port).device).ports_read;
        let rate = self.octet_rate(port, column);
        let since = read.map_or(0, |read| {
            (read.millis() - self.began.plus_millis(-86_400_000).millis()).max(0) / 1000
        });
        Json::from(rate.saturating_mul(since))
    }
}

fn admin(shut: bool) -> Json {
    Json::from(if shut { "down" } else { "up" })
}

fn mac(port: PortIndex) -> String {
    let [_, a, b, c] = port.0.to_be_bytes();
    format!("02:00:5e:{a:02x}:{b:02x}:{c:02x}")
}
