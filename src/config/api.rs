//! `[api]` and `[mail]`: the pages, who may log in, and how they are reached.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ::api::{Network, RequestLimits};
use lettre::message::Mailbox;
use secrecy::SecretString;
use store::records::Role;
use url::{Host, Url};

use super::oidc::ROLES;
use super::reader::{Reader, Section};
use super::rule::{
    DurationIn, FilePath, HostNames, Listen, MailAddress, Networks, Text, UrlOf, Whole,
};

/// Loopback: facing a network is a decision, not a default.
const LISTEN_DEFAULT: &str = "127.0.0.1:8080";
const PUBLIC_URL: UrlOf =
    UrlOf { schemes: &["https", "http"], example: "https://padwacht.example.net" };
const SESSION: DurationIn =
    DurationIn { min: Duration::from_secs(300), max: Duration::from_secs(365 * 86_400) };
const SESSION_IDLE_DEFAULT: Duration = Duration::from_secs(2 * 3_600);
const SESSION_LIFETIME_DEFAULT: Duration = Duration::from_secs(12 * 3_600);
/// Shorter, and the trail could not answer what an auditor asks.
const AUDIT_KEPT: DurationIn = DurationIn {
    min: Duration::from_secs(90 * 86_400),
    max: Duration::from_secs(100 * 365 * 86_400),
};
/// Long enough to look into an incident, and no longer, as they hold addresses
/// of people.
const ATTEMPTS_KEPT_DEFAULT: Duration = Duration::from_secs(90 * 86_400);
const ATTEMPTS_KEPT: DurationIn = DurationIn {
    min: Duration::from_secs(7 * 86_400),
    max: Duration::from_secs(10 * 365 * 86_400),
};
/// The least lets a page load that asks for its parts.
const REQUESTS: Whole = Whole { min: 5, max: 1_000_000 };
const COSTLY_AT_ONCE: Whole = Whole { min: 1, max: 1_000 };
const ADMIN_EMAIL: Text = Text {
    allowed: "an address such as name@example.net",
    accepts: |text| {
        text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
    },
};
const ADMIN_EMAIL_DEFAULT: &str = "admin@padwacht.local";

const SMTP_URL: UrlOf = UrlOf { schemes: &["smtps", "smtp"], example: "smtps://mail.example.net" };
const MAIL_USER: Text =
    Text { allowed: "a user name that is not empty", accepts: |text| !text.is_empty() };

/// `[api]`.
#[derive(Clone, Debug)]
pub(crate) struct ApiConfig {
    /// Where pages and API are served.
    pub listen: SocketAddr,
    /// The address that people use: scheme, host and port. Links in mails start
    /// with it, and cookies are for TLS only when it is https.
    pub public_url: Option<Url>,
    /// How long a session lives without use.
    pub session_idle: Duration,
    /// How long a session lives at all.
    pub session_lifetime: Duration,
    /// Other hosts under which requests are answered.
    pub allowed_hosts: Vec<String>,
    /// TLS without a proxy, if there is a certificate.
    pub tls: Option<TlsConfig>,
    /// Peers whose `X-Forwarded-For`, `-Proto` and `-Host` are believed.
    pub trusted_proxies: Vec<Network>,
    /// How much each caller may ask.
    pub request_limits: RequestLimits,
    /// Hashes of passwords from breaches, if there is a file of them.
    pub breached_passwords: Option<PathBuf>,
    /// How long sign-in attempts are kept.
    pub attempts_kept: Duration,
    /// Roles that must have a second factor, until administrators say otherwise.
    pub second_factor_for: BTreeSet<Role>,
    /// How long audit entries are kept; `None`: for ever.
    pub audit_kept: Option<Duration>,
    /// Opens `/metrics` to whoever sends it as a bearer token.
    pub metrics_token: Option<SecretString>,
    /// The address with which the administrator signs in that is made at the first start.
    pub admin_email: String,
    /// Its password; without one, one is made and printed once.
    pub admin_password: Option<SecretString>,
}

/// `[api.tls]`.
#[derive(Clone, Debug)]
pub(crate) struct TlsConfig {
    /// The file of the certificate chain, in PEM.
    pub certificate: PathBuf,
    /// The file of its key, in PEM.
    pub key: PathBuf,
    /// Where plain http is sent on to https.
    pub redirect_listen: Option<SocketAddr>,
}

/// `[mail]`.
#[derive(Clone, Debug)]
pub(crate) struct MailConfig {
    /// The server: `smtps://host[:port]`, or `smtp://` for STARTTLS.
    pub url: Url,
    /// The login, if the server wants one.
    pub login: Option<(String, SecretString)>,
    /// The sender.
    pub from: Mailbox,
}

