//! From a letter of the pages to a mail of the records: whom it goes to, in
//! which language and time zone, and until when it is worth anything.
//!
//! Nothing here sends; without a mail server nothing is queued either, see
//! [`ApiConfig::sends_mail`](crate::ApiConfig).

use correlate::model::Timestamp;
use dashboards::letters::{self, Letter};
use dashboards::{Lang, Locale, RenderError};
use jiff::tz::TimeZone;
use store::records::{Language, MailDraft, MailKind, User};

use crate::app::ApiState;

/// Word that something has changed is worth telling for so long.
const NEWS_VALID_MS: i64 = 3 * 86_400_000;

fn locale(state: &ApiState, user: &User) -> Locale {
    let zone = user.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok());
    let lang = match user.language {
        Language::Nl => Lang::Dutch,
        Language::En => Lang::English,
    };
    Locale::new(lang, zone.unwrap_or_else(|| state.config().time_zone.clone()))
}

fn rendered(letter: Result<Letter, RenderError>) -> Option<Letter> {
    letter.inspect_err(|error| tracing::error!(%error, "a letter could not be written")).ok()
}

fn mail(kind: MailKind, user: &User, letter: Letter, expires_at: Timestamp) -> MailDraft {
    MailDraft {
        kind,
        recipient: user.email.clone(),
        subject: letter.subject,
        text: letter.text.into(),
        html: letter.html.into(),
        expires_at,
    }
}

/// `inviter` invites `user`, who comes in by `link`. `None` after a fault of a
/// template, which is logged.
pub(crate) fn invitation(
    state: &ApiState,
    user: &User,
    inviter: &str,
    link: &str,
    expires_at: Timestamp,
) -> Option<MailDraft> {
    // Until they say otherwise, somebody is called by their address.
    let name = if user.name == user.email { "" } else { user.name.as_str() };
    let letter = letters::invitation(&locale(state, user), name, inviter, link, expires_at);
    Some(mail(MailKind::Invitation, user, rendered(letter)?, expires_at))
}

/// Whoever `user` is may choose a new password by `link`; it was asked for
/// from `address`. `None` after a fault of a template, which is logged.
pub(crate) fn new_password(
    state: &ApiState,
    user: &User,
    address: &str,
    link: &str,
    expires_at: Timestamp,
) -> Option<MailDraft> {
    let locale = locale(state, user);
    let letter = letters::password_reset(&locale, &user.name, address, link, expires_at);
    Some(mail(MailKind::PasswordReset, user, rendered(letter)?, expires_at))
}

/// The password of `user` was changed from `address`. `None` as in
/// [`new_password`].
pub(crate) fn password_changed(state: &ApiState, user: &User, address: &str) -> Option<MailDraft> {
    let now = state.now();
    let letter = letters::password_changed(&locale(state, user), &user.name, address, now);
    let expires_at = now.plus_millis(NEWS_VALID_MS);
    Some(mail(MailKind::PasswordChanged, user, rendered(letter)?, expires_at))
}
