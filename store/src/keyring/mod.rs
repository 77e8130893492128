//! Seals secrets that must be readable again (texts of mails on their way,
//! seeds of one-time codes) before they go into a database.
//!
//! A sealed secret is one line of text:
//!
//! ```text
//! pw1:<key id>:<base64url without padding of nonce ‖ ciphertext ‖ tag>
//! ```
//! `pw1` is AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits, drawn
//! inside AWS-LC. What it is for ([`Keyring::seal`]'s `purpose`) is
//! authenticated with it, so a sealed text that is moved to another row or
//! column opens nothing. A key that seals 2³² texts must be replaced (the same
//! publication, section 8.3); mails and people's factors stay far below that.
//!
//! The first key of a ring seals; all of them open. Keys never leave this
//! module: not into logs, errors, or the database that they protect.

mod file;
mod key;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::zeroize::Zeroize;
use secrecy::{ExposeSecret, SecretSlice, SecretString};

pub use file::{is_for_owner_only, prepend_new_key};
pub use key::new_key;
use key::{Keys, NONCE_BYTES};

/// The form that [`Keyring::seal`] writes.
const FORMAT: &str = "pw1";

/// Why no keys could be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The text is not one of keys.
    #[error(
        "{place}: key {number} is not 64 hexadecimal digits; `padwacht secrets new-key` prints one"
    )]
    NoKey {
        /// Where the keys come from.
        place: String,
        /// Which of them, from 1.
        number: usize,
    },
    /// There is nothing but comments.
    #[error("{place}: there is no key; `padwacht secrets new-key` prints one")]
    Empty {
        /// Where the keys come from.
        place: String,
    },
    /// The file cannot be read or made.
    #[error("the key file {}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

/// Why a sealed secret cannot be opened. No variant holds any of it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OpenError {
    /// It is not what [`Keyring::seal`] writes.
    #[error("is not a sealed secret")]
    Malformed,
    /// The key that sealed it is not in the ring.
    #[error("was sealed with key {key}, which is not among secrets.key ({known})")]
    UnknownKey {
        /// The id of that key.
        key: String,
        /// The ids of those in the ring.
        known: String,
    },
    /// It was changed, or sealed for something else.
    #[error("was changed since it was sealed, or moved from elsewhere")]
    Refused,
}

/// The keys that seal secrets; cheap to clone.
#[derive(Clone)]
pub struct Keyring(Arc<Inner>);

struct Inner {
    keys: RwLock<Arc<Keys>>,
    /// Where they come from, if it is a file.
    file: Option<PathBuf>,
}

impl Keyring {
    /// The keys in `text`: 64 hexadecimal digits each, separated by white space;
    /// `#` begins a comment. `place` says where it is from, for errors.
    ///
    /// # Errors
    /// [`KeyringError::NoKey`] or [`KeyringError::Empty`].
    pub fn parse(place: &str, text: &SecretString) -> Result<Keyring, KeyringError> {
        let keys = Keys::parse(place, text.expose_secret())?;
        Ok(Keyring::of(keys, None))
    }

    /// The keys in the file at `path`, in the same form.
    ///
    /// # Errors
    /// What is wrong with the file or its keys.
    pub fn of_file(path: &Path) -> Result<Keyring, KeyringError> {
        Ok(Keyring::of(file::read(path)?, Some(path.to_owned())))
    }

    /// As [`Keyring::of_file`]; a file that is not there is made with a new key,
    /// for its owner only. Of several processes that do so at once, all get the
    /// same key.
    ///
    /// # Errors
    /// What is wrong with the file or its keys.
    pub fn of_file_or_new(path: &Path) -> Result<Keyring, KeyringError> {
        file::make_unless_there(path)?;
        Keyring::of_file(path)
    }

    /// A new key that lives as long as the process: for tests, and for whoever
    /// reads records that hold nothing sealed.
    pub fn ephemeral() -> Keyring {
        let text = key::new_key();
        let keys = Keys::parse("a new key", text.expose_secret());
        Keyring::of(keys.expect("a new key has the form of one"), None)
    }

