//! Checkpoints: the engine's whole state with the offsets that belong to it,
//! in one file that is complete or not there.
//!
//! ```text
//!  "PWCKPT" | format u16 | crc32 u32 | length u64 | zstd stream of CheckpointRecords
//! ```
//! Integers are big-endian; the checksum covers the compressed bytes. A file
//! is written under another name, synced and renamed, so a crash leaves the
//! one before. The newest [`CHECKPOINTS_KEPT`] are kept. A damaged file or one
//! of another format is reported and passed over, never repaired.

mod convert;

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use correlate::dataflow::{EngineSnapshot, SnapshotPart};
use correlate::model::Timestamp;
use prost::Message;

use crate::wire::proto;
use convert::Collector;

/// Checkpoints that are kept: the newest, and one in case it turns out damaged.
pub const CHECKPOINTS_KEPT: usize = 2;

const MAGIC: &[u8; 6] = b"PWCKPT";
const FORMAT: u16 = 1;
const HEADER_BYTES: usize = 6 + 2 + 4 + 8;
/// Fast; states compress well at any level.
const ZSTD_LEVEL: i32 = 1;
const ENDING: &str = "checkpoint";
/// What a checkpoint decompresses to at most: several times what a million
/// services on five million components take. More is no checkpoint of ours.
const PLAIN_BYTES_MAX: u64 = 16 << 30;
/// One component or service with all that is kept of it stays far below.
const RECORD_BYTES_MAX: u64 = 256 << 20;
/// Bytes of the varint before a record: enough for [`RECORD_BYTES_MAX`].
const LENGTH_BYTES_MAX: usize = 5;

/// A position in the log: the first record that was not yet taken in.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Position {
    /// Which topic.
    pub topic: String,
    /// Which partition, from 0.
    pub partition: u32,
    /// The next offset to read.
    pub next: u64,
}

/// The engine's state at the end of an epoch.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Checkpoint {
    /// The last epoch in the state.
    pub epoch: u64,
    /// Where reading goes on, sorted.
    pub positions: Vec<Position>,
    /// The state.
    pub engine: EngineSnapshot,
}

/// Why a checkpoint cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The disk refused.
    #[error("cannot {doing} {path}")]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// On which file.
        path: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is not what was written, or not of this format.
    #[error("checkpoint {path} cannot be used: {reason}")]
    Damaged {
        /// Which file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CheckpointError {
    let path = path.display().to_string();
    move |source| CheckpointError::Io { doing, path, source }
}

/// Writes a checkpoint into `dir` and removes those that are no longer kept.
/// When it returns, the checkpoint survives a crash. Blocks.
///
/// # Errors
/// [`CheckpointError::Io`]; the checkpoint before is then still there.
pub fn save(dir: &Path, checkpoint: &Checkpoint) -> Result<PathBuf, CheckpointError> {
    let body = encode(checkpoint).map_err(io_error("compress a checkpoint for", dir))?;
    save_body(dir, checkpoint.epoch, &body)
}

/// As [`save`], of a state that was packed part by part.
///
/// # Errors
/// As [`save`].
pub fn save_packed(dir: &Path, packing: Packing) -> Result<PathBuf, CheckpointError> {
    let epoch = packing.epoch;
    let body = packing.finish().map_err(io_error("compress a checkpoint for", dir))?;
    save_body(dir, epoch, &body)
}

fn save_body(dir: &Path, epoch: u64, body: &[u8]) -> Result<PathBuf, CheckpointError> {
    let path = dir.join(format!("{epoch:020}.{ENDING}"));
    let part = path.with_extension("part");
    let mut file = File::create(&part).map_err(io_error("create", &part))?;
    file.write_all(&header(body))
        .and_then(|()| file.write_all(body))
        .and_then(|()| file.sync_all())
        .map_err(io_error("write", &part))?;
    fs::rename(&part, &path).map_err(io_error("rename", &part))?;
    sync_dir(dir)?;
    for old in list(dir)?.into_iter().rev().skip(CHECKPOINTS_KEPT) {
        fs::remove_file(&old).map_err(io_error("remove", &old))?;
    }
    Ok(path)
}

/// A checkpoint as bytes, for another process of the same version.
///
/// # Errors
/// What the compression says.
pub fn to_bytes(checkpoint: &Checkpoint) -> io::Result<Vec<u8>> {
    let body = encode(checkpoint)?;
    let mut bytes = header(&body);
    bytes.extend_from_slice(&body);
    Ok(bytes)
}

