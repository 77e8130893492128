//! Words that somebody who guesses would try here first.

use std::collections::BTreeSet;

/// Shorter parts of names are in too many other words.
const WORD_CHARS_MIN: usize = 3;
/// What must be left of a password without the words: what everybody here
/// knows is worth nothing, and less than this is guessed soon.
const LEFT_CHARS_MIN: usize = 8;

/// Words that make no password, in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Words(BTreeSet<String>);

impl Words {
    /// Those of the product itself.
    pub(crate) fn of_product() -> Words {
        Words(["padwacht", "password", "wachtwoord", "welkom", "welcome"].map(str::to_owned).into())
    }

    /// Adds the words of a name, an address or a host.
    pub(crate) fn add(&mut self, text: &str) {
        let lower = text.to_lowercase();
        let parts = lower.split(|letter: char| !letter.is_alphanumeric());
        let is_word = |part: &&str| {
            part.chars().count() >= WORD_CHARS_MIN && !part.chars().all(|it| it.is_ascii_digit())
        };
        self.0.extend(parts.filter(is_word).map(str::to_owned));
    }

    /// Whether `password` is hardly more than these words.
    pub(crate) fn are_most_of(&self, password: &str) -> bool {
        let mut rest = password.to_lowercase();
        let mut words: Vec<&String> = self.0.iter().filter(|word| rest.contains(*word)).collect();
        if words.is_empty() {
            return false;
        }
        // Long ones first: a short one may be part of them.
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        for word in words {
            // A space joins no new word, and does not count.
            rest = rest.replace(word, " ");
        }
        rest.chars().filter(|letter| letter.is_alphanumeric()).count() < LEFT_CHARS_MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_count_and_only_where_little_is_left() {
        let mut words = Words(BTreeSet::new());
        words.add("10.0.0.7 Jo van der Meer <jo.vandermeer@ede-glas.nl>");
        let expected = ["der", "ede", "glas", "meer", "van", "vandermeer"];
        assert_eq!(words.0.iter().map(String::as_str).collect::<Vec<_>>(), expected);
        assert!(words.are_most_of("VanDerMeer!!!Glas"));
        assert!(words.are_most_of("vandermeer-1234567"));
        assert!(!words.are_most_of("vandermeer-12345678"));
        // None of them is in it, and what it is made of is nobody's business.
        assert!(!words.are_most_of("!!!!!!!!!!!!"));
    }
}
