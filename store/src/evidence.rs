//! The samples behind a state: what an NMS reported of one component, read
//! back from the log around an instant.
//!
//! It reads a bounded stretch of one partition and says whether that was all.
//! It never decides what a state is.

use std::time::Duration;

use correlate::model::{ComponentId, ComponentState, Period, Timestamp};

use crate::log::{Log, LogError, ReadLimits, offset_at, partition_of_key};
use crate::wire::{self, Evidence, SAMPLES_TOPIC, decode_report};

/// Records that one question reads: a partition's share of ten minutes of a
/// network of some ten thousand devices.
const RECORDS_MAX: usize = 50_000;

/// Samples that one answer holds: a day of polls of half a minute.
const SAMPLES_MAX: usize = 3_000;

/// One sample as it was reported.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReportedSample {
    /// When the state held in the network.
    pub at: Timestamp,
    /// The state.
    pub state: ComponentState,
    /// How the NMS knew it.
    pub source: SampleSource,
    /// Why the state is what it is, where nobody measured it.
    pub reason: Option<StateReason>,
    /// When ingest read it, by its clock.
    pub observed_at: Timestamp,
    /// When it was appended, by the clock of the log.
    pub appended_at: Timestamp,
    /// Where it is in the log of samples: the partition and the offset.
    pub place: (u32, u64),
}

/// How an NMS knew a state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SampleSource {
    /// A row of a polled list.
    Poll,
    /// A line of its event log.
    EventLog,
    /// It pushed it.
    Push,
    /// Its own record of a past outage.
    Outage,
    /// Another version of padwacht knows.
    Other,
}

impl SampleSource {
    /// Every kind.
    pub const ALL: [SampleSource; 5] = [
        SampleSource::Poll,
        SampleSource::EventLog,
        SampleSource::Push,
        SampleSource::Outage,
        SampleSource::Other,
    ];

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<SampleSource> {
        SampleSource::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            SampleSource::Poll => "poll",
            SampleSource::EventLog => "event_log",
            SampleSource::Push => "push",
            SampleSource::Outage => "outage",
            SampleSource::Other => "other",
        }
    }
}

impl From<Evidence> for SampleSource {
    fn from(evidence: Evidence) -> SampleSource {
        match evidence {
            Evidence::Poll => SampleSource::Poll,
            Evidence::EventLog => SampleSource::EventLog,
            Evidence::Push => SampleSource::Push,
            Evidence::Outage => SampleSource::Outage,
            Evidence::Unspecified => SampleSource::Other,
        }
    }
}

/// Why a component has a state that nobody measured: mostly why nobody can say.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum StateReason {
    /// Nothing believable came of it for longer than the staleness limit.
    Silent,
    /// It, or its device, is switched off in the NMS.
    Disabled,
    /// The NMS is told to pass over it, and the account's policy does too.
    Ignored,
    /// The NMS has never looked at it.
    NeverPolled,
    /// Somebody has shut it.
    AdminShut,
    /// Its device is down, so what the NMS shows of it stands still.
    DeviceDown,
    /// It, or its device, answers to ping but cannot be managed any more.
    ManagementLost,
    /// The NMS does not list it any more.
    Gone,
    /// The NMS gives a status that means neither up nor down.
    OddStatus,
    /// The NMS says that something failed, and not what.
    CheckUnknown,
    /// Another version of padwacht knows.
    Other,
}

impl StateReason {
    /// Every reason.
    pub const ALL: [StateReason; 11] = [
        StateReason::Silent,
        StateReason::Disabled,
        StateReason::Ignored,
        StateReason::NeverPolled,
        StateReason::AdminShut,
        StateReason::DeviceDown,
        StateReason::ManagementLost,
        StateReason::Gone,
        StateReason::OddStatus,
        StateReason::CheckUnknown,
        StateReason::Other,
    ];

    /// The reason of this name; `None` for an empty one.
    pub fn parse(name: &str) -> Option<StateReason> {
        let known = StateReason::ALL.into_iter().find(|reason| reason.as_str() == name);
        known.or((!name.is_empty()).then_some(StateReason::Other))
    }

