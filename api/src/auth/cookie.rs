//! The session cookie: never readable by scripts, never sent from other sites,
//! never over http when the product is on https.

use axum_extra::extract::cookie::{Cookie, SameSite};

use crate::app::ApiState;

/// Over https the `__Host-` prefix makes browsers refuse a cookie of this name
/// from a subdomain or over http (RFC 6265bis, 4.1.3.2).
const SECURE_NAME: &str = "__Host-padwacht_session";
const PLAIN_NAME: &str = "padwacht_session";

/// The cookie's name.
pub(crate) fn name(state: &ApiState) -> &'static str {
    if state.config().secure_cookies { SECURE_NAME } else { PLAIN_NAME }
}

/// A cookie that carries `token` until the browser closes; the server keeps
/// the real limits.
pub(crate) fn carrying(state: &ApiState, token: String) -> Cookie<'static> {
    Cookie::build((name(state), token))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(state.config().secure_cookies)
        .build()
}

/// A cookie that makes the browser forget.
pub(crate) fn forgetting(state: &ApiState) -> Cookie<'static> {
    let mut cookie = carrying(state, String::new());
    cookie.make_removal();
    cookie
}
