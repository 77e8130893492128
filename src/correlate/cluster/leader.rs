//! Process 0: waits for the followers and begins a session with those that
//! have come.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use correlate::dataflow::{Options, Workers};
use tokio::sync::Notify;
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Crew;
use super::connection::Connection;
use super::door::{Arrival, Door};
use super::fleet::Fleet;
use super::frame::PIECE_BYTES;
use super::mesh;
use super::message::{Message, Piece, Session};
use super::team::Team;
use crate::config::ClusterConfig;
use crate::correlate::epoch::Parts;

/// The leader between and during sessions.
pub(in crate::correlate) struct Leader {
    config: ClusterConfig,
    door: Door,
    urgent: Arc<Notify>,
    /// Followers that no session has taken in yet.
    waiting: BTreeMap<usize, Connection>,
    /// The processes of the session, by rank. Their workers end together.
    session: Vec<usize>,
    /// Followers that were stopped in order, or did not come in time; nobody
    /// waits for them, but they may come.
    absent: BTreeSet<usize>,
}

impl Leader {
    /// Opens the door.
    ///
    /// # Errors
    /// An address that this machine does not have, or that is taken.
    pub(in crate::correlate) async fn open(config: &ClusterConfig) -> anyhow::Result<Leader> {
        let urgent = Arc::new(Notify::new());
        let door = Door::open(config, urgent.clone()).await?;
        let (config, waiting) = (config.clone(), BTreeMap::new());
        let (session, absent) = (Vec::new(), BTreeSet::new());
        Ok(Leader { config, door, urgent, waiting, session, absent })
    }

    /// Whether a follower has come that no session has taken in yet.
    pub(in crate::correlate) fn has_newcomer(&mut self) -> bool {
        while let Ok(arrival) = self.door.arrivals.try_recv() {
            self.receive(arrival);
        }
        self.waiting.retain(|_, follower| !follower.is_lost());
        !self.waiting.is_empty()
    }

    /// Workers of several processes run: without one of them, none can go on.
    pub(in crate::correlate) fn in_session(&self) -> bool {
        !self.session.is_empty()
    }

    /// The session has ended in order, as the `leavers` wanted, or for another
    /// reason; they are ranks.
    pub(in crate::correlate) fn session_ended(&mut self, leavers: &[usize]) {
        let session = std::mem::take(&mut self.session);
        self.absent.extend(leavers.iter().filter_map(|&rank| session.get(rank)));
    }

    fn receive(&mut self, Arrival { process, connection }: Arrival) {
        tracing::info!(process = connection.process, "a follower has come");
        self.absent.remove(&process);
        // One that comes twice was started again.
        self.waiting.insert(process, connection);
    }

    /// Waits until every follower has come, or long enough, or `shutdown`.
    async fn gather(&mut self, shutdown: &CancellationToken) {
        let deadline = Instant::now() + self.config.join_wait;
        let mut told = false;
        loop {
            // Those that are gone again are forgotten first.
            self.has_newcomer();
            let others = self.config.processes.len() - 1 - self.absent.len();
            if self.waiting.len() >= others {
                break;
            }
            if !told {
                let wait_ms = self.config.join_wait.as_millis() as u64;
                tracing::info!(others, wait_ms, "waiting for the other processes");
                told = true;
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                arrival = self.door.arrivals.recv() => match arrival {
                    Some(arrival) => self.receive(arrival),
                    None => return,
                },
                () = sleep_until(deadline) => break,
            }
        }
        for process in 1..self.config.processes.len() {
            if !self.waiting.contains_key(&process) && self.absent.insert(process) {
                let process = super::door::name(&self.config, process);
                tracing::warn!(process, "it has not come; starting without it");
            }
        }
    }

    /// Gathers the followers; the state to start from spreads over the workers
    /// of all processes.
    ///
    /// # Errors
    /// A follower that is lost meanwhile, a state that contradicts itself, or
    /// threads that cannot be started.
    pub(super) async fn begin(
        &mut self,
        options: Options,
        batch_interval: Duration,
        parts: Parts,
        shutdown: &CancellationToken,
    ) -> anyhow::Result<Fleet> {
        self.gather(shutdown).await;
        if shutdown.is_cancelled() {
            return Fleet::alone(options, parts);
        }
        let followers: Vec<_> = std::mem::take(&mut self.waiting).into_iter().collect();
        metrics::gauge!("padwacht_correlate_processes").set((followers.len() + 1) as f64);
        if followers.is_empty() {
            return Fleet::alone(options, parts);
        }
        let members: Vec<usize> = std::iter::once(0).chain(followers.iter().map(|f| f.0)).collect();
        let address = |&process: &usize| self.config.processes[process].clone();
        let addresses: Vec<String> = members.iter().map(address).collect();
        let session = rand::random();
        for (index, (_, follower)) in followers.iter().enumerate() {
            let message = Session {
                session,
                rank: u32::try_from(index + 1)?,
                addresses: addresses.clone(),
                workers: u32::try_from(options.workers)?,
                stale_after_ms: options.stale_after_ms,
                origin_ms: options.origin.millis(),
                batch_interval_ms: u64::try_from(batch_interval.as_millis())?,
            };
            follower.tell(Message::Session(message)).await?;
        }
        let team = Team::new(followers.into_iter().map(|f| f.1).collect(), self.urgent.clone());
        let secret = self.config.secret.as_ref();
        let mesh = mesh::join(&mut self.door, session, 0, &addresses, secret).await?;
        self.session = members;
        let workers = block_in_place(|| Workers::start_in_cluster_from(options, mesh, parts))?;
        let workers = Crew::with_others(workers);
        team.watch(&workers.alarm());
        let mut fleet = Fleet::new(workers, team);
        fleet.team().ready().await?;
        let processes = addresses.join(", ");
        tracing::info!(processes, workers = options.workers, "the processes work together");
        Ok(fleet)
    }
}

/// A checkpoint in pieces; at least one.
pub(super) fn pieces(bytes: &[u8]) -> impl Iterator<Item = Piece> + '_ {
    let last = bytes.len().div_ceil(PIECE_BYTES).max(1);
    (1..=last).map(move |number| {
        let until = bytes.len().min(number * PIECE_BYTES);
        let piece = bytes[(number - 1) * PIECE_BYTES..until].to_vec();
        Piece { bytes: piece, is_last: number == last }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_the_whole() {
        for length in [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES] {
            let whole: Vec<u8> = (0..length).map(|byte| byte as u8).collect();
            let sent: Vec<Piece> = pieces(&whole).collect();
            assert_eq!(sent.iter().position(|piece| piece.is_last), Some(sent.len() - 1));
            let joined: Vec<u8> = sent.into_iter().flat_map(|piece| piece.bytes).collect();
            assert_eq!(joined, whole, "{length}");
        }
    }
}
