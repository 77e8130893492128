//! `/login/oidc`: going to the provider, coming back, and signing out there. With
//! an invitation somebody goes by a form, so that its code is in no address.
//!
//! Whatever goes wrong ends at the sign-in page (or at the profile, for
//! somebody who connects an account), which says so in the reader's language.
//! The details are in the log, without codes, tokens and claims.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Form, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use correlate::model::Timestamp;
use dashboards::letters::FactorNews;
use dashboards::{Lang, SignOnLeavePage, SignOnProblem, urls};
use openidconnect::{ClientId, LogoutRequest, PostLogoutRedirectUrl};
use serde::Deserialize;
use store::records::{
    Actor, Language, LoginResult, Proof, RecordsError, SignOnIdentity, SignOnPurpose, SignedOn,
    TokenHash, User, UserDraft, UserId,
};

use super::flow::{self, Back, NotSent};
use super::mapping;
use super::problem;
use super::provider::{Provider, SsoError};
use super::token::{self, Proven, Returned, SKEW_MS, cleaned};
use crate::app::ApiState;
use crate::auth::{
    Trying, attempts, begin_session, identify, local_path, network, note_attempt, required_roles,
    second, to_login,
};
use crate::problem::{ApiError, Thing};
use crate::web::Lenient;
use crate::{language, letters, metric, pages, web};

/// What the log of attempts calls somebody of whom not even that is known.
const NOBODY: &str = "-";

/// The query of the way there.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct BeginQuery {
    next: String,
    /// Whether somebody who is signed in proves anew who they are.
    again: Option<String>,
}

/// The form of an invitation that is used by way of the provider.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct SentInvitation {
    invitation: String,
}

/// The query of the way back (RFC 6749, 4.1.2; RFC 9207 for `iss`).
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct CallbackQuery {
    code: String,
    state: String,
    iss: String,
    error: String,
    error_description: String,
}

/// Why somebody who came back does not come in.
enum Refused {
    /// What to tell them; what to tell the log; and of whom, if that is known.
    Because(SignOnProblem, String, Option<String>),
    /// Something of ours failed.
    Ours(ApiError),
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Refused {
        Refused::Ours(error)
    }
}

fn because(problem: SignOnProblem, reason: impl Into<String>) -> Refused {
    Refused::Because(problem, reason.into(), None)
}

/// Whether another site sends the browser here, by a link or a redirect: whoever
/// comes that way has asked us for nothing (OWASP ASVS 5, 7.6.2).
fn is_sent_by_others(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    matches!(site, Some("cross-site" | "same-site"))
}

fn configured(state: &ApiState) -> Result<&Provider, ApiError> {
    state.sso().ok_or(ApiError::NotFound(Thing::Address))
}

/// `GET /login/oidc`.
pub(crate) async fn begin(
    State(state): State<ApiState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Lenient(query): Lenient<BeginQuery>,
) -> Result<Response, ApiError> {
    let provider = configured(&state)?;
    if is_sent_by_others(&headers) {
        return Ok(to_login(&query.next, false, false));
    }
    let signed_in = identify(&state, &headers).await?;
    let purpose = match query.again {
        Some(_) => SignOnPurpose::SignInAgain,
        None if signed_in.is_some() => {
            return Ok(Redirect::to(local_path(&query.next)).into_response());
        }
        None => SignOnPurpose::SignIn,
    };
    let signed_in = signed_in.map(|identity| identity.user().id);
    let origin = origin(&state, signed_in, peer, &headers).await?;
    match flow::begin(&state, provider, &headers, purpose, &query.next, origin).await {
        Ok(sent) => {
            let jar = CookieJar::new().add(sent.cookie);
            Ok((jar, Redirect::to(sent.to.as_str())).into_response())
        }
        Err(NotSent::Ours(error)) => Err(error),
        Err(NotSent::Provider(error)) => {
            tracing::warn!(%error, "nobody can be sent to the OpenID provider");
            Ok(told(urls::LOGIN, SignOnProblem::Away, &query.next))
        }
    }
}

