//! A Kafka broker, a ClickHouse and the stage between them, in a directory of
//! their own.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::ExposeSecret;
use store::embedded::{Embedded, EmbeddedConfig, USER, find_library};
use store::log::{KafkaConfig, KafkaLog, Log, Record, TopicKind, TopicSpec};
use store::series::SeriesConfig;
use store::wire::{DEFINITIONS_TOPIC, SAMPLES_TOPIC};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::process::{Broker, Stage};
use crate::workload::Markers;

/// The product's defaults.
const SAMPLES_PARTITIONS: u32 = 8;
const SAMPLES_KEPT: Duration = Duration::from_secs(90 * 86_400);

/// Records in one append: some megabytes.
const APPEND_RECORDS: usize = 50_000;

/// Markers in one set: few enough to cost nothing, so many that it would be a
/// wonder if a partition got none.
const MARKERS: usize = 200;

/// How long anything may take before the benchmark counts as broken.
const PATIENCE: Duration = Duration::from_secs(600);

/// Between two looks at ClickHouse.
pub(crate) const LOOK: Duration = Duration::from_millis(20);

/// Everything but the load.
pub(crate) struct Place {
    pub(crate) log: KafkaLog,
    pub(crate) broker: Broker,
    pub(crate) engine: Embedded,
    client: reqwest::Client,
    series: SeriesConfig,
    args: Vec<String>,
    dir: TempDir,
}

impl Place {
    /// Starts broker and ClickHouse and makes the topics.
    pub(crate) async fn new() -> Place {
        let dir = tempfile::tempdir().expect("a directory");
        let broker = Broker::start(dir.path().join("kafka"));
        let library = find_library(None).unwrap_or_else(|error| panic!("{error}"));
        let mut config = EmbeddedConfig::new(&dir.path().join("clickhouse"), library)
            .expect("this executable is known");
        config.executable = PathBuf::from(env!("CARGO_BIN_EXE_padwacht"));
        let engine = Embedded::start(config).await.expect("clickhouse starts");
        let series = engine.series_config();
        let log = KafkaLog::open(KafkaConfig::plain(&broker.address)).expect("good settings");
        for (name, partitions, kind) in [
            (SAMPLES_TOPIC, SAMPLES_PARTITIONS, TopicKind::Retained(SAMPLES_KEPT)),
            (DEFINITIONS_TOPIC, 1, TopicKind::Compacted),
        ] {
            let spec = TopicSpec { name: name.to_owned(), partitions, kind };
            log.ensure_topic(&spec).await.expect("the broker makes topics");
        }
        let config = dir.path().join("padwacht.toml");
        let data = dir.path().join("data");
        let text = format!(
            "[general]\ndata_dir = {data:?}\n[clickhouse]\npassword = {:?}\n",
            series.password.expose_secret()
        );
        std::fs::write(&config, text).expect("written");
        let database = format!("sqlite://{}", dir.path().join("records.db").display());
        let args = [
            ("--config", config.display().to_string()),
            ("--kafka", broker.address.clone()),
            ("--clickhouse", series.url.clone()),
            ("--database", database),
        ];
        let args = args.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]).collect();
        Place { log, broker, engine, client: reqwest::Client::new(), series, args, dir }
    }

    /// Starts the stage as it is released, with every default.
    pub(crate) fn start_stage(&self) -> Stage {
        Stage::start(&self.args, self.dir.path())
    }

    /// Appends records in pieces.
    pub(crate) async fn append(&self, topic: &str, records: Vec<Record>) {
        for piece in records.chunks(APPEND_RECORDS) {
            self.log.append(topic, piece.to_vec()).await.expect("the broker takes them");
        }
    }

    /// Appends to every partition of the samples a record that ends it for now.
    pub(crate) async fn mark(&self, name: &str) -> Markers {
        let mut markers = Markers::new(name, MARKERS, wall_ms());
        self.append(DEFINITIONS_TOPIC, std::mem::take(&mut markers.definitions)).await;
        let before = self.ends().await;
        self.append(SAMPLES_TOPIC, std::mem::take(&mut markers.samples)).await;
        let after = self.ends().await;
        let grew = before.iter().zip(&after).all(|(before, after)| after > before);
        assert!(grew, "a partition got no marker");
        markers
    }

    /// Waits until the stage has written what it made of everything before
    /// the markers.
    pub(crate) async fn marked(&self, markers: &Markers, stage: &mut Stage) {
        let sql = format!(
            "SELECT uniqExact(service) = {MARKERS} FROM service_intervals \
             WHERE startsWith(service, '{}') AND state = 'up'",
            markers.prefix
        );
        self.until(&sql, stage).await;
    }

    /// Waits until a query answers 1.
    pub(crate) async fn until(&self, sql: &str, stage: &mut Stage) {
        let deadline = Instant::now() + PATIENCE;
        while self.ask(sql).await.as_deref().map(str::trim) != Ok("1") {
            stage.must_run();
            assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain: {sql}");
            sleep(LOOK).await;
        }
    }

    /// The end of each partition of the samples.
    pub(crate) async fn ends(&self) -> Vec<u64> {
        let mut ends = Vec::new();
        for partition in 0..SAMPLES_PARTITIONS {
            let bounds = self.log.bounds(SAMPLES_TOPIC, partition).await;
            ends.push(bounds.expect("the broker answers").end);
        }
        ends
    }

    /// ClickHouse's answer as tab-separated lines.
    ///
    /// # Errors
    /// What it says; before the stage's first start there are no tables.
    pub(crate) async fn ask(&self, sql: &str) -> Result<String, String> {
        let request = self.client.post(&self.series.url).query(&[("database", "padwacht")]);
        let request = request
            .header("X-ClickHouse-User", USER)
            .header("X-ClickHouse-Key", self.series.password.expose_secret())
            .body(sql.to_owned());
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let is_good = answer.status().is_success();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        if is_good { Ok(text) } else { Err(text) }
    }
}

/// The wall clock, which the broker on this machine shares.
pub(crate) fn wall_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
