//! The devices that are to be read again one by one, because a push, a line of
//! the log or a list of what is down says so. What does not fit into one round
//! waits for the next. Pure.

use std::collections::BTreeMap;

use correlate::model::Timestamp;

use super::touch::Touch;
use crate::source::Evidence;

/// So many devices may wait; with more of them reading everything takes less.
const DEVICES_MAX: usize = 256;

/// Devices that are read one by one in one go; of more of them two lists of
/// what is down tell most, for two requests.
pub(super) const TOUCHES_MAX: usize = 8;

/// What waits; each device is in it once.
#[derive(Clone, Debug, Default)]
pub(super) struct Backlog {
    waiting: BTreeMap<u64, Waiting>,
    /// Of the next one that comes.
    turn: u64,
    /// Devices that were taken out and are being read, and those of them that
    /// pushes ask for.
    in_hand: usize,
    in_hand_pushed: usize,
}

/// One that waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Waiting {
    pub(super) touch: Touch,
    /// When it was last asked for.
    pub(super) asked_at: Timestamp,
    turn: u64,
    /// A list that was read after it came tells whether it is worth a look.
    is_listed: bool,
    /// And says that it is.
    has_moved: bool,
}

fn is_pushed(touch: &Touch) -> bool {
    touch.cause == Evidence::Push
}

impl Backlog {
    /// Puts one in; `false` if there is no room.
    pub(super) fn ask(&mut self, touch: Touch, now: Timestamp) -> bool {
        self.put(touch, now, false)
    }

    /// Puts in what a list shows to have moved: it goes first.
    pub(super) fn ask_moved(&mut self, touch: Touch, now: Timestamp) -> bool {
        self.put(touch, now, true)
    }

    fn put(&mut self, touch: Touch, now: Timestamp, has_moved: bool) -> bool {
        if let Some(known) = self.waiting.get_mut(&touch.device_id) {
            let pushed = is_pushed(&known.touch).then_some(Evidence::Push);
            // A list has just told of the device itself, if only of its ports it is now.
            let itself = touch.itself || (known.touch.itself && !has_moved);
            known.touch = Touch {
                device_id: touch.device_id,
                itself,
                ports: touch.ports || known.touch.ports,
                cause: pushed.unwrap_or(touch.cause),
            };
            (known.asked_at, known.has_moved) = (now, has_moved || known.has_moved);
            known.is_listed = has_moved;
            return true;
        }
        if self.waiting.len() >= DEVICES_MAX {
            return false;
        }
        let turn = self.turn;
        self.turn += 1;
        let one = Waiting { touch, asked_at: now, turn, is_listed: has_moved, has_moved };
        self.waiting.insert(touch.device_id, one);
        true
    }

    /// Leaves out those that need not be read any more.
    pub(super) fn retain(&mut self, mut is_wanted: impl FnMut(&Waiting) -> bool) {
        self.waiting.retain(|_, one| is_wanted(one));
    }

    /// Whether so much has come that lists are to be read first; if so they
    /// count as read.
    pub(super) fn take_lists(&mut self) -> bool {
        let new = self.waiting.values().filter(|one| !one.is_listed).count();
        let is_much = new > TOUCHES_MAX;
        if is_much {
            self.waiting.values_mut().for_each(|one| one.is_listed = true);
        }
        is_much
    }

    /// Takes out the next ones, in order: what pushes ask for, what is known to
    /// have moved, what is about devices themselves, what came first. To be
    /// followed by [`Backlog::done`].
    pub(super) fn take(&mut self, only_pushed: bool) -> Vec<Touch> {
        let may = self.waiting.values().filter(|one| is_pushed(&one.touch) || !only_pushed);
        let mut next: Vec<Waiting> = may.copied().collect();
        next.sort_unstable_by_key(|one| {
            let is_later = !is_pushed(&one.touch);
            (is_later, !one.has_moved, !one.touch.itself, one.turn)
        });
        // What pushes ask for is taken by whoever reads such already, when they are done;
        // of the rest one at least, as nobody may come back for it.
        next.truncate(match only_pushed {
            true => TOUCHES_MAX.saturating_sub(self.in_hand_pushed),
            false => TOUCHES_MAX.saturating_sub(self.in_hand).max(1),
        });
        let next: Vec<Touch> = next.into_iter().map(|one| one.touch).collect();
        for touch in &next {
            self.waiting.remove(&touch.device_id);
        }
        self.in_hand += next.len();
        self.in_hand_pushed += next.iter().filter(|touch| is_pushed(touch)).count();
        next
    }