/// `POST /login/oidc`: an invitation is used by way of the provider.
pub(crate) async fn begin_invited(
    State(state): State<ApiState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(sent): Form<SentInvitation>,
) -> Result<Response, ApiError> {
    let provider = configured(&state)?;
    let signed_in = identify(&state, &headers).await?.map(|identity| identity.user().id);
    let origin = origin(&state, signed_in, peer, &headers).await?;
    let purpose = SignOnPurpose::Invitation(TokenHash::of(&sent.invitation));
    match flow::begin(&state, provider, &headers, purpose, "", origin).await {
        Ok(sent) => leave(&state, &headers, sent, urls::REGISTER),
        Err(NotSent::Ours(error)) => Err(error),
        Err(NotSent::Provider(error)) => {
            tracing::warn!(%error, "nobody can be sent to the OpenID provider");
            Ok(told(urls::LOGIN, SignOnProblem::Away, ""))
        }
    }
}

/// Who begins, for counting: somebody who is signed in, or a network.
async fn origin(
    state: &ApiState,
    signed_in: Option<UserId>,
    peer: SocketAddr,
    headers: &HeaderMap,
) -> Result<String, ApiError> {
    if let Some(user) = signed_in {
        return Ok(user_word(user));
    }
    let address = web::client_address(peer.ip(), headers, &state.config().trusted_proxies);
    attempts::begins(state, Trying::BeginsSignOn(address)).await?;
    Ok(network(address).to_string())
}

/// To the provider after a form of the page `here`. The answer is a page that goes
/// there: a browser does not let a form be led to another site (`form-action` of
/// our content policy).
pub(super) fn leave(
    state: &ApiState,
    headers: &HeaderMap,
    sent: flow::Sent,
    here: &str,
) -> Result<Response, ApiError> {
    let language = language::of_request(headers, state.config().default_language);
    let shell = pages::bare_shell(state, language, here.to_owned());
    let place = sent.to.origin().ascii_serialization();
    let page = SignOnLeavePage { shell, place, address: sent.to.to_string() };
    let mut response = pages::html(&page)?;
    let refresh = format!("0; url={}", sent.to);
    let refresh = HeaderValue::try_from(refresh).map_err(ApiError::internal)?;
    response.headers_mut().insert(HeaderName::from_static("refresh"), refresh);
    Ok((CookieJar::new().add(sent.cookie), response).into_response())
}

/// `GET /login/oidc/callback`.
pub(crate) async fn callback(
    State(state): State<ApiState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Lenient(query): Lenient<CallbackQuery>,
) -> Result<Response, ApiError> {
    let provider = configured(&state)?;
    let address = web::client_address(peer.ip(), &headers, &state.config().trusted_proxies);
    let mut page = urls::LOGIN;
    let came = match flow::end(&state, &headers, &query.state).await? {
        None => Err(because(SignOnProblem::Ended, "its state is unknown, used, old or not theirs")),
        Some(back) => {
            if matches!(back.flow.purpose, SignOnPurpose::Link(_)) {
                page = urls::PROFILE;
            }
            came_back(&state, provider, &headers, address, query, back).await
        }
    };
    let refused = match came {
        Ok(response) => return Ok(response),
        Err(Refused::Ours(error)) => return Err(error),
        Err(Refused::Because(problem, reason, who)) => (problem, reason, who),
    };
    let (problem, reason, who) = refused;
    metric::login("oidc-refused");
    tracing::warn!(%address, reason, "a single sign-on was refused");
    let who = who.as_deref().unwrap_or(NOBODY);
    note_attempt(&state, &headers, who, address, LoginResult::SignOnRefused).await;
    Ok(told(page, problem, ""))
}

