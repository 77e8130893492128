//! One service: how it is, how it was, and why.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use correlate::availability::{Buckets, Decimals};
use correlate::model::{Interval, Period, ServiceId, ServiceState, Timestamp};
use dashboards::{
    IntervalRow, IntervalTable, Kpis, Pager, PathView, Segment, ServiceHead, ServicePage, Timeline,
    UptimeFigure, UptimePeriod, Zoom,
};
use serde::Deserialize;
use store::Scope;
use store::records::Service;
use store::series::{CurrentService, ROWS_MAX};

use super::names::Names;
use super::{html, path, shell, table};
use crate::app::ApiState;
use crate::auth::Principal;
use crate::days::{self, Day};
use crate::instant;
use crate::problem::{ApiError, Thing};
use crate::uptime;
use crate::v1::operations::current;
use crate::web::Lenient;

/// Intervals on one page of their table.
const PER_PAGE: u64 = 25;
/// How far back the table of intervals goes; older ones are in the API.
const HISTORY_DAYS: u16 = 366;

/// The query of the page; what makes no sense counts as not given.
#[derive(Deserialize, Default)]
pub(crate) struct ServiceQuery {
    #[serde(default)]
    zoom: String,
    #[serde(default)]
    page: String,
    #[serde(default)]
    as_of: String,
}

/// `GET /services/{id}`.
pub(crate) async fn service(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
    Lenient(query): Lenient<ServiceQuery>,
) -> Result<Response, ApiError> {
    let id = ServiceId::from(id);
    let as_of = instant::parse_field(&query.as_of, &principal.zone(&state));
    // What is to come is not known yet either way.
    let as_of = as_of.filter(|as_of| *as_of < state.now());
    let now = as_of.unwrap_or(state.now());
    let scope = principal.scope();
    let records = state.records().services().within(scope);
    let record = async { records.get(&id).await.map_err(ApiError::records) };
    let (shell, record, latest, history) = tokio::try_join!(
        shell::full(&state, &principal, &headers, &uri),
        record,
        current(&state, scope, &id),
        history(&state, scope, &id, now, as_of),
    )?;
    let is_past = scope.is_everything() && (latest.is_some() || !history.is_empty());
    if record.is_none() && !is_past {
        return Err(ApiError::NotFound(Thing::Service));
    }
    let figures = match as_of {
        None => figures(&state, scope, &id, now).await?,
        Some(as_of) => figures_of(&state, &history, as_of),
    };
    let current = match as_of {
        None => latest,
        Some(as_of) => latest.map(|latest| believed(latest, &history, as_of)),
    };
    let cause = current.as_ref().map(|current| current.cause.clone()).unwrap_or_default();
    let blamed = history.iter().flat_map(|interval| &interval.cause).chain(&cause);
    let names = Names::of(&state, scope, blamed).await?;
    let path = match as_of {
        None => path::view(&state, (scope, &shell.locale), record.as_ref(), &cause, now).await?,
        Some(_) => PathView { root: None },
    };
    let page = ServicePage {
        shell,
        service: head(&id, record.as_ref(), current, &names),
        kpis: kpis(&figures, &history, month(&state, now)),
        timeline: timeline(Zoom::from_param(&query.zoom), &history, &names, now),
        days: figures.cells,
        path,
        intervals: interval_table(&query.page, &history, &names),
        as_of,
    };
    html(&page)
}

/// The state that a service was believed to have at `as_of`.
fn believed(latest: CurrentService, history: &[Interval], as_of: Timestamp) -> CurrentService {
    let holds = |interval: &&Interval| {
        interval.start <= as_of && interval.end.is_none_or(|end| as_of < end)
    };
    let interval = history.iter().find(holds);
    let cause = |interval: &Interval| {
        let moved = interval.cause_moves.iter().rev().find(|(moved, _)| *moved <= as_of);
        moved.map_or(&interval.cause, |(_, cause)| cause).clone()
    };
    CurrentService {
        state: interval.map(|interval| interval.state),
        since: interval.map(|interval| interval.start),
        cause: interval.map(cause).unwrap_or_default(),
        ..latest
    }
}

