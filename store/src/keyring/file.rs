//! The key file: made once, for its owner only, and never half written.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::KeyringError;
use super::key::{self, Keys};

/// What a file that the product makes says of itself.
const HEADER: &str = "\
# Keys that seal the secrets in padwacht's database. Keep a copy apart from the
# backups of the database: without it they cannot be read again.
# The first key seals, the others open what was sealed before it came.
";

pub(super) fn read(path: &Path) -> Result<Keys, KeyringError> {
    let text = fs::read_to_string(path).map(Zeroizing::new).map_err(|source| of(path, source))?;
    Keys::parse(&path.display().to_string(), &text)
}

/// Whether nobody but its owner may read the file at `path`.
///
/// # Errors
/// What the operating system says.
pub fn is_for_owner_only(path: &Path) -> io::Result<bool> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path)?.permissions());
    Ok(mode & 0o077 == 0)
}

/// Makes the file with a new key, unless it is there.
pub(super) fn make_unless_there(path: &Path) -> Result<(), KeyringError> {
    if path.exists() {
        return Ok(());
    }
    let make = || {
        let folder = folder(path);
        fs::create_dir_all(&folder)?;
        let part = write_beside(path, &content(&key::new_key(), ""))?;
        // A link fails where somebody else was first; a renamed file would
        // replace the key that the other has begun to use.
        let linked = match fs::hard_link(&part, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        };
        fs::remove_file(&part)?;
        linked?;
        File::open(folder)?.sync_all()
    };
    make().map_err(|source| of(path, source))
}

/// Puts a new key in front of those in the file at `path`: it seals from then
/// on, and the others still open. The file stays for its owner only.
///
/// # Errors
/// What is wrong with the file or its keys; it is then as it was.
pub fn prepend_new_key(path: &Path) -> Result<(), KeyringError> {
    read(path)?;
    let add = || {
        let old = Zeroizing::new(fs::read_to_string(path)?);
        let part = write_beside(path, &content(&key::new_key(), &old))?;
        fs::rename(&part, path)?;
        File::open(folder(path))?.sync_all()
    };
    add().map_err(|source| of(path, source))
}

/// `key` above what the file held, whose header goes.
fn content(key: &SecretString, old: &str) -> Zeroizing<String> {
    let old = old.strip_prefix(HEADER).unwrap_or(old);
    Zeroizing::new(format!("{HEADER}{}\n{old}", key.expose_secret()))
}

fn write_beside(path: &Path, content: &str) -> io::Result<PathBuf> {
    let mut part = path.as_os_str().to_owned();
    part.push(format!(".{}", Uuid::new_v4()));
    let part = PathBuf::from(part);
    let mut options = File::options();
    options.write(true).create_new(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&part)?;
    let written = file.write_all(content.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        // The error to report is the first one.
        drop(fs::remove_file(&part));
    }
    written.map(|()| part)
}

fn folder(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).to_owned()
}

fn of(path: &Path, source: io::Error) -> KeyringError {
    KeyringError::File { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Keyring;

    #[test]
    fn of_many_first_starts_all_get_the_same_key() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("made/secrets.key");
        let ids: Vec<String> = std::thread::scope(|scope| {
            let start = || Keyring::of_file_or_new(&path).expect("a key").current_id();
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        assert!(is_for_owner_only(&path).expect("there"));
        let left = fs::read_dir(path.parent().expect("a folder")).expect("there").count();
        assert_eq!(left, 1, "parts of files are left behind");
    }

    #[test]
    fn a_ring_finds_a_key_that_was_added_since() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("secrets.key");
        let running = Keyring::of_file_or_new(&path).expect("a key");
        let before = running.seal("a", b"old");
        prepend_new_key(&path).expect("a second key");
        assert!(is_for_owner_only(&path).expect("there"));
        let rotating = Keyring::of_file(&path).expect("two keys");
        assert_eq!(rotating.ids().len(), 2);
        assert_eq!(rotating.ids()[1], running.current_id());
        let sealed = rotating.seal("a", b"new");
        assert_eq!(running.open("a", &sealed).expect("opens").expose_secret(), b"new");
        assert_eq!(running.current_id(), rotating.current_id(), "it seals with the new one now");
        assert_eq!(rotating.open("a", &before).expect("opens").expose_secret(), b"old");
    }

    #[test]
    fn a_broken_file_leaves_the_keys_as_they_were() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("secrets.key");
        let ring = Keyring::of_file_or_new(&path).expect("a key");
        let id = ring.current_id();
        fs::write(&path, "not a key").expect("written");
        let error = ring.reread().expect_err("not a key").to_string();
        assert!(error.ends_with("`padwacht secrets new-key` prints one"), "{error}");
        assert!(!error.contains("not a key is"), "{error}");
        assert_eq!(ring.current_id(), id);
        assert!(prepend_new_key(&path).is_err(), "nothing is added to what is no key file");
        assert!(Keyring::of_file(&dir.path().join("none")).is_err());
    }
}
