//! Reads the whole lists of BGP sessions and of service checks, each at its own
//! pace, beside the full readings.
//!
//! What is known of the devices is taken before a list is asked for: a row that
//! comes then is of the last poll that was known, or of a later one. A list that is
//! refused is a way that this account does not have, and no fault of it.

use std::collections::{BTreeMap, BTreeSet};

use correlate::model::Timestamp;

use super::book::Book;
use super::calls;
use super::changes::is_refused;
use super::client::Call;
use super::course::Course;
use super::decode::{CheckRow, PeerRow, Row};
use super::facts::DeviceFacts;
use super::feature::Feature;
use super::guard::{self, ListGuard};
use super::memory::{Placed, ReadAt};
use super::policy::{Backdrop, Finding, Judged, Looked, Policy};
use super::poller::LibreNms;
use super::tuning::Tuning;
use crate::source::{DeviceReport, Evidence, Fault, Kind, ObservedSample, Outlet, SourceError};

/// More rows than this are no list of sessions or checks that anybody has: they are
/// kept while their list is read, 32 bytes each.
const ROWS_MAX: usize = 1_000_000;

/// Rows that are taken in at once; in between others may write.
const ROWS_AT_ONCE: usize = 1_000;

/// An empty list where there were rows is the truth after so long: the last session,
/// unlike the last device, does get removed.
const EMPTY_BELIEVED_AFTER_MS: i64 = 86_400_000;

/// What was said of everything in one of the lists.
#[derive(Debug, Default)]
pub(super) struct Register {
    guard: ListGuard,
    pub(super) names_guard: ListGuard,
    empty_since: Option<Timestamp>,
    /// By its own id.
    entries: BTreeMap<u64, Entry>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    device_id: u64,
    course: Course,
    /// The change of status that was told last.
    changed: Option<Timestamp>,
}

/// A row of one of the lists.
pub(super) trait Watched: Row + Copy + Send {
    const KIND: Kind;

    fn call() -> Call;
    fn id(&self) -> u64;
    fn device_id(&self) -> u64;
    /// Whether somebody looks at those of a device.
    fn looked(policy: &Policy, device: &DeviceFacts, now: Timestamp) -> Looked;
    /// What the row says, in the order of time; `told` is the change that was told
    /// last.
    fn findings(
        &self,
        policy: &Policy,
        told: Option<Timestamp>,
        device: &Backdrop,
        judged: &Judged,
    ) -> [Option<Finding>; 2];
    /// The change that the row tells.
    fn changed(&self, judged: &Judged) -> Option<Timestamp>;
    fn register(book: &mut Book) -> &mut Register;
    fn feature(tuning: &mut Tuning) -> &mut Feature;
}

impl Watched for PeerRow {
    const KIND: Kind = Kind::Session;

    fn call() -> Call {
        calls::sessions()
    }

    fn id(&self) -> u64 {
        self.peer_id
    }

    fn device_id(&self) -> u64 {
        self.device_id
    }

    fn looked(policy: &Policy, device: &DeviceFacts, _now: Timestamp) -> Looked {
        policy.sessions_of(device)
    }

    fn findings(
        &self,
        policy: &Policy,
        _told: Option<Timestamp>,
        device: &Backdrop,
        judged: &Judged,
    ) -> [Option<Finding>; 2] {
        [None, policy.session(self, device, judged)]
    }

    fn changed(&self, _judged: &Judged) -> Option<Timestamp> {
        None
    }

    fn register(book: &mut Book) -> &mut Register {
        &mut book.sessions
    }

    fn feature(tuning: &mut Tuning) -> &mut Feature {
        &mut tuning.sessions
    }
}

impl Watched for CheckRow {
    const KIND: Kind = Kind::Check;

    fn call() -> Call {
        calls::checks()
    }

    fn id(&self) -> u64 {
        self.service_id
    }

    fn device_id(&self) -> u64 {
        self.device_id
    }

    fn looked(policy: &Policy, device: &DeviceFacts, now: Timestamp) -> Looked {
        policy.checks_of(device, now)
    }

