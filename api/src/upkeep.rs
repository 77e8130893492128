//! What the web does beside answering: forgetting sessions that ended, old
//! sign-in attempts, answers and audit entries, and keeping the metrics' histograms small.

use std::time::Duration;

use correlate::model::Timestamp;
use store::records::{Actor, Idempotency};
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

/// Forgets audit entries that are older than they are kept.
async fn forget_audit(state: &ApiState, now: Timestamp) {
    let Some(kept) = state.config().audit_kept else { return };
    let kept_ms = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
    let actor = Actor::new("upkeep", now);
    match state.records().audit().forget(&actor, now.plus_millis(-kept_ms)).await {
        Ok(0) => {}
        Ok(forgotten) => tracing::info!(forgotten, "forgot old audit entries"),
        Err(error) => tracing::warn!(%error, "could not forget old audit entries; trying later"),
    }
}

async fn tidy(state: &ApiState, now: Timestamp) {
    forget_audit(state, now).await;
    let kept = now.plus_millis(-Idempotency::KEPT_MS);
    if let Err(error) = state.records().idempotency().prune(kept).await {
        tracing::warn!(%error, "could not forget old answers; trying again later");
    }
    let sessions = state.records().sessions().prune(now).await;
    let attempts = state.records().login_attempts().prune(now.plus_millis(-ATTEMPTS_KEPT_MS)).await;
    match sessions.and_then(|sessions| attempts.map(|attempts| (sessions, attempts))) {
        Ok((sessions, attempts)) => tracing::debug!(sessions, attempts, "tidied the records"),
        Err(error) => tracing::warn!(%error, "could not tidy the records; trying again later"),
    }
}
