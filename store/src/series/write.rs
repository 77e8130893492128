//! Writing what the correlate stage found.
//!
//! A write is idempotent by (key, version): the tables keep the row with the
//! greatest version of each key, the version is the batch's epoch, and a batch
//! gives the same rows in the same order each time. So the caller repeats a
//! batch until it succeeds, also when it cannot know whether an attempt got
//! through, and an older batch that arrives late changes nothing.
//!
//! No insert deduplication token is used: it would only save space, and a
//! token that is ever used again with other data loses that data silently.

use std::time::Duration;

use clickhouse::insert::Insert;
use clickhouse::{Row, RowOwned, RowWrite};
use correlate::model::{ComponentId, ComponentState, IntervalRevision, Timestamp};
use serde::Serialize;

use super::row::{
    IntervalRow, RevisionRow, TransitionRow, component_state_number, instant, service_state_number,
    texts,
};
use super::{Series, SeriesError};

/// Rows in one insert: below ClickHouse's `max_insert_block_size`, so that an
/// insert is one block, all of it visible at once within a partition.
const INSERT_ROWS_MAX: usize = 100_000;

/// How long sending one piece of an insert may take.
const INSERT_SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the answer to an insert may take; merging a full block into a
/// slow disk takes longer than a query.
const INSERT_END_TIMEOUT: Duration = Duration::from_secs(120);

/// A state that a component has from an instant on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transition {
    /// Whose state.
    pub component: ComponentId,
    /// From when it held, in the network.
    pub at: Timestamp,
    /// The state from then on.
    pub state: ComponentState,
}

/// What one epoch of the correlate stage found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeriesBatch {
    /// The version of every row; a later epoch must have a greater number.
    pub epoch: u64,
    /// When this was found: what "as of" queries go by. It must stay the same
    /// when the batch is repeated.
    pub recorded_at: Timestamp,
    /// Interval revisions; of several with one identity the last counts.
    pub intervals: Vec<IntervalRevision>,
    /// Component transitions; of several at one instant the last counts.
    pub transitions: Vec<Transition>,
    /// Instants at which a component no longer changes; none of them has a
    /// transition in the same batch.
    pub withdrawn_transitions: Vec<(ComponentId, Timestamp)>,
}

impl Series {
    /// Writes a batch. When it returns `Ok`, all of it is stored; otherwise
    /// any part of it may be, and writing it again is harmless.
    ///
    /// Rows become visible table by table and month by month, so a reader may
    /// for a moment see an interval closed before its successor; it never
    /// sees two that overlap counted twice.
    ///
    /// # Errors
    /// The server is away or refuses; an instant that it cannot hold; an
    /// interval that is empty or disagrees with its identity. Nothing is
    /// written in the latter two cases.
    pub async fn write(&self, batch: &SeriesBatch) -> Result<(), SeriesError> {
        let intervals = interval_rows(batch)?;
        let revisions: Vec<RevisionRow> = intervals.iter().map(RevisionRow::from).collect();
        let transitions = transition_rows(batch)?;
        self.insert("component_transitions", &transitions).await?;
        self.insert("service_interval_revisions", &revisions).await?;
        self.insert("service_intervals", &intervals).await
    }

