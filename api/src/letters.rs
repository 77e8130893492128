//! From a letter of the pages to a mail of the records: whom it goes to, in
//! which language and time zone, and until when it is worth anything.
//!
//! Nothing here sends; without a mail server nothing is queued either, see
//! [`ApiConfig::sends_mail`](crate::ApiConfig).

use correlate::model::Timestamp;
use dashboards::letters::{self, FactorNews, Letter};
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
        copy_to: None,
        subject: letter.subject,
        text: letter.text.into(),
        html: letter.html.into(),
        expires_at,
    }
}

/// News about how `user` signs in: to the address of the account, and to where
/// they want notices.
fn told(kind: MailKind, user: &User, letter: Letter, expires_at: Timestamp) -> MailDraft {
    let copy_to = user.proven_notification_email().map(str::to_owned);
    MailDraft { copy_to, ..mail(kind, user, letter, expires_at) }
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

/// Whoever reads `to` may show by `link` that notices to `user` arrive there.
/// `None` as in [`new_password`].
pub(crate) fn notification_address(
    state: &ApiState,
    user: &User,
    to: &str,
    link: &str,
    expires_at: Timestamp,
) -> Option<MailDraft> {
    let locale = locale(state, user);
    let letter = letters::notification_address(&locale, &user.name, &user.email, link, expires_at);
    let mail = mail(MailKind::NotificationAddress, user, rendered(letter)?, expires_at);
    Some(MailDraft { recipient: to.to_owned(), ..mail })
}

/// A mail to where `user` wants notices that says no more than that it arrived.
/// `None` as in [`new_password`].
pub(crate) fn test(state: &ApiState, user: &User) -> Option<MailDraft> {
    let letter = letters::test(&locale(state, user), &user.name);
    let expires_at = state.now().plus_millis(NEWS_VALID_MS);
    let mail = mail(MailKind::Test, user, rendered(letter)?, expires_at);
    let recipient = user.proven_notification_email().unwrap_or(&user.email).to_owned();
    Some(MailDraft { recipient, ..mail })
}

/// What `user` signs in with was changed from `address`. `None` without a mail
/// server, and as in [`new_password`].
pub(crate) fn factors_changed(
    state: &ApiState,
    user: &User,
    news: FactorNews,
    address: &str,
) -> Option<MailDraft> {
    if !state.config().sends_mail {
        return None;
    }
    let now = state.now();
    let letter = letters::factors_changed(&locale(state, user), &user.name, news, address, now);
    let expires_at = now.plus_millis(NEWS_VALID_MS);
    Some(told(MailKind::FactorsChanged, user, rendered(letter)?, expires_at))
}

/// The password of `user` was changed from `address`. `None` as in
/// [`new_password`].
pub(crate) fn password_changed(state: &ApiState, user: &User, address: &str) -> Option<MailDraft> {
    let now = state.now();
    let letter = letters::password_changed(&locale(state, user), &user.name, address, now);
    let expires_at = now.plus_millis(NEWS_VALID_MS);
    Some(told(MailKind::PasswordChanged, user, rendered(letter)?, expires_at))
}
