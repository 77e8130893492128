//! Random numbers that stay the same for ever.
//!
//! A seed must give the same world in every release of Padwacht, so the
//! generator is written out here (SplitMix64, Steele et al., OOPSLA 2014)
//! and not taken from a crate whose streams change between versions. It is
//! never used for a secret.

/// One stream of numbers, chosen by a seed and a purpose.
#[derive(Clone, Debug)]
pub(super) struct Random {
    state: u64,
}

impl Random {
    /// The stream of `seed` for `purpose`; streams of other purposes do not
    /// move when more numbers are drawn from this one.
    pub(super) fn new(seed: u64, purpose: &str) -> Random {
        let mut state = mix(seed ^ 0x9e37_79b9_7f4a_7c15);
        for byte in purpose.bytes() {
            state = mix(state ^ u64::from(byte));
        }
        Random { state }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// Evenly from `0..n`; 0 when `n` is 0. The bias is below n / 2^64.
    pub(super) fn below(&mut self, n: usize) -> usize {
        let wide = u128::from(self.next()) * (n as u128);
        (wide >> 64) as usize
    }

    /// Evenly from `[0, 1)`.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// Exponentially distributed with this mean.
    pub(super) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }
}

/// A number for `key` that depends on nothing else but `seed`.
pub(super) fn keyed(seed: u64, purpose: &str, key: u64) -> u64 {
    let mut random = Random::new(seed, purpose);
    random.state = mix(random.state ^ key);
    random.next()
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_in_every_release() {
        let mut random = Random::new(1, "test");
        let first = (random.next(), random.below(1000));
        let mut again = Random::new(1, "test");
        assert_eq!(first, (again.next(), again.below(1000)));
        assert_ne!(Random::new(1, "test").next(), Random::new(1, "other").next());
        assert_ne!(Random::new(1, "test").next(), Random::new(2, "test").next());
    }

    #[test]
    fn draws_stay_in_range() {
        let mut random = Random::new(7, "range");
        assert_eq!(random.below(0), 0);
        for _ in 0..10_000 {
            assert!(random.below(7) < 7);
            assert!((0.0..1.0).contains(&random.unit()));
            assert!(random.exponential(5.0) >= 0.0);
        }
    }
}
