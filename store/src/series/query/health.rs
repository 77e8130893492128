//! Whether the series can be used at all.

use clickhouse::Row;
use serde::Deserialize;

use super::super::migrate::latest_known;
use super::super::{Series, SeriesError};

/// What [`Series::check`] found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeriesHealth {
    /// ClickHouse's version.
    pub version: String,
    /// The last migration that the database has; 0 before the first.
    pub migration: u32,
    /// The last migration that this build knows.
    pub migration_known: u32,
    /// What padwacht's user must be able to do to the database but may not,
    /// such as `INSERT`; empty when all is well.
    pub missing_rights: Vec<&'static str>,
}

impl SeriesHealth {
    /// Whether the pipeline can write and the pages can read.
    pub fn is_usable(&self) -> bool {
        self.migration == self.migration_known && self.missing_rights.is_empty()
    }
}

/// What the pipeline and the migrations do to the database.
const RIGHTS: [&str; 5] = ["SELECT", "INSERT", "CREATE TABLE", "CREATE VIEW", "DROP VIEW"];

#[derive(Row, Deserialize)]
struct VersionRead {
    version: String,
    databases: u64,
}

impl Series {
    /// Asks the server who it is and what may be done there.
    ///
    /// # Errors
    /// The server is away, or refuses the user or its password.
    pub async fn check(&self) -> Result<SeriesHealth, SeriesError> {
        let anywhere = self.client.clone().with_database("system");
        let query = anywhere
            .query_raw(
                "SELECT version() AS version, count() AS databases FROM system.databases
                 WHERE name = {name:String}",
            )
            .param("name", &self.config.database)
            .fetch_one::<VersionRead>();
        let found = self.guard("asking for its version", query).await?;
        let mut missing_rights = Vec::new();
        for right in RIGHTS {
            if !self.may(&anywhere, right).await? {
                missing_rights.push(right);
            }
        }
        let migration = if found.databases == 0 { 0 } else { self.last_migration().await? };
        Ok(SeriesHealth {
            version: found.version,
            migration,
            migration_known: latest_known(),
            missing_rights,
        })
    }

    async fn may(
        &self,
        anywhere: &clickhouse::Client,
        right: &'static str,
    ) -> Result<bool, SeriesError> {
        let sql = format!("CHECK GRANT {right} ON {}.*", self.config.database);
        let answer = anywhere.query_raw(&sql).fetch_one::<u8>();
        Ok(self.guard("asking for its rights", answer).await? == 1)
    }

    async fn last_migration(&self) -> Result<u32, SeriesError> {
        let books = self.client.query_raw("EXISTS TABLE schema_migrations").fetch_one::<u8>();
        if self.guard("looking for the tables", books).await? == 0 {
            return Ok(0);
        }
        Ok(self.applied_migrations().await?.last_key_value().map_or(0, |(&number, _)| number))
    }
}
