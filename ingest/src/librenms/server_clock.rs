//! How far the server's clock is off, by the `Date` of its answers (RFC 9110,
//! 6.6.1).
//!
//! An answer was dated between the instant at which it was asked for and the
//! one at which its head had come, and its date is cut to a whole second. So
//! each answer bounds the error from both sides, and the bounds of many
//! together are as narrow as the fastest of them. A proxy may give an answer
//! with an old date: what contradicts the others counts only once several in a
//! row agree with each other. Only an error that is sure is corrected.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use correlate::model::{ComponentState, Timestamp};

use crate::source::{Basis, Found, Learned, ObservedSample};

/// `Date` is a whole second, cut.
const DATE_STEP_MS: i64 = 1_000;

/// Clocks drift: bounds are found anew in this time.
const BOUNDS_MS: i64 = 300_000;

/// And meanwhile may move by so much: 80 in a million, which no quartz exceeds.
const DRIFT_MS: i64 = 50;

/// So many answers in a row that contradict the bounds replace them.
const CONTRADICTIONS_MAX: u32 = 5;

/// After the clock was set, times of before are around for so long.
const SET_MS: i64 = 900_000;

/// A clock that is off by more is another time altogether, such as that of a
/// simulator or a replay: its times are refused, or late, and never corrected.
const ERROR_MS_MAX: i64 = 3_600_000;

/// The server's time minus ours lies between the two, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Bounds {
    least_ms: i64,
    most_ms: i64,
}

impl Bounds {
    /// The part of it to correct by: none where the clocks may agree.
    fn sure(self) -> Bounds {
        let agrees = self.least_ms <= 0 && self.most_ms >= 0;
        if agrees || self.least_ms.abs() > ERROR_MS_MAX {
            return Bounds { least_ms: 0, most_ms: 0 };
        }
        self
    }

    fn meet(self, other: Bounds) -> Option<Bounds> {
        let met = Bounds {
            least_ms: self.least_ms.max(other.least_ms),
            most_ms: self.most_ms.min(other.most_ms),
        };
        (met.least_ms <= met.most_ms).then_some(met)
    }
}

/// By how much the server's clock is off: what its times are corrected by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct ClockError {
    /// The server's time minus ours, the least that it can be.
    ahead_ms: i64,
    /// It can be this much more.
    unsure_ms: u32,
}

impl ClockError {
    /// When it was `theirs` there, by our clock; the last instant that it can be.
    pub(super) fn ours(self, theirs: Timestamp) -> Timestamp {
        theirs.plus_millis(-self.ahead_ms)
    }

    /// What the server's clock shows at `ours`.
    pub(super) fn theirs(self, ours: Timestamp) -> Timestamp {
        ours.plus_millis(self.ahead_ms)
    }

    /// Adds the doubt about the error to the uncertainty of what rests on the
    /// server's times: an instant may have been so much earlier than
    /// [`ClockError::ours`] says.
    pub(super) fn widen(self, samples: &mut [ObservedSample]) {
        if self.unsure_ms == 0 {
            return;
        }
        for sample in samples.iter_mut().filter(|one| one.state != ComponentState::Unknown) {
            sample.uncertainty_ms = sample.uncertainty_ms.saturating_add(self.unsure_ms);
        }
    }

    /// The server's time minus ours, milliseconds; 0 where the clocks agree.
    pub(super) fn ahead_ms(self) -> i64 {
        self.ahead_ms
    }
}

/// The server's clock, as heard.
#[derive(Debug, Default)]
pub(super) struct ServerClock(Mutex<Known>);

/// What was heard, and what follows from it: that is asked for with every row.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    heard: Heard,
    error: Option<ClockError>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    /// Of the last [`BOUNDS_MS`], and of those before.
    bounds: Option<(Timestamp, Bounds)>,
    former: Option<Bounds>,
    /// What contradicts them, and how often in a row.
    contradiction: Option<(Bounds, u32)>,
    /// What held before the clock was set, and when that was noticed.
    before_set: Option<(Timestamp, Bounds)>,
    /// When the last answer came.
    at: Option<Timestamp>,
}

impl ServerClock {
    /// Takes in the date of an answer that was asked for at `sent` and whose
    /// head had come at `received`, by our clock.
    pub(super) fn heard(&self, date: Timestamp, sent: Timestamp, received: Timestamp) {
        if received < sent {
            // Our own clock was set back in between.
            return;
        }
        let one = Bounds {
            least_ms: date.millis().saturating_sub(received.millis()),
            most_ms: date.millis().saturating_add(DATE_STEP_MS).saturating_sub(sent.millis()),
        };
        let mut known = self.lock();
        known.heard.take(one, received);
        known.error = known.heard.error();
    }

    /// The error, if one is sure; `None` before the first answer.
    pub(super) fn error(&self) -> Option<ClockError> {
        self.lock().error
    }

    fn bounds(&self) -> Option<Bounds> {
        self.lock().heard.bounds()
    }

