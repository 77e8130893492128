//! Where on the time line a verdict belongs, given what was said before.
//!
//! Rows are renewed slowly and not all at once: their state may change before
//! their times do. So a time is taken from the row only while it moves
//! forward; a state that turned over without a new time is placed at the
//! reading that saw it, with the whole gap as its uncertainty. Pure.

use correlate::model::ComponentState::{self, Down, Unknown, Up};
use correlate::model::Timestamp;

use super::policy::Verdict;

/// The last sample of each state that was given out for one component;
/// [`Timestamp::MIN`] for none. Three instants and no more, because there are
/// millions of ports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Seen {
    up: Timestamp,
    down: Timestamp,
    unknown: Timestamp,
}

impl Default for Seen {
    fn default() -> Self {
        Seen { up: Timestamp::MIN, down: Timestamp::MIN, unknown: Timestamp::MIN }
    }
}

/// A verdict at its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Placed {
    pub(super) at: Timestamp,
    pub(super) state: ComponentState,
    pub(super) uncertainty_ms: u32,
}

impl Seen {
    /// Places `verdict`, read at `now`, and remembers it; `None` if it says
    /// nothing new that can be believed.
    pub(super) fn place(&mut self, verdict: &Verdict, now: Timestamp) -> Option<Placed> {
        let at = self.instant(verdict, now)?;
        let state = verdict.state;
        let uncertainty_ms = match self.latest() {
            Some((_, last)) if last == state => 0,
            _ => self.uncertainty_ms(verdict, at),
        };
        let slot = match state {
            Up => &mut self.up,
            Down => &mut self.down,
            Unknown => &mut self.unknown,
        };
        *slot = at.max(*slot);
        Some(Placed { at, state, uncertainty_ms })
    }

    fn instant(&self, verdict: &Verdict, now: Timestamp) -> Option<Timestamp> {
        let row_at = verdict.at.map(|at| at.min(now));
        if verdict.frozen {
            return self.turned_over(verdict.state).then_some(now);
        }
        let Some((last_at, last)) = self.latest() else {
            return Some(row_at.unwrap_or(now));
        };
        if last == verdict.state {
            return Some(row_at.map_or(last_at, |at| at.max(last_at)).min(now));
        }
        match row_at.filter(|&at| at > last_at) {
            Some(at) => Some(at),
            None if verdict.state == Unknown || self.turned_over(verdict.state) => Some(now),
            // The row has not moved since nobody could say: it is still frozen.
            None => None,
        }
    }

    /// Whether `state` is the opposite of what was last known for certain.
    fn turned_over(&self, state: ComponentState) -> bool {
        match state {
            Up => self.down > self.up,
            Down => self.up > self.down,
            Unknown => false,
        }
    }

    fn uncertainty_ms(&self, verdict: &Verdict, at: Timestamp) -> u32 {
        let seen = match verdict.state {
            Up => self.down,
            Down => self.up,
            Unknown => Timestamp::MIN,
        };
        let contrary = verdict.contrary.map_or(seen, |contrary| contrary.max(seen));
        if contrary == Timestamp::MIN {
            return 0;
        }
        let gap_ms = at.millis().saturating_sub(contrary.millis());
        u32::try_from(gap_ms.max(0)).unwrap_or(u32::MAX)
    }

