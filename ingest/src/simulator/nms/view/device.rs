//! Device rows: the raw row of the list and the model row of a single device.

use correlate::model::Timestamp;

use super::{iso, local};
use crate::simulator::json::{Json, Row};
use crate::simulator::nms::{Check, Nms, Release};
use crate::simulator::random::keyed;
use crate::simulator::world::{Device, DeviceIndex, Role, Standing};

/// In whose types a row is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::simulator) enum Shape {
    /// SQL rows: 0 and 1, local times.
    Raw,
    /// Eloquent rows: booleans, UTC.
    Model,
}

/// Devices were added up to so long before the beginning.
const OLDEST_DEVICE_MS: u64 = 900 * 86_400_000;
const YOUNGEST_DEVICE_MS: i64 = 30 * 86_400_000;

/// What a role looks like to SNMP.
struct Platform {
    os: &'static str,
    hardware: &'static str,
    version: &'static str,
    sys_descr: &'static str,
    icon: &'static str,
}

fn platform(device: &Device) -> Platform {
    match (device.role, device.standing) {
        (_, Standing::PingOnly | Standing::NeverPolled) => {
            Platform { os: "ping", hardware: "", version: "", sys_descr: "", icon: "" }
        }
        (Role::Core, _) => Platform {
            os: "junos",
            hardware: "Juniper MX240",
            version: "21.4R3",
            sys_descr: "Juniper Networks, Inc. mx240 internet router, kernel JUNOS 21.4R3",
            icon: "juniper.svg",
        },
        (Role::Access | Role::Oddment, _) => Platform {
            os: "arista_eos",
            hardware: "DCS-7280SR-48C6",
            version: "4.30.5M",
            sys_descr: "Arista Networks EOS version 4.30.5M running on an Arista Networks \
                        DCS-7280SR-48C6",
            icon: "arista.svg",
        },
        (Role::Cpe, _) => Platform {
            os: "routeros",
            hardware: "RB4011iGS+",
            version: "7.13.1",
            sys_descr: "RouterOS RB4011iGS+",
            icon: "mikrotik.svg",
        },
    }
}

fn text_or_null(text: &str) -> Json {
    if text.is_empty() { Json::Null } else { Json::from(text) }
}

/// The times of a device's row; `None` where it was never looked at.
pub(in crate::simulator) struct Times {
    /// End of the last good poll.
    pub(in crate::simulator) polled: Option<Timestamp>,
    /// Start of the last good poll: `poll_time` of the ports.
    pub(in crate::simulator) ports_read: Option<Timestamp>,
    pinged: Option<Timestamp>,
    discovered: Option<Timestamp>,
}

impl Nms {
    /// Whether the device's last status is up.
    pub(in crate::simulator) fn is_up(&self, device: DeviceIndex) -> bool {
        self.devices[device.place()].failing.is_up()
    }

    fn added_at(&self, device: DeviceIndex) -> Timestamp {
        if let Some(again) = self.added.get(&device) {
            return *again;
        }
        let key = keyed(self.world.seed(), "inserted", u64::from(device.0));
        self.began.plus_millis(-YOUNGEST_DEVICE_MS - (key % OLDEST_DEVICE_MS) as i64)
    }

    pub(in crate::simulator) fn times(&self, device: DeviceIndex) -> Times {
        let state = &self.devices[device.place()];
        let taken = self.poll_duration_ms(device);
        match self.standing(device) {
            Standing::NeverPolled => {
                return Times { polled: None, ports_read: None, pinged: None, discovered: None };
            }
            Standing::Disabled => {
                return Times {
                    polled: state.frozen.map(|at| at.plus_millis(taken)),
                    ports_read: state.frozen,
                    pinged: state.frozen,
                    discovered: state.frozen,
                };
            }
            Standing::Normal | Standing::PingOnly | Standing::Ignored => {}
        }
        let last = |check, until| self.last_run(check, device, until);
        let good = |run: Timestamp| {
            if state.failing.is_up() && run >= state.recovered { Some(run) } else { state.frozen }
        };
        let ended = good(last(Check::Poll, self.now.plus_millis(-taken)));
        let mut pinged = last(Check::Poll, self.now);
        if self.options.ping_cycle_ms.is_some() && self.options.release.ping_renews_last_ping() {
            pinged = pinged.max(last(Check::Ping, self.now));
        }
        let added = self.added.get(&device).copied().unwrap_or(Timestamp::MIN);
        let since_added = |at: Timestamp| (at >= added).then_some(at);
        Times {
            polled: ended.map(|run| run.plus_millis(taken)),
            ports_read: good(last(Check::Poll, self.now)),
            pinged: since_added(pinged),
            discovered: good(last(Check::Discovery, self.now)),
        }
    }

