//! The same on several processes, joined by streams inside this one.

use std::sync::mpsc::channel;
use std::thread;

use correlate::dataflow::{Options, Workers};
use correlate::model::Timestamp;
use proof::{Crew, Size, meshes};

use crate::world::{Fact, ORIGIN, World};
use crate::{Mirror, compare, reflect};

fn told(fact: Fact) -> proof::Fact {
    match fact {
        Fact::Sample(sample) => proof::Fact::Sample(sample),
        Fact::Definition(definition) => proof::Fact::Define(definition),
        Fact::Window(id, window) => proof::Fact::Window(id, Some(window)),
    }
}

/// Runs the world on one to three processes with one or two workers each, and
/// after its restart on other numbers.
pub(crate) fn check(world: &World) {
    let options =
        Options { workers: 1, stale_after_ms: world.stale_after, origin: Timestamp(ORIGIN) };
    let size = |processes: usize, workers: usize| Size {
        processes: processes % 3 + 1,
        workers: workers % 2 + 1,
    };
    let processes = world.facts.len();
    let mut crew = Crew::start(size(processes, world.workers), options, None);
    let mut mirror = Mirror::new();
    for (index, batch) in world.batches().iter().enumerate() {
        for fact in &batch.facts {
            crew.tell(&told(fact.clone()));
        }
        let output = crew.finish(Timestamp(batch.now));
        assert_eq!(output.rejections, []);
        reflect(&mut mirror, output.revisions);
        if world.restart_after == Some(index) {
            crew.restart(size(processes + 1, world.workers_after_restart), options);
        }
    }
    compare(world, crew.intervals().into_iter().collect(), mirror);
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
