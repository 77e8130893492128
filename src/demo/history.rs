//! From the simulator's past to records of the log: the reports of ingest, in
//! order of time. One holds an hour of a device's readings instead of one, as
//! if ingest had been away for that long: a sixth of the records to read.

use std::sync::Arc;

use anyhow::Context;
use correlate::model::{Period, Sample, Timestamp};
use ingest::simulator::{Failure, History, HistoryBatch, World};
use store::log::{Log, Record};
use store::wire::{
    ComponentSample, DeviceReport, Evidence, SAMPLES_TOPIC, State, encode_report, report_key,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Between two readings of a device. The engine's staleness limit is half as
/// long again.
pub(super) const STEP_MS: i64 = 600_000;
/// One report covers the readings of an hour.
const REPORT_MS: i64 = 3_600_000;
/// Records in one append: much less than the log takes, so that memory stays small.
const APPEND_RECORDS: usize = 10_000;
/// Appends made ready while one is written.
const AHEAD: usize = 2;
const DAY_MS: i64 = 86_400_000;

/// The past to fill in.
pub(super) struct Filling {
    /// The network.
    pub(super) world: Arc<World>,
    /// What broke.
    pub(super) failures: Vec<Failure>,
    /// When; readings begin a step earlier, so that all is known at its start.
    pub(super) period: Period,
}

impl Filling {
    /// Days to fill, for a progress bar.
    pub(super) fn days(&self) -> u64 {
        u64::try_from(self.period.millis()).unwrap_or(0).div_ceil(DAY_MS as u64)
    }

    /// Appends every reading; calls `progress` with the number of days done.
    /// Doing it again changes nothing. False when `shutdown` came first.
    ///
    /// # Errors
    /// The log refuses.
    pub(super) async fn append_to(
        self,
        log: &dyn Log,
        shutdown: &CancellationToken,
        mut progress: impl FnMut(u64),
    ) -> anyhow::Result<bool> {
        let from = self.period.from;
        let (send, mut ready) = mpsc::channel::<(Timestamp, Vec<Record>)>(AHEAD);
        let making = tokio::task::spawn_blocking(move || self.make(&send));
        while let Some((at, records)) = ready.recv().await {
            if shutdown.is_cancelled() {
                return Ok(false);
            }
            log.append(SAMPLES_TOPIC, records).await.context("append history to the log")?;
            progress(u64::try_from((at.millis() - from.millis()) / DAY_MS).unwrap_or(0));
        }
        making.await.context("make the history")?;
        Ok(true)
    }

    /// Makes the records and sends them, until nobody wants them any more.
    fn make(self, send: &mpsc::Sender<(Timestamp, Vec<Record>)>) {
        let Period { from, until } = self.period;
        let start = from.plus_millis(-STEP_MS);
        let mut day_from = start;
        while day_from < until {
            let day = Period::new(day_from, day_from.plus_millis(DAY_MS).min(until));
            let history = History::new(&self.world, &self.failures, start, day, STEP_MS);
            let mut reports: Vec<DeviceReport> =
                history.flat_map(|batch| reports_of(&batch)).collect();
            reports.sort_by_key(|report| report.observed_at_ms);
            for chunk in reports.chunks(APPEND_RECORDS) {
                let at = chunk.last().map_or(day.from, |report| Timestamp(report.observed_at_ms));
                let record = |report| Record::new(report_key(report), encode_report(report));
                if send.blocking_send((at, chunk.iter().map(record).collect())).is_err() {
                    return;
                }
            }
            day_from = day.until;
        }
    }
}

/// The samples of the batch, in a report for each hour.
pub(super) fn reports_of(batch: &HistoryBatch) -> Vec<DeviceReport> {
    let Some((nms, _, device)) = batch.device.parts() else { return Vec::new() };
    batch
        .samples
        .chunk_by(|one, next| hour(one) == hour(next))
        .map(|readings| DeviceReport {
            nms: nms.to_owned(),
            device: device.to_owned(),
            observed_at_ms: readings.iter().map(|last| last.at.millis()).max().unwrap_or(0),
            samples: readings.iter().filter_map(sample_of).collect(),
        })
        .collect()
}

fn hour(sample: &Sample) -> i64 {
    sample.at.millis().div_euclid(REPORT_MS)
}

fn sample_of(sample: &Sample) -> Option<ComponentSample> {
    let (_, kind, native_id) = sample.component.parts()?;
    Some(ComponentSample {
        kind: kind.to_owned(),
        native_id: native_id.to_owned(),
        at_ms: sample.at.millis(),
        state: State::from(sample.state).into(),
        evidence: Evidence::Poll.into(),
        uncertainty_ms: 0,
        reason: 0,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use ingest::simulator::{Topology, WorldOptions};
    use store::log::{EmbeddedLog, ReadLimits, TopicKind, TopicSpec};
    use store::wire::{decode_report, report_samples};

    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn world() -> Arc<World> {
        let options =
            WorldOptions { services: 5, account: "demo".into(), ..WorldOptions::default() };
        Arc::new(World::generate(&Topology::surfnet(), &options).expect("valid"))
    }

    #[test]
    fn reports_hold_exactly_the_samples_of_their_batch() {
        let period = Period::new(Timestamp(0), Timestamp(3 * HOUR_MS));
        let history = History::new(&world(), &[], period.from, period, STEP_MS);
        let mut samples = 0;
        for batch in history {
            let reports = reports_of(&batch);
            assert_eq!(reports.len(), 3, "one an hour");
            let read: Vec<Sample> =
                reports.iter().flat_map(|report| report_samples(report).expect("valid")).collect();
            assert_eq!(read, batch.samples);
            samples += read.len();
        }
        assert!(samples > 1000);
    }

    /// Every reading is there, in order, and everything is known at the start.
    #[tokio::test]
    async fn a_filled_log_is_in_order_of_time() {
        let dir = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::open(dir.path()).await.unwrap();
        let kind = TopicKind::Retained(Duration::from_secs(86_400));
        let spec = TopicSpec { name: SAMPLES_TOPIC.to_owned(), partitions: 1, kind };
        log.ensure_topic(&spec).await.unwrap();
        let from = Timestamp(1_000 * HOUR_MS);
        let period = Period::new(from, from.plus_millis(2 * HOUR_MS));
        let filling = Filling { world: world(), failures: Vec::new(), period };
        assert_eq!(filling.days(), 1);
        let never = CancellationToken::new();
        assert!(filling.append_to(&log, &never, |_| ()).await.unwrap());
        let limits = ReadLimits { records: usize::MAX, bytes: usize::MAX };
        let read = log.read(SAMPLES_TOPIC, 0, 0, limits, Duration::ZERO).await.unwrap();
        let mut last = i64::MIN;
        let mut first: BTreeMap<String, i64> = BTreeMap::new();
        for record in read {
            let report = decode_report(&record.value.unwrap()).unwrap();
            assert!(last <= report.observed_at_ms);
            last = report.observed_at_ms;
            let oldest = report.samples.iter().map(|sample| sample.at_ms).min().unwrap();
            first.entry(report.device).or_insert(oldest);
        }
        assert!(first.values().all(|at| *at <= from.millis()));
        assert!(last >= period.until.millis() - STEP_MS && last < period.until.millis());
    }
}
