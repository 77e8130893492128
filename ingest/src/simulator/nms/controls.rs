//! What an operator of LibreNMS changes while it runs: how it is set up, what it
//! is told about a device, and what agents answer.

use correlate::model::Timestamp;
use jiff::tz::TimeZone;

use super::eventlog::{Event, EventLog};
use super::{Check, Failing, Nms, OperStatus};
use crate::simulator::world::{Component, DeviceIndex, PortIndex, Standing};

impl Nms {
    /// Writes local times of this zone from now on; the rows that are there are
    /// shown by it as well, as PHP does.
    pub(in crate::simulator) fn set_zone(&mut self, zone: TimeZone) {
        self.options.zone = zone;
    }

    /// Pings every `cycle_ms` from now on, or not at all.
    pub(in crate::simulator) fn set_ping_cycle(&mut self, cycle_ms: Option<i64>) {
        self.options.ping_cycle_ms = cycle_ms;
        if cycle_ms.is_none() {
            return;
        }
        // What changed while nobody pinged is seen by the next ping.
        let unseen = |device: &DeviceIndex| {
            let works = self.network.works(Component::Device(*device));
            works == self.devices[device.place()].failing.icmp && self.is_polled(*device)
        };
        let devices: Vec<_> = self.all_devices().filter(unseen).collect();
        devices.into_iter().for_each(|device| self.enqueue(Check::Ping, device, self.now));
    }

    /// Whether the dispatcher polls from now on, and not cron.
    pub(in crate::simulator) fn set_dispatcher(&mut self, on: bool) {
        self.options.dispatcher = on;
        let down = |device: &DeviceIndex| !self.is_up(*device) && self.is_polled(*device);
        let devices: Vec<_> = self.all_devices().filter(down).filter(|_| on).collect();
        devices.into_iter().for_each(|device| self.enqueue(Check::Poll, device, self.now));
    }

    fn all_devices(&self) -> impl Iterator<Item = DeviceIndex> + use<> {
        (0..self.devices.len()).map(DeviceIndex::at)
    }

    /// What LibreNMS is told about a device now.
    pub(in crate::simulator) fn standing(&self, device: DeviceIndex) -> Standing {
        self.standings.get(&device).copied().unwrap_or(self.world.device(device).standing)
    }

    /// Tells LibreNMS otherwise about a device. False when it is not there.
    pub(in crate::simulator) fn set_standing(
        &mut self,
        device: DeviceIndex,
        standing: Standing,
    ) -> bool {
        if !self.has_device(device) {
            return false;
        }
        let was_polled = self.is_polled(device);
        let ended = self.now.plus_millis(-self.poll_duration_ms(device));
        let last_poll = self.last_run(Check::Poll, device, ended);
        self.standings.insert(device, standing);
        let is_polled = self.is_polled(device);
        let state = &mut self.devices[device.place()];
        if was_polled && !is_polled && state.failing.is_up() && last_poll >= state.recovered {
            // Its row stands still from here on.
            state.frozen = Some(last_poll);
        }
        if standing == Standing::NeverPolled {
            (state.failing, state.frozen) = (Failing { icmp: true, snmp: false }, None);
        }
        if is_polled && !was_polled {
            // What lies before was no poll.
            state.recovered = self.now;
            self.enqueue_all(device, self.now);
        }
        true
    }

    /// Whether LibreNMS is to show a device as up, whatever it is. False when it
    /// is not there.
    pub(in crate::simulator) fn set_status_ignored(
        &mut self,
        device: DeviceIndex,
        ignored: bool,
    ) -> bool {
        match ignored {
            true => self.status_ignored.insert(device),
            false => self.status_ignored.remove(&device),
        };
        self.has_device(device)
    }

    /// Has the agent of a port's device answer with this status, whatever the
    /// port is, until it is taken back with `None`. The truth knows nothing of
    /// it. False when LibreNMS has no such port.
    pub(in crate::simulator) fn force_port(
        &mut self,
        port: PortIndex,
        status: Option<OperStatus>,
    ) -> bool {
        if !self.has_port(port) {
            return false;
        }
        match status {
            Some(status) => self.forced.insert(port, status),
            None => self.forced.remove(&port),
        };
        let device = self.world.port(port).device;
        self.unread.entry(device).or_default().insert(port);
        if self.is_polled(device) {
            self.enqueue(Check::Poll, device, self.now);
        }
        true
    }

    /// Empties the event log: its ids begin anew.
    pub(in crate::simulator) fn empty_events(&mut self) {
        self.events = EventLog::new();
    }

    /// Has every second line be seen so much later than it was written, as when
    /// pollers side by side commit late; 0 for none.
    pub(in crate::simulator) fn set_late_events(&mut self, by_ms: i64) {
        self.late_events_ms = by_ms;
    }

    /// Whether a reader of the log sees the line already.
    pub(in crate::simulator) fn is_committed(&self, event: &Event) -> bool {
        let by_ms = if event.id % 2 == 1 { self.late_events_ms } else { 0 };
        event.at <= Timestamp(self.now.millis() - by_ms)
    }
}
