//! Reads the log ahead of the engine and cuts what comes into epochs.
//!
//! One task per partition decodes; a bounded channel holds them back when the
//! engine or ClickHouse is slower. Nothing here changes the engine.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use correlate::model::Timestamp;
use store::checkpoint::Position;
use store::log::{Log, LogError, ReadLimits, StoredRecord};
use store::series::{SetAside, SetAsideKind};
use store::wire::{DEFINITIONS_TOPIC, SAMPLES_TOPIC, report_samples};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::clock::Clock;
use super::cluster::Team;
use super::epoch::Input;
use super::set_aside::{Decoded, Origin};
use crate::wiring;

/// Batches read ahead over all partitions: the next ones are at hand while
/// the engine works, and memory stays bounded.
const AHEAD_MAX: usize = 8;

/// Samples in one epoch; more wait for the next, so that an epoch's rows and
/// its time in the engine stay bounded.
pub(super) const EPOCH_SAMPLES_MAX: usize = 500_000;

/// How far a partition of the samples has been read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Reach {
    pub(super) partition: u32,
    /// Everything that was appended to it before this instant has been read.
    pub(super) until: Timestamp,
    /// Whether there was nothing more.
    pub(super) is_end: bool,
}

/// What a reader found.
pub(super) enum Found {
    Samples {
        partition: u32,
        offsets: Range<u64>,
        decoded: Decoded,
        until: Timestamp,
    },
    Controls {
        partition: u32,
        next: u64,
        records: Vec<StoredRecord>,
    },
    /// Records that the log dropped before they were read.
    Lost(SetAside),
    /// There was nothing to read when asked at this moment.
    End {
        topic: &'static str,
        partition: u32,
        at: Timestamp,
    },
}

impl Found {
    /// How far that is, for samples.
    pub(super) fn reach(&self) -> Option<Reach> {
        match *self {
            Found::Samples { partition, until, .. } => {
                Some(Reach { partition, until, is_end: false })
            }
            Found::End { topic: SAMPLES_TOPIC, partition, at } => {
                Some(Reach { partition, until: at, is_end: true })
            }
            Found::Controls { .. } | Found::Lost(_) | Found::End { .. } => None,
        }
    }
}

/// The readers of one process.
pub(super) struct Intake {
    found: mpsc::Receiver<Result<Found, LogError>>,
    /// Ends with this.
    _readers: JoinSet<()>,
    interval: Duration,
    shutdown: CancellationToken,
}

impl Intake {
    /// Starts reading at `positions`. An epoch is cut every `interval`.
    pub(super) fn start(
        log: Arc<dyn Log>,
        positions: Vec<Position>,
        interval: Duration,
        shutdown: CancellationToken,
    ) -> Intake {
        let (send, found) = mpsc::channel(AHEAD_MAX);
        let mut readers = JoinSet::new();
        for position in positions {
            let reader = Reader { log: log.clone(), position, wait: interval, send: send.clone() };
            readers.spawn(reader.run(shutdown.clone()));
        }
        Intake { found, _readers: readers, interval, shutdown }
    }

    /// What a reader finds next; `None` after shutdown.
    ///
    /// # Errors
    /// A log that refuses for good.
    pub(super) async fn found(&mut self) -> Result<Option<Found>, LogError> {
        tokio::select! {
            biased;
            () = self.shutdown.cancelled() => Ok(None),
            found = self.found.recv() => found.transpose(),
        }
    }

    /// The input of the next `epoch`, with what the `team` has read; `None`
    /// after shutdown. An epoch without input still moves the clock.
    ///
    /// # Errors
    /// A log that refuses for good, or a process that is lost.
    pub(super) async fn next(
        &mut self,
        epoch: u64,
        previous: Option<Timestamp>,
        clock: &mut Clock,
        team: &mut Team,
    ) -> anyhow::Result<Option<Input>> {
        let mut input = Input::default();
        let deadline = Instant::now() + self.interval;
        while input.decoded.samples.len() < EPOCH_SAMPLES_MAX {
            let found = tokio::select! {
                biased;
                found = self.found() => found?,
                () = team.urgent() => break,
                () = tokio::time::sleep_until(deadline) => break,
            };
            let Some(found) = found else { return Ok(None) };
            if let Some(reach) = found.reach() {
                clock.reached(reach.partition, reach.until, wall());
            }
            input.take(found);
        }
        tokio::select! {
            () = self.shutdown.cancelled() => return Ok(None),
            cut = team.cut(epoch, &mut input, clock) => cut?,
        }
        input.recorded_at = wall();
        input.now = clock.now(input.recorded_at, previous);
        input.complete_until = clock.complete_until(input.recorded_at);
        Ok(Some(input))
    }
}

