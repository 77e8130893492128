//! One page of the table of services, with the last thirty days of each.

use correlate::availability::{Buckets, Decimals};
use correlate::model::{ComponentId, ServiceId, ServiceState};
use dashboards::{DayCell, Pager, ServiceFilter, ServiceRow, ServiceSort, ServiceTable, TableHome};
use serde::Deserialize;
use store::Scope;
use store::series::{CurrentPage, CurrentService, Order, Page};

use super::names::Names;
use crate::app::ApiState;
use crate::days::{self, Day};
use crate::problem::ApiError;
use crate::uptime;
use crate::v1::operations::current_page;

/// Services on one page of a table.
const PER_PAGE: u64 = 25;

/// The query of a page with a table. What makes no sense counts as not given:
/// an old link should still show something.
#[derive(Deserialize, Default)]
pub(crate) struct TableQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    cause: String,
    #[serde(default)]
    sort: String,
    #[serde(default)]
    page: String,
}

/// The table that a query asks for, and the counts over all services.
pub(super) async fn table(
    state: &ApiState,
    scope: &Scope,
    home: TableHome,
    query: TableQuery,
) -> Result<(ServiceTable, dashboards::StateCounts), ApiError> {
    let cause = (!query.cause.is_empty()).then(|| ComponentId::from(query.cause.as_str()));
    // What a component is called is no secret to whoever may see everything;
    // others learn it from the services that it is to blame for.
    let named = cause.as_ref().filter(|_| scope.is_everything());
    let names = Names::of(state, scope, named).await?;
    let mut filter = ServiceFilter {
        query: query.q.trim().to_owned(),
        state: query.state.parse().ok(),
        cause: cause.as_ref().map(|id| names.cause(id)),
        sort: ServiceSort::from_param(&query.sort),
    };
    let page = query.page.parse::<u64>().unwrap_or(1).max(1);
    let mut pager = Pager { page, per_page: PER_PAGE, total: 0 };
    let mut found = find(state, scope, &filter, cause.as_ref(), pager).await?;
    pager.total = found.matched;
    if pager.page > pager.pages() {
        pager.page = pager.pages();
        found = find(state, scope, &filter, cause.as_ref(), pager).await?;
    }
    let is_narrowed = cause.is_some() || !filter.query.is_empty();
    let counts = if is_narrowed { all_counts(state, scope).await? } else { found.counts };
    if let Some(id) = cause.filter(|_| !scope.is_everything() && !found.rows.is_empty()) {
        filter.cause = Some(Names::of(state, scope, [&id]).await?.cause(&id));
    }
    let rows = rows(state, scope, found.rows).await?;
    Ok((ServiceTable { home, filter, rows, pager }, state_counts(counts)))
}

async fn find(
    state: &ApiState,
    scope: &Scope,
    filter: &ServiceFilter,
    cause: Option<&ComponentId>,
    pager: Pager,
) -> Result<CurrentPage, ApiError> {
    let order = match filter.sort {
        ServiceSort::State => Order::Severity,
        ServiceSort::Name => Order::Name,
        ServiceSort::Customer => Order::Customer,
    };
    let asked = store::series::ServiceFilter {
        states: filter.state.map_or_else(|| ServiceState::ALL.to_vec(), |state| vec![state]),
        text: (!filter.query.is_empty()).then(|| filter.query.clone()),
        cause: cause.cloned(),
        ..store::series::ServiceFilter::default()
    };
    let offset = (pager.page - 1).saturating_mul(PER_PAGE);
    let page = Page { offset, limit: PER_PAGE as usize };
    current_page(state, scope, &asked, order, page).await
}

async fn all_counts(
    state: &ApiState,
    scope: &Scope,
) -> Result<store::series::StateCounts, ApiError> {
    let all = store::series::ServiceFilter::default();
    let none = Page { offset: 0, limit: 1 };
    Ok(current_page(state, scope, &all, Order::Id, none).await?.counts)
}

/// The series' counts as the pages' counts: what does not exist is not counted.
pub(super) fn state_counts(counts: store::series::StateCounts) -> dashboards::StateCounts {
    dashboards::StateCounts {
        up: counts.up,
        degraded: counts.degraded,
        down: counts.down,
        maintenance: counts.maintenance,
        unknown: counts.unknown,
    }
}

async fn rows(
    state: &ApiState,
    scope: &Scope,
    found: Vec<CurrentService>,
) -> Result<Vec<ServiceRow>, ApiError> {
    let now = state.now();
    let days = days::last_days(&state.config().time_zone, now, uptime::MONTH);
    let periods: Vec<_> = days.iter().map(|day| day.period).collect();
    let ids: Vec<ServiceId> = found.iter().map(|row| row.service.id.clone()).collect();
    let series = state.series().within(scope);
    let sums = series.availability(&ids, &periods, now).await.map_err(ApiError::series)?;
    let rows = found.into_iter().zip(sums).filter_map(|(row, sums)| {
        let buckets: Vec<Buckets> = sums.periods.iter().map(uptime::buckets).collect();
        let last = |count: u16| {
            let from = buckets.len().saturating_sub(usize::from(count));
            let sum = buckets[from..].iter().fold(Buckets::default(), |sum, day| sum + *day);
            uptime::availability(&sum, Decimals::TWO)
        };
        Some(ServiceRow {
            id: row.service.id.to_string(),
            name: row.service.name,
            customer: row.service.customer,
            state: row.state?,
            since: row.since?,
            uptime_today: last(uptime::TODAY),
            uptime_7d: last(uptime::WEEK),
            uptime_30d: last(uptime::MONTH),
            days: cells(&days, &buckets),
        })
    });
    Ok(rows.collect())
}

/// The days with what each was like.
pub(super) fn cells(days: &[Day], buckets: &[Buckets]) -> Vec<DayCell> {
    let cell = |(day, buckets): (&Day, &Buckets)| DayCell {
        date: day.date,
        worst: uptime::worst(buckets),
        uptime_percent: uptime::availability(buckets, Decimals::TWO),
        down_ms: i64::try_from(buckets.down_ms).unwrap_or(i64::MAX),
    };
    days.iter().zip(buckets).map(cell).collect()
}
