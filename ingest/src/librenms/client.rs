//! Sends requests to one LibreNMS: throttled, bounded, repeated when that may
//! help, measured. Never logs a body, a header or the token.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Response, redirect};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use super::answer::{self, Answer, Failure, Refusal};
use super::breaker::Breaker;
use super::decode::{Decoder, Rows};
use super::meter::Meter;
use super::settings::{Settings, SettingsError};
use crate::source::{Fault, SourceError};

/// How much of an error's body is read, to tell known errors apart. What is
/// longer, such as the trace of a server in debug mode, is not understood and
/// need not be: its status counts.
const ERROR_BODY_BYTES_MAX: usize = 64 * 1024;

/// Never waits longer than this between repeats.
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(30);

/// A list call occupies a PHP worker of the server for minutes.
const BULK_CALLS_MAX: usize = 1;

/// A list to read.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// For metrics and logs: a fixed name, without ids.
    pub(super) name: &'static str,
    /// For people: `the device list`.
    pub(super) subject: &'static str,
    /// Below `api/v0/`.
    pub(super) path: String,
    /// The value of `columns=`.
    pub(super) columns: Option<&'static str>,
    /// The key of the list in the answer.
    pub(super) list_key: &'static str,
    /// LibreNMS answers 404 where there are no rows.
    pub(super) empty_is_404: bool,
    /// The answer is a whole table.
    pub(super) bulk: bool,
}

/// What has been used so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Usage {
    /// Requests sent.
    pub(super) calls: u64,
    /// Bytes of bodies, after decompression.
    pub(super) bytes: u64,
}

/// The HTTP side of one account.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    settings: Settings,
    throttle: DefaultDirectRateLimiter,
    bulk: Semaphore,
    breaker: Mutex<Breaker>,
    meter: Meter,
    calls: AtomicU64,
    bytes: AtomicU64,
}

