//! Ports, with the columns that the reader asks for.

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::super::faults::Keep;
use super::super::{Simulator, answers};
use super::{Params, find, places};
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
    Extension(keep): Extension<Keep>,
    Query(params): Query<Params>,
) -> Response {
    let columns = match columns(&params, &["port_id", "ifName"]) {
        Ok(columns) => columns,
        Err(refusal) => return *refusal,
    };
    let mut found = places(simulator.shared.world.ports().len());
    {
        let state = simulator.stale_state();
        found.retain(|&place| state.nms.has_port(PortIndex(place)));
    }
    keep.cut(&mut found);
    answers::stream(&simulator, "ports", found, Row::new(), move |nms, place| {
        row(nms, PortIndex(place), &columns)
    })
}

pub(super) async fn of_device(
    State(simulator): State<Simulator>,
    Extension(keep): Extension<Keep>,
    Path(name): Path<String>,
    Query(params): Query<Params>,
) -> Response {
    let columns = match columns(&params, &["ifName"]) {
        Ok(columns) => columns,
        Err(refusal) => return *refusal,
    };
    let mut found = Vec::new();
    if let Some(device) = find(&simulator.shared.world, &name) {
        let state = simulator.stale_state();
        let ports = simulator.shared.world.device(device).ports();
        found.extend(ports.filter(|port| state.nms.has_port(*port)).map(|port| port.0));
    }
    keep.cut(&mut found);
    listed(&simulator, found, columns)
}

pub(super) async fn search(
    State(simulator): State<Simulator>,
    Extension(keep): Extension<Keep>,
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
    keep.cut(&mut found);
    listed(&simulator, found, columns)
}

fn matches(nms: &Nms, port: PortIndex, fields: &[&'static str], text: &str) -> bool {
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
    answers::stream(simulator, "ports", found, Row::new(), move |nms, place| {
        row(nms, PortIndex(place), &columns)
    })
}

pub(super) async fn one(State(simulator): State<Simulator>, Path(id): Path<String>) -> Response {
    let state = simulator.stale_state();
    let port = id.parse().ok().and_then(|id| simulator.shared.world.port_with_id(id));
    let known = port.filter(|port| state.nms.has_port(*port));
    let rows = known.map(|port| row(&state.nms, port, &PORT_COLUMNS));
    answers::list("port", rows.into_iter().collect(), Row::new())
}
