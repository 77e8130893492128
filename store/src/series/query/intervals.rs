//! The intervals of one service that touch a period.

use correlate::model::{Interval, Period, ServiceId};

use super::super::row::IntervalRead;
use super::super::{SeriesError, SeriesWithin};
use super::{Bounded, check_limit, clip};

impl SeriesWithin<'_> {
    /// The intervals of `service` that share an instant with `period`, whole
    /// (not clipped to it), oldest first. Where there are more than `limit`,
    /// the newest are given.
    ///
    /// # Errors
    /// `limit` outside `1..=`[`ROWS_MAX`](super::super::ROWS_MAX), or the server is away or
    /// refuses.
    pub async fn intervals(
        &self,
        service: &ServiceId,
        period: Period,
        limit: usize,
    ) -> Result<Bounded<Interval>, SeriesError> {
        check_limit(limit)?;
        let (from, until) = clip(period);
        let sql = format!(
            "SELECT {} FROM service_intervals FINAL
             WHERE service = {{service:String}} AND {}
               AND start < fromUnixTimestamp64Milli({{until:Int64}}, 'UTC')
               AND (end IS NULL OR end > fromUnixTimestamp64Milli({{from:Int64}}, 'UTC'))
             ORDER BY service_intervals.start DESC LIMIT {{limit:UInt64}}",
            IntervalRead::COLUMNS,
            self.condition("service")
        );
        let query = self
            .read(&sql)
            .param("service", service.as_str())
            .param("from", from)
            .param("until", until)
            .param("limit", limit as u64 + 1);
        let rows =
            self.series.rows::<IntervalRead>("reading the intervals of a service", query).await?;
        let rows = rows.into_iter().map(IntervalRead::into_interval).collect::<Result<_, _>>()?;
        Ok(Bounded::newest_first(rows, limit))
    }
}
