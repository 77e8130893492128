//! Random numbers that are the same on every machine, for orders and places.

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), from a seed that a failing
/// test can name.
#[derive(Clone, Debug)]
pub struct Shuffle(u64);

impl Shuffle {
    /// Numbers that depend on `seed` alone.
    pub fn seeded(seed: u64) -> Shuffle {
        Shuffle(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in `0..bound`; 0 when `bound` is 0. The bias of the remainder
    /// does not matter here.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = bound.max(1) as u64;
        usize::try_from(self.next() % bound).expect("less than a usize")
    }

    /// Puts `items` in another order.
    pub fn order<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
