//! What the web does beside answering: forgetting sessions that ended, old
//! sign-in attempts, answers and audit entries, and keeping the metrics' histograms small.

use std::time::Duration;

use correlate::model::Timestamp;
use store::records::{Actor, Idempotency};
use tokio::time::MissedTickBehavior;

use crate::app::ApiState;
use crate::auth::FORGET_AFTER_MS;

/// How often the metrics' recorder folds what it gathered (its documentation
/// asks for a few seconds).
const METRICS_EVERY: Duration = Duration::from_secs(5);
/// A browser in which nobody came in for so long, half a year, is a stranger again.
const DEVICE_KEPT_MS: i64 = 180 * 86_400_000;
/// How often the records are tidied.
const RECORDS_EVERY: Duration = Duration::from_secs(3_600);

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

/// Forgets audit entries that are older than they are kept.
async fn forget_audit(state: &ApiState, now: Timestamp) {
    let Some(kept) = state.config().audit_kept else { return };
    let actor = Actor::new("upkeep", now);
    match state.records().audit().forget(&actor, before(now, kept)).await {
        Ok(0) => {}
        Ok(forgotten) => tracing::info!(forgotten, "forgot old audit entries"),
        Err(error) => tracing::warn!(%error, "could not forget old audit entries; trying later"),
    }
}

fn before(now: Timestamp, kept: Duration) -> Timestamp {
    now.plus_millis(-i64::try_from(kept.as_millis()).unwrap_or(i64::MAX))
}

async fn tidy(state: &ApiState, now: Timestamp) {
    forget_audit(state, now).await;
    let kept = now.plus_millis(-Idempotency::KEPT_MS);
    if let Err(error) = state.records().idempotency().prune(kept).await {
        tracing::warn!(%error, "could not forget old answers; trying again later");
    }
    if let Err(error) = state.records().factors().prune(now).await {
        tracing::warn!(%error, "could not forget what was begun; trying again later");
    }
    let sessions = state.records().sessions().prune(now).await;
    let forgotten = before(now, state.config().attempts_kept);
    let attempts = state.records().login_attempts().prune(forgotten).await;
    let quiet = now.plus_millis(-FORGET_AFTER_MS);
    let tries = state.records().sign_in_tries().prune(quiet, now).await;
    let devices = state.records().devices().prune(now.plus_millis(-DEVICE_KEPT_MS)).await;
    let attempts = tries.and(devices).and(attempts);
    match sessions.and_then(|sessions| attempts.map(|attempts| (sessions, attempts))) {
        Ok((sessions, attempts)) => tracing::debug!(sessions, attempts, "tidied the records"),
        Err(error) => tracing::warn!(%error, "could not tidy the records; trying again later"),
    }
}
