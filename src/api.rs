//! `padwacht api`: serves pages and API, and publishes what is edited there.

use std::sync::Arc;

use anyhow::Context;
use api::{ApiConfig, ApiParts, ApiState, Listeners, PrintedOnce, Tls};
use correlate::model::Timestamp;
use dashboards::Lang;
use metrics_exporter_prometheus::PrometheusHandle;
use store::Keyring;
use store::log::Log;
use store::records::Records;
use store::series::Series;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::{self, Config};
use crate::{nms, signals};

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

/// Takes the listening sockets and reads the certificate, so that what is wrong
/// with them is known before anything else starts.
///
/// # Errors
/// An address that is in use or not ours, or a certificate that cannot be used.
pub(crate) async fn bind(config: &Config) -> anyhow::Result<Listeners> {
    let address = config.api.listen;
    let pages = TcpListener::bind(address).await.with_context(|| {
        format!("listen on {address}; set api.listen or --listen to a free address")
    })?;
    let Some(settings) = &config.api.tls else { return Ok(Listeners::from(pages)) };
    let tls = Tls::of_files(&settings.certificate, &settings.key)
        .context("read the certificate (api.tls.certificate, api.tls.key)")?;
    let redirect = match settings.redirect_listen {
        None => None,
        Some(address) => Some(TcpListener::bind(address).await.with_context(|| {
            format!("listen on {address}; set api.tls.redirect_listen to a free address")
        })?),
    };
    Ok(Listeners { pages, tls: Some(tls), redirect })
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
    listeners: Listeners,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let address = listeners.pages.local_addr().context("ask for the listening address")?;
    let scheme = if listeners.tls.is_some() { "https" } else { "http" };
    let public_url = match &config.api.public_url {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None => format!("{scheme}://{address}"),
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
        serves_tls: listeners.tls.is_some(),
        allowed_hosts: config.api.allowed_hosts.clone(),
        trusted_proxies: config.api.trusted_proxies.clone(),
        mail_host: config.mail.as_ref().map(|mail| mail.from.email.domain().to_owned()),
        breached_passwords: config.api.breached_passwords.clone(),
        request_limits: Some(config.api.request_limits),
        metrics_token: config.api.metrics_token.clone(),
        attempts_kept: config.api.attempts_kept,
        audit_kept: config.api.audit_kept,
        second_factor_for: config.api.second_factor_for.clone(),
        sso: config.oidc.clone(),
        nms: Some(Arc::new(nms::Desk::of(config))),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    tracing::info!(%address, public_url = settings.public_url, "serving pages and api");
    let (tls, keyring) = (listeners.tls.clone(), parts.records.keyring().clone());
    signals::on_hangup(shutdown.clone(), move || reread(tls.as_ref(), &keyring))?;
    let state = ApiState::new(ApiParts {
        records: parts.records,
        series: parts.series,
        config: settings,
        clock: Arc::new(now),
        log: Some(parts.log),
        metrics: Some(parts.metrics),
    })?;
    api::serve(state, listeners, shutdown).await;
    Ok(())
}

/// Takes up what has changed in the files of certificate and keys.
fn reread(tls: Option<&Tls>, keyring: &Keyring) {
    match tls.map(Tls::reload) {
        None | Some(Ok(false)) => {}
        Some(Ok(true)) => tracing::info!("took up a new certificate"),
        Some(Err(error)) => {
            tracing::error!(%error, "the certificate cannot be read: the old one stays");
        }
    }
    if let Err(error) = keyring.reread() {
        tracing::error!(%error, "the keys cannot be read: the old ones stay");
    }
}

fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}
