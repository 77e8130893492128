//! The users: the list, one of them, inviting, letting in and shutting out.

use std::collections::{BTreeMap, BTreeSet};

use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use dashboards::letters::FactorNews;
use dashboards::{
    FormProblem, Lang, Pager, ShownLink, TokenRow, UserForm, UserHead, UserPage, UserRole, UserRow,
    UserStanding, UsersPage, urls,
};
use secrecy::ExposeSecret;
use serde::Deserialize;
use store::Scope;
use store::records::{
    CustomerId, Language, Page, Role, Standing, User, UserDraft, UserFilter, UserId,
};

use super::forms::{Saved, refused, saved_at};
use super::{html, sessions, shell, tokens};
use crate::app::ApiState;
use crate::auth::Principal;
use crate::letters;
use crate::people::{self, Link};
use crate::policy::Action;
use crate::problem::{ApiError, Thing};
use crate::sso;
use crate::v1::operations::{customer_names, user_id};
use crate::web::Lenient;

/// Users on one page.
const PER_PAGE: u64 = 50;
/// Names of customers that a line of the list shows.
const CUSTOMERS_SHOWN: usize = 3;

/// The query of the list; what makes no sense counts as not given.
#[derive(Deserialize, Default)]
pub(crate) struct UsersQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    standing: String,
    #[serde(default)]
    page: String,
}

/// The form about a user.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct SentUser {
    email: String,
    name: String,
    role: String,
    language: String,
    time_zone: String,
    notification_email: String,
    customers: String,
    revision: i64,
}

/// The form that lets somebody in, or no longer.
#[derive(Deserialize)]
pub(crate) struct SentStanding {
    standing: String,
}

/// `GET /users`.
pub(crate) async fn users(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    Lenient(query): Lenient<UsersQuery>,
) -> Result<Response, ApiError> {
    let filter = UserFilter {
        search: Some(query.q.trim().to_owned()).filter(|text| !text.is_empty()),
        role: query.role.parse().ok(),
        standing: query.standing.parse().ok(),
        customer: None,
    };
    let number = query.page.parse::<u64>().unwrap_or(1).max(1);
    let scope = principal.scope();
    let users = state.records().users().within(scope);
    let page = Page { offset: (number - 1).saturating_mul(PER_PAGE), limit: PER_PAGE };
    let found = async {
        tokio::try_join!(users.list(&filter, page), users.count(&filter)).map_err(ApiError::records)
    };
    let (shell, (found, total)) =
        tokio::try_join!(shell::full(&state, &principal, &headers, &uri), found)?;
    html(&UsersPage {
        shell,
        query: query.q.trim().to_owned(),
        role: filter.role.map(role_out),
        standing: filter.standing.map(standing_out),
        rows: rows(&state, scope, found).await?,
        pager: Pager { page: number, per_page: PER_PAGE, total },
        may_edit: principal.may(Action::EditUsers),
    })
}

/// `GET /users/new`.
pub(crate) async fn user_form(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    let draft = UserDraft::new("", Role::Klant);
    let form = form_of(&draft, String::new(), 0);
    page(&state, &principal, (&headers, &uri), Shown { form, ..Shown::default() }).await
}

/// `POST /users/new`.
pub(crate) async fn invite(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    Form(sent): Form<SentUser>,
) -> Result<Response, ApiError> {
    let shown = Shown { form: sent.form(), ..Shown::default() };
    let draft = match draft(&state, principal.scope(), &sent).await? {
        Ok(draft) => draft,
        Err(problem) => {
            let shown = Shown { problem: Some(problem), ..shown };
            return refused(page(&state, &principal, (&headers, &uri), shown).await?);
        }
    };
    match people::invite(&state, &principal, &draft).await {
        Ok((id, link)) => {
            let shown = Shown::of(&state, principal.scope(), id).await?;
            let shown = Shown { link: Some(shown_link(&link)), ..shown };
            page(&state, &principal, (&headers, &uri), shown).await
        }
        Err(error) => {
            let shown = Shown { problem: Some(problem(error, draft.role)?), ..shown };
            refused(page(&state, &principal, (&headers, &uri), shown).await?)
        }
    }
}

