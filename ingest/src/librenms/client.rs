//! Sends requests to one LibreNMS: throttled, bounded, repeated when that may
//! help, measured. Never logs a body, a header or the token.
//!
//! ```text
//! call ─► breaker ─► gate ─► HTTP ─► body ─────────► decoder ─► fold
//!         leaves a   the     one     unpacks, counts  row by    kept only if the
//!         failing    one     try     and bounds it    row       answer is whole
//!         server be  throttle
//! ```

mod body;
mod cache;
mod gate;
mod places;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Response, redirect};
use secrecy::ExposeSecret;
use tokio::time::{Instant, sleep, timeout};

use super::answer::{self, Answer, Failure, Refusal};
use super::breaker::Breaker;
use super::decode::{Collect, Decoder, Row};
use super::server_clock::ServerClock;
use super::settings::{Settings, SettingsError};
use crate::source::{Clock, Exchange, Fault, Ledger, SourceError, Traffic};
use body::{Body, BodyError, Ending, Size};
use cache::Cache;
use gate::{Gate, Leave};
pub(super) use places::Rank;

/// How much of an error's body is read, to tell known errors apart. What is
/// longer, such as the trace of a server in debug mode, is not understood and
/// need not be: its status counts.
const ERROR_BODY_BYTES_MAX: u64 = 64 * 1024;

/// Never waits longer than this between repeats.
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(30);

/// A call of a single object or a page of a log takes a second or two; one
/// that takes longer than this is given up, so that it blocks nothing.
const SMALL_CALL_TIMEOUT_MAX: Duration = Duration::from_secs(30);

/// A request that was handed to an open connection has arrived after this, or
/// never will.
const ARRIVES_WITHIN: Duration = Duration::from_secs(5);

/// The header that LibreNMS reads the token from. Not a query parameter: those
/// end up in access logs.
const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-auth-token");

/// A list to read.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// For metrics and logs: a fixed name, without ids.
    pub(super) name: &'static str,
    /// For people: `the device list`.
    pub(super) subject: &'static str,
    /// Below `api/v0/`.
    pub(super) path: String,
    /// Names and values of the query; no secrets.
    pub(super) query: Vec<(&'static str, String)>,
    /// The key of the list in the answer.
    pub(super) list_key: &'static str,
    /// LibreNMS answers 404 where there are no rows.
    pub(super) empty_is_404: bool,
    /// The answer is a whole table.
    pub(super) bulk: bool,
    /// Before which other calls it goes.
    pub(super) rank: Rank,
    /// How long an answer is good for, where it need not be the newest.
    pub(super) lifetime: Option<Duration>,
}

/// What has been used so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Usage {
    /// Requests sent.
    pub(super) calls: u64,
    /// Bytes of bodies, after decompression.
    pub(super) bytes: u64,
}

/// What was made of all rows of an answer that is known to be whole. Made here
/// only, so whoever holds one may rely on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Complete<T> {
    value: T,
    /// The size of the answer, after decompression.
    bytes: u64,
}

impl<T> Complete<T> {
    /// What was made.
    pub(super) fn into_inner(self) -> T {
        self.value
    }
}

/// A value that is made of rows by a function.
struct Folded<'a, T, F> {
    value: T,
    each: &'a F,
}

impl<R, T, F: Fn(&mut T, R)> Collect<R> for Folded<'_, T, F> {
    fn take(&mut self, row: R) {
        (self.each)(&mut self.value, row);
    }
}

/// The HTTP side of one account.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    settings: Settings,
    gate: Gate,
    cache: Cache,
    breaker: Mutex<Breaker>,
    ledger: Ledger,
    server_clock: Arc<ServerClock>,
    calls: AtomicU64,
    bytes: AtomicU64,
}

