//! Mail: does the server answer, speak TLS and accept the login. Sends nothing.

use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use secrecy::ExposeSecret;

use super::{Verdict, chain};
use crate::config::MailConfig;

/// Greylisting servers hold the greeting back for some seconds.
const SMTP_TIMEOUT: Duration = Duration::from_secs(20);

/// Greets the server and logs in.
pub(super) async fn check(config: Option<&MailConfig>) -> Verdict {
    let Some(config) = config else {
        return Verdict::Off(String::from("no [mail] section, so nothing can be sent"));
    };
    let server = config.url.host_str().unwrap_or_default().to_owned();
    match greet(config).await {
        Ok(true) => Verdict::Well(format!("{server} takes mails from {}", config.from)),
        Ok(false) => Verdict::wrong(
            format!("{server} answers but is not ready"),
            "ask who runs the mail server",
        ),
        Err(error) => Verdict::wrong(chain(&error), advice(&error)),
    }
}

async fn greet(config: &MailConfig) -> Result<bool, lettre::transport::smtp::Error> {
    let mut url = config.url.clone();
    if url.scheme() == "smtp" && url.query().is_none() {
        // Without this, lettre would send the password in clear text.
        url.set_query(Some("tls=required"));
    }
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str())?;
    if let Some((user, password)) = &config.login {
        let password = password.expose_secret().to_owned();
        builder = builder.credentials(Credentials::new(user.clone(), password));
    }
    let transport: AsyncSmtpTransport<Tokio1Executor> = builder.timeout(Some(SMTP_TIMEOUT)).build();
    transport.test_connection().await
}

fn advice(error: &lettre::transport::smtp::Error) -> &'static str {
    if error.is_permanent() {
        "the server refused the login: check mail.user and mail.password"
    } else if error.is_tls() {
        "the server's certificate is not trusted, or it speaks no TLS at that port: check mail.url"
    } else if error.is_timeout() {
        "nobody answers: check the host and port in mail.url, and the firewall"
    } else {
        "check the host and port in mail.url; smtps:// is port 465, smtp:// is STARTTLS on 587"
    }
}
