//! What `padwacht doctor` tries with a LibreNMS account.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::calibrate::find_offsets;
use super::calls;
use super::decode::{CheckRow, DeviceRow, PeerRow, PortRow, RowTime, SystemRow};
use super::facts::{DeviceFacts, Times};
use super::poller::LibreNms;
use super::zone::{self, ServerZone};
use super::{full, guard, sessions};
use crate::source::{Fault, Finding, SourceError};

/// A list of so many bytes is worth compressing.
const COMPRESS_FROM_BYTES: u64 = 1_000_000;

/// The lists that are no part of a full reading are waited for so long together:
/// the rest of what was found must not be lost over them.
const LISTS_WITHIN: Duration = Duration::from_secs(5);

/// Tries address, token, rights, time zone, age of data, ports, BGP sessions and
/// service checks, in order.
pub(super) async fn run(source: &LibreNms) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut note = |subject, outcome: Result<String, SourceError>| {
        let ok = outcome.is_ok();
        findings.push(Finding { subject, outcome });
        ok
    };
    if !note("address and token", version(source).await) {
        return findings;
    }
    full::learn_nature(source, source.clock.now()).await;
    let rows = match devices(source).await {
        Ok(rows) => rows,
        Err(error) => {
            note("device list", Err(error));
            return findings;
        }
    };
    let down = rows.iter().filter(|row| row.status == Some(false)).count();
    let disabled = rows.iter().filter(|row| row.disabled == Some(true)).count();
    let seen = format!("{} devices: {down} down, {disabled} disabled", rows.len());
    note("device list", Ok(seen + &uncompressed(source)));
    let clock = clock(source, &rows).await.map(|zone| zone + &off(source));
    if note("server clock", clock) {
        note("age of data", age(source, &rows));
    }
    note("ports", ports(source, &rows).await);
    let until = Instant::now() + LISTS_WITHIN;
    note("BGP sessions", in_time(until, sessions::try_list::<PeerRow>(source)).await);
    note("service checks", in_time(until, sessions::try_list::<CheckRow>(source)).await);
    findings
}

/// What was found by then.
async fn in_time(
    until: Instant,
    tried: impl Future<Output = Result<String, SourceError>>,
) -> Result<String, SourceError> {
    let late = || Ok(format!("not waited for longer than {} s", LISTS_WITHIN.as_secs()));
    timeout_at(until, tried).await.unwrap_or_else(|_| late())
}

/// That a large list of devices came uncompressed, and what to do; nothing if it
/// did not.
fn uncompressed(source: &LibreNms) -> String {
    let name = calls::devices().name;
    let traffic = source.client.traffic();
    let plain = traffic.calls.iter().find(|call| {
        call.kind == name && call.bytes >= COMPRESS_FROM_BYTES && call.wire_bytes == call.bytes
    });
    plain.map_or_else(String::new, |call| {
        let megabytes = call.bytes / call.calls.max(1) / 1_000_000;
        format!(
            "; the list came uncompressed, {megabytes} MB: have the web server compress \
             application/json (gzip_types of nginx)"
        )
    })
}

async fn version(source: &LibreNms) -> Result<String, SourceError> {
    let call = calls::system();
    let rows = source.client.remembered::<SystemRow>(&call).await?;
    let version = rows.iter().find_map(|row| row.local_ver.clone());
    let version = version.unwrap_or_else(|| "of unknown version".into());
    let url = source.settings.url();
    let warning = match url.starts_with("http://") {
        true => "; over http the token can be read on the way, use https",
        false => "",
    };
    Ok(format!("LibreNMS {version} at {url}{warning}"))
}

async fn devices(source: &LibreNms) -> Result<Vec<DeviceRow>, SourceError> {
    let call = calls::devices();
    let rows = source.client.rows::<DeviceRow>(&call).await?;
    if rows.is_empty() { Err(guard::empty(call.subject)) } else { Ok(rows) }
}

