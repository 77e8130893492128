//! The sign-in page.

use askama::Template;

use crate::shell::{Section, Shell};
use crate::view::sign_on::{SignOnButton, SignOnProblem};

/// Why nobody was signed in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoginError {
    /// Address or password is wrong; never says which.
    BadCredentials,
    /// Too many attempts: wait.
    TooManyAttempts {
        /// Seconds until the next attempt is taken.
        retry_after_s: u64,
    },
    /// The session ended.
    SessionExpired,
    /// The same, where some roles come in by the OpenID provider alone; never says
    /// whether it is theirs.
    BadOrSignOnOnly,
    /// Single sign-on did not succeed.
    SignOn(SignOnProblem),
    /// The password was made up for the first sign-in, and has ended.
    InitialEnded,
    /// The second step took too long, or too many codes were wrong.
    StartAgain,
}

/// The sign-in page, `/login`. `shell.user` is `None`.
#[derive(Template, Debug)]
#[template(path = "login.html")]
pub struct LoginPage {
    /// What surrounds it.
    pub shell: Shell,
    /// The address typed before, to fill in again.
    pub email: String,
    /// The path to go to afterwards.
    pub next: String,
    /// Why nobody was signed in.
    pub error: Option<LoginError>,
    /// Whether a new password was just chosen.
    pub is_changed: bool,
    /// The way to the OpenID provider, if there is one.
    pub sign_on: Option<SignOnButton>,
    /// Where to sign out at the provider too, just after signing out here.
    pub sign_out_at: Option<String>,
    /// Whether passkeys work at this address.
    pub passkeys_work: bool,
}

impl LoginPage {
    const SECTION: Section = Section::None;
}
