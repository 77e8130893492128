//! Issuing API tokens.

use std::collections::BTreeSet;

use correlate::model::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use store::records::{
    Actor, ApiTokenDraft, ApiTokenId, MailDraft, Records, RecordsError, ServiceGrant, TokenHash,
    UserId,
};

use super::principal::{SERVICE_TOKEN_PREFIX, TOKEN_PREFIX};
use super::secret::{self, NoRandomness};

/// Characters behind the prefix that lists show, so that people can tell theirs
/// apart.
pub(super) const SHOWN_CHARS: usize = 6;

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
    let (scopes, grant, parent, letter) = (None, None, None, None);
    let wanted = WantedToken { user, name, expires_at, scopes, grant, parent, letter };
    issue(records, actor, wanted).await
}

/// An API token as somebody wants it; the fields are those of
/// [`ApiTokenDraft`].
pub(crate) struct WantedToken<'a> {
    pub(crate) user: UserId,
    pub(crate) name: &'a str,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) scopes: Option<BTreeSet<String>>,
    pub(crate) grant: Option<ServiceGrant>,
    pub(crate) parent: Option<ApiTokenId>,
    /// What tells its user of it.
    pub(crate) letter: Option<MailDraft>,
}

/// Issues a token, as [`issue_api_token`] does.
pub(crate) async fn issue(
    records: &Records,
    actor: &Actor,
    wanted: WantedToken<'_>,
) -> Result<(ApiTokenId, SecretString), TokenError> {
    let prefix = if wanted.grant.is_some() { SERVICE_TOKEN_PREFIX } else { TOKEN_PREFIX };
    let text = format!("{prefix}{}", secret::fresh()?.expose_secret());
    let draft = ApiTokenDraft {
        token: TokenHash::of(&text),
        prefix: text[..prefix.len() + SHOWN_CHARS].to_owned(),
        name: wanted.name.to_owned(),
        user: wanted.user,
        expires_at: wanted.expires_at,
        scopes: wanted.scopes,
        grant: wanted.grant,
        parent: wanted.parent,
    };
    let id = records.api_tokens().create(actor, &draft, wanted.letter.as_ref()).await?;
    Ok((id, text.into()))
}
