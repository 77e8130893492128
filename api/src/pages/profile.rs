//! The reader's own profile, and the page where an invitation leads.

use std::net::SocketAddr;

use axum::Extension;
use axum::extract::{ConnectInfo, Form, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use dashboards::{
    FormProblem, InvitedForm, Lang, Mailed, ProfilePage, ProfileSignOn, RegisterPage, UserForm,
    urls,
};
use secrecy::SecretString;
use serde::Deserialize;
use store::records::{Language, ProfileDraft, TokenHash, UserDraft};

use super::forms::{Saved, refused, saved_at};
use super::{html, shell, users};
use crate::app::ApiState;
use crate::auth::{PASSWORD_CHARS_MIN, Principal};
use crate::problem::ApiError;
use crate::v1::operations::customer_names;
use crate::web::Lenient;
use crate::{language, mailed, people, sso, web};

/// The form of a profile.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct SentProfile {
    name: String,
    language: String,
    time_zone: String,
    notification_email: String,
}

/// `GET /profile`.
pub(crate) async fn profile(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    Lenient(query): Lenient<Saved>,
    Lenient(sign_on): Lenient<SignOnQuery>,
) -> Result<Response, ApiError> {
    let form = own_form(&state, &principal).await?;
    let sign_on = own_sign_on(&state, &principal, &headers, &sign_on).await?;
    let shell = shell::full(&state, &principal, &headers, &uri).await?;
    html(&ProfilePage {
        shell,
        form,
        problem: None,
        is_saved: query.saved.is_some(),
        zones: users::zones(),
        product_zone: users::product_zone(&state),
        sign_on,
        awaits_proof: awaits_proof(&state, &principal),
    })
}

/// `POST /profile`.
pub(crate) async fn save_profile(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    jar: CookieJar,
    Form(sent): Form<SentProfile>,
) -> Result<Response, ApiError> {
    let draft = ProfileDraft {
        name: sent.name.clone(),
        language: sent.language.parse().map_err(ApiError::of_records)?,
        time_zone: Some(sent.time_zone.clone()),
        notification_email: Some(sent.notification_email.clone()),
    };
    let problem = match people::update_profile(&state, &principal, &draft).await {
        Ok(()) => {
            // What the switch said before would hide the choice.
            let jar = jar.add(language::cookie(&state, users::language_out(draft.language)));
            return Ok((jar, saved_at(urls::PROFILE)).into_response());
        }
        Err(error) => users::profile_problem(error)?,
    };
    let form = UserForm {
        name: sent.name,
        language: Lang::from_code(&sent.language).unwrap_or_default(),
        time_zone: sent.time_zone,
        notification_email: sent.notification_email,
        ..own_form(&state, &principal).await?
    };
    let page = ProfilePage {
        shell: shell::full(&state, &principal, &headers, &uri).await?,
        form,
        problem: Some(problem),
        is_saved: false,
        zones: users::zones(),
        product_zone: users::product_zone(&state),
        sign_on: own_sign_on(&state, &principal, &headers, &SignOnQuery::default()).await?,
        awaits_proof: awaits_proof(&state, &principal),
    };
    refused(html(&page)?)
}

/// Whether notices are to go elsewhere and do not yet.
fn awaits_proof(state: &ApiState, principal: &Principal) -> bool {
    let account = principal.account();
    let is_elsewhere = account.notification_email.as_ref().is_some_and(|to| *to != account.email);
    state.config().sends_mail && is_elsewhere && !account.notification_proven
}

async fn own_form(state: &ApiState, principal: &Principal) -> Result<UserForm, ApiError> {
    let account = principal.account();
    let names = customer_names(state, principal.scope(), std::slice::from_ref(account)).await?;
    let names: Vec<String> = names.into_values().collect();
    Ok(users::form_of(&UserDraft::of(account), names.join("\n"), account.revision))
}

/// What came of connecting with the OpenID provider.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct SignOnQuery {
    sso: String,
    linked: Option<String>,
}

async fn own_sign_on(
    state: &ApiState,
    principal: &Principal,
    headers: &HeaderMap,
    query: &SignOnQuery,
) -> Result<Option<ProfileSignOn>, ApiError> {
    let lang = shell::locale(state, principal, headers).lang;
    let shown = sso::profile_sign_on(state, lang, principal.account()).await?;
    Ok(shown.map(|shown| ProfileSignOn {
        problem: sso::problem_of(&query.sso),
        is_linked_now: query.linked.is_some() && shown.linked.is_some(),
        ..shown
    }))
}

/// The form that takes the code of an invitation, and then a name and a password
/// too.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct SentRegistration {
    token: String,
    name: Option<String>,
    password: Option<String>,
    again: String,
}

/// `GET /register`.
pub(crate) async fn registration(
    State(state): State<ApiState>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let language = language::of_request(&headers, state.config().default_language);
    let shell = super::bare_shell(&state, language, urls::REGISTER.to_owned());
    html(&RegisterPage { shell, invited: Mailed::Asks, problem: None })
}

/// `POST /register`.
pub(crate) async fn register(
    State(state): State<ApiState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(sent): Form<SentRegistration>,
) -> Result<Response, ApiError> {
    let SentRegistration { token, name, password, again } = sent;
    let token = mailed::token(&token);
    let Some(password) = password else {
        return registration_page(&state, &headers, token, name, None).await;
    };
    if password != again {
        let problem = Some(FormProblem::PasswordsDiffer);
        return registration_page(&state, &headers, token, name, problem).await;
    }
    let address = web::client_address(peer.ip(), &headers, &state.config().trusted_proxies);
    let lang = language::of_request(&headers, state.config().default_language);
    let spoken = match lang {
        Lang::Dutch => Language::Nl,
        Lang::English => Language::En,
    };
    let password = SecretString::from(password);
    let called = name.as_deref().unwrap_or_default();
    let registered =
        people::register(&state, token, &address.to_string(), called, spoken, password).await;
    let problem = match registered {
        Ok(Ok(user)) => {
            tracing::info!(%user, %address, "somebody came in by an invitation");
            return Ok(Redirect::to(urls::LOGIN).into_response());
        }
        Ok(Err(weakness)) => Some(weakness.shown()),
        Err(ApiError::NotFound(_)) => None,
        Err(ApiError::Refused(_)) => Some(FormProblem::Name),
        Err(error) => return Err(error),
    };
    registration_page(&state, &headers, token, name, problem).await
}

async fn registration_page(
    state: &ApiState,
    headers: &HeaderMap,
    token: &str,
    name: Option<String>,
    problem: Option<FormProblem>,
) -> Result<Response, ApiError> {
    let found = state.records().users().invited(&TokenHash::of(token), state.now()).await;
    let language = language::of_request(headers, state.config().default_language);
    let invited = found.map_err(ApiError::records)?.map(|invited| InvitedForm {
        sign_on: sso::invitation_sign_on(state, language, token, &invited.user),
        name: name.unwrap_or_else(|| {
            let user = &invited.user;
            if user.name == user.email { String::new() } else { user.name.clone() }
        }),
        email: invited.user.email,
        token: token.to_owned(),
        password_least: PASSWORD_CHARS_MIN,
    });
    let here = mailed::place(urls::REGISTER, invited.as_ref().map_or("", |_| token));
    let status = match (&invited, &problem) {
        (None, _) => StatusCode::NOT_FOUND,
        (Some(_), Some(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        (Some(_), None) => StatusCode::OK,
    };
    let shell = super::bare_shell(state, language, here);
    let page = RegisterPage { shell, invited: Mailed::found(invited), problem };
    let mut response = html(&page)?;
    *response.status_mut() = status;
    Ok(response)
}
