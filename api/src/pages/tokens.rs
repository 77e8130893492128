//! API tokens: the reader's own, and those of services.

use std::collections::{BTreeMap, BTreeSet};

use axum::Extension;
use axum::extract::{Form, Path, RawForm, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use dashboards::{
    FormProblem, ScopeChoice, ServiceTokensPage, TokenForm, TokenLife, TokenRow, TokensPage,
    UserRole, urls,
};
use secrecy::ExposeSecret;
use serde::Deserialize;
use store::records::{ApiToken, CustomerId, Role, ServiceGrant};
use url::form_urlencoded;

use super::forms::{Saved, refused, saved_at};
use super::users::role_out;
use super::{audit, html, shell};
use crate::app::ApiState;
use crate::auth::Principal;
use crate::policy::Action;
use crate::problem::ApiError;
use crate::tokens::{Wish, issue, scopes_of_service, scopes_of_user};
use crate::v1::operations as v1;
use crate::web::Lenient;

const DAY_MS: i64 = 86_400_000;

/// A token as a form asks for it.
#[derive(Default)]
struct Sent {
    name: String,
    life: String,
    is_unbounded: bool,
    scopes: BTreeSet<String>,
    role: String,
    customers: String,
}

/// Which token a form is about.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct SentRevocation {
    id: String,
}

impl Sent {
    /// Reads a form; `scope` may come several times.
    fn read(body: &[u8]) -> Sent {
        let mut sent = Sent::default();
        for (name, value) in form_urlencoded::parse(body) {
            let value = value.into_owned();
            match name.as_ref() {
                "name" => sent.name = value,
                "life" => sent.life = value,
                "unbounded" => sent.is_unbounded = true,
                "scope" => {
                    sent.scopes.insert(value);
                }
                "role" => sent.role = value,
                "customers" => sent.customers = value,
                _ => {}
            }
        }
        sent
    }

    fn life(&self) -> TokenLife {
        let chosen = TokenLife::ALL.into_iter().find(|life| life.as_str() == self.life);
        chosen.unwrap_or_default()
    }

    fn wish(&self, state: &ApiState, grant: Option<ServiceGrant>) -> Wish {
        let days = self.life().days();
        Wish {
            name: self.name.clone(),
            expires_at: days.map(|days| state.now().plus_millis(days * DAY_MS)),
            scopes: (grant.is_some() || !self.is_unbounded).then(|| self.scopes.clone()),
            grant,
        }
    }

    fn form(&self, known: &[&'static str]) -> TokenForm {
        let choice = |scope: &'static str| ScopeChoice {
            scope,
            permission: audit::permission(of_scope(scope)),
            is_reading: of_scope(scope).read_scope() == Some(scope),
            is_chosen: self.scopes.contains(scope),
        };
        TokenForm {
            name: self.name.clone(),
            life: self.life(),
            scopes: known.iter().map(|scope| choice(scope)).collect(),
            is_unbounded: self.is_unbounded,
            role: role_out(self.role.parse().unwrap_or(Role::Klant)),
            customers: self.customers.clone(),
        }
    }
}

/// The action that a scope opens.
fn of_scope(scope: &str) -> Action {
    let is_of =
        |action: &Action| action.token_scope() == scope || action.read_scope() == Some(scope);
    let found = Action::ALL.into_iter().find(is_of);
    found.expect("scopes are made from actions")
}

/// What a page about tokens shows besides the tokens.
#[derive(Default)]
struct Shown {
    sent: Sent,
    fresh: Option<String>,
    problem: Option<FormProblem>,
    is_saved: bool,
}

/// `GET /profile/tokens`.
pub(crate) async fn own_tokens(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    Lenient(query): Lenient<Saved>,
) -> Result<Response, ApiError> {
    let shown = Shown { is_saved: query.saved.is_some(), ..Shown::default() };
    own_page(&state, &principal, (&headers, &uri), shown).await
}

