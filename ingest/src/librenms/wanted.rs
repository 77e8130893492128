//! Devices whose outages are to be read, one after the other. One that cannot
//! be read goes back into the queue, and holds up none of the others. Pure.

use std::collections::BTreeMap;

use correlate::model::Timestamp;

/// A device whose outages the server refuses so often is given up: it is gone,
/// or is not ours to see.
const REFUSALS_MAX: u8 = 3;

/// The queue; each device is in it once.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// How often the server has refused each.
    refusals: BTreeMap<u64, u8>,
    /// Since when their outages are of interest.
    since: Timestamp,
    /// The next one has this id or a higher one.
    turn: u64,
}

/// A device that was taken out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Taken {
    pub(super) id: u64,
    pub(super) since: Timestamp,
    refusals: u8,
}

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted { refusals: BTreeMap::new(), since: Timestamp::MAX, turn: 0 }
    }
}

impl Wanted {
    /// Puts a device in, for its outages since `since`.
    pub(super) fn want(&mut self, id: u64, since: Timestamp) {
        self.refusals.entry(id).or_default();
        self.since = self.since.min(since);
    }

    /// Takes the next one out.
    pub(super) fn next(&mut self) -> Option<Taken> {
        let mut from_turn = self.refusals.range(self.turn..);
        let (&id, &refusals) = from_turn.next().or_else(|| self.refusals.iter().next())?;
        self.refusals.remove(&id);
        self.turn = id.saturating_add(1);
        let since = self.since;
        if self.refusals.is_empty() {
            self.since = Timestamp::MAX;
        }
        Some(Taken { id, since, refusals })
    }

    /// Puts back one that could not be read; `is_refused` if the server would
    /// not have the question, so that it may be of no use to ask it again.
    pub(super) fn put_back(&mut self, taken: Taken, is_refused: bool) {
        let refusals = taken.refusals + u8::from(is_refused);
        if refusals < REFUSALS_MAX {
            self.want(taken.id, taken.since);
            self.refusals.insert(taken.id, refusals);
        }
    }

    /// Takes out one that is gone.
    pub(super) fn forget(&mut self, id: u64) {
        self.refusals.remove(&id);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.refusals.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(wanted: &mut Wanted) -> Vec<u64> {
        std::iter::from_fn(|| wanted.next().map(|taken| taken.id)).collect()
    }

    fn three() -> Wanted {
        let mut wanted = Wanted::default();
        for (id, since) in [(3, 30), (1, 10), (2, 20), (1, 40)] {
            wanted.want(id, Timestamp(since));
        }
        wanted
    }

    #[test]
    fn each_is_read_once_since_the_earliest_instant() {
        let mut wanted = three();
        let first = wanted.next().unwrap();
        assert_eq!((first.id, first.since), (1, Timestamp(10)));
        assert_eq!(ids(&mut wanted), [2, 3]);
        wanted.want(2, Timestamp(50));
        assert_eq!(wanted.next().unwrap().since, Timestamp(50));
    }

    #[test]
    fn one_that_fails_waits_until_the_others_had_their_turn() {
        let mut wanted = three();
        let first = wanted.next().unwrap();
        wanted.put_back(first, false);
        assert_eq!(ids(&mut wanted), [2, 3, 1]);
        wanted.put_back(first, false);
        assert_eq!(wanted.next().unwrap().since, Timestamp(10));
    }

    #[test]
    fn one_that_is_refused_again_and_again_is_given_up_and_one_that_fails_is_not() {
        let tries = |is_refused| {
            let mut wanted = Wanted::default();
            wanted.want(7, Timestamp(0));
            (0..100)
                .take_while(|_| wanted.next().map(|one| wanted.put_back(one, is_refused)).is_some())
                .count()
        };
        assert_eq!((tries(true), tries(false)), (3, 100));
    }
}
