//! The epoch journal: which input each epoch took, written before the epoch's
//! output leaves the machine.
//!
//! After a crash the same epochs are taken in again, each with the same input
//! and the same clock, so they give the same rows under the same versions; a
//! row that the crashed process wrote is never left behind. One file follows
//! each checkpoint:
//!
//! ```text
//!  <epoch of the checkpoint>.journal:  ( length u32 | crc32 u32 | JournalEntry )*
//! ```
//! A torn entry at the end was never acted on and is cut off, and so are zeros
//! that the file system left there; damage before the end is an error. What
//! tells them apart is that after damage a whole entry follows.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use correlate::model::Timestamp;
use prost::Message;

use crate::checkpoint::Position;
use crate::log::StoredRecord;
use crate::wire::proto;

/// Longer entries are damage. An epoch holds at most a few batches of
/// definitions, so a real one stays far below.
pub const ENTRY_BYTES_MAX: usize = 512 * 1024 * 1024;

const ENDING: &str = "journal";
const FRAME_BYTES: usize = 8;

/// The samples of one partition that an epoch took.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    /// Which topic.
    pub topic: String,
    /// Which partition.
    pub partition: u32,
    /// Which offsets.
    pub offsets: Range<u64>,
}

/// A definition or window as it was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Control {
    /// From which partition.
    pub partition: u32,
    /// The record, whole.
    pub record: StoredRecord,
}

/// One epoch's input.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The epoch; each is one more than the one before.
    pub epoch: u64,
    /// The engine's clock at its end.
    pub now: Timestamp,
    /// When it was taken in; what the rows record as the moment of belief.
    pub recorded_at: Timestamp,
    /// The samples, by partition.
    pub samples: Vec<Taken>,
    /// The definition records themselves, as compaction may drop them.
    pub controls: Vec<Control>,
    /// Where reading definitions goes on.
    pub control_positions: Vec<Position>,
}

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk refused.
    #[error("cannot {doing} the journal {path}")]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// On which file.
        path: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is not what was written.
    #[error("the journal {path} is damaged at byte {at}: {reason}")]
    Damaged {
        /// Which file.
        path: String,
        /// Where the damage begins.
        at: usize,
        /// What is wrong.
        reason: String,
    },
}

/// The journal after one checkpoint, open for appending.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
}

impl Journal {
    /// Opens the journal that follows checkpoint `epoch` and reads what it
    /// holds; a torn last entry is cut off. Blocks.
    ///
    /// # Errors
    /// A disk that refuses, or damage before the end.
    pub fn open(dir: &Path, epoch: u64) -> Result<(Journal, Vec<Entry>), JournalError> {
        let path = dir.join(format!("{epoch:020}.{ENDING}"));
        let io = |doing| io_error(doing, &path);
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(io("open"))?;
        let bytes = fs::read(&path).map_err(io("read"))?;
        let (entries, end) = decode(&bytes).map_err(|(at, reason)| JournalError::Damaged {
            path: path.display().to_string(),
            at,
            reason,
        })?;
        file.set_len(end as u64).map_err(io("cut"))?;
        file.seek(SeekFrom::End(0)).map_err(io("seek in"))?;
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(io("sync"))?;
        Ok((Journal { file, path }, entries))
    }

    /// Appends an entry; when it returns, the entry survives a crash. Blocks.
    ///
    /// # Errors
    /// A disk that refuses; then nothing may be built on the entry.
    pub fn append(&mut self, entry: &Entry) -> Result<(), JournalError> {
        let body = encode(entry).encode_to_vec();
        let mut frame = Vec::with_capacity(FRAME_BYTES + body.len());
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(&crc32fast::hash(&body).to_be_bytes());
        frame.extend_from_slice(&body);
        self.file
            .write_all(&frame)
            .and_then(|()| self.file.sync_data())
            .map_err(io_error("append to", &self.path))
    }

    /// Removes the journals in `dir` that follow checkpoints before `epoch`.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn remove_before(dir: &Path, epoch: u64) -> Result<(), JournalError> {
        for (number, path) in list(dir)? {
            if number < epoch {
                fs::remove_file(&path).map_err(io_error("remove", &path))?;
            }
        }
        Ok(())
    }

    /// The epochs of the checkpoints in `dir` that have a journal, in no order.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn epochs(dir: &Path) -> Result<Vec<u64>, JournalError> {
        Ok(list(dir)?.into_iter().map(|(number, _)| number).collect())
    }
}

