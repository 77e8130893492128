//! What the web does beside answering: forgetting sessions that ended and old
//! sign-in attempts, and keeping the metrics' histograms small.

use std::time::Duration;

use correlate::model::Timestamp;
use tokio::time::MissedTickBehavior;

use crate::app::ApiState;

/// How often the metrics' recorder folds what it gathered (its documentation
/// asks for a few seconds).
const METRICS_EVERY: Duration = Duration::from_secs(5);
/// How often the records are tidied.
const RECORDS_EVERY: Duration = Duration::from_secs(3_600);
/// Sign-in attempts are kept for ninety days: long enough to look into an
/// incident, and no longer, as they hold addresses of people.
const ATTEMPTS_KEPT_MS: i64 = 90 * 86_400_000;

/// Runs until the state's shutdown.
pub(crate) async fn run(state: ApiState) {
    let mut metrics = tokio::time::interval(METRICS_EVERY);
    let mut records = tokio::time::interval(RECORDS_EVERY);
    for ticks in [&mut metrics, &mut records] {
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    }
    loop {
        tokio::select! {
            () = state.shutdown().cancelled() => return,
            _ = metrics.tick() => {
                if let Some(handle) = state.metrics() {
                    handle.run_upkeep();
                }
            }
            _ = records.tick() => tidy(&state, state.now()).await,
        }
    }
}

async fn tidy(state: &ApiState, now: Timestamp) {
    let sessions = state.records().sessions().prune(now).await;
    let attempts = state.records().login_attempts().prune(now.plus_millis(-ATTEMPTS_KEPT_MS)).await;
    match sessions.and_then(|sessions| attempts.map(|attempts| (sessions, attempts))) {
        Ok((sessions, attempts)) => tracing::debug!(sessions, attempts, "tidied the records"),
        Err(error) => tracing::warn!(%error, "could not tidy the records; trying again later"),
    }
}
