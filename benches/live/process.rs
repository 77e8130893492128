//! Processes beside this one, and what the system says they used.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Ticks of a second in `/proc/<pid>/stat`, on every Linux that Rust runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// How long a process may take to end by itself.
const STOP_PATIENCE: Duration = Duration::from_secs(120);

/// `padwacht correlate`, as released. It is killed when this is dropped.
pub(crate) struct Stage {
    child: Child,
    log: PathBuf,
}

impl Stage {
    /// Starts the stage in `dir`.
    pub(crate) fn start(args: &[String], dir: &Path) -> Stage {
        let log = dir.join("correlate.log");
        let file = OpenOptions::new().create(true).append(true).open(&log).expect("a log file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_padwacht"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PADWACHT__")) {
            command.env_remove(name);
        }
        command.current_dir(dir).env("HOME", dir).arg("correlate").args(args);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        Stage { child: command.spawn().expect("the binary starts"), log }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Fails when the stage has ended, with its last words.
    pub(crate) fn must_run(&mut self) {
        if let Some(status) = self.child.try_wait().expect("it can be asked") {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let last = lines[lines.len().saturating_sub(20)..].join("\n");
            panic!("the stage ended with {status}; the end of its log:\n{last}");
        }
    }

    /// Asks it to stop and waits: it leaves a checkpoint.
    pub(crate) fn stop(mut self) {
        let asked = Command::new("sh").args(["-c", "kill $0", &self.id().to_string()]).status();
        assert!(asked.expect("sh runs").success(), "the stage cannot be stopped");
        let deadline = Instant::now() + STOP_PATIENCE;
        while self.child.try_wait().expect("it can be waited for").is_none() {
            assert!(Instant::now() < deadline, "the stage does not stop");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A Kafka broker on loopback. It is stopped when this is dropped.
pub(crate) struct Broker {
    data: PathBuf,
    /// `host:port`.
    pub(crate) address: String,
}

impl Broker {
    /// Starts one with no topics.
    pub(crate) fn start(data: PathBuf) -> Broker {
        let address = script("start", &data);
        Broker { data, address }
    }

    pub(crate) fn id(&self) -> u32 {
        let text = std::fs::read_to_string(self.data.join("broker.pid")).expect("it runs");
        text.trim().parse().expect("a number")
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        script("stop", &self.data);
    }
}

fn script(verb: &str, data: &Path) -> String {
    let script: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "deploy", "kafka", "run.sh"].iter().collect();
    let mut command = Command::new(script);
    let output = command.args([verb, "--data"]).arg(data).stderr(Stdio::inherit()).output();
    let output = output.expect("bash runs");
    assert!(output.status.success(), "deploy/kafka/run.sh {verb} failed; run `make bench`");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// Seconds of processor time that a process has used.
pub(crate) fn cpu_seconds(id: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).expect("it runs");
    // The name before may hold anything; fields 14 and 15 are user and system time.
    let (_, fields) = stat.rsplit_once(')').expect("a process has a name");
    let fields = fields.split_whitespace().skip(11).take(2);
    fields.map(|ticks| ticks.parse::<f64>().expect("a number") / TICKS_PER_SECOND).sum()
}

/// The most memory that a process has had resident, in bytes.
pub(crate) fn peak_bytes(id: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("it runs");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = peak.expect("Linux tells it").trim().trim_end_matches(" kB");
    kibibytes.parse::<f64>().expect("a number") * 1_024.0
}
