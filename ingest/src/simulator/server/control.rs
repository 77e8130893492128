//! `/control`: staging failures and faults while the simulator runs.
//!
//! No part of LibreNMS. It has its own token (`X-Control-Token`); bodies are
//! JSON; times are milliseconds. A refused command answers 400 or 422 with
//! `{"error": ...}`, or says so in plain text.
//!
//! | call | what it does |
//! | --- | --- |
//! | `GET /now` | simulated time, speed, release, sizes |
//! | `POST /pause`, `/resume` | stops simulated time, lets it run |
//! | `POST /speed {"speed"}`, `/jump {"ms"}` | how fast time runs; jumps ahead |
//! | `POST /clock {"ahead_ms"}` | sets the server's clock ahead of simulated time, or behind |
//! | `POST /release {"release"}` | an upgrade: `strings`, `25.5`, `26.3`, `26.4`, `26.5`, `26.7` |
//! | `GET, POST /failures {"component","kind","for_ms"?}`, `DELETE /failures/{id}` | breaks the network |
//! | `GET, POST, DELETE /faults {"fault",...,"path"?,"for_ms"?,"requests"?}`, `DELETE /faults/{id}` | breaks the server: [`FaultKind`](super::FaultKind) |
//! | `POST /devices/{name}/poll`, `/devices/{name}/discover` | polls, discovers a device now |
//! | `DELETE /devices/{name}`, `POST /devices/{name}/again` | deletes a device; adds it again with a new id |
//! | `PUT /devices/{name}/standing {"standing"?,"ignore_status"?}` | `normal`, `ping_only`, `ignored`, `disabled`, `never_polled`; shown as up or not |
//! | `PUT, DELETE /ports/{port_id}/status {"status"}` | what the agent answers: `notPresent`, `dormant`, `testing`, `null`, ... |
//! | `POST /zone {"zone"}`, `/ping {"every_ms"}`, `/dispatcher {"on"}` | the server's clock; fast ping, or null; dispatcher or cron |
//! | `DELETE /eventlog` | empties the event log: its ids begin anew |
//! | `GET, PUT, DELETE /webhook {"url","headers"?,"every_ms"?}` | pushes alerts there |
//! | `GET /truth[?format=csv]`, `/services`, `/requests` | what really was; the services; what clients asked |

use axum::extract::{Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use correlate::model::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Fault, Simulator, Webhook};
use crate::simulator::{
    DeviceIndex, Failure, FailureKind, PortIndex, Release, SimulatorError, Standing,
};

pub(super) fn router(simulator: &Simulator) -> Router {
    let control = Router::new()
        .route("/now", get(now))
        .route("/pause", post(pause))
        .route("/resume", post(resume))
        .route("/speed", post(set_speed))
        .route("/jump", post(jump))
        .route("/clock", post(set_clock))
        .route("/release", post(set_release))
        .route("/failures", get(failures).post(inject))
        .route("/failures/{id}", delete(clear))
        .route("/faults", get(faults).post(stage).delete(clear_faults))
        .route("/faults/{id}", delete(clear_fault))
        .route("/devices/{name}", delete(delete_device))
        .route("/devices/{name}/poll", post(poll_now))
        .route("/devices/{name}/discover", post(discover_now))
        .route("/devices/{name}/again", post(add_again))
        .route("/devices/{name}/standing", put(set_standing))
        .route("/ports/{id}/status", put(force_port).delete(release_port))
        .route("/zone", post(set_zone))
        .route("/ping", post(set_ping))
        .route("/dispatcher", post(set_dispatcher))
        .route("/eventlog", delete(empty_event_log))
        .route("/webhook", get(webhook).put(set_webhook).delete(clear_webhook))
        .route("/truth", get(truth))
        .route("/services", get(services))
        .route("/requests", get(requests))
        .layer(from_fn_with_state(simulator.clone(), gate))
        .with_state(simulator.clone());
    Router::new().nest("/control", control)
}

