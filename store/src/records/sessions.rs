//! Sessions of people in a browser. A session ends when it has been idle too
//! long, at its absolute end, when its user ends it, or when the user's
//! password or standing changes.

mod ends;

use correlate::model::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::database::Records;
use super::entity::{session, user};
use super::error::{Doing, RecordsError};
use super::ids::{SessionId, TokenHash, UserId};
use super::{factors, text, users};

/// By what a session began.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Proof {
    /// A password alone.
    Password,
    /// A password and a second factor.
    SecondFactor,
    /// A passkey, which is two factors in one: a device and who unlocks it.
    Passkey,
    /// The word of another provider, which says nothing of a second factor.
    Federated,
    /// The same and a second factor, which the provider vouches for or which was
    /// given here.
    FederatedSecondFactor,
}

impl Proof {
    const ALL: [Proof; 5] = [
        Proof::Password,
        Proof::SecondFactor,
        Proof::Passkey,
        Proof::Federated,
        Proof::FederatedSecondFactor,
    ];
    /// Those that rest on the word of a provider.
    const FEDERATED: [Proof; 2] = [Proof::Federated, Proof::FederatedSecondFactor];

    /// Whether it rests on the word of a provider.
    pub fn is_federated(self) -> bool {
        Proof::FEDERATED.contains(&self)
    }

    /// The name in the records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Proof::Password => "password",
            Proof::SecondFactor => "second-factor",
            Proof::Passkey => "passkey",
            Proof::Federated => "federated",
            Proof::FederatedSecondFactor => "federated-second-factor",
        }
    }

    /// An unknown one counts as the weakest.
    fn stored(text: &str) -> Proof {
        let known = Proof::ALL.into_iter().find(|proof| proof.as_str() == text);
        known.unwrap_or(Proof::Password)
    }
}

/// A session to begin.
#[derive(Clone, Debug)]
pub struct SessionDraft {
    /// Of the token that the browser will present.
    pub token: TokenHash,
    /// Whose it is.
    pub user: UserId,
    /// When it begins.
    pub at: Timestamp,
    /// Milliseconds without a request after which it ends.
    pub idle_timeout_ms: i64,
    /// Milliseconds after which it ends in any case.
    pub absolute_timeout_ms: i64,
    /// What the browser calls itself; cut at 300 characters.
    pub user_agent: String,
    /// The network address it came from.
    pub address: String,
}

/// A session as its user may see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// Names it, for ending it; does not open anything.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// When it began.
    pub created_at: Timestamp,
    /// Its last request, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends if no request comes.
    pub expires_at: Timestamp,
    /// What the browser calls itself.
    pub user_agent: String,
    /// The network address it began from.
    pub address: String,
    /// When its user last proved in it who they are.
    pub confirmed_at: Timestamp,
    /// By what it began.
    pub proof: Proof,
}

/// Begins, finds and ends sessions.
#[derive(Clone, Copy, Debug)]
pub struct Sessions<'a>(&'a Records);

impl Records {
    /// The sessions of people in a browser.
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions(self)
    }
}

