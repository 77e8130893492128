//! The engine's snapshot as checkpoint records, and back.

use std::io::BufRead;

use correlate::dataflow::SnapshotPart;
use correlate::engine::{ComponentSnapshot, SampleRun, Segment, ServiceSnapshot};
use correlate::model::{
    ComponentState, Names, ServiceDefinition, ServiceId, ServiceState, Timestamp, Window,
};

use super::{Checkpoint, Position, Records};
use crate::wire::proto::checkpoint_record::Record;
use crate::wire::{DefinitionRecord, proto};

/// Components, services and windows in one part: few enough to be small.
const PART_MAX: usize = 4_096;

pub(super) fn wrap(record: Record) -> proto::CheckpointRecord {
    proto::CheckpointRecord { record: Some(record) }
}

pub(super) fn head(
    epoch: u64,
    positions: &[Position],
    now: Option<Timestamp>,
    origin: Option<Timestamp>,
) -> Record {
    Record::Head(proto::CheckpointHead {
        epoch,
        now_ms: now.map(Timestamp::millis),
        origin_ms: origin.map(Timestamp::millis),
        offsets: positions.iter().map(offset_of).collect(),
    })
}

/// Every record between the head and the end.
pub(super) fn records(
    checkpoint: &Checkpoint,
) -> impl Iterator<Item = proto::CheckpointRecord> + '_ {
    let engine = &checkpoint.engine;
    of(&engine.components, &engine.services, &engine.windows)
}

/// The records of one part of the state.
pub(super) fn part_records(
    part: &SnapshotPart,
) -> impl Iterator<Item = proto::CheckpointRecord> + '_ {
    match part {
        SnapshotPart::Clock { .. } => of(&[], &[], &[]),
        SnapshotPart::Components(components) => of(components, &[], &[]),
        SnapshotPart::Services(services) => of(&[], services, &[]),
        SnapshotPart::Windows(windows) => of(&[], &[], windows),
    }
}

fn of<'a>(
    components: &'a [ComponentSnapshot],
    services: &'a [ServiceSnapshot],
    windows: &'a [(String, Window)],
) -> impl Iterator<Item = proto::CheckpointRecord> + use<'a> {
    let components = components.iter().map(|c| Record::Component(component(c)));
    let services = services.iter().map(|s| Record::Service(service(s)));
    let windows = windows.iter().map(|(id, w)| Record::Window(window(id, w)));
    components.chain(services).chain(windows).map(wrap)
}

pub(crate) fn offset_of(position: &Position) -> proto::Offset {
    let Position { topic, partition, next } = position;
    proto::Offset { topic: topic.clone(), partition: *partition, next: *next }
}

fn component(snapshot: &ComponentSnapshot) -> proto::CheckpointComponent {
    let runs = snapshot.runs.iter().map(|run| proto::SampleRun {
        start_ms: run.start.millis(),
        step_ms: i64::from(run.step_ms),
        count: run.count,
        state: run.state as u32,
    });
    let transitions = snapshot
        .transitions
        .iter()
        .map(|&(at, state)| proto::StateAt { at_ms: at.millis(), state: state as u32 });
    proto::CheckpointComponent {
        id: snapshot.id.as_str().to_owned(),
        runs: runs.collect(),
        forgotten: snapshot.forgotten,
        transitions: transitions.collect(),
    }
}

fn service(snapshot: &ServiceSnapshot) -> proto::CheckpointService {
    let id = &snapshot.definition.id;
    let segments = snapshot.segments.iter().map(|segment| proto::Segment {
        at_ms: segment.at.millis(),
        state: segment.verdict.as_ref().map(|verdict| verdict.0.as_str().to_owned()),
        cause: segment.verdict.iter().flat_map(|v| &v.1).map(|c| c.as_str().to_owned()).collect(),
    });
    proto::CheckpointService {
        id: id.as_str().to_owned(),
        definition_json: definition_json(&DefinitionRecord::Service {
            id: id.clone(),
            definition: Some(ServiceDefinition::clone(&snapshot.definition)),
        }),
        segments: segments.collect(),
    }
}

fn window(id: &str, window: &Window) -> proto::CheckpointWindow {
    proto::CheckpointWindow {
        id: id.to_owned(),
        window_json: definition_json(&DefinitionRecord::Window {
            id: id.to_owned(),
            window: Some(window.clone()),
        }),
    }
}

/// The engine holds only what came through the log's form, so it fits there.
fn definition_json(record: &DefinitionRecord) -> Vec<u8> {
    let encoded = record.encode().expect("what was decoded from the log can be encoded for it");
    encoded.value.map(|value| value.to_vec()).unwrap_or_default()
}

/// Puts records together again.
#[derive(Default)]
pub(super) struct Collector {
    checkpoint: Checkpoint,
    head_seen: bool,
    records: u64,
    ended: bool,
    /// One text per id: paths share those of their components.
    names: Names,
}

