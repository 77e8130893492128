//! Mails: queued in the transaction of what they tell of, sent by one process
//! at a time, tried again until they expire.
//!
//! What is in a mail may let its reader in, so the body is sealed while it
//! waits, and forgotten as soon as the mail is sent or given up. Rows are kept for a while after that, for
//! administrators to see what became of them. Nothing here speaks SMTP.

mod kinds;
mod send;

use correlate::model::Timestamp;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use secrecy::{ExposeSecret, SecretString};

pub use kinds::{MailKind, MailState};
pub use send::DueMail;
pub(in crate::records) use send::void_links_within;

use super::audit::{self, Actor};
use super::database::Records;
use super::entity::mail;
use super::error::{Doing, RecordsError};
use super::ids::MailId;
use super::page::Page;
use super::{sealing, text};
use crate::Keyring;

/// The longest body: a page of text in two forms has a tenth of this.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// Mails that wait at once: more are a fault or an attack, and would hold up
/// those of everybody else for hours.
const WAITING_MAX: u64 = 20_000;

/// A mail to be sent.
#[derive(Clone, Debug)]
pub struct MailDraft {
    /// What it is about.
    pub kind: MailKind,
    /// To which address.
    pub recipient: String,
    /// To which address too, as a mail of its own.
    pub copy_to: Option<String>,
    /// Its subject, in the reader's language.
    pub subject: String,
    /// The body as plain text.
    pub text: SecretString,
    /// The body as HTML.
    pub html: SecretString,
    /// From when on it is worth nothing.
    pub expires_at: Timestamp,
}

/// A mail as administrators see it: without what is in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mail {
    /// Its id.
    pub id: MailId,
    /// What it is about.
    pub kind: MailKind,
    /// To which address.
    pub recipient: String,
    /// Its subject.
    pub subject: String,
    /// Since when it waits, or waited.
    pub queued_at: Timestamp,
    /// From when on it is not sent any more.
    pub expires_at: Timestamp,
    /// What became of it.
    pub state: MailState,
    /// How often it was tried.
    pub attempts: u64,
    /// When it is tried next; `None` when it waits no more.
    pub next_at: Option<Timestamp>,
    /// When it was sent or given up.
    pub ended_at: Option<Timestamp>,
    /// What went wrong last; else empty.
    pub error: String,
}

/// Queues, lists and sends mails.
#[derive(Clone, Copy, Debug)]
pub struct Mails<'a>(&'a Records);

impl Records {
    /// Mails on their way, and what became of those that left.
    pub fn mails(&self) -> Mails<'_> {
        Mails(self)
    }
}

impl Mails<'_> {
    /// Queues a mail that tells of nothing that is written down.
    ///
    /// # Errors
    /// [`RecordsError::Invalid`] for an address or subject that is not allowed,
    /// and when too many mails wait.
    pub async fn queue(self, draft: &MailDraft, now: Timestamp) -> Result<MailId, RecordsError> {
        const DOING: &str = "queueing a mail";
        let tx = self.0.begin(DOING).await?;
        let id = queue_within(&tx, self.0.keyring(), draft, now).await?;
        tx.commit().await.doing(DOING)?;
        Ok(id)
    }

    /// Queues a mail by which somebody wants to see whether mails arrive.
    ///
    /// # Errors
    /// As [`Mails::queue`].
    pub async fn queue_test(
        self,
        actor: &Actor,
        draft: &MailDraft,
    ) -> Result<MailId, RecordsError> {
        const DOING: &str = "queueing a test mail";
        let tx = self.0.begin(DOING).await?;
        let id = queue_within(&tx, self.0.keyring(), draft, actor.at).await?;
        let entry = audit::Entry {
            action: "test",
            object: "mails".to_owned(),
            before: None,
            after: Some(serde_json::json!({ "recipient": draft.recipient })),
        };
        audit::append(&tx, actor, [entry]).await?;
        tx.commit().await.doing(DOING)?;
        Ok(id)
    }

    /// The mails in `state`, or all; the latest first.
    ///
    /// # Errors
    /// Only of the database, or a stored value that cannot be read.
    pub async fn list(
        self,
        state: Option<MailState>,
        page: Page,
    ) -> Result<Vec<Mail>, RecordsError> {
        let rows = filtered(state)
            .order_by_desc(mail::Column::Id)
            .offset(page.offset())
            .limit(page.limit())
            .all(self.0.reader())
            .await
            .doing("listing mails")?;
        rows.into_iter().map(read).collect()
    }

    /// How many mails are in `state`, or at all.
    ///
    /// # Errors
    /// Only of the database.
    pub async fn count(self, state: Option<MailState>) -> Result<u64, RecordsError> {
        filtered(state).count(self.0.reader()).await.doing("counting mails")
    }
}