/// Reads what [`to_bytes`] gave; never panics.
///
/// # Errors
/// [`CheckpointError::Damaged`].
pub fn from_bytes(bytes: &[u8]) -> Result<Checkpoint, CheckpointError> {
    let path = String::from("from another process");
    decode(bytes).map_err(|reason| CheckpointError::Damaged { path, reason })
}

fn header(body: &[u8]) -> Vec<u8> {
    let mut header = Vec::with_capacity(HEADER_BYTES);
    header.extend_from_slice(MAGIC);
    header.extend_from_slice(&FORMAT.to_be_bytes());
    header.extend_from_slice(&crc32fast::hash(body).to_be_bytes());
    header.extend_from_slice(&(body.len() as u64).to_be_bytes());
    header
}

pub(crate) fn sync_dir(dir: &Path) -> Result<(), CheckpointError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(io_error("sync", dir))
}

/// The newest checkpoint in `dir` that can be used, and what was wrong with
/// those that were passed over, newest first. Blocks.
///
/// # Errors
/// A directory that cannot be read.
pub fn load_newest(
    dir: &Path,
) -> Result<(Option<Checkpoint>, Vec<CheckpointError>), CheckpointError> {
    let mut passed_over = Vec::new();
    for path in list(dir)?.into_iter().rev() {
        match load(&path) {
            Ok(checkpoint) => return Ok((Some(checkpoint), passed_over)),
            Err(error) => passed_over.push(error),
        }
    }
    Ok((None, passed_over))
}

/// The size of the newest checkpoint in `dir`; 0 when there is none.
///
/// # Errors
/// A directory that cannot be read.
pub fn newest_bytes(dir: &Path) -> Result<u64, CheckpointError> {
    let newest = list(dir)?.pop();
    Ok(newest.and_then(|path| fs::metadata(path).ok()).map_or(0, |meta| meta.len()))
}

/// The epochs of the checkpoints in `dir`, oldest first.
///
/// # Errors
/// A directory that cannot be read.
pub fn epochs(dir: &Path) -> Result<Vec<u64>, CheckpointError> {
    Ok(list(dir)?.iter().filter_map(|path| epoch_of(path)).collect())
}

/// Renames a checkpoint that cannot be used, so that it is not tried again and
/// can still be looked at. Blocks.
///
/// # Errors
/// A directory that cannot be written to.
pub fn put_aside(path: &Path) -> Result<(), CheckpointError> {
    fs::rename(path, path.with_extension("unusable")).map_err(io_error("put aside", path))
}

/// Removes the checkpoints in `dir` from before `epoch`.
///
/// # Errors
/// A disk that refuses.
pub fn remove_before(dir: &Path, epoch: u64) -> Result<(), CheckpointError> {
    for path in list(dir)? {
        if epoch_of(&path).is_some_and(|known| known < epoch) {
            fs::remove_file(&path).map_err(io_error("remove", &path))?;
        }
    }
    Ok(())
}

fn epoch_of(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str()?.parse().ok()
}

fn list(dir: &Path) -> Result<Vec<PathBuf>, CheckpointError> {
    let entries = fs::read_dir(dir).map_err(io_error("list", dir))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(io_error("list", dir))?.path();
        if path.extension().is_some_and(|ending| ending == ENDING) {
            paths.push(path);
        }
    }
    paths.sort_unstable();
    Ok(paths)
}

fn encode(checkpoint: &Checkpoint) -> io::Result<Vec<u8>> {
    let mut packing = Packing::new(checkpoint.epoch, checkpoint.positions.clone())?;
    packing.open(checkpoint.engine.now, checkpoint.engine.origin)?;
    convert::records(checkpoint).try_for_each(|record| packing.put(record))?;
    packing.finish()
}

/// A checkpoint in the making, from the parts of a state one after the other,
/// so that the state need not be held a second time.
pub struct Packing {
    epoch: u64,
    positions: Vec<Position>,
    stream: zstd::stream::Encoder<'static, Vec<u8>>,
    buffer: Vec<u8>,
    records: u64,
    /// Parts that came before the clock, which belongs into the head; `None`
    /// once that is written.
    early: Option<Vec<SnapshotPart>>,
}

impl Packing {
    /// Begins the checkpoint of the state at the end of `epoch`.
    ///
    /// # Errors
    /// What the compression says.
    pub fn new(epoch: u64, positions: Vec<Position>) -> io::Result<Packing> {
        let stream = zstd::stream::Encoder::new(Vec::new(), ZSTD_LEVEL)?;
        let early = Some(Vec::new());
        Ok(Packing { epoch, positions, stream, buffer: Vec::new(), records: 0, early })
    }

