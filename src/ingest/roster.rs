//! The accounts that people entered, as the records have them now. It asks for
//! their versions, and for the accounts and their tokens only when one differs.
//!
//! An account of the configuration goes before one of the same name here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use ingest::source::SystemClock;
use sha2::{Digest, Sha256};
use store::records::{Records, RecordsError, WatchedAccount};

use super::Feed;
use crate::config::Polling;
use crate::nms;

/// How often the records are asked: soon enough for somebody who just entered
/// an account, and nothing beside what is asked of an NMS.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(3);

/// Bytes of the hash of a URL that tell the cursors of one account apart.
const URL_HASH_BYTES: usize = 8;

/// An account to watch.
pub(super) struct Wanted {
    /// Another one after every change.
    pub(super) version: String,
    pub(super) feed: Feed,
}

/// Follows the accounts in the records.
pub(super) struct Roster {
    records: Records,
    configured: BTreeSet<String>,
    pace: Polling,
    cursors: PathBuf,
    stale_after: Duration,
    /// `None` before the first look.
    known: Option<BTreeMap<String, String>>,
}

impl Roster {
    /// The accounts in `records` besides those that are `configured`; what they
    /// do not say follows `pace`, and how far they were read is kept in `cursors`.
    /// `stale_after` is the staleness limit of their components.
    pub(super) fn new(
        records: Records,
        configured: BTreeSet<String>,
        pace: Polling,
        cursors: PathBuf,
        stale_after: Duration,
    ) -> Roster {
        Roster { records, configured, pace, cursors, stale_after, known: None }
    }

    /// The accounts to watch, by name; `None` if they are those of the last look.
    ///
    /// # Errors
    /// The records are away; the accounts of the last look stay.
    pub(super) async fn look(&mut self) -> Result<Option<BTreeMap<String, Wanted>>, RecordsError> {
        let versions = self.records.accounts().versions().await?;
        if self.known.as_ref() == Some(&versions) {
            return Ok(None);
        }
        let watched = self.records.accounts().watched().await?;
        if self.configured.is_empty() && watched.is_empty() {
            tracing::warn!("there is no NMS account, so there is nothing to watch: add one");
        }
        self.known = Some(versions);
        let mut wanted = BTreeMap::new();
        for WatchedAccount { account, token } in watched {
            let name = account.name;
            if self.configured.contains(&name) {
                tracing::warn!(nms = name, "was entered, but the one of the configuration is read");
                continue;
            }
            if !account.entered.enabled {
                continue;
            }
            let read = token
                .map_err(|error| anyhow!("its token {error}"))
                .and_then(|token| nms::watched(&name, &account.entered, &token, self.pace));
            let feed = match read {
                Ok(read) => {
                    let cursor_file = self.cursor_file(&name, &account.entered.url);
                    super::feed(&read, cursor_file, self.stale_after)
                }
                Err(error) => unreadable(&name, self.stale_after, &format!("{error:#}")),
            };
            wanted.insert(name, Wanted { version: account.version, feed });
        }
        Ok(Some(wanted))
    }

    /// Tells the records that nobody reads `name` any more.
    pub(super) async fn ended(&self, name: &str) {
        if let Err(error) = self.records.accounts().forget_removed(name).await {
            tracing::warn!(nms = name, %error, "the status of an account that is gone may stay");
        }
    }

    /// What was read of one NMS says nothing of another that has its name now.
    fn cursor_file(&self, name: &str, url: &str) -> PathBuf {
        let hash = Sha256::digest(url.as_bytes());
        let hash = hash.iter().take(URL_HASH_BYTES).map(|byte| format!("{byte:02x}"));
        // No name has an @.
        self.cursors.join(format!("{name}@{}", hash.collect::<String>()))
    }
}

/// An account that cannot be read as it is; its status says why.
fn unreadable(name: &str, stale_after: Duration, reason: &str) -> Feed {
    let reason = reason.to_owned();
    Feed {
        name: name.to_owned(),
        clock: Arc::new(SystemClock),
        cursor_file: None,
        stale_after,
        open: Arc::new(move || Err(anyhow!("{reason}"))),
    }
}
