//! The records database: does it answer, take writes, and have its tables.

use std::path::Path;

use secrecy::ExposeSecret;
use store::Keyring;
use store::records::{Records, RecordsError};

use super::{Verdict, chain};
use crate::config::DatabaseConfig;

const SQLITE: &str = "sqlite://";

/// Connects and asks; a SQLite file that is not there yet is not made.
pub(super) async fn check(config: &DatabaseConfig) -> Verdict {
    let url = config.url.expose_secret();
    let file = url.strip_prefix(SQLITE).map(Path::new);
    if let Some(file) = file.filter(|file| !file.exists()) {
        return Verdict::Well(format!("SQLite, {} is made at the first start", file.display()));
    }
    match ask(url).await {
        Ok(name) => Verdict::Well(format!("{name} answers and takes writes")),
        Err(error @ RecordsError::SchemaBehind { .. }) => Verdict::Worrying {
            problem: chain(&error),
            advice: String::from("the first start brings them too"),
        },
        Err(error) => Verdict::wrong(
            chain(&error),
            "check database.url and its password, and that the server is running",
        ),
    }
}

async fn ask(url: &str) -> Result<String, RecordsError> {
    let records = Records::connect(url, Keyring::ephemeral()).await?;
    records.check().await?;
    Ok(records.name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sqlite_file_is_looked_at_and_not_made() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("records.db");
        let url = format!("{SQLITE}{}", file.display());
        let config = DatabaseConfig { url: url.as_str().into() };
        assert!(matches!(check(&config).await, Verdict::Well(_)));
        assert!(!file.exists());
        let records = Records::connect(&url, Keyring::ephemeral()).await.unwrap();
        assert!(matches!(check(&config).await, Verdict::Worrying { .. }), "no tables yet");
        records.migrate().await.unwrap();
        assert!(matches!(check(&config).await, Verdict::Well(_)));
    }

    #[tokio::test]
    async fn a_database_that_is_away_is_wrong() {
        // Port 1 of loopback refuses at once.
        let config = DatabaseConfig { url: "postgres://padwacht@127.0.0.1:1/padwacht".into() };
        assert!(matches!(check(&config).await, Verdict::Wrong { .. }));
    }
}
