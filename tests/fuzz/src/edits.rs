//! An input as edits of a text that is known: how damaged files are made, so
//! that the corpus outlives a change of their format.

const EDIT_BYTES: usize = 4;

/// Applies the edits that `input` stands for: four bytes each, a kind, a place
/// (16 bits, little-endian, taken round) and an amount.
pub(crate) fn apply(input: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = to.to_vec();
    for edit in input.chunks_exact(EDIT_BYTES) {
        let place = usize::from(u16::from_le_bytes([edit[1], edit[2]])) % (bytes.len() + 1);
        let amount = edit[3];
        let end = (place + usize::from(amount)).min(bytes.len());
        match edit[0] % 7 {
            0 if place < bytes.len() => bytes[place] ^= amount,
            1 if place < bytes.len() => bytes[place] = amount,
            2 => bytes.truncate(place),
            3 => bytes.insert(place, amount),
            4 => bytes.extend(std::iter::repeat_n(0, usize::from(amount))),
            5 => drop(bytes.drain(place..end)),
            6 => {
                let again = bytes[place..end].to_vec();
                bytes.extend(again);
            }
            _ => {}
        }
    }
    bytes
}