pub(super) fn read(reader: &Reader<'_>) -> ApiConfig {
    let section = reader.section("api");
    let listen_default = LISTEN_DEFAULT.parse().expect("a constant address");
    let listen = section.or("listen", &Listen, listen_default);
    let public_url = section.optional("public_url", &PUBLIC_URL);
    let guarded = if is_reached_from_elsewhere(listen, public_url.as_ref()) {
        vec![Role::Beheer, Role::Accountmanager, Role::Klant]
    } else {
        Vec::new()
    };
    let config = ApiConfig {
        listen,
        public_url,
        second_factor_for: section.or("second_factor_for", &ROLES, guarded).into_iter().collect(),
        session_idle: section.or("session_idle", &SESSION, SESSION_IDLE_DEFAULT),
        session_lifetime: section.or("session_lifetime", &SESSION, SESSION_LIFETIME_DEFAULT),
        allowed_hosts: section.or("allowed_hosts", &HostNames, Vec::new()),
        tls: read_tls(&section.section("tls")),
        trusted_proxies: section.or("trusted_proxies", &Networks, Vec::new()),
        request_limits: read_limits(&section),
        breached_passwords: section.optional("breached_passwords", &FilePath),
        attempts_kept: section.or("attempts_kept", &ATTEMPTS_KEPT, ATTEMPTS_KEPT_DEFAULT),
        audit_kept: section.optional("audit_kept", &AUDIT_KEPT),
        metrics_token: section.secret("metrics_token"),
        admin_email: section.or("admin_email", &ADMIN_EMAIL, ADMIN_EMAIL_DEFAULT.to_owned()),
        admin_password: section.secret("admin_password"),
    };
    if config.session_idle > config.session_lifetime {
        section.conflict("session_idle", "is longer than api.session_lifetime");
    }
    let is_https = config.public_url.as_ref().is_none_or(|url| url.scheme() == "https");
    if config.tls.is_some() && !is_https {
        section.conflict("public_url", "must be https, as api.tls.certificate is set");
    }
    if config.public_url.as_ref().is_some_and(|url| url.path() != "/" || url.query().is_some()) {
        section.conflict("public_url", "must end behind host and port: a path is not supported");
    }
    config
}

/// Whether people come from other machines, by themselves or through a proxy.
fn is_reached_from_elsewhere(listen: SocketAddr, public_url: Option<&Url>) -> bool {
    let is_here = |host: Host<&str>| match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    !listen.ip().is_loopback() || public_url.and_then(Url::host).is_some_and(|host| !is_here(host))
}

fn read_limits(section: &Section<'_>) -> RequestLimits {
    let limit = |key, default| section.or(key, &REQUESTS, default);
    RequestLimits {
        burst: limit("requests_at_once", 500),
        per_second: limit("requests_per_second", 50),
        public_burst: limit("public_requests_at_once", 200),
        public_per_second: limit("public_requests_per_second", 20),
        costly_at_once: section.or("costly_at_once", &COSTLY_AT_ONCE, 3),
    }
}

fn read_tls(section: &Section<'_>) -> Option<TlsConfig> {
    let certificate = section.optional("certificate", &FilePath);
    let key = section.optional("key", &FilePath);
    let redirect_listen = section.optional("redirect_listen", &Listen);
    match (certificate, key) {
        (Some(certificate), Some(key)) => Some(TlsConfig { certificate, key, redirect_listen }),
        (None, None) if redirect_listen.is_none() => None,
        (Some(_), None) => {
            section.missing("key", "the file of the certificate's key, in PEM");
            None
        }
        _ => {
            section.missing("certificate", "the file of the certificate chain, in PEM");
            None
        }
    }
}

pub(super) fn read_mail(reader: &Reader<'_>) -> Option<MailConfig> {
    let section = reader.section("mail");
    let url = section.optional("url", &SMTP_URL);
    let from = section.optional("from", &MailAddress);
    let user = section.optional("user", &MAIL_USER);
    let password = section.secret("password");
    if url.is_some() && section.raw("from").is_none() {
        section.missing("from", "the sender, a mail address");
    }
    if user.is_some() != password.is_some() {
        section.conflict("user", "and mail.password belong together; set both or neither");
    }
    if url.as_ref().is_some_and(|url| !url.username().is_empty() || url.password().is_some()) {
        section.conflict("url", "holds a login; use mail.user and mail.password");
    }
    Some(MailConfig { url: url?, login: user.zip(password), from: from? })
}
