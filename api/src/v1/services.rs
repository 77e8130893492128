//! `/api/v1/services` and one of them: present state and recent uptime.

use std::collections::HashMap;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::{Extension, Json};
use correlate::availability::{Buckets, Decimals};
use correlate::model::{ServiceId, ServiceState, Timestamp};
use serde::{Deserialize, Serialize};
use store::Scope;
use store::series::{CurrentPage, CurrentService, Order, Page, ServiceFilter};
use utoipa::{IntoParams, ToSchema};

use super::query::limit;
use crate::app::ApiState;
use crate::auth::Principal;
use crate::instant;
use crate::own;
use crate::problem::{ApiError, Problem, Thing};
use crate::uptime::{self, Recent};

/// Services in one answer unless asked otherwise.
const LIMIT_DEFAULT: u64 = 100;
/// Services in one answer at most: each costs a figure over three periods.
const LIMIT_MAX: u64 = 1_000;

/// What to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only those in this state: `up`, `degraded`, `down`, `maintenance` or `unknown`.
    state: Option<String>,
    /// Only those of this customer (its name, exactly).
    customer: Option<String>,
    /// Only those whose id, name, customer or description holds this text, in any case.
    q: Option<String>,
    /// `severity` (worst first, the default), `name` or `id`.
    sort: Option<String>,
    /// How many to leave out.
    offset: Option<u64>,
    /// How many to give, 1 to 1000; 100 by default.
    limit: Option<u64>,
}

/// One page of services.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceList {
    /// The services of this page.
    services: Vec<ServiceOut>,
    /// How many match altogether.
    total: u64,
    /// How many were left out before this page.
    offset: u64,
    /// How many a page holds.
    limit: u64,
    /// How many match in each state, when `state` is not looked at.
    counts: CountsOut,
}

/// Services by present state.
#[derive(Serialize, ToSchema)]
pub(crate) struct CountsOut {
    up: u64,
    degraded: u64,
    down: u64,
    maintenance: u64,
    unknown: u64,
    /// Known, but not existing at present.
    not_existing: u64,
}

/// A service and how it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceOut {
    /// Its id.
    #[schema(example = "cust-42-fibre-1")]
    id: String,
    /// What people call it.
    name: String,
    /// Whose it is; empty when unknown.
    customer: String,
    /// Free text.
    description: String,
    /// `up`, `degraded`, `down`, `maintenance`, `unknown`, or null when it does not exist now.
    #[schema(example = "down")]
    state: Option<&'static str>,
    /// Since when it has that state (RFC 3339, UTC).
    since: Option<String>,
    /// The components to blame at present, sorted.
    cause: Vec<String>,
    /// Uptime over recent periods, each up to now.
    uptime: UptimeOut,
}

/// Uptime over recent periods; days are calendar days of the product's time zone.
#[derive(Serialize, ToSchema)]
pub(crate) struct UptimeOut {
    /// Since midnight.
    today: FigureOut,
    /// Today and the six days before.
    days_7: FigureOut,
    /// Today and the twenty-nine days before.
    days_30: FigureOut,
}

/// Uptime over one period. The buckets add up to the period.
#[derive(Serialize, ToSchema)]
pub(crate) struct FigureOut {
    /// 100 * (up + degraded) / (up + degraded + down), rounded toward worse at
    /// four decimals; null where the denominator is 0.
    #[schema(example = "99.9996")]
    availability_percent: Option<String>,
    /// 100 * (1 - unknown / (up + degraded + down + unknown)), likewise.
    #[schema(example = "100.0000")]
    completeness_percent: Option<String>,
    up_ms: u64,
    degraded_ms: u64,
    down_ms: u64,
    unknown_ms: u64,
    maintenance_ms: u64,
    not_existing_ms: u64,
}

impl From<&Buckets> for FigureOut {
    fn from(buckets: &Buckets) -> FigureOut {
        FigureOut {
            availability_percent: uptime::availability(buckets, Decimals::FOUR),
            completeness_percent: uptime::completeness(buckets, Decimals::FOUR),
            up_ms: buckets.up_ms,
            degraded_ms: buckets.degraded_ms,
            down_ms: buckets.down_ms,
            unknown_ms: buckets.unknown_ms,
            maintenance_ms: buckets.maintenance_ms,
            not_existing_ms: buckets.not_existing_ms,
        }
    }
}