/// `GET /users/{id}`.
pub(crate) async fn user(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
    Lenient(query): Lenient<Saved>,
) -> Result<Response, ApiError> {
    let shown = Shown::of(&state, principal.scope(), user_id(&id)?).await?;
    let shown = Shown { is_saved: query.saved.is_some(), ..shown };
    page(&state, &principal, (&headers, &uri), shown).await
}

/// `POST /users/{id}`.
pub(crate) async fn save_user(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
    Form(sent): Form<SentUser>,
) -> Result<Response, ApiError> {
    let id = user_id(&id)?;
    let scope = principal.scope();
    let now = Shown::of(&state, scope, id).await?;
    let saved = match draft(&state, scope, &sent).await? {
        Err(problem) => Err(problem),
        Ok(draft) => {
            let saved = people::update(&state, &principal, id, &draft, Some(sent.revision)).await;
            match saved {
                Ok(()) => Ok(()),
                Err(error) => Err(problem(error, draft.role)?),
            }
        }
    };
    let problem = match saved {
        Ok(()) => {
            return Ok(saved_at(&urls::user(&id.to_string())));
        }
        // What somebody else wrote is shown, not overwritten.
        Err(FormProblem::Stale) => {
            let shown = Shown { problem: Some(FormProblem::Stale), ..now };
            return refused(page(&state, &principal, (&headers, &uri), shown).await?);
        }
        Err(problem) => problem,
    };
    let shown = Shown { form: sent.form(), problem: Some(problem), ..now };
    refused(page(&state, &principal, (&headers, &uri), shown).await?)
}

/// `POST /users/{id}/standing`.
pub(crate) async fn set_standing(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
    Form(sent): Form<SentStanding>,
) -> Result<Response, ApiError> {
    let id = user_id(&id)?;
    let standing: Standing = sent.standing.parse().map_err(ApiError::of_records)?;
    match people::set_standing(&state, &principal, id, standing).await {
        Ok(()) => Ok(saved_at(&urls::user(&id.to_string()))),
        Err(ApiError::Refused(_)) => {
            let problem = match standing {
                Standing::Active => FormProblem::NeverCameIn,
                _ => FormProblem::LastAdministrator,
            };
            let shown = Shown::of(&state, principal.scope(), id).await?;
            let shown = Shown { problem: Some(problem), ..shown };
            refused(page(&state, &principal, (&headers, &uri), shown).await?)
        }
        Err(error) => Err(error),
    }
}

/// `POST /users/{id}/invitation`.
pub(crate) async fn invite_again(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    let id = user_id(&id)?;
    let link = people::invite_again(&state, &principal, id).await?;
    let shown = Shown::of(&state, principal.scope(), id).await?;
    let shown = Shown { link: Some(shown_link(&link)), ..shown };
    page(&state, &principal, (&headers, &uri), shown).await
}

/// `POST /users/{id}/factors-reset`.
pub(crate) async fn reset_factors(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let id = user_id(&id)?;
    reset_factors_of(&state, &principal, id).await?;
    Ok(saved_at(&urls::user(&id.to_string())))
}

/// Takes every second factor from `user`, for the page and the API alike.
pub(crate) async fn reset_factors_of(
    state: &ApiState,
    principal: &Principal,
    user: UserId,
) -> Result<(), ApiError> {
    let found = state.records().users().within(principal.scope()).get(user).await;
    let owner = found.map_err(ApiError::records)?.ok_or(ApiError::NotFound(Thing::User))?;
    let actor = principal.actor(state);
    let from = actor.address.clone().unwrap_or_default();
    let letter = letters::factors_changed(state, &owner, FactorNews::Reset, &from);
    let reset = state.records().factors().reset(&actor, user, letter.as_ref()).await;
    reset.map_err(ApiError::of_records)?;
    tracing::info!(%user, by = %principal.id(), "an administrator took somebody's factors");
    Ok(())
}

/// What a page about a user shows.
struct Shown {
    user: Option<UserHead>,
    form: UserForm,
    problem: Option<FormProblem>,
    link: Option<ShownLink>,
    is_saved: bool,
}

impl Default for Shown {
    fn default() -> Shown {
        let form = form_of(&UserDraft::new("", Role::Klant), String::new(), 0);
        Shown { user: None, form, problem: None, link: None, is_saved: false }
    }
}