async fn gate(State(simulator): State<Simulator>, request: Request, next: Next) -> Response {
    let given = request.headers().get("x-control-token").and_then(|value| value.to_str().ok());
    if given.is_some() && given == simulator.shared.options.control_token.as_deref() {
        return next.run(request).await;
    }
    let body = json!({"error": "X-Control-Token is missing or wrong"});
    (StatusCode::UNAUTHORIZED, Json(body)).into_response()
}

/// A command that was refused.
struct Refused(String);

impl From<SimulatorError> for Refused {
    fn from(error: SimulatorError) -> Refused {
        Refused(error.to_string())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({ "error": self.0 }))).into_response()
    }
}

/// Whether there was anything to take back.
fn taken_back(found: bool) -> Response {
    let status = if found { StatusCode::OK } else { StatusCode::NOT_FOUND };
    (status, Json(json!({ "cleared": found }))).into_response()
}

async fn now(State(simulator): State<Simulator>) -> Json<Value> {
    let world = simulator.world();
    let state = simulator.state();
    let watched = state.nms.watched();
    Json(json!({
        "now_ms": watched.until.millis(),
        "since_ms": watched.from.millis(),
        "speed": state.clock.speed(),
        "paused": state.clock.is_paused(),
        "release": state.nms.release().as_str(),
        "account": world.account(),
        "topology": world.name(),
        "seed": world.seed(),
        "sites": world.sites().len(),
        "devices": world.devices().len(),
        "ports": world.ports().len(),
        "services": world.service_list().len(),
    }))
}

async fn pause(State(simulator): State<Simulator>) -> Json<Value> {
    simulator.set_paused(true);
    Json(json!({ "now_ms": simulator.now().millis() }))
}