fn list(dir: &Path) -> Result<Vec<(u64, PathBuf)>, JournalError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(io_error("list", dir))? {
        let path = entry.map_err(io_error("list", dir))?.path();
        let is_journal = path.extension().is_some_and(|ending| ending == ENDING);
        let number = path.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok());
        if let (true, Some(number)) = (is_journal, number) {
            found.push((number, path));
        }
    }
    Ok(found)
}

fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    let path = path.display().to_string();
    move |source| JournalError::Io { doing, path, source }
}

/// The whole entries, and where the last of them ends.
fn decode(bytes: &[u8]) -> Result<(Vec<Entry>, usize), (usize, String)> {
    let mut entries = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        match frame(rest) {
            Frame::Whole(body) => {
                let entry =
                    proto::JournalEntry::decode(body).map_err(|error| (at, error.to_string()))?;
                entries.push(read(entry));
                at += FRAME_BYTES + body.len();
            }
            Frame::Torn if !whole_entry_follows(rest) => break,
            Frame::Torn => return Err((at, String::from("an entry is not whole"))),
            Frame::Damaged => return Err((at, String::from("the checksum does not match"))),
        }
    }
    Ok((entries, at))
}

/// What the bytes of a journal begin with.
enum Frame<'a> {
    /// An entry, and this is its body.
    Whole(&'a [u8]),
    /// The beginning of an entry, or zeros, up to the end of the bytes.
    Torn,
    /// Nothing that was ever written.
    Damaged,
}

fn frame(bytes: &[u8]) -> Frame<'_> {
    let Some((frame, rest)) = bytes.split_at_checked(FRAME_BYTES) else { return Frame::Torn };
    let length = u32::from_be_bytes([frame[0], frame[1], frame[2], frame[3]]) as usize;
    let checksum = u32::from_be_bytes([frame[4], frame[5], frame[6], frame[7]]);
    match rest.get(..length) {
        // Every entry has an epoch, so none is empty.
        Some([]) if bytes.iter().all(|&byte| byte == 0) => Frame::Torn,
        Some([]) => Frame::Damaged,
        Some(body) if length <= ENTRY_BYTES_MAX && crc32fast::hash(body) == checksum => {
            Frame::Whole(body)
        }
        Some(body) if body.len() < rest.len() => Frame::Damaged,
        _ => Frame::Torn,
    }
}

/// Whether a whole entry begins somewhere after the first byte.
fn whole_entry_follows(bytes: &[u8]) -> bool {
    // The epoch comes first: field 1, a varint.
    const FIRST_TAG: u8 = 0x08;
    (1..bytes.len())
        .filter(|at| bytes.get(at + FRAME_BYTES) == Some(&FIRST_TAG))
        .any(|at| matches!(frame(&bytes[at..]), Frame::Whole(_)))
}

fn encode(entry: &Entry) -> proto::JournalEntry {
    let taken = |taken: &Taken| proto::OffsetRange {
        topic: taken.topic.clone(),
        partition: taken.partition,
        from: taken.offsets.start,
        next: taken.offsets.end,
    };
    let control = |Control { partition, record }: &Control| proto::ControlRecord {
        key: record.key.to_vec(),
        value: record.value.as_ref().map(|value| value.to_vec()),
        partition: *partition,
        offset: record.offset,
        appended_at_ms: record.timestamp_ms,
    };
    let offset = |position: &Position| proto::Offset {
        topic: position.topic.clone(),
        partition: position.partition,
        next: position.next,
    };
    proto::JournalEntry {
        epoch: entry.epoch,
        now_ms: entry.now.millis(),
        recorded_at_ms: entry.recorded_at.millis(),
        samples: entry.samples.iter().map(taken).collect(),
        controls: entry.controls.iter().map(control).collect(),
        control_offsets: entry.control_positions.iter().map(offset).collect(),
    }
}

