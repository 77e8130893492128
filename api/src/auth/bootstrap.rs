//! The first administrator, made when there is no user at all. A password that
//! is made up for them is for the first sign-in alone (OWASP ASVS 5, 6.4.1): it
//! opens nothing but the choice of another, and ends after a day; the next start
//! then makes another. One that was given is the operator's own choice.

use std::fmt;

use correlate::model::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use store::records::{Actor, Language, Records, RecordsError};

use super::password::{PasswordError, Passwords};
use super::secret::{self, NoRandomness};
use crate::choice::{self, Weakness, Words};

/// The shortest password that is taken.
pub(crate) const PASSWORD_CHARS_MIN: usize = 12;

/// How long a password that was made up may be used: whoever installs the product
/// signs in the same day, and what lies in a scrollback or a journal is no key.
const INITIAL_VALID_MS: i64 = 24 * 3_600_000;

/// A password that was made up and is kept nowhere: show it once, now.
pub struct PrintedOnce {
    email: String,
    password: SecretString,
    until: Timestamp,
}

impl PrintedOnce {
    /// Whose password it is.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// Until when it may be used.
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// The password itself.
    pub fn reveal(&self) -> &str {
        self.password.expose_secret()
    }
}

impl fmt::Debug for PrintedOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrintedOnce").field("email", &self.email).finish_non_exhaustive()
    }
}

/// Why there is no first administrator.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// The password that was given may not be chosen.
    #[error("the administrator's password {0}")]
    Password(Weakness),
    /// It could not be hashed.
    #[error("could not hash the administrator's password: {0}")]
    Hash(String),
    /// No password could be made up.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// The records refused.
    #[error("could not make the first administrator: {0}")]
    Records(#[from] RecordsError),
}

/// Makes the administrator `email` at `now` if there is no user at all.
/// Without a `password` one is made up and given back, to be shown once. Where one
/// that was made up has ended before anybody chose their own, the same is done
/// again for whoever had it. With a `password`, and also when there is a user
/// already, nothing is given back.
///
/// # Errors
/// A password that is too short, an address that is none, or the records are
/// away.
pub async fn bootstrap_admin(
    records: &Records,
    email: &str,
    password: Option<SecretString>,
    now: Timestamp,
) -> Result<Option<PrintedOnce>, BootstrapError> {
    let (users, actor) = (records.users(), Actor::new("bootstrap", now));
    let is_first = users.count().await? == 0;
    if !is_first && !users.has_ended_initial(now).await? {
        return Ok(None);
    }
    let until = now.plus_millis(INITIAL_VALID_MS);
    let (password, initial) = match password {
        Some(password) => (checked(password, email)?, None),
        None => (secret::fresh()?, Some(until)),
    };
    let hash = hashed(&password).await?;
    let given = match is_first {
        true => users.bootstrap_admin(&actor, email, Language::Nl, &hash, initial).await?,
        false => users.renew_initial(&actor, &hash, initial).await?,
    };
    let given = given.filter(|_| initial.is_some());
    Ok(given.map(|user| PrintedOnce { email: user.email, password, until }))
}

async fn hashed(password: &SecretString) -> Result<SecretString, BootstrapError> {
    let hash = Passwords::default().hash(password.clone()).await.map_err(|error| match error {
        PasswordError::Hash(reason) => BootstrapError::Hash(reason),
        PasswordError::Busy => BootstrapError::Hash(error.to_string()),
    })?;
    Ok(SecretString::from(hash))
}

fn checked(password: SecretString, email: &str) -> Result<SecretString, BootstrapError> {
    let mut words = Words::of_product();
    words.add(email);
    match choice::of_text(&password, &words) {
        Some(weakness) => Err(BootstrapError::Password(weakness)),
        None => Ok(password),
    }
}
