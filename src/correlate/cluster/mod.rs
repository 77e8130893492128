//! Several processes that correlate together, as one timely cluster.
//!
//! ```text
//!            definitions, its partitions          its partitions
//!                      │                               │
//!  ClickHouse ◀── process 0, the leader ◀─messages─▶ process 1, a follower
//!                 journal, checkpoints  ◀──timely──▶ no state of its own
//! ```
//! The leader alone keeps what is durable, cuts epochs and writes rows; so a
//! restart needs nothing from a follower, and the number of processes and of
//! their workers may change between any two sessions. In a session, all
//! workers are one engine: [`correlate::dataflow`].
//!
//! A process that is lost ends the session, and the others end with
//! [`Broken`]: whoever supervises them starts them again, and they find each
//! other. The leader waits a while for all, then goes on with those that have
//! come; who comes later is taken in at the next checkpoint.
//!
//! Nothing here is encrypted. Who may join is decided in [`door`].

mod connection;
mod convert;
mod door;
mod fleet;
mod follower;
mod frame;
mod leader;
mod mesh;
mod message;
mod proof;
mod team;

use std::time::Duration;

use correlate::dataflow::Workers;
use tokio::sync::oneshot;
use tokio::time::timeout;

pub(super) use fleet::Fleet;
pub(crate) use follower::follow;
pub(super) use leader::Leader;
pub(super) use team::Team;

/// The workers of several processes ended out of order. This process cannot
/// rid itself of its own, so it must end.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the processes of the cluster no longer work together, so each of them starts again")]
pub(crate) struct Broken;

/// How long workers that end in order wait for those of the other processes.
const END_MAX: Duration = Duration::from_secs(10);

/// Ends workers in order, while those of all other processes do the same.
async fn end(workers: Workers) {
    let (tell, ended) = oneshot::channel();
    let alarm = workers.alarm();
    std::thread::spawn(move || {
        drop(workers);
        // Nobody waits any more when this took too long.
        let _ = tell.send(());
    });
    if timeout(END_MAX, ended).await.is_err() {
        tracing::warn!("another process did not end the session; its workers are left behind");
        alarm.raise(String::from("the session has ended here"));
    }
}
