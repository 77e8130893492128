//! Password hashes: Argon2id, computed off the async threads and few at once.

use std::sync::{Arc, LazyLock};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
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

/// What a check of a password came to.
#[derive(Debug)]
pub(crate) struct Verified {
    /// Whether it is the one.
    pub(crate) is_right: bool,
    /// A hash to keep from now on, if the one that is kept is not as we make them.
    pub(crate) renewed: Option<SecretString>,
}

impl Passwords {
    /// Whether `password` is the one of `stored`, a PHC string. Takes the same
    /// work when there is no stored hash, and is then never true.
    pub(crate) async fn verify(
        &self,
        password: SecretString,
        stored: Option<String>,
    ) -> Result<Verified, PasswordError> {
        self.run(move || {
            let exists = stored.is_some();
            let phc = stored.unwrap_or_else(|| NOBODY.clone());
            let password = password.expose_secret().as_bytes();
            let parsed = PasswordHash::new(&phc);
            let matches =
                |parsed: &PasswordHash| Argon2::default().verify_password(password, parsed).is_ok();
            let is_right = exists && parsed.as_ref().is_ok_and(matches);
            let is_old = parsed.is_ok_and(|parsed| !is_as_ours(&parsed));
            let renewed = (is_right && is_old).then(|| hash_bytes(password)).transpose()?;
            Ok(Verified { is_right, renewed: renewed.map(SecretString::from) })
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

/// Whether a hash was made with the parameters of today.
fn is_as_ours(hash: &PasswordHash) -> bool {
    let (ours, found) = (Params::default(), Params::try_from(hash));
    hash.algorithm.as_str() == Algorithm::default().as_str()
        && hash.version == Some(Version::default().into())
        && found.is_ok_and(|found| {
            (found.m_cost(), found.t_cost(), found.p_cost())
                == (ours.m_cost(), ours.t_cost(), ours.p_cost())
        })
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
            async move {
                let verified = passwords.verify(given.into(), stored).await.expect("verifies");
                assert!(verified.renewed.is_none(), "it is as new");
                verified.is_right
            }
        };
        assert!(check("correct horse", Some(&stored)).await);
        assert!(!check("correct hors", Some(&stored)).await);
        assert!(!check("correct horse", None).await);
        assert!(!check("", Some("")).await, "a broken hash is nobody's");
    }

    #[tokio::test]
    async fn a_hash_with_other_parameters_is_made_anew_once_its_password_is_known() {
        let passwords = Passwords::default();
        let weak = Params::new(8 * 1_024, 1, 1, None).expect("allowed");
        let weak = Argon2::new(Algorithm::default(), Version::default(), weak);
        let stored = weak.hash_password(b"correct horse").expect("hashes").to_string();
        let wrong = passwords.verify("battery".into(), Some(stored.clone())).await.expect("ok");
        assert!(!wrong.is_right && wrong.renewed.is_none());
        let right = passwords.verify("correct horse".into(), Some(stored)).await.expect("ok");
        assert!(right.is_right);
        let renewed = right.renewed.expect("made anew").expose_secret().to_owned();
        assert!(renewed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{renewed}");
        let again = passwords.verify("correct horse".into(), Some(renewed)).await.expect("ok");
        assert!(again.is_right && again.renewed.is_none());
    }

    #[tokio::test]
    async fn equal_passwords_have_different_hashes() {
        let passwords = Passwords::default();
        let one = passwords.hash("same".into()).await.expect("hashes");
        let two = passwords.hash("same".into()).await.expect("hashes");
        assert_ne!(one, two);
    }
}
