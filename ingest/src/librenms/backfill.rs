//! Reads LibreNMS's own record of the outages of some devices.

use correlate::model::Timestamp;

use super::calls;
use super::decode::{EventRow, FailingChecks, OutageRow, RowTime};
use super::event::{Line, What};
use super::memory::Placed;
use super::outage::{self, Around, Fact, SAME_MS_MAX};
use super::poller::LibreNms;
use super::touch::foreign;
use crate::source::{DeviceReport, Evidence, Fault, Kind, ObservedSample, Outlet, SourceError};

/// Devices per reading: each costs a call or two.
const DEVICES_MAX: usize = 10;

/// Lines of one device that are looked through.
const LINES_MAX: usize = 500;

/// Outages further back than LibreNMS keeps the lines that explain them are
/// not read.
const BACK_MS_MAX: i64 = 30 * 86_400_000;

/// Reads the outages of some of the devices that wait for it, up to the first
/// error. The device that it is about goes back into the queue.
pub(super) async fn run(source: &LibreNms, outlet: &dyn Outlet) -> Result<(), SourceError> {
    for _ in 0..DEVICES_MAX {
        let Some(taken) = source.book().backfill.next() else { break };
        match one(source, taken.id, taken.since).await {
            Ok(report) => {
                source.book().tuning.outages.works();
                if let Some(report) = report {
                    outlet.give(vec![report]).await;
                }
            }
            Err(error) => {
                let is_refused = super::changes::is_refused(&error);
                // Asked for a device that it does not know any more, a server answers with others.
                let is_of_no_use = is_refused || error.fault == Fault::ForeignRows;
                let now = source.clock.now();
                let mut book = source.book();
                book.backfill.put_back(taken, is_of_no_use);
                if !is_refused {
                    return Err(error);
                }
                // Told as something that the source cannot do.
                book.tuning.outages.refused(error.fault, now);
                return Ok(());
            }
        }
    }
    Ok(())
}

async fn one(
    source: &LibreNms,
    id: u64,
    since: Timestamp,
) -> Result<Option<DeviceReport>, SourceError> {
    let rows = source.client.rows::<OutageRow>(&calls::outages(id)).await?;
    let now = source.clock.now();
    let since = since.max(now.plus_millis(-BACK_MS_MAX));
    let mut lines = match unexplained(source, id, &rows, since) {
        true => read_downs(source, id, since).await?,
        false => Vec::new(),
    };
    let mut book = source.book();
    let (policy, interval_ms) = (book.policy, book.tuning.interval_ms());
    let error = book.clock_error();
    let Some(device) = book.devices.get_mut(&id) else { return Ok(None) };
    let Some(facts) = device.facts().copied() else { return Ok(None) };
    if facts.disabled || facts.is_unborn() || policy.sets_aside(&facts) {
        return Ok(None);
    }
    let read = lines.clone();
    lines.extend(&device.downs);
    device.note_downs(read);
    let around = Around {
        policy: &policy,
        up: facts.up,
        failing: facts.failing,
        poll_began: facts.poll_began,
        poll_unsure_ms: facts.poll_unsure_ms,
        lines: &lines,
        since,
        now,
        looked_at: facts.newest().map_or(now, |at| at.min(now)),
        interval_ms,
        error,
    };
    let found = outage::facts(&rows, &around);
    // What was told once is not told again: less is known around it now.
    let told = device.outages_told.replace(now);
    let sample = |placed: Placed, evidence| ObservedSample {
        kind: Kind::Device,
        native_id: id.into(),
        at: placed.at,
        state: placed.state,
        evidence,
        uncertainty_ms: placed.uncertainty_ms,
        reason: placed.reason,
    };
    // Whatever it is now, the next row says why.
    device.said = None;
    // An outage in which the device was seen to be otherwise was not recorded well.
    let is_false = {
        let seen = device.seen;
        move |fact: &&Fact| {
            fact.renewal && seen.was_otherwise_within(fact.state, fact.since, fact.until)
        }
    };
    let facts = found.iter().filter(|fact| Some(fact.at) > told && !is_false(fact)).map(|fact| {
        let placed = match fact.renewal {
            true => device.seen.renew(fact.state, fact.at),
            false => device.seen.place_line(fact.state, fact.at, fact.at, fact.contrary),
        };
        sample(Placed { reason: fact.reason, ..placed }, Evidence::Outage)
    });
    let mut samples: Vec<_> = facts.collect();
    // After them: the edge of a line may lie behind an outage that it knew nothing of.
    let lines = device.settle_doubt(&found);
    samples.extend(lines.into_iter().map(|placed| sample(placed, Evidence::EventLog)));
    error.widen(&mut samples);
    let device = id.into();
    Ok((!samples.is_empty()).then_some(DeviceReport { device, observed_at: now, samples }))
}

/// Whether there are outages of which no line is known.
fn unexplained(source: &LibreNms, id: u64, rows: &[OutageRow], since: Timestamp) -> bool {
    let book = source.book();
    let error = book.clock_error();
    let Some(device) = book.devices.get(&id) else { return false };
    rows.iter().any(|row| {
        let theirs_ms = i64::try_from(row.going_down).unwrap_or(0).saturating_mul(1000);
        let began_ms = error.ours(Timestamp(theirs_ms)).millis();
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
    let from = {
        let (book, now) = (source.book(), source.clock.now());
        let error = book.clock_error();
        book.zone.earliest_local(error.theirs(since), error.theirs(now))
    };
    let Some(from) = from else { return Ok(Vec::new()) };
    let from = from.strftime("%Y-%m-%d %H:%M:%S").to_string();
    let call = calls::events_of(id, &from, LINES_MAX);
    let rows = match source.client.rows::<EventRow>(&call).await {
        Ok(rows) => rows,
        Err(error) if super::changes::is_refused(&error) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    // A server that does not know the device gives the lines of all.
    if rows.iter().any(|row| row.device_id != Some(id)) {
        return Err(foreign(call.subject, id));
    }
    let book = source.book();
    let error = book.clock_error();
    let now = error.theirs(source.clock.now());
    let own = rows.iter().filter_map(Line::of).filter(|line| !line.by_user);
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
            meanings.into_iter().map(move |at| (error.ours(at), failing))
        })
        .collect())
}
