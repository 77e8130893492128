//! The whole product from outside: real processes between a simulated LibreNMS
//! and what is then in ClickHouse and on the pages.
//!
//! The reference is `padwacht replay` over exactly the samples of the log, and an
//! undisturbed run of the same history; where ingest is killed the two may differ
//! by what they say themselves that they do not know. Needs `libchdb.so`
//! (`PADWACHT_LIBCHDB`), PostgreSQL (`PADWACHT_TEST_POSTGRES`) and the jars of
//! Kafka: `make test` brings them. Without them the tests fail and say so.

mod across;
mod api;
mod broker;
mod disturbance;
mod doubt;
mod history;
mod log;
mod network;
mod pipeline;
mod process;
mod rows;
mod steady;
mod wait;

mod away;
mod beyond;
mod bi;
mod cluster;
mod editing;
mod entered;
mod evidence;
mod explaining;
mod faults;
mod rebuild;
mod same_intervals;
mod secrets;
mod set_aside;
mod two_apis;
