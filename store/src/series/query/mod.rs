//! Reading, one file per question. Every query is bounded, sorted
//! deterministically, and reads the current revision with `FINAL`.

mod as_of;
mod availability;
mod calendar;
mod causes;
mod components;
mod current;
mod health;
mod intervals;
mod progress;
mod scan;
mod transitions;

use clickhouse::RowOwned;
use clickhouse::RowRead;
use clickhouse::query::Query;
use correlate::model::{Period, Timestamp};

use super::{EARLIEST, LATEST, QUERY_EXECUTION_SECONDS, Series, SeriesError};

pub use availability::{
    Availability, FleetAvailability, PERIODS_MAX, SUMS_MAX, ServiceAvailability,
};
pub use calendar::{CivilDay, civil_days};
pub use causes::CauseNow;
pub use current::{CurrentPage, CurrentService, Order, Page, ServiceFilter, StateCounts};
pub use health::SeriesHealth;
pub use scan::{NewestRow, SCAN_ROWS_MAX, Scan};
pub use transitions::Around;

/// Rows that one query may give: what a page or an API answer can carry.
pub const ROWS_MAX: usize = 10_000;

/// Ids that one query may ask for.
pub const IDS_MAX: usize = 1_000;

/// Rows of an answer that may have been cut off.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bounded<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Whether there were more than asked for.
    pub truncated: bool,
}

impl<T> Bounded<T> {
    /// Of rows that were asked for one more than `limit`, newest first: the
    /// newest `limit`, oldest first.
    fn newest_first(mut rows: Vec<T>, limit: usize) -> Bounded<T> {
        let truncated = rows.len() > limit;
        rows.truncate(limit);
        rows.reverse();
        Bounded { rows, truncated }
    }
}

impl Series {
    /// A query on tables whose partition follows from their key, which lets
    /// `FINAL` work partition by partition.
    pub(super) fn read(&self, sql: &str) -> Query {
        self.client
            .query_raw(sql)
            .with_setting("do_not_merge_across_partitions_select_final", "1")
            .with_setting("max_execution_time", QUERY_EXECUTION_SECONDS)
    }

    pub(super) async fn rows<R>(
        &self,
        doing: &'static str,
        query: Query,
    ) -> Result<Vec<R>, SeriesError>
    where
        R: RowOwned + RowRead,
    {
        self.guard(doing, query.fetch_all::<R>()).await
    }
}

/// `period` clipped to what ClickHouse can hold, as `(from, until)` in milliseconds.
fn clip(period: Period) -> (i64, i64) {
    (clip_instant(period.from), clip_instant(period.until))
}

pub(super) fn clip_instant(at: Timestamp) -> i64 {
    at.clamp(EARLIEST, LATEST).millis()
}

pub(super) fn check_limit(limit: usize) -> Result<(), SeriesError> {
    if (1..=ROWS_MAX).contains(&limit) {
        return Ok(());
    }
    Err(SeriesError::Invalid(format!("the limit must be 1 to {ROWS_MAX}, found {limit}")))
}

pub(super) fn check_ids(count: usize) -> Result<(), SeriesError> {
    if count <= IDS_MAX {
        return Ok(());
    }
    Err(SeriesError::Invalid(format!("at most {IDS_MAX} ids can be asked for, found {count}")))
}
