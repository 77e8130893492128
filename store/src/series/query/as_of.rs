//! What was believed at an earlier moment.

use correlate::model::{Interval, Period, ServiceId, Timestamp};

use super::super::row::IntervalRead;
use super::super::{SeriesError, SeriesWithin};
use super::{Bounded, check_limit, clip, clip_instant};

impl SeriesWithin<'_> {
    /// As [`SeriesWithin::intervals`], but with the revisions recorded up to and
    /// including `as_of` alone.
    ///
    /// # Errors
    /// As [`SeriesWithin::intervals`].
    pub async fn intervals_as_of(
        &self,
        service: &ServiceId,
        period: Period,
        as_of: Timestamp,
        limit: usize,
    ) -> Result<Bounded<Interval>, SeriesError> {
        check_limit(limit)?;
        let (from, until) = clip(period);
        let sql = format!(
            "SELECT {} FROM (
                SELECT * FROM service_interval_revisions FINAL
                WHERE service = {{service:String}} AND {}
                  AND start < fromUnixTimestamp64Milli({{until:Int64}}, 'UTC')
                  AND recorded_at <= fromUnixTimestamp64Milli({{as_of:Int64}}, 'UTC')
                ORDER BY start DESC, version DESC LIMIT 1 BY start
             ) AS believed
             WHERE withdrawn = 0
               AND (end IS NULL OR end > fromUnixTimestamp64Milli({{from:Int64}}, 'UTC'))
             ORDER BY believed.start DESC LIMIT {{limit:UInt64}}",
            IntervalRead::COLUMNS,
            self.condition("service")
        );
        let query = self
            .read(&sql)
            .param("service", service.as_str())
            .param("from", from)
            .param("until", until)
            .param("as_of", clip_instant(as_of))
            .param("limit", limit as u64 + 1);
        let rows = self.series.rows::<IntervalRead>("reading earlier revisions", query).await?;
        let rows = rows.into_iter().map(IntervalRead::into_interval).collect::<Result<_, _>>()?;
        Ok(Bounded::newest_first(rows, limit))
    }
}
