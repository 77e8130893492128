//! What is known of one LibreNMS: the last good rows, the lines that wait for
//! one, and what was said of each component. Every way of reading writes into
//! it, and reports are made from it.
//!
//! Rows that could not be read again stay. They are harmless: a row that does
//! not move renews nothing, and that of a dead device gives unknown. A row
//! that was asked for before the one that is known is passed over, so a long
//! list never undoes what was found while it came. Does no IO.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use correlate::model::{ComponentState, Timestamp};

use super::cursor::LogCursor;
use super::decode::{DeviceRow, FailingChecks, PortRow};
use super::facts::{DeviceFacts, Times};
use super::guard::ListGuard;
use super::lines::{Believed, Lines};
use super::memory::{Placed, ReadAt, Seen};
use super::policy::{Policy, PortsOf, Verdict};
use super::tuning::Tuning;
use super::zone::ServerZone;
use crate::source::{DeviceReport, Evidence, Kind, ObservedSample};

/// So many of the last times that a device went down are kept with their
/// checks, to tell what its outages were.
const DOWNS_MAX: usize = 32;

/// How long after a device came back its ports are looked at again, for the
/// first time; then after twice as long, and so on.
const FOLLOW_UP_MS: i64 = 20_000;
const FOLLOW_UPS_MAX: u32 = 4;

/// A port: its last good row and what was said of it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Port {
    pub(super) row: PortRow,
    pub(super) seen: Seen,
}

/// A device and its ports.
#[derive(Clone, Debug, Default)]
pub(super) struct Device {
    pub(super) seen: Seen,
    times: Times,
    /// Its last row, and when that was read.
    facts: Option<(DeviceFacts, ReadAt)>,
    /// By id.
    ports: Vec<Port>,
    ports_read: Option<ReadAt>,
    /// Its last poll when its ports were last read alone: they move only with
    /// the next one.
    pub(super) read_alone: Option<Timestamp>,
    /// What lines say of ports, and is not yet reported.
    told: Vec<(u64, Placed)>,
    /// Ports that are gone, and not yet told so.
    lost: Vec<(u64, Seen)>,
    pub(super) lines: Lines,
    /// When it went down lately, and by which checks.
    pub(super) downs: Vec<(Timestamp, FailingChecks)>,
    gone: bool,
}

/// A device whose ports are to be looked at again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct FollowUp {
    pub(super) due: Timestamp,
    tries: u32,
}

/// All that is known.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) policy: Policy,
    pub(super) zone: ServerZone,
    pub(super) devices: HashMap<u64, Device>,
    pub(super) devices_guard: ListGuard,
    pub(super) ports_guard: ListGuard,
    pub(super) inventory_guard: ListGuard,
    pub(super) log: LogCursor,
    pub(super) tuning: Tuning,
    pub(super) follow_ups: BTreeMap<u64, FollowUp>,
    /// Devices whose outages are to be read.
    pub(super) backfill: BTreeSet<u64>,
    /// Since when their outages are of interest.
    pub(super) backfill_since: Timestamp,
    pub(super) full_wanted: bool,
    /// When the clock's offset was last asked for beside the full readings.
    calibrated_at: Option<Timestamp>,
}

/// The offset is asked for so often at most.
const CALIBRATE_MS_MIN: i64 = 20_000;

impl Device {
    /// Its last row.
    pub(super) fn facts(&self) -> Option<&DeviceFacts> {
        self.facts.as_ref().map(|(facts, _)| facts)
    }

    pub(super) fn ports(&self) -> &[Port] {
        &self.ports
    }
}

impl Book {
    pub(super) fn new(policy: Policy, zone: ServerZone) -> Book {
        Book {
            policy,
            zone,
            devices: HashMap::new(),
            devices_guard: ListGuard::default(),
            ports_guard: ListGuard::default(),
            inventory_guard: ListGuard::default(),
            log: LogCursor::default(),
            tuning: Tuning::default(),
            follow_ups: BTreeMap::new(),
            backfill: BTreeSet::new(),
            backfill_since: Timestamp::MAX,
            full_wanted: false,
            calibrated_at: None,
        }
    }

    /// Whether the clock's offset may be asked for again; if so it counts as asked.
    pub(super) fn may_calibrate(&mut self, now: Timestamp) -> bool {
        let is_due = self.calibrated_at.is_none_or(|at| at.plus_millis(CALIBRATE_MS_MIN) <= now);
        if is_due {
            self.calibrated_at = Some(now);
        }
        is_due
    }

    /// How many ports are known.
    pub(super) fn ports_len(&self) -> usize {
        self.devices.values().map(|device| device.ports.len()).sum()
    }

