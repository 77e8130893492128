//! How much each caller may ask (OWASP ASVS 5, 2.4.1): requests of whoever is
//! signed in, requests to public routes by network, and how many costly ones
//! run at once for one caller. Counted in this process alone.
//!
//! What has limits of its own, or costs nothing, is not counted: see [`FREE`].

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::response::Response;
use correlate::model::Timestamp;
use dashboards::urls;
use futures::StreamExt;
use store::records::{ApiTokenId, UserId};

use super::routes::{RouteEntry, Verb};
use crate::problem::ApiError;
use crate::push::Buckets;

/// Public routes that are not counted: a monitor must always get its answer,
/// files come from memory, and a push has limits by account.
const FREE: [&str; 3] = ["/healthz", urls::ASSET, "/push/{account}"];

/// What costs much: exports, explanations, imports, and going through the
/// whole audit trail.
pub(crate) const COSTLY: [(Verb, &str); 14] = [
    (Verb::Get, "/api/v1/audit.csv"),
    (Verb::Get, "/api/v1/audit/verification"),
    (Verb::Get, "/api/v1/login-attempts.csv"),
    (Verb::Get, "/api/v1/services/{id}/intervals.csv"),
    (Verb::Get, "/api/v1/services/{id}/explain"),
    (Verb::Post, "/api/v1/what-if"),
    (Verb::Post, "/api/v1/services"),
    (Verb::Post, "/api/v1/users/import"),
    (Verb::Get, urls::AUDIT_CSV),
    (Verb::Get, urls::LOGIN_ATTEMPTS_CSV),
    (Verb::Get, urls::SERVICE_CSV),
    (Verb::Get, urls::SERVICE_WHY),
    (Verb::Get, urls::WHAT_IF),
    (Verb::Post, urls::USERS_IMPORT),
];

/// A bucket that is empty has something again after a second.
const AGAIN_AFTER_S: u64 = 1;
/// A costly request takes some seconds.
const COSTLY_AGAIN_AFTER_S: u64 = 5;

/// How much each caller may ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestLimits {
    /// Requests at once of whoever is signed in, or of one token of a service.
    pub burst: u32,
    /// And then so many a second.
    pub per_second: u32,
    /// Requests at once to public routes from one network.
    pub public_burst: u32,
    /// And then so many a second.
    pub public_per_second: u32,
    /// Costly requests of one caller that run at once.
    pub costly_at_once: u32,
}

/// Who is counted: somebody with all their sessions and tokens, or a service.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Caller {
    /// A user.
    User(UserId),
    /// The token of a service.
    Service(ApiTokenId),
}

/// What has been asked lately, and what runs.
#[derive(Debug)]
pub(crate) struct Limits(Option<Counted>);

#[derive(Debug)]
struct Counted {
    callers: Buckets<Caller>,
    networks: Buckets<IpAddr>,
    costly_at_once: u32,
    running: Arc<Mutex<HashMap<Caller, u32>>>,
}

/// The place of a costly request; free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    caller: Caller,
    running: Arc<Mutex<HashMap<Caller, u32>>>,
}

impl Limits {
    /// Nothing asked yet.
    pub(crate) fn new(limits: Option<RequestLimits>) -> Limits {
        Limits(limits.map(|limits| Counted {
            callers: Buckets::new(limits.burst, limits.per_second),
            networks: Buckets::new(limits.public_burst, limits.public_per_second),
            costly_at_once: limits.costly_at_once,
            running: Arc::default(),
        }))
    }

    /// Counts a request to a public route.
    ///
    /// # Errors
    /// [`ApiError::TooMany`].
    pub(super) fn public(
        &self,
        entry: &RouteEntry,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        let (Some(counted), Some(address)) = (&self.0, address) else { return Ok(()) };
        if FREE.contains(&entry.path.as_str()) || counted.networks.take(&network(address), now) {
            return Ok(());
        }
        Err(ApiError::TooMany { retry_after_s: AGAIN_AFTER_S })
    }

