//! A whole pipeline in a directory of its own: simulated LibreNMS, log,
//! stages, ClickHouse, database.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::ConnectionTrait;
use secrecy::ExposeSecret;
use store::embedded::{Embedded, EmbeddedConfig, USER, find_library};
use tempfile::TempDir;

use crate::api::{ADMIN_EMAIL, ADMIN_PASSWORD, Api};
use crate::broker::Broker;
use crate::log::{LogPlace, SAMPLES_RETENTION};
use crate::network::{Nms, TOKEN};
use crate::process::Process;
use crate::rows::ClickHouse;

/// Running processes with everything that they need. Dropping it ends them.
pub(crate) struct Pipeline {
    /// `all` alone, or each stage.
    pub(crate) stages: Vec<Process>,
    /// Signed in as administrator.
    pub(crate) api: Api,
    /// Reads the results with the product's own user.
    pub(crate) clickhouse: ClickHouse,
    /// Where the samples are.
    pub(crate) log: LogPlace,
    /// What is polled.
    pub(crate) nms: Nms,
    /// The engine that the stages see as a server; `all` has its own.
    pub(crate) engine: Option<Engine>,
    /// The broker of stages apart.
    pub(crate) broker: Option<Broker>,
    /// The flags that every stage was started with.
    pub(crate) args: Vec<String>,
    dir: TempDir,
}

impl Pipeline {
    /// `padwacht all` with everything embedded.
    pub(crate) async fn all(nms: Nms, stale_after: &str) -> Pipeline {
        Pipeline::all_with(nms, stale_after, "").await
    }

    /// As [`Pipeline::all`], with `more` in the configuration.
    pub(crate) async fn all_with(nms: Nms, stale_after: &str, more: &str) -> Pipeline {
        Pipeline::all_edited(nms, stale_after, |config| config + more).await
    }

    /// As [`Pipeline::all_with`], with no account in the configuration.
    pub(crate) async fn all_unwatched(nms: Nms, stale_after: &str, more: &str) -> Pipeline {
        let edit = |config: String| {
            let (before, account) = config.split_once("[[nms]]").expect("there is one");
            let (_, after) = account.split_once("[log]").expect("it comes next");
            format!("{before}[log]{after}{more}")
        };
        Pipeline::all_edited(nms, stale_after, edit).await
    }

    async fn all_edited(
        nms: Nms,
        stale_after: &str,
        edit: impl FnOnce(String) -> String,
    ) -> Pipeline {
        let dir = tempfile::tempdir().expect("a directory");
        let port = free_port();
        let config =
            write_config(dir.path(), &nms, stale_after, &format!("embedded_http_port = {port}"));
        edit_config(dir.path(), edit);
        let args = [config, vec!["--listen".to_owned(), "127.0.0.1:0".to_owned()]].concat();
        library();
        let mut stages = vec![Process::start("all", &args, dir.path())];
        let api = Api::sign_in(&stages[0].address().await).await;
        let data = dir.path().join("data");
        let password = data.join("clickhouse/padwacht.password");
        let password = std::fs::read_to_string(password).expect("the engine runs");
        let url = format!("http://127.0.0.1:{port}");
        let clickhouse = ClickHouse::new(&url, USER, password.trim());
        let log = LogPlace::Embedded(data.join("log"));
        Pipeline { stages, api, clickhouse, log, nms, engine: None, broker: None, args, dir }
    }

    /// Each stage in a process of its own, on Kafka, a ClickHouse by URL and
    /// the database at `database`.
    pub(crate) async fn apart(nms: Nms, stale_after: &str, database: Database) -> Pipeline {
        Pipeline::apart_with(nms, stale_after, database, "").await
    }

    /// As [`Pipeline::apart`], with `more` behind `[api]` of the configuration.
    pub(crate) async fn apart_with(
        nms: Nms,
        stale_after: &str,
        database: Database,
        more: &str,
    ) -> Pipeline {
        let dir = tempfile::tempdir().expect("a directory");
        let (broker, engine) =
            tokio::join!(Broker::start(), Engine::start(dir.path().join("engine")));
        let password = format!("password = {:?}", engine.password);
        let mut args = write_config(dir.path(), &nms, stale_after, &password);
        edit_config(dir.path(), |text| text + more);
        let database = database.url(dir.path()).await;
        for (flag, value) in [
            ("--kafka", broker.address.as_str()),
            ("--clickhouse", engine.url.as_str()),
            ("--database", database.as_str()),
            ("--listen", "127.0.0.1:0"),
        ] {
            args.extend([flag.to_owned(), value.to_owned()]);
        }
        let start = |name| Process::start(name, &args, dir.path());
        let mut stages: Vec<Process> = ["api", "correlate", "ingest"].map(start).into();
        let api = Api::sign_in(&stages[0].address().await).await;
        let clickhouse = ClickHouse::new(&engine.url, USER, &engine.password);
        let log = LogPlace::kafka(&broker.address);
        let (engine, broker) = (Some(engine), Some(broker));
        Pipeline { stages, api, clickhouse, log, nms, engine, broker, args, dir }
    }

    /// The process of a stage.
    pub(crate) fn stage(&mut self, name: &str) -> &mut Process {
        self.stages.iter_mut().find(|stage| stage.name == name).expect("a stage of this pipeline")
    }

    /// Changes the configuration for the next start of a stage.
    pub(crate) fn edit_config(&self, edit: impl FnOnce(String) -> String) {
        edit_config(self.dir.path(), edit);
    }

