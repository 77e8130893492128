//! What is known of the network behind an NMS: devices, links, and the paths
//! that they suggest.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use correlate::model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::records::{Device, Link, Page, Port};
use utoipa::{IntoParams, ToSchema};

use super::push::known_source;
use super::query::limit;
use crate::app::ApiState;
use crate::ask::{Hop, Map};
use crate::instant;
use crate::problem::{ApiError, Problem, Thing};

/// Entries in one answer unless asked otherwise, and at most.
const LIMIT_DEFAULT: u64 = 100;
pub(super) const LIMIT_MAX: u64 = 1_000;

/// Paths in one answer at most: each is looked for in the whole network.
const PATHS_MAX: u64 = 100;

/// Links that are looked at for paths: a network of some hundred thousand
/// devices.
const LINKS_MAX: u64 = 500_000;

/// A link that was not seen for this long is doubtful: LibreNMS looks every
/// six hours, and forgets a neighbour that is away just then.
const LINK_STALE_MS: i64 = 7 * 24 * 3_600_000;

/// What to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DevicesQuery {
    /// Only those whose name, host name, system name or location holds every word of this.
    q: Option<String>,
    /// How many to leave out.
    offset: Option<u64>,
    /// How many to give, 1 to 1000; 100 by default.
    limit: Option<u64>,
}

/// One page of devices.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeviceList {
    /// The devices, by name.
    devices: Vec<DeviceOut>,
    /// How many there are on all pages.
    total: u64,
    /// How many were left out before this page.
    offset: u64,
}

/// A device as its NMS describes it; texts are empty where it says nothing.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeviceOut {
    /// Its component id.
    #[schema(example = "ams1/device/42")]
    component: String,
    /// What pages call it.
    name: String,
    /// The name or address it is polled at.
    host_name: String,
    /// What it calls itself.
    sys_name: String,
    /// Its model.
    hardware: String,
    /// Its operating system.
    os: String,
    /// Where it stands.
    location: String,
    /// Degrees north.
    latitude: Option<f64>,
    /// Degrees east.
    longitude: Option<f64>,
    /// The NMS is told not to look at it: it is unknown.
    disabled: bool,
    /// The NMS is told not to alert on it.
    ignored: bool,
    /// When the NMS last mentioned it; it may be gone since.
    last_seen_at: Option<String>,
}

/// What to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LinksQuery {
    /// Only those of this device, at either end: its id in the NMS.
    device: Option<String>,
    /// How many to leave out.
    offset: Option<u64>,
    /// How many to give, 1 to 1000; 100 by default.
    limit: Option<u64>,
}

/// One page of links.
#[derive(Serialize, ToSchema)]
pub(crate) struct LinkList {
    /// The links as each end sees them; most stand there twice, once from each end.
    links: Vec<LinkOut>,
    /// How many there are on all pages.
    total: u64,
    /// How many were left out before this page.
    offset: u64,
}

/// A neighbour that a device has seen. It says nothing of the link's state.
#[derive(Serialize, ToSchema)]
pub(crate) struct LinkOut {
    /// The device that sees it.
    #[schema(example = "ams1/device/42")]
    device: String,
    /// Its port; null where that is not known.
    port: Option<String>,
    /// The neighbour; null where this NMS does not watch it.
    neighbour: Option<String>,
    /// The neighbour's port; null where that is not known.
    neighbour_port: Option<String>,
    /// What the neighbour calls itself.
    neighbour_name: String,
    /// What the neighbour calls its port.
    neighbour_port_name: String,
    /// How it was found, such as `lldp`; empty when not known.
    protocol: String,
    /// When the NMS last mentioned it.
    last_seen_at: Option<String>,
}

/// For which ports, and to where.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PathsQuery {
    /// The device where the paths end, such as the core router: its id in the
    /// NMS. By default the one with the most neighbours, which is a guess.
    to: Option<String>,
    /// Only ports of this device: its id in the NMS.
    device: Option<String>,
    /// Only ports whose names or alias hold every word of this; the customer
    /// often stands in the alias.
    q: Option<String>,
    /// How many ports to leave out.
    offset: Option<u64>,
    /// How many ports to give, 1 to 100; 100 by default.
    limit: Option<u64>,
}

/// Detected paths: suggestions, to be looked at by somebody who knows.
#[derive(Serialize, ToSchema)]
pub(crate) struct PathList {
    /// Where they end; null where no link is known at all.
    to: Option<EndOut>,
    /// Whether `to` is a guess: the device with the most neighbours.
    to_is_guess: bool,
    /// The paths, by device and port.
    paths: Vec<DetectedPathOut>,
    /// How many ports there are on all pages.
    total: u64,
    /// How many were left out before this page.
    offset: u64,
    /// Whether there are more links than are looked at, so that ways may be missing.
    truncated: bool,
}

/// A component with its name.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct EndOut {
    /// Its id.
    #[schema(example = "ams1/device/7")]
    component: String,
    /// What people call it; empty where that is not known.
    name: String,
}

