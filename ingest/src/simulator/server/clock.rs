//! Simulated time: it runs at a speed from the wall clock, and can stand still.

use std::sync::Arc;

use correlate::model::Timestamp;

/// Tells the wall time. The simulator has no other clock.
pub type WallClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Where simulated time was at a wall instant, and how fast it runs since.
#[derive(Clone, Copy, Debug)]
pub(super) struct SimClock {
    wall: Timestamp,
    sim: Timestamp,
    speed: f64,
    paused: bool,
}

/// Simulated time runs at most this many times faster than real.
pub(super) const MAX_SPEED: f64 = 1_000_000.0;

impl SimClock {
    pub(super) fn new(wall: Timestamp, sim: Timestamp, speed: f64) -> SimClock {
        SimClock { wall, sim, speed, paused: false }
    }

    /// Simulated time; never goes back, even if the wall clock does.
    pub(super) fn now(&self, wall: Timestamp) -> Timestamp {
        if self.paused {
            return self.sim;
        }
        let elapsed = wall.millis().saturating_sub(self.wall.millis()).max(0);
        self.sim.plus_millis((elapsed as f64 * self.speed) as i64)
    }

    fn rebase(&mut self, wall: Timestamp) {
        (self.sim, self.wall) = (self.now(wall), wall);
    }

    pub(super) fn set_speed(&mut self, wall: Timestamp, speed: f64) {
        self.rebase(wall);
        self.speed = speed;
    }

    pub(super) fn set_paused(&mut self, wall: Timestamp, paused: bool) {
        self.rebase(wall);
        self.paused = paused;
    }

    pub(super) fn jump(&mut self, wall: Timestamp, by_ms: i64) {
        self.rebase(wall);
        self.sim = self.sim.plus_millis(by_ms);
    }

    pub(super) fn speed(&self) -> f64 {
        self.speed
    }

    pub(super) fn is_paused(&self) -> bool {
        self.paused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_runs_at_its_speed_stands_still_and_never_goes_back() {
        let mut clock = SimClock::new(Timestamp(1_000), Timestamp(50_000), 10.0);
        assert_eq!(clock.now(Timestamp(1_500)), Timestamp(55_000));
        assert_eq!(clock.now(Timestamp(0)), Timestamp(50_000));
        clock.set_paused(Timestamp(1_500), true);
        assert_eq!(clock.now(Timestamp(9_000)), Timestamp(55_000));
        clock.set_paused(Timestamp(9_000), false);
        clock.set_speed(Timestamp(9_000), 1.0);
        assert_eq!(clock.now(Timestamp(9_100)), Timestamp(55_100));
        clock.jump(Timestamp(9_100), 1_000);
        assert_eq!(clock.now(Timestamp(9_100)), Timestamp(56_100));
    }
}