    /// These have been read.
    pub(super) fn done(&mut self, touches: &[Touch]) {
        self.in_hand -= touches.len();
        self.in_hand_pushed -= touches.iter().filter(|touch| is_pushed(touch)).count();
    }

    /// Whether a push waits.
    pub(super) fn any_pushed(&self) -> bool {
        self.waiting.values().any(|one| is_pushed(&one.touch))
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(device_id: u64, cause: Evidence) -> Touch {
        Touch { device_id, itself: true, ports: true, cause }
    }

    fn line(device_id: u64) -> Touch {
        touch(device_id, Evidence::Poll)
    }

    fn push(device_id: u64) -> Touch {
        touch(device_id, Evidence::Push)
    }

    fn with(touches: impl IntoIterator<Item = Touch>) -> Backlog {
        let mut backlog = Backlog::default();
        assert!(touches.into_iter().all(|touch| backlog.ask(touch, Timestamp(0))));
        backlog
    }

    fn ids(touches: &[Touch]) -> Vec<u64> {
        touches.iter().map(|touch| touch.device_id).collect()
    }

    #[test]
    fn pushes_come_first_and_what_does_not_fit_waits_for_the_next_round() {
        let mut backlog = with((1..=9).map(line).chain([push(20), push(3)]));
        let taken = backlog.take(true);
        assert_eq!(ids(&taken), [3, 20]);
        backlog.done(&taken);
        let taken = backlog.take(false);
        assert_eq!(ids(&taken), [1, 2, 4, 5, 6, 7, 8, 9]);
        backlog.done(&taken);
        assert!(backlog.take(false).is_empty());
        let mut backlog = with((1..=20).map(line));
        for expected in [1..=8, 9..=16, 17..=20] {
            let taken = backlog.take(false);
            assert_eq!(ids(&taken), expected.collect::<Vec<_>>());
            backlog.done(&taken);
        }
    }

    #[test]
    fn while_others_are_read_fewer_are_taken() {
        let mut backlog = with((1..=10).map(push).chain((11..=30).map(line)));
        let first = backlog.take(true);
        assert_eq!(first.len(), 8);
        assert!(backlog.take(true).is_empty(), "who reads those comes back for the rest");
        assert_eq!(ids(&backlog.take(false)), [9]);
        backlog.done(&first);
        assert_eq!(ids(&backlog.take(true)), [10]);
        assert_eq!(backlog.take(false).len(), 6);
    }

    #[test]
    fn what_lines_ask_for_keeps_no_push_waiting() {
        let mut backlog = with((1..=20).map(line));
        assert_eq!(backlog.take(false).len(), 8);
        assert!(backlog.ask(push(30), Timestamp(0)));
        assert_eq!(ids(&backlog.take(true)), [30]);
    }

    #[test]
    fn lists_are_read_once_for_what_has_come_and_what_they_show_goes_first() {
        let mut backlog = with((1..=8).map(push));
        assert!(!backlog.take_lists());
        assert!(backlog.ask(push(9), Timestamp(0)));
        assert!(backlog.take_lists());
        assert!(!backlog.take_lists());
        let moved = Touch { itself: false, ..push(9) };
        assert!(backlog.ask_moved(moved, Timestamp(1)));
        let taken = backlog.take(true);
        assert_eq!(taken[0], moved, "its device was in the list");
        assert_eq!(ids(&taken[1..]), [1, 2, 3, 4, 5, 6, 7]);
        assert!((10..18).all(|id| backlog.ask(push(id), Timestamp(1))));
        assert!(!backlog.take_lists(), "another one is from a list");
        assert!(backlog.ask(push(8), Timestamp(1)), "and is asked for again");
        assert!(backlog.take_lists());
    }

    #[test]
    fn a_device_that_is_asked_for_twice_is_read_once_with_all_that_was_asked() {
        let ports = Touch { itself: false, ..line(1) };
        let mut backlog = with([ports, Touch { ports: false, ..push(1) }]);
        assert!(backlog.any_pushed());
        assert_eq!(backlog.take(true), [push(1)]);
        let mut backlog = with([push(1), ports]);
        assert_eq!(backlog.take(true), [push(1)]);
    }

    #[test]
    fn no_more_than_the_limit_wait() {
        let mut backlog = with((0..DEVICES_MAX as u64).map(line));
        assert!(!backlog.ask(push(9_999), Timestamp(0)));
        assert!(backlog.ask(push(1), Timestamp(0)), "it waits already");
        assert_eq!(backlog.len(), DEVICES_MAX);
        backlog.retain(|one| one.touch.device_id > 250);
        assert_eq!(backlog.len(), DEVICES_MAX - 251);
        assert!(backlog.ask(push(9_999), Timestamp(0)));
    }
}
