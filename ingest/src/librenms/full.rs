//! Reads everything: all devices, and all ports in one call or, where that is
//! too much for the server, device by device.

use std::time::Duration;

use correlate::model::Timestamp;
use tokio::time::Instant;

use super::book::Book;
use super::decode::{DeviceRow, PollerRow, PortRow, SystemRow};
use super::facts::DeviceFacts;
use super::memory::ReadAt;
use super::policy::{Policy, PortsOf};
use super::poller::{Condition, LibreNms};
use super::{calls, guard};
use crate::source::{Evidence, Fault, Outlet, SourceError};

/// After the server has failed at the list of all ports, it is not asked for
/// it again for this long.
const BULK_AGAIN_AFTER: Duration = Duration::from_secs(6 * 3600);

/// LibreNMS is said to stand still when this share of its devices is not
/// looked at any more: more than a few that are broken one by one.
const STALLED_PERCENT: usize = 20;

/// Version and pollers are asked for again after so long.
const NATURE_MS: i64 = 3_600_000;

/// Of so many devices that are down at the start, the outages are read.
const OUTAGES_AT_START_MAX: usize = 2_000;

/// And of so long before it.
const OUTAGES_AT_START_MS: i64 = 86_400_000;

/// Reports of so many devices are made at once; in between others may write.
const REPORTS_MAX: usize = 256;

/// Reads and reports everything.
pub(super) async fn run(source: &LibreNms, outlet: &dyn Outlet) -> Result<Condition, SourceError> {
    let sent = source.clock.now();
    let (devices, gone, read) = read_devices(source, sent).await?;
    learn_nature(source, read.received).await;
    let ports = read_ports(source, &devices, read.received).await;
    let now = source.clock.now();
    let ids: Vec<u64> =
        devices.iter().map(|device| device.device_id).chain(gone.iter().copied()).collect();
    report(source, &ids, Evidence::Poll, outlet).await;
    let policy = source.book().policy;
    let stale = devices.iter().filter(|device| is_stale(&policy, device, now)).count();
    let newest = devices.iter().filter_map(DeviceFacts::newest).max();
    Ok(Condition {
        problem: ports.err().or_else(|| standstill(&policy, &devices, stale)),
        devices: devices.len(),
        devices_stale: stale,
        data_age_ms: newest.and_then(|at| u64::try_from(read.received.millis() - at.millis()).ok()),
    })
}

/// Reports these devices as they are known now.
pub(super) async fn report(source: &LibreNms, ids: &[u64], cause: Evidence, outlet: &dyn Outlet) {
    for some in ids.chunks(REPORTS_MAX) {
        let reports: Vec<_> = {
            let now = source.clock.now();
            let mut book = source.book();
            some.iter().filter_map(|&id| book.report(id, cause, now)).collect()
        };
        if !reports.is_empty() {
            outlet.give(reports).await;
        }
    }
}

/// The devices, by id, and those that are gone.
async fn read_devices(
    source: &LibreNms,
    sent: Timestamp,
) -> Result<(Vec<DeviceFacts>, Vec<u64>, ReadAt), SourceError> {
    let call = calls::devices();
    let mut rows = source.client.rows::<DeviceRow>(&call).await?;
    let read = ReadAt { sent, received: source.clock.now() };
    if rows.is_empty() {
        return Err(guard::empty(call.subject));
    }
    source.book().devices_guard.admit(call.subject, rows.len(), read.received)?;
    source.calibrate_with(&rows, read.received).await?;
    rows.sort_unstable_by_key(|row| row.device_id);
    rows.dedup_by_key(|row| row.device_id);
    let mut book = source.book();
    let is_first = book.devices.is_empty();
    let devices: Vec<_> = rows.iter().map(|row| book.take_device(row, read)).collect();
    if devices.iter().all(|device| device.ahead || device.disabled)
        && devices.iter().any(|device| device.ahead)
    {
        return Err(clock_ahead());
    }
    let ids: Vec<u64> = devices.iter().map(|device| device.device_id).collect();
    let gone = book.keep_devices(&ids, read);
    book.tuning.conclude();
    book.policy.fresh_for_ms = source.fresh_for_ms(&book);
    book.full_wanted = false;
    if is_first {
        want_outages(&mut book, &devices, read.received);
    }
    Ok((devices, gone, read))
}

/// At the start it is asked since when devices are down.
fn want_outages(book: &mut Book, devices: &[DeviceFacts], now: Timestamp) {
    let down = devices
        .iter()
        .filter(|device| device.up == Some(false) && !device.disabled && !device.is_unborn());
    for device in down.take(OUTAGES_AT_START_MAX) {
        book.want_outages(device.device_id, now.plus_millis(-OUTAGES_AT_START_MS));
    }
}

/// Asks for version and pollers now and then; a server that does not tell is
/// no error.
async fn learn_nature(source: &LibreNms, now: Timestamp) {
    {
        let tuning = &mut source.book().tuning;
        if tuning.asked_at.is_some_and(|at| now < at.plus_millis(NATURE_MS)) {
            return;
        }
        tuning.asked_at = Some(now);
    }
    if let Ok(rows) = source.client.rows::<SystemRow>(&calls::system()).await {
        source.book().tuning.version = rows.into_iter().find_map(|row| row.local_ver);
    }
    match source.client.rows::<PollerRow>(&calls::pollers()).await {
        Ok(rows) => {
            let every = |kind: &str| {
                let stats = rows.iter().flat_map(|row| &row.stats);
                let of_kind = stats.filter(|stat| stat.poller_type.as_deref() == Some(kind));
                of_kind.filter_map(|stat| stat.frequency).max()
            };
            let tuning = &mut source.book().tuning;
            tuning.has_pollers = Some(true);
            tuning.frequencies(every("poller"), every("ping"));
        }
        Err(error) if matches!(error.fault, Fault::NotFound | Fault::Forbidden) => {
            source.book().tuning.has_pollers = Some(false);
        }
        Err(_) => {}
    }
}

