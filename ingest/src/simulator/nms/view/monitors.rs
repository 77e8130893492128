//! What LibreNMS says of itself and of sessions: pollers, service checks, BGP.

use super::{epoch_s, iso, local};
use crate::simulator::json::{Json, Row};
use crate::simulator::nms::{Check, LONG_AGO_MS, Nms, OperStatus, POLLER_GROUPS};
use crate::simulator::world::{DeviceIndex, LinkIndex, LinkKind, PortIndex, Standing, World};

/// The nodes that poll, one per poller group.
pub(super) const POLLER_NAMES: [&str; POLLER_GROUPS] = ["poller1", "poller2"];
/// The AS of the made-up provider; for documentation (RFC 5398).
const OWN_AS: i64 = 64_500;
/// A device is unpolled when its last poll is older than so many cycles.
const UNPOLLED_CYCLES: i64 = 2;

/// An end of a core link: a BGP peer.
type Peer = (LinkIndex, PortIndex, PortIndex);

impl Nms {
    /// Who polls: a table of the dispatcher's nodes, or of cron's pollers.
    pub(in crate::simulator) fn poller_rows(&self) -> Vec<Row> {
        (0..POLLER_GROUPS).map(|group| self.poller_row(group)).collect()
    }

    fn poller_row(&self, group: usize) -> Row {
        let in_group = |place: &usize| self.group(DeviceIndex::at(*place)) == group;
        let devices: Vec<usize> = (0..self.world.devices().len()).filter(in_group).collect();
        let newest = devices
            .iter()
            .map(|place| self.last_run(Check::Poll, DeviceIndex::at(*place), self.now));
        let reported = newest.max().unwrap_or(self.began);
        let count = Json::from(u32::try_from(devices.len()).unwrap_or(u32::MAX));
        let id = Json::from(u32::try_from(group).unwrap_or(u32::MAX) + 1);
        let name = ("poller_name", Json::from(POLLER_NAMES[group]));
        if !self.options.dispatcher {
            let at = ("last_polled", Json::from(local(self.shown(reported), &self.options.zone)));
            let taken = ("time_taken", Json::from(241.7));
            return vec![("id", id), name, at, ("devices", count), taken];
        }
        let mut stats = vec![stat(1, &id, "poller", &count, self.options.poll_cycle_ms)];
        if let Some(cycle_ms) = self.options.ping_cycle_ms {
            stats.push(stat(2, &id, "ping", &count, cycle_ms));
        }
        vec![
            ("id", id),
            ("node_id", Json::from(format!("66c1f0aa0000{group}"))),
            name,
            ("poller_version", Json::from(self.options.release.version())),
            ("poller_groups", Json::from(group.to_string())),
            ("last_report", Json::from(iso(self.shown(reported)))),
            ("master", Json::from(i64::from(group == 0))),
            ("poller_frequency", Json::Null),
            ("ping_frequency", Json::Null),
            ("stats", Json::List(stats)),
        ]
    }

    /// The devices of `/pollers/log`: all, or only those whose poll is overdue.
    pub(in crate::simulator) fn poller_log_rows(&self, only_unpolled: bool) -> Vec<Row> {
        let limit = self.now.plus_millis(-UNPOLLED_CYCLES * self.options.poll_cycle_ms);
        let devices = (0..self.world.devices().len()).map(DeviceIndex::at);
        devices
            .filter(|device| self.has_device(*device))
            .filter(|device| self.standing(*device) != Standing::Disabled)
            .filter_map(|device| {
                let polled = self.times(device).polled;
                let overdue = polled.is_none_or(|at| at < limit);
                let known = self.world.device(device);
                let taken_s = self.poll_duration_ms(device) as f64 / 1000.0;
                (overdue || !only_unpolled).then(|| {
                    vec![
                        ("hostname", Json::from(known.hostname.as_str())),
                        ("display_name", Json::from(known.sys_name())),
                        ("last_polled", Json::from(polled.map(iso))),
                        ("last_polled_timetaken", Json::from(polled.map(|_| taken_s))),
                        ("poller_group", Json::from(POLLER_NAMES[self.group(device)])),
                        ("poller_group_id", Json::from(i64::from(known.poller_group))),
                    ]
                })
            })
            .collect()
    }

    /// The id of a device's service check: every core router has one.
    pub(in crate::simulator::nms) fn check_id(&self, device: DeviceIndex) -> Option<u32> {
        self.world.check_id(device).filter(|_| self.has_device(device))
    }

