//! The web from outside, over HTTP: one file per subject, one [`rig::TestApp`]
//! per test. Tests of figures run on a real embedded ClickHouse and need
//! `libchdb.so` (`npm ci --prefix dashboards`, or `PADWACHT_LIBCHDB`); without
//! it they fail and say so.

mod definitions;
mod errors;
mod events;
mod explain;
mod figures;
mod forgotten;
mod health;
mod pages;
mod people;
mod push;
mod rig;
mod scopes;
mod sign_in;
mod tokens;
mod topology;
