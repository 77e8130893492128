//! Customers: whose services they are, and whom to call.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use store::Scope;
use store::records::{
    Contact, Customer, CustomerDraft, CustomerFilter, CustomerId, Language, Page, UserId,
};
use utoipa::{IntoParams, ToSchema};

use super::definitions::refused_json;
use super::query::limit;
use super::users::parsed;
use crate::app::ApiState;
use crate::auth::Principal;
use crate::instant;
use crate::people;
use crate::problem::{ApiError, Problem, Thing};

/// Customers in one answer unless asked otherwise.
const LIMIT_DEFAULT: u64 = 100;

/// Which customers.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CustomersQuery {
    /// Only those whose name or number holds every word of this, in any case.
    q: Option<String>,
    /// Only those of this account manager (the id of a user).
    account_manager: Option<String>,
    /// How many to leave out.
    offset: Option<u64>,
    /// How many to give, 1 to 1000; 100 by default.
    limit: Option<u64>,
}

/// One page of customers, by name.
#[derive(Serialize, ToSchema)]
pub(crate) struct CustomerList {
    /// The customers of this page.
    customers: Vec<CustomerOut>,
    /// How many match altogether.
    total: u64,
    /// How many were left out before this page.
    offset: u64,
    /// How many a page holds.
    limit: u64,
}

/// A customer.
#[derive(Serialize, ToSchema)]
pub(crate) struct CustomerOut {
    /// Its id.
    id: String,
    /// Its name.
    #[schema(example = "Gemeente Ede")]
    name: String,
    /// Its number in the provider's own administration.
    number: Option<String>,
    /// Whom to call or write.
    contacts: Vec<ContactDoc>,
    /// The account manager.
    account_manager: Option<ManagerOut>,
    /// The language of what is sent to it: `nl` or `en`.
    language: &'static str,
    /// The IANA zone of what is sent to it; null: that of the product.
    time_zone: Option<String>,
    /// Counts changes; send it back to notice that somebody else was first.
    revision: i64,
    /// When it was first named.
    created_at: Option<String>,
    /// When it was last changed.
    changed_at: Option<String>,
}

/// An account manager.
#[derive(Serialize, ToSchema)]
pub(crate) struct ManagerOut {
    /// The user's id.
    id: String,
    /// What they are called.
    name: String,
}

/// Somebody at a customer.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactDoc {
    /// What they are called.
    name: String,
    /// What they do there, such as `NOC`.
    #[serde(default)]
    role: String,
    /// Their mail address.
    #[serde(default)]
    email: String,
    /// Their telephone number.
    #[serde(default)]
    phone: String,
}

/// A customer as it should be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomerIn {
    /// Its name; no other customer has it, not even as its number.
    name: String,
    /// Its number in the provider's own administration.
    number: Option<String>,
    /// Whom to call or write, at most 20.
    #[serde(default)]
    contacts: Vec<ContactDoc>,
    /// The id of the account manager, a user with that role or an administrator.
    account_manager: Option<String>,
    /// `nl` or `en`; `nl` unless given.
    language: Option<String>,
    /// The IANA zone of what is sent to it.
    time_zone: Option<String>,
    /// When changing: the revision that this replaces; without it, whatever is there.
    revision: Option<i64>,
}

/// The customers that the caller may see, by name.
#[utoipa::path(
    get, path = "/api/v1/customers", tag = "customers", params(CustomersQuery),
    responses(
        (status = 200, description = "One page of customers", body = CustomerList),
        (status = 422, description = "A parameter is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_customers(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    query: Result<Query<CustomersQuery>, QueryRejection>,
) -> Result<Json<CustomerList>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::refused("query", error.body_text()))?;
    let limit = limit(query.limit, LIMIT_DEFAULT, Page::MAX_LIMIT)?;
    let offset = query.offset.unwrap_or(0);
    let filter = CustomerFilter {
        search: query.q.filter(|text| !text.is_empty()),
        account_manager: query.account_manager.as_deref().map(manager_id).transpose()?,
    };
    let customers = state.records().customers().within(principal.scope());
    let page = Page { offset, limit };
    let found = tokio::try_join!(customers.list(&filter, page), customers.count(&filter));
    let (found, total) = found.map_err(ApiError::records)?;
    let customers = customers_out(&state, principal.scope(), found).await?;
    Ok(Json(CustomerList { customers, total, offset, limit }))
}

