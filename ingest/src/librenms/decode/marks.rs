//! Finds the quotes and brackets of one row, 64 bytes at a time.
//!
//! A device has a hundred columns of which ten are used. Knowing where its
//! texts begin and end lets the decoder step over the rest without looking at
//! it: see [`row`](super::row). The method is that of simdjson's first stage
//! (Langdale and Lemire, *Parsing Gigabytes of JSON per Second*, 2019).
//! Pure; does not check that a row is JSON beyond its brackets.

use wide::u8x16;

/// Bytes looked at together: one per bit of the masks.
const BLOCK: usize = 64;

/// The marks of the row at hand, as far as it has been seen.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Where quotes that begin or end a text stand, and brackets outside texts.
    places: Vec<u32>,
    /// Bytes that need not be looked at again: a multiple of [`BLOCK`].
    seen: usize,
    state: State,
}

/// What the bytes so far mean for the next one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct State {
    /// Open brackets.
    depth: u32,
    /// All bits set within a text, none outside.
    in_text: u64,
    /// The next byte stands behind a backslash.
    is_escaped: bool,
}

impl Marks {
    /// Looks at a row from its first byte on; the same bytes again, and more,
    /// if it has not ended in them. Returns its length when it has.
    pub(super) fn end_of(&mut self, row: &[u8]) -> Option<usize> {
        let (blocks, rest) = row[self.seen..].as_chunks::<BLOCK>();
        for block in blocks {
            if let Some(end) = self.take(block) {
                return Some(end);
            }
            self.seen += BLOCK;
        }
        let (state, places) = (self.state, self.places.len());
        let mut block = [b' '; BLOCK];
        block[..rest.len()].copy_from_slice(rest);
        let end = self.take(&block);
        if end.is_none() {
            self.state = state;
            self.places.truncate(places);
        }
        end
    }

    /// The places of a row that has ended.
    pub(super) fn places(&self) -> &[u32] {
        &self.places
    }

