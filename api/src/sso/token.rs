//! From the code that a browser brings back to claims that are proven
//! (OpenID Connect Core 1.0, 3.1.3.7).
//!
//! Checked are issuer, audience, authorized party, nonce, expiry, issue time,
//! signature by a key of the provider with an asymmetric algorithm, and the
//! hash of the access token where there is one.

use std::collections::BTreeSet;

use correlate::model::Timestamp;
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken,
    CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AdditionalClaims, AuthType, AuthorizationCode,
    ClaimsVerificationError, Client, ClientId, ClientSecret, EmptyExtraTokenFields,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IdToken, IdTokenClaims, IdTokenFields, Nonce,
    OAuth2TokenResponse, PkceCodeVerifier, ProviderMetadataWithLogout, RedirectUrl,
    RequestTokenError, SignatureVerificationError, StandardErrorResponse, StandardTokenResponse,
    SubjectIdentifier, TokenResponse, UserInfoClaims,
};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::claims::{Extra, claim, texts};
use super::config::SsoConfig;
use super::http::HttpError;
use super::provider::{Provider, SsoError, algorithms, takes_secret_in_body};

/// The clocks of provider and product may differ by so much.
pub(super) const SKEW_MS: i64 = 300_000;
/// What a provider says about an error is repeated in the log up to here.
const SAID_CHARS_MAX: usize = 300;

/// The claims beside the standard ones. Not to be logged.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Others {
    #[serde(flatten)]
    claims: Extra,
}

impl AdditionalClaims for Others {}

type Claims = IdTokenClaims<Others, CoreGenderClaim>;
type Token =
    IdToken<Others, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
type Fields = IdTokenFields<
    Others,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
/// The client of a provider whose discovery document is known.
pub(super) type Relying = Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Who somebody is, as the provider has proven. Not to be logged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Proven {
    /// The provider's own name for them.
    pub(super) subject: String,
    /// Their address there, and whether the provider says it is not verified.
    pub(super) email: Option<(String, bool)>,
    /// What to call them.
    pub(super) name: Option<String>,
    /// Their groups.
    pub(super) groups: BTreeSet<String>,
    /// Their customers.
    pub(super) customers: BTreeSet<String>,
    /// When they last proved it at the provider, where it says so.
    pub(super) proved_at: Option<Timestamp>,
    /// Whether the provider says that they proved it with two factors.
    pub(super) has_second_factor: bool,
}

/// What a browser brings back, and what it was sent away with.
pub(super) struct Returned {
    pub(super) code: String,
    pub(super) verifier: String,
    pub(super) nonce: String,
}

/// The client for `metadata`; `callback` is the address to come back to.
pub(super) fn relying(
    config: &SsoConfig,
    metadata: &ProviderMetadataWithLogout,
    callback: &str,
) -> Result<Relying, SsoError> {
    let secret = config.client_secret.as_ref();
    let secret = secret.map(|secret| ClientSecret::new(secret.expose_secret().to_owned()));
    let id = ClientId::new(config.client_id.clone());
    let callback = RedirectUrl::new(callback.to_owned()).map_err(|error| SsoError::Unusable {
        issuer: config.issuer.clone(),
        reason: error.to_string(),
    })?;
    let relying: Relying = Client::from_provider_metadata(metadata.clone(), id, secret);
    let relying = relying.set_redirect_uri(callback);
    let in_body = takes_secret_in_body(metadata);
    Ok(if in_body { relying.set_auth_type(AuthType::RequestBody) } else { relying })
}

