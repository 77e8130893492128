//! The worker threads, and the one handle that feeds them.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use timely::communication::AllocatorBuilder;
use timely::execute::execute_from;
use timely::worker::Worker;
use timely::{CommunicationConfig, WorkerConfig};

use super::cluster::{Alarm, Mesh, PanicWatch, PeerStream};
use super::flow::{Epoch, Flow, Shared, build};
use super::{AllIntervals, Control, EngineSnapshot, EpochOutput, Options};
use crate::engine::{Evaluator, EvaluatorSnapshot, Keeper, Ownership, stable_hash};
use crate::model::{Sample, Timestamp};

/// Commands that wait for one worker before the feeder blocks: enough to keep
/// it busy, few enough to bound memory to a few batches.
const COMMANDS_MAX: usize = 16;

/// How long a worker that is being fed waits for its feeder before it looks
/// after its operators.
const FEED_POLL: Duration = Duration::from_millis(1);

enum Command {
    Samples(Vec<Sample>),
    Controls(Vec<Control>),
    Finish(Timestamp, Yield),
    Forget { samples_before: Timestamp, before: Timestamp },
    Snapshot(Sender<EngineSnapshot>),
    Intervals(Sender<AllIntervals>),
}

/// What a finished epoch hands over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Yield {
    /// Everything that changed.
    Changes,
    /// Refusals only; intervals are asked for afterwards.
    Refusals,
}

/// Why the workers cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum WorkersError {
    /// The threads could not be started.
    #[error("cannot start {workers} workers: {reason}")]
    Start {
        /// How many were asked for.
        workers: usize,
        /// What timely said.
        reason: String,
    },
    /// A worker ended, because it panicked or a process was lost.
    #[error("a correlation worker has stopped; why is in the log above")]
    Stopped,
    /// The state to start from contradicts itself.
    #[error("cannot restore the engine's state: {0}")]
    Restore(String),
    /// Another process of the cluster is gone.
    #[error("lost a process of the cluster: {0}")]
    PeerLost(String),
}

/// Running workers of this process. Dropping the handle stops them; in a
/// cluster it waits until every other process has dropped its handle too,
/// unless one of them is lost.
pub struct Workers {
    commands: Vec<SyncSender<Command>>,
    outputs: Receiver<Result<EpochOutput, WorkersError>>,
    alarm: Alarm,
    next_worker: usize,
    guards: Option<timely::communication::WorkerGuards<()>>,
}

impl Workers {
    /// Starts the workers, from `snapshot` if there is one.
    ///
    /// # Errors
    /// Threads that cannot be started, or a snapshot that contradicts itself.
    pub fn start(
        options: Options,
        snapshot: Option<EngineSnapshot>,
    ) -> Result<Workers, WorkersError> {
        Workers::launch(options, snapshot, 0, |workers, _| {
            CommunicationConfig::Process(workers).try_build()
        })
    }

    /// Starts this process's part of a cluster; every process must do so with
    /// the same options and snapshot. The workers of all of them then are one
    /// engine: each process feeds what it has read, and all of them finish
    /// each epoch; only process 0 gives definitions and windows. What an epoch
    /// changed is the union of what the processes return.
    ///
    /// # Errors
    /// As [`Workers::start`], and another process that goes away meanwhile.
    pub fn start_in_cluster<S: PeerStream>(
        options: Options,
        mesh: Mesh<S>,
        snapshot: Option<EngineSnapshot>,
    ) -> Result<Workers, WorkersError> {
        let process = mesh.process;
        Workers::launch(options, snapshot, process, |workers, alarm| mesh.build(workers, alarm))
    }

    fn launch(
        options: Options,
        snapshot: Option<EngineSnapshot>,
        process: usize,
        build: impl FnOnce(usize, &Alarm) -> Result<Builders, String>,
    ) -> Result<Workers, WorkersError> {
        let workers = options.workers.max(1);
        let (outputs_in, outputs) = channel();
        let alarm = Alarm::new(outputs_in.clone());
        let (commands, receivers): (Vec<_>, Vec<_>) =
            (0..workers).map(|_| sync_channel(COMMANDS_MAX)).unzip();
        let receivers: Vec<_> = receivers.into_iter().map(Some).collect();
        let seats = Mutex::new((receivers, outputs_in));
        let snapshot = Arc::new(snapshot.unwrap_or_default());
        let watch = alarm.clone();
        let run_one = move |worker: &mut Worker| {
            let _watch = PanicWatch(watch.clone());
            let (commands, outputs) = {
                let mut seats = seats.lock().expect("no worker panics while it takes its seat");
                let seat = seats.0[worker.index() - process * workers].take();
                (seat.expect("every worker takes its own seat once"), seats.1.clone())
            };
            let ends = Ends { commands, outputs, alarm: watch.clone() };
            run(worker, options, &snapshot, &ends);
        };
        let guards = build(workers, &alarm)
            .and_then(|(built, other)| execute_from(built, other, WorkerConfig::default(), run_one))
            .map_err(|reason| WorkersError::Start { workers, reason })?;
        let started = Workers { commands, outputs, alarm, next_worker: 0, guards: Some(guards) };
        for _ in 0..workers {
            started.output()?;
        }
        Ok(started)
    }

