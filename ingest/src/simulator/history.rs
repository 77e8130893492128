//! The past as polling would have seen it, for a demo that starts with a month of history.

use std::sync::Arc;

use correlate::model::{ComponentId, ComponentState, Period, Sample, Timestamp};

use super::failures::Failure;
use super::nms::Cadence;
use super::random::keyed;
use super::truth::{Course, Truth};
use super::world::{Component, DeviceIndex, PortIndex, Standing, World};

/// One batch covers at most this long.
const BATCH_MS: i64 = 86_400_000;

/// What reading one device and its ports again and again gave during a day or less.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HistoryBatch {
    /// The device; samples are of it and its ports.
    pub device: ComponentId,
    /// By time, every state repeated at each reading, so that none of it grows stale.
    pub samples: Vec<Sample>,
}

/// Batches by day and, within a day, by device; made one at a time.
///
/// Each device is read every `step_ms` at its own phase, and states are what
/// ingest's default policy makes of the rows: a device that cannot be reached
/// is down, one that only lost its management plane is up, and the ports of
/// either are unknown, as are ports that somebody shut. Devices that LibreNMS
/// does not poll are not there.
#[derive(Clone, Debug)]
pub struct History {
    world: Arc<World>,
    truth: Arc<Truth>,
    period: Period,
    step_ms: i64,
    day_from: Timestamp,
    device: usize,
}

impl History {
    /// The readings in `period` every `step_ms` (at least a second, on whole seconds) of a world
    /// whose `failures` began to act at `since`.
    pub fn new(
        world: &Arc<World>,
        failures: &[Failure],
        since: Timestamp,
        period: Period,
        step_ms: i64,
    ) -> History {
        let acted = Period::new(since.min(period.from), period.until);
        History {
            world: Arc::clone(world),
            truth: Arc::new(Truth::of(world, failures, acted)),
            period,
            step_ms: step_ms.max(1000),
            day_from: period.from,
            device: 0,
        }
    }

    /// How many batches there are in all, for a progress bar; an upper bound.
    pub fn batches(&self) -> usize {
        let days = self.period.millis().max(0) as u64;
        let days = days.div_ceil(BATCH_MS as u64) as usize;
        days.saturating_mul(self.world.devices().len())
    }

    fn batch(&self, device: DeviceIndex, day: Period) -> HistoryBatch {
        let id = |component| self.world.id_of(component);
        let own = Component::Device(device);
        let watched: Vec<(ComponentId, PortIndex, Course<'_>)> =
            match self.world.device(device).standing {
                Standing::PingOnly => Vec::new(),
                _ => {
                    let ports = self.world.device(device).ports();
                    let course = |port| self.truth.course(Component::Port(port));
                    ports.map(|port| (id(Component::Port(port)), port, course(port))).collect()
                }
            };
        let (name, course) = (id(own), self.truth.course(own));
        let key = keyed(self.world.seed(), "poll", u64::from(device.0));
        let cadence = Cadence::new(self.step_ms, key);
        let mut samples = Vec::new();
        let mut at = cadence.next(day.from);
        while at < day.until {
            let works = course.works_at(at);
            let readable = works && self.truth.answers_management_at(device, at);
            samples.push(Sample { at, component: name.clone(), state: state(works) });
            samples.extend(watched.iter().map(|(component, port, course)| {
                let state = match readable && !self.truth.is_shut_at(*port, at) {
                    true => state(course.works_at(at)),
                    false => ComponentState::Unknown,
                };
                Sample { at, component: component.clone(), state }
            }));
            at = cadence.next(at.plus_millis(1));
        }
        HistoryBatch { device: name, samples }
    }
}

fn state(works: bool) -> ComponentState {
    if works { ComponentState::Up } else { ComponentState::Down }
}

impl Iterator for History {
    type Item = HistoryBatch;

    fn next(&mut self) -> Option<HistoryBatch> {
        while self.day_from < self.period.until {
            let day_until = self.day_from.plus_millis(BATCH_MS).min(self.period.until);
            while self.device < self.world.devices().len() {
                let device = DeviceIndex::at(self.device);
                self.device += 1;
                let standing = self.world.device(device).standing;
                if matches!(standing, Standing::Disabled | Standing::NeverPolled) {
                    continue;
                }
                let batch = self.batch(device, Period::new(self.day_from, day_until));
                if !batch.samples.is_empty() {
                    return Some(batch);
                }
            }
            (self.day_from, self.device) = (day_until, 0);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::{FailureRates, Topology, WorldOptions};

    const STEP_MS: i64 = 600_000;

    #[test]
    fn every_reading_agrees_with_the_truth_and_none_is_missing() {
        let options = WorldOptions { services: 40, ..WorldOptions::default() };
        let world = World::generate(&Topology::surfnet(), &options).expect("valid");
        let world = Arc::new(world);
        let period = Period::new(Timestamp(0), Timestamp(2 * BATCH_MS));
        let failures = Failure::random(&world, 3, period, &FailureRates::lively());
        let truth = Truth::of(&world, &failures, period);
        let history = History::new(&world, &failures, period.from, period, STEP_MS);
        assert!(history.batches() >= history.clone().count());
        let (mut device_samples, mut down) = (0, 0);
        for batch in history {
            assert!(batch.samples.windows(2).all(|pair| pair[0].at <= pair[1].at));
            for sample in &batch.samples {
                device_samples += usize::from(sample.component == batch.device);
                down += usize::from(sample.state == ComponentState::Down);
                if sample.state != ComponentState::Unknown {
                    assert_eq!(truth.state_at(&sample.component, sample.at), sample.state);
                }
            }
        }
        let polled = world.devices().len() - 2;
        assert_eq!(device_samples, polled * 2 * (BATCH_MS / STEP_MS) as usize);
        assert!(down > 0);
    }
}
