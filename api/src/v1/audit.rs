//! The audit trail: who changed what, and whether that is still what was recorded.

use std::collections::BTreeMap;
use std::io;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::records::{AuditEntry, AuditFilter, Page, UserId};
use utoipa::{IntoParams, ToSchema};

use super::csv;
use super::query::{instant, limit};
use crate::app::ApiState;
use crate::instant;
use crate::problem::{ApiError, Problem};

/// Entries in one answer unless asked otherwise.
const LIMIT_DEFAULT: u64 = 100;

/// Which entries.
#[derive(Deserialize, Default, Clone, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Only those on this object, such as `service/fibre-1`.
    object: Option<String>,
    /// Only those on objects of this sort: `service`, `window`, `user`,
    /// `customer`, `account`, `api-token`, `setting`, `audit`.
    kind: Option<String>,
    /// Only those of this actor: an address, or a part of the product.
    actor: Option<String>,
    /// Only those of this user (its id), whatever their address was.
    user: Option<String>,
    /// Only those of this action, such as `create`, `update` or `ban`.
    action: Option<String>,
    /// Only those whose object or actor holds this text, in any case.
    q: Option<String>,
    /// Only those from this instant on: RFC 3339 or milliseconds since 1970.
    from: Option<String>,
    /// Only those before this instant.
    to: Option<String>,
    /// Only those with a smaller number: `next` of the page before.
    below: Option<u64>,
    /// How many to give, 1 to 1000; 100 by default. An export gives
    /// all.
    limit: Option<u64>,
}

/// A page of the audit trail, the latest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditList {
    /// The entries.
    entries: Vec<AuditOut>,
    /// Send it as `below` for the next page; null when this is the last.
    next: Option<u64>,
}

/// A change as it was recorded.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditOut {
    /// Its number, from 1.
    sequence: u64,
    /// When.
    at: Option<String>,
    /// Who: an address, or a part of the product.
    actor: String,
    /// The id of the user, where it was one; null for what is older than that was recorded.
    user: Option<String>,
    /// The network address that the request came from.
    address: Option<String>,
    /// The id of the API token that the request carried.
    token_id: Option<String>,
    /// What that token is for, and how it begins.
    #[schema(example = "Grafana (pw_3f9a01…)")]
    token_name: Option<String>,
    /// What was done.
    #[schema(example = "update")]
    action: String,
    /// To what.
    #[schema(example = "service/fibre-1")]
    object: String,
    /// How the object was before; null when it was not there.
    #[schema(value_type = Option<Object>)]
    before: Option<Value>,
    /// How it is since; null when it is gone.
    #[schema(value_type = Option<Object>)]
    after: Option<Value>,
    /// Its hash, which covers that of the entry before it.
    hash: String,
}

/// Whether the trail is what was recorded.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditVerification {
    /// Whether every entry is what was recorded, and none is missing.
    intact: bool,
    /// The first entry that is kept; null where the chain breaks or is empty.
    first: Option<u64>,
    /// The last entry; likewise.
    last: Option<u64>,
    /// The hash of the last entry: keep it elsewhere, and `padwacht audit
    /// verify --anchor` proves later that the trail was not written anew.
    hash: Option<String>,
    /// Where it breaks (English).
    problem: Option<String>,
}

impl AuditQuery {
    pub(crate) fn filter(&self) -> Result<AuditFilter, ApiError> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let at = |name: &str, text: &Option<String>| {
            given(text).map(|text| instant(name, &text)).transpose()
        };
        Ok(AuditFilter {
            object: given(&self.object),
            kind: given(&self.kind),
            actor: given(&self.actor),
            user: given(&self.user).map(|id| user(&id)).transpose()?,
            action: given(&self.action),
            text: given(&self.q),
            from: at("from", &self.from)?,
            until: at("to", &self.to)?,
            below: self.below,
        })
    }
}

/// The id of a user to look for.
fn user(text: &str) -> Result<UserId, ApiError> {
    text.parse().map_err(|_| ApiError::refused("user", "must be the id of a user"))
}

/// The audit trail, the latest first.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "audit", params(AuditQuery),
    responses(
        (status = 200, description = "A page of entries", body = AuditList),
        (status = 422, description = "A parameter is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_audit(
    State(state): State<ApiState>,
    query: Result<Query<AuditQuery>, QueryRejection>,
) -> Result<Json<AuditList>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::refused("query", error.body_text()))?;
    let limit = limit(query.limit, LIMIT_DEFAULT, Page::MAX_LIMIT)?;
    let found = state.records().audit().list(&query.filter()?, Page::first(limit)).await;
    let found = found.map_err(ApiError::records)?;
    let is_full = found.len() as u64 == limit;
    let next = found.last().filter(|_| is_full).map(|entry| entry.sequence);
    let tokens = token_names(&state, &found).await?;
    let entries = found.into_iter().map(|entry| out(entry, &tokens)).collect();
    Ok(Json(AuditList { entries, next }))
}

