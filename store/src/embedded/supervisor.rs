//! The parent's side: starts the child, waits until it answers, starts it
//! again after a crash, and stops it cleanly.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};

use super::child::{ChildArguments, LISTENING};
use super::files::engine_dir;
use super::{EmbeddedConfig, EmbeddedError, SUBCOMMAND};
use crate::series::{Series, SeriesConfig, SeriesError};

/// How often a start is tried before [`Embedded::start`](super::Embedded::start)
/// gives up: a predecessor that was killed may hold its lock for a moment.
const FIRST_ATTEMPTS_MAX: u32 = 6;

/// The pause before the second attempt; it doubles with each further one.
const BACKOFF_MIN: Duration = Duration::from_millis(200);

/// The longest pause between attempts.
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// How long a start may take: loading what a large database needs takes a while.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// How long one question "do you answer?" may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// The pause between two such questions.
const ANSWER_POLL: Duration = Duration::from_millis(50);

/// An engine that ran this long has come up properly; its next end starts
/// the backoff from the beginning.
const STEADY_AFTER: Duration = Duration::from_secs(60);

/// How long a clean stop may take before the child is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// How many of the engine's last lines an error repeats.
const LAST_WORDS_MAX: usize = 5;

/// How much of one of those lines, in characters.
const LAST_WORD_CHARS_MAX: usize = 300;

/// What the engine is doing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EngineState {
    /// It is being started for the first time.
    Starting,
    /// It answers.
    Running {
        /// The child's process id.
        process_id: u32,
    },
    /// It ended unasked, or does not come up, and is being started again.
    Restarting {
        /// How many times in a row.
        failures: u32,
        /// How it ended, with its last words.
        reason: String,
    },
    /// It was stopped, or its first start was given up.
    Stopped {
        /// Why.
        reason: String,
    },
}

/// How one life of the child ended.
enum End {
    /// It was asked to.
    Asked,
    /// It ended by itself, or had to be killed because it did not answer.
    Failed { reason: String, ran: Duration },
}

pub(super) struct Supervisor {
    config: EmbeddedConfig,
    arguments: ChildArguments,
    series: Series,
    state: watch::Sender<EngineState>,
    last_words: Arc<Mutex<VecDeque<String>>>,
}

impl Supervisor {
    pub(super) fn new(
        config: EmbeddedConfig,
        config_file: PathBuf,
        user: SeriesConfig,
        state: watch::Sender<EngineState>,
    ) -> Result<Supervisor, EmbeddedError> {
        let arguments = ChildArguments {
            library: config.library.clone(),
            engine_dir: engine_dir(&config.data_dir),
            config_file,
            http_port: config.http_port,
            tcp_port: config.tcp_port,
        };
        // The database may not exist before the first migration.
        let user = SeriesConfig { database: "system".to_owned(), ..user };
        let series = Series::connect(&user)
            .map_err(|error| EmbeddedError::NotStarted { reason: error.to_string() })?;
        Ok(Supervisor { config, arguments, series, state, last_words: Arc::default() })
    }

    /// Keeps the child running until `stop` says something or is closed.
    pub(super) async fn run(self, mut stop: mpsc::Receiver<()>) {
        let (mut failures, mut came_up) = (0, false);
        loop {
            let end = self.one_life(&mut stop, &mut came_up).await;
            let (reason, ran) = match end {
                Ok(End::Asked) => return self.stopped("it was asked to stop".to_owned()),
                Ok(End::Failed { reason, ran }) => (reason, ran),
                Err(error) => (error_text(&error), Duration::ZERO),
            };
            failures = if ran >= STEADY_AFTER { 1 } else { failures + 1 };
            if came_up {
                tracing::error!(failures, reason, "the embedded clickhouse ended, restarting it");
                self.state.send_replace(EngineState::Restarting { failures, reason });
            } else if failures >= FIRST_ATTEMPTS_MAX {
                return self.stopped(reason);
            }
            tokio::select! {
                () = sleep(backoff(failures)) => {}
                _ = stop.recv() => return self.stopped("it was asked to stop".to_owned()),
            }
        }
    }

    fn stopped(&self, reason: String) {
        self.state.send_replace(EngineState::Stopped { reason });
    }

    async fn one_life(
        &self,
        stop: &mut mpsc::Receiver<()>,
        came_up: &mut bool,
    ) -> Result<End, EmbeddedError> {
        let started = Instant::now();
        let mut child = self.spawn()?;
        let process_id = child.id().unwrap_or_default();
        // Waiting for the child would close its input, which ends it.
        let _lifeline = child.stdin.take();
        let reader = child
            .stderr
            .take()
            .map(|stderr| tokio::spawn(follow(stderr, Arc::clone(&self.last_words))));
        let mut up = false;
        let end = loop {
            tokio::select! {
                status = child.wait() => {
                    // Its last words are whole once its end of the pipe is closed.
                    if let Some(reader) = reader {
                        let _ = timeout(ANSWER_TIMEOUT, reader).await;
                    }
                    break End::Failed { reason: self.obituary(status), ran: started.elapsed() };
                }
                _ = stop.recv() => {
                    self.stop_child(&mut child).await;
                    break End::Asked;
                }
                () = self.answers(), if !up => {
                    up = true;
                    *came_up = true;
                    self.state.send_replace(EngineState::Running { process_id });
                    tracing::info!(process_id, url = self.series.config().url, "the embedded clickhouse runs");
                }
                () = tokio::time::sleep_until(started + START_TIMEOUT), if !up => {
                    kill(&mut child).await;
                    let reason = format!("no answer within {} s", START_TIMEOUT.as_secs());
                    break End::Failed { reason, ran: Duration::ZERO };
                }
            }
        };
        Ok(end)
    }

