//! Outages, availability, links, locations and event log lines.

use correlate::model::Timestamp;

use super::{epoch_s, local};
use crate::simulator::json::{Json, Row};
use crate::simulator::nms::{Event, EventLog, Nms, Outage};
use crate::simulator::world::{DeviceIndex, LinkIndex, SiteIndex};

/// The windows of `/availability`, as LibreNMS has them by default.
const AVAILABILITY_WINDOWS_S: [i64; 4] = [86_400, 604_800, 2_592_000, 31_536_000];

impl Nms {
    /// The device's outages, newest first.
    pub(in crate::simulator) fn outage_rows(&self, device: DeviceIndex) -> Vec<Row> {
        let outages = self.outages.get(&device).map_or(&[][..], Vec::as_slice);
        let newest_first = outages.iter().rev();
        newest_first
            .map(|outage| {
                vec![
                    ("going_down", Json::from(epoch_s(outage.going_down))),
                    ("up_again", Json::from(outage.up_again.map(epoch_s))),
                ]
            })
            .collect()
    }

    /// LibreNMS's own figures: from closed outages only, and 0 for a device that is down and has
    /// none.
    pub(in crate::simulator) fn availability_rows(&self, device: DeviceIndex) -> Vec<Row> {
        let outages = self.outages.get(&device).map_or(&[][..], Vec::as_slice);
        AVAILABILITY_WINDOWS_S
            .into_iter()
            .map(|window_s| {
                let from = self.now.plus_millis(-window_s * 1000);
                let down_ms = closed_down_ms(outages, from);
                let percent = match down_ms {
                    None if self.is_up(device) => 100.0,
                    None => 0.0,
                    Some(down) => 100.0 * (1.0 - down as f64 / (window_s as f64 * 1000.0)),
                };
                let shown = format!("{percent:.3}000");
                vec![("duration", Json::from(window_s)), ("availability_perc", Json::from(shown))]
            })
            .collect()
    }

    /// The rows of links at `device`, or of all.
    pub(in crate::simulator) fn link_rows(&self, only: Option<DeviceIndex>) -> Vec<Row> {
        let mut rows = Vec::new();
        for (place, ids) in self.adjacencies.iter().enumerate() {
            let link = self.world.link(LinkIndex::at(place));
            for (id, (near, far)) in ids.iter().zip([(link.a, link.b), (link.b, link.a)]) {
                let (local, remote) = (self.world.port(near).device, self.world.port(far).device);
                let Some(id) = id.filter(|_| only.is_none_or(|only| only == local)) else {
                    continue;
                };
                // LLDP needs both ends in LibreNMS for ids on both.
                if !self.has_port(near) {
                    continue;
                }
                let known = self.has_port(far);
                rows.push((
                    id,
                    vec![
                        ("id", Json::from(id)),
                        ("local_port_id", Json::from(near.native_id())),
                        ("local_device_id", Json::from(local.native_id())),
                        ("remote_port_id", Json::from(known.then(|| far.native_id()))),
                        ("active", Json::Int(1)),
                        ("protocol", Json::from("lldp")),
                        ("remote_hostname", Json::from(self.world.device(remote).sys_name())),
                        ("remote_device_id", Json::from(remote.native_id())),
                        ("remote_port", Json::from(self.world.port_name(far))),
                        ("remote_platform", Json::Null),
                        ("remote_version", Json::from("")),
                    ],
                ));
            }
        }
        rows.sort_by_key(|(id, _)| *id);
        rows.into_iter().map(|(_, row)| row).collect()
    }

    /// Every site as a location.
    pub(in crate::simulator) fn location_rows(&self) -> Vec<Row> {
        let sites = self.world.sites().iter().enumerate();
        sites
            .map(|(place, site)| {
                let decimal = |degrees: Option<f64>| Json::from(degrees.map(|d| format!("{d:.8}")));
                let (lat, lng) = site.position.unzip();
                let at = local(self.locations_at(), &self.options.zone);
                vec![
                    ("id", Json::from(SiteIndex::at(place).0 + 1)),
                    ("location", Json::from(site.label.as_str())),
                    ("lat", decimal(lat)),
                    ("lng", decimal(lng)),
                    ("timestamp", Json::from(at)),
                    ("fixed_coordinates", Json::Int(1)),
                ]
            })
            .collect()
    }

    pub(in crate::simulator) fn events(&self) -> &EventLog {
        &self.events
    }

    /// The column `datetime`, the order of the log.
    pub(in crate::simulator) fn event_datetime(&self, event: &Event) -> String {
        local(event.at, &self.options.zone)
    }

    /// One line of the log.
    pub(in crate::simulator) fn event_row(&self, event: &Event) -> Row {
        let device = self.world.device(event.device);
        let id = event.device.native_id();
        let number = i64::try_from(event.id).unwrap_or(i64::MAX);
        let row = vec![
            ("hostname", Json::from(device.hostname.as_str())),
            ("sysName", Json::from(device.sys_name())),
            ("host", Json::from(id)),
            ("event_id", Json::from(number)),
            ("device_id", Json::from(id)),
            ("datetime", Json::from(self.event_datetime(event))),
            ("message", Json::from(event.what.message())),
            ("type", Json::from(event.what.kind())),
            ("reference", Json::from(event.what.reference())),
            ("username", Json::from("")),
            ("severity", Json::from(event.what.severity())),
        ];
        match self.options.release {
            crate::simulator::Release::Strings => {
                row.into_iter().map(|(key, value)| (key, value.into_string_value())).collect()
            }
            _ => row,
        }
    }

    /// The server's clock as `/system` shows it.
    pub(in crate::simulator) fn zone(&self) -> &jiff::tz::TimeZone {
        &self.options.zone
    }

    pub(in crate::simulator) fn release(&self) -> crate::simulator::Release {
        self.options.release
    }
}

/// Down time since `from` in outages that ended since then; `None` when there is none.
fn closed_down_ms(outages: &[Outage], from: Timestamp) -> Option<i64> {
    let closed = outages.iter().filter_map(|outage| Some((outage.going_down, outage.up_again?)));
    let recent: Vec<i64> = closed
        .filter(|(_, up)| *up >= from)
        .map(|(down, up)| up.millis() - down.max(from).millis())
        .collect();
    (!recent.is_empty()).then(|| recent.iter().sum())
}