impl Sessions<'_> {
    /// How many sessions one user may have; the oldest makes room, so that
    /// logging in over and over does not fill the table.
    pub const MAX_PER_USER: usize = 20;
    /// How often a request is written down: a page makes several at once, and
    /// each write costs a disk flush.
    pub const TOUCH_INTERVAL_MS: i64 = 60_000;

    /// Begins a session by a password alone.
    ///
    /// # Errors
    /// See [`Sessions::begin`].
    pub async fn create(self, draft: &SessionDraft) -> Result<SessionId, RecordsError> {
        self.begin(draft, Proof::Password).await
    }

    /// Begins a session by `proof`.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`] for a user that is not there or not active.
    pub async fn begin(
        self,
        draft: &SessionDraft,
        proof: Proof,
    ) -> Result<SessionId, RecordsError> {
        self.begin_proved(draft, proof, draft.at).await
    }

    /// Begins a session by a `proof` that was given at `proved_at`, which may be
    /// long before.
    ///
    /// # Errors
    /// See [`Sessions::begin`].
    pub async fn begin_proved(
        self,
        draft: &SessionDraft,
        proof: Proof,
        proved_at: Timestamp,
    ) -> Result<SessionId, RecordsError> {
        const DOING: &str = "beginning a session";
        let tx = self.0.begin(DOING).await?;
        let owner = user::Entity::find_by_id(draft.user.to_string())
            .filter(user::Column::Active.eq(true))
            .one(&tx)
            .await
            .doing(DOING)?;
        if owner.is_none() {
            return Err(RecordsError::not_found("user", draft.user));
        }
        make_room(&tx, draft.user).await?;
        let id = SessionId::new();
        let absolute = draft.at.plus_millis(draft.absolute_timeout_ms);
        let row = session::Model {
            token_sha256: draft.token.to_hex(),
            id: id.to_string(),
            user_id: draft.user.to_string(),
            created_at_ms: draft.at.millis(),
            last_seen_at_ms: draft.at.millis(),
            idle_timeout_ms: draft.idle_timeout_ms,
            expires_at_ms: draft.at.plus_millis(draft.idle_timeout_ms).min(absolute).millis(),
            absolute_expires_at_ms: absolute.millis(),
            user_agent: text::agent(&draft.user_agent),
            address: text::address(&draft.address),
            confirmed_at_ms: proved_at.min(draft.at).millis(),
            proof: proof.as_str().to_owned(),
        };
        session::Entity::insert(row.into_active_model())
            .exec_without_returning(&tx)
            .await
            .doing(DOING)?;
        tx.commit().await.doing(DOING)?;
        Ok(id)
    }

    /// The session of a token and its user, if it has not ended at `now` and
    /// the user is active. Writes down the request, at most once in
    /// [`Sessions::TOUCH_INTERVAL_MS`].
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn find(
        self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<(Session, users::User)>, RecordsError> {
        let Some((row, owner)) = self.open(token, now).await? else { return Ok(None) };
        let row = self.touch(row, now).await?;
        Ok(Some((read(row)?, owner)))
    }

    /// The same of a request that nobody made by hand, such as a page that
    /// fetches itself anew: it is not written down, and the session goes on idling.
    ///
    /// # Errors
    /// See [`Sessions::find`].
    pub async fn find_idle(
        self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<(Session, users::User)>, RecordsError> {
        let Some((row, owner)) = self.open(token, now).await? else { return Ok(None) };
        Ok(Some((read(row)?, owner)))
    }

    async fn open(
        self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<(session::Model, users::User)>, RecordsError> {
        const DOING: &str = "reading a session";
        let row = session::Entity::find_by_id(token.to_hex())
            .filter(session::Column::ExpiresAtMs.gt(now.millis()))
            .one(self.0.reader())
            .await
            .doing(DOING)?;
        let Some(row) = row else { return Ok(None) };
        let owner = user::Entity::find_by_id(row.user_id.as_str())
            .filter(user::Column::Active.eq(true))
            .one(self.0.reader())
            .await
            .doing(DOING)?;
        let Some(owner) = owner else { return Ok(None) };
        Ok(Some((row, users::load_one(self.0.reader(), owner).await?)))
    }

    async fn touch(
        self,
        mut row: session::Model,
        now: Timestamp,
    ) -> Result<session::Model, RecordsError> {
        if now.millis().saturating_sub(row.last_seen_at_ms) < Self::TOUCH_INTERVAL_MS {
            return Ok(row);
        }
        let idle_end = now.plus_millis(row.idle_timeout_ms).millis();
        row.last_seen_at_ms = now.millis();
        row.expires_at_ms = idle_end.min(row.absolute_expires_at_ms);
        // Not by upsert: a session ended meanwhile must stay ended.
        session::Entity::update_many()
            .col_expr(session::Column::LastSeenAtMs, Expr::value(row.last_seen_at_ms))
            .col_expr(session::Column::ExpiresAtMs, Expr::value(row.expires_at_ms))
            .filter(session::Column::TokenSha256.eq(row.token_sha256.as_str()))
            .exec(self.0.writer())
            .await
            .doing("renewing a session")?;
        Ok(row)
    }

    /// The user of the session of `token` proved at `now` who they are; from now
    /// on `renewed` opens it, and `token` nothing. False if it is not there.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn confirm(
        self,
        token: &TokenHash,
        renewed: &TokenHash,
        now: Timestamp,
    ) -> Result<bool, RecordsError> {
        let confirmed = session::Entity::update_many()
            .col_expr(session::Column::ConfirmedAtMs, Expr::value(now.millis()))
            .col_expr(session::Column::TokenSha256, Expr::value(renewed.to_hex()))
            .filter(session::Column::TokenSha256.eq(token.to_hex()))
            .exec(self.0.writer())
            .await
            .doing("confirming a session")?;
        Ok(confirmed.rows_affected == 1)
    }

    /// The sessions of `user` that have not ended at `now`, the latest first.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn list(self, user: UserId, now: Timestamp) -> Result<Vec<Session>, RecordsError> {
        let rows = session::Entity::find()
            .filter(session::Column::UserId.eq(user.to_string()))
            .filter(session::Column::ExpiresAtMs.gt(now.millis()))
            .order_by_desc(session::Column::CreatedAtMs)
            .order_by_desc(session::Column::Id)
            .all(self.0.reader())
            .await
            .doing("listing sessions")?;
        rows.into_iter().map(read).collect()
    }

    /// Whose session `id` is, ended or not.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn owner(self, id: SessionId) -> Result<Option<UserId>, RecordsError> {
        let row = session::Entity::find()
            .filter(session::Column::Id.eq(id.to_string()))
            .one(self.0.reader())
            .await
            .doing("reading a session")?;
        row.map(|row| UserId::stored(&row.user_id)).transpose()
    }

    /// Ends the session of a token, if there is one: another takes its place.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn end(self, token: &TokenHash) -> Result<(), RecordsError> {
        let ended = session::Entity::delete_by_id(token.to_hex()).exec(self.0.writer()).await;
        ended.map(drop).doing("ending a session")
    }

    /// Forgets the sessions that have ended before `now`; gives how many.
    /// They open nothing anyway: this only saves room.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn prune(self, now: Timestamp) -> Result<u64, RecordsError> {
        let pruned = session::Entity::delete_many()
            .filter(session::Column::ExpiresAtMs.lte(now.millis()))
            .exec(self.0.writer())
            .await
            .doing("forgetting sessions that ended")?;
        Ok(pruned.rows_affected)
    }
}

