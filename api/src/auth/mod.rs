//! Who is calling, and how they prove it: a session cookie or an API token.
//!
//! Routes decide who may do what ([`crate::web::Policy`]); nothing here does.

mod bootstrap;
mod cookie;
pub(crate) mod handlers;
mod password;
mod principal;
mod scrape;
mod secret;
mod throttle;
mod token;

pub use bootstrap::{BootstrapError, PrintedOnce, bootstrap_admin};
pub(crate) use cookie::name as cookie_name;
pub(crate) use handlers::{local_path, to_login};
pub(crate) use password::Passwords;
pub(crate) use principal::{Principal, identify, session_token};
pub(crate) use scrape::{bearer, may_scrape};
pub use secret::NoRandomness;
pub(crate) use secret::fresh as fresh_secret;
pub(crate) use throttle::Throttle;
pub use token::{TokenError, issue_api_token};