/// A path that the links suggest for a port.
#[derive(Serialize, ToSchema)]
pub(crate) struct DetectedPathOut {
    /// The port where the customer comes in.
    port: EndOut,
    /// Its alias, as the operators wrote it.
    alias: String,
    /// Its device.
    device: EndOut,
    /// A path expression, ready for a service definition. Where `is_complete`
    /// is false it leads only as far as is known.
    #[schema(value_type = Object)]
    path: Value,
    /// Whether a way to the end is known.
    is_complete: bool,
    /// Ways that share no device between their ends.
    ways: Vec<WayOut>,
    /// What is not known, or doubtful (English).
    unknown: Vec<String>,
}

/// One way through the network.
#[derive(Serialize, ToSchema)]
pub(crate) struct WayOut {
    /// Its links, in order; parallel ones follow each other.
    hops: Vec<HopOut>,
}

/// A link on the way.
#[derive(Serialize, ToSchema)]
pub(crate) struct HopOut {
    /// The device that it leaves.
    from: String,
    /// By which port; null where that is not known.
    out: Option<String>,
    /// The device that it comes to.
    to: String,
    /// By which port; null where that is not known.
    into: Option<String>,
    /// When either end last saw the other.
    last_seen_at: Option<String>,
}

/// The devices that an NMS knows, by name.
#[utoipa::path(
    get, path = "/api/v1/sources/{name}/devices", tag = "network",
    params(("name" = String, Path, description = "The account's name"), DevicesQuery),
    responses(
        (status = 200, description = "One page of devices", body = DeviceList),
        (status = 404, description = "No such source ever reported", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "A parameter is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn source_devices(
    State(state): State<ApiState>,
    Path(name): Path<String>,
    query: Result<Query<DevicesQuery>, QueryRejection>,
) -> Result<Json<DeviceList>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::refused("query", error.body_text()))?;
    let page = page(query.offset, query.limit, LIMIT_MAX)?;
    known_source(&state, &name).await?;
    let search = query.q.unwrap_or_default();
    let found = state.records().inventory().list_devices(&name, &search, page).await;
    let found = found.map_err(ApiError::records)?;
    let devices = found.rows.into_iter().map(|(device, seen)| device_out(device, seen)).collect();
    Ok(Json(DeviceList { devices, total: found.total, offset: page.offset }))
}

/// The links between devices that an NMS knows: hints of topology.
#[utoipa::path(
    get, path = "/api/v1/sources/{name}/links", tag = "network",
    params(("name" = String, Path, description = "The account's name"), LinksQuery),
    responses(
        (status = 200, description = "One page of links", body = LinkList),
        (status = 404, description = "No such source ever reported", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "A parameter is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn source_links(
    State(state): State<ApiState>,
    Path(name): Path<String>,
    query: Result<Query<LinksQuery>, QueryRejection>,
) -> Result<Json<LinkList>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::refused("query", error.body_text()))?;
    let page = page(query.offset, query.limit, LIMIT_MAX)?;
    known_source(&state, &name).await?;
    let found = state.records().inventory().list_links(&name, query.device.as_deref(), page).await;
    let found = found.map_err(ApiError::records)?;
    let links = found.rows.into_iter().map(|(link, _)| link_out(link)).collect();
    Ok(Json(LinkList { links, total: found.total, offset: page.offset }))
}

/// Paths that the links of an NMS suggest for customer ports: from each port
/// to the core, by up to two ways that share no device. A suggestion and no
/// truth: links come from neighbour discovery, which misses what does not
/// speak LLDP or CDP, and knows nothing of what traffic takes.
#[utoipa::path(
    get, path = "/api/v1/sources/{name}/paths", tag = "network",
    params(("name" = String, Path, description = "The account's name"), PathsQuery),
    responses(
        (status = 200, description = "One page of ports with their paths", body = PathList),
        (status = 404, description = "No such source ever reported, or no such device",
            body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A parameter is refused", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub(crate) async fn source_paths(
    State(state): State<ApiState>,
    Path(name): Path<String>,
    query: Result<Query<PathsQuery>, QueryRejection>,
) -> Result<Json<PathList>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::refused("query", error.body_text()))?;
    let page = page(query.offset, query.limit, PATHS_MAX)?;
    known_source(&state, &name).await?;
    let inventory = state.records().inventory();
    let (links, ports) = tokio::try_join!(
        inventory.all_links(&name, LINKS_MAX + 1),
        inventory.list_ports(
            &name,
            query.device.as_deref(),
            query.q.as_deref().unwrap_or_default(),
            page
        ),
    )
    .map_err(ApiError::records)?;
    let truncated = links.len() as u64 > LINKS_MAX;
    let map = Map::of(&name, &links);
    let to = match &query.to {
        Some(to) => Some(to.clone()),
        None => map.hub().map(|(hub, _)| hub.to_owned()),
    };
    if let Some(to) = &query.to
        && inventory.device(&name, to).await.map_err(ApiError::records)?.is_none()
    {
        return Err(ApiError::NotFound(Thing::Address));
    }
    let asked = Asked { state: &state, account: &name, map: &map, to: to.as_deref() };
    let mut paths = Vec::with_capacity(ports.rows.len());
    for (port, _) in ports.rows {
        paths.push(asked.path(port).await?);
    }
    Ok(Json(PathList {
        to: match &to {
            Some(to) => Some(asked.device(to).await?),
            None => None,
        },
        to_is_guess: query.to.is_none(),
        paths,
        total: ports.total,
        offset: page.offset,
        truncated,
    }))
}