/// `GET /login/oidc/logout`.
pub(crate) async fn sign_out(
    State(state): State<ApiState>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let provider = configured(&state)?;
    if is_sent_by_others(&headers) {
        return Ok(Redirect::to(urls::LOGIN).into_response());
    }
    let Ok(metadata) = provider.metadata(state.now()).await else {
        return Ok(told(urls::LOGIN, SignOnProblem::Away, ""));
    };
    let Some(end) = metadata.additional_metadata().end_session_endpoint.clone() else {
        return Ok(Redirect::to(urls::LOGIN).into_response());
    };
    let back = format!("{}{}", state.public_origin(), urls::LOGIN);
    let back = PostLogoutRedirectUrl::new(back).map_err(ApiError::internal)?;
    let request = LogoutRequest::from(end)
        .set_client_id(ClientId::new(provider.config().client_id.clone()))
        .set_post_logout_redirect_uri(back);
    Ok(Redirect::to(request.http_get_url().as_str()).into_response())
}

/// Tells of `problem` on `page`, whose address holds no more than its code.
pub(super) fn told(page: &str, problem: SignOnProblem, next: &str) -> Response {
    let mut place = format!("{page}?sso={}", problem::code(problem));
    if local_path(next) != urls::OVERVIEW {
        place.push_str(&format!("&next={}", urls::encode(local_path(next))));
    }
    Redirect::to(&place).into_response()
}

async fn came_back(
    state: &ApiState,
    provider: &Provider,
    headers: &HeaderMap,
    address: IpAddr,
    query: CallbackQuery,
    back: Back,
) -> Result<Response, Refused> {
    let issuer = &provider.config().issuer;
    if !query.iss.is_empty() && query.iss != *issuer {
        return Err(because(SignOnProblem::Unproven, "another issuer sent them back"));
    }
    if !query.error.is_empty() || query.code.is_empty() {
        let said = cleaned(&format!("{}: {}", query.error, query.error_description));
        return Err(because(SignOnProblem::Denied, format!("the provider said {said}")));
    }
    let Back { flow, nonce, verifier } = back;
    let returned = Returned { code: query.code, verifier, nonce };
    let proven = token::prove(provider, &flow::callback(state), returned, state.now()).await;
    let proven = proven.map_err(|error| match &error {
        SsoError::Away { .. } => because(SignOnProblem::Away, error.to_string()),
        _ => because(SignOnProblem::Unproven, error.to_string()),
    })?;
    let identity = identity_of(issuer, &proven);
    let earliest = flow.begun_at.plus_millis(-SKEW_MS);
    let is_stale = proven.proved_at.is_none_or(|at| at < earliest);
    if flow.purpose == SignOnPurpose::SignInAgain && is_stale {
        return Err(because(SignOnProblem::Unproven, "the provider did not ask them anew"));
    }
    let label = identity.label.clone();
    let admitted = admit(state, provider, headers, address, flow.purpose, &proven, &identity).await;
    match admitted {
        Ok(Admitted::Linked(user)) => {
            tracing::info!(%user, %address, "an identity was connected");
            let jar = CookieJar::new().add(flow::forgetting(state));
            let place = format!("{}?linked=1", urls::PROFILE);
            Ok((jar, Redirect::to(&place)).into_response())
        }
        Ok(Admitted::In(user)) if owes_code(state, &proven, &user).await? => {
            let result = LoginResult::SecondFactorAsked;
            note_attempt(state, headers, &user.email, address, result).await;
            tracing::info!(user = %user.id, %address, "the provider says nothing of two factors");
            let asked = second::ask(state, &user, &flow.return_path, true).await?;
            Ok((CookieJar::new().add(flow::forgetting(state)), asked).into_response())
        }
        Ok(Admitted::In(user)) => {
            note_attempt(state, headers, &user.email, address, LoginResult::SignedOn).await;
            metric::login("oidc");
            tracing::info!(user = %user.id, %address, "signed in by single sign-on");
            // The provider lets in whom it knows still; what needs a fresh proof
            // counts from when they gave it one, or was never given any.
            let proved_at = proven.proved_at.unwrap_or(Timestamp(0));
            let proof = match proven.has_second_factor {
                true => Proof::FederatedSecondFactor,
                false => Proof::Federated,
            };
            let cookies = begin_session(state, headers, &user, address, proof, proved_at).await?;
            let cookies = cookies.add(flow::forgetting(state));
            Ok((cookies, Redirect::to(local_path(&flow.return_path))).into_response())
        }
        Err(Refused::Because(problem, reason, None)) => {
            Err(Refused::Because(problem, reason, Some(label)))
        }
        Err(refused) => Err(refused),
    }
}