    /// Takes in the row of a device. Gives what counts now, which is what was
    /// known if that was asked for later.
    pub(super) fn take_device(&mut self, row: &DeviceRow, read: ReadAt) -> DeviceFacts {
        let device = self.devices.entry(row.device_id).or_default();
        if let Some((known, at)) = device.facts
            && at.sent > read.sent
        {
            return known;
        }
        let facts = DeviceFacts::of(row, &mut device.times, &self.zone, read.received);
        if let Some((known, at)) = device.facts {
            self.tuning.stepped_between(&known, at, &facts, read);
        }
        let was_down = device.facts().is_some_and(|known| known.up == Some(false));
        (device.facts, device.gone) = (Some((facts, read)), false);
        if was_down && facts.up == Some(true) {
            self.follow_up(row.device_id, read.received);
        }
        facts
    }

    /// Forgets, with their next report, the devices that a believable list
    /// does not hold any more. `listed` are its ids, ascending.
    pub(super) fn keep_devices(&mut self, listed: &[u64], read: ReadAt) -> Vec<u64> {
        let mut gone = Vec::new();
        for (&id, device) in &mut self.devices {
            let is_older = device.facts.is_some_and(|(_, at)| at.sent > read.sent);
            if !is_older && listed.binary_search(&id).is_err() {
                device.gone = true;
                if let Some((_, at)) = &mut device.facts {
                    *at = read;
                }
                gone.push(id);
            }
        }
        gone.sort_unstable();
        gone
    }

    /// Marks one device as gone, as of `read`.
    pub(super) fn lose_device(&mut self, id: u64, read: ReadAt) {
        if let Some(device) = self.devices.get_mut(&id) {
            device.gone = true;
            if let Some((_, at)) = &mut device.facts {
                *at = read;
            }
        }
    }

    /// Takes in the ports of a device, all of them, in any order.
    pub(super) fn take_ports(&mut self, device_id: u64, mut rows: Vec<PortRow>, read: ReadAt) {
        let device = self.devices.entry(device_id).or_default();
        if device.ports_read.is_some_and(|known| known.sent > read.sent) {
            return;
        }
        rows.sort_unstable_by_key(|row| row.port_id);
        rows.dedup_by_key(|row| row.port_id);
        let known = std::mem::take(&mut device.ports);
        let find = |id| known.binary_search_by_key(&id, |port: &Port| port.row.port_id);
        let lost = known.iter().filter(|port| {
            rows.binary_search_by_key(&port.row.port_id, |row| row.port_id).is_err()
        });
        device.lost.extend(lost.map(|port| (port.row.port_id, port.seen)));
        device.ports = Vec::with_capacity(rows.len());
        for row in rows {
            let before = find(row.port_id).ok().map(|place| &known[place]);
            let mut seen = before.map(|port| port.seen).unwrap_or_default();
            let status = before.map(|port| (port.row.oper, port.row.shut));
            // Now, as the row before is needed to follow the lines.
            if device.lines.any_of_port() {
                let believed = device.lines.of_port(&row, status, &self.policy, read.sent);
                let placed = believed.iter().map(|one| place_line(&mut seen, one, None));
                device.told.extend(placed.map(|placed| (row.port_id, placed)));
            }
            device.ports.push(Port { row, seen });
        }
        device.ports_read = Some(read);
    }

    /// The report of a device and its ports as they are known now; `None` if
    /// there is nothing to say. `cause` is why the rows were read.
    pub(super) fn report(
        &mut self,
        id: u64,
        cause: Evidence,
        now: Timestamp,
    ) -> Option<DeviceReport> {
        let policy = self.policy;
        let device = self.devices.get_mut(&id)?;
        let (facts, read) = device.facts?;
        let mut samples = Vec::with_capacity(1 + device.ports.len());
        if device.gone {
            device.leave(id, read, &mut samples);
            self.devices.remove(&id);
            self.follow_ups.remove(&id);
            self.backfill.remove(&id);
        } else {
            let unproven = device.of_itself(&policy, &facts, read, cause, &mut samples);
            let device_at = samples.iter().map(|sample| sample.at).max();
            device.of_ports(
                &policy,
                &facts,
                device_at.unwrap_or(read.received),
                cause,
                &mut samples,
            );
            if unproven {
                self.want_outages(id, read.sent.plus_millis(-OUTAGES_BACK_MS));
            }
        }
        let observed_at = samples.iter().map(|sample| sample.at).max()?.max(now);
        Some(DeviceReport { device: id.to_string().into(), observed_at, samples })
    }

    /// Has the outages of a device read, of the time since `since`.
    pub(super) fn want_outages(&mut self, id: u64, since: Timestamp) {
        self.backfill.insert(id);
        self.backfill_since = self.backfill_since.min(since);
    }

    /// Has the ports of a device read once they will have been polled again.
    fn follow_up(&mut self, id: u64, now: Timestamp) {
        let due = now.plus_millis(FOLLOW_UP_MS);
        self.follow_ups.insert(id, FollowUp { due, tries: 0 });
    }

