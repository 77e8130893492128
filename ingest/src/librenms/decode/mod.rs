//! From the bytes of an answer to rows. Pure: no IO, no clock, no secrets kept.

#[cfg(test)]
mod fixtures;
mod layout;
mod log_rows;
mod marks;
mod row;
mod rows;
mod scalar;
mod session_rows;
mod shape;
mod split;

pub(super) use log_rows::{EventRow, OutageRow, PollerRow};
pub(super) use rows::{
    DeviceDescription, DeviceRow, FailingChecks, LinkRow, OperStatus, PortDescription, PortRow,
    PortStatus, SystemRow,
};
pub(super) use scalar::RowTime;
pub(super) use session_rows::{
    CheckDescription, CheckRow, CheckStatus, PeerDescription, PeerRow, PeerState,
};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use layout::{Layout, Unread};
use row::RowError;
use shape::Shapes;
use split::{Known, Rows, SplitError, Splitter};

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

/// A row of some list.
pub(super) trait Row: DeserializeOwned + Clone {
    /// The columns whose positive whole numbers differ from row to row; none
    /// where rows differ in more than that.
    const NUMBERS: &'static [&'static str] = &[];

    /// Whether the rows of its list stand in lists within it.
    const NESTED: bool = false;

    /// The same row with another number in column `n` of [`Row::NUMBERS`].
    fn renumbered(&self, n: usize, number: u64) -> Self {
        let mut row = self.clone();
        row.renumber(n, number);
        row
    }

    /// Gives column `n` of [`Row::NUMBERS`] another number, of 1 to 10^18 - 1.
    fn renumber(&mut self, n: usize, number: u64) {
        // Of no column: there are none.
        let _ = (n, number);
    }
}

/// What the rows of a list are collected into.
pub(super) trait Collect<R> {
    /// Takes the next row.
    fn take(&mut self, row: R);

    /// Takes rows that are as `row` in all but column `n` of [`Row::NUMBERS`], with
    /// these numbers there.
    fn take_alike(&mut self, row: &R, n: usize, numbers: &[u64])
    where
        R: Row,
    {
        for &number in numbers {
            self.take(row.renumbered(n, number));
        }
    }
}

impl<R> Collect<R> for Vec<R> {
    fn take(&mut self, row: R) {
        self.push(row);
    }
}

impl<R, C: Collect<R>> Collect<R> for &mut C {
    fn take(&mut self, row: R) {
        C::take(self, row);
    }

    fn take_alike(&mut self, row: &R, n: usize, numbers: &[u64])
    where
        R: Row,
    {
        C::take_alike(self, row, n, numbers);
    }
}

/// Decodes one answer while it arrives, and hands on each row. They may be
/// used only when [`Decoder::finish`] has said that the answer is whole.
#[derive(Debug)]
pub(super) struct Decoder<R, C> {
    list_key: &'static str,
    splitter: Splitter,
    rows: Decoded<R, C>,
}

/// Decodes the rows and hands them on.
#[derive(Debug)]
struct Decoded<R, C> {
    counts: Counts,
    shapes: Shapes<R>,
    /// Of the first row that has one.
    layout: Option<Layout<R>>,
    into: C,
}

/// What stands around the rows, as far as it matters.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default, deserialize_with = "scalar::text")]
    status: Option<Box<str>>,
}

impl<R: Row, C: Collect<R>> Rows for Decoded<R, C> {
    type Error = DecodeError;

    fn known(&mut self, bytes: &[u8], gap: &[u8]) -> Known {
        if let Some((rows, length)) = self.shapes.rows(bytes, gap, &mut self.into) {
            self.counts.rows += rows;
            return Known::Taken(length);
        }
        // What has a new shape is cut out as usual, so that it is learnt.
        if self.shapes.may_learn() {
            return Known::No;
        }
        match self.layout.as_mut().map(|layout| layout.read(bytes)) {
            Some(Ok((row, length))) => {
                self.counts.rows += 1;
                self.into.take(row);
                Known::Taken(length)
            }
            Some(Err(Unread::GoesOn)) => Known::GoesOn,
            Some(Err(Unread::Otherwise)) | None => Known::No,
        }
    }

    fn cut(&mut self, json: &[u8], places: &[u32]) -> Result<(), DecodeError> {
        match row::decode(json, places) {
            Ok(row) => {
                self.shapes.learn(json, places, &row);
                if self.layout.is_none() {
                    self.layout = Layout::of(json, places);
                }
                self.counts.rows += 1;
                self.into.take(row);
            }
            Err(RowError::NoRow) => self.counts.refused += 1,
            Err(RowError::NoJson) => {
                let row = self.counts.rows + self.counts.refused + 1;
                return Err(DecodeError::NoJsonRow { row });
            }
        }
        Ok(())
    }
}

impl<R: Row, C: Collect<R>> Decoder<R, C> {
    /// Decodes the list under `list_key` and collects its rows.
    pub(super) fn new(list_key: &'static str, into: C) -> Decoder<R, C> {
        let (counts, shapes) = (Counts::default(), Shapes::default());
        let rows = Decoded { counts, shapes, layout: None, into };
        Decoder { list_key, splitter: Splitter::new(list_key, R::NESTED), rows }
    }

    /// Takes the next bytes.
    pub(super) fn feed(&mut self, chunk: &[u8]) -> Result<(), DecodeError> {
        self.splitter.feed(chunk, &mut self.rows)
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
        Ok(self.rows.counts)
    }
}
