//! Reads everything: all devices, and all ports in one call or, where that is
//! too much for the server, device by device.

use std::time::Duration;

use correlate::model::Timestamp;
use tokio::time::Instant;

use super::book::Book;
use super::decode::{DeviceRow, PollerRow, SystemRow};
use super::facts::DeviceFacts;
use super::memory::ReadAt;
use super::policy::{Policy, PortsOf};
use super::poller::{Condition, LibreNms};
use super::ports::{Listed, PortList};
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
    let Devices { ids, gone, read, census } = read_devices(source, sent).await?;
    learn_nature(source, read.received).await;
    let ports = read_ports(source, &ids, read.received).await;
    let now = source.clock.now();
    let problem = match ports {
        Ok(Some(ports)) => {
            take_and_report(source, &ids, &ports, outlet).await;
            source.book().put_ports_back(ports.rows);
            None
        }
        other => {
            report(source, &ids, Evidence::Poll, outlet).await;
            other.err()
        }
    };
    report(source, &gone, Evidence::Poll, outlet).await;
    let policy = source.book().policy;
    let stale = census.looked_at.iter().filter(|&&at| policy.is_stale(at, now)).count();
    let newest = census.newest.map(|at| at.min(read.received));
    Ok(Condition {
        problem: problem.or_else(|| standstill(&policy, &census, stale)),
        devices: ids.len(),
        devices_stale: stale,
        data_age_ms: newest.and_then(|at| u64::try_from(read.received.millis() - at.millis()).ok()),
    })
}

/// Reports these devices as they are known now.
pub(super) async fn report(source: &LibreNms, ids: &[u64], cause: Evidence, outlet: &dyn Outlet) {
    for some in ids.chunks(REPORTS_MAX) {
        let now = source.clock.now();
        let reports = source.book().report(some, |_| None, cause, now);
        if !reports.is_empty() {
            outlet.give(reports).await;
        }
    }
}

/// Takes in the ports of these devices, ascending, and reports each device
/// while its ports are still in the processor's cache.
async fn take_and_report(source: &LibreNms, ids: &[u64], ports: &PortsRead, outlet: &dyn Outlet) {
    let mut listed = ports.rows.devices().peekable();
    for some in ids.chunks(REPORTS_MAX) {
        let own = |id| {
            while listed.next_if(|&(device, _)| device < id).is_some() {}
            let own = listed.next_if(|&(device, _)| device == id);
            Some((own.map_or(Listed::NONE, |(_, own)| own), ports.read))
        };
        let now = source.clock.now();
        let reports = source.book().report(some, own, Evidence::Poll, now);
        if !reports.is_empty() {
            outlet.give(reports).await;
        }
    }
}

/// All devices that there are.
struct Devices {
    /// Ascending.
    ids: Vec<u64>,
    /// Those that are gone.
    gone: Vec<u64>,
    read: ReadAt,
    census: Census,
}

/// What their rows say of all devices together.
#[derive(Default)]
struct Census {
    /// When those that are polled were last looked at; [`Timestamp::MIN`] for never.
    looked_at: Vec<Timestamp>,
    /// When any was.
    newest: Option<Timestamp>,
    /// How many have times in the future.
    ahead: usize,
    /// How many have them, or are disabled.
    of_no_use: usize,
}

impl Census {
    fn count(&mut self, device: &DeviceFacts) {
        let looked_at = device.newest_latest();
        if !device.disabled && !device.is_unborn() {
            self.looked_at.push(looked_at.unwrap_or(Timestamp::MIN));
        }
        self.newest = self.newest.max(looked_at);
        self.ahead += usize::from(device.ahead);
        self.of_no_use += usize::from(device.ahead || device.disabled);
    }
}

