//! The ClickHouse engine inside the product: `libchdb.so` in a supervised
//! child process.
//!
//! ```text
//! find_library(explicit) -> Result<PathBuf, EmbeddedError>       where libchdb.so is
//! Embedded::start(EmbeddedConfig) -> Result<Embedded, _>         returns when the engine answers
//! embedded.series_config() -> SeriesConfig                       padwacht's own user
//! embedded.bi_config() / bi_password_file()                      the read-only BI user
//! embedded.state() -> watch::Receiver<EngineState>
//! embedded.process_id() -> Option<u32>
//! embedded.shutdown().await                                      stops it cleanly
//! run_child(args) -> Result<(), EmbeddedError>                   what `padwacht embedded-clickhouse` is
//! ```
//!
//! The child is the same executable with the hidden subcommand
//! [`SUBCOMMAND`]; a crash of the engine ends the child alone, and it is
//! started again on the same ports. The child ends when its standard input
//! does, which happens however its parent ends: so it never outlives it, on
//! any system. Dropping [`Embedded`] kills the child; the engine's data
//! survive that.
//!
//! The data directory holds `engine/` (the engine's own), `config.xml`,
//! `users.xml`, `padwacht.password` and `bi.password`, each readable by its
//! owner alone. The engine listens on the loopback address only. The
//! session that makes it listen is `default`, which has no password: it has
//! the one grant `SYSTEM LISTEN` and a quota that its start uses up, so that
//! nobody else can do anything with it.

mod child;
mod error;
mod files;
mod library;
mod supervisor;

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::series::SeriesConfig;

pub use child::run_child;
pub use error::EmbeddedError;
pub use library::{LIBRARY_VARIABLE, find_library};
pub use supervisor::EngineState;

/// The hidden subcommand under which the executable must call [`run_child`].
pub const SUBCOMMAND: &str = "embedded-clickhouse";

/// The database that holds padwacht's tables.
pub const DATABASE: &str = "padwacht";

/// padwacht's own user of the engine.
pub const USER: &str = "padwacht";

/// The read-only user for Grafana and BI tools.
pub const BI_USER: &str = "padwacht_bi";

/// Memory that the engine may take unless configured, in bytes: enough for
/// the queries of a large fleet, little beside the rest of a server.
pub const MEMORY_BYTES_DEFAULT: u64 = 4 * 1024 * 1024 * 1024;

/// What [`Embedded::start`] needs to know.
#[derive(Clone, Debug)]
pub struct EmbeddedConfig {
    /// Where everything is kept; made where it is absent.
    pub data_dir: PathBuf,
    /// `libchdb.so`; [`find_library`] finds it.
    pub library: PathBuf,
    /// The port of the HTTP interface on 127.0.0.1; 0 picks a free one.
    pub http_port: u16,
    /// The port of the native interface on 127.0.0.1; `None` leaves it closed.
    pub tcp_port: Option<u16>,
    /// The executable to run with [`SUBCOMMAND`]; by default this very one.
    pub executable: PathBuf,
    /// Memory that the engine may take, in bytes.
    pub memory_bytes_max: u64,
}

impl EmbeddedConfig {
    /// The defaults: this executable, a free HTTP port, no native interface,
    /// [`MEMORY_BYTES_DEFAULT`].
    ///
    /// # Errors
    /// The system cannot say which executable this is.
    pub fn new(data_dir: &Path, library: PathBuf) -> Result<EmbeddedConfig, EmbeddedError> {
        let executable = std::env::current_exe().map_err(|source| EmbeddedError::Io {
            doing: "finding this executable",
            path: PathBuf::from("."),
            source,
        })?;
        Ok(EmbeddedConfig {
            data_dir: data_dir.to_owned(),
            library,
            http_port: 0,
            tcp_port: None,
            executable,
            memory_bytes_max: MEMORY_BYTES_DEFAULT,
        })
    }
}

/// The running engine. Dropping it kills the child.
#[derive(Debug)]
pub struct Embedded {
    series: SeriesConfig,
    bi: SeriesConfig,
    bi_password_file: PathBuf,
    state: watch::Receiver<EngineState>,
    stop: mpsc::Sender<()>,
    supervisor: Option<JoinHandle<()>>,
}

