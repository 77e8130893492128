//! Who changed what, and who may do what.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use dashboards::{
    AuditPage, AuditRow, AuditVerdict, Pager, Permission, PermissionReach, PermissionRow,
    PermissionsPage,
};
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;
use store::records::{AuditEntry, AuditFilter, Page, Role};

use super::{html, shell};
use crate::app::ApiState;
use crate::auth::Principal;
use crate::instant;
use crate::policy::{Action, Reach, reach};
use crate::problem::ApiError;
use crate::v1::operations::{export, routes_of};
use crate::web::{Lenient, RouteEntry};

/// Entries on one page.
const PER_PAGE: u64 = 50;
/// The longest value that the page shows; the export has the whole.
const VALUE_CHARS_MAX: usize = 300;

/// The query of the page; what makes no sense counts as not given.
#[derive(Deserialize, Default)]
pub(crate) struct AuditQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    page: String,
    verify: Option<String>,
}

impl AuditQuery {
    fn filter(&self, zone: &TimeZone) -> AuditFilter {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        AuditFilter {
            text: given(&self.q),
            kind: given(&self.kind),
            from: instant::parse_field(&self.from, zone),
            until: instant::parse_field(&self.until, zone),
            ..AuditFilter::default()
        }
    }
}

/// `GET /audit`.
pub(crate) async fn audit(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    Lenient(query): Lenient<AuditQuery>,
) -> Result<Response, ApiError> {
    let filter = query.filter(&principal.zone(&state));
    let number = query.page.parse::<u64>().unwrap_or(1).max(1);
    let page = Page { offset: (number - 1).saturating_mul(PER_PAGE), limit: PER_PAGE };
    let audit = state.records().audit();
    let found = async {
        tokio::try_join!(audit.list(&filter, page), audit.count(&filter)).map_err(ApiError::records)
    };
    let (shell, (found, total)) =
        tokio::try_join!(shell::full(&state, &principal, &headers, &uri), found)?;
    let verdict = match query.verify {
        None => None,
        Some(_) => Some(match audit.verify(None).await.map_err(ApiError::records)? {
            Ok(whole) => {
                AuditVerdict::Whole { first: whole.first, last: whole.last, hash: whole.hash }
            }
            Err(broken) => AuditVerdict::Broken(broken.to_string()),
        }),
    };
    html(&AuditPage {
        shell,
        query: query.q.trim().to_owned(),
        kind: query.kind.trim().to_owned(),
        from: filter.from,
        until: filter.until,
        rows: found.into_iter().map(row).collect(),
        pager: Pager { page: number, per_page: PER_PAGE, total },
        verdict,
    })
}

/// `GET /audit.csv`.
pub(crate) async fn audit_export(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Lenient(query): Lenient<AuditQuery>,
) -> Response {
    let filter = query.filter(&principal.zone(&state));
    export(state, filter)
}

fn row(entry: AuditEntry) -> AuditRow {
    AuditRow {
        sequence: entry.sequence,
        at: entry.at,
        changes: changes(entry.before.as_ref(), entry.after.as_ref()),
        actor: entry.actor,
        address: entry.address.unwrap_or_default(),
        by_token: entry.token.is_some(),
        action: entry.action,
        object: entry.object,
    }
}

/// The fields that differ, by name: field, before, after.
fn changes(before: Option<&Value>, after: Option<&Value>) -> Vec<(String, String, String)> {
    let fields = |value: Option<&Value>| -> BTreeSet<String> {
        value.and_then(Value::as_object).into_iter().flat_map(|map| map.keys().cloned()).collect()
    };
    let of = |value: Option<&Value>, field: &str| value.and_then(|value| value.get(field)).cloned();
    let mut names = fields(before);
    names.extend(fields(after));
    names
        .into_iter()
        .filter_map(|name| {
            let (was, is) = (of(before, &name), of(after, &name));
            let (was_text, is_text) = (shown(was.as_ref()), shown(is.as_ref()));
            (was != is && was_text != is_text).then_some((name, was_text, is_text))
        })
        .collect()
}

fn shown(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => return String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    if text.chars().count() <= VALUE_CHARS_MAX {
        return text;
    }
    let cut: String = text.chars().take(VALUE_CHARS_MAX).collect();
    format!("{cut}…")
}

/// `GET /permissions`.
pub(crate) async fn permissions(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Extension(entries): Extension<Arc<Vec<RouteEntry>>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, ApiError> {
    let shell = shell::full(&state, &principal, &headers, &uri).await?;
    let row = |action: Action| PermissionRow {
        permission: permission(action),
        reach: Role::ALL.into_iter().map(|role| reach_out(reach(role, action))).collect(),
        routes: routes_of(&entries, action),
    };
    html(&PermissionsPage { shell, rows: Action::ALL.into_iter().map(row).collect() })
}

fn reach_out(reach: Reach) -> PermissionReach {
    match reach {
        Reach::Nothing => PermissionReach::Nothing,
        Reach::Own => PermissionReach::Own,
        Reach::Everything => PermissionReach::Everything,
    }
}

fn permission(action: Action) -> Permission {
    match action {
        Action::ReadServices => Permission::ReadServices,
        Action::ExplainServices => Permission::ExplainServices,
        Action::EditServices => Permission::EditServices,
        Action::ReadCustomers => Permission::ReadCustomers,
        Action::EditCustomers => Permission::EditCustomers,
        Action::ReadUsers => Permission::ReadUsers,
        Action::EditUsers => Permission::EditUsers,
        Action::PlanWork => Permission::PlanWork,
        Action::ReadComponents => Permission::ReadComponents,
        Action::ReadPipeline => Permission::ReadPipeline,
        Action::EditPipeline => Permission::EditPipeline,
        Action::ReadAudit => Permission::ReadAudit,
        Action::ReadPermissions => Permission::ReadPermissions,
        Action::Profile => Permission::Profile,
        Action::Tokens => Permission::Tokens,
        Action::Session => Permission::Session,
        Action::ApiDocs => Permission::ApiDocs,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_shown_and_not_at_any_length() {
        let before = json!({"name": "a", "same": 1, "gone": true, "none": null});
        let after = json!({"name": "b", "same": 1, "new": ["x"]});
        let expected = [("gone", "true", ""), ("name", "a", "b"), ("new", "", "[\"x\"]")];
        let found = changes(Some(&before), Some(&after));
        let found: Vec<_> = found.iter().map(|(a, b, c)| (&**a, &**b, &**c)).collect();
        assert_eq!(found, expected);
        let long = json!({"text": "x".repeat(1_000)});
        assert_eq!(changes(None, Some(&long))[0].2.chars().count(), VALUE_CHARS_MAX + 1);
    }
}