    /// Counts a request of `caller`; what it holds it must keep until it is
    /// answered to the end.
    ///
    /// # Errors
    /// [`ApiError::TooMany`].
    pub(super) fn of_caller(
        &self,
        entry: &RouteEntry,
        caller: Caller,
        now: Timestamp,
    ) -> Result<Option<Held>, ApiError> {
        let Some(counted) = &self.0 else { return Ok(None) };
        if !counted.callers.take(&caller, now) {
            return Err(ApiError::TooMany { retry_after_s: AGAIN_AFTER_S });
        }
        if !COSTLY.contains(&(entry.verb, entry.path.as_str())) {
            return Ok(None);
        }
        let mut running = lock(&counted.running);
        let count = running.entry(caller).or_default();
        if *count >= counted.costly_at_once {
            return Err(ApiError::TooMany { retry_after_s: COSTLY_AGAIN_AFTER_S });
        }
        *count += 1;
        Ok(Some(Held { caller, running: Arc::clone(&counted.running) }))
    }
}

impl Held {
    /// `response`, which keeps the place until its body has been sent.
    pub(super) fn through(self, response: Response) -> Response {
        let (parts, body) = response.into_parts();
        let body = body.into_data_stream().map(move |chunk| {
            let _held = &self;
            chunk
        });
        Response::from_parts(parts, Body::from_stream(body))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut running = lock(&self.running);
        if let Some(count) = running.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                running.remove(&self.caller);
            }
        }
    }
}

/// The network that one client owns: of IPv6 at least a /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
        v4 => v4,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while holding the lock leaves at worst a count that is off by one.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Action;
    use crate::web::Policy;

    const LIMITS: RequestLimits = RequestLimits {
        burst: 4,
        per_second: 1,
        public_burst: 2,
        public_per_second: 1,
        costly_at_once: 2,
    };

    fn user(last: u8) -> UserId {
        format!("00000000-0000-7000-8000-{last:012}").parse().expect("an id")
    }

    fn entry(verb: Verb, path: &str) -> RouteEntry {
        RouteEntry {
            verb,
            path: path.to_owned(),
            documented: None,
            policy: Policy::May(Action::ReadAudit),
            creates: false,
            body_max: super::super::layers::BODY_BYTES_MAX,
        }
    }

    #[test]
    fn networks_are_counted_apart_and_a_monitor_never() {
        let limits = Limits::new(Some(LIMITS));
        let login = entry(Verb::Get, "/login");
        let asked = |entry: &RouteEntry, address: &str, now: i64| {
            let address: IpAddr = address.parse().expect("an address");
            limits.public(entry, Some(address), Timestamp(now)).is_ok()
        };
        assert!(asked(&login, "192.0.2.1", 0) && asked(&login, "::ffff:192.0.2.1", 0));
        assert!(!asked(&login, "192.0.2.1", 0));
        assert!(asked(&login, "192.0.2.2", 0));
        assert!(asked(&login, "2001:db8::1", 0) && asked(&login, "2001:db8::2", 0));
        assert!(!asked(&login, "2001:db8::3", 0), "one /64 is one network");
        assert!(asked(&login, "192.0.2.1", 1_000) && !asked(&login, "192.0.2.1", 1_000));
        for _ in 0..100 {
            assert!(asked(&entry(Verb::Get, "/healthz"), "192.0.2.1", 0));
        }
    }

    #[test]
    fn costly_requests_have_places_and_give_them_back() {
        let limits = Limits::new(Some(LIMITS));
        let caller = Caller::User(user(1));
        let csv = entry(Verb::Get, "/api/v1/audit.csv");
        let asked = |caller| limits.of_caller(&csv, caller, Timestamp(0));
        let (one, two) = (asked(caller), asked(caller));
        let (one, two) = (one.expect("a place"), two.expect("a place"));
        assert_eq!(
            asked(caller).expect_err("full"),
            ApiError::TooMany { retry_after_s: COSTLY_AGAIN_AFTER_S }
        );
        assert!(asked(Caller::User(user(2))).is_ok(), "others have their own");
        drop(one);
        assert!(asked(caller).expect("a place").is_some());
        // The fifth of four, whatever it costs.
        assert_eq!(
            asked(caller).expect_err("too many"),
            ApiError::TooMany { retry_after_s: AGAIN_AFTER_S }
        );
        drop(two);
        let counted = limits.0.as_ref().expect("limits");
        assert!(lock(&counted.running).is_empty(), "nothing is kept of who asks nothing");
    }
}
