//! `padwacht secrets`: makes keys, seals everything anew after a new key, and
//! checks that everything can be opened. It shows no secret but a new key.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use ingest::source::{Clock, SystemClock};
use secrecy::ExposeSecret;
use store::keyring::{new_key, prepend_new_key};
use store::records::{Actor, Records, SecretCount};

use crate::cli::SecretsRotateArgs;
use crate::config::{Config, SecretsConfig};
use crate::wiring::{self, KeyFile};

/// Unreadable secrets that are named; the rest is counted.
const NAMED_MAX: usize = 20;

/// Prints a new key.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) fn print_new_key() -> anyhow::Result<ExitCode> {
    crate::print(&format!("{}\n", new_key().expose_secret()))?;
    Ok(ExitCode::SUCCESS)
}

/// Seals everything with the first key, with `--new-key` one that is made
/// first. Exit status 1 if something could not be opened.
///
/// # Errors
/// Keys or a database that are not there, or not those of each other.
pub(crate) async fn rotate(args: &SecretsRotateArgs, config: &Config) -> anyhow::Result<ExitCode> {
    if args.new_key {
        add_key(config)?;
    }
    let records = open(config).await?;
    let actor = Actor::new("padwacht secrets rotate", SystemClock.now());
    let done = records.secrets().rotate(&actor).await.context("seal the secrets anew")?;
    records.close().await;
    let mut text = counted(&done.resealed, "sealed anew");
    let all = if done.unreadable.is_empty() { "everything" } else { "what could be opened" };
    text.push_str(&format!("{all} is sealed with key {}\n", done.key));
    text.push_str(
        "running processes take up a key of a key file by themselves; restart those that get \
         their keys otherwise\n",
    );
    crate::print(&text)?;
    Ok(judge(done.unreadable.iter().map(|(what, why)| format!("{what} {why}")).collect()))
}

/// Opens every secret, says how many there are, and which keys are needed.
/// Exit status 1 if something cannot be opened or is not sealed.
///
/// # Errors
/// Keys or a database that are not there.
pub(crate) async fn verify(config: &Config) -> anyhow::Result<ExitCode> {
    let records = open(config).await?;
    let found = records.secrets().verify().await.context("read the secrets")?;
    let ids = records.keyring().ids();
    records.close().await;
    let mut text = counted(&found.found, "found");
    for (id, place) in ids.iter().zip(["seals"].into_iter().chain(std::iter::repeat("opens"))) {
        let count = found.by_key.get(id).copied().unwrap_or_default();
        let advice = match (place, count) {
            ("opens", 0) => "; nothing needs it: it can be taken out of the key file",
            _ => "",
        };
        text.push_str(&format!("key {id} ({place}): {count} secrets{advice}\n"));
    }
    crate::print(&text)?;
    let mut wrong: Vec<String> =
        found.unreadable.iter().map(|(what, why)| format!("{what} {why}")).collect();
    if found.clear > 0 {
        let clear = found.clear;
        wrong.push(format!("{clear} secrets are not sealed; run `padwacht secrets rotate`"));
    }
    Ok(judge(wrong))
}

fn counted(counts: &[SecretCount], done: &str) -> String {
    let line = |one: &SecretCount| format!("{}: {} {done}\n", one.what, one.count);
    counts.iter().map(line).collect()
}

fn judge(wrong: Vec<String>) -> ExitCode {
    for line in wrong.iter().take(NAMED_MAX) {
        eprintln!("padwacht: {line}");
    }
    if wrong.len() > NAMED_MAX {
        eprintln!("padwacht: and {} more", wrong.len() - NAMED_MAX);
    }
    if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn add_key(config: &Config) -> anyhow::Result<()> {
    let path = match &config.secrets {
        SecretsConfig::File(path) | SecretsConfig::Own(path) => path,
        SecretsConfig::Given(_) => anyhow::bail!(
            "--new-key writes to a key file, and the keys are in secrets.key itself: put the \
             output of `padwacht secrets new-key` in front of them there, and run this without \
             --new-key"
        ),
    };
    prepend_new_key(path).context("add a new key")
}

async fn open(config: &Config) -> anyhow::Result<Records> {
    let url = config.database.url.expose_secret();
    // Connecting would make the file.
    let file = url.strip_prefix("sqlite://").map(Path::new);
    if let Some(file) = file.filter(|file| !file.exists()) {
        anyhow::bail!("there is no database {}: set --database", file.display());
    }
    let keyring = wiring::keyring(config, KeyFile::MustBeThere)?;
    let records = Records::connect(url, keyring).await.context("open the database")?;
    records.check().await.context("check the database")?;
    records.check_keys().await?;
    Ok(records)
}
