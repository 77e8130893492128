//! Checkpoint and journal: damaged on disk in any way, they are refused, or
//! cut off where they were torn, and never read as something else.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use correlate::dataflow::{Control, Options, Workers};
use correlate::model::{
    ComponentState, PathExpr, Period, Sample, ServiceDefinition, Target, Timestamp, Window,
};
use store::checkpoint::{Checkpoint, Position, load_newest, save};
use store::journal::{Entry, Journal, Taken};
use store::log::{Record, StoredRecord};
use tempfile::TempDir;

use crate::edits;

/// Bytes of a checkpoint before its compressed records, as its format says.
const HEADER_BYTES: usize = 20;

/// A directory in memory where there is one: nothing here has to survive.
fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    made.expect("a directory for scratch files")
}

thread_local! {
    static SCRATCH: TempDir = directory();
}

fn in_scratch<T>(work: impl FnOnce(&Path) -> T) -> T {
    SCRATCH.with(|scratch| {
        for entry in std::fs::read_dir(scratch).expect("listed").flatten() {
            std::fs::remove_file(entry.path()).expect("removed");
        }
        work(scratch.path())
    })
}

/// A state with some of everything, and its file.
static CHECKPOINT: LazyLock<(Checkpoint, Vec<u8>)> = LazyLock::new(|| {
    let checkpoint = checkpoint();
    let dir = directory();
    let file = save(dir.path(), &checkpoint).expect("saved");
    (checkpoint, std::fs::read(file).expect("read"))
});

fn checkpoint() -> Checkpoint {
    let options = Options { workers: 1, stale_after_ms: Some(90_000), origin: Timestamp(0) };
    let mut workers = Workers::start(options, None).expect("starts");
    let leaf = |id: &str| PathExpr::Component(id.into());
    let path = PathExpr::All(vec![leaf("n/device/1"), PathExpr::Any(vec![leaf("a"), leaf("b")])]);
    let target = Target::Component("a".into());
    let window = Window { target, period: Period::new(Timestamp(200_000), Timestamp(300_000)) };
    let definitions = vec![
        Control::Define(ServiceDefinition::always("s".into(), path).into()),
        Control::Define(
            ServiceDefinition::always("t".into(), PathExpr::Service("s".into())).into(),
        ),
        Control::Window("w".into(), Some(window)),
    ];
    workers.control(definitions).expect("runs");
    let states = [ComponentState::Up, ComponentState::Down, ComponentState::Unknown];
    let samples = (0..60).map(|step: usize| Sample {
        at: Timestamp(step as i64 * 20_000),
        component: ["n/device/1", "a", "b"][step % 3].into(),
        state: states[step / 7 % 3],
    });
    workers.feed(samples.collect()).expect("runs");
    workers.finish(Timestamp(1_300_000)).expect("runs");
    let position = Position { topic: "padwacht.samples".into(), partition: 3, next: 7 };
    Checkpoint { epoch: 9, positions: vec![position], engine: workers.snapshot().expect("runs") }
}

fn load(bytes: &[u8]) -> Option<Checkpoint> {
    in_scratch(|dir| {
        let file = dir.join("00000000000000000009.checkpoint");
        std::fs::write(file, bytes).expect("written");
        let (found, passed_over) = load_newest(dir).expect("the directory can be read");
        assert_eq!(found.is_none(), passed_over.len() == 1);
        found
    })
}