    /// Makes ready for the next row.
    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.seen = 0;
        self.state = State::default();
    }

    /// Notes the marks of the next block, up to the end of the row.
    fn take(&mut self, block: &[u8; BLOCK]) -> Option<usize> {
        let Masks { quotes, backslashes, brackets } = Masks::of(block);
        let escaped = self.escaped(backslashes);
        let quotes = quotes & !escaped;
        let in_text = within(quotes) ^ self.state.in_text;
        // The top bit tells whether the next block begins within a text.
        self.state.in_text = if in_text >> (BLOCK - 1) == 1 { u64::MAX } else { 0 };
        let brackets = brackets & !in_text & !escaped;
        let mut marks = quotes | brackets;
        if brackets == 0 {
            while marks != 0 {
                self.places.push(self.seen as u32 + marks.trailing_zeros());
                marks &= marks - 1;
            }
            return None;
        }
        while marks != 0 {
            let place = marks.trailing_zeros();
            self.places.push(self.seen as u32 + place);
            marks &= marks - 1;
            match block[place as usize] {
                b'{' | b'[' => self.state.depth += 1,
                b'}' | b']' => {
                    self.state.depth = self.state.depth.saturating_sub(1);
                    if self.state.depth == 0 {
                        return Some(self.seen + place as usize + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// The bytes of a block that stand behind a backslash which is none itself.
    fn escaped(&mut self, mut backslashes: u64) -> u64 {
        let mut escaped = u64::from(std::mem::take(&mut self.state.is_escaped));
        backslashes &= !escaped;
        while backslashes != 0 {
            let place = backslashes.trailing_zeros() as usize;
            let behind = 1_u64.checked_shl(place as u32 + 1).unwrap_or(0);
            self.state.is_escaped = behind == 0;
            escaped |= behind;
            backslashes &= backslashes - 1;
            backslashes &= !behind;
        }
        escaped
    }
}

/// Which bytes of a block are what.
struct Masks {
    quotes: u64,
    backslashes: u64,
    /// Round ones are none in JSON.
    brackets: u64,
}

impl Masks {
    fn of(block: &[u8; BLOCK]) -> Masks {
        let mut masks = Masks { quotes: 0, backslashes: 0, brackets: 0 };
        for (place, part) in block.as_chunks::<16>().0.iter().enumerate() {
            let bytes = u8x16::from(*part);
            let bits = |hits: u8x16| u64::from(hits.to_bitmask()) << (16 * place);
            let are = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
            // `[` and `{` differ in this bit only, and so do `]` and `}`.
            let curly = bytes | u8x16::splat(0x20);
            let open_or_close =
                curly.simd_eq(u8x16::splat(b'{')) | curly.simd_eq(u8x16::splat(b'}'));
            masks.quotes |= bits(are(b'"'));
            masks.backslashes |= bits(are(b'\\'));
            masks.brackets |= bits(open_or_close);
        }
        masks
    }
}

/// The bits from every odd one of `quotes` up to the next: the bytes within
/// texts, the opening quote included.
fn within(quotes: u64) -> u64 {
    [1, 2, 4, 8, 16, 32].into_iter().fold(quotes, |bits, by| bits ^ (bits << by))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Byte by byte, as one would do it by hand.
    fn by_hand(row: &[u8]) -> (Vec<u32>, Option<usize>) {
        let (mut places, mut depth, mut in_text, mut escaped) = (Vec::new(), 0_u32, false, false);
        for (place, &byte) in row.iter().enumerate() {
            if std::mem::take(&mut escaped) {
                continue;
            }
            match byte {
                b'\\' => escaped = true,
                b'"' => in_text = !in_text,
                b'{' | b'[' if !in_text => depth += 1,
                b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
                _ => continue,
            }
            if byte != b'\\' {
                places.push(place as u32);
            }
            if matches!(byte, b'}' | b']') && !in_text && depth == 0 {
                return (places, Some(place + 1));
            }
        }
        (places, None)
    }

    /// Shows the row in growing pieces.
    fn in_steps(row: &[u8], step: usize) -> (Vec<u32>, Option<usize>) {
        let mut marks = Marks::default();
        let mut shown = 0;
        while shown < row.len() {
            shown = row.len().min(shown + step);
            if let Some(end) = marks.end_of(&row[..shown]) {
                return (marks.places().to_vec(), Some(end));
            }
        }
        (marks.places().to_vec(), None)
    }

    #[track_caller]
    fn check(row: &str, places: &[u32], end: usize) {
        for step in 1..=row.len() {
            let found = in_steps(row.as_bytes(), step);
            assert_eq!(found, (places.to_vec(), Some(end)), "{row} in steps of {step}");
        }
    }

    #[test]
    fn quotes_and_brackets_are_found_and_those_in_texts_are_not() {
        check(r#"{"a":1}, "#, &[0, 1, 3, 6], 7);
        check(r#"{"a":"]}"}"#, &[0, 1, 3, 5, 8, 9], 10);
        check(r#"{"a":[{}]}"#, &[0, 1, 3, 5, 6, 7, 8, 9], 10);
        check(r#"{"\"":"\\"}"#, &[0, 1, 4, 6, 9, 10], 11);
    }

    #[test]
    fn a_backslash_at_the_end_of_a_block_escapes_the_next_byte() {
        for padding in 55..70 {
            let row = format!(r#"{{"{}\"":"\\\\","b":"\\"}}"#, "x".repeat(padding));
            let (places, end) = by_hand(row.as_bytes());
            assert_eq!(end, Some(row.len()));
            check(&row, &places, row.len());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_marked_as_by_hand(
            bytes in vec(prop::sample::select(br#"{}[]",:\ x"#.to_vec()), 0..300),
            step in 1usize..150,
        ) {
            let (places, end) = by_hand(&bytes);
            let found = in_steps(&bytes, step);
            prop_assert_eq!(found.1, end);
            if end.is_some() {
                prop_assert_eq!(found.0, places);
            }
        }
    }
}
