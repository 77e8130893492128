//! Opens what the stages work on: log, series and records. What is configured
//! by URL is connected to; what is not is embedded. It starts no stage.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use ingest::source::SystemClock;
use secrecy::ExposeSecret;
use store::Keyring;
use store::embedded::Embedded;
use store::keyring::is_for_owner_only;
use store::log::{EmbeddedLog, KafkaLog, Log, TopicKind, TopicSpec};
use store::records::Records;
use store::series::{Series, SeriesConfig, SeriesError};
use store::wire::{DEFINITIONS_TOPIC, SAMPLES_TOPIC, triggers_topic};
use tokio_util::sync::CancellationToken;

use crate::config::{ClickHouseConfig, Config, LogPlace, SecretsConfig};
use crate::{parts, retention};

/// One partition keeps all definitions in one order; there are few.
const DEFINITIONS_PARTITIONS: u32 = 1;

/// How long between two tries while an outside part is away at the start.
pub(crate) const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// The record log, with its topics there. An embedded one forgets by itself
/// what is older than its topics keep, until `shutdown`.
///
/// # Errors
/// A log that cannot be opened, or topics of another shape. A broker that is
/// away is waited for until `shutdown`.
pub(crate) async fn open_log(
    config: &Config,
    shutdown: &CancellationToken,
) -> anyhow::Result<Arc<dyn Log>> {
    let log: Arc<dyn Log> = match &config.log.place {
        LogPlace::Embedded { dir } => {
            let log = EmbeddedLog::open(dir).await.context("open the embedded log")?;
            let log = Arc::new(log);
            retention::start(&log, Arc::new(SystemClock), shutdown.clone());
            log
        }
        LogPlace::Kafka(kafka) => {
            Arc::new(KafkaLog::open(parts::kafka(kafka)).context("configure kafka")?)
        }
    };
    let topics = [
        TopicSpec {
            name: SAMPLES_TOPIC.to_owned(),
            partitions: config.log.samples_partitions,
            kind: TopicKind::Retained(config.log.samples_retention),
        },
        TopicSpec {
            name: DEFINITIONS_TOPIC.to_owned(),
            partitions: DEFINITIONS_PARTITIONS,
            kind: TopicKind::Compacted,
        },
        triggers_topic(),
    ];
    for topic in topics {
        let mut told = false;
        loop {
            match log.ensure_topic(&topic).await {
                Ok(()) => break,
                Err(error) if error.is_retriable() && !shutdown.is_cancelled() => {
                    if !told {
                        tracing::warn!(topic = topic.name, %error, "the log is away: waiting for it");
                    }
                    told = true;
                    pause(shutdown).await;
                }
                Err(error) => {
                    return Err(error).with_context(|| format!("prepare topic {}", topic.name));
                }
            }
        }
    }
    Ok(log)
}

/// Waits between two tries, or until `shutdown`.
pub(crate) async fn pause(shutdown: &CancellationToken) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = tokio::time::sleep(RETRY_PAUSE) => {}
    }
}

/// Asks ClickHouse until it answers; `None` when stopped before that. `doing`
/// says what is asked, such as `read all intervals`.
///
/// # Errors
/// A refusal that does not pass.
pub(crate) async fn insist<T, F>(
    shutdown: &CancellationToken,
    doing: &'static str,
    ask: impl Fn() -> F,
) -> anyhow::Result<Option<T>>
where
    F: Future<Output = Result<T, SeriesError>>,
{
    let mut told = false;
    while !shutdown.is_cancelled() {
        match ask().await {
            Ok(answer) => return Ok(Some(answer)),
            Err(error) if error.is_retriable() => {
                if !told {
                    tracing::warn!(doing, %error, "clickhouse is away: waiting for it");
                }
                told = true;
                pause(shutdown).await;
            }
            Err(error) => return Err(error).context(doing),
        }
    }
    Ok(None)
}

