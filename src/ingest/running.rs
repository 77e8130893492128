//! The accounts that are being watched. It starts, stops and replaces them as
//! the roster says, and waits for the old one to end before the new one begins.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::roster::{LOOK_EVERY, Roster, Wanted};
use super::triggers::{self, Listeners};
use super::{Feed, IngestParts, account};
use crate::trouble::Trouble;

/// The version of what the configuration says, which never changes.
const CONFIGURED: &str = "configured";

/// Watches `feeds`, and with a roster what it wants, until `shutdown`.
///
/// # Errors
/// The log is broken for good.
pub(super) async fn run(
    feeds: Vec<Feed>,
    mut roster: Option<Roster>,
    parts: IngestParts,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let listeners = Listeners::default();
    let following = triggers::follow(Arc::clone(&parts.log), listeners.clone());
    let _following = AbortOnDropHandle::new(tokio::spawn(following));
    let mut running = Running {
        parts,
        listeners,
        stop: shutdown.child_token(),
        tasks: JoinSet::new(),
        names: HashMap::new(),
        on: HashMap::new(),
        wanted: BTreeMap::new(),
    };
    for feed in feeds {
        running.start(CONFIGURED.to_owned(), feed);
    }
    let mut looks = Trouble::new("look which NMS accounts were entered");
    let mut due = Instant::now();
    let mut result = Ok(());
    while result.is_ok() {
        tokio::select! {
            () = shutdown.cancelled() => break,
            Some(ended) = running.tasks.join_next_with_id() => match running.ended(ended) {
                Ok(Some(name)) => {
                    if let Some(roster) = &roster {
                        roster.ended(&name).await;
                    }
                }
                Ok(None) => {}
                Err(error) => result = Err(error),
            },
            () = sleep_until(due), if roster.is_some() => {
                let Some(roster) = &mut roster else { continue };
                match shutdown.run_until_cancelled(roster.look()).await {
                    None => break,
                    Some(Ok(found)) => {
                        looks.well();
                        if let Some(wanted) = found {
                            running.want(wanted);
                        }
                        due = Instant::now() + LOOK_EVERY;
                    }
                    Some(Err(error)) => {
                        due = Instant::now() + looks.failed(error).max(LOOK_EVERY);
                    }
                }
            }
        }
    }
    running.stop.cancel();
    while let Some(ended) = running.tasks.join_next_with_id().await {
        if let Err(error) = running.ended(ended)
            && result.is_ok()
        {
            result = Err(error);
        }
    }
    result
}

struct Running {
    parts: IngestParts,
    listeners: Listeners,
    stop: CancellationToken,
    tasks: JoinSet<anyhow::Result<()>>,
    /// Whose each task is.
    names: HashMap<Id, String>,
    on: HashMap<String, On>,
    /// What the records want now, and is not on yet in that version.
    wanted: BTreeMap<String, Wanted>,
}

/// An account that is on.
struct On {
    version: String,
    stop: CancellationToken,
}

impl Running {
    fn start(&mut self, version: String, feed: Feed) {
        let (name, stop) = (feed.name.clone(), self.stop.child_token());
        let words = self.listeners.add(&name);
        let watching = account::run(feed, words, self.parts.clone(), stop.clone());
        let task = self.tasks.spawn(watching).id();
        self.names.insert(task, name.clone());
        self.on.insert(name, On { version, stop });
    }

    /// Takes over what the records want: stops what is not among it, and starts
    /// what is not on.
    fn want(&mut self, wanted: BTreeMap<String, Wanted>) {
        for (name, on) in self.on.iter().filter(|(_, on)| on.version != CONFIGURED) {
            match wanted.get(name) {
                Some(wanted) if wanted.version == on.version => continue,
                _ if on.stop.is_cancelled() => continue,
                Some(_) => tracing::info!(nms = name, "an NMS account was changed"),
                None => tracing::info!(nms = name, "an NMS account was removed or switched off"),
            }
            on.stop.cancel();
        }
        self.wanted = wanted;
        self.wanted
            .retain(|name, wanted| self.on.get(name).is_none_or(|on| on.version != wanted.version));
        let free: Vec<String> =
            self.wanted.keys().filter(|name| !self.on.contains_key(*name)).cloned().collect();
        for name in free {
            self.start_wanted(&name);
        }
    }

    fn start_wanted(&mut self, name: &str) -> bool {
        let Some(Wanted { version, feed }) = self.wanted.remove(name) else { return false };
        tracing::info!(nms = name, "watches an NMS account that was entered");
        self.start(version, feed);
        true
    }

    /// Takes note that a task ended; gives the name of an account that was
    /// stopped and is wanted no more.
    ///
    /// # Errors
    /// The log is broken for good.
    fn ended(
        &mut self,
        ended: Result<(Id, anyhow::Result<()>), JoinError>,
    ) -> anyhow::Result<Option<String>> {
        let (task, result) = match ended {
            Ok(ended) => ended,
            Err(panic) => {
                // The others go on; the panic itself is logged where it happened.
                tracing::error!(%panic, "an account is not watched any more, restart the process");
                (panic.id(), Ok(()))
            }
        };
        let name = self.names.remove(&task);
        result?;
        let Some(name) = name else { return Ok(None) };
        let was_stopped = self.on.remove(&name).is_some_and(|on| on.stop.is_cancelled());
        self.listeners.remove(&name);
        if !was_stopped || self.stop.is_cancelled() || self.start_wanted(&name) {
            return Ok(None);
        }
        Ok(Some(name))
    }
}
