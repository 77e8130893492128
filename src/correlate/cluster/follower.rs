//! Processes 1 and up: they read their share of the log, and their workers
//! compute with the leader's. They keep nothing and write nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use correlate::dataflow::{EngineSnapshot, EpochOutput, Options, Workers};
use correlate::model::Timestamp;
use store::checkpoint::{self, Checkpoint, Position};
use store::journal;
use store::log::{Log, LogError};
use store::wire::SAMPLES_TOPIC;
use tokio::sync::Notify;
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use super::door::{Door, call, name};
use super::fleet::feed;
use super::message::{
    Finish, Hello, Message, Nothing, Offset, OffsetRange, Partitions, Purpose, Reached, Samples,
    Session, SetAsides, Taken,
};
use super::past::{self, Pasts};
use super::{Broken, Crew, convert, leader, mesh};
use crate::config::ClusterConfig;
use crate::correlate::epoch::Input;
use crate::correlate::intake::{EPOCH_SAMPLES_MAX, Found, Intake, Reach, wall};
use crate::correlate::set_aside::Decoded;
use crate::correlate::sieve::Sieve;
use crate::trouble::Trouble;
use crate::wiring;

/// How long a process that is to stop waits for the leader to end the session
/// in order: the leader first writes and saves, for which ClickHouse must be
/// there.
const LEAVE_MAX: Duration = Duration::from_secs(20);

/// Follows the leader through its sessions until `shutdown`.
///
/// # Errors
/// An address that this machine does not have, a leader that refuses this
/// process, a log that refuses for good; [`Broken`] when a session ends out
/// of order.
pub(crate) async fn follow(
    config: &ClusterConfig,
    log: Arc<dyn Log>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let mut door = Door::open(config, Arc::new(Notify::new())).await?;
    let mut trouble = Trouble::new(format!("call the leader, {}", name(config, 0)));
    while !shutdown.is_cancelled() {
        let mut connection = tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            called = call_leader(config) => match called {
                Ok(connection) => connection,
                Err(error) => {
                    trouble.failed(error);
                    wiring::pause(&shutdown).await;
                    continue;
                }
            },
        };
        trouble.well();
        let asked = tokio::select! {
            () = shutdown.cancelled() => return leave(connection).await,
            asked = wait_for_session(&mut connection) => asked,
        };
        let Some(session) = asked? else {
            wiring::pause(&shutdown).await;
            continue;
        };
        run_session(config, &mut door, &log, session, connection, &shutdown).await?;
    }
    Ok(())
}

async fn call_leader(config: &ClusterConfig) -> anyhow::Result<Connection> {
    let hello = Hello {
        purpose: Purpose::Follow.into(),
        process: u32::try_from(config.process)?,
        processes: config.processes.clone(),
        ..Hello::default()
    };
    let stream = call(&config.processes[0], config.secret.as_ref(), hello).await?;
    Ok(Connection::new(stream, name(config, 0), Arc::default()))
}

/// The session that the leader begins; `None` when it went away before.
async fn wait_for_session(connection: &mut Connection) -> anyhow::Result<Option<Session>> {
    tracing::info!(leader = connection.process, "waiting for the leader to begin");
    match connection.hear().await {
        Ok(Message::Session(session)) => Ok(Some(session)),
        Ok(Message::Refused(refused)) => {
            anyhow::bail!("{} refuses this process: {}", connection.process, refused.reason)
        }
        Ok(other) => Err(connection.confused("what to do", &other).into()),
        Err(lost) => {
            tracing::info!(%lost, "calling the leader again");
            Ok(None)
        }
    }
}

async fn leave(connection: Connection) -> anyhow::Result<()> {
    // A leader that is gone need not be told.
    drop(connection.tell(Message::Leaving(Nothing {})).await);
    connection.close().await;
    Ok(())
}

