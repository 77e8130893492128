//! From the bytes of an answer to rows. Pure: no IO, no clock, no secrets kept.

#[cfg(test)]
mod fixtures;
mod log_rows;
mod rows;
mod scalar;
mod split;

pub(super) use log_rows::{EventRow, OutageRow, PollerRow};
pub(super) use rows::{
    DeviceDescription, DeviceRow, FailingChecks, LinkRow, OperStatus, PortDescription, PortRow,
    SystemRow,
};
pub(super) use scalar::RowTime;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

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
    NoJsonRow { row: usize },
    /// There is no list of that name.
    #[error("the answer has no list {key:?}")]
    NoList { key: &'static str },
    /// The status within the answer is not `ok`.
    #[error("the answer says that its status is not ok")]
    NotOk,
}

/// The rows of one answer.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Rows<R> {
    /// The rows, in the server's order.
    pub(super) rows: Vec<R>,
    /// How many rows had no usable key and were left out.
    pub(super) refused: usize,
}

impl<R> Default for Rows<R> {
    fn default() -> Self {
        Rows { rows: Vec::new(), refused: 0 }
    }
}

/// Decodes one answer while it arrives.
#[derive(Debug)]
pub(super) struct Decoder<R> {
    list_key: &'static str,
    splitter: Splitter,
    read: Rows<R>,
}

/// What stands around the rows, as far as it matters.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default, deserialize_with = "scalar::text")]
    status: Option<Box<str>>,
}

impl<R: DeserializeOwned> Decoder<R> {
    /// Decodes the list under `list_key`.
    pub(super) fn new(list_key: &'static str) -> Decoder<R> {
        Decoder { list_key, splitter: Splitter::new(list_key), read: Rows::default() }
    }

    /// Takes the next bytes.
    pub(super) fn feed(&mut self, chunk: &[u8]) -> Result<(), DecodeError> {
        let read = &mut self.read;
        self.splitter.feed(chunk, |row| {
            match serde_json::from_slice(row) {
                Ok(row) => read.rows.push(row),
                Err(error) if error.is_data() => read.refused += 1,
                Err(_) => {
                    let row = read.rows.len() + read.refused + 1;
                    return Err(DecodeError::NoJsonRow { row });
                }
            }
            Ok(())
        })
    }

    /// The rows, if the answer is whole.
    pub(super) fn finish(self) -> Result<Rows<R>, DecodeError> {
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
        Ok(self.read)
    }
}