/// Exchanges the code, checks what comes, and gives who it is.
///
/// # Errors
/// [`SsoError::Away`], or [`SsoError::Unproven`] with what did not fit.
pub(super) async fn prove(
    provider: &Provider,
    callback: &str,
    returned: Returned,
    now: Timestamp,
) -> Result<Proven, SsoError> {
    let config = provider.config();
    let metadata = provider.metadata(now).await?;
    let client = relying(config, &metadata, callback)?;
    let send = provider.http().sender();
    let exchange = client.exchange_code(AuthorizationCode::new(returned.code));
    let exchange = exchange.map_err(|error| SsoError::Unproven(error.to_string()))?;
    let exchange = exchange.set_pkce_verifier(PkceCodeVerifier::new(returned.verifier));
    let response = exchange.request_async(&send).await;
    let response = response.map_err(|error| token_error(config, error))?;
    let none = || SsoError::Unproven("it gave no ID token".to_owned());
    let token = response.id_token().ok_or_else(none)?;
    let nonce = Nonce::new(returned.nonce);
    let access = response.access_token();
    let claims = match verified(&client, &metadata, token, access, &nonce, now) {
        Err(Failed::UnknownKey) => {
            let metadata = provider.metadata_anew(now).await?;
            let client = relying(config, &metadata, callback)?;
            verified(&client, &metadata, token, access, &nonce, now)
        }
        checked => checked,
    };
    let claims = claims.map_err(|failed| SsoError::Unproven(failed.to_string()))?;
    let mut proven = read(config, &claims);
    if proven.groups.is_empty() && metadata.userinfo_endpoint().is_some() {
        let subject = claims.subject().clone();
        add_user_info(provider, &client, access.clone(), subject, &mut proven).await?;
    }
    Ok(proven)
}

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("its token is signed with a key that it does not publish")]
    UnknownKey,
    #[error("{0}")]
    Otherwise(String),
}

/// The claims of `token`, if it is what it should be.
fn verified(
    client: &Relying,
    metadata: &ProviderMetadataWithLogout,
    token: &Token,
    access: &AccessToken,
    nonce: &Nonce,
    now: Timestamp,
) -> Result<Claims, Failed> {
    let otherwise = |reason: &str| Failed::Otherwise(reason.to_owned());
    let instant = chrono::DateTime::from_timestamp_millis(now.millis());
    let instant = instant.ok_or_else(|| otherwise("the clock is off the calendar"))?;
    let latest = chrono::DateTime::from_timestamp_millis(now.plus_millis(SKEW_MS).millis());
    let verifier = client
        .id_token_verifier()
        .set_allowed_algs(algorithms(metadata))
        .set_time_fn(move || instant)
        .set_issue_time_verifier_fn(move |issued| {
            let is_past = latest.is_some_and(|latest| issued <= latest);
            if is_past { Ok(()) } else { Err("its token is of the future".to_owned()) }
        });
    let claims = token.claims(&verifier, nonce).map_err(|error| match error {
        ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey,
        ) => Failed::UnknownKey,
        // Without the values, which the error texts of the library repeat.
        ClaimsVerificationError::InvalidNonce(_) => otherwise("the nonce is not ours"),
        ClaimsVerificationError::InvalidAudience(_) => otherwise("the token is for others"),
        ClaimsVerificationError::InvalidIssuer(_) => otherwise("the token is of another issuer"),
        ClaimsVerificationError::SignatureVerification(error) => {
            Failed::Otherwise(format!("the signature is not good: {error}"))
        }
        ClaimsVerificationError::Expired(_) => otherwise("the token has expired or is of later"),
        error => Failed::Otherwise(error.to_string()),
    })?;
    if claims.authorized_party().is_some_and(|party| party != client.client_id()) {
        return Err(otherwise("the token was given to another client"));
    }
    if let Some(expected) = claims.access_token_hash() {
        let of_key = |error: SignatureVerificationError| Failed::Otherwise(error.to_string());
        let algorithm = token.signing_alg().map_err(of_key)?;
        let key = token.signing_key(&verifier).map_err(of_key)?;
        let found = AccessTokenHash::from_token(access, algorithm, key);
        if found.map_err(|error| Failed::Otherwise(error.to_string()))? != *expected {
            return Err(otherwise("the access token is not the one that the ID token names"));
        }
    }
    Ok(claims.clone())
}