    /// The name in the API and in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            StateReason::Silent => "silent",
            StateReason::Disabled => "disabled",
            StateReason::Ignored => "ignored",
            StateReason::NeverPolled => "never_polled",
            StateReason::AdminShut => "admin_shut",
            StateReason::DeviceDown => "device_down",
            StateReason::ManagementLost => "management_lost",
            StateReason::Gone => "gone",
            StateReason::OddStatus => "odd_status",
            StateReason::CheckUnknown => "check_unknown",
            StateReason::Other => "other",
        }
    }

    /// What a sample says; `None` where it says nothing.
    pub const fn of_wire(reason: wire::Reason) -> Option<StateReason> {
        Some(match reason {
            wire::Reason::Unspecified => return None,
            wire::Reason::Disabled => StateReason::Disabled,
            wire::Reason::Ignored => StateReason::Ignored,
            wire::Reason::NeverPolled => StateReason::NeverPolled,
            wire::Reason::AdminShut => StateReason::AdminShut,
            wire::Reason::DeviceDown => StateReason::DeviceDown,
            wire::Reason::ManagementLost => StateReason::ManagementLost,
            wire::Reason::Gone => StateReason::Gone,
            wire::Reason::OddStatus => StateReason::OddStatus,
            wire::Reason::CheckUnknown => StateReason::CheckUnknown,
        })
    }
}

/// What the log still holds of a component.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reported {
    /// The samples, by instant; the latest where there are more than an
    /// answer holds.
    pub samples: Vec<ReportedSample>,
    /// The beginning of a stretch lies before what the log keeps.
    pub is_forgotten: bool,
    /// There was more than one question reads or holds.
    pub is_cut: bool,
}

/// The samples of `component`, which is on `device` or is it, up to and
/// including the instant `until`, in the records that were appended during
/// `stretches`.
///
/// # Errors
/// A log that is away or broken.
pub async fn reported(
    log: &dyn Log,
    device: &ComponentId,
    component: &ComponentId,
    until: Timestamp,
    stretches: &[Period],
) -> Result<Reported, LogError> {
    let key = device.as_str().as_bytes();
    let partition = partition_of_key(log, SAMPLES_TOPIC, key).await?;
    let mut found = Reported::default();
    let mut left = RECORDS_MAX;
    for stretch in stretches {
        let mut reader = Reader { log, partition, key, component, left: &mut left };
        reader.read(*stretch, &mut found).await?;
    }
    found.samples.retain(|sample| sample.at <= until);
    found.samples.sort_by_key(|sample| (sample.at, sample.place));
    found.samples.dedup();
    let more = found.samples.len().saturating_sub(SAMPLES_MAX);
    found.samples.drain(..more);
    found.is_cut |= more > 0;
    Ok(found)
}

struct Reader<'r> {
    log: &'r dyn Log,
    partition: u32,
    key: &'r [u8],
    component: &'r ComponentId,
    left: &'r mut usize,
}

impl Reader<'_> {
    async fn read(&mut self, stretch: Period, found: &mut Reported) -> Result<(), LogError> {
        let (from_ms, until_ms) = (stretch.from.millis(), stretch.until.millis());
        let mut offset = offset_at(self.log, SAMPLES_TOPIC, self.partition, from_ms).await?;
        let bounds = self.log.bounds(SAMPLES_TOPIC, self.partition).await?;
        found.is_forgotten |= bounds.start > 0 && offset <= bounds.start;
        loop {
            let limits = ReadLimits::default();
            let read = self
                .log
                .read(SAMPLES_TOPIC, self.partition, offset, limits, Duration::ZERO)
                .await?;
            let Some(last) = read.last() else { return Ok(()) };
            offset = last.offset + 1;
            for record in read {
                if record.timestamp_ms >= until_ms {
                    return Ok(());
                }
                if *self.left == 0 {
                    found.is_cut = true;
                    return Ok(());
                }
                *self.left -= 1;
                if record.key == self.key
                    && let Some(value) = &record.value
                {
                    let place = (self.partition, record.offset);
                    let samples = samples(value, self.component, record.timestamp_ms, place);
                    found.samples.extend(samples);
                }
            }
        }
    }
}

