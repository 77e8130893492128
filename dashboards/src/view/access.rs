//! Sessions, sign-in attempts and API tokens, as the pages show them.

use correlate::model::Timestamp;

use super::browser;
use super::people::{Permission, UserRole};
use crate::locale::Locale;

/// A session in a browser.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionRow {
    /// Its id.
    pub id: String,
    /// When it began.
    pub created_at: Timestamp,
    /// Its last request, to the minute.
    pub last_used_at: Timestamp,
    /// The network address it began from.
    pub address: String,
    /// What the browser calls itself.
    pub agent: String,
    /// Whether it is the one that shows the page.
    pub is_current: bool,
}

impl SessionRow {
    pub(crate) fn browser(&self, locale: &Locale) -> String {
        browser_text(&self.agent, locale)
    }
}

/// What a browser calls itself, in plain words.
fn browser_text(agent: &str, locale: &Locale) -> String {
    match browser::of(agent) {
        (Some(browser), Some(system)) => {
            locale.t2("browser-on", ("browser", browser), ("system", system))
        }
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => locale.t("browser-unknown"),
    }
}

/// An attempt to sign in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AttemptRow {
    /// When.
    pub at: Timestamp,
    /// The account as it was typed.
    pub account: String,
    /// The user whose address it was, if anybody's.
    pub user: Option<String>,
    /// The network address it came from.
    pub address: String,
    /// What the browser calls itself.
    pub agent: String,
    /// How it went, as the records name it.
    pub result: &'static str,
}

impl AttemptRow {
    pub(crate) fn browser(&self, locale: &Locale) -> String {
        browser_text(&self.agent, locale)
    }

    pub(crate) fn badge(&self) -> &'static str {
        match self.result {
            "ok" | "ok-totp" | "ok-recovery-code" | "ok-passkey" | "oidc" => "up",
            "initial-password" => "attempt-initial-password",
            "initial-password-ended" => "attempt-initial-password-ended",
            "second-factor-asked" => "maintenance",
            "throttled" => "degraded",
            _ => "down",
        }
    }

    pub(crate) fn text(&self, locale: &Locale) -> String {
        attempt_text(self.result, locale)
    }
}

/// How an attempt went, in words.
pub(crate) fn attempt_text(result: &str, locale: &Locale) -> String {
    let key = match result {
        "ok" => "attempt-ok",
        "ok-totp" => "attempt-ok-totp",
        "ok-recovery-code" => "attempt-ok-recovery-code",
        "ok-passkey" => "attempt-ok-passkey",
        "wrong-password" => "attempt-wrong-password",
        "unknown-user" => "attempt-unknown-user",
        "inactive" => "attempt-inactive",
        "throttled" => "attempt-throttled",
        "second-factor-asked" => "attempt-second-factor-asked",
        "wrong-second-factor" => "attempt-wrong-second-factor",
        "wrong-passkey" => "attempt-wrong-passkey",
        "oidc" => "attempt-oidc",
        "oidc-refused" => "attempt-oidc-refused",
        "oidc-only" => "attempt-oidc-only",
        // A way to sign in that came later; its name says enough.
        other => return locale.t1("attempt-other", "reason", other),
    };
    locale.t(key)
}

/// An API token, without its secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenRow {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// How it begins.
    pub prefix: String,
    /// When it was issued.
    pub created_at: Timestamp,
    /// Its last use, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it stops working, or stopped; `None`: never.
    pub ends_at: Option<Timestamp>,
    /// Whether it works now.
    pub works: bool,
    /// What it is good for; empty: whatever its user may.
    pub scopes: Vec<String>,
    /// By which role it acts, if it is one of a service.
    pub role: Option<UserRole>,
    /// Whose services it may see, by name.
    pub customers: Vec<String>,
}

/// Something that a token can be good for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScopeChoice {
    /// Its name.
    pub scope: &'static str,
    /// What it means.
    pub permission: Permission,
    /// Whether it is good for no more than reading that.
    pub is_reading: bool,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

/// How long a token works.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum TokenLife {
    /// Thirty days.
    Month,
    /// Ninety days.
    #[default]
    Quarter,
    /// A year.
    Year,
    /// For ever.
    Endless,
}

impl TokenLife {
    /// Every choice, the shortest first.
    pub const ALL: [TokenLife; 4] =
        [TokenLife::Month, TokenLife::Quarter, TokenLife::Year, TokenLife::Endless];

    /// The value of a field.
    pub const fn as_str(self) -> &'static str {
        match self {
            TokenLife::Month => "30",
            TokenLife::Quarter => "90",
            TokenLife::Year => "365",
            TokenLife::Endless => "endless",
        }
    }

    /// In days; `None`: for ever.
    pub const fn days(self) -> Option<i64> {
        match self {
            TokenLife::Month => Some(30),
            TokenLife::Quarter => Some(90),
            TokenLife::Year => Some(365),
            TokenLife::Endless => None,
        }
    }

    pub(crate) const fn key(self) -> &'static str {
        match self {
            TokenLife::Month => "token-life-month",
            TokenLife::Quarter => "token-life-quarter",
            TokenLife::Year => "token-life-year",
            TokenLife::Endless => "token-life-endless",
        }
    }
}

/// What a form for a token holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenForm {
    /// What it is for.
    pub name: String,
    /// How long it works.
    pub life: TokenLife,
    /// What it can be good for.
    pub scopes: Vec<ScopeChoice>,
    /// Whether it is good for whatever its user may; not for a service.
    pub is_unbounded: bool,
    /// By which role it acts, if it is one of a service.
    pub role: UserRole,
    /// Whose services it may see, one a line, if it is one of a service.
    pub customers: String,
}