/// What is asked of the network.
struct Asked<'a> {
    state: &'a ApiState,
    account: &'a str,
    map: &'a Map,
    to: Option<&'a str>,
}

impl Asked<'_> {
    async fn path(&self, port: Port) -> Result<DetectedPathOut, ApiError> {
        let from = port.device.as_str();
        let to = self.to.unwrap_or(from);
        let ways = self.map.ways(from, to);
        let is_complete = self.to.is_some() && (from == to || !ways.is_empty());
        let path = self.map.expression(Some(&port.native_id), from, to, &ways);
        let mut unknown = Vec::new();
        if self.to.is_none() {
            unknown.push("no link between devices of this NMS is known at all".to_owned());
        } else if !is_complete && !self.map.knows(from) {
            unknown.push("no link of the port's device is known".to_owned());
        } else if !is_complete {
            unknown.push("no way over known links leads to the end".to_owned());
        } else if ways.len() == 1 && ways[0].len() > 1 {
            unknown.push(
                "only one way is known; a second leg may exist that neighbour discovery does \
                 not see"
                    .to_owned(),
            );
        }
        let hops = || ways.iter().flatten().flatten();
        let blind = hops().filter(|hop| hop.out.is_none() || hop.into.is_none()).count();
        if blind > 0 {
            unknown.push(format!("{blind} links on the way lack the port at one end or both"));
        }
        let now = self.state.now().millis();
        let stale = |hop: &&Hop| now.saturating_sub(hop.last_seen_at.millis()) > LINK_STALE_MS;
        let stale = hops().filter(stale).count();
        if stale > 0 {
            unknown.push(format!("{stale} links on the way were not seen for a week or more"));
        }
        Ok(DetectedPathOut {
            device: self.device(from).await?,
            port: EndOut { component: port.component().to_string(), name: port.if_name },
            alias: port.if_alias,
            path: path.to_json(),
            is_complete,
            ways: ways.iter().map(|way| self.way(way)).collect(),
            unknown,
        })
    }

    async fn device(&self, native: &str) -> Result<EndOut, ApiError> {
        let found = self.state.records().inventory().device(self.account, native).await;
        let found = found.map_err(ApiError::records)?;
        Ok(EndOut {
            component: self.component("device", native),
            name: found.map(|device| device.name).unwrap_or_default(),
        })
    }

    fn component(&self, kind: &str, native: &str) -> String {
        format!("{}/{kind}/{native}", self.account)
    }

    fn way(&self, way: &[Vec<Hop>]) -> WayOut {
        let port =
            |native: &Option<String>| native.as_ref().map(|native| self.component("port", native));
        let hop = |hop: &Hop| HopOut {
            from: self.component("device", &hop.from),
            out: port(&hop.out),
            to: self.component("device", &hop.to),
            into: port(&hop.into),
            last_seen_at: instant::rfc3339(hop.last_seen_at),
        };
        WayOut { hops: way.iter().flatten().map(hop).collect() }
    }
}

pub(super) fn page(offset: Option<u64>, given: Option<u64>, max: u64) -> Result<Page, ApiError> {
    let limit = limit(given, LIMIT_DEFAULT.min(max), max)?;
    Ok(Page { offset: offset.unwrap_or(0), limit })
}

fn device_out(device: Device, seen_at: Timestamp) -> DeviceOut {
    DeviceOut {
        component: device.component().to_string(),
        name: device.name,
        host_name: device.host_name,
        sys_name: device.sys_name,
        hardware: device.hardware,
        os: device.os,
        location: device.location,
        latitude: device.latitude,
        longitude: device.longitude,
        disabled: device.disabled,
        ignored: device.ignored,
        last_seen_at: instant::rfc3339(seen_at),
    }
}

fn link_out(link: Link) -> LinkOut {
    let component = |kind: &str, native: &str| format!("{}/{kind}/{native}", link.account);
    LinkOut {
        device: component("device", &link.local_device),
        port: link.local_port.as_ref().map(|port| component("port", port)),
        neighbour: link.remote_device.as_ref().map(|device| component("device", device)),
        neighbour_port: link.remote_port.as_ref().map(|port| component("port", port)),
        last_seen_at: instant::rfc3339(link.last_seen_at),
        neighbour_name: link.remote_host_name,
        neighbour_port_name: link.remote_port_name,
        protocol: link.protocol,
    }
}
