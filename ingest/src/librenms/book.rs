//! What is known of one LibreNMS: the last good rows, the lines that wait for
//! one, and what was said of each component. Every way of reading writes into
//! it, and reports are made from it.
//!
//! Rows that could not be read again stay. They are harmless: a row that does
//! not move renews nothing, and that of a dead device gives unknown. A row
//! that was asked for before the one that is known is passed over, so a long
//! list never undoes what was found while it came. Does no IO.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use correlate::model::ComponentState::{self, Down};
use correlate::model::Timestamp;

use super::backlog::Backlog;
use super::cursor::LogCursor;
use super::decode::{DeviceRow, FailingChecks};
use super::facts::{DeviceFacts, Times};
use super::guard::ListGuard;
use super::lines::{Believed, Lines, Waiting};
use super::memory::{Placed, ReadAt, Seen};
use super::outage::{Fact, SAME_MS_MAX};
use super::policy::{Policy, PortsOf};
use super::ports::{Listed, Port, PortList, Ports};
use super::server_clock::{ClockError, ServerClock};
use super::sessions::Register;
use super::touch::Touch;
use super::tuning::Tuning;
use super::wanted::Wanted;
use super::zone::ServerZone;
use crate::source::{Cursor, DeviceReport, Evidence, Kind, ObservedSample, Reason};

/// So many of the last times that a device went down are kept with their
/// checks, to tell what its outages were.
const DOWNS_MAX: usize = 32;

/// How long after a device came back its ports are looked at again, for the
/// first time; then after twice as long, and so on.
const FOLLOW_UP_MS: i64 = 20_000;
const FOLLOW_UPS_MAX: u32 = 4;

/// A device and its ports.
#[derive(Clone, Debug, Default)]
pub(super) struct Device {
    pub(super) seen: Seen,
    /// Why it is unknown, as was said last.
    pub(super) said: Option<Reason>,
    times: Times,
    /// Its last row, and when that was read.
    facts: Option<(DeviceFacts, ReadAt)>,
    ports: Ports,
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
    /// Up to when its outages were read and told.
    pub(super) outages_told: Option<Timestamp>,
    /// What lines say of it that its outages are to prove first.
    doubtful: Vec<Doubtful>,
    gone: bool,
}

/// A line that says what a device is, after one that said otherwise and that no
/// row has shown. Whether it is an edge is for the outages to say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Doubtful {
    line: Believed,
    /// When the other one was written.
    other: Timestamp,
}

/// A device whose ports are to be looked at again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct FollowUp {
    /// When it was heard that it came back.
    since: Timestamp,
    pub(super) due: Timestamp,
    tries: u32,
}

/// All that is known.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) policy: Policy,
    pub(super) zone: ServerZone,
    server_clock: Arc<ServerClock>,
    /// By id, the order in which lists are gone through: neighbours lie together.
    pub(super) devices: BTreeMap<u64, Device>,
    /// How many ports all devices have.
    ports_len: usize,
    /// The room of the last lists of everything, for the next ones.
    rooms: Rooms,
    pub(super) devices_guard: ListGuard,
    pub(super) ports_guard: ListGuard,
    pub(super) inventory_guard: ListGuard,
    pub(super) sessions: Register,
    pub(super) checks: Register,
    pub(super) log: LogCursor,
    pub(super) tuning: Tuning,
    pub(super) follow_ups: BTreeMap<u64, FollowUp>,
    /// Devices that are to be read again.
    pub(super) backlog: Backlog,
    /// Devices whose outages are to be read.
    pub(super) backfill: Wanted,
    /// Devices that had lines waiting when that was last asked.
    waiting: BTreeSet<u64>,
    pub(super) full_wanted: bool,
    /// When the clock's offset was last asked for beside the full readings.
    calibrated_at: Option<Timestamp>,
}