/// The samples of one component in a report. What cannot be read has been set
/// aside by the engine too, and is behind no state.
fn samples(
    value: &[u8],
    component: &ComponentId,
    appended_at_ms: i64,
    place: (u32, u64),
) -> Vec<ReportedSample> {
    let Ok(report) = decode_report(value) else { return Vec::new() };
    let Some((nms, kind, native)) = component.parts() else { return Vec::new() };
    let own = report
        .samples
        .iter()
        .filter(|sample| report.nms == nms && sample.kind == kind && sample.native_id == native);
    own.map(|sample| ReportedSample {
        at: Timestamp(sample.at_ms),
        state: match sample.state() {
            crate::wire::State::Up => ComponentState::Up,
            crate::wire::State::Down => ComponentState::Down,
            _ => ComponentState::Unknown,
        },
        source: sample.evidence().into(),
        reason: StateReason::of_wire(sample.reason()),
        observed_at: Timestamp(report.observed_at_ms),
        appended_at: Timestamp(appended_at_ms),
        place,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::log::{EmbeddedLog, Record, TopicKind, TopicSpec};
    use crate::wire::{ComponentSample, DeviceReport, State, encode_report, report_key};

    fn report(device: &str, port: &str, at_ms: i64, state: State) -> DeviceReport {
        let sample = |kind: &str, native: &str| ComponentSample {
            kind: kind.to_owned(),
            native_id: native.to_owned(),
            at_ms,
            state: state.into(),
            evidence: Evidence::Poll.into(),
            uncertainty_ms: 0,
            reason: wire::Reason::Unspecified.into(),
        };
        DeviceReport {
            nms: "n".to_owned(),
            device: device.to_owned(),
            observed_at_ms: at_ms,
            samples: vec![sample("device", device), sample("port", port)],
        }
    }

    async fn log(dir: &tempfile::TempDir, reports: &[DeviceReport]) -> EmbeddedLog {
        let log = EmbeddedLog::open(dir.path()).await.expect("opens");
        let kind = TopicKind::Retained(Duration::from_secs(3_600));
        let topic = TopicSpec { name: SAMPLES_TOPIC.to_owned(), partitions: 3, kind };
        log.ensure_topic(&topic).await.expect("is made");
        for report in reports {
            let record = Record { key: report_key(report), value: Some(encode_report(report)) };
            log.append(SAMPLES_TOPIC, vec![record]).await.expect("appended");
        }
        log
    }

    const ALWAYS: Period = Period::new(Timestamp(0), Timestamp(i64::MAX));

    #[test]
    fn every_reason_reads_back_by_its_name_and_a_later_one_is_another() {
        for reason in StateReason::ALL {
            assert_eq!(StateReason::parse(reason.as_str()), Some(reason));
        }
        assert_eq!(StateReason::parse("moon_phase"), Some(StateReason::Other));
        assert_eq!(StateReason::parse(""), None);
    }

    #[tokio::test]
    async fn the_samples_of_one_component_are_found_among_all() {
        let dir = tempfile::tempdir().expect("a directory");
        let reports = [
            report("1", "11", 10, State::Up),
            report("2", "22", 12, State::Up),
            report("1", "11", 20, State::Down),
            report("1", "12", 30, State::Up),
        ];
        let log = log(&dir, &reports).await;
        let device = ComponentId::from("n/device/1");
        let ask = async |component: &str, stretches: &[Period]| {
            let component = ComponentId::from(component);
            reported(&log, &device, &component, Timestamp(20), stretches)
                .await
                .expect("the log answers")
        };
        let port = ask("n/port/11", &[ALWAYS, ALWAYS]).await;
        let shown: Vec<_> = port.samples.iter().map(|one| (one.at.millis(), one.state)).collect();
        assert_eq!(shown, [(10, ComponentState::Up), (20, ComponentState::Down)]);
        assert_eq!((port.is_forgotten, port.is_cut), (false, false));
        assert_eq!(port.samples[0].source, SampleSource::Poll);
        assert_eq!(ask("n/device/1", &[ALWAYS]).await.samples.len(), 2, "one is later");
        // Everything was appended long after 1970.
        let early = Period::new(Timestamp(0), Timestamp(1_000));
        assert_eq!(ask("n/port/11", &[early]).await, Reported::default());
    }

    #[tokio::test]
    async fn a_place_is_found_by_time() {
        let dir = tempfile::tempdir().expect("a directory");
        let reports: Vec<_> = (0..40).map(|at| report("1", "11", at, State::Up)).collect();
        let log = log(&dir, &reports).await;
        let partition = partition_of_key(&log, SAMPLES_TOPIC, b"n/device/1").await.expect("is");
        let all = log.read(SAMPLES_TOPIC, partition, 0, ReadLimits::default(), Duration::ZERO);
        let all = all.await.expect("reads");
        for from_ms in [0, all[0].timestamp_ms, all[39].timestamp_ms, i64::MAX] {
            let expected = all.iter().find(|record| record.timestamp_ms >= from_ms);
            let expected = expected.map_or(40, |record| record.offset);
            let found = offset_at(&log, SAMPLES_TOPIC, partition, from_ms).await.expect("found");
            assert_eq!(found, expected, "from {from_ms}");
        }
    }
}
