//! Makes the embedded log forget what its topics need not keep, once an hour.
//! Kafka does so by itself. It never keeps the log open.

use std::sync::{Arc, Weak};
use std::time::Duration;

use ingest::source::Clock;
use store::log::EmbeddedLog;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Retention is counted in days, and an hour of samples is quickly dropped.
const SWEEP_INTERVAL: Duration = Duration::from_secs(3_600);

/// Sweeps at once and then hourly, in the background, until `shutdown` or
/// until nobody else holds `log`.
pub(crate) fn start(log: &Arc<EmbeddedLog>, clock: Arc<dyn Clock>, shutdown: CancellationToken) {
    let log = Arc::downgrade(log);
    tokio::spawn(async move {
        shutdown.run_until_cancelled(sweep_for_ever(log, clock)).await;
    });
}

async fn sweep_for_ever(log: Weak<EmbeddedLog>, clock: Arc<dyn Clock>) {
    let mut ticks = tokio::time::interval(SWEEP_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(log) = log.upgrade() else { return };
        match log.enforce_retention(clock.now()).await {
            Ok(0) => {}
            Ok(dropped) => tracing::info!(dropped, "dropped old records from the embedded log"),
            Err(error) => {
                let error = format!("{:#}", anyhow::Error::new(error));
                tracing::error!(error, "cannot drop old records from the embedded log");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use correlate::model::Timestamp;
    use store::log::{Log, Record, TopicKind, TopicSpec};

    use super::*;

    #[tokio::test]
    async fn old_records_go_at_the_start_and_the_log_is_not_kept_open() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let log = Arc::new(EmbeddedLog::open(dir.path()).await.expect("the log opens"));
        let kind = TopicKind::Retained(Duration::from_secs(3_600));
        let topic = TopicSpec { name: "t".to_owned(), partitions: 1, kind };
        log.ensure_topic(&topic).await.expect("the topic is made");
        log.append("t", vec![Record::new("k", "v")]).await.expect("appends");
        let year_2200 = || Timestamp(7_258_118_400_000);
        start(&log, Arc::new(year_2200), CancellationToken::new());
        crate::testing::eventually("the record to go", async || {
            (log.bounds("t", 0).await.expect("there is one") == (1..1)).then_some(())
        })
        .await;
        drop(log);
        crate::testing::eventually("the log to be free", async || {
            EmbeddedLog::open(dir.path()).await.ok()
        })
        .await;
    }
}