/// The services with their present state and recent uptime.
#[utoipa::path(
    get, path = "/api/v1/services", tag = "services", params(ListQuery),
    responses(
        (status = 200, description = "One page of services", body = ServiceList),
        (status = 422, description = "A parameter is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_services(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<ServiceList>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::refused("query", error.body_text()))?;
    let limit = limit(query.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let offset = query.offset.unwrap_or(0);
    let page = Page { offset, limit: usize::try_from(limit).map_err(ApiError::internal)? };
    let filter = ServiceFilter {
        states: query.state.as_deref().map(parse_state).transpose()?.into_iter().collect(),
        customer: query.customer,
        text: query.q.filter(|text| !text.is_empty()),
        ..ServiceFilter::default()
    };
    let order = query.sort.as_deref().map_or(Ok(Order::Severity), parse_order)?;
    let now = state.now();
    let scope = principal.scope();
    let found = current_page(&state, scope, &filter, order, page).await?;
    let ids: Vec<ServiceId> = found.rows.iter().map(|row| row.service.id.clone()).collect();
    let recent = recent(&state, scope, &ids, now).await?;
    let counts = found.counts;
    Ok(Json(ServiceList {
        services: found.rows.into_iter().map(|row| service_out(row, &recent)).collect(),
        total: found.matched,
        offset,
        limit,
        counts: CountsOut {
            up: counts.up,
            degraded: counts.degraded,
            down: counts.down,
            maintenance: counts.maintenance,
            unknown: counts.unknown,
            not_existing: counts.not_existing,
        },
    }))
}

/// One service with its present state, recent uptime and definition.
#[utoipa::path(
    get, path = "/api/v1/services/{id}", tag = "services",
    params(("id" = String, Path, description = "The service's id, percent-encoded")),
    responses(
        (status = 200, description = "The service", body = ServiceDetail),
        (status = 404, description = "There is no such service", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn one_service(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<Json<ServiceDetail>, ApiError> {
    let id = ServiceId::from(id);
    let scope = principal.scope();
    let record = state.records().services().within(scope).get(&id).await;
    let record = record.map_err(ApiError::records)?;
    let current = current(&state, scope, &id).await?;
    if record.is_none() && (current.is_none() || !scope.is_everything()) {
        return Err(ApiError::NotFound(Thing::Service));
    }
    let recent = recent(&state, scope, std::slice::from_ref(&id), state.now()).await?;
    let service = match current {
        Some(current) => service_out(current, &recent),
        // Written a moment ago; the engine has not spoken of it yet.
        None => unheard_of(&id, &recent),
    };
    let service = match &record {
        Some(record) => ServiceOut {
            name: record.name.clone(),
            customer: record.customer.clone().unwrap_or_default(),
            description: record.description.clone(),
            ..service
        },
        None => service,
    };
    // It names services of others that this one refers to.
    let shown = record.as_ref().filter(|_| scope.is_everything());
    let definition = shown.map(super::definitions::definition_out);
    Ok(Json(ServiceDetail { service, definition }))
}

/// A service, how it is, and what it needs to work.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceDetail {
    #[serde(flatten)]
    service: ServiceOut,
    /// What it needs to work; null for a service that was deleted but whose
    /// history is kept, and for those who may not see every service.
    definition: Option<super::definitions::DefinitionOut>,
}

/// The present state of one service, if the series know it.
pub(crate) async fn current(
    state: &ApiState,
    scope: &Scope,
    id: &ServiceId,
) -> Result<Option<CurrentService>, ApiError> {
    let filter = ServiceFilter { ids: Some(vec![id.clone()]), ..ServiceFilter::default() };
    let page = Page { offset: 0, limit: 1 };
    let found = current_page(state, scope, &filter, Order::Id, page).await?;
    Ok(found.rows.into_iter().next())
}

/// A page of services in `scope`, whose counts too are of what belongs to it in
/// the records now.
pub(crate) async fn current_page(
    state: &ApiState,
    scope: &Scope,
    filter: &ServiceFilter,
    order: Order,
    page: Page,
) -> Result<CurrentPage, ApiError> {
    let scope = own::exact(state, scope).await?;
    let series = state.series().within(&scope);
    series.current_services(filter, order, page).await.map_err(ApiError::series)
}

async fn recent(
    state: &ApiState,
    scope: &Scope,
    ids: &[ServiceId],
    now: Timestamp,
) -> Result<HashMap<ServiceId, Recent>, ApiError> {
    uptime::recent(state.series().within(scope), &state.config().time_zone, ids, now)
        .await
        .map_err(ApiError::series)
}

fn service_out(row: CurrentService, recent: &HashMap<ServiceId, Recent>) -> ServiceOut {
    ServiceOut {
        uptime: uptime_out(recent.get(&row.service.id)),
        id: row.service.id.to_string(),
        name: row.service.name,
        customer: row.service.customer,
        description: row.service.description,
        state: row.state.map(ServiceState::as_str),
        since: row.since.and_then(instant::rfc3339),
        cause: row.cause.iter().map(ToString::to_string).collect(),
    }
}

fn unheard_of(id: &ServiceId, recent: &HashMap<ServiceId, Recent>) -> ServiceOut {
    ServiceOut {
        id: id.to_string(),
        name: id.to_string(),
        customer: String::new(),
        description: String::new(),
        state: None,
        since: None,
        cause: Vec::new(),
        uptime: uptime_out(recent.get(id)),
    }
}

fn uptime_out(recent: Option<&Recent>) -> UptimeOut {
    let recent = recent.copied().unwrap_or_default();
    UptimeOut {
        today: FigureOut::from(&recent.today),
        days_7: FigureOut::from(&recent.week),
        days_30: FigureOut::from(&recent.month),
    }
}

fn parse_state(text: &str) -> Result<ServiceState, ApiError> {
    text.parse().map_err(|error| ApiError::refused("state", error))
}

fn parse_order(text: &str) -> Result<Order, ApiError> {
    match text {
        "severity" => Ok(Order::Severity),
        "name" => Ok(Order::Name),
        "id" => Ok(Order::Id),
        _ => {
            Err(ApiError::refused("sort", format!("must be severity, name or id, found {text:?}")))
        }
    }
}
