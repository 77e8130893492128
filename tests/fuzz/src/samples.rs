//! The samples file of `padwacht replay`.

use correlate::files::{BadLine, SampleLines};
use correlate::model::Sample;

use crate::{alloc, check_reason};

const HEADER: &str = "at,component,state\n";

/// The samples and the bad lines of a file given in pieces.
fn read(pieces: &[&[u8]]) -> (Vec<Sample>, Vec<BadLine>) {
    let mut bad = Vec::new();
    let mut reader = SampleLines::new();
    for piece in pieces {
        reader.read(piece, |line| bad.push(line));
    }
    bad.extend(reader.end().err());
    (reader.digest().drain_samples().collect(), bad)
}

/// The first byte says how much of the rest comes in the first piece.
pub(crate) fn run(input: &[u8]) {
    let Some((&share, file)) = input.split_first() else { return };
    let (samples, bad) = alloc::bounded(file.len(), 400, || read(&[file]));

    let at = file.len() * usize::from(share) / 256;
    let cut = file[at..].iter().position(|&byte| byte == b'\n').map_or(file.len(), |n| at + n + 1);
    let pieces = read(&[&file[..cut], &file[cut..]]);
    assert_eq!(pieces, (samples.clone(), bad.clone()), "in pieces it reads as something else");

    let lines = file.iter().filter(|&&byte| byte == b'\n').count() as u64 + 1;
    assert!(bad.iter().all(|bad| (1..=lines).contains(&bad.line)), "{bad:?} of {lines} lines");
    assert!(bad.windows(2).all(|pair| pair[0].line < pair[1].line), "{bad:?} is out of order");
    bad.iter().for_each(|bad| check_reason(&bad.reason, 0));

    let quoted = |id: &str| format!("\"{}\"", id.replace('"', "\"\""));
    let again: String = samples
        .iter()
        .map(|s| format!("{},{},{}\n", s.at, quoted(s.component.as_str()), s.state))
        .collect();
    let again = format!("{HEADER}{again}");
    assert_eq!(
        read(&[again.as_bytes()]),
        (samples, Vec::new()),
        "written out, it reads as something else"
    );
}
