//! Cuts a samples file into pieces of whole lines for the workers.
//!
//! A plain file is read in as many places at once as there are workers, each
//! going through a stretch of its own, so that a worker sees every component
//! in the order of time; anything else comes as one stream. Nothing here looks
//! into a line.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::Context;
use correlate::dataflow::LinesPiece;

use crate::progress::Progress;

/// Bytes in one piece: large enough to make reading cheap, small enough that
/// the pieces under way stay in the cache.
const PIECE_BYTES: usize = 256 * 1024;

/// Pieces of a stretch are numbered from its own multiple of this: more than
/// any stretch has, so that numbers follow the order of the file.
const PIECES_PER_STRETCH: u64 = 1 << 40;

/// A stretch of the file, from the start of a line to the end of one.
pub(super) struct Stretch {
    source: Box<dyn Read>,
    /// The next piece's number.
    number: u64,
    /// The beginning of a line whose end was not yet read.
    begun: Vec<u8>,
    /// Whether the line in progress was too long, and its rest is passed over.
    skipping: bool,
    ended: bool,
}

/// Opens a samples file: plain, `.gz`, `.zst`, or `-` for standard input.
/// There are at most `most` stretches, in the order of the file.
pub(super) fn open(
    path: &Path,
    most: usize,
    quiet: bool,
) -> anyhow::Result<(Vec<Stretch>, Progress)> {
    if path == Path::new("-") {
        let progress = Progress::bytes("replay", None, quiet);
        let input = progress.wrap_read(io::stdin().lock());
        return Ok((vec![Stretch::new(Box::new(input), 0)], progress));
    }
    let doing = || format!("open samples {}", path.display());
    let mut file = File::open(path).with_context(doing)?;
    let meta = file.metadata().with_context(doing)?;
    let progress = Progress::bytes("replay", meta.is_file().then_some(meta.len()), quiet);
    let counted = |file: File| progress.wrap_read(file);
    let stretches = match path.extension().and_then(|ending| ending.to_str()) {
        Some("gz") => {
            let counted = io::BufReader::with_capacity(PIECE_BYTES, counted(file));
            vec![Stretch::new(Box::new(flate2::read::MultiGzDecoder::new(counted)), 0)]
        }
        Some("zst") => {
            let plain = zstd::stream::read::Decoder::new(counted(file)).with_context(doing)?;
            vec![Stretch::new(Box::new(plain), 0)]
        }
        _ if !meta.is_file() => vec![Stretch::new(Box::new(counted(file)), 0)],
        _ => {
            let bounds = bounds(&mut file, meta.len(), most).with_context(doing)?;
            let stretch = |(number, pair): (usize, &[u64])| {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(pair[0]))?;
                let source = counted(file).take(pair[1] - pair[0]);
                Ok(Stretch::new(Box::new(source), number as u64 * PIECES_PER_STRETCH))
            };
            let all: io::Result<Vec<_>> = bounds.windows(2).enumerate().map(stretch).collect();
            all.with_context(doing)?
        }
    };
    Ok((stretches, progress))
}

/// Where the stretches of a file of `length` bytes begin, and where the last
/// one ends: at starts of lines, in order.
fn bounds(file: &mut File, length: u64, most: usize) -> io::Result<Vec<u64>> {
    let most = (length / PIECE_BYTES as u64).clamp(1, most.max(1) as u64);
    let mut bounds = vec![0];
    for stretch in 1..most {
        let near = length / most * stretch;
        bounds.push(line_start(file, near.max(*bounds.last().unwrap_or(&0)), length)?);
    }
    bounds.push(length);
    Ok(bounds)
}

/// The first start of a line behind `near`, or `length`.
fn line_start(file: &mut File, near: u64, length: u64) -> io::Result<u64> {
    let mut at = near;
    file.seek(SeekFrom::Start(near))?;
    let mut buffer = vec![0; PIECE_BYTES];
    loop {
        let read = file.read(&mut buffer)?;
        if let Some(end) = buffer[..read].iter().position(|&byte| byte == b'\n') {
            return Ok(at + end as u64 + 1);
        }
        if read == 0 {
            return Ok(length);
        }
        at += read as u64;
    }
}

impl Stretch {
    fn new(source: Box<dyn Read>, number: u64) -> Stretch {
        Stretch { source, number, begun: Vec::new(), skipping: false, ended: false }
    }

    /// The next piece; `None` at the end. A file without a byte has one piece
    /// without a byte.
    ///
    /// # Errors
    /// The source cannot be read.
    pub(super) fn next(&mut self) -> io::Result<Option<LinesPiece>> {
        while !self.ended {
            let mut bytes = std::mem::take(&mut self.begun);
            bytes.reserve(PIECE_BYTES);
            let before = bytes.len();
            let read = self.source.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut bytes)?;
            self.ended = read == 0;
            if self.skipping {
                let rest = bytes[before..].iter().position(|&byte| byte == b'\n');
                let Some(end) = rest.map(|end| before + end + 1) else { continue };
                bytes.drain(..end);
                self.skipping = false;
            }
            let end = bytes.iter().rposition(|&byte| byte == b'\n');
            match end {
                Some(end) if !self.ended => self.begun = bytes.split_off(end + 1),
                None if !self.ended && bytes.len() < PIECE_BYTES => {
                    self.begun = bytes;
                    continue;
                }
                // Longer than any line that is taken: its reader refuses it.
                None if !self.ended => self.skipping = true,
                _ => {}
            }
            if bytes.is_empty() && self.number != 0 {
                continue;
            }
            let number = self.number;
            self.number += 1;
            return Ok(Some(LinesPiece { number, bytes }));
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str, most: usize) -> Vec<LinesPiece> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        let (stretches, _) = open(file.path(), most, true).expect("opened");
        let mut all = Vec::new();
        for mut stretch in stretches {
            while let Some(piece) = stretch.next().expect("read") {
                all.push(piece);
            }
        }
        all
    }

    #[test]
    fn stretches_of_whole_lines_add_up_to_the_file() {
        let text: String = (0..60_000).map(|line| format!("{line},component,up\n")).collect();
        for most in [1, 2, 3, 7, 64] {
            let pieces = pieces(&text, most);
            assert!(pieces.is_sorted_by_key(|piece| piece.number));
            assert!(pieces.iter().all(|piece| piece.bytes.ends_with(b"\n")), "{most}");
            let whole: Vec<u8> = pieces.into_iter().flat_map(|piece| piece.bytes).collect();
            assert_eq!(whole, text.as_bytes());
        }
    }

    #[test]
    fn an_empty_file_is_one_empty_piece_and_a_last_line_needs_no_end() {
        assert_eq!(pieces("", 2), [LinesPiece { number: 0, bytes: Vec::new() }]);
        assert_eq!(pieces("a\nb", 2).concat_bytes(), b"a\nb");
    }

    #[test]
    fn of_an_endless_line_only_a_piece_is_kept() {
        let text = format!("{}\nb\n", "x".repeat(3 * PIECE_BYTES));
        let pieces = pieces(&text, 1);
        assert_eq!(pieces.len(), 2);
        assert_eq!(pieces[1].bytes, b"b\n");
    }

    trait ConcatBytes {
        fn concat_bytes(&self) -> Vec<u8>;
    }

    impl ConcatBytes for Vec<LinesPiece> {
        fn concat_bytes(&self) -> Vec<u8> {
            self.iter().flat_map(|piece| piece.bytes.clone()).collect()
        }
    }
}
