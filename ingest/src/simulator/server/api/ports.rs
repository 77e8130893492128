//! Ports, with the columns that the reader asks for.

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::super::faults::Shown;
use super::super::{Simulator, answers};
use super::{Params, places};
use crate::simulator::json::Row;
use crate::simulator::nms::{Nms, PORT_COLUMNS, SEARCH_COLUMNS};
use crate::simulator::world::PortIndex;

/// Columns that a client can name, by the names that the row carries.
type Columns = Vec<&'static str>;

/// The columns of `columns=`, or an answer that says which are bad.
fn columns(params: &Params, default: &[&'static str]) -> Result<Columns, Box<Response>> {
    let Some(asked) = params.get("columns") else { return Ok(default.to_vec()) };
    let (mut known, mut unknown, mut spaced) = (Vec::new(), Vec::new(), false);
    for name in asked.split(',') {
        // A blank passes LibreNMS's validation and then breaks its SQL.
        spaced |= name != name.trim();
        match column(name.trim()) {
            Some(name) => known.push(name),
            None => unknown.push(name.trim()),
        }
    }
    if !unknown.is_empty() {
        let message = format!("Invalid columns: {}", unknown.join(","));
        return Err(Box::new(answers::refusal(StatusCode::BAD_REQUEST, message)));
    }
    if spaced {
        return Err(Box::new(answers::json(
            StatusCode::INTERNAL_SERVER_ERROR,
            &crate::simulator::json::Json::Object(vec![("message", "Server Error".into())]),
        )));
    }
    Ok(known)
}

fn column(name: &str) -> Option<&'static str> {
    PORT_COLUMNS.into_iter().chain(["poll_period"]).find(|known| *known == name)
}

fn row(nms: &Nms, port: PortIndex, columns: &[&'static str]) -> Row {
    columns.iter().filter_map(|column| Some((*column, nms.port_cell(port, column)?))).collect()
}

pub(super) async fn all(
    State(simulator): State<Simulator>,
    Extension(shown): Extension<Shown>,
    Query(params): Query<Params>,
) -> Response {
    let columns = match columns(&params, &["port_id", "ifName"]) {
        Ok(columns) => columns,
        Err(refusal) => return *refusal,
    };
    let mut found = places(simulator.shared.world.ports().len());
    let release = {
        let state = simulator.stale_state();
        found.retain(|&place| state.nms.has_port(PortIndex(place)));
        state.nms.release()
    };
    shown.cut(&mut found);
    let more = if release.counts_ports() { answers::count(found.len()) } else { Row::new() };
    answers::stream(&simulator, "ports", found, more, move |nms, place| {
        row(nms, PortIndex(place), &columns)
    })
}

pub(super) async fn of_device(
    State(simulator): State<Simulator>,
    Extension(shown): Extension<Shown>,
    Path(name): Path<String>,
    Query(params): Query<Params>,
) -> Response {
    let columns = match columns(&params, &["ifName"]) {
        Ok(columns) => columns,
        Err(refusal) => return *refusal,
    };
    let mut found = Vec::new();
    let is_404 = {
        let state = simulator.stale_state();
        let has = |port: &PortIndex| state.nms.has_port(*port);
        let world = &simulator.shared.world;
        match state.nms.find(&name) {
            _ if shown.drops_filters => {
                found.extend(places(world.ports().len()).into_iter().map(PortIndex).filter(has));
            }
            Some(device) => found.extend(world.device(device).ports().filter(has)),
            None => {}
        }
        state.nms.release().has_no_ports_404()
    };
    let mut found: Vec<u32> = found.into_iter().map(|port| port.0).collect();
    shown.cut(&mut found);
    match is_404 {
        true => listed(&simulator, found, columns),
        false => all_of(&simulator, found, columns),
    }
}

pub(super) async fn search(
    State(simulator): State<Simulator>,
    Extension(shown): Extension<Shown>,
    Path((fields, text)): Path<(String, String)>,
    Query(params): Query<Params>,
) -> Response {
    let columns = match columns(&params, &SEARCH_COLUMNS) {
        Ok(columns) => columns,
        Err(refusal) => return *refusal,
    };
    let fields: Option<Columns> = fields.split(',').map(column).collect();
    let Some(fields) = fields else {
        let message = "Invalid search fields";
        return answers::refusal(StatusCode::BAD_REQUEST, message);
    };
    let text = text.to_lowercase();
    let mut found = places(simulator.shared.world.ports().len());
    {
        let state = simulator.stale_state();
        found.retain(|&place| matches(&state.nms, PortIndex(place), &fields, &text));
    }
    shown.cut(&mut found);
    listed(&simulator, found, columns)
}

fn matches(nms: &Nms, port: PortIndex, fields: &[&'static str], text: &str) -> bool {
    // The search that clients make all the time; it passes every port.
    if fields == ["ifOperStatus"] {
        let status = nms.oper_status(port).word().unwrap_or_default();
        return status.to_ascii_lowercase().contains(text) && nms.has_port(port);
    }
    nms.has_port(port)
        && fields.iter().any(|field| {
            let value = nms.port_cell(port, field).and_then(|value| value.text());
            value.is_some_and(|value| value.to_lowercase().contains(text))
        })
}

/// Rows, or the 404 that these calls give for none.
fn listed(simulator: &Simulator, found: Vec<u32>, columns: Columns) -> Response {
    if found.is_empty() {
        return answers::none_found("No ports found");
    }
    all_of(simulator, found, columns)
}

fn all_of(simulator: &Simulator, found: Vec<u32>, columns: Columns) -> Response {
    answers::stream(simulator, "ports", found, Row::new(), move |nms, place| {
        row(nms, PortIndex(place), &columns)
    })
}

pub(super) async fn one(State(simulator): State<Simulator>, Path(id): Path<String>) -> Response {
    let state = simulator.stale_state();
    let port = id.parse().ok().and_then(|id| state.nms.find_port(id));
    let known = port.filter(|port| state.nms.has_port(*port));
    let rows = known.map(|port| row(&state.nms, port, &PORT_COLUMNS));
    answers::list("port", rows.into_iter().collect(), Row::new())
}
