//! What a creation answered, so that sending it again creates nothing: the
//! `Idempotency-Key` of a request, for one day and for one user. Answers are
//! sealed: they may tell of people.

use correlate::model::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, TryInsertResult};
use secrecy::ExposeSecret;

use super::database::Records;
use super::entity::idempotency_key as row;
use super::error::{Doing, RecordsError};
use super::ids::{TokenHash, UserId};
use super::sealing;

/// One request that creates something, with the key that its sender gave it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyedRequest {
    /// Who sent it.
    pub user: UserId,
    /// The key; at most [`Idempotency::KEY_CHARS_MAX`] characters.
    pub key: String,
    /// Of method, path and body: the same key may not mean something else.
    pub fingerprint: TokenHash,
}

/// What is known of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Known {
    /// Nothing: go on, and say what came of it.
    New,
    /// It was answered so; give the same again.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The JSON body, without what was shown only once.
        body: String,
    },
    /// It is being worked on.
    Running,
    /// The key was used for another request.
    Another,
}

/// Keeps the answers.
#[derive(Clone, Copy, Debug)]
pub struct Idempotency<'a>(&'a Records);

impl Records {
    /// What creations answered.
    pub fn idempotency(&self) -> Idempotency<'_> {
        Idempotency(self)
    }
}

impl Idempotency<'_> {
    /// The longest key that is taken; a UUID has 36.
    pub const KEY_CHARS_MAX: usize = 100;
    /// How long an answer is kept: whoever tries again does so within a day.
    pub const KEPT_MS: i64 = 86_400_000;
    /// A request that has not ended so long after its last sign of life was lost
    /// with its process.
    pub const RUNNING_MS: i64 = 60_000;

    /// What is known of `request`; if it is new, others are told that it runs.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn begin(
        self,
        request: &KeyedRequest,
        now: Timestamp,
    ) -> Result<Known, RecordsError> {
        const DOING: &str = "looking for an earlier answer";
        self.forget_lost(request, now).await?;
        let fresh = row::Model {
            user_id: request.user.to_string(),
            key: request.key.clone(),
            request_sha256: request.fingerprint.to_hex(),
            at_ms: now.millis(),
            status: None,
            body: String::new(),
        };
        let there =
            OnConflict::columns([row::Column::UserId, row::Column::Key]).do_nothing().to_owned();
        let inserted = row::Entity::insert(fresh.into_active_model())
            .on_conflict(there)
            .try_insert()
            .exec_without_returning(self.0.writer())
            .await
            .doing(DOING)?;
        if matches!(inserted, TryInsertResult::Inserted(rows) if rows > 0) {
            return Ok(Known::New);
        }
        let id = (request.user.to_string(), request.key.clone());
        let found = row::Entity::find_by_id(id).one(self.0.writer()).await.doing(DOING)?;
        Ok(match found {
            None => Known::Running,
            Some(found) if found.request_sha256 != request.fingerprint.to_hex() => Known::Another,
            Some(found) => match found.status.and_then(|status| u16::try_from(status).ok()) {
                None => Known::Running,
                Some(status) => {
                    if found.body.is_empty() {
                        // From before answers were sealed.
                        return Ok(Known::Answered { status, body: found.body });
                    }
                    let opened = self.0.keyring().open_text(&purpose(request), &found.body);
                    let body = opened
                        .map_err(|error| RecordsError::sealed("answer", &request.key, error))?;
                    Known::Answered { status, body: body.expose_secret().to_owned() }
                }
            },
        })
    }

    /// Says that `request` is still being worked on, as it must within
    /// [`Idempotency::RUNNING_MS`].
    ///
    /// # Errors
    /// Only of the database.
    pub async fn still_runs(
        self,
        request: &KeyedRequest,
        now: Timestamp,
    ) -> Result<(), RecordsError> {
        row::Entity::update_many()
            .col_expr(row::Column::AtMs, Expr::value(now.millis()))
            .filter(row::Column::UserId.eq(request.user.to_string()))
            .filter(row::Column::Key.eq(request.key.as_str()))
            .filter(row::Column::Status.is_null())
            .exec(self.0.writer())
            .await
            .map(drop)
            .doing("noting that a request runs")
    }

    /// Keeps what `request` came to.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn answered(
        self,
        request: &KeyedRequest,
        status: u16,
        body: &str,
    ) -> Result<(), RecordsError> {
        let sealed = self.0.keyring().seal(&purpose(request), body.as_bytes());
        row::Entity::update_many()
            .col_expr(row::Column::Status, Expr::value(i64::from(status)))
            .col_expr(row::Column::Body, Expr::value(sealed))
            .filter(row::Column::UserId.eq(request.user.to_string()))
            .filter(row::Column::Key.eq(request.key.as_str()))
            .exec(self.0.writer())
            .await
            .doing("keeping an answer")?;
        Ok(())
    }

    /// Forgets `request`: it created nothing, and may be sent again.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn failed(self, request: &KeyedRequest) -> Result<(), RecordsError> {
        let id = (request.user.to_string(), request.key.clone());
        let gone = row::Entity::delete_by_id(id).exec(self.0.writer()).await;
        gone.map(drop).doing("forgetting a request")
    }

    /// Forgets the answers from before `until`; gives how many.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn prune(self, until: Timestamp) -> Result<u64, RecordsError> {
        let pruned = row::Entity::delete_many()
            .filter(row::Column::AtMs.lt(until.millis()))
            .exec(self.0.writer())
            .await
            .doing("forgetting old answers")?;
        Ok(pruned.rows_affected)
    }

    async fn forget_lost(self, request: &KeyedRequest, now: Timestamp) -> Result<(), RecordsError> {
        let lost = now.plus_millis(-Self::RUNNING_MS).millis();
        row::Entity::delete_many()
            .filter(row::Column::UserId.eq(request.user.to_string()))
            .filter(row::Column::Key.eq(request.key.as_str()))
            .filter(row::Column::Status.is_null())
            .filter(row::Column::AtMs.lt(lost))
            .exec(self.0.writer())
            .await
            .doing("forgetting a lost request")?;
        Ok(())
    }
}

fn purpose(request: &KeyedRequest) -> String {
    sealing::purpose(sealing::ANSWER, &[&request.user.to_string(), &request.key])
}
