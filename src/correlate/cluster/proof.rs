//! Proves that a caller knows the secret, without telling it: HMAC-SHA-256
//! over what was challenged and what is claimed.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::message::Hello;

/// Bytes of a challenge; nobody ever sees one twice.
const NONCE_BYTES: usize = 32;

/// Keeps these proofs apart from any other use of the secret.
const CONTEXT: &[u8] = b"padwacht correlate";

/// A challenge.
pub(super) fn nonce() -> Vec<u8> {
    rand::random::<[u8; NONCE_BYTES]>().to_vec()
}

/// The proof that belongs into `hello`; nothing without a secret.
pub(super) fn proof(secret: Option<&SecretString>, nonce: &[u8], hello: &Hello) -> Vec<u8> {
    let mac = secret.map(|secret| mac(secret, nonce, hello));
    mac.map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default()
}

/// Whether the caller knows the secret; without one, anybody may call.
pub(super) fn is_proven(secret: Option<&SecretString>, nonce: &[u8], hello: &Hello) -> bool {
    secret.is_none_or(|secret| mac(secret, nonce, hello).verify_slice(&hello.proof).is_ok())
}

fn mac(secret: &SecretString, nonce: &[u8], hello: &Hello) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("HMAC takes keys of any length");
    mac.update(CONTEXT);
    // Each part has a fixed length but the nonce, whose length we choose.
    mac.update(&hello.purpose.to_be_bytes());
    mac.update(&hello.process.to_be_bytes());
    mac.update(&hello.session.to_be_bytes());
    mac.update(nonce);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_knows_the_secret_proves_it() {
        let [ours, theirs] = ["ours", "theirs"].map(SecretString::from);
        let nonce = nonce();
        let hello = |process| Hello { process, ..Hello::default() };
        let proven = |by: Option<&SecretString>, claimed: u32, nonce_of: &[u8]| {
            let proof = proof(by, nonce_of, &hello(1));
            is_proven(Some(&ours), &nonce, &Hello { proof, ..hello(claimed) })
        };
        assert!(proven(Some(&ours), 1, &nonce));
        assert!(!proven(Some(&theirs), 1, &nonce), "another secret");
        assert!(!proven(None, 1, &nonce), "none");
        assert!(!proven(Some(&ours), 2, &nonce), "another claim");
        assert!(!proven(Some(&ours), 1, b"an earlier challenge"), "heard before");
        assert!(is_proven(None, &nonce, &hello(1)), "no secret is asked for");
    }
}
