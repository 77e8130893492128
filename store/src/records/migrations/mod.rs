//! The versions of the schema, in order; each is a SQL file that never changes
//! once it has been released.
//!
//! The SQL is the common part of SQLite and PostgreSQL. `{text}` stands for a
//! text column that compares bytewise (on PostgreSQL `text COLLATE "C"`), so
//! that both databases sort alike whatever the cluster's locale.

use std::collections::BTreeSet;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, EntityTrait,
    Statement,
};
use sea_orm_migration::{
    IntoSchemaManagerConnection, MigrationName, MigrationTrait, MigratorTrait, SchemaManager,
    async_trait, seaql_migrations,
};

use super::database::DatabaseKind;
use super::error::{Doing, RecordsError};
use super::{audit, services};

const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_definitions", include_str!("0001_definitions.sql")),
    ("0002_sources", include_str!("0002_sources.sql")),
    ("0003_access", include_str!("0003_access.sql")),
    (SERVICE_COMPONENTS, include_str!("0004_service_components.sql")),
    ("0005_push", include_str!("0005_push.sql")),
    ("0006_sync_jobs", include_str!("0006_sync_jobs.sql")),
    ("0007_people", include_str!("0007_people.sql")),
    (AUDIT_CHAIN, include_str!("0008_audit_chain.sql")),
    ("0009_audit_order", include_str!("0009_audit_order.sql")),
    ("0010_source_detail", include_str!("0010_source_detail.sql")),
    ("0011_mails", include_str!("0011_mails.sql")),
    ("0012_password_resets", include_str!("0012_password_resets.sql")),
    ("0013_factors", include_str!("0013_factors.sql")),
    ("0014_single_sign_on", include_str!("0014_single_sign_on.sql")),
    ("0015_access_log", include_str!("0015_access_log.sql")),
    ("0016_sealing", include_str!("0016_sealing.sql")),
    ("0017_nms_tokens", include_str!("0017_nms_tokens.sql")),
    (AUDIT_APPEND_ONLY, include_str!("0018_audit_append_only.sql")),
    ("0019_access_limits", include_str!("0019_access_limits.sql")),
    ("0020_device_standing", include_str!("0020_device_standing.sql")),
    ("0021_sign_in_strength", include_str!("0021_sign_in_strength.sql")),
    ("0022_monitored", include_str!("0022_monitored.sql")),
];

/// Its table is filled from definitions, which no SQL reads on both databases.
const SERVICE_COMPONENTS: &str = "0004_service_components";

/// Entries that are there are hashed, which no SQL does on both databases.
const AUDIT_CHAIN: &str = "0008_audit_chain";

/// Its triggers are written in the language of each database.
const AUDIT_APPEND_ONLY: &str = "0018_audit_append_only";

/// Key of the advisory lock that keeps processes from migrating together;
/// any constant that nothing else in the database uses ("padwacht" in ASCII).
const MIGRATION_LOCK: i64 = 0x7061_6477_6163_6874;

struct SqlMigration {
    name: &'static str,
    sql: &'static str,
}

impl MigrationName for SqlMigration {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for SqlMigration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = match manager.get_database_backend() {
            DbBackend::Postgres => "text COLLATE \"C\"",
            _ => "text",
        };
        let sql = self.sql.replace("{text}", text);
        manager.get_connection().execute_unprepared(&sql).await?;
        let filled = match self.name {
            SERVICE_COMPONENTS => services::fill_components(manager.get_connection()).await,
            AUDIT_CHAIN => audit::chain_what_is_there(manager.get_connection()).await,
            AUDIT_APPEND_ONLY => {
                let triggers = match manager.get_database_backend() {
                    DbBackend::Postgres => include_str!("0018_audit_append_only.postgres.sql"),
                    _ => include_str!("0018_audit_append_only.sqlite.sql"),
                };
                manager.get_connection().execute_unprepared(triggers).await?;
                Ok(())
            }
            _ => Ok(()),
        };
        filled.map_err(|error| DbErr::Migration(error.to_string()))
    }
}

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        MIGRATIONS
            .iter()
            .map(|&(name, sql)| Box::new(SqlMigration { name, sql }) as Box<dyn MigrationTrait>)
            .collect()
    }
}

/// Runs what is missing within `tx`, after every other process that migrates.
pub(super) async fn run(tx: &DatabaseTransaction, kind: DatabaseKind) -> Result<(), RecordsError> {
    const DOING: &str = "migrating the schema";
    if kind == DatabaseKind::Postgres {
        let lock = Statement::from_sql_and_values(
            DbBackend::Postgres,
            "SELECT pg_advisory_xact_lock($1)",
            [MIGRATION_LOCK.into()],
        );
        tx.execute_raw(lock).await.doing(DOING)?;
    }
    refuse_unknown(&applied(tx).await?)?;
    Migrator::up(tx, None).await.doing(DOING)
}

/// Whether the schema is exactly that of this version.
pub(super) async fn check(db: &DatabaseConnection) -> Result<(), RecordsError> {
    let applied = applied(db).await?;
    refuse_unknown(&applied)?;
    let missing: Vec<String> = MIGRATIONS
        .iter()
        .map(|&(name, _)| name.to_owned())
        .filter(|name| !applied.contains(name))
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(RecordsError::SchemaBehind { missing }) }
}

fn refuse_unknown(applied: &BTreeSet<String>) -> Result<(), RecordsError> {
    let known = |name: &str| MIGRATIONS.iter().any(|&(known, _)| known == name);
    match applied.iter().rev().find(|name| !known(name)) {
        Some(newest) => Err(RecordsError::SchemaAhead { newest: newest.clone() }),
        None => Ok(()),
    }
}

async fn applied<'c>(
    db: impl IntoSchemaManagerConnection<'c>,
) -> Result<BTreeSet<String>, RecordsError> {
    const DOING: &str = "reading the version of the schema";
    let manager = SchemaManager::new(db);
    let table = Migrator::migration_table_name().to_string();
    if !manager.has_table(table).await.doing(DOING)? {
        return Ok(BTreeSet::new());
    }
    let rows = seaql_migrations::Entity::find().all(manager.get_connection()).await.doing(DOING)?;
    Ok(rows.into_iter().map(|row| row.version).collect())
}