async fn read_ports(
    source: &LibreNms,
    devices: &[DeviceFacts],
    now: Timestamp,
) -> Result<(), SourceError> {
    let is_few = source.book().ports_len() <= source.settings.bulk_ports_max;
    if is_few && !source.bulk_is_too_much() {
        match read_all(source).await {
            Err(error) if is_too_much(&error) => {
                tracing::warn!(
                    nms = source.settings.name(),
                    reason = %error,
                    "the list of all ports is too much for LibreNMS; reading device by device"
                );
                source.spare_bulk_until(Instant::now() + BULK_AGAIN_AFTER);
            }
            result => return result,
        }
    }
    read_some(source, devices, now).await
}

async fn read_all(source: &LibreNms) -> Result<(), SourceError> {
    let call = calls::ports();
    let sent = source.clock.now();
    let mut rows = source.client.rows::<PortRow>(&call).await?;
    let read = ReadAt { sent, received: source.clock.now() };
    source.book().ports_guard.admit(call.subject, rows.len(), read.received)?;
    rows.sort_unstable_by_key(|row| (row.device_id, row.port_id));
    let listed: Vec<u64> = rows
        .chunk_by(|a, b| a.device_id == b.device_id)
        .map(|of_device| of_device[0].device_id)
        .collect();
    for of_device in rows.chunk_by(|a, b| a.device_id == b.device_id) {
        let mut book = source.book();
        if book.devices.contains_key(&of_device[0].device_id) {
            book.take_ports(of_device[0].device_id, of_device.to_vec(), read);
        }
    }
    let mut book = source.book();
    let without: Vec<u64> = book
        .devices
        .iter()
        .filter(|(id, device)| !device.ports().is_empty() && listed.binary_search(id).is_err())
        .map(|(&id, _)| id)
        .collect();
    without.into_iter().for_each(|id| book.take_ports(id, Vec::new(), read));
    Ok(())
}

/// Reads the ports of the devices that were polled since their ports were
/// read, those never read first, up to the limit of the settings.
async fn read_some(
    source: &LibreNms,
    devices: &[DeviceFacts],
    now: Timestamp,
) -> Result<(), SourceError> {
    let mut failed = None;
    let due = due(&source.book(), devices, now, source.settings.port_calls_per_poll);
    for (id, last_polled) in due {
        match source.read_ports_of(id, calls::device_ports(id)).await {
            // This device only: it was removed, or is not ours to see.
            Err(error) if matches!(error.fault, Fault::NotFound | Fault::Forbidden) => {
                failed = Some(error);
            }
            Err(error) => return Err(error),
            Ok(()) => {}
        }
        if let Some(device) = source.book().devices.get_mut(&id) {
            device.read_alone = last_polled;
        }
    }
    failed.map_or(Ok(()), Err)
}

fn due(
    book: &Book,
    devices: &[DeviceFacts],
    now: Timestamp,
    calls_max: usize,
) -> Vec<(u64, Option<Timestamp>)> {
    let mut due: Vec<_> = devices
        .iter()
        .filter(|device| matches!(book.policy.ports_of(device), PortsOf::Polled { .. }))
        .filter(|device| device.last_polled.is_some_and(|at| !book.policy.is_stale(at, now)))
        .filter_map(|device| {
            let read = book.devices.get(&device.device_id).and_then(|known| known.read_alone);
            (read != device.last_polled).then_some((read, device.device_id, device.last_polled))
        })
        .collect();
    due.sort_unstable();
    due.into_iter().take(calls_max).map(|(_, id, last_polled)| (id, last_polled)).collect()
}

fn is_too_much(error: &SourceError) -> bool {
    matches!(error.fault, Fault::Overloaded | Fault::TooLarge | Fault::ServerFailed)
}

fn is_stale(policy: &Policy, device: &DeviceFacts, now: Timestamp) -> bool {
    let is_old = |at| policy.is_stale(at, now);
    !device.disabled && !device.is_unborn() && device.newest().is_none_or(is_old)
}

fn standstill(policy: &Policy, devices: &[DeviceFacts], stale: usize) -> Option<SourceError> {
    if devices.iter().any(|device| device.ahead) {
        return Some(clock_ahead());
    }
    let polled = devices.iter().filter(|d| !d.disabled && !d.is_unborn()).count();
    if stale == 0 || stale * 100 < polled * STALLED_PERCENT {
        return None;
    }
    let message = format!(
        "LibreNMS answers, but has not looked at {stale} of its {polled} devices for more than {} \
         minutes; check its pollers (poller page, cron or librenms.service)",
        policy.fresh_for_ms / 60_000
    );
    Some(SourceError::new(Fault::Stalled, message))
}

fn clock_ahead() -> SourceError {
    SourceError::new(
        Fault::ClockAhead,
        "LibreNMS gives times in the future: its clock, one of its pollers' or ours is wrong (run \
         NTP everywhere), or time_zone is; such rows are not used",
    )
}
