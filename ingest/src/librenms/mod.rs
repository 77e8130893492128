//! LibreNMS, through its REST API v0, as a [`Source`](crate::source::Source).
//!
//! ```text
//!            full ┐                       ┌ zone ─► facts ┐
//!          glance │     rows              │ when it was    │ verdicts        samples
//! client ─ changes├────────────────► book ┤         policy ├──────────► memory ────► report
//!           touch │   event, lines        │  what it means │   when it held, how sure
//!        backfill ┘   (what the log says) └ outage ────────┘
//! ```
//! Only `client` talks to the network. The readings on the left fetch rows;
//! `book` keeps the last good ones, those of ports by runs of equal ones
//! (`ports`), and makes reports of them; what a row means is in `policy` alone.
//! `sessions` reads what has no times of its own, BGP sessions and service
//! checks, beside them, with a memory for that: `course`. A source that is
//! refused, empty or sharply smaller gives no samples, so that the engine's
//! staleness limit turns its components unknown, never down. Bodies and tokens
//! are never logged.

mod answer;
mod backfill;
mod backlog;
mod book;
mod breaker;
mod calibrate;
mod calls;
mod changes;
mod checkup;
mod client;
mod course;
mod cursor;
mod decode;
mod event;
mod facts;
mod feature;
#[cfg(test)]
mod fixtures;
mod full;
mod glance;
mod guard;
mod inventory;
mod lines;
mod memory;
mod outage;
mod policy;
mod poller;
mod ports;
mod server_clock;
mod sessions;
#[cfg(test)]
mod sessions_fixtures;
mod settings;
mod touch;
mod tuning;
mod wanted;
mod zone;

pub use policy::{Deleted, FrozenPorts, Policy, SetAside};
pub use poller::LibreNms;
pub use settings::{Settings, SettingsError};
