//! What mails say, in the language and time zone of who reads them: a subject,
//! and the same words as text and as HTML.
//!
//! A letter holds at most one link, which is written out, so that its reader
//! sees where it leads; so is the code behind its `#`, which some mail programs cut
//! off. Nothing here sends anything.

use askama::Template;
use correlate::model::Timestamp;

use crate::locale::Locale;
use crate::render::{Render, RenderError};

/// A letter, ready to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Letter {
    /// Its subject.
    pub subject: String,
    /// The words as plain text.
    pub text: String,
    /// The words as HTML.
    pub html: String,
}

/// A link in a letter.
struct Button<'a> {
    label: String,
    address: &'a str,
}

impl Button<'_> {
    /// What its page asks for when it was not told by the link.
    fn code(&self) -> Option<&str> {
        self.address.split_once('#').map(|(_, code)| code)
    }
}

/// What both forms are made of.
struct Words<'a> {
    locale: &'a Locale,
    subject: String,
    greeting: String,
    paragraphs: Vec<String>,
    button: Option<Button<'a>>,
    after: Vec<String>,
}

#[derive(Template)]
#[template(path = "letters/letter.txt")]
struct TextForm<'a> {
    words: &'a Words<'a>,
}

#[derive(Template)]
#[template(path = "letters/letter.html")]
struct HtmlForm<'a> {
    words: &'a Words<'a>,
}

impl Words<'_> {
    fn letter(self) -> Result<Letter, RenderError> {
        let text = Render::render(&TextForm { words: &self })?;
        let html = Render::render(&HtmlForm { words: &self })?;
        Ok(Letter { subject: self.subject, text, html })
    }
}

fn greeting(locale: &Locale, name: &str) -> String {
    if name.trim().is_empty() {
        locale.t("letter-greeting-nobody")
    } else {
        locale.t1("letter-greeting", "name", name)
    }
}

/// Somebody may come in for the first time, by `link`, until `expires_at`.
///
/// # Errors
/// Only when a template's own formatting fails.
pub fn invitation(
    locale: &Locale,
    name: &str,
    inviter: &str,
    link: &str,
    expires_at: Timestamp,
) -> Result<Letter, RenderError> {
    let until = locale.instant_text(expires_at);
    Words {
        locale,
        subject: locale.t("letter-invitation-subject"),
        greeting: greeting(locale, name),
        paragraphs: vec![
            locale.t1("letter-invitation-text", "inviter", inviter),
            locale.t("letter-invitation-what"),
        ],
        button: Some(Button { label: locale.t("letter-invitation-button"), address: link }),
        after: vec![locale.t1("letter-until", "until", until), locale.t("letter-not-you")],
    }
    .letter()
}

/// Somebody at `address` wants a new password; `link` lets them choose one
/// until `expires_at`.
///
/// # Errors
/// Only when a template's own formatting fails.
pub fn password_reset(
    locale: &Locale,
    name: &str,
    address: &str,
    link: &str,
    expires_at: Timestamp,
) -> Result<Letter, RenderError> {
    let until = locale.instant_text(expires_at);
    Words {
        locale,
        subject: locale.t("letter-reset-subject"),
        greeting: greeting(locale, name),
        paragraphs: vec![locale.t1("letter-reset-text", "address", address)],
        button: Some(Button { label: locale.t("letter-reset-button"), address: link }),
        after: vec![locale.t1("letter-until", "until", until), locale.t("letter-reset-not-you")],
    }
    .letter()
}

/// Somebody's password was changed at `at`, from the network address `address`.
///
/// # Errors
/// Only when a template's own formatting fails.
pub fn password_changed(
    locale: &Locale,
    name: &str,
    address: &str,
    at: Timestamp,
) -> Result<Letter, RenderError> {
    let at = locale.instant_text(at);
    Words {
        locale,
        subject: locale.t("letter-changed-subject"),
        greeting: greeting(locale, name),
        paragraphs: vec![locale.t2("letter-changed-text", ("at", at), ("address", address))],
        button: None,
        after: vec![locale.t("letter-changed-not-you")],
    }
    .letter()
}

/// Notices of the account `account` are to go to the reader of this, who shows by
/// `link`, until `expires_at`, that they arrive.
///
/// # Errors
/// Only when a template's own formatting fails.
pub fn notification_address(
    locale: &Locale,
    name: &str,
    account: &str,
    link: &str,
    expires_at: Timestamp,
) -> Result<Letter, RenderError> {
    let until = locale.instant_text(expires_at);
    Words {
        locale,
        subject: locale.t("letter-notices-subject"),
        greeting: greeting(locale, name),
        paragraphs: vec![locale.t1("letter-notices-text", "account", account)],
        button: Some(Button { label: locale.t("letter-notices-button"), address: link }),
        after: vec![locale.t1("letter-until", "until", until), locale.t("letter-notices-not-you")],
    }
    .letter()
}

