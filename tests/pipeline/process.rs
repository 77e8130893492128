//! One process of the product: started, killed, started again.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use crate::wait;

/// How a stage announces its pages on standard output.
const ANNOUNCED: &str = "Padwacht: ";

/// The last lines of the log that a failed test shows.
const SHOWN_LINES: usize = 60;

/// A stage in a process of its own. It is killed when this is dropped.
pub(crate) struct Process {
    /// The subcommand.
    pub(crate) name: &'static str,
    /// Its own among processes of one subcommand.
    pub(crate) label: String,
    args: Vec<String>,
    dir: PathBuf,
    child: Option<Child>,
    /// How long its log was when it was started last.
    log_before: usize,
    address: Arc<Mutex<Option<String>>>,
}

impl Process {
    /// Starts `padwacht <name> <args>` in `dir`.
    pub(crate) fn start(name: &'static str, args: &[String], dir: &Path) -> Process {
        Process::start_as(name, name, args, dir)
    }

    /// As [`Process::start`], as one of several with this subcommand.
    pub(crate) fn start_as(
        name: &'static str,
        label: &str,
        args: &[String],
        dir: &Path,
    ) -> Process {
        let mut process = Process {
            name,
            label: label.to_owned(),
            args: args.to_vec(),
            dir: dir.to_owned(),
            child: None,
            log_before: 0,
            address: Arc::default(),
        };
        process.spawn();
        process
    }

    /// Starts it again after [`Process::kill`].
    pub(crate) fn spawn(&mut self) {
        assert!(self.child.is_none(), "{} runs already", self.name);
        self.log_before = self.log().len();
        *self.address.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let mut command = Command::new(env!("CARGO_BIN_EXE_padwacht"));
        let ours = |name: &str| name.starts_with("PADWACHT__") || name.starts_with("LIBRENMS_");
        for (name, _) in std::env::vars().filter(|(name, _)| ours(name)) {
            command.env_remove(name);
        }
        command.current_dir(&self.dir).env("HOME", &self.dir);
        command.arg(self.name).args(&self.args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(self.log_file());
        let mut child = command.spawn().expect("the binary starts");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let address = Arc::clone(&self.address);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(found) = line.strip_prefix(ANNOUNCED) {
                    *address.lock().unwrap_or_else(PoisonError::into_inner) = Some(found.into());
                }
            }
        });
        self.child = Some(child);
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it can be killed");
            child.wait().expect("it can be waited for");
        }
    }

    /// Waits until it ends by itself; gives whether it did so as a success.
    pub(crate) async fn ended(&mut self) -> bool {
        let child = self.child.as_mut().expect("it was started");
        let status = wait::until(&format!("{} ends by itself", self.label), async || {
            child.try_wait().expect("it can be waited for")
        })
        .await;
        self.child = None;
        status.success()
    }

    /// Waits until it says something with all of `words`.
    pub(crate) async fn says(&self, words: &[&str]) {
        let what = format!("{} says {words:?}", self.label);
        wait::until_true(&what, async || self.has_said(words)).await;
    }

    /// Whether it has said something with all of `words` since its last start.
    pub(crate) fn has_said(&self, words: &[&str]) -> bool {
        let log = self.log();
        let mut lines = log.get(self.log_before..).unwrap_or_default().lines();
        lines.any(|line| words.iter().all(|word| line.contains(word)))
    }

    /// Where its pages are; waits until it says so.
    pub(crate) async fn address(&mut self) -> String {
        wait::until("the pages are served", async || {
            let ended = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            assert!(ended.is_none(), "{} has ended: {ended:?}", self.name);
            self.address.lock().unwrap_or_else(PoisonError::into_inner).clone()
        })
        .await
    }

    /// Its children whose command line holds `word`.
    pub(crate) fn children(&self, word: &str) -> Vec<u32> {
        let Some(parent) = self.child.as_ref().map(Child::id) else { return Vec::new() };
        let processes = std::fs::read_dir("/proc").expect("Linux has it").flatten();
        let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let is_child = |pid: &u32| {
            let read = |name| std::fs::read_to_string(format!("/proc/{pid}/{name}")).ok();
            let line = format!("PPid:\t{parent}\n");
            read("status").is_some_and(|status| status.contains(&line))
                && read("cmdline").is_some_and(|command| command.contains(word))
        };
        numbers.filter(is_child).collect()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.dir.join(format!("{}.log", self.label))
    }

    fn log_file(&self) -> File {
        let mut options = OpenOptions::new();
        options.create(true).append(true).open(self.log_path()).expect("a log file")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let shown = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
            eprintln!("--- the end of the log of {}\n{}\n---", self.label, shown.join("\n"));
        }
    }
}

/// `kill -9` by number. The shell's own: a small system has no other.
pub(crate) fn kill_9(pid: u32) {
    let killed = Command::new("sh").args(["-c", "kill -9 $0", &pid.to_string()]).status();
    assert!(killed.expect("sh runs").success(), "process {pid} could not be killed");
}
