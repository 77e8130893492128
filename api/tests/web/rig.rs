//! One web server on a free port, with its own records and, where a test needs
//! figures, its own engine.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use api::{ApiConfig, ApiParts, ApiState, PrintedOnce, bootstrap_admin, issue_api_token, serve};
use correlate::model::{
    ComponentId, ComponentState, Interval, IntervalRevision, ServiceId, ServiceState, Timestamp,
};
use metrics_exporter_prometheus::PrometheusBuilder;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use store::embedded::{DATABASE, Embedded, EmbeddedConfig, find_library};
use store::log::{EmbeddedLog, Log, TopicKind, TopicSpec};
use store::records::{Actor, CustomerId, Records, Role, Standing, UserDraft, UserId};
use store::series::{Series, SeriesBatch, SeriesConfig, Transition};
use store::wire::SAMPLES_TOPIC;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub(crate) const ADMIN: &str = "admin@example.net";
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// 2026-11-22T12:00:00Z, a Sunday, 13:00 in Amsterdam.
pub(crate) const NOW: Timestamp = Timestamp(1_795_348_800_000);

pub(crate) struct TestApp {
    pub(crate) base: String,
    pub(crate) state: ApiState,
    pub(crate) records: Records,
    pub(crate) series: Series,
    pub(crate) log: Arc<dyn Log>,
    /// What the first start shows, where no password was given.
    pub(crate) printed: Option<PrintedOnce>,
    clock: Arc<AtomicI64>,
    shutdown: CancellationToken,
    client: Client,
    _engine: Option<Embedded>,
    // Dropped last: the records and the engine live in it.
    _dir: tempfile::TempDir,
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// What a test sees of an answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    async fn of(response: Response) -> Answer {
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await.expect("a whole answer"),
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }
}

impl TestApp {
    /// A web server whose series are away: for everything but figures.
    pub(crate) async fn without_series() -> TestApp {
        TestApp::configured(|_| {}).await
    }

    /// The same, configured by `configure`.
    pub(crate) async fn configured(configure: impl FnOnce(&mut ApiConfig)) -> TestApp {
        let dir = tempfile::tempdir().expect("a directory");
        TestApp::begin(None, nowhere(), dir, Some(PASSWORD.into()), configure).await
    }

    /// A web server at its first start, without a password for the administrator.
    pub(crate) async fn first_start() -> TestApp {
        let dir = tempfile::tempdir().expect("a directory");
        TestApp::begin(None, nowhere(), dir, None, |_| {}).await
    }

    /// A web server on an engine of its own.
    pub(crate) async fn start() -> TestApp {
        TestApp::start_configured(|_| {}).await
    }

    /// The same, configured by `configure`.
    pub(crate) async fn start_configured(configure: impl FnOnce(&mut ApiConfig)) -> TestApp {
        let dir = tempfile::tempdir().expect("a directory");
        let library = find_library(None).unwrap_or_else(|error| panic!("{error}"));
        let mut config =
            EmbeddedConfig::new(&dir.path().join("engine"), library).expect("an executable");
        config.executable = PathBuf::from(env!("CARGO_BIN_EXE_api-test-clickhouse"));
        let engine = Embedded::start(config).await.expect("the engine starts");
        let series = engine.series_config();
        let app = TestApp::begin(Some(engine), series, dir, Some(PASSWORD.into()), configure).await;
        app.series.migrate().await.expect("the series migrate");
        app
    }

    async fn begin(
        engine: Option<Embedded>,
        series: SeriesConfig,
        dir: tempfile::TempDir,
        password: Option<SecretString>,
        configure: impl FnOnce(&mut ApiConfig),
    ) -> TestApp {
        let log = EmbeddedLog::open(dir.path().join("log")).await.expect("the log opens");
        let log: Arc<dyn Log> = Arc::new(log);
        let topic = TopicSpec {
            name: SAMPLES_TOPIC.to_owned(),
            partitions: 2,
            kind: TopicKind::Retained(Duration::from_secs(3_600)),
        };
        log.ensure_topic(&topic).await.expect("the topic is made");
        let records = test_records::records(dir.path()).await;
        let is_given = password.is_some();
        let printed = bootstrap_admin(&records, ADMIN, password, NOW).await;
        let printed = printed.expect("an administrator");
        assert_eq!(printed.is_none(), is_given, "a given password is not printed");
        let series = Series::connect(&series).expect("a good configuration");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let mut config = ApiConfig::new(&base, "9.9.9").expect("the zone is bundled");
        configure(&mut config);
        let clock = Arc::new(AtomicI64::new(NOW.0));
        let ticking = Arc::clone(&clock);
        let state = ApiState::new(ApiParts {
            records: records.clone(),
            series: series.clone(),
            config,
            clock: Arc::new(move || Timestamp(ticking.load(Ordering::SeqCst))),
            log: Some(log.clone()),
            metrics: Some(PrometheusBuilder::new().build_recorder().handle()),
        })
        .expect("a good configuration");
        let shutdown = CancellationToken::new();
        tokio::spawn(serve(state.clone(), listener, shutdown.clone()));
        let client = Client::builder().redirect(Policy::none()).build().expect("a client");
        TestApp {
            base,
            state,
            records,
            series,
            log,
            printed,
            clock,
            shutdown,
            client,
            _engine: engine,
            _dir: dir,
        }
    }

