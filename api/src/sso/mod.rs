//! Single sign-on by OpenID Connect: the authorization code flow with PKCE
//! (OpenID Connect Core 1.0, RFC 6749, RFC 7636), for one provider.
//!
//! * [`Provider`] knows the provider: discovery and keys,
//!   fetched when they are needed and kept for a while.
//! * [`flow`] sends a browser there, bound to it by a cookie.
//! * [`token`] turns the code that comes back into claims that are proven.
//! * [`mapping`] turns those into a role and customers.
//! * [`handlers`] are the routes, [`profile`] those of somebody signed in.
//!
//! Nothing here decides who may do what, and nothing here logs a code, a
//! token, a secret or a claim.

mod claims;
mod config;
mod flow;
pub(crate) mod handlers;
mod http;
mod mapping;
mod problem;
pub(crate) mod profile;
mod provider;
mod shown;
mod token;

use store::records::User;

use crate::app::ApiState;
use crate::problem::ApiError;

pub use config::{SsoConfig, SsoGroup};
pub(crate) use provider::Provider;
pub use provider::{ProviderSeen, SsoError, look_at_provider};
pub(crate) use shown::{
    confirm_sign_on, invitation_sign_on, login_sign_on, problem_of, profile_sign_on,
    sign_out_target, user_sign_on,
};

/// Whether a password, or whatever else this product could check by itself, does
/// not let `user` in: their role must come in by the provider.
pub(crate) fn is_required_of(state: &ApiState, user: &User) -> bool {
    state.sso().is_some_and(|provider| {
        let config = provider.config();
        config.only_for.contains(&user.role) && !config.emergency_accounts.contains(&user.email)
    })
}

/// Whether the provider decides alone whether `user` comes in: their role must
/// come in by it, or it gave them none when they last came from it. Whoever lost
/// their groups there is not to go on with a password that they chose before.
pub(crate) async fn decides_alone(state: &ApiState, user: &User) -> Result<bool, ApiError> {
    let Some(provider) = state.sso() else { return Ok(false) };
    let config = provider.config();
    if config.emergency_accounts.contains(&user.email) {
        return Ok(false);
    }
    if config.only_for.contains(&user.role) {
        return Ok(true);
    }
    let users = state.records().users();
    users.is_without_role(user.id, &config.issuer).await.map_err(ApiError::records)
}