    /// Adds a part of the state; the parts may come in any order.
    ///
    /// # Errors
    /// What the compression says.
    pub fn add(&mut self, part: SnapshotPart) -> io::Result<()> {
        match (&mut self.early, part) {
            (Some(_), SnapshotPart::Clock { now, origin }) => self.open(now, Some(origin)),
            (Some(early), part) => {
                early.push(part);
                Ok(())
            }
            (None, part) => self.put_part(&part),
        }
    }

    fn put_part(&mut self, part: &SnapshotPart) -> io::Result<()> {
        convert::part_records(part).try_for_each(|record| self.put(record))
    }

    /// Writes the head, and what waited for it.
    fn open(&mut self, now: Option<Timestamp>, origin: Option<Timestamp>) -> io::Result<()> {
        let head = convert::head(self.epoch, &self.positions, now, origin);
        self.write(&convert::wrap(head))?;
        let early = self.early.take().unwrap_or_default();
        early.iter().try_for_each(|part| self.put_part(part))
    }

    fn put(&mut self, record: proto::CheckpointRecord) -> io::Result<()> {
        self.records += 1;
        self.write(&record)
    }

    fn write(&mut self, record: &proto::CheckpointRecord) -> io::Result<()> {
        self.buffer.clear();
        record.encode_length_delimited(&mut self.buffer).map_err(io::Error::other)?;
        self.stream.write_all(&self.buffer)
    }

    /// The body of the file.
    fn finish(mut self) -> io::Result<Vec<u8>> {
        if self.early.is_some() {
            self.open(None, None)?;
        }
        // The head does not count.
        let end = proto::CheckpointEnd { records: self.records };
        self.write(&convert::wrap(proto::checkpoint_record::Record::End(end)))?;
        self.stream.finish()
    }
}

fn load(path: &Path) -> Result<Checkpoint, CheckpointError> {
    let bytes = fs::read(path).map_err(io_error("read", path))?;
    decode(&bytes)
        .map_err(|reason| CheckpointError::Damaged { path: path.display().to_string(), reason })
}

/// Reads the bytes of a checkpoint; never panics.
fn decode(bytes: &[u8]) -> Result<Checkpoint, String> {
    let mut records = Records::new(checked(bytes)?)?;
    let mut collector = Collector::default();
    while let Some(record) = records.next()? {
        collector.take(record)?;
    }
    collector.finish()
}

/// The body of a checkpoint whose header and checksum are in order.
fn checked(bytes: &[u8]) -> Result<&[u8], String> {
    let (header, body) =
        bytes.split_at_checked(HEADER_BYTES).ok_or("it is shorter than its header")?;
    if &header[..6] != MAGIC {
        return Err(String::from("it is no checkpoint"));
    }
    let format = u16::from_be_bytes([header[6], header[7]]);
    if format != FORMAT {
        return Err(format!("it has format {format}, this version reads format {FORMAT}"));
    }
    let checksum = u32::from_be_bytes([header[8], header[9], header[10], header[11]]);
    let length = header[12..].iter().fold(0u64, |sum, &byte| sum << 8 | u64::from(byte));
    if length != body.len() as u64 {
        return Err(format!("it holds {} bytes of {length}", body.len()));
    }
    if crc32fast::hash(body) != checksum {
        return Err(String::from("its checksum does not match"));
    }
    Ok(body)
}

/// The records of a body, unpacked one by one.
struct Records<R: BufRead> {
    plain: BufReader<io::Take<zstd::stream::Decoder<'static, R>>>,
    record: Vec<u8>,
}

impl<R: BufRead> Records<R> {
    fn new(body: R) -> Result<Records<R>, String> {
        let plain = zstd::stream::Decoder::with_buffer(body)
            .map(|stream| BufReader::new(stream.take(PLAIN_BYTES_MAX)))
            .map_err(|error| format!("it cannot be decompressed: {error}"))?;
        Ok(Records { plain, record: Vec::new() })
    }

    fn next(&mut self) -> Result<Option<proto::CheckpointRecord>, String> {
        if !next_record(&mut self.plain, &mut self.record)? {
            return Ok(None);
        }
        let record = proto::CheckpointRecord::decode(&self.record[..]);
        record.map(Some).map_err(|error| format!("a record cannot be read: {error}"))
    }
}

/// A checkpoint whose file is in order, and which is still packed: its state
/// need not be held whole.
pub struct Stored {
    /// The last epoch in the state.
    pub epoch: u64,
    /// Where reading goes on, sorted.
    pub positions: Vec<Position>,
    /// The engine's time, if it was ever told.
    pub now: Option<Timestamp>,
    path: String,
    bytes: Vec<u8>,
}

