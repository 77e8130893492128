//! What a mail is about, and what may become of it, by name.

use std::str::FromStr;

use crate::records::error::RecordsError;

/// What a mail is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MailKind {
    /// Somebody may come in for the first time.
    Invitation,
    /// Somebody may choose a new password.
    PasswordReset,
    /// Somebody's password has changed.
    PasswordChanged,
    /// What somebody signs in with has changed, or a recovery code was used.
    FactorsChanged,
    /// Somebody may show that notices arrive at another address.
    NotificationAddress,
    /// An administrator wants to see whether mails arrive.
    Test,
}

impl MailKind {
    const ALL: [MailKind; 6] = [
        MailKind::Invitation,
        MailKind::PasswordReset,
        MailKind::PasswordChanged,
        MailKind::FactorsChanged,
        MailKind::NotificationAddress,
        MailKind::Test,
    ];

    /// The name in the records and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            MailKind::Invitation => "invitation",
            MailKind::PasswordReset => "password-reset",
            MailKind::PasswordChanged => "password-changed",
            MailKind::FactorsChanged => "factors-changed",
            MailKind::NotificationAddress => "notification-address",
            MailKind::Test => "test",
        }
    }
}

impl FromStr for MailKind {
    type Err = RecordsError;

    fn from_str(text: &str) -> Result<MailKind, RecordsError> {
        let known = MailKind::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| RecordsError::invalid("mail kind", format!("unknown: {text:?}")))
    }
}

/// What became of a mail.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MailState {
    /// It is sent as soon as that is possible.
    Waiting,
    /// The mail server has taken it.
    Sent,
    /// The mail server refuses it for good.
    Failed,
    /// What it says was worth nothing any more before it could be sent.
    Expired,
}

impl MailState {
    /// Every state, in the order in which a mail may go through them.
    pub const ALL: [MailState; 4] =
        [MailState::Waiting, MailState::Sent, MailState::Failed, MailState::Expired];

    /// The name in the records and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            MailState::Waiting => "waiting",
            MailState::Sent => "sent",
            MailState::Failed => "failed",
            MailState::Expired => "expired",
        }
    }
}

impl FromStr for MailState {
    type Err = RecordsError;

    fn from_str(text: &str) -> Result<MailState, RecordsError> {
        let known = MailState::ALL.into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| RecordsError::invalid("mail state", format!("unknown: {text:?}")))
    }
}