fn filtered(state: Option<MailState>) -> sea_orm::Select<mail::Entity> {
    let all = mail::Entity::find();
    match state {
        Some(state) => all.filter(mail::Column::State.eq(state.as_str())),
        None => all,
    }
}

/// Queues a mail within the change that it tells of, and its copy; gives the id
/// of the first.
pub(in crate::records) async fn queue_within(
    tx: &DatabaseTransaction,
    keyring: &Keyring,
    draft: &MailDraft,
    now: Timestamp,
) -> Result<MailId, RecordsError> {
    let id = queue_for(tx, keyring, draft, &draft.recipient, now).await?;
    if let Some(other) = &draft.copy_to {
        queue_for(tx, keyring, draft, other, now).await?;
    }
    Ok(id)
}

async fn queue_for(
    tx: &DatabaseTransaction,
    keyring: &Keyring,
    draft: &MailDraft,
    recipient: &str,
    now: Timestamp,
) -> Result<MailId, RecordsError> {
    const DOING: &str = "queueing a mail";
    let recipient = text::name("recipient", recipient)?;
    let subject = text::name("subject", &draft.subject)?;
    let (body_text, body_html) = (draft.text.expose_secret(), draft.html.expose_secret());
    if body_text.len() + body_html.len() > BODY_BYTES_MAX {
        let reason = format!("must have at most {BODY_BYTES_MAX} bytes in both forms");
        return Err(RecordsError::invalid("body", reason));
    }
    let waiting = filtered(Some(MailState::Waiting)).count(tx).await.doing(DOING)?;
    if waiting >= WAITING_MAX {
        let reason = format!("{waiting} mails wait already; mend the mail server first");
        return Err(RecordsError::invalid("mail", reason));
    }
    let id = MailId::new();
    let key = id.to_string();
    let seal = |what, body: &str| keyring.seal(&sealing::purpose(what, &[&key]), body.as_bytes());
    let row = mail::Model {
        body_text: seal(sealing::MAIL_TEXT, body_text),
        body_html: seal(sealing::MAIL_HTML, body_html),
        id: key,
        kind: draft.kind.as_str().to_owned(),
        recipient,
        subject,
        queued_at_ms: now.millis(),
        expires_at_ms: draft.expires_at.millis(),
        state: MailState::Waiting.as_str().to_owned(),
        attempts: 0,
        next_at_ms: now.millis(),
        ended_at_ms: None,
        error: String::new(),
    };
    mail::Entity::insert(row.into_active_model()).exec_without_returning(tx).await.doing(DOING)?;
    Ok(id)
}

fn read(row: mail::Model) -> Result<Mail, RecordsError> {
    let corrupt = |error: RecordsError| RecordsError::corrupt("mail", &row.id, error);
    let state: MailState = row.state.parse().map_err(corrupt)?;
    let kind = row.kind.parse().map_err(corrupt)?;
    Ok(Mail {
        id: MailId::stored(&row.id)?,
        kind,
        recipient: row.recipient,
        subject: row.subject,
        queued_at: Timestamp(row.queued_at_ms),
        expires_at: Timestamp(row.expires_at_ms),
        state,
        attempts: row.attempts.unsigned_abs(),
        next_at: (state == MailState::Waiting).then_some(Timestamp(row.next_at_ms)),
        ended_at: row.ended_at_ms.map(Timestamp),
        error: row.error,
    })
}
