//! The workers of all processes as one engine, in the hands of the leader, or
//! of the only process there is.

use std::time::Duration;

use anyhow::Context;
use correlate::dataflow::{
    AllIntervals, Control, EngineSnapshot, EpochOutput, Options, SnapshotPart, Workers,
};
use correlate::engine::{Concerned, Segment};
use correlate::model::{Sample, ServiceId, Timestamp};
use store::journal::Entry;
use store::series::{Edge, SetAside};
use tokio_util::sync::CancellationToken;

use super::message::{Message, Nothing};
use super::team::{Elsewhere, Team};
use super::{Crew, Leader};
use crate::correlate::epoch::Parts;

/// Everything that computes.
pub(in crate::correlate) struct Fleet {
    workers: Crew,
    team: Team,
}

impl Fleet {
    /// Starts the workers: of this process, or of all that `leader` gathers.
    ///
    /// # Errors
    /// As [`Workers::start`], and a follower that is lost meanwhile.
    pub(in crate::correlate) async fn start(
        options: Options,
        batch_interval: Duration,
        parts: Parts,
        leader: Option<&mut Leader>,
        shutdown: &CancellationToken,
    ) -> anyhow::Result<Fleet> {
        match leader {
            Some(leader) => leader.begin(options, batch_interval, parts, shutdown).await,
            None => Fleet::alone(options, parts),
        }
    }

    pub(super) fn alone(options: Options, parts: Parts) -> anyhow::Result<Fleet> {
        let workers = tokio::task::block_in_place(|| Workers::start_from(options, parts))?;
        Ok(Fleet { workers: Crew::alone(workers), team: Team::default() })
    }

    pub(super) fn new(workers: Crew, team: Team) -> Fleet {
        Fleet { workers, team }
    }

    /// The followers.
    pub(in crate::correlate) fn team(&mut self) -> &mut Team {
        &mut self.team
    }

    /// Takes an epoch in: `controls`, this process's `samples`, and what the
    /// followers hold for it; samples of a component from before
    /// `samples_from` may be forgotten. Gives what it changed, what the
    /// followers set aside, and how they knew edges. Blocks.
    ///
    /// # Errors
    /// A worker has stopped, or a process is lost.
    pub(in crate::correlate) fn take_in(
        &mut self,
        entry: &Entry,
        controls: Vec<Control>,
        samples: impl Iterator<Item = Sample>,
        samples_from: Timestamp,
    ) -> anyhow::Result<(EpochOutput, Vec<SetAside>, Vec<Edge>)> {
        self.team.begin(entry, samples_from)?;
        self.workers.control(controls)?;
        feed(&mut self.workers, samples)?;
        let own = self.workers.finish(entry.now)?;
        if self.team.processes() == 1 {
            return Ok((own, Vec::new(), Vec::new()));
        }
        let Elsewhere { outputs: others, mut set_aside, edges } = self.team.changes()?;
        let output = EpochOutput::union(std::iter::once(own).chain(others));
        if !output.too_late_samples.is_empty() {
            // A sample is kept in one process and was read in another one.
            set_aside.append(&mut self.team.too_late(&output.too_late_samples)?);
        }
        Ok((output, set_aside, edges))
    }

    /// Bounds the memory of every process: see [`Workers::forget`].
    ///
    /// # Errors
    /// As [`Fleet::take_in`].
    pub(in crate::correlate) fn forget(
        &mut self,
        samples_before: Timestamp,
        before: Timestamp,
    ) -> anyhow::Result<()> {
        self.team.forget(samples_before, before)?;
        Ok(self.workers.forget(samples_before, before)?)
    }

    /// What the past of `services` is computed from. Blocks.
    ///
    /// # Errors
    /// As [`Fleet::take_in`].
    pub(in crate::correlate) fn concerned(
        &mut self,
        services: &[ServiceId],
    ) -> anyhow::Result<Concerned> {
        Ok(self.workers.concerned(services)?)
    }

    /// Takes the past of services from outside: see [`Workers::recall`]. Blocks.
    ///
    /// # Errors
    /// As [`Fleet::take_in`].
    pub(in crate::correlate) fn recall(
        &mut self,
        past: Vec<(ServiceId, Vec<Segment>)>,
    ) -> anyhow::Result<AllIntervals> {
        let mut recalled = self.team.recall(&past)?;
        recalled.append(&mut self.workers.recall(past)?);
        recalled.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok(recalled)
    }

    /// The whole state after the last epoch, part by part. Blocks.
    ///
    /// # Errors
    /// As [`Fleet::take_in`], or the first error of `take`.
    pub(in crate::correlate) fn snapshot_parts(
        &mut self,
        mut take: impl FnMut(SnapshotPart) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.team.ask_states()?;
        self.workers.snapshot_parts(&mut take)?;
        if self.team.processes() > 1 {
            let states = self.team.states().context("read the state of a follower")?;
            states.into_iter().flat_map(EngineSnapshot::into_parts).try_for_each(take)?;
        }
        Ok(())
    }

    /// Ends the session in order. The followers then wait for another one.
    pub(in crate::correlate) async fn stop(self) {
        // One that is lost now has nothing to lose.
        drop(self.team.tell(&Message::Stop(Nothing {})).await);
        self.workers.end().await;
        self.team.close().await;
    }
}

/// Samples handed to one worker at once: enough to keep the others busy.
const FEED_SAMPLES: usize = 8_192;

/// Spreads samples over the workers of this process.
pub(in crate::correlate) fn feed(
    workers: &mut Workers,
    mut samples: impl Iterator<Item = Sample>,
) -> anyhow::Result<()> {
    loop {
        let piece: Vec<Sample> = samples.by_ref().take(FEED_SAMPLES).collect();
        if piece.is_empty() {
            return Ok(());
        }
        workers.feed(piece)?;
    }
}
