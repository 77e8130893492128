//! The event log: the only feed that can be read by cursor.

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::response::Response;

use super::super::faults::Shown;
use super::super::{Simulator, answers};
use super::Params;
use crate::simulator::json::Json;
use crate::simulator::nms::{Event, Nms};
use crate::simulator::world::DeviceIndex;

const DEFAULT_LIMIT: usize = 50;

pub(super) async fn events(
    State(simulator): State<Simulator>,
    Extension(shown): Extension<Shown>,
    Query(params): Query<Params>,
) -> Response {
    page(&simulator, shown, &params, None)
}

/// An unknown name drops the filter: the whole log is shown.
pub(super) async fn events_of_device(
    State(simulator): State<Simulator>,
    Extension(shown): Extension<Shown>,
    Path(name): Path<String>,
    Query(params): Query<Params>,
) -> Response {
    let device = simulator.stale_state().nms.find(&name).filter(|_| !shown.drops_filters);
    page(&simulator, shown, &params, device)
}

/// One end of the range: numbers are ids (since 2021), other text is compared with the local
/// time.
enum Bound {
    Id(u64),
    Datetime(String),
}

fn bound(nms: &Nms, params: &Params, name: &str) -> Option<Bound> {
    let text = params.get(name).filter(|text| !text.is_empty())?;
    if !nms.release().has_event_cursor() {
        // MySQL makes no sensible time of a number, and then every line is later.
        return text.parse::<u64>().is_err().then(|| Bound::Datetime(text.clone()));
    }
    Some(text.parse().map_or_else(|_| Bound::Datetime(text.clone()), Bound::Id))
}

fn page(
    simulator: &Simulator,
    shown: Shown,
    params: &Params,
    device: Option<DeviceIndex>,
) -> Response {
    let number = |name: &str| params.get(name).and_then(|text| text.parse::<usize>().ok());
    let state = simulator.stale_state();
    let nms = &state.nms;
    let mut found = selected(nms, device, bound(nms, params, "from"), bound(nms, params, "to"));
    shown.cut(&mut found);
    let sorts = nms.release().has_event_cursor();
    if sorts && params.get("sortorder").map(String::as_str) == Some("DESC") {
        found.reverse();
    }
    let total = found.len();
    let start = number("start").unwrap_or(0);
    let limit = number("limit").unwrap_or(DEFAULT_LIMIT);
    let shown = found.into_iter().skip(start).take(limit);
    let rows: Vec<_> = shown.map(|event| nms.event_row(&event)).collect();
    let mut more = answers::count(rows.len());
    more.push(("total", Json::Int(i64::try_from(total).unwrap_or(i64::MAX))));
    answers::list("logs", rows, more)
}

/// The lines in the range in the order of their local time, so that the hour that comes
/// twice in autumn is mixed as on a real server.
fn selected(
    nms: &Nms,
    device: Option<DeviceIndex>,
    from: Option<Bound>,
    to: Option<Bound>,
) -> Vec<Event> {
    let first = if let Some(Bound::Id(id)) = from { id } else { 0 };
    let mut found: Vec<(String, Event)> = nms
        .events()
        .since(first)
        .filter(|event| device.is_none_or(|device| device == event.device))
        .filter(|event| nms.is_committed(event))
        .map(|event| (nms.event_datetime(event), *event))
        .filter(|(datetime, event)| match &to {
            Some(Bound::Id(id)) => event.id <= *id,
            Some(Bound::Datetime(last)) => datetime <= last,
            None => true,
        })
        .filter(|(datetime, _)| match &from {
            Some(Bound::Datetime(first)) => datetime >= first,
            _ => true,
        })
        .collect();
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found.into_iter().map(|(_, event)| event).collect()
}