    /// With it, others can end the wait for these workers.
    pub fn alarm(&self) -> Alarm {
        self.alarm.clone()
    }

    /// Adds samples to the epoch in progress. Blocks while the workers are
    /// behind by a few batches.
    ///
    /// # Errors
    /// A worker has stopped.
    pub fn feed(&mut self, samples: Vec<Sample>) -> Result<(), WorkersError> {
        self.next_worker = (self.next_worker + 1) % self.commands.len();
        self.send(self.next_worker, Command::Samples(samples))
    }

    /// Adds definitions and windows to the epoch in progress.
    ///
    /// # Errors
    /// A worker has stopped.
    pub fn control(&mut self, controls: Vec<Control>) -> Result<(), WorkersError> {
        self.send(0, Command::Controls(controls))
    }

    /// Ends the epoch with the clock at `now`, waits for every worker, and
    /// returns what the epoch changed.
    ///
    /// # Errors
    /// A worker has stopped.
    pub fn finish(&mut self, now: Timestamp) -> Result<EpochOutput, WorkersError> {
        self.finish_epoch(now, Yield::Changes)
    }

    /// As [`Workers::finish`], but without the changes: for work whose result
    /// is asked for as a whole, with [`Workers::intervals`].
    ///
    /// # Errors
    /// A worker has stopped.
    pub fn settle(&mut self, now: Timestamp) -> Result<EpochOutput, WorkersError> {
        self.finish_epoch(now, Yield::Refusals)
    }

    fn finish_epoch(&mut self, now: Timestamp, wanted: Yield) -> Result<EpochOutput, WorkersError> {
        for worker in 0..self.commands.len() {
            self.send(worker, Command::Finish(now, wanted))?;
        }
        let parts: Result<Vec<_>, _> = self.commands.iter().map(|_| self.output()).collect();
        Ok(EpochOutput::union(parts?))
    }

    /// Bounds memory: forgets samples before `samples_before` (but the last of
    /// each component), and intervals that ended before `before`.
    ///
    /// # Errors
    /// A worker has stopped.
    pub fn forget(
        &mut self,
        samples_before: Timestamp,
        before: Timestamp,
    ) -> Result<(), WorkersError> {
        (0..self.commands.len())
            .try_for_each(|worker| self.send(worker, Command::Forget { samples_before, before }))
    }

    /// The engine's state after the last finished epoch.
    ///
    /// # Errors
    /// A worker has stopped.
    pub fn snapshot(&mut self) -> Result<EngineSnapshot, WorkersError> {
        let parts = self.ask(Command::Snapshot)?;
        Ok(EngineSnapshot::union(parts))
    }

    /// Every service's intervals after the last finished epoch.
    ///
    /// # Errors
    /// A worker has stopped.
    pub fn intervals(&mut self) -> Result<AllIntervals, WorkersError> {
        let mut all: AllIntervals = self.ask(Command::Intervals)?.into_iter().flatten().collect();
        all.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok(all)
    }

    fn ask<T>(&mut self, question: impl Fn(Sender<T>) -> Command) -> Result<Vec<T>, WorkersError> {
        let (reply, replies) = channel();
        for worker in 0..self.commands.len() {
            self.send(worker, question(reply.clone()))?;
        }
        drop(reply);
        let answers: Vec<T> = replies.iter().collect();
        if answers.len() == self.commands.len() { Ok(answers) } else { Err(WorkersError::Stopped) }
    }

    fn send(&self, worker: usize, command: Command) -> Result<(), WorkersError> {
        if self.alarm.is_raised() {
            // What the workers say from now on may be half an epoch.
            return Err(WorkersError::Stopped);
        }
        self.commands[worker].send(command).map_err(|_| WorkersError::Stopped)
    }

    fn output(&self) -> Result<EpochOutput, WorkersError> {
        self.outputs.recv().unwrap_or(Err(WorkersError::Stopped))
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.alarm.close();
        self.commands.clear();
        let Some(guards) = self.guards.take() else { return };
        if self.alarm.is_raised() {
            // The others wait for one that is gone, and would do so for ever.
            std::mem::forget(guards);
        } else {
            // A panic was reported where it happened.
            drop(guards.join());
        }
    }
}

impl EpochOutput {
    /// Joins what workers or processes say of one epoch.
    pub fn union(parts: impl IntoIterator<Item = EpochOutput>) -> EpochOutput {
        let mut whole = EpochOutput::default();
        for part in parts {
            whole.revisions.extend(part.revisions);
            whole.transitions.extend(part.transitions);
            whole.rejections.extend(part.rejections);
            whole.too_late += part.too_late;
        }
        whole.revisions.sort_unstable_by(|a, b| (&a.service, a.start).cmp(&(&b.service, b.start)));
        whole.transitions.sort_unstable();
        whole
    }
}