    fn of(keys: Keys, file: Option<PathBuf>) -> Keyring {
        Keyring(Arc::new(Inner { keys: RwLock::new(Arc::new(keys)), file }))
    }

    /// Seals `plain` with the first key. `purpose` says what it is and whose,
    /// such as `mail/<id>/text`; it is not secret, and must be given again.
    pub fn seal(&self, purpose: &str, plain: &[u8]) -> String {
        let keys = self.keys();
        let key = keys.current();
        let mut bytes = plain.to_vec();
        let nonce = key.seal(&associated(key.id(), purpose), &mut bytes);
        let mut sealed = nonce.to_vec();
        sealed.extend_from_slice(&bytes);
        format!("{}{}", prefix(key.id()), URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens what [`Keyring::seal`] gave for the same `purpose`. A key that is
    /// not known is looked for in the key file once more: it may have been
    /// added since.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(&self, purpose: &str, sealed: &str) -> Result<SecretSlice<u8>, OpenError> {
        let (id, text) = split(sealed).ok_or(OpenError::Malformed)?;
        let mut keys = self.keys();
        if keys.find(id).is_none() && self.reread().is_ok() {
            keys = self.keys();
        }
        let Some(key) = keys.find(id) else {
            return Err(OpenError::UnknownKey { key: id.to_owned(), known: keys.ids().join(", ") });
        };
        let mut bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| OpenError::Malformed)?;
        let (nonce, rest) =
            bytes.split_first_chunk_mut::<NONCE_BYTES>().ok_or(OpenError::Malformed)?;
        let opened = key.open(*nonce, &associated(id, purpose), rest).map(|plain| plain.to_vec());
        // The ciphertext was overwritten with what it held.
        bytes.zeroize();
        opened.map(SecretSlice::from).ok_or(OpenError::Refused)
    }

    /// As [`Keyring::open`], for text.
    ///
    /// # Errors
    /// See [`OpenError`]; [`OpenError::Malformed`] also for what is no UTF-8.
    pub fn open_text(&self, purpose: &str, sealed: &str) -> Result<SecretString, OpenError> {
        let bytes = self.open(purpose, sealed)?;
        let text = std::str::from_utf8(bytes.expose_secret()).map_err(|_| OpenError::Malformed)?;
        Ok(SecretString::from(text))
    }

    /// Whether `text` looks like what [`Keyring::seal`] gives.
    pub fn is_sealed(text: &str) -> bool {
        split(text).is_some()
    }

    /// The id of the key that sealed `sealed`, if it is a sealed text at all.
    pub fn key_of(sealed: &str) -> Option<&str> {
        split(sealed).map(|(id, _)| id)
    }

    /// The id of the key that seals: a part of its hash.
    pub fn current_id(&self) -> String {
        self.keys().current().id().to_owned()
    }

    /// The ids of all keys, the one that seals first.
    pub fn ids(&self) -> Vec<String> {
        self.keys().ids()
    }

    /// What every text begins with that the first key has sealed.
    pub fn current_prefix(&self) -> String {
        prefix(self.keys().current().id())
    }

    /// The file that the keys come from, if they come from one.
    pub fn file(&self) -> Option<&Path> {
        self.0.file.as_deref()
    }

    /// Reads the key file again, if there is one. What is wrong with it leaves
    /// the keys as they were.
    ///
    /// # Errors
    /// What is wrong with the file or its keys.
    pub fn reread(&self) -> Result<(), KeyringError> {
        let Some(path) = &self.0.file else { return Ok(()) };
        let keys = Arc::new(file::read(path)?);
        *self.0.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.0.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({})", self.ids().join(", "))
    }
}

fn prefix(id: &str) -> String {
    format!("{FORMAT}:{id}:")
}

/// The key id and the text behind it.
fn split(sealed: &str) -> Option<(&str, &str)> {
    let (id, text) = sealed.strip_prefix(FORMAT)?.strip_prefix(':')?.split_once(':')?;
    let is_id = id.len() == key::ID_CHARS && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then_some((id, text))
}

