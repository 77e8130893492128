//! Who may do what: the policy itself, and the routes that it guards.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::{Extension, Json};
use serde::Serialize;
use store::records::Role;
use utoipa::ToSchema;

use crate::policy::{Action, Confirmation, confirmation, reach, service_reach};
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
    /// Likewise, of a token of a service with that role.
    services: BTreeMap<&'static str, &'static str>,
    /// What it asks besides the role of a request that changes something:
    /// `nothing`, `recent` (a fresh proof of who it is, or a token) or
    /// `recent-in-session` (never with a token), `recent-or-service` (of tokens, with a service's
    /// alone), `session` (never with a token).
    #[schema(example = "recent")]
    confirmation: &'static str,
    /// The scope that a token needs to change something; null where no token does.
    #[schema(example = "write:sessions")]
    scope: Option<&'static str>,
    /// The scope that is enough for reading; null where that is `scope`.
    #[schema(example = "read:sessions")]
    read_scope: Option<&'static str>,
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

/// The scope that a token needs for `action`, unless no token does it.
pub(crate) fn scope_of(action: Action) -> Option<&'static str> {
    let is_closed = confirmation(action, true) == Confirmation::RecentInSession;
    (!is_closed).then(|| action.token_scope())
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
        services: Role::ALL
            .into_iter()
            .map(|role| (role.as_str(), service_reach(role, action).as_str()))
            .collect(),
        confirmation: confirmation(action, true).as_str(),
        scope: scope_of(action),
        read_scope: action.read_scope(),
        routes: routes_of(&entries, action),
    };
    Json(PermissionList { actions: Action::ALL.into_iter().map(row).collect() })
}
