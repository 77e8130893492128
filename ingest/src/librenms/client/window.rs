//! At most so many requests within any one second, *as the server sees them*.
//!
//! A token bucket bounds only when requests leave here: those that the network
//! holds up arrive together with later ones. Here a place is taken from before
//! a request leaves until a second after its answer began. It arrived somewhere
//! in between, so the next request in the same place arrives at least a second
//! after it. With N places, no second of the server's clock sees more than N.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

/// What the places are counted over.
const SECOND: Duration = Duration::from_secs(1);

/// The places of one account.
#[derive(Debug)]
pub(super) struct Window {
    free: Semaphore,
    resting: Mutex<Resting>,
}

/// The places that no request is in; as many as `free` has permits.
#[derive(Debug)]
struct Resting {
    /// Those that were never used.
    fresh: u32,
    /// From when on the others may be used again.
    until: BinaryHeap<Reverse<Instant>>,
}

impl Resting {
    /// Takes the place that may be used first; from when on?
    fn take(&mut self) -> Option<Instant> {
        if self.fresh > 0 {
            self.fresh -= 1;
            return None;
        }
        self.until.pop().map(|Reverse(at)| at)
    }

    fn give_back(&mut self, at: Option<Instant>) {
        match at {
            Some(at) => self.until.push(Reverse(at)),
            None => self.fresh += 1,
        }
    }
}

/// A place, until it is dropped. Drop it when the answer has begun, or when it
/// is certain that there will be none.
#[derive(Debug)]
pub(super) struct Place<'a> {
    window: &'a Window,
    _permit: SemaphorePermit<'a>,
    /// Not used yet: from when on it may be.
    unused: Option<Option<Instant>>,
}

impl Window {
    /// For `per_second` requests in any second.
    pub(super) fn new(per_second: u32) -> Window {
        let resting = Resting { fresh: per_second, until: BinaryHeap::new() };
        Window { free: Semaphore::new(per_second as usize), resting: Mutex::new(resting) }
    }

    /// Waits for a place; first come, first served.
    pub(super) async fn place(&self) -> Place<'_> {
        let permit = self.free.acquire().await.expect("the semaphore is never closed");
        let from = self.resting().take();
        let mut place = Place { window: self, _permit: permit, unused: Some(from) };
        if let Some(from) = from {
            sleep_until(from).await;
        }
        place.unused = None;
        place
    }

    /// Complete after every step, so usable after a panic elsewhere.
    fn resting(&self) -> MutexGuard<'_, Resting> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let next = self.unused.unwrap_or_else(|| Some(Instant::now() + SECOND));
        // Before the permit is given back, which happens after this.
        self.window.resting().give_back(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_second_sees_more_than_the_limit_however_long_answers_take() {
        let window = Window::new(3);
        let mut left = Vec::new();
        for request in 0..40_u64 {
            let place = window.place().await;
            left.push(Instant::now());
            tokio::time::advance(Duration::from_millis(request * 37 % 900)).await;
            drop(place);
        }
        for (i, &first) in left.iter().enumerate() {
            let within = left[i..].iter().filter(|&&at| at - first < SECOND).count();
            assert!(within <= 3, "{within} in the second from request {i} on");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_as_allowed_go_at_once() {
        let window = Window::new(4);
        let began = Instant::now();
        for _ in 0..4 {
            drop(window.place().await);
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
        drop(window.place().await);
        assert!(began.elapsed() >= SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_holds_its_place_leaves_the_others() {
        let window = Window::new(2);
        let slow = window.place().await;
        let began = Instant::now();
        for _ in 0..5 {
            drop(window.place().await);
        }
        assert!(began.elapsed() < Duration::from_millis(4_100), "one place a second is left");
        drop(slow);
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_waiting_changes_nothing() {
        let window = Window::new(1);
        drop(window.place().await);
        let began = Instant::now();
        for _ in 0..3 {
            let patience = Duration::from_millis(10);
            assert!(tokio::time::timeout(patience, window.place()).await.is_err());
        }
        drop(window.place().await);
        assert!(began.elapsed() < Duration::from_millis(1_010));
    }
}
