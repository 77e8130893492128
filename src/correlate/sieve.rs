//! Samples on their way from the log to the engine: those whose time is
//! impossible are set aside, those that may turn out too late are remembered.

use std::collections::BTreeSet;
use std::iter::Enumerate;
use std::time::Duration;
use std::vec::IntoIter;

use correlate::model::{Sample, Timestamp};
use store::series::{Edge, SetAside, SetAsideKind};

use super::epoch::ORIGIN;
use super::set_aside::{Decoded, Origin, Origins};

/// A sample further in the future than this has a broken clock behind it.
pub(super) const AHEAD_MAX_MS: i64 = 5 * 60 * 1_000;

/// Samples are kept one by one for so long, so that a late one can be put
/// between them. A later one is set aside.
pub(super) const SAMPLES_KEPT: Duration = Duration::from_secs(24 * 3_600);

/// Samples of one epoch that are traced in case they turn out too late; more
/// are counted only.
const OLD_SAMPLES_MAX: usize = 10_000;

const IMPLAUSIBLE: &str = "no clock that is right gives such a time";

const TOO_LATE: &str = "what was known around it was forgotten, so it cannot be put in its place";

/// Lets through what the engine can use.
pub(super) struct Sieve {
    samples: Enumerate<IntoIter<Sample>>,
    origins: Origins,
    recorded_at: Timestamp,
    samples_from: Timestamp,
    old: Vec<(Sample, Origin)>,
    set_aside: Vec<SetAside>,
    edges: Vec<Edge>,
}

impl Sieve {
    /// For what was read at `recorded_at`, while samples of a component from
    /// before `samples_from` may be forgotten.
    pub(super) fn new(decoded: Decoded, recorded_at: Timestamp, samples_from: Timestamp) -> Sieve {
        let Decoded { samples, origins, set_aside, edges, .. } = decoded;
        metrics::counter!("padwacht_correlate_samples_total").increment(samples.len() as u64);
        let samples = samples.into_iter().enumerate();
        Sieve { samples, origins, recorded_at, samples_from, old: Vec::new(), set_aside, edges }
    }

    /// What was set aside so far, whatever turns out too late.
    pub(super) fn take_set_aside(&mut self) -> Vec<SetAside> {
        std::mem::take(&mut self.set_aside)
    }

    /// How samples were known that may begin a state.
    pub(super) fn take_edges(&mut self) -> Vec<Edge> {
        std::mem::take(&mut self.edges)
    }

    /// What was set aside; `too_late` are samples that the engine found so.
    pub(super) fn end(self, too_late: &[Sample]) -> Vec<SetAside> {
        let Sieve { old, mut set_aside, .. } = self;
        let refused: BTreeSet<_> =
            too_late.iter().map(|sample| (sample.at, &sample.component, sample.state)).collect();
        for (sample, origin) in &old {
            if refused.contains(&(sample.at, &sample.component, sample.state)) {
                set_aside.push(origin.sample(SetAsideKind::TooLate, sample, TOO_LATE));
            }
        }
        set_aside
    }
}

impl Iterator for Sieve {
    type Item = Sample;

    fn next(&mut self) -> Option<Sample> {
        loop {
            let (index, sample) = self.samples.next()?;
            if !is_plausible(&sample, self.recorded_at) {
                let origin = self.origins.of(index);
                let kind = SetAsideKind::ImplausibleTime;
                self.set_aside
                    .extend(origin.map(|origin| origin.sample(kind, &sample, IMPLAUSIBLE)));
                continue;
            }
            if sample.at < self.samples_from
                && self.old.len() < OLD_SAMPLES_MAX
                && let Some(origin) = self.origins.of(index)
            {
                self.old.push((sample.clone(), origin));
            }
            return Some(sample);
        }
    }
}

fn is_plausible(sample: &Sample, recorded_at: Timestamp) -> bool {
    sample.at.millis() <= recorded_at.millis() + AHEAD_MAX_MS && sample.at >= ORIGIN
}

#[cfg(test)]
mod tests {
    use correlate::model::ComponentState;

    use super::*;

    /// 2023-11-14T22:13:20Z.
    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    #[test]
    fn impossible_times_are_set_aside_with_their_record_and_late_ones_traced() {
        let sample = |at: i64| Sample {
            at: NOW.plus_millis(at),
            component: "n/device/1".into(),
            state: ComponentState::Down,
        };
        let origin = |offset| Origin { partition: 3, offset, at: NOW, size_bytes: 0 };
        let mut decoded = Decoded::default();
        decoded.add(origin(7), vec![sample(0), sample(AHEAD_MAX_MS + 1), sample(AHEAD_MAX_MS)]);
        decoded.add(origin(8), vec![sample(-10), sample(-9), sample(-NOW.millis())]);
        let mut sieve = Sieve::new(decoded, NOW, NOW.plus_millis(-5));
        let passed: Vec<Sample> = sieve.by_ref().collect();
        assert_eq!(passed, [sample(0), sample(AHEAD_MAX_MS), sample(-10), sample(-9)]);
        let found = sieve.end(&[sample(-9)]);
        let brief: Vec<_> = found.iter().map(|one| (one.offset, one.kind)).collect();
        let (ahead, late) = (SetAsideKind::ImplausibleTime, SetAsideKind::TooLate);
        assert_eq!(brief, [(7, ahead), (8, ahead), (8, late)]);
    }
}
