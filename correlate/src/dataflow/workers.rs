//! The worker threads, and the one handle that feeds them.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use timely::communication::AllocatorBuilder;
use timely::execute::execute_from;
use timely::worker::Worker;
use timely::{CommunicationConfig, WorkerConfig};

use super::cluster::{Alarm, Mesh, PanicWatch, PeerStream};
use super::flow::{Fact, Flow, Order, Shared, TICKS, Tick, build};
use super::lines::{LineReader, LinesPart};
use super::{
    AllIntervals, Control, EngineSnapshot, EpochOutput, LinesPiece, LinesRead, Options,
    SnapshotPart,
};
use crate::engine::{Concerned, Evaluator, Keeper, Ownership, Segment, WORKERS_MAX};
use crate::model::{Sample, ServiceId, Timestamp};

/// Commands that wait for one worker before the feeder blocks: enough to keep
/// it busy, few enough to bound memory to a few batches.
const COMMANDS_MAX: usize = 16;

/// How long a worker that is being fed waits for its feeder before it looks
/// after its operators.
const FEED_POLL: Duration = Duration::from_millis(1);

/// Parts of a snapshot that wait for whoever takes it, per worker.
const PARTS_MAX: usize = 4;

enum Command {
    Samples(Vec<Sample>),
    Lines(LinesPiece),
    Controls(Vec<Control>),
    Restore(SnapshotPart),
    Finish(Timestamp, Yield),
    Forget { samples_before: Timestamp, before: Timestamp },
    Snapshot(SyncSender<SnapshotPart>),
    LinesRead(Sender<LinesPart>),
    Intervals(Sender<AllIntervals>),
    Concerned(Vec<ServiceId>, Sender<Concerned>),
    Recall(Arc<Vec<(ServiceId, Vec<Segment>)>>, Sender<AllIntervals>),
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
    /// Bad lines so far, by worker.
    bad_lines: Vec<Arc<AtomicU64>>,
    guards: Option<timely::communication::WorkerGuards<()>>,
}

impl Workers {
    /// Starts the workers, from `snapshot` if there is one; see
    /// [`Workers::start_from`].
    ///
    /// # Errors
    /// Threads that cannot be started, or a snapshot that contradicts itself.
    pub fn start(
        options: Options,
        snapshot: Option<EngineSnapshot>,
    ) -> Result<Workers, WorkersError> {
        let parts = snapshot.into_iter().flat_map(EngineSnapshot::into_parts);
        Workers::start_from(options, parts.map(Ok))
    }

    /// Starts the workers from the parts of a snapshot, one after the other.
    ///
    /// # Errors
    /// Threads that cannot be started, a part that cannot be had, or parts
    /// that contradict each other.
    pub fn start_from<E: From<WorkersError>>(
        options: Options,
        parts: impl IntoIterator<Item = Result<SnapshotPart, E>>,
    ) -> Result<Workers, E> {
        let one_process =
            |workers: usize, _: &Alarm| CommunicationConfig::Process(workers).try_build();
        let mut workers = Workers::launch(options, 0, one_process)?;
        for part in parts {
            workers.restore(part?)?;
        }
        workers.restored()?;
        Ok(workers)
    }

