//! Envelopes: `status`, the rows under their key, and a count where LibreNMS gives one.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Simulator;
use crate::simulator::json::{Json, Row, new_line};
use crate::simulator::nms::Nms;

/// Rows rendered at a time: a list of any length is sent from this much memory, and other
/// requests get their turn between two pieces.
const ROWS_PER_PIECE: usize = 500;

/// A whole JSON answer.
pub(super) fn json(status: StatusCode, body: &Json) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.body()).into_response()
}

/// `{"status":"error","message":...}`.
pub(super) fn refusal(status: StatusCode, message: impl Into<String>) -> Response {
    let message = Json::Text(message.into());
    json(status, &Json::Object(vec![("status", Json::from("error")), ("message", message)]))
}

/// The 404 with which some calls answer "no rows".
pub(super) fn none_found(message: &str) -> Response {
    refusal(StatusCode::NOT_FOUND, message)
}

/// A short list, with `more` behind the rows.
pub(super) fn list(key: &'static str, rows: Vec<Row>, more: Row) -> Response {
    let rows = rows.into_iter().map(Json::Object).collect();
    let mut fields = vec![("status", Json::from("ok")), (key, Json::List(rows))];
    fields.extend(more);
    json(StatusCode::OK, &Json::Object(fields))
}

/// `count` as the raw endpoints give it.
pub(super) fn count(rows: usize) -> Row {
    vec![("count", Json::Int(i64::try_from(rows).unwrap_or(i64::MAX)))]
}

/// A list of any length: the rows of `places`, rendered as they are sent.
pub(super) fn stream(
    simulator: &Simulator,
    key: &'static str,
    places: Vec<u32>,
    more: Row,
    render: impl Fn(&Nms, u32) -> Row + Send + Sync + 'static,
) -> Response {
    if places.len() <= ROWS_PER_PIECE {
        let state = simulator.stale_state();
        let rows = places.iter().map(|&place| render(&state.nms, place)).collect();
        return list(key, rows, more);
    }
    let simulator = simulator.clone();
    let pieces = futures::stream::unfold(0_usize, move |start| {
        let piece = (start <= places.len()).then(|| {
            let mut out = String::new();
            if start == 0 {
                out.push_str(&format!("{{\n    \"status\": \"ok\",\n    \"{key}\": ["));
            }
            let end = places.len().min(start + ROWS_PER_PIECE);
            let state = simulator.stale_state();
            for (place, &index) in places[start..end].iter().enumerate() {
                new_line(&mut out, start + place > 0, 2);
                Json::Object(render(&state.nms, index)).write(&mut out, 2);
            }
            drop(state);
            if end < places.len() {
                return (Ok::<Bytes, Infallible>(out.into()), end);
            }
            new_line(&mut out, false, 1);
            out.push(']');
            for (name, value) in &more {
                new_line(&mut out, true, 1);
                out.push_str(&format!("\"{name}\": "));
                value.write(&mut out, 1);
            }
            out.push_str("\n}");
            (Ok(out.into()), usize::MAX)
        });
        std::future::ready(piece)
    });
    let body = Body::from_stream(pieces);
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}
