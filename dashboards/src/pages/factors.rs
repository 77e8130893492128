//! What people sign in with: the second step of signing in, proving again who
//! one is, and the page where one looks after it all.

use askama::Template;
use correlate::model::Timestamp;

use crate::locale::Locale;
use crate::markup::{self, Markup};
use crate::shell::{Section, Shell};
use crate::urls;
use crate::view::people::FormProblem;
use crate::view::sign_on::SignOnButton;

/// Why somebody was not believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FactorProblem {
    /// The code is wrong, was used before, or came too late.
    WrongCode,
    /// The password is wrong.
    WrongPassword,
    /// Too many attempts: wait.
    TooManyAttempts {
        /// Seconds until the next attempt is taken.
        retry_after_s: u64,
    },
    /// Too many wrong codes in the last hour: no more are looked at for now.
    TooManyCodes,
}

impl FactorProblem {
    fn text(&self, locale: &Locale) -> String {
        match self {
            FactorProblem::WrongCode => locale.t("factor-wrong-code"),
            FactorProblem::WrongPassword => locale.t("factor-wrong-password"),
            FactorProblem::TooManyAttempts { retry_after_s } => {
                locale.t1("login-too-many", "wait", locale.wait(retry_after_s))
            }
            FactorProblem::TooManyCodes => locale.t("factor-too-many-codes"),
        }
    }
}

/// The second step of signing in, `/login/code`. `shell.user` is `None`.
#[derive(Template, Debug)]
#[template(path = "second_factor.html")]
pub struct SecondFactorPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The path to go to afterwards.
    pub next: String,
    /// Whether they have an app that makes codes.
    pub has_totp: bool,
    /// Whether they have a passkey that works here.
    pub has_passkey: bool,
    /// Why they were not believed.
    pub problem: Option<FactorProblem>,
}

impl SecondFactorPage {
    const SECTION: Section = Section::None;
}

/// Proving again who one is, `/confirm`.
#[derive(Template, Debug)]
#[template(path = "confirm.html")]
pub struct ConfirmPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The path to go back to.
    pub next: String,
    /// Whether they have an app that makes codes.
    pub has_totp: bool,
    /// Whether they have a passkey that works here.
    pub has_passkey: bool,
    /// Whether another provider signed them in, so that they may have no
    /// password here.
    pub is_federated: bool,
    /// The way to prove it there, if the provider is still known.
    pub sign_on: Option<SignOnButton>,
    /// Why they were not believed.
    pub problem: Option<FactorProblem>,
}

impl ConfirmPage {
    const SECTION: Section = Section::None;
}

/// What was just done about one's sign-in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SecurityDone {
    /// The password was changed.
    Password,
    /// Codes come from another app now.
    TotpReplaced,
    /// Codes from an app are no longer asked for.
    TotpRemoved,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
}

impl SecurityDone {
    /// Every one.
    pub const ALL: [SecurityDone; 5] = [
        SecurityDone::Password,
        SecurityDone::TotpReplaced,
        SecurityDone::TotpRemoved,
        SecurityDone::PasskeyAdded,
        SecurityDone::PasskeyRemoved,
    ];

    /// The value of the query `done`.
    pub const fn as_str(self) -> &'static str {
        match self {
            SecurityDone::Password => "password",
            SecurityDone::TotpReplaced => "totp-replaced",
            SecurityDone::TotpRemoved => "totp-removed",
            SecurityDone::PasskeyAdded => "passkey-added",
            SecurityDone::PasskeyRemoved => "passkey-removed",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            SecurityDone::Password => "security-done-password",
            SecurityDone::TotpReplaced => "totp-is-on",
            SecurityDone::TotpRemoved => "security-done-totp-removed",
            SecurityDone::PasskeyAdded => "security-done-passkey-added",
            SecurityDone::PasskeyRemoved => "security-done-passkey-removed",
        }
    }
}

/// A passkey of the reader.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PasskeyRow {
    /// Its id.
    pub id: String,
    /// What they call it.
    pub name: String,
    /// Since when they have it.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

/// An app that makes codes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TotpRow {
    /// Since when.
    pub since: Timestamp,
    /// When a code was last given.
    pub last_used_at: Option<Timestamp>,
}

/// What the reader signs in with, `/profile/security`.
#[derive(Template, Debug)]
#[template(path = "security.html")]
pub struct SecurityPage {
    /// What surrounds it.
    pub shell: Shell,
    /// Their address.
    pub email: String,
    /// The app that makes codes, if they have set one up.
    pub totp: Option<TotpRow>,
    /// How many recovery codes they have left.
    pub codes_left: u64,
    /// Their passkeys, the oldest first.
    pub passkeys: Vec<PasskeyRow>,
    /// Whether passkeys work at this address at all.
    pub passkeys_work: bool,
    /// Whether their role must have a second factor.
    pub is_required: bool,
    /// What is wrong in the form of the password.
    pub problem: Option<FormProblem>,
    /// What was just done.
    pub done: Option<SecurityDone>,
    /// How many characters a password must have.
    pub password_least: usize,
}

impl SecurityPage {
    /// After a change of what one signs in with, but for a password, which ends
    /// the other sessions by itself (OWASP ASVS 5, 7.4.3).
    fn offers_end_of_others(&self) -> bool {
        self.done.is_some_and(|done| done != SecurityDone::Password)
    }

    const SECTION: Section = Section::Profile;
    const TAB: &str = urls::SECURITY;
    /// So few recovery codes are worth a word.
    const CODES_FEW: u64 = 3;

    fn has_second(&self) -> bool {
        self.totp.is_some() || !self.passkeys.is_empty()
    }

    fn are_codes_few(&self) -> bool {
        self.codes_left <= Self::CODES_FEW
    }
}

/// Setting up an app that makes codes, `/profile/security/totp`.
#[derive(Template, Debug)]
#[template(path = "totp_setup.html")]
pub struct TotpSetupPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The seed as an `otpauth:` address, for the picture.
    pub address: String,
    /// The seed as text, to type over.
    pub seed: String,
    /// Whether the code that was given is wrong.
    pub problem: Option<FactorProblem>,
}

impl TotpSetupPage {
    const SECTION: Section = Section::Profile;

    fn picture(&self) -> Markup {
        markup::qr(&self.address, &self.shell.locale.t("totp-picture"))
    }
}

/// Recovery codes, shown once.
#[derive(Template, Debug)]
#[template(path = "recovery_codes.html")]
pub struct RecoveryCodesPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The codes.
    pub codes: Vec<String>,
    /// Whether an app was just set up with them.
    pub is_set_up: bool,
}

impl RecoveryCodesPage {
    const SECTION: Section = Section::Profile;
}