    /// Inserts rows that stand in the order of their key, in pieces of
    /// [`INSERT_ROWS_MAX`].
    pub(super) async fn insert<R>(&self, table: &'static str, rows: &[R]) -> Result<(), SeriesError>
    where
        R: Row + RowOwned + RowWrite + Serialize,
    {
        for piece in rows.chunks(INSERT_ROWS_MAX) {
            // The client asks for the table's columns before the first insert.
            let insert = self.guard("preparing a write", self.client.insert::<R>(table)).await?;
            insert_piece(insert, piece).await.map_err(|source| {
                SeriesError::from_exchange("writing to a table", &self.config.url, source)
            })?;
        }
        Ok(())
    }
}

async fn insert_piece<R>(insert: Insert<R>, rows: &[R]) -> Result<(), clickhouse::error::Error>
where
    R: Row + RowOwned + RowWrite + Serialize,
{
    let mut insert = insert
        .with_timeouts(Some(INSERT_SEND_TIMEOUT), Some(INSERT_END_TIMEOUT))
        .with_setting("async_insert", "0")
        // History that is filled in may touch any number of months.
        .with_setting("max_partitions_per_insert_block", "0");
    for row in rows {
        insert.write(row).await?;
    }
    insert.end().await
}

fn interval_rows(batch: &SeriesBatch) -> Result<Vec<IntervalRow>, SeriesError> {
    let recorded_at = instant(batch.recorded_at, || "the batch's recorded_at".to_owned())?;
    let mut revisions: Vec<&IntervalRevision> = batch.intervals.iter().collect();
    revisions.sort_by(|a, b| (&a.service, a.start).cmp(&(&b.service, b.start)));
    keep_last_of_each(&mut revisions, |r| (&r.service, r.start));
    revisions.into_iter().map(|revision| interval_row(revision, batch.epoch, recorded_at)).collect()
}

fn interval_row(
    revision: &IntervalRevision,
    version: u64,
    recorded_at: i64,
) -> Result<IntervalRow, SeriesError> {
    let service = &revision.service;
    let start = instant(revision.start, || format!("the start of an interval of {service}"))?;
    let mut row = IntervalRow {
        service: service.as_str().to_owned(),
        start,
        end: None,
        state: 0,
        cause: Vec::new(),
        cause_moves: Vec::new(),
        version,
        is_deleted: 1,
        recorded_at,
    };
    let Some(interval) = &revision.interval else { return Ok(row) };
    if interval.start != revision.start || interval.end.is_some_and(|end| end <= interval.start) {
        return Err(SeriesError::Invalid(format!(
            "an interval of {service} with identity {} runs from {} to {:?}: it must start there \
             and end later",
            revision.start, interval.start, interval.end
        )));
    }
    row.is_deleted = 0;
    row.state = service_state_number(interval.state);
    row.end = interval
        .end
        .map(|end| instant(end, || format!("the end of an interval of {service}")))
        .transpose()?;
    row.cause = texts(&interval.cause);
    row.cause_moves = interval
        .cause_moves
        .iter()
        .map(|(at, cause)| {
            let at = instant(*at, || format!("a move of the cause of {service}"))?;
            Ok((at, texts(cause)))
        })
        .collect::<Result<_, SeriesError>>()?;
    Ok(row)
}

fn transition_rows(batch: &SeriesBatch) -> Result<Vec<TransitionRow>, SeriesError> {
    let recorded_at = instant(batch.recorded_at, || "the batch's recorded_at".to_owned())?;
    let mut transitions: Vec<&Transition> = batch.transitions.iter().collect();
    transitions.sort_by(|a, b| (&a.component, a.at).cmp(&(&b.component, b.at)));
    keep_last_of_each(&mut transitions, |t| (&t.component, t.at));
    let set = transitions.into_iter().map(|t| (&t.component, t.at, Some(t.state)));
    let withdrawn = batch.withdrawn_transitions.iter().map(|(id, at)| (id, *at, None));
    let mut rows: Vec<TransitionRow> = set
        .chain(withdrawn)
        .map(|(component, at, state)| {
            Ok(TransitionRow {
                component: component.as_str().to_owned(),
                at: instant(at, || format!("a transition of {component}"))?,
                state: component_state_number(state.unwrap_or_default()),
                version: batch.epoch,
                is_deleted: u8::from(state.is_none()),
                recorded_at,
            })
        })
        .collect::<Result<_, SeriesError>>()?;
    rows.sort_by(|a, b| (&a.component, a.at).cmp(&(&b.component, b.at)));
    Ok(rows)
}

/// Of neighbours with an equal key, keeps the last: rows of one batch share
/// their version, so ClickHouse could not tell which of two counts.
fn keep_last_of_each<'a, T, K: PartialEq>(items: &mut Vec<&'a T>, key: impl Fn(&'a T) -> K) {
    items.reverse();
    items.dedup_by(|later, kept| key(later) == key(kept));
    items.reverse();
}

#[cfg(test)]
mod tests {
    use correlate::model::{Interval, ServiceState};

    use super::*;

    fn revision(start: i64, end: Option<i64>, state: ServiceState) -> IntervalRevision {
        let (start, end) = (Timestamp(start), end.map(Timestamp));
        let interval = Interval { start, end, state, cause: Vec::new(), cause_moves: Vec::new() };
        IntervalRevision { service: "s".into(), start, interval: Some(interval) }
    }

    fn batch(intervals: Vec<IntervalRevision>) -> SeriesBatch {
        SeriesBatch {
            epoch: 7,
            recorded_at: Timestamp(0),
            intervals,
            transitions: Vec::new(),
            withdrawn_transitions: Vec::new(),
        }
    }

    #[test]
    fn of_two_revisions_of_one_identity_the_last_counts() {
        let rows = interval_rows(&batch(vec![
            revision(20, None, ServiceState::Up),
            revision(10, Some(20), ServiceState::Down),
            IntervalRevision { service: "s".into(), start: Timestamp(20), interval: None },
        ]))
        .expect("valid");
        let seen: Vec<_> = rows.iter().map(|row| (row.start, row.is_deleted)).collect();
        assert_eq!(seen, [(10, 0), (20, 1)]);
    }

    #[test]
    fn empty_intervals_and_endless_starts_are_refused() {
        let empty = interval_rows(&batch(vec![revision(10, Some(10), ServiceState::Up)]));
        assert!(matches!(empty, Err(SeriesError::Invalid(_))));
        let endless = interval_rows(&batch(vec![revision(i64::MIN, None, ServiceState::Up)]));
        assert!(matches!(endless, Err(SeriesError::OutOfRange { .. })));
    }
}
