//! The provider: its discovery document and its keys. Fetched when somebody
//! signs in, kept for an hour, and fetched again early when a token names a key
//! that is not among them; an answer that is still good enough is used while
//! the provider is away.

use std::sync::Arc;

use correlate::model::Timestamp;
use openidconnect::core::{CoreClientAuthMethod, CoreJwsSigningAlgorithm as Alg};
use openidconnect::{DiscoveryError, IssuerUrl, ProviderMetadataWithLogout};
use tokio::sync::Mutex;
use url::Url;

use super::config::SsoConfig;
use super::http::{Http, HttpError, is_safe};

/// Keys are rotated within days, and endpoints move within years.
const FRESH_MS: i64 = 3_600_000;
/// How long an old document does while no new one is to be had.
const USABLE_MS: i64 = 86_400_000;
/// Between two tries, so that neither unknown keys nor a provider that is away
/// make us ask at every click.
const PAUSE_MS: i64 = 10_000;
/// What an ID token may be signed with: asymmetric, so that nobody but the
/// provider can. Never `none`, and no HMAC with the client's secret.
const ALGORITHMS: [Alg; 9] = [
    Alg::RsaSsaPkcs1V15Sha256,
    Alg::RsaSsaPkcs1V15Sha384,
    Alg::RsaSsaPkcs1V15Sha512,
    Alg::RsaSsaPssSha256,
    Alg::RsaSsaPssSha384,
    Alg::RsaSsaPssSha512,
    Alg::EcdsaP256Sha256,
    Alg::EcdsaP384Sha384,
    Alg::EdDsa,
];

/// Why the provider is of no use.
#[derive(Debug, thiserror::Error)]
pub enum SsoError {
    /// It does not answer, or not with what was asked for.
    #[error("the OpenID provider {issuer} is away: {reason}")]
    Away {
        /// Which.
        issuer: String,
        /// What was seen.
        reason: String,
    },
    /// What it says of itself cannot be used.
    #[error("the OpenID provider {issuer} cannot be used: {reason}")]
    Unusable {
        /// Which.
        issuer: String,
        /// What is wrong.
        reason: String,
    },
    /// It, or what came from it, did not prove who somebody is.
    #[error("the OpenID provider did not prove who somebody is: {0}")]
    Unproven(String),
    /// No client can be made.
    #[error("no TLS client can be made: {0}")]
    Client(String),
}

/// The provider of the configuration.
#[derive(Debug)]
pub(crate) struct Provider {
    config: SsoConfig,
    http: Http,
    known: Mutex<Known>,
}

#[derive(Default, Debug)]
struct Known {
    found: Option<(Arc<ProviderMetadataWithLogout>, Timestamp)>,
    tried_at: Option<Timestamp>,
    failure: String,
}

/// What a provider says of itself, for whoever sets it up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProviderSeen {
    /// How many keys it has.
    pub keys: usize,
    /// Whether it can be signed out of.
    pub has_sign_out: bool,
}

/// Asks the provider for its discovery document and keys, and checks them as
/// a sign-in would.
///
/// # Errors
/// It is away or cannot be used; the message says why.
pub async fn look_at_provider(config: &SsoConfig) -> Result<ProviderSeen, SsoError> {
    let http = Http::new().map_err(|error| SsoError::Client(error.to_string()))?;
    let metadata = discover(config, &http).await?;
    Ok(ProviderSeen {
        keys: metadata.jwks().keys().len(),
        has_sign_out: metadata.additional_metadata().end_session_endpoint.is_some(),
    })
}

impl Provider {
    /// # Errors
    /// [`SsoError::Client`].
    pub(crate) fn new(config: SsoConfig) -> Result<Provider, SsoError> {
        let http = Http::new().map_err(|error| SsoError::Client(error.to_string()))?;
        Ok(Provider { config, http, known: Mutex::default() })
    }

    pub(crate) fn config(&self) -> &SsoConfig {
        &self.config
    }

    pub(super) fn http(&self) -> &Http {
        &self.http
    }

    /// What the provider says of itself, as of not long before `now`. One
    /// caller asks while the others wait.
    pub(super) async fn metadata(
        &self,
        now: Timestamp,
    ) -> Result<Arc<ProviderMetadataWithLogout>, SsoError> {
        self.metadata_within(now, FRESH_MS).await
    }

