//! A database for one test, and the values that tests are made of.

use std::sync::atomic::{AtomicU32, Ordering};

use correlate::model::{ServiceDefinition, ServiceId, Timestamp};
use sea_orm::ConnectionTrait;
use serde_json::Value;
use store::Keyring;
use store::records::{Actor, Records, ServiceDraft};

const ADMIN_URL: &str = "PADWACHT_TEST_POSTGRES";

/// An empty database with the schema of today.
pub(crate) struct TestDatabase {
    pub(crate) records: Records,
    pub(crate) url: String,
    _folder: Option<tempfile::TempDir>,
}

impl TestDatabase {
    pub(crate) async fn sqlite() -> TestDatabase {
        let database = TestDatabase::sqlite_unmigrated().await;
        database.records.migrate().await.expect("the schema is made");
        database
    }

    pub(crate) async fn postgres() -> TestDatabase {
        let database = TestDatabase::postgres_unmigrated().await;
        database.records.migrate().await.expect("the schema is made");
        database
    }

    pub(crate) async fn sqlite_unmigrated() -> TestDatabase {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite://{}/made/padwacht.db", folder.path().display());
        let records = Records::connect(&url, Keyring::ephemeral()).await.expect("SQLite opens");
        TestDatabase { records, url, _folder: Some(folder) }
    }

    pub(crate) async fn postgres_unmigrated() -> TestDatabase {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let admin = std::env::var(ADMIN_URL).unwrap_or_else(|_| {
            panic!("{ADMIN_URL} is not set: run `make test`, which starts a PostgreSQL for tests")
        });
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        let server = sea_orm::Database::connect(&admin).await.expect("the test server answers");
        for sql in [format!("DROP DATABASE IF EXISTS {name}"), format!("CREATE DATABASE {name}")] {
            server.execute_unprepared(&sql).await.expect("a database of one's own");
        }
        server.close().await.expect("the server lets go");
        let (server, _) = admin.rsplit_once('/').expect("the URL names a database");
        let url = format!("{server}/{name}");
        let records = Records::connect(&url, Keyring::ephemeral()).await.expect("PostgreSQL opens");
        TestDatabase { records, url, _folder: None }
    }

    /// The same database as another process sees it.
    pub(crate) async fn another(&self) -> Records {
        Records::connect(&self.url, self.records.keyring().clone())
            .await
            .expect("a second process opens the database")
    }

    /// Waits until no transaction of somebody who is gone is left: a change of
    /// definitions takes the lock that such a one holds.
    pub(crate) async fn settled(&self) {
        let nothing = self.records.services().import(&actor(0), "[]").await;
        nothing.expect("waits, and writes nothing");
    }

    /// The first column, a text, of what any SQL tool would find.
    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        let tool = sea_orm::Database::connect(self.url.as_str()).await.expect("a tool connects");
        let backend = tool.get_database_backend();
        let rows = tool.query_all_raw(sea_orm::Statement::from_string(backend, sql)).await;
        let texts = rows.expect("the query runs").into_iter();
        let texts = texts.map(|row| row.try_get_by_index(0).expect("a text")).collect();
        tool.close().await.expect("the tool leaves");
        texts
    }

    /// Takes the guard of the audit trail away, as whoever owns the database can.
    pub(crate) async fn open_the_trail(&self) {
        if self.url.starts_with("sqlite") {
            self.execute("DROP TRIGGER audit_is_not_changed").await;
            self.execute("DROP TRIGGER audit_is_not_cut").await;
            return;
        }
        self.execute("DROP FUNCTION audit_is_append_only() CASCADE").await;
    }

    /// What comes of a statement of any SQL tool.
    pub(crate) async fn tried(&self, sql: &str) -> Result<(), sea_orm::DbErr> {
        let tool = sea_orm::Database::connect(self.url.as_str()).await.expect("a tool connects");
        let ran = tool.execute_unprepared(sql).await.map(drop);
        tool.close().await.expect("the tool leaves");
        ran
    }

    /// What any SQL tool would do to the database.
    pub(crate) async fn execute(&self, sql: &str) {
        let tool = sea_orm::Database::connect(self.url.as_str()).await.expect("a tool connects");
        tool.execute_unprepared(sql).await.expect("the statement runs");
        tool.close().await.expect("the tool leaves");
    }
}

pub(crate) fn actor(at: i64) -> Actor {
    Actor::new("anna@example.net", Timestamp(at))
}

/// A definition with one path for ever, in the JSON form.
pub(crate) fn definition(id: &str, path: Value) -> ServiceDefinition {
    ServiceDefinition::from_json(&serde_json::json!({ "id": id, "path": path }), &|_| None)
        .expect("a valid definition")
}

/// A service named like its id in capitals.
pub(crate) fn draft(id: &str, path: Value) -> ServiceDraft {
    ServiceDraft {
        definition: definition(id, path),
        name: id.to_uppercase(),
        customer: None,
        description: String::new(),
        active: true,
    }
}

pub(crate) fn service(id: &str) -> ServiceId {
    ServiceId::from(id)
}