/// The intervals of the last year, oldest first.
async fn history(
    state: &ApiState,
    scope: &Scope,
    id: &ServiceId,
    now: Timestamp,
    as_of: Option<Timestamp>,
) -> Result<Vec<Interval>, ApiError> {
    let period = days::to_date(&state.config().time_zone, now, HISTORY_DAYS);
    let period = Period::new(period.from, now.plus_millis(1));
    let series = state.series().within(scope);
    let found = match as_of {
        None => series.intervals(id, period, ROWS_MAX).await,
        Some(as_of) => series.intervals_as_of(id, period, as_of, ROWS_MAX).await,
    };
    Ok(found.map_err(ApiError::series)?.rows)
}

struct Figures {
    uptime: Vec<UptimeFigure>,
    month: Buckets,
    cells: Vec<dashboards::DayCell>,
}

async fn figures(
    state: &ApiState,
    scope: &Scope,
    id: &ServiceId,
    now: Timestamp,
) -> Result<Figures, ApiError> {
    let (days, periods) = periods(state, now);
    let series = state.series().within(scope);
    let buckets = uptime::over(series, id, &periods, now).await.map_err(ApiError::series)?;
    if buckets.len() != periods.len() {
        return Err(ApiError::internal("the series gave figures for fewer periods than asked"));
    }
    Ok(from_buckets(&days, &buckets))
}

/// The figures as a report made at `as_of` would have given them.
fn figures_of(state: &ApiState, history: &[Interval], as_of: Timestamp) -> Figures {
    let (days, periods) = periods(state, as_of);
    let until_then = |period: &Period| Period::new(period.from, period.until.min(as_of));
    let buckets: Vec<Buckets> =
        periods.iter().map(|period| Buckets::of(history, until_then(period))).collect();
    from_buckets(&days, &buckets)
}

/// The last thirty days, and with them this month and this year.
fn periods(state: &ApiState, now: Timestamp) -> (Vec<Day>, Vec<Period>) {
    let zone = &state.config().time_zone;
    let days = days::last_days(zone, now, uptime::MONTH);
    let mut periods: Vec<Period> = days.iter().map(|day| day.period).collect();
    periods.push(Period::new(days::month_start(zone, now), now));
    periods.push(Period::new(days::year_start(zone, now), now));
    (days, periods)
}

/// The figures from the buckets of [`periods`], in that order.
fn from_buckets(days: &[Day], buckets: &[Buckets]) -> Figures {
    let (of_days, of_calendar) = buckets.split_at(days.len());
    let last = |count: u16| {
        let from = of_days.len().saturating_sub(usize::from(count));
        of_days[from..].iter().fold(Buckets::default(), |sum, day| sum + *day)
    };
    let recent = [
        (UptimePeriod::Today, last(uptime::TODAY)),
        (UptimePeriod::Days7, last(uptime::WEEK)),
        (UptimePeriod::Days30, last(uptime::MONTH)),
    ];
    let calendar = [UptimePeriod::ThisMonth, UptimePeriod::ThisYear];
    let calendar = calendar.into_iter().zip(of_calendar.iter().copied());
    let uptime = recent.into_iter().chain(calendar).map(|(period, buckets)| UptimeFigure {
        period,
        uptime_percent: uptime::availability(&buckets, Decimals::TWO),
        completeness_percent: uptime::completeness(&buckets, Decimals::TWO),
    });
    Figures {
        uptime: uptime.collect(),
        month: last(uptime::MONTH),
        cells: table::cells(days, of_days),
    }
}

fn month(state: &ApiState, now: Timestamp) -> Period {
    days::to_date(&state.config().time_zone, now, uptime::MONTH)
}

fn kpis(figures: &Figures, history: &[Interval], month: Period) -> Kpis {
    let outages_ms: Vec<i64> = history
        .iter()
        .filter(|interval| interval.state == ServiceState::Down)
        .map(|interval| clipped(interval, month).millis())
        .filter(|length_ms| *length_ms > 0)
        .collect();
    let millis = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
    Kpis {
        uptime: figures.uptime.clone(),
        outages_30d: outages_ms.len() as u64,
        down_30d_ms: millis(figures.month.down_ms),
        longest_outage_30d_ms: outages_ms.into_iter().max(),
        degraded_30d_ms: millis(figures.month.degraded_ms),
    }
}

