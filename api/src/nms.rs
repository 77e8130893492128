//! What is known of NMS accounts outside of this crate: those of the
//! configuration, the rules for what is entered, and how to try a connection.

use std::collections::BTreeMap;
use std::fmt::Debug;

use futures::future::BoxFuture;
use secrecy::SecretString;

/// An account that the configuration makes: it is shown and cannot be changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfiguredNms {
    /// Its name.
    pub name: String,
    /// What it speaks.
    pub kind: String,
    /// Where it is.
    pub url: String,
}

/// A setting that an account can have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NmsField {
    /// Its key, as in the configuration.
    pub key: String,
    /// What is in force where it is not set; `None`: it is found out.
    pub default: Option<String>,
}

/// An account as somebody wants it, without its token.
#[derive(Clone, Copy, Debug)]
pub struct NmsWanted<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it speaks.
    pub kind: &'a str,
    /// Where it is.
    pub url: &'a str,
    /// What else is set, by key.
    pub settings: &'a BTreeMap<String, String>,
}

/// A field that is not allowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NmsRefusal {
    /// Which: `name`, `kind`, `url`, `token` or the key of a setting.
    pub field: String,
    /// What is allowed and what was found (English); never the token.
    pub reason: String,
}

/// A step of a try.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NmsFinding {
    /// What was tried, such as `device list`.
    pub subject: &'static str,
    /// What was found (English), or the kind of fault.
    pub outcome: Result<String, &'static str>,
}

/// What the binary knows of NMS accounts.
pub trait NmsDesk: Send + Sync + Debug {
    /// The accounts of the configuration.
    fn configured(&self) -> &[ConfiguredNms];

    /// The settings that an account can have, by key.
    fn settings(&self) -> Vec<NmsField>;

    /// Whether `wanted` could be read, without asking it.
    ///
    /// # Errors
    /// Every field that is not allowed.
    fn check(&self, wanted: NmsWanted<'_>, token: &SecretString) -> Result<(), Vec<NmsRefusal>>;

    /// Asks `wanted` step by step what reading it needs; ends within half a
    /// minute, and changes nothing.
    ///
    /// # Errors
    /// Every field that is not allowed; then nothing is sent.
    fn try_connection(
        &self,
        wanted: NmsWanted<'_>,
        token: &SecretString,
    ) -> Result<BoxFuture<'static, Vec<NmsFinding>>, Vec<NmsRefusal>>;
}
