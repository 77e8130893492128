//! Token buckets by key: so many at once, then so many a second. Times come
//! from the caller's clock; kept in memory, so each process counts for itself.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use correlate::model::Timestamp;

/// How many keys are remembered; when more are needed, those that are full
/// again go, and if that is not enough, all do.
const KEYS_MAX: usize = 10_000;

/// A token is so many of the units that a bucket counts in, which is one per
/// millisecond and token per second.
const TOKEN_UNITS: i64 = 1_000;

#[derive(Clone, Copy, Debug)]
struct Level {
    units: i64,
    at: Timestamp,
}

/// A bucket for each key.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
    burst_units: i64,
    per_second: i64,
    levels: Mutex<HashMap<K, Level>>,
}

impl<K: Eq + Hash + Clone> Buckets<K> {
    /// Buckets that hold `burst` tokens, and regain `per_second`.
    pub(crate) fn new(burst: u32, per_second: u32) -> Buckets<K> {
        Buckets {
            burst_units: i64::from(burst) * TOKEN_UNITS,
            per_second: i64::from(per_second),
            levels: Mutex::default(),
        }
    }

    /// Whether the bucket of `key` has a token, without taking it.
    pub(crate) fn has(&self, key: &K, now: Timestamp) -> bool {
        let levels = self.lock();
        levels.get(key).is_none_or(|level| self.refilled(*level, now) >= TOKEN_UNITS)
    }

    /// Takes a token of `key`, if there is one.
    pub(crate) fn take(&self, key: &K, now: Timestamp) -> bool {
        let mut levels = self.lock();
        let units = levels.get(key).map_or(self.burst_units, |level| self.refilled(*level, now));
        if units < TOKEN_UNITS {
            return false;
        }
        if levels.len() >= KEYS_MAX && !levels.contains_key(key) {
            levels.retain(|_, level| self.refilled(*level, now) < self.burst_units);
            if levels.len() >= KEYS_MAX {
                levels.clear();
            }
        }
        levels.insert(key.clone(), Level { units: units - TOKEN_UNITS, at: now });
        true
    }

    fn refilled(&self, level: Level, now: Timestamp) -> i64 {
        // A clock that goes back gives nothing.
        let passed_ms = now.millis().saturating_sub(level.at.millis()).max(0);
        let gained = passed_ms.saturating_mul(self.per_second);
        level.units.saturating_add(gained).min(self.burst_units)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Level>> {
        // A panic while holding the lock leaves at worst a count that is off by one.
        self.levels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(buckets: &Buckets<u32>, key: u32, now: i64) -> u32 {
        let mut taken = 0;
        while buckets.take(&key, Timestamp(now)) {
            taken += 1;
        }
        taken
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let buckets = Buckets::new(5, 2);
        assert_eq!(taken(&buckets, 1, 0), 5);
        assert_eq!(taken(&buckets, 2, 0), 5, "each key has its own");
        assert_eq!(taken(&buckets, 1, 499), 0);
        assert_eq!(taken(&buckets, 1, 1_000), 2);
        assert_eq!(taken(&buckets, 1, 500), 0, "a clock that goes back gives nothing");
        assert_eq!(taken(&buckets, 1, i64::MAX), 5);
    }

    #[test]
    fn looking_takes_nothing() {
        let buckets = Buckets::new(1, 1);
        for _ in 0..3 {
            assert!(buckets.has(&1, Timestamp(0)));
        }
        assert!(buckets.take(&1, Timestamp(0)));
        assert!(!buckets.has(&1, Timestamp(0)));
    }

    #[test]
    fn memory_is_bounded() {
        let buckets = Buckets::new(1, 1);
        for key in 0..3 * KEYS_MAX {
            buckets.take(&key, Timestamp(0));
            assert!(buckets.lock().len() <= KEYS_MAX);
        }
    }
}