/// What has changed about how somebody signs in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FactorNews {
    /// An app that makes codes was set up.
    TotpOn,
    /// The app was switched off.
    TotpOff,
    /// There are new recovery codes.
    NewCodes,
    /// A recovery code was used.
    CodeUsed,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
    /// An administrator took every factor.
    Reset,
    /// An API token was issued.
    TokenIssued,
    /// Single sign-on was connected.
    SignOnLinked,
    /// Single sign-on was disconnected.
    SignOnUnlinked,
}

impl FactorNews {
    #[cfg(test)]
    const ALL: [FactorNews; 10] = [
        FactorNews::TotpOn,
        FactorNews::TotpOff,
        FactorNews::NewCodes,
        FactorNews::CodeUsed,
        FactorNews::PasskeyAdded,
        FactorNews::PasskeyRemoved,
        FactorNews::Reset,
        FactorNews::TokenIssued,
        FactorNews::SignOnLinked,
        FactorNews::SignOnUnlinked,
    ];

    const fn key(self) -> &'static str {
        match self {
            FactorNews::TotpOn => "letter-factor-totp-on",
            FactorNews::TotpOff => "letter-factor-totp-off",
            FactorNews::NewCodes => "letter-factor-codes",
            FactorNews::CodeUsed => "letter-factor-code-used",
            FactorNews::PasskeyAdded => "letter-factor-passkey-added",
            FactorNews::PasskeyRemoved => "letter-factor-passkey-removed",
            FactorNews::Reset => "letter-factor-reset",
            FactorNews::TokenIssued => "letter-factor-token",
            FactorNews::SignOnLinked => "letter-factor-sign-on",
            FactorNews::SignOnUnlinked => "letter-factor-sign-on-off",
        }
    }
}

/// What somebody signs in with has changed at `at`, from the network address
/// `address`.
///
/// # Errors
/// Only when a template's own formatting fails.
pub fn factors_changed(
    locale: &Locale,
    name: &str,
    news: FactorNews,
    address: &str,
    at: Timestamp,
) -> Result<Letter, RenderError> {
    let at = locale.instant_text(at);
    Words {
        locale,
        subject: locale.t("letter-factors-subject"),
        greeting: greeting(locale, name),
        paragraphs: vec![
            locale.t2("letter-factors-text", ("at", at), ("address", address)),
            locale.t(news.key()),
        ],
        button: None,
        after: vec![locale.t("letter-factors-not-you")],
    }
    .letter()
}

/// An administrator wants to see whether mails arrive.
///
/// # Errors
/// Only when a template's own formatting fails.
pub fn test(locale: &Locale, name: &str) -> Result<Letter, RenderError> {
    Words {
        locale,
        subject: locale.t("letter-test-subject"),
        greeting: greeting(locale, name),
        paragraphs: vec![locale.t("letter-test-text")],
        button: None,
        after: Vec::new(),
    }
    .letter()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::Lang;

    fn locale(lang: Lang) -> Locale {
        Locale::new(lang, TimeZone::get("Europe/Amsterdam").expect("it is bundled"))
    }

    const LINK: &str = "https://pad.example/register?a&b#abc";

    fn invited(lang: Lang, name: &str) -> Letter {
        let until = Timestamp(1_795_374_000_000);
        invitation(&locale(lang), name, "Bea <b>", LINK, until).expect("it renders")
    }

    #[test]
    fn both_forms_say_the_same_in_the_readers_language() {
        for (lang, words) in [
            (Lang::Dutch, ["Beste Anna", "uitgenodigd", "22 nov 2026 20:00"]),
            (Lang::English, ["Dear Anna", "invited", "22 Nov 2026 20:00"]),
        ] {
            let letter = invited(lang, "Anna");
            for word in words {
                assert!(letter.text.contains(word), "{word}: {}", letter.text);
                assert!(letter.html.contains(word), "{word}: {}", letter.html);
            }
            assert!(letter.text.contains(LINK), "{}", letter.text);
            for form in [&letter.text, &letter.html] {
                assert!(form.contains(": abc"), "the code by itself: {form}");
            }
        }
    }

    #[test]
    fn what_people_are_called_is_escaped_in_html_alone() {
        let letter = invited(Lang::English, "<script>");
        assert!(!letter.html.contains("<script>") && !letter.html.contains("Bea <b>"));
        assert!(letter.text.contains("<script>") && letter.text.contains("Bea <b>"));
        let href = LINK.replace('&', "&#38;");
        assert!(letter.html.contains(&format!("href=\"{href}\"")), "{}", letter.html);
    }

    #[test]
    fn every_letter_is_whole_in_both_languages() {
        for lang in Lang::ALL {
            let (locale, at) = (locale(lang), Timestamp(0));
            let news = FactorNews::ALL.map(|news| {
                factors_changed(&locale, "Anna", news, "192.0.2.1", at).expect("it renders")
            });
            for letter in news.into_iter().chain([
                invited(lang, ""),
                password_reset(&locale, "Anna", "192.0.2.1", LINK, at).expect("it renders"),
                password_changed(&locale, "Anna", "192.0.2.1", at).expect("it renders"),
                test(&locale, "Anna").expect("it renders"),
            ]) {
                for part in [&letter.subject, &letter.text, &letter.html] {
                    assert!(!part.contains("letter-") && !part.is_empty(), "{part}");
                }
            }
        }
    }
}
