//! The released binary, every stage in one process, with its defaults.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use reqwest::header::SET_COOKIE;
use reqwest::{Client, RequestBuilder, redirect};
use serde_json::Value;
use store::log::EmbeddedLog;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::nms::{Nms, TOKEN};

const ADMIN_EMAIL: &str = "noc@example.net";
const ADMIN_PASSWORD: &str = "correct horse battery";

/// How the binary announces its pages on standard output.
const ANNOUNCED: &str = "Padwacht: ";

/// How long anything may take before the benchmark counts as broken.
const PATIENCE: Duration = Duration::from_secs(600);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);

/// A running product. It is killed when this is dropped.
pub(crate) struct Product {
    child: Child,
    client: Client,
    /// Of its pages.
    base: String,
    cookie: String,
    dir: TempDir,
}

impl Product {
    /// Starts it with an account for each LibreNMS, and signs in.
    pub(crate) async fn start(installs: &[Nms], bulk_ports_max: Option<usize>) -> Product {
        let dir = tempfile::tempdir().expect("a directory");
        let more = bulk_ports_max.map(|ports| format!("bulk_ports_max = {ports}\n"));
        let more = more.unwrap_or_default();
        let account = |nms: &Nms| {
            let (name, url) = (nms.account(), &nms.url);
            format!("[[nms]]\nname = {name:?}\nurl = {url:?}\ntoken = {TOKEN:?}\n{more}")
        };
        let accounts: String = installs.iter().map(account).collect();
        let config = format!(
            "[general]\ndata_dir = {:?}\n{accounts}[clickhouse]\nembedded_http_port = {}\n\
             [api]\nadmin_email = {ADMIN_EMAIL:?}\nadmin_password = {ADMIN_PASSWORD:?}\n",
            dir.path().join("data"),
            free_port(),
        );
        let file = dir.path().join("padwacht.toml");
        std::fs::write(&file, config).expect("written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_padwacht"));
        let ours = |name: &str| name.starts_with("PADWACHT__") || name.starts_with("LIBRENMS_");
        for (name, _) in std::env::vars().filter(|(name, _)| ours(name)) {
            command.env_remove(name);
        }
        let said = OpenOptions::new().create(true).append(true).open(dir.path().join("all.log"));
        command.current_dir(dir.path()).env("HOME", dir.path());
        command.args(["all", "--listen", "127.0.0.1:0", "--config"]).arg(&file);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(said.expect("a log file"));
        let mut child = command.spawn().expect("the binary starts");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let (announce, announced) = mpsc::channel();
        std::thread::spawn(move || {
            let lines = lines.map_while(Result::ok);
            let found = lines.filter_map(|line| Some(line.strip_prefix(ANNOUNCED)?.to_owned()));
            found.for_each(|base| drop(announce.send(base)));
        });
        let base = tokio::task::spawn_blocking(move || announced.recv_timeout(PATIENCE)).await;
        let base = base.expect("nothing panics").expect("the pages are served");
        let redirects = redirect::Policy::none();
        let client = Client::builder().no_proxy().redirect(redirects).build().expect("a client");
        let form = [("email", ADMIN_EMAIL), ("password", ADMIN_PASSWORD), ("next", "/")];
        let answer = client.post(format!("{base}/login")).form(&form).send().await;
        let answer = answer.expect("the sign-in page answers");
        let cookie = answer.headers()[SET_COOKIE].to_str().expect("ASCII");
        let cookie = cookie.split(';').next().expect("a name and a value").to_owned();
        Product { child, client, base, cookie, dir }
    }

    /// Waits until everything of that account has been read once.
    pub(crate) async fn ready(&mut self, account: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let asked = self.client.get(format!("{}/api/v1/sources/{account}", self.base));
            let source = self.ask(asked).await;
            if source["state"] == "ok" && source["ports"].as_u64() > Some(0) {
                return;
            }
            let ended = self.child.try_wait().expect("it can be asked");
            assert!(ended.is_none(), "the product has ended: {}", self.said());
            assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain: {}", self.said());
            sleep(LOOK).await;
        }
    }

    /// Where alerts of that account are to be pushed, and the secret for it.
    pub(crate) async fn push_secret(&self, account: &str) -> (String, String) {
        let path = format!("{}/api/v1/sources/{account}/push/secrets", self.base);
        let issued = self.ask(self.client.post(path)).await;
        let secret = issued["secret"].as_str().unwrap_or_else(|| panic!("no secret: {issued}"));
        (format!("{}/push/{account}", self.base), secret.to_owned())
    }

    /// Stops it in order, and opens the log that it leaves.
    pub(crate) async fn stop(&mut self) -> EmbeddedLog {
        let id = self.child.id().to_string();
        let asked = Command::new("sh").args(["-c", "kill $0", &id]).status();
        assert!(asked.expect("sh runs").success(), "the product cannot be stopped");
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait().expect("it can be waited for").is_none() {
            assert!(Instant::now() < deadline, "the product does not stop");
            sleep(LOOK).await;
        }
        let log = EmbeddedLog::open(self.dir.path().join("data").join("log")).await;
        log.expect("a log that nobody has")
    }

    async fn ask(&self, request: RequestBuilder) -> Value {
        let answer = request.header("cookie", &self.cookie).send().await.expect("it answers");
        let text = answer.text().await.expect("a whole body");
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    }

    fn said(&self) -> String {
        let said = std::fs::read_to_string(self.dir.path().join("all.log")).unwrap_or_default();
        let lines: Vec<&str> = said.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A port of loopback that nobody uses at this moment.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port()
}
