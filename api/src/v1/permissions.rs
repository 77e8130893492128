//! Who may do what: the policy itself, and the routes that it guards.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::{Extension, Json};
use serde::Serialize;
use store::records::Role;
use utoipa::ToSchema;

use crate::policy::{Action, reach};
use crate::web::{Policy, RouteEntry};

/// Who may do what.
#[derive(Serialize, ToSchema)]
pub(crate) struct PermissionList {
    /// Every action.
    actions: Vec<PermissionOut>,
}

/// An action, and how far each role goes in it.
#[derive(Serialize, ToSchema)]
pub(crate) struct PermissionOut {
    /// Its name.
    #[schema(example = "read-services")]
    action: &'static str,
    /// By role: `nothing`, `own` or `everything`.
    roles: BTreeMap<&'static str, &'static str>,
    /// The routes that are part of it.
    routes: Vec<String>,
}

/// The routes that are part of `action`, in the order of the map.
pub(crate) fn routes_of(entries: &[RouteEntry], action: Action) -> Vec<String> {
    let of = |entry: &&RouteEntry| match entry.policy {
        Policy::May(named) => named == action,
        Policy::Metrics => action == Action::ReadPipeline,
        Policy::Public => false,
    };
    let line = |entry: &RouteEntry| {
        format!("{} {}", entry.verb.as_str(), entry.documented.as_ref().unwrap_or(&entry.path))
    };
    entries.iter().filter(of).map(line).collect()
}

/// Who may do what, from the policy that every request passes.
#[utoipa::path(
    get, path = "/api/v1/permissions", tag = "users",
    responses((status = 200, description = "The matrix", body = PermissionList))
)]
pub(crate) async fn permissions(
    Extension(entries): Extension<Arc<Vec<RouteEntry>>>,
) -> Json<PermissionList> {
    let row = |action: Action| PermissionOut {
        action: action.as_str(),
        roles: Role::ALL
            .into_iter()
            .map(|role| (role.as_str(), reach(role, action).as_str()))
            .collect(),
        routes: routes_of(&entries, action),
    };
    Json(PermissionList { actions: Action::ALL.into_iter().map(row).collect() })
}
