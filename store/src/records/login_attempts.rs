//! Who tried to log in, from where, and how it went, for whoever asks later.
//! Nothing is decided by it: what slows guessing down is in `sign_in_tries`.

use std::str::FromStr;

use correlate::model::Timestamp;
use sea_orm::sea_query::{Condition, LikeExpr};
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::database::Records;
use super::entity::{login_attempt, user};
use super::error::{Doing, RecordsError};
use super::ids::{LoginAttemptId, UserId};
use super::page::{Page, escape_like};
use super::{text, users};

/// How a login went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoginResult {
    /// They are in, by a password alone.
    Ok,
    /// They are in, by a password and a code of an app.
    OkTotp,
    /// They are in, by a password and a recovery code.
    OkRecoveryCode,
    /// They are in, by a passkey.
    OkPasskey,
    /// The password is not the user's.
    WrongPassword,
    /// There is no such user.
    UnknownUser,
    /// The user is not active.
    Inactive,
    /// Too many failures before it; the password was not looked at.
    Throttled,
    /// The password was right; a second factor was asked for.
    SecondFactorAsked,
    /// The password was right, the second factor was not.
    WrongSecondFactor,
    /// A passkey was not accepted.
    WrongPasskey,
    /// They are in, by way of the OpenID provider.
    SignedOn,
    /// The OpenID provider, or what it said, did not let them in.
    SignOnRefused,
    /// The password was right, but their role comes in by the OpenID provider.
    SignOnOnly,
    /// The password, made up for the first sign-in, was right: they were led to
    /// choose another.
    InitialPassword,
    /// The same, and it had ended.
    InitialPasswordEnded,
}

impl LoginResult {
    /// Every result.
    pub const ALL: [LoginResult; 16] = [
        LoginResult::Ok,
        LoginResult::OkTotp,
        LoginResult::OkRecoveryCode,
        LoginResult::OkPasskey,
        LoginResult::WrongPassword,
        LoginResult::UnknownUser,
        LoginResult::Inactive,
        LoginResult::Throttled,
        LoginResult::SecondFactorAsked,
        LoginResult::WrongSecondFactor,
        LoginResult::WrongPasskey,
        LoginResult::SignedOn,
        LoginResult::SignOnRefused,
        LoginResult::SignOnOnly,
        LoginResult::InitialPassword,
        LoginResult::InitialPasswordEnded,
    ];

    /// The name in the records.
    pub const fn as_str(self) -> &'static str {
        match self {
            LoginResult::Ok => "ok",
            LoginResult::OkTotp => "ok-totp",
            LoginResult::OkRecoveryCode => "ok-recovery-code",
            LoginResult::OkPasskey => "ok-passkey",
            LoginResult::WrongPassword => "wrong-password",
            LoginResult::UnknownUser => "unknown-user",
            LoginResult::Inactive => "inactive",
            LoginResult::Throttled => "throttled",
            LoginResult::SecondFactorAsked => "second-factor-asked",
            LoginResult::WrongSecondFactor => "wrong-second-factor",
            LoginResult::WrongPasskey => "wrong-passkey",
            LoginResult::SignedOn => "oidc",
            LoginResult::SignOnRefused => "oidc-refused",
            LoginResult::SignOnOnly => "oidc-only",
            LoginResult::InitialPassword => "initial-password",
            LoginResult::InitialPasswordEnded => "initial-password-ended",
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
    /// What the browser calls itself; cut at 300 characters.
    pub user_agent: String,
    /// How it went.
    pub result: LoginResult,
}

/// An attempt as it was written down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordedAttempt {
    /// Its id; later attempts have greater ones.
    pub id: LoginAttemptId,
    /// Whose address it was then, if anybody's.
    pub user: Option<UserId>,
    /// What was tried.
    pub attempt: LoginAttempt,
}

/// Which attempts to list; every condition that is given holds.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct LoginAttemptFilter {
    /// Only those for this user.
    pub user: Option<UserId>,
    /// Only those whose address, as typed, holds this; case does not matter.
    pub email: Option<String>,
    /// Only those from network addresses that begin so.
    pub address: Option<String>,
    /// Only those that went so.
    pub result: Option<LoginResult>,
    /// Only those from this instant on.
    pub from: Option<Timestamp>,
    /// Only those before this instant.
    pub until: Option<Timestamp>,
    /// Only those before this one, to walk through all from the latest.
    pub below: Option<LoginAttemptId>,
}

