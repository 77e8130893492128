//! One key, and the keys of a ring. Texts of keys are wiped once they are read.

use std::fmt::Write as _;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use sha2::{Digest, Sha256};

use super::KeyringError;

/// Of AES-256.
const KEY_BYTES: usize = 32;

/// Of GCM: 96 bits.
pub(super) const NONCE_BYTES: usize = NONCE_LEN;

/// Enough to tell the keys of one installation apart, and too little to tell
/// anything of a key.
pub(super) const ID_CHARS: usize = 8;

/// Puts the hashes that are ids apart from any other use of SHA-256.
const ID_DOMAIN: &[u8] = b"padwacht key id\0";

/// A new key in the form that a ring reads, drawn from the operating system.
///
/// # Panics
/// If the operating system has no random numbers to give.
pub fn new_key() -> SecretString {
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    getrandom::fill(&mut *bytes).expect("the operating system gives random numbers");
    let mut text = Zeroizing::new(String::with_capacity(KEY_BYTES * 2));
    for byte in *bytes {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
    }
    SecretString::from(text.as_str())
}

/// A key and its name.
pub(super) struct Key {
    id: String,
    aead: RandomizedNonceKey,
}

impl Key {
    fn parse(text: &str) -> Option<Key> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        if text.len() != KEY_BYTES * 2 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        let hash = Sha256::new().chain_update(ID_DOMAIN).chain_update(*bytes).finalize();
        let id = hash.iter().take(ID_CHARS / 2).map(|byte| format!("{byte:02x}")).collect();
        let aead = RandomizedNonceKey::new(&AES_256_GCM, &*bytes).ok()?;
        Some(Key { id, aead })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Seals `bytes` in their place, with a tag behind them.
    pub(super) fn seal(&self, associated: &str, bytes: &mut Vec<u8>) -> [u8; NONCE_BYTES] {
        let nonce = self.aead.seal_in_place_append_tag(Aad::from(associated), bytes);
        // AWS-LC ends the process rather than go on without random numbers, and
        // GCM takes up to 64 GiB.
        *nonce.expect("a text in memory can be sealed").as_ref()
    }

    /// Opens `bytes` in their place.
    pub(super) fn open<'a>(
        &self,
        nonce: [u8; NONCE_BYTES],
        associated: &str,
        bytes: &'a mut [u8],
    ) -> Option<&'a [u8]> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.aead.open_in_place(nonce, Aad::from(associated), bytes).ok().map(|plain| &*plain)
    }
}

/// The keys of a ring, the one that seals first; there is at least one.
pub(super) struct Keys(Vec<Key>);

impl Keys {
    pub(super) fn parse(place: &str, text: &str) -> Result<Keys, KeyringError> {
        let without_comments = text.lines().map(|line| line.split('#').next().unwrap_or_default());
        let mut keys = Vec::new();
        for word in without_comments.flat_map(str::split_whitespace) {
            let number = keys.len() + 1;
            let none = || KeyringError::NoKey { place: place.to_owned(), number };
            keys.push(Key::parse(word).ok_or_else(none)?);
        }
        if keys.is_empty() {
            return Err(KeyringError::Empty { place: place.to_owned() });
        }
        Ok(Keys(keys))
    }

    pub(super) fn current(&self) -> &Key {
        self.0.first().expect("parse refuses a ring without keys")
    }

    pub(super) fn find(&self, id: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.id == id)
    }

    pub(super) fn ids(&self) -> Vec<String> {
        self.0.iter().map(|key| key.id.clone()).collect()
    }
}