    /// The devices that are due to be looked at again, at most `max`.
    pub(super) fn due_follow_ups(&mut self, now: Timestamp, max: usize) -> Vec<u64> {
        let due: Vec<u64> = self
            .follow_ups
            .iter()
            .filter(|(_, follow_up)| follow_up.due <= now)
            .map(|(&id, _)| id)
            .take(max)
            .collect();
        for id in &due {
            let is_done = self.devices.get(id).is_none_or(Device::ports_are_new);
            let Some(follow_up) = self.follow_ups.get_mut(id) else { continue };
            follow_up.tries += 1;
            follow_up.due = now.plus_millis(FOLLOW_UP_MS << follow_up.tries);
            if is_done || follow_up.tries >= FOLLOW_UPS_MAX {
                self.follow_ups.remove(id);
            }
        }
        due
    }
}

/// How far back outages may prove lines that a row does not show any more.
const OUTAGES_BACK_MS: i64 = 3_600_000;

fn place_line(seen: &mut Seen, one: &Believed, contrary: Option<Timestamp>) -> Placed {
    seen.place_line(one.state, one.earliest, one.at, contrary)
}

fn sample(kind: Kind, native_id: u64, placed: Placed, evidence: Evidence) -> ObservedSample {
    ObservedSample {
        kind,
        native_id: native_id.to_string().into(),
        at: placed.at,
        state: placed.state,
        evidence,
        uncertainty_ms: placed.uncertainty_ms,
    }
}

impl Device {
    /// Whether its ports were read in the poll with which it came back.
    fn ports_are_new(&self) -> bool {
        let began = self.facts().and_then(|facts| facts.poll_began);
        self.ports.iter().all(|port| port.row.polled_at() >= began)
    }

    /// It is gone: nobody can say any more.
    fn leave(&mut self, id: u64, read: ReadAt, samples: &mut Vec<ObservedSample>) {
        let unknown = Verdict::unknown(read.received);
        let mut say = |kind, id, seen: &mut Seen| {
            let is_said = seen.latest().is_none_or(|(_, s)| s == ComponentState::Unknown);
            if let Some(placed) = seen.place(&unknown, read).filter(|_| !is_said) {
                samples.push(sample(kind, id, placed, Evidence::Poll));
            }
        };
        say(Kind::Device, id, &mut self.seen);
        for port in &mut self.ports {
            say(Kind::Port, port.row.port_id, &mut port.seen);
        }
    }

    /// Samples of the device itself: of the lines that its row bears out, then
    /// of the row. Says whether there are lines that only outages can prove.
    fn of_itself(
        &mut self,
        policy: &Policy,
        facts: &DeviceFacts,
        read: ReadAt,
        cause: Evidence,
        samples: &mut Vec<ObservedSample>,
    ) -> bool {
        let mut unproven = false;
        let counts = !facts.disabled && !facts.ahead && !policy.sets_aside(facts);
        if self.lines.any_of_device()
            && counts
            && let Some(up) = facts.up
        {
            self.downs.extend(self.lines.downs());
            self.downs.sort_unstable_by_key(|&(at, _)| at);
            self.downs.dedup();
            let excess = self.downs.len().saturating_sub(DOWNS_MAX);
            self.downs.drain(..excess);
            let found = self.lines.of_device(up, policy, read.sent);
            unproven = found.unproven;
            let contrary = facts.poll_began.filter(|_| !up);
            for one in found.believed.iter().filter(|_| !facts.is_unborn()) {
                let placed = place_line(&mut self.seen, one, contrary);
                samples.push(sample(Kind::Device, facts.device_id, placed, Evidence::EventLog));
            }
        }
        let placed = policy.device(facts, read.received).and_then(|v| self.seen.place(&v, read));
        samples.extend(placed.map(|placed| {
            let evidence = if placed.uncertainty_ms > 0 { cause } else { Evidence::Poll };
            sample(Kind::Device, facts.device_id, placed, evidence)
        }));
        unproven
    }

    fn of_ports(
        &mut self,
        policy: &Policy,
        facts: &DeviceFacts,
        device_at: Timestamp,
        cause: Evidence,
        samples: &mut Vec<ObservedSample>,
    ) {
        let told = std::mem::take(&mut self.told);
        samples.extend(
            told.into_iter().map(|(id, placed)| sample(Kind::Port, id, placed, Evidence::EventLog)),
        );
        let Some(read) = self.ports_read else { return };
        for (id, mut seen) in std::mem::take(&mut self.lost) {
            let placed = seen.place(&Verdict::unknown(read.received), read);
            samples.extend(placed.map(|p| sample(Kind::Port, id, p, Evidence::Poll)));
        }
        let ports_of = policy.ports_of(facts);
        for port in &mut self.ports {
            // That its device cannot be read is news of the device's row.
            let read = match ports_of {
                PortsOf::Frozen => ReadAt {
                    sent: read.sent.max(device_at),
                    received: read.received.max(device_at),
                },
                PortsOf::Polled { .. } => read,
            };
            let verdict = policy.port(&port.row, ports_of, device_at, read.received);
            let placed = verdict.and_then(|verdict| port.seen.place(&verdict, read));
            samples.extend(placed.map(|placed| {
                let evidence = if placed.uncertainty_ms > 0 { cause } else { Evidence::Poll };
                sample(Kind::Port, port.row.port_id, placed, evidence)
            }));
        }
    }
}
