//! Which components are to blame at present, and for how much.

use clickhouse::Row;
use correlate::model::{ComponentId, ServiceId, Timestamp};
use serde::Deserialize;

use super::super::{SeriesError, SeriesWithin};
use super::current::CURRENT;
use super::{Bounded, check_limit};

/// How many services a cause names; the rest are counted.
const EXAMPLES_MAX: usize = 5;

/// A component and what it is to blame for at present.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CauseNow {
    /// The component.
    pub component: ComponentId,
    /// Services that are down with it among their causes.
    pub services_down: u64,
    /// Services that are degraded with it among their causes.
    pub services_degraded: u64,
    /// Services that are in maintenance with it among their causes.
    pub services_maintenance: u64,
    /// Services that are unknown with it among their causes.
    pub services_unknown: u64,
    /// Since when the first of those services has its state.
    pub since: Timestamp,
    /// Some of those services, those that are down first, then by id.
    pub examples: Vec<ServiceId>,
}

#[derive(Row, Deserialize)]
struct CauseRead {
    component: String,
    down: u64,
    degraded: u64,
    maintenance: u64,
    unknown: u64,
    since_ms: i64,
    examples: Vec<String>,
}

impl SeriesWithin<'_> {
    /// The components to blame at present, those with most services down
    /// first, then most unknown, then most degraded.
    ///
    /// # Errors
    /// `limit` outside `1..=`[`ROWS_MAX`](super::super::ROWS_MAX), or the server is away or
    /// refuses.
    pub async fn causes_now(&self, limit: usize) -> Result<Bounded<CauseNow>, SeriesError> {
        check_limit(limit)?;
        let scope = self.condition("id");
        let sql = format!(
            "SELECT component, countIf(state_number = 2) AS down,
                    countIf(state_number = 1) AS degraded,
                    countIf(state_number = 3) AS maintenance,
                    countIf(state_number = 4) AS unknown,
                    min(since_ms) AS since_ms,
                    arraySlice(arrayMap(pair -> pair.2,
                        arraySort(groupArray((state_number != 2, id)))), 1, {EXAMPLES_MAX})
                    AS examples
             FROM (SELECT id, state_number, since_ms, arrayJoin(cause) AS component
                   FROM ({CURRENT}) WHERE {scope})
             GROUP BY component
             ORDER BY down DESC, unknown DESC, degraded DESC, component
             LIMIT {{limit:UInt64}}"
        );
        let query = self.read(&sql).param("limit", limit as u64 + 1);
        let mut rows = self.series.rows::<CauseRead>("reading the present causes", query).await?;
        let truncated = rows.len() > limit;
        rows.truncate(limit);
        let rows = rows.into_iter().map(cause_now).collect();
        Ok(Bounded { rows, truncated })
    }
}

fn cause_now(row: CauseRead) -> CauseNow {
    CauseNow {
        component: ComponentId::from(row.component),
        services_down: row.down,
        services_degraded: row.degraded,
        services_maintenance: row.maintenance,
        services_unknown: row.unknown,
        since: Timestamp(row.since_ms),
        examples: row.examples.into_iter().map(ServiceId::from).collect(),
    }
}
