//! What one account may ask of its server at a time. Every request passes here.
//!
//! | Bound | What it spares |
//! |---|---|
//! | requests in any second ([`Places`]) | the web server |
//! | bursts (governor) | the rest of what shares it |
//! | requests at once ([`Places`]) | php-fpm workers, which people's pages need as well |
//! | one bulk list at once | each holds a worker for minutes |
//! | bytes of answers at once | PHP builds each in memory before it sends |
//!
//! Calls are let through by [`Rank`], so that a push is not stuck
//! behind a long reading.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::places::{Place, Places};
use super::{Call, Rank};
use crate::librenms::settings::Settings;

/// Bytes in flight are counted in units of this, because semaphores count in
/// 32 bits.
const UNIT_BYTES: u64 = 1024;

/// What an answer of a kind that was never seen is taken for.
const SMALL_EXPECTED_BYTES: u64 = 64 * 1024;
const BULK_EXPECTED_BYTES: u64 = 32 * 1024 * 1024;

/// The throttle of one account.
#[derive(Debug)]
pub(super) struct Gate {
    seconds: Places,
    pace: DefaultDirectRateLimiter,
    requests: Places,
    bulk: Semaphore,
    bytes: Semaphore,
    bytes_units: u32,
    /// How large the last answer of each kind was.
    sizes: Mutex<HashMap<&'static str, u64>>,
}

/// Leave to send one request. To be dropped when its answer has been read.
#[derive(Debug)]
pub(super) struct Leave<'a> {
    second: Option<Place<'a>>,
    _request: Place<'a>,
    _held: [Option<SemaphorePermit<'a>>; 2],
}

impl Leave<'_> {
    /// The answer has begun, so the request has arrived.
    pub(super) fn answered(&mut self) {
        self.second = None;
    }
}

impl Gate {
    pub(super) fn new(settings: &Settings) -> Gate {
        let per_second = settings.requests_per_second;
        let burst = settings.burst.min(per_second);
        let units = settings.bytes_in_flight_max.div_ceil(UNIT_BYTES).max(1);
        let bytes_units = u32::try_from(units).unwrap_or(u32::MAX);
        Gate {
            seconds: Places::per_second(per_second.get()),
            pace: RateLimiter::direct(Quota::per_second(per_second).allow_burst(burst)),
            requests: Places::at_once(settings.requests_at_once.get()),
            bulk: Semaphore::new(BULK_CALLS_MAX),
            bytes: Semaphore::new(bytes_units as usize),
            bytes_units,
            sizes: Mutex::default(),
        }
    }

    /// Waits until the call may be sent.
    pub(super) async fn enter(&self, call: &Call) -> Leave<'_> {
        // The places of the second come last: none is held while waiting.
        let bulk = if call.bulk { Some(one_of(&self.bulk).await) } else { None };
        let request = self.requests.place(call.rank).await;
        let units = self.units(call);
        let bytes = self.bytes.acquire_many(units).await.expect("never closed");
        if call.rank == Rank::Ordinary {
            self.pace.until_ready().await;
        }
        let second = self.seconds.place(call.rank).await;
        Leave { second: Some(second), _request: request, _held: [bulk, Some(bytes)] }
    }

    /// An answer of this kind had so many bytes, after decompression.
    pub(super) fn was(&self, call: &Call, bytes: u64) {
        let mut sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
        sizes.insert(call.name, bytes);
    }

    /// What the call takes of the bytes in flight: as much as last time, but
    /// never more than half, so that one huge list does not shut out the small
    /// calls beside it.
    fn units(&self, call: &Call) -> u32 {
        let known = {
            let sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
            sizes.get(call.name).copied()
        };
        let unknown = if call.bulk { BULK_EXPECTED_BYTES } else { SMALL_EXPECTED_BYTES };
        let units = known.unwrap_or(unknown).div_ceil(UNIT_BYTES).max(1);
        u32::try_from(units).unwrap_or(u32::MAX).min((self.bytes_units / 2).max(1))
    }
}

/// A list call occupies a PHP worker of the server for minutes.
const BULK_CALLS_MAX: usize = 1;

async fn one_of(semaphore: &Semaphore) -> SemaphorePermit<'_> {
    semaphore.acquire().await.expect("the semaphore is never closed")
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::librenms::calls;

    fn gate(change: impl FnOnce(&mut Settings)) -> Gate {
        let mut settings = Settings::new("ams1", "https://x", "t".to_owned().into()).unwrap();
        change(&mut settings);
        Gate::new(&settings)
    }

    fn prompt() -> Call {
        Call { rank: Rank::Prompt, ..calls::device(1) }
    }

    #[tokio::test]
    async fn bulk_lists_go_one_at_a_time_and_small_calls_beside_them() {
        let gate = gate(|_| ());
        let list = gate.enter(&calls::devices()).await;
        assert!(gate.enter(&calls::ports()).now_or_never().is_none());
        let small = gate.enter(&calls::device(1)).now_or_never();
        assert!(small.is_some());
        drop(list);
        assert!(gate.enter(&calls::ports()).now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_prompt_call_finds_a_place_when_others_wait() {
        let gate = gate(|settings| {
            settings.requests_at_once = 2.try_into().unwrap();
            settings.requests_per_second = 3.try_into().unwrap();
        });
        let first = gate.enter(&calls::device(1)).await;
        assert!(gate.enter(&calls::device(2)).now_or_never().is_none(), "one is kept");
        let second = gate.enter(&prompt()).now_or_never();
        assert!(second.is_some());
        drop(first);
        assert!(gate.enter(&calls::device(2)).now_or_never().is_some());
        drop(second);
        let gate = self::gate(|settings| settings.requests_per_second = 3.try_into().unwrap());
        for _ in 0..2 {
            drop(gate.enter(&calls::device(1)).now_or_never().unwrap());
        }
        // Two of the three places of this second are used up.
        assert!(gate.enter(&calls::device(2)).now_or_never().is_none());
        assert!(gate.enter(&prompt()).now_or_never().is_some());
    }

    #[tokio::test]
    async fn answers_that_were_large_share_the_bytes_in_flight() {
        let gate = gate(|settings| {
            settings.bytes_in_flight_max = 1024 * UNIT_BYTES;
            settings.requests_at_once = 10.try_into().unwrap();
        });
        let call = calls::device_ports(1);
        gate.was(&call, 2000 * UNIT_BYTES);
        let first = gate.enter(&call).now_or_never();
        let second = gate.enter(&call).now_or_never();
        assert!(first.is_some() && second.is_some(), "each counts as half");
        assert!(gate.enter(&call).now_or_never().is_none());
        drop(first);
        assert!(gate.enter(&calls::system()).now_or_never().is_some());
        assert!(gate.enter(&call).now_or_never().is_some());
    }
}
