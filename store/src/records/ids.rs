//! Identities of records, and the hash under which a token is known.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::error::RecordsError;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        ///
        /// A UUID version 7, so ids sort by creation; its text form is the
        /// hyphenated one.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(Uuid);

        impl $name {
            pub(super) fn new() -> $name {
                $name(Uuid::now_v7())
            }

            /// Reads a stored id.
            pub(super) fn stored(text: &str) -> Result<$name, RecordsError> {
                text.parse().map_err(|_| RecordsError::corrupt($kind, text, "its id is no UUID"))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = RecordsError;

            /// # Errors
            /// [`RecordsError::NotFound`]: what is no UUID names nothing.
            fn from_str(text: &str) -> Result<$name, RecordsError> {
                Uuid::try_parse(text)
                    .map($name)
                    .map_err(|_| RecordsError::not_found($kind, text.escape_debug()))
            }
        }
    };
}

id! {
    /// A customer.
    CustomerId, "customer"
}
id! {
    /// A maintenance window.
    WindowId, "window"
}
id! {
    /// A user.
    UserId, "user"
}
id! {
    /// A session as shown to its user; it does not open anything.
    SessionId, "session"
}
id! {
    /// An API token as shown to its user; it does not open anything.
    ApiTokenId, "API token"
}
id! {
    /// An attempt to sign in.
    LoginAttemptId, "login attempt"
}
id! {
    /// A push secret as shown to administrators; it does not open anything.
    PushSecretId, "push secret"
}
id! {
    /// A passkey as shown to its user.
    PasskeyId, "passkey"
}
id! {
    /// A mail.
    MailId, "mail"
}
id! {
    /// A request to read an inventory.
    SyncJobId, "sync job"
}

/// The SHA-256 of a session or API token. The token itself is never stored;
/// it must have at least 128 random bits, as the hash is neither salted nor slow.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of the token as its holder presents it.
    pub fn of(token: &str) -> TokenHash {
        TokenHash(Sha256::digest(token.as_bytes()).into())
    }

    /// The hash of bytes, likewise.
    pub fn of_bytes(bytes: &[u8]) -> TokenHash {
        TokenHash(Sha256::digest(bytes).into())
    }

    /// Its lower-case hexadecimal digits.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The hash as [`TokenHash::to_hex`] stored it; `None` for anything else.
    pub(super) fn stored(hex: &str) -> Option<TokenHash> {
        let mut bytes = [0_u8; 32];
        if hex.len() != 2 * bytes.len() || !hex.is_ascii() {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok()?;
        }
        Some(TokenHash(bytes))
    }

    /// Whether `hex` is this hash as [`TokenHash::to_hex`] stores it, in a time
    /// that does not tell where they differ.
    pub(super) fn is_stored_as(&self, hex: &str) -> bool {
        let own = self.to_hex();
        let differing =
            own.bytes().zip(hex.bytes()).fold(0, |sum, (own, other)| sum | (own ^ other));
        own.len() == hex.len() && differing == 0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_hash_is_sha256_in_hex() {
        // NIST's example for "abc".
        assert_eq!(
            TokenHash::of("abc").to_hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn a_hash_is_read_as_it_was_stored() {
        let hash = TokenHash::of("abc");
        assert_eq!(TokenHash::stored(&hash.to_hex()), Some(hash));
        for stored in ["", "ba78", &"é".repeat(32), &"g".repeat(64)] {
            assert_eq!(TokenHash::stored(stored), None, "{stored}");
        }
    }

    #[test]
    fn a_hash_is_stored_as_itself_alone() {
        let (hash, other) = (TokenHash::of("abc"), TokenHash::of("abd"));
        assert!(hash.is_stored_as(&hash.to_hex()));
        for stored in [other.to_hex(), String::new(), hash.to_hex()[..63].to_owned()] {
            assert!(!hash.is_stored_as(&stored), "{stored}");
        }
    }

    #[test]
    fn what_is_no_uuid_names_nothing() {
        let error = "7; DROP".parse::<UserId>().expect_err("no UUID");
        assert_eq!(error.to_string(), "user 7; DROP does not exist");
    }
}
