//! What the machine can do at best with the same bytes: the floors to which
//! every figure is a ratio.

use rustc_hash::FxHashMap;

/// Finds the line ends and nothing else.
pub(crate) fn lines(csv: &str) -> usize {
    memchr::memchr_iter(b'\n', csv.as_bytes()).count()
}

/// Splits the lines, hashes each component and compares with its last state;
/// one thread.
pub(crate) fn scan(csv: &str) -> usize {
    let mut last: FxHashMap<&[u8], u8> = FxHashMap::default();
    let mut changes = 0;
    for line in csv.as_bytes().split(|&byte| byte == b'\n').skip(1) {
        let Some(first) = memchr::memchr(b',', line) else { continue };
        let Some(second) = memchr::memrchr(b',', line) else { continue };
        let state = line[second + 1];
        let known = last.entry(&line[first + 1..second]).or_insert(0);
        if *known != state {
            *known = state;
            changes += 1;
        }
    }
    changes
}