async fn read_devices(source: &LibreNms, sent: Timestamp) -> Result<Devices, SourceError> {
    let call = calls::devices();
    let start = || source.book().device_list();
    let rows = source.client.collect::<DeviceRow, _>(&call, start).await?.into_inner();
    let read = ReadAt { sent, received: source.clock.now() };
    if rows.is_empty() {
        return Err(guard::empty(call.subject));
    }
    source.book().devices_guard.admit(call.subject, rows.len(), read.received)?;
    source.calibrate_with(&rows, read.received).await?;
    // By their places, as the rows are large and come in the order of names.
    let mut places: Vec<_> =
        rows.iter().enumerate().map(|(place, row)| (row.device_id, place)).collect();
    places.sort_unstable();
    places.dedup_by_key(|&mut (id, _)| id);
    let mut book = source.book();
    let is_first = book.devices.is_empty();
    let mut census = Census { looked_at: Vec::with_capacity(places.len()), ..Census::default() };
    let mut down = Vec::new();
    let by_id = places.iter().map(|&(_, place)| &rows[place]);
    book.take_devices(by_id, read, |device| {
        census.count(device);
        if is_first && device.up == Some(false) && !device.disabled && !device.is_unborn() {
            down.push(device.device_id);
        }
    });
    book.put_devices_back(rows);
    if census.ahead > 0 && census.of_no_use == places.len() {
        return Err(clock_ahead());
    }
    let ids: Vec<u64> = places.into_iter().map(|(id, _)| id).collect();
    let gone = book.keep_devices(&ids, read);
    book.tuning.conclude();
    book.policy.fresh_for_ms = source.fresh_for_ms(&book);
    book.full_wanted = false;
    // At the start it is asked since when devices are down.
    for &id in down.iter().take(OUTAGES_AT_START_MAX) {
        book.want_outages(id, read.received.plus_millis(-OUTAGES_AT_START_MS));
    }
    Ok(Devices { ids, gone, read, census })
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
struct PortsRead {
    rows: PortList,
    read: ReadAt,
}

/// Reads all ports. Gives them where that was one list; where devices were
/// read one by one, they have been taken in.
async fn read_ports(
    source: &LibreNms,
    devices: &[u64],
    now: Timestamp,
) -> Result<Option<PortsRead>, SourceError> {
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

async fn read_all(source: &LibreNms) -> Result<PortsRead, SourceError> {
    let call = calls::ports();
    let sent = source.clock.now();
    let start = || source.book().port_list();
    let mut rows = source.client.collect(&call, start).await?.into_inner();
    let read = ReadAt { sent, received: source.clock.now() };
    source.book().ports_guard.admit(call.subject, rows.len(), read.received)?;
    rows.sort();
    Ok(PortsRead { rows, read })
}

/// Reads the ports of the devices that were polled since their ports were
/// read, those never read first, up to the limit of the settings.
async fn read_some(source: &LibreNms, devices: &[u64], now: Timestamp) -> Result<(), SourceError> {
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
fn due(book: &Book, devices: &[u64], now: Timestamp) -> Vec<(u64, Option<Timestamp>)> {
    let mut due: Vec<_> = devices
        .iter()
        .filter_map(|&id| {
            let device = book.devices.get(&id)?;
            let facts = device.facts()?;
            let is_polled = matches!(book.policy.ports_of(facts), PortsOf::Polled { .. });
            let is_fresh = facts.last_polled.is_some_and(|at| !book.policy.is_stale(at, now));
            let is_due = is_polled && is_fresh && device.read_alone != facts.last_polled;
            is_due.then_some((device.read_alone, id, facts.last_polled))
        })
        .collect();
    due.sort_unstable();
    due.into_iter().map(|(_, id, last_polled)| (id, last_polled)).collect()
}

fn is_too_much(error: &SourceError) -> bool {
    use Fault::{Overloaded, ServerFailed, TimedOut, TooLarge};
    matches!(error.fault, Overloaded | TooLarge | ServerFailed | TimedOut)
}

fn standstill(policy: &Policy, census: &Census, stale: usize) -> Option<SourceError> {
    if census.ahead > 0 {
        return Some(clock_ahead());
    }
    let polled = census.looked_at.len();
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
