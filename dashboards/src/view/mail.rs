//! Mails on their way, as their page shows them.

use correlate::model::Timestamp;

/// What became of a mail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MailCondition {
    /// It is sent as soon as that is possible.
    Waiting,
    /// The mail server has taken it.
    Sent,
    /// The mail server refuses it.
    Failed,
    /// It was worth nothing any more before it could be sent.
    Expired,
}

impl MailCondition {
    /// Every condition.
    pub const ALL: [MailCondition; 4] = [
        MailCondition::Waiting,
        MailCondition::Sent,
        MailCondition::Failed,
        MailCondition::Expired,
    ];

    /// The value of a field.
    pub const fn as_str(self) -> &'static str {
        match self {
            MailCondition::Waiting => "waiting",
            MailCondition::Sent => "sent",
            MailCondition::Failed => "failed",
            MailCondition::Expired => "expired",
        }
    }

    pub(crate) const fn key(self) -> &'static str {
        match self {
            MailCondition::Waiting => "mail-waiting",
            MailCondition::Sent => "mail-sent",
            MailCondition::Failed => "mail-failed",
            MailCondition::Expired => "mail-expired",
        }
    }

    pub(crate) const fn class(self) -> &'static str {
        match self {
            MailCondition::Waiting => "maintenance",
            MailCondition::Sent => "up",
            MailCondition::Failed => "down",
            MailCondition::Expired => "unknown",
        }
    }
}

/// A mail, without what is in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MailRow {
    /// To which address.
    pub recipient: String,
    /// Its subject.
    pub subject: String,
    /// What became of it.
    pub condition: MailCondition,
    /// Since when it waits, or waited.
    pub queued_at: Timestamp,
    /// How often it was tried.
    pub attempts: u64,
    /// When it is tried next.
    pub next_at: Option<Timestamp>,
    /// When it was sent or given up.
    pub ended_at: Option<Timestamp>,
    /// What the server or the network said last, in its own words.
    pub error: String,
}