impl Shown {
    async fn of(state: &ApiState, scope: &Scope, id: UserId) -> Result<Shown, ApiError> {
        let found = state.records().users().within(scope).get(id).await;
        let user = found.map_err(ApiError::records)?.ok_or(ApiError::NotFound(Thing::User))?;
        let names = customer_names(state, scope, std::slice::from_ref(&user)).await?;
        let customers: Vec<String> = names.into_values().collect();
        let has_second = state.records().factors().has_second(user.id).await;
        let head = UserHead {
            id: user.id.to_string(),
            name: user.name.clone(),
            standing: standing_out(user.standing),
            created_at: user.created_at,
            has_second_factor: has_second.map_err(ApiError::records)?,
            issued_tokens: Vec::new(),
        };
        let form = form_of(&UserDraft::of(&user), customers.join("\n"), user.revision);
        Ok(Shown { user: Some(head), form, ..Shown::default() })
    }
}

async fn page(
    state: &ApiState,
    principal: &Principal,
    (headers, uri): (&HeaderMap, &Uri),
    shown: Shown,
) -> Result<Response, ApiError> {
    let mut shell = shell::full(state, principal, headers, uri).await?;
    // A change of language comes back with GET, where forms have no address.
    let of = |user: &UserHead| urls::user(&user.id);
    shell.here = shown.user.as_ref().map_or_else(|| urls::USER_NEW.to_owned(), of);
    let Shown { mut user, form, problem, link, is_saved } = shown;
    let may_edit = principal.may(Action::EditUsers);
    if let Some(user) = user.as_mut().filter(|_| may_edit) {
        let tokens = state.records().api_tokens();
        let issued = tokens.issued_by(user_id(&user.id)?, state.now()).await;
        let issued = issued.map_err(ApiError::records)?;
        user.issued_tokens = issued.into_iter().map(|token| token.name).collect();
    }
    let sign_on = match user.as_ref().filter(|_| may_edit) {
        Some(user) => sso::user_sign_on(state, user_id(&user.id)?).await?,
        None => None,
    };
    let sessions = match user.as_ref().filter(|_| may_edit) {
        Some(user) => sessions::session_rows(state, principal, user_id(&user.id)?).await?,
        None => Vec::new(),
    };
    let tokens = match user.as_ref().filter(|_| may_edit) {
        Some(user) => tokens_of(state, user_id(&user.id)?).await?,
        None => Vec::new(),
    };
    html(&UserPage {
        tokens,
        sign_on,
        shell,
        user,
        form,
        problem,
        link,
        is_saved,
        may_edit,
        sessions,
        zones: zones(),
        product_zone: product_zone(state),
    })
}

/// The latest personal tokens of a user: as many as a page shows well.
async fn tokens_of(state: &ApiState, user: UserId) -> Result<Vec<TokenRow>, ApiError> {
    const TOKENS_SHOWN: u64 = 50;
    let found = state.records().api_tokens().page(user, Page::first(TOKENS_SHOWN)).await;
    let (found, _) = found.map_err(ApiError::records)?;
    Ok(found.into_iter().map(|token| tokens::row(state, token, &BTreeMap::new())).collect())
}

/// The time zones that can be chosen.
pub(super) fn zones() -> Vec<String> {
    jiff::tz::db().available().map(|name| name.to_string()).collect()
}

/// The zone of the product.
pub(super) fn product_zone(state: &ApiState) -> String {
    state.config().time_zone.iana_name().unwrap_or("UTC").to_owned()
}

impl SentUser {
    fn form(&self) -> UserForm {
        UserForm {
            email: self.email.clone(),
            name: self.name.clone(),
            role: role_out(self.role.parse().unwrap_or(Role::Klant)),
            language: Lang::from_code(&self.language).unwrap_or_default(),
            time_zone: self.time_zone.clone(),
            notification_email: self.notification_email.clone(),
            customers: self.customers.clone(),
            revision: self.revision,
        }
    }
}

async fn draft(
    state: &ApiState,
    scope: &Scope,
    sent: &SentUser,
) -> Result<Result<UserDraft, FormProblem>, ApiError> {
    let texts: BTreeSet<String> = sent
        .customers
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    let found = state.records().customers().within(scope).named(&texts).await;
    let found: BTreeMap<String, CustomerId> = found.map_err(ApiError::records)?;
    if let Some(unknown) = texts.iter().find(|text| !found.contains_key(*text)) {
        return Ok(Err(FormProblem::UnknownCustomer(unknown.clone())));
    }
    Ok(Ok(UserDraft {
        email: sent.email.clone(),
        name: sent.name.clone(),
        role: sent.role.parse().map_err(ApiError::of_records)?,
        language: sent.language.parse().map_err(ApiError::of_records)?,
        time_zone: Some(sent.time_zone.clone()),
        notification_email: Some(sent.notification_email.clone()),
        customers: found.into_values().collect(),
    }))
}

