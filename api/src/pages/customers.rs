//! The customers: the list, and one of them.

use axum::Extension;
use axum::extract::{Path, RawForm, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use dashboards::{
    ContactForm, CustomerForm, CustomerPage, CustomerRow, CustomersPage, FormProblem, Lang, Pager,
    urls,
};
use serde::Deserialize;
use store::Scope;
use store::records::{
    Contact, Customer, CustomerDraft, CustomerFilter, CustomerId, Customers, Language, Page, Role,
    ServiceFilter, UserFilter,
};
use url::form_urlencoded;

use super::forms::{Saved, refused, saved_at};
use super::{html, shell, users};
use crate::app::ApiState;
use crate::auth::Principal;
use crate::people;
use crate::policy::Action;
use crate::problem::{ApiError, Thing};
use crate::v1::operations::{customer_id, manager_names};
use crate::web::Lenient;

/// Customers on one page.
const PER_PAGE: u64 = 50;
/// Empty lines for contacts that a form shows beside those that are there.
const CONTACTS_SPARE: usize = 2;
/// Users that the page of a customer shows.
const PEOPLE_MAX: u64 = 100;

/// The query of the list; what makes no sense counts as not given.
#[derive(Deserialize, Default)]
pub(crate) struct CustomersQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    page: String,
}

/// `GET /customers`.
pub(crate) async fn customers(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    Lenient(query): Lenient<CustomersQuery>,
) -> Result<Response, ApiError> {
    let search = Some(query.q.trim().to_owned()).filter(|text| !text.is_empty());
    let filter = CustomerFilter { search, account_manager: None };
    let number = query.page.parse::<u64>().unwrap_or(1).max(1);
    let page = Page { offset: (number - 1).saturating_mul(PER_PAGE), limit: PER_PAGE };
    let customers = state.records().customers().within(principal.scope());
    let found = async {
        tokio::try_join!(customers.list(&filter, page), customers.count(&filter))
            .map_err(ApiError::records)
    };
    let (shell, (found, total)) =
        tokio::try_join!(shell::full(&state, &principal, &headers, &uri), found)?;
    let names = manager_names(&state, principal.scope(), &found).await?;
    let row = |customer: Customer| CustomerRow {
        id: customer.id.to_string(),
        number: customer.number.unwrap_or_default(),
        manager: customer
            .account_manager
            .and_then(|id| names.get(&id).cloned())
            .unwrap_or_default(),
        contact: customer.contacts.into_iter().next().map(|one| one.name).unwrap_or_default(),
        name: customer.name,
    };
    html(&CustomersPage {
        shell,
        query: query.q.trim().to_owned(),
        rows: found.into_iter().map(row).collect(),
        pager: Pager { page: number, per_page: PER_PAGE, total },
        may_edit: principal.may(Action::EditCustomers),
    })
}

/// `GET /customers/new`.
pub(crate) async fn customer_form(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    let form = form_of(&CustomerDraft::named(""), 0);
    page(&state, &principal, (&headers, &uri), Shown { form, ..Shown::default() }).await
}

/// `POST /customers/new`.
pub(crate) async fn add_customer(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    RawForm(sent): RawForm,
) -> Result<Response, ApiError> {
    let sent = Sent::read(&sent);
    let added = match sent.draft() {
        Ok(draft) => {
            let customers = state.records().customers();
            let added = customers.create(&principal.actor(&state), &draft).await;
            added.map_err(ApiError::of_records)
        }
        Err(error) => Err(error),
    };
    match added {
        Ok(id) => Ok(saved_at(&urls::customer(&id.to_string()))),
        Err(error) => {
            let problem = Some(problem(error)?);
            let shown = Shown { form: sent.form(), problem, ..Shown::default() };
            refused(page(&state, &principal, (&headers, &uri), shown).await?)
        }
    }
}

/// `GET /customers/{id}`.
pub(crate) async fn customer(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
    Lenient(query): Lenient<Saved>,
) -> Result<Response, ApiError> {
    let shown = Shown::of(&state, principal.scope(), customer_id(&id)?).await?;
    let shown = Shown { is_saved: query.saved.is_some(), ..shown };
    page(&state, &principal, (&headers, &uri), shown).await
}

/// `POST /customers/{id}`.
pub(crate) async fn save_customer(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
    RawForm(sent): RawForm,
) -> Result<Response, ApiError> {
    let id = customer_id(&id)?;
    let now = Shown::of(&state, principal.scope(), id).await?;
    let sent = Sent::read(&sent);
    let saved = match sent.draft() {
        Ok(draft) => {
            people::may_assign(&state, &principal, id, draft.account_manager).await?;
            let customers = state.records().customers();
            let actor = principal.actor(&state);
            let saved = customers.update(&actor, id, &draft, Some(sent.revision)).await;
            saved.map(drop).map_err(ApiError::of_records)
        }
        Err(error) => Err(error),
    };
    let problem = match saved {
        Ok(()) => {
            return Ok(saved_at(&urls::customer(&id.to_string())));
        }
        Err(error) => problem(error)?,
    };
    let form = if problem == FormProblem::Stale { now.form.clone() } else { sent.form() };
    let shown = Shown { form, problem: Some(problem), ..now };
    refused(page(&state, &principal, (&headers, &uri), shown).await?)
}

