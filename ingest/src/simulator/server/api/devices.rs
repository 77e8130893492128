//! `/devices` and what hangs on one device.

use std::cmp::Ordering;

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::response::Response;

use super::super::faults::Shown;
use super::super::{Simulator, answers};
use super::{Params, ok_object};
use crate::simulator::json::{Json, Row};
use crate::simulator::nms::{Nms, Shape};
use crate::simulator::world::{DeviceIndex, Standing};

pub(super) async fn list(
    State(simulator): State<Simulator>,
    Extension(shown): Extension<Shown>,
    Query(params): Query<Params>,
) -> Response {
    let mut places = {
        let state = simulator.stale_state();
        let order = params.get("order").map(String::as_str);
        let found = selected(&state.nms, &params);
        order.map_or(Some(found.clone()), |order| sorted(&state.nms, found, order))
    }
    // A bad column makes the query fail, which LibreNMS shows as no rows.
    .unwrap_or_default();
    shown.cut(&mut places);
    let count = answers::count(places.len());
    answers::stream(&simulator, "devices", places, count, |nms, place| {
        nms.device_row(DeviceIndex(place), Shape::Raw)
    })
}

/// The devices that `type` and `query` ask for, in the default order.
fn selected(nms: &Nms, params: &Params) -> Vec<u32> {
    let query = params.get("query").map_or("", String::as_str);
    let kind = params.get("type").map_or("all", String::as_str);
    let all = nms.world().hostname_order().iter().copied();
    all.filter(|&place| nms.has_device(DeviceIndex(place)))
        .filter(|&place| is_selected(nms, DeviceIndex(place), kind, query))
        .collect()
}

fn is_selected(nms: &Nms, device: DeviceIndex, kind: &str, query: &str) -> bool {
    let standing = nms.standing(device);
    let active = !matches!(standing, Standing::Ignored | Standing::Disabled);
    match kind {
        "active" => active,
        "up" => active && nms.is_up(device),
        "down" => active && !nms.is_up(device),
        "ignored" => standing == Standing::Ignored,
        "disabled" => standing == Standing::Disabled,
        "device_id" | "os" | "sysName" | "location_id" | "type" => {
            column(nms, device, kind).as_deref() == Some(query)
        }
        "hostname" | "location" | "display" | "serial" | "version" | "hardware" | "features" => {
            let text = column(nms, device, kind).unwrap_or_default();
            text.to_lowercase().contains(&query.to_lowercase())
        }
        _ => true,
    }
}

fn column(nms: &Nms, device: DeviceIndex, name: &str) -> Option<String> {
    let row = nms.device_row(device, Shape::Raw);
    row.into_iter().find(|(column, _)| *column == name).and_then(|(_, value)| value.text())
}

/// `order=col[ asc|desc]`; `None` for a column that does not exist.
fn sorted(nms: &Nms, places: Vec<u32>, order: &str) -> Option<Vec<u32>> {
    let (name, direction) = order.split_once(' ').unwrap_or((order, "asc"));
    let mut keyed = Vec::with_capacity(places.len());
    for place in places {
        let row = nms.device_row(DeviceIndex(place), Shape::Raw);
        let (_, value) = row.into_iter().find(|(column, _)| *column == name)?;
        keyed.push((value, place));
    }
    keyed.sort_by(|(a, _), (b, _)| compare(a, b));
    if direction.eq_ignore_ascii_case("desc") {
        keyed.reverse();
    }
    Some(keyed.into_iter().map(|(_, place)| place).collect())
}

fn compare(a: &Json, b: &Json) -> Ordering {
    match (a, b) {
        (Json::Int(a), Json::Int(b)) => a.cmp(b),
        (Json::Float(a), Json::Float(b)) => a.total_cmp(b),
        _ => a.text().cmp(&b.text()),
    }
}

pub(super) async fn one(State(simulator): State<Simulator>, Path(name): Path<String>) -> Response {
    let state = simulator.stale_state();
    match state.nms.find(&name) {
        Some(device) => {
            let row = state.nms.device_row(device, Shape::Model);
            answers::list("devices", vec![row], answers::count(1))
        }
        None => answers::none_found(&format!("Device {name} does not exist")),
    }
}

/// Rows of one device that are an empty list for an unknown one.
fn of_device(
    simulator: &Simulator,
    shown: Shown,
    name: &str,
    key: &'static str,
    rows: impl Fn(&Nms, DeviceIndex) -> Vec<Row>,
) -> Response {
    let state = simulator.stale_state();
    let device = state.nms.find(name);
    let mut rows = device.map_or_else(Vec::new, |device| rows(&state.nms, device));
    shown.cut(&mut rows);
    answers::list(key, rows, Row::new())
}

pub(super) async fn outages(
    State(simulator): State<Simulator>,
    Extension(shown): Extension<Shown>,
    Path(name): Path<String>,
) -> Response {
    of_device(&simulator, shown, &name, "outages", Nms::outage_rows)
}

pub(super) async fn availability(
    State(simulator): State<Simulator>,
    Extension(shown): Extension<Shown>,
    Path(name): Path<String>,
) -> Response {
    of_device(&simulator, shown, &name, "availability", Nms::availability_rows)
}

pub(super) async fn maintenance(
    State(simulator): State<Simulator>,
    Path(name): Path<String>,
) -> Response {
    match simulator.stale_state().nms.find(&name) {
        Some(_) => ok_object(vec![
            ("status", Json::from("ok")),
            ("is_under_maintenance", Json::from(false)),
        ]),
        None => answers::none_found(&format!("Device {name} does not exist")),
    }
}
