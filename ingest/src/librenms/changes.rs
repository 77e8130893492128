//! Reads what is new in the event log, and has the rows read that it is about.

use std::collections::BTreeSet;

use correlate::model::Timestamp;

use super::calls;
use super::cursor::{Continuity, From};
use super::decode::{EventRow, RowTime};
use super::event::{Line, What};
use super::facts::CLOCK_AHEAD_MS_MAX;
use super::glance;
use super::lines::Waiting;
use super::poller::LibreNms;
use super::touch::{self, TOUCHES_MAX, Touch};
use super::zone::ServerZone;
use crate::source::{Evidence, Fault, Outlet, SourceError};

/// Lines per request.
const PAGE_LINES: usize = 1_000;

/// Requests for one reading; more lines than that are a flood, and everything
/// is read instead.
const PAGES_MAX: usize = 20;

/// A line may have been written so long before it could be read, and its
/// poller's clock may be off: lines are told apart by an hour, so there is room.
const WRITTEN_BEHIND_MS_MAX: i64 = 600_000;

/// After a gap of this length the outages of the devices that changed are read
/// as well: lines may be missing.
const GAP_MS: i64 = 900_000;

/// Reads the log from where it was left, then the devices that it names.
pub(super) async fn run(source: &LibreNms, outlet: &dyn Outlet) -> Result<(), SourceError> {
    if source.book().devices.is_empty() || !source.book().zone.is_known() {
        // Without a device no line can be held against a row.
        return Ok(());
    }
    let sent = source.clock.now();
    source.calibrate_alone(sent).await;
    let read = read_log(source, sent).await;
    match &read {
        Ok(_) => source.book().tuning.has_log = Some(true),
        Err(error) if is_refused(error) => source.book().tuning.has_log = Some(false),
        Err(_) => {}
    }
    let touched = read?;
    touch_all(source, touched, outlet).await
}

/// Whether the event log is not for this token to see, or not there at all.
pub(super) fn is_refused(error: &SourceError) -> bool {
    matches!(error.fault, Fault::Forbidden | Fault::NotFound | Fault::Rejected)
}

/// The devices that new lines are about.
async fn read_log(source: &LibreNms, now: Timestamp) -> Result<BTreeSet<u64>, SourceError> {
    let (from, read_before) = {
        let book = source.book();
        (book.log.from(now), book.log.read_at())
    };
    let mut rows: Vec<EventRow> = Vec::new();
    for page in 0.. {
        if page == PAGES_MAX {
            source.book().full_wanted = true;
            break;
        }
        let asked =
            match from {
                From::Id(id) => id.to_string(),
                From::Time(at) => {
                    let local = source.book().zone.local(at);
                    let local = local.ok_or_else(|| SourceError::new(
                    Fault::ZoneUnknown,
                    "the event log cannot be read before the zone of LibreNMS's clock is known",
                ))?;
                    local.strftime("%Y-%m-%d %H:%M:%S").to_string()
                }
            };
        let call = calls::events(&asked, page * PAGE_LINES, PAGE_LINES);
        let some = source.client.rows::<EventRow>(&call).await?;
        let is_last = some.len() < PAGE_LINES;
        rows.extend(some);
        if is_last {
            break;
        }
    }
    let received = source.clock.now();
    Ok(take(source, &rows, from, read_before, received))
}

/// Puts the new ones of `rows` where they wait for a row.
fn take(
    source: &LibreNms,
    rows: &[EventRow],
    from: From,
    read_before: Option<Timestamp>,
    received: Timestamp,
) -> BTreeSet<u64> {
    let ids: Vec<u64> = rows.iter().map(|row| row.event_id).collect();
    let mut book = source.book();
    let (fresh, continuity) = book.log.take(from, &ids, received);
    let lines: Vec<Line> = fresh.iter().filter_map(|&place| Line::of(&rows[place])).collect();
    let floor = read_before.filter(|_| continuity == Continuity::Unbroken);
    let is_gap = read_before.is_some_and(|at| at.plus_millis(GAP_MS) < received);
    if continuity == Continuity::Broken && read_before.is_some() {
        tracing::warn!(
            nms = source.settings.name(),
            "LibreNMS's event log has begun anew; everything is read again"
        );
        book.full_wanted = true;
    }
    let mut touched = BTreeSet::new();
    for (line, (earliest, at)) in lines.iter().zip(instants(&lines, &book.zone, floor, received)) {
        if !book.devices.contains_key(&line.device_id) {
            continue;
        }
        if let Some(device) = book.devices.get_mut(&line.device_id) {
            device.lines.push(Waiting { line: *line, earliest, at, read_at: received });
        }
        touched.insert(line.device_id);
        if let (true, Some(since), What::DeviceDown(_) | What::DeviceUp) =
            (is_gap, read_before, line.what)
        {
            book.want_outages(line.device_id, since.plus_millis(-GAP_MS));
        }
    }
    touched
}