impl Embedded {
    /// Writes the engine's files, starts the child and waits until it answers.
    ///
    /// # Errors
    /// The library is absent, the data directory cannot be written, or the
    /// engine does not come up, for example because another process uses the
    /// directory or the port; the message has the engine's last words.
    pub async fn start(mut config: EmbeddedConfig) -> Result<Embedded, EmbeddedError> {
        if !config.library.is_file() {
            return Err(EmbeddedError::LibraryAbsent { searched: vec![config.library] });
        }
        if config.http_port == 0 {
            config.http_port = free_port()?;
        }
        let written = files::write(&config)?;
        let url = format!("http://127.0.0.1:{}", config.http_port);
        let as_user = |user: &str, password: &secrecy::SecretString| SeriesConfig {
            url: url.clone(),
            database: DATABASE.to_owned(),
            user: user.to_owned(),
            password: password.clone(),
        };
        let series = as_user(USER, &written.password);
        let bi = as_user(BI_USER, &written.bi_password);
        let (stop, stopped) = mpsc::channel(1);
        let (publish, mut state) = watch::channel(EngineState::Starting);
        let supervisor =
            supervisor::Supervisor::new(config, written.config_file, series.clone(), publish)?;
        let mut running = Embedded {
            series,
            bi,
            bi_password_file: written.bi_password_file,
            state: state.clone(),
            stop,
            supervisor: Some(tokio::spawn(supervisor.run(stopped))),
        };
        let first = state
            .wait_for(|state| !matches!(state, EngineState::Starting))
            .await
            .map(|state| state.clone());
        match first {
            Ok(EngineState::Running { .. }) => Ok(running),
            Ok(EngineState::Stopped { reason }) => Err(EmbeddedError::NotStarted { reason }),
            Ok(EngineState::Starting | EngineState::Restarting { .. }) | Err(_) => {
                running.kill();
                Err(EmbeddedError::NotStarted { reason: "its supervisor ended".to_owned() })
            }
        }
    }

    /// How padwacht's own user reaches the engine that another process of the
    /// same user runs on `data_dir`; whether it runs is not looked at.
    ///
    /// # Errors
    /// No engine has ever been started there, or its files are somebody else's.
    pub fn of_another_process(
        data_dir: &Path,
        http_port: u16,
    ) -> Result<SeriesConfig, EmbeddedError> {
        Ok(SeriesConfig {
            url: format!("http://127.0.0.1:{http_port}"),
            database: DATABASE.to_owned(),
            user: USER.to_owned(),
            password: files::password(data_dir)?,
        })
    }

    /// How padwacht's own user reaches the engine; the same after a restart.
    pub fn series_config(&self) -> SeriesConfig {
        self.series.clone()
    }

    /// How the read-only BI user reaches the engine.
    pub fn bi_config(&self) -> SeriesConfig {
        self.bi.clone()
    }

    /// The file with the BI user's password, readable by its owner alone.
    pub fn bi_password_file(&self) -> &Path {
        &self.bi_password_file
    }

    /// What the engine is doing; changes wake the receiver.
    pub fn state(&self) -> watch::Receiver<EngineState> {
        self.state.clone()
    }

    /// The child's process id while it answers.
    pub fn process_id(&self) -> Option<u32> {
        match *self.state.borrow() {
            EngineState::Running { process_id } => Some(process_id),
            _ => None,
        }
    }

    /// Stops the engine cleanly: ends the query that keeps it listening,
    /// waits for the child to end by itself, and kills it when it does not.
    pub async fn shutdown(mut self) {
        // A full channel means that it was asked already; a closed one that it ended.
        let _ = self.stop.try_send(());
        if let Some(supervisor) = self.supervisor.take()
            && let Err(error) = supervisor.await
        {
            tracing::error!(%error, "the supervisor of the embedded clickhouse failed");
        }
    }

    /// Ends the supervisor, and with it the child, which it kills when dropped.
    fn kill(&mut self) {
        if let Some(supervisor) = self.supervisor.take() {
            supervisor.abort();
        }
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port on the loopback address that nobody uses at this moment.
fn free_port() -> Result<u16, EmbeddedError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|source| EmbeddedError::Io {
            doing: "picking a free port",
            path: PathBuf::from("127.0.0.1"),
            source,
        })
}
