//! From the bytes of an answer to rows. Pure: no IO, no clock, no secrets kept.

#[cfg(test)]
mod fixtures;
mod log_rows;
mod marks;
mod row;
mod rows;
mod scalar;
mod split;

pub(super) use log_rows::{EventRow, OutageRow, PollerRow};
pub(super) use rows::{
    DeviceDescription, DeviceRow, FailingChecks, LinkRow, OperStatus, PortDescription, PortRow,
    SystemRow,
};
pub(super) use scalar::RowTime;

use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use row::RowError;
use split::{SplitError, Splitter};

/// Why an answer gives no list.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum DecodeError {
    /// The answer ends before its last bracket.
    #[error("the answer breaks off")]
    Truncated,
    /// It cannot be cut into rows.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// It is no JSON.
    #[error("the answer is no JSON (line {line} of what stands around the rows)")]
    NoJson { line: usize },
    /// A row is no JSON.
    #[error("row {row} of the list is no JSON")]
    NoJsonRow { row: u64 },
    /// There is no list of that name.
    #[error("the answer has no list {key:?}")]
    NoList { key: &'static str },
    /// The status within the answer is not `ok`.
    #[error("the answer says that its status is not ok")]
    NotOk,
}

/// How many rows an answer had.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Counts {
    /// Rows that were handed on.
    pub(super) rows: u64,
    /// Rows that had no usable key and were left out.
    pub(super) refused: u64,
}

/// Decodes one answer while it arrives, and hands on each row. They may be
/// used only when [`Decoder::finish`] has said that the answer is whole.
#[derive(Debug)]
pub(super) struct Decoder<R, F> {
    list_key: &'static str,
    splitter: Splitter,
    counts: Counts,
    each: F,
    row: PhantomData<fn() -> R>,
}

/// What stands around the rows, as far as it matters.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default, deserialize_with = "scalar::text")]
    status: Option<Box<str>>,
}

impl<R: DeserializeOwned, F: FnMut(R)> Decoder<R, F> {
    /// Decodes the list under `list_key` and hands every row to `each`.
    pub(super) fn new(list_key: &'static str, each: F) -> Decoder<R, F> {
        let (splitter, counts) = (Splitter::new(list_key), Counts::default());
        Decoder { list_key, splitter, counts, each, row: PhantomData }
    }

    /// Takes the next bytes.
    pub(super) fn feed(&mut self, chunk: &[u8]) -> Result<(), DecodeError> {
        let Decoder { splitter, counts, each, .. } = self;
        splitter.feed(chunk, |row, places| {
            match row::decode(row, places) {
                Ok(row) => {
                    counts.rows += 1;
                    each(row);
                }
                Err(RowError::NoRow) => counts.refused += 1,
                Err(RowError::NoJson) => {
                    let row = counts.rows + counts.refused + 1;
                    return Err(DecodeError::NoJsonRow { row });
                }
            }
            Ok(())
        })
    }

    /// How many rows there were, if the answer is whole.
    pub(super) fn finish(self) -> Result<Counts, DecodeError> {
        let (envelope, list_seen) = self.splitter.envelope();
        let envelope: Envelope =
            serde_json::from_slice(&envelope).map_err(|error| match error.classify() {
                Category::Eof => DecodeError::Truncated,
                _ => DecodeError::NoJson { line: error.line() },
            })?;
        if envelope.status.is_some_and(|status| &*status != "ok") {
            return Err(DecodeError::NotOk);
        }
        if !list_seen {
            return Err(DecodeError::NoList { key: self.list_key });
        }
        Ok(self.counts)
    }
}
