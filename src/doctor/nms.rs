//! The NMS accounts: address, token, rights, clock, age of data, ports, sessions
//! and checks; the source itself tries them step by step.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ingest::librenms::LibreNms;
use ingest::source::{Finding, Source, SystemClock};
use secrecy::ExposeSecret;
use store::records::{Records, WatchedAccount};

use super::{Check, Verdict, chain};
use crate::config::{Config, NmsAccount, NmsKind};
use crate::wiring::{self, KeyFile};

/// Without an account there is nothing to watch.
pub(super) fn none() -> Verdict {
    Verdict::wrong(
        "there is no account, so there is nothing to watch",
        "add one on the pages, at /sources/new, or set LIBRENMS_API_URL and LIBRENMS_API_TOKEN, \
         or write an [[nms]] section",
    )
}

/// The accounts that were entered on the pages, each as one that is configured;
/// a database that is not there yet has none, and is not made.
pub(super) async fn check_entered(config: &Config) -> Vec<Check> {
    let part = || "nms".to_owned();
    let nothing = || match config.nms.is_empty() {
        true => vec![Check { part: part(), verdict: none() }],
        false => Vec::new(),
    };
    let file = config.database.url.expose_secret().strip_prefix("sqlite://").map(Path::new);
    if file.is_some_and(|file| !file.exists()) {
        return nothing();
    }
    let watched = match entered(config).await {
        Ok(watched) => watched,
        // What is said of the database says it all.
        Err(_) if !config.nms.is_empty() => return Vec::new(),
        Err(error) => {
            let problem = format!("the accounts that were entered: {}", chain(error.as_ref()));
            let advice = "see what is said of database and secrets".to_owned();
            return vec![Check { part: part(), verdict: Verdict::Worrying { problem, advice } }];
        }
    };
    let ours = |one: &WatchedAccount| config.nms.iter().all(|set| set.name != one.account.name);
    let watched = watched.into_iter().filter(|one| one.account.entered.enabled && ours(one));
    let mut checks = Vec::new();
    for WatchedAccount { account, token } in watched {
        let read = token.map_err(anyhow::Error::new).and_then(|token| {
            crate::nms::watched(&account.name, &account.entered, &token, config.pace)
        });
        match read {
            Ok(read) => checks.extend(check(&read, config.correlate.stale_after).await),
            Err(error) => {
                let verdict = Verdict::wrong(chain(error.as_ref()), "correct it at /sources");
                checks.push(Check { part: format!("nms {}", account.name), verdict });
            }
        }
    }
    if checks.is_empty() { nothing() } else { checks }
}

async fn entered(config: &Config) -> anyhow::Result<Vec<WatchedAccount>> {
    let keyring = wiring::keyring(config, KeyFile::MustBeThere)?;
    let records = Records::connect(config.database.url.expose_secret(), keyring).await?;
    records.check().await?;
    Ok(records.accounts().watched().await?)
}

/// Tries everything that polling needs; `stale_after` is the staleness limit of
/// all components.
pub(super) async fn check(account: &NmsAccount, stale_after: Duration) -> Vec<Check> {
    let NmsKind::LibreNms = account.kind;
    let source = crate::parts::librenms(account).and_then(|mut settings| {
        // Somebody waits for the answer, and a failure that passes is one to know of.
        settings.retries = 0;
        LibreNms::new(settings, Arc::new(SystemClock))
    });
    let part = format!("nms {}", account.name);
    match source {
        Ok(source) => {
            let found = source.check().await;
            let mut checks: Vec<Check> =
                found.into_iter().map(|finding| told(&part, finding)).collect();
            // How often an NMS polls that says nothing is not known.
            if checks.iter().any(|check| matches!(check.verdict, Verdict::Well(_))) {
                let verdict = staleness(source.nms_interval(), stale_after);
                checks.push(Check { part: format!("{part}, staleness limit"), verdict });
            }
            checks
        }
        Err(error) => {
            let verdict = Verdict::wrong(chain(&error), "correct it in the [[nms]] section");
            vec![Check { part, verdict }]
        }
    }
}

/// What works is seen to work once in an interval of the NMS, up to another one
/// later.
fn staleness(interval: Duration, stale_after: Duration) -> Verdict {
    let needed = interval.saturating_mul(3);
    let (every, limit) = (interval.as_secs(), stale_after.as_secs());
    if needed <= stale_after {
        return Verdict::Well(format!("{limit} s, and the NMS polls every {every} s"));
    }
    Verdict::wrong(
        format!(
            "{limit} s, but the NMS polls every {every} s: what works turns unknown in between"
        ),
        &format!("set correlate.stale_after to {} s or more", needed.as_secs()),
    )
}

/// A finding's own text already says what to do.
fn told(part: &str, finding: Finding) -> Check {
    let verdict = match finding.outcome {
        Ok(seen) => Verdict::Well(seen),
        Err(error) => Verdict::Wrong { problem: error.message, advice: None },
    };
    Check { part: format!("{part}, {}", finding.subject), verdict }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_staleness_limit_below_three_polls_is_wrong() {
        let of = |interval, stale_after| {
            staleness(Duration::from_secs(interval), Duration::from_secs(stale_after))
        };
        assert!(matches!(of(300, 900), Verdict::Well(_)));
        let Verdict::Wrong { problem, advice } = of(900, 900) else { panic!("it is wrong") };
        assert!(problem.contains("every 900 s"), "{problem}");
        assert!(advice.is_some_and(|advice| advice.contains("correlate.stale_after to 2700 s")));
    }
}
