//! How far the event log has been read, and what that means for the next page.
//!
//! Ids grow, but parallel pollers commit out of order, so each reading goes
//! back to the last line that is too old to have a late neighbour. Ids that
//! start anew (the table was emptied, another database) show when the log is
//! asked by time, which is done now and then: a line that was surely written
//! after a higher id had been read. That lines are gone shows nothing: a device
//! was deleted, or rights were lost. Servers from before February 2021 know no
//! ids in questions; they are always asked by time. Pure.

use std::collections::BTreeMap;

use correlate::model::Timestamp;

use super::facts::CLOCK_AHEAD_MS_MAX;
use crate::source::Cursor;

/// A line that is older than this has no neighbour that is still to come.
const LATE_MS_MAX: i64 = 120_000;

/// At most so many lines are read again.
const OVERLAP_LINES_MAX: usize = 200;

/// Clocks of pollers that are off by more than this are an error of their own.
const CLOCKS_MS_MAX: i64 = 2 * CLOCK_AHEAD_MS_MAX;

/// The log is asked by time after so long, and at the start.
const VERIFY_MS: i64 = 600_000;

/// How far back a server is asked each time that takes no ids: the clocks of
/// its pollers may be off, and lines may come late.
const RECENT_MS: i64 = 300_000;

/// How far back it is then asked.
pub(super) const WINDOW_MS: i64 = 900_000;

/// LibreNMS keeps its log for 30 days; a cursor that is older is of no use.
const KEPT_MS: i64 = 30 * 86_400_000;

/// The lines that are known.
#[derive(Clone, Debug, Default)]
pub(super) struct LogCursor {
    /// The highest id, 0 before the first line.
    highest: u64,
    /// When it had been read.
    highest_at: Option<Timestamp>,
    /// Lines that may be read again: their ids, and when we first saw them.
    recent: BTreeMap<u64, Timestamp>,
    /// When the log was last read to its end.
    read_at: Option<Timestamp>,
    /// When it was last asked by time.
    verified_at: Option<Timestamp>,
    /// It was taken over from an earlier process and not used yet.
    resumed: bool,
    /// The server takes no ids.
    by_time: bool,
}

/// A line as it stands in the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Logged {
    pub(super) id: u64,
    /// It was written at this instant, or later; `None` where its time is unreadable.
    pub(super) not_before: Option<Timestamp>,
}

/// What to ask for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum From {
    /// Lines with this id and above.
    Id(u64),
    /// Lines since this instant.
    Time(Timestamp),
    /// Lines since this instant, of a server that takes no ids: those from
    /// before it are known, so that there are none proves nothing.
    Recent(Timestamp),
}

/// What the lines of one reading are against what was known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Continuity {
    /// They go on where the last reading stopped.
    Unbroken,
    /// What lies between is not known.
    Broken,
}

impl LogCursor {
    /// What to ask for at `now`.
    pub(super) fn from(&self, now: Timestamp) -> From {
        let is_verified = self.verified_at.is_some_and(|at| at.plus_millis(VERIFY_MS) > now);
        if self.highest == 0 || !(is_verified || self.resumed) {
            let since = self.read_at.unwrap_or(now).plus_millis(-WINDOW_MS);
            return From::Time(since.max(now.plus_millis(-KEPT_MS)));
        }
        if self.by_time {
            let since = self.read_at.unwrap_or(now).plus_millis(-RECENT_MS);
            return From::Recent(since.max(now.plus_millis(-KEPT_MS)));
        }
        From::Id(self.recent.keys().next().map_or(self.highest, |first| first - 1) + 1)
    }

    /// Whether the server takes no ids in questions.
    pub(super) fn is_by_time(&self) -> bool {
        self.by_time
    }

    /// Says that the server takes no ids, or that it does.
    pub(super) fn set_by_time(&mut self, by_time: bool) {
        self.by_time = by_time;
    }

    /// Takes in the lines of a complete reading from `asked`, read at `now`, in
    /// the server's order. Gives which of them are new, by place, and whether
    /// anything may be missing.
    pub(super) fn take(
        &mut self,
        asked: From,
        lines: &[Logged],
        now: Timestamp,
    ) -> (Vec<usize>, Continuity) {
        let ids: Vec<u64> = lines.iter().map(|line| line.id).collect();
        let highest = ids.iter().copied().max().unwrap_or(0);
        let was_read = self.read_at.is_some();
        let is_later = |line: &Logged| {
            let late = self.highest_at.map(|at| at.plus_millis(LATE_MS_MAX + CLOCKS_MS_MAX));
            late.is_some() && line.not_before > late
        };
        let is_reset = highest < self.highest && lines.iter().any(is_later);
        if is_reset {
            (self.highest, self.highest_at, self.recent) = (0, None, BTreeMap::new());
        }
        let first_known = self.recent.keys().next().copied().unwrap_or(self.highest + 1);
        let is_new = |id: u64| id >= first_known && !self.recent.contains_key(&id);
        let mut fresh: Vec<usize> = (0..ids.len()).filter(|&place| is_new(ids[place])).collect();
        fresh.sort_by_key(|&place| ids[place]);
        fresh.dedup_by_key(|place| ids[*place]);
        for &place in &fresh {
            self.recent.insert(ids[place], now);
        }
        if highest > self.highest {
            (self.highest, self.highest_at) = (highest, Some(now));
        }
        while self.recent.len() > OVERLAP_LINES_MAX
            || self
                .recent
                .first_key_value()
                .is_some_and(|(_, &at)| at.plus_millis(LATE_MS_MAX) < now)
        {
            self.recent.pop_first();
        }
        if matches!(asked, From::Time(_)) {
            self.verified_at = Some(now);
        }
        (self.read_at, self.resumed) = (Some(now), false);
        match was_read && !is_reset {
            true => (fresh, Continuity::Unbroken),
            false => (fresh, Continuity::Broken),
        }
    }

