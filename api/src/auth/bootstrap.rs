//! The first administrator, made when there is no user at all.

use std::fmt;

use correlate::model::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use store::records::{Actor, Language, Records, RecordsError};

use super::password::{PASSWORD_BYTES_MAX, PasswordError, Passwords};
use super::secret::{self, NoRandomness};

/// The shortest password that is taken.
pub(crate) const PASSWORD_CHARS_MIN: usize = 12;

/// A password that was made up and is kept nowhere: show it once, now.
pub struct PrintedOnce {
    email: String,
    password: SecretString,
}

impl PrintedOnce {
    /// Whose password it is.
    pub fn email(&self) -> &str {
        &self.email
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
    /// The password that was given is too weak or too long.
    #[error(
        "the administrator's password must have {PASSWORD_CHARS_MIN} characters or more and at \
         most {PASSWORD_BYTES_MAX} bytes"
    )]
    Password,
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
/// Without a `password` one is made up and given back, to be shown once; with
/// one, and also when there is a user already, nothing is given back.
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
    if records.users().count().await? > 0 {
        return Ok(None);
    }
    let is_made_up = password.is_none();
    let password = match password {
        Some(password) => checked(password)?,
        None => secret::fresh()?,
    };
    let hash = Passwords::default().hash(password.clone()).await.map_err(|error| match error {
        PasswordError::Hash(reason) => BootstrapError::Hash(reason),
        PasswordError::Busy => BootstrapError::Hash(error.to_string()),
    })?;
    let actor = Actor::new("bootstrap", now);
    let hash = SecretString::from(hash);
    let made = records.users().bootstrap_admin(&actor, email, Language::Nl, &hash).await?;
    Ok(made.filter(|_| is_made_up).map(|user| PrintedOnce { email: user.email, password }))
}

fn checked(password: SecretString) -> Result<SecretString, BootstrapError> {
    let text = password.expose_secret();
    if text.chars().count() < PASSWORD_CHARS_MIN || text.len() > PASSWORD_BYTES_MAX {
        return Err(BootstrapError::Password);
    }
    Ok(password)
}
