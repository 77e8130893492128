//! Versioned migrations: the numbered files of `store/migrations/clickhouse`.
//!
//! ClickHouse has no transactions over DDL, so every statement is idempotent
//! on its own (`IF NOT EXISTS`, `OR REPLACE`): a migration that broke half-way
//! is simply run again, and several processes may migrate at once. A file
//! that was applied never changes; its checksum is kept and compared.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clickhouse::Row;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{Series, SeriesError, statement};

struct Migration {
    number: u32,
    name: &'static str,
    sql: &'static str,
}

/// Every migration, in order.
const MIGRATIONS: [Migration; 7] = [
    Migration {
        number: 1,
        name: "0001_series",
        sql: include_str!("../../migrations/clickhouse/0001_series.sql"),
    },
    Migration {
        number: 2,
        name: "0002_bi_views",
        sql: include_str!("../../migrations/clickhouse/0002_bi_views.sql"),
    },
    Migration {
        number: 3,
        name: "0003_set_aside",
        sql: include_str!("../../migrations/clickhouse/0003_set_aside.sql"),
    },
    Migration {
        number: 4,
        name: "0004_component_evidence",
        sql: include_str!("../../migrations/clickhouse/0004_component_evidence.sql"),
    },
    Migration {
        number: 5,
        name: "0005_service_customers",
        sql: include_str!("../../migrations/clickhouse/0005_service_customers.sql"),
    },
    Migration {
        number: 6,
        name: "0006_component_evidence_view",
        sql: include_str!("../../migrations/clickhouse/0006_component_evidence_view.sql"),
    },
    Migration {
        number: 7,
        name: "0007_component_reasons",
        sql: include_str!("../../migrations/clickhouse/0007_component_reasons.sql"),
    },
];

const BOOKS: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    number UInt32 COMMENT 'Number of the migration file',
    name String COMMENT 'Name of the migration file',
    checksum String COMMENT 'SHA-256 of the file as applied',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was applied'
) ENGINE = ReplacingMergeTree(applied_at) ORDER BY number
COMMENT 'Which migrations of padwacht this database has seen'";

/// One migration that a call of [`Series::migrate`] applied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AppliedMigration {
    /// Its number, from 1.
    pub number: u32,
    /// Its file name without `.sql`.
    pub name: &'static str,
}

#[derive(Row, Deserialize)]
struct BookRow {
    number: u32,
    checksum: String,
}

/// The greatest migration number that this build knows.
pub(super) const fn latest_known() -> u32 {
    MIGRATIONS[MIGRATIONS.len() - 1].number
}

impl Series {
    /// Creates the database where it is absent and brings its tables and
    /// views up to date; what is up to date already is left alone.
    ///
    /// # Errors
    /// The server is away or refuses; an applied migration has other content
    /// than this build's; the database is ahead of this build.
    pub async fn migrate(&self) -> Result<Vec<AppliedMigration>, SeriesError> {
        self.ensure_database().await?;
        self.execute("creating the table schema_migrations", BOOKS).await?;
        let seen = self.applied_migrations().await?;
        if let Some((&number, _)) = seen.last_key_value()
            && number > latest_known()
        {
            return Err(SeriesError::MigrationUnknown { number, known: latest_known() });
        }
        let mut applied = Vec::new();
        for migration in &MIGRATIONS {
            let expected = checksum(migration.sql);
            match seen.get(&migration.number) {
                Some(found) if *found == expected => {}
                Some(found) => {
                    return Err(SeriesError::MigrationChanged {
                        name: migration.name.to_owned(),
                        applied: found.clone(),
                        expected,
                    });
                }
                None => {
                    self.apply(migration, &expected).await?;
                    applied
                        .push(AppliedMigration { number: migration.number, name: migration.name });
                }
            }
        }
        Ok(applied)
    }

    /// The checksum of each applied migration, by number.
    pub(super) async fn applied_migrations(&self) -> Result<BTreeMap<u32, String>, SeriesError> {
        let query = self
            .client
            .query("SELECT number, checksum FROM schema_migrations FINAL ORDER BY number")
            .fetch_all::<BookRow>();
        let rows = self.guard("reading the table schema_migrations", query).await?;
        Ok(rows.into_iter().map(|row| (row.number, row.checksum)).collect())
    }

    /// Asks first, because a user may own the database without the right to
    /// create one.
    async fn ensure_database(&self) -> Result<(), SeriesError> {
        let anywhere = self.client.clone().with_database("system");
        let query = anywhere
            .query("SELECT count() FROM system.databases WHERE name = {name:String}")
            .param("name", &self.config.database)
            .fetch_one::<u64>();
        if self.guard("looking for the database", query).await? == 0 {
            let sql = format!("CREATE DATABASE IF NOT EXISTS {}", self.config.database);
            self.guard("creating the database", anywhere.query_raw(&sql).execute()).await?;
        }
        Ok(())
    }

    async fn apply(&self, migration: &Migration, checksum: &str) -> Result<(), SeriesError> {
        for sql in statement::split(migration.sql) {
            self.execute("applying a migration", sql).await?;
        }
        let entry = format!(
            "INSERT INTO schema_migrations (number, name, checksum) \
             SETTINGS async_insert = 0 VALUES ({}, '{}', '{checksum}')",
            migration.number, migration.name
        );
        self.execute("recording a migration", &entry).await?;
        tracing::info!(migration = migration.name, "applied a series migration");
        Ok(())
    }
}

fn checksum(sql: &str) -> String {
    hex(&Sha256::digest(sql.as_bytes()))
}

/// Lower-case hexadecimal digits of `bytes`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_numbered_from_one_without_gaps() {
        for (index, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(migration.number as usize, index + 1);
            assert!(migration.name.starts_with(&format!("{:04}_", migration.number)));
        }
    }

    #[test]
    fn every_statement_may_run_twice() {
        for migration in &MIGRATIONS {
            for sql in statement::split(migration.sql) {
                assert!(
                    sql.starts_with("CREATE TABLE IF NOT EXISTS ")
                        || sql.starts_with("CREATE OR REPLACE VIEW ")
                        || sql.contains(" IF NOT EXISTS "),
                    "{}: {sql}",
                    migration.name
                );
            }
        }
    }
}
