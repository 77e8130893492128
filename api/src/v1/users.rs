//! Users: who may come in, and as what.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Bytes;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use store::Scope;
use store::records::{
    CustomerId, Language, Page, User, UserDifference, UserDraft, UserFilter, UserId, UserPlan,
};
use utoipa::{IntoParams, ToSchema};

use super::definitions::refused_json;
use super::query::limit;
use crate::app::ApiState;
use crate::auth::Principal;
use crate::people::{self, Link};
use crate::problem::{ApiError, Problem, Refusal, Thing};
use crate::{instant, people_csv};

/// Users in one answer unless asked otherwise.
const LIMIT_DEFAULT: u64 = 100;

/// Which users.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsersQuery {
    /// Only those whose address or name holds every word of this, in any case.
    q: Option<String>,
    /// Only those with this role: `beheer`, `accountmanager` or `klant`.
    role: Option<String>,
    /// Only those who stand so: `invited`, `active`, `inactive` or `banned`.
    standing: Option<String>,
    /// Only those who act for this customer (its id).
    customer: Option<String>,
    /// How many to leave out.
    offset: Option<u64>,
    /// How many to give, 1 to 1000; 100 by default.
    limit: Option<u64>,
}

/// One page of users, by address.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserList {
    /// The users of this page.
    users: Vec<UserOut>,
    /// How many match altogether.
    total: u64,
    /// How many were left out before this page.
    offset: u64,
    /// How many a page holds.
    limit: u64,
}

/// Somebody who may come in.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserOut {
    /// Their id.
    id: String,
    /// Their mail address.
    #[schema(example = "anna@example.net")]
    email: String,
    /// What to call them.
    name: String,
    /// `beheer`, `accountmanager` or `klant`.
    #[schema(example = "klant")]
    role: &'static str,
    /// `nl` or `en`.
    language: &'static str,
    /// The IANA zone in which they read instants; null: that of the product.
    time_zone: Option<String>,
    /// Where notifications go; null: to `email`.
    notification_email: Option<String>,
    /// Whether that address was shown to work, by the link that is mailed to it;
    /// nothing goes there before.
    notification_proven: bool,
    /// The customers that they act for, by name.
    customers: Vec<CustomerRef>,
    /// `invited`, `active`, `inactive` or `banned`.
    #[schema(example = "active")]
    standing: &'static str,
    /// Counts changes; send it back to notice that somebody else was first.
    revision: i64,
    /// When they were added.
    created_at: Option<String>,
}

/// A customer by name.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct CustomerRef {
    /// Its id.
    pub(super) id: String,
    /// Its name.
    pub(super) name: String,
}

/// Somebody as they should be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserIn {
    /// Their mail address.
    #[schema(example = "anna@example.net")]
    email: String,
    /// What to call them; the address when empty.
    #[serde(default)]
    name: String,
    /// `beheer`, `accountmanager` or `klant`.
    #[schema(example = "klant")]
    role: String,
    /// `nl` or `en`; `nl` unless given.
    language: Option<String>,
    /// The IANA zone in which they read instants.
    time_zone: Option<String>,
    /// Where notifications go.
    notification_email: Option<String>,
    /// The ids of the customers that they act for: at least one for `klant`,
    /// none for `beheer`.
    #[serde(default)]
    customers: Vec<String>,
    /// When changing: the revision that this replaces; without it, whatever is there.
    revision: Option<i64>,
}

/// An invitation.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitationOut {
    /// Where it leads; shown only now. Null for an API token when it goes by mail:
    /// whoever holds the token need not come in as somebody else.
    link: Option<String>,
    /// When it stops working.
    expires_at: Option<String>,
    /// Whether it also goes to the invited by mail.
    mailed: bool,
}

/// Somebody who was invited.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitedOut {
    /// Who.
    user: UserOut,
    /// By what.
    invitation: InvitationOut,
}

/// How somebody should stand.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StandingIn {
    /// `active`, `inactive` or `banned`.
    #[schema(example = "banned")]
    standing: String,
}

