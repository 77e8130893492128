//! Making the secrets with which accounts push, and finding them in requests.

use axum::http::HeaderMap;
use axum_extra::headers::authorization::Basic;
use axum_extra::headers::{Authorization, HeaderMapExt as _};
use secrecy::{ExposeSecret, SecretString};
use store::records::{Actor, PushSecretDraft, PushSecretId, Records, TokenHash};

use crate::auth;
use crate::problem::ApiError;

/// How every push secret begins, so that scanners for leaked secrets know it.
const PREFIX: &str = "pwpush_";

/// Characters of a secret that lists show, so that people can tell which one
/// an NMS has.
const SHOWN_CHARS: usize = PREFIX.len() + 5;

/// Whatever is longer is no secret of ours.
const SECRET_BYTES_MAX: usize = 200;

/// An NMS that is told the new secret within this time loses no push.
const OLD_ONES_WORK_FOR_MS: i64 = 24 * 3_600_000;

/// The headers that hold nothing but the secret.
const OWN_HEADERS: [&str; 2] = ["x-padwacht-secret", "x-auth-token"];

/// A secret that was just made. It is kept nowhere: show it once, now.
pub(crate) struct Fresh {
    /// Names it, for revoking it.
    pub(crate) id: PushSecretId,
    /// What the NMS must send.
    pub(crate) secret: SecretString,
}

/// Puts a new secret of `account` in force; the others go on for a day.
///
/// # Errors
/// An account name that is not allowed, or the records are away.
pub(crate) async fn issue(
    records: &Records,
    actor: &Actor,
    account: &str,
) -> Result<Fresh, ApiError> {
    let random = auth::fresh_secret().map_err(ApiError::internal)?;
    let text = format!("{PREFIX}{}", random.expose_secret());
    let draft = PushSecretDraft {
        account: account.to_owned(),
        secret: TokenHash::of(&text),
        prefix: text[..SHOWN_CHARS].to_owned(),
    };
    let others_end_at = actor.at.plus_millis(OLD_ONES_WORK_FOR_MS);
    let id = records.push_secrets().rotate(actor, &draft, others_end_at).await;
    Ok(Fresh { id: id.map_err(ApiError::of_records)?, secret: text.into() })
}

/// The secret that a request shows: as a bearer token, as the password of
/// basic authentication (whatever the user name), or in a header of its own.
/// Never from the address, which ends up in access logs.
pub(super) fn shown(headers: &HeaderMap) -> Option<String> {
    let bearer = auth::bearer(headers).map(str::to_owned);
    let basic = || {
        let basic = headers.typed_get::<Authorization<Basic>>()?;
        Some(basic.password().to_owned())
    };
    let own = || {
        let value = OWN_HEADERS.iter().find_map(|name| headers.get(*name))?;
        Some(value.to_str().ok()?.trim().to_owned())
    };
    bearer
        .or_else(basic)
        .or_else(own)
        .filter(|secret| !secret.is_empty() && secret.len() <= SECRET_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    #[track_caller]
    fn check(sent: &[(&'static str, &str)], expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.insert(HeaderName::from_static(name), value.parse().expect("a value"));
        }
        assert_eq!(shown(&headers).as_deref(), expected, "{sent:?}");
    }

    #[test]
    fn a_secret_is_found_wherever_librenms_can_put_it() {
        check(&[("authorization", "Bearer pwpush_1")], Some("pwpush_1"));
        check(&[("authorization", "bearer  pwpush_1 ")], Some("pwpush_1"));
        // padwacht:pwpush_1
        check(&[("authorization", "Basic cGFkd2FjaHQ6cHdwdXNoXzE=")], Some("pwpush_1"));
        check(&[("x-padwacht-secret", "pwpush_1")], Some("pwpush_1"));
        check(&[("x-auth-token", " pwpush_1")], Some("pwpush_1"));
    }

    #[test]
    fn what_is_no_secret_is_none() {
        check(&[], None);
        check(&[("authorization", "Bearer ")], None);
        check(&[("authorization", "Basic !!!")], None);
        check(&[("x-padwacht-secret", &"x".repeat(201))], None);
    }
}