impl Stored {
    fn read(path: &Path) -> Result<Stored, CheckpointError> {
        let bytes = fs::read(path).map_err(io_error("read", path))?;
        let path = path.display().to_string();
        let head = || {
            let mut collector = Collector::default();
            if let Some(record) = Records::new(checked(&bytes)?)?.next()? {
                collector.take(record)?;
            }
            collector.head()
        };
        match head() {
            Ok(Checkpoint { epoch, positions, engine }) => {
                Ok(Stored { epoch, positions, now: engine.now, path, bytes })
            }
            Err(reason) => Err(CheckpointError::Damaged { path, reason }),
        }
    }

    /// The whole state.
    ///
    /// # Errors
    /// [`CheckpointError::Damaged`]: a record that this version cannot read.
    pub fn unpack(&self) -> Result<Checkpoint, CheckpointError> {
        let damaged = |reason| CheckpointError::Damaged { path: self.path.clone(), reason };
        decode(&self.bytes).map_err(damaged)
    }

    /// The state part by part.
    ///
    /// # Errors
    /// As [`Stored::unpack`]; the parts before it are in order.
    pub fn into_parts(self) -> impl Iterator<Item = Result<SnapshotPart, CheckpointError>> + Send {
        let Stored { path, bytes, .. } = self;
        let mut body = io::Cursor::new(bytes);
        body.set_position(HEADER_BYTES as u64);
        let mut source = Some(Records::new(body).map(|records| (records, Collector::default())));
        let mut parts = VecDeque::new();
        std::iter::from_fn(move || {
            let damaged = |reason| Err(CheckpointError::Damaged { path: path.clone(), reason });
            while parts.is_empty() {
                match source.take()? {
                    Err(reason) => return Some(damaged(reason)),
                    Ok((mut records, mut collector)) => match collector.fill(&mut records) {
                        Err(reason) => return Some(damaged(reason)),
                        Ok(goes_on) => {
                            parts.extend(collector.take_parts());
                            source = goes_on.then_some(Ok((records, collector)));
                        }
                    },
                }
            }
            parts.pop_front().map(Ok)
        })
    }
}

/// The newest checkpoint in `dir` whose file is in order, and what was wrong
/// with those that were passed over, newest first. Blocks.
///
/// # Errors
/// A directory that cannot be read.
pub fn find_newest(dir: &Path) -> Result<(Option<Stored>, Vec<CheckpointError>), CheckpointError> {
    let mut passed_over = Vec::new();
    for path in list(dir)?.into_iter().rev() {
        match Stored::read(&path) {
            Ok(stored) => return Ok((Some(stored), passed_over)),
            Err(error) => passed_over.push(error),
        }
    }
    Ok((None, passed_over))
}

