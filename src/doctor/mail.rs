//! Mail: does the server answer, speak TLS and accept the login. Sends nothing.

use super::{Verdict, chain};
use crate::config::MailConfig;
use crate::mail;

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
    mail::smtp(config)?.test_connection().await
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
