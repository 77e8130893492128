//! Opening, migrating and checking the database, and beginning transactions.
//!
//! SQLite: one writer connection, a small pool of readers, write-ahead log,
//! foreign keys on; every write transaction is `BEGIN IMMEDIATE`, so it never
//! fails halfway for having read first. PostgreSQL: one pool, READ COMMITTED;
//! whatever must not interleave takes a row of `locks` first.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_orm::{
    AccessMode, ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbErr,
    IsolationLevel, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use sqlx::Connection;

use super::error::{Doing, RecordsError};
use super::{migrations, sealing};
use crate::Keyring;

/// Readers of a SQLite file: pages and background tasks read side by side.
const SQLITE_READERS: u32 = 4;
/// How long SQLite waits for another process that is writing.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two tries to open a file that another process is just making.
const SQLITE_LOCKED_PAUSE: Duration = Duration::from_millis(20);
/// Connections to PostgreSQL; several API processes share its default of 100.
const POSTGRES_CONNECTIONS: u32 = 10;
/// How long a writer of SQLite waits for its turn: as long as a large import takes.
const SQLITE_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long to wait for a connection to PostgreSQL, free or new. Short, as the
/// driver keeps trying for so long when nobody listens, and a page waits with it.
const POSTGRES_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// No statement here takes seconds, but one may wait for the lock of an import.
const POSTGRES_STATEMENT_TIMEOUT: Duration = Duration::from_secs(60);

/// Which database holds the records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DatabaseKind {
    /// One file, for one machine.
    Sqlite,
    /// A server, for several machines.
    Postgres,
}

/// The open records database; cheap to clone.
#[derive(Clone, Debug)]
pub struct Records {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    kind: DatabaseKind,
    name: String,
    keyring: Keyring,
}

impl Records {
    /// Opens the database at `url`: `sqlite://<path>` (made, together with its
    /// folder, when absent; readable by its owner only) or `postgres://…`.
    /// The schema is not touched. `keyring` seals the secrets in it: processes
    /// that share a database need the same keys.
    ///
    /// # Errors
    /// [`RecordsError::Url`] or [`RecordsError::Unreachable`].
    pub async fn connect(url: &str, keyring: Keyring) -> Result<Records, RecordsError> {
        let (writer, reader, kind, name) = if let Some(rest) = url.strip_prefix("sqlite:") {
            let path = sqlite_path(rest.strip_prefix("//").unwrap_or(rest))?;
            connect_sqlite(&path).await?
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            connect_postgres(url).await?
        } else {
            let scheme = url.split(':').next().unwrap_or_default();
            let reason = format!("unknown kind of database {scheme:?}");
            return Err(RecordsError::Url { reason });
        };
        Ok(Records { writer, reader, kind, name, keyring })
    }

    /// Brings the schema up to date, and seals what an older version left in
    /// clear. All or nothing, and safe when several processes start at once.
    ///
    /// # Errors
    /// [`RecordsError::SchemaAhead`] when a newer version has been here, and
    /// [`RecordsError::ForeignKeys`] when its secrets are sealed with keys that
    /// this process does not have.
    pub async fn migrate(&self) -> Result<(), RecordsError> {
        let tx = self.begin("migrating the schema").await?;
        migrations::run(&tx, self.kind).await?;
        sealing::take_up(&tx, &self.keyring).await?;
        tx.commit().await.doing("migrating the schema")
    }

    /// As [`Records::migrate`], for a process that seals and opens nothing and
    /// needs no keys: one that has them seals what is to be sealed.
    ///
    /// # Errors
    /// [`RecordsError::SchemaAhead`] when a newer version has been here.
    pub async fn migrate_schema(&self) -> Result<(), RecordsError> {
        let tx = self.begin("migrating the schema").await?;
        migrations::run(&tx, self.kind).await?;
        tx.commit().await.doing("migrating the schema")
    }

    /// Whether the keys are those that the secrets in the database are sealed
    /// with; for `doctor`. The schema must be that of this version.
    ///
    /// # Errors
    /// [`RecordsError::ForeignKeys`].
    pub async fn check_keys(&self) -> Result<(), RecordsError> {
        sealing::check(&self.reader, &self.keyring).await
    }

