//! The sign-in page.

use askama::Template;

use crate::shell::{Section, Shell};

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
}

impl LoginPage {
    const SECTION: Section = Section::None;
}
