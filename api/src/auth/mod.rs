//! Who is calling, and how they prove it: a session cookie or an API token.
//!
//! What they may do is decided in [`crate::policy`]; nothing here does.

mod bootstrap;
mod cookie;
pub(crate) mod forgotten;
pub(crate) mod handlers;
mod password;
mod principal;
mod scrape;
mod secret;
mod throttle;
mod token;

pub(crate) use bootstrap::PASSWORD_CHARS_MIN;
pub use bootstrap::{BootstrapError, PrintedOnce, bootstrap_admin};
pub(crate) use cookie::name as cookie_name;
pub(crate) use handlers::{local_path, to_login};
pub(crate) use password::{PASSWORD_BYTES_MAX, PasswordError, Passwords};
pub(crate) use principal::{Principal, identify, session_token};
pub(crate) use scrape::{bearer, may_scrape};
pub use secret::NoRandomness;
pub(crate) use secret::fresh as fresh_secret;
pub(crate) use throttle::Throttle;
pub use token::{TokenError, issue_api_token};
