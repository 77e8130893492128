//! Password hashes: Argon2id, computed off the async threads and few at once.

use std::sync::{Arc, LazyLock};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

/// Hashes at once. Each takes 19 MiB and one core for some tens of
/// milliseconds (OWASP's parameters, the crate's default).
const HASHES_AT_ONCE: usize = 2;
/// Hashes waiting for their turn; more are refused instead of piling up.
const HASHES_WAITING_MAX: usize = 64;
/// The longest password that is looked at; longer ones are wrong unread.
pub(crate) const PASSWORD_BYTES_MAX: usize = 1_024;

/// Verified for a user who does not exist, so that the answer takes as long
/// as for one who does. Nobody knows its password.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    let mut secret = [0_u8; 32];
    // Zeros would do as well: the result of this check is never used.
    let _ = getrandom::fill(&mut secret);
    hash_bytes(&secret).unwrap_or_default()
});

/// Why no hash was computed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    /// Too many wait already.
    #[error("more than {HASHES_WAITING_MAX} password checks wait already")]
    Busy,
    /// The hash function failed.
    #[error("could not hash a password: {0}")]
    Hash(String),
}

/// Computes and verifies hashes, a few at a time.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Passwords {
            turns: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
            queue: Arc::new(Semaphore::new(HASHES_WAITING_MAX)),
        }
    }
}

impl Passwords {
    /// Whether `password` is the one of `stored`, a PHC string. Takes the same
    /// work when there is no stored hash, and is then never true.
    pub(crate) async fn verify(
        &self,
        password: SecretString,
        stored: Option<String>,
    ) -> Result<bool, PasswordError> {
        self.run(move || {
            let exists = stored.is_some();
            let phc = stored.unwrap_or_else(|| NOBODY.clone());
            let matches = PasswordHash::new(&phc).is_ok_and(|parsed| {
                Argon2::default()
                    .verify_password(password.expose_secret().as_bytes(), &parsed)
                    .is_ok()
            });
            Ok(exists && matches)
        })
        .await
    }

    /// The PHC string to keep for `password`, with a fresh salt.
    pub(crate) async fn hash(&self, password: SecretString) -> Result<String, PasswordError> {
        self.run(move || hash_bytes(password.expose_secret().as_bytes())).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let _place = self.queue.try_acquire().map_err(|_| PasswordError::Busy)?;
        let turn =
            Arc::clone(&self.turns).acquire_owned().await.map_err(|_| PasswordError::Busy)?;
        tokio::task::spawn_blocking(move || {
            // Held by the work itself: a client that goes away frees no turn early.
            let _turn = turn;
            work()
        })
        .await
        .map_err(|error| PasswordError::Hash(error.to_string()))?
    }
}

fn hash_bytes(password: &[u8]) -> Result<String, PasswordError> {
    Argon2::default()
        .hash_password(password)
        .map(|hash| hash.to_string())
        .map_err(|error| PasswordError::Hash(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_an_existing_user_is_right() {
        let passwords = Passwords::default();
        let stored = passwords.hash("correct horse".into()).await.expect("hashes");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        let check = |given: &str, stored: Option<&str>| {
            let (given, stored) = (given.to_owned(), stored.map(str::to_owned));
            let passwords = passwords.clone();
            async move { passwords.verify(given.into(), stored).await.expect("verifies") }
        };
        assert!(check("correct horse", Some(&stored)).await);
        assert!(!check("correct hors", Some(&stored)).await);
        assert!(!check("correct horse", None).await);
        assert!(!check("", Some("")).await, "a broken hash is nobody's");
    }

    #[tokio::test]
    async fn equal_passwords_have_different_hashes() {
        let passwords = Passwords::default();
        let one = passwords.hash("same".into()).await.expect("hashes");
        let two = passwords.hash("same".into()).await.expect("hashes");
        assert_ne!(one, two);
    }
}
