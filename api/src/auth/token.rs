//! Issuing API tokens.

use correlate::model::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use store::records::{Actor, ApiTokenDraft, ApiTokenId, Records, RecordsError, TokenHash, UserId};

use super::principal::TOKEN_PREFIX;
use super::secret::{self, NoRandomness};

/// Characters of a token that lists show, so that people can tell theirs apart.
const SHOWN_CHARS: usize = TOKEN_PREFIX.len() + 6;

/// Why no token was issued.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// No secret could be made.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// The records refused.
    #[error(transparent)]
    Records(#[from] RecordsError),
}

/// Issues a token that acts in the name of `user` until `expires_at`. The
/// text, `pw_…`, is kept nowhere: show it once, now.
///
/// # Errors
/// A user who is not there or not active, a name that is not allowed, or the
/// records are away.
pub async fn issue_api_token(
    records: &Records,
    actor: &Actor,
    user: UserId,
    name: &str,
    expires_at: Option<Timestamp>,
) -> Result<(ApiTokenId, SecretString), TokenError> {
    let text = format!("{TOKEN_PREFIX}{}", secret::fresh()?.expose_secret());
    let draft = ApiTokenDraft {
        token: TokenHash::of(&text),
        prefix: text[..SHOWN_CHARS].to_owned(),
        name: name.to_owned(),
        user,
        expires_at,
    };
    let id = records.api_tokens().create(actor, &draft).await?;
    Ok((id, text.into()))
}