async fn run_session(
    config: &ClusterConfig,
    door: &mut Door,
    log: &Arc<dyn Log>,
    session: Session,
    mut connection: Connection,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    let started = tokio::select! {
        () = shutdown.cancelled() => return leave(connection).await,
        started = start_workers(config, door, &session, &mut connection) => started,
    };
    let workers = match started {
        Ok(workers) => workers,
        Err(error) if error.is::<Broken>() => return Err(error),
        Err(error) => {
            let error = format!("{error:#}");
            tracing::warn!(error, "the session did not begin; calling the leader again");
            wiring::pause(shutdown).await;
            return Ok(());
        }
    };
    let mut member = Member {
        log: log.clone(),
        interval: Duration::from_millis(session.batch_interval_ms),
        connection,
        workers,
        intake: None,
        pending: Pending::default(),
        cut: None,
        sieve: None,
        past: Pasts::new(),
        shutdown: shutdown.clone(),
    };
    let ended = member.work().await;
    let Member { connection, workers, .. } = member;
    match ended {
        Ok(Ended::InOrder) => {
            tracing::info!("the leader has ended the session");
            workers.end().await;
            Ok(())
        }
        Ok(Ended::Stopped) => {
            workers.alarm().raise(String::from("this process was stopped"));
            leave(connection).await
        }
        Err(error) => {
            workers.alarm().raise(format!("{error:#}"));
            Err(error.context(Broken))
        }
    }
}

/// Joins the session. What its workers keep of the state comes to them from
/// the leader's workers.
async fn start_workers(
    config: &ClusterConfig,
    door: &mut Door,
    session: &Session,
    connection: &mut Connection,
) -> anyhow::Result<Crew> {
    let rank = session.rank as usize;
    let secret = config.secret.as_ref();
    let mesh = mesh::join(door, session.session, rank, &session.addresses, secret).await?;
    let options = Options {
        workers: session.workers as usize,
        stale_after_ms: session.stale_after_ms,
        origin: Timestamp(session.origin_ms),
    };
    let started = block_in_place(|| {
        let workers = Workers::start_in_cluster(options, mesh, None)?;
        connection.watch(workers.alarm());
        anyhow::Ok(Crew::with_others(workers))
    });
    let workers = started.map_err(|error| error.context(Broken))?;
    let (processes, workers_each) = (session.addresses.len(), options.workers);
    tracing::info!(rank, processes, workers_each, "this process works with the others");
    Ok(workers)
}

/// How a session ended.
enum Ended {
    /// The leader said so.
    InOrder,
    /// This process was told to stop, and the leader did not do so in time.
    Stopped,
}

/// What has been read since the last cut.
#[derive(Default)]
struct Pending {
    input: Input,
    reached: BTreeMap<u32, Reach>,
}

impl Pending {
    fn add(&mut self, found: Found) {
        if let Some(reach) = found.reach() {
            self.reached.insert(reach.partition, reach);
        }
        self.input.take(found);
    }

    fn is_full(&self) -> bool {
        self.input.decoded.samples.len() >= EPOCH_SAMPLES_MAX
    }

    /// What the leader must know of it.
    fn taken(&self, epoch: u64, wall: Timestamp) -> Taken {
        let range = |taken: &journal::Taken| OffsetRange {
            partition: taken.partition,
            from: taken.offsets.start,
            until: taken.offsets.end,
        };
        let reached = |reach: &Reach| Reached {
            partition: reach.partition,
            record_ms: (!reach.is_end).then(|| reach.until.millis()),
            end_ago_ms: wall.millis() - reach.until.millis(),
        };
        Taken {
            epoch,
            ranges: self.input.taken().iter().map(range).collect(),
            reached: self.reached.values().map(reached).collect(),
        }
    }
}

/// This process in a session.
struct Member {
    log: Arc<dyn Log>,
    interval: Duration,
    connection: Connection,
    workers: Crew,
    intake: Option<Intake>,
    pending: Pending,
    /// What belongs to an epoch that the leader has not journaled yet.
    cut: Option<(u64, Decoded)>,
    /// What was read for the last epoch, in case some of it came too late.
    sieve: Option<Sieve>,
    /// What services were before the horizon, as far as the leader has told.
    past: Pasts,
    shutdown: CancellationToken,
}

impl Member {
    async fn work(&mut self) -> anyhow::Result<Ended> {
        self.connection.tell(Message::Ready(Nothing {})).await?;
        let mut leaving = None;
        loop {
            tokio::select! {
                biased;
                () = self.shutdown.cancelled(), if leaving.is_none() => {
                    // It works on until the leader ends the session in order.
                    self.connection.tell(Message::Leaving(Nothing {})).await?;
                    leaving = Some(Instant::now() + LEAVE_MAX);
                }
                () = at(leaving) => return Ok(Ended::Stopped),
                message = self.connection.hear() => {
                    let message = message?;
                    if message == Message::Stop(Nothing {}) {
                        return Ok(Ended::InOrder);
                    }
                    self.obey(message).await?;
                }
                found = read(&mut self.intake), if !self.pending.is_full() => {
                    let found = found?.context("nobody reads the log any more")?;
                    self.pending.add(found);
                    if self.pending.is_full() {
                        self.connection.tell(Message::Full(Nothing {})).await?;
                    }
                }
            }
        }
    }