    /// The service checks of one device, or of all.
    pub(in crate::simulator) fn check_rows(&self, only: Option<DeviceIndex>) -> Vec<Row> {
        let devices = (0..self.world.devices().len()).map(DeviceIndex::at);
        let devices = devices.filter(|device| only.is_none_or(|only| only == *device));
        devices.filter_map(|device| Some(self.check_row(device, self.check_id(device)?))).collect()
    }

    fn check_row(&self, device: DeviceIndex, id: u32) -> Row {
        let changed = self.checked.get(&device).copied();
        let well = changed.is_none_or(|(well, _)| well);
        let changed_at = changed.map_or(self.began.plus_millis(-LONG_AGO_MS), |(_, at)| at);
        let (status, message) = match well {
            true => (0_i64, "SSH OK - OpenSSH_9.6"),
            false => (2, "CRITICAL - Socket timeout after 10 seconds"),
        };
        self.typed(vec![
            ("service_id", Json::from(id)),
            ("device_id", Json::from(self.ids.device_id(device))),
            ("service_ip", Json::from(self.world.device(device).hostname.as_str())),
            ("service_type", Json::from("ssh")),
            ("service_desc", Json::from("")),
            ("service_param", Json::from("")),
            ("service_ignore", Json::Int(0)),
            ("service_status", Json::from(status)),
            ("service_changed", Json::from(epoch_s(self.shown(changed_at)))),
            ("service_message", Json::from(message)),
            ("service_disabled", Json::Int(0)),
            ("service_ds", Json::from("{}")),
            ("service_template_id", Json::Int(0)),
            ("service_name", Json::from("ssh")),
        ])
    }

    /// The sessions over core links, of one device or of all.
    pub(in crate::simulator) fn peer_rows(&self, only: Option<DeviceIndex>) -> Vec<Row> {
        let links = (0..self.world.links().len()).map(LinkIndex::at);
        let core = links.filter(|link| self.world.link(*link).kind == LinkKind::Core);
        let ends = core.flat_map(|index| {
            let link = self.world.link(index);
            [(index, link.a, link.b), (index, link.b, link.a)]
        });
        ends.filter(|(_, near, _)| self.has_port(*near))
            .filter(|(_, near, _)| only.is_none_or(|only| only == self.world.port(*near).device))
            .map(|peer| self.peer_row(peer))
            .collect()
    }

    fn peer_row(&self, (index, near, far): Peer) -> Row {
        let link = self.world.link(index);
        let second = u32::from(link.b == near);
        let id = World::peer_id(index, link.b == near);
        let up = self.oper_status(near) == OperStatus::Up;
        let address = |end: u32| {
            let [_, a, b, c] = (index.0 * 4 + end + 1).to_be_bytes();
            format!("10.{}.{b}.{c}", 128 | a)
        };
        let device = self.world.port(near).device;
        let remote = self.world.device(self.world.port(far).device).sys_name();
        self.typed(vec![
            ("bgpPeer_id", Json::from(id)),
            ("device_id", Json::from(self.ids.device_id(device))),
            ("vrf_id", Json::Null),
            ("astext", Json::from("")),
            ("bgpPeerIdentifier", Json::from(address(1 - second))),
            ("bgpPeerRemoteAs", Json::from(OWN_AS)),
            ("bgpPeerState", Json::from(if up { "established" } else { "idle" })),
            ("bgpPeerAdminStatus", Json::from("start")),
            ("bgpPeerLastErrorCode", Json::Null),
            ("bgpPeerLastErrorSubCode", Json::Null),
            ("bgpPeerLastErrorText", Json::Null),
            ("bgpPeerIface", Json::from(self.ids.port_id(&self.world, near))),
            ("bgpLocalAddr", Json::from(address(second))),
            ("bgpPeerRemoteAddr", Json::from(address(1 - second))),
            ("bgpPeerDescr", Json::from(remote)),
            ("bgpPeerFsmEstablishedTime", Json::from(if up { 86_400_i64 } else { 0 })),
            ("context_name", Json::from("")),
        ])
    }
}

fn stat(number: i64, poller: &Json, kind: &'static str, devices: &Json, cycle_ms: i64) -> Json {
    Json::Object(vec![
        ("id", Json::from(number)),
        ("parent_poller", poller.clone()),
        ("poller_type", Json::from(kind)),
        ("depth", Json::Int(0)),
        ("devices", devices.clone()),
        ("worker_seconds", Json::from(41.2)),
        ("workers", Json::Int(24)),
        ("frequency", Json::from(cycle_ms / 1000)),
    ])
}
