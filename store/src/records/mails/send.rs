//! What the sender of mails does: takes those that are due, and says what
//! became of each.

use correlate::model::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect};
use secrecy::SecretString;

use super::{MailState, Mails};
use crate::records::audit::{self, Actor};
use crate::records::entity::mail;
use crate::records::error::{Doing, RecordsError};
use crate::records::ids::MailId;
use crate::records::text;

/// A mail that is to be sent now.
#[derive(Debug)]
pub struct DueMail {
    /// Its id, also of the message, so that a repetition can be told.
    pub id: MailId,
    /// To which address.
    pub recipient: String,
    /// Its subject.
    pub subject: String,
    /// The body as plain text.
    pub text: SecretString,
    /// The body as HTML.
    pub html: SecretString,
    /// How often it was tried before.
    pub attempts: u32,
    /// From when on it is worth nothing.
    pub expires_at: Timestamp,
}

impl Mails<'_> {
    /// The most mails that [`Mails::due`] gives at once.
    pub const DUE_MAX: u64 = 50;

    /// The mails to be sent at `now`, the longest waiting first. Those that
    /// have expired meanwhile are given up.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn due(self, now: Timestamp) -> Result<Vec<DueMail>, RecordsError> {
        const DOING: &str = "looking for mails to send";
        end(MailState::Expired, now)
            .filter(mail::Column::State.eq(MailState::Waiting.as_str()))
            .filter(mail::Column::ExpiresAtMs.lte(now.millis()))
            .exec(self.0.writer())
            .await
            .doing(DOING)?;
        let rows = mail::Entity::find()
            .filter(mail::Column::State.eq(MailState::Waiting.as_str()))
            .filter(mail::Column::NextAtMs.lte(now.millis()))
            .order_by_asc(mail::Column::NextAtMs)
            .order_by_asc(mail::Column::Id)
            .limit(Self::DUE_MAX)
            .all(self.0.reader())
            .await
            .doing(DOING)?;
        rows.into_iter()
            .map(|row| {
                Ok(DueMail {
                    id: MailId::stored(&row.id)?,
                    recipient: row.recipient,
                    subject: row.subject,
                    text: row.body_text.into(),
                    html: row.body_html.into(),
                    attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
                    expires_at: Timestamp(row.expires_at_ms),
                })
            })
            .collect()
    }

    /// The mail server has taken `id`; its body is forgotten.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn sent(self, id: MailId, now: Timestamp) -> Result<(), RecordsError> {
        end(MailState::Sent, now)
            .col_expr(mail::Column::Error, Expr::value(""))
            .col_expr(mail::Column::Attempts, Expr::col(mail::Column::Attempts).add(1))
            .filter(mail::Column::Id.eq(id.to_string()))
            .exec(self.0.writer())
            .await
            .doing("noting that a mail was sent")?;
        Ok(())
    }

    /// `id` could not be sent because of `error`: it is tried again at
    /// `next_at`, or given up and its body forgotten.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn not_sent(
        self,
        id: MailId,
        now: Timestamp,
        error: &str,
        next_at: Option<Timestamp>,
    ) -> Result<(), RecordsError> {
        let change = match next_at {
            Some(next_at) => mail::Entity::update_many()
                .col_expr(mail::Column::NextAtMs, Expr::value(next_at.millis())),
            None => end(MailState::Failed, now),
        };
        change
            .col_expr(mail::Column::Error, Expr::value(text::foreign(error)))
            .col_expr(mail::Column::Attempts, Expr::col(mail::Column::Attempts).add(1))
            .filter(mail::Column::Id.eq(id.to_string()))
            .exec(self.0.writer())
            .await
            .doing("noting that a mail was not sent")?;
        Ok(())
    }

    /// Somebody does not want to wait for the next attempt at the mails that
    /// wait: it is made now. Gives how many there are.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn hurry(self, actor: &Actor) -> Result<u64, RecordsError> {
        const DOING: &str = "trying mails again";
        let tx = self.0.begin(DOING).await?;
        let hurried = mail::Entity::update_many()
            .col_expr(mail::Column::NextAtMs, Expr::value(actor.at.millis()))
            .filter(mail::Column::State.eq(MailState::Waiting.as_str()))
            .exec(&tx)
            .await
            .doing(DOING)?
            .rows_affected;
        let entry = audit::Entry {
            action: "hurry",
            object: "mails".to_owned(),
            before: None,
            after: Some(serde_json::json!({ "mails": hurried })),
        };
        audit::append(&tx, actor, [entry]).await?;
        tx.commit().await.doing(DOING)?;
        Ok(hurried)
    }

    /// Forgets mails that were sent or given up before `before`. Gives how many.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn forget(self, before: Timestamp) -> Result<u64, RecordsError> {
        let deleted = mail::Entity::delete_many()
            .filter(mail::Column::EndedAtMs.lt(before.millis()))
            .exec(self.0.writer())
            .await
            .doing("forgetting old mails")?;
        Ok(deleted.rows_affected)
    }
}

fn end(state: MailState, now: Timestamp) -> sea_orm::UpdateMany<mail::Entity> {
    mail::Entity::update_many()
        .col_expr(mail::Column::State, Expr::value(state.as_str()))
        .col_expr(mail::Column::EndedAtMs, Expr::value(now.millis()))
        .col_expr(mail::Column::BodyText, Expr::value(""))
        .col_expr(mail::Column::BodyHtml, Expr::value(""))
}
