//! Engines on timely workers.
//!
//! ```text
//!  samples ──exchange by component──▶ keep ──to whoever asked──▶ evaluate ──▶ probe
//!  controls ─────────────────────────broadcast──────────────────────┘  │
//!                                     └──◀── questions about components ┘
//! ```
//! One batch of facts is one epoch. Facts may arrive in any order within and
//! across epochs: timely's time numbers the batches, the time of the network
//! is data. When the probe has passed an epoch, every worker hands over what
//! the epoch changed; merged and sorted, that is the same for any number of
//! workers.
//!
//! Workers may be spread over several processes, which are then one timely
//! cluster over streams that the caller has connected.
//!
//! An evaluator hears only of the components that its services need: it asks
//! their keepers when a definition names them for the first time.
//!
//! The caller's thread may block here; the workers never do IO.

mod cluster;
mod flow;
mod lines;
mod snapshot;
mod workers;

use std::sync::Arc;

use crate::engine::{Rejection, Transition};
use crate::model::{
    Interval, IntervalRevision, Sample, ServiceDefinition, ServiceId, Timestamp, Window, shared,
};
use serde::{Deserialize, Serialize};

pub use cluster::{Alarm, Mesh, PeerStream};
pub use lines::{LinesPiece, LinesRead};
pub use snapshot::{EngineSnapshot, SnapshotPart};
pub use workers::{Workers, WorkersError};

/// How the engine is run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Timely workers in each process; at least 1.
    pub workers: usize,
    /// The staleness limit in milliseconds; `None` for no limit.
    pub stale_after_ms: Option<i64>,
    /// No interval starts earlier.
    pub origin: Timestamp,
}

/// A fact that is no sample.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Control {
    /// A service is defined or redefined.
    Define(#[serde(with = "shared")] Arc<ServiceDefinition>),
    /// A service is no more, and never was.
    Undefine(ServiceId),
    /// A window is set (`Some`) or withdrawn (`None`) by its id.
    Window(String, Option<Window>),
}

/// What one epoch changed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EpochOutput {
    /// What became of intervals, sorted by service, then start.
    pub revisions: Vec<IntervalRevision>,
    /// What became of components' transitions, sorted by component, then time.
    pub transitions: Vec<Transition>,
    /// Definitions that were refused.
    pub rejections: Vec<Rejection>,
    /// Samples so far that came too late to count, over all workers.
    pub too_late: u64,
    /// Those of this epoch, at most [`TOO_LATE_MAX`](crate::engine::TOO_LATE_MAX) of each worker.
    pub too_late_samples: Vec<Sample>,
}

/// Every service's intervals, sorted by service.
pub type AllIntervals = Vec<(ServiceId, Vec<Interval>)>;
