//! Questions about services, bounded by what the reader may see, and the table
//! that bounds them.
//!
//! The bounds are part of every query, so that counts, searches and sums hold
//! nothing of others either. They follow the records within seconds; whoever
//! must be exact at once asks the records for the services first.

use std::collections::BTreeSet;

use clickhouse::Row;
use clickhouse::query::Query;
use correlate::model::ServiceId;
use serde::{Deserialize, Serialize};

use super::dimension::{DIMENSION_ROWS_MAX, check_length};
use super::{Series, SeriesError};
use crate::Scope;

/// The series as far as a reader may see them.
#[derive(Clone, Copy, Debug)]
pub struct SeriesWithin<'a> {
    pub(super) series: &'a Series,
    pub(super) scope: &'a Scope,
}

#[derive(Row, Serialize)]
struct OwnerRow {
    service: String,
    customer_id: String,
    version: u64,
}

impl Series {
    /// The series as far as `scope` goes; the only way to services and their
    /// intervals.
    pub fn within<'a>(&'a self, scope: &'a Scope) -> SeriesWithin<'a> {
        SeriesWithin { series: self, scope }
    }

    /// Writes which customer services belong to, by the text of its id; empty
    /// for nobody. A row with a greater `version` replaces one with a smaller.
    /// Idempotent.
    ///
    /// # Errors
    /// More than [`DIMENSION_ROWS_MAX`] rows, or the server is away or refuses.
    pub async fn upsert_service_customers(
        &self,
        owners: &[(ServiceId, String)],
        version: u64,
    ) -> Result<(), SeriesError> {
        check_length(owners.len())?;
        let row = |(service, customer_id): &(ServiceId, String)| OwnerRow {
            service: service.as_str().to_owned(),
            customer_id: customer_id.clone(),
            version,
        };
        let mut rows: Vec<OwnerRow> = owners.iter().map(row).collect();
        rows.sort_by(|a, b| a.service.cmp(&b.service));
        self.insert::<OwnerRow>("service_customers", &rows).await
    }
}

impl SeriesWithin<'_> {
    /// A condition on `column`, a service's id, to put behind `AND`.
    pub(super) fn condition(&self, column: &str) -> String {
        if self.scope.is_everything() {
            return "1".to_owned();
        }
        format!(
            "(({column} IN (SELECT service FROM service_customers FINAL
                          WHERE customer_id IN {{scope:Array(String)}})
              AND {column} NOT IN {{lost:Array(String)}})
              OR {column} IN {{gained:Array(String)}})"
        )
    }

    /// The services that the series think belong to the customers of a bounded
    /// scope; nothing where it has no bounds.
    ///
    /// # Errors
    /// The server is away or refuses.
    pub async fn owned(&self) -> Result<BTreeSet<ServiceId>, SeriesError> {
        #[derive(Row, Deserialize)]
        struct OwnedRead {
            service: String,
        }
        let Some(ids) = self.scope.ids() else { return Ok(BTreeSet::new()) };
        let sql = "SELECT service FROM service_customers FINAL
                   WHERE customer_id IN {scope:Array(String)}";
        let query = self.series.read(sql).param("scope", ids);
        let rows = self.series.rows::<OwnedRead>("reading whose services are", query).await?;
        Ok(rows.into_iter().map(|row| ServiceId::from(row.service.as_str())).collect())
    }

    /// A query that may hold [`SeriesWithin::condition`].
    pub(super) fn read(&self, sql: &str) -> Query {
        let query = self.series.read(sql);
        match self.scope.ids() {
            None => query,
            Some(ids) => {
                let [gained, lost] = self.scope.moves().unwrap_or_default();
                query.param("scope", ids).param("gained", gained).param("lost", lost)
            }
        }
    }
}

const _: () = assert!(DIMENSION_ROWS_MAX > 0 && Scope::CUSTOMERS_MAX > 0);
