//! The connection to the mail server, and what its refusals mean.

use std::net::IpAddr;
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use secrecy::ExposeSecret;

use super::Refused;
use crate::config::MailConfig;

/// A connection that is made when it is needed.
pub(crate) type Smtp = AsyncSmtpTransport<Tokio1Executor>;

/// Greylisting servers hold the greeting back for some seconds.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Replies about who we are, and not about the mail: RFC 4954, 6.
const LOGIN_REPLIES: [&str; 4] = ["530", "534", "535", "538"];

/// The connection that the settings ask for: TLS always, but for a server on
/// this machine that wants no login.
///
/// # Errors
/// Settings that make no connection.
pub(crate) fn smtp(config: &MailConfig) -> Result<Smtp, Error> {
    let mut url = config.url.clone();
    if url.scheme() == "smtp" && url.query().is_none() {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let is_here = host.eq_ignore_ascii_case("localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if !is_here || config.login.is_some() {
            // Without this, lettre would send the password in clear text.
            url.set_query(Some("tls=required"));
        }
    }
    let mut builder = Smtp::from_url(url.as_str())?;
    if let Some((user, password)) = &config.login {
        let password = password.expose_secret().to_owned();
        builder = builder.credentials(Credentials::new(user.clone(), password));
    }
    Ok(builder.timeout(Some(TIMEOUT)).build())
}

/// What a failure means for the mail and for others.
pub(super) fn judge(error: &Error) -> Refused {
    let reason = chain(error);
    let code = error.status().map(|code| code.to_string());
    let is_login = code.as_deref().is_some_and(|code| LOGIN_REPLIES.contains(&code));
    let is_reply = error.is_permanent() || error.is_transient();
    let failed = match () {
        () if error.is_timeout() => "timeout",
        () if error.is_tls() => "tls",
        () if error.is_response() => "protocol",
        () if error.is_client() => "client",
        () => "connection",
    };
    Refused {
        reason,
        code: code.clone().unwrap_or_else(|| failed.to_owned()),
        for_good: error.is_permanent() && !is_login,
        only_this: is_reply && !is_login,
    }
}

fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = next.source();
    }
    text
}