/// Whether `user`, whose provider says nothing of two factors, must give a code of
/// their own here: their role must have a second factor, and they have one. Who
/// has none is led to set one up.
async fn owes_code(state: &ApiState, proven: &Proven, user: &User) -> Result<bool, Refused> {
    if proven.has_second_factor {
        return Ok(false);
    }
    let factors = state.records().factors();
    let (required, has_second) =
        tokio::try_join!(required_roles(state), factors.has_second(user.id))
            .map_err(ApiError::records)?;
    Ok(has_second && required.contains(&user.role))
}

/// What came of somebody who is proven.
enum Admitted {
    In(Box<User>),
    Linked(UserId),
}

async fn admit(
    state: &ApiState,
    provider: &Provider,
    headers: &HeaderMap,
    address: IpAddr,
    purpose: SignOnPurpose,
    proven: &Proven,
    identity: &SignOnIdentity,
) -> Result<Admitted, Refused> {
    let config = provider.config();
    if let SignOnPurpose::Link(user) = purpose {
        return link(state, headers, address, user, identity).await;
    }
    let (users, now, from) = (state.records().users(), state.now(), address.to_string());
    let Some(grant) = mapping::grant(config, &proven.groups, &proven.customers) else {
        shut_out(state, identity, &from).await?;
        let reason = "none of their groups means anything here";
        return Err(because(SignOnProblem::NotMapped, reason));
    };
    let spoken = match language::of_request(headers, state.config().default_language) {
        Lang::Dutch => Language::Nl,
        Lang::English => Language::En,
    };
    let signed = match purpose {
        SignOnPurpose::Invitation(token) => {
            users.register_by_sign_on(&token, identity, &grant, spoken, &from, now).await
        }
        SignOnPurpose::SignIn | SignOnPurpose::SignInAgain | SignOnPurpose::Link(_) => {
            let newcomer = newcomer(proven, config.creates_users);
            let newcomer = newcomer.map(|(email, name)| UserDraft {
                name,
                language: spoken,
                ..UserDraft::new(email, grant.role)
            });
            users.sign_on(identity, &grant, newcomer.as_ref(), &from, now).await
        }
    };
    match signed {
        Ok(SignedOn::In(user)) => Ok(Admitted::In(user)),
        Ok(SignedOn::Unknown) => Err(because(SignOnProblem::Unknown, "no account is theirs")),
        Ok(SignedOn::Closed(user)) => {
            Err(because(SignOnProblem::Closed, format!("the account {} is closed", user.id)))
        }
        Ok(SignedOn::AddressTaken) => {
            Err(because(SignOnProblem::AddressTaken, "their address belongs to another account"))
        }
        Ok(SignedOn::NoCustomer) => {
            shut_out(state, identity, &from).await?;
            Err(because(SignOnProblem::NotMapped, "they act for no customer that exists"))
        }
        Ok(SignedOn::LastAdministrator(user)) => {
            let reason = format!("{} would leave nobody as administrator", user.id);
            Err(because(SignOnProblem::NotMapped, reason))
        }
        Err(RecordsError::NotFound { .. }) => {
            Err(because(SignOnProblem::Invitation, "the invitation does not work"))
        }
        Err(RecordsError::Exists { .. }) => {
            Err(because(SignOnProblem::LinkTaken, "the identity is connected already"))
        }
        Err(RecordsError::Invalid { field, reason }) => {
            Err(because(SignOnProblem::NotMapped, format!("{field}: {reason}")))
        }
        Err(error) => Err(Refused::Ours(ApiError::records(error))),
    }
}