impl Client {
    /// A client for the account; sends nothing yet.
    pub(super) fn new(settings: &Settings) -> Result<Client, SettingsError> {
        let quota = Quota::per_second(settings.requests_per_second).allow_burst(settings.burst);
        let failed = |reason: String| SettingsError::Client { reason };
        let mut token = HeaderValue::from_str(settings.token.expose_secret())
            .map_err(|_| failed("the token is no header value".to_owned()))?;
        token.set_sensitive(true);
        // The token goes with every request and to no other host.
        let http = reqwest::Client::builder()
            .user_agent(concat!("padwacht/", env!("CARGO_PKG_VERSION")))
            .default_headers(HeaderMap::from_iter([(TOKEN_HEADER, token)]))
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.silence_timeout)
            .timeout(settings.call_timeout)
            .build()
            .map_err(|error| failed(error.without_url().to_string()))?;
        Ok(Client {
            http,
            throttle: RateLimiter::direct(quota),
            bulk: Semaphore::new(BULK_CALLS_MAX),
            breaker: Mutex::new(Breaker::default()),
            meter: Meter::new(&settings.name),
            settings: settings.clone(),
            calls: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        })
    }

    /// What has been used since the client was made.
    pub(super) fn usage(&self) -> Usage {
        Usage { calls: self.calls.load(Relaxed), bytes: self.bytes.load(Relaxed) }
    }

    /// Reads a list, whole or not at all.
    pub(super) async fn rows<R: DeserializeOwned>(
        &self,
        call: &Call,
    ) -> Result<Vec<R>, SourceError> {
        let _one_at_a_time = match call.bulk {
            true => Some(self.bulk.acquire().await.expect("the semaphore is never closed")),
            false => None,
        };
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(self.settings.retry_pause)
            .with_max_delay(RETRY_PAUSE_MAX)
            .with_max_times(self.settings.retries)
            .with_jitter()
            .build();
        loop {
            self.admit().await?;
            let failure = match self.attempt(call).await {
                Ok(rows) => return self.usable(call, rows),
                Err(failure) => failure,
            };
            let error = failure.error;
            match pauses.next().filter(|_| error.fault.is_passing()) {
                Some(pause) => sleep(pause.max(failure.retry_after.unwrap_or_default())).await,
                None => return Err(error),
            }
        }
    }

    /// The rows, unless none of them could be used.
    fn usable<R>(&self, call: &Call, read: Rows<R>) -> Result<Vec<R>, SourceError> {
        let Rows { rows, refused } = read;
        if refused > 0 && rows.is_empty() {
            let message = format!(
                "LibreNMS at {} gives {} without the ids of its {refused} rows; nothing of it is \
                 used",
                self.settings.url(),
                call.subject
            );
            return Err(SourceError::new(Fault::Malformed, message));
        }
        if refused > 0 {
            let nms = self.settings.name();
            tracing::warn!(nms, call = call.name, refused, "left out rows without a usable id");
        }
        Ok(rows)
    }

    /// Waits until a request may be sent.
    async fn admit(&self) -> Result<(), SourceError> {
        let pause = self.breaker().pause(Instant::now());
        if let Some(pause) = pause {
            let message = format!(
                "LibreNMS at {} has failed too often; left alone for another {} s",
                self.settings.url(),
                pause.as_secs()
            );
            return Err(SourceError::new(Fault::Paused, message));
        }
        let asked = Instant::now();
        self.throttle.until_ready().await;
        self.meter.throttled(asked.elapsed());
        Ok(())
    }

    /// Sends the request once.
    async fn attempt<R: DeserializeOwned>(&self, call: &Call) -> Result<Rows<R>, Failure> {
        let sent = Instant::now();
        let bytes_before = self.bytes.load(Relaxed);
        self.calls.fetch_add(1, Relaxed);
        let result = self.exchange(call).await;
        let bytes = self.bytes.load(Relaxed) - bytes_before;
        let elapsed = sent.elapsed();
        let fault = result.as_ref().err().map(|failure| failure.error.fault);
        self.meter.called(call.name, fault, bytes, elapsed);
        match fault {
            // The server works; it is the request that it will not have.
            None | Some(Fault::NotFound | Fault::Rejected | Fault::Forbidden) => {
                self.breaker().succeeded();
            }
            Some(_) => self.breaker().failed(Instant::now()),
        }
        tracing::debug!(
            nms = self.settings.name,
            call = call.name,
            bytes,
            duration_ms = elapsed.as_millis() as u64,
            fault = fault.map(Fault::as_str),
            "called LibreNMS"
        );
        result
    }

    async fn exchange<R: DeserializeOwned>(&self, call: &Call) -> Result<Rows<R>, Failure> {
        let base = self.settings.url();
        let lost = |error: reqwest::Error| answer::no_answer(base, call.subject, &error);
        let mut request = self.http.get(format!("{base}api/v0/{}", call.path));
        if let Some(columns) = call.columns {
            request = request.query(&[("columns", columns)]);
        }
        let mut response = request.send().await.map_err(lost)?;
        if !response.status().is_success() {
            return self.refused(call, response).await;
        }
        if !answer::is_json(response.headers()) {
            return Err(answer::no_json(base, call.subject));
        }
        let bad = |error| answer::undecodable(base, call.subject, &error);
        let mut decoder = Decoder::new(call.list_key);
        let mut total_bytes = 0;
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            total_bytes += chunk.len() as u64;
            self.bytes.fetch_add(chunk.len() as u64, Relaxed);
            if total_bytes > self.settings.body_bytes_max {
                return Err(self.too_large(call));
            }
            decoder.feed(&chunk).map_err(bad)?;
        }
        decoder.finish().map_err(bad)
    }

    async fn refused<R>(&self, call: &Call, mut response: Response) -> Result<Rows<R>, Failure> {
        let mut body = Vec::new();
        // An error whose body breaks off is still that error.
        while let Ok(Some(chunk)) = response.chunk().await {
            self.bytes.fetch_add(chunk.len() as u64, Relaxed);
            body.extend_from_slice(&chunk);
            if body.len() > ERROR_BODY_BYTES_MAX {
                break;
            }
        }
        let answer = Answer {
            subject: call.subject,
            base: self.settings.url(),
            status: response.status(),
            headers: response.headers(),
            body: &body,
        };
        match answer.refusal(call.empty_is_404) {
            Refusal::NoRows => Ok(Rows::default()),
            Refusal::Failed(failure) => Err(failure),
        }
    }

    fn too_large(&self, call: &Call) -> Failure {
        let message = format!(
            "LibreNMS at {} answered {} with more than body_bytes_max ({} bytes); nothing of it \
             is used",
            self.settings.url(),
            call.subject,
            self.settings.body_bytes_max
        );
        Failure::new(Fault::TooLarge, message)
    }

    fn breaker(&self) -> std::sync::MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The header that LibreNMS reads the token from. Not a query parameter: those
/// end up in access logs.
const TOKEN_HEADER: reqwest::header::HeaderName =
    reqwest::header::HeaderName::from_static("x-auth-token");
