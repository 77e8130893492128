//! The whole product in one process, started for the first time.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use store::embedded::find_library;
use tempfile::TempDir;
use test_provider::{CLIENT_ID, CLIENT_SECRET};

/// How the process announces its pages.
const PAGES: &str = "Padwacht: ";
/// And whom the first start made.
const ADMINISTRATOR: &str = "First administrator: ";

/// The running product. It is killed when this is dropped.
pub(crate) struct Product {
    child: Child,
    dir: TempDir,
    /// Such as `http://localhost:8080`: passkeys need a name, not an address.
    pub(crate) base: String,
    /// Address and password of the first administrator.
    pub(crate) administrator: (String, String),
}

impl Product {
    /// Starts `padwacht all`, with mail by the server at `smtp_port` and single
    /// sign-on by the provider `issuer`; waits for its pages.
    pub(crate) fn start(smtp_port: u16, issuer: &str) -> Product {
        find_library(None).unwrap_or_else(|error| panic!("{error}; run `make test`"));
        let dir = tempfile::tempdir().expect("a directory");
        let base = format!("http://localhost:{}", free_port());
        let config = config(dir.path(), &base, smtp_port, issuer);
        let file = dir.path().join("padwacht.toml");
        std::fs::write(&file, config).expect("written");
        let log = std::fs::File::create(dir.path().join("log")).expect("a log file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_padwacht"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PADWACHT__")) {
            command.env_remove(name);
        }
        command.current_dir(dir.path()).env("HOME", dir.path());
        command.args(["all", "--config"]).arg(&file);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().expect("the binary starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let mut administrator = None;
        let is_up = lines.by_ref().map_while(Result::ok).any(|line| {
            let made = line.strip_prefix(ADMINISTRATOR).and_then(|made| {
                let (email, rest) = made.split_once("  password: ")?;
                Some((email.to_owned(), rest.split("  ").next()?.to_owned()))
            });
            administrator = made.or(administrator.take());
            line.starts_with(PAGES)
        });
        assert!(is_up, "it ended:\n{}", read(&dir.path().join("log")));
        // What it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let administrator = administrator.expect("the first start makes an administrator");
        Product { child, dir, base, administrator }
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            eprintln!("--- the log of the product\n{}\n---", read(&self.dir.path().join("log")));
        }
    }
}

/// The text of a file, if there is one.
pub(crate) fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_default()
}

/// A port of loopback that nobody uses at this moment.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port()
}

fn config(dir: &Path, base: &str, smtp_port: u16, issuer: &str) -> String {
    let port = base.rsplit(':').next().expect("it has a port");
    format!(
        r#"[general]
data_dir = "{data}"
language = "en"
[clickhouse]
embedded_http_port = {clickhouse}
[api]
listen = "127.0.0.1:{port}"
public_url = "{base}"
[mail]
url = "smtp://127.0.0.1:{smtp_port}"
from = "Padwacht <noc@example.net>"
[oidc]
issuer = "{issuer}"
client_id = "{CLIENT_ID}"
client_secret = "{CLIENT_SECRET}"
accountmanager_groups = ["sales"]
newcomers = "create"
"#,
        data = dir.join("data").display(),
        clickhouse = free_port(),
    )
}