    /// Starts this process's part of a cluster; every process must do so at
    /// the same time, with the same options. The snapshot of process 0 counts.
    /// The workers of all of them then are one
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
        let parts = snapshot.into_iter().flat_map(EngineSnapshot::into_parts);
        Workers::start_in_cluster_from(options, mesh, parts.map(Ok))
    }

    /// As [`Workers::start_in_cluster`], from the parts of a snapshot, one
    /// after the other.
    ///
    /// # Errors
    /// As [`Workers::start_in_cluster`], or a part that cannot be had.
    pub fn start_in_cluster_from<S: PeerStream, E: From<WorkersError>>(
        options: Options,
        mesh: Mesh<S>,
        parts: impl IntoIterator<Item = Result<SnapshotPart, E>>,
    ) -> Result<Workers, E> {
        let process = mesh.process;
        let mut workers =
            Workers::launch(options, process, |workers, alarm| mesh.build(workers, alarm))?;
        if process == 0 {
            for part in parts {
                workers.restore(part?)?;
            }
        }
        workers.restored()?;
        Ok(workers)
    }

    fn launch(
        options: Options,
        process: usize,
        build: impl FnOnce(usize, &Alarm) -> Result<Builders, String>,
    ) -> Result<Workers, WorkersError> {
        let workers = options.workers.clamp(1, WORKERS_MAX);
        let (outputs_in, outputs) = channel();
        let alarm = Alarm::new(outputs_in.clone());
        let (commands, receivers): (Vec<_>, Vec<_>) =
            (0..workers).map(|_| sync_channel(COMMANDS_MAX)).unzip();
        let receivers: Vec<_> = receivers.into_iter().map(Some).collect();
        let seats = Mutex::new((receivers, outputs_in));
        let bad_lines: Vec<Arc<AtomicU64>> = (0..workers).map(|_| Arc::default()).collect();
        let bad_seats = bad_lines.clone();
        let watch = alarm.clone();
        let run_one = move |worker: &mut Worker| {
            let _watch = PanicWatch(watch.clone());
            let index = worker.index() - process * workers;
            let (commands, outputs) = {
                let mut seats = seats.lock().expect("no worker panics while it takes its seat");
                let seat = seats.0[index].take();
                (seat.expect("every worker takes its own seat once"), seats.1.clone())
            };
            let lines = LineReader::new(bad_seats[index].clone());
            let ends = Ends { commands, outputs, alarm: watch.clone() };
            run(worker, options, lines, &ends);
        };
        let guards = build(workers, &alarm)
            .and_then(|(built, other)| execute_from(built, other, WorkerConfig::default(), run_one))
            .map_err(|reason| WorkersError::Start { workers, reason })?;
        Ok(Workers { commands, outputs, alarm, next_worker: 0, bad_lines, guards: Some(guards) })
    }

    fn restore(&mut self, part: SnapshotPart) -> Result<(), WorkersError> {
        self.next_worker = (self.next_worker + 1) % self.commands.len();
        self.send(self.next_worker, Command::Restore(part))
    }

    /// Brings what was restored into force.
    fn restored(&mut self) -> Result<(), WorkersError> {
        match self.finish_epoch(Timestamp::MIN, Yield::Refusals)?.rejections.first() {
            Some(rejection) => Err(WorkersError::Restore(rejection.reason.clone())),
            None => Ok(()),
        }
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

    /// How many workers this process has: where lines can be fed.
    pub fn len(&self) -> usize {
        self.commands.len()
    }

    /// Never: there is at least one.
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// Adds samples to the epoch in progress, as lines of a samples file, by
    /// the worker of that number. Bad lines are left out: see
    /// [`Workers::bad_lines`].
    ///
    /// # Errors
    /// A worker has stopped.
    ///
    /// # Panics
    /// There is no worker of that number.
    pub fn feed_lines(&mut self, worker: usize, piece: LinesPiece) -> Result<(), WorkersError> {
        self.send(worker, Command::Lines(piece))
    }

    /// How many bad lines a worker has found so far. It may still have pieces
    /// to read.
    ///
    /// # Panics
    /// There is no worker of that number.
    pub fn bad_lines(&self, worker: usize) -> u64 {
        self.bad_lines[worker].load(Ordering::Relaxed)
    }

    /// What became of all lines fed so far.
    ///
    /// # Errors
    /// A worker has stopped.
    pub fn lines_read(&mut self) -> Result<LinesRead, WorkersError> {
        Ok(LinesRead::union(self.ask(Command::LinesRead)?))
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

    /// The engine's state after the last finished epoch: of a cluster, what
    /// this process holds of it.
    ///
    /// # Errors
    /// A worker has stopped.
    pub fn snapshot(&mut self) -> Result<EngineSnapshot, WorkersError> {
        let mut parts = Vec::new();
        self.snapshot_parts(|part| {
            parts.push(part);
            Ok::<(), WorkersError>(())
        })?;
        Ok(EngineSnapshot::collect(parts))
    }

    /// As [`Workers::snapshot`], part by part, so that it need not fit into
    /// memory a second time.
    ///
    /// # Errors
    /// A worker has stopped, or the first error of `take`.
    pub fn snapshot_parts<E: From<WorkersError>>(
        &mut self,
        mut take: impl FnMut(SnapshotPart) -> Result<(), E>,
    ) -> Result<(), E> {
        let (reply, parts) = sync_channel(PARTS_MAX * self.commands.len());
        for worker in 0..self.commands.len() {
            self.send(worker, Command::Snapshot(reply.clone()))?;
        }
        drop(reply);
        let result = parts.iter().try_for_each(&mut take);
        drop(parts);
        // A worker that stopped meanwhile left its parts out.
        self.ask(Command::LinesRead)?;
        result
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

    /// What the past of `services` is computed from; the transitions of the
    /// components are the caller's to find.
    ///
    /// # Errors
    /// A worker has stopped.
    pub fn concerned(&mut self, services: &[ServiceId]) -> Result<Concerned, WorkersError> {
        // Every worker knows every definition and window.
        let (reply, answer) = channel();
        self.send(0, Command::Concerned(services.to_vec(), reply))?;
        answer.recv().map_err(|_| WorkersError::Stopped)
    }

    /// Takes the past of services from outside: see [`Evaluator::recall`].
    /// Gives, for those of this process, the intervals that begin no later
    /// than the horizon.
    ///
    /// # Errors
    /// A worker has stopped.
    pub fn recall(
        &mut self,
        past: Vec<(ServiceId, Vec<Segment>)>,
    ) -> Result<AllIntervals, WorkersError> {
        let past = Arc::new(past);
        let parts = self.ask(|reply| Command::Recall(past.clone(), reply))?;
        let mut all: AllIntervals = parts.into_iter().flatten().collect();
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
            whole.reaching_back.extend(part.reaching_back);
            whole.too_late += part.too_late;
            whole.too_late_samples.extend(part.too_late_samples);
        }
        whole.revisions.sort_unstable_by(|a, b| (&a.service, a.start).cmp(&(&b.service, b.start)));
        whole.transitions.sort_unstable();
        whole.reaching_back.sort_unstable();
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
    mut lines: LineReader,
    Ends { commands, outputs, alarm }: &Ends,
) {
    let ownership = Ownership { index: worker.index(), peers: worker.peers() };
    let shared = Rc::new(Shared {
        keeper: RefCell::new(Keeper::new(options.stale_after_ms)),
        evaluator: RefCell::new(Evaluator::new(ownership, options.origin)),
        now: Cell::new(Timestamp::MIN),
        wants_changes: Cell::new(true),
        revisions: RefCell::default(),
        transitions: RefCell::default(),
        rejections: RefCell::default(),
    });
    let mut flow = build(worker, &shared);
    let mut tick: Tick = 0;
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
            Command::Samples(samples) => {
                flow.facts.send_batch(&mut samples.into_iter().map(Fact::Sample).collect());
                feeding = true;
                worker.step();
            }
            Command::Lines(piece) => lines.read(&piece),
            Command::Controls(controls) => {
                flow.orders.send_batch(&mut controls.into_iter().map(Order::Control).collect());
            }
            Command::Restore(part) => {
                let (mut facts, mut orders) = part.into_facts(ownership.peers);
                flow.facts.send_batch(&mut facts);
                flow.orders.send_batch(&mut orders);
                feeding = true;
                worker.step();
            }
            Command::Finish(now, wanted) => {
                feeding = false;
                shared.wants_changes.set(wanted == Yield::Changes);
                shared.now.set(now);
                lines.drain().for_each(|fact| flow.facts.send(fact));
                tick += TICKS;
                finish(worker, &mut flow, tick, alarm);
                if outputs.send(Ok(shared.take_output(ownership))).is_err() {
                    return;
                }
            }
            Command::Forget { samples_before, before } => {
                shared.keeper.borrow_mut().forget_before(samples_before, before);
                shared.evaluator.borrow_mut().forget_before(before);
            }
            Command::Snapshot(reply) => {
                let (keeper, evaluator) = (shared.keeper.borrow(), shared.evaluator.borrow());
                let first = ownership.index == 0;
                SnapshotPart::take(&keeper, &evaluator, first, |part| reply.send(part).is_ok());
            }
            Command::LinesRead(reply) => drop(reply.send(lines.part())),
            Command::Intervals(reply) => {
                drop(reply.send(shared.evaluator.borrow().intervals()));
            }
            Command::Concerned(services, reply) => {
                drop(reply.send(shared.evaluator.borrow().concerned(&services)));
            }
            Command::Recall(past, reply) => {
                drop(reply.send(shared.evaluator.borrow_mut().recall(&past)));
            }
        }
    }
}

fn finish(worker: &mut Worker, flow: &mut Flow, tick: Tick, alarm: &Alarm) {
    flow.facts.advance_to(tick);
    flow.orders.advance_to(tick);
    // After an alarm the probe may stay where it is; nobody waits for it.
    while flow.probe.less_than(&tick) && !alarm.is_raised() {
        worker.step_or_park(Some(FEED_POLL));
    }
}

impl Shared {
    fn take_output(&self, ownership: Ownership) -> EpochOutput {
        let rejections = self.rejections.take();
        let mut keeper = self.keeper.borrow_mut();
        EpochOutput {
            revisions: self.revisions.take(),
            transitions: self.transitions.take(),
            // Every worker sees every definition; one reports.
            rejections: if ownership.index == 0 { rejections } else { Vec::new() },
            reaching_back: self.evaluator.borrow_mut().take_reaching_back(),
            too_late: keeper.too_late(),
            too_late_samples: keeper.take_too_late(),
        }
    }
}