    /// The keys that seal secrets in the database.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Whether the database answers, takes writes and has the schema of this
    /// version; for `doctor` and readiness. Writes nothing.
    ///
    /// # Errors
    /// What is wrong.
    pub async fn check(&self) -> Result<(), RecordsError> {
        self.reader.ping().await.map_err(|error| self.unreachable(error))?;
        migrations::check(&self.reader).await?;
        let tx = self.begin("checking that the records take writes").await?;
        tx.rollback().await.doing("checking that the records take writes")
    }

    /// Which database this is.
    pub fn kind(&self) -> DatabaseKind {
        self.kind
    }

    /// Where the records are, without user name and password; for logs.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Closes every connection; open transactions end first. Dropping without
    /// it loses nothing that was committed.
    pub async fn close(self) {
        // A failure to say goodbye changes nothing that is durable.
        let _ = self.reader.close().await;
        let _ = self.writer.close().await;
    }

    /// The connection for queries outside transactions.
    pub(super) fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// The connection for single statements that write.
    pub(super) fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Begins a transaction that will write. Dropped without commit, it leaves
    /// nothing behind.
    pub(super) async fn begin(
        &self,
        doing: &'static str,
    ) -> Result<DatabaseTransaction, RecordsError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: match self.kind {
                DatabaseKind::Sqlite => Some(SqliteTransactionMode::Immediate),
                DatabaseKind::Postgres => None,
            },
            ..TransactionOptions::default()
        };
        self.writer.begin_with_options(options).await.doing(doing)
    }

    /// Begins a transaction that only reads, and sees everything as it was at
    /// its first question whatever is written meanwhile. It holds one reader.
    pub(super) async fn snapshot(
        &self,
        doing: &'static str,
    ) -> Result<DatabaseTransaction, RecordsError> {
        let options = match self.kind {
            // A transaction on SQLite's write-ahead log is a snapshot anyway.
            DatabaseKind::Sqlite => TransactionOptions::default(),
            DatabaseKind::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            },
        };
        self.reader.begin_with_options(options).await.doing(doing)
    }

    fn unreachable(&self, error: impl ToString) -> RecordsError {
        RecordsError::Unreachable { database: self.name.clone(), reason: error.to_string() }
    }
}

fn options(url: impl Into<String>, connections: u32, acquire_timeout: Duration) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(acquire_timeout)
        .sqlx_logging(false)
        .record_stmt_in_spans(false);
    options
}

/// Writer, reader, kind and name.
type Opened = (DatabaseConnection, DatabaseConnection, DatabaseKind, String);

async fn connect_sqlite(path: &Path) -> Result<Opened, RecordsError> {
    let name = format!("sqlite://{}", path.display());
    let unreachable = |reason: String| RecordsError::Unreachable { database: name.clone(), reason };
    prepare_file(path).map_err(|error| unreachable(error.to_string()))?;
    let open = |connections: u32, writes: bool| {
        let file = path.to_owned();
        let mut options = options("sqlite:", connections, SQLITE_ACQUIRE_TIMEOUT);
        options.map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                .filename(&file)
                .create_if_missing(false)
                .foreign_keys(true)
                .busy_timeout(SQLITE_BUSY_TIMEOUT)
                .pragma("journal_mode", "WAL")
                // A commit must survive a power cut: an outbox row that was
                // sent may not vanish together with its definition.
                .pragma("synchronous", "FULL")
                .pragma("query_only", if writes { "OFF" } else { "ON" })
        });
        Database::connect(options)
    };
    let writer = when_free(|| open(1, true)).await;
    let writer = writer.map_err(|error| unreachable(error.to_string()))?;
    let reader = when_free(|| open(SQLITE_READERS, false)).await;
    let reader = reader.map_err(|error| unreachable(error.to_string()))?;
    Ok((writer, reader, DatabaseKind::Sqlite, name))
}

