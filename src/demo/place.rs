//! The demo's directory: marked as such, so that nothing else is ever wiped,
//! and used by one demo at a time.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};

/// A directory with a file of this name is a demo's, and may be wiped.
const MARK: &str = "PADWACHT-DEMO";
const MARK_TEXT: &str = "This directory belongs to `padwacht demo`, which may delete all of it.\n";
/// The administrator's password, so that a later start can print it again.
const PASSWORD: &str = "admin.password";
/// 20 characters of 32 are 100 bits.
const PASSWORD_CHARS: usize = 20;
/// Letters and digits that nobody takes for another.
const PASSWORD_ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789-";
/// A password file is never longer.
const PASSWORD_BYTES_MAX: u64 = 1024;

/// The directory, held by this process while this lives.
pub(super) struct Place {
    dir: PathBuf,
    /// Locked.
    _mark: File,
}

impl Place {
    /// Makes or opens `dir`; with `fresh`, all that an earlier demo left there
    /// is deleted first.
    ///
    /// # Errors
    /// A directory that holds anything but a demo, or that another demo uses.
    pub(super) fn open(dir: &Path, fresh: bool) -> anyhow::Result<Place> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .with_context(|| format!("make the directory {}", dir.display()))?;
        let mark = dir.join(MARK);
        if !mark.exists() && !is_empty(dir)? {
            let dir = dir.display();
            bail!("{dir} holds something that is not a demo's: give another --data-dir");
        }
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).mode(0o600).open(&mark);
        let mut file = file.with_context(|| format!("open {}", mark.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let dir = dir.display();
                bail!("another demo runs in {dir}: stop it, or give another --data-dir");
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("lock {}", mark.display()));
            }
        }
        if file.metadata().context("look at the mark")?.len() == 0 {
            file.write_all(MARK_TEXT.as_bytes()).context("mark the directory")?;
        }
        if fresh {
            wipe(dir)?;
        }
        Ok(Place { dir: dir.to_owned(), _mark: file })
    }

    /// The administrator's password; made up at the first start and kept in a
    /// file that only its owner can read.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub(super) fn admin_password(&self) -> anyhow::Result<SecretString> {
        let path = self.dir.join(PASSWORD);
        let doing = || format!("keep the password in {}", path.display());
        let kept = match File::open(&path) {
            Ok(file) => {
                let mut text = String::new();
                file.take(PASSWORD_BYTES_MAX).read_to_string(&mut text).with_context(doing)?;
                text.trim().to_owned()
            }
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(doing),
        };
        if !kept.is_empty() {
            return Ok(SecretString::from(kept));
        }
        let password = made_up();
        let mut options = OpenOptions::new();
        let file = options.create(true).write(true).truncate(true).mode(0o600).open(&path);
        let mut file = file.with_context(doing)?;
        writeln!(file, "{}", password.expose_secret()).with_context(doing)?;
        file.sync_all().with_context(doing)?;
        Ok(password)
    }
}

/// A secret. `rand::rng` is a cryptographic generator, seeded by the system.
pub(super) fn made_up() -> SecretString {
    let mut random = rand::rng();
    let letter = |_| PASSWORD_ALPHABET[random.random_range(0..PASSWORD_ALPHABET.len())] as char;
    SecretString::from((0..PASSWORD_CHARS).map(letter).collect::<String>())
}

fn is_empty(dir: &Path) -> anyhow::Result<bool> {
    let mut entries = fs::read_dir(dir).with_context(|| format!("look into {}", dir.display()))?;
    Ok(entries.next().is_none())
}

/// Deletes everything in `dir` but the mark, which is locked.
fn wipe(dir: &Path) -> anyhow::Result<()> {
    let doing = || format!("wipe {}", dir.display());
    for entry in fs::read_dir(dir).with_context(doing)? {
        let entry = entry.with_context(doing)?;
        if entry.file_name() == MARK {
            continue;
        }
        // A link is removed, never what it leads to.
        let deleted = match entry.file_type().with_context(doing)?.is_dir() {
            true => fs::remove_dir_all(entry.path()),
            false => fs::remove_file(entry.path()),
        };
        deleted.with_context(|| format!("delete {}", entry.path().display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn refusal(dir: &Path, fresh: bool) -> String {
        match Place::open(dir, fresh) {
            Ok(_) => panic!("it was opened"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_directory_of_somebody_else_is_never_touched() {
        let dir = tempfile::tempdir().unwrap();
        let precious = dir.path().join("thesis.tex");
        fs::write(&precious, "years of work").unwrap();
        for fresh in [false, true] {
            assert!(refusal(dir.path(), fresh).contains("not a demo's"));
        }
        assert_eq!(fs::read_to_string(precious).unwrap(), "years of work");
    }

    #[test]
    fn a_fresh_start_deletes_what_an_earlier_demo_left() {
        let dir = tempfile::tempdir().unwrap();
        let first = Place::open(dir.path(), false).unwrap();
        let password = first.admin_password().unwrap();
        fs::create_dir(dir.path().join("log")).unwrap();
        fs::write(dir.path().join("log/segment"), "x").unwrap();
        drop(first);
        let again = Place::open(dir.path(), true).unwrap();
        let left: Vec<_> = fs::read_dir(dir.path()).unwrap().collect();
        assert_eq!(left.len(), 1);
        let other = again.admin_password().unwrap();
        assert_ne!(other.expose_secret(), password.expose_secret());
    }

    #[test]
    fn one_demo_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let _held = Place::open(dir.path(), false).unwrap();
        assert!(refusal(dir.path(), true).contains("another demo runs"));
    }

    #[test]
    fn the_password_stays_the_same_and_is_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::open(dir.path(), false).unwrap();
        let (first, again) = (place.admin_password().unwrap(), place.admin_password().unwrap());
        assert_eq!(first.expose_secret(), again.expose_secret());
        assert_eq!(first.expose_secret().len(), PASSWORD_CHARS);
        let mode = fs::metadata(dir.path().join(PASSWORD)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