async fn resume(State(simulator): State<Simulator>) -> Json<Value> {
    simulator.set_paused(false);
    Json(json!({ "now_ms": simulator.now().millis() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Speed {
    speed: f64,
}

async fn set_speed(
    State(simulator): State<Simulator>,
    Json(Speed { speed }): Json<Speed>,
) -> Result<Json<Value>, Refused> {
    simulator.set_speed(speed)?;
    Ok(Json(json!({ "speed": speed })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Jump {
    ms: i64,
}

async fn jump(State(simulator): State<Simulator>, Json(Jump { ms }): Json<Jump>) -> Json<Value> {
    simulator.jump(ms);
    Json(json!({ "now_ms": simulator.now().millis() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServerClock {
    ahead_ms: i64,
}

async fn set_clock(
    State(simulator): State<Simulator>,
    Json(ServerClock { ahead_ms }): Json<ServerClock>,
) -> Json<Value> {
    simulator.set_clock_ahead(ahead_ms);
    Json(json!({ "ahead_ms": ahead_ms }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Upgrade {
    release: String,
}

async fn set_release(
    State(simulator): State<Simulator>,
    Json(Upgrade { release }): Json<Upgrade>,
) -> Result<Json<Value>, Refused> {
    let known = Release::named(&release);
    let Some(known) = known else {
        let allowed: Vec<&str> = Release::ALL.into_iter().map(Release::as_str).collect();
        let allowed = allowed.join(", ");
        return Err(Refused(format!("release must be one of {allowed}, found {release:?}")));
    };
    simulator.set_release(known);
    Ok(Json(json!({ "release": release })))
}

/// The failures that were injected and not cleared.
async fn failures(State(simulator): State<Simulator>) -> Json<Value> {
    let world = simulator.world();
    let state = simulator.state();
    let shown = state.injected.iter().map(|(id, failure)| {
        let open = failure.until == Timestamp::MAX;
        json!({
            "id": id,
            "component": failure.target.name(world),
            "kind": failure.kind.as_str(),
            "from": failure.from.millis(),
            "to": (!open).then(|| failure.until.millis()),
        })
    });
    Json(Value::Array(shown.collect()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Injection {
    /// A component id, `site:<label>` or `link:<id>`.
    component: String,
    kind: String,
    /// Until it is cleared when absent.
    #[serde(default)]
    for_ms: Option<i64>,
}

async fn inject(
    State(simulator): State<Simulator>,
    Json(injection): Json<Injection>,
) -> Result<Json<Value>, Refused> {
    let Some(kind) = FailureKind::parse(&injection.kind) else {
        let allowed: Vec<&str> = FailureKind::ALL.into_iter().map(FailureKind::as_str).collect();
        let (allowed, found) = (allowed.join(", "), injection.kind);
        return Err(Refused(format!("kind must be one of {allowed}, found {found:?}")));
    };
    let from = simulator.now();
    let until = injection.for_ms.map_or(Timestamp::MAX, |for_ms| from.plus_millis(for_ms));
    let failure = Failure::named(simulator.world(), &injection.component, kind, from, until)?;
    let id = simulator.inject(failure);
    Ok(Json(json!({ "id": id, "from": from.millis() })))
}

async fn clear(State(simulator): State<Simulator>, Path(id): Path<u64>) -> Response {
    taken_back(simulator.clear(id))
}

async fn faults(State(simulator): State<Simulator>) -> Json<Value> {
    let state = simulator.state();
    let shown = state.faults.iter().map(|staged| {
        json!({
            "id": staged.id,
            "fault": staged.fault,
            "until": staged.until.map(Timestamp::millis),
        })
    });
    Json(Value::Array(shown.collect()))
}

async fn stage(
    State(simulator): State<Simulator>,
    Json(fault): Json<Fault>,
) -> Result<Json<Value>, Refused> {
    let id = simulator.stage(fault)?;
    Ok(Json(json!({ "id": id })))
}

async fn clear_fault(State(simulator): State<Simulator>, Path(id): Path<u64>) -> Response {
    taken_back(simulator.clear_fault(id))
}

async fn clear_faults(State(simulator): State<Simulator>) -> Response {
    simulator.clear_faults();
    taken_back(true)
}

/// The device of a world's host name, or with its first or its present id.
fn device(simulator: &Simulator, name: &str) -> Result<DeviceIndex, Refused> {
    let named = simulator.world().device_named(name);
    let born = || name.parse().ok().and_then(|id| simulator.world().device_with_id(id));
    let found = simulator.state().nms.find(name).or(named).or_else(born);
    found.ok_or_else(|| Refused(format!("unknown device {name:?}: expected a host name or an id")))
}

async fn poll_now(
    State(simulator): State<Simulator>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refused> {
    let device = device(&simulator, &name)?;
    looked_at(&simulator, &name, simulator.poll_now(device))
}

async fn discover_now(
    State(simulator): State<Simulator>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refused> {
    let device = device(&simulator, &name)?;
    looked_at(&simulator, &name, simulator.discover_now(device))
}

fn looked_at(simulator: &Simulator, name: &str, is_polled: bool) -> Result<Json<Value>, Refused> {
    if is_polled {
        return Ok(Json(json!({ "now_ms": simulator.now().millis() })));
    }
    Err(Refused(format!("device {name:?} is disabled, deleted or never polled")))
}

async fn delete_device(
    State(simulator): State<Simulator>,
    Path(name): Path<String>,
) -> Result<Response, Refused> {
    let device = device(&simulator, &name)?;
    Ok(taken_back(simulator.delete_device(device)))
}

async fn add_again(
    State(simulator): State<Simulator>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refused> {
    let device = device(&simulator, &name)?;
    match simulator.add_device_again(device) {
        Some(id) => Ok(Json(json!({ "device_id": id }))),
        None => Err(Refused(format!("device {name:?} was not deleted"))),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    #[serde(default)]
    standing: Option<String>,
    #[serde(default)]
    ignore_status: Option<bool>,
}

async fn set_standing(
    State(simulator): State<Simulator>,
    Path(name): Path<String>,
    Json(Told { standing, ignore_status }): Json<Told>,
) -> Result<Json<Value>, Refused> {
    let device = device(&simulator, &name)?;
    let named = |name: String| {
        let allowed: Vec<&str> = Standing::ALL.into_iter().map(Standing::as_str).collect();
        let allowed = allowed.join(", ");
        let refused = || Refused(format!("standing must be one of {allowed}, found {name:?}"));
        Standing::named(&name).ok_or_else(refused)
    };
    let standing = standing.map(named).transpose()?;
    let is_told = standing.is_none_or(|standing| simulator.set_standing(device, standing));
    let is_shown = ignore_status.is_none_or(|on| simulator.set_status_ignored(device, on));
    if is_told && is_shown {
        return Ok(Json(json!({ "now_ms": simulator.now().millis() })));
    }
    Err(Refused(format!("device {name:?} was deleted")))
}

/// The port with this `port_id`.
fn port(simulator: &Simulator, id: u32) -> Result<PortIndex, Refused> {
    let found = simulator.state().nms.find_port(id);
    found.ok_or_else(|| Refused(format!("unknown port {id}: expected a port_id")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    status: String,
}

async fn force_port(
    State(simulator): State<Simulator>,
    Path(id): Path<u32>,
    Json(Status { status }): Json<Status>,
) -> Result<Json<Value>, Refused> {
    let port = port(&simulator, id)?;
    match simulator.force_port(port, Some(&status))? {
        true => Ok(Json(json!({ "status": status }))),
        false => Err(Refused(format!("LibreNMS does not read port {id}"))),
    }
}

async fn release_port(
    State(simulator): State<Simulator>,
    Path(id): Path<u32>,
) -> Result<Response, Refused> {
    let port = port(&simulator, id)?;
    Ok(taken_back(simulator.force_port(port, None)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Zone {
    zone: String,
}

async fn set_zone(
    State(simulator): State<Simulator>,
    Json(Zone { zone }): Json<Zone>,
) -> Result<Json<Value>, Refused> {
    simulator.set_time_zone(&zone)?;
    Ok(Json(json!({ "zone": zone })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ping {
    every_ms: Option<i64>,
}

async fn set_ping(
    State(simulator): State<Simulator>,
    Json(Ping { every_ms }): Json<Ping>,
) -> Result<Json<Value>, Refused> {
    simulator.set_ping_cycle(every_ms)?;
    Ok(Json(json!({ "every_ms": every_ms })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dispatcher {
    on: bool,
}

async fn set_dispatcher(
    State(simulator): State<Simulator>,
    Json(Dispatcher { on }): Json<Dispatcher>,
) -> Json<Value> {
    simulator.set_dispatcher(on);
    Json(json!({ "on": on }))
}

async fn empty_event_log(State(simulator): State<Simulator>) -> Response {
    simulator.empty_event_log();
    taken_back(true)
}

/// Never shows the headers: one of them holds the secret.
async fn webhook(State(simulator): State<Simulator>) -> Json<Value> {
    let url = simulator.shared.pusher.url();
    Json(json!({ "url": url, "pushes": simulator.pushes() }))
}

async fn set_webhook(
    State(simulator): State<Simulator>,
    Json(webhook): Json<Webhook>,
) -> Result<Json<Value>, Refused> {
    webhook.check()?;
    let url = webhook.url.clone();
    simulator.set_webhook(Some(webhook));
    Ok(Json(json!({ "url": url })))
}

async fn clear_webhook(State(simulator): State<Simulator>) -> Response {
    simulator.set_webhook(None);
    taken_back(true)
}

#[derive(Deserialize)]
struct Format {
    #[serde(default)]
    format: String,
}

/// The components that changed so far: JSON, or with `?format=csv` CSV.
async fn truth(State(simulator): State<Simulator>, Query(wanted): Query<Format>) -> Response {
    let truth = simulator.truth();
    if wanted.format == "csv" {
        return ([(header::CONTENT_TYPE, "text/csv")], truth.to_csv()).into_response();
    }
    let intervals = truth.intervals().map(|interval| {
        json!({
            "component": interval.component.as_str(),
            "from": interval.period.from.millis(),
            "to": interval.period.until.millis(),
            "state": interval.state.as_str(),
        })
    });
    Json(Value::Array(intervals.collect())).into_response()
}

async fn services(State(simulator): State<Simulator>) -> Json<Value> {
    Json(Value::Array(simulator.world().services()))
}

async fn requests(State(simulator): State<Simulator>) -> Json<Value> {
    Json(json!(simulator.requests()))
}
