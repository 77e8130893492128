//! Places for requests: at most so many at once, or within any one second *as
//! the server sees them*; and who gets the next one.
//!
//! A token bucket bounds only when requests leave here: those that the network
//! holds up arrive together with later ones. Here a place is taken from before
//! a request leaves until a second after its answer began. It arrived somewhere
//! in between, so the next request in the same place arrives at least a second
//! after it. With N places, no second of the server's clock sees more than N.
//!
//! Who waits is served by [`Rank`], then first come, first served. While pushes
//! come some places are kept for them, so that the next push does not find all
//! of them in use. A call that has waited for [`PATIENCE`] goes before all that
//! came after it, whatever their rank, and where places are counted over a
//! second it may have one that is kept. So nobody overtakes it any more, and it
//! is served once those before it are: at most a second for each N of them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// What requests are counted over.
const SECOND: Duration = Duration::from_secs(1);

/// Places are kept for pushes for so long after the last one.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// After so long no later call goes first.
const PATIENCE: Duration = Duration::from_secs(2);

/// Who is served first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::librenms) enum Rank {
    /// What a push asks for: a change that somebody waits to see.
    Push,
    /// What finds and follows changes without a push.
    Prompt,
    /// Everything else.
    Ordinary,
}

/// The places of one account.
#[derive(Debug)]
pub(super) struct Places {
    all: u32,
    /// So many are for pushes only, while they come.
    kept: u32,
    /// How long a place is out of use after a request.
    rest: Duration,
    state: Mutex<State>,
    /// Somebody who waits may be served now, or another one than before.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// Places in use or resting, by rank.
    taken: [u32; 3],
    /// Until when, and for which rank they were in use.
    resting: BinaryHeap<Reverse<(Instant, Rank)>>,
    /// In the order in which they came.
    waiting: Vec<Waiting>,
    next_ticket: u64,
    pushed_at: Option<Instant>,
}

#[derive(Debug)]
struct Waiting {
    ticket: u64,
    rank: Rank,
    since: Instant,
}

/// A place, until it is dropped. Drop it when the answer has begun, or when it
/// is certain that there will be none.
#[derive(Debug)]
pub(super) struct Place<'a> {
    places: &'a Places,
    rank: Rank,
}

/// Waits in the queue until it is dropped or served.
struct Queued<'a> {
    places: &'a Places,
    ticket: u64,
    rank: Rank,
    since: Instant,
}

impl Places {
    /// For `all` requests in any second. From four on two of them are kept for
    /// pushes, which is what one change takes: its device and the ports.
    pub(super) fn per_second(all: u32) -> Places {
        let kept = match all {
            0 | 1 => 0,
            2 | 3 => 1,
            _ => 2,
        };
        Places::new(all, kept, SECOND)
    }

    /// For `all` requests at the same time. Of two none is kept, as a long
    /// list may have the other one.
    pub(super) fn at_once(all: u32) -> Places {
        Places::new(all, u32::from(all > 2), Duration::ZERO)
    }

    fn new(all: u32, kept: u32, rest: Duration) -> Places {
        let state = State {
            taken: [0; 3],
            resting: BinaryHeap::new(),
            waiting: Vec::new(),
            next_ticket: 0,
            pushed_at: None,
        };
        Places { all, kept, rest, state: Mutex::new(state), changed: Notify::new() }
    }

    /// Waits for a place.
    pub(super) async fn place(&self, rank: Rank) -> Place<'_> {
        let queued = self.queue(rank);
        loop {
            // Before looking, so that no change is missed.
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let next = match queued.serve(Instant::now()) {
                Ok(place) => return place,
                Err(next) => next,
            };
            match next {
                Some(at) => tokio::select! {
                    () = changed => {}
                    () = sleep_until(at) => {}
                },
                None => changed.await,
            }
        }
    }

    fn queue(&self, rank: Rank) -> Queued<'_> {
        let (mut state, since) = (self.state(), Instant::now());
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.waiting.push(Waiting { ticket, rank, since });
        if rank == Rank::Push {
            state.pushed_at = Some(since);
        }
        Queued { places: self, ticket, rank, since }
    }

    /// So many places requests of this rank and below may have together.
    fn limit(&self, rank: Rank, pushes_come: bool) -> u32 {
        let pushes = if pushes_come { self.kept } else { 0 };
        let kept = match rank {
            Rank::Push => 0,
            Rank::Prompt => pushes,
            // One stays for what finds changes.
            Rank::Ordinary => pushes.max(u32::from(self.all > 1)),
        };
        (self.all - kept).max(1)
    }

    /// Complete after every step, so usable after a panic elsewhere.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn pushes_come(&self, now: Instant) -> bool {
        self.pushed_at.is_some_and(|at| now < at + KEPT_FOR)
    }

    /// Takes back the places that have rested.
    fn wake(&mut self, now: Instant) {
        while let Some(&Reverse((until, rank))) = self.resting.peek()
            && until <= now
        {
            self.resting.pop();
            self.taken[rank as usize] -= 1;
        }
    }

    /// Who is to have the next place: its ticket.
    fn first(&self, places: &Places, now: Instant) -> Option<u64> {
        let pushes_come = self.pushes_come(now);
        let all: u32 = self.taken.iter().sum();
        if all >= places.all.max(1) {
            return None;
        }
        let is_patient = |one: &Waiting| now < one.since + PATIENCE;
        let has_room = |one: &&Waiting| {
            let taken: u32 = self.taken[one.rank as usize..].iter().sum();
            let may_have_kept = !places.rest.is_zero() && !is_patient(one);
            may_have_kept || taken < places.limit(one.rank, pushes_come)
        };
        let place =
            |one: &&Waiting| (if is_patient(one) { one.rank } else { Rank::Push }, one.ticket);
        self.waiting.iter().filter(has_room).min_by_key(place).map(|one| one.ticket)
    }
}

