//! Which passwords may be chosen, decided here alone: at registration, after a
//! reset, at a change, and for the first administrator.
//!
//! Refused is what is too short or too long, what many people choose, what is
//! hardly more than names that everybody here knows, and what is known from a
//! breach, where a list of those is at hand. Nothing is asked of what a
//! password is made of, and nothing leaves this machine.

mod breached;
mod words;

use std::path::Path;
use std::sync::Arc;

use dashboards::FormProblem;
use secrecy::{ExposeSecret, SecretString};
use store::records::User;

use breached::Breached;
pub use breached::BreachedError;
pub(crate) use words::Words;

use crate::app::ApiState;
use crate::auth::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN};
use crate::problem::ApiError;

/// The most common passwords that are long enough, in lower case, sorted.
static COMMON: &str = include_str!("../../data/common-passwords.txt");

/// Customers whose names count for one user: more say nothing about them.
const CUSTOMERS_MAX: usize = 50;

/// Why a password may not be chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Weakness {
    /// It is too short, or too long.
    #[error(
        "must have at least {PASSWORD_CHARS_MIN} characters and at most {PASSWORD_BYTES_MAX} bytes"
    )]
    Length,
    /// Many people choose it.
    #[error("is one that many people choose, and that is tried first")]
    Common,
    /// It is little more than names that everybody here knows.
    #[error(
        "holds little beside names that others know: of the product, its address, the customer \
         or whoever chooses it"
    )]
    Names,
    /// It is in the list of passwords from breaches.
    #[error("is known from a breach elsewhere")]
    Breached,
}

impl Weakness {
    /// As a form tells it.
    pub(crate) fn shown(self) -> FormProblem {
        match self {
            Weakness::Length => FormProblem::Password { least: PASSWORD_CHARS_MIN },
            Weakness::Common => FormProblem::PasswordCommon,
            Weakness::Names => FormProblem::PasswordNames,
            Weakness::Breached => FormProblem::PasswordBreached,
        }
    }
}

impl From<Weakness> for ApiError {
    fn from(weakness: Weakness) -> ApiError {
        ApiError::refused("password", weakness)
    }
}

/// What holds for every password of an installation.
#[derive(Debug)]
pub(crate) struct PasswordRules {
    place: Words,
    breached: Option<Arc<Breached>>,
}

impl PasswordRules {
    /// The rules of the product at `host`, which sends mail from `mail_host`;
    /// `breached` is a file of hashes of passwords from breaches.
    ///
    /// # Errors
    /// The file cannot be read, or is none.
    pub(crate) fn new(
        host: &str,
        mail_host: Option<&str>,
        breached: Option<&Path>,
    ) -> Result<PasswordRules, BreachedError> {
        let mut place = Words::of_product();
        place.add(host);
        place.add(mail_host.unwrap_or_default());
        let breached = breached.map(Breached::open).transpose()?.map(Arc::new);
        Ok(PasswordRules { place, breached })
    }
}

/// Whether `whose`, who calls themselves `name`, may choose `password`.
///
/// # Errors
/// The records, or the list of breached passwords, cannot be read.
pub(crate) async fn weakness(
    state: &ApiState,
    password: &SecretString,
    whose: &User,
    name: &str,
) -> Result<Option<Weakness>, ApiError> {
    let mut words = state.password_rules().place.clone();
    for text in [whose.email.as_str(), &whose.name, name] {
        words.add(text);
    }
    let scope = state.records().users().scope_of(whose).await.map_err(ApiError::records)?;
    let theirs: Vec<_> = whose.customers.iter().copied().take(CUSTOMERS_MAX).collect();
    let customers = state.records().customers().within(&scope).by_ids(&theirs).await;
    for customer in customers.map_err(ApiError::records)?.values() {
        words.add(&customer.name);
    }
    if let Some(found) = of_text(password, &words) {
        return Ok(Some(found));
    }
    let Some(breached) = state.password_rules().breached.clone() else { return Ok(None) };
    let password = password.clone();
    let looked = tokio::task::spawn_blocking(move || breached.holds(password.expose_secret()));
    let is_known = looked.await.map_err(ApiError::internal)?.map_err(|error| {
        ApiError::internal(format!("the list of breached passwords cannot be read: {error}"))
    })?;
    Ok(is_known.then_some(Weakness::Breached))
}

/// What the text of a password shows by itself.
pub(crate) fn of_text(password: &SecretString, words: &Words) -> Option<Weakness> {
    let text = password.expose_secret();
    if text.chars().count() < PASSWORD_CHARS_MIN || text.len() > PASSWORD_BYTES_MAX {
        return Some(Weakness::Length);
    }
    if is_common(&text.to_lowercase()) {
        return Some(Weakness::Common);
    }
    words.are_most_of(text).then_some(Weakness::Names)
}

fn is_common(password: &str) -> bool {
    // Lines of a sorted text: half of what is left at each step.
    let (mut low, mut high) = (0, COMMON.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = COMMON[..middle].rfind('\n').map_or(0, |end| end + 1);
        let end = COMMON[middle..].find('\n').map_or(COMMON.len(), |end| middle + end);
        match COMMON[start..end].cmp(password) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(password: &str, words: &[&str]) -> Option<Weakness> {
        let mut known = Words::of_product();
        words.iter().for_each(|word| known.add(word));
        of_text(&password.into(), &known)
    }

    #[test]
    fn the_list_is_long_enough_sorted_and_of_passwords_that_would_pass_otherwise() {
        let lines: Vec<&str> = COMMON.lines().collect();
        assert!(lines.len() >= 3_000, "ASVS 6.2.4 asks for 3000, here are {}", lines.len());
        assert!(lines.is_sorted());
        for line in lines {
            assert!(line.chars().count() >= PASSWORD_CHARS_MIN, "{line}");
            assert_eq!(line, line.to_lowercase());
            assert!(is_common(line), "{line}");
        }
    }

    #[test]
    fn what_many_choose_is_refused_in_any_case() {
        for password in ["123456789012", "PasswordPassword", "qwertyuiopasdf", "Administrator"] {
            assert_eq!(found(password, &[]), Some(Weakness::Common), "{password}");
        }
        for password in ["", "eleven char", &"x".repeat(1_025)] {
            assert_eq!(found(password, &[]), Some(Weakness::Length), "{password}");
        }
        assert_eq!(found("correct horse battery staple", &[]), None);
        assert_eq!(found("zzzzzzzzzzzzzzzzzzzz!", &[]), None);
        assert_eq!(found("!first of all of them", &[]), None);
    }

    #[test]
    fn names_of_the_place_and_the_person_make_no_password() {
        let words =
            ["uptime.breedband.example.net", "Anna de Vries", "anna@klant.nl", "Bakkerij Ede"];
        for password in ["Padwacht-2026!", "breedband12345", "AnnaVries1999!", "bakkerij-ede-1"] {
            assert_eq!(found(password, &words), Some(Weakness::Names), "{password}");
        }
        assert_eq!(found("padwacht sees the bakkerij burn", &words), None);
        assert_eq!(found("Padwacht-2026!", &[]), Some(Weakness::Names));
        assert_eq!(found("breedband12345", &[]), None);
    }
}
