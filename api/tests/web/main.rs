//! The web from outside, over HTTP: one file per subject, one [`rig::TestApp`]
//! per test. Tests of figures run on a real embedded ClickHouse and need
//! `libchdb.so` (`npm ci --prefix dashboards`, or `PADWACHT_LIBCHDB`); without
//! it they fail and say so.

/// Everything above runs on SQLite, and here on PostgreSQL.
#[test]
fn everything_passes_on_postgresql() {
    test_records::again_on_postgres("everything_passes_on_postgresql", &[]);
}

mod access;
mod accounts;
mod definitions;
mod errors;
mod events;
mod explain;
mod factors;
mod figures;
mod first_password;
mod forgotten;
mod health;
mod hosts;
mod limits;
mod pages;
mod passkeys;
mod passwords;
mod people;
mod push;
mod rig;
mod safety;
mod scopes;
mod sign_in;
mod sign_on_people;
mod sign_on_strength;
mod sign_on_world;
mod single_sign_on;
mod tls;
mod tokens;
mod topology;
mod user_access;
mod walk;
