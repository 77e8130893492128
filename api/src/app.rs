//! What the web needs: the stores, the configuration, the clock, and what is
//! shared between requests.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Uri;
use correlate::model::Timestamp;
use dashboards::Lang;
use jiff::tz::TimeZone;
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::SecretString;
use store::Scope;
use store::log::Log;
use store::records::Records;
use store::series::Series;
use tokio_util::sync::CancellationToken;

use crate::ask::Stores;
use crate::auth::{Passwords, Throttle};
use crate::changes::Changes;
use crate::push::PushLimits;

/// Says what time it is; a test gives its own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How the web behaves. [`ApiConfig::new`] gives the defaults.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// Where browsers reach us: scheme, host and port, such as
    /// `https://uptime.example.net`; no path.
    pub public_url: String,
    /// Cookies only over https, and HSTS. Must be on when `public_url` is https.
    pub secure_cookies: bool,
    /// Days and periods are those of this zone.
    pub time_zone: TimeZone,
    /// For who says nothing of a language.
    pub default_language: Lang,
    /// A session ends when it was not used for so long.
    pub session_idle: Duration,
    /// A session ends so long after signing in, however busy.
    pub session_absolute: Duration,
    /// Whether mails that are queued are sent: there is a mail server.
    pub sends_mail: bool,
    /// Data older than this are called stale on the pages and by `/readyz`.
    pub stale_after: Duration,
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Opens `/metrics` to whoever sends it as a bearer token.
    pub metrics_token: Option<SecretString>,
    /// Audit entries older than this are forgotten; `None`: never.
    pub audit_kept: Option<Duration>,
    /// The version of the product.
    pub version: String,
}

impl ApiConfig {
    /// The defaults for a product at `public_url`: Europe/Amsterdam, Dutch,
    /// sessions of at most 12 hours that end after 2 idle ones.
    ///
    /// # Errors
    /// The time zone database lacks Europe/Amsterdam.
    pub fn new(public_url: &str, version: &str) -> Result<ApiConfig, ConfigError> {
        const HOUR: Duration = Duration::from_secs(3_600);
        let zone = "Europe/Amsterdam";
        Ok(ApiConfig {
            public_url: public_url.to_owned(),
            secure_cookies: public_url.starts_with("https://"),
            time_zone: TimeZone::get(zone)
                .map_err(|_| ConfigError::TimeZone { name: zone.to_owned() })?,
            default_language: Lang::Dutch,
            session_idle: 2 * HOUR,
            session_absolute: 12 * HOUR,
            sends_mail: false,
            stale_after: Duration::from_secs(900),
            trusted_proxies: Vec::new(),
            metrics_token: None,
            audit_kept: None,
            version: version.to_owned(),
        })
    }
}

/// Why the web cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The public URL is not one.
    #[error(
        "public_url: must be http:// or https:// with a host and nothing behind it, found {found:?}"
    )]
    PublicUrl {
        /// What was given.
        found: String,
    },
    /// Cookies would travel in the clear.
    #[error("secure_cookies: must be true when public_url is https")]
    InsecureCookies,
    /// A session would never begin.
    #[error("session lifetimes: must be at least one minute, and idle at most absolute")]
    SessionLifetimes,
    /// The zone is unknown.
    #[error("time_zone: the time zone database does not know {name:?}")]
    TimeZone {
        /// What was given.
        name: String,
    },
}

/// The parts that the binary hands over.
pub struct ApiParts {
    /// The relational database, migrated.
    pub records: Records,
    /// ClickHouse, migrated.
    pub series: Series,
    /// How to behave.
    pub config: ApiConfig,
    /// What time it is.
    pub clock: Clock,
    /// The log, to show the samples behind a state and to pass on what an NMS
    /// pushes; without it neither is to be had.
    pub log: Option<Arc<dyn Log>>,
    /// Renders `/metrics`; without it that address answers 404.
    pub metrics: Option<PrometheusHandle>,
}

/// What every request shares; cheap to clone.
#[derive(Clone)]
pub struct ApiState(Arc<Shared>);

struct Shared {
    parts: ApiParts,
    origin: Origin,
    passwords: Passwords,
    throttle: Throttle,
    push_limits: PushLimits,
    changes: Changes,
    shutdown: CancellationToken,
}

