//! The whole product from outside: real processes between a simulated LibreNMS
//! and what is then in ClickHouse and on the pages.
//!
//! The reference is `padwacht replay` over exactly the samples of the log and,
//! where ingest is left alone, an undisturbed run of the same history. Needs `libchdb.so`
//! (`PADWACHT_LIBCHDB`), PostgreSQL (`PADWACHT_TEST_POSTGRES`) and the jars of
//! Kafka: `make test` brings them. Without them the tests fail and say so.

mod api;
mod broker;
mod disturbance;
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
mod evidence;
mod explaining;
mod faults;
mod rebuild;
mod same_intervals;
mod secrets;
mod set_aside;