/// The texts of the claim `name`.
fn of(claims: &Extra, name: &str) -> BTreeSet<String> {
    claim(claims, name).map(texts).unwrap_or_default()
}

/// Whether the token names a class or a method of authentication that means two
/// factors. One that says nothing proves one factor (OWASP ASVS 5, 6.8.4).
fn has_second_factor(config: &SsoConfig, claims: &Claims) -> bool {
    let class = claims.auth_context_ref().map(|class| class.as_str());
    let methods = claims.auth_method_refs().map(Vec::as_slice).unwrap_or_default();
    let is_known = |known: &[String], found: &str| known.iter().any(|value| value == found);
    class.is_some_and(|class| is_known(&config.acr_values, class))
        || methods.iter().any(|method| is_known(&config.amr_values, method.as_str()))
}

fn read(config: &SsoConfig, claims: &Claims) -> Proven {
    let others = &claims.additional_claims().claims;
    let email = claims.email().map(|email| email.as_str().to_owned());
    let name = claims.name().and_then(|name| name.get(None)).map(|name| name.as_str().to_owned());
    Proven {
        subject: claims.subject().as_str().to_owned(),
        has_second_factor: has_second_factor(config, claims),
        proved_at: claims.auth_time().map(|at| Timestamp(at.timestamp_millis())),
        email: email.map(|email| (email, claims.email_verified() == Some(false))),
        name,
        groups: of(others, &config.groups_claim),
        customers: config
            .customers_claim
            .as_deref()
            .map(|name| of(others, name))
            .unwrap_or_default(),
    }
}

/// What a token leaves out, some providers tell when asked; the answer counts
/// only when it is about the same subject.
async fn add_user_info(
    provider: &Provider,
    client: &Relying,
    access: AccessToken,
    subject: SubjectIdentifier,
    proven: &mut Proven,
) -> Result<(), SsoError> {
    let config = provider.config();
    let send = provider.http().sender();
    let request = client.user_info(access, Some(subject));
    let request = request.map_err(|error| SsoError::Unproven(error.to_string()))?;
    let answer: Result<UserInfoClaims<Others, CoreGenderClaim>, _> =
        request.request_async(&send).await;
    let answer = answer.map_err(|error| match error {
        openidconnect::UserInfoError::Request(error) => {
            SsoError::Away { issuer: config.issuer.clone(), reason: error.to_string() }
        }
        openidconnect::UserInfoError::Response(status, ..) => {
            SsoError::Unproven(format!("its user info endpoint answered with status {status}"))
        }
        openidconnect::UserInfoError::ClaimsVerification(_) => {
            SsoError::Unproven("its user info is about somebody else".to_owned())
        }
        _ => SsoError::Unproven("its user info cannot be read".to_owned()),
    })?;
    let others = &answer.additional_claims().claims;
    proven.groups = of(others, &config.groups_claim);
    if let Some(name) = config.customers_claim.as_deref().filter(|_| proven.customers.is_empty()) {
        proven.customers = of(others, name);
    }
    Ok(())
}

type Refusal = RequestTokenError<HttpError, StandardErrorResponse<CoreErrorResponseType>>;

fn token_error(config: &SsoConfig, error: Refusal) -> SsoError {
    match error {
        RequestTokenError::ServerResponse(said) => {
            let mut text = format!("its token endpoint said {}", said.error());
            if let Some(description) = said.error_description() {
                text.push_str(&format!(": {description}"));
            }
            SsoError::Unproven(cleaned(&text))
        }
        RequestTokenError::Request(error) => {
            SsoError::Away { issuer: config.issuer.clone(), reason: error.to_string() }
        }
        // What it sent instead may hold a token.
        RequestTokenError::Parse(error, _) => {
            SsoError::Unproven(format!("its token answer cannot be read at {}", error.path()))
        }
        RequestTokenError::Other(reason) => SsoError::Unproven(cleaned(&reason)),
    }
}

/// What somebody else said, fit for the log.
pub(super) fn cleaned(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(SAID_CHARS_MAX).collect()
}
