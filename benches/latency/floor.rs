//! The floor: a bare HTTP request to the simulator and its answer, then a
//! record that is appended to a log of the same kind and synced.

use std::time::Duration;

use store::log::{EmbeddedLog, Log, Record, TopicKind, TopicSpec};
use store::wire::SAMPLES_TOPIC;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::nms::TOKEN;

/// Between two measurements: so seldom that they disturb nothing.
const PAUSE: Duration = Duration::from_secs(1);

/// About what a report of a device with some ports takes.
const RECORD_BYTES: usize = 500;

/// Measures beside what else goes on, until it is asked for what it found.
pub(crate) struct Floor {
    measuring: JoinHandle<()>,
    found: std::sync::Arc<std::sync::Mutex<Vec<f64>>>,
    _dir: TempDir,
}

impl Floor {
    /// Begins.
    pub(crate) async fn start(url: &str) -> Floor {
        let dir = tempfile::tempdir().expect("a directory");
        let log = EmbeddedLog::open(dir.path()).await.expect("a new log");
        let kind = TopicKind::Retained(Duration::from_secs(86_400));
        let spec = TopicSpec { name: SAMPLES_TOPIC.to_owned(), partitions: 1, kind };
        log.ensure_topic(&spec).await.expect("a new topic");
        let found = std::sync::Arc::<std::sync::Mutex<Vec<f64>>>::default();
        let (into, url) = (std::sync::Arc::clone(&found), format!("{url}/control/now"));
        let measuring = tokio::spawn(async move {
            let client = reqwest::Client::builder().no_proxy().build().expect("a client");
            loop {
                sleep(PAUSE).await;
                let began = Instant::now();
                let request = client.get(&url).header("X-Control-Token", TOKEN);
                let answer = request.send().await.expect("the simulator answers");
                drop(answer.bytes().await.expect("a whole body"));
                let record = Record::new("librenms/device/1", vec![b'x'; RECORD_BYTES]);
                log.append(SAMPLES_TOPIC, vec![record]).await.expect("it is appended");
                let took_ms = began.elapsed().as_secs_f64() * 1_000.0;
                into.lock().expect("nothing panics while it is held").push(took_ms);
            }
        });
        Floor { measuring, found, _dir: dir }
    }

    /// Milliseconds, since the last time.
    pub(crate) fn take(&self) -> Vec<f64> {
        std::mem::take(&mut self.found.lock().expect("nothing panics while it is held"))
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        self.measuring.abort();
    }
}