/// What is authenticated beside the secret.
fn associated(id: &str, purpose: &str) -> String {
    format!("{}{purpose}", prefix(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(keys: &[&SecretString]) -> Keyring {
        let text: Vec<&str> = keys.iter().map(|key| key.expose_secret()).collect();
        Keyring::parse("a test", &text.join("\n").into()).expect("keys")
    }

    fn opened(ring: &Keyring, purpose: &str, sealed: &str) -> Result<Vec<u8>, OpenError> {
        ring.open(purpose, sealed).map(|plain| plain.expose_secret().to_vec())
    }

    #[test]
    fn what_was_sealed_opens_for_its_purpose_alone() {
        let ring = Keyring::ephemeral();
        for plain in [&b""[..], b"s3cret", &[0, 255, 7]] {
            let sealed = ring.seal("totp/anna", plain);
            assert!(Keyring::is_sealed(&sealed) && sealed.starts_with(&ring.current_prefix()));
            assert_eq!(opened(&ring, "totp/anna", &sealed).expect("opens"), plain);
            assert_eq!(opened(&ring, "totp/bart", &sealed), Err(OpenError::Refused));
            assert_eq!(opened(&ring, "", &sealed), Err(OpenError::Refused));
        }
        let text = ring.open_text("a", &ring.seal("a", "naïve".as_bytes())).expect("opens");
        assert_eq!(text.expose_secret(), "naïve");
        assert_eq!(ring.open_text("a", &ring.seal("a", &[255])).err(), Some(OpenError::Malformed));
    }

    #[test]
    fn the_same_is_never_sealed_to_the_same() {
        let ring = Keyring::ephemeral();
        let sealed: std::collections::BTreeSet<String> =
            (0..64).map(|_| ring.seal("a", b"s3cret")).collect();
        assert_eq!(sealed.len(), 64);
        assert!(sealed.iter().all(|sealed| !sealed.contains("s3cret")));
    }

    #[test]
    fn whatever_was_changed_is_refused() {
        let ring = Keyring::ephemeral();
        let sealed = ring.seal("a", b"s3cret");
        let body = sealed.len() - 8;
        for at in sealed.rfind(':').expect("a body") + 1..body {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert_eq!(opened(&ring, "a", &changed), Err(OpenError::Refused), "{at}");
        }
        let check = |text: &str| assert_eq!(opened(&ring, "a", text), Err(OpenError::Malformed));
        check("s3cret");
        check("");
        check("pw1:");
        check("pw1:zz:AAAA");
        check("pw2:00000000:AAAA");
        check(&format!("{}AAAA", ring.current_prefix()));
        check(&format!("{}%%%%", ring.current_prefix()));
    }

    #[test]
    fn old_keys_open_and_the_first_one_seals() {
        let (first, second) = (new_key(), new_key());
        let before = ring(&[&first]);
        let sealed = before.seal("a", b"s3cret");
        let after = ring(&[&second, &first]);
        assert_eq!(opened(&after, "a", &sealed).expect("opens"), b"s3cret");
        assert_ne!(before.current_id(), after.current_id());
        assert_eq!(after.ids(), [after.current_id(), before.current_id()]);
        let resealed = after.seal("a", b"s3cret");
        let error = opened(&before, "a", &resealed).expect_err("not its key");
        assert_eq!(
            error,
            OpenError::UnknownKey { key: after.current_id(), known: before.current_id() }
        );
    }

    #[test]
    fn neither_debug_nor_errors_show_a_key() {
        let key = new_key();
        let ring = ring(&[&key]);
        assert_eq!(format!("{ring:?}"), format!("Keyring({})", ring.current_id()));
        assert!(!key.expose_secret().contains(&ring.current_id()), "the id is no part of the key");
        let broken = key.expose_secret().replace(|c: char| c.is_ascii_digit(), "x");
        let error = Keyring::parse("secrets.key", &broken.as_str().into()).expect_err("no key");
        assert_eq!(
            error.to_string(),
            "secrets.key: key 1 is not 64 hexadecimal digits; `padwacht secrets new-key` prints one"
        );
        assert!(Keyring::parse("secrets.key", &"# nothing\n".into()).is_err());
    }
}
