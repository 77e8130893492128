//! Makes the router, and runs it until told to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::ApiState;
use crate::problem::{ApiError, Thing};
use crate::{changes, map, upkeep, web};

/// Requests that still run this long after the stop are cut off.
const DRAIN_WITHIN: Duration = Duration::from_secs(10);

/// The server ended on its own.
#[derive(Debug, thiserror::Error)]
#[error("the web server stopped: {0}")]
pub struct ServeError(#[from] std::io::Error);

/// Every route with its policy, inside every layer. Must be served with
/// connect info (`SocketAddr`), as [`serve`] does.
pub fn router(state: ApiState) -> Router {
    let (routes, entries, document) = map::routes(&state).into_parts();
    let routes = routes.layer(Extension(Arc::new(document))).layer(Extension(Arc::new(entries)));
    let routes = routes.fallback(|| async { ApiError::NotFound(Thing::Address) });
    web::wrap(routes, &state)
}

/// Serves on `listener` until `shutdown` is cancelled, then lets running
/// requests end. Also runs the tasks that tell pages of changes and
/// tidy up.
///
/// # Errors
/// The listener failed for good.
pub async fn serve(
    state: ApiState,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let stop = state.shutdown().clone();
    let poller = tokio::spawn(changes::poll(state.clone()));
    let upkeep = tokio::spawn(upkeep::run(state.clone()));
    let service = router(state).into_make_service_with_connect_info::<SocketAddr>();
    let drained = {
        let (shutdown, stop) = (shutdown.clone(), stop.clone());
        async move {
            shutdown.cancelled().await;
            stop.cancel();
        }
    };
    let server = axum::serve(listener, service).with_graceful_shutdown(drained);
    let overdue = async {
        shutdown.cancelled().await;
        tokio::time::sleep(DRAIN_WITHIN).await;
    };
    let ended = tokio::select! {
        ended = async { server.await } => ended,
        () = overdue => {
            tracing::warn!("requests were still running when the web server stopped");
            Ok(())
        }
    };
    stop.cancel();
    for task in [poller, upkeep] {
        if let Err(error) = task.await {
            tracing::error!(%error, "a task beside the web server failed");
        }
    }
    Ok(ended?)
}
