//! The few words that say what somebody is: role, standing, language.

use std::str::FromStr;

use crate::records::error::RecordsError;

/// What somebody may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// Everything (Dutch: administration).
    Beheer,
    /// Reads what belongs to the customers assigned to them.
    Accountmanager,
    /// Their own services only (Dutch: customer).
    Klant,
}

impl Role {
    /// Every role, the mightiest first.
    pub const ALL: [Role; 3] = [Role::Beheer, Role::Accountmanager, Role::Klant];

    /// The name in the records and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Beheer => "beheer",
            Role::Accountmanager => "accountmanager",
            Role::Klant => "klant",
        }
    }
}

impl FromStr for Role {
    type Err = RecordsError;

    fn from_str(text: &str) -> Result<Role, RecordsError> {
        Role::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| {
            let reason = format!("must be beheer, accountmanager or klant, found {text:?}");
            RecordsError::invalid("role", reason)
        })
    }
}

/// Whether somebody may come in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Standing {
    /// Not yet: they have not used their invitation.
    Invited,
    /// They may.
    Active,
    /// No longer, for now: they left, or are away.
    Inactive,
    /// No: they misbehaved. Like [`Standing::Inactive`], and said apart so that
    /// nobody lets them in again by mistake.
    Banned,
}

impl Standing {
    /// Every standing, in the order of a user's life.
    pub const ALL: [Standing; 4] =
        [Standing::Invited, Standing::Active, Standing::Inactive, Standing::Banned];

    /// The name in the records and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Standing::Invited => "invited",
            Standing::Active => "active",
            Standing::Inactive => "inactive",
            Standing::Banned => "banned",
        }
    }
}

impl FromStr for Standing {
    type Err = RecordsError;

    fn from_str(text: &str) -> Result<Standing, RecordsError> {
        Standing::ALL.into_iter().find(|one| one.as_str() == text).ok_or_else(|| {
            let reason = format!("must be invited, active, inactive or banned, found {text:?}");
            RecordsError::invalid("standing", reason)
        })
    }
}

/// The language of somebody's pages and mail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    /// Dutch.
    Nl,
    /// English.
    En,
}

impl Language {
    /// The ISO 639-1 code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Language::Nl => "nl",
            Language::En => "en",
        }
    }
}

impl FromStr for Language {
    type Err = RecordsError;

    fn from_str(text: &str) -> Result<Language, RecordsError> {
        match text {
            "nl" => Ok(Language::Nl),
            "en" => Ok(Language::En),
            _ => {
                Err(RecordsError::invalid("language", format!("must be nl or en, found {text:?}")))
            }
        }
    }
}