/// Ends what is left of whoever `identity` belongs to, as their provider gives
/// them no role here any more.
async fn shut_out(
    state: &ApiState,
    identity: &SignOnIdentity,
    address: &str,
) -> Result<(), Refused> {
    let gone = state.records().users().unmapped(identity, address, state.now()).await;
    if let Some(user) = gone.map_err(|error| Refused::Ours(ApiError::records(error)))? {
        tracing::warn!(%user, "sessions and tokens end: the provider gives no role any more");
    }
    Ok(())
}

/// Who begins a sign-on in a session, for [`SignOnFlowDraft::origin`](store::records::SignOnFlowDraft).
pub(super) fn user_word(user: UserId) -> String {
    format!("user {user}")
}

/// Connects whom the provider names with `user`, who must be the one that is
/// signed in in this browser.
async fn link(
    state: &ApiState,
    headers: &HeaderMap,
    address: IpAddr,
    user: UserId,
    identity: &SignOnIdentity,
) -> Result<Admitted, Refused> {
    let signed_in = identify(state, headers).await?;
    let signed_in = signed_in.filter(|found| found.user().id == user).ok_or_else(|| {
        because(SignOnProblem::Ended, "who began to connect is no longer signed in")
    })?;
    let account = signed_in.user();
    let actor = Actor::new(account.email.clone(), state.now()).as_user(user).from_address(address);
    let news = FactorNews::SignOnLinked;
    let letter = letters::factors_changed(state, account, news, &address.to_string());
    match state.records().users().link(&actor, user, identity, letter.as_ref()).await {
        Ok(()) => Ok(Admitted::Linked(user)),
        Err(RecordsError::Exists { .. }) => {
            Err(because(SignOnProblem::LinkTaken, "the identity is connected already"))
        }
        Err(error) => Err(Refused::Ours(ApiError::records(error))),
    }
}

fn identity_of(issuer: &str, proven: &Proven) -> SignOnIdentity {
    let email = proven.email.as_ref().map(|(email, _)| email.clone());
    SignOnIdentity {
        issuer: issuer.to_owned(),
        subject: proven.subject.clone(),
        label: email.or(proven.name.clone()).unwrap_or_else(|| proven.subject.clone()),
    }
}

/// Address and name of an account for somebody who has none yet, where that is
/// allowed and their address can be one.
fn newcomer(proven: &Proven, creates_users: bool) -> Option<(String, String)> {
    let (email, is_unverified) = proven.email.clone()?;
    let name = proven.name.clone().unwrap_or_default();
    (creates_users && !is_unverified).then_some((email, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proven(email: Option<(&str, bool)>) -> Proven {
        Proven {
            subject: "s-1".to_owned(),
            email: email.map(|(email, is_unverified)| (email.to_owned(), is_unverified)),
            name: Some("Anna".to_owned()),
            groups: Default::default(),
            customers: Default::default(),
            proved_at: None,
            has_second_factor: false,
        }
    }

    #[test]
    fn nobody_gets_an_account_for_an_address_that_is_not_verified() {
        let check = |email, creates_users, expected: bool| {
            assert_eq!(newcomer(&proven(email), creates_users).is_some(), expected, "{email:?}");
        };
        check(Some(("anna@example.net", false)), true, true);
        check(Some(("anna@example.net", true)), true, false);
        check(Some(("anna@example.net", false)), false, false);
        check(None, true, false);
    }

    #[test]
    fn what_is_shown_of_an_identity_is_an_address_or_a_name() {
        let label = |email| identity_of("https://login.example.net", &proven(email)).label;
        assert_eq!(label(Some(("anna@example.net", true))), "anna@example.net");
        assert_eq!(label(None), "Anna");
    }
}
