//! A server that gives prepared answers and notes what it was asked.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response};
use correlate::model::Timestamp;
use futures::stream::{self, StreamExt};
use ingest::librenms::{LibreNms, Settings};
use ingest::source::{DeviceReport, PollOutcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// "Now" of the fixtures.
pub(crate) const NOW: &str = "2026-08-20T10:15:00Z";

/// One answer.
#[derive(Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    ending: Ending,
}

#[derive(Clone, Copy)]
enum Ending {
    Whole,
    Never,
}

impl Answer {
    pub(crate) fn new(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        let headers = vec![("content-type", media_type.to_owned())];
        Answer { status, headers, body: body.into(), ending: Ending::Whole }
    }

    pub(crate) fn json(status: u16, body: impl Into<Vec<u8>>) -> Answer {
        Answer::new(status, "application/json", body)
    }

    /// A file of `../shared/librenms-fixtures`, as JSON.
    pub(crate) fn fixture(status: u16, name: &str) -> Answer {
        Answer::json(status, fixture(name))
    }

    pub(crate) fn page(status: u16, name: &str) -> Answer {
        Answer::new(status, "text/html; charset=UTF-8", fixture(name))
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Answer {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Sends the body and then nothing more, for ever.
    pub(crate) fn never_ending(mut self) -> Answer {
        self.ending = Ending::Never;
        self
    }

    fn response(self) -> Response<Body> {
        let mut response = Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(*name, value);
        }
        let body = match self.ending {
            Ending::Whole => Body::from(self.body),
            Ending::Never => {
                let start = stream::iter([Ok::<_, std::io::Error>(self.body)]);
                Body::from_stream(start.chain(stream::pending()))
            }
        };
        response.body(body).unwrap()
    }
}

/// The bytes of a file of `../shared/librenms-fixtures`.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/librenms-fixtures");
    let path = folder.join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("needs {}: {error}", path.display()))
}

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
}

#[derive(Default)]
struct Script {
    /// Per path; the last answer stays.
    answers: HashMap<String, Vec<Answer>>,
    asked: Vec<Asked>,
}

/// The server.
pub(crate) struct Fake {
    script: Arc<Mutex<Script>>,
    address: SocketAddr,
}

impl Fake {
    /// A server on a free port that knows nothing yet.
    pub(crate) async fn start() -> Fake {
        let script = Arc::new(Mutex::new(Script::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(answer).with_state(script.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Fake { script, address }
    }

    /// A server with the network of the fixtures.
    pub(crate) async fn healthy() -> Fake {
        let fake = Fake::start().await;
        fake.on("devices", [Answer::fixture(200, "devices_list_mixed_26_7.json")]);
        fake.on("ports", [Answer::fixture(200, "ports_all_columns.json")]);
        fake.on("resources/links", [Answer::fixture(200, "links_all.json")]);
        fake.on("system", [Answer::fixture(200, "system_docker_26_6.json")]);
        fake.on("devices/22", [Answer::fixture(500, "error_500_generic.json")]);
        let single = Answer::fixture(200, "device_single_26_5_plus_location_object.json");
        fake.on("devices/21", [single]);
        fake.on("devices/22/ports", [Answer::fixture(404, "error_404_ports_empty.json")]);
        fake
    }

    /// Sets the answers to `path` (below `api/v0/`), one after the other.
    pub(crate) fn on(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        let mut answers: Vec<_> = answers.into_iter().collect();
        answers.reverse();
        self.script.lock().unwrap().answers.insert(format!("/api/v0/{path}"), answers);
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.script.lock().unwrap().asked.clone()
    }

    /// How often `path` (below `api/v0/`) was asked for.
    pub(crate) fn times(&self, path: &str) -> usize {
        let path = format!("/api/v0/{path}");
        self.asked().iter().filter(|asked| asked.target.split('?').next() == Some(&path)).count()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Settings that do not wait.
    pub(crate) fn settings(&self) -> Settings {
        settings(&self.url())
    }

    pub(crate) fn source(&self) -> (LibreNms, Wound) {
        source(self.settings())
    }
}

/// The address of a server that answers every request with `answer`, to the
/// byte, and then drops the connection.
pub(crate) async fn dropping(answer: Vec<u8>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(connection.read_u8().await.unwrap());
            }
            connection.write_all(&answer).await.unwrap();
        }
    });
    url
}

pub(crate) fn settings(url: &str) -> Settings {
    let mut settings = Settings::new("ams1", url, TOKEN.to_owned().into()).unwrap();
    settings.requests_per_second = 10_000.try_into().unwrap();
    settings.burst = 10_000.try_into().unwrap();
    settings.retry_pause = Duration::from_millis(1);
    settings
}

/// A clock that stands until it is moved.
#[derive(Clone)]
pub(crate) struct Wound(Arc<AtomicI64>);

impl Wound {
    pub(crate) fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

pub(crate) fn source(settings: Settings) -> (LibreNms, Wound) {
    let clock = Wound(Arc::new(AtomicI64::new(at(NOW).millis())));
    let hand = clock.clone();
    let now = move || Timestamp(hand.0.load(Ordering::SeqCst));
    (LibreNms::new(settings, Arc::new(now)).unwrap(), clock)
}

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

/// The samples as `kind id state at ±uncertainty`, sorted.
pub(crate) fn lines(outcome: &PollOutcome) -> Vec<String> {
    let of_device = |report: &DeviceReport| {
        let samples = report.samples.iter().map(|sample| {
            let at = jiff::Timestamp::from_millisecond(sample.at.millis()).unwrap();
            let seconds = f64::from(sample.uncertainty_ms) / 1000.0;
            let (kind, id) = (sample.kind.as_str(), &sample.native_id);
            format!("{}: {kind} {id} {} {at} ±{seconds}", report.device, sample.state)
        });
        samples.collect::<Vec<_>>()
    };
    let mut lines: Vec<_> = outcome.reports.iter().flat_map(of_device).collect();
    lines.sort();
    lines
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response<Body> {
    let mut script = script.lock().unwrap();
    let target = request.uri().to_string();
    script.asked.push(Asked { target, headers: request.headers().clone() });
    let Some(answers) = script.answers.get_mut(request.uri().path()) else {
        return Answer::fixture(404, "error_404_route.json").response();
    };
    let last = answers.last().cloned().unwrap();
    if answers.len() > 1 {
        answers.pop();
    }
    last.response()
}