    /// Moves the server's clock.
    pub(crate) fn advance_ms(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::SeqCst);
    }

    /// Ends what the test serves beside it.
    pub(crate) fn stop_token(&self) -> CancellationToken {
        self.shutdown.clone()
    }

    pub(crate) fn stop(&self) {
        self.shutdown.cancel();
    }

    /// Sends a request with `headers` and, for `body`, a JSON body.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut request =
            self.client.request(method, format!("{}{path}", self.base)).headers(read(headers));
        if let Some(body) = body {
            request = request.json(&body);
        }
        Answer::of(request.send().await.expect("the server answers")).await
    }

    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, path, headers, None).await
    }

    /// Begins an answer and leaves its body to the caller.
    pub(crate) async fn open(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let request = self.client.get(format!("{}{path}", self.base)).headers(read(headers));
        request.send().await.expect("the server answers")
    }

    /// Sends a form as a browser on our own pages does.
    pub(crate) async fn post_form(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        form: &[(&str, &str)],
    ) -> Answer {
        let request = self.client.post(format!("{}{path}", self.base)).headers(read(headers));
        Answer::of(request.form(form).send().await.expect("the server answers")).await
    }

    /// Follows a link of a mail, as a browser and the script of its page do.
    pub(crate) async fn follow(&self, link: &str) -> Answer {
        let (page, code) = link.split_once('#').expect("a code behind the address");
        let page = page.strip_prefix(&self.base).unwrap_or(page);
        self.get(page, &[]).await.expect(200);
        self.post_form(page, &[], &[("token", code)]).await
    }

    /// Sends a text as an NMS does.
    pub(crate) async fn post_text(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let request = self.client.post(format!("{}{path}", self.base)).headers(read(headers));
        Answer::of(request.body(body.to_owned()).send().await.expect("the server answers")).await
    }

    pub(crate) async fn try_password(&self, email: &str, password: &str) -> Answer {
        self.post_form("/login", &[], &[("email", email), ("password", password)]).await
    }

    /// Signs in and gives the cookie as a request header holds it.
    pub(crate) async fn sign_in(&self) -> String {
        let answer = self.try_password(ADMIN, PASSWORD).await.expect(303);
        cookie(&answer).expect("a session cookie")
    }

    /// An API token of the administrator, as the header holds it.
    pub(crate) async fn token(&self) -> String {
        let user = self.records.users().by_email(ADMIN).await.expect("records");
        let user = user.expect("the administrator").id;
        let actor = Actor::new("test", NOW);
        let issued = issue_api_token(&self.records, &actor, user, "test", None).await;
        format!("Bearer {}", issued.expect("a token").1.expose_secret())
    }

    /// Somebody who is no administrator, with the same password.
    pub(crate) async fn add_user(&self, email: &str, role: Role, active: bool) {
        let known = self.records.users().credentials(ADMIN).await.expect("records");
        let hash = known.expect("the administrator").password_hash;
        let actor = Actor::new("test", NOW);
        let users = self.records.users();
        let draft = UserDraft::new(email, role);
        let id = users.create(&actor, &draft, &hash).await.expect("a user");
        if !active {
            let closed = users.set_standing(&actor, id, Standing::Inactive).await;
            closed.expect("the account is closed");
        }
    }

    /// Somebody who acts for customers, with the same password; and their API
    /// token, as the header holds it.
    pub(crate) async fn acting(
        &self,
        email: &str,
        role: Role,
        customers: &[CustomerId],
    ) -> (UserId, String) {
        let known = self.records.users().credentials(ADMIN).await.expect("records");
        let hash = known.expect("the administrator").password_hash;
        let actor = Actor::new("test", NOW);
        let customers = customers.iter().copied().collect();
        let draft = UserDraft { customers, ..UserDraft::new(email, role) };
        let id = self.records.users().create(&actor, &draft, &hash).await.expect("a user");
        let issued = issue_api_token(&self.records, &actor, id, "test", None).await;
        (id, format!("Bearer {}", issued.expect("a token").1.expose_secret()))
    }

    /// Stores intervals and transitions as the engine would.
    pub(crate) async fn store(
        &self,
        epoch: u64,
        intervals: Vec<IntervalRevision>,
        transitions: Vec<Transition>,
    ) {
        let batch = SeriesBatch {
            epoch,
            recorded_at: NOW,
            intervals,
            transitions,
            withdrawn_transitions: Vec::new(),
        };
        self.series.write(&batch).await.expect("the series take it");
    }
}

/// Series that are away.
fn nowhere() -> SeriesConfig {
    SeriesConfig {
        // Nothing listens on port 1.
        url: "http://127.0.0.1:1".to_owned(),
        database: DATABASE.to_owned(),
        user: "nobody".to_owned(),
        password: "".into(),
    }
}

fn read(headers: &[(&str, &str)]) -> HeaderMap {
    let header = |(name, value): &(&str, &str)| {
        let name: HeaderName = name.parse().expect("a header name");
        (name, HeaderValue::from_str(value).expect("a header value"))
    };
    headers.iter().map(header).collect()
}

/// The cookie that an answer sets, `name=value`.
pub(crate) fn cookie(answer: &Answer) -> Option<String> {
    let set = answer.header("set-cookie");
    set.split(';').next().filter(|pair| pair.contains('=')).map(str::to_owned)
}

pub(crate) fn interval(
    service: &str,
    start: Timestamp,
    end: Option<Timestamp>,
    state: ServiceState,
    cause: &[&str],
) -> IntervalRevision {
    let cause = cause.iter().map(|id| ComponentId::from(*id)).collect();
    IntervalRevision {
        service: ServiceId::from(service),
        start,
        interval: Some(Interval { start, end, state, cause, cause_moves: Vec::new() }),
    }
}

pub(crate) fn transition(component: &str, at: Timestamp, state: ComponentState) -> Transition {
    Transition { component: ComponentId::from(component), at, state }
}
