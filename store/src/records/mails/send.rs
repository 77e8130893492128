//! What the sender of mails does: takes those that are due, and says what
//! became of each.

use correlate::model::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
};
use secrecy::SecretString;

use super::{MailKind, MailState, Mails};
use crate::records::audit::{self, Actor};
use crate::records::entity::mail;
use crate::records::error::{Doing, RecordsError};
use crate::records::ids::MailId;
use crate::records::{sealing, text};

/// A mail that was sealed with a key that is not here is looked at again after this.
const UNREADABLE_PAUSE_MS: i64 = 60_000;

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
        let mut due = Vec::with_capacity(rows.len());
        for row in rows {
            let id = MailId::stored(&row.id)?;
            match self.opened(row) {
                Ok(mail) => due.push(mail),
                // Those of others go out meanwhile; the key may come back.
                Err(error) => {
                    tracing::error!(mail = %id, %error, "a mail cannot be read");
                    let next_at = now.plus_millis(UNREADABLE_PAUSE_MS);
                    self.not_sent(id, now, &error.to_string(), Some(next_at)).await?;
                }
            }
        }
        Ok(due)
    }

    fn opened(self, row: mail::Model) -> Result<DueMail, RecordsError> {
        let open = |what, body: &str| {
            let purpose = sealing::purpose(what, &[&row.id]);
            let opened = self.0.keyring().open_text(&purpose, body);
            opened.map_err(|error| RecordsError::sealed("mail", &row.id, error))
        };
        Ok(DueMail {
            id: MailId::stored(&row.id)?,
            text: open(sealing::MAIL_TEXT, &row.body_text)?,
            html: open(sealing::MAIL_HTML, &row.body_html)?,
            recipient: row.recipient,
            subject: row.subject,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            expires_at: Timestamp(row.expires_at_ms),
        })
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

/// Gives up what waits for `recipient` and holds a link that no longer works,
/// within a larger change.
pub(in crate::records) async fn void_links_within(
    tx: &DatabaseTransaction,
    recipient: &str,
    at: Timestamp,
) -> Result<(), RecordsError> {
    let kinds = [MailKind::Invitation, MailKind::PasswordReset, MailKind::NotificationAddress];
    let kinds = kinds.map(MailKind::as_str);
    end(MailState::Expired, at)
        .col_expr(mail::Column::Error, Expr::value("the link in it no longer works"))
        .filter(mail::Column::State.eq(MailState::Waiting.as_str()))
        .filter(mail::Column::Recipient.eq(recipient))
        .filter(mail::Column::Kind.is_in(kinds))
        .exec(tx)
        .await
        .doing("giving up mails with links that no longer work")?;
    Ok(())
}

fn end(state: MailState, now: Timestamp) -> sea_orm::UpdateMany<mail::Entity> {
    mail::Entity::update_many()
        .col_expr(mail::Column::State, Expr::value(state.as_str()))
        .col_expr(mail::Column::EndedAtMs, Expr::value(now.millis()))
        .col_expr(mail::Column::BodyText, Expr::value(""))
        .col_expr(mail::Column::BodyHtml, Expr::value(""))
}
