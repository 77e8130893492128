//! Who is calling, and how they prove it: a session cookie or an API token.
//!
//! What they may do is decided in [`crate::policy`]; nothing here does.

pub(crate) mod attempts;
mod bootstrap;
pub(crate) mod confirm;
mod cookie;
pub(crate) mod forgotten;
pub(crate) mod handlers;
pub(crate) mod passkey_handlers;
mod passkeys;
mod password;
mod principal;
pub(crate) mod recovery;
mod rule;
mod scrape;
pub(crate) mod second;
mod secret;
mod throttle;
mod token;
pub(crate) mod totp;

pub(crate) use attempts::note as note_attempt;
pub(crate) use bootstrap::PASSWORD_CHARS_MIN;
pub use bootstrap::{BootstrapError, PrintedOnce, bootstrap_admin};
pub(crate) use confirm::is_password;
pub(crate) use cookie::{forgetting as forget_cookie, name as cookie_name};
pub(crate) use handlers::{begin_session, elsewhere, local_path, renewed_session, to_login};
pub(crate) use passkeys::Passkeys;
pub(crate) use password::{PASSWORD_BYTES_MAX, PasswordError, Passwords};
pub(crate) use principal::{Principal, identify, identify_idle, session_token, token_prefix};
pub(crate) use rule::required_roles;
pub(crate) use scrape::{bearer, may_scrape};
pub use secret::NoRandomness;
pub(crate) use secret::fresh as fresh_secret;
pub(crate) use throttle::{FORGET_AFTER_MS, Throttle, Trying, network};
pub use token::{TokenError, issue_api_token};
pub(crate) use token::{WantedToken, issue as issue_token};
