//! Holding every service's path against what the NMSes know: which components
//! are gone, switched off, or were added again under another id. Reads the
//! inventories anew when asked; changes no definition by itself.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::{Extension, Json};
use correlate::model::{ComponentId, PathExpr, ServiceId};
use serde::Serialize;
use serde_json::Value;
use store::Scope;
use store::records::{Records, RecordsError, SyncState};
use utoipa::ToSchema;

use super::sources::{UnwatchedOut, unwatched_out};
use super::sync::{SyncJobOut, ask_for_inventory, job_out};
use crate::app::ApiState;
use crate::ask::{self, NamedUnwatched};
use crate::auth::Principal;
use crate::problem::{ApiError, Part, Problem};

/// Where the report is.
const PLACE: &str = "/api/v1/services/sync";

/// How the services agree with what the NMSes know.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceSyncOut {
    /// Every account, with the last inventory that was asked for, by name.
    accounts: Vec<AccountSyncOut>,
    /// Whether none of these inventories is waited for. What stands below is by the
    /// newest ones that were read, also by themselves every `inventory_interval`.
    is_done: bool,
    /// The services whose newest path names what its NMS does not watch, by id.
    services: Vec<ServiceCheckOut>,
    /// Whether there may be more of them.
    truncated: bool,
}

/// The inventory of an account.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountSyncOut {
    /// Its name.
    #[schema(example = "ams1")]
    account: String,
    /// The last inventory that was asked for; null where none was.
    job: Option<SyncJobOut>,
}

/// A service whose path and whose NMS disagree.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceCheckOut {
    /// Its id.
    id: String,
    /// What it is called.
    name: String,
    /// What of its newest path is not watched.
    components: Vec<UnwatchedOut>,
    /// Its newest path with what was added again in the place of what is gone:
    /// a suggestion, which nobody has put in force; null where nothing was.
    #[schema(value_type = Option<Object>)]
    suggested_path: Option<Value>,
}

/// Has the inventories of all accounts read at once, and then holds every
/// service's path against them; the report is where Location says. No
/// definition is changed.
#[utoipa::path(
    post, path = "/api/v1/services/sync", tag = "services",
    responses(
        (status = 202, description = "The inventories are asked for; the report as of now",
            body = ServiceSyncOut),
        (status = 503, description = "The log cannot be written", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn start_service_sync(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<ServiceSyncOut>), ApiError> {
    ask_for_all_inventories(&state, &principal).await?;
    let report = report(&state, principal.scope()).await?;
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, PLACE.to_owned())], Json(report)))
}

/// How the services agree with the newest inventories, and how far those are
/// that were asked for.
#[utoipa::path(
    get, path = "/api/v1/services/sync", tag = "services",
    responses((status = 200, description = "The report", body = ServiceSyncOut))
)]
pub(crate) async fn service_sync(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
) -> Result<Json<ServiceSyncOut>, ApiError> {
    Ok(Json(report(&state, principal.scope()).await?))
}

/// Asks for the inventory of every account.
pub(crate) async fn ask_for_all_inventories(
    state: &ApiState,
    principal: &Principal,
) -> Result<(), ApiError> {
    let log = state.shared_log().ok_or(ApiError::Unavailable(Part::Log))?;
    for account in accounts(state).await? {
        ask_for_inventory(state, principal, &*log, &account).await?;
    }
    Ok(())
}

/// What services of `scope` name and no NMS watches, and the accounts whose
/// inventory is waited for.
pub(crate) async fn everything_unwatched(
    state: &ApiState,
    scope: &Scope,
) -> Result<(Vec<NamedUnwatched>, Vec<String>), ApiError> {
    let (mut found, mut waiting) = (Vec::new(), Vec::new());
    for account in accounts(state).await? {
        let jobs = state.records().sync_jobs().list(&account).await.map_err(ApiError::records)?;
        let unwatched = ask::unwatched(state.records(), scope, &account).await;
        found.extend(unwatched.map_err(ApiError::records)?.components);
        if jobs.first().is_some_and(|job| job.state == SyncState::Queued) {
            waiting.push(account);
        }
    }
    Ok((found, waiting))
}