fn clipped(interval: &Interval, period: Period) -> Period {
    Period::new(interval.start, interval.end.unwrap_or(Timestamp::MAX)).intersect(&period)
}

fn head(
    id: &ServiceId,
    record: Option<&Service>,
    current: Option<CurrentService>,
    names: &Names,
) -> ServiceHead {
    let (name, customer) = match (record, &current) {
        (Some(record), _) => (record.name.clone(), record.customer.clone().unwrap_or_default()),
        (None, Some(current)) => (current.service.name.clone(), current.service.customer.clone()),
        (None, None) => (id.to_string(), String::new()),
    };
    ServiceHead {
        id: id.to_string(),
        name,
        customer,
        state: current.as_ref().and_then(|current| current.state),
        since: current.as_ref().and_then(|current| current.since),
        causes: current.map(|current| names.causes(&current.cause)).unwrap_or_default(),
    }
}

fn timeline(zoom: Zoom, history: &[Interval], names: &Names, now: Timestamp) -> Timeline {
    let period = Period::new(now.plus_millis(-zoom.millis()), now);
    let segments = history.iter().filter_map(|interval| {
        let shown = clipped(interval, period);
        (!shown.is_empty()).then(|| Segment {
            state: interval.state,
            start: shown.from,
            end: shown.until,
            causes: names.causes(&interval.cause),
        })
    });
    Timeline { zoom, period, segments: segments.collect() }
}

fn interval_table(page: &str, history: &[Interval], names: &Names) -> IntervalTable {
    let mut pager = Pager { page: 1, per_page: PER_PAGE, total: history.len() as u64 };
    pager.page = page.parse::<u64>().unwrap_or(1).clamp(1, pager.pages());
    let skipped = usize::try_from((pager.page - 1) * PER_PAGE).unwrap_or(usize::MAX);
    let shown = history.iter().rev().skip(skipped).take(PER_PAGE as usize);
    let rows = shown.map(|interval| IntervalRow {
        state: interval.state,
        start: interval.start,
        end: interval.end,
        causes: names.causes(&interval.cause),
    });
    IntervalTable { rows: rows.collect(), pager }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(start: i64, end: Option<i64>, state: ServiceState) -> Interval {
        Interval {
            start: Timestamp(start),
            end: end.map(Timestamp),
            state,
            cause: Vec::new(),
            cause_moves: Vec::new(),
        }
    }

    #[test]
    fn the_strip_is_clipped_to_what_is_shown() {
        let now = Timestamp(10 * 86_400_000);
        let day_ago = now.0 - Zoom::Hours24.millis();
        let history = [
            interval(0, Some(day_ago), ServiceState::Up),
            interval(day_ago, Some(day_ago + 5), ServiceState::Down),
            interval(day_ago + 5, None, ServiceState::Up),
        ];
        let strip = timeline(Zoom::Hours24, &history, &Names::default(), now);
        let edges: Vec<_> = strip.segments.iter().map(|one| (one.start.0, one.end.0)).collect();
        assert_eq!(edges, [(day_ago, day_ago + 5), (day_ago + 5, now.0)]);
    }

    #[test]
    fn outages_count_within_the_month_only() {
        let figures = Figures { uptime: Vec::new(), month: Buckets::default(), cells: Vec::new() };
        let history = [
            interval(0, Some(10), ServiceState::Down),
            interval(10, Some(95), ServiceState::Up),
            interval(95, Some(110), ServiceState::Down),
            interval(110, Some(150), ServiceState::Degraded),
            interval(150, None, ServiceState::Down),
        ];
        let found = kpis(&figures, &history, Period::new(Timestamp(100), Timestamp(180)));
        assert_eq!((found.outages_30d, found.longest_outage_30d_ms), (2, Some(30)));
    }

    #[test]
    fn a_page_that_does_not_exist_becomes_the_last_one() {
        let history: Vec<_> =
            (0..30).map(|at| interval(at, Some(at + 1), ServiceState::Up)).collect();
        let shown = interval_table("99", &history, &Names::default());
        assert_eq!((shown.pager.page, shown.rows.len()), (2, 5));
        assert_eq!(shown.rows[0].start, Timestamp(4));
        assert_eq!(interval_table("x", &history, &Names::default()).pager.page, 1);
    }
}