    /// The newest sample given out.
    fn latest(&self) -> Option<(Timestamp, ComponentState)> {
        [(self.unknown, Unknown), (self.up, Up), (self.down, Down)]
            .into_iter()
            .max_by_key(|&(at, _)| at)
            .filter(|&(at, _)| at > Timestamp::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(state: ComponentState, at: i64) -> Verdict {
        Verdict { state, at: Some(Timestamp(at)), contrary: None, frozen: false }
    }

    /// Places verdicts, each read at the given instant; instant, state and
    /// uncertainty of what comes out.
    #[track_caller]
    fn check(readings: &[(i64, Verdict)], expected: &[Option<(i64, ComponentState, u32)>]) {
        let mut seen = Seen::default();
        let found: Vec<_> = readings
            .iter()
            .map(|(now, verdict)| {
                let placed = seen.place(verdict, Timestamp(*now))?;
                assert!(placed.at <= Timestamp(*now), "never later than the reading");
                Some((placed.at.millis(), placed.state, placed.uncertainty_ms))
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_state_holds_at_the_instant_of_its_row_and_is_renewed_by_it() {
        check(
            &[(100, says(Up, 90)), (110, says(Up, 90)), (200, says(Up, 190))],
            &[Some((90, Up, 0)), Some((90, Up, 0)), Some((190, Up, 0))],
        );
    }

    #[test]
    fn an_edge_is_uncertain_back_to_the_last_evidence_of_the_contrary() {
        let down = Verdict { contrary: Some(Timestamp(95)), ..says(Down, 180) };
        check(
            &[(100, says(Up, 90)), (200, down), (300, says(Up, 280))],
            &[Some((90, Up, 0)), Some((180, Down, 85)), Some((280, Up, 100))],
        );
    }

    #[test]
    fn a_first_sighting_of_down_is_uncertain_back_to_the_last_good_poll() {
        let down = Verdict { contrary: Some(Timestamp(95)), ..says(Down, 180) };
        check(&[(200, down)], &[Some((180, Down, 85))]);
    }

    #[test]
    fn a_state_that_turned_without_a_new_time_holds_from_the_reading() {
        let flipped = Verdict { at: None, ..says(Down, 0) };
        check(
            &[(100, says(Up, 90)), (150, flipped), (160, flipped), (170, says(Up, 90))],
            &[
                Some((90, Up, 0)),
                Some((150, Down, 60)),
                // Nothing new is known: the same sample again.
                Some((150, Down, 0)),
                Some((170, Up, 20)),
            ],
        );
        check(
            &[(100, says(Up, 90)), (150, says(Down, 90))],
            &[Some((90, Up, 0)), Some((150, Down, 60))],
        );
    }

    #[test]
    fn times_never_run_backwards_while_a_state_lasts() {
        check(
            &[
                (100, says(Down, 90)),
                (120, says(Up, 90)),
                (130, says(Up, 95)),
                (140, says(Up, 135)),
            ],
            &[Some((90, Down, 0)), Some((120, Up, 30)), Some((120, Up, 0)), Some((135, Up, 0))],
        );
    }

    #[test]
    fn a_time_in_the_future_is_cut_to_the_reading() {
        check(&[(100, says(Up, 105))], &[Some((100, Up, 0))]);
    }

    #[test]
    fn a_frozen_row_says_nothing_unless_its_state_turned_over() {
        let frozen = |state| Verdict { frozen: true, ..says(state, 10) };
        check(&[(1000, frozen(Up)), (1100, frozen(Up))], &[None, None]);
        check(
            &[(20, says(Up, 10)), (1000, frozen(Up)), (1100, frozen(Down)), (1200, frozen(Down))],
            &[Some((10, Up, 0)), None, Some((1100, Down, 1090)), None],
        );
    }

    #[test]
    fn after_a_time_of_blindness_only_a_newer_row_is_believed() {
        check(
            &[
                (100, says(Up, 90)),
                (200, says(Unknown, 180)),
                // The device is back, but its ports have not been read again.
                (210, says(Up, 90)),
                (300, says(Up, 290)),
            ],
            &[Some((90, Up, 0)), Some((180, Unknown, 0)), None, Some((290, Up, 0))],
        );
    }

    #[test]
    fn an_edge_behind_a_time_of_blindness_is_uncertain_over_all_of_it() {
        check(
            &[(100, says(Up, 90)), (200, says(Unknown, 180)), (300, says(Down, 290))],
            &[Some((90, Up, 0)), Some((180, Unknown, 0)), Some((290, Down, 200))],
        );
    }

    #[test]
    fn nobody_can_say_from_now_on_even_if_the_row_is_older() {
        check(
            &[(100, says(Up, 90)), (120, says(Unknown, 80))],
            &[Some((90, Up, 0)), Some((120, Unknown, 0))],
        );
    }
}
