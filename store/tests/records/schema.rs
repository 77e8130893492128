//! Opening, migrating and checking.

use store::Keyring;
use store::records::{Records, RecordsError};

use crate::database::TestDatabase;

async fn migrating_again_changes_nothing(db: &TestDatabase) {
    db.records.migrate().await.expect("nothing to do");
    db.records.check().await.expect("as it should be");
}

async fn a_newer_schema_is_refused(db: &TestDatabase) {
    db.execute("INSERT INTO seaql_migrations (version, applied_at) VALUES ('9999_later', 0)").await;
    for result in [db.records.check().await, db.records.migrate().await] {
        let error = result.expect_err("must be refused");
        assert!(
            matches!(&error, RecordsError::SchemaAhead { newest } if newest == "9999_later"),
            "{error}"
        );
    }
}

on_both!(migrating_again_changes_nothing, a_newer_schema_is_refused);

async fn many_processes_migrate_at_once(db: &TestDatabase) {
    let error = db.records.check().await.expect_err("no schema yet").to_string();
    assert_eq!(
        error,
        "the records database lacks 22 of its migrations (first: 0001_definitions); \
         run `padwacht migrate`"
    );
    let starts = (0..6).map(|_| async { db.another().await.migrate().await });
    for result in futures::future::join_all(starts).await {
        result.expect("one migrates, the others find it done");
    }
    db.records.check().await.expect("as it should be");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_processes_migrate_at_once_on_sqlite() {
    many_processes_migrate_at_once(&TestDatabase::sqlite_unmigrated().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_processes_migrate_at_once_on_postgres() {
    many_processes_migrate_at_once(&TestDatabase::postgres_unmigrated().await).await;
}

#[cfg(unix)]
#[tokio::test]
async fn the_sqlite_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let db = TestDatabase::sqlite().await;
    let path = db.url.strip_prefix("sqlite://").expect("a SQLite URL");
    for suffix in ["", "-wal", "-shm"] {
        let file = std::fs::metadata(format!("{path}{suffix}")).expect("the file is there");
        assert_eq!(file.permissions().mode() & 0o777, 0o600, "{suffix}");
    }
}

#[tokio::test]
async fn an_absent_server_is_named_without_its_password() {
    // Port 1 of loopback: nothing that a test machine runs listens there.
    let error =
        Records::connect("postgres://me:s3cret@127.0.0.1:1/pad", Keyring::ephemeral()).await;
    let error = error.expect_err("nobody listens").to_string();
    let expected = "cannot open the records database postgres://127.0.0.1:1/pad: ";
    assert!(error.starts_with(expected) && error.contains("refused"), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
}