/// Lists of everything that hold nothing now. The same for every reading, as long
/// as they come back: the system takes longer to give so much than to fill it.
#[derive(Debug, Default)]
struct Rooms {
    devices: Vec<DeviceRow>,
    ports: PortList,
}

/// What reports rest on, beside the rows.
struct About {
    policy: Policy,
    /// By how much the server's clock is off.
    error: ClockError,
    /// Why rows were read.
    cause: Evidence,
    /// See [`DeviceFacts::ping_is_last`].
    ping_is_last: bool,
}

/// The offset is asked for so often at most.
const CALIBRATE_MS_MIN: i64 = 20_000;

impl FollowUp {
    /// The first, of a device that is known to be back `since`.
    fn of(since: Timestamp) -> FollowUp {
        FollowUp { since, due: since.plus_millis(FOLLOW_UP_MS), tries: 0 }
    }
}

impl Device {
    /// Its last row.
    pub(super) fn facts(&self) -> Option<&DeviceFacts> {
        self.facts.as_ref().map(|(facts, _)| facts)
    }

    pub(super) fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Notes when lines say that it went down; the oldest go when there are too many.
    pub(super) fn note_downs(&mut self, downs: Vec<(Timestamp, FailingChecks)>) {
        self.downs.extend(downs);
        self.downs.sort_by_key(|&(at, _)| at);
        self.downs.dedup();
        let excess = self.downs.len().saturating_sub(DOWNS_MAX);
        self.downs.drain(..excess);
    }

    /// Places the lines that waited for its outages, which give these facts.
    /// Those of which no fact says that it was otherwise before are uncertain since
    /// the line that says so.
    pub(super) fn settle_doubt(&mut self, facts: &[Fact]) -> Vec<Placed> {
        let mut placed = Vec::with_capacity(self.doubtful.len());
        for Doubtful { line, other } in std::mem::take(&mut self.doubtful) {
            // Of the other line, or of what came after it: the outages are told as well.
            let is_proof = |fact: &&Fact| {
                let is_since = fact.at >= other.plus_millis(-SAME_MS_MAX);
                fact.state != line.state && is_since && fact.at <= line.at
            };
            placed.push(match facts.iter().rfind(is_proof) {
                Some(fact) => place_line(&mut self.seen, &line, Some(fact.at)),
                // It was otherwise at some time before: the edge lies since then.
                None if self.seen.was_otherwise(line.state, line.at) => {
                    place_line(&mut self.seen, &line, None)
                }
                None => self.seen.note_unproven(line.state, other, line.at),
            });
        }
        placed
    }
}

impl Book {
    pub(super) fn new(policy: Policy, zone: ServerZone, server_clock: Arc<ServerClock>) -> Book {
        Book {
            policy,
            zone,
            server_clock,
            devices: BTreeMap::new(),
            ports_len: 0,
            rooms: Rooms::default(),
            devices_guard: ListGuard::default(),
            ports_guard: ListGuard::default(),
            inventory_guard: ListGuard::default(),
            sessions: Register::default(),
            checks: Register::default(),
            log: LogCursor::default(),
            tuning: Tuning::default(),
            follow_ups: BTreeMap::new(),
            backlog: Backlog::default(),
            backfill: Wanted::default(),
            waiting: BTreeSet::new(),
            full_wanted: false,
            calibrated_at: None,
        }
    }

    /// By how much the server's clock is off.
    pub(super) fn clock_error(&self) -> ClockError {
        self.server_clock.error().unwrap_or_default()
    }

    /// Has a line wait for the row of its device, if that is known.
    pub(super) fn wait(&mut self, line: Waiting) -> bool {
        let id = line.line.device_id;
        let Some(device) = self.devices.get_mut(&id) else { return false };
        device.lines.push(line);
        self.waiting.insert(id);
        true
    }

