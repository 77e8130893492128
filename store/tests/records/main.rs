//! What the records promise, proven on SQLite and on PostgreSQL alike: every
//! behaviour below runs once on each.
//!
//! PostgreSQL is at the URL of a superuser in `PADWACHT_TEST_POSTGRES`; each
//! test makes a database of its own there. `make test` starts such a server
//! (deploy/postgres/run.sh). Without the variable the PostgreSQL half fails:
//! a half that is skipped in silence proves nothing.

/// Runs each behaviour, an `async fn(&TestDatabase)`, on both databases.
macro_rules! on_both {
    ($($behaviour:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::$behaviour(&crate::database::TestDatabase::sqlite().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::$behaviour(&crate::database::TestDatabase::postgres().await).await;
            })*
        }
    };
}

mod access;
mod audit;
mod closure;
mod crash;
mod database;
mod factors;
mod falls;
mod import;
mod mails;
mod outbox;
mod people;
mod pushes;
mod schema;
mod sealing;
mod services;
mod sign_on;
mod sources;
mod windows;
