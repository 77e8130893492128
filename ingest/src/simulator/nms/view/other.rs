//! Outages, availability, links, locations and event log lines.

use correlate::model::Timestamp;

use super::monitors::POLLER_NAMES;
use super::{epoch_s, local};
use crate::simulator::json::{Json, Row};
use crate::simulator::nms::eventlog::What;
use crate::simulator::nms::{Event, EventLog, Nms, Outage};
use crate::simulator::world::{DeviceIndex, LinkIndex, PortIndex, SiteIndex};

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
                    ("going_down", Json::from(epoch_s(self.shown(outage.going_down)))),
                    ("up_again", Json::from(outage.up_again.map(|at| epoch_s(self.shown(at))))),
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

    /// The ends of links that have a row, at one device or at all, in order of the row's id.
    pub(in crate::simulator) fn link_places(&self, only: Option<DeviceIndex>) -> Vec<u32> {
        let mut found = Vec::new();
        for place in 0..2 * LinkIndex::at(self.adjacencies.len()).0 {
            let (near, _) = self.link_ends(place);
            let device = self.world.port(near).device;
            if only.is_none_or(|only| only == device)
                && self.has_port(near)
                && let Some(id) = self.link_id(place)
            {
                found.push((id, place));
            }
        }
        found.sort_unstable();
        found.into_iter().map(|(_, place)| place).collect()
    }

    /// The id of the row at this end, if it has one.
    pub(in crate::simulator) fn link_id(&self, place: u32) -> Option<u32> {
        self.adjacencies[(place / 2) as usize][(place % 2) as usize]
    }

    /// The port at this end of the link, and the one at the other.
    fn link_ends(&self, place: u32) -> (PortIndex, PortIndex) {
        let link = self.world.link(LinkIndex::at((place / 2) as usize));
        if place.is_multiple_of(2) { (link.a, link.b) } else { (link.b, link.a) }
    }

    /// The row of one end of a link.
    pub(in crate::simulator) fn link_row(&self, place: u32) -> Row {
        let (near, far) = self.link_ends(place);
        let (local, remote) = (self.world.port(near).device, self.world.port(far).device);
        let known = self.has_port(far).then(|| self.ids.port_id(&self.world, far)).flatten();
        self.typed(vec![
            ("id", Json::from(self.link_id(place))),
            ("local_port_id", Json::from(self.ids.port_id(&self.world, near))),
            ("local_device_id", Json::from(self.ids.device_id(local))),
            ("remote_port_id", Json::from(known)),
            ("active", Json::Int(1)),
            ("protocol", Json::from("lldp")),
            ("remote_hostname", Json::from(self.world.device(remote).sys_name())),
            // 0: a neighbour that is not monitored.
            ("remote_device_id", Json::from(self.ids.device_id(remote).unwrap_or(0))),
            ("remote_port", Json::from(self.world.port_name(far))),
            ("remote_platform", Json::Null),
            ("remote_version", Json::from("")),
        ])
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
        local(self.shown(event.at), &self.options.zone)
    }

    /// One line of the log.
    pub(in crate::simulator) fn event_row(&self, event: &Event) -> Row {
        let device = self.world.device(event.device);
        let id = self.ids.device_id(event.device);
        let node = self.options.dispatcher.then_some(POLLER_NAMES[self.group(event.device)]);
        let reference = match event.what {
            What::Rebooted { after_s, .. } => Some(after_s.to_string()),
            What::Service { .. } => self.check_id(event.device).map(|id| id.to_string()),
            _ => {
                let port = event.what.port().and_then(|port| self.ids.port_id(&self.world, port));
                port.map(|id| id.to_string())
            }
        };
        let number = i64::try_from(event.id).unwrap_or(i64::MAX);
        self.typed(vec![
            ("hostname", Json::from(device.hostname.as_str())),
            ("sysName", Json::from(device.sys_name())),
            ("host", Json::from(id)),
            ("event_id", Json::from(number)),
            ("device_id", Json::from(id)),
            ("datetime", Json::from(self.event_datetime(event))),
            ("message", Json::from(event.what.message(node))),
            ("type", Json::from(event.what.kind())),
            ("reference", Json::from(reference)),
            ("username", Json::from("")),
            ("severity", Json::from(event.what.severity())),
        ])
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
