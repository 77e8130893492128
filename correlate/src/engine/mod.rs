//! The engine: facts in, interval revisions out.
//!
//! A sample reaches the [`Keeper`] of its component, where most end because
//! they change nothing. What does change a component's state goes to every
//! [`Evaluator`], which carries it up its graph of expressions and rewrites
//! the intervals of the services it owns. `dataflow` runs several of each on
//! timely workers; the result depends on the set of facts alone.
//!
//! The engine never reads a clock: [`Keeper::advance`] and
//! [`Evaluator::finish`] are told what time it is.

mod digest;
mod evaluator;
mod graph;
mod history;
mod index;
mod keeper;
mod segments;
mod steps;
mod value;
mod verdict;

pub use digest::Digest;
pub(crate) use evaluator::stable_hash;
pub use evaluator::{Evaluator, Ownership, Rejection, ServiceSnapshot};
pub(crate) use keeper::ComponentRuns;
pub use keeper::{
    ComponentSnapshot, Keeper, SampleRun, StateChange, TOO_LATE_MAX, Transition, WORKERS_MAX,
};
pub use segments::Segment;
pub(crate) use steps::Steps;
pub(crate) use value::{Tally, Value};
