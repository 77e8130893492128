//! The vocabulary: values without behaviour that needs a clock or IO.
//!
//! The serde forms are for messages between workers of one build. What is
//! kept or shown (files, log, series, API) has a form of its own at its
//! boundary, and a conversion.

mod id;
mod interval;
mod json;
mod names;
mod path;
mod sample;
mod service;
mod state;
mod time;
mod window;

pub use id::{ComponentId, ServiceId};
pub use interval::{Interval, IntervalRevision};
pub use names::Names;
pub use path::{PathError, PathExpr};
pub use sample::Sample;
pub(crate) use service::shared;
pub use service::{ServiceDefinition, ServiceError, Version};
pub use state::{ComponentState, ServiceState};
pub use time::{Period, Timestamp};
pub use window::{Target, Window};