    async fn obey(&mut self, message: Message) -> anyhow::Result<()> {
        match message {
            Message::Read(Partitions { positions }) => self.read_from(&positions),
            Message::Cut(cut) => {
                let taken = self.pending.taken(cut.epoch, wall());
                self.cut = Some((cut.epoch, std::mem::take(&mut self.pending).input.decoded));
                self.connection.tell(Message::Taken(taken)).await?;
            }
            Message::Finish(finish) => {
                let output = block_in_place(|| self.finish(&finish))?;
                let set_aside = self.sieve.as_mut().map(Sieve::take_set_aside).unwrap_or_default();
                let edges = self.sieve.as_mut().map(Sieve::take_edges).unwrap_or_default();
                for piece in convert::pieces(output, set_aside, edges) {
                    self.connection.tell(Message::Changes(piece)).await?;
                }
            }
            Message::Forget(forget) => {
                let (samples_before, before) = (forget.samples_before_ms, forget.before_ms);
                self.workers.forget(Timestamp(samples_before), Timestamp(before))?;
            }
            Message::TooLate(Samples { samples }) => {
                let samples: anyhow::Result<Vec<_>> =
                    samples.into_iter().map(convert::read_sample).collect();
                let samples = samples.context("read which samples came too late")?;
                let rows = self.sieve.take().map(|sieve| sieve.end(&samples));
                let rows = rows.into_iter().flatten().map(convert::set_aside_of).collect();
                self.connection.tell(Message::SetAside(SetAsides { rows })).await?;
            }
            Message::Past(piece) => {
                let is_last = piece.is_last;
                past::add(&mut self.past, piece).context("read the past of services")?;
                if is_last {
                    let past = std::mem::take(&mut self.past);
                    let recalled = block_in_place(|| self.workers.recall(past))?;
                    for piece in past::recalled_pieces(recalled) {
                        self.connection.tell(Message::Recalled(piece)).await?;
                    }
                }
            }
            Message::AskState(_) => {
                let bytes = block_in_place(|| self.state())?;
                for piece in leader::pieces(&bytes) {
                    self.connection.tell(Message::State(piece)).await?;
                }
            }
            other => return Err(self.connection.confused("what to do", &other).into()),
        }
        Ok(())
    }

    fn read_from(&mut self, positions: &[Offset]) {
        let partitions: Vec<u32> = positions.iter().map(|offset| offset.partition).collect();
        tracing::info!(?partitions, "reading a share of the samples");
        let position = |offset: &Offset| Position {
            topic: SAMPLES_TOPIC.to_owned(),
            partition: offset.partition,
            next: offset.next,
        };
        let positions = positions.iter().map(position).collect();
        // It ends with this member, not before.
        let stop = CancellationToken::new();
        self.intake = Some(Intake::start(self.log.clone(), positions, self.interval, stop));
    }

    fn finish(&mut self, finish: &Finish) -> anyhow::Result<EpochOutput> {
        self.sieve = None;
        // While the leader takes journaled epochs in again, it reads them itself.
        if let Some((epoch, decoded)) = self.cut.take() {
            anyhow::ensure!(
                epoch == finish.epoch,
                "the leader finishes epoch {} where it has cut {epoch}",
                finish.epoch
            );
            let recorded_at = Timestamp(finish.recorded_at_ms);
            let mut sieve = Sieve::new(decoded, recorded_at, Timestamp(finish.samples_from_ms));
            feed(&mut self.workers, &mut sieve)?;
            self.sieve = Some(sieve);
        }
        metrics::gauge!("padwacht_correlate_epoch").set(finish.epoch as f64);
        Ok(self.workers.finish(Timestamp(finish.now_ms))?)
    }

    /// What only this process knows.
    fn state(&mut self) -> anyhow::Result<Vec<u8>> {
        let engine: EngineSnapshot = self.workers.snapshot()?;
        let state = Checkpoint { engine, ..Checkpoint::default() };
        checkpoint::to_bytes(&state).context("pack the state")
    }
}

/// Ends at that moment; never without one.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// What the intake finds next; nothing before it is started.
async fn read(intake: &mut Option<Intake>) -> Result<Option<Found>, LogError> {
    match intake {
        Some(intake) => intake.found().await,
        None => std::future::pending().await,
    }
}