/// An even first byte: the rest are edits of the file. An odd one: edits of the
/// records in it, under a checksum that fits.
pub(crate) fn run_checkpoint(input: &[u8]) {
    let (original, file) = &*CHECKPOINT;
    let Some((kind, input)) = input.split_first() else { return };
    if kind % 2 == 0 {
        if let Some(loaded) = load(&edits::apply(input, file)) {
            assert_eq!(loaded, *original, "a damaged checkpoint is taken for another state");
        }
        return;
    }
    let plain = zstd::decode_all(&file[HEADER_BYTES..]).expect("records begin after the header");
    let body = zstd::encode_all(&edits::apply(input, &plain)[..], 1).expect("compressed");
    let mut bytes = file[..8].to_vec();
    bytes.extend_from_slice(&crc32fast::hash(&body).to_be_bytes());
    bytes.extend_from_slice(&(body.len() as u64).to_be_bytes());
    bytes.extend_from_slice(&body);
    let loaded = load(&bytes);
    assert!(loaded.is_some() || !input.is_empty(), "this target does not know the file's format");
    if let Some(loaded) = loaded {
        let again = in_scratch(|dir| {
            save(dir, &loaded).expect("what was read can be written");
            load_newest(dir).expect("the directory can be read").0
        });
        assert_eq!(again, Some(loaded), "written again, it is another state");
    }
}

/// Epochs of the journal that is damaged.
const EPOCHS: u64 = 5;

/// The entries of a journal, and the bytes of each in its file.
static JOURNAL: LazyLock<Vec<(Entry, Vec<u8>)>> = LazyLock::new(|| {
    let dir = directory();
    let (mut journal, _) = Journal::open(dir.path(), 0).expect("opened");
    let mut end = 0;
    let frame = |epoch| {
        let entry = entry(epoch);
        journal.append(&entry).expect("appended");
        let file = std::fs::read(file_of(dir.path())).expect("read");
        let frame = file[end..].to_vec();
        end = file.len();
        (entry, frame)
    };
    (1..=EPOCHS).map(frame).collect()
});

fn entry(epoch: u64) -> Entry {
    let offsets = epoch * 10..epoch * 10 + 10;
    Entry {
        epoch,
        now: Timestamp(epoch as i64 * 1_000),
        recorded_at: Timestamp(epoch as i64 * 1_000 + 1),
        samples: vec![Taken { topic: "padwacht.samples".into(), partition: 1, offsets }],
        controls: vec![
            control(epoch, Record::new("service/s", "{}")),
            control(epoch + 1, Record::tombstone("window/w")),
        ],
        control_positions: vec![Position { topic: "d".into(), partition: 0, next: epoch }],
    }
}

fn control(offset: u64, Record { key, value }: Record) -> store::journal::Control {
    let record = StoredRecord { offset, timestamp_ms: 5, key, value };
    store::journal::Control { partition: 0, record }
}

fn file_of(dir: &Path) -> PathBuf {
    dir.join("00000000000000000000.journal")
}

/// Edits of the file.
pub(crate) fn run_journal(input: &[u8]) {
    let file: Vec<u8> = JOURNAL.iter().flat_map(|(_, frame)| frame.clone()).collect();
    let bytes = edits::apply(input, &file);
    in_scratch(|dir| {
        std::fs::write(file_of(dir), &bytes).expect("written");
        let Ok((mut journal, entries)) = Journal::open(dir, 0) else { return };
        check_entries(&entries, &bytes);
        let next = entry(entries.len() as u64 + 1);
        journal.append(&next).expect("appended");
        drop(journal);
        let (_, again) = Journal::open(dir, 0).expect("what was opened can be opened again");
        let (last, before) = again.split_last().expect("it was appended to");
        assert!(*last == next && before == entries, "an entry went astray: {again:?}");
    });
}

/// What a damaged journal gives are entries that were written, whole. Those
/// that are missing at the end are not in the file any more: one that is still
/// there was acted on, and must not be passed over.
fn check_entries(read: &[Entry], bytes: &[u8]) {
    for entry in read {
        let written = JOURNAL.iter().any(|(written, _)| written == entry);
        assert!(written, "nobody wrote {entry:?}");
    }
    // Recovery refuses entries that are out of order, or are there twice.
    let in_order = read.iter().zip(1..).all(|(entry, epoch)| entry.epoch == epoch);
    if in_order {
        for (entry, frame) in &JOURNAL[read.len()..] {
            let there = bytes.windows(frame.len()).any(|window| window == frame);
            assert!(!there, "the entry of epoch {} is passed over", entry.epoch);
        }
    }
}