    /// How far a later process need not read the log again: up to the first
    /// line that still waits.
    pub(super) fn save_log(&mut self) -> Option<Cursor> {
        let devices = &self.devices;
        let lines = |id: &u64| devices.get(id).and_then(|device| device.lines.first_id());
        self.waiting.retain(|id| lines(id).is_some());
        let first = self.waiting.iter().filter_map(lines).min();
        self.log.save(first)
    }

    /// Whether the clock's offset may be asked for again; if so it counts as asked.
    pub(super) fn may_calibrate(&mut self, now: Timestamp) -> bool {
        let is_due = self.calibrated_at.is_none_or(|at| at.plus_millis(CALIBRATE_MS_MIN) <= now);
        if is_due {
            self.calibrated_at = Some(now);
        }
        is_due
    }

    /// The last known status of a device; `None` where there is none.
    pub(super) fn is_up(&self, id: u64) -> Option<bool> {
        self.devices.get(&id)?.facts()?.up
    }

    /// How many ports are known.
    pub(super) fn ports_len(&self) -> usize {
        self.ports_len
    }

    /// Room for a list of all devices.
    pub(super) fn device_list(&mut self) -> Vec<DeviceRow> {
        let mut rows = std::mem::take(&mut self.rooms.devices);
        rows.reserve_exact(self.devices.len() + DEVICES_MORE);
        rows
    }

    /// The list has been taken in. What lists need no more is given back.
    pub(super) fn put_devices_back(&mut self, mut rows: Vec<DeviceRow>) {
        rows.clear();
        rows.shrink_to(2 * self.devices.len() + DEVICES_MORE);
        self.rooms.devices = rows;
    }

    /// Room for a list of all ports.
    pub(super) fn port_list(&mut self) -> PortList {
        let mut rows = std::mem::take(&mut self.rooms.ports);
        rows.reserve(self.ports_len + PORTS_MORE);
        rows
    }

    /// The list has been taken in. What lists need no more is given back.
    pub(super) fn put_ports_back(&mut self, mut rows: PortList) {
        rows.clear(2 * self.ports_len + PORTS_MORE);
        self.rooms.ports = rows;
    }

    /// Takes in the row of a device. Gives what counts now, which is what was
    /// known if that was asked for later.
    pub(super) fn take_device(&mut self, row: &DeviceRow, read: ReadAt) -> DeviceFacts {
        let error = self.clock_error();
        let device = self.devices.entry(row.device_id).or_default();
        device.take(row, read, &self.zone, error, &mut self.tuning, &mut self.follow_ups)
    }

