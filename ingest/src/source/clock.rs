//! What time it is: ours, or that of an NMS that lives in a time of its own.

use std::sync::atomic::{AtomicI64, Ordering};

use correlate::model::Timestamp;

/// Tells the time in UTC; injected, so that tests and the demo can run ahead.
///
/// Any `Fn() -> Timestamp` is a clock.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;

    /// An NMS has said that it is `at` there. Most clocks know better.
    fn heard(&self, _at: Timestamp) {}
}

impl<F: Fn() -> Timestamp + Send + Sync> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

/// The clock of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_millisecond())
    }
}

/// Shows the time that an NMS gave last, which never goes back, and stands
/// still between its answers; before the first one it is 1970, as what is
/// asked for then is asked for before everything that is told.
///
/// For a simulated NMS, whose time may run at another speed or be another one.
/// A real NMS whose clock is off is not followed: its times are then refused
/// or late, and that is said.
#[derive(Debug, Default)]
pub struct FollowedClock {
    heard_ms: AtomicI64,
}

impl Clock for FollowedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.heard_ms.load(Ordering::Acquire))
    }

    fn heard(&self, at: Timestamp) {
        self.heard_ms.fetch_max(at.millis(), Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_followed_clock_shows_what_was_heard_and_never_goes_back() {
        let clock = FollowedClock::default();
        assert_eq!(clock.now(), Timestamp(0));
        for (heard, shown) in [(5_000, 5_000), (4_000, 5_000), (9_000, 9_000)] {
            clock.heard(Timestamp(heard));
            assert_eq!(clock.now(), Timestamp(shown));
        }
    }
}
