//! `padwacht audit verify`: checks the hash of every entry of the audit trail.
//! It opens the configured database, reads, and changes nothing.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use secrecy::ExposeSecret;
use store::Keyring;
use store::records::Records;

use crate::cli::AuditVerifyArgs;
use crate::config::Config;

/// Says whether the trail is whole, or where it breaks (exit status 1).
///
/// # Errors
/// A database that is away or was never made.
pub(crate) async fn verify(args: &AuditVerifyArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let url = config.database.url.expose_secret();
    // Connecting would make the file.
    let file = url.strip_prefix("sqlite://").map(Path::new);
    if let Some(file) = file.filter(|file| !file.exists()) {
        anyhow::bail!("there is no database {}: set --database", file.display());
    }
    let records = Records::connect(url, Keyring::ephemeral()).await.context("open the database")?;
    records.check().await.context("check the database")?;
    let found = records.audit().verify(args.anchor.as_deref()).await;
    match found.context("read the audit trail")? {
        Ok(whole) if whole.hash.is_empty() => {
            crate::print("the audit trail is empty\n")?;
            Ok(ExitCode::SUCCESS)
        }
        Ok(whole) => {
            crate::print(&format!(
                "the audit trail is whole: entries {} to {}\nhash of the last one, to keep \
                 elsewhere and give as --anchor the next time:\n{}\n",
                whole.first, whole.last, whole.hash
            ))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(broken) => {
            eprintln!("padwacht: the audit trail is broken: {broken}");
            Ok(ExitCode::FAILURE)
        }
    }
}
