//! Samples as lines of text: each worker sums up the pieces that it is given,
//! and only the sums travel to the keepers when the epoch ends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::flow::Fact;
use crate::files::{BadLine, SampleLines};

/// Bad lines that are kept; the rest is counted.
const BAD_KEPT_MAX: usize = 10;

/// Consecutive whole lines of a samples file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinesPiece {
    /// Pieces are numbered in the order of the file, with gaps or without;
    /// piece 0 begins with the header. One worker gets its pieces in order.
    pub number: u64,
    /// The lines.
    pub bytes: Vec<u8>,
}

/// What became of all lines so far.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LinesRead {
    /// How many there were, header and blank lines included.
    pub lines: u64,
    /// How many of them are bad.
    pub bad: u64,
    /// The first ten bad ones.
    pub first_bad: Vec<BadLine>,
}

/// One worker's reader.
pub(super) struct LineReader {
    lines: SampleLines,
    /// Lines by piece.
    counts: Vec<(u64, u64)>,
    /// The first bad lines, by piece and line in it.
    first_bad: Vec<(u64, BadLine)>,
    bad: Arc<AtomicU64>,
}

/// What one worker tells of its lines.
pub(super) struct LinesPart {
    counts: Vec<(u64, u64)>,
    first_bad: Vec<(u64, BadLine)>,
    bad: u64,
}

impl LineReader {
    /// A reader that counts bad lines where others can see it.
    pub(super) fn new(bad: Arc<AtomicU64>) -> LineReader {
        LineReader { lines: SampleLines::new(), counts: Vec::new(), first_bad: Vec::new(), bad }
    }

    pub(super) fn read(&mut self, piece: &LinesPiece) {
        let LineReader { lines, counts, first_bad, bad } = self;
        lines.start_piece(piece.number == 0);
        let mut refuse = |line| {
            bad.fetch_add(1, Ordering::Relaxed);
            if first_bad.len() < BAD_KEPT_MAX {
                first_bad.push((piece.number, line));
            }
        };
        lines.read(&piece.bytes, &mut refuse);
        if let Err(line) = lines.end() {
            refuse(line);
        }
        counts.push((piece.number, lines.lines_read()));
    }

    /// What was read since the last call.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Fact> {
        self.lines.digest().drain().map(Fact::Runs)
    }

    pub(super) fn part(&self) -> LinesPart {
        LinesPart {
            counts: self.counts.clone(),
            first_bad: self.first_bad.clone(),
            bad: self.bad.load(Ordering::Relaxed),
        }
    }
}

impl LinesRead {
    /// Joins the workers' parts: lines get their number in the whole file.
    pub(super) fn union(parts: Vec<LinesPart>) -> LinesRead {
        let mut counts = BTreeMap::new();
        let mut first_bad = Vec::new();
        let mut whole = LinesRead::default();
        for part in parts {
            counts.extend(part.counts);
            first_bad.extend(part.first_bad);
            whole.bad += part.bad;
        }
        let mut lines_before = BTreeMap::new();
        for (&piece, &lines) in &counts {
            lines_before.insert(piece, whole.lines);
            whole.lines += lines;
        }
        first_bad.sort_by_key(|(piece, bad)| (*piece, bad.line));
        first_bad.truncate(BAD_KEPT_MAX);
        let in_file = |(piece, bad): (u64, BadLine)| BadLine {
            line: lines_before.get(&piece).copied().unwrap_or(0) + bad.line,
            ..bad
        };
        whole.first_bad = first_bad.into_iter().map(in_file).collect();
        whole
    }
}