    /// The same for the rows of many; `each` gets what counts. Fast if they ascend by id.
    pub(super) fn take_devices<'a>(
        &mut self,
        rows: impl Iterator<Item = &'a DeviceRow>,
        read: ReadAt,
        mut each: impl FnMut(&DeviceFacts),
    ) {
        let error = self.clock_error();
        let mut walk = self.devices.range_mut(u64::MAX..);
        for row in rows {
            let id = row.device_id;
            let facts = match walk.next() {
                Some((&next, known)) if next == id => {
                    known.take(row, read, &self.zone, error, &mut self.tuning, &mut self.follow_ups)
                }
                // Another one stands there: from here on.
                _ => {
                    let facts = self.devices.entry(id).or_default().take(
                        row,
                        read,
                        &self.zone,
                        error,
                        &mut self.tuning,
                        &mut self.follow_ups,
                    );
                    walk = self.devices.range_mut(id.saturating_add(1)..);
                    facts
                }
            };
            each(&facts);
        }
    }

    /// Forgets, with their next report, the devices that a believable list
    /// does not hold any more. `listed` are its ids, ascending, all taken in.
    pub(super) fn keep_devices(&mut self, listed: &[u64], read: ReadAt) -> Vec<u64> {
        let mut gone = Vec::new();
        if self.devices.len() == listed.len() {
            return gone;
        }
        let mut listed = listed.iter().peekable();
        for (&id, device) in &mut self.devices {
            while listed.next_if(|&&one| one < id).is_some() {}
            let is_listed = listed.next_if(|&&one| one == id).is_some();
            let is_older = device.facts.is_some_and(|(_, at)| at.sent > read.sent);
            if !is_older && !is_listed {
                device.gone = true;
                if let Some((_, at)) = &mut device.facts {
                    *at = read;
                }
                gone.push(id);
            }
        }
        gone
    }

    /// Takes in the ports of a device, all of them.
    pub(super) fn take_ports(&mut self, device_id: u64, rows: Listed<'_>, read: ReadAt) {
        let device = self.devices.entry(device_id).or_default();
        let known = device.ports.len();
        device.take_ports(&self.policy, rows, read);
        self.ports_len = self.ports_len - known + device.ports.len();
    }

    /// The reports of devices and their ports as they are known now, but for those
    /// of which there is nothing to say. `listed` gives the ports of each that are to
    /// be taken in before. `cause` is why rows were read. Fast if `ids` ascend.
    pub(super) fn report<'a>(
        &mut self,
        ids: &[u64],
        mut listed: impl FnMut(u64) -> Option<(Listed<'a>, ReadAt)>,
        cause: Evidence,
        now: Timestamp,
    ) -> Vec<DeviceReport> {
        let about = About {
            policy: self.policy,
            error: self.clock_error(),
            cause,
            ping_is_last: self.tuning.notes_every_ping(),
        };
        let (mut reports, mut gone) = (Vec::with_capacity(ids.len()), Vec::new());
        let mut walk = self.devices.range_mut(u64::MAX..);
        for &id in ids {
            let device = match walk.next() {
                Some((&next, device)) if next == id => device,
                // Another one stands there: from here on.
                _ => {
                    walk = self.devices.range_mut(id..);
                    match walk.next() {
                        Some((&next, device)) if next == id => device,
                        _ => continue,
                    }
                }
            };
            let known = device.ports.len();
            if let Some((rows, read)) = listed(id) {
                device.take_ports(&about.policy, rows, read);
            }
            let mut samples = Vec::with_capacity(1 + device.ports.len());
            if let Some(since) = device.report(id, &about, &mut samples) {
                self.backfill.want(id, since);
            }
            self.ports_len = self.ports_len - known + device.ports.len();
            if device.gone {
                gone.push(id);
            }
            let newest = samples.iter().map(|sample| sample.at).max();
            reports.extend(newest.map(|newest| DeviceReport {
                device: id.into(),
                observed_at: newest.max(now),
                samples,
            }));
        }
        for id in gone {
            self.forget(id);
        }
        reports
    }

    fn forget(&mut self, id: u64) {
        let device = self.devices.remove(&id);
        self.ports_len -= device.map_or(0, |device| device.ports.len());
        self.follow_ups.remove(&id);
        self.backfill.forget(id);
    }

    /// Has a device read again, in one of the next rounds; everything, if too
    /// many wait already.
    pub(super) fn look_again(&mut self, touch: Touch, now: Timestamp) {
        self.full_wanted |= !self.backlog.ask(touch, now);
    }

    /// The same for what a list shows to have moved.
    pub(super) fn look_at_moved(&mut self, touch: Touch, now: Timestamp) {
        self.full_wanted |= !self.backlog.ask_moved(touch, now);
    }

    /// Leaves out of the backlog what another reading has told meanwhile, and
    /// what only lines asked for that do not wait any more.
    pub(super) fn thin_backlog(&mut self) {
        let (devices, policy) = (&self.devices, &self.policy);
        self.backlog.retain(|one| {
            let Some(device) = devices.get(&one.touch.device_id) else { return false };
            !device.was_read_since(one.touch, one.asked_at, policy)
        });
    }

    /// Has the outages of a device read, of the time since `since`.
    pub(super) fn want_outages(&mut self, id: u64, since: Timestamp) {
        self.backfill.want(id, since);
    }

    /// The devices that are due to be looked at again, at most `max`. Forgets
    /// those whose ports were read meanwhile in the poll with which they came back.
    pub(super) fn due_follow_ups(&mut self, now: Timestamp, max: usize) -> Vec<u64> {
        let (devices, error) = (&self.devices, self.clock_error());
        self.follow_ups.retain(|id, follow_up| {
            let is_new = |device: &Device| device.ports_are_new(follow_up.since, error);
            let is_done = devices.get(id).is_none_or(is_new);
            follow_up.due > now || !is_done
        });
        let due: Vec<u64> = self
            .follow_ups
            .iter()
            .filter(|(_, follow_up)| follow_up.due <= now)
            .map(|(&id, _)| id)
            .take(max)
            .collect();
        for id in &due {
            let Some(follow_up) = self.follow_ups.get_mut(id) else { continue };
            follow_up.tries += 1;
            follow_up.due = now.plus_millis(FOLLOW_UP_MS << follow_up.tries);
            if follow_up.tries >= FOLLOW_UPS_MAX {
                self.follow_ups.remove(id);
            }
        }
        due
    }
}

