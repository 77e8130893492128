//! The keys that seal secrets: are they there, for nobody else to read, and
//! those that the database was made with.

use std::path::Path;

use secrecy::ExposeSecret;
use store::keyring::is_for_owner_only;
use store::records::{Records, RecordsError};

use super::{Verdict, chain};
use crate::config::{Config, SecretsConfig};
use crate::wiring::{self, KeyFile};

/// Looks; a key file that is not there yet is not made.
pub(super) async fn check(config: &Config) -> Verdict {
    if let SecretsConfig::Own(path) = &config.secrets
        && !path.exists()
    {
        return Verdict::Well(format!(
            "{} is made at the first start; keep a copy of it apart from backups of the database",
            path.display()
        ));
    }
    let keyring = match wiring::keyring(config, KeyFile::MustBeThere) {
        Ok(keyring) => keyring,
        Err(error) => {
            return Verdict::wrong(
                chain(error.as_ref()),
                "put the key file back from its copy, or name it in secrets.key_file",
            );
        }
    };
    let ids = keyring.ids().join(", ");
    let file = keyring.file().map(Path::to_owned);
    if let Some(found) = file.as_deref().and_then(open_to_others) {
        return found;
    }
    match compare(config, keyring).await {
        Ok(()) => Verdict::Well(format!("keys {ids} are those of the database")),
        Err(error @ RecordsError::ForeignKeys { .. }) => {
            Verdict::wrong(chain(&error), "no process that handles secrets starts with these keys")
        }
        // The check of the database says more.
        Err(_) => Verdict::Well(format!("keys {ids}; the database could not be asked")),
    }
}

fn open_to_others(path: &Path) -> Option<Verdict> {
    let shown = path.display();
    match is_for_owner_only(path) {
        Ok(true) => None,
        Ok(false) => Some(Verdict::Worrying {
            problem: format!("others may read {shown}"),
            advice: format!("chmod 600 {shown}"),
        }),
        Err(error) => Some(Verdict::wrong(
            format!("{shown} cannot be looked at: {error}"),
            "give the user that runs padwacht the right to read it",
        )),
    }
}

/// Whether the database was made with these keys; one that is not there has none.
async fn compare(config: &Config, keyring: store::Keyring) -> Result<(), RecordsError> {
    let url = config.database.url.expose_secret();
    let file = url.strip_prefix("sqlite://").map(Path::new);
    if file.is_some_and(|file| !file.exists()) {
        return Ok(());
    }
    let records = Records::connect(url, keyring).await?;
    records.check().await?;
    records.check_keys().await
}