/// The audit trail as CSV, the latest first, all of it.
#[utoipa::path(
    get, path = "/api/v1/audit.csv", tag = "audit", params(AuditQuery),
    responses(
        (status = 200, description = "sequence,at,actor,address,token,action,object,before,after,hash,user",
            body = String, content_type = "text/csv"),
        (status = 422, description = "A parameter is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn audit_csv(
    State(state): State<ApiState>,
    query: Result<Query<AuditQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::refused("query", error.body_text()))?;
    Ok(export(state, query.filter()?))
}

/// Checks the hash of every entry.
#[utoipa::path(
    get, path = "/api/v1/audit/verification", tag = "audit",
    responses((status = 200, description = "What was found", body = AuditVerification))
)]
pub(crate) async fn verify_audit(
    State(state): State<ApiState>,
) -> Result<Json<AuditVerification>, ApiError> {
    let found = state.records().audit().verify(None).await.map_err(ApiError::records)?;
    Ok(Json(match found {
        Ok(whole) => AuditVerification {
            intact: true,
            first: Some(whole.first),
            last: Some(whole.last),
            hash: Some(whole.hash),
            problem: None,
        },
        Err(broken) => AuditVerification {
            intact: false,
            first: None,
            last: None,
            hash: None,
            problem: Some(broken.to_string()),
        },
    }))
}

/// Entries as CSV, page by page, so that an export of any size takes little memory.
pub(crate) fn export(state: ApiState, filter: AuditFilter) -> Response {
    let head = [
        "sequence", "at", "actor", "address", "token", "action", "object", "before", "after",
        "hash", "user",
    ];
    let head = csv::line(head);
    let pages = stream::try_unfold((state, filter), |(state, mut filter)| async move {
        let page = Page::first(Page::MAX_LIMIT);
        let found = state.records().audit().list(&filter, page).await;
        let found = found.map_err(|error| {
            tracing::error!(%error, "an export of the audit trail broke off");
            io::Error::other("the export broke off")
        })?;
        let Some(last) = found.last() else { return Ok(None) };
        filter.below = Some(last.sequence);
        let text: String = found.iter().map(line).collect();
        Ok(Some((text, (state, filter))))
    });
    let body = stream::once(async { Ok::<_, io::Error>(head) }).chain(pages.into_stream());
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"audit.csv\""),
        ),
    ];
    (headers, Body::from_stream(body)).into_response()
}

fn line(entry: &AuditEntry) -> String {
    let sequence = entry.sequence.to_string();
    let at = instant::rfc3339(entry.at).unwrap_or_default();
    let json = |value: &Option<Value>| value.as_ref().map(Value::to_string).unwrap_or_default();
    let (before, after) = (json(&entry.before), json(&entry.after));
    csv::line([
        sequence.as_str(),
        &at,
        &entry.actor,
        entry.address.as_deref().unwrap_or_default(),
        entry.token.as_deref().unwrap_or_default(),
        &entry.action,
        &entry.object,
        &before,
        &after,
        &entry.hash,
        entry.user.as_deref().unwrap_or_default(),
    ])
}

/// What the tokens of `entries` are for and how they begin, by their id.
pub(crate) async fn token_names(
    state: &ApiState,
    entries: &[AuditEntry],
) -> Result<BTreeMap<String, String>, ApiError> {
    let ids = entries.iter().filter_map(|entry| entry.token.as_deref()?.parse().ok());
    let names = state.records().api_tokens().names(&ids.collect()).await;
    let shown = |(name, prefix)| format!("{name} ({prefix}…)");
    let names = names.map_err(ApiError::records)?;
    Ok(names.into_iter().map(|(id, name)| (id.to_string(), shown(name))).collect())
}

fn out(entry: AuditEntry, tokens: &BTreeMap<String, String>) -> AuditOut {
    AuditOut {
        token_name: entry.token.as_ref().and_then(|id| tokens.get(id).cloned()),
        sequence: entry.sequence,
        at: instant::rfc3339(entry.at),
        actor: entry.actor,
        user: entry.user,
        address: entry.address,
        token_id: entry.token,
        action: entry.action,
        object: entry.object,
        before: entry.before,
        after: entry.after,
        hash: entry.hash,
    }
}
