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
//! A follower that is stopped says so, and the leader ends the session in
//! order and begins another one without it. A process that is lost breaks the
//! session, and the others end with [`Broken`]: whoever supervises them starts
//! them again, and they find each other. The leader waits a while for all,
//! then goes on with those that have come; who comes later is taken in at the
//! next checkpoint.
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
mod past;
mod proof;
mod team;
#[cfg(test)]
mod tests;

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use correlate::dataflow::Workers;
use tokio::sync::oneshot;
use tokio::time::timeout;

pub(crate) use door::answers;
pub(super) use fleet::{Fleet, feed};
pub(crate) use follower::follow;
pub(super) use leader::Leader;
pub(super) use team::Team;

/// The workers of several processes ended out of order. This process cannot
/// rid itself of its own, so it must end.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the processes of the cluster no longer work together, so each of them starts again")]
pub(crate) struct Broken;

/// This process's workers in a session.
struct Crew {
    /// Gone once the session has ended in order.
    workers: Option<Workers>,
    is_alone: bool,
}

impl Crew {
    /// Workers of the only process there is.
    fn alone(workers: Workers) -> Crew {
        Crew { workers: Some(workers), is_alone: true }
    }

    /// Workers that are one engine with those of other processes.
    fn with_others(workers: Workers) -> Crew {
        Crew { workers: Some(workers), is_alone: false }
    }

    /// Ends the workers, while those of all other processes end too.
    async fn end(mut self) {
        if let Some(workers) = self.workers.take() {
            end(workers).await;
        }
    }
}

impl Deref for Crew {
    type Target = Workers;

    fn deref(&self) -> &Workers {
        self.workers.as_ref().expect("they are taken only when the crew ends")
    }
}

impl DerefMut for Crew {
    fn deref_mut(&mut self) -> &mut Workers {
        self.workers.as_mut().expect("they are taken only when the crew ends")
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        // Out of order: the workers elsewhere still run, so these cannot end.
        if let Some(workers) = self.workers.as_ref().filter(|_| !self.is_alone) {
            workers.alarm().raise(String::from("the session has ended here"));
        }
    }
}

/// How long workers that end in order wait for those of the other processes.
const END_MAX: Duration = Duration::from_secs(10);

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
