//! The engine as it runs: timely workers in one process or in several, joined
//! by streams inside this one. Stories, edits and traces are all told to a
//! crew; what is expected of it comes from elsewhere.

use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;
use std::thread;

use correlate::dataflow::{Control, EngineSnapshot, EpochOutput, Mesh, Options, Workers};
use correlate::model::{Interval, ServiceId, Timestamp};

use crate::Fact;

/// How many processes, with how many workers each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Size {
    /// Processes; at least 1.
    pub processes: usize,
    /// Workers in each of them; at least 1.
    pub workers: usize,
}

impl Size {
    /// One process with so many workers.
    pub const fn workers(workers: usize) -> Size {
        Size { processes: 1, workers }
    }
}

/// A running engine. A part of it that ends or fails is a panic: tests have
/// nothing to do then.
pub struct Crew {
    processes: Vec<Workers>,
    /// Which process the next sample is read by.
    next: usize,
}

impl Crew {
    /// Starts an engine, from `snapshot` if there is one. The number of
    /// workers in `options` is not heeded.
    pub fn start(size: Size, options: Options, snapshot: Option<EngineSnapshot>) -> Crew {
        let options = Options { workers: size.workers, ..options };
        if size.processes == 1 {
            let workers = Workers::start(options, snapshot).expect("starts");
            return Crew { processes: vec![workers], next: 0 };
        }
        // All at once, as each waits for the others.
        let processes = thread::scope(|scope| {
            let starting: Vec<_> = meshes(size.processes)
                .into_iter()
                .map(|mesh| {
                    let snapshot = snapshot.clone();
                    scope.spawn(move || Workers::start_in_cluster(options, mesh, snapshot))
                })
                .collect();
            let started = starting.into_iter().map(|thread| thread.join().expect("no panic"));
            started.map(|workers| workers.expect("starts")).collect()
        });
        Crew { processes, next: 0 }
    }

    /// Tells a fact; samples reach the processes in turn.
    pub fn tell(&mut self, fact: &Fact) {
        let control = match fact.clone() {
            Fact::Sample(sample) => {
                self.next = (self.next + 1) % self.processes.len();
                return self.processes[self.next].feed(vec![sample]).expect("runs");
            }
            Fact::Define(definition) => Control::Define(definition.into()),
            Fact::Undefine(id) => Control::Undefine(id),
            Fact::Window(id, window) => Control::Window(id, window),
        };
        self.processes[0].control(vec![control]).expect("runs");
    }

    /// Ends the epoch with the clock at `now`.
    pub fn finish(&mut self, now: Timestamp) -> EpochOutput {
        EpochOutput::union(self.all(|process| process.finish(now).expect("runs")))
    }

    /// Every service's intervals; services without any are left out.
    pub fn intervals(&mut self) -> BTreeMap<ServiceId, Vec<Interval>> {
        let parts = self.all(|process| process.intervals().expect("runs"));
        parts.into_iter().flatten().filter(|(_, list)| !list.is_empty()).collect()
    }

    /// Stops this engine, and starts another from its snapshot.
    pub fn restart(&mut self, size: Size, options: Options) {
        let parts = self.all(|process| process.snapshot().expect("runs"));
        let snapshot = EngineSnapshot::union(parts);
        // The old one is gone before the new one comes.
        self.stop();
        *self = Crew::start(size, options, Some(snapshot));
    }

    /// Does something in all processes at once, as each waits for the others.
    fn all<T: Send>(&mut self, what: impl Fn(&mut Workers) -> T + Sync) -> Vec<T> {
        if let [alone] = &mut self.processes[..] {
            return vec![what(alone)];
        }
        thread::scope(|scope| {
            let what = &what;
            let each = self.processes.iter_mut().map(|process| scope.spawn(move || what(process)));
            let running: Vec<_> = each.collect();
            running.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        })
    }

    fn stop(&mut self) {
        let processes = std::mem::take(&mut self.processes);
        let stopping: Vec<_> =
            processes.into_iter().map(|process| thread::spawn(|| drop(process))).collect();
        for thread in stopping {
            // What went wrong in there was reported there.
            drop(thread.join());
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A stream between each two of `processes`.
pub fn meshes(processes: usize) -> Vec<Mesh<UnixStream>> {
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
