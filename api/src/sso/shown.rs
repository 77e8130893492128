//! What the pages show of single sign-on: buttons, problems, and with whom an
//! account is connected.

use dashboards::{Lang, ProfileSignOn, SignOnButton, SignOnProblem, UserSignOn, urls};
use store::records::{User, UserId};

use super::{is_required_of, problem};
use crate::app::ApiState;
use crate::auth::local_path;
use crate::problem::ApiError;

/// The button of the sign-in page, which leads back to `next`.
pub(crate) fn login_sign_on(state: &ApiState, language: Lang, next: &str) -> Option<SignOnButton> {
    let mut address = urls::LOGIN_OIDC.to_owned();
    if local_path(next) != urls::OVERVIEW {
        address.push_str(&format!("?next={}", urls::encode(local_path(next))));
    }
    let label = label(state, language)?;
    Some(SignOnButton { label, address, invitation: None, is_only_way: false })
}

/// The button for somebody who came in by the provider and proves anew who they
/// are, to go on at `next`.
pub(crate) fn confirm_sign_on(
    state: &ApiState,
    language: Lang,
    next: &str,
) -> Option<SignOnButton> {
    let address = format!("{}?again=1&next={}", urls::LOGIN_OIDC, urls::encode(local_path(next)));
    let label = label(state, language)?;
    Some(SignOnButton { label, address, invitation: None, is_only_way: true })
}

/// The button of an invitation of `user` with `token`.
pub(crate) fn invitation_sign_on(
    state: &ApiState,
    language: Lang,
    token: &str,
    user: &User,
) -> Option<SignOnButton> {
    let (address, invitation) = (urls::LOGIN_OIDC.to_owned(), Some(token.to_owned()));
    let is_only_way = is_required_of(state, user);
    Some(SignOnButton { label: label(state, language)?, address, invitation, is_only_way })
}

/// Where the sign-in page leads to sign out at the provider too.
pub(crate) fn sign_out_target(state: &ApiState) -> Option<String> {
    state.sso().map(|_| urls::LOGIN_OIDC_LOGOUT.to_owned())
}

/// The problem that the query of a page names.
pub(crate) fn problem_of(code: &str) -> Option<SignOnProblem> {
    problem::of_code(code)
}

/// With whom at the provider `user` is connected, for their profile.
pub(crate) async fn profile_sign_on(
    state: &ApiState,
    language: Lang,
    user: &User,
) -> Result<Option<ProfileSignOn>, ApiError> {
    if state.sso().is_none() {
        return Ok(None);
    }
    let linked = user_sign_on(state, user.id).await?;
    let has_password = state.records().users().has_password(user.id).await;
    let has_password = has_password.map_err(ApiError::records)?;
    let label = label(state, language).unwrap_or_default();
    let (problem, is_linked_now) = (None, false);
    Ok(Some(ProfileSignOn { label, linked, has_password, problem, is_linked_now }))
}

/// Who `user` is at the provider.
pub(crate) async fn user_sign_on(
    state: &ApiState,
    user: UserId,
) -> Result<Option<UserSignOn>, ApiError> {
    let Some(provider) = state.sso() else { return Ok(None) };
    let found = state.records().users().identity(user, &provider.config().issuer).await;
    Ok(found.map_err(ApiError::records)?.map(|found| UserSignOn {
        label: found.identity.label,
        linked_at: found.linked_at,
        used_at: found.used_at,
    }))
}

fn label(state: &ApiState, language: Lang) -> Option<String> {
    let [dutch, english] = &state.sso()?.config().labels;
    Some(match language {
        Lang::Dutch => dutch.clone(),
        Lang::English => english.clone(),
    })
}