    /// Kills a stage and starts it again. The pages may be elsewhere then.
    pub(crate) async fn restart(&mut self, name: &str) {
        self.stage(name).kill();
        self.start_again(name).await;
    }

    /// Starts a stage that was killed. The pages may be elsewhere then.
    pub(crate) async fn start_again(&mut self, name: &str) {
        self.stage(name).spawn();
        if matches!(name, "all" | "api") {
            self.api.base = self.stage(name).address().await;
        }
    }

    /// Lets simulated time pass, and waits until everything that LibreNMS
    /// then says is in the log.
    pub(crate) async fn step(&self, by_ms: i64) {
        self.nms.advance(by_ms);
        self.read_all().await;
    }

    /// Waits until everything that LibreNMS says now is in the log.
    pub(crate) async fn read_all(&self) {
        self.nms.read_begins().await;
        let since = self.nms.now();
        self.log.has_all(&self.nms.watched(), since).await;
    }

    /// The directory of everything that the processes write.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }
}

/// Which database the stages share.
pub(crate) enum Database {
    /// A file.
    Sqlite,
    /// A new one on the server that `make test` starts.
    Postgres,
}

impl Database {
    async fn url(self, dir: &Path) -> String {
        match self {
            Database::Sqlite => format!("sqlite://{}", dir.join("records.db").display()),
            Database::Postgres => {
                let admin = std::env::var("PADWACHT_TEST_POSTGRES").expect(
                    "PADWACHT_TEST_POSTGRES names no PostgreSQL: run `make test`, which starts one",
                );
                static COUNTER: AtomicU32 = AtomicU32::new(0);
                let number = COUNTER.fetch_add(1, Ordering::Relaxed);
                let name = format!("pipeline_{}_{number}", std::process::id());
                let server = sea_orm::Database::connect(&admin).await.expect("it answers");
                for verb in ["DROP DATABASE IF EXISTS", "CREATE DATABASE"] {
                    let sql = format!("{verb} {name}");
                    server.execute_unprepared(&sql).await.expect("a database of one's own");
                }
                server.close().await.expect("the server lets go");
                let (server, _) = admin.rsplit_once('/').expect("the URL names a database");
                format!("{server}/{name}")
            }
        }
    }
}

/// A ClickHouse that the stages know by its URL alone.
pub(crate) struct Engine {
    running: Option<Embedded>,
    config: EmbeddedConfig,
    url: String,
    password: String,
}

impl Engine {
    async fn start(dir: PathBuf) -> Engine {
        let mut config = EmbeddedConfig::new(&dir, library()).expect("this executable is known");
        config.executable = PathBuf::from(env!("CARGO_BIN_EXE_padwacht"));
        config.http_port = free_port();
        let running = Embedded::start(config.clone()).await.expect("the engine starts");
        let series = running.series_config();
        let password = series.password.expose_secret().to_owned();
        Engine { running: Some(running), config, url: series.url, password }
    }

    /// Takes it away, as `kill -9` would.
    pub(crate) fn kill(&mut self) {
        drop(self.running.take().expect("it runs"));
    }

    /// Brings it back at the same address.
    pub(crate) async fn start_again(&mut self) {
        let running = Embedded::start(self.config.clone()).await.expect("the engine starts");
        self.running = Some(running);
    }

    /// The number of its process.
    pub(crate) fn process_id(&self) -> Option<u32> {
        self.running.as_ref().and_then(Embedded::process_id)
    }
}

/// The engine's library; without it nothing here can run.
fn library() -> PathBuf {
    find_library(None).unwrap_or_else(|error| panic!("{error}; run `make test`"))
}

/// The configuration of every process, in the pipeline's directory.
const CONFIG_FILE: &str = "padwacht.toml";

/// How often everything is read.
pub(crate) const POLL_INTERVAL: &str = "poll_interval = \"1s\"";

/// Writes the configuration file; gives the flags that name it.
fn write_config(dir: &Path, nms: &Nms, stale_after: &str, clickhouse: &str) -> Vec<String> {
    let config = format!(
        r#"[general]
data_dir = "{data}"
[[nms]]
name = "librenms"
url = "{url}"
token = "{TOKEN}"
clock = "nms"
{POLL_INTERVAL}
requests_per_second = 100
{settings}
[log]
samples_partitions = 3
samples_retention = "{retention_s}s"
[clickhouse]
{clickhouse}
[correlate]
workers = 2
stale_after = "{stale_after}"
batch_interval = "200ms"
checkpoint_interval = "8s"
horizon = "1h"
[api]
admin_email = "{ADMIN_EMAIL}"
admin_password = "{ADMIN_PASSWORD}"
requests_per_second = 1000
"#,
        data = dir.join("data").display(),
        retention_s = SAMPLES_RETENTION.as_secs(),
        url = nms.url,
        settings = nms.settings,
    );
    let path = dir.join(CONFIG_FILE);
    std::fs::write(&path, config).expect("written");
    vec!["--config".to_owned(), path.display().to_string()]
}

fn edit_config(dir: &Path, edit: impl FnOnce(String) -> String) {
    let file = dir.join(CONFIG_FILE);
    let text = std::fs::read_to_string(&file).expect("it was written");
    std::fs::write(&file, edit(text)).expect("written");
}

/// A port of loopback that nobody uses at this moment.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port()
}
