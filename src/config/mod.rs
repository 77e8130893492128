//! The configuration: `padwacht.toml`, the environment and flags, read and
//! checked completely before anything is started.
//!
//! A setting is taken from the strongest layer that has it: flag, process
//! environment (`PADWACHT__SECTION__KEY`), `.env` of the working directory,
//! file, default. [`load`] lists all errors at once; each says where it is,
//! what is allowed and what was found. Secrets are [`secrecy::SecretString`]s
//! and never appear in errors, in logs or in `config print`.
//!
//! Nothing here opens a connection or changes anything, the process
//! environment included.

pub(crate) mod duration;

mod api;
mod cluster;
mod correlate;
mod entered;
mod general;
mod layers;
mod log;
mod network;
mod nms;
mod oidc;
mod origin;
mod problem;
mod reader;
mod rule;
mod secrets;
mod stores;
mod tree;
mod world;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use ::api::SsoConfig;

pub(crate) use self::api::{ApiConfig, MailConfig};
pub(crate) use cluster::ClusterConfig;
pub(crate) use correlate::CorrelateConfig;
#[cfg(test)]
pub(crate) use entered::default_pace;
pub(crate) use entered::{
    Entered, Offered, Refused, offered as offered_settings, read as read_entered,
};
pub(crate) use general::{GeneralConfig, Language, LogFormat, TelemetryConfig};
pub(crate) use log::{KafkaConfig, LogConfig, LogPlace};
pub(crate) use network::InClear;
pub(crate) use nms::{ClockOf, NmsAccount, NmsKind, Polling};
pub(crate) use origin::Origin;
pub(crate) use problem::{ConfigError, Problem};
pub(crate) use reader::Setting;
pub(crate) use secrets::SecretsConfig;
pub(crate) use stores::{ClickHouseConfig, ClickHouseServer, DatabaseConfig, EmbeddedClickHouse};
pub(crate) use world::{Machine, World};

use reader::Reader;
use rule::Rule;

/// Everything that can be set, checked.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// `[general]`.
    pub general: GeneralConfig,
    /// `[telemetry]`.
    pub telemetry: TelemetryConfig,
    /// `[network]`.
    pub in_clear: InClear,
    /// `[log]` and `[kafka]`.
    pub log: LogConfig,
    /// `[clickhouse]`.
    pub clickhouse: ClickHouseConfig,
    /// `[database]`.
    pub database: DatabaseConfig,
    /// `[secrets]`.
    pub secrets: SecretsConfig,
    /// `[[nms]]` over `[ingest]`, in the order of the file; names are unique.
    pub nms: Vec<NmsAccount>,
    /// `[ingest]`, for accounts that are entered in the product.
    pub pace: Polling,
    /// `[correlate]`.
    pub correlate: CorrelateConfig,
    /// `[correlate]` too: the processes, if there are several.
    pub cluster: Option<ClusterConfig>,
    /// `[api]`.
    pub api: ApiConfig,
    /// `[mail]`, if there is one.
    pub mail: Option<MailConfig>,
    /// `[oidc]`, if there is one.
    pub oidc: Option<SsoConfig>,
}

/// A configuration and how it came about.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Every setting in force, with its origin.
    pub settings: Vec<Setting>,
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
}

/// A setting given on the command line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Override {
    /// The flag as written, such as `--kafka`.
    pub flag: &'static str,
    /// The key it sets, such as `kafka.brokers`.
    pub key: &'static str,
    /// The value, in the form of the environment.
    pub value: String,
}

/// A part that stages in separate processes must share.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shared {
    /// The record log.
    Log,
    /// ClickHouse.
    ClickHouse,
}

/// Reads and checks everything. Without `file`, `padwacht.toml` of the working
/// directory is read, else `/etc/padwacht/padwacht.toml`, else none.
///
/// # Errors
/// All that is wrong, at once.
pub(crate) fn load(
    world: &dyn World,
    file: Option<&Path>,
    overrides: &[Override],
) -> Result<Loaded, ConfigError> {
    let layers = layers::gather(world, file, overrides);
    let reader = Reader::new(&layers.root, &layers.variables, world, layers.problems);
    let config = read(&reader);
    let findings = reader.finish();
    if findings.problems.is_empty() {
        Ok(Loaded { config, settings: findings.settings, file: layers.file })
    } else {
        Err(ConfigError { problems: findings.problems })
    }
}

fn read(reader: &Reader<'_>) -> Config {
    let general = general::read(reader);
    let in_clear = network::read(reader);
    let polling = nms::read_polling(reader);
    let correlate = reader.section("correlate");
    Config {
        telemetry: general::read_telemetry(reader),
        in_clear,
        log: log::read(reader, &general, in_clear),
        clickhouse: stores::read_clickhouse(reader, &general, in_clear),
        database: stores::read_database(reader, &general, in_clear),
        secrets: secrets::read(reader, &general),
        nms: nms::read_accounts(reader, polling, in_clear),
        pace: polling,
        correlate: correlate::read(&correlate, reader.world()),
        cluster: cluster::read(&correlate, in_clear),
        api: self::api::read(reader),
        mail: self::api::read_mail(reader),
        oidc: oidc::read(reader),
        general,
    }
}

impl Config {
    /// Checks that a stage in a process of its own can reach what it shares
    /// with the others; the embedded forms serve one process only.
    ///
    /// # Errors
    /// The settings that are missing, and the way out.
    pub(crate) fn check_apart(&self, stage: &str, shared: &[Shared]) -> Result<(), ConfigError> {
        let embedded = |part: &Shared| match part {
            Shared::Log => matches!(self.log.place, LogPlace::Embedded { .. }),
            Shared::ClickHouse => matches!(self.clickhouse, ClickHouseConfig::Embedded(_)),
        };
        let missing = |part: &Shared| {
            let (key, allowed) = match part {
                Shared::Log => ("kafka.brokers", rule::BROKERS.allowed()),
                Shared::ClickHouse => ("clickhouse.url", String::from("the URL of a server")),
            };
            Problem::Apart { stage: stage.to_owned(), key: key.to_owned(), allowed }
        };
        let problems: Vec<Problem> =
            shared.iter().filter(|part| embedded(part)).map(missing).collect();
        if problems.is_empty() { Ok(()) } else { Err(ConfigError { problems }) }
    }
}
