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
