//! Pages of lists, words to search for, and what a write changed.

use sea_orm::ColumnTrait;
use sea_orm::sea_query::{Condition, LikeExpr};

/// Which part of a list to give.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page {
    /// How many entries to skip.
    pub offset: u64,
    /// How many to give at most; held at [`Page::MAX_LIMIT`].
    pub limit: u64,
}

impl Page {
    /// The longest page: a list is rendered whole, so it must stay bounded.
    pub const MAX_LIMIT: u64 = 1_000;

    /// The first `limit` entries.
    pub fn first(limit: u64) -> Page {
        Page { offset: 0, limit }
    }

    pub(super) fn limit(self) -> u64 {
        self.limit.min(Page::MAX_LIMIT)
    }

    /// The offset, held at what both databases accept.
    pub(super) fn offset(self) -> u64 {
        self.offset.min(i64::MAX as u64)
    }
}

/// What a write did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// It was not there before.
    Created,
    /// It differs from what was there.
    Updated,
    /// It was so already; nothing was written.
    Unchanged,
}

/// How many words of a search count; more only cost time.
const MAX_WORDS: usize = 8;

/// Every word of `text` occurs somewhere in the lower-cased `column`.
pub(super) fn holds_words(column: impl ColumnTrait, text: &str) -> Condition {
    let mut all = Condition::all();
    for word in text.to_lowercase().split_whitespace().take(MAX_WORDS) {
        all = all.add(column.like(LikeExpr::new(format!("%{}%", escape_like(word))).escape('!')));
    }
    all
}

pub(super) fn escape_like(word: &str) -> String {
    let mut escaped = String::with_capacity(word.len());
    for letter in word.chars().filter(|letter| *letter != '\0') {
        if matches!(letter, '!' | '%' | '_') {
            escaped.push('!');
        }
        escaped.push(letter);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_patterns_hold_no_wildcards_of_the_user() {
        assert_eq!(escape_like("100%_sure!\0"), "100!%!_sure!!");
    }
}
