//! What the web needs: the stores, the configuration, the clock, and what is
//! shared between requests.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;
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
use store::records::{Records, Role};
use store::series::Series;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;

use crate::ask::Stores;
use crate::auth::{Passkeys, Passwords, Throttle};
use crate::changes::Changes;
use crate::choice::{BreachedError, PasswordRules};
use crate::nms::NmsDesk;
use crate::problem::ApiError;
use crate::push::PushLimits;
use crate::sso::{Provider, SsoConfig, SsoError};
use crate::web::{Limits, Network, OwnHosts, Probes, RequestLimits};

/// Connections to NMSes that people try at once: each may take half a minute.
const NMS_CHECKS_MAX: usize = 2;

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
    /// Whether [`crate::serve`] encrypts by itself.
    pub serves_tls: bool,
    /// Hosts beside that of `public_url` under which requests are answered.
    pub allowed_hosts: Vec<String>,
    /// Reverse proxies whose `X-Forwarded-For`, `-Proto` and `-Host` are believed.
    pub trusted_proxies: Vec<Network>,
    /// The host that mails come from; its name makes no password.
    pub mail_host: Option<String>,
    /// A file of SHA-1 hashes of passwords from breaches, sorted.
    pub breached_passwords: Option<PathBuf>,
    /// How many requests each caller may send; `None`: any number.
    pub request_limits: Option<RequestLimits>,
    /// Opens `/metrics` to whoever sends it as a bearer token.
    pub metrics_token: Option<SecretString>,
    /// Sign-in attempts older than this are forgotten.
    pub attempts_kept: Duration,
    /// Audit entries older than this are forgotten; `None`: never.
    pub audit_kept: Option<Duration>,
    /// Roles that must have a second factor, until administrators say otherwise.
    pub second_factor_for: BTreeSet<Role>,
    /// Single sign-on, if there is a provider.
    pub sso: Option<SsoConfig>,
    /// What is known of NMS accounts; without it none can be entered.
    pub nms: Option<Arc<dyn NmsDesk>>,
    /// The version of the product.
    pub version: String,
}

impl ApiConfig {
    /// The defaults for a product at `public_url`: Europe/Amsterdam, Dutch,
    /// sessions of at most 12 hours that end after 2 idle ones, sign-in
    /// attempts kept for 90 days, no limits on requests, and no role that must have
    /// a second factor.
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
            serves_tls: false,
            allowed_hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            mail_host: None,
            breached_passwords: None,
            request_limits: None,
            metrics_token: None,
            attempts_kept: 90 * 24 * HOUR,
            audit_kept: None,
            second_factor_for: BTreeSet::new(),
            sso: None,
            nms: None,
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
    /// The list of breached passwords is none.
    #[error(transparent)]
    BreachedPasswords(#[from] BreachedError),
    /// Nobody can talk to the OpenID provider.
    #[error(transparent)]
    SingleSignOn(#[from] SsoError),
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
    own_hosts: OwnHosts,
    passwords: Passwords,
    password_rules: PasswordRules,
    limits: Limits,
    probes: Probes,
    passkeys: Option<Passkeys>,
    sso: Option<Provider>,
    push_limits: PushLimits,
    nms_checks: Semaphore,
    changes: Changes,
    shutdown: CancellationToken,
}

struct Origin {
    text: String,
    host: String,
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
        let sso = parts.config.sso.clone().map(Provider::new).transpose()?;
        let password_rules = PasswordRules::new(
            &origin.host,
            config.mail_host.as_deref(),
            config.breached_passwords.as_deref(),
        )?;
        let limits = Limits::new(config.request_limits);
        let own_hosts = OwnHosts::new(&origin.host, &config.allowed_hosts);
        Ok(ApiState(Arc::new(Shared {
            parts,
            passkeys: Passkeys::at(&origin.text),
            origin,
            own_hosts,
            passwords: Passwords::default(),
            password_rules,
            limits,
            probes: Probes::default(),
            sso,
            push_limits: PushLimits::default(),
            nms_checks: Semaphore::new(NMS_CHECKS_MAX),
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

    /// The hosts under which requests are answered.
    pub(crate) fn own_hosts(&self) -> &OwnHosts {
        &self.0.own_hosts
    }

    /// Whether browsers reach us on loopback, so that no proxy stands between.
    pub(crate) fn is_loopback_only(&self) -> bool {
        self.0.origin.is_loopback
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    /// Which passwords may be chosen.
    pub(crate) fn password_rules(&self) -> &PasswordRules {
        &self.0.password_rules
    }

    /// How much each caller may ask.
    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// What has been told of attempts to get round.
    pub(crate) fn probes(&self) -> &Probes {
        &self.0.probes
    }

    /// Checks passkeys; `None` where the public address allows none.
    pub(crate) fn passkeys(&self) -> Option<&Passkeys> {
        self.0.passkeys.as_ref()
    }

    pub(crate) fn throttle(&self) -> Throttle<'_> {
        Throttle::of(self.records())
    }

    /// The OpenID provider, if there is one.
    pub(crate) fn sso(&self) -> Option<&Provider> {
        self.0.sso.as_ref()
    }

    /// A place to try the connection to an NMS in.
    ///
    /// # Errors
    /// [`ApiError::Busy`]: as many are tried as may be at once.
    pub(crate) fn one_nms_check(&self) -> Result<SemaphorePermit<'_>, ApiError> {
        self.0.nms_checks.try_acquire().map_err(|_| ApiError::Busy)
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
    Ok(Origin { text, host: host.to_owned(), is_loopback })
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