struct Origin {
    text: String,
    is_loopback: bool,
}

impl ApiState {
    /// Checks the configuration and puts the parts together.
    ///
    /// # Errors
    /// The configuration contradicts itself; the message names the key.
    pub fn new(parts: ApiParts) -> Result<ApiState, ConfigError> {
        let config = &parts.config;
        let origin = origin_of(&config.public_url)?;
        if origin.text.starts_with("https://") && !config.secure_cookies {
            return Err(ConfigError::InsecureCookies);
        }
        let minute = Duration::from_secs(60);
        if config.session_idle < minute || config.session_absolute < config.session_idle {
            return Err(ConfigError::SessionLifetimes);
        }
        Ok(ApiState(Arc::new(Shared {
            parts,
            origin,
            passwords: Passwords::default(),
            throttle: Throttle::default(),
            push_limits: PushLimits::default(),
            changes: Changes::default(),
            shutdown: CancellationToken::new(),
        })))
    }

    pub(crate) fn records(&self) -> &Records {
        &self.0.parts.records
    }

    pub(crate) fn series(&self) -> &Series {
        &self.0.parts.series
    }

    /// The log of samples.
    pub(crate) fn log(&self) -> Option<&dyn Log> {
        self.0.parts.log.as_deref()
    }

    /// The log, for a task that outlives the request.
    pub(crate) fn shared_log(&self) -> Option<Arc<dyn Log>> {
        self.0.parts.log.clone()
    }

    /// Both, for questions that take them together, as far as `scope` goes.
    pub(crate) fn stores<'s>(&'s self, scope: &'s Scope) -> Stores<'s> {
        Stores { records: self.records(), series: self.series(), scope }
    }

    pub(crate) fn config(&self) -> &ApiConfig {
        &self.0.parts.config
    }

    pub(crate) fn metrics(&self) -> Option<&PrometheusHandle> {
        self.0.parts.metrics.as_ref()
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.0.parts.clock)()
    }

    /// Scheme, host and port under which browsers know us.
    pub(crate) fn public_origin(&self) -> &str {
        &self.0.origin.text
    }

    /// Whether browsers reach us on loopback, so that no proxy stands between.
    pub(crate) fn is_loopback_only(&self) -> bool {
        self.0.origin.is_loopback
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    pub(crate) fn throttle(&self) -> &Throttle {
        &self.0.throttle
    }

    pub(crate) fn push_limits(&self) -> &PushLimits {
        &self.0.push_limits
    }

    pub(crate) fn changes(&self) -> &Changes {
        &self.0.changes
    }

    /// Cancelled when the process ends: streams then end too.
    pub(crate) fn shutdown(&self) -> &CancellationToken {
        &self.0.shutdown
    }
}

fn origin_of(public_url: &str) -> Result<Origin, ConfigError> {
    let refused = || ConfigError::PublicUrl { found: public_url.to_owned() };
    let url: Uri = public_url.trim_end_matches('/').parse().map_err(|_| refused())?;
    let scheme = url.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"));
    let (scheme, authority) = scheme.zip(url.authority()).ok_or_else(refused)?;
    let is_bare = matches!(url.path(), "" | "/") && url.query().is_none();
    if !is_bare || authority.as_str().contains('@') || !authority.as_str().is_ascii() {
        return Err(refused());
    }
    let host = authority.host().trim_matches(['[', ']']);
    let is_loopback = host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let text = format!("{scheme}://{}", authority.as_str().to_ascii_lowercase());
    Ok(Origin { text, is_loopback })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: Option<(&str, bool)>) {
        let found = origin_of(url).ok();
        let found = found.as_ref().map(|origin| (origin.text.as_str(), origin.is_loopback));
        assert_eq!(found, expected, "{url}");
    }

    #[test]
    fn a_public_url_is_an_origin() {
        check("https://Uptime.example.net/", Some(("https://uptime.example.net", false)));
        check("http://127.0.0.1:8080", Some(("http://127.0.0.1:8080", true)));
        check("http://[::1]:8080", Some(("http://[::1]:8080", true)));
        check("http://localhost:8080", Some(("http://localhost:8080", true)));
        for url in
            ["", "uptime.example.net", "ftp://x", "https://x/path", "https://x?q", "https://u:p@x"]
        {
            check(url, None);
        }
    }
}