    fn findings(
        &self,
        policy: &Policy,
        told: Option<Timestamp>,
        device: &Backdrop,
        judged: &Judged,
    ) -> [Option<Finding>; 2] {
        policy.check(self, told, device, judged)
    }

    fn changed(&self, judged: &Judged) -> Option<Timestamp> {
        CheckRow::changed(self, judged.error)
    }

    fn register(book: &mut Book) -> &mut Register {
        &mut book.checks
    }

    fn feature(tuning: &mut Tuning) -> &mut Feature {
        &mut tuning.checks
    }
}

/// Reads and reports all of one list.
pub(super) async fn run<W: Watched>(
    source: &LibreNms,
    outlet: &dyn Outlet,
) -> Result<(), SourceError> {
    let call = W::call();
    let sent = source.clock.now();
    let Some(devices) = backdrops::<W>(source, sent) else { return Ok(()) };
    let rows = match read(source, &call).await {
        Err(error) if is_refused(&error) => {
            refused::<W>(source, &error);
            return Ok(());
        }
        read => read?,
    };
    let read = ReadAt { sent, received: source.clock.now() };
    if !admit::<W>(&mut source.book(), &call, &rows, read.received)? {
        return Ok(());
    }
    if !rows.is_empty() && !rows.iter().any(|row: &W| devices.contains_key(&row.device_id())) {
        return Err(foreign(call.subject));
    }
    for some in rows.chunks(ROWS_AT_ONCE) {
        let reports = take(&mut source.book(), some, &devices, read);
        if !reports.is_empty() {
            outlet.give(reports).await;
        }
    }
    let reports = leave::<W>(&mut source.book(), &rows, read);
    if !reports.is_empty() {
        outlet.give(reports).await;
    }
    Ok(())
}

/// Reads all of one list, and takes nothing in: how many there are, or that the
/// account does not get them.
pub(super) async fn try_list<W: Watched>(source: &LibreNms) -> Result<String, SourceError> {
    match read::<W>(source, &W::call()).await {
        Ok(rows) => Ok(format!("{} in the list", rows.len())),
        Err(error) if is_refused(&error) => {
            Ok(format!("not to be had ({}), so unknown", error.fault.as_str()))
        }
        Err(error) => Err(error),
    }
}

/// What is known of every device; `None` before anything is.
fn backdrops<W: Watched>(source: &LibreNms, now: Timestamp) -> Option<BTreeMap<u64, Backdrop>> {
    let book = source.book();
    if book.devices.is_empty() || !book.zone.is_known() {
        return None;
    }
    let known = book.devices.iter().filter_map(|(&id, device)| {
        let looked = W::looked(&book.policy, device.facts()?, now);
        Some((id, Backdrop { looked, said: device.seen.latest() }))
    });
    Some(known.collect())
}

/// The rows by device and id.
async fn read<W: Watched>(source: &LibreNms, call: &Call) -> Result<Vec<W>, SourceError> {
    let start = || (Vec::new(), false);
    let read = source.client.fold(call, start, |(rows, is_too_long), row: W| {
        *is_too_long |= rows.len() == ROWS_MAX;
        if !*is_too_long {
            rows.push(row);
        }
    });
    let (mut rows, is_too_long) = read.await?.into_inner();
    if is_too_long {
        let message = format!(
            "LibreNMS gives more than {ROWS_MAX} rows in {}; nothing of it is used",
            call.subject
        );
        return Err(SourceError::new(Fault::TooLarge, message));
    }
    let place = |row: &W| (row.device_id(), row.id());
    rows.sort_unstable_by_key(place);
    rows.dedup_by_key(|row| place(row));
    Ok(rows)
}

fn refused<W: Watched>(source: &LibreNms, error: &SourceError) {
    let mut book = source.book();
    let feature = W::feature(&mut book.tuning);
    if feature.ability().is_none_or(|ability| ability.can) {
        let (nms, kind) = (source.settings.name(), W::KIND.as_str());
        tracing::warn!(nms, kind, reason = %error, "these cannot be read, and are unknown");
    }
    feature.refused(error.fault, source.clock.now());
}

