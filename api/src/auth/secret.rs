//! Random secrets of 256 bits: session cookies, API tokens, made-up passwords.
//! The records keep only their SHA-256, so whoever reads those cannot use them;
//! against 256 random bits a slow hash would add nothing.

use std::fmt::Write as _;

use secrecy::SecretString;
use sha2::{Digest, Sha256};

/// 256 bits.
const SECRET_BYTES: usize = 32;

/// The system has no randomness to give.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes: {0}")]
pub struct NoRandomness(pub(super) getrandom::Error);

/// A fresh secret of 64 lower-case hexadecimal digits.
pub(crate) fn fresh() -> Result<SecretString, NoRandomness> {
    let mut bytes = [0_u8; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(NoRandomness)?;
    Ok(hex(&bytes).into())
}

/// Whether two secrets are equal, in a time that does not tell where they
/// differ: digests are compared, and those an attacker cannot choose.
pub(crate) fn same(one: &str, other: &str) -> bool {
    Sha256::digest(one.as_bytes()) == Sha256::digest(other.as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn secrets_are_long_and_differ() {
        let (one, two) = (fresh().expect("random"), fresh().expect("random"));
        assert_eq!(one.expose_secret().len(), 64);
        assert!(!same(one.expose_secret(), two.expose_secret()));
    }
}
