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

/// Room in a list for so many devices that were not known before.
const DEVICES_MORE: usize = 256;

/// Reports of so many devices are made at once; in between others may write.
const REPORTS_MAX: usize = 256;

/// Reads and reports everything.
pub(super) async fn run(source: &LibreNms, outlet: &dyn Outlet) -> Result<Condition, SourceError> {
    let sent = source.clock.now();
    let (devices, gone, read) = read_devices(source, sent).await?;
    learn_nature(source, read.received).await;
    let ports = read_ports(source, &devices, read.received).await;
    let now = source.clock.now();
    let ids: Vec<u64> = devices.iter().map(|device| device.device_id).collect();
    let problem = match ports {
        Ok(Some(ports)) => {
            take_and_report(source, &ids, &ports, outlet).await;
            source.book().put_back(ports.rows);
            None
        }
        other => {
            report(source, &ids, Evidence::Poll, outlet).await;
            other.err()
        }
    };
    report(source, &gone, Evidence::Poll, outlet).await;
    let policy = source.book().policy;
    let stale = devices.iter().filter(|device| is_stale(&policy, device, now)).count();
    let newest = devices.iter().filter_map(DeviceFacts::newest_latest).max();
    let newest = newest.map(|at| at.min(read.received));
    Ok(Condition {
        problem: problem.or_else(|| standstill(&policy, &devices, stale)),
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

/// Takes in the ports of these devices, ascending, and reports each device
/// while its ports are still in the processor's cache.
async fn take_and_report(source: &LibreNms, ids: &[u64], ports: &PortList, outlet: &dyn Outlet) {
    let mut rest = &ports.rows[..];
    for some in ids.chunks(REPORTS_MAX) {
        let reports: Vec<_> = {
            let now = source.clock.now();
            let mut book = source.book();
            some.iter()
                .filter_map(|&id| {
                    let until = |of: &dyn Fn(u64) -> bool| {
                        rest.iter().position(|row| !of(row.device_id)).unwrap_or(rest.len())
                    };
                    rest = &rest[until(&|device| device < id)..];
                    let (own, others) = rest.split_at(until(&|device| device == id));
                    rest = others;
                    book.take_ports(id, own, ports.read);
                    book.report(id, Evidence::Poll, now)
                })
                .collect()
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
    let start = || Vec::with_capacity(source.book().devices.len() + DEVICES_MORE);
    let rows = source.client.fold(&call, start, |rows: &mut Vec<DeviceRow>, row| rows.push(row));
    let mut rows = rows.await?.into_inner();
    let read = ReadAt { sent, received: source.clock.now() };
    if rows.is_empty() {
        return Err(guard::empty(call.subject));
    }
    source.book().devices_guard.admit(call.subject, rows.len(), read.received)?;
    source.calibrate_with(&rows, read.received).await?;
    // By cached keys, as the rows are large and come in the order of names.
    rows.sort_by_cached_key(|row| row.device_id);
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
pub(super) async fn learn_nature(source: &LibreNms, now: Timestamp) {
    {
        let tuning = &mut source.book().tuning;
        if tuning.asked_at.is_some_and(|at| now < at.plus_millis(NATURE_MS)) {
            return;
        }
        tuning.asked_at = Some(now);
    }
    if let Ok(rows) = source.client.remembered::<SystemRow>(&calls::system()).await {
        source.book().tuning.version = rows.iter().find_map(|row| row.local_ver.clone());
    }
    match source.client.remembered::<PollerRow>(&calls::pollers()).await {
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

/// All ports that there are, by device and id.
struct PortList {
    rows: Vec<PortRow>,
    read: ReadAt,
}

/// Reads all ports. Gives them where that was one list; where devices were
/// read one by one, they have been taken in.
async fn read_ports(
    source: &LibreNms,
    devices: &[DeviceFacts],
    now: Timestamp,
) -> Result<Option<PortList>, SourceError> {
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
            result => return result.map(Some),
        }
    }
    read_some(source, devices, now).await.map(|()| None)
}

async fn read_all(source: &LibreNms) -> Result<PortList, SourceError> {
    let call = calls::ports();
    let sent = source.clock.now();
    let start = || source.book().port_list();
    let rows = source.client.fold(&call, start, |rows: &mut Vec<PortRow>, row| rows.push(row));
    let mut rows = rows.await?.into_inner();
    let read = ReadAt { sent, received: source.clock.now() };
    source.book().ports_guard.admit(call.subject, rows.len(), read.received)?;
    let place = |row: &PortRow| (row.device_id, row.port_id);
    if !rows.is_sorted_by(|a, b| place(a) < place(b)) {
        rows.sort_unstable_by_key(place);
        rows.dedup_by_key(|row| place(row));
    }
    Ok(PortList { rows, read })
}

/// Reads the ports of the devices that were polled since their ports were
/// read, those never read first, up to the limit of the settings.
async fn read_some(
    source: &LibreNms,
    devices: &[DeviceFacts],
    now: Timestamp,
) -> Result<(), SourceError> {
    let mut failed = None;
    let every = source.book().tuning.plan(&source.settings.pace, source.means(), now).full;
    let calls_max = source.settings.port_calls(every);
    let mut due = due(&source.book(), devices, now);
    let fresh_for = source.book().policy.fresh_for_ms;
    let late = too_many(due.len(), calls_max, every, fresh_for).then(|| too_slow(due.len()));
    due.truncate(calls_max);
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
    failed.or(late).map_or(Ok(()), Err)
}

/// Whether some of the devices that are due would be read again only when what
/// was read of them is too old to be believed.
fn too_many(due: usize, calls_max: usize, every: Duration, fresh_for_ms: i64) -> bool {
    let rounds = due.div_ceil(calls_max.max(1));
    let round_ms = i64::try_from(every.as_millis()).unwrap_or(i64::MAX).max(1);
    i64::try_from(rounds).unwrap_or(i64::MAX).saturating_mul(round_ms) > fresh_for_ms
}

fn too_slow(due: usize) -> SourceError {
    let message = format!(
        "LibreNMS cannot give the list of all ports, and the ports of {due} devices cannot be \
         asked for one by one before they are too old: those that wait turn unknown. Raise \
         memory_limit and max_execution_time of PHP for the web server, or requests_per_second"
    );
    SourceError::new(Fault::Overloaded, message)
}

/// The devices whose ports may have moved since they were read, those that wait
/// longest first.
fn due(book: &Book, devices: &[DeviceFacts], now: Timestamp) -> Vec<(u64, Option<Timestamp>)> {
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
    due.into_iter().map(|(_, id, last_polled)| (id, last_polled)).collect()
}

fn is_too_much(error: &SourceError) -> bool {
    use Fault::{Overloaded, ServerFailed, TimedOut, TooLarge};
    matches!(error.fault, Overloaded | TooLarge | ServerFailed | TimedOut)
}

fn is_stale(policy: &Policy, device: &DeviceFacts, now: Timestamp) -> bool {
    let is_old = |at| policy.is_stale(at, now);
    !device.disabled && !device.is_unborn() && device.newest_latest().is_none_or(is_old)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// At 5 requests a second, read every 5 minutes and believed for 15.
    #[track_caller]
    fn check(devices_due: usize, expected: bool) {
        let every = Duration::from_secs(300);
        assert_eq!(too_many(devices_due, 900, every, 900_000), expected, "{devices_due}");
    }

    #[test]
    fn what_cannot_be_read_in_time_is_told() {
        check(0, false);
        check(900, false);
        check(2_700, false);
        check(2_701, true);
        check(100_000, true);
    }
}
