//! `padwacht api`: serves pages and API, and publishes what is edited there.

use std::sync::Arc;

use anyhow::Context;
use api::{ApiConfig, ApiParts, ApiState, PrintedOnce};
use correlate::model::Timestamp;
use dashboards::Lang;
use metrics_exporter_prometheus::PrometheusHandle;
use store::log::Log;
use store::records::Records;
use store::series::Series;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::{self, Config};

/// What the stage works on.
pub(crate) struct WebParts {
    /// Services, users and the like, migrated.
    pub records: Records,
    /// Intervals and transitions, migrated.
    pub series: Series,
    /// The samples behind the states.
    pub log: Arc<dyn Log>,
    /// Renders `/metrics`.
    pub metrics: PrometheusHandle,
}

/// Takes the listening socket, so that a port in use is known before anything
/// else starts.
///
/// # Errors
/// The address is in use or not ours.
pub(crate) async fn bind(config: &Config) -> anyhow::Result<TcpListener> {
    let address = config.api.listen;
    TcpListener::bind(address).await.with_context(|| {
        format!("listen on {address}; set api.listen or --listen to a free address")
    })
}

/// Makes the first administrator, if nobody can sign in yet. A password that
/// was made up is given back, to be shown once.
///
/// # Errors
/// A database that refuses.
pub(crate) async fn first_administrator(
    config: &Config,
    records: &Records,
) -> anyhow::Result<Option<PrintedOnce>> {
    let settings = &config.api;
    let password = settings.admin_password.clone();
    let made = api::bootstrap_admin(records, &settings.admin_email, password, now()).await;
    made.context("make the first administrator")
}

/// Serves until `shutdown`.
///
/// # Errors
/// Settings that contradict each other, or a listener that fails for good.
pub(crate) async fn run(
    config: &Config,
    parts: WebParts,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let address = listener.local_addr().context("ask for the listening address")?;
    let public_url = match &config.api.public_url {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None => format!("http://{address}"),
    };
    let settings = ApiConfig {
        secure_cookies: public_url.starts_with("https://"),
        public_url,
        time_zone: config.general.time_zone.clone(),
        default_language: match config.general.language {
            config::Language::Dutch => Lang::Dutch,
            config::Language::English => Lang::English,
        },
        session_idle: config.api.session_idle,
        session_absolute: config.api.session_lifetime,
        sends_mail: config.mail.is_some(),
        stale_after: config.correlate.stale_after,
        trusted_proxies: config.api.trusted_proxies.clone(),
        metrics_token: config.api.metrics_token.clone(),
        audit_kept: config.api.audit_kept,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    tracing::info!(%address, public_url = settings.public_url, "serving pages and api");
    let state = ApiState::new(ApiParts {
        records: parts.records,
        series: parts.series,
        config: settings,
        clock: Arc::new(now),
        log: Some(parts.log),
        metrics: Some(parts.metrics),
    })?;
    Ok(api::serve(state, listener, shutdown).await?)
}

fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}
