//! From the outbox to the topic `padwacht.definitions`: in order, at least
//! once. A row is forgotten only when the log has it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use ingest::source::Clock;
use store::Scope;
use store::log::{Log, LogError, MAX_KEY_BYTES, MAX_RECORD_BYTES, Record};
use store::records::{self, Actor, OutboxRow, Records, ServiceFilter};
use store::wire::DEFINITIONS_TOPIC;
use tokio_util::sync::CancellationToken;

use super::role::Role;
use crate::batches::Batches;
use crate::trouble::{Trouble, is_final};

/// How long a change waits at most before the engine hears of it, about.
const LOOK_PAUSE: Duration = Duration::from_millis(250);

/// How often a process that does not publish asks whether it may; each try is
/// a write transaction.
const STANDBY_PAUSE: Duration = Duration::from_secs(5);

/// Giving the lease back is a courtesy; a database that is away may not delay
/// the end.
const GIVE_BACK_TIMEOUT: Duration = Duration::from_secs(2);

/// What one look at the outbox came to.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Look {
    /// There may be more at once.
    More,
    /// Nothing is waiting.
    Idle,
    /// Another process publishes.
    Standby,
}

/// Publishes the outbox while this process holds the role.
pub(super) struct Outbox {
    log: Arc<dyn Log>,
    records: Records,
    role: Role,
    clock: Arc<dyn Clock>,
    /// Whether the topic was looked at since this process publishes.
    topic_seen: bool,
}

impl Outbox {
    pub(super) fn new(
        log: Arc<dyn Log>,
        records: Records,
        role: Role,
        clock: Arc<dyn Clock>,
    ) -> Outbox {
        Outbox { log, records, role, clock, topic_seen: false }
    }

    /// Publishes until `shutdown`.
    ///
    /// # Errors
    /// The log is broken for good.
    pub(super) async fn run(&mut self, shutdown: &CancellationToken) -> anyhow::Result<()> {
        let mut trouble = Trouble::new("publish definitions");
        while !shutdown.is_cancelled() {
            let pause = match self.look().await {
                Ok(look) => {
                    trouble.well();
                    match look {
                        Look::More => continue,
                        Look::Idle => LOOK_PAUSE,
                        Look::Standby => STANDBY_PAUSE,
                    }
                }
                Err(error) if error.downcast_ref::<LogError>().is_some_and(is_final) => {
                    return Err(error);
                }
                Err(error) => {
                    metrics::counter!(FAILURES).increment(1);
                    trouble.failed(error)
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        Ok(())
    }

    /// Lets another process publish, if that can be said quickly.
    pub(super) async fn give_back(&self) {
        match tokio::time::timeout(GIVE_BACK_TIMEOUT, self.role.give_back()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "another process must wait for the lease"),
            Err(_) => tracing::warn!("another process must wait for the lease to end"),
        }
    }

    /// Publishes what waits, if this process may.
    pub(super) async fn look(&mut self) -> anyhow::Result<Look> {
        let Some(left) = self.role.hold().await? else {
            self.topic_seen = false;
            return Ok(Look::Standby);
        };
        // An append that outlives the right to publish might overtake another's.
        tokio::time::timeout(left, self.publish())
            .await
            .context("the log took longer than this process may publish")?
    }

    async fn publish(&mut self) -> anyhow::Result<Look> {
        if !self.topic_seen {
            self.fill_new_topic().await?;
            self.topic_seen = true;
        }
        let outbox = self.records.outbox();
        let rows = outbox.pending(records::Outbox::MAX_PENDING).await?;
        let Some(last) = rows.last().map(|row| row.sequence) else { return Ok(Look::Idle) };
        let mut batches = Batches::default();
        let mut count = 0_u64;
        for record in rows.into_iter().filter_map(record) {
            batches.push(record);
            count += 1;
        }
        for batch in batches.done {
            self.log.append(DEFINITIONS_TOPIC, batch).await?;
        }
        outbox.mark_sent(last).await?;
        metrics::counter!(PUBLISHED).increment(count);
        Ok(Look::More)
    }

    /// A log that is new, or was lost, knows no definition; the records do.
    async fn fill_new_topic(&self) -> anyhow::Result<()> {
        for partition in 0..self.log.partitions(DEFINITIONS_TOPIC).await? {
            if !self.log.bounds(DEFINITIONS_TOPIC, partition).await?.is_empty() {
                return Ok(());
            }
        }
        if self
            .records
            .services()
            .within(&Scope::everything())
            .count(&ServiceFilter::default())
            .await?
            == 0
        {
            return Ok(());
        }
        let actor = Actor::new("publisher", self.clock.now());
        let queued = self.records.outbox().republish_all(&actor).await?;
        tracing::info!(queued, "the log knows no definition yet: publishing all of them");
        Ok(())
    }
}

/// Definitions that are in the log.
const PUBLISHED: &str = "padwacht_publish_definitions_total";
/// Looks at the outbox that failed and are tried again.
const FAILURES: &str = "padwacht_publish_failures_total";
/// Definitions that no log takes.
const OVERSIZED: &str = "padwacht_publish_definitions_oversized_total";

/// The record of a row. One that is too large is left out, as it would hold up
/// all the others for ever: what the engine last heard stays in force.
fn record(row: OutboxRow) -> Option<Record> {
    let OutboxRow { sequence, key, value } = row;
    let bytes = key.len() + value.as_ref().map_or(0, String::len);
    if key.len() > MAX_KEY_BYTES || bytes > MAX_RECORD_BYTES {
        metrics::counter!(OVERSIZED).increment(1);
        tracing::error!(
            key,
            sequence,
            bytes,
            "the definition is too large for the log and is not published: make its path shorter"
        );
        return None;
    }
    Some(Record { key: key.into(), value: value.map(Into::into) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_that_no_log_takes_holds_nobody_up() {
        let row = |bytes| OutboxRow {
            sequence: 1,
            key: "service/a".to_owned(),
            value: Some("x".repeat(bytes)),
        };
        assert!(record(row(MAX_RECORD_BYTES)).is_none());
        assert!(record(row(MAX_RECORD_BYTES - "service/a".len())).is_some());
        let gone = OutboxRow { value: None, ..row(0) };
        assert_eq!(record(gone), Some(Record::tombstone("service/a")));
    }
}