    /// Whether the clocks agree, or how far the server's is off.
    pub(super) fn learned(&self) -> Option<Learned> {
        let bounds = self.bounds()?;
        let off = |ms: i64| Found::Every(Duration::from_millis(ms.unsigned_abs()));
        let (name, value) = if bounds.least_ms > 0 {
            ("clock_ahead", off(bounds.least_ms))
        } else if bounds.most_ms < 0 {
            ("clock_behind", off(bounds.most_ms))
        } else {
            ("clock_agrees", Found::Is(true))
        };
        Some(Learned { name, value, basis: Basis::Date, found: None })
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heard {
    fn bounds(&self) -> Option<Bounds> {
        let (_, now) = self.bounds?;
        let Bounds { least_ms, most_ms } =
            self.former.and_then(|former| former.meet(now)).unwrap_or(now);
        Some(Bounds { least_ms: least_ms - DRIFT_MS, most_ms: most_ms + DRIFT_MS })
    }

    fn error(&self) -> Option<ClockError> {
        let mut sure = self.bounds()?.sure();
        if let (Some((set_at, before)), Some(at)) = (self.before_set, self.at)
            && at < set_at.plus_millis(SET_MS)
        {
            // Nobody knows by which of the two a time was written.
            let before = before.sure();
            sure.least_ms = sure.least_ms.min(before.least_ms);
            sure.most_ms = sure.most_ms.max(before.most_ms);
        }
        let unsure_ms = u32::try_from(sure.most_ms - sure.least_ms).unwrap_or(u32::MAX);
        Some(ClockError { ahead_ms: sure.least_ms, unsure_ms })
    }

    fn take(&mut self, one: Bounds, at: Timestamp) {
        self.at = Some(at);
        let Some((since, known)) = self.bounds else {
            self.bounds = Some((at, one));
            return;
        };
        if let Some(met) = known.meet(one) {
            self.contradiction = None;
            self.bounds = Some((since, met));
            if since.plus_millis(BOUNDS_MS) <= at {
                (self.former, self.bounds) = (Some(met), Some((at, one)));
            }
            return;
        }
        let (other, times) = match self.contradiction {
            Some((other, times)) => other.meet(one).map_or((one, 1), |met| (met, times + 1)),
            None => (one, 1),
        };
        self.contradiction = Some((other, times));
        if times >= CONTRADICTIONS_MAX {
            let before_set = self.bounds().map(|before| (at, before));
            let bounds = Some((at, other));
            *self = Heard { bounds, before_set, at: Some(at), ..Heard::default() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers, each as sent, received and dated; the error then as least and unsure.
    #[track_caller]
    fn check(answers: &[(i64, i64, i64)], expected: Option<(i64, u32)>) {
        let clock = ServerClock::default();
        for &(sent, received, date) in answers {
            clock.heard(Timestamp(date), Timestamp(sent), Timestamp(received));
        }
        let found = clock.error().map(|error| (error.ahead_ms, error.unsure_ms));
        assert_eq!(found, expected);
    }

    #[test]
    fn clocks_that_may_agree_are_not_corrected() {
        check(&[], None);
        check(&[(10_900, 11_000, 10_000)], Some((0, 0)));
        check(&[(10_900, 11_000, 11_000), (20_100, 20_200, 20_000)], Some((0, 0)));
        // An answer that took long tells nothing.
        check(&[(10_000, 60_000, 30_000)], Some((0, 0)));
    }

    #[test]
    fn an_error_is_known_as_exactly_as_the_fastest_answers_tell() {
        check(&[(10_000, 10_000, 40_000)], Some((29_950, 1_100)));
        // 30.2 s ahead, in truth.
        check(
            &[(10_000, 10_400, 40_000), (20_750, 20_800, 50_000), (30_850, 30_950, 61_000)],
            Some((30_000, 300)),
        );
        check(&[(100_000, 100_020, 70_000), (110_990, 111_000, 80_000)], Some((-30_070, 130)));
    }

    #[test]
    fn one_answer_out_of_a_store_changes_nothing_but_a_clock_that_was_set_is_followed() {
        let ahead = |at: i64| (at, at + 10, at + 30_000);
        let stored = (20_000, 20_010, 0);
        check(&[ahead(10_000), stored, ahead(30_000)], Some((29_940, 1_110)));
        let set = |at: i64| (at, at + 10, at);
        let mut answers = vec![ahead(10_000)];
        answers.extend((2..6).map(|n| set(n * 10_000)));
        check(&answers, Some((29_940, 1_110)));
        answers.push(set(60_000));
        // Rows may still be of before it was set.
        check(&answers, Some((0, 31_050)));
        answers.push(set(60_000 + SET_MS));
        check(&answers, Some((0, 0)));
    }

    #[test]
    fn a_clock_that_drifts_is_followed() {
        // 60 in a million fast: after a day it is off by 35.2 s and not by 30 s.
        let clock = ServerClock::default();
        for n in 0..8_600_i64 {
            let at = n * 10_037;
            let truth = 30_000 + at * 60 / 1_000_000;
            let date = Timestamp((at + 1 + truth) / 1_000 * 1_000);
            clock.heard(date, Timestamp(at), Timestamp(at + 2));
            let error = clock.error().unwrap();
            let most = error.ahead_ms + i64::from(error.unsure_ms);
            assert!((error.ahead_ms..=most).contains(&truth), "{error:?} at {at}, truly {truth}");
        }
        assert!(clock.error().unwrap().unsure_ms < 200, "{:?}", clock.error());
    }

    #[test]
    fn another_time_altogether_is_not_corrected() {
        check(&[(0, 10, 86_400_000)], Some((0, 0)));
    }
}