/// Ends every session of `user`, and what would become one, within a larger change.
pub(super) async fn revoke_within(
    tx: &DatabaseTransaction,
    user: UserId,
) -> Result<u64, RecordsError> {
    factors::revoke_half_within(tx, user).await?;
    let ended = session::Entity::delete_many()
        .filter(session::Column::UserId.eq(user.to_string()))
        .exec(tx)
        .await
        .doing("ending the sessions of a user")?;
    Ok(ended.rows_affected)
}

/// Ends the sessions of `user` that began by the word of a provider, within a
/// larger change.
pub(super) async fn revoke_federated_within(
    tx: &DatabaseTransaction,
    user: UserId,
) -> Result<u64, RecordsError> {
    let ended = session::Entity::delete_many()
        .filter(session::Column::UserId.eq(user.to_string()))
        .filter(session::Column::Proof.is_in(Proof::FEDERATED.map(Proof::as_str)))
        .exec(tx)
        .await
        .doing("ending the sessions that a provider vouched for")?;
    Ok(ended.rows_affected)
}

/// Ends the oldest sessions of `user`, so that one more fits.
async fn make_room(tx: &DatabaseTransaction, user: UserId) -> Result<(), RecordsError> {
    const DOING: &str = "ending the oldest sessions of a user";
    let tokens: Vec<String> = session::Entity::find()
        .select_only()
        .column(session::Column::TokenSha256)
        .filter(session::Column::UserId.eq(user.to_string()))
        .order_by_desc(session::Column::CreatedAtMs)
        .order_by_desc(session::Column::Id)
        .into_tuple()
        .all(tx)
        .await
        .doing(DOING)?;
    let surplus: Vec<String> = tokens.into_iter().skip(Sessions::MAX_PER_USER - 1).collect();
    if surplus.is_empty() {
        return Ok(());
    }
    let ended = session::Entity::delete_many()
        .filter(session::Column::TokenSha256.is_in(surplus))
        .exec(tx)
        .await;
    ended.map(drop).doing(DOING)
}

fn read(row: session::Model) -> Result<Session, RecordsError> {
    Ok(Session {
        id: SessionId::stored(&row.id)?,
        user: UserId::stored(&row.user_id)?,
        created_at: Timestamp(row.created_at_ms),
        last_seen_at: Timestamp(row.last_seen_at_ms),
        expires_at: Timestamp(row.expires_at_ms),
        user_agent: row.user_agent,
        address: row.address,
        confirmed_at: Timestamp(row.confirmed_at_ms),
        proof: Proof::stored(&row.proof),
    })
}