/// `POST /customers/{id}/removal`.
pub(crate) async fn remove_customer(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    let id = customer_id(&id)?;
    let customers = state.records().customers();
    let removed = customers.delete(&principal.actor(&state), id).await;
    match removed.map_err(ApiError::of_records) {
        Ok(()) => Ok(Redirect::to(urls::CUSTOMERS).into_response()),
        Err(error) => {
            let problem = Some(problem(error)?);
            let shown = Shown::of(&state, principal.scope(), id).await?;
            let shown = Shown { problem, ..shown };
            refused(page(&state, &principal, (&headers, &uri), shown).await?)
        }
    }
}

/// What a page about a customer shows.
struct Shown {
    customer: Option<Customer>,
    form: CustomerForm,
    problem: Option<FormProblem>,
    is_saved: bool,
}

impl Default for Shown {
    fn default() -> Shown {
        let form = form_of(&CustomerDraft::named(""), 0);
        Shown { customer: None, form, problem: None, is_saved: false }
    }
}

impl Shown {
    async fn of(state: &ApiState, scope: &Scope, id: CustomerId) -> Result<Shown, ApiError> {
        let found = state.records().customers().within(scope).get(id).await;
        let found = found.map_err(ApiError::records)?.ok_or(ApiError::NotFound(Thing::Customer))?;
        let draft = CustomerDraft {
            name: found.name.clone(),
            number: found.number.clone(),
            contacts: found.contacts.clone(),
            account_manager: found.account_manager,
            language: found.language,
            time_zone: found.time_zone.clone(),
        };
        let form = form_of(&draft, found.revision);
        Ok(Shown { customer: Some(found), form, ..Shown::default() })
    }
}

async fn page(
    state: &ApiState,
    principal: &Principal,
    (headers, uri): (&HeaderMap, &Uri),
    shown: Shown,
) -> Result<Response, ApiError> {
    let mut shell = shell::full(state, principal, headers, uri).await?;
    let of = |customer: &Customer| urls::customer(&customer.id.to_string());
    shell.here = shown.customer.as_ref().map_or_else(|| urls::CUSTOMER_NEW.to_owned(), of);
    let may_edit = principal.may(Action::EditCustomers);
    let scope = principal.scope();
    let mut managers = Vec::new();
    let (mut people, mut services) = (Vec::new(), 0);
    if let Some(customer) = &shown.customer {
        let names = manager_names(state, scope, std::slice::from_ref(customer)).await?;
        managers = names.into_iter().map(|(id, name)| (id.to_string(), name)).collect();
        let filter =
            ServiceFilter { customer: Some(customer.name.clone()), ..ServiceFilter::default() };
        let counted = state.records().services().within(scope).count(&filter).await;
        services = counted.map_err(ApiError::records)?;
        if principal.may(Action::ReadUsers) {
            let filter = UserFilter { customer: Some(customer.id), ..UserFilter::default() };
            let users = state.records().users().within(scope);
            let found = users.list(&filter, Page::first(PEOPLE_MAX)).await;
            people = users::rows(state, scope, found.map_err(ApiError::records)?).await?;
        }
    }
    if may_edit {
        managers = possible_managers(state, scope).await?;
    }
    let Shown { customer, form, problem, is_saved } = shown;
    html(&CustomerPage {
        shell,
        customer: customer.map(|customer| (customer.id.to_string(), customer.name)),
        form,
        managers,
        people,
        services,
        problem,
        is_saved,
        may_edit,
        zones: users::zones(),
        product_zone: users::product_zone(state),
    })
}

/// Those who can be account manager: id and name, by address.
async fn possible_managers(
    state: &ApiState,
    scope: &Scope,
) -> Result<Vec<(String, String)>, ApiError> {
    let users = state.records().users().within(scope);
    let mut managers = Vec::new();
    for role in [Role::Accountmanager, Role::Beheer] {
        let filter = UserFilter { role: Some(role), ..UserFilter::default() };
        let found = users.list(&filter, Page::first(Page::MAX_LIMIT)).await;
        let found = found.map_err(ApiError::records)?;
        managers.extend(found.into_iter().map(|user| (user.id.to_string(), user.name)));
    }
    Ok(managers)
}

