//! Ending sessions because somebody says so; each is recorded.

use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter};
use serde_json::json;

use super::Sessions;
use crate::records::audit::{self, Actor};
use crate::records::entity::session;
use crate::records::error::{Doing, RecordsError};
use crate::records::ids::{SessionId, TokenHash, UserId};

impl Sessions<'_> {
    /// Signs out: ends the session of a token, if there is one.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn sign_out(self, actor: &Actor, token: &TokenHash) -> Result<(), RecordsError> {
        const DOING: &str = "signing out";
        let tx = self.0.begin(DOING).await?;
        let found = session::Entity::find_by_id(token.to_hex()).one(&tx).await.doing(DOING)?;
        let Some(found) = found else { return Ok(()) };
        session::Entity::delete_by_id(token.to_hex()).exec(&tx).await.doing(DOING)?;
        audit::append(&tx, actor, [entry("sign-out", &found)]).await?;
        tx.commit().await.doing(DOING)
    }

    /// Ends one session of `user`, named by its id.
    ///
    /// # Errors
    /// [`RecordsError::NotFound`] if `user` has no such session.
    pub async fn revoke(
        self,
        actor: &Actor,
        user: UserId,
        id: SessionId,
    ) -> Result<(), RecordsError> {
        const DOING: &str = "ending a session";
        let tx = self.0.begin(DOING).await?;
        let that = Condition::all().add(session::Column::Id.eq(id.to_string()));
        match end(&tx, actor, user, that).await? {
            0 => Err(RecordsError::not_found("session", id)),
            _ => tx.commit().await.doing(DOING),
        }
    }

    /// Ends every session of `user`, but `kept` if one is given; gives how many.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn revoke_all(
        self,
        actor: &Actor,
        user: UserId,
        kept: Option<SessionId>,
    ) -> Result<u64, RecordsError> {
        const DOING: &str = "ending the sessions of a user";
        let tx = self.0.begin(DOING).await?;
        let mut others = Condition::all();
        if let Some(kept) = kept {
            others = others.add(session::Column::Id.ne(kept.to_string()));
        }
        let ended = end(&tx, actor, user, others).await?;
        tx.commit().await.doing(DOING)?;
        Ok(ended)
    }
}

async fn end(
    tx: &DatabaseTransaction,
    actor: &Actor,
    user: UserId,
    which: Condition,
) -> Result<u64, RecordsError> {
    const DOING: &str = "ending sessions";
    let which = which.add(session::Column::UserId.eq(user.to_string()));
    let found = session::Entity::find().filter(which.clone()).all(tx).await.doing(DOING)?;
    session::Entity::delete_many().filter(which).exec(tx).await.doing(DOING)?;
    let entries: Vec<_> = found.iter().map(|row| entry("revoke", row)).collect();
    audit::append(tx, actor, entries).await?;
    Ok(found.len() as u64)
}

fn entry(action: &'static str, row: &session::Model) -> audit::Entry {
    let before = json!({
        "user": row.user_id,
        "created_at": row.created_at_ms,
        "address": row.address,
    });
    audit::Entry {
        action,
        object: format!("session/{}", row.id),
        before: Some(before),
        after: None,
    }
}
