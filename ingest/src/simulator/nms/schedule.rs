//! When each device is polled, pinged and discovered, and when its poller stood still.

use correlate::model::{Period, Timestamp};

/// LibreNMS discovers every six hours.
pub(super) const DISCOVERY_CYCLE_MS: i64 = 6 * 3_600_000;
/// And runs its service checks every five minutes, by a cron job of their own.
pub(super) const SERVICE_CYCLE_MS: i64 = 300_000;
/// A poll takes up to this long, and at most a quarter of its cycle.
const LONGEST_POLL_MS: i64 = 12_000;
const SHORTEST_POLL_MS: i64 = 1_500;

/// Instants `phase + n * cycle`, all on whole seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::simulator) struct Cadence {
    phase_ms: i64,
    cycle_ms: i64,
}

impl Cadence {
    /// A cadence of `cycle_ms`, a multiple of 1000, with a phase taken from `key`.
    pub(in crate::simulator) fn new(cycle_ms: i64, key: u64) -> Cadence {
        let seconds = (cycle_ms / 1000).max(1);
        Cadence { phase_ms: key as i64 & i64::MAX, cycle_ms: seconds * 1000 }.normalized()
    }

    fn normalized(self) -> Cadence {
        let phase_ms = self.phase_ms % self.cycle_ms / 1000 * 1000;
        Cadence { phase_ms, ..self }
    }

    /// The first instant at or after `at`.
    pub(in crate::simulator) fn next(self, at: Timestamp) -> Timestamp {
        let last = self.last(at);
        if last == at { at } else { last.plus_millis(self.cycle_ms) }
    }

    /// The last instant at or before `at`.
    pub(in crate::simulator) fn last(self, at: Timestamp) -> Timestamp {
        let cycles = (at.millis() - self.phase_ms).div_euclid(self.cycle_ms);
        Timestamp(self.phase_ms + cycles * self.cycle_ms)
    }
}

/// How long a poll of the device with this `key` takes.
pub(super) fn poll_duration_ms(cycle_ms: i64, key: u64) -> i64 {
    let span = (LONGEST_POLL_MS - SHORTEST_POLL_MS) as u64;
    (SHORTEST_POLL_MS + (key % span) as i64).min(cycle_ms / 4)
}

/// When one poller group did nothing; the last period is open while it still does nothing.
#[derive(Clone, Default, Debug)]
pub(super) struct Stalls {
    periods: Vec<Period>,
}

impl Stalls {
    /// Stands still from `at` on; no effect when it already does.
    pub(super) fn begin(&mut self, at: Timestamp) {
        if !self.is_stalled(at) {
            self.periods.push(Period::new(at, Timestamp::MAX));
        }
    }

    /// Works again from `at` on.
    pub(super) fn end(&mut self, at: Timestamp) {
        if let Some(last) = self.periods.last_mut() {
            last.until = last.until.min(at);
        }
    }

    pub(super) fn is_stalled(&self, at: Timestamp) -> bool {
        self.periods.iter().rev().any(|period| period.contains(at))
    }

    /// The last instant of `cadence` at or before `at` that was not missed.
    pub(super) fn last_run(&self, cadence: Cadence, at: Timestamp) -> Timestamp {
        let mut run = cadence.last(at);
        for period in self.periods.iter().rev() {
            if period.contains(run) {
                run = cadence.last(period.from.plus_millis(-1));
            }
        }
        run
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_lie_within_one_cycle_on_whole_seconds() {
        for key in [0, 7, 12_345_678_901, u64::MAX] {
            let cadence = Cadence::new(300_000, key);
            for at in [-1_000_001, 0, 1, 299_999, 1_787_220_803_123] {
                let (last, next) = (cadence.last(Timestamp(at)), cadence.next(Timestamp(at)));
                assert!(last.millis() <= at && at - last.millis() < 300_000);
                assert!(next.millis() >= at && next.millis() - at < 300_000);
                assert_eq!(next.millis() % 1000, 0);
                assert_eq!(cadence.next(next), next);
            }
        }
    }

    #[test]
    fn missed_runs_do_not_count() {
        let cadence = Cadence::new(10_000, 0);
        let mut stalls = Stalls::default();
        stalls.begin(Timestamp(25_000));
        assert_eq!(stalls.last_run(cadence, Timestamp(99_000)), Timestamp(20_000));
        stalls.end(Timestamp(60_000));
        assert_eq!(stalls.last_run(cadence, Timestamp(59_999)), Timestamp(20_000));
        assert_eq!(stalls.last_run(cadence, Timestamp(61_000)), Timestamp(60_000));
    }
}