impl<'a> Queued<'a> {
    /// Its place, if it is the first; else when to look again, whatever happens.
    fn serve(&self, now: Instant) -> Result<Place<'a>, Option<Instant>> {
        let places = self.places;
        let mut state = places.state();
        state.wake(now);
        if state.first(places, now) != Some(self.ticket) {
            let rested = state.resting.peek().map(|&Reverse((until, _))| until);
            let given_up = state.pushed_at.map(|at| at + KEPT_FOR);
            let others = [given_up, Some(self.since + PATIENCE)];
            let others = others.into_iter().flatten().filter(|&at| at > now);
            return Err(rested.into_iter().chain(others).min());
        }
        state.waiting.retain(|one| one.ticket != self.ticket);
        state.taken[self.rank as usize] += 1;
        if !state.waiting.is_empty() {
            places.changed.notify_waiters();
        }
        Ok(Place { places, rank: self.rank })
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        let mut state = self.places.state();
        let before = state.waiting.len();
        state.waiting.retain(|one| one.ticket != self.ticket);
        if state.waiting.len() < before {
            // It may have been its turn.
            self.places.changed.notify_waiters();
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let Place { places, rank } = *self;
        let mut state = places.state();
        if places.rest.is_zero() {
            state.taken[rank as usize] -= 1;
        } else {
            state.resting.push(Reverse((Instant::now() + places.rest, rank)));
        }
        places.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use futures::stream::{FuturesUnordered, StreamExt};

    use super::Rank::{Ordinary, Prompt, Push};
    use super::*;

    /// The most of these instants that lie within a second.
    fn most_in_a_second(left: &[Instant]) -> usize {
        let within = |(i, &first): (usize, &Instant)| {
            left[i..].iter().filter(|&&at| at - first < SECOND).count()
        };
        left.iter().enumerate().map(within).max().unwrap_or(0)
    }

    #[tokio::test(start_paused = true)]
    async fn no_second_sees_more_than_the_limit_however_long_answers_take() {
        for ranks in [[Ordinary; 3], [Push; 3], [Push, Prompt, Ordinary]] {
            let places = Places::per_second(3);
            let mut left = Vec::new();
            for (request, rank) in (0..40_u64).zip(ranks.into_iter().cycle()) {
                let place = places.place(rank).await;
                left.push(Instant::now());
                tokio::time::advance(Duration::from_millis(request * 37 % 900)).await;
                drop(place);
            }
            assert!(most_in_a_second(&left) <= 3, "{ranks:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn many_of_all_ranks_at_once_are_all_served_within_the_limit() {
        let places = &Places::per_second(5);
        let ask = |n: u64| async move {
            tokio::time::sleep(Duration::from_millis(n * n * 7 % 3_000)).await;
            let place = places.place([Push, Prompt, Ordinary][n as usize % 3]).await;
            let left = Instant::now();
            tokio::time::sleep(Duration::from_millis(n * 31 % 200)).await;
            drop(place);
            left
        };
        let mut left: Vec<Instant> =
            (0..100).map(ask).collect::<FuturesUnordered<_>>().collect().await;
        left.sort();
        assert_eq!((left.len(), most_in_a_second(&left)), (100, 5));
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_as_allowed_go_at_once() {
        let places = Places::per_second(4);
        let began = Instant::now();
        for _ in 0..4 {
            drop(places.place(Push).await);
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
        drop(places.place(Push).await);
        assert!(began.elapsed() >= SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_holds_its_place_leaves_the_others() {
        let places = Places::per_second(2);
        let slow = places.place(Prompt).await;
        let began = Instant::now();
        for _ in 0..5 {
            drop(places.place(Prompt).await);
        }
        assert!(began.elapsed() < Duration::from_millis(4_100), "one place a second is left");
        drop(slow);
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_waiting_changes_nothing() {
        let places = Places::per_second(1);
        drop(places.place(Ordinary).await);
        let began = Instant::now();
        for _ in 0..3 {
            let patience = Duration::from_millis(10);
            assert!(tokio::time::timeout(patience, places.place(Push)).await.is_err());
        }
        drop(places.place(Ordinary).await);
        assert!(began.elapsed() < Duration::from_millis(1_010));
    }

    /// The order in which those that wait, the first of them first, are served
    /// once the only place is free again.
    async fn order(waiting: &[Rank]) -> Vec<usize> {
        let places = &Places::at_once(1);
        let held = places.place(Push).await;
        let mut served = Vec::new();
        let mut asked: FuturesUnordered<_> = waiting
            .iter()
            .enumerate()
            .map(|(n, &rank)| places.place(rank).map(move |place| (n, place)))
            .collect();
        assert!(asked.next().now_or_never().is_none(), "there is one place");
        drop(held);
        while let Some((n, place)) = asked.next().await {
            served.push(n);
            drop(place);
        }
        served
    }

    #[tokio::test(start_paused = true)]
    async fn those_of_a_higher_rank_are_served_first_and_those_of_one_in_their_order() {
        let waiting = [Ordinary, Prompt, Push, Ordinary, Push, Prompt];
        assert_eq!(order(&waiting).await, [2, 4, 1, 5, 0, 3]);
    }

    /// How many of a rank go at once, a push having come so long ago.
    async fn room(places: Places, pushed: Option<Duration>, rank: Rank) -> usize {
        if let Some(ago) = pushed {
            drop(places.place(Push).await);
            tokio::time::advance(ago).await;
        }
        let mut held = Vec::new();
        while let Some(place) = places.place(rank).now_or_never() {
            held.push(place);
        }
        held.len()
    }

    #[tokio::test(start_paused = true)]
    async fn while_pushes_come_places_are_kept_for_them() {
        let lately = Some(KEPT_FOR - SECOND);
        for (all, ordinary, kept) in [(1, 1, 0), (2, 1, 1), (3, 2, 1), (4, 3, 2), (5, 4, 2)] {
            let room = |pushed, rank| room(Places::per_second(all), pushed, rank);
            let all = all as usize;
            assert_eq!(room(None, Ordinary).await, ordinary, "{all}");
            assert_eq!(room(None, Prompt).await, all, "{all}");
            for rank in [Prompt, Ordinary] {
                assert_eq!(room(lately, rank).await, all - kept, "{all} {rank:?}");
            }
            assert_eq!(room(lately, Push).await, all, "{all}");
            assert_eq!(room(Some(KEPT_FOR), Prompt).await, all, "{all}");
        }
        assert_eq!(room(Places::at_once(3), None, Ordinary).await, 2);
        assert_eq!(room(Places::at_once(3), lately, Prompt).await, 2);
        assert_eq!(room(Places::at_once(2), lately, Prompt).await, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn however_many_pushes_come_no_other_call_waits_for_ever() {
        for rank in [Prompt, Ordinary] {
            let places = &Places::per_second(5);
            let pushes = async {
                // More than there are places for, all the time.
                let push = || async { drop(places.place(Push).await) };
                let mut pushes: FuturesUnordered<_> = (0..20).map(|_| push()).collect();
                while pushes.next().await.is_some() {
                    pushes.push(push());
                }
            };
            let other = async {
                for _ in 0..3 {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    let asked = Instant::now();
                    drop(places.place(rank).await);
                    let waited = asked.elapsed();
                    // Those before it that had more patience left: twenty pushes.
                    assert!(waited > PATIENCE - SECOND, "pushes go first: {waited:?}");
                    assert!(waited <= PATIENCE + 5 * SECOND, "{rank:?} {waited:?}");
                }
            };
            tokio::select! {
                () = other => {}
                () = pushes => unreachable!("they go on"),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_kept_for_pushes_is_given_to_others_in_time() {
        // A second's place to who has waited long enough for it,
        let places = Places::per_second(2);
        drop(places.place(Push).await);
        tokio::time::advance(SECOND).await;
        let slow = places.place(Ordinary).await;
        let began = Instant::now();
        drop(places.place(Prompt).await);
        assert!(began.elapsed() >= PATIENCE && began.elapsed() < PATIENCE + SECOND);
        drop(slow);
        // and one that may be in use for long when pushes do not come any more.
        let places = Places::at_once(3);
        drop(places.place(Push).await);
        let lists = [places.place(Ordinary).await, places.place(Ordinary).await];
        let began = Instant::now();
        drop(places.place(Prompt).await);
        assert!(began.elapsed() >= KEPT_FOR && began.elapsed() < KEPT_FOR + SECOND);
        drop(lists);
    }
}
