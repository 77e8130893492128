//! Service checks, BGP sessions and pollers.

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::super::faults::Shown;
use super::super::{Simulator, answers};
use super::{Params, no_route, ok_object};
use crate::simulator::json::{Json, Row};
use crate::simulator::world::DeviceIndex;

fn checks(
    simulator: &Simulator,
    shown: Shown,
    params: &Params,
    only: Option<DeviceIndex>,
) -> Response {
    let (mut rows, per_host) = {
        let state = simulator.stale_state();
        (state.nms.check_rows(only), state.nms.release().has_strings_only())
    };
    for (filter, column) in [("state", "service_status"), ("type", "service_type")] {
        if let Some(wanted) = params.get(filter) {
            rows.retain(|row| text(row, column).as_deref() == Some(wanted));
        }
    }
    shown.cut(&mut rows);
    // One inner list with every row; before 2018 one per host.
    let lists: Vec<Json> = match per_host {
        true => rows.into_iter().map(|row| Json::List(vec![Json::Object(row)])).collect(),
        false => vec![Json::List(rows.into_iter().map(Json::Object).collect())],
    };
    let mut body = vec![("status", Json::from("ok"))];
    let count = answers::count(lists.len());
    body.push(("services", Json::List(lists)));
    body.extend(count);
    ok_object(body)
}

fn text(row: &Row, name: &str) -> Option<String> {
    row.iter().find(|(column, _)| *column == name).and_then(|(_, value)| value.text())
}

pub(super) async fn services(
    State(simulator): State<Simulator>,
    Extension(shown): Extension<Shown>,
    Query(params): Query<Params>,
) -> Response {
    checks(&simulator, shown, &params, None)
}

pub(super) async fn services_of_device(
    State(simulator): State<Simulator>,
    Extension(shown): Extension<Shown>,
    Path(name): Path<String>,
    Query(params): Query<Params>,
) -> Response {
    let Some(device) = simulator.stale_state().nms.find(&name) else {
        let message = "No valid hostname or device id provided";
        return answers::refusal(StatusCode::INTERNAL_SERVER_ERROR, message);
    };
    checks(&simulator, shown, &params, Some(device).filter(|_| !shown.drops_filters))
}

/// An unknown `hostname` drops the filter: every session is shown.
pub(super) async fn sessions(
    State(simulator): State<Simulator>,
    Extension(shown): Extension<Shown>,
    Query(params): Query<Params>,
) -> Response {
    let mut rows = {
        let state = simulator.stale_state();
        let device = params.get("hostname").and_then(|name| state.nms.find(name));
        state.nms.peer_rows(device.filter(|_| !shown.drops_filters))
    };
    if let Some(wanted) = params.get("bgp_state") {
        rows.retain(|row| text(row, "bgpPeerState").as_deref() == Some(wanted));
    }
    shown.cut(&mut rows);
    let count = answers::count(rows.len());
    answers::list("bgp_sessions", rows, count)
}

pub(super) async fn pollers(State(simulator): State<Simulator>) -> Response {
    let rows = {
        let state = simulator.stale_state();
        state.nms.release().has_poller_calls().then(|| state.nms.poller_rows())
    };
    match rows {
        Some(rows) => answers::list("pollers", rows, Row::new()),
        None => no_route().await,
    }
}

pub(super) async fn poller_log(
    State(simulator): State<Simulator>,
    Query(params): Query<Params>,
) -> Response {
    let unpolled = params.get("unpolled").is_some_and(|text| text != "0");
    let rows = {
        let state = simulator.stale_state();
        state.nms.release().has_poller_calls().then(|| state.nms.poller_log_rows(unpolled))
    };
    let Some(rows) = rows else { return no_route().await };
    let count = answers::count(rows.len());
    answers::list("log", rows, count)
}
