//! Changes at random times, and when the log had them.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use correlate::model::ComponentState;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use store::log::{EmbeddedLog, Log, ReadLimits};
use store::wire::{SAMPLES_TOPIC, decode_report, visit_samples};
use tokio::time::sleep;

use crate::nms::{Nms, Victim, wall_ms};

/// What failed stays so at least this long: the log can keep up with that.
const LASTS_MS_MIN: i64 = 10_000;

/// One change that LibreNMS knows of.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) component: String,
    pub(crate) state: ComponentState,
    /// Right before it was made.
    pub(crate) at_ms: i64,
}

/// One install, and what can still be broken there.
pub(crate) struct Site<'n> {
    nms: &'n Nms,
    victims: Vec<Victim>,
    random: StdRng,
}

impl Site<'_> {
    pub(crate) fn new(nms: &Nms, seed: u64) -> Site<'_> {
        let mut random = StdRng::seed_from_u64(seed);
        Site { nms, victims: nms.victims(&mut random), random }
    }

    /// Makes `number` changes, `gap` apart on average (exponentially, as events
    /// that know nothing of each other), half of them failures and half their ends.
    pub(crate) async fn change(&mut self, number: usize, gap: Duration) -> Vec<Change> {
        let mut changes: Vec<Change> = Vec::with_capacity(number);
        let mut failed: VecDeque<(Victim, u64, i64)> = VecDeque::new();
        while changes.len() < number {
            sleep(gap.mul_f64(-(1.0 - self.random.random::<f64>()).ln())).await;
            let at_ms = wall_ms();
            let may_end = failed.front().is_some_and(|(.., since)| since + LASTS_MS_MIN <= at_ms);
            let must_end = number - changes.len() <= failed.len();
            if must_end && !may_end {
                continue;
            }
            let ends = may_end && (must_end || self.random.random::<bool>());
            let (victim, state) = match ends.then(|| failed.pop_front()).flatten() {
                Some((victim, failure, _)) => {
                    self.nms.mend(&victim, failure);
                    (victim, ComponentState::Up)
                }
                None => {
                    let victim = self.victims.pop().expect("a network with enough customers");
                    let failure = self.nms.fail(&victim);
                    failed.push_back((victim.clone(), failure, at_ms));
                    (victim, ComponentState::Down)
                }
            };
            changes.push(Change { component: victim.component.to_string(), state, at_ms });
        }
        changes
    }

    /// Breaks `number` things within that time, devices and ports in turn.
    pub(crate) async fn burst(&mut self, number: usize, within: Duration) -> Vec<Change> {
        let mut changes = Vec::with_capacity(number);
        for _ in 0..number {
            let at_ms = wall_ms();
            let victim = self.victims.pop().expect("a network with enough customers");
            self.nms.fail(&victim);
            let state = ComponentState::Down;
            changes.push(Change { component: victim.component.to_string(), state, at_ms });
            sleep(within.div_f64(number as f64)).await;
        }
        changes
    }
}

/// When the log took the first sample of each change, by the log's own stamps;
/// `None` for a change that it does not have.
pub(crate) async fn appended(log: &EmbeddedLog, changes: &[Change]) -> Vec<Option<i64>> {
    let mut wanted: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, change) in changes.iter().enumerate() {
        wanted.entry(&change.component).or_default().push(place);
    }
    let mut found: Vec<Option<i64>> = vec![None; changes.len()];
    for partition in 0..log.partitions(SAMPLES_TOPIC).await.expect("the topic is there") {
        let bounds = log.bounds(SAMPLES_TOPIC, partition).await.expect("it can be read");
        let mut next = bounds.start;
        while next < bounds.end {
            let limits = ReadLimits::default();
            let records = log.read(SAMPLES_TOPIC, partition, next, limits, Duration::ZERO).await;
            let records = records.expect("it can be read");
            let Some(last) = records.last() else { break };
            next = last.offset + 1;
            for record in &records {
                let report = record.value.as_deref().and_then(|value| decode_report(value).ok());
                let report = report.expect("the product writes good reports");
                let visited = visit_samples(&report, |component, _, state| {
                    for &place in wanted.get(component).into_iter().flatten() {
                        let change = &changes[place];
                        let is_it = change.state == state && record.timestamp_ms >= change.at_ms;
                        let known = found[place].unwrap_or(i64::MAX);
                        if is_it && record.timestamp_ms < known {
                            found[place] = Some(record.timestamp_ms);
                        }
                    }
                });
                visited.expect("the product writes good samples");
            }
        }
    }
    found
}