    /// When the log was last read to its end.
    pub(super) fn read_at(&self) -> Option<Timestamp> {
        self.read_at
    }

    /// For a later process, which is to read the line `waits` again, and those
    /// after it.
    pub(super) fn save(&self, waits: Option<u64>) -> Option<Cursor> {
        let read_at = self.read_at?;
        let first = self.recent.keys().next().copied().into_iter().chain(waits).min();
        let first = first.map_or(self.highest, |first| self.highest.min(first.saturating_sub(1)));
        Some(Cursor(format!("librenms 1 {first} {}", read_at.millis()).into()))
    }

    /// Goes on from what an earlier process saved, unless it is too old.
    pub(super) fn resume(&mut self, cursor: &Cursor, now: Timestamp) {
        let mut words = cursor.0.split(' ');
        let is_ours = words.next() == Some("librenms") && words.next() == Some("1");
        let mut number = || words.next().and_then(|word| word.parse::<i64>().ok());
        let (Some(highest), Some(read_at)) = (number(), number()) else { return };
        let is_usable = read_at >= now.millis().saturating_sub(KEPT_MS) && read_at <= now.millis();
        if let (true, true, Ok(highest)) = (is_ours, is_usable, u64::try_from(highest)) {
            *self = LogCursor {
                highest,
                highest_at: Some(Timestamp(read_at)),
                read_at: Some(Timestamp(read_at)),
                resumed: highest > 0,
                by_time: self.by_time,
                ..LogCursor::default()
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(100_000_000 + seconds * SECOND)
    }

    /// The ids that are new.
    fn take(cursor: &mut LogCursor, ids: &[u64], seconds: i64) -> (Vec<u64>, Continuity) {
        take_written(cursor, ids, seconds, seconds)
    }

    /// The same of lines that were written at `written` seconds.
    fn take_written(
        cursor: &mut LogCursor,
        ids: &[u64],
        written: i64,
        seconds: i64,
    ) -> (Vec<u64>, Continuity) {
        let asked = cursor.from(at(seconds));
        let logged = |&id: &u64| Logged { id, not_before: Some(at(written)) };
        let lines: Vec<_> = ids.iter().map(logged).collect();
        let (fresh, continuity) = cursor.take(asked, &lines, at(seconds));
        (fresh.into_iter().map(|place| ids[place]).collect(), continuity)
    }

    #[test]
    fn the_first_reading_asks_by_time_and_the_next_go_on() {
        let mut cursor = LogCursor::default();
        assert_eq!(cursor.from(at(0)), From::Time(at(-900)));
        assert_eq!(take(&mut cursor, &[11, 12], 0), (vec![11, 12], Continuity::Broken));
        assert_eq!(cursor.from(at(60)), From::Id(11));
        assert_eq!(take(&mut cursor, &[11, 12, 14], 60), (vec![14], Continuity::Unbroken));
        // Those of the beginning have no late neighbours any more.
        assert_eq!(take(&mut cursor, &[14], 121), (vec![], Continuity::Unbroken));
        assert_eq!(cursor.from(at(122)), From::Id(14));
        assert_eq!(take(&mut cursor, &[], 300), (vec![], Continuity::Unbroken));
        assert_eq!(cursor.from(at(301)), From::Id(15));
    }

    #[test]
    fn lines_that_are_committed_late_are_found_once() {
        let mut cursor = LogCursor::default();
        take(&mut cursor, &[11, 14], 0);
        assert_eq!(take(&mut cursor, &[11, 13, 14, 12], 10).0, [12, 13]);
        assert_eq!(take(&mut cursor, &[11, 12, 13, 14], 20).0, Vec::<u64>::new());
    }

    #[test]
    fn a_quiet_log_goes_on_being_asked_by_time() {
        let mut cursor = LogCursor::default();
        take(&mut cursor, &[], 0);
        assert!(matches!(cursor.from(at(15)), From::Time(_)));
        assert_eq!(take(&mut cursor, &[5], 15), (vec![5], Continuity::Unbroken));
    }

    #[test]
    fn ids_that_start_anew_are_noticed() {
        let mut cursor = LogCursor::default();
        take(&mut cursor, &[880_001, 880_002], 0);
        assert_eq!(take(&mut cursor, &[], 300), (vec![], Continuity::Unbroken));
        assert!(matches!(cursor.from(at(601)), From::Time(_)), "asked by time now and then");
        assert_eq!(take(&mut cursor, &[1, 2], 601), (vec![1, 2], Continuity::Broken));
        assert_eq!(take(&mut cursor, &[1, 2, 3], 610), (vec![3], Continuity::Unbroken));
    }

    #[test]
    fn lines_that_are_gone_are_no_new_beginning() {
        let mut cursor = LogCursor::default();
        take(&mut cursor, &[11, 12, 13], 0);
        assert_eq!(take(&mut cursor, &[], 550), (vec![], Continuity::Unbroken));
        // The device of the newest ones was deleted, or is not ours to see any more.
        assert!(matches!(cursor.from(at(601)), From::Time(_)));
        assert_eq!(take_written(&mut cursor, &[11], 0, 601), (vec![], Continuity::Unbroken));
        assert_eq!(take(&mut cursor, &[14], 620), (vec![14], Continuity::Unbroken));
    }

    #[test]
    fn lines_that_are_gone_since_an_earlier_process_are_no_new_beginning() {
        let mut cursor = LogCursor::default();
        take(&mut cursor, &[11, 12, 13], 0);
        let mut next = LogCursor::default();
        next.resume(&cursor.save(None).unwrap(), at(60));
        assert_eq!(take(&mut next, &[], 60), (vec![], Continuity::Unbroken));
        let after = take_written(&mut next, &[9, 10], -5, 61);
        assert_eq!(after, (vec![], Continuity::Unbroken));
        // But these were written since.
        assert_eq!(take(&mut next, &[3, 4], 700), (vec![3, 4], Continuity::Broken));
    }

    #[test]
    fn a_later_process_reads_again_what_waits_for_its_row() {
        let mut cursor = LogCursor::default();
        take(&mut cursor, &[11, 12, 13], 0);
        take(&mut cursor, &[], 300);
        let from = |waits| {
            let mut next = LogCursor::default();
            next.resume(&cursor.save(waits).unwrap(), at(310));
            next.from(at(310))
        };
        assert_eq!(from(None), From::Id(14));
        assert_eq!(from(Some(12)), From::Id(12));
        assert_eq!(from(Some(90)), From::Id(14), "it belongs to ids of before");
    }

    #[test]
    fn a_purge_of_old_lines_changes_nothing() {
        let mut cursor = LogCursor::default();
        take(&mut cursor, &[7, 8], 0);
        assert_eq!(take(&mut cursor, &[], 601), (vec![], Continuity::Unbroken));
        assert_eq!(take(&mut cursor, &[9], 620), (vec![9], Continuity::Unbroken));
    }

    #[test]
    fn a_server_that_takes_no_ids_is_asked_by_time_with_an_overlap() {
        let mut cursor = LogCursor::default();
        cursor.set_by_time(true);
        assert_eq!(take(&mut cursor, &[11, 12], 0), (vec![11, 12], Continuity::Broken));
        assert_eq!(cursor.from(at(1)), From::Recent(at(-300)));
        assert_eq!(take(&mut cursor, &[11, 12, 14], 1), (vec![14], Continuity::Unbroken));
        // Committed late, and beside lines that are known.
        assert_eq!(take(&mut cursor, &[11, 12, 13, 14], 2), (vec![13], Continuity::Unbroken));
        // The newest line has left the window before an older one.
        assert_eq!(take_written(&mut cursor, &[13], 2, 301), (vec![], Continuity::Unbroken));
        assert_eq!(take(&mut cursor, &[15], 302), (vec![15], Continuity::Unbroken));
        assert!(matches!(cursor.from(at(601)), From::Time(_)), "further back now and then");
    }

    #[test]
    fn a_later_process_goes_on_where_this_one_stopped() {
        let mut cursor = LogCursor::default();
        take(&mut cursor, &[11, 12], 0);
        let saved = cursor.save(None).unwrap();
        let mut next = LogCursor::default();
        next.resume(&saved, at(86_400));
        assert_eq!(next.from(at(86_400)), From::Id(11));
        let (fresh, continuity) = take(&mut next, &[11, 12, 13], 86_400);
        assert_eq!((fresh, continuity), (vec![11, 12, 13], Continuity::Unbroken));
    }

    #[test]
    fn a_cursor_that_is_old_or_strange_is_passed_over() {
        for words in
            ["", "zabbix 1 2 3", "librenms 1 x 5", "librenms 1 5", "librenms 1 9 99999999999999"]
        {
            let mut cursor = LogCursor::default();
            cursor.resume(&Cursor(words.into()), at(0));
            assert!(matches!(cursor.from(at(0)), From::Time(_)), "{words:?}");
        }
        let mut cursor = LogCursor::default();
        let old = Cursor(format!("librenms 1 5 {}", at(0).millis()).into());
        cursor.resume(&old, at(31 * 86_400));
        assert_eq!(cursor.read_at(), None);
    }
}
