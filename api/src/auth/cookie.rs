//! The session cookie: never readable by scripts, never sent from other sites,
//! never over http when the product is on https.

use std::convert::Infallible;

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponseParts, ResponseParts};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};

use super::principal::SECRET_BYTES_MAX;
use crate::app::ApiState;

/// Over https the `__Host-` prefix makes browsers refuse a cookie of this name
/// from a subdomain or over http (RFC 6265bis, 4.1.3.2).
const SECURE_NAME: &str = "__Host-padwacht_session";
const PLAIN_NAME: &str = "padwacht_session";

/// As [`SECURE_NAME`], for who owes a second factor.
const SECURE_HALF_NAME: &str = "__Host-padwacht_half";
const PLAIN_HALF_NAME: &str = "padwacht_half";

/// As [`SECURE_NAME`], for a browser in which somebody came in.
const SECURE_DEVICE_NAME: &str = "__Host-padwacht_device";
const PLAIN_DEVICE_NAME: &str = "padwacht_device";

/// Cookies that an answer sets, in this order.
#[derive(Clone, Default, Debug)]
pub(crate) struct Cookies(Vec<Cookie<'static>>);

impl Cookies {
    pub(crate) fn add(mut self, cookie: Cookie<'static>) -> Cookies {
        self.0.push(cookie);
        self
    }
}

impl IntoResponseParts for Cookies {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        for cookie in self.0 {
            // Names are ours, and values hexadecimal.
            if let Ok(value) = HeaderValue::try_from(cookie.to_string()) {
                parts.headers_mut().append(header::SET_COOKIE, value);
            }
        }
        Ok(parts)
    }
}

fn device_name(state: &ApiState) -> &'static str {
    if state.config().secure_cookies { SECURE_DEVICE_NAME } else { PLAIN_DEVICE_NAME }
}

/// A cookie by which a browser is known again in which somebody came in; it
/// opens nothing and outlives sessions.
pub(super) fn device(state: &ApiState, token: String) -> Cookie<'static> {
    let mut cookie = holding(state, device_name(state), token);
    cookie.make_permanent();
    cookie
}

/// What that cookie carries, whether or not it is known.
pub(super) fn device_of(state: &ApiState, headers: &HeaderMap) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    let token = jar.get(device_name(state))?.value();
    (!token.is_empty() && token.len() <= SECRET_BYTES_MAX).then(|| token.to_owned())
}

fn half_name(state: &ApiState) -> &'static str {
    if state.config().secure_cookies { SECURE_HALF_NAME } else { PLAIN_HALF_NAME }
}

/// The cookie's name.
pub(crate) fn name(state: &ApiState) -> &'static str {
    if state.config().secure_cookies { SECURE_NAME } else { PLAIN_NAME }
}

/// A cookie that carries `token` until the browser closes; the server keeps
/// the real limits.
pub(crate) fn carrying(state: &ApiState, token: String) -> Cookie<'static> {
    holding(state, name(state), token)
}

/// A cookie of somebody who owes a second factor; it opens no session.
pub(super) fn half(state: &ApiState, token: String) -> Cookie<'static> {
    holding(state, half_name(state), token)
}

/// What that cookie carries, whether or not it is worth anything.
pub(super) fn half_of(state: &ApiState, headers: &HeaderMap) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    let token = jar.get(half_name(state))?.value();
    (!token.is_empty() && token.len() <= SECRET_BYTES_MAX).then(|| token.to_owned())
}

/// A cookie that makes the browser forget that one.
pub(super) fn forgetting_half(state: &ApiState) -> Cookie<'static> {
    let mut cookie = half(state, String::new());
    cookie.make_removal();
    cookie
}

fn holding(state: &ApiState, name: &'static str, token: String) -> Cookie<'static> {
    Cookie::build((name, token))
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
