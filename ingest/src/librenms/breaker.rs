//! Stops calling a server that keeps failing, and tries it again carefully.
//! Remembers why, so that a pause never hides the cause.

use std::time::Duration;

use tokio::time::Instant;

use crate::source::SourceError;

/// So many failures in a row are no accident.
const FAILURES_MAX: u32 = 5;

/// The first pause; it doubles with every failed try after it.
const PAUSE_MIN: Duration = Duration::from_secs(15);

/// The longest pause: short enough that a server that came back is seen
/// before the staleness limit of its components.
const PAUSE_MAX: Duration = Duration::from_secs(120);

/// Counts failures in a row. Between pauses a single call is let through.
#[derive(Clone, Debug, Default)]
pub(super) struct Breaker {
    failures: u32,
    paused_until: Option<Instant>,
    cause: Option<SourceError>,
}

impl Breaker {
    /// How long nothing may be sent, if so.
    pub(super) fn pause(&self, now: Instant) -> Option<Duration> {
        self.paused_until.filter(|&until| now < until).map(|until| until - now)
    }

    /// Asks to send a call now; how long not, if so. After a pause one caller
    /// gets leave to try, and the others wait for what comes of it: until it
    /// has ended, or for another shortest pause if it is given up.
    pub(super) fn admit(&mut self, now: Instant) -> Result<(), Duration> {
        if let Some(pause) = self.pause(now) {
            return Err(pause);
        }
        if self.failures >= FAILURES_MAX {
            self.paused_until = Some(now + PAUSE_MIN);
        }
        Ok(())
    }

    /// A call got an answer that shows the server at work.
    pub(super) fn succeeded(&mut self) {
        *self = Breaker::default();
    }

    /// What failed last, since the last success.
    pub(super) fn cause(&self) -> Option<&SourceError> {
        self.cause.as_ref()
    }

    /// A call failed. Says whether the server is left alone from now on, and
    /// was not before.
    pub(super) fn failed(&mut self, now: Instant, cause: &SourceError) -> bool {
        self.failures = self.failures.saturating_add(1);
        self.cause = Some(cause.clone());
        if let Some(pauses) = self.failures.checked_sub(FAILURES_MAX) {
            let pause = PAUSE_MIN.saturating_mul(1 << pauses.min(16)).min(PAUSE_MAX);
            self.paused_until = Some(now + pause);
        }
        self.failures == FAILURES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Fault;

    fn bad() -> SourceError {
        SourceError::new(Fault::NotJson, "a page")
    }

    #[test]
    fn single_failures_pause_nothing() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        for _ in 0..20 {
            for _ in 1..FAILURES_MAX {
                breaker.failed(now, &bad());
            }
            assert_eq!(breaker.pause(now), None);
            breaker.succeeded();
        }
    }

    #[test]
    fn failures_in_a_row_pause_for_longer_and_longer_up_to_a_limit() {
        let mut now = Instant::now();
        let mut breaker = Breaker::default();
        let mut pauses = Vec::new();
        for _ in 0..FAILURES_MAX + 5 {
            breaker.failed(now, &bad());
            if let Some(pause) = breaker.pause(now) {
                pauses.push(pause);
                now += pause;
                assert_eq!(breaker.pause(now), None, "one call is let through");
            }
        }
        assert_eq!(pauses.first(), Some(&PAUSE_MIN));
        assert_eq!(pauses.last(), Some(&PAUSE_MAX));
        assert!(pauses.is_sorted());
    }

    #[test]
    fn after_a_pause_one_call_tries_for_all() {
        let mut now = Instant::now();
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES_MAX {
            assert_eq!(breaker.admit(now), Ok(()));
            breaker.failed(now, &bad());
        }
        now += PAUSE_MIN;
        assert_eq!(breaker.admit(now), Ok(()), "the one that tries");
        assert_eq!(breaker.admit(now), Err(PAUSE_MIN), "another");
        // The one that tried was dropped and said nothing.
        assert_eq!(breaker.admit(now + PAUSE_MIN), Ok(()));
        breaker.succeeded();
        assert_eq!(breaker.admit(now), Ok(()));
        assert_eq!(breaker.admit(now), Ok(()));
    }

    #[test]
    fn one_success_ends_the_pauses() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES_MAX {
            breaker.failed(now, &bad());
        }
        breaker.succeeded();
        assert_eq!((breaker.pause(now), breaker.cause()), (None, None));
        breaker.failed(now, &bad());
        assert_eq!(breaker.pause(now), None);
    }

    #[test]
    fn a_pause_keeps_its_cause_and_begins_once() {
        let mut now = Instant::now();
        let mut breaker = Breaker::default();
        let mut begins = 0;
        for _ in 0..FAILURES_MAX + 5 {
            begins += u32::from(breaker.failed(now, &bad()));
            now += breaker.pause(now).unwrap_or_default();
            assert_eq!(breaker.cause(), Some(&bad()));
        }
        assert_eq!(begins, 1);
    }
}
