//! From a network management system to samples, gently.
//!
//! [`source`] is the interface that fits any NMS; [`librenms`] is its first
//! implementation; [`simulator`] is a server that speaks the LibreNMS API for
//! a made-up network, for tests and the demo.
//!
//! Nothing here writes to the log or to a database: the driver in the
//! binary's `src/ingest.rs` does.

pub mod librenms;
pub mod simulator;
pub mod source;