/// One customer.
#[utoipa::path(
    get, path = "/api/v1/customers/{id}", tag = "customers",
    params(("id" = String, Path, description = "The customer's id")),
    responses(
        (status = 200, description = "The customer", body = CustomerOut),
        (status = 404, description = "There is no such customer", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn one_customer(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<Json<CustomerOut>, ApiError> {
    Ok(Json(customer_out(&state, principal.scope(), customer_id(&id)?).await?))
}

/// Adds a customer.
#[utoipa::path(
    post, path = "/api/v1/customers", tag = "customers", request_body = CustomerIn,
    responses(
        (status = 201, description = "It is there", body = CustomerOut),
        (status = 409, description = "There is a customer of that name or number", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "A field is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add_customer(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    body: Result<Json<CustomerIn>, JsonRejection>,
) -> Result<(StatusCode, Json<CustomerOut>), ApiError> {
    let Json(body) = body.map_err(refused_json)?;
    let customers = state.records().customers();
    let created = customers.create(&principal.actor(&state), &draft(&body)?).await;
    let id = created.map_err(ApiError::of_records)?;
    Ok((StatusCode::CREATED, Json(customer_out(&state, principal.scope(), id).await?)))
}

/// Changes a customer; a new name goes to its services too.
#[utoipa::path(
    put, path = "/api/v1/customers/{id}", tag = "customers", request_body = CustomerIn,
    params(("id" = String, Path, description = "The customer's id")),
    responses(
        (status = 200, description = "It is so now", body = CustomerOut),
        (status = 404, description = "There is no such customer", body = Problem,
            content_type = "application/problem+json"),
        (status = 409, description = "Somebody else changed it meanwhile, or another has that \
            name or number", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn put_customer(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    body: Result<Json<CustomerIn>, JsonRejection>,
) -> Result<Json<CustomerOut>, ApiError> {
    let Json(body) = body.map_err(refused_json)?;
    let id = customer_id(&id)?;
    let draft = draft(&body)?;
    people::may_assign(&state, &principal, id, draft.account_manager).await?;
    let customers = state.records().customers();
    let changed = customers.update(&principal.actor(&state), id, &draft, body.revision).await;
    changed.map_err(ApiError::of_records)?;
    Ok(Json(customer_out(&state, principal.scope(), id).await?))
}

/// Removes a customer that has no services and for whom nobody acts.
#[utoipa::path(
    delete, path = "/api/v1/customers/{id}", tag = "customers",
    params(("id" = String, Path, description = "The customer's id")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such customer", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "It has services, or somebody acts for it", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove_customer(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let customers = state.records().customers();
    let removed = customers.delete(&principal.actor(&state), customer_id(&id)?).await;
    removed.map_err(ApiError::of_records)?;
    Ok(StatusCode::NO_CONTENT)
}

fn draft(body: &CustomerIn) -> Result<CustomerDraft, ApiError> {
    let contact = |contact: &ContactDoc| Contact {
        name: contact.name.clone(),
        role: contact.role.clone(),
        email: contact.email.clone(),
        phone: contact.phone.clone(),
    };
    Ok(CustomerDraft {
        name: body.name.clone(),
        number: body.number.clone(),
        contacts: body.contacts.iter().map(contact).collect(),
        account_manager: body.account_manager.as_deref().map(manager_id).transpose()?,
        language: parsed(body.language.as_deref())?.unwrap_or(Language::Nl),
        time_zone: body.time_zone.clone(),
    })
}

fn manager_id(text: &str) -> Result<UserId, ApiError> {
    text.parse().map_err(|_| ApiError::refused("account_manager", "must be the id of a user"))
}

/// The id of a customer; what is none names nothing.
pub(crate) fn customer_id(text: &str) -> Result<CustomerId, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound(Thing::Customer))
}

async fn customer_out(
    state: &ApiState,
    scope: &Scope,
    id: CustomerId,
) -> Result<CustomerOut, ApiError> {
    let found = state.records().customers().within(scope).get(id).await;
    let found = found.map_err(ApiError::records)?.ok_or(ApiError::NotFound(Thing::Customer))?;
    let mut customers = customers_out(state, scope, vec![found]).await?;
    customers.pop().ok_or(ApiError::NotFound(Thing::Customer))
}

async fn customers_out(
    state: &ApiState,
    scope: &Scope,
    customers: Vec<Customer>,
) -> Result<Vec<CustomerOut>, ApiError> {
    let names = manager_names(state, scope, &customers).await?;
    Ok(customers.into_iter().map(|customer| out(customer, &names)).collect())
}

/// What the account managers of `customers` are called: whoever sees a
/// customer may know who answers for it.
pub(crate) async fn manager_names(
    state: &ApiState,
    scope: &Scope,
    customers: &[Customer],
) -> Result<BTreeMap<UserId, String>, ApiError> {
    let ids: BTreeSet<UserId> = customers.iter().filter_map(|one| one.account_manager).collect();
    let ids: Vec<UserId> = ids.into_iter().collect();
    state.records().users().within(scope).names(&ids).await.map_err(ApiError::records)
}

fn out(customer: Customer, names: &BTreeMap<UserId, String>) -> CustomerOut {
    let manager = customer.account_manager.map(|id| ManagerOut {
        id: id.to_string(),
        name: names.get(&id).cloned().unwrap_or_default(),
    });
    let contact = |contact: Contact| ContactDoc {
        name: contact.name,
        role: contact.role,
        email: contact.email,
        phone: contact.phone,
    };
    CustomerOut {
        id: customer.id.to_string(),
        contacts: customer.contacts.into_iter().map(contact).collect(),
        account_manager: manager,
        language: customer.language.as_str(),
        revision: customer.revision,
        created_at: instant::rfc3339(customer.created_at),
        changed_at: instant::rfc3339(customer.changed_at),
        name: customer.name,
        number: customer.number,
        time_zone: customer.time_zone,
    }
}