/// Every account that ever reported.
async fn accounts(state: &ApiState) -> Result<Vec<String>, ApiError> {
    let found = state.records().source_status().list().await.map_err(ApiError::records)?;
    Ok(found.into_iter().map(|source| source.account).collect())
}

async fn report(state: &ApiState, scope: &Scope) -> Result<ServiceSyncOut, ApiError> {
    let mut out = ServiceSyncOut {
        accounts: Vec::new(),
        is_done: true,
        services: Vec::new(),
        truncated: false,
    };
    let mut found = Vec::new();
    for account in accounts(state).await? {
        let jobs = state.records().sync_jobs().list(&account).await.map_err(ApiError::records)?;
        let job = jobs.into_iter().next().map(|job| job_out(state, job));
        out.is_done &= job.as_ref().is_none_or(|job| !job.is_queued());
        let unwatched = ask::unwatched(state.records(), scope, &account).await;
        let unwatched = unwatched.map_err(ApiError::records)?;
        out.truncated |= unwatched.truncated;
        found.extend(unwatched.components);
        out.accounts.push(AccountSyncOut { account, job });
    }
    out.services = checks(state.records(), scope, found).await.map_err(ApiError::records)?;
    Ok(out)
}

/// What was found, by service.
async fn checks(
    records: &Records,
    scope: &Scope,
    found: Vec<NamedUnwatched>,
) -> Result<Vec<ServiceCheckOut>, RecordsError> {
    let mut of_services: BTreeMap<ServiceId, Vec<NamedUnwatched>> = BTreeMap::new();
    for one in found {
        for id in one.services.keys() {
            of_services.entry(id.clone()).or_default().push(one.clone());
        }
    }
    let ids: Vec<ServiceId> = of_services.keys().cloned().collect();
    let services = records.services().within(scope).by_ids(&ids).await?;
    let check = |(id, components): (ServiceId, Vec<NamedUnwatched>)| {
        let service = services.get(&id)?;
        let new: BTreeMap<&ComponentId, &ComponentId> = components
            .iter()
            .filter_map(|one| Some((&one.component, one.replaced_by.as_ref()?)))
            .collect();
        let newest = service.definition.versions().last().filter(|_| !new.is_empty());
        Some(ServiceCheckOut {
            id: id.to_string(),
            name: service.name.clone(),
            suggested_path: newest.map(|version| suggested(&version.path, &new)),
            components: components.into_iter().map(unwatched_out).collect(),
        })
    };
    Ok(of_services.into_iter().filter_map(check).collect())
}

/// The path with the new components in the place of the old ones.
fn suggested(path: &PathExpr, new: &BTreeMap<&ComponentId, &ComponentId>) -> Value {
    let mut json = path.to_json();
    replace(&mut json, new);
    json
}

/// Components stand alone or in lists; a text behind a name is no component.
fn replace(json: &mut Value, new: &BTreeMap<&ComponentId, &ComponentId>) {
    match json {
        Value::String(id) => {
            if let Some(new) = new.get(&ComponentId::from(id.as_str())) {
                *id = new.to_string();
            }
        }
        Value::Array(parts) => parts.iter_mut().for_each(|part| replace(part, new)),
        Value::Object(fields) => {
            let groups = fields.values_mut().filter(|value| value.is_array());
            groups.for_each(|group| replace(group, new));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_suggestion_names_the_new_components_and_leaves_the_rest() {
        let path = json!({"all": ["n/port/1", {"at_least": 1, "of": ["n/port/1", "n/port/2"]},
            {"service": "n/port/1"}]});
        let Ok(path) = PathExpr::from_json(&path) else { panic!("a valid path") };
        let (old, fresh) = (ComponentId::from("n/port/1"), ComponentId::from("n/port/9"));
        let found = suggested(&path, &BTreeMap::from([(&old, &fresh)]));
        let expected = json!({"all": ["n/port/9", {"at_least": 1, "of": ["n/port/9", "n/port/2"]},
            {"service": "n/port/1"}]});
        assert_eq!(found, expected);
        let alone = PathExpr::Component(old.clone());
        assert_eq!(suggested(&alone, &BTreeMap::from([(&old, &fresh)])), json!("n/port/9"));
    }
}