impl Client {
    /// A client for the account; sends nothing yet. `clock` dates what is
    /// reported, hears what time it is there, and measures nothing.
    pub(super) fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Client, SettingsError> {
        let failed = |reason: String| SettingsError::Client { reason };
        let mut token = HeaderValue::from_str(settings.token.expose_secret())
            .map_err(|_| failed("the token is no header value".to_owned()))?;
        token.set_sensitive(true);
        let gzip = HeaderValue::from_static("gzip");
        // The token goes with every request and to no other host. Bodies are
        // unpacked here and not in reqwest, so that the bytes on the wire are
        // counted and a body is bounded while it is unpacked.
        let http = reqwest::Client::builder()
            .user_agent(concat!("padwacht/", env!("CARGO_PKG_VERSION")))
            .default_headers(HeaderMap::from_iter([(TOKEN_HEADER, token), (ACCEPT_ENCODING, gzip)]))
            .gzip(false)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.silence_timeout)
            .build()
            .map_err(|error| failed(error.without_url().to_string()))?;
        Ok(Client {
            http,
            gate: Gate::new(settings),
            cache: Cache::default(),
            breaker: Mutex::new(Breaker::default()),
            ledger: Ledger::new(&settings.name, clock),
            server_clock: Arc::default(),
            settings: settings.clone(),
            calls: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        })
    }

    /// How far the server's clock is off, as its answers tell.
    pub(super) fn server_clock(&self) -> &Arc<ServerClock> {
        &self.server_clock
    }

    /// What has been used since the client was made.
    pub(super) fn usage(&self) -> Usage {
        Usage { calls: self.calls.load(Relaxed), bytes: self.bytes.load(Relaxed) }
    }

    /// What has been asked since the client was made, by kind of call.
    pub(super) fn traffic(&self) -> Traffic {
        self.ledger.traffic()
    }

    /// Why the server is left alone, or is about to be: what failed last, if
    /// nothing has succeeded since.
    pub(super) fn cause(&self) -> Option<SourceError> {
        self.breaker().cause().cloned()
    }

    /// For how long the server is left alone, if it is.
    pub(super) fn pause(&self) -> Option<Duration> {
        self.breaker().pause(Instant::now())
    }

    /// How long calls of this name take, by half of those of late; `None` before
    /// the first.
    pub(super) fn takes(&self, name: &str) -> Option<Duration> {
        self.ledger.takes(name)
    }

    /// Reads a list that fits into memory, whole or not at all.
    pub(super) async fn rows<R: Row>(&self, call: &Call) -> Result<Vec<R>, SourceError> {
        Ok(self.collect::<R, Vec<R>>(call, Vec::new).await?.into_inner())
    }

    /// Reads a list, or remembers it from less than [`Call::lifetime`] ago.
    pub(super) async fn remembered<R: Row + Send + Sync + 'static>(
        &self,
        call: &Call,
    ) -> Result<Arc<[R]>, SourceError> {
        let lifetime = call.lifetime.unwrap_or_default();
        if let Some(rows) = self.cache.get(call, lifetime, Instant::now()) {
            self.ledger.answered_from_cache(call.name);
            return Ok(rows);
        }
        let read = self.collect::<R, Vec<R>>(call, Vec::new).await?;
        let bytes = read.bytes;
        let rows: Arc<[R]> = read.into_inner().into();
        self.cache.put(call, &rows, bytes, Instant::now());
        Ok(rows)
    }

    /// Reads a list of any length row by row: `each` takes every row into a
    /// value that `start` makes, and should change nothing else; see
    /// [`Client::collect`].
    pub(super) async fn fold<R: Row, T>(
        &self,
        call: &Call,
        start: impl Fn() -> T,
        each: impl Fn(&mut T, R),
    ) -> Result<Complete<T>, SourceError> {
        let read = self.collect(call, || Folded { value: start(), each: &each }).await?;
        Ok(Complete { value: read.value.value, bytes: read.bytes })
    }

    /// Reads a list of any length row by row, into what `start` makes. That comes
    /// out only when the answer is whole; when it is not, what was collected is
    /// dropped, and another try starts anew.
    pub(super) async fn collect<R: Row, C: Collect<R>>(
        &self,
        call: &Call,
        start: impl Fn() -> C,
    ) -> Result<Complete<C>, SourceError> {
        let mut pauses = self.pauses();
        let mut is_repeat = false;
        loop {
            let mut leave = self.admit(call).await?;
            let mut value = start();
            let tried = self.attempt(call, is_repeat, &mut leave, &mut value);
            let failure = match tried.await {
                Ok(ending) => {
                    self.complain(call, &ending)?;
                    return Ok(Complete { value, bytes: ending.size.bytes });
                }
                Err(failure) => failure,
            };
            drop((leave, value));
            let error = failure.error;
            match pauses.next().filter(|_| is_repeatable(call, error.fault)) {
                Some(pause) => sleep(pause.max(failure.retry_after.unwrap_or_default())).await,
                None => return Err(error),
            }
            is_repeat = true;
        }
    }

    fn pauses(&self) -> ExponentialBackoff {
        ExponentialBuilder::default()
            .with_min_delay(self.settings.retry_pause)
            .with_max_delay(RETRY_PAUSE_MAX)
            .with_max_times(self.settings.retries)
            .with_jitter()
            .build()
    }

    /// An answer none of whose rows can be used is an error; one that lacks
    /// some is worth a word.
    fn complain(&self, call: &Call, read: &Ending) -> Result<(), SourceError> {
        let (nms, refused) = (self.settings.name(), read.refused);
        if refused > 0 && read.rows == 0 {
            let message = format!(
                "LibreNMS at {} gives {} without the ids of its {refused} rows; nothing of it is \
                 used",
                self.settings.url(),
                call.subject
            );
            return Err(SourceError::new(Fault::Malformed, message));
        }
        if refused > 0 {
            tracing::warn!(nms, call = call.name, refused, "left out rows without a usable id");
        }
        Ok(())
    }

    /// Waits until a request may be sent.
    async fn admit(&self, call: &Call) -> Result<Leave<'_>, SourceError> {
        self.refuse_while_paused()?;
        let asked = Instant::now();
        let leave = self.gate.enter(call).await;
        self.ledger.waited(call.name, asked.elapsed());
        let probe = self.breaker().admit(Instant::now());
        probe.map_err(|_| self.paused())?;
        Ok(leave)
    }

    /// Says so at once, without queueing, when the server is to be left alone.
    fn refuse_while_paused(&self) -> Result<(), SourceError> {
        self.pause().map_or(Ok(()), |_| Err(self.paused()))
    }

    fn paused(&self) -> SourceError {
        let cause = self.cause().map_or_else(String::new, |cause| format!(": {cause}"));
        let message = format!(
            "LibreNMS at {} has failed too often and is left alone for now{cause}",
            self.settings.url(),
        );
        SourceError::new(Fault::Paused, message)
    }

    /// Sends the request once, and keeps account of it.
    async fn attempt<R: Row>(
        &self,
        call: &Call,
        is_repeat: bool,
        leave: &mut Leave<'_>,
        into: &mut impl Collect<R>,
    ) -> Result<Ending, Failure> {
        let sent = Instant::now();
        let mut size = Size::default();
        self.calls.fetch_add(1, Relaxed);
        let result = self.exchange(call, leave, &mut size, into).await;
        self.bytes.fetch_add(size.bytes, Relaxed);
        let error = result.as_ref().err().map(|failure| &failure.error);
        match error {
            // The server works; it is the request that it will not have.
            Some(SourceError {
                fault: Fault::NotFound | Fault::Rejected | Fault::Forbidden,
                ..
            })
            | None => self.breaker().succeeded(),
            Some(cause) => {
                let is_left_alone = self.breaker().failed(Instant::now(), cause);
                if is_left_alone {
                    let nms = self.settings.name();
                    tracing::warn!(nms, %cause, "LibreNMS is left alone for now");
                }
            }
        }
        if error.is_none() {
            self.gate.was(call, size.bytes);
        }
        let exchange = Exchange {
            kind: call.name,
            is_repeat,
            took: sent.elapsed(),
            wire_bytes: size.wire_bytes,
            bytes: size.bytes,
            rows: result.as_ref().map_or(0, |ending| ending.rows),
        };
        self.ledger.called(&exchange, error);
        result
    }

    async fn exchange<R: Row>(
        &self,
        call: &Call,
        leave: &mut Leave<'_>,
        size: &mut Size,
        into: &mut impl Collect<R>,
    ) -> Result<Ending, Failure> {
        let base = self.settings.url();
        let lost = |error: reqwest::Error| answer::no_answer(base, call.subject, &error);
        let mut response = self.send(call, leave).await.map_err(lost)?;
        if !response.status().is_success() {
            return self.refused(call, response, size).await;
        }
        if !answer::is_json(response.headers()) {
            return Err(answer::no_json(base, call.subject));
        }
        let bad = |error| self.unusable(call, &error);
        let decoder = Decoder::new(call.list_key, into);
        let body_bytes_max = self.settings.body_bytes_max;
        let mut body = Body::new(response.headers(), body_bytes_max, decoder).map_err(bad)?;
        let read = async {
            while let Some(piece) = response.chunk().await.map_err(lost)? {
                body.feed(&piece).map_err(bad)?;
            }
            Ok(())
        };
        let read = read.await;
        *size = body.size();
        read?;
        let ending = body.finish().map_err(bad)?;
        // The unpacker gives its last bytes only now.
        *size = ending.size;
        Ok(ending)
    }

    /// Sends the request, up to the head of the answer.
    async fn send(&self, call: &Call, leave: &mut Leave<'_>) -> reqwest::Result<Response> {
        let call_timeout = match call.bulk {
            true => self.settings.call_timeout,
            false => self.settings.call_timeout.min(SMALL_CALL_TIMEOUT_MAX),
        };
        let mut request = self
            .http
            .get(format!("{}api/v0/{}", self.settings.url(), call.path))
            .timeout(call_timeout);
        if !call.query.is_empty() {
            request = request.query(&call.query);
        }
        let sent = self.ledger.now();
        let mut answer = Box::pin(request.send());
        let arrives_within = self.settings.connect_timeout + ARRIVES_WITHIN;
        let answer = match timeout(arrives_within, &mut answer).await {
            Ok(answer) => answer,
            Err(_) => {
                leave.answered();
                answer.await
            }
        };
        leave.answered();
        if let Some(at) = answer.as_ref().ok().and_then(|head| answer::date(head.headers())) {
            self.ledger.heard(at);
            self.server_clock.heard(at, sent, self.ledger.now());
        }
        answer
    }

    async fn refused(
        &self,
        call: &Call,
        mut response: Response,
        size: &mut Size,
    ) -> Result<Ending, Failure> {
        let mut body = Vec::new();
        // An error whose body breaks off is still that error.
        while let Ok(Some(piece)) = response.chunk().await {
            size.wire_bytes += piece.len() as u64;
            body.extend_from_slice(&piece);
            if size.wire_bytes > ERROR_BODY_BYTES_MAX {
                break;
            }
        }
        let body = body::unpacked(response.headers(), body, ERROR_BODY_BYTES_MAX);
        size.bytes = body.len() as u64;
        let answer = Answer {
            subject: call.subject,
            base: self.settings.url(),
            status: response.status(),
            headers: response.headers(),
            body: &body,
        };
        match answer.refusal(call.empty_is_404) {
            Refusal::NoRows => Ok(Ending { size: *size, rows: 0, refused: 0 }),
            Refusal::Failed(failure) => Err(failure),
        }
    }

    fn unusable(&self, call: &Call, error: &BodyError) -> Failure {
        let (base, subject) = (self.settings.url(), call.subject);
        match error {
            BodyError::Decode(error) => answer::undecodable(base, subject, error),
            BodyError::TooLarge => {
                let message = format!(
                    "LibreNMS at {base} answered {subject} with more than body_bytes_max ({} \
                     bytes); nothing of it is used",
                    self.settings.body_bytes_max
                );
                Failure::new(Fault::TooLarge, message)
            }
            BodyError::Gzip | BodyError::Packing => {
                let message = format!(
                    "LibreNMS at {base}, {subject}: {error}; nothing of it is used (check what \
                     stands in front of it)"
                );
                Failure::new(Fault::Malformed, message)
            }
        }
    }

    /// Counts are consistent even after a panic elsewhere.
    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a call that failed so may be sent again at once. A whole table that
/// was too much for the server would be too much again, and is the heaviest
/// thing that it can be asked.
fn is_repeatable(call: &Call, fault: Fault) -> bool {
    let is_too_much = matches!(fault, Fault::Overloaded | Fault::TooLarge | Fault::TimedOut);
    fault.is_passing() && !(call.bulk && is_too_much)
}
