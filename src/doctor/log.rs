//! The log: do the brokers answer, or can the embedded files be opened.

use std::path::Path;

use store::log::{EmbeddedLog, KafkaLog, Log, LogError};

use super::{Verdict, chain};
use crate::config::{LogConfig, LogPlace};

/// Opens the log and asks it.
pub(super) async fn check(config: &LogConfig) -> Verdict {
    match &config.place {
        LogPlace::Embedded { dir } => check_embedded(dir).await,
        LogPlace::Kafka(kafka) => {
            let asked = match KafkaLog::open(crate::parts::kafka(kafka)) {
                Ok(log) => log.check().await,
                Err(error) => Err(error),
            };
            told(asked, "check kafka.brokers and [kafka.properties], and that a broker is running")
        }
    }
}

async fn check_embedded(dir: &Path) -> Verdict {
    if !dir.exists() {
        return Verdict::Well(format!("embedded, {} is made at the first start", dir.display()));
    }
    let asked = match EmbeddedLog::open(dir).await {
        Ok(log) => log.check().await,
        Err(LogError::InUse { path }) => {
            Ok(format!("embedded, {} is in use by a running padwacht", path.display()))
        }
        Err(error) => Err(error),
    };
    told(asked, "look at the disk; a damaged log is restored from a backup of its directory")
}

fn told(asked: Result<String, LogError>, advice: &str) -> Verdict {
    match asked {
        Ok(seen) => Verdict::Well(seen),
        Err(error) => Verdict::wrong(chain(&error), advice),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_embedded_log_is_looked_at_and_not_made() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("log");
        assert!(matches!(check_embedded(&dir).await, Verdict::Well(_)));
        assert!(!dir.exists());
        let open = EmbeddedLog::open(&dir).await.unwrap();
        let Verdict::Well(seen) = check_embedded(&dir).await else { panic!("it is well") };
        assert!(seen.contains("in use"), "{seen}");
        drop(open);
    }
}