/// What a form about a customer sent.
#[derive(Default)]
struct Sent {
    name: String,
    number: String,
    manager: String,
    language: String,
    time_zone: String,
    contacts: Vec<Contact>,
    revision: i64,
}

impl Sent {
    fn read(form: &[u8]) -> Sent {
        let mut sent = Sent::default();
        for (key, value) in form_urlencoded::parse(form).into_owned() {
            let has_room = sent.contacts.len() <= 2 * Customers::CONTACTS_MAX;
            let last = sent.contacts.last_mut();
            match (key.as_str(), last) {
                ("name", _) => sent.name = value,
                ("number", _) => sent.number = value,
                ("manager", _) => sent.manager = value,
                ("language", _) => sent.language = value,
                ("time_zone", _) => sent.time_zone = value,
                ("revision", _) => sent.revision = value.parse().unwrap_or_default(),
                // The fields of a contact follow its name.
                ("contact_name", _) if has_room => {
                    sent.contacts.push(Contact { name: value, ..Contact::default() });
                }
                ("contact_role", Some(contact)) => contact.role = value,
                ("contact_email", Some(contact)) => contact.email = value,
                ("contact_phone", Some(contact)) => contact.phone = value,
                _ => {}
            }
        }
        sent.contacts.retain(|contact| {
            [&contact.name, &contact.role, &contact.email, &contact.phone]
                .into_iter()
                .any(|text| !text.trim().is_empty())
        });
        sent
    }

    fn draft(&self) -> Result<CustomerDraft, ApiError> {
        let manager = Some(self.manager.as_str()).filter(|id| !id.is_empty());
        let unknown = |_| ApiError::refused("account_manager", "must be a user");
        Ok(CustomerDraft {
            name: self.name.clone(),
            number: Some(self.number.clone()),
            contacts: self.contacts.clone(),
            account_manager: manager.map(str::parse).transpose().map_err(unknown)?,
            language: self.language.parse().unwrap_or(Language::Nl),
            time_zone: Some(self.time_zone.clone()),
        })
    }

    fn form(&self) -> CustomerForm {
        CustomerForm {
            name: self.name.clone(),
            number: self.number.clone(),
            manager: self.manager.clone(),
            language: Lang::from_code(&self.language).unwrap_or_default(),
            time_zone: self.time_zone.clone(),
            contacts: contacts(&self.contacts),
            revision: self.revision,
        }
    }
}

fn form_of(draft: &CustomerDraft, revision: i64) -> CustomerForm {
    CustomerForm {
        name: draft.name.clone(),
        number: draft.number.clone().unwrap_or_default(),
        manager: draft.account_manager.map(|id| id.to_string()).unwrap_or_default(),
        language: users::language_out(draft.language),
        time_zone: draft.time_zone.clone().unwrap_or_default(),
        contacts: contacts(&draft.contacts),
        revision,
    }
}

/// The lines for contacts, with some to fill in.
fn contacts(contacts: &[Contact]) -> Vec<ContactForm> {
    let line = |contact: &Contact| ContactForm {
        name: contact.name.clone(),
        role: contact.role.clone(),
        email: contact.email.clone(),
        phone: contact.phone.clone(),
    };
    let spare = std::iter::repeat_with(ContactForm::default).take(CONTACTS_SPARE);
    contacts.iter().map(line).chain(spare).collect()
}

/// What a refusal means for the form; anything else stays an error.
fn problem(error: ApiError) -> Result<FormProblem, ApiError> {
    let is_conflict = matches!(error, ApiError::Conflict(_));
    let (place, reason) = match &error {
        ApiError::Refused(refusals) | ApiError::Conflict(refusals) => match refusals.first() {
            Some(refusal) => (refusal.place.clone(), refusal.reason.clone()),
            None => return Err(error),
        },
        _ => return Err(error),
    };
    Ok(match place.as_str() {
        "customer" if is_conflict => FormProblem::CustomerTaken,
        "customer" => FormProblem::InUse,
        "revision" => FormProblem::Stale,
        "name" => FormProblem::Name,
        "contacts" => FormProblem::Contacts,
        "account_manager" => FormProblem::Manager,
        "time_zone" => FormProblem::TimeZone,
        _ => FormProblem::Other(reason),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_a_contact_belong_together_and_empty_ones_are_dropped() {
        let sent = Sent::read(
            b"name=Ede&contact_name=Anna&contact_role=NOC&contact_email=a%40b&contact_phone=\
              &contact_name=&contact_role=&contact_name=Bob&revision=3",
        );
        let names: Vec<_> = sent.contacts.iter().map(|one| (&*one.name, &*one.role)).collect();
        assert_eq!(names, [("Anna", "NOC"), ("Bob", "")]);
        assert_eq!((sent.name.as_str(), sent.revision), ("Ede", 3));
        assert_eq!(sent.form().contacts.len(), 4);
    }
}
