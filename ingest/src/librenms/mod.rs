//! LibreNMS, through its REST API v0, as a [`Source`](crate::source::Source).
//!
//! ```text
//! client ── bytes ─► decode ── rows ─► facts ─► policy ── verdicts ─► memory ── samples ─► poller
//! HTTP, throttle,    pure: drops       in UTC   the one   pure        pure:                composes,
//! retries, breaker   secrets                    table                 when it held         health
//! ```
//! Only `client` talks to the network. A source that is refused, empty or
//! sharply smaller gives no samples, so that the engine's staleness limit turns
//! its components unknown, never down. Bodies and tokens are never logged.

mod answer;
mod breaker;
mod calls;
mod checkup;
mod client;
mod decode;
mod facts;
mod guard;
mod inventory;
mod memory;
mod policy;
mod poller;
mod ports;
mod settings;
mod zone;

pub use policy::Policy;
pub use poller::LibreNms;
pub use settings::{Settings, SettingsError};
