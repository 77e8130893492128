//! From the configuration to what each member takes. Opens and starts
//! nothing: the stages and `doctor` do.

use std::num::NonZeroU32;
use std::time::Duration;

use ingest::librenms;
use ingest::source::Pace;
use secrecy::ExposeSecret;
use store::embedded::{EmbeddedConfig, EmbeddedError};
use store::log::KafkaConfig;
use store::series::SeriesConfig;

use crate::config::{self, ClickHouseServer, EmbeddedClickHouse, NmsAccount};

/// The Kafka clients' settings.
pub(crate) fn kafka(config: &config::KafkaConfig) -> KafkaConfig {
    let property = |(name, value): &(String, secrecy::SecretString)| {
        (name.clone(), value.expose_secret().to_owned())
    };
    KafkaConfig {
        brokers: config.brokers.clone(),
        replication_factor: config.replication_factor,
        properties: config.properties.iter().map(property).collect(),
    }
}

/// A ClickHouse server as the series take it.
pub(crate) fn series(server: &ClickHouseServer) -> SeriesConfig {
    SeriesConfig {
        url: server.url.as_str().trim_end_matches('/').to_owned(),
        database: server.database.clone(),
        user: server.user.clone(),
        password: server.password.clone(),
    }
}

/// The embedded engine, with the library looked for where npm puts it.
///
/// # Errors
/// The library is nowhere.
pub(crate) fn embedded(config: &EmbeddedClickHouse) -> Result<EmbeddedConfig, EmbeddedError> {
    let library = store::embedded::find_library(config.library.as_deref())?;
    let mut embedded = EmbeddedConfig::new(&config.dir, library)?;
    embedded.http_port = config.http_port;
    embedded.tcp_port = config.native_port;
    embedded.memory_bytes_max = config.memory_bytes;
    Ok(embedded)
}

/// A LibreNMS account.
///
/// # Errors
/// The client's own, finer checks of address and token.
pub(crate) fn librenms(
    account: &NmsAccount,
) -> Result<librenms::Settings, librenms::SettingsError> {
    let polling = account.polling;
    let request_timeout = polling.request_timeout;
    let mut settings =
        librenms::Settings::new(&account.name, account.url.as_str(), account.token.clone())?;
    if let Some(zone) = account.time_zone.as_ref().and_then(|zone| zone.iana_name()) {
        settings = settings.with_time_zone(zone)?;
    }
    let above_0 = |number| NonZeroU32::new(number).expect("the rule keeps it above 0");
    settings.requests_per_second = above_0(polling.requests_per_second);
    settings.burst = settings.requests_per_second;
    settings.requests_at_once = above_0(polling.requests_at_once);
    settings.bytes_in_flight_max = polling.bytes_in_flight;
    settings.call_timeout = request_timeout;
    settings.silence_timeout = settings.silence_timeout.min(request_timeout);
    settings.policy = polling.policy;
    settings.nms_interval = account.nms_interval;
    settings.version.clone_from(&account.version);
    settings.event_log = account.event_log;
    settings.bulk_ports_max = usize::try_from(polling.bulk_ports_max).unwrap_or(usize::MAX);
    settings.pace = Pace {
        full: polling.poll_interval,
        glance: polling.glance_interval,
        changes: polling.changes_interval,
        sessions: polling.sessions_interval,
        checks: polling.checks_interval,
        inventory: Some(polling.inventory_interval),
    };
    Ok(settings)
}

/// How long the slowest honest `check()` of an account may take.
pub(crate) fn check_timeout(account: &NmsAccount) -> Duration {
    check_timeout_of(&account.polling)
}

/// The same of an account that is read at this pace.
pub(crate) fn check_timeout_of(polling: &config::Polling) -> Duration {
    // One bulk list, with its repeats, and some small calls.
    polling.request_timeout.saturating_mul(2)
}
