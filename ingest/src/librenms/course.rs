//! Where on the time line a finding on a session or a check belongs, given what
//! was said before.
//!
//! A [`Finding`] tells that a state held at some instant of a span, and not at
//! which. Its sample is placed at the end of the span and is as uncertain as that
//! is long. A state that turned over did so after the contrary last held, so an edge
//! is uncertain back to the start of the span in which that was found. Pure.

use correlate::model::ComponentState::{self, Unknown, Up};
use correlate::model::Timestamp;

use super::memory::Placed;
use super::policy::{Belief, Finding};
use crate::source::Reason;

/// What was said of one session or check.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Course {
    /// The last sample.
    said: Option<(Timestamp, ComponentState)>,
    /// Up or down, whichever was said last.
    known: Option<ComponentState>,
    /// Why it is unknown, as was said last.
    reason: Option<Reason>,
    /// It last was up at this instant or later.
    up_from: Option<Timestamp>,
    /// The same of down.
    down_from: Option<Timestamp>,
    /// When somebody had looked, as of the last sample.
    looked: Option<Timestamp>,
}

impl Course {
    /// Places what a row says, and remembers it; `None` if it says nothing new that
    /// can be believed.
    pub(super) fn take(&mut self, finding: &Finding) -> Option<Placed> {
        match finding.state {
            Unknown => self.lose(finding),
            state => self.learn(finding, state),
        }
    }

    /// Whether anything was ever said of it.
    pub(super) fn is_said(&self) -> bool {
        self.said.is_some()
    }

    /// Nobody can say from the start of the span on, or from its end if more was
    /// said since.
    fn lose(&mut self, finding: &Finding) -> Option<Placed> {
        if finding.belief == Belief::IfTurned {
            return None;
        }
        let at = match self.said {
            Some((at, Unknown)) => finding.from.max(at),
            Some((at, _)) if finding.from <= at && finding.to <= at => return None,
            Some((at, _)) if finding.from <= at => finding.to,
            _ => finding.from,
        };
        let reason = finding.reason.filter(|_| self.reason != finding.reason);
        (self.said, self.reason) = (Some((at, Unknown)), finding.reason);
        Some(Placed { at, state: Unknown, uncertainty_ms: 0, reason })
    }

    fn learn(&mut self, finding: &Finding, state: ComponentState) -> Option<Placed> {
        let is_first = self.said.is_none();
        let has_turned = self.known.is_some_and(|known| known != state);
        if self.said.is_some_and(|(at, _)| finding.to <= at) {
            return None;
        }
        let counts = match (finding.belief, self.said) {
            (Belief::Proven, _) => true,
            _ if has_turned => true,
            (Belief::IfTurned, _) => false,
            (Belief::Looked(_), None) => true,
            // What was read again since nobody could say.
            (Belief::Looked(at), Some((lost, Unknown))) => at > lost,
            (Belief::Looked(at), Some(_)) => Some(at) > self.looked,
        };
        if !counts {
            return None;
        }
        let contrary = match state {
            Up => self.down_from,
            _ => self.up_from,
        };
        let contrary = contrary.filter(|_| has_turned);
        let from = contrary.map_or(finding.from, |contrary| contrary.max(finding.from));
        let uncertainty_ms = match (finding.belief, contrary) {
            // It is known to have been otherwise just before, and not since when.
            (Belief::Proven, None) if is_first => u32::MAX,
            (_, contrary) => gap_ms(contrary.unwrap_or(finding.from), finding.to),
        };
        let held_from = match state {
            Up => &mut self.up_from,
            _ => &mut self.down_from,
        };
        *held_from = Some(from).max(*held_from);
        if let Belief::Looked(at) = finding.belief {
            self.looked = Some(at);
        }
        (self.said, self.known) = (Some((finding.to, state)), Some(state));
        self.reason = None;
        let reason = finding.reason.filter(|_| is_first || has_turned);
        Some(Placed { at: finding.to, state, uncertainty_ms, reason })
    }
}