/// Whether to try or to do.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportQuery {
    /// Whether only to say what would happen; true unless given.
    trial: Option<bool>,
    /// The `hash` of a trial: nothing is done if it would not do the same now.
    expect: Option<String>,
}

/// What a list of users did, or would do.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserImportOut {
    /// Whether it was done. If not, it was a trial, or a line is refused.
    done: bool,
    /// How many lines are refused: with one of them, nothing is done.
    refused: usize,
    /// Stands for all of this; send it as `expect` to do exactly this.
    hash: String,
    /// Line by line.
    lines: Vec<UserLineOut>,
}

/// A field that changes.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserDifferenceOut {
    /// Which, by its name in the file.
    #[schema(example = "role")]
    field: &'static str,
    /// How it is; empty where it is not there.
    before: String,
    /// How it becomes.
    after: String,
}

/// What a line of a list did, or would do.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserLineOut {
    /// Where it is in the file; the names of the columns are line 1.
    line: u64,
    /// Whom it is about.
    email: String,
    /// `invite`, `update`, `nothing` or `refused`.
    #[schema(example = "invite")]
    plan: &'static str,
    /// Of an update: what changes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<&'static str>,
    /// Likewise, from what to what.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differences: Vec<UserDifferenceOut>,
    /// Of a refusal: why (English).
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Where the invitation leads, once it is done; shown only now.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

/// The users that the caller may see, by address.
#[utoipa::path(
    get, path = "/api/v1/users", tag = "users", params(UsersQuery),
    responses(
        (status = 200, description = "One page of users", body = UserList),
        (status = 422, description = "A parameter is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_users(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    query: Result<Query<UsersQuery>, QueryRejection>,
) -> Result<Json<UserList>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::refused("query", error.body_text()))?;
    let limit = limit(query.limit, LIMIT_DEFAULT, Page::MAX_LIMIT)?;
    let offset = query.offset.unwrap_or(0);
    let customer = query.customer.as_deref().map(listed_customer).transpose()?;
    let filter = UserFilter {
        search: query.q.filter(|text| !text.is_empty()),
        role: parsed(query.role.as_deref())?,
        standing: parsed(query.standing.as_deref())?,
        customer,
    };
    let users = state.records().users().within(principal.scope());
    let page = Page { offset, limit };
    let (found, total) = tokio::try_join!(users.list(&filter, page), users.count(&filter))
        .map_err(ApiError::of_records)?;
    let users = users_out(&state, principal.scope(), found).await?;
    Ok(Json(UserList { users, total, offset, limit }))
}

