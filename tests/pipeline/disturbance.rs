//! When what is killed: drawn from a seed that is printed, so that a failure
//! can be seen again.

use std::time::Duration;

use crate::cluster::{Member, Shape};
use crate::pipeline::Pipeline;
use crate::process::kill_9;

/// Sets the seed; without it each run has another one.
const SEED: &str = "PADWACHT_TEST_SEED";

/// The longest time between a step of the history and a kill: ingest polls
/// and the other stages work within it.
const LATEST_MS: u64 = 1_500;

/// What is killed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Victim {
    /// The process of a stage.
    Stage(&'static str),
    /// The ClickHouse engine.
    ClickHouse,
    /// A process of the correlate stage, which then goes on in another way.
    Correlate(Member, Shape),
}

/// One `kill -9`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kill {
    /// In which step of the history.
    pub(crate) step: usize,
    after: Duration,
    victim: Victim,
}

/// Kills each of `victims`, in an order and at moments drawn at random, each
/// in another one of `steps` steps.
pub(crate) fn draw(name: &str, victims: &[Victim], steps: usize) -> Vec<Kill> {
    let given = std::env::var(SEED).ok().map(|seed| seed.parse().expect("a number"));
    let mut random = Random(given.unwrap_or_else(|| u64::from(std::process::id())));
    eprintln!("{name}: {SEED}={}", random.0);
    let mut free: Vec<usize> = (1..=steps).collect();
    let mut kills: Vec<Kill> = victims
        .iter()
        .map(|&victim| {
            let step = free.swap_remove(random.below(free.len() as u64) as usize);
            Kill { step, after: Duration::from_millis(random.below(LATEST_MS)), victim }
        })
        .collect();
    kills.sort_by_key(|kill| kill.step);
    for kill in &kills {
        eprintln!("{name}: kill -9 {:?} {:?} into step {}", kill.victim, kill.after, kill.step);
    }
    kills
}

impl Kill {
    /// Waits for its moment, kills, and starts again what does not start by
    /// itself.
    pub(crate) async fn strike(&self, pipeline: &mut Pipeline) {
        // The moment is what is tested: nothing is waited for here.
        tokio::time::sleep(self.after).await;
        match self.victim {
            Victim::Stage(name) => pipeline.restart(name).await,
            Victim::Correlate(member, shape) => {
                pipeline.break_cluster(member).await;
                pipeline.correlate_in(shape);
            }
            Victim::ClickHouse => match &pipeline.engine {
                Some(engine) => engine.process_id().into_iter().for_each(kill_9),
                None => {
                    let word = store::embedded::SUBCOMMAND;
                    pipeline.stages[0].children(word).into_iter().for_each(kill_9);
                }
            },
        }
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
