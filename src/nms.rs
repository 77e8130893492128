//! What pages and API need to know of NMS accounts that only this binary
//! knows: which are in the configuration, what can be set, and whether one can
//! be read. It enters nothing itself.

use std::sync::Arc;
use std::time::Duration;

use ::api::{ConfiguredNms, NmsDesk, NmsField, NmsFinding, NmsRefusal, NmsWanted};
use futures::FutureExt;
use futures::future::BoxFuture;
use ingest::librenms::LibreNms;
use ingest::source::{Finding, Source, SystemClock};
use secrecy::SecretString;
use store::records::AccountDraft;

use crate::config::{
    Config, Entered, NmsAccount, NmsKind, Polling, offered_settings, read_entered,
};
use crate::parts;

/// Names that the addresses of pages and API have taken.
const NAMES_TAKEN: [&str; 2] = ["new", "check"];
/// A connection is tried for so long: somebody waits, and so does the browser.
const CHECK_TIMEOUT: Duration = Duration::from_secs(25);
/// One answer of the NMS may take so long in it.
const CHECK_CALL_TIMEOUT: Duration = Duration::from_secs(12);

/// What the configuration says of NMS accounts.
#[derive(Debug)]
pub(crate) struct Desk {
    configured: Vec<ConfiguredNms>,
    pace: Polling,
}

impl Desk {
    /// That of `config`.
    pub(crate) fn of(config: &Config) -> Desk {
        let configured = config.nms.iter().map(|account| {
            let NmsKind::LibreNms = account.kind;
            let (name, url) = (account.name.clone(), account.url.to_string());
            ConfiguredNms { name, kind: "librenms".to_owned(), url }
        });
        Desk { configured: configured.collect(), pace: config.pace }
    }
}

impl NmsDesk for Desk {
    fn configured(&self) -> &[ConfiguredNms] {
        &self.configured
    }

    fn settings(&self) -> Vec<NmsField> {
        let field = |one: crate::config::Offered| NmsField { key: one.key, default: one.default };
        offered_settings(self.pace).into_iter().map(field).collect()
    }

    fn check(&self, wanted: NmsWanted<'_>, token: &SecretString) -> Result<(), Vec<NmsRefusal>> {
        if NAMES_TAKEN.contains(&wanted.name) {
            let reason = format!("must not be {:?}: an address has it", wanted.name);
            return Err(vec![NmsRefusal { field: "name".to_owned(), reason }]);
        }
        account(wanted, token, self.pace).map(drop)
    }

    fn try_connection(
        &self,
        wanted: NmsWanted<'_>,
        token: &SecretString,
    ) -> Result<BoxFuture<'static, Vec<NmsFinding>>, Vec<NmsRefusal>> {
        let (_, mut settings) = account(wanted, token, self.pace)?;
        settings.retries = 0;
        settings.call_timeout = settings.call_timeout.min(CHECK_CALL_TIMEOUT);
        settings.silence_timeout = settings.silence_timeout.min(CHECK_CALL_TIMEOUT);
        let source = LibreNms::new(settings, Arc::new(SystemClock)).map_err(|error| {
            vec![NmsRefusal { field: "url".to_owned(), reason: error.to_string() }]
        })?;
        Ok(async move {
            match tokio::time::timeout(CHECK_TIMEOUT, source.check()).await {
                Ok(findings) => findings.into_iter().map(told).collect(),
                Err(_) => vec![NmsFinding { subject: "answer in time", outcome: Err("timed_out") }],
            }
        }
        .boxed())
    }
}

/// What went wrong is told by its kind alone, which the pages explain: the words
/// of whoever listens at an address are for nobody who may only have guessed it.
fn told(finding: Finding) -> NmsFinding {
    let outcome = finding.outcome.map_err(|error| error.fault.as_str());
    NmsFinding { subject: finding.subject, outcome }
}

/// An account by the rules of the configuration and of its client.
fn account(
    wanted: NmsWanted<'_>,
    token: &SecretString,
    pace: Polling,
) -> Result<(NmsAccount, ingest::librenms::Settings), Vec<NmsRefusal>> {
    let NmsWanted { name, kind, url, settings } = wanted;
    let read = read_entered(Entered { name, kind, url, settings }, token, pace);
    let account = read.map_err(|refused| {
        let refusal =
            |one: crate::config::Refused| NmsRefusal { field: one.field, reason: one.reason };
        refused.into_iter().map(refusal).collect::<Vec<_>>()
    })?;
    let settings = parts::librenms(&account).map_err(|error| {
        use ingest::librenms::SettingsError::{Client, Name, TimeZone, Token, Url};
        let field = match &error {
            Name { .. } => "name",
            Url { .. } | Client { .. } => "url",
            Token { .. } => "token",
            TimeZone { .. } => "time_zone",
        };
        vec![NmsRefusal { field: field.to_owned(), reason: error.to_string() }]
    })?;
    Ok((account, settings))
}

/// An account that was entered, as ingest reads it.
///
/// # Errors
/// What is wrong with it, in one line; so with one that an older or newer
/// version took.
pub(crate) fn watched(
    name: &str,
    entered: &AccountDraft,
    token: &SecretString,
    pace: Polling,
) -> anyhow::Result<NmsAccount> {
    let AccountDraft { kind, url, settings, .. } = entered;
    let read = account(NmsWanted { name, kind, url, settings }, token, pace);
    read.map(|(account, _)| account).map_err(|refused| {
        let lines = refused.iter().map(|one| format!("{} {}", one.field, one.reason));
        anyhow::anyhow!("{}", lines.collect::<Vec<_>>().join("; "))
    })
}