impl EngineSnapshot {
    /// Joins the parts of workers or processes: components are kept by one
    /// worker each, services are known to all and timed by one.
    pub fn union(parts: Vec<EngineSnapshot>) -> EngineSnapshot {
        let mut parts = parts.into_iter();
        let mut whole = parts.next().unwrap_or_default();
        let by_id = |snapshot: &mut EvaluatorSnapshot| {
            snapshot.services.sort_unstable_by(|a, b| a.definition.id.cmp(&b.definition.id));
        };
        by_id(&mut whole.evaluator);
        for mut part in parts {
            whole.components.append(&mut part.components);
            by_id(&mut part.evaluator);
            for (known, other) in whole.evaluator.services.iter_mut().zip(part.evaluator.services) {
                known.segments = known.segments.take().or(other.segments);
            }
        }
        whole.components.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        whole
    }
}

/// What timely makes workers of, and what it keeps beside them.
type Builders = (Vec<AllocatorBuilder>, Box<dyn Any + Send>);

/// A worker's ends of the channels.
struct Ends {
    commands: Receiver<Command>,
    outputs: Sender<Result<EpochOutput, WorkersError>>,
    alarm: Alarm,
}

fn run(
    worker: &mut Worker,
    options: Options,
    snapshot: &EngineSnapshot,
    Ends { commands, outputs, alarm }: &Ends,
) {
    let ownership = Ownership { index: worker.index(), peers: worker.peers() };
    let restored = restore(options, ownership, snapshot);
    let (keeper, evaluator) = match restored {
        Ok(parts) => parts,
        Err(reason) => return alarm.end(WorkersError::Restore(reason)),
    };
    let shared = Rc::new(Shared {
        keeper: RefCell::new(keeper),
        evaluator: RefCell::new(evaluator),
        now: Cell::new(Timestamp::MIN),
        wants_changes: Cell::new(true),
        revisions: RefCell::default(),
        transitions: RefCell::default(),
        rejections: RefCell::default(),
    });
    let mut flow = build(worker, &shared);
    if outputs.send(Ok(EpochOutput::default())).is_err() {
        return;
    }
    let mut epoch: Epoch = 0;
    let mut feeding = false;
    loop {
        let command = match feeding {
            true => match commands.recv_timeout(FEED_POLL) {
                Err(RecvTimeoutError::Timeout) => {
                    worker.step();
                    continue;
                }
                other => other.ok(),
            },
            false => commands.recv().ok(),
        };
        let Some(command) = command else { return };
        match command {
            Command::Samples(mut samples) => {
                flow.samples.send_batch(&mut samples);
                feeding = true;
                worker.step();
            }
            Command::Controls(mut controls) => flow.controls.send_batch(&mut controls),
            Command::Finish(now, wanted) => {
                feeding = false;
                shared.wants_changes.set(wanted == Yield::Changes);
                shared.now.set(now);
                epoch += 1;
                finish(worker, &mut flow, epoch, alarm);
                if outputs.send(Ok(shared.take_output(ownership))).is_err() {
                    return;
                }
            }
            Command::Forget { samples_before, before } => {
                shared.keeper.borrow_mut().forget_samples_before(samples_before);
                shared.evaluator.borrow_mut().forget_before(before);
            }
            Command::Snapshot(reply) => {
                let part = EngineSnapshot {
                    components: shared.keeper.borrow().snapshot(),
                    evaluator: shared.evaluator.borrow().snapshot(),
                };
                // Nobody waits any more: nothing to do.
                drop(reply.send(part));
            }
            Command::Intervals(reply) => {
                drop(reply.send(shared.evaluator.borrow().intervals()));
            }
        }
    }
}

fn finish(worker: &mut Worker, flow: &mut Flow, epoch: Epoch, alarm: &Alarm) {
    flow.samples.advance_to(epoch);
    flow.controls.advance_to(epoch);
    // After an alarm the probe may stay where it is; nobody waits for it.
    while flow.probe.less_than(&epoch) && !alarm.is_raised() {
        worker.step_or_park(Some(FEED_POLL));
    }
}

fn restore(
    options: Options,
    ownership: Ownership,
    snapshot: &EngineSnapshot,
) -> Result<(Keeper, Evaluator), String> {
    let mut keeper = Keeper::new(options.stale_after_ms);
    let mut evaluator = Evaluator::new(ownership, options.origin);
    for component in &snapshot.components {
        let place = stable_hash(component.id.as_str()) % ownership.peers as u64;
        if place == ownership.index as u64 {
            keeper.restore(component);
        }
        evaluator.restore_component(component);
    }
    if let Some(now) = snapshot.evaluator.now {
        keeper.advance(now);
    }
    evaluator.restore(&snapshot.evaluator).map_err(|rejection| rejection.reason)?;
    Ok((keeper, evaluator))
}

impl Shared {
    fn take_output(&self, ownership: Ownership) -> EpochOutput {
        let rejections = self.rejections.take();
        EpochOutput {
            revisions: self.revisions.take(),
            transitions: self.transitions.take(),
            // Every worker sees every definition; one reports.
            rejections: if ownership.index == 0 { rejections } else { Vec::new() },
            too_late: self.keeper.borrow().too_late(),
        }
    }
}
