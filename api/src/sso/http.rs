//! How we talk to the provider: over TLS except on this machine, without
//! following redirects, within a time, and reading no more than a limit.

use std::time::Duration;

use axum::http::{Request, Response};
use futures::future::BoxFuture;
use openidconnect::{HttpRequest, HttpResponse};
use reqwest::redirect::Policy;
use url::{Host, Url};

/// Somebody waits in front of a browser.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// The whole of one answer; a sign-in takes up to four.
const ANSWER_WITHIN: Duration = Duration::from_secs(7);
/// Discovery documents and key sets have a few kilobytes, tokens with many
/// groups some tens.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Why the provider gave no answer that we take.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// It is not reached, or too slow.
    #[error("{place}: {reason}")]
    Away {
        /// Scheme, host and port.
        place: String,
        /// What the client said.
        reason: String,
    },
    /// It names an address that we do not talk to.
    #[error("{place} is neither https nor on this machine")]
    InTheClear {
        /// Scheme, host and port.
        place: String,
    },
    /// Its answer is too large.
    #[error("{place} answered with more than {ANSWER_BYTES_MAX} bytes")]
    TooLarge {
        /// Scheme, host and port.
        place: String,
    },
    /// The request could not be made.
    #[error("no request can be made of {0}")]
    Request(String),
}

/// An answer that is under way.
pub(super) type Answer = BoxFuture<'static, Result<HttpResponse, HttpError>>;

/// The client for everything that a provider is asked.
#[derive(Clone, Debug)]
pub(super) struct Http(reqwest::Client);

impl Http {
    /// # Errors
    /// The system has no trust store, or no TLS.
    pub(super) fn new() -> Result<Http, reqwest::Error> {
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            .user_agent(concat!("padwacht/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Http(client))
    }

    /// The client in the form in which the library wants it. What it gives
    /// borrows nothing, so that whoever awaits it can move between threads.
    pub(super) fn sender(&self) -> impl Fn(HttpRequest) -> Answer + Send + Sync + use<> {
        let http = self.clone();
        move |request| {
            let http = http.clone();
            Box::pin(async move { http.send(request).await })
        }
    }

    /// Sends one request.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let address = parts.uri.to_string();
        let url = Url::parse(&address).map_err(|_| HttpError::Request(address))?;
        let place = url.origin().ascii_serialization();
        if !is_safe(&url) {
            return Err(HttpError::InTheClear { place });
        }
        let request = reqwest::Request::try_from(Request::from_parts(parts, body));
        let request = request.map_err(|_| HttpError::Request(place.clone()))?;
        let away = |error: reqwest::Error| HttpError::Away {
            place: place.clone(),
            // The address would repeat what is in its query.
            reason: chain(&error.without_url()),
        };
        let mut answer = self.0.execute(request).await.map_err(away)?;
        if answer.status().is_server_error() {
            let reason = format!("it answered with status {}", answer.status().as_u16());
            return Err(HttpError::Away { place, reason });
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(away)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(HttpError::TooLarge { place });
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::new(body);
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        Ok(response)
    }
}

/// Whether secrets may travel to `url`.
pub(super) fn is_safe(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback)
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(&format!(": {inner}"));
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tls_and_this_machine_are_talked_to() {
        let check = |url: &str, expected| {
            assert_eq!(is_safe(&Url::parse(url).expect("a URL")), expected, "{url}");
        };
        check("https://login.example.net/", true);
        check("http://127.0.0.1:8080/", true);
        check("http://[::1]/", true);
        check("http://localhost:1/", true);
        check("http://login.example.net/", false);
        check("http://localhost.example.net/", false);
        check("http://169.254.169.254/", false);
        check("ftp://127.0.0.1/", false);
    }

    #[tokio::test]
    async fn nothing_is_sent_in_the_clear() {
        let request = Request::get("http://login.example.net/token?code=c0de");
        let request = request.body(Vec::new()).expect("a request");
        let error = Http::new().expect("a client").send(request).await.expect_err("refused");
        let expected = "http://login.example.net is neither https nor on this machine";
        assert_eq!(error.to_string(), expected);
    }
}
