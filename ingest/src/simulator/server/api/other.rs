//! Index, ping, system, links, locations and groups.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::super::faults::Shown;
use super::super::{Simulator, answers};
use super::{no_route, ok_object};
use crate::simulator::json::{Json, Row};
use crate::simulator::nms::{Nms, instant};
use crate::simulator::world::{DeviceIndex, Role};

/// The groups that an operator would have made, one per role.
const GROUPS: [(&str, Role); 3] = [
    ("Core routers", Role::Core),
    ("Access switches", Role::Access),
    ("Customer equipment", Role::Cpe),
];

pub(super) async fn index(State(simulator): State<Simulator>) -> Response {
    let url = |path: &str| Json::from(format!("https://librenms.example.net/api/v0{path}"));
    let mut routes = vec![
        ("get_device", url("/devices/{hostname}")),
        ("list_devices", url("/devices")),
        ("get_all_ports", url("/ports")),
        ("search_ports", url("/ports/search/{field}/{search?}")),
        ("device_outages", url("/devices/{hostname}/outages")),
        ("list_eventlog", url("/logs/eventlog/{hostname?}")),
        ("list_links", url("/resources/links")),
        ("list_locations", url("/resources/locations")),
        ("get_device_groups", url("/devicegroups")),
        ("server_info", url("/system")),
        ("list_services", url("/services")),
        ("list_bgp", url("/bgp")),
    ];
    if simulator.stale_state().nms.release().has_poller_calls() {
        routes.extend([("ping", url("/ping")), ("list_pollers", url("/pollers"))]);
    }
    ok_object(routes)
}

pub(super) async fn ping(State(simulator): State<Simulator>) -> Response {
    if !simulator.stale_state().nms.release().has_poller_calls() {
        return no_route().await;
    }
    ok_object(vec![("message", Json::from("pong"))])
}

pub(super) async fn system(State(simulator): State<Simulator>) -> Response {
    let state = simulator.stale_state();
    let now = instant(state.nms.shown(state.nms.now())).to_zoned(state.nms.zone().clone());
    let release = state.nms.release();
    let (version, schema) = (release.version(), release.schema());
    let date = match release.has_strings_only() {
        true => now.timestamp().as_second().to_string(),
        false => now.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
    };
    let row: Row = vec![
        ("local_ver", Json::from(version)),
        ("local_sha", Json::from("")),
        ("local_date", Json::from(date)),
        ("local_branch", Json::from("")),
        ("db_schema", Json::from(schema)),
        ("php_ver", Json::from("8.4.21")),
        ("python_ver", Json::from("3.12.13")),
        ("database_ver", Json::from("MariaDB 10.5.29-MariaDB")),
        ("rrdtool_ver", Json::from("1.9.0")),
        ("netsnmp_ver", Json::from("5.9.5.2")),
    ];
    answers::list("system", vec![row], answers::count(1))
}

fn links_or_none(simulator: &Simulator, shown: Shown, only: Option<DeviceIndex>) -> Response {
    let mut places = simulator.stale_state().nms.link_places(only);
    shown.cut(&mut places);
    if places.is_empty() {
        return answers::none_found("Links do not exist");
    }
    let count = answers::count(places.len());
    answers::stream(simulator, "links", places, count, Nms::link_row)
}

pub(super) async fn links(
    State(simulator): State<Simulator>,
    Extension(shown): Extension<Shown>,
) -> Response {
    links_or_none(&simulator, shown, None)
}

/// An unknown name drops the filter: the links of every device are shown.
pub(super) async fn links_of_device(
    State(simulator): State<Simulator>,
    Extension(shown): Extension<Shown>,
    Path(name): Path<String>,
) -> Response {
    let device = simulator.stale_state().nms.find(&name).filter(|_| !shown.drops_filters);
    links_or_none(&simulator, shown, device)
}

pub(super) async fn link(State(simulator): State<Simulator>, Path(id): Path<String>) -> Response {
    let state = simulator.stale_state();
    let mut places = state.nms.link_places(None).into_iter();
    let wanted = id.parse::<u32>().ok();
    match places.find(|place| wanted.is_some() && state.nms.link_id(*place) == wanted) {
        Some(place) => answers::list("link", vec![state.nms.link_row(place)], answers::count(1)),
        None => answers::none_found(&format!("Link {id} does not exist")),
    }
}

pub(super) async fn locations(
    State(simulator): State<Simulator>,
    Extension(shown): Extension<Shown>,
) -> Response {
    let mut rows = simulator.stale_state().nms.location_rows();
    shown.cut(&mut rows);
    if rows.is_empty() {
        return answers::none_found("Locations do not exist");
    }
    let count = answers::count(rows.len());
    answers::list("locations", rows, count)
}

pub(super) async fn groups(Extension(shown): Extension<Shown>) -> Response {
    let mut rows: Vec<Row> = GROUPS
        .iter()
        .zip(1_u32..)
        .map(|((name, _), id)| {
            let rules = vec![
                ("condition", Json::Null),
                ("rules", Json::List(Vec::new())),
                ("valid", Json::from(true)),
                ("joins", Json::List(Vec::new())),
            ];
            vec![
                ("id", Json::from(id)),
                ("name", Json::from(*name)),
                ("desc", Json::Null),
                ("type", Json::from("static")),
                ("rules", Json::Object(rules)),
                ("pattern", Json::Null),
            ]
        })
        .collect();
    shown.cut(&mut rows);
    if rows.is_empty() {
        return answers::none_found("No device groups found");
    }
    let mut more: Row = vec![("message", format!("Found {} device groups", rows.len()).into())];
    more.extend(answers::count(rows.len()));
    answers::list("groups", rows, more)
}

pub(super) async fn group(
    State(simulator): State<Simulator>,
    Extension(shown): Extension<Shown>,
    Path(name): Path<String>,
) -> Response {
    let numbered = GROUPS.iter().zip(1_u32..);
    let mut found = numbered.filter(|((known, _), id)| *known == name || id.to_string() == name);
    let Some(((_, role), _)) = found.next() else {
        return answers::refusal(StatusCode::NOT_FOUND, format!("Device group {name} not found"));
    };
    let devices = simulator.shared.world.devices().iter().enumerate();
    let members = devices.filter(|(_, device)| device.role == *role);
    let mut rows: Vec<Row> = {
        let state = simulator.stale_state();
        let ids = members.filter_map(|(place, _)| state.nms.device_id(DeviceIndex::at(place)));
        ids.map(|id| vec![("device_id", id.into())]).collect()
    };
    shown.cut(&mut rows);
    if rows.is_empty() {
        return answers::none_found(&format!("No devices found in group {name}"));
    }
    let count = answers::count(rows.len());
    answers::list("devices", rows, count)
}