    /// The same, asked anew unless that was done a moment ago: a token named a
    /// key that is not known.
    pub(super) async fn metadata_anew(
        &self,
        now: Timestamp,
    ) -> Result<Arc<ProviderMetadataWithLogout>, SsoError> {
        self.metadata_within(now, PAUSE_MS).await
    }

    async fn metadata_within(
        &self,
        now: Timestamp,
        fresh_ms: i64,
    ) -> Result<Arc<ProviderMetadataWithLogout>, SsoError> {
        let mut known = self.known.lock().await;
        let age_ms = |at: Timestamp| now.millis().saturating_sub(at.millis());
        if let Some((metadata, at)) = &known.found
            && age_ms(*at) < fresh_ms
        {
            return Ok(Arc::clone(metadata));
        }
        let has_paused = known.tried_at.is_none_or(|at| age_ms(at) >= PAUSE_MS);
        if has_paused {
            known.tried_at = Some(now);
            match discover(&self.config, &self.http).await {
                Ok(metadata) => {
                    let metadata = Arc::new(metadata);
                    known.found = Some((Arc::clone(&metadata), now));
                    return Ok(metadata);
                }
                Err(error) => {
                    tracing::warn!(%error, "could not read the discovery document or the keys");
                    known.failure = error.to_string();
                }
            }
        }
        match &known.found {
            Some((metadata, at)) if age_ms(*at) < USABLE_MS => Ok(Arc::clone(metadata)),
            _ => Err(SsoError::Away {
                issuer: self.config.issuer.clone(),
                reason: known.failure.clone(),
            }),
        }
    }
}

/// What an ID token may be signed with at this provider.
pub(super) fn algorithms(metadata: &ProviderMetadataWithLogout) -> Vec<Alg> {
    let offered = metadata.id_token_signing_alg_values_supported();
    ALGORITHMS.into_iter().filter(|algorithm| offered.contains(algorithm)).collect()
}

/// Whether the provider takes the client's secret in the body alone; the
/// default of the specification is the header.
pub(super) fn takes_secret_in_body(metadata: &ProviderMetadataWithLogout) -> bool {
    metadata.token_endpoint_auth_methods_supported().is_some_and(|methods| {
        methods.contains(&CoreClientAuthMethod::ClientSecretPost)
            && !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
    })
}

async fn discover(config: &SsoConfig, http: &Http) -> Result<ProviderMetadataWithLogout, SsoError> {
    let issuer = || config.issuer.clone();
    let unusable = |reason: String| SsoError::Unusable { issuer: issuer(), reason };
    let url = IssuerUrl::new(issuer()).map_err(|error| unusable(error.to_string()))?;
    let send = http.sender();
    let found = ProviderMetadataWithLogout::discover_async(url, &send).await;
    let metadata = found.map_err(|error| match error {
        DiscoveryError::Request(error @ HttpError::Away { .. }) => {
            SsoError::Away { issuer: issuer(), reason: error.to_string() }
        }
        DiscoveryError::Request(error) => unusable(error.to_string()),
        // The body may be anything, so it is not repeated.
        DiscoveryError::Response(status, _, reason) => {
            let reason = format!("{reason} (status {status})");
            SsoError::Away { issuer: issuer(), reason }
        }
        error => unusable(error.to_string()),
    })?;
    check(&metadata).map_err(unusable)?;
    Ok(metadata)
}

/// What must be so before a browser or a secret is sent anywhere.
fn check(metadata: &ProviderMetadataWithLogout) -> Result<(), String> {
    let token = metadata.token_endpoint().ok_or("it has no token endpoint")?;
    let sign_out = metadata.additional_metadata().end_session_endpoint.as_ref();
    let endpoints: [Option<&Url>; 4] = [
        Some(metadata.authorization_endpoint().url()),
        Some(token.url()),
        metadata.userinfo_endpoint().map(|endpoint| endpoint.url()),
        sign_out.map(|endpoint| endpoint.url()),
    ];
    if let Some(open) = endpoints.into_iter().flatten().find(|url| !is_safe(url)) {
        let place = open.origin().ascii_serialization();
        return Err(format!("its endpoint at {place} is neither https nor on this machine"));
    }
    if algorithms(metadata).is_empty() {
        return Err("it signs with no asymmetric algorithm that is known here".to_owned());
    }
    Ok(())
}
