//! How long calls took lately, in constant memory. Pure: the caller tells the
//! time.

use correlate::model::Timestamp;

use super::traffic::Latency;

/// How long calls count: between one and two of these.
const WINDOW_MS: i64 = 3_600_000;

/// Each power of two of milliseconds is cut into so many buckets, so that a
/// bucket's end is at most an eighth above any value in it.
const STEPS: u64 = 8;

/// log2 of [`STEPS`].
const STEPS_LOG2: u32 = 3;

/// Longer than this (2^24 ms, 4.6 hours) counts as this: no call may take so
/// long.
const POWER_MAX: u32 = 24;

const BUCKETS: usize = (STEPS * (POWER_MAX - STEPS_LOG2 + 1) as u64) as usize;

/// The calls of the present window and of the one before.
#[derive(Clone, Debug)]
pub(super) struct Recent {
    now: Histogram,
    before: Histogram,
    began_at: Option<Timestamp>,
}

impl Default for Recent {
    fn default() -> Recent {
        Recent { now: Histogram::new(), before: Histogram::new(), began_at: None }
    }
}

impl Recent {
    /// A call that ended at `at` took `took_ms`.
    pub(super) fn add(&mut self, at: Timestamp, took_ms: u64) {
        let age_ms = at.millis() - self.began_at.get_or_insert(at).millis();
        if age_ms >= WINDOW_MS {
            let ended = std::mem::replace(&mut self.now, Histogram::new());
            self.before = if age_ms < 2 * WINDOW_MS { ended } else { Histogram::new() };
            self.began_at = Some(at);
        }
        self.now.add(took_ms);
    }

    /// What it comes to.
    pub(super) fn summary(&self) -> Latency {
        let max_ms = self.now.max_ms.max(self.before.max_ms);
        let calls = self.now.calls + self.before.calls;
        let at_most = |share_percent: u64| {
            let rank = (calls * share_percent).div_ceil(100).max(1);
            let counts = self.now.counts.iter().zip(&self.before.counts);
            let mut passed = 0;
            for (bucket, (now, before)) in counts.enumerate() {
                passed += u64::from(*now) + u64::from(*before);
                if passed >= rank {
                    return bucket_end_ms(bucket).min(max_ms);
                }
            }
            max_ms
        };
        Latency { calls, p50_ms: at_most(50), p99_ms: at_most(99), max_ms }
    }
}

#[derive(Clone, Debug)]
struct Histogram {
    counts: [u32; BUCKETS],
    calls: u64,
    max_ms: u64,
}

impl Histogram {
    fn new() -> Histogram {
        Histogram { counts: [0; BUCKETS], calls: 0, max_ms: 0 }
    }

    fn add(&mut self, took_ms: u64) {
        let count = &mut self.counts[bucket_of(took_ms)];
        *count = count.saturating_add(1);
        self.calls += 1;
        self.max_ms = self.max_ms.max(took_ms);
    }
}

/// Values below [`STEPS`] have a bucket each; above, each power of two has
/// [`STEPS`] of equal width.
fn bucket_of(ms: u64) -> usize {
    let ms = ms.min((1 << POWER_MAX) - 1);
    if ms < STEPS {
        return ms as usize;
    }
    let power = ms.ilog2();
    let step = (ms >> (power - STEPS_LOG2)) - STEPS;
    (STEPS * u64::from(power - STEPS_LOG2 + 1) + step) as usize
}

/// The largest value in a bucket.
fn bucket_end_ms(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < STEPS {
        return bucket;
    }
    let (row, step) = (bucket / STEPS, bucket % STEPS);
    ((STEPS + step + 1) << (row - 1)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[u64], expected: (u64, u64, u64)) {
        let mut recent = Recent::default();
        values.iter().for_each(|&ms| recent.add(Timestamp(0), ms));
        let Latency { calls, p50_ms, p99_ms, max_ms } = recent.summary();
        assert_eq!(calls, values.len() as u64);
        assert_eq!((p50_ms, p99_ms, max_ms), expected, "{values:?}");
    }

    #[test]
    fn few_calls_are_told_by_the_slowest_of_them() {
        check(&[], (0, 0, 0));
        check(&[0], (0, 0, 0));
        check(&[7], (7, 7, 7));
        check(&[1, 2, 3, 900_000], (2, 900_000, 900_000));
        check(&[u64::MAX], ((1 << 24) - 1, (1 << 24) - 1, u64::MAX));
    }

    #[test]
    fn one_call_in_a_hundred_may_be_slow_without_moving_the_99th() {
        let mut values = vec![5; 99];
        values.push(60_000);
        check(&values, (5, 5, 60_000));
        values.push(60_000);
        check(&values, (5, 60_000, 60_000));
    }

    #[test]
    fn every_bucket_ends_where_the_next_begins_and_is_narrow() {
        for bucket in 0..BUCKETS {
            let end = bucket_end_ms(bucket);
            assert_eq!(bucket_of(end), bucket);
            if end + 1 < 1 << POWER_MAX {
                assert_eq!(bucket_of(end + 1), bucket + 1);
            }
            let start = if bucket == 0 { 0 } else { bucket_end_ms(bucket - 1) + 1 };
            assert!(end - start <= start / STEPS, "{start} to {end}");
        }
    }

    #[test]
    fn what_is_two_hours_old_no_longer_counts() {
        let mut recent = Recent::default();
        recent.add(Timestamp(0), 9_000);
        recent.add(Timestamp(WINDOW_MS), 10);
        assert_eq!((recent.summary().calls, recent.summary().max_ms), (2, 9_000));
        recent.add(Timestamp(2 * WINDOW_MS), 10);
        assert_eq!((recent.summary().calls, recent.summary().max_ms), (2, 10));
        recent.add(Timestamp(9 * WINDOW_MS), 10);
        assert_eq!(recent.summary().calls, 1);
    }
}