/// Room in a list for so many devices that were not known before.
const DEVICES_MORE: usize = 256;

/// Room in a list for so many ports that were not known before.
const PORTS_MORE: usize = 4_096;

/// How far back outages may prove lines that a row does not show any more.
const OUTAGES_BACK_MS: i64 = 3_600_000;

fn place_line(seen: &mut Seen, one: &Believed, contrary: Option<Timestamp>) -> Placed {
    let placed = seen.place_line(one.state, one.earliest, one.at, contrary);
    Placed { reason: one.reason, ..placed }
}

/// Leaves out the reason of an unknown where it is the one that was `said`, and
/// that of a state that merely lasts.
fn news(said: &mut Option<Reason>, placed: Placed) -> Placed {
    let reason = match placed.state {
        ComponentState::Unknown => placed.reason.filter(|_| *said != placed.reason),
        _ => placed.reason.filter(|_| placed.uncertainty_ms > 0),
    };
    note_said(said, &placed);
    Placed { reason, ..placed }
}

fn note_said(said: &mut Option<Reason>, placed: &Placed) {
    *said = placed.reason.filter(|_| placed.state == ComponentState::Unknown);
}

fn sample(kind: Kind, native_id: u64, placed: Placed, evidence: Evidence) -> ObservedSample {
    ObservedSample {
        kind,
        native_id: native_id.into(),
        at: placed.at,
        state: placed.state,
        evidence,
        uncertainty_ms: placed.uncertainty_ms,
        reason: placed.reason,
    }
}

impl Device {
    /// Takes in its row. Gives what counts now.
    fn take(
        &mut self,
        row: &DeviceRow,
        read: ReadAt,
        zone: &ServerZone,
        error: ClockError,
        tuning: &mut Tuning,
        follow_ups: &mut BTreeMap<u64, FollowUp>,
    ) -> DeviceFacts {
        let known = self.facts;
        if let Some((known, at)) = known
            && at.sent > read.sent
        {
            return known;
        }
        let facts = DeviceFacts::of(row, &mut self.times, zone, error, read.received);
        (self.facts, self.gone) = (Some((facts, read)), false);
        if let Some((known, at)) = known {
            if known.poll_is_sure() && facts.poll_is_sure() {
                tuning.stepped_between(&known, at, &facts, read);
            }
            if known.up == Some(false) && facts.up == Some(true) {
                follow_ups.insert(row.device_id, FollowUp::of(read.received));
            }
        }
        facts
    }