/// That the server's clock is off by a second or more, and what to do; less is
/// corrected, and not worth a word here.
fn off(source: &LibreNms) -> String {
    let ahead_ms = source.book().clock_error().ahead_ms();
    let way = match ahead_ms {
        -999..=999 => return String::new(),
        1_000.. => "ahead",
        _ => "behind",
    };
    let off_s = ahead_ms.unsigned_abs() / 1000;
    format!("; it is {off_s} s {way} of ours, and its times are corrected by that: run NTP on both")
}

async fn clock(source: &LibreNms, rows: &[DeviceRow]) -> Result<String, SourceError> {
    if !rows.iter().any(zone::has_local_times) {
        return Ok("no device has been polled yet, so its zone does not matter".to_owned());
    }
    let now = source.clock.now();
    let zone = source.book().zone.clone();
    let ServerZone::Named(named) = zone else {
        source.calibrate_with(rows, now).await?;
        let found =
            source.book().zone.describe().map_or_else(String::new, |(zone, _)| zone.to_string());
        return Ok(format!("found out: {found}"));
    };
    let pairs = find_offsets(&source.client, rows).await.unwrap_or_default();
    let Some(&(_, offset)) = pairs.first() else {
        return Ok("time_zone is set; it could not be compared with the server's".to_owned());
    };
    let instant = jiff::Timestamp::from_millisecond(now.millis()).unwrap_or_default();
    let set = named.to_offset(instant);
    if set == offset {
        return Ok(format!("time_zone is set and right: the offset is {offset}"));
    }
    let message = format!(
        "time_zone says that LibreNMS's clock has the offset {set} now, but it has {offset}; \
         correct the setting or leave it out"
    );
    Err(SourceError::new(Fault::ZoneUnknown, message))
}

fn age(source: &LibreNms, rows: &[DeviceRow]) -> Result<String, SourceError> {
    let now = source.clock.now();
    let (zone, error) = {
        let book = source.book();
        (book.zone.clone(), book.clock_error())
    };
    let facts =
        rows.iter().map(|row| DeviceFacts::of(row, &mut Times::default(), &zone, error, now));
    let Some(newest) = facts.filter_map(|facts| facts.newest_latest()).max() else {
        return Ok("no device has been polled yet".to_owned());
    };
    let age_s = (now.millis() - newest.millis()) / 1000;
    if source.settings.policy.is_stale(newest, now) {
        let message = format!(
            "the newest reading in LibreNMS is {age_s} s old: its pollers stand still (poller \
             page, cron or librenms.service)"
        );
        return Err(SourceError::new(Fault::Stalled, message));
    }
    Ok(format!("the newest reading is {age_s} s old"))
}

/// Reads the ports of the device that was polled last: enough to see that the
/// call works, without the load of the whole list.
async fn ports(source: &LibreNms, rows: &[DeviceRow]) -> Result<String, SourceError> {
    let polled = |row: &&DeviceRow| matches!(row.last_polled, Some(RowTime::Local(_)));
    let Some(row) = rows.iter().filter(polled).max_by_key(|row| zone::newest_local(row)) else {
        return Ok("no device has been polled yet".to_owned());
    };
    let call = calls::device_ports(row.device_id);
    let ports = source.client.rows::<PortRow>(&call).await?;
    Ok(format!("{} on device {}", ports.len(), row.device_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_list_that_does_not_come_holds_nothing_up() {
        let until = Instant::now() + LISTS_WITHIN;
        let never = in_time(until, std::future::pending()).await;
        assert_eq!(never, Ok("not waited for longer than 5 s".to_owned()));
        assert_eq!(Instant::now(), until);
        let soon = in_time(Instant::now() + LISTS_WITHIN, async { Ok("3 in the list".to_owned()) });
        assert_eq!(soon.await, Ok("3 in the list".to_owned()));
    }
}
