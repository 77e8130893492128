//! Reads what is new in the event log, and has the rows read that it is about.

use std::collections::BTreeSet;

use correlate::model::Timestamp;

use super::backlog::TOUCHES_MAX;
use super::calls;
use super::cursor::{Continuity, From, Logged};
use super::decode::{EventRow, RowTime};
use super::event::{Line, What};
use super::facts::CLOCK_AHEAD_MS_MAX;
use super::lines::Waiting;
use super::poller::LibreNms;
use super::touch::{self, Touch};
use super::zone::ServerZone;
use crate::source::{Evidence, Fault, Outlet, SourceError};

/// Lines per request.
const PAGE_LINES: usize = 1_000;

/// Pages overlap, because lines of the same second come in any order, and in
/// another one for each page.
const PAGE_STEP_LINES: usize = PAGE_LINES - 200;

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
    {
        let mut book = source.book();
        if !book.tuning.may_read_log(sent) {
            return Ok(());
        }
        if let Some(takes_ids) = book.tuning.log_takes_ids() {
            book.log.set_by_time(!takes_ids);
        }
    }
    // What is wrong with that does not keep the log from being read.
    let calibrated = source.calibrate_alone(sent).await;
    let read = read_log(source, sent).await;
    match &read {
        Ok(_) => source.book().tuning.log.works(),
        Err(error) if is_refused(error) => {
            let mut book = source.book();
            if book.tuning.log.ability().is_none_or(|log| log.can) {
                let nms = source.settings.name();
                tracing::warn!(nms, reason = %error, "the event log cannot be read; changes are found in other ways");
            }
            book.tuning.log.refused(error.fault, sent);
        }
        Err(_) => {}
    }
    let touched = read?;
    touch_all(source, touched, outlet).await?;
    calibrated
}

/// Whether the event log is not for this token to see, or not there at all.
pub(super) fn is_refused(error: &SourceError) -> bool {
    matches!(error.fault, Fault::Forbidden | Fault::NotFound | Fault::Rejected)
}

/// The devices that new lines are about.
async fn read_log(source: &LibreNms, now: Timestamp) -> Result<BTreeSet<u64>, SourceError> {
    let (mut from, read_before) = {
        let book = source.book();
        (book.log.from(now), book.log.read_at())
    };
    let mut asked = words(source, from, now)?;
    let mut rows: Vec<EventRow> = Vec::new();
    let (mut page, mut whole) = (0, 0);
    loop {
        if page == PAGES_MAX {
            source.book().full_wanted = true;
            break;
        }
        let call = calls::events(&asked, page * PAGE_STEP_LINES, PAGE_LINES);
        let some = source.client.rows::<EventRow>(&call).await?;
        if takes_no_ids(from, &some) {
            let nms = source.settings.name();
            tracing::info!(
                nms,
                "LibreNMS takes no ids in questions for its event log; it is asked by time"
            );
            from = {
                let mut book = source.book();
                book.log.set_by_time(true);
                book.log.from(now)
            };
            asked = words(source, from, now)?;
            (rows, page, whole) = (Vec::new(), 0, 0);
            continue;
        }
        let is_last = some.len() < PAGE_LINES;
        whole = page * PAGE_STEP_LINES + some.len();
        rows.extend(some);
        if is_last {
            break;
        }
        page += 1;
    }
    if is_torn(&rows, whole) {
        // What fell between two pages is found by reading everything.
        source.book().full_wanted = true;
    }
    let received = source.clock.now();
    Ok(take(source, &rows, from, read_before, received))
}

/// How the server is asked for the lines `from` there on.
fn words(source: &LibreNms, from: From, now: Timestamp) -> Result<String, SourceError> {
    match from {
        From::Id(id) => Ok(id.to_string()),
        From::Time(at) | From::Recent(at) => {
            let book = source.book();
            let error = book.clock_error();
            let local = book.zone.earliest_local(error.theirs(at), error.theirs(now));
            let local = local.ok_or_else(zone_unknown)?;
            Ok(local.strftime("%Y-%m-%d %H:%M:%S").to_string())
        }
    }
}

/// Whether a server was asked by id and gives lines from before it: it took the
/// number for a time, as all did before February 2021, and so gives its whole
/// log, the oldest lines first.
fn takes_no_ids(from: From, rows: &[EventRow]) -> bool {
    matches!(from, From::Id(first) if rows.iter().any(|row| row.event_id < first))
}

fn zone_unknown() -> SourceError {
    let message = "the event log cannot be read before the zone of LibreNMS's clock is known";
    SourceError::new(Fault::ZoneUnknown, message)
}

/// Whether pages that should hold `whole` lines together hold fewer: lines of
/// one second come in any order, so more of them than pages overlap by may be
/// on two pages, and others then on none.
fn is_torn(rows: &[EventRow], whole: usize) -> bool {
    let ids: BTreeSet<u64> = rows.iter().map(|row| row.event_id).collect();
    ids.len() < whole
}

/// Puts the new ones of `rows` where they wait for a row.
fn take(
    source: &LibreNms,
    rows: &[EventRow],
    from: From,
    read_before: Option<Timestamp>,
    received: Timestamp,
) -> BTreeSet<u64> {
    let mut book = source.book();
    let error = book.clock_error();
    let written = |time: RowTime| match time {
        RowTime::Utc(at) => Some(Timestamp(at.as_millisecond())),
        RowTime::Local(local) => book.zone.meanings(local, error.theirs(received)).first().copied(),
    };
    let logged: Vec<Logged> = rows
        .iter()
        .map(|row| Logged {
            id: row.event_id,
            not_before: row.datetime.and_then(written).map(|at| error.ours(at)),
        })
        .collect();
    let (fresh, continuity) = book.log.take(from, &logged, received);
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
    let theirs = |at: Timestamp| error.theirs(at);
    let when = instants(&lines, &book.zone, floor.map(theirs), theirs(received));
    for (line, (earliest, at)) in lines.iter().zip(when) {
        let (earliest, at) = (error.ours(earliest), error.ours(at).min(received));
        if !book.wait(Waiting { line: *line, earliest, at, read_at: received }) {
            continue;
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

/// Has the devices read that lines wait for, and those that are due again; at
/// most one round of them, so that the log is read on.
async fn touch_all(
    source: &LibreNms,
    touched: BTreeSet<u64>,
    outlet: &dyn Outlet,
) -> Result<(), SourceError> {
    let now = source.clock.now();
    {
        let mut book = source.book();
        let room = TOUCHES_MAX.saturating_sub(book.backlog.len() + touched.len());
        for device_id in touched {
            let Some(device) = book.devices.get(&device_id) else { continue };
            let itself = device.lines.any_of_device();
            let cause = Evidence::Poll;
            book.look_again(Touch { device_id, itself, ports: true, cause }, now);
        }
        for device_id in book.due_follow_ups(now, room) {
            let cause = Evidence::Poll;
            book.look_again(Touch { device_id, itself: true, ports: true, cause }, now);
        }
    }
    touch::round(source, false, outlet).await.map(|_| ())
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