    /// What is to be said of it and its ports. Gives since when outages are to prove
    /// what only lines say, if there are such.
    fn report(
        &mut self,
        id: u64,
        about: &About,
        samples: &mut Vec<ObservedSample>,
    ) -> Option<Timestamp> {
        let (facts, read) = self.facts?;
        if self.gone {
            self.leave(&about.policy, id, read, samples);
            return None;
        }
        let facts = DeviceFacts { ping_is_last: about.ping_is_last, ..facts };
        let unproven = self.of_itself(&about.policy, &facts, read, about.cause, samples);
        let device_at = samples.iter().map(|sample| sample.at).max();
        let device_is = samples.last().map(|sample| sample.state);
        self.of_ports(
            &about.policy,
            &facts,
            (device_at.unwrap_or(read.received), device_is),
            about.error,
            about.cause,
            samples,
        );
        about.error.widen(samples);
        unproven.map(|_| read.sent.plus_millis(-OUTAGES_BACK_MS))
    }

    /// Takes in its ports, all of them.
    fn take_ports(&mut self, policy: &Policy, rows: Listed<'_>, read: ReadAt) {
        if self.ports_read.is_some_and(|known| known.sent > read.sent) {
            return;
        }
        self.ports_read = Some(read);
        // To follow the lines it must be known what a port was before.
        let before: Vec<_> = match self.lines.any_of_port() {
            true => self.ports.of(rows.ids()).map(|port| Some(port?.status)).collect(),
            false => Vec::new(),
        };
        self.lost.extend(self.ports.set(rows));
        if before.is_empty() {
            return;
        }
        let mut before = before.into_iter();
        self.ports.each(|id, port| {
            let before = before.next().flatten().map(|status| (status.oper, status.shut));
            for one in self.lines.of_port(id, &port.status, before, policy, read.sent) {
                let placed = place_line(&mut port.seen, &one, None);
                note_said(&mut port.said, &placed);
                self.told.push((id, placed));
            }
        });
    }

    /// Whether all that is asked of it has been read in answer to a question of
    /// after `asked_at`.
    fn was_read_since(&self, touch: Touch, asked_at: Timestamp, policy: &Policy) -> bool {
        let Some((facts, read)) = &self.facts else { return false };
        let is_new = |read: &ReadAt| read.sent > asked_at;
        let are_frozen = matches!(policy.ports_of(facts), PortsOf::Frozen(_));
        let knows_itself = !touch.itself || is_new(read);
        let knows_ports = !touch.ports || self.ports_read.as_ref().is_some_and(is_new);
        knows_itself && (knows_ports || (are_frozen && is_new(read)))
    }

    /// Whether its ports were read since it came back, and polled with it.
    fn ports_are_new(&self, since: Timestamp, error: ClockError) -> bool {
        let began = self.facts().and_then(|facts| facts.poll_began);
        let polled = |port: &Port| port.status.polled_at().map(|at| error.ours(at));
        self.ports_read.is_some_and(|read| read.sent >= since)
            && self.ports.kinds().all(|port| polled(port) >= began)
    }

