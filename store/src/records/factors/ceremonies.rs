//! What a browser was asked to sign: kept here, so that any process takes the
//! answer, and taken out by the first answer, so that none counts twice.

use std::str::FromStr;

use correlate::model::Timestamp;
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, ModelTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::Factors;
use crate::records::entity::ceremony;
use crate::records::error::{Doing, RecordsError};
use crate::records::ids::{TokenHash, UserId};
use crate::records::text;

/// What a signature is for; one that was made for another thing counts for nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CeremonyKind {
    /// Signing in, whoever it is.
    SignIn,
    /// Signing in after the right password.
    SecondFactor,
    /// Proving again who one is.
    Confirmation,
    /// Making a new passkey known.
    Registration,
}

impl CeremonyKind {
    const ALL: [CeremonyKind; 4] = [
        CeremonyKind::SignIn,
        CeremonyKind::SecondFactor,
        CeremonyKind::Confirmation,
        CeremonyKind::Registration,
    ];

    /// The name in the records.
    pub const fn as_str(self) -> &'static str {
        match self {
            CeremonyKind::SignIn => "sign-in",
            CeremonyKind::SecondFactor => "second-factor",
            CeremonyKind::Confirmation => "confirmation",
            CeremonyKind::Registration => "registration",
        }
    }
}

impl FromStr for CeremonyKind {
    type Err = RecordsError;

    fn from_str(text: &str) -> Result<CeremonyKind, RecordsError> {
        let known = CeremonyKind::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| RecordsError::invalid("ceremony", format!("unknown: {text:?}")))
    }
}

/// What a browser was asked to sign.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ceremony {
    /// What for.
    pub kind: CeremonyKind,
    /// Of whom; `None`: whoever the passkey belongs to.
    pub user: Option<UserId>,
    /// JSON, of the library that verifies.
    pub state: String,
    /// From when on no answer counts.
    pub expires_at: Timestamp,
    /// Who began it, in one word: a network address, or a user.
    pub origin: String,
}

impl Factors<'_> {
    /// Ceremonies under way at once: far more than people who sign in within
    /// five minutes, and a bound on what strangers can make us keep.
    const CEREMONIES_MAX: u64 = 20_000;

    /// Keeps a ceremony for the browser that holds `token`, and forgets those
    /// that have expired at `now`. Where there are too many, the oldest of whoever
    /// began most of them makes room: so nobody takes the place of all.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn begin_ceremony(
        self,
        token: &TokenHash,
        begun: &Ceremony,
        now: Timestamp,
    ) -> Result<(), RecordsError> {
        self.begin_ceremony_among(token, begun, now, Self::CEREMONIES_MAX).await
    }

    /// The same, among at most `most` that are under way.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn begin_ceremony_among(
        self,
        token: &TokenHash,
        begun: &Ceremony,
        now: Timestamp,
        most: u64,
    ) -> Result<(), RecordsError> {
        const DOING: &str = "beginning a ceremony";
        self.prune_ceremonies(now).await?;
        let under_way = ceremony::Entity::find().count(self.0.reader()).await.doing(DOING)?;
        if under_way >= most {
            self.make_room().await?;
        }
        let row = ceremony::Model {
            token_sha256: token.to_hex(),
            kind: begun.kind.as_str().to_owned(),
            user_id: begun.user.map(|user| user.to_string()),
            state: begun.state.clone(),
            expires_at_ms: begun.expires_at.millis(),
            origin: text::address(&begun.origin),
        };
        ceremony::Entity::insert(row.into_active_model())
            .exec_without_returning(self.0.writer())
            .await
            .doing(DOING)?;
        Ok(())
    }

    /// Takes the ceremony of `token` out, if it is one of `kind` and has not
    /// expired at `now`. Of several who try, one gets it.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn take_ceremony(
        self,
        token: &TokenHash,
        kind: CeremonyKind,
        now: Timestamp,
    ) -> Result<Option<Ceremony>, RecordsError> {
        const DOING: &str = "ending a ceremony";
        let found = ceremony::Entity::find_by_id(token.to_hex())
            .filter(ceremony::Column::Kind.eq(kind.as_str()))
            .filter(ceremony::Column::ExpiresAtMs.gt(now.millis()))
            .one(self.0.writer())
            .await
            .doing(DOING)?;
        let Some(row) = found else { return Ok(None) };
        let taken = row.clone().delete(self.0.writer()).await.doing(DOING)?;
        if taken.rows_affected == 0 {
            return Ok(None);
        }
        Ok(Some(Ceremony {
            kind: row.kind.parse()?,
            user: row.user_id.as_deref().map(UserId::stored).transpose()?,
            state: row.state,
            expires_at: Timestamp(row.expires_at_ms),
            origin: row.origin,
        }))
    }

    /// Forgets the oldest ceremony of whoever began most of them.
    async fn make_room(self) -> Result<(), RecordsError> {
        const DOING: &str = "making room for a ceremony";
        let most: Option<String> = ceremony::Entity::find()
            .select_only()
            .column(ceremony::Column::Origin)
            .group_by(ceremony::Column::Origin)
            .order_by_desc(ceremony::Column::Origin.count())
            .into_tuple()
            .one(self.0.reader())
            .await
            .doing(DOING)?;
        let Some(most) = most else { return Ok(()) };
        let oldest = ceremony::Entity::find()
            .filter(ceremony::Column::Origin.eq(most))
            .order_by_asc(ceremony::Column::ExpiresAtMs)
            .one(self.0.reader())
            .await
            .doing(DOING)?;
        if let Some(oldest) = oldest {
            oldest.delete(self.0.writer()).await.doing(DOING)?;
        }
        Ok(())
    }

    pub(super) async fn prune_ceremonies(self, now: Timestamp) -> Result<u64, RecordsError> {
        let pruned = ceremony::Entity::delete_many()
            .filter(ceremony::Column::ExpiresAtMs.lte(now.millis()))
            .exec(self.0.writer())
            .await
            .doing("forgetting ceremonies")?;
        Ok(pruned.rows_affected)
    }
}
