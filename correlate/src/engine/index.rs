//! Finds things by their text without keeping the text a second time: the
//! table holds numbers, and whoever asks knows the text of each.

use std::hash::{BuildHasher, BuildHasherDefault};

use hashbrown::HashTable;
use rustc_hash::FxHasher;

/// Numbers of things, found by the text of each.
#[derive(Default)]
pub(super) struct Index {
    table: HashTable<u32>,
}

fn hash(text: &str) -> u64 {
    BuildHasherDefault::<FxHasher>::default().hash_one(text)
}

impl Index {
    /// The number whose text is `text`; `text_of` gives that of any number.
    pub(super) fn find<'a>(&self, text: &str, text_of: impl Fn(u32) -> &'a str) -> Option<u32> {
        self.table.find(hash(text), |&number| text_of(number) == text).copied()
    }

    /// Adds `text`, which is new, as the next `number`.
    ///
    /// # Panics
    /// There are more than 2^32 things, which no memory holds.
    pub(super) fn insert<'a>(
        &mut self,
        text: &str,
        number: usize,
        text_of: impl Fn(u32) -> &'a str,
    ) -> u32 {
        let number = u32::try_from(number).expect("fewer than 2^32 things fit in memory");
        self.table.insert_unique(hash(text), number, |&known| hash(text_of(known)));
        number
    }
}
