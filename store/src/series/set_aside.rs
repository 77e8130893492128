//! What the correlate stage could not use: records, samples and files of its
//! own, each once, with the reason. Kept for 30 days.
//!
//! Keys and reasons are shortened here, so that no record can fill the table;
//! how many rows a flood makes is bounded by who writes them.

use clickhouse::Row;
use correlate::model::Timestamp;
use serde::{Deserialize, Serialize};

use super::row::instant;
use super::{Series, SeriesError};

/// Longer keys are cut: enough to recognise a record.
pub const SET_ASIDE_KEY_CHARS_MAX: usize = 200;

/// Longer reasons are cut: a definition's error can quote all of it.
pub const SET_ASIDE_REASON_CHARS_MAX: usize = 600;

/// Rows on one page of [`Series::set_aside`].
pub const SET_ASIDE_ROWS_MAX: usize = 500;

/// What is wrong with something that was set aside.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SetAsideKind {
    /// A record that cannot be read.
    Undecodable,
    /// A sample whose instant no right clock gives.
    ImplausibleTime,
    /// A sample that came after everything around it was forgotten.
    TooLate,
    /// A definition that contradicts others, such as a cycle of references.
    Refused,
    /// Records that the log dropped before they were read.
    Lost,
    /// A checkpoint or journal that cannot be used.
    Damaged,
}

impl SetAsideKind {
    /// Every kind, in the order of their numbers in ClickHouse.
    pub const ALL: [SetAsideKind; 6] = [
        SetAsideKind::Undecodable,
        SetAsideKind::ImplausibleTime,
        SetAsideKind::TooLate,
        SetAsideKind::Refused,
        SetAsideKind::Lost,
        SetAsideKind::Damaged,
    ];

    /// Its name in the API and in ClickHouse.
    pub const fn as_str(self) -> &'static str {
        match self {
            SetAsideKind::Undecodable => "undecodable",
            SetAsideKind::ImplausibleTime => "implausible_time",
            SetAsideKind::TooLate => "too_late",
            SetAsideKind::Refused => "refused",
            SetAsideKind::Lost => "lost",
            SetAsideKind::Damaged => "damaged",
        }
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<SetAsideKind> {
        SetAsideKind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Something that was set aside; its identity is topic, partition, offset and
/// kind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SetAside {
    /// Which topic, or `checkpoint` for a file of the stage itself.
    pub topic: String,
    /// Which partition.
    pub partition: u32,
    /// The record's offset, or that of the first of several; a file's epoch.
    pub offset: u64,
    /// What is wrong.
    pub kind: SetAsideKind,
    /// When the record was appended; when a file was found.
    pub at: Timestamp,
    /// The record's key, the sample's component or the file's name.
    pub key: String,
    /// What is wrong, for a person.
    pub reason: String,
    /// The size of the record or file, in bytes.
    pub size_bytes: u64,
    /// How many samples or records it stands for; at least 1.
    pub count: u64,
}

/// Which rows are asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SetAsideFilter {
    /// Of this topic only.
    pub topic: Option<String>,
    /// Of this kind only.
    pub kind: Option<SetAsideKind>,
}

/// One page of what was set aside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SetAsidePage {
    /// The rows, newest first.
    pub rows: Vec<SetAside>,
    /// How many rows there are on all pages.
    pub total: u64,
}

#[derive(Row, Serialize, Deserialize)]
struct SetAsideRow {
    topic: String,
    partition: u32,
    first_offset: u64,
    kind: i8,
    at: i64,
    key: String,
    reason: String,
    size_bytes: u64,
    count: u64,
    version: u64,
}

impl Series {
    /// Writes what was set aside; of two rows with one identity that of the
    /// greater `version` counts. Repeating it changes nothing.
    ///
    /// # Errors
    /// The server is away or refuses, or an instant that it cannot hold.
    pub async fn write_set_aside(
        &self,
        found: &[SetAside],
        version: u64,
    ) -> Result<(), SeriesError> {
        let rows: Result<Vec<_>, _> = found.iter().map(|one| row_of(one, version)).collect();
        self.insert::<SetAsideRow>("set_aside", &rows?).await
    }

