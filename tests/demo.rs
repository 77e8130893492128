//! `padwacht demo` as people start it, with the history that it has unless they
//! say otherwise: the longest that correlate reads in one go anywhere. Needs
//! `libchdb.so` (`PADWACHT_LIBCHDB`): `make test` brings it. Without it the test
//! fails and says so.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::header::SET_COOKIE;
use reqwest::{Client, Url};
use serde_json::Value;
use store::embedded::find_library;
use tempfile::TempDir;
use tokio::time::Instant;

/// How the demo says how to sign in.
const SIGN_IN: &str = "  Sign in   ";
/// The history that it has by default.
const HISTORY_MS: i64 = 30 * DAY_MS;
const DAY_MS: i64 = 86_400_000;
/// How long it may take to read all of it on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);
const SERVICES: usize = 30;
/// What one page of the table of intervals holds, and more pages than there are.
const PAGES_MAX: u32 = 400;

/// The running demo. It is killed when this is dropped.
struct Demo {
    child: Child,
    dir: TempDir,
    base: String,
    client: Client,
    cookie: String,
}

impl Demo {
    async fn start() -> Demo {
        find_library(None).unwrap_or_else(|error| panic!("{error}; run `make test`"));
        let dir = tempfile::tempdir().expect("a directory");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let listen = listener.local_addr().expect("bound").to_string();
        drop(listener);
        let log = std::fs::File::create(dir.path().join("log")).expect("a log file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_padwacht"));
        command.current_dir(dir.path()).env("HOME", dir.path());
        command.args(["demo", "--services", &SERVICES.to_string(), "--listen", &listen]);
        command.arg("--data-dir").arg(dir.path().join("demo"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().expect("the binary starts");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let base = format!("http://{listen}");
        let redirects = reqwest::redirect::Policy::none();
        let client = Client::builder().redirect(redirects).build().expect("a client");
        let mut demo = Demo { child, dir, base, client, cookie: String::new() };
        let told = tokio::task::spawn_blocking(move || {
            let mut lines = lines.map_while(Result::ok);
            let told =
                lines.by_ref().find_map(|line| line.strip_prefix(SIGN_IN).map(str::to_owned));
            // What it says later must not fill the pipe.
            std::thread::spawn(move || lines.for_each(drop));
            told
        });
        let told =
            told.await.expect("reads").unwrap_or_else(|| panic!("it ended:\n{}", demo.log()));
        let (email, password) = told.split_once("   password ").expect("both");
        let form = [("email", email), ("password", password.trim())];
        let request = demo.client.post(format!("{}/login", demo.base)).form(&form);
        let answer = request.send().await.expect("answers");
        let cookie = answer.headers()[SET_COOKIE].to_str().expect("ASCII");
        demo.cookie = cookie.split(';').next().expect("a name and a value").to_owned();
        demo
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    async fn read(&self, path: &[&str], query: &[(&str, &str)]) -> String {
        let mut url = Url::parse_with_params(&self.base, query).expect("a URL");
        url.path_segments_mut().expect("a base").extend(path);
        let request = self.client.get(url).header("cookie", &self.cookie);
        let answer = request.send().await.expect("answers");
        let (status, text) = (answer.status(), answer.text().await.expect("text"));
        assert!(status.is_success(), "{path:?}: {status} {text}");
        text
    }

    async fn json(&self, path: &[&str], query: &[(&str, &str)]) -> Value {
        serde_json::from_str(&self.read(path, query).await).expect("JSON")
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            eprintln!("--- the log of the demo\n{}\n---", self.log());
        }
    }
}

fn millis(instant: &Value) -> i64 {
    let instant: jiff::Timestamp = instant.as_str().expect("an instant").parse().expect("RFC 3339");
    instant.as_millisecond()
}

/// The services, once correlate has read all that was known at `since`.
async fn services(demo: &Demo, since: i64) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let status = demo.json(&["api", "v1", "status"], &[]).await;
        let until = &status["complete_until"];
        if until.is_string() && millis(until) >= since {
            break;
        }
        assert!(Instant::now() < deadline, "correlate is not at the end: {status}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let found = demo.json(&["api", "v1", "services"], &[("limit", "200")]).await;
    let found = found["services"].as_array().expect("a list");
    assert_eq!(found.len(), SERVICES);
    found.iter().map(|one| one["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_of_history_is_read_to_its_end_and_shown_from_its_beginning() {
    let demo = Demo::start().await;
    let now = jiff::Timestamp::now().as_millisecond();
    let (services, begin) = (services(&demo, now).await, now - HISTORY_MS);
    let from = (begin - 2 * DAY_MS).to_string();
    let mut early = None;
    for service in &services {
        let path = ["api", "v1", "services", service, "intervals"];
        let list = demo.json(&path, &[("from", &from), ("limit", "10000")]).await;
        assert_eq!(list["truncated"], false, "{service}");
        let intervals = list["intervals"].as_array().expect("a list");
        let first = intervals.first().unwrap_or_else(|| panic!("{service} has no intervals"));
        let start = millis(&first["start"]);
        assert!(start <= begin && start > begin - 2 * DAY_MS, "{service}: {first}");
        for pair in intervals.windows(2) {
            assert_eq!(pair[0]["end"], pair[1]["start"], "{service}: no gap");
        }
        assert_eq!(intervals.last().expect("not empty")["end"], Value::Null, "{service}");
        // Of the month no more than its first moments are not known.
        let known = intervals.iter().find(|one| one["state"] != "unknown");
        let known = known.unwrap_or_else(|| panic!("{service} was never known"));
        assert!(millis(&known["start"]) < begin + DAY_MS, "{service}: {known}");
        let changes = intervals.iter().skip(1).filter(|one| millis(&one["start"]) > begin);
        let change = changes.min_by_key(|one| millis(&one["start"]));
        let change = change.map(|one| (millis(&one["start"]), service.clone()));
        early = early.into_iter().chain(change).min();
    }
    let (at, service) = early.expect("something changed");
    assert!(at < begin + HISTORY_MS / 3, "the beginning of the month has changes too");

    let csv = demo.read(&["services", &service, "intervals.csv"], &[]).await;
    let at = jiff::Timestamp::from_millisecond(at).expect("in range");
    let day = at.to_string().get(..10).expect("a date").to_owned();
    assert!(csv.contains(&day), "{service} changed on {day}: {csv}");
    let shown = format!("datetime=\"{at}\"");
    let mut is_shown = false;
    for page in 1..PAGES_MAX {
        let page = page.to_string();
        let query = [("zoom", "30d"), ("page", page.as_str())];
        let html = demo.read(&["services", &service], &query).await;
        is_shown = html.contains(&shown);
        let next = format!("page={}", page.parse::<u32>().expect("a number") + 1);
        if is_shown || !html.contains(&next) {
            break;
        }
    }
    assert!(is_shown, "no page of {service} shows {at}");
    assert!(!demo.log().contains("ERROR"), "{}", demo.log());
}