    /// The child in a process group of its own, so that Ctrl-C reaches only
    /// the parent, which then stops it cleanly; with a bare environment, since
    /// the engine reads some variables that are none of its business.
    fn spawn(&self) -> Result<Child, EmbeddedError> {
        Command::new(&self.config.executable)
            .arg(SUBCOMMAND)
            .args(self.arguments.to_args())
            .env_clear()
            .env("TZ", "UTC")
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| EmbeddedError::Io {
                doing: "starting the embedded clickhouse",
                path: self.config.executable.clone(),
                source,
            })
    }

    /// Waits until the engine answers its own user.
    async fn answers(&self) {
        while !matches!(timeout(ANSWER_TIMEOUT, self.series.ping()).await, Ok(Ok(()))) {
            sleep(ANSWER_POLL).await;
        }
    }

    async fn stop_child(&self, child: &mut Child) {
        let stopping = async {
            if let Err(error) = self.ask_to_stop().await {
                tracing::warn!(
                    error = error_text(&error),
                    "the embedded clickhouse did not take the request to stop"
                );
                return;
            }
            // An error means that there is no child to wait for.
            let _ = child.wait().await;
        };
        let _ = timeout(STOP_TIMEOUT, stopping).await;
        kill(child).await;
    }

    /// Asks on a connection that is closed at once: the engine waits five
    /// seconds for those that are open when it ends.
    async fn ask_to_stop(&self) -> Result<(), SeriesError> {
        Series::connect(self.series.config())?.kill_queries_like(LISTENING).await
    }

    fn obituary(&self, status: std::io::Result<ExitStatus>) -> String {
        let mut words = self.last_words.lock().unwrap_or_else(PoisonError::into_inner);
        let words: Vec<String> = words.drain(..).collect();
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        if words.is_empty() { status } else { format!("{status}: {}", words.join(" | ")) }
    }
}

/// Kills the child if it still runs, and takes its exit status.
async fn kill(child: &mut Child) {
    // It fails for a child that has ended, which is what is wanted.
    let _ = child.kill().await;
}

fn backoff(failures: u32) -> Duration {
    BACKOFF_MIN.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(BACKOFF_MAX)
}

/// Passes the engine's lines on to the log and remembers the last few. The
/// engine logs every refused query with a stack trace; whoever sent it was
/// told, so those are for debugging only.
async fn follow(stderr: ChildStderr, last_words: Arc<Mutex<VecDeque<String>>>) {
    let mut lines = BufReader::new(stderr).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line);
        let line: String = line.trim().chars().take(LAST_WORD_CHARS_MAX).collect();
        if line.is_empty() || is_stack_frame(&line) {
            continue;
        }
        if line.contains("<Fatal>") {
            tracing::error!(target: "clickhouse", "{line}");
        } else {
            tracing::debug!(target: "clickhouse", "{line}");
        }
        let mut words = last_words.lock().unwrap_or_else(PoisonError::into_inner);
        if words.len() == LAST_WORDS_MAX {
            words.pop_front();
        }
        words.push_back(line);
    }
}

/// `12. ? @ 0x000000001c8fa4b3`
fn is_stack_frame(line: &str) -> bool {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < line.len() && rest.starts_with(". ") && rest.contains(" @ 0x")
}

fn error_text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

impl Series {
    /// Whether the server answers this user.
    async fn ping(&self) -> Result<(), SeriesError> {
        self.execute("asking whether it answers", "SELECT 1").await
    }

    /// Ends every query that begins so.
    async fn kill_queries_like(&self, beginning: &str) -> Result<(), SeriesError> {
        let sql = format!("KILL QUERY WHERE startsWith(query, '{beginning}') ASYNC");
        self.execute("stopping the engine", &sql).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_between_attempts_doubles_up_to_its_limit() {
        assert_eq!(backoff(1), BACKOFF_MIN);
        assert_eq!(backoff(2), BACKOFF_MIN * 2);
        assert_eq!(backoff(1_000), BACKOFF_MAX);
    }

    #[test]
    fn stack_frames_are_told_from_messages() {
        assert!(is_stack_frame("12. ? @ 0x000000001c8fa4b3"));
        assert!(!is_stack_frame("2026.11.22 10:57:22 [ 1 ] {} <Error> x: Code: 76"));
    }
}
