//! Reading whole tables, page by page: what the correlate stage rebuilds its
//! state from, and compares what it rebuilt with.
//!
//! A page starts after the last key of the page before, so a reader may stop,
//! repeat a page or go on after a failure; rows that are written meanwhile may
//! or may not be seen.

use clickhouse::Row;
use clickhouse::query::Query;
use correlate::model::{ComponentId, Interval, ServiceId, Timestamp};
use serde::Deserialize;

use super::super::row::{CauseMoves, IntervalRead, texts};
use super::super::{Series, SeriesError, Transition};
use super::transitions::TransitionRead;
use super::{check_ids, clip_instant};

/// Rows in one page: large enough that a page's overhead does not matter,
/// small enough for memory.
pub const SCAN_ROWS_MAX: usize = 100_000;

/// Above this a sort goes through the disk: nobody waits for a scan, and
/// pages that people read must find memory.
const SCAN_SORT_BYTES: &str = "500000000";

/// Which rows a scan reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scan<'a, Id> {
    /// Those of every id.
    All,
    /// Those of at most [`IDS_MAX`](super::super::IDS_MAX) ids.
    Of(&'a [Id]),
}

/// The newest row that the correlate stage wrote.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NewestRow {
    /// The greatest version.
    pub version: u64,
    /// When the newest row was found.
    pub recorded_at: Timestamp,
}

#[derive(Row, Deserialize)]
struct NewestRead {
    rows: u64,
    version: u64,
    recorded_ms: i64,
}

/// One row of `service_intervals` with its service.
#[derive(Row, Deserialize)]
struct OwnedIntervalRead {
    service: String,
    start_ms: i64,
    end_ms: Option<i64>,
    state_number: i8,
    cause: Vec<String>,
    cause_moves: CauseMoves,
}

impl Series {
    /// The greatest version and the latest `recorded_at` of any interval or
    /// transition; `None` when there is no row at all.
    ///
    /// # Errors
    /// The server is away or refuses.
    pub async fn newest_row(&self) -> Result<Option<NewestRow>, SeriesError> {
        let columns = "count() AS n, max(version) AS v,
             max(toUnixTimestamp64Milli(recorded_at)) AS r";
        let query = self.read(&format!(
            "SELECT sum(n) AS rows, max(v) AS version, max(r) AS recorded_ms FROM (
                SELECT {columns} FROM service_interval_revisions
                UNION ALL SELECT {columns} FROM component_transitions)"
        ));
        let row = self.guard("reading the newest row", query.fetch_one::<NewestRead>()).await?;
        let newest = NewestRow { version: row.version, recorded_at: Timestamp(row.recorded_ms) };
        Ok((row.rows > 0).then_some(newest))
    }

    /// A page of the current transitions before `before`, sorted by component,
    /// then instant: those after `after`, at most [`SCAN_ROWS_MAX`]. An empty
    /// page is the end.
    ///
    /// # Errors
    /// More than [`IDS_MAX`](super::super::IDS_MAX) ids, or the server is away or refuses.
    pub async fn scan_transitions(
        &self,
        which: Scan<'_, ComponentId>,
        before: Timestamp,
        after: Option<&Transition>,
    ) -> Result<Vec<Transition>, SeriesError> {
        let (only, ids) = chosen("component", which)?;
        let sql = format!(
            "SELECT component, toUnixTimestamp64Milli(at) AS at_ms,
                    CAST(state, 'Int8') AS state_number
             FROM component_transitions FINAL
             WHERE {only} AND at < fromUnixTimestamp64Milli({{before:Int64}}, 'UTC')
               AND component >= {{component:String}}
               AND (component, at) >
                   ({{component:String}}, fromUnixTimestamp64Milli({{at:Int64}}, 'UTC'))
             ORDER BY component, at LIMIT {SCAN_ROWS_MAX}"
        );
        let start = (String::new(), clip_instant(Timestamp::MIN));
        let (component, at) =
            after.map_or(start, |last| (last.component.to_string(), clip_instant(last.at)));
        let query = self
            .scan(&sql, ids)
            .param("before", clip_instant(before))
            .param("component", component)
            .param("at", at);
        let rows = self.rows::<TransitionRead>("reading all transitions", query).await?;
        rows.into_iter().map(TransitionRead::into_transition).collect()
    }

    /// A page of the current intervals that start before `before`, sorted by
    /// service, then start: those after the interval `after`, at most
    /// [`SCAN_ROWS_MAX`]. An empty page is the end.
    ///
    /// # Errors
    /// As [`Series::scan_transitions`].
    pub async fn scan_intervals(
        &self,
        which: Scan<'_, ServiceId>,
        before: Timestamp,
        after: Option<(&ServiceId, Timestamp)>,
    ) -> Result<Vec<(ServiceId, Interval)>, SeriesError> {
        let (only, ids) = chosen("service", which)?;
        let sql = format!(
            "SELECT service, {} FROM service_intervals FINAL
             WHERE {only}
               AND service_intervals.start < fromUnixTimestamp64Milli({{before:Int64}}, 'UTC')
               AND service >= {{service:String}}
               AND (service, service_intervals.start) >
                   ({{service:String}}, fromUnixTimestamp64Milli({{start:Int64}}, 'UTC'))
             ORDER BY service, service_intervals.start LIMIT {SCAN_ROWS_MAX}",
            IntervalRead::COLUMNS
        );
        let (service, start) = match after {
            Some((service, start)) => (service.to_string(), clip_instant(start)),
            None => (String::new(), clip_instant(Timestamp::MIN)),
        };
        let query = self
            .scan(&sql, ids)
            .param("before", clip_instant(before))
            .param("service", service)
            .param("start", start);
        let rows = self.rows::<OwnedIntervalRead>("reading all intervals", query).await?;
        rows.into_iter().map(OwnedIntervalRead::into_parts).collect()
    }

    fn scan(&self, sql: &str, ids: Option<Vec<String>>) -> Query {
        let query = self.read(sql).with_setting("max_bytes_before_external_sort", SCAN_SORT_BYTES);
        match ids {
            Some(ids) => query.param("ids", ids),
            None => query,
        }
    }
}

/// The condition for a choice of ids, and the value of its parameter.
fn chosen<Id: AsRef<str>>(
    column: &str,
    which: Scan<'_, Id>,
) -> Result<(String, Option<Vec<String>>), SeriesError> {
    match which {
        Scan::All => Ok((String::from("1"), None)),
        Scan::Of(ids) => {
            check_ids(ids.len())?;
            Ok((format!("{column} IN {{ids:Array(String)}}"), Some(texts(ids))))
        }
    }
}

impl OwnedIntervalRead {
    fn into_parts(self) -> Result<(ServiceId, Interval), SeriesError> {
        let interval = IntervalRead {
            start_ms: self.start_ms,
            end_ms: self.end_ms,
            state_number: self.state_number,
            cause: self.cause,
            cause_moves: self.cause_moves,
        };
        Ok((ServiceId::from(self.service), interval.into_interval()?))
    }
}
