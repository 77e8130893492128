//! How far the pipeline has come.

use super::super::dimension::ProgressRow;
use super::super::{Progress, Series, SeriesError, SeriesWithin};
use super::ROWS_MAX;

impl Series {
    /// The last report of each instance of each stage, sorted by stage and
    /// instance; at most [`ROWS_MAX`] of them. Reports older than 30 days are
    /// gone.
    ///
    /// # Errors
    /// The server is away or refuses.
    pub async fn latest_progress(&self) -> Result<Vec<Progress>, SeriesError> {
        let sql = format!(
            "SELECT CAST(stage, 'String') AS stage, instance, at, frontier, epoch, lag_ms, detail
             FROM (SELECT * FROM pipeline_progress FINAL
                   ORDER BY stage, instance, at DESC LIMIT 1 BY stage, instance)
             ORDER BY stage, instance LIMIT {ROWS_MAX}"
        );
        let rows = self.rows::<ProgressRow>("reading the pipeline's progress", self.read(&sql));
        Ok(rows.await?.into_iter().map(Progress::from).collect())
    }

    /// The greatest epoch that any interval or transition was written with;
    /// `None` when there is none. The next epoch must be greater.
    ///
    /// # Errors
    /// The server is away or refuses.
    pub async fn max_version(&self) -> Result<Option<u64>, SeriesError> {
        let query = self.read(
            "SELECT if(sum(n) = 0, NULL, max(v)) FROM (
                SELECT count() AS n, max(version) AS v FROM service_interval_revisions
                UNION ALL
                SELECT count() AS n, max(version) AS v FROM component_transitions)",
        );
        self.guard("reading the greatest epoch", query.fetch_one::<Option<u64>>()).await
    }
}

impl SeriesWithin<'_> {
    /// The greatest epoch that an interval in the scope was written with;
    /// `None` when there is none. It moves when something in the scope does,
    /// and for nothing else.
    ///
    /// # Errors
    /// The server is away or refuses.
    pub async fn newest_revision(&self) -> Result<Option<u64>, SeriesError> {
        let query = self.read(&format!(
            "SELECT if(count() = 0, NULL, max(version)) FROM service_interval_revisions
             WHERE {}",
            self.condition("service")
        ));
        let doing = "reading the newest revision in a scope";
        self.series.guard(doing, query.fetch_one::<Option<u64>>()).await
    }
}