/// Opens a SQLite file. Of several processes that open a new one at the same
/// moment, one turns it to the write-ahead log; the others are told at once,
/// and against the busy timeout, that it is locked, and try again.
async fn when_free<F>(open: impl Fn() -> F) -> Result<DatabaseConnection, DbErr>
where
    F: Future<Output = Result<DatabaseConnection, DbErr>>,
{
    let opening = async {
        loop {
            match open().await {
                Err(error) if error.to_string().contains("database is locked") => {
                    tokio::time::sleep(SQLITE_LOCKED_PAUSE).await;
                }
                other => return other,
            }
        }
    };
    match tokio::time::timeout(SQLITE_BUSY_TIMEOUT, opening).await {
        Ok(opened) => opened,
        Err(_) => open().await,
    }
}

async fn connect_postgres(url: &str) -> Result<Opened, RecordsError> {
    let name = without_user(url);
    let unreachable = |reason: String| RecordsError::Unreachable { database: name.clone(), reason };
    // The pool would only say that it timed out; one connection says why.
    let probe = tokio::time::timeout(POSTGRES_ACQUIRE_TIMEOUT, sqlx::PgConnection::connect(url));
    match probe.await {
        Err(_) => {
            let seconds = POSTGRES_ACQUIRE_TIMEOUT.as_secs();
            return Err(unreachable(format!("no answer within {seconds} seconds")));
        }
        Ok(Err(error)) => return Err(unreachable(error.to_string())),
        // Whether it takes leave in time is of no consequence.
        Ok(Ok(connection)) => drop(connection.close().await),
    }
    let mut options = options(url, POSTGRES_CONNECTIONS, POSTGRES_ACQUIRE_TIMEOUT);
    options.set_application_name("padwacht").statement_timeout(POSTGRES_STATEMENT_TIMEOUT);
    let pool = Database::connect(options).await.map_err(|error| unreachable(error.to_string()))?;
    Ok((pool.clone(), pool, DatabaseKind::Postgres, name))
}

fn sqlite_path(text: &str) -> Result<PathBuf, RecordsError> {
    let refuse = |reason: &str| Err(RecordsError::Url { reason: reason.to_owned() });
    match text {
        "" => refuse("the path of the SQLite file is missing"),
        _ if text.contains(":memory:") => refuse("the records must be in a file, not in memory"),
        _ if text.contains('?') => refuse("options after ? are not supported for SQLite"),
        _ => Ok(PathBuf::from(text)),
    }
}

/// Makes the file and its folder when absent. The file is for its owner only,
/// as it holds password hashes; SQLite gives its side files the same rights.
fn prepare_file(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// The URL without its user part and options: `postgres://host:port/database`.
fn without_user(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    // A password may hold an @, so the last one ends the user part.
    format!("{scheme}://{}", rest.rsplit('@').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_no_credentials() {
        let check = |url: &str, expected: &str| assert_eq!(without_user(url), expected);
        check("postgres://me:s3cret@db:5432/pad?sslmode=require", "postgres://db:5432/pad");
        check("postgres://me:p@ss@db/pad", "postgres://db/pad");
        check("postgres://db/pad?password=s3cret", "postgres://db/pad");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn several_processes_may_make_one_file_at_once() {
        let dir = tempfile::tempdir().expect("a directory");
        for round in 0..10 {
            let url = format!("sqlite://{}/{round}.db", dir.path().display());
            let opening = (0..4).map(|_| {
                let url = url.clone();
                tokio::spawn(async move { Records::connect(&url, Keyring::ephemeral()).await })
            });
            for opened in futures::future::join_all(opening).await {
                opened.expect("no panic").expect("each of them can open it");
            }
        }
    }

    #[tokio::test]
    async fn refused_urls_say_what_is_allowed() {
        for (url, expected) in [
            ("mysql://x/y", "database URL: unknown kind of database \"mysql\"; use sqlite://"),
            ("sqlite://", "database URL: the path of the SQLite file is missing; use"),
            ("sqlite::memory:", "database URL: the records must be in a file"),
            ("sqlite://a.db?mode=ro", "database URL: options after ? are not supported"),
        ] {
            let error = Records::connect(url, Keyring::ephemeral()).await;
            let error = error.expect_err("must be refused").to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
