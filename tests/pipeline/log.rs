//! What is in the log of samples, read as another program would.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use correlate::model::{ComponentId, ComponentState, Timestamp};
use store::log::{
    EmbeddedLog, KafkaConfig, KafkaLog, Log, LogError, ReadLimits, Record, StoredRecord,
};
use store::wire::{
    DEFINITIONS_TOPIC, DeviceReport, SAMPLES_TOPIC, TRIGGERS_TOPIC, decode_report, report_samples,
};
use tempfile::TempDir;

use crate::wait;

/// How long the topic of samples keeps records.
pub(crate) const SAMPLES_RETENTION: Duration = Duration::from_secs(2 * 86_400);

/// Where a log is.
pub(crate) enum LogPlace {
    /// In the files of a process.
    Embedded(PathBuf),
    /// In Kafka.
    Kafka(Box<KafkaLog>),
}

impl LogPlace {
    /// The log of a broker.
    pub(crate) fn kafka(brokers: &str) -> LogPlace {
        let log = KafkaLog::open(KafkaConfig::plain(brokers)).expect("good settings");
        LogPlace::Kafka(Box::new(log))
    }

    /// Every report, partition by partition.
    ///
    /// # Errors
    /// A log that is away, or not there yet.
    async fn reports(&self) -> Result<Vec<DeviceReport>, LogError> {
        match self {
            LogPlace::Embedded(dir) => {
                // Its process has it; a copy is what `kill -9` would leave.
                let copy = copy(dir);
                read(&EmbeddedLog::open(copy.path()).await?).await
            }
            LogPlace::Kafka(log) => read(log.as_ref()).await,
        }
    }

    /// Keys and values of every record of every topic. The process that has the
    /// files of a log must be gone.
    pub(crate) async fn messages(&self) -> Vec<Vec<u8>> {
        match self {
            LogPlace::Embedded(dir) => {
                let open = async || EmbeddedLog::open(dir).await.ok();
                every_message(&wait::until("the log is free", open).await).await
            }
            LogPlace::Kafka(log) => every_message(log.as_ref()).await,
        }
    }

    /// Waits until every device of `watched` has reported from a reading that
    /// ended after `since`.
    pub(crate) async fn has_all(&self, watched: &[String], since: Timestamp) {
        wait::until_true("a whole poll is in the log", async || {
            let Ok(reports) = self.reports().await else { return false };
            let mut newest: BTreeMap<&str, i64> = BTreeMap::new();
            for report in &reports {
                let at = newest.entry(&report.device).or_insert(i64::MIN);
                *at = report.observed_at_ms.max(*at);
            }
            let is_there = |device: &String| newest.get(device.as_str()) >= Some(&since.millis());
            watched.iter().all(is_there)
        })
        .await;
    }

    /// Drops the older half of the samples, as retention will some day. The
    /// process that has the log must be gone.
    pub(crate) async fn drop_older_half(&self) {
        let LogPlace::Embedded(dir) = self else { panic!("only files can be trimmed") };
        let log = wait::until("the log is free", async || EmbeddedLog::open(dir).await.ok()).await;
        let mut appended: Vec<i64> = Vec::new();
        for_each(&log, |record| appended.push(record.timestamp_ms)).await.expect("it can be read");
        appended.sort_unstable();
        let retention = i64::try_from(SAMPLES_RETENTION.as_millis()).expect("it fits");
        let now = Timestamp(appended[appended.len() / 2] + retention);
        let dropped = log.enforce_retention(now).await.expect("it can be trimmed");
        assert!(dropped > 0, "no record was dropped");
    }

    /// Appends records as another program would. The process that has the
    /// files of a log must be gone.
    pub(crate) async fn append(&self, topic: &str, records: Vec<Record>) {
        let appended = match self {
            LogPlace::Embedded(dir) => {
                let open = async || EmbeddedLog::open(dir).await.ok();
                wait::until("the log is free", open).await.append(topic, records).await
            }
            LogPlace::Kafka(log) => log.append(topic, records).await,
        };
        appended.expect("appended");
    }

    /// What is said of which component, and of which instant.
    pub(crate) async fn samples(&self) -> Vec<(Timestamp, ComponentId, ComponentState)> {
        let reports = self.reports().await.expect("the log can be read");
        let samples = reports.iter().flat_map(|report| report_samples(report).expect("valid"));
        samples.map(|sample| (sample.at, sample.component, sample.state)).collect()
    }

    /// The samples as `padwacht replay` reads them.
    pub(crate) async fn samples_csv(&self) -> String {
        let mut csv = String::from("at,component,state\n");
        for (at, component, state) in self.samples().await {
            csv.push_str(&format!("{at},{component},{state}\n"));
        }
        csv
    }
}

async fn every_message(log: &dyn Log) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    for topic in [SAMPLES_TOPIC, DEFINITIONS_TOPIC, TRIGGERS_TOPIC] {
        for partition in 0..log.partitions(topic).await.expect("the topic is there") {
            let bounds = log.bounds(topic, partition).await.expect("it can be read");
            let mut next = bounds.start;
            while next < bounds.end {
                let (limits, wait) = (ReadLimits::default(), Duration::from_secs(1));
                let read = log.read(topic, partition, next, limits, wait).await;
                let records = read.expect("it can be read");
                let Some(last) = records.last() else { break };
                next = last.offset + 1;
                for record in &records {
                    messages.push(record.key.to_vec());
                    messages.extend(record.value.as_ref().map(|value| value.to_vec()));
                }
            }
        }
    }
    messages
}

async fn read(log: &dyn Log) -> Result<Vec<DeviceReport>, LogError> {
    let mut reports = Vec::new();
    let mut take = |record: &StoredRecord| {
        let report = record.value.as_deref().and_then(|value| decode_report(value).ok());
        reports.extend(report);
    };
    for_each(log, &mut take).await?;
    Ok(reports)
}

/// Gives every record of the samples to `take`, partition by partition.
async fn for_each(log: &dyn Log, mut take: impl FnMut(&StoredRecord)) -> Result<(), LogError> {
    for partition in 0..log.partitions(SAMPLES_TOPIC).await? {
        let bounds = log.bounds(SAMPLES_TOPIC, partition).await?;
        let mut next = bounds.start;
        while next < bounds.end {
            let wait = Duration::from_secs(1);
            let records =
                log.read(SAMPLES_TOPIC, partition, next, ReadLimits::default(), wait).await?;
            let Some(last) = records.last() else { break };
            next = last.offset + 1;
            records.iter().for_each(&mut take);
        }
    }
    Ok(())
}

/// A file that goes away meanwhile is left out, as in a crash.
fn copy(dir: &Path) -> TempDir {
    fn copy_into(from: &Path, to: &Path) {
        for entry in std::fs::read_dir(from).into_iter().flatten().flatten() {
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                std::fs::create_dir_all(&target).expect("a directory");
                copy_into(&entry.path(), &target);
            } else {
                let _ = std::fs::copy(entry.path(), target);
            }
        }
    }
    let copied = tempfile::tempdir().expect("a directory");
    copy_into(dir, copied.path());
    copied
}