impl LoginAttemptFilter {
    fn condition(&self) -> Condition {
        let like = |column: login_attempt::Column, pattern: String| {
            column.like(LikeExpr::new(pattern).escape('!'))
        };
        let mut all = Condition::all();
        if let Some(user) = self.user {
            all = all.add(login_attempt::Column::UserId.eq(user.to_string()));
        }
        if let Some(email) = &self.email {
            let pattern = format!("%{}%", escape_like(&lookup(email)));
            all = all.add(like(login_attempt::Column::Email, pattern));
        }
        if let Some(address) = &self.address {
            let pattern = format!("{}%", escape_like(address.trim()));
            all = all.add(like(login_attempt::Column::Address, pattern));
        }
        if let Some(result) = self.result {
            all = all.add(login_attempt::Column::Result.eq(result.as_str()));
        }
        if let Some(from) = self.from {
            all = all.add(login_attempt::Column::AtMs.gte(from.millis()));
        }
        if let Some(until) = self.until {
            all = all.add(login_attempt::Column::AtMs.lt(until.millis()));
        }
        if let Some(below) = self.below {
            all = all.add(login_attempt::Column::Id.lt(below.to_string()));
        }
        all
    }
}

/// Writes and lists login attempts.
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
        const DOING: &str = "writing a login attempt down";
        let email = lookup(&attempt.email);
        let whose: Option<String> = user::Entity::find()
            .select_only()
            .column(user::Column::Id)
            .filter(user::Column::Email.eq(email.as_str()))
            .into_tuple()
            .one(self.0.reader())
            .await
            .doing(DOING)?;
        let row = login_attempt::Model {
            id: LoginAttemptId::new().to_string(),
            at_ms: attempt.at.millis(),
            email,
            address: text::address(&attempt.address),
            result: attempt.result.as_str().to_owned(),
            user_id: whose,
            user_agent: text::agent(&attempt.user_agent),
        };
        login_attempt::Entity::insert(row.into_active_model())
            .exec_without_returning(self.0.writer())
            .await
            .doing(DOING)?;
        Ok(())
    }

    /// How many wrong second factors were given for `email` at or after `since`.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn wrong_second_factors(
        self,
        email: &str,
        since: Timestamp,
    ) -> Result<u64, RecordsError> {
        login_attempt::Entity::find()
            .filter(login_attempt::Column::AtMs.gte(since.millis()))
            .filter(login_attempt::Column::Result.eq(LoginResult::WrongSecondFactor.as_str()))
            .filter(login_attempt::Column::Email.eq(lookup(email)))
            .count(self.0.reader())
            .await
            .doing("counting wrong second factors")
    }

    /// The attempts that `filter` lets through, the latest first.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn list(
        self,
        filter: &LoginAttemptFilter,
        page: Page,
    ) -> Result<Vec<RecordedAttempt>, RecordsError> {
        let rows = login_attempt::Entity::find()
            .filter(filter.condition())
            .order_by_desc(login_attempt::Column::Id)
            .offset(page.offset())
            .limit(page.limit())
            .all(self.0.reader())
            .await
            .doing("listing login attempts")?;
        rows.into_iter().map(read).collect()
    }

    /// How many attempts `filter` lets through.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn count(self, filter: &LoginAttemptFilter) -> Result<u64, RecordsError> {
        let query = login_attempt::Entity::find().filter(filter.condition());
        query.count(self.0.reader()).await.doing("counting login attempts")
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

fn read(row: login_attempt::Model) -> Result<RecordedAttempt, RecordsError> {
    let result = row.result.parse();
    Ok(RecordedAttempt {
        id: LoginAttemptId::stored(&row.id)?,
        user: row.user_id.as_deref().map(UserId::stored).transpose()?,
        attempt: LoginAttempt {
            result: result
                .map_err(|error| RecordsError::corrupt("login attempt", &row.id, error))?,
            at: Timestamp(row.at_ms),
            email: row.email,
            address: row.address,
            user_agent: row.user_agent,
        },
    })
}
