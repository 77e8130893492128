//! Reads the log ahead of the engine and cuts what comes into epochs.
//!
//! One task per partition decodes; a bounded channel holds them back when the
//! engine or ClickHouse is slower. Nothing here changes the engine.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use correlate::model::{Sample, Timestamp};
use store::checkpoint::Position;
use store::log::{Log, LogError, ReadLimits, Record, StoredRecord};
use store::wire::{DEFINITIONS_TOPIC, SAMPLES_TOPIC};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::clock::Clock;
use super::decode::Decoder;
use super::epoch::Input;
use crate::wiring;

/// Batches read ahead over all partitions: the next ones are at hand while
/// the engine works, and memory stays bounded.
const AHEAD_MAX: usize = 8;

/// What belongs together arrives together: after the first fact, others have
/// this long to join it, also when the last epoch is long past.
const GATHER_MIN: Duration = Duration::from_millis(50);

/// An epoch without facts, which only moves the clock, is this long; and so
/// long does a reader wait at the end of its partition before it says so.
const IDLE: Duration = Duration::from_secs(1);

/// Samples in one epoch; more wait for the next, so that an epoch's rows and
/// its time in the engine stay bounded.
const EPOCH_SAMPLES_MAX: usize = 500_000;

/// What a reader found.
enum Found {
    Samples {
        partition: u32,
        offsets: Range<u64>,
        samples: Vec<Sample>,
        until: Timestamp,
    },
    Controls {
        partition: u32,
        next: u64,
        records: Vec<Record>,
    },
    /// There was nothing to read when asked at this moment.
    End {
        topic: &'static str,
        partition: u32,
        at: Timestamp,
    },
}

/// The readers of one stage.
pub(super) struct Intake {
    found: mpsc::Receiver<Result<Found, LogError>>,
    /// Ends with this.
    _readers: JoinSet<()>,
    clock: Clock,
    interval: Duration,
    /// When the last epoch was cut.
    cut_at: Instant,
    shutdown: CancellationToken,
}

impl Intake {
    /// Starts reading at `positions`. While there are facts, an epoch is cut
    /// every `interval`.
    pub(super) fn start(
        log: Arc<dyn Log>,
        positions: Vec<Position>,
        interval: Duration,
        shutdown: CancellationToken,
    ) -> Intake {
        let (send, found) = mpsc::channel(AHEAD_MAX);
        let mut readers = JoinSet::new();
        let samples = positions.iter().filter(|position| position.topic == SAMPLES_TOPIC);
        let wait = interval.max(IDLE);
        let slack = wait.saturating_mul(3);
        let clock = Clock::new(samples.map(|position| position.partition), slack, wall());
        for position in positions {
            let reader = Reader {
                log: log.clone(),
                decoder: Decoder::new(position.partition),
                position,
                wait,
                send: send.clone(),
            };
            readers.spawn(reader.run(shutdown.clone()));
        }
        let cut_at = Instant::now();
        Intake { found, _readers: readers, clock, interval, cut_at, shutdown }
    }

    /// The next epoch's input; `None` after shutdown. An epoch without input
    /// still moves the clock.
    ///
    /// # Errors
    /// A log that refuses for good.
    pub(super) async fn next(
        &mut self,
        previous: Option<Timestamp>,
    ) -> Result<Option<Input>, LogError> {
        let mut input = Input::default();
        let mut deadline = self.cut_at + self.interval.max(IDLE);
        let mut gathers = false;
        while input.samples.len() < EPOCH_SAMPLES_MAX {
            let found = tokio::select! {
                biased;
                () = self.shutdown.cancelled() => return Ok(None),
                found = self.found.recv() => found,
                () = tokio::time::sleep_until(deadline) => break,
            };
            match found {
                Some(found) => {
                    let found = found?;
                    if !gathers && !matches!(found, Found::End { .. }) {
                        gathers = true;
                        let gathered = Instant::now() + GATHER_MIN.min(self.interval);
                        deadline = gathered.max(self.cut_at + self.interval);
                    }
                    self.add(&mut input, found);
                }
                None => return Ok(None),
            }
        }
        self.cut_at = Instant::now();
        input.recorded_at = wall();
        input.now = self.clock.now(input.recorded_at, previous);
        input.complete_until = self.clock.complete_until(input.recorded_at);
        Ok(Some(input))
    }

    fn add(&mut self, input: &mut Input, found: Found) {
        match found {
            Found::Samples { partition, offsets, samples, until } => {
                self.clock.reached(partition, until, wall());
                input.take_samples(partition, offsets, samples);
            }
            Found::Controls { partition, next, records } => {
                input.take_controls(partition, next, records);
            }
            Found::End { topic: SAMPLES_TOPIC, partition, at } => {
                self.clock.reached(partition, at, wall());
            }
            Found::End { .. } => {}
        }
    }
}

pub(super) fn wall() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}

struct Reader {
    log: Arc<dyn Log>,
    position: Position,
    /// Of samples; there is none to do for definitions.
    decoder: Decoder,
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
                    self.position.next = earliest;
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
            let samples = self.decoder.decode(&records);
            Found::Samples { partition, offsets: from..next, samples, until }
        } else {
            let plain = |record: StoredRecord| Record { key: record.key, value: record.value };
            let records = records.into_iter().map(plain).collect();
            Found::Controls { partition, next, records }
        }
    }
}
