//! Who changed what, and who may do what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawForm, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use dashboards::{
    AuditPage, AuditRow, AuditVerdict, Pager, Permission, PermissionReach, PermissionRow,
    PermissionsPage, urls,
};
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;
use store::records::{AuditEntry, AuditFilter, Page, Role};
use url::form_urlencoded;

use super::forms::{Saved, saved_at};
use super::users::role_out;
use super::{html, shell};
use crate::app::ApiState;
use crate::auth::{Principal, required_roles};
use crate::instant;
use crate::policy::{Action, Reach, confirmation, reach, service_reach};
use crate::problem::ApiError;
use crate::v1::operations::{export, routes_of, scope_of, token_names};
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
    let tokens = token_names(&state, &found).await?;
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
        rows: found.into_iter().map(|entry| row(entry, &tokens)).collect(),
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

fn row(entry: AuditEntry, tokens: &BTreeMap<String, String>) -> AuditRow {
    let name = named(&entry);
    let token = entry.token.map(|id| tokens.get(&id).cloned().unwrap_or_default());
    AuditRow {
        sequence: entry.sequence,
        at: entry.at,
        name,
        changes: changes(entry.before.as_ref(), entry.after.as_ref()),
        actor: entry.actor,
        address: entry.address.unwrap_or_default(),
        token,
        action: entry.action,
        object: entry.object,
    }
}

/// What the object is called by its newest or else its earlier form.
fn named(entry: &AuditEntry) -> Option<String> {
    let forms = [entry.after.as_ref(), entry.before.as_ref()];
    let mut texts = forms.into_iter().flatten().flat_map(|form| {
        ["name", "email", "component", "target"].into_iter().filter_map(|name| form[name].as_str())
    });
    // Where the id is the name, once is enough.
    let name = texts.find(|text| !text.is_empty() && !entry.object.ends_with(text))?;
    Some(shown(Some(&Value::from(name))))
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
    Lenient(query): Lenient<Saved>,
) -> Result<Response, ApiError> {
    let mut shell = shell::full(&state, &principal, &headers, &uri).await?;
    urls::PERMISSIONS.clone_into(&mut shell.here);
    let required = required_roles(&state).await.map_err(ApiError::records)?;
    let row = |action: Action| PermissionRow {
        permission: permission(action),
        reach: Role::ALL.into_iter().map(|role| reach_out(reach(role, action))).collect(),
        service: Role::ALL.into_iter().map(|role| reach_out(service_reach(role, action))).collect(),
        confirmation: confirmation(action, true).as_str(),
        scopes: action.read_scope().into_iter().chain(scope_of(action)).collect(),
        routes: routes_of(&entries, action),
    };
    html(&PermissionsPage {
        shell,
        rows: Action::ALL.into_iter().map(row).collect(),
        second_factor: required.into_iter().map(role_out).collect(),
        is_saved: query.saved.is_some(),
    })
}

/// `POST /permissions/second-factor`.
pub(crate) async fn save_rule(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    RawForm(sent): RawForm,
) -> Result<Response, ApiError> {
    let roles: BTreeSet<Role> = form_urlencoded::parse(&sent)
        .filter(|(name, _)| name == "role")
        .map(|(_, role)| role.parse())
        .collect::<Result<_, _>>()
        .map_err(ApiError::of_records)?;
    let factors = state.records().factors();
    let changed = factors.require_of(&principal.actor(&state), &roles).await;
    changed.map_err(ApiError::of_records)?;
    Ok(saved_at(urls::PERMISSIONS))
}

fn reach_out(reach: Reach) -> PermissionReach {
    match reach {
        Reach::Nothing => PermissionReach::Nothing,
        Reach::Own => PermissionReach::Own,
        Reach::Everything => PermissionReach::Everything,
    }
}

pub(super) fn permission(action: Action) -> Permission {
    match action {
        Action::ReadServices => Permission::ReadServices,
        Action::ExplainServices => Permission::ExplainServices,
        Action::EditServices => Permission::EditServices,
        Action::ReadCustomers => Permission::ReadCustomers,
        Action::EditCustomers => Permission::EditCustomers,
        Action::ReadUsers => Permission::ReadUsers,
        Action::EditUsers => Permission::EditUsers,
        Action::UserFactors => Permission::UserFactors,
        Action::PlanWork => Permission::PlanWork,
        Action::ReadComponents => Permission::ReadComponents,
        Action::ReadPipeline => Permission::ReadPipeline,
        Action::EditPipeline => Permission::EditPipeline,
        Action::EditSources => Permission::EditSources,
        Action::ReadAudit => Permission::ReadAudit,
        Action::ReadPermissions => Permission::ReadPermissions,
        Action::ServiceTokens => Permission::ServiceTokens,
        Action::ReadMails => Permission::ReadMails,
        Action::SendMails => Permission::SendMails,
        Action::ReadAttempts => Permission::ReadAttempts,
        Action::Secrets => Permission::Secrets,
        Action::EditSecurity => Permission::EditSecurity,
        Action::Profile => Permission::Profile,
        Action::Factors => Permission::Factors,
        Action::Tokens => Permission::Tokens,
        Action::Session => Permission::Session,
        Action::Confirm => Permission::Confirm,
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
