//! The routes of `/api/v0`, who may use them, and what is common to them.

mod devices;
mod logs;
mod monitors;
mod other;
mod ports;

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, Response};
use axum::routing::get;
use tower_http::compression::CompressionLayer;

use super::faults::{FaultKind, Shown};
use super::{Simulator, answers};
use crate::simulator::json::{Json, Row};

const BASE: &str = "/api/v0";

/// Query parameters; of a name given twice, one counts.
type Params = HashMap<String, String>;

pub(super) fn router(simulator: &Simulator) -> Router {
    let api = Router::new()
        .route("/", get(other::index))
        .route("/ping", get(other::ping))
        .route("/system", get(other::system))
        .route("/devices", get(devices::list))
        .route("/devices/{h}", get(devices::one))
        .route("/devices/{h}/ports", get(ports::of_device))
        .route("/devices/{h}/outages", get(devices::outages))
        .route("/devices/{h}/availability", get(devices::availability))
        .route("/devices/{h}/maintenance", get(devices::maintenance))
        .route("/devices/{h}/links", get(other::links_of_device))
        .route("/ports", get(ports::all))
        .route("/ports/search/{fields}/{text}", get(ports::search))
        .route("/ports/{id}", get(ports::one))
        .route("/resources/links", get(other::links))
        .route("/resources/links/{id}", get(other::link))
        .route("/resources/locations", get(other::locations))
        .route("/devicegroups", get(other::groups))
        .route("/devicegroups/{name}", get(other::group))
        .route("/services", get(monitors::services))
        .route("/services/{h}", get(monitors::services_of_device))
        .route("/bgp", get(monitors::sessions))
        .route("/pollers", get(monitors::pollers))
        .route("/pollers/log", get(monitors::poller_log))
        .route("/logs/eventlog", get(logs::events))
        .route("/logs/eventlog/{h}", get(logs::events_of_device))
        .fallback(no_route)
        .method_not_allowed_fallback(no_route)
        .layer(from_fn_with_state(simulator.clone(), gate))
        .with_state(simulator.clone());
    let api = match simulator.shared.options.gzip {
        true => api.layer(CompressionLayer::new()),
        false => api,
    };
    Router::new()
        .route("/up", get(|| async { Html("<!DOCTYPE html>\n<html><body>up</body></html>\n") }))
        .nest(BASE, api)
        .fallback(no_route)
}

async fn no_route() -> Response {
    answers::refusal(StatusCode::NOT_FOUND, "This API route doesn't exist.")
}

/// Counts the request, asks for the token, and applies a staged fault.
async fn gate(State(simulator): State<Simulator>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let path = path.strip_prefix(BASE).unwrap_or(&path);
    let measure = simulator.shared.requests.begin(path, request.uri().query().unwrap_or_default());
    let fault = {
        let mut state = simulator.state();
        if is_known(&simulator.shared.options.token, request.headers(), request.uri()) {
            state.fault_of(path)
        } else {
            Some(FaultKind::Unauthorized)
        }
    };
    let answer = match fault.and_then(FaultKind::answer) {
        Some(answer) => answer,
        None => {
            let shown = fault.map_or_else(Shown::default, FaultKind::shown);
            request.extensions_mut().insert(shown);
            next.run(request).await
        }
    };
    let answer = match fault {
        Some(fault) => fault.spoil(answer),
        None => answer,
    };
    measure.watch(answer)
}

/// Whether the request carries the token, in one of the places where LibreNMS looks for it.
fn is_known(token: &str, headers: &HeaderMap, uri: &Uri) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(given) = text(header::HeaderName::from_static("x-auth-token")) {
        return given == token;
    }
    let bearer = text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
    if let Some(given) = bearer {
        return given == token;
    }
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs.filter_map(|pair| pair.strip_prefix("api_token=")).any(|given| given == token)
}

/// Every position below `len`.
fn places(len: usize) -> Vec<u32> {
    (0..u32::try_from(len).unwrap_or(u32::MAX)).collect()
}

/// A whole answer that is not a list.
fn ok_object(fields: Row) -> Response {
    answers::json(StatusCode::OK, &Json::Object(fields))
}
