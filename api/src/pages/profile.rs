//! The reader's own profile, and the page where an invitation leads.

use std::net::SocketAddr;

use axum::Extension;
use axum::extract::{ConnectInfo, Form, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use dashboards::{FormProblem, InvitedForm, Lang, ProfilePage, RegisterPage, UserForm, urls};
use secrecy::SecretString;
use serde::Deserialize;
use store::records::{Language, ProfileDraft, TokenHash, UserDraft};

use super::users::{self, Saved};
use super::{html, shell};
use crate::app::ApiState;
use crate::auth::{PASSWORD_CHARS_MIN, Principal};
use crate::problem::ApiError;
use crate::v1::operations::customer_names;
use crate::web::Lenient;
use crate::{language, people, web};

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
) -> Result<Response, ApiError> {
    let form = own_form(&state, &principal).await?;
    let shell = shell::full(&state, &principal, &headers, &uri).await?;
    html(&ProfilePage {
        shell,
        form,
        problem: None,
        is_saved: query.saved.is_some(),
        zones: users::zones(),
        product_zone: users::product_zone(&state),
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
    let records = state.records().users();
    let saved = records.update_profile(&principal.actor(&state), principal.id(), &draft).await;
    let problem = match saved.map_err(ApiError::of_records) {
        Ok(_) => {
            // What the switch said before would hide the choice.
            let jar = jar.add(language::cookie(&state, users::language_out(draft.language)));
            let back = format!("{}?saved=1", urls::PROFILE);
            return Ok((jar, Redirect::to(&back)).into_response());
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
    };
    users::refused(html(&page)?)
}

async fn own_form(state: &ApiState, principal: &Principal) -> Result<UserForm, ApiError> {
    let account = principal.account();
    let names = customer_names(state, principal.scope(), std::slice::from_ref(account)).await?;
    let names: Vec<String> = names.into_values().collect();
    Ok(users::form_of(&UserDraft::of(account), names.join("\n"), account.revision))
}

/// The query of the page of an invitation.
#[derive(Deserialize, Default)]
pub(crate) struct RegisterQuery {
    #[serde(default)]
    token: String,
}

/// The form of an invitation.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct SentRegistration {
    token: String,
    name: String,
    password: String,
    again: String,
}

/// `GET /register`.
pub(crate) async fn registration(
    State(state): State<ApiState>,
    headers: HeaderMap,
    Lenient(query): Lenient<RegisterQuery>,
) -> Result<Response, ApiError> {
    registration_page(&state, &headers, query.token, None, None).await
}

/// `POST /register`.
pub(crate) async fn register(
    State(state): State<ApiState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(sent): Form<SentRegistration>,
) -> Result<Response, ApiError> {
    let SentRegistration { token, name, password, again } = sent;
    if password != again {
        let problem = Some(FormProblem::PasswordsDiffer);
        return registration_page(&state, &headers, token, Some(name), problem).await;
    }
    let address = web::client_address(peer.ip(), &headers, &state.config().trusted_proxies);
    let lang = language::of_request(&headers, state.config().default_language);
    let spoken = match lang {
        Lang::Dutch => Language::Nl,
        Lang::English => Language::En,
    };
    let password = SecretString::from(password);
    let registered =
        people::register(&state, &token, &address.to_string(), &name, spoken, password).await;
    let problem = match registered {
        Ok(user) => {
            tracing::info!(%user, %address, "somebody came in by an invitation");
            return Ok(Redirect::to(urls::LOGIN).into_response());
        }
        Err(ApiError::NotFound(_)) => None,
        Err(ApiError::Refused(refusals)) => Some(match refusals.first() {
            Some(refusal) if refusal.place == "password" => {
                FormProblem::Password { least: PASSWORD_CHARS_MIN }
            }
            _ => FormProblem::Name,
        }),
        Err(error) => return Err(error),
    };
    registration_page(&state, &headers, token, Some(name), problem).await
}

async fn registration_page(
    state: &ApiState,
    headers: &HeaderMap,
    token: String,
    name: Option<String>,
    problem: Option<FormProblem>,
) -> Result<Response, ApiError> {
    let found = state.records().users().invited(&TokenHash::of(&token), state.now()).await;
    let invited = found.map_err(ApiError::records)?.map(|invited| InvitedForm {
        name: name.unwrap_or_else(|| {
            let user = &invited.user;
            if user.name == user.email { String::new() } else { user.name.clone() }
        }),
        email: invited.user.email,
        token: token.clone(),
        password_least: PASSWORD_CHARS_MIN,
    });
    let language = language::of_request(headers, state.config().default_language);
    let here = format!("{}?token={}", urls::REGISTER, urls::encode(&token));
    let status = match (&invited, &problem) {
        (None, _) => StatusCode::NOT_FOUND,
        (Some(_), Some(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        (Some(_), None) => StatusCode::OK,
    };
    let page = RegisterPage { shell: super::bare_shell(state, language, here), invited, problem };
    let mut response = html(&page)?;
    *response.status_mut() = status;
    Ok(response)
}
