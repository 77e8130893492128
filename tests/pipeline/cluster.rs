//! The correlate stage in several processes, on a real Kafka: whatever their
//! number, that of their workers, and whichever is killed, the intervals are
//! those of one process and of `padwacht replay`.

use crate::disturbance::{Victim, draw};
use crate::history::{History, STALE_AFTER, STEPS};
use crate::network::Nms;
use crate::pipeline::{Database, Pipeline, free_port};
use crate::process::Process;
use crate::rows::assert_same;
use crate::same_intervals::{check_against_replay, lead, lead_under, undisturbed};

/// What the leader and its followers say when they begin to work together.
const SESSION_BEGINS: [&str; 2] =
    ["the processes work together", "this process works with the others"];

/// In what processes the stage runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Shape {
    /// How many.
    pub(crate) processes: usize,
    /// Timely workers in each.
    pub(crate) workers: usize,
}

/// One of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Member {
    /// The first.
    Leader,
    /// The last, if there are several.
    Follower,
}

impl Pipeline {
    /// As [`Pipeline::apart`], with the correlate stage in several processes.
    pub(crate) async fn clustered(
        nms: Nms,
        stale_after: &str,
        database: Database,
        shape: Shape,
    ) -> Pipeline {
        let mut pipeline = Pipeline::apart(nms, stale_after, database).await;
        pipeline.stage("correlate").kill();
        pipeline.stages.retain(|stage| stage.name != "correlate");
        pipeline.correlate_in(shape);
        pipeline
    }

    /// Starts the correlate stage anew; none of it may run.
    pub(crate) fn correlate_in(&mut self, Shape { processes, workers }: Shape) {
        let addresses: Vec<String> =
            (0..processes).map(|_| format!("127.0.0.1:{}", free_port())).collect();
        for process in 0..processes {
            self.start_correlate(process, &addresses, &["--workers", &workers.to_string()]);
        }
    }

    fn start_correlate(&mut self, process: usize, addresses: &[String], flags: &[&str]) {
        let list = addresses.join(",");
        let number = process.to_string();
        let mut args = self.args.clone();
        args.extend(flags.iter().map(|&flag| flag.to_owned()));
        for (flag, value) in [("--processes", &list), ("--process", &number)] {
            args.extend([flag.to_owned(), value.clone()]);
        }
        let label = format!("correlate-{process}");
        self.stages.push(Process::start_as("correlate", &label, &args, self.dir()));
    }

    /// `kill -9` of one process of the stage. Those that worked with it must
    /// end by themselves, as failed, so that whoever supervises them starts
    /// them again.
    pub(crate) async fn break_cluster(&mut self, member: Member) {
        let of_stage = |stage: &mut Process| stage.name == "correlate";
        let mut members: Vec<Process> = self.stages.extract_if(.., of_stage).collect();
        let mut killed = match member {
            Member::Leader => members.remove(0),
            Member::Follower => members.pop().expect("the stage runs"),
        };
        killed.kill();
        for mut other in members {
            if SESSION_BEGINS.iter().any(|words| other.has_said(&[words])) {
                assert!(!other.ended().await, "{} takes a loss for a success", other.label);
                other.says(&["the processes of the cluster no longer work together"]).await;
            }
            other.kill();
        }
    }
}

async fn clustered(history: &History, shape: Shape) -> Pipeline {
    Pipeline::clustered(history.nms().await, STALE_AFTER, Database::Sqlite, shape).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_give_the_same_intervals() {
    let history = History::new();
    let shape = Shape { processes: 2, workers: 2 };
    let mut pipeline = clustered(&history, shape).await;
    lead(&mut pipeline, &history, 1, async |_, _| true).await;
    for stage in pipeline.stages.iter().filter(|stage| stage.name == "correlate") {
        let words = SESSION_BEGINS.map(|words| stage.has_said(&[words]));
        assert!(words.contains(&true), "{} worked alone", stage.label);
    }
    let rows = check_against_replay(&pipeline, &history).await;
    assert_same("what two processes give", &rows, undisturbed().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_nine_of_any_process_and_other_numbers_change_nothing() {
    let shape = |processes, workers| Shape { processes, workers };
    let victims = [
        Victim::Correlate(Member::Leader, shape(2, 1)),
        Victim::Correlate(Member::Follower, shape(3, 2)),
        Victim::Correlate(Member::Follower, shape(1, 2)),
        Victim::Correlate(Member::Leader, shape(2, 3)),
        Victim::Correlate(Member::Follower, shape(2, 2)),
    ];
    let kills = draw("cluster", &victims, STEPS);
    let history = History::new();
    let mut pipeline = clustered(&history, shape(2, 2)).await;
    lead_under(&kills, &mut pipeline, &history).await;
    let rows = check_against_replay(&pipeline, &history).await;
    assert_same("what is left after the kills", &rows, undisturbed().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_leader_starts_alone_and_takes_a_late_follower_in() {
    let history = History::first(8);
    let shape = Shape { processes: 1, workers: 1 };
    let mut pipeline = clustered(&history, shape).await;
    pipeline.break_cluster(Member::Leader).await;
    std::fs::write(pipeline.dir().join(".env"), "PADWACHT__CORRELATE__JOIN_WAIT=1s\n")
        .expect("written");
    let addresses = [free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
    pipeline.start_correlate(0, &addresses, &[]);
    lead(&mut pipeline, &history, 1, async |pipeline, step| {
        if step == 3 {
            pipeline.stage("correlate").says(&["starting without it", "process 1"]).await;
            pipeline.start_correlate(1, &addresses, &[]);
            let follower = pipeline.stages.last().expect("just started");
            follower.says(&SESSION_BEGINS[1..]).await;
        }
        true
    })
    .await;
    check_against_replay(&pipeline, &history).await;
}