/// `POST /profile/tokens`: issues a token, and shows it once.
pub(crate) async fn issue_own_token(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    RawForm(body): RawForm,
) -> Result<Response, ApiError> {
    let sent = Sent::read(&body);
    let issued = issue(&state, &principal, sent.wish(&state, None)).await;
    let (shown, is_refused) = shown(issued.map(|(_, token)| token), sent)?;
    let page = own_page(&state, &principal, (&headers, &uri), shown).await?;
    if is_refused { refused(page) } else { Ok(page) }
}

/// `POST /profile/tokens/revoke`.
pub(crate) async fn revoke_own_token(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Form(sent): Form<SentRevocation>,
) -> Result<Response, ApiError> {
    let id = sent.id.parse().map_err(ApiError::of_records)?;
    let tokens = state.records().api_tokens();
    let revoked = tokens.revoke(&principal.actor(&state), principal.id(), id).await;
    revoked.map_err(ApiError::of_records)?;
    Ok(saved_at(urls::PROFILE_TOKENS))
}

async fn own_page(
    state: &ApiState,
    principal: &Principal,
    (headers, uri): (&HeaderMap, &Uri),
    shown: Shown,
) -> Result<Response, ApiError> {
    let tokens = async {
        state.records().api_tokens().list(principal.id()).await.map_err(ApiError::records)
    };
    let (mut shell, tokens) =
        tokio::try_join!(shell::full(state, principal, headers, uri), tokens)?;
    urls::PROFILE_TOKENS.clone_into(&mut shell.here);
    let Shown { sent, fresh, problem, is_saved } = shown;
    html(&TokensPage {
        shell,
        fresh,
        tokens: tokens.into_iter().map(|token| row(state, token, &BTreeMap::new())).collect(),
        form: sent.form(&scopes_of_user(principal.role())),
        problem,
        is_saved,
    })
}

/// `POST /users/{id}/tokens/revoke`.
pub(crate) async fn revoke_user_token(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    Form(sent): Form<SentRevocation>,
) -> Result<Response, ApiError> {
    v1::revoke(&state, &principal, &id, &sent.id).await?;
    Ok(saved_at(&urls::user(&id)))
}

/// `GET /service-tokens`.
pub(crate) async fn service_tokens(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    Lenient(query): Lenient<Saved>,
) -> Result<Response, ApiError> {
    let shown = Shown { is_saved: query.saved.is_some(), ..Shown::default() };
    service_page(&state, &principal, (&headers, &uri), shown).await
}

/// `POST /service-tokens`: issues a token, and shows it once.
pub(crate) async fn issue_service_token(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    RawForm(body): RawForm,
) -> Result<Response, ApiError> {
    let sent = Sent::read(&body);
    let (shown, is_refused) = match grant(&state, &principal, &sent).await? {
        Err(problem) => (Shown { sent, problem: Some(problem), ..Shown::default() }, true),
        Ok(grant) => {
            let issued = issue(&state, &principal, sent.wish(&state, Some(grant))).await;
            shown(issued.map(|(_, token)| token), sent)?
        }
    };
    let page = service_page(&state, &principal, (&headers, &uri), shown).await?;
    if is_refused { refused(page) } else { Ok(page) }
}

/// `POST /service-tokens/revoke`.
pub(crate) async fn revoke_service_token(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Form(sent): Form<SentRevocation>,
) -> Result<Response, ApiError> {
    let id = sent.id.parse().map_err(ApiError::of_records)?;
    let revoked = state.records().api_tokens().revoke_service(&principal.actor(&state), id).await;
    revoked.map_err(ApiError::of_records)?;
    Ok(saved_at(urls::SERVICE_TOKENS))
}

