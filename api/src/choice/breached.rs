//! A file of hashes of passwords that were found in breaches, as the
//! downloaders of Have I Been Pwned make it: lines of a SHA-1 in hexadecimal,
//! or of its first digits, sorted, each perhaps with a colon and a count behind
//! it. It may be far larger than memory: a look reads some forty lines of it.

use std::cmp::Ordering;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// The fewest digits of a line: of a billion passwords, 64 bits tell each from
/// a good one.
const DIGITS_MIN: usize = 16;
/// The digits of a whole hash.
const DIGITS_MAX: usize = 40;
/// The longest line, with its end.
const LINE_BYTES_MAX: usize = 80;

/// Why there is no list of breached passwords.
#[derive(Debug, thiserror::Error)]
#[error(
    "api.breached_passwords: {path} must be a sorted file with a SHA-1 (16 to 40 hexadecimal \
     digits) on each line: {source}"
)]
pub struct BreachedError {
    path: PathBuf,
    source: io::Error,
}

/// The list; opened at each look, so that a newer one is taken up.
#[derive(Debug)]
pub(super) struct Breached {
    path: PathBuf,
}

impl Breached {
    /// The list at `path`, if its first line is one.
    ///
    /// # Errors
    /// The file cannot be read, or begins with something else.
    pub(super) fn open(path: &Path) -> Result<Breached, BreachedError> {
        let list = Breached { path: path.to_owned() };
        let first = File::open(path).and_then(|file| line_from(&file, 0));
        match first {
            Ok(Some(_)) => Ok(list),
            Ok(None) => Err(list.error(io::Error::from(io::ErrorKind::UnexpectedEof))),
            Err(source) => Err(list.error(source)),
        }
    }

    fn error(self, source: io::Error) -> BreachedError {
        BreachedError { path: self.path, source }
    }

    /// Whether `password` is in the list. Reads the file: not for async threads.
    ///
    /// # Errors
    /// The file cannot be read, or is no such list.
    pub(super) fn holds(&self, password: &str) -> io::Result<bool> {
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
        let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
        let file = File::open(&self.path)?;
        let (mut low, mut high) = (0, file.metadata()?.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let line = line_from(&file, middle)?.filter(|line| line.start < high);
            let Some(line) = line else {
                high = middle;
                continue;
            };
            match line.digits.as_str().cmp(&hash[..line.digits.len()]) {
                Ordering::Equal => return Ok(true),
                Ordering::Less => low = line.end,
                Ordering::Greater => high = middle,
            }
        }
        Ok(false)
    }
}

struct Line {
    /// In capitals.
    digits: String,
    /// Where it begins, in bytes.
    start: u64,
    /// Where the next one begins.
    end: u64,
}

/// The first line that begins at `from` or later; `None` at the end.
fn line_from(file: &File, from: u64) -> io::Result<Option<Line>> {
    // Of the line before, its end is enough.
    let at = from.saturating_sub(1);
    let mut bytes = [0_u8; 2 * LINE_BYTES_MAX];
    let mut held = 0;
    loop {
        match file.read_at(&mut bytes[held..], at + held as u64)? {
            0 => break,
            more => held += more,
        }
    }
    let bytes = &bytes[..held];
    let skipped = if from == 0 {
        0
    } else {
        match bytes.iter().position(|byte| *byte == b'\n') {
            Some(end) => end + 1,
            None if held < 2 * LINE_BYTES_MAX => return Ok(None),
            None => return Err(io::ErrorKind::InvalidData.into()),
        }
    };
    let rest = &bytes[skipped..];
    if rest.is_empty() && held < 2 * LINE_BYTES_MAX {
        return Ok(None);
    }
    let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let text = String::from_utf8_lossy(&rest[..length]).to_ascii_uppercase();
    let digits = text.split(':').next().unwrap_or_default().trim_end();
    let is_hash = (DIGITS_MIN..=DIGITS_MAX).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hash {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let start = at + skipped as u64;
    Ok(Some(Line { digits: digits.to_owned(), start, end: start + length as u64 + 1 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha1(text: &str) -> String {
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
        hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect()
    }

    #[test]
    fn every_password_of_a_list_is_found_and_no_other() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("list");
        let written = |digits: usize, end: &str, count: usize| {
            let hashes = (0..count).map(|number| sha1(&format!("password {number}")));
            let mut lines: Vec<String> = hashes
                .enumerate()
                .map(|(at, hash)| format!("{}:{at}{end}", &hash[..digits]))
                .collect();
            lines.sort_unstable();
            lines.concat()
        };
        for (digits, end, count) in [(40, "\r\n", 1_000), (16, "\n", 333), (40, "\n", 1)] {
            std::fs::write(&path, written(digits, end, count)).expect("written");
            let list = Breached::open(&path).expect("a list");
            for number in 0..count {
                assert!(list.holds(&format!("password {number}")).expect("read"), "{number}");
                assert!(!list.holds(&format!("another {number}")).expect("read"), "{number}");
            }
        }
        let one = sha1("correct horse").to_lowercase();
        std::fs::write(&path, one).expect("written");
        assert!(Breached::open(&path).expect("a list").holds("correct horse").expect("read"));
    }

    #[test]
    fn what_is_no_list_is_refused_at_the_start() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("list");
        assert!(Breached::open(&path).is_err(), "there is none");
        for text in ["", "hunter2\n", "0123456789ABCDE\n", &"A".repeat(41), &"\n".repeat(9)] {
            std::fs::write(&path, text).expect("written");
            let refused = Breached::open(&path).expect_err(text).to_string();
            assert!(refused.contains("api.breached_passwords"), "{refused}");
        }
    }
}
