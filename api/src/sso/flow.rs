//! Sending a browser to the provider, and knowing it again when it comes back.
//!
//! The browser keeps one random secret in a cookie; the records keep only the
//! hashes of it and of the state that travels through the provider. Nonce and
//! PKCE verifier follow from both and are stored nowhere: whoever has read the
//! records, or has seen the addresses, can end nobody's sign-in.

use std::time::Duration;

use axum::http::HeaderMap;
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use dashboards::urls;
use openidconnect::core::{CoreAuthPrompt, CoreResponseType};
use openidconnect::{
    AuthenticationContextClass, AuthenticationFlow, CsrfToken, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, Scope,
};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use store::records::{SignOnFlow, SignOnFlowDraft, SignOnPurpose, TokenHash};
use url::Url;

use super::provider::{Provider, SsoError};
use super::token::relying;
use crate::app::ApiState;
use crate::auth::{fresh_secret, local_path};
use crate::problem::ApiError;

/// Long enough to find a telephone for a second factor, short enough that a
/// forgotten tab is worth nothing.
const VALID_MS: i64 = 600_000;
/// Over https the `__Host-` prefix keeps the cookie from being planted by a
/// subdomain or over http (RFC 6265bis, 4.1.3.2).
const SECURE_COOKIE: &str = "__Host-padwacht_sign_on";
const PLAIN_COOKIE: &str = "padwacht_sign_on";
/// 256 bits in hexadecimal.
const SECRET_CHARS: usize = 64;

/// Why a browser is not sent away.
pub(super) enum NotSent {
    /// The provider is of no use.
    Provider(SsoError),
    /// Something of ours failed.
    Ours(ApiError),
}

impl From<ApiError> for NotSent {
    fn from(error: ApiError) -> NotSent {
        NotSent::Ours(error)
    }
}

/// Where to send a browser, and the cookie by which to know it again.
pub(super) struct Sent {
    pub(super) to: Url,
    pub(super) cookie: Cookie<'static>,
}

/// What a browser that came back was sent away with.
pub(super) struct Back {
    pub(super) flow: SignOnFlow,
    pub(super) nonce: String,
    pub(super) verifier: String,
}

/// The address to come back to; it must be known to the provider.
pub(super) fn callback(state: &ApiState) -> String {
    format!("{}{}", state.public_origin(), urls::LOGIN_OIDC_CALLBACK)
}

/// Begins a sign-in for `purpose`, which goes on at `next` afterwards; `origin`
/// says in one word who begins it.
pub(super) async fn begin(
    state: &ApiState,
    provider: &Provider,
    headers: &HeaderMap,
    purpose: SignOnPurpose,
    next: &str,
    origin: String,
) -> Result<Sent, NotSent> {
    let now = state.now();
    let metadata = provider.metadata(now).await.map_err(NotSent::Provider)?;
    let client = relying(provider.config(), &metadata, &callback(state));
    let client = client.map_err(NotSent::Provider)?;
    // Tabs that are under way share the browser's secret; each has its own state.
    let secret = || fresh_secret().map_err(ApiError::internal);
    let browser = match cookie(state, headers) {
        Some(browser) => browser,
        None => secret()?.expose_secret().to_owned(),
    };
    let token = secret()?.expose_secret().to_owned();
    let draft = SignOnFlowDraft {
        state: TokenHash::of(&token),
        browser: TokenHash::of(&browser),
        purpose,
        return_path: local_path(next).to_owned(),
        at: now,
        expires_at: now.plus_millis(VALID_MS),
        origin,
    };
    let begun = state.records().sign_on_flows().begin(&draft).await;
    begun.map_err(ApiError::records)?;
    let verifier = PkceCodeVerifier::new(derived("pkce", &browser, &token));
    let nonce = derived("nonce", &browser, &token);
    let scopes = provider.config().scopes.iter().cloned().map(Scope::new);
    let is_again = purpose == SignOnPurpose::SignInAgain;
    let request = client
        .authorize_url(
            AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
            move || CsrfToken::new(token),
            move || Nonce::new(nonce),
        )
        .add_scopes(scopes)
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    let classes = provider.config().acr_values.iter().cloned();
    let request = classes
        .map(AuthenticationContextClass::new)
        .fold(request, |request, class| request.add_auth_context_value(class));
    // A maximum age makes the provider say when they proved who they are (OpenID
    // Connect Core 1.0, 2: `auth_time` is required then).
    let request = match is_again {
        true => request.add_prompt(CoreAuthPrompt::Login).set_max_age(Duration::ZERO),
        false => request,
    };
    let (to, _, _) = request.url();
    Ok(Sent { to, cookie: carrying(state, browser) })
}

/// The sign-in that this browser began with `token`, once; `None` for any other.
pub(super) async fn end(
    state: &ApiState,
    headers: &HeaderMap,
    token: &str,
) -> Result<Option<Back>, ApiError> {
    let Some(browser) = cookie(state, headers) else { return Ok(None) };
    let flows = state.records().sign_on_flows();
    let taken = flows.take(&TokenHash::of(token), &TokenHash::of(&browser), state.now()).await;
    Ok(taken.map_err(ApiError::records)?.map(|flow| Back {
        flow,
        nonce: derived("nonce", &browser, token),
        verifier: derived("pkce", &browser, token),
    }))
}

/// 256 bits that follow from the browser's secret and the state, for one use.
fn derived(what: &str, browser: &str, token: &str) -> String {
    let digest = Sha256::digest(format!("padwacht {what}\n{browser}\n{token}"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn cookie(state: &ApiState, headers: &HeaderMap) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    let value = jar.get(name(state))?.value();
    let is_ours = value.len() == SECRET_CHARS && value.bytes().all(|b| b.is_ascii_hexdigit());
    is_ours.then(|| value.to_owned())
}

fn name(state: &ApiState) -> &'static str {
    if state.config().secure_cookies { SECURE_COOKIE } else { PLAIN_COOKIE }
}

/// Lax: the browser comes back from another site, by a link. It is gone with
/// the browser; how long it is worth anything is in the records.
fn carrying(state: &ApiState, browser: String) -> Cookie<'static> {
    Cookie::build((name(state), browser))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(state.config().secure_cookies)
        .build()
}

/// A cookie that makes the browser forget its secret.
pub(super) fn forgetting(state: &ApiState) -> Cookie<'static> {
    let mut cookie = carrying(state, String::new());
    cookie.make_removal();
    cookie
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonce_and_verifier_follow_from_both_secrets_and_differ() {
        let all = [
            derived("nonce", "a", "b"),
            derived("pkce", "a", "b"),
            derived("nonce", "b", "a"),
            derived("nonce", "a", "c"),
        ];
        for (at, one) in all.iter().enumerate() {
            assert_eq!(one.len(), SECRET_CHARS);
            assert!(!all[..at].contains(one), "{all:?}");
        }
        assert_eq!(derived("nonce", "a", "b"), all[0]);
    }
}