/// Whether the list can be believed and says anything.
fn admit<W: Watched>(
    book: &mut Book,
    call: &Call,
    rows: &[W],
    now: Timestamp,
) -> Result<bool, SourceError> {
    let register = W::register(book);
    if !rows.is_empty() {
        register.empty_since = None;
        register.guard.admit(call.subject, rows.len(), now)?;
        W::feature(&mut book.tuning).works();
        return Ok(true);
    }
    if register.entries.is_empty() {
        W::feature(&mut book.tuning).found_none(now);
        return Ok(false);
    }
    let since = *register.empty_since.get_or_insert(now);
    if now < since.plus_millis(EMPTY_BELIEVED_AFTER_MS) {
        return Err(guard::empty(call.subject));
    }
    register.guard = ListGuard::default();
    W::feature(&mut book.tuning).works();
    Ok(true)
}

fn foreign(subject: &str) -> SourceError {
    let message = format!(
        "LibreNMS gives {subject} of devices that are not in its device list; nothing of it is \
         used"
    );
    SourceError::new(Fault::ForeignRows, message)
}

/// Takes in rows, ascending by device. Those of devices that are not known say
/// nothing yet.
fn take<W: Watched>(
    book: &mut Book,
    rows: &[W],
    devices: &BTreeMap<u64, Backdrop>,
    read: ReadAt,
) -> Vec<DeviceReport> {
    let (policy, error) = (book.policy, book.clock_error());
    let judged = Judged { read, error, interval_ms: book.tuning.interval_ms() };
    let entries = &mut W::register(book).entries;
    let mut reports = Vec::new();
    for rows in rows.chunk_by(|a, b| a.device_id() == b.device_id()) {
        let Some(device_id) = rows.first().map(W::device_id) else { continue };
        let Some(device) = devices.get(&device_id) else { continue };
        let mut samples = Vec::with_capacity(rows.len());
        for row in rows {
            let entry = entries.entry(row.id()).or_default();
            entry.device_id = device_id;
            let findings = row.findings(&policy, entry.changed, device, &judged);
            entry.changed = row.changed(&judged).max(entry.changed);
            let placed = findings.iter().flatten().filter_map(|found| entry.course.take(found));
            samples.extend(placed.map(|placed| sample(W::KIND, row.id(), placed)));
        }
        error.widen(&mut samples);
        reports.extend(report(device_id, samples, read.received));
    }
    reports
}

/// Forgets what a believable list does not hold any more, and says so.
fn leave<W: Watched>(book: &mut Book, rows: &[W], read: ReadAt) -> Vec<DeviceReport> {
    let gone = book.policy.gone_from_list(read.received);
    let listed: BTreeSet<u64> = rows.iter().map(W::id).collect();
    let mut lost: BTreeMap<u64, Vec<ObservedSample>> = BTreeMap::new();
    W::register(book).entries.retain(|&id, entry| {
        let is_listed = listed.contains(&id);
        if let Some(gone) = gone.filter(|_| !is_listed && entry.course.is_said()) {
            let placed = entry.course.take(&gone);
            let samples = lost.entry(entry.device_id).or_default();
            samples.extend(placed.map(|placed| sample(W::KIND, id, placed)));
        }
        is_listed
    });
    let reports = lost.into_iter();
    reports.filter_map(|(device, samples)| report(device, samples, read.received)).collect()
}

fn report(device_id: u64, samples: Vec<ObservedSample>, now: Timestamp) -> Option<DeviceReport> {
    let observed_at = samples.iter().map(|sample| sample.at).max()?.max(now);
    Some(DeviceReport { device: device_id.into(), observed_at, samples })
}

fn sample(kind: Kind, id: u64, placed: Placed) -> ObservedSample {
    ObservedSample {
        kind,
        native_id: id.into(),
        at: placed.at,
        state: placed.state,
        evidence: Evidence::Poll,
        uncertainty_ms: placed.uncertainty_ms,
        reason: placed.reason,
    }
}
