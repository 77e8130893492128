//! Who tried to log in, from where, and how it went: for limits that hold over
//! several processes and restarts, and for whoever asks later.

use std::str::FromStr;

use correlate::model::Timestamp;
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::database::Records;
use super::entity::login_attempt;
use super::error::{Doing, RecordsError};
use super::page::Page;
use super::{text, users};

/// How a login went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoginResult {
    /// They are in.
    Ok,
    /// The password is not the user's.
    WrongPassword,
    /// There is no such user.
    UnknownUser,
    /// The user is not active.
    Inactive,
    /// Too many failures before it; the password was not looked at.
    Throttled,
}

impl LoginResult {
    const ALL: [LoginResult; 5] = [
        LoginResult::Ok,
        LoginResult::WrongPassword,
        LoginResult::UnknownUser,
        LoginResult::Inactive,
        LoginResult::Throttled,
    ];

    /// The name in the records.
    pub const fn as_str(self) -> &'static str {
        match self {
            LoginResult::Ok => "ok",
            LoginResult::WrongPassword => "wrong-password",
            LoginResult::UnknownUser => "unknown-user",
            LoginResult::Inactive => "inactive",
            LoginResult::Throttled => "throttled",
        }
    }
}

impl FromStr for LoginResult {
    type Err = RecordsError;

    fn from_str(text: &str) -> Result<LoginResult, RecordsError> {
        LoginResult::ALL
            .into_iter()
            .find(|result| result.as_str() == text)
            .ok_or_else(|| RecordsError::invalid("login result", format!("unknown: {text:?}")))
    }
}

/// One attempt to log in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoginAttempt {
    /// When.
    pub at: Timestamp,
    /// The address as typed, lower-cased and cut; there may be no such user.
    pub email: String,
    /// The network address it came from.
    pub address: String,
    /// How it went.
    pub result: LoginResult,
}

/// Writes and counts login attempts.
#[derive(Clone, Copy, Debug)]
pub struct LoginAttempts<'a>(&'a Records);

impl Records {
    /// Who tried to log in, and how it went.
    pub fn login_attempts(&self) -> LoginAttempts<'_> {
        LoginAttempts(self)
    }
}

impl LoginAttempts<'_> {
    /// Writes an attempt down.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn record(self, attempt: &LoginAttempt) -> Result<(), RecordsError> {
        let row = login_attempt::Model {
            id: Uuid::now_v7().to_string(),
            at_ms: attempt.at.millis(),
            email: lookup(&attempt.email),
            address: text::foreign(&attempt.address),
            result: attempt.result.as_str().to_owned(),
        };
        login_attempt::Entity::insert(row.into_active_model())
            .exec_without_returning(self.0.writer())
            .await
            .doing("writing a login attempt down")?;
        Ok(())
    }

    /// How many attempts for `email` failed at or after `since`, throttled
    /// ones not counted (else a limit would prolong itself).
    ///
    /// # Errors
    /// Only of the database.
    pub async fn failures_for(self, email: &str, since: Timestamp) -> Result<u64, RecordsError> {
        failures(since)
            .filter(login_attempt::Column::Email.eq(lookup(email)))
            .count(self.0.reader())
            .await
            .doing("counting failed logins")
    }

    /// As [`LoginAttempts::failures_for`], by network address.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn failures_from(self, address: &str, since: Timestamp) -> Result<u64, RecordsError> {
        failures(since)
            .filter(login_attempt::Column::Address.eq(text::foreign(address)))
            .count(self.0.reader())
            .await
            .doing("counting failed logins")
    }

    /// A page of all attempts, the latest first.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn list(self, page: Page) -> Result<Vec<LoginAttempt>, RecordsError> {
        let rows = login_attempt::Entity::find()
            .order_by_desc(login_attempt::Column::AtMs)
            .order_by_desc(login_attempt::Column::Id)
            .offset(page.offset())
            .limit(page.limit())
            .all(self.0.reader())
            .await
            .doing("listing login attempts")?;
        rows.into_iter().map(read).collect()
    }

    /// Forgets what was before `before`; gives how many.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn prune(self, before: Timestamp) -> Result<u64, RecordsError> {
        let pruned = login_attempt::Entity::delete_many()
            .filter(login_attempt::Column::AtMs.lt(before.millis()))
            .exec(self.0.writer())
            .await
            .doing("forgetting login attempts")?;
        Ok(pruned.rows_affected)
    }
}

fn lookup(email: &str) -> String {
    text::foreign(&users::lookup_email(email))
}

fn failures(since: Timestamp) -> sea_orm::Select<login_attempt::Entity> {
    let counted = [LoginResult::WrongPassword, LoginResult::UnknownUser, LoginResult::Inactive];
    login_attempt::Entity::find()
        .filter(login_attempt::Column::AtMs.gte(since.millis()))
        .filter(login_attempt::Column::Result.is_in(counted.map(LoginResult::as_str)))
}

fn read(row: login_attempt::Model) -> Result<LoginAttempt, RecordsError> {
    let result = row.result.parse();
    Ok(LoginAttempt {
        result: result.map_err(|error| RecordsError::corrupt("login attempt", &row.id, error))?,
        at: Timestamp(row.at_ms),
        email: row.email,
        address: row.address,
    })
}
