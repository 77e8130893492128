//! The same on several processes, joined by streams inside this one.

use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::channel;
use std::thread;

use correlate::dataflow::{
    AllIntervals, Control, EngineSnapshot, EpochOutput, Mesh, Options, Workers, WorkersError,
};
use correlate::model::Timestamp;

use crate::world::{Fact, ORIGIN, World};
use crate::{Mirror, compare, reflect};

/// Every process of a cluster.
struct Cluster {
    processes: Vec<Workers>,
    next: usize,
}

impl Cluster {
    fn start(processes: usize, options: Options, snapshot: Option<EngineSnapshot>) -> Cluster {
        let start = |mesh| Workers::start_in_cluster(options, mesh, snapshot.clone());
        let processes = thread::scope(|scope| {
            let start = &start;
            let starting: Vec<_> = meshes(processes)
                .into_iter()
                .map(|mesh| scope.spawn(move || start(mesh)))
                .collect();
            starting
                .into_iter()
                .map(|thread| thread.join().expect("no panic"))
                .collect::<Result<_, _>>()
        });
        Cluster { processes: processes.expect("starts"), next: 0 }
    }

    /// Each process reads its own part of the samples.
    fn feed(&mut self, fact: Fact) -> Result<(), WorkersError> {
        let control = match fact {
            Fact::Sample(sample) => {
                self.next = (self.next + 1) % self.processes.len();
                return self.processes[self.next].feed(vec![sample]);
            }
            Fact::Definition(definition) => Control::Define(definition.into()),
            Fact::Window(id, window) => Control::Window(id, Some(window)),
        };
        self.processes[0].control(vec![control])
    }

    /// Does something in all processes at once, as each waits for the others.
    fn all<T: Send>(&mut self, what: impl Fn(&mut Workers) -> T + Sync) -> Vec<T> {
        thread::scope(|scope| {
            let what = &what;
            let each = self.processes.iter_mut().map(|process| scope.spawn(move || what(process)));
            let running: Vec<_> = each.collect();
            running.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        })
    }

    fn finish(&mut self, now: i64) -> EpochOutput {
        let parts = self.all(|process| process.finish(Timestamp(now)).expect("runs"));
        EpochOutput::union(parts)
    }

    fn intervals(&mut self) -> AllIntervals {
        let parts = self.all(|process| process.intervals().expect("runs"));
        let mut all: AllIntervals = parts.into_iter().flatten().collect();
        all.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        all
    }

    fn stop(self) -> Option<EngineSnapshot> {
        let Cluster { mut processes, .. } = self;
        let part = |process: &mut Workers| process.snapshot().expect("runs");
        let parts: Vec<_> = processes.iter_mut().map(part).collect();
        let stopping: Vec<_> =
            processes.into_iter().map(|process| thread::spawn(|| drop(process))).collect();
        stopping.into_iter().for_each(|thread| thread.join().expect("no panic"));
        Some(EngineSnapshot::union(parts))
    }
}

/// A stream between each two of `processes`.
fn meshes(processes: usize) -> Vec<Mesh<UnixStream>> {
    let mut ends = BTreeMap::new();
    let mut stream = |process, other| {
        let (here, there) = match ends.remove(&(process, other)) {
            Some(here) => return here,
            None => UnixStream::pair().expect("a pair"),
        };
        ends.insert((other, process), there);
        here
    };
    let mesh = |process| Mesh {
        process,
        streams: (0..processes)
            .map(|other| (other != process).then(|| stream(process, other)))
            .collect(),
    };
    (0..processes).map(mesh).collect()
}

/// Runs the world on one to three processes with one or two workers each, and
/// after its restart on other numbers.
pub(crate) fn check(world: &World) {
    let options = |workers: usize| Options {
        workers: workers % 2 + 1,
        stale_after_ms: world.stale_after,
        origin: Timestamp(ORIGIN),
    };
    let processes = world.facts.len() % 3 + 1;
    let mut cluster = Cluster::start(processes, options(world.workers), None);
    let mut mirror = Mirror::new();
    for (index, batch) in world.batches().iter().enumerate() {
        for fact in &batch.facts {
            cluster.feed(fact.clone()).expect("runs");
        }
        let output = cluster.finish(batch.now);
        assert_eq!(output.rejections, []);
        reflect(&mut mirror, output.revisions);
        if world.restart_after == Some(index) {
            let snapshot = cluster.stop();
            let workers = world.workers_after_restart;
            cluster = Cluster::start(processes % 3 + 1, options(workers), snapshot);
        }
    }
    compare(world, cluster.intervals(), mirror);
    cluster.stop();
}

#[test]
fn a_lost_process_is_an_error_and_not_a_hang() {
    let options = Options { workers: 2, stale_after_ms: None, origin: Timestamp(ORIGIN) };
    let mut meshes = meshes(2);
    let lost = meshes.pop().expect("two processes");
    let mesh = meshes.pop().expect("two processes");
    let (going, gone) = channel();
    let waiting = thread::spawn(move || {
        going.send(()).expect("somebody waits");
        Workers::start_in_cluster(options, mesh, None)
    });
    gone.recv().expect("it runs");
    drop(lost);
    let started = waiting.join().expect("no panic");
    let error = started.err().expect("the other process never came up").to_string();
    assert!(error.starts_with("lost a process of the cluster: process 1: cannot"), "{error}");
}