/// When each line was written: the first and the last instant that its local
/// time can mean. Ids grow with time, which tells the hours apart of which the
/// clock shows one twice; where they do not, both count.
fn instants(
    lines: &[Line],
    zone: &ServerZone,
    floor: Option<Timestamp>,
    received: Timestamp,
) -> Vec<(Timestamp, Timestamp)> {
    let floor = floor.map(|at| at.plus_millis(-WRITTEN_BEHIND_MS_MAX));
    let limit = received.plus_millis(CLOCK_AHEAD_MS_MAX);
    let mut meanings: Vec<Vec<Timestamp>> = lines
        .iter()
        .map(|line| match line.time {
            RowTime::Utc(at) => vec![Timestamp(at.as_millisecond())],
            RowTime::Local(local) => zone.meanings(local, received),
        })
        .collect();
    let mut earliest = floor;
    for some in &mut meanings {
        some.retain(|&at| at <= limit && Some(at) >= floor);
        narrow(some, |at| earliest.is_none_or(|earliest| at >= earliest));
        if let [only] = some[..] {
            earliest = earliest.max(Some(only.plus_millis(-WRITTEN_BEHIND_MS_MAX)));
        }
    }
    let mut latest = limit;
    for some in meanings.iter_mut().rev() {
        narrow(some, |at| at <= latest);
        if let [only] = some[..] {
            latest = latest.min(only.plus_millis(WRITTEN_BEHIND_MS_MAX));
        }
    }
    meanings
        .iter()
        .map(|some| match (some.first(), some.last()) {
            (Some(&first), Some(&last)) => (first.min(received), last.min(received)),
            // The clock has changed, and that is not known yet: since the last reading.
            _ => (floor.unwrap_or(Timestamp::MIN), received),
        })
        .collect()
}

/// Keeps what fits, if anything does.
fn narrow(meanings: &mut Vec<Timestamp>, fits: impl Fn(Timestamp) -> bool) {
    if meanings.len() > 1 && meanings.iter().any(|&at| fits(at)) {
        meanings.retain(|&at| fits(at));
    }
}

/// Has the devices read that lines wait for, and those that are due again.
async fn touch_all(
    source: &LibreNms,
    touched: BTreeSet<u64>,
    outlet: &dyn Outlet,
) -> Result<(), SourceError> {
    let mut touches: Vec<Touch> = {
        let book = source.book();
        let touch = |&id: &u64| {
            let lines = &book.devices.get(&id)?.lines;
            let itself = lines.any_of_device();
            Some(Touch { device_id: id, itself, ports: true })
        };
        touched.iter().filter_map(touch).collect()
    };
    if touches.iter().filter(|touch| touch.itself).count() > TOUCHES_MAX {
        // A mass outage: one list tells of all that are down.
        let up_again = glance::devices(source, outlet).await?;
        let book = source.book();
        touches.retain(|touch| {
            book.devices.get(&touch.device_id).is_some_and(|device| !device.lines.is_empty())
        });
        let known: BTreeSet<u64> = touches.iter().map(|touch| touch.device_id).collect();
        touches.extend(up_again.into_iter().filter(|touch| !known.contains(&touch.device_id)));
    }
    if touches.len() > TOUCHES_MAX {
        source.book().full_wanted = true;
        // What is about devices themselves comes first.
        touches.sort_by_key(|touch| !touch.itself);
        touches.truncate(TOUCHES_MAX);
    }
    let room = TOUCHES_MAX - touches.len();
    let due = source.book().due_follow_ups(source.clock.now(), room);
    touches.extend(due.into_iter().map(|device_id| Touch { device_id, itself: true, ports: true }));
    touch::run(source, &touches, Evidence::Poll, outlet).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    fn utc(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    /// The instants of lines with these local times of one night in Amsterdam.
    #[track_caller]
    fn check(floor: Option<&str>, received: &str, times: &[&str], expected: &[(&str, &str)]) {
        let lines: Vec<Line> = times
            .iter()
            .zip(1..)
            .map(|(time, event_id)| Line {
                event_id,
                device_id: 1,
                port_id: None,
                time: RowTime::Local(format!("2026-10-25 {time}").parse().unwrap()),
                what: What::DeviceUp,
                by_user: false,
            })
            .collect();
        let zone = ServerZone::new(Some(TimeZone::get("Europe/Amsterdam").unwrap()));
        let found = instants(&lines, &zone, floor.map(utc), utc(received));
        let expected: Vec<_> = expected.iter().map(|(a, b)| (utc(a), utc(b))).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn in_the_hour_that_comes_twice_the_last_reading_tells_which() {
        check(
            Some("2026-10-25T01:09:00Z"),
            "2026-10-25T01:11:00Z",
            &["02:10:00"],
            &[("2026-10-25T01:10:00Z", "2026-10-25T01:10:00Z")],
        );
        check(
            Some("2026-10-25T00:09:00Z"),
            "2026-10-25T00:11:00Z",
            &["02:10:00"],
            &[("2026-10-25T00:10:00Z", "2026-10-25T00:10:00Z")],
        );
    }

    #[test]
    fn after_a_gap_the_neighbours_tell() {
        check(
            None,
            "2026-10-25T03:00:00Z",
            &["01:58:00", "02:50:00", "02:10:00", "03:05:00"],
            &[
                ("2026-10-24T23:58:00Z", "2026-10-24T23:58:00Z"),
                // Nothing says that it is not of the second hour.
                ("2026-10-25T00:50:00Z", "2026-10-25T01:50:00Z"),
                ("2026-10-25T00:10:00Z", "2026-10-25T01:10:00Z"),
                ("2026-10-25T02:05:00Z", "2026-10-25T02:05:00Z"),
            ],
        );
    }

    #[test]
    fn a_time_that_cannot_be_is_taken_for_since_the_last_reading() {
        check(
            Some("2026-10-25T05:00:00Z"),
            "2026-10-25T05:01:00Z",
            &["03:00:30"],
            &[("2026-10-25T04:50:00Z", "2026-10-25T05:01:00Z")],
        );
    }
}
