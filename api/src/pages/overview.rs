//! The overview, and its part that follows the network.

use std::cmp::Reverse;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use correlate::model::ServiceState;
use dashboards::{CauseImpact, Live, OverviewLivePartial, OverviewPage, TableHome, Trouble};
use store::Scope;
use store::series::{CauseNow, CurrentService, Order, Page, ServiceFilter};

use super::names::Names;
use super::table::{TableQuery, state_counts, table};
use super::{html, shell};
use crate::app::ApiState;
use crate::auth::Principal;
use crate::own;
use crate::problem::ApiError;
use crate::v1::operations::current_page;
use crate::web::Lenient;

/// Services in trouble that are looked at to find the newest of the worst. In
/// a larger disaster the list starts with those that are down for longest.
const TROUBLES_READ: usize = 500;

/// `GET /`.
pub(crate) async fn overview(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    Lenient(query): Lenient<TableQuery>,
) -> Result<Response, ApiError> {
    let (shell, live, table) = tokio::try_join!(
        shell::full(&state, &principal, &headers, &uri),
        live(&state, principal.scope()),
        table(&state, principal.scope(), TableHome::Overview, query),
    )?;
    html(&OverviewPage { shell, live, table: table.0 })
}

/// `GET /live`.
pub(crate) async fn overview_live(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let live = live(&state, principal.scope()).await?;
    let locale = shell::locale(&state, &principal, &headers);
    html(&OverviewLivePartial { locale, now: state.now(), live })
}

async fn live(state: &ApiState, scope: &Scope) -> Result<Live, ApiError> {
    let filter = ServiceFilter {
        states: vec![ServiceState::Down, ServiceState::Degraded],
        ..ServiceFilter::default()
    };
    let page = Page { offset: 0, limit: TROUBLES_READ };
    let exact = own::exact(state, scope).await?;
    let series = state.series().within(&exact);
    let causes = async { series.causes_now(Live::IMPACTS_MAX).await.map_err(ApiError::series) };
    let found = current_page(state, scope, &filter, Order::Severity, page);
    let (found, causes) = tokio::try_join!(found, causes)?;
    let mut troubles = found.rows;
    troubles.sort_by_key(|row| (row.state != Some(ServiceState::Down), Reverse(row.since)));
    troubles.truncate(Live::TROUBLES_MAX);
    let blamed = troubles.iter().flat_map(|row| &row.cause);
    let names =
        Names::of(state, scope, blamed.chain(causes.rows.iter().map(|one| &one.component))).await?;
    Ok(Live {
        counts: state_counts(found.counts),
        troubles: troubles.iter().filter_map(|row| trouble(row, &names)).collect(),
        impacts: causes.rows.iter().map(|one| impact(one, &names)).collect(),
    })
}

fn trouble(row: &CurrentService, names: &Names) -> Option<Trouble> {
    Some(Trouble {
        service: row.service.id.to_string(),
        name: row.service.name.clone(),
        customer: row.service.customer.clone(),
        state: row.state?,
        since: row.since?,
        causes: names.causes(&row.cause),
    })
}

fn impact(one: &CauseNow, names: &Names) -> CauseImpact {
    CauseImpact {
        cause: names.cause(&one.component),
        down: one.services_down,
        degraded: one.services_degraded,
        maintenance: one.services_maintenance,
        unknown: one.services_unknown,
    }
}
