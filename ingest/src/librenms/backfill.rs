//! Reads LibreNMS's own record of the outages of some devices.

use correlate::model::Timestamp;

use super::calls;
use super::decode::{EventRow, FailingChecks, OutageRow, RowTime};
use super::event::{Line, What};
use super::outage::{self, Around, SAME_MS_MAX};
use super::poller::LibreNms;
use crate::source::{DeviceReport, Evidence, Fault, Kind, ObservedSample, Outlet, SourceError};

/// Devices per reading: each costs a call or two.
const DEVICES_MAX: usize = 10;

/// Lines of one device that are looked through.
const LINES_MAX: usize = 500;

/// Outages further back than LibreNMS keeps the lines that explain them are
/// not read.
const BACK_MS_MAX: i64 = 30 * 86_400_000;

/// Reads the outages of some of the devices that wait for it. The first error,
/// if there is one.
pub(super) async fn run(source: &LibreNms, outlet: &dyn Outlet) -> Result<(), SourceError> {
    let mut failed = None;
    for _ in 0..DEVICES_MAX {
        let (id, since) = {
            let mut book = source.book();
            let Some(id) = book.backfill.pop_first() else { break };
            let since = book.backfill_since;
            if book.backfill.is_empty() {
                book.backfill_since = Timestamp::MAX;
            }
            (id, since)
        };
        match one(source, id, since).await {
            Ok(Some(report)) => outlet.give(vec![report]).await,
            Ok(None) => {}
            Err(error) => {
                if error.fault.is_passing() || error.fault == Fault::Paused {
                    // Another time.
                    source.book().want_outages(id, since);
                    return Err(error);
                }
                failed = failed.or(Some(error));
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

async fn one(
    source: &LibreNms,
    id: u64,
    since: Timestamp,
) -> Result<Option<DeviceReport>, SourceError> {
    let rows = source.client.rows::<OutageRow>(&calls::outages(id)).await?;
    let now = source.clock.now();
    let since = since.max(now.plus_millis(-BACK_MS_MAX));
    if unexplained(source, id, &rows, since) {
        let downs = read_downs(source, id, since).await?;
        if let Some(device) = source.book().devices.get_mut(&id) {
            device.downs.extend(downs);
        }
    }
    let mut book = source.book();
    let (policy, interval_ms) = (book.policy, book.tuning.interval_ms());
    let Some(device) = book.devices.get_mut(&id) else { return Ok(None) };
    let Some(facts) = device.facts().copied() else { return Ok(None) };
    if facts.disabled || facts.is_unborn() || policy.sets_aside(&facts) {
        return Ok(None);
    }
    let around = Around {
        policy: &policy,
        up: facts.up,
        failing: facts.failing,
        poll_began: facts.poll_began,
        lines: &device.downs,
        since,
        now,
        interval_ms,
    };
    let found = outage::facts(&rows, &around);
    let samples: Vec<_> = found
        .into_iter()
        .map(|fact| {
            let placed = match fact.renewal {
                true => device.seen.renew(fact.state, fact.at),
                false => device.seen.place_line(fact.state, fact.at, fact.at, fact.contrary),
            };
            ObservedSample {
                kind: Kind::Device,
                native_id: id.to_string().into(),
                at: placed.at,
                state: placed.state,
                evidence: Evidence::Outage,
                uncertainty_ms: placed.uncertainty_ms,
            }
        })
        .collect();
    let device = id.to_string().into();
    Ok((!samples.is_empty()).then_some(DeviceReport { device, observed_at: now, samples }))
}

/// Whether there are outages of which no line is known.
fn unexplained(source: &LibreNms, id: u64, rows: &[OutageRow], since: Timestamp) -> bool {
    let book = source.book();
    let Some(device) = book.devices.get(&id) else { return false };
    rows.iter().any(|row| {
        let began_ms = i64::try_from(row.going_down).unwrap_or(0).saturating_mul(1000);
        let near = |at: Timestamp| (at.millis() - began_ms).abs() <= SAME_MS_MAX;
        began_ms >= since.millis() && !device.downs.iter().any(|(at, _)| near(*at))
    })
}

/// When lines of the log say that the device went down since then. A server on
/// which they cannot be read has none.
async fn read_downs(
    source: &LibreNms,
    id: u64,
    since: Timestamp,
) -> Result<Vec<(Timestamp, FailingChecks)>, SourceError> {
    let Some(from) = source.book().zone.local(since) else { return Ok(Vec::new()) };
    let from = from.strftime("%Y-%m-%d %H:%M:%S").to_string();
    let call = calls::events_of(id, &from, LINES_MAX);
    let rows = match source.client.rows::<EventRow>(&call).await {
        Ok(rows) => rows,
        Err(error) if super::changes::is_refused(&error) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let now = source.clock.now();
    let book = source.book();
    let lines = rows.iter().filter_map(Line::of);
    // A server that does not know the device gives the lines of all.
    let own = lines.filter(|line| line.device_id == id && !line.by_user);
    let downs = own.filter_map(|line| match line.what {
        What::DeviceDown(failing) => Some((line.time, failing)),
        _ => None,
    });
    Ok(downs
        .flat_map(|(time, failing)| {
            // Of two meanings the one that an outage began at will be found.
            let meanings = match time {
                RowTime::Utc(at) => vec![Timestamp(at.as_millisecond())],
                RowTime::Local(local) => book.zone.meanings(local, now),
            };
            meanings.into_iter().map(move |at| (at, failing))
        })
        .collect())
}