/// What a refusal means for the form about somebody with `role`; anything
/// else stays an error.
fn problem(error: ApiError, role: Role) -> Result<FormProblem, ApiError> {
    let (place, reason) = match &error {
        ApiError::Refused(refusals) | ApiError::Conflict(refusals) => match refusals.first() {
            Some(refusal) => (refusal.place.clone(), refusal.reason.clone()),
            None => return Err(error),
        },
        _ => return Err(error),
    };
    Ok(match (place.as_str(), role) {
        ("user", _) => FormProblem::EmailTaken,
        ("revision", _) => FormProblem::Stale,
        ("email", _) => FormProblem::Email,
        ("name", _) => FormProblem::Name,
        ("notification_email", _) => FormProblem::NotificationEmail,
        ("time_zone", _) => FormProblem::TimeZone,
        ("customers", Role::Klant) => FormProblem::CustomerNeeded,
        ("customers", Role::Beheer) => FormProblem::CustomersOfAdministrator,
        ("role", _) => FormProblem::LastAdministrator,
        _ => FormProblem::Other(reason),
    })
}

/// What is wrong in a profile.
pub(super) fn profile_problem(error: ApiError) -> Result<FormProblem, ApiError> {
    problem(error, Role::Accountmanager)
}

pub(super) fn form_of(draft: &UserDraft, customers: String, revision: i64) -> UserForm {
    UserForm {
        email: draft.email.clone(),
        name: draft.name.clone(),
        role: role_out(draft.role),
        language: language_out(draft.language),
        time_zone: draft.time_zone.clone().unwrap_or_default(),
        notification_email: draft.notification_email.clone().unwrap_or_default(),
        customers,
        revision,
    }
}

fn shown_link(link: &Link) -> ShownLink {
    let address = link.address.expose_secret().to_owned();
    ShownLink { address, expires_at: link.expires_at, is_mailed: link.is_mailed }
}

/// The lines of a list of users.
pub(super) async fn rows(
    state: &ApiState,
    scope: &Scope,
    users: Vec<User>,
) -> Result<Vec<UserRow>, ApiError> {
    let names = customer_names(state, scope, &users).await?;
    let managers = users.iter().filter(|user| user.role == Role::Accountmanager);
    let managers: Vec<UserId> = managers.map(|user| user.id).collect();
    let assigned = state.records().customers().within(scope).assigned(&managers).await;
    let assigned = assigned.map_err(ApiError::records)?;
    let row = |user: User| {
        let acted_for = user.customers.iter().filter_map(|id| names.get(id).cloned());
        let cared_for = assigned.get(&user.id).into_iter().flatten();
        let cared_for = cared_for.filter(|(id, _)| !user.customers.contains(id));
        let all: Vec<String> = acted_for.chain(cared_for.map(|(_, name)| name.clone())).collect();
        let more = all.len().saturating_sub(CUSTOMERS_SHOWN);
        let shown = all.into_iter().take(CUSTOMERS_SHOWN);
        let customers = shown.chain((more > 0).then(|| format!("+{more}"))).collect();
        UserRow {
            id: user.id.to_string(),
            email: user.email,
            name: user.name,
            role: role_out(user.role),
            standing: standing_out(user.standing),
            customers,
        }
    };
    Ok(users.into_iter().map(row).collect())
}

pub(super) fn role_out(role: Role) -> UserRole {
    match role {
        Role::Beheer => UserRole::Beheer,
        Role::Accountmanager => UserRole::Accountmanager,
        Role::Klant => UserRole::Klant,
    }
}

fn standing_out(standing: Standing) -> UserStanding {
    match standing {
        Standing::Invited => UserStanding::Invited,
        Standing::Active => UserStanding::Active,
        Standing::Inactive => UserStanding::Inactive,
        Standing::Banned => UserStanding::Banned,
    }
}

pub(super) fn language_out(language: Language) -> Lang {
    match language {
        Language::Nl => Lang::Dutch,
        Language::En => Lang::English,
    }
}
