//! The followers of a session as the leader sees them: what it tells them and
//! waits for, epoch by epoch.
//!
//! ```text
//!  leader  ── cut(e) ──▶ followers     what each has read belongs to e
//!          ◀─ taken(e) ─
//!  journals one entry for all of it
//!          ── finish(e) ─▶             every worker of every process settles e
//!          ◀─ changes(e) ─
//! ```
//! A follower that is lost is an error at each of these steps, and wakes
//! whoever waits for the workers. The epoch is then taken in again from the
//! journal, as after a crash.

use std::sync::Arc;

use anyhow::Context;
use correlate::dataflow::{Alarm, AllIntervals, EngineSnapshot, EpochOutput};
use correlate::model::{Sample, Timestamp};
use store::checkpoint::{self, Checkpoint, Position};
use store::journal::Entry;
use store::series::{Edge, SetAside};
use store::wire::SAMPLES_TOPIC;
use tokio::sync::Notify;

use super::connection::{Connection, Lost};
use super::convert;
use super::message::{
    Cut, Finish, Forget, Message, Nothing, Offset, OffsetRange, Partitions, Reached, Samples,
    SetAsides,
};
use super::past::{self, Pasts};
use crate::correlate::clock::Clock;
use crate::correlate::epoch::Input;
use crate::correlate::intake::wall;
use crate::correlate::set_aside::Decoded;

/// What an epoch came to in the followers.
#[derive(Default)]
pub(super) struct Elsewhere {
    /// What it changed, in each.
    pub(super) outputs: Vec<EpochOutput>,
    /// What they could not use of what they had read.
    pub(super) set_aside: Vec<SetAside>,
    /// How samples that they had read were known.
    pub(super) edges: Vec<Edge>,
}

/// All followers; none when the process works alone.
#[derive(Default)]
pub(in crate::correlate) struct Team {
    followers: Vec<Connection>,
    urgent: Arc<Notify>,
}

impl Team {
    pub(super) fn new(followers: Vec<Connection>, urgent: Arc<Notify>) -> Team {
        Team { followers, urgent }
    }

    /// Whether there are no followers.
    pub(in crate::correlate) fn is_alone(&self) -> bool {
        self.followers.is_empty()
    }

    /// From now on a loss raises `alarm`.
    pub(super) fn watch(&self, alarm: &Alarm) {
        self.followers.iter().for_each(|follower| follower.watch(alarm.clone()));
    }

    /// Waits until every follower's workers run.
    pub(super) async fn ready(&mut self) -> Result<(), Lost> {
        for follower in &mut self.followers {
            match follower.hear().await? {
                Message::Ready(_) => {}
                other => return Err(follower.confused("that it is ready", &other)),
            }
        }
        Ok(())
    }

    /// Says the same to everybody.
    pub(super) async fn tell(&self, message: &Message) -> Result<(), Lost> {
        for follower in &self.followers {
            follower.tell(message.clone()).await?;
        }
        Ok(())
    }

    fn tell_blocking(&self, message: &Message) -> Result<(), Lost> {
        self.followers.iter().try_for_each(|follower| follower.tell_blocking(message.clone()))
    }

    /// Spreads the partitions of the samples evenly over all processes, and
    /// gives what is left to the leader: its own part, and the definitions.
    ///
    /// # Errors
    /// A follower is lost.
    pub(in crate::correlate) async fn spread(
        &self,
        positions: Vec<Position>,
    ) -> anyhow::Result<Vec<Position>> {
        let (mut samples, mut own): (Vec<_>, Vec<_>) =
            positions.into_iter().partition(|position| position.topic == SAMPLES_TOPIC);
        samples.sort_unstable();
        let processes = self.followers.len() + 1;
        let part = |rank: usize| samples.iter().skip(rank).step_by(processes);
        for (index, follower) in self.followers.iter().enumerate() {
            let offset = |p: &Position| Offset { partition: p.partition, next: p.next };
            let positions = part(index + 1).map(offset).collect();
            follower.tell(Message::Read(Partitions { positions })).await?;
        }
        own.extend(part(0).cloned());
        Ok(own)
    }

    /// Ends when a follower cannot wait for the next cut: it has read an
    /// epoch's worth, or is lost.
    pub(in crate::correlate) async fn urgent(&self) {
        self.urgent.notified().await;
    }

    /// Adds to `epoch` what the followers have read, and tells `clock` how
    /// far they have come.
    ///
    /// # Errors
    /// A follower is lost.
    pub(in crate::correlate) async fn cut(
        &mut self,
        epoch: u64,
        input: &mut Input,
        clock: &mut Clock,
    ) -> anyhow::Result<()> {
        self.tell(&Message::Cut(Cut { epoch })).await?;
        for follower in &mut self.followers {
            let taken = match follower.hear().await? {
                Message::Taken(taken) if taken.epoch == epoch => taken,
                other => return Err(follower.confused("what it has taken", &other).into()),
            };
            for OffsetRange { partition, from, until } in taken.ranges {
                input.take_samples(partition, from..until, Decoded::default());
            }
            let wall = wall();
            let mut lag_ms = 0;
            for Reached { partition, record_ms, end_ago_ms } in taken.reached {
                let until =
                    record_ms.map_or_else(|| wall.plus_millis(-end_ago_ms.max(0)), Timestamp);
                clock.reached(partition, until, wall);
                lag_ms = lag_ms.max(wall.millis() - until.millis());
            }
            let process = follower.process.clone();
            metrics::gauge!("padwacht_correlate_process_lag_ms", "process" => process)
                .set(lag_ms as f64);
        }
        Ok(())
    }