/// One user.
#[utoipa::path(
    get, path = "/api/v1/users/{id}", tag = "users",
    params(("id" = String, Path, description = "The user's id")),
    responses(
        (status = 200, description = "The user", body = UserOut),
        (status = 404, description = "There is no such user", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn one_user(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<Json<UserOut>, ApiError> {
    Ok(Json(user_out(&state, principal.scope(), user_id(&id)?).await?))
}

/// Invites somebody: they come in by the link, which is shown only now.
#[utoipa::path(
    post, path = "/api/v1/users", tag = "users", request_body = UserIn,
    responses(
        (status = 201, description = "They are invited", body = InvitedOut),
        (status = 409, description = "There is a user with that address", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "A field is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn invite_user(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    body: Result<Json<UserIn>, JsonRejection>,
) -> Result<(StatusCode, Json<InvitedOut>), ApiError> {
    let Json(body) = body.map_err(refused_json)?;
    let (id, link) = people::invite(&state, &principal, &draft(&body)?).await?;
    let user = user_out(&state, principal.scope(), id).await?;
    let invitation = invitation_out(&principal, &link);
    Ok((StatusCode::CREATED, Json(InvitedOut { user, invitation })))
}

/// Changes a user.
#[utoipa::path(
    put, path = "/api/v1/users/{id}", tag = "users", request_body = UserIn,
    params(("id" = String, Path, description = "The user's id")),
    responses(
        (status = 200, description = "They are so now", body = UserOut),
        (status = 404, description = "There is no such user", body = Problem,
            content_type = "application/problem+json"),
        (status = 409, description = "Somebody else changed them meanwhile, or another user has \
            that address", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is refused, or no active administrator would be \
            left", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn put_user(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    body: Result<Json<UserIn>, JsonRejection>,
) -> Result<Json<UserOut>, ApiError> {
    let Json(body) = body.map_err(refused_json)?;
    let id = user_id(&id)?;
    people::update(&state, &principal, id, &draft(&body)?, body.revision).await?;
    Ok(Json(user_out(&state, principal.scope(), id).await?))
}

/// Lets a user in again, or no longer: then their sessions end at once, and
/// their API tokens stop working for good.
#[utoipa::path(
    put, path = "/api/v1/users/{id}/standing", tag = "users", request_body = StandingIn,
    params(("id" = String, Path, description = "The user's id")),
    responses(
        (status = 200, description = "They stand so now", body = UserOut),
        (status = 404, description = "There is no such user", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "It is refused: no active administrator would be left, or \
            they never chose a password", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn put_standing(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    body: Result<Json<StandingIn>, JsonRejection>,
) -> Result<Json<UserOut>, ApiError> {
    let Json(body) = body.map_err(refused_json)?;
    let id = user_id(&id)?;
    let standing = body.standing.parse().map_err(ApiError::of_records)?;
    people::set_standing(&state, &principal, id, standing).await?;
    Ok(Json(user_out(&state, principal.scope(), id).await?))
}

/// Invites somebody anew who has not come in yet; the link before stops working.
#[utoipa::path(
    post, path = "/api/v1/users/{id}/invitation", tag = "users",
    params(("id" = String, Path, description = "The user's id")),
    responses(
        (status = 201, description = "The new invitation", body = InvitationOut),
        (status = 404, description = "There is no such user", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "They came in already", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn invite_user_again(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<InvitationOut>), ApiError> {
    let link = people::invite_again(&state, &principal, user_id(&id)?).await?;
    Ok((StatusCode::CREATED, Json(invitation_out(&principal, &link))))
}

/// Invites and changes many users at once: all of the list or nothing, and
/// first on trial. The body is CSV with the columns `email`, `name`, `role`,
/// `language`, `time_zone`, `notification_email` and `customers` (names or
/// numbers, parted by `|`).
#[utoipa::path(
    post, path = "/api/v1/users/import", tag = "users", params(ImportQuery),
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 200, description = "What it did, or would do, line by line", body = UserImportOut),
        (status = 409, description = "It would not do what the trial said: try it again",
            body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "It is no list of users", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn import_users(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    query: Result<Query<ImportQuery>, QueryRejection>,
    body: Bytes,
) -> Result<Json<UserImportOut>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::refused("query", error.body_text()))?;
    let text = std::str::from_utf8(&body)
        .map_err(|_| ApiError::refused("body", "must be text in UTF-8"))?;
    let lines = people_csv::read(text).map_err(people_csv::refusal)?;
    let is_trial = query.trial.unwrap_or(true);
    let expected = query.expect.as_deref();
    let imported = people::import(&state, &principal, &lines, is_trial, expected).await?;
    if imported.import.has_moved {
        let reason = "it would not do what the trial said: try it again".to_owned();
        return Err(ApiError::Conflict(vec![Refusal { place: "expect".to_owned(), reason }]));
    }
    let out = imported.import.lines.iter().zip(&imported.links).map(|(line, link)| {
        let (plan, changes, reason) = match &line.plan {
            UserPlan::Invite => ("invite", Vec::new(), None),
            UserPlan::Update(changes) => ("update", changes.clone(), None),
            UserPlan::Nothing => ("nothing", Vec::new(), None),
            UserPlan::Refused(reason) => ("refused", Vec::new(), Some(reason.to_string())),
        };
        let differences = changes.iter().map(difference_out).collect();
        let changes = changes.iter().map(|change| change.field).collect();
        let link = link.as_ref().and_then(|link| shown_link(&principal, link));
        let (line, email) = (line.line, line.email.clone());
        UserLineOut { line, email, plan, changes, differences, reason, link }
    });
    let lines = out.collect();
    let refused = imported.import.refused();
    let (done, hash) = (imported.import.is_done, imported.import.hash);
    Ok(Json(UserImportOut { done, refused, hash, lines }))
}

fn difference_out(found: &UserDifference) -> UserDifferenceOut {
    let UserDifference { field, before, after } = found.clone();
    UserDifferenceOut { field, before, after }
}

fn draft(body: &UserIn) -> Result<UserDraft, ApiError> {
    let ids: BTreeSet<CustomerId> =
        body.customers.iter().map(|id| listed_customer(id)).collect::<Result<_, _>>()?;
    let language = parsed(body.language.as_deref())?.unwrap_or(Language::Nl);
    Ok(UserDraft {
        email: body.email.clone(),
        name: body.name.clone(),
        role: body.role.parse().map_err(ApiError::of_records)?,
        language,
        time_zone: body.time_zone.clone(),
        notification_email: body.notification_email.clone(),
        customers: ids,
    })
}

/// What a word means, if one is given.
pub(crate) fn parsed<T>(text: Option<&str>) -> Result<Option<T>, ApiError>
where
    T: std::str::FromStr<Err = store::records::RecordsError>,
{
    text.filter(|text| !text.is_empty()).map(str::parse).transpose().map_err(ApiError::of_records)
}

/// The id of a user; what is none names nobody.
pub(crate) fn user_id(text: &str) -> Result<UserId, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound(Thing::User))
}

pub(super) fn listed_customer(text: &str) -> Result<CustomerId, ApiError> {
    text.parse().map_err(|_| ApiError::refused("customers", "must be ids of customers"))
}

pub(super) fn invitation_out(principal: &Principal, link: &Link) -> InvitationOut {
    InvitationOut {
        link: shown_link(principal, link),
        expires_at: instant::rfc3339(link.expires_at),
        mailed: link.is_mailed,
    }
}

/// The address of a link, for whom may see it.
fn shown_link(principal: &Principal, link: &Link) -> Option<String> {
    let is_hidden = link.is_mailed && principal.token().is_some();
    (!is_hidden).then(|| link.address.expose_secret().to_owned())
}

async fn user_out(state: &ApiState, scope: &Scope, id: UserId) -> Result<UserOut, ApiError> {
    let found = state.records().users().within(scope).get(id).await.map_err(ApiError::records)?;
    let found = found.ok_or(ApiError::NotFound(Thing::User))?;
    let mut users = users_out(state, scope, vec![found]).await?;
    users.pop().ok_or(ApiError::NotFound(Thing::User))
}

async fn users_out(
    state: &ApiState,
    scope: &Scope,
    users: Vec<User>,
) -> Result<Vec<UserOut>, ApiError> {
    let names = customer_names(state, scope, &users).await?;
    Ok(users.into_iter().map(|user| out(user, &names)).collect())
}

/// The names of the customers that `users` act for, as far as `scope` goes.
pub(crate) async fn customer_names(
    state: &ApiState,
    scope: &Scope,
    users: &[User],
) -> Result<BTreeMap<CustomerId, String>, ApiError> {
    let ids: BTreeSet<CustomerId> = users.iter().flat_map(|user| user.customers.clone()).collect();
    let ids: Vec<CustomerId> = ids.into_iter().collect();
    let found = state.records().customers().within(scope).by_ids(&ids).await;
    let found = found.map_err(ApiError::records)?;
    Ok(found.into_iter().map(|(id, customer)| (id, customer.name)).collect())
}

pub(super) fn out(user: User, names: &BTreeMap<CustomerId, String>) -> UserOut {
    let named = |id: &CustomerId| {
        let name = names.get(id)?.clone();
        Some(CustomerRef { id: id.to_string(), name })
    };
    let mut customers: Vec<CustomerRef> = user.customers.iter().filter_map(named).collect();
    customers.sort_by_key(|customer| customer.name.to_lowercase());
    UserOut {
        id: user.id.to_string(),
        role: user.role.as_str(),
        language: user.language.as_str(),
        customers,
        standing: user.standing.as_str(),
        revision: user.revision,
        created_at: instant::rfc3339(user.created_at),
        email: user.email,
        name: user.name,
        time_zone: user.time_zone,
        notification_email: user.notification_email,
        notification_proven: user.notification_proven,
    }
}