fn read(entry: proto::JournalEntry) -> Entry {
    let taken = |range: proto::OffsetRange| Taken {
        topic: range.topic,
        partition: range.partition,
        offsets: range.from..range.next,
    };
    let position = |offset: proto::Offset| Position {
        topic: offset.topic,
        partition: offset.partition,
        next: offset.next,
    };
    let control = |control: proto::ControlRecord| Control {
        partition: control.partition,
        record: StoredRecord {
            offset: control.offset,
            timestamp_ms: control.appended_at_ms,
            key: control.key.into(),
            value: control.value.map(Into::into),
        },
    };
    Entry {
        epoch: entry.epoch,
        now: Timestamp(entry.now_ms),
        recorded_at: Timestamp(entry.recorded_at_ms),
        samples: entry.samples.into_iter().map(taken).collect(),
        controls: entry.controls.into_iter().map(control).collect(),
        control_positions: entry.control_offsets.into_iter().map(position).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(key: &'static str, value: Option<&'static str>) -> Control {
        let (key, value) = (key.into(), value.map(Into::into));
        Control { partition: 0, record: StoredRecord { offset: 7, timestamp_ms: 8, key, value } }
    }

    fn entry(epoch: u64) -> Entry {
        Entry {
            epoch,
            now: Timestamp(1_000),
            recorded_at: Timestamp(1_001),
            samples: vec![Taken { topic: "t".into(), partition: 1, offsets: 5..9 }],
            controls: vec![control("service/s", Some("{}")), control("window/w", None)],
            control_positions: vec![Position { topic: "d".into(), partition: 0, next: 2 }],
        }
    }

    #[test]
    fn entries_survive_reopening_and_a_torn_one_is_cut_off() {
        let dir = tempfile::tempdir().expect("a directory");
        let (mut journal, entries) = Journal::open(dir.path(), 4).expect("opened");
        assert_eq!(entries, []);
        journal.append(&entry(5)).expect("appended");
        journal.append(&entry(6)).expect("appended");
        let path = journal.path.clone();
        drop(journal);
        let bytes = fs::read(&path).expect("read");
        for cut in 1..bytes.len() / 2 {
            fs::write(&path, &bytes[..bytes.len() - cut]).expect("written");
            let (mut journal, entries) = Journal::open(dir.path(), 4).expect("opened");
            assert_eq!(entries, [entry(5)]);
            journal.append(&entry(6)).expect("appended");
            assert_eq!(fs::read(&path).expect("read"), bytes);
        }
    }

    #[test]
    fn damage_before_the_end_is_an_error() {
        let dir = tempfile::tempdir().expect("a directory");
        let (mut journal, _) = Journal::open(dir.path(), 0).expect("opened");
        journal.append(&entry(1)).expect("appended");
        journal.append(&entry(2)).expect("appended");
        let mut bytes = fs::read(&journal.path).expect("read");
        bytes[FRAME_BYTES + 1] ^= 1;
        fs::write(&journal.path, bytes).expect("written");
        let error = Journal::open(dir.path(), 0).expect_err("damaged");
        assert!(error.to_string().ends_with("at byte 0: the checksum does not match"), "{error}");
    }

    #[test]
    fn a_damaged_length_hides_no_entry_that_follows() {
        let dir = tempfile::tempdir().expect("a directory");
        let (mut journal, _) = Journal::open(dir.path(), 0).expect("opened");
        (1..=3).for_each(|epoch| journal.append(&entry(epoch)).expect("appended"));
        let bytes = fs::read(&journal.path).expect("read");
        for place in 0..FRAME_BYTES {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x40;
            fs::write(&journal.path, damaged).expect("written");
            Journal::open(dir.path(), 0).expect_err("damaged");
        }
    }

    #[test]
    fn zeros_that_the_file_system_left_at_the_end_are_cut_off() {
        let dir = tempfile::tempdir().expect("a directory");
        let (mut journal, _) = Journal::open(dir.path(), 0).expect("opened");
        journal.append(&entry(1)).expect("appended");
        let bytes = fs::read(&journal.path).expect("read");
        for zeros in [1, FRAME_BYTES, 4_096] {
            let extended = [&bytes[..], &vec![0; zeros]].concat();
            fs::write(&journal.path, extended).expect("written");
            let (_, entries) = Journal::open(dir.path(), 0).expect("opened");
            assert_eq!(entries, [entry(1)]);
            assert_eq!(fs::read(&journal.path).expect("read"), bytes);
        }
    }

    #[test]
    fn journals_of_removed_checkpoints_go_too() {
        let dir = tempfile::tempdir().expect("a directory");
        for epoch in [1, 5, 9] {
            Journal::open(dir.path(), epoch).expect("opened");
        }
        Journal::remove_before(dir.path(), 5).expect("removed");
        assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 2);
    }
}