pub(super) fn wall() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}

struct Reader {
    log: Arc<dyn Log>,
    position: Position,
    wait: Duration,
    send: mpsc::Sender<Result<Found, LogError>>,
}

impl Reader {
    async fn run(mut self, shutdown: CancellationToken) {
        let mut away = false;
        while !shutdown.is_cancelled() {
            let Position { topic, partition, next } = &self.position;
            let asked_at = wall();
            let limits = ReadLimits::default();
            let read = tokio::select! {
                () = shutdown.cancelled() => return,
                read = self.log.read(topic, *partition, *next, limits, self.wait) => read,
            };
            let found = match read {
                Ok(records) => {
                    if away {
                        tracing::info!(topic, partition, "the log is back");
                    }
                    away = false;
                    Ok(self.found(records, asked_at))
                }
                Err(error) if error.is_retriable() => {
                    if !away {
                        tracing::warn!(topic, partition, %error, "the log is away: waiting for it");
                    }
                    away = true;
                    wiring::pause(&shutdown).await;
                    continue;
                }
                Err(LogError::OffsetOutOfRange { earliest, .. }) if earliest > *next => {
                    metrics::counter!("padwacht_correlate_lost_records_total")
                        .increment(earliest - next);
                    tracing::error!(
                        topic,
                        partition,
                        from = next,
                        until = earliest,
                        "the log dropped records before they were read; keep samples for longer \
                         than the stage may be away"
                    );
                    let found = Found::Lost(lost(&self.position, earliest));
                    self.position.next = earliest;
                    if self.send.send(Ok(found)).await.is_err() {
                        return;
                    }
                    continue;
                }
                Err(error) => Err(error),
            };
            let ended = found.is_err();
            if self.send.send(found).await.is_err() || ended {
                return;
            }
        }
    }

    fn found(&mut self, records: Vec<StoredRecord>, asked_at: Timestamp) -> Found {
        let partition = self.position.partition;
        let is_samples = self.position.topic == SAMPLES_TOPIC;
        let topic = if is_samples { SAMPLES_TOPIC } else { DEFINITIONS_TOPIC };
        let Some(last) = records.last() else {
            return Found::End { topic, partition, at: asked_at };
        };
        let until = Timestamp(last.timestamp_ms);
        let from = self.position.next;
        self.position.next = last.offset + 1;
        let next = self.position.next;
        if is_samples {
            let decoded = decode(partition, &records);
            Found::Samples { partition, offsets: from..next, decoded, until }
        } else {
            Found::Controls { partition, next, records }
        }
    }
}

/// The samples of records; a record that cannot be read is set aside.
pub(super) fn decode(partition: u32, records: &[StoredRecord]) -> Decoded {
    let mut decoded = Decoded::default();
    for record in records {
        let origin = Origin::of(partition, record);
        let report = store::wire::decode_report(record.value.as_deref().unwrap_or_default());
        match report.and_then(|report| report_samples(&report)) {
            Ok(samples) => decoded.add(origin, samples),
            Err(error) => {
                let (kind, reason) = (SetAsideKind::Undecodable, error.to_string());
                let found = origin.record(SAMPLES_TOPIC, kind, &record.key, reason);
                decoded.set_aside.push(found);
            }
        }
    }
    decoded
}

/// A row for records that are gone from `position` up to `earliest`.
fn lost(position: &Position, earliest: u64) -> SetAside {
    let Position { topic, partition, next } = position;
    let origin = Origin { partition: *partition, offset: *next, at: wall(), size_bytes: 0 };
    let reason = format!(
        "the log dropped offsets {next} to {} before they were read; keep samples for longer \
         than the stage may be away",
        earliest - 1
    );
    let found = origin.record(topic, SetAsideKind::Lost, b"", reason);
    SetAside { count: earliest - next, ..found }
}
