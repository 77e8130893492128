//! `[api]` and `[mail]`: the pages, who may log in, and how they are reached.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use lettre::message::Mailbox;
use secrecy::SecretString;
use url::Url;

use super::reader::Reader;
use super::rule::{Addresses, DurationIn, Listen, MailAddress, Text, UrlOf};

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
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// How long audit entries are kept; `None`: for ever.
    pub audit_kept: Option<Duration>,
    /// Opens `/metrics` to whoever sends it as a bearer token.
    pub metrics_token: Option<SecretString>,
    /// The address with which the administrator signs in that is made at the first start.
    pub admin_email: String,
    /// Its password; without one, one is made and printed once.
    pub admin_password: Option<SecretString>,
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
    let config = ApiConfig {
        listen: section.or("listen", &Listen, listen_default),
        public_url: section.optional("public_url", &PUBLIC_URL),
        session_idle: section.or("session_idle", &SESSION, SESSION_IDLE_DEFAULT),
        session_lifetime: section.or("session_lifetime", &SESSION, SESSION_LIFETIME_DEFAULT),
        trusted_proxies: section.or("trusted_proxies", &Addresses, Vec::new()),
        audit_kept: section.optional("audit_kept", &AUDIT_KEPT),
        metrics_token: section.secret("metrics_token"),
        admin_email: section.or("admin_email", &ADMIN_EMAIL, ADMIN_EMAIL_DEFAULT.to_owned()),
        admin_password: section.secret("admin_password"),
    };
    if config.session_idle > config.session_lifetime {
        section.conflict("session_idle", "is longer than api.session_lifetime");
    }
    if config.public_url.as_ref().is_some_and(|url| url.path() != "/" || url.query().is_some()) {
        section.conflict("public_url", "must end behind host and port: a path is not supported");
    }
    config
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
