//! The records of one test: a SQLite file of its own or, when a binary runs
//! its tests once more through [`again_on_postgres`], a PostgreSQL database of
//! its own on the server at `PADWACHT_TEST_POSTGRES` (the URL of a superuser;
//! `make test` starts one). Without that server the second run fails: a half
//! that is skipped in silence proves nothing.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use sea_orm::ConnectionTrait;
use store::Keyring;
use store::records::Records;
use tokio::sync::Mutex;

/// Where PostgreSQL is.
const ADMIN_URL: &str = "PADWACHT_TEST_POSTGRES";
/// Says to the binary that runs again where its records are.
const AGAIN: &str = "PADWACHT_TEST_AGAIN_ON_POSTGRES";

/// What PostgreSQL holds for this process. The lock is held while databases
/// are made: PostgreSQL copies a template only when nobody uses it.
static DATABASES: Mutex<Made> = Mutex::const_new(Made { has_template: false, count: 0 });

struct Made {
    has_template: bool,
    count: usize,
}

/// Copies of the template hold what it sealed, so all tests of a process have
/// the same keys.
fn keyring() -> Keyring {
    static KEYS: OnceLock<Keyring> = OnceLock::new();
    KEYS.get_or_init(Keyring::ephemeral).clone()
}

/// Empty records with the schema of today; a SQLite file lies in `folder`.
///
/// # Panics
/// When there is no database to be had: a test without one proves nothing.
pub async fn records(folder: &Path) -> Records {
    if std::env::var_os(AGAIN).is_some() {
        return connect(&database().await).await;
    }
    let url = format!("sqlite://{}", folder.join("records.db").display());
    let records = connect(&url).await;
    records.migrate().await.expect("the records migrate");
    records
}

async fn connect(url: &str) -> Records {
    Records::connect(url, keyring()).await.expect("the records open")
}

/// The URL of a new database on PostgreSQL, with the schema of today.
async fn database() -> String {
    let admin = std::env::var(ADMIN_URL).unwrap_or_else(|_| {
        panic!("{ADMIN_URL} is not set: run `make test`, which starts a PostgreSQL for tests")
    });
    let (server, _) = admin.rsplit_once('/').expect("the URL names a database");
    let template = format!("template_{}", std::process::id());
    let mut made = DATABASES.lock().await;
    let tool = sea_orm::Database::connect(&admin).await.expect("the test server answers");
    if !made.has_template {
        let sql = format!("CREATE DATABASE {template}");
        tool.execute_unprepared(&sql).await.expect("a template of one's own");
        let records = connect(&format!("{server}/{template}")).await;
        records.migrate().await.expect("the records migrate");
        records.close().await;
        made.has_template = true;
    }
    made.count += 1;
    let name = format!("{template}_{}", made.count);
    let sql = format!("CREATE DATABASE {name} TEMPLATE {template}");
    tool.execute_unprepared(&sql).await.expect("a database of one's own");
    tool.close().await.expect("the server lets go");
    format!("{server}/{name}")
}

/// Runs the tests of this binary whose names hold one of `filters` (all of
/// them for none) once more, with their records on PostgreSQL. For a test
/// named `own`, which is left out.
///
/// # Panics
/// When one fails, or when there is none.
pub fn again_on_postgres(own: &str, filters: &[&str]) {
    assert!(std::env::var_os(ADMIN_URL).is_some(), "{ADMIN_URL} is not set: run `make test`");
    let binary = std::env::current_exe().expect("a test is a binary");
    let run = Command::new(binary).args(filters).args(["--skip", own]).env(AGAIN, "1").output();
    let run = run.expect("it starts");
    let says = String::from_utf8_lossy(&run.stdout);
    let complains = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "on PostgreSQL:\n{says}\n{complains}");
    assert!(!says.contains("running 0 tests"), "no test ran on PostgreSQL:\n{says}");
}