impl Collector {
    pub(super) fn take(&mut self, record: proto::CheckpointRecord) -> Result<(), String> {
        if self.ended {
            return Err(String::from("there are records after its end"));
        }
        let engine = &mut self.checkpoint.engine;
        match record.record {
            Some(Record::Head(head)) => {
                self.head_seen = true;
                self.checkpoint.epoch = head.epoch;
                self.checkpoint.positions = head.offsets.into_iter().map(position_of).collect();
                engine.now = head.now_ms.map(Timestamp);
                engine.origin = head.origin_ms.map(Timestamp);
                return Ok(());
            }
            Some(Record::Component(record)) => {
                engine.components.push(read_component(&record, &mut self.names)?);
            }
            Some(Record::Service(record)) => {
                engine.services.push(read_service(&record, &mut self.names)?);
            }
            Some(Record::Window(record)) => {
                let window = read_window(&record)?;
                engine.windows.push((record.id, window));
            }
            Some(Record::End(end)) if end.records == self.records => {
                self.ended = true;
                return Ok(());
            }
            Some(Record::End(end)) => {
                return Err(format!("it holds {} records of {}", self.records, end.records));
            }
            None => return Err(String::from("a record is of a kind this version does not know")),
        }
        self.records += 1;
        Ok(())
    }

    /// Takes records in until there is enough for a part; false at the end,
    /// which is in order then.
    pub(super) fn fill<R: BufRead>(&mut self, records: &mut Records<R>) -> Result<bool, String> {
        let engine = |collector: &Collector| {
            let engine = &collector.checkpoint.engine;
            engine.components.len() + engine.services.len() + engine.windows.len()
        };
        while engine(self) < PART_MAX {
            match records.next()? {
                Some(record) => self.take(record)?,
                None if self.head_seen && self.ended => return Ok(false),
                None if self.head_seen => return Err(String::from("it has no end")),
                None => return Err(String::from("it has no head")),
            }
        }
        Ok(true)
    }

    /// What was taken in since the last call.
    pub(super) fn take_parts(&mut self) -> impl Iterator<Item = SnapshotPart> {
        std::mem::take(&mut self.checkpoint.engine).into_parts()
    }

    /// What the head says, once it was taken in.
    pub(super) fn head(self) -> Result<Checkpoint, String> {
        match self.head_seen {
            true => Ok(self.checkpoint),
            false => Err(String::from("it has no head")),
        }
    }

    pub(super) fn finish(self) -> Result<Checkpoint, String> {
        match (self.head_seen, self.ended) {
            (true, true) => Ok(self.checkpoint),
            (false, _) => Err(String::from("it has no head")),
            (_, false) => Err(String::from("it has no end")),
        }
    }
}

pub(crate) fn position_of(offset: proto::Offset) -> Position {
    Position { topic: offset.topic, partition: offset.partition, next: offset.next }
}

fn state(number: u32) -> Result<ComponentState, String> {
    match number {
        0 => Ok(ComponentState::Down),
        1 => Ok(ComponentState::Unknown),
        2 => Ok(ComponentState::Up),
        other => Err(format!("{other} is no component state")),
    }
}

fn step_refused(step_ms: i64) -> String {
    format!("samples of one run cannot be {step_ms} ms apart")
}

fn read_component(
    record: &proto::CheckpointComponent,
    names: &mut Names,
) -> Result<ComponentSnapshot, String> {
    let run = |run: &proto::SampleRun| {
        Ok::<_, String>(SampleRun {
            start: Timestamp(run.start_ms),
            step_ms: u32::try_from(run.step_ms).map_err(|_| step_refused(run.step_ms))?,
            count: Some(run.count)
                .filter(|&count| count == 1 || (count > 1 && run.step_ms > 0))
                .filter(|&count| count <= SampleRun::COUNT_MAX)
                .ok_or_else(|| format!("a run of {} samples is none", run.count))?,
            state: state(run.state)?,
        })
    };
    let transition = |at: &proto::StateAt| Ok((Timestamp(at.at_ms), state(at.state)?));
    Ok(ComponentSnapshot {
        id: names.component(&record.id),
        runs: record.runs.iter().map(run).collect::<Result<_, _>>()?,
        forgotten: record.forgotten,
        transitions: record.transitions.iter().map(transition).collect::<Result<_, String>>()?,
    })
}

fn read_service(
    record: &proto::CheckpointService,
    names: &mut Names,
) -> Result<ServiceSnapshot, String> {
    let mut segments = Vec::with_capacity(record.segments.len());
    for segment in &record.segments {
        let verdict = match &segment.state {
            None => None,
            Some(state) => {
                let state: ServiceState = state.parse().map_err(|error| format!("{error}"))?;
                let cause = segment.cause.iter().map(|id| names.component(id));
                Some((state, cause.collect()))
            }
        };
        segments.push(Segment { at: Timestamp(segment.at_ms), verdict });
    }
    let definition = read_definition(&record.id, &record.definition_json, names)?;
    Ok(ServiceSnapshot { definition: definition.into(), segments })
}

fn read_definition(id: &str, json: &[u8], names: &mut Names) -> Result<ServiceDefinition, String> {
    let record = DefinitionRecord::Service { id: ServiceId::from(id), definition: None };
    match DefinitionRecord::decode_with(record.key().as_bytes(), Some(json), names) {
        Ok(DefinitionRecord::Service { definition: Some(definition), .. }) => Ok(definition),
        Ok(_) => Err(format!("service {id} has no definition")),
        Err(error) => Err(error.to_string()),
    }
}

fn read_window(record: &proto::CheckpointWindow) -> Result<Window, String> {
    let key = DefinitionRecord::Window { id: record.id.clone(), window: None }.key();
    match DefinitionRecord::decode(key.as_bytes(), Some(&record.window_json)) {
        Ok(DefinitionRecord::Window { window: Some(window), .. }) => Ok(window),
        Ok(_) => Err(format!("window {} is empty", record.id)),
        Err(error) => Err(error.to_string()),
    }
}