    /// What was set aside, newest first, from the row `offset` on, at most
    /// `limit` rows.
    ///
    /// # Errors
    /// `limit` outside `1..=`[`SET_ASIDE_ROWS_MAX`], or the server is away or refuses.
    pub async fn set_aside(
        &self,
        filter: &SetAsideFilter,
        offset: u64,
        limit: usize,
    ) -> Result<SetAsidePage, SeriesError> {
        if !(1..=SET_ASIDE_ROWS_MAX).contains(&limit) {
            return Err(SeriesError::Invalid(format!(
                "the limit must be 1 to {SET_ASIDE_ROWS_MAX}, found {limit}"
            )));
        }
        let condition = "({topic:String} = '' OR topic = {topic:String})
            AND ({kind:Int8} < 0 OR CAST(set_aside.kind, 'Int8') = {kind:Int8})";
        let sql = format!(
            "SELECT CAST(topic, 'String') AS topic, partition, first_offset,
                    CAST(set_aside.kind, 'Int8') AS kind, set_aside.at AS at, key, reason,
                    size_bytes, count, version
             FROM set_aside FINAL WHERE {condition}
             ORDER BY set_aside.at DESC, topic, partition, first_offset DESC, set_aside.kind
             LIMIT {{offset:UInt64}}, {{limit:UInt64}}"
        );
        let total = format!("SELECT count() FROM set_aside FINAL WHERE {condition}");
        let bind = |sql: &str| {
            let kind = filter.kind.map_or(-1, |kind| kind as i8);
            let topic = filter.topic.as_deref().unwrap_or_default();
            self.read(sql).param("topic", topic).param("kind", kind)
        };
        let query = bind(&sql).param("offset", offset).param("limit", limit as u64);
        let rows = self.rows::<SetAsideRow>("reading what was set aside", query).await?;
        let total = bind(&total).fetch_one::<u64>();
        let total = self.guard("counting what was set aside", total).await?;
        let rows = rows.into_iter().map(SetAsideRow::into_set_aside).collect::<Result<_, _>>()?;
        Ok(SetAsidePage { rows, total })
    }

    /// How many samples and records that were appended since `since` are set
    /// aside, and the newest of those instants; `None` when there is none.
    ///
    /// # Errors
    /// The server is away or refuses.
    pub async fn set_aside_since(
        &self,
        since: Timestamp,
    ) -> Result<Option<(u64, Timestamp)>, SeriesError> {
        let query = self
            .read(
                "SELECT sum(count) AS things, max(toUnixTimestamp64Milli(at)) AS newest
                 FROM set_aside FINAL
                 WHERE at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')",
            )
            .param("since", super::query::clip_instant(since));
        let found = query.fetch_one::<(u64, i64)>();
        let (things, newest) = self.guard("counting what was set aside", found).await?;
        Ok((things > 0).then_some((things, Timestamp(newest))))
    }
}

fn row_of(found: &SetAside, version: u64) -> Result<SetAsideRow, SeriesError> {
    Ok(SetAsideRow {
        topic: found.topic.clone(),
        partition: found.partition,
        first_offset: found.offset,
        kind: found.kind as i8,
        at: instant(found.at, || String::from("the time of a record that was set aside"))?,
        key: shorten(&found.key, SET_ASIDE_KEY_CHARS_MAX),
        reason: shorten(&found.reason, SET_ASIDE_REASON_CHARS_MAX),
        size_bytes: found.size_bytes,
        count: found.count,
        version,
    })
}

fn shorten(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl SetAsideRow {
    fn into_set_aside(self) -> Result<SetAside, SeriesError> {
        let kind = usize::try_from(self.kind).ok().and_then(|index| SetAsideKind::ALL.get(index));
        let kind = kind.copied().ok_or_else(|| {
            SeriesError::Invalid(format!("clickhouse holds set-aside kind {}", self.kind))
        })?;
        Ok(SetAside {
            topic: self.topic,
            partition: self.partition,
            offset: self.first_offset,
            kind,
            at: Timestamp(self.at),
            key: self.key,
            reason: self.reason,
            size_bytes: self.size_bytes,
            count: self.count,
        })
    }
}
