//! Where links in mails lead: forgotten passwords, and addresses for notices.

use askama::Template;

use crate::shell::{Section, Shell};
use crate::view::mailed::Mailed;
use crate::view::people::FormProblem;

/// What the page about a forgotten password says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ForgotState {
    /// It asks for an address.
    Asks,
    /// It was asked for a link; whether there is such a user it never says.
    Asked,
    /// Too often: wait.
    TooOften {
        /// Seconds until the next request is taken.
        retry_after_s: u64,
    },
    /// This installation sends no mail.
    NoMail,
}

/// Asking for a link to a new password, `/forgot-password`. `shell.user` is
/// `None`.
#[derive(Template, Debug)]
#[template(path = "forgotten.html")]
pub struct ForgottenPage {
    /// What surrounds it.
    pub shell: Shell,
    /// What it says.
    pub shown: ForgotState,
}

impl ForgottenPage {
    const SECTION: Section = Section::None;

    fn asks(&self) -> bool {
        matches!(self.shown, ForgotState::Asks | ForgotState::TooOften { .. })
    }
}

/// Showing that notices arrive at an address, `/notification-address`.
/// `shell.user` is `None`.
#[derive(Template, Debug)]
#[template(path = "notification_address.html")]
pub struct NotificationAddressPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The token of the link, if it is known.
    pub token: String,
    /// Of which account, and at which address.
    pub whose: Mailed<(String, String)>,
    /// Whether it was just shown.
    pub is_done: bool,
}

impl NotificationAddressPage {
    const SECTION: Section = Section::None;

    fn lead(&self, account: &str, email: &str) -> String {
        self.shell.locale.t2("notices-lead", ("account", account), ("email", email))
    }
}

/// Choosing a new password, `/reset-password`. `shell.user` is `None`.
#[derive(Template, Debug)]
#[template(path = "reset.html")]
pub struct ResetPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The token of the link, if it is known.
    pub token: String,
    /// Whose password.
    pub email: Mailed<String>,
    /// Whether it takes the place of one that was made up for the first sign-in.
    pub is_first: bool,
    /// What is wrong in the form.
    pub problem: Option<FormProblem>,
    /// How many characters a password must have.
    pub password_least: usize,
}

impl ResetPage {
    const SECTION: Section = Section::None;
}