async fn service_page(
    state: &ApiState,
    principal: &Principal,
    (headers, uri): (&HeaderMap, &Uri),
    shown: Shown,
) -> Result<Response, ApiError> {
    let tokens =
        async { state.records().api_tokens().list_services().await.map_err(ApiError::records) };
    let (mut shell, tokens) =
        tokio::try_join!(shell::full(state, principal, headers, uri), tokens)?;
    urls::SERVICE_TOKENS.clone_into(&mut shell.here);
    let customers: BTreeSet<CustomerId> = tokens
        .iter()
        .filter_map(|token| token.grant.as_ref())
        .flat_map(|grant| grant.customers.clone())
        .collect();
    let customers: Vec<CustomerId> = customers.into_iter().collect();
    let named = state.records().customers().within(principal.scope()).by_ids(&customers).await;
    let named = named.map_err(ApiError::records)?;
    let names: BTreeMap<CustomerId, String> =
        named.into_iter().map(|(id, customer)| (id, customer.name)).collect();
    let Shown { sent, fresh, problem, is_saved } = shown;
    html(&ServiceTokensPage {
        shell,
        fresh,
        tokens: tokens.into_iter().map(|token| row(state, token, &names)).collect(),
        form: sent.form(&scopes_of_service(Role::Beheer)),
        problem,
        is_saved,
    })
}

/// As what a token of a service should act.
async fn grant(
    state: &ApiState,
    principal: &Principal,
    sent: &Sent,
) -> Result<Result<ServiceGrant, FormProblem>, ApiError> {
    let role: Role = sent.role.parse().map_err(ApiError::of_records)?;
    let texts: BTreeSet<String> = sent
        .customers
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    let found = state.records().customers().within(principal.scope()).named(&texts).await;
    let found: BTreeMap<String, CustomerId> = found.map_err(ApiError::records)?;
    if let Some(unknown) = texts.iter().find(|text| !found.contains_key(*text)) {
        return Ok(Err(FormProblem::UnknownCustomer(unknown.clone())));
    }
    Ok(Ok(ServiceGrant { role, customers: found.into_values().collect() }))
}

/// What the page shows after a form was sent, and whether it was refused.
fn shown(
    issued: Result<secrecy::SecretString, ApiError>,
    sent: Sent,
) -> Result<(Shown, bool), ApiError> {
    match issued {
        Ok(token) => {
            let fresh = Some(token.expose_secret().to_owned());
            Ok((Shown { fresh, ..Shown::default() }, false))
        }
        Err(ApiError::Refused(refusals)) => {
            let problem = match refusals.first() {
                Some(refusal) if refusal.place == "name" => FormProblem::Name,
                Some(refusal) if refusal.place == "scopes" => FormProblem::Scopes,
                Some(refusal) if refusal.place == "customers" => FormProblem::TokenCustomers,
                Some(refusal) => FormProblem::Other(refusal.reason.clone()),
                None => FormProblem::Scopes,
            };
            Ok((Shown { sent, problem: Some(problem), ..Shown::default() }, true))
        }
        Err(error) => Err(error),
    }
}

pub(super) fn row(
    state: &ApiState,
    token: ApiToken,
    names: &BTreeMap<CustomerId, String>,
) -> TokenRow {
    let now = state.now();
    let ends_at = match (token.revoked_at, token.expires_at) {
        (Some(revoked), Some(expired)) => Some(revoked.min(expired)),
        (revoked, expired) => revoked.or(expired),
    };
    let customers = token.grant.iter().flat_map(|grant| &grant.customers);
    let role: Option<UserRole> = token.grant.as_ref().map(|grant| role_out(grant.role));
    TokenRow {
        id: token.id.to_string(),
        prefix: token.prefix,
        created_at: token.created_at,
        last_used_at: token.last_used_at,
        ends_at,
        works: ends_at.is_none_or(|end| end > now),
        scopes: token.scopes.into_iter().flatten().collect(),
        role,
        customers: customers.filter_map(|id| names.get(id).cloned()).collect(),
        name: token.name,
    }
}
