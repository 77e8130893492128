//! A real Kafka broker of a test's own: the product's topics have fixed names.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::process::kill_9;

/// A broker. It is stopped when this is dropped.
pub(crate) struct Broker {
    data: TempDir,
    /// `host:port`.
    pub(crate) address: String,
}

impl Broker {
    /// Starts one with no topics.
    pub(crate) async fn start() -> Broker {
        let data = tempfile::tempdir().expect("a directory");
        let dir = data.path().to_owned();
        let address = tokio::task::spawn_blocking(move || script("start", &dir)).await;
        Broker { data, address: address.expect("no panic") }
    }

    /// `kill -9`.
    pub(crate) fn kill(&self) {
        let pid = std::fs::read_to_string(self.data.path().join("broker.pid")).expect("it runs");
        kill_9(pid.trim().parse().expect("a number"));
    }

    /// Starts it again at its address, after [`Broker::kill`].
    pub(crate) async fn start_again(&self) {
        let dir = self.data.path().to_owned();
        let address = tokio::task::spawn_blocking(move || script("start", &dir)).await;
        assert_eq!(address.expect("no panic"), self.address);
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        script("stop", self.data.path());
    }
}

fn script(verb: &str, data: &Path) -> String {
    let script: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "deploy", "kafka", "run.sh"].iter().collect();
    let output = Command::new(script)
        .args([verb, "--data"])
        .arg(data)
        .env("PADWACHT_KAFKA_HEAP", "256m")
        .stderr(Stdio::inherit())
        .output()
        .expect("bash runs");
    assert!(output.status.success(), "deploy/kafka/run.sh {verb} failed; run `make test`");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}
