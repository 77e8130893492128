//! When to stop: the signals that end a process, and how long a stage may
//! still take to finish what it has in hand.

use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How long a stage may finish its work in hand: half of the 10 s after which
/// container engines kill.
pub(crate) const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// A token that is cancelled by the first SIGINT (Ctrl-C) or SIGTERM.
///
/// # Errors
/// The operating system refuses a handler.
pub(crate) fn shutdown_on_signal() -> anyhow::Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt()).context("watch for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("watch for SIGTERM")?;
    let shutdown = CancellationToken::new();
    let cancelled = shutdown.clone();
    tokio::spawn(async move {
        let name = tokio::select! {
            _ = interrupt.recv() => "SIGINT",
            _ = terminate.recv() => "SIGTERM",
        };
        tracing::info!(signal = name, "stopping");
        cancelled.cancel();
    });
    Ok(shutdown)
}

/// Calls `act` at each SIGHUP until `shutdown`.
///
/// # Errors
/// The operating system refuses a handler.
pub(crate) fn on_hangup(
    shutdown: CancellationToken,
    act: impl Fn() + Send + 'static,
) -> anyhow::Result<()> {
    let mut hangup = signal(SignalKind::hangup()).context("watch for SIGHUP")?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = hangup.recv() => act(),
            }
        }
    });
    Ok(())
}

/// Completes [`SHUTDOWN_GRACE`] after `shutdown`.
pub(crate) async fn grace_over(shutdown: &CancellationToken) {
    shutdown.cancelled().await;
    tokio::time::sleep(SHUTDOWN_GRACE).await;
}