/// Reads one record, after its length as a varint; false at the end.
fn next_record(plain: &mut impl BufRead, record: &mut Vec<u8>) -> Result<bool, String> {
    let failed = |error: io::Error| format!("it cannot be decompressed: {error}");
    if plain.fill_buf().map_err(failed)?.is_empty() {
        return Ok(false);
    }
    let mut length: u64 = 0;
    for shift in (0..).step_by(7).take(LENGTH_BYTES_MAX) {
        let mut byte = [0];
        plain.read_exact(&mut byte).map_err(failed)?;
        length |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] & 0x80 == 0 {
            if length > RECORD_BYTES_MAX {
                return Err(format!(
                    "a record has {length} bytes, at most {RECORD_BYTES_MAX} can be"
                ));
            }
            record.clear();
            let read = plain.take(length).read_to_end(record).map_err(failed)?;
            let whole = read as u64 == length;
            return if whole { Ok(true) } else { Err(String::from("its last record is cut off")) };
        }
    }
    Err(String::from("the length of a record cannot be read"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use correlate::dataflow::{Control, Options, Workers};
    use correlate::model::{
        ComponentState, PathExpr, Period, Sample, ServiceDefinition, Target, Timestamp, Window,
    };
    use proptest::prelude::*;

    fn checkpoint(epoch: u64) -> Checkpoint {
        let options = Options { workers: 1, stale_after_ms: Some(90_000), origin: Timestamp(0) };
        let mut workers = Workers::start(options, None).expect("starts");
        let path = PathExpr::All(vec![
            PathExpr::Component("n/device/1".into()),
            PathExpr::Component("n/port/2".into()),
        ]);
        let window = Window {
            target: Target::Component("n/port/2".into()),
            period: Period::new(Timestamp(200_000), Timestamp(300_000)),
        };
        workers
            .control(vec![
                Control::Define(ServiceDefinition::always("s".into(), path).into()),
                Control::Window("w".into(), Some(window)),
            ])
            .expect("runs");
        let sample =
            |at, id: &str, state| Sample { at: Timestamp(at), component: id.into(), state };
        workers
            .feed(vec![
                sample(60_000, "n/device/1", ComponentState::Up),
                sample(120_000, "n/device/1", ComponentState::Up),
                sample(180_000, "n/port/2", ComponentState::Down),
            ])
            .expect("runs");
        workers.finish(Timestamp(200_000)).expect("runs");
        let position = Position { topic: "padwacht.samples".into(), partition: 3, next: 7 };
        Checkpoint { epoch, positions: vec![position], engine: workers.snapshot().expect("runs") }
    }

    #[test]
    fn a_checkpoint_reads_back_unchanged_and_two_are_kept() {
        let dir = tempfile::tempdir().expect("a directory");
        for epoch in 1..=3 {
            save(dir.path(), &checkpoint(epoch)).expect("saved");
        }
        assert_eq!(epochs(dir.path()).expect("listed"), [2, 3]);
        let (loaded, passed_over) = load_newest(dir.path()).expect("loaded");
        assert_eq!(loaded, Some(checkpoint(3)));
        let bytes = to_bytes(&checkpoint(3)).expect("packed");
        assert_eq!(from_bytes(&bytes).ok(), loaded);
        assert!(passed_over.is_empty());
    }

    #[test]
    fn a_damaged_checkpoint_is_reported_and_the_one_before_is_used() {
        let dir = tempfile::tempdir().expect("a directory");
        save(dir.path(), &checkpoint(1)).expect("saved");
        let newest = save(dir.path(), &checkpoint(2)).expect("saved");
        let mut bytes = fs::read(&newest).expect("read");
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&newest, bytes).expect("written");
        let (loaded, passed_over) = load_newest(dir.path()).expect("loaded");
        assert_eq!(loaded.map(|checkpoint| checkpoint.epoch), Some(1));
        assert!(passed_over[0].to_string().ends_with("its checksum does not match"));
    }

    /// A file of these plain records, with a header that fits.
    fn sealed(plain: &[u8]) -> Vec<u8> {
        let body = zstd::encode_all(plain, ZSTD_LEVEL).expect("compressed");
        let length = (body.len() as u64).to_be_bytes();
        let checksum = crc32fast::hash(&body).to_be_bytes();
        [&MAGIC[..], &FORMAT.to_be_bytes(), &checksum, &length, &body].concat()
    }

    #[track_caller]
    fn refused(plain: &[u8], expected: &str) {
        assert_eq!(decode(&sealed(plain)).expect_err("must be refused"), expected);
    }

    #[test]
    fn records_that_promise_too_much_are_refused_before_they_are_held() {
        refused(b"\xff\xff\xff\xff\x0f", "a record has 4294967295 bytes, at most 268435456 can be");
        refused(b"\xff\xff\xff\xff\xff\x01", "the length of a record cannot be read");
        refused(b"\x7f\x0a", "its last record is cut off");
        refused(b"", "it has no head");
    }

    #[test]
    fn a_state_packed_part_by_part_reads_back_as_the_whole() {
        let expected = checkpoint(7);
        let mut parts: Vec<_> = expected.engine.clone().into_parts().collect();
        for _ in 0..parts.len() {
            parts.rotate_left(1);
            let mut packing = Packing::new(7, expected.positions.clone()).expect("begun");
            parts.iter().for_each(|part| packing.add(part.clone()).expect("packed"));
            let dir = tempfile::tempdir().expect("a directory");
            save_packed(dir.path(), packing).expect("saved");
            let (loaded, _) = load_newest(dir.path()).expect("loaded");
            assert_eq!(loaded.as_ref(), Some(&expected));
            let stored = find_newest(dir.path()).expect("found").0.expect("it is in order");
            assert_eq!((stored.epoch, &stored.positions), (7, &expected.positions));
            assert_eq!(stored.unpack().expect("in order"), expected);
            let parts: Result<Vec<_>, _> = stored.into_parts().collect();
            let engine = EngineSnapshot::collect(parts.expect("in order"));
            assert_eq!(engine, expected.engine);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            prop_assert!(decode(&bytes).is_err());
        }

        #[test]
        fn a_cut_is_noticed(cut in 0usize..400) {
            let dir = tempfile::tempdir().expect("a directory");
            let path = save(dir.path(), &Checkpoint::default()).expect("saved");
            let bytes = fs::read(path).expect("read");
            let cut = cut % bytes.len();
            prop_assert!(decode(&bytes[..cut]).is_err());
        }
    }
}