/// ClickHouse: a server by URL, or the embedded engine as a child process.
pub(crate) struct OpenSeries {
    /// The series, migrated.
    pub series: Series,
    /// The engine, if it is ours; it stops when this is dropped.
    pub embedded: Option<Embedded>,
    /// How BI tools log in, and where the password is.
    pub bi: Option<(SeriesConfig, PathBuf)>,
}

/// Opens ClickHouse and brings its tables to this version.
///
/// # Errors
/// The embedded engine does not start, the server refuses us, or a migration
/// fails. A server that is away is waited for until `shutdown`.
pub(crate) async fn open_series(
    config: &Config,
    shutdown: &CancellationToken,
) -> anyhow::Result<OpenSeries> {
    let (series, embedded, bi) = match &config.clickhouse {
        ClickHouseConfig::Server(server) => (Series::connect(&parts::series(server))?, None, None),
        ClickHouseConfig::Embedded(embedded) => {
            let embedded = Embedded::start(parts::embedded(embedded)?)
                .await
                .context("start the embedded clickhouse")?;
            let bi = (embedded.bi_config(), embedded.bi_password_file().to_owned());
            (Series::connect(&embedded.series_config())?, Some(embedded), Some(bi))
        }
    };
    let mut told = false;
    loop {
        match series.migrate().await {
            Ok(_) => break,
            Err(error) if error.is_retriable() && !shutdown.is_cancelled() => {
                if !told {
                    tracing::warn!(%error, "clickhouse is away: waiting for it");
                }
                told = true;
                pause(shutdown).await;
            }
            Err(error) => return Err(error).context("bring clickhouse to this version"),
        }
    }
    if let ClickHouseConfig::Server(server) = &config.clickhouse
        && let Some((user, password)) = &server.bi
    {
        series.ensure_bi_user(user, password).await.context("make the BI user")?;
    }
    Ok(OpenSeries { series, embedded, bi })
}

/// Whether a key file that nobody named may be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum KeyFile {
    /// At a start.
    MadeIfAbsent,
    /// For whoever looks at what is there.
    MustBeThere,
}

/// The keys that seal secrets in the database.
///
/// # Errors
/// Keys that cannot be read or made.
pub(crate) fn keyring(config: &Config, file: KeyFile) -> anyhow::Result<Keyring> {
    let keyring = match (&config.secrets, file) {
        (SecretsConfig::Given(text), _) => Keyring::parse("secrets.key", text),
        (SecretsConfig::Own(path), KeyFile::MadeIfAbsent) => Keyring::of_file_or_new(path),
        (SecretsConfig::File(path) | SecretsConfig::Own(path), _) => Keyring::of_file(path),
    };
    keyring.context("read the keys that seal secrets (secrets.key)")
}

/// The records database, migrated, for a stage that handles secrets in it.
///
/// # Errors
/// A database that cannot be opened or migrated, or keys that are not its own.
pub(crate) async fn open_records(config: &Config) -> anyhow::Result<Records> {
    let keyring = keyring(config, KeyFile::MadeIfAbsent)?;
    if let Some(path) = keyring.file().filter(|path| is_for_owner_only(path).is_ok_and(|is| !is)) {
        tracing::warn!(path = %path.display(), "others may read the key file: chmod 600");
    }
    let records = Records::connect(config.database.url.expose_secret(), keyring)
        .await
        .context("open the database")?;
    records.migrate().await.context("bring the database to this version")?;
    Ok(records)
}

/// The same for a stage that handles no secrets, and so needs no keys.
///
/// # Errors
/// A database that cannot be opened or migrated.
pub(crate) async fn open_records_without_keys(config: &Config) -> anyhow::Result<Records> {
    let records = Records::connect(config.database.url.expose_secret(), Keyring::ephemeral())
        .await
        .context("open the database")?;
    records.migrate_schema().await.context("bring the database to this version")?;
    Ok(records)
}
