//! Tells listening browsers that intervals changed.
//!
//! One task per process asks the series each second whether anything is newer
//! than before, and only while somebody listens. Listeners see the newest
//! revision only, so a slow one costs no memory and misses nothing that counts.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt, stream};
use store::Scope;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, MissedTickBehavior};

use crate::app::ApiState;
use crate::auth::{Principal, identify_idle};
use crate::metric;
use crate::own;
use crate::policy::Action;
use crate::problem::ApiError;

/// How often the series are asked.
const POLL_EVERY: Duration = Duration::from_secs(1);
/// The longest pause after failures.
const POLL_PAUSE_MAX: Duration = Duration::from_secs(30);
/// Browsers that may listen at once: each holds a connection. A NOC has tens.
const STREAMS_MAX: usize = 500;
/// A stream ends after this and the browser opens it anew.
const STREAM_LIFETIME: Duration = Duration::from_secs(300);
/// How often a stream on which nothing happens looks whether its reader may
/// still listen: whoever is banned is cut off within this time.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// At most one event per stream in this time: a page fetches itself anew at
/// each, and an outage makes many changes.
const EVENT_PAUSE: Duration = Duration::from_secs(2);
/// A comment line so often keeps proxies from closing a quiet stream.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// The newest revision that was seen, and who listens.
pub(crate) struct Changes {
    revision: watch::Sender<u64>,
    streams: Arc<Semaphore>,
}

impl Default for Changes {
    fn default() -> Self {
        Changes { revision: watch::Sender::new(0), streams: Arc::new(Semaphore::new(STREAMS_MAX)) }
    }
}

impl Changes {
    fn listening(&self) -> usize {
        STREAMS_MAX.saturating_sub(self.streams.available_permits())
    }

    fn seen(&self, revision: u64) {
        self.revision.send_if_modified(|known| {
            let is_new = revision != *known;
            *known = revision;
            is_new
        });
    }
}

/// Asks the series for changes until the state's shutdown.
pub(crate) async fn poll(state: ApiState) {
    let mut ticks = tokio::time::interval(POLL_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failures: u32 = 0;
    loop {
        tokio::select! {
            () = state.shutdown().cancelled() => return,
            _ = ticks.tick() => {}
        }
        let changes = state.changes();
        metric::event_streams(changes.listening());
        if changes.listening() == 0 {
            continue;
        }
        match state.series().max_version().await {
            Ok(revision) => {
                failures = 0;
                changes.seen(revision.unwrap_or(0));
            }
            Err(error) => {
                metric::change_poll_failed();
                if failures == 0 {
                    tracing::warn!(%error, "cannot ask the series for changes; trying on");
                }
                failures = failures.saturating_add(1);
                let pause = POLL_EVERY.saturating_mul(1 << failures.min(5)).min(POLL_PAUSE_MAX);
                ticks.reset_after(pause);
            }
        }
    }
}

/// `GET /events`: an event `change` whenever intervals in the reader's scope
/// changed. Its data say nothing: a number that counted the changes of others
/// would tell of their outages.
pub(crate) async fn events(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let changes = state.changes();
    let place = Arc::clone(&changes.streams).try_acquire_owned().map_err(|_| ApiError::Busy)?;
    let receiver = changes.revision.subscribe();
    let ends = state.shutdown().clone().cancelled_owned();
    let until = Instant::now() + STREAM_LIFETIME;
    let scope = principal.scope().clone();
    let seen = own_revision(&state, &scope).await?;
    let listener =
        Listener { state, headers, scope, seen, receiver, is_over: false, until, _place: place };
    let events = stream::unfold(listener, Listener::next).take_until(ends);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

struct Listener {
    state: ApiState,
    /// With what the reader proved who they are.
    headers: HeaderMap,
    scope: Scope,
    /// The newest revision in a bounded scope that was told.
    seen: Option<u64>,
    receiver: watch::Receiver<u64>,
    /// Whether the reader may see something else by now: they were told, and begin
    /// anew.
    is_over: bool,
    until: Instant,
    _place: OwnedSemaphorePermit,
}

impl Listener {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Listener)> {
        if self.is_over {
            return None;
        }
        loop {
            let looks_at = self.until.min(Instant::now() + LOOK_EVERY);
            let is_news = match tokio::time::timeout_at(looks_at, self.receiver.changed()).await {
                Ok(Ok(())) => true,
                Err(_) if looks_at < self.until => false,
                Ok(Err(_)) | Err(_) => return None,
            };
            if is_news {
                // Whatever changes meanwhile is told together with it.
                tokio::time::sleep(EVENT_PAUSE).await;
                self.receiver.borrow_and_update();
            }
            // Whoever was shut out meanwhile hears nothing any more; whose rights
            // changed hears that there is something else to see, and no more.
            let identity = identify_idle(&self.state, &self.headers).await.ok()??;
            let admitted = identity.admitted(&self.state, Action::ReadServices, false, None).await;
            if *admitted.ok()?.scope() != self.scope {
                self.is_over = true;
                break;
            }
            if !is_news {
                continue;
            }
            if self.scope.is_everything() {
                break;
            }
            let Ok(newest) = own_revision(&self.state, &self.scope).await else {
                return None;
            };
            if newest != self.seen {
                self.seen = newest;
                break;
            }
        }
        Some((Ok(Event::default().event("change").data("1")), self))
    }
}

/// The newest revision in a bounded scope; nothing where it has no bounds, for
/// which every change counts.
async fn own_revision(state: &ApiState, scope: &Scope) -> Result<Option<u64>, ApiError> {
    if scope.is_everything() {
        return Ok(None);
    }
    let scope = own::exact(state, scope).await?;
    state.series().within(&scope).newest_revision().await.map_err(ApiError::series)
}