    /// Lets the followers take a journaled epoch in. Blocks shortly.
    ///
    /// # Errors
    /// A follower is lost.
    pub(super) fn begin(&self, entry: &Entry, samples_from: Timestamp) -> Result<(), Lost> {
        self.tell_blocking(&Message::Finish(Finish {
            epoch: entry.epoch,
            now_ms: entry.now.millis(),
            recorded_at_ms: entry.recorded_at.millis(),
            samples_from_ms: samples_from.millis(),
        }))
    }

    /// What the epoch came to in the followers. Blocks.
    ///
    /// # Errors
    /// A follower is lost.
    pub(super) fn changes(&mut self) -> anyhow::Result<Elsewhere> {
        let (mut set_aside, mut edges) = (Vec::new(), Vec::new());
        let changes_of = |follower: &mut Connection| -> anyhow::Result<EpochOutput> {
            let mut output = EpochOutput::default();
            loop {
                match follower.hear_blocking()? {
                    Message::Changes(piece) => {
                        let is_last = piece.is_last;
                        convert::add(&mut output, &mut set_aside, &mut edges, piece)
                            .context("read what a follower changed")?;
                        if is_last {
                            return Ok(output);
                        }
                    }
                    other => return Err(follower.confused("what changed", &other).into()),
                }
            }
        };
        let outputs: anyhow::Result<_> = self.followers.iter_mut().map(changes_of).collect();
        let outputs = outputs?;
        Ok(Elsewhere { outputs, set_aside, edges })
    }

    /// What the followers set aside because `samples` came too late. Blocks.
    ///
    /// # Errors
    /// A follower is lost.
    pub(super) fn too_late(&mut self, samples: &[Sample]) -> anyhow::Result<Vec<SetAside>> {
        let samples = samples.iter().map(convert::sample_of).collect();
        self.tell_blocking(&Message::TooLate(Samples { samples }))?;
        let mut set_aside = Vec::new();
        for follower in &mut self.followers {
            match follower.hear_blocking()? {
                Message::SetAside(SetAsides { rows }) => {
                    for row in rows {
                        set_aside.push(convert::read_set_aside(row)?);
                    }
                }
                other => return Err(follower.confused("what came too late", &other).into()),
            }
        }
        Ok(set_aside)
    }

    /// Hands the past of services to the followers, and gives what it makes of
    /// those that they own. Blocks.
    ///
    /// # Errors
    /// A follower is lost.
    pub(super) fn recall(&mut self, past: &Pasts) -> anyhow::Result<AllIntervals> {
        if self.followers.is_empty() {
            return Ok(AllIntervals::new());
        }
        for piece in past::pieces(past) {
            self.tell_blocking(&Message::Past(piece))?;
        }
        let mut recalled = AllIntervals::new();
        for follower in &mut self.followers {
            loop {
                match follower.hear_blocking()? {
                    Message::Recalled(piece) => {
                        let is_last = piece.is_last;
                        past::add_recalled(&mut recalled, piece)
                            .context("read what a follower recalled")?;
                        if is_last {
                            break;
                        }
                    }
                    other => return Err(follower.confused("what it recalls", &other).into()),
                }
            }
        }
        Ok(recalled)
    }

    /// Bounds the followers' memory. Blocks shortly.
    ///
    /// # Errors
    /// A follower is lost.
    pub(super) fn forget(&self, samples_before: Timestamp, before: Timestamp) -> Result<(), Lost> {
        self.tell_blocking(&Message::Forget(Forget {
            samples_before_ms: samples_before.millis(),
            before_ms: before.millis(),
        }))
    }

    /// Asks for the state of the followers' workers; [`Team::states`] gives it.
    ///
    /// # Errors
    /// A follower is lost.
    pub(super) fn ask_states(&self) -> Result<(), Lost> {
        self.tell_blocking(&Message::AskState(Nothing {}))
    }

    /// The state of the followers' workers, in parts. Blocks.
    ///
    /// # Errors
    /// A follower is lost.
    pub(super) fn states(&mut self) -> anyhow::Result<Vec<EngineSnapshot>> {
        let state_of = |follower: &mut Connection| {
            let mut bytes = Vec::new();
            loop {
                match follower.hear_blocking()? {
                    Message::State(mut piece) => {
                        bytes.append(&mut piece.bytes);
                        if piece.is_last {
                            let checkpoint: Checkpoint = checkpoint::from_bytes(&bytes)?;
                            return Ok(checkpoint.engine);
                        }
                    }
                    other => return Err(follower.confused("its state", &other).into()),
                }
            }
        };
        self.followers.iter_mut().map(state_of).collect()
    }

    /// The ranks of followers that want to end; the leader's own is 0.
    pub(in crate::correlate) fn leavers(&self) -> Vec<usize> {
        let ranks = (1..).zip(&self.followers);
        ranks.filter(|(_, follower)| follower.is_leaving()).map(|(rank, _)| rank).collect()
    }

    /// How many processes work together.
    pub(in crate::correlate) fn processes(&self) -> usize {
        self.followers.len() + 1
    }

    /// Closes the connections once everything said has been sent.
    pub(super) async fn close(self) {
        for follower in self.followers {
            follower.close().await;
        }
    }
}