    /// It is gone: by default nobody can say any more.
    fn leave(&mut self, policy: &Policy, id: u64, read: ReadAt, samples: &mut Vec<ObservedSample>) {
        let Some(unknown) = policy.gone(read.received) else { return };
        let say = |seen: &mut Seen| {
            let is_said = seen.latest().is_some();
            seen.place(&unknown, read).filter(|_| is_said)
        };
        let of_itself = say(&mut self.seen);
        samples.extend(of_itself.map(|placed| sample(Kind::Device, id, placed, Evidence::Poll)));
        self.ports.each_run(|ids, port| {
            let Some(placed) = say(&mut port.seen) else { return };
            samples.extend(ids.iter().map(|&id| sample(Kind::Port, id, placed, Evidence::Poll)));
        });
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
    ) -> Option<Timestamp> {
        let mut unproven = None;
        let counts = !facts.disabled && !facts.ahead && !policy.sets_aside(facts);
        if self.lines.any_of_device()
            && counts
            && let Some(up) = facts.up
        {
            let downs: Vec<_> = self.lines.downs().collect();
            self.note_downs(downs);
            let found = self.lines.of_device(up, policy, read.sent);
            unproven = found.unproven;
            let first = found.believed.first().map(|one| one.state);
            for one in found.believed.iter().filter(|_| !facts.is_unborn()) {
                // What was last told is the other state: an edge, whatever else was between.
                let is_edge = self.seen.is_otherwise_before(one.state, one.at);
                if let Some(other) = unproven.filter(|_| Some(one.state) == first && !is_edge) {
                    self.doubt(Doubtful { line: *one, other });
                    continue;
                }
                // A good poll is evidence against down alone.
                let contrary = facts.poll_began.filter(|_| !up && one.state == Down);
                let placed = place_line(&mut self.seen, one, contrary);
                note_said(&mut self.said, &placed);
                samples.push(sample(Kind::Device, facts.device_id, placed, Evidence::EventLog));
            }
        }
        let before = self.seen;
        let placed = policy.device(facts, read.received).and_then(|v| self.seen.place(&v, read));
        let loose = facts.loose_ping(read.received);
        let spread = |placed: Placed| match loose {
            // That it is down still needs no new proof.
            Some(at) if placed.uncertainty_ms > 0 || facts.is_management_lost() => {
                self.seen.spread(&before, placed, at, read.sent)
            }
            _ => placed,
        };
        let placed = placed.map(spread);
        samples.extend(placed.map(|placed| {
            let placed = news(&mut self.said, placed);
            let evidence = if placed.uncertainty_ms > 0 { cause } else { Evidence::Poll };
            sample(Kind::Device, facts.device_id, placed, evidence)
        }));
        unproven
    }

    /// Keeps a line until the outages are read; the oldest go when there are too many.
    fn doubt(&mut self, doubtful: Doubtful) {
        self.doubtful.push(doubtful);
        let excess = self.doubtful.len().saturating_sub(DOWNS_MAX);
        self.doubtful.drain(..excess);
    }

    fn of_ports(
        &mut self,
        policy: &Policy,
        facts: &DeviceFacts,
        (device_at, device_is): (Timestamp, Option<ComponentState>),
        error: ClockError,
        cause: Evidence,
        samples: &mut Vec<ObservedSample>,
    ) {
        let told = std::mem::take(&mut self.told);
        samples.extend(
            told.into_iter().map(|(id, placed)| sample(Kind::Port, id, placed, Evidence::EventLog)),
        );
        let Some(read) = self.ports_read else { return };
        for (id, mut seen) in std::mem::take(&mut self.lost) {
            let gone = policy.gone(read.received);
            let placed = gone.and_then(|gone| seen.place(&gone, read));
            samples.extend(placed.map(|p| sample(Kind::Port, id, p, Evidence::Poll)));
        }
        let ports_of = policy.ports_of(facts);
        // Rows of ports are in the server's time.
        let ahead_ms = error.ahead_ms();
        let theirs_of = match ports_of {
            PortsOf::Polled { since } => {
                PortsOf::Polled { since: since.map(|at| error.theirs(at)) }
            }
            frozen => frozen,
        };
        // That its device cannot be read is news of the device's row.
        let read = match ports_of {
            PortsOf::Frozen(_) => {
                ReadAt { sent: read.sent.max(device_at), received: read.received.max(device_at) }
            }
            PortsOf::Polled { .. } => read,
        };
        let (device_at, now) = (error.theirs(device_at), error.theirs(read.received));
        self.ports.each_run(|ids, port| {
            let verdict = policy.port(&port.status, theirs_of, device_at, device_is, now);
            let placed = verdict.and_then(|v| port.seen.place(&v.ahead(-ahead_ms), read));
            let Some(placed) = placed else { return };
            let placed = news(&mut port.said, placed);
            let evidence = if placed.uncertainty_ms > 0 { cause } else { Evidence::Poll };
            samples.extend(ids.iter().map(|&id| sample(Kind::Port, id, placed, evidence)));
        });
    }
}
