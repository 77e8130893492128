//! Passkeys (WebAuthn Level 3): what a browser is asked to sign, and whether
//! what came back is worth anything. User verification is always required, so
//! that a passkey is two factors in one.
//!
//! What was asked is kept in the records for a few minutes and taken out by the
//! first answer. Nothing here knows of sessions.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::records::{
    Ceremony, CeremonyKind, Passkey as KeptPasskey, PasskeyDraft, RecordsError, TokenHash, User,
    UserId,
};
use url::{Host, Url};
use webauthn_rs::prelude::{
    AuthenticationResult, DiscoverableAuthentication, DiscoverableKey, Passkey,
    PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential,
    Uuid, Webauthn, WebauthnBuilder, WebauthnError,
};

use super::secret::{self, NoRandomness};
use super::throttle::network;
use crate::app::ApiState;
use crate::problem::ApiError;

/// How long an answer is awaited: what the standard recommends for people who
/// look for a key and type a PIN.
const CEREMONY_VALID_MS: i64 = 300_000;

/// Why a passkey was not accepted.
#[derive(Debug, thiserror::Error)]
pub(super) enum PasskeyError {
    /// Nothing was asked, it was answered before, or too late.
    #[error("nothing was asked, or it was answered already")]
    NothingAsked,
    /// Nobody has this passkey, or its owner may not come in.
    #[error("the passkey is not known")]
    Unknown,
    /// What was signed is not what was asked.
    #[error("what came back is refused: {0}")]
    Refused(#[from] WebauthnError),
    /// The counter of the passkey went back: somebody may hold a copy of it.
    #[error("the counter of the passkey has not moved on")]
    Copied,
    /// A ceremony cannot be written or read.
    #[error("a ceremony cannot be kept: {0}")]
    Json(#[from] serde_json::Error),
    /// No secret could be made.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// The records refused.
    #[error(transparent)]
    Records(#[from] RecordsError),
}

impl PasskeyError {
    /// Whether it is the passkey's fault and not ours.
    pub(super) fn is_refusal(&self) -> bool {
        use PasskeyError::{Copied, NothingAsked, Refused, Unknown};
        matches!(self, NothingAsked | Unknown | Refused(_) | Copied)
    }
}

/// What a browser gets to sign.
#[derive(Serialize)]
pub(crate) struct Begun {
    /// To be sent back with the answer.
    ceremony: String,
    /// The options of `navigator.credentials`.
    options: Value,
}

/// What a browser sends back.
#[derive(Deserialize)]
pub(crate) struct Answer {
    /// What [`Begun::ceremony`] was.
    ceremony: String,
    /// What was signed.
    credential: Value,
}

/// Checks passkeys for one public address.
pub(crate) struct Passkeys(Webauthn);

impl Passkeys {
    /// For `origin`, such as `https://uptime.example.net`. `None` where no
    /// browser offers passkeys: an address without a host name, or one over
    /// http that is not this machine.
    pub(crate) fn at(origin: &str) -> Option<Passkeys> {
        let origin = Url::parse(origin).ok()?;
        let Some(Host::Domain(host)) = origin.host() else { return None };
        if origin.scheme() != "https" && host != "localhost" {
            return None;
        }
        let built = WebauthnBuilder::new(host, &origin);
        built.and_then(|builder| builder.rp_name("Padwacht").build()).ok().map(Passkeys)
    }

    /// Asks `user` for a new passkey.
    pub(super) async fn begin_registration(
        &self,
        state: &ApiState,
        user: &User,
    ) -> Result<Begun, PasskeyError> {
        let known = state.records().factors().passkeys(user.id).await?;
        let known: Vec<Passkey> = known.iter().map(opened).collect::<Result<_, _>>()?;
        let exclude = known.iter().map(|passkey| passkey.cred_id().clone()).collect();
        let name = if user.name.is_empty() { &user.email } else { &user.name };
        let (options, asked) =
            self.0.start_passkey_registration(handle(user.id), &user.email, name, Some(exclude))?;
        let mut options = serde_json::to_value(options)?;
        // The library leaves this to the device; without it nobody could sign
        // in without saying first who they are.
        let chosen = &mut options["publicKey"]["authenticatorSelection"];
        chosen["residentKey"] = json!("required");
        chosen["requireResidentKey"] = json!(true);
        let (kind, user) = (CeremonyKind::Registration, Some(user.id));
        begin(state, kind, user, user_word(user), options, &asked).await
    }

    /// The passkey that `user` made when asked.
    pub(super) async fn register(
        &self,
        state: &ApiState,
        user: UserId,
        answer: &Answer,
        name: &str,
    ) -> Result<PasskeyDraft, PasskeyError> {
        let (_, asked): (_, PasskeyRegistration) =
            take(state, CeremonyKind::Registration, Some(user), answer).await?;
        let made: RegisterPublicKeyCredential = read(&answer.credential)?;
        let passkey = self.0.finish_passkey_registration(&made, &asked)?;
        Ok(PasskeyDraft {
            name: name.to_owned(),
            credential_id: hex(passkey.cred_id().as_ref()),
            credential: serde_json::to_string(&passkey)?,
        })
    }

    /// Asks for a signature with a passkey of `user`.
    pub(super) async fn begin_of(
        &self,
        state: &ApiState,
        kind: CeremonyKind,
        user: UserId,
    ) -> Result<Begun, PasskeyError> {
        let known = state.records().factors().passkeys(user).await?;
        let known: Vec<Passkey> = known.iter().map(opened).collect::<Result<_, _>>()?;
        if known.is_empty() {
            return Err(PasskeyError::Unknown);
        }
        let (options, asked) = self.0.start_passkey_authentication(&known)?;
        let (user, options) = (Some(user), serde_json::to_value(options)?);
        begin(state, kind, user, user_word(user), options, &asked).await
    }

    /// Checks a signature with a passkey of `user`.
    pub(super) async fn check_of(
        &self,
        state: &ApiState,
        kind: CeremonyKind,
        user: UserId,
        answer: &Answer,
    ) -> Result<(), PasskeyError> {
        let (_, asked): (_, PasskeyAuthentication) = take(state, kind, Some(user), answer).await?;
        let signed: PublicKeyCredential = read(&answer.credential)?;
        let kept = kept(state, &signed).await?;
        if kept.user != user {
            return Err(PasskeyError::Unknown);
        }
        let result = self.0.finish_passkey_authentication(&signed, &asked)?;
        used(state, &kept, &result).await
    }

    /// Asks for a signature with any passkey for this address.
    pub(super) async fn begin_sign_in(
        &self,
        state: &ApiState,
        address: IpAddr,
    ) -> Result<Begun, PasskeyError> {
        let (options, asked) = self.0.start_discoverable_authentication()?;
        let mut options = serde_json::to_value(options)?;
        // We ask after a click, with the browser's own dialog.
        if let Some(options) = options.as_object_mut() {
            options.remove("mediation");
        }
        let origin = network(address).to_string();
        begin(state, CeremonyKind::SignIn, None, origin, options, &asked).await
    }

    /// Whose passkey signed.
    pub(super) async fn check_sign_in(
        &self,
        state: &ApiState,
        answer: &Answer,
    ) -> Result<UserId, PasskeyError> {
        let (_, asked): (_, DiscoverableAuthentication) =
            take(state, CeremonyKind::SignIn, None, answer).await?;
        let signed: PublicKeyCredential = read(&answer.credential)?;
        let (owner, _) = self.0.identify_discoverable_authentication(&signed)?;
        let kept = kept(state, &signed).await?;
        if handle(kept.user) != owner {
            return Err(PasskeyError::Unknown);
        }
        let key = DiscoverableKey::from(opened(&kept)?);
        let result = self.0.finish_discoverable_authentication_v2(&signed, asked, key)?;
        used(state, &kept, &result).await?;
        Ok(kept.user)
    }
}

/// As authenticators know `user`: their id, which says nothing about them.
fn handle(user: UserId) -> Uuid {
    user.to_string().parse().expect("a user's id is a UUID")
}

fn opened(kept: &KeptPasskey) -> Result<Passkey, PasskeyError> {
    Ok(serde_json::from_str(&kept.credential)?)
}

/// Whose passkey an answer claims to be made with, if it is one that is known.
///
/// # Errors
/// Only of the database.
pub(super) async fn owner(state: &ApiState, answer: &Answer) -> Result<Option<UserId>, ApiError> {
    let Ok(signed) = read::<PublicKeyCredential>(&answer.credential) else { return Ok(None) };
    let id = hex(signed.get_credential_id());
    let found = state.records().factors().passkey_of(&id).await;
    Ok(found.map_err(ApiError::records)?.map(|kept| kept.user))
}

/// Who begins a ceremony, for [`Ceremony::origin`].
fn user_word(user: Option<UserId>) -> String {
    user.map(|user| format!("user {user}")).unwrap_or_default()
}

/// What a browser sent, which may be anything.
fn read<T: DeserializeOwned>(credential: &Value) -> Result<T, PasskeyError> {
    T::deserialize(credential).map_err(|_| PasskeyError::Unknown)
}

async fn kept(state: &ApiState, signed: &PublicKeyCredential) -> Result<KeptPasskey, PasskeyError> {
    let id = hex(signed.get_credential_id());
    state.records().factors().passkey_of(&id).await?.ok_or(PasskeyError::Unknown)
}

async fn used(
    state: &ApiState,
    kept: &KeptPasskey,
    result: &AuthenticationResult,
) -> Result<(), PasskeyError> {
    let mut passkey = opened(kept)?;
    passkey.update_credential(result);
    let credential = serde_json::to_string(&passkey)?;
    let factors = state.records().factors();
    let moved = factors.use_passkey(kept.id, &credential, result.counter(), state.now()).await?;
    if moved { Ok(()) } else { Err(PasskeyError::Copied) }
}

async fn begin(
    state: &ApiState,
    kind: CeremonyKind,
    user: Option<UserId>,
    origin: String,
    options: Value,
    asked: &impl Serialize,
) -> Result<Begun, PasskeyError> {
    let token: SecretString = secret::fresh()?;
    let expires_at = state.now().plus_millis(CEREMONY_VALID_MS);
    let asked = serde_json::to_string(asked)?;
    let begun = Ceremony { kind, user, state: asked, expires_at, origin };
    let hash = TokenHash::of(token.expose_secret());
    state.records().factors().begin_ceremony(&hash, &begun, state.now()).await?;
    Ok(Begun { ceremony: token.expose_secret().to_owned(), options })
}

async fn take<T: DeserializeOwned>(
    state: &ApiState,
    kind: CeremonyKind,
    user: Option<UserId>,
    answer: &Answer,
) -> Result<(Ceremony, T), PasskeyError> {
    let token = TokenHash::of(&answer.ceremony);
    let taken = state.records().factors().take_ceremony(&token, kind, state.now()).await?;
    let taken = taken.filter(|taken| taken.user == user).ok_or(PasskeyError::NothingAsked)?;
    let asked = serde_json::from_str(&taken.state)?;
    Ok((taken, asked))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl From<PasskeyError> for ApiError {
    fn from(error: PasskeyError) -> ApiError {
        match error {
            error if error.is_refusal() => {
                tracing::warn!(%error, "a passkey was refused");
                ApiError::PasskeyRefused
            }
            PasskeyError::Records(error) => ApiError::of_records(error),
            error => ApiError::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_need_a_host_name_and_a_safe_way_there() {
        let check = |origin: &str, expected: bool| {
            assert_eq!(Passkeys::at(origin).is_some(), expected, "{origin}");
        };
        check("https://uptime.example.net", true);
        check("https://uptime.example.net:8443", true);
        check("http://localhost:8080", true);
        check("http://uptime.example.net", false);
        check("http://127.0.0.1:8080", false);
        check("https://[2001:db8::1]", false);
    }
}
