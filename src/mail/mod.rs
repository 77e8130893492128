//! Sends the mails that the records queue, one process at a time.
//!
//! A mail that the server takes may be sent once more when this process is
//! killed at that very moment; its message id is then the same. Nothing here
//! knows what a mail is about, and no body or address gets into the log.

mod message;
#[cfg(test)]
mod tests;
mod transport;

use std::sync::Arc;
use std::time::Duration;

use ingest::source::{Clock, SystemClock};
use lettre::AsyncTransport;
use store::records::{DueMail, Mails, Records, RecordsError};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub(crate) use transport::{Smtp, smtp};

use crate::config::MailConfig;

/// What `store::records` calls the right to send mails.
const LEASE: &str = "mail";

/// How long a process that was killed keeps the others waiting.
const LEASE_MS: u32 = 60_000;

/// Between two looks for mails: somebody waits for a link in front of a screen.
const LOOK: Duration = Duration::from_secs(2);

/// The pause before the second attempt; each later one is twice as long.
const RETRY_MS: i64 = 15_000;

/// The longest pause between two attempts.
const RETRY_MS_MAX: i64 = 3_600_000;

/// What became of mails is kept for so long.
const KEPT_MS: i64 = 30 * 86_400_000;

/// Why a mail was not sent.
struct Refused {
    /// For administrators: what the server or the network says.
    reason: String,
    /// For the log: the code of the reply, or what it was that failed. The words of
    /// a server repeat the address.
    code: String,
    /// Whether the same mail will always be refused.
    for_good: bool,
    /// Whether other mails can be tried meanwhile.
    only_this: bool,
}

/// Sends mails until `shutdown`.
///
/// # Errors
/// Settings that make no connection.
pub(crate) async fn run(
    config: &MailConfig,
    records: Records,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let sender = Sender {
        smtp: smtp(config)?,
        config: config.clone(),
        records,
        clock: Arc::new(SystemClock),
        holder: Uuid::now_v7().to_string(),
    };
    sender.run(&shutdown).await;
    Ok(())
}

struct Sender {
    smtp: Smtp,
    config: MailConfig,
    records: Records,
    clock: Arc<dyn Clock>,
    /// Another one in each process.
    holder: String,
}

impl Sender {
    async fn run(&self, shutdown: &CancellationToken) {
        let mut failing = false;
        loop {
            match self.round(shutdown).await {
                Ok(()) => failing = false,
                // Once per trouble: the database says more in its own place.
                Err(error) if !failing => {
                    failing = true;
                    tracing::warn!(%error, "mails wait for the database");
                }
                Err(_) => {}
            }
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        // It ends by itself otherwise.
        drop(self.records.leases().release(LEASE, &self.holder).await);
    }

    /// Sends what is due, if this process is the one that sends.
    async fn round(&self, shutdown: &CancellationToken) -> Result<(), RecordsError> {
        let now = self.clock.now();
        let leases = self.records.leases();
        if leases.acquire(LEASE, &self.holder, now, LEASE_MS).await?.is_none() {
            return Ok(());
        }
        let mails = self.records.mails();
        mails.forget(now.plus_millis(-KEPT_MS)).await?;
        for mail in mails.due(now).await? {
            if shutdown.is_cancelled() || !self.send(mails, mail).await? {
                break;
            }
            // A slow server must not outlast the lease.
            let now = self.clock.now();
            if leases.acquire(LEASE, &self.holder, now, LEASE_MS).await?.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Tries one mail; whether others can be tried now.
    async fn send(&self, mails: Mails<'_>, mail: DueMail) -> Result<bool, RecordsError> {
        let outcome = match message::of(&mail, &self.config.from) {
            Ok(message) => match self.smtp.send(message).await {
                Ok(_) => Ok(()),
                Err(error) => Err(transport::judge(&error)),
            },
            Err(reason) => {
                let code = "message".to_owned();
                Err(Refused { reason, code, for_good: true, only_this: true })
            }
        };
        let now = self.clock.now();
        let id = mail.id;
        let Err(refused) = outcome else {
            metrics::counter!("padwacht_mails_total", "outcome" => "sent").increment(1);
            tracing::info!(mail = %id, attempts = mail.attempts + 1, "sent a mail");
            return mails.sent(id, now).await.map(|()| true);
        };
        let pause = RETRY_MS.saturating_mul(1 << mail.attempts.min(16)).min(RETRY_MS_MAX);
        let next_at = (!refused.for_good).then(|| now.plus_millis(pause));
        let outcome = if refused.for_good { "failed" } else { "postponed" };
        metrics::counter!("padwacht_mails_total", "outcome" => outcome).increment(1);
        tracing::warn!(mail = %id, code = refused.code, outcome, "a mail was not sent");
        mails.not_sent(id, now, &refused.reason, next_at).await?;
        Ok(refused.only_this)
    }
}