    /// The columns of a device, in LibreNMS's order.
    pub(in crate::simulator) fn device_row(&self, device: DeviceIndex, shape: Shape) -> Row {
        let mut row = self.identity(device, shape);
        row.extend(self.credentials(device, shape));
        row.extend(self.nature(device));
        row.extend(self.condition(device, shape));
        row.extend(self.place(device, shape));
        self.typed(row)
    }

    fn time(&self, at: Option<Timestamp>, shape: Shape) -> Json {
        Json::from(at.map(|at| self.shown(at)).map(|at| match shape {
            Shape::Raw => local(at, &self.options.zone),
            Shape::Model => iso(at),
        }))
    }

    /// A 0/1 column; bool in model rows since 25.10.
    fn flag(&self, set: bool, shape: Shape) -> Json {
        match shape {
            Shape::Model if self.options.release.has_model_flags() => Json::from(set),
            _ => Json::from(i64::from(set)),
        }
    }

    fn identity(&self, device: DeviceIndex, shape: Shape) -> Row {
        let known = self.world.device(device);
        let number = device.0 + 1;
        let sys_name = known.sys_name();
        let modern = self.options.release.has_display();
        let mut row = vec![
            ("device_id", Json::from(self.ids.device_id(device))),
            ("inserted", self.time(Some(self.added_at(device)), shape)),
            ("hostname", Json::from(known.hostname.as_str())),
            ("sysName", Json::from(sys_name)),
            ("display", Json::from(modern.then_some(sys_name))),
        ];
        if modern {
            row.push(("display_template", Json::Null));
        }
        let ip = format!("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255);
        row.extend([("ip", Json::from(ip)), ("overwrite_ip", Json::Null)]);
        row
    }

    /// What LibreNMS shows in clear to every reader of the API.
    fn credentials(&self, device: DeviceIndex, shape: Shape) -> Row {
        let known = self.world.device(device);
        let ping_only = self.standing(device) == Standing::PingOnly;
        let v3 = known.role == Role::Core;
        let v3_only = |text: &str| Json::from(v3.then(|| text.to_owned()));
        vec![
            ("community", Json::from((!v3 && !ping_only).then_some("SECRET-community"))),
            ("authlevel", v3_only("authPriv")),
            ("authname", v3_only("SECRET-user")),
            ("authpass", v3_only("SECRET-authpass")),
            ("authalgo", v3_only("SHA")),
            ("cryptopass", v3_only("SECRET-cryptopass")),
            ("cryptoalgo", v3_only("AES")),
            ("snmpver", Json::from(if v3 { "v3" } else { "v2c" })),
            ("port", Json::from(161_u32)),
            ("transport", Json::from("udp")),
            ("timeout", Json::Null),
            ("retries", Json::Null),
            ("snmp_disable", self.flag(ping_only, shape)),
        ]
    }

    fn nature(&self, device: DeviceIndex) -> Row {
        let known = self.world.device(device);
        let Platform { os, hardware, version, sys_descr, .. } = platform(known);
        let mut row = vec![
            ("bgpLocalAs", Json::from((known.role == Role::Core).then_some(64_500_u32))),
            ("sysObjectID", Json::Null),
        ];
        if self.options.release.has_display() {
            row.push(("snmpEngineID", Json::Null));
        }
        row.extend([
            ("sysDescr", text_or_null(sys_descr)),
            ("sysContact", Json::Null),
            ("version", text_or_null(version)),
            ("hardware", Json::from(hardware)),
            ("features", Json::Null),
            ("location_id", Json::from(known.site.0 + 1)),
            ("os", Json::from(os)),
        ]);
        row
    }

    fn condition(&self, device: DeviceIndex, shape: Shape) -> Row {
        let known = self.world.device(device);
        let state = &self.devices[device.place()];
        let times = self.times(device);
        let taken_s = self.poll_duration_ms(device) as f64 / 1000.0;
        let up = state.failing.is_up();
        let status = match shape {
            Shape::Raw => Json::from(i64::from(up)),
            Shape::Model => Json::from(up),
        };
        let standing = self.standing(device);
        let reason = match standing {
            Standing::NeverPolled => "",
            _ => state.failing.as_str(),
        };
        let snmp = !matches!(standing, Standing::PingOnly | Standing::NeverPolled);
        let uptime = times
            .ports_read
            .filter(|_| snmp)
            .map(|read| (read.millis() - state.booted.millis()).max(0) / 1000);
        let icon = match (platform(known).icon, shape) {
            ("", _) => Json::Null,
            (icon, Shape::Raw) => Json::from(icon),
            (icon, Shape::Model) => Json::from(format!("images/os/{icon}")),
        };
        let mut row = vec![
            ("status", status),
            ("status_reason", Json::from(reason)),
            ("ignore", self.flag(standing == Standing::Ignored, shape)),
            ("disabled", self.flag(standing == Standing::Disabled, shape)),
            ("uptime", Json::from(uptime)),
            ("agent_uptime", Json::from(0_i64)),
            ("last_polled", self.time(times.polled, shape)),
            ("last_poll_attempted", Json::Null),
            ("last_polled_timetaken", Json::from(times.polled.map(|_| taken_s))),
            ("last_discovered_timetaken", Json::from(times.discovered.map(|_| 41.25))),
            ("last_discovered", self.time(times.discovered, shape)),
            ("last_ping", self.time(times.pinged, shape)),
            ("last_ping_timetaken", Json::from(times.pinged.map(|_| 1.9))),
            ("purpose", Json::Null),
            ("type", Json::from(if snmp { "network" } else { "" })),
            ("serial", Json::from(format!("SIM{:08}", device.0 + 1))),
            ("icon", icon),
            ("poller_group", Json::from(i64::from(known.poller_group))),
            ("override_sysLocation", self.flag(false, shape)),
            ("notes", Json::Null),
            ("port_association_mode", Json::from(1_i64)),
            ("max_depth", Json::from(i64::from(!known.parents.is_empty()) + 1)),
            ("disable_notify", self.flag(false, shape)),
            ("ignore_status", self.flag(self.status_ignored.contains(&device), shape)),
        ];
        if self.options.release.has_mtu_status() {
            row.push(("mtu_status", self.flag(true, shape)));
        }
        row
    }

    fn place(&self, device: DeviceIndex, shape: Shape) -> Row {
        let known = self.world.device(device);
        let site = self.world.site(known.site);
        let (lat, lng) = site.position.unzip();
        let flat = Json::from(site.label.as_str());
        match (shape, self.options.release) {
            (Shape::Raw, _) => {
                let decimal = |degrees: Option<f64>| Json::from(degrees.map(|d| format!("{d:.8}")));
                let parents = known.parents.iter().filter(|parent| self.has_device(**parent));
                let ids: Vec<String> = parents
                    .clone()
                    .filter_map(|parent| self.ids.device_id(*parent))
                    .map(|id| id.to_string())
                    .collect();
                let names: Vec<&str> =
                    parents.map(|parent| &*self.world.device(*parent).hostname).collect();
                vec![
                    ("dependency_parent_id", text_or_null(&ids.join(","))),
                    ("dependency_parent_hostname", text_or_null(&names.join(","))),
                    ("location", flat),
                    ("lat", decimal(lat)),
                    ("lng", decimal(lng)),
                ]
            }
            (Shape::Model, Release::V26_4) => Vec::new(),
            (Shape::Model, Release::V26_5 | Release::V26_7) => {
                let location = Json::Object(vec![
                    ("id", Json::from(known.site.0 + 1)),
                    ("location", flat),
                    ("lat", Json::from(lat)),
                    ("lng", Json::from(lng)),
                    ("timestamp", Json::from(iso(self.locations_at()))),
                    ("fixed_coordinates", Json::from(true)),
                ]);
                vec![("location", location), ("lat", Json::Null), ("lng", Json::Null)]
            }
            (Shape::Model, _) => {
                vec![("location", flat), ("lat", Json::from(lat)), ("lng", Json::from(lng))]
            }
        }
    }

    /// When the locations were entered: before every device.
    pub(super) fn locations_at(&self) -> Timestamp {
        self.began.plus_millis(-YOUNGEST_DEVICE_MS - OLDEST_DEVICE_MS as i64)
    }
}
