//! The addresses that the pages link to: the API routes them with the
//! constants, the templates write them with the functions.
//!
//! Ids are percent-encoded, because a service id may hold any character.

use std::fmt::Write as _;

use crate::view::services::{ServiceFilter, ServiceSort, TableHome};
use crate::view::set_aside::SetAsideReason;
use crate::view::timeline::Zoom;

/// The overview. Query: `q`, `state`, `cause`,
/// `sort`, `page`, see [`crate::ServiceFilter`].
pub const OVERVIEW: &str = "/";
/// The live part of the overview, [`crate::OverviewLivePartial`].
pub const OVERVIEW_LIVE: &str = "/live";
/// The list of services. Query: `q`, `state`, `cause`,
/// `sort`, `page`, see [`crate::ServiceFilter`].
pub const SERVICES: &str = "/services";
/// One service. Query: `zoom` (`24h`, `7d`, `30d`), `page` (of its intervals).
pub const SERVICE: &str = "/services/{id}";
/// The intervals of one service as CSV.
pub const SERVICE_CSV: &str = "/services/{id}/intervals.csv";
/// What the pipeline set aside. Query: `kind`, `page`.
pub const SET_ASIDE: &str = "/set-aside";
/// Server-sent events: an event `change` with any data whenever a state
/// changed (throttled by the server). Query: `service`, only that one.
pub const EVENTS: &str = "/events";
/// GET shows the sign-in form (query: `next`), POST takes `email`,
/// `password`, `next`.
pub const LOGIN: &str = "/login";
/// POST ends the session.
pub const LOGOUT: &str = "/logout";
/// POST takes `lang` (`nl` or `en`) and `return`, a path on this server, and
/// answers with a cookie and a redirect.
pub const LANGUAGE: &str = "/language";
/// The page that shows the OpenAPI document.
pub const API_DOCS: &str = "/docs";
/// Files of [`crate::asset`].
pub const ASSET: &str = "/assets/{file}";

/// The page of one service.
pub fn service(id: &str) -> String {
    format!("/services/{}", encode(id))
}

/// The page of one service at a zoom and a page of its intervals.
pub fn service_at(id: &str, zoom: Zoom, page: u64) -> String {
    let mut query = Query::default();
    if zoom != Zoom::default() {
        query.push("zoom", zoom.as_str());
    }
    if page > 1 {
        query.push("page", &page.to_string());
    }
    query.onto(service(id))
}

/// The intervals of one service as CSV.
pub fn service_csv(id: &str) -> String {
    format!("/services/{}/intervals.csv", encode(id))
}

/// The events of one service.
pub fn service_events(id: &str) -> String {
    format!("{EVENTS}?service={}", encode(id))
}

/// The address of an asset by its hashed file name.
pub fn asset(file: &str) -> String {
    format!("/assets/{file}")
}

/// A page of what was set aside, counted from 1.
pub fn set_aside(reason: Option<SetAsideReason>, page: u64) -> String {
    let mut query = Query::default();
    if let Some(reason) = reason {
        query.push("kind", reason.as_str());
    }
    if page > 1 {
        query.push("page", &page.to_string());
    }
    query.onto(SET_ASIDE.to_owned())
}

/// A table of services under a filter, at a page counted from 1.
pub fn table(home: TableHome, filter: &ServiceFilter, page: u64) -> String {
    let mut query = Query::default();
    if !filter.query.is_empty() {
        query.push("q", &filter.query);
    }
    if let Some(state) = filter.state {
        query.push("state", state.as_str());
    }
    if let Some(cause) = &filter.cause {
        query.push("cause", &cause.component);
    }
    if filter.sort != ServiceSort::default() {
        query.push("sort", filter.sort.as_str());
    }
    if page > 1 {
        query.push("page", &page.to_string());
    }
    query.onto(home.path().to_owned())
}

#[derive(Default)]
struct Query(String);

impl Query {
    fn push(&mut self, key: &str, value: &str) {
        self.0.push(if self.0.is_empty() { '?' } else { '&' });
        self.0.push_str(key);
        self.0.push('=');
        self.0.push_str(&encode(value));
    }

    fn onto(self, path: String) -> String {
        path + &self.0
    }
}

/// Percent-encodes everything but the unreserved characters of RFC 3986, 2.3.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => write!(encoded, "%{byte:02X}").expect("writing to a string cannot fail"),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use correlate::model::ServiceState;

    use super::*;
    use crate::view::cause::Cause;

    #[test]
    fn an_id_with_any_character_stays_one_segment() {
        assert_eq!(service("a/b c?d#é"), "/services/a%2Fb%20c%3Fd%23%C3%A9");
        assert_eq!(service_csv("x/y"), "/services/x%2Fy/intervals.csv");
    }

    #[test]
    fn defaults_leave_no_trace_in_the_address() {
        assert_eq!(table(TableHome::Overview, &ServiceFilter::default(), 1), "/");
        assert_eq!(service_at("s", Zoom::Hours24, 1), "/services/s");
    }

    #[test]
    fn a_filter_keeps_every_part_it_was_given() {
        let filter = ServiceFilter {
            query: "A&B".to_owned(),
            state: Some(ServiceState::Down),
            cause: Some(Cause { component: "ams1/device/42".to_owned(), name: "core1".to_owned() }),
            sort: ServiceSort::Customer,
        };
        assert_eq!(
            table(TableHome::Services, &filter, 3),
            "/services?q=A%26B&state=down&cause=ams1%2Fdevice%2F42&sort=customer&page=3"
        );
        assert_eq!(service_at("s", Zoom::Days7, 2), "/services/s?zoom=7d&page=2");
        assert_eq!(set_aside(Some(SetAsideReason::TooLate), 2), "/set-aside?kind=too_late&page=2");
    }
}
