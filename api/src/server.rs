//! Makes the router, and runs it until told to stop.

mod connection;
mod redirect;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::ApiState;
use crate::problem::{ApiError, Thing};
use crate::{changes, map, reference, upkeep, web};
use connection::{Limits, Server};

pub(crate) use redirect::to_https;
pub use tls::{Tls, TlsError};

/// Requests that still run this long after the stop are cut off.
const DRAIN_WITHIN: Duration = Duration::from_secs(10);

/// How often the files of the certificate are looked at: tools that renew it
/// do so weeks before it ends.
const CERTIFICATE_LOOK: Duration = Duration::from_secs(60);

/// Where requests come in.
#[derive(Debug)]
pub struct Listeners {
    /// For pages and API.
    pub pages: TcpListener,
    /// Encrypts them.
    pub tls: Option<Tls>,
    /// Plain http beside it: sends browsers to https and refuses programs.
    pub redirect: Option<TcpListener>,
}

impl From<TcpListener> for Listeners {
    /// Without encryption: behind a proxy, or on this machine alone.
    fn from(pages: TcpListener) -> Listeners {
        Listeners { pages, tls: None, redirect: None }
    }
}

/// Every route with its policy, inside every layer. Must be served with
/// connect info (`SocketAddr`), as [`serve`] does.
pub fn router(state: ApiState) -> Router {
    let (routes, entries, document) = map::routes(&state).into_parts();
    let reference = reference::reference(&document, state.public_origin()).map(Arc::new);
    let routes = routes.layer(Extension(reference));
    let routes = routes.layer(Extension(Arc::new(document))).layer(Extension(Arc::new(entries)));
    let routes = routes.fallback(|| async { ApiError::NotFound(Thing::Address) });
    web::wrap(routes, &state)
}

/// Serves on `listeners` until `shutdown` is cancelled, then lets running
/// requests end. Also runs the tasks that tell pages of changes, tidy up, and
/// take up a renewed certificate.
pub async fn serve(state: ApiState, listeners: impl Into<Listeners>, shutdown: CancellationToken) {
    let Listeners { pages, tls, redirect } = listeners.into();
    let stop = state.shutdown().clone();
    let mut beside =
        vec![tokio::spawn(changes::poll(state.clone())), tokio::spawn(upkeep::run(state.clone()))];
    if let Some(tls) = &tls {
        beside.push(tokio::spawn(watch(tls.clone(), stop.clone())));
    }
    let server = Server {
        router: router(state.clone()),
        tls,
        trusted_proxies: state.config().trusted_proxies.clone().into(),
        limits: Limits::default(),
        stop: stop.clone(),
        cut: CancellationToken::new(),
        running: TaskTracker::new(),
    };
    if let Some(listener) = redirect {
        let router = web::wrap_redirect(redirect::router(state.public_origin()), &state);
        let plain = Server { router, tls: None, ..server.clone() };
        beside.push(tokio::spawn(connection::accept(listener, plain)));
    }
    beside.push(tokio::spawn(connection::accept(pages, server.clone())));
    shutdown.cancelled().await;
    stop.cancel();
    server.running.close();
    if tokio::time::timeout(DRAIN_WITHIN, server.running.wait()).await.is_err() {
        tracing::warn!("requests were still running when the web server stopped");
        server.cut.cancel();
    }
    for task in beside {
        if let Err(error) = task.await {
            tracing::error!(%error, "a task beside the web server failed");
        }
    }
}

/// Takes up the certificate whenever its files change.
async fn watch(tls: Tls, stop: CancellationToken) {
    let mut failing = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(CERTIFICATE_LOOK) => {}
        }
        let looking = tls.clone();
        let Ok(read) = tokio::task::spawn_blocking(move || looking.reload()).await else { return };
        match read {
            Ok(changed) => {
                if changed {
                    tracing::info!("took up a new certificate");
                }
                failing = false;
            }
            // Once per trouble: between two renamed files it passes by itself.
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(%error, "the certificate cannot be read: the old one stays");
            }
            Err(_) => {}
        }
    }
}