/// From `from` to `at`; [`u32::MAX`] for more.
fn gap_ms(from: Timestamp, at: Timestamp) -> u32 {
    let gap_ms = at.millis().saturating_sub(from.millis());
    u32::try_from(gap_ms.max(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use correlate::model::ComponentState::Down;

    use super::*;

    fn held(state: ComponentState, from: i64, to: i64, belief: Belief) -> Finding {
        let reason = (state == Unknown).then_some(Reason::DeviceDown);
        Finding { state, reason, from: Timestamp(from), to: Timestamp(to), belief }
    }

    /// Known since a poll at `from`, read at `to`.
    fn read(state: ComponentState, from: i64, to: i64) -> Finding {
        held(state, from, to, Belief::Looked(Timestamp(from)))
    }

    type Given = Option<(i64, ComponentState, u32)>;

    #[track_caller]
    fn check(findings: &[Finding], expected: &[Given]) {
        let mut course = Course::default();
        let placed = findings.iter().map(|finding| course.take(finding));
        let found: Vec<Given> = placed
            .map(|placed| placed.map(|p| (p.at.millis(), p.state, p.uncertainty_ms)))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_state_is_renewed_only_when_somebody_has_looked_anew() {
        check(
            &[read(Up, 90, 100), read(Up, 90, 150), read(Up, 190, 200)],
            &[Some((100, Up, 10)), None, Some((200, Up, 10))],
        );
    }

    #[test]
    fn an_edge_is_uncertain_back_to_the_poll_before_the_last_reading_of_the_contrary() {
        check(
            &[read(Up, 90, 100), read(Down, 190, 200), read(Up, 290, 300)],
            &[Some((100, Up, 10)), Some((200, Down, 110)), Some((300, Up, 110))],
        );
        // The poll that saw it is not known yet, but the row has moved.
        check(
            &[read(Up, 90, 100), read(Down, 90, 150), read(Up, 290, 300)],
            &[Some((100, Up, 10)), Some((150, Down, 60)), Some((300, Up, 210))],
        );
    }

    #[test]
    fn a_row_that_nobody_has_looked_at_lately_says_nothing_unless_it_has_moved() {
        let stale = |state, to| held(state, 10, to, Belief::IfTurned);
        check(
            &[stale(Up, 100), read(Up, 90, 110), stale(Up, 200), stale(Down, 300)],
            &[None, Some((110, Up, 20)), None, Some((300, Down, 210))],
        );
        check(&[read(Up, 90, 110), stale(Unknown, 200)], &[Some((110, Up, 20)), None]);
    }

    #[test]
    fn nobody_can_say_since_its_device_is_down_and_until_it_is_polled_again() {
        let lost = held(Unknown, 180, 200, Belief::Proven);
        check(
            &[read(Up, 90, 100), lost, read(Up, 90, 250), read(Up, 290, 300)],
            &[Some((100, Up, 10)), Some((180, Unknown, 0)), None, Some((300, Up, 10))],
        );
        // It was read after its device went down, and before that was known.
        check(
            &[read(Up, 90, 190), lost, read(Down, 290, 300)],
            &[Some((190, Up, 100)), Some((200, Unknown, 0)), Some((300, Down, 210))],
        );
        check(&[read(Up, 90, 200), lost], &[Some((200, Up, 110)), None]);
    }

    #[test]
    fn what_a_check_says_of_its_change_is_an_edge_of_that_instant() {
        let changed = |state, at| held(state, at, at + 9, Belief::Proven);
        check(
            &[
                changed(Down, 50),
                read(Down, 60, 100),
                changed(Up, 140),
                read(Up, 150, 200),
                changed(Up, 230),
            ],
            &[
                // Since when, nobody knows.
                Some((59, Down, u32::MAX)),
                Some((100, Down, 40)),
                Some((149, Up, 89)),
                Some((200, Up, 50)),
                // From warning to ok.
                Some((239, Up, 9)),
            ],
        );
    }

    #[test]
    fn why_nobody_can_say_is_said_once() {
        let mut course = Course::default();
        let lost = |at| held(Unknown, at, at, Belief::Proven);
        let mut reason = |finding: &Finding| course.take(finding).map(|placed| placed.reason);
        assert_eq!(reason(&lost(10)), Some(Some(Reason::DeviceDown)));
        assert_eq!(reason(&lost(20)), Some(None));
        let gone = Finding { reason: Some(Reason::Gone), ..lost(30) };
        assert_eq!(reason(&gone), Some(Some(Reason::Gone)));
        assert_eq!(reason(&read(Up, 40, 50)), Some(None));
        assert_eq!(reason(&lost(60)), Some(Some(Reason::DeviceDown)));
    }
}
