//! What time the engine is told it is.
//!
//! While a partition is behind, what lies in it may still renew components,
//! so the engine's clock waits for it: after a restart nothing turns unknown
//! only because we were away. A partition that makes no progress holds the
//! clock back for a configured time at most.

use std::collections::BTreeMap;
use std::time::Duration;

use correlate::model::Timestamp;

/// How far a partition has been read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Reached {
    /// Everything in it before this instant has been read.
    until: Timestamp,
    /// When that last changed.
    at: Timestamp,
}

/// The clock of one stage.
#[derive(Debug)]
pub(super) struct Clock {
    partitions: BTreeMap<u32, Reached>,
    /// A partition read up to so shortly before the present is not behind.
    slack: Duration,
    /// The longest that a partition without progress holds the clock back.
    hold: Duration,
}

impl Clock {
    pub(super) fn new(
        partitions: impl IntoIterator<Item = u32>,
        slack: Duration,
        hold: Duration,
        wall: Timestamp,
    ) -> Clock {
        let unread = Reached { until: Timestamp::MIN, at: wall };
        Clock { partitions: partitions.into_iter().map(|p| (p, unread)).collect(), slack, hold }
    }

    /// Records appended to `partition` before `until` have been read.
    pub(super) fn reached(&mut self, partition: u32, until: Timestamp, wall: Timestamp) {
        self.partitions.insert(partition, Reached { until, at: wall });
    }

    /// The engine's time at `wall`, not before `previous`.
    pub(super) fn now(&self, wall: Timestamp, previous: Option<Timestamp>) -> Timestamp {
        let hold_ms = millis(self.hold);
        let is_stuck = |reached: &&Reached| wall.millis() - reached.at.millis() > hold_ms;
        let held = self.behind(wall).filter(|reached| !is_stuck(reached));
        let slowest = held.map(|reached| reached.until).min();
        let now = slowest.unwrap_or(wall).min(wall);
        previous.map_or(now, |previous| previous.max(now))
    }

    /// Everything that was appended before this instant has been read, as seen
    /// at `wall`; `None` while a partition has not been read at all. Unlike the
    /// engine's time it waits for a partition however long that is away.
    pub(super) fn complete_until(&self, wall: Timestamp) -> Option<Timestamp> {
        let slowest = self.behind(wall).map(|reached| reached.until).min();
        Some(slowest.unwrap_or(wall)).filter(|&until| until > Timestamp::MIN)
    }

    fn behind(&self, wall: Timestamp) -> impl Iterator<Item = &Reached> {
        let slack_ms = millis(self.slack);
        let lag_ms = move |until: Timestamp| wall.millis().saturating_sub(until.millis());
        self.partitions.values().filter(move |reached| lag_ms(reached.until) > slack_ms)
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLACK: Duration = Duration::from_secs(2);
    const HOLD: Duration = Duration::from_secs(60);

    #[test]
    fn a_partition_that_is_behind_holds_the_clock_while_it_moves() {
        let mut clock = Clock::new([0, 1], SLACK, HOLD, Timestamp(1_000_000));
        clock.reached(0, Timestamp(1_000_000), Timestamp(1_000_000));
        clock.reached(1, Timestamp(400_000), Timestamp(1_000_000));
        assert_eq!(clock.now(Timestamp(1_001_000), None), Timestamp(400_000));
        clock.reached(1, Timestamp(999_500), Timestamp(1_001_000));
        assert_eq!(clock.now(Timestamp(1_001_000), None), Timestamp(1_001_000));
    }

    #[test]
    fn a_stuck_partition_holds_it_for_a_bounded_time() {
        let clock = Clock::new([0], SLACK, HOLD, Timestamp(0));
        assert_eq!(clock.now(Timestamp(60_000), Some(Timestamp(5))), Timestamp(5));
        assert_eq!(clock.now(Timestamp(60_001), Some(Timestamp(5))), Timestamp(60_001));
    }

    #[test]
    fn a_partition_without_records_holds_nothing() {
        let mut clock = Clock::new([0, 1], SLACK, HOLD, Timestamp(0));
        for wall in (0..200_000).step_by(1_000).map(Timestamp) {
            // Nothing new lies in partition 0, and it says so; 1 has records.
            clock.reached(0, wall, wall);
            clock.reached(1, wall.plus_millis(-500), wall);
            assert_eq!(clock.now(wall, None), wall);
            assert_eq!(clock.complete_until(wall), Some(wall));
        }
    }

    #[test]
    fn what_is_complete_waits_for_every_partition_for_ever() {
        let mut clock = Clock::new([0, 1], SLACK, HOLD, Timestamp(0));
        clock.reached(0, Timestamp(900_000), Timestamp(900_000));
        assert_eq!(clock.complete_until(Timestamp(900_000)), None);
        clock.reached(1, Timestamp(5_000), Timestamp(5_000));
        assert_eq!(clock.complete_until(Timestamp(900_000)), Some(Timestamp(5_000)));
        assert_eq!(clock.now(Timestamp(900_000), None), Timestamp(900_000));
        clock.reached(1, Timestamp(899_000), Timestamp(900_000));
        assert_eq!(clock.complete_until(Timestamp(900_000)), Some(Timestamp(900_000)));
    }

    #[test]
    fn the_clock_never_goes_back() {
        let mut clock = Clock::new([0], SLACK, HOLD, Timestamp(0));
        clock.reached(0, Timestamp(10_000), Timestamp(10_000));
        assert_eq!(clock.now(Timestamp(10_000), Some(Timestamp(11_000))), Timestamp(11_000));
    }
}
