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

use clickhouse::RowWrite;
use clickhouse::insert::Insert;
use correlate::model::{ComponentId, ComponentState, IntervalRevision, Timestamp};
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, StreamExt, TryStreamExt};

use super::row::{
    IntervalRow, RevisionRow, TransitionRow, component_state_number, instant, service_state_number,
};
use super::{Series, SeriesError};

/// Rows in one insert: below ClickHouse's `max_insert_block_size`, so that an
/// insert is one block, all of it visible at once within a partition.
const INSERT_ROWS_MAX: usize = 100_000;

/// Inserts at a time: while ClickHouse sorts one piece, others are on their
/// way. Each takes some megabytes of the engine's memory.
const INSERTS_AT_ONCE: usize = 4;

const INTERVALS: &str = "service_intervals";
const REVISIONS: &str = "service_interval_revisions";
const TRANSITIONS: &str = "component_transitions";

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
    /// Writes a batch; see [`Series::write_all`].
    ///
    /// # Errors
    /// As [`Series::write_all`].
    pub async fn write(&self, batch: &SeriesBatch) -> Result<(), SeriesError> {
        self.write_all(std::slice::from_ref(batch)).await
    }

    /// Writes batches together, with as few inserts as one batch takes. When
    /// it returns `Ok`, all of them are stored; otherwise any part of them may
    /// be, and writing them again, alone or together, is harmless.
    ///
    /// Rows become visible table by table and month by month, in any order, so
    /// a reader may for a moment see an interval closed before its successor;
    /// it never sees two that overlap counted twice.
    ///
    /// # Errors
    /// The server is away or refuses; an instant that it cannot hold; an
    /// interval that is empty or disagrees with its identity. Nothing is
    /// written in the latter two cases.
    pub async fn write_all(&self, batches: &[SeriesBatch]) -> Result<(), SeriesError> {
        let (mut intervals, mut transitions) = (Vec::new(), Vec::new());
        for batch in batches {
            intervals.append(&mut interval_rows(batch)?);
            transitions.append(&mut transition_rows(batch)?);
        }
        let revisions: Vec<RevisionRow<'_>> = intervals.iter().map(RevisionRow::from).collect();
        let mut inserts: Vec<BoxFuture<'_, Result<(), SeriesError>>> = Vec::new();
        for piece in intervals.chunks(INSERT_ROWS_MAX) {
            inserts.push(self.insert_piece::<IntervalRow<'static>>(INTERVALS, piece).boxed());
        }
        for piece in revisions.chunks(INSERT_ROWS_MAX) {
            inserts.push(self.insert_piece::<RevisionRow<'static>>(REVISIONS, piece).boxed());
        }
        for piece in transitions.chunks(INSERT_ROWS_MAX) {
            inserts.push(self.insert_piece::<TransitionRow<'static>>(TRANSITIONS, piece).boxed());
        }
        stream::iter(inserts).buffer_unordered(INSERTS_AT_ONCE).try_collect().await
    }

    /// Inserts rows that stand in the order of their key, in pieces of
    /// [`INSERT_ROWS_MAX`].
    pub(super) async fn insert<R: RowWrite>(
        &self,
        table: &'static str,
        rows: &[R::Value<'_>],
    ) -> Result<(), SeriesError> {
        for piece in rows.chunks(INSERT_ROWS_MAX) {
            self.insert_piece::<R>(table, piece).await?;
        }
        Ok(())
    }

    async fn insert_piece<R: RowWrite>(
        &self,
        table: &'static str,
        rows: &[R::Value<'_>],
    ) -> Result<(), SeriesError> {
        // The client asks for the table's columns before the first insert.
        let insert = self.guard("preparing a write", self.client.insert::<R>(table)).await?;
        send(insert, rows).await.map_err(|source| {
            SeriesError::from_exchange("writing to a table", &self.config.url, source)
        })
    }
}

async fn send<R: RowWrite>(
    insert: Insert<R>,
    rows: &[R::Value<'_>],
) -> Result<(), clickhouse::error::Error> {
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

fn interval_rows(batch: &SeriesBatch) -> Result<Vec<IntervalRow<'_>>, SeriesError> {
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
) -> Result<IntervalRow<'_>, SeriesError> {
    let service = &revision.service;
    let start = instant(revision.start, || format!("the start of an interval of {service}"))?;
    let mut row = IntervalRow {
        service: service.as_str(),
        start,
        end: None,
        state: 0,
        cause: &[],
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
    row.cause = &interval.cause;
    row.cause_moves = interval
        .cause_moves
        .iter()
        .map(|(at, cause)| {
            let at = instant(*at, || format!("a move of the cause of {service}"))?;
            Ok((at, cause.as_slice()))
        })
        .collect::<Result<_, SeriesError>>()?;
    Ok(row)
}

fn transition_rows(batch: &SeriesBatch) -> Result<Vec<TransitionRow<'_>>, SeriesError> {
    let recorded_at = instant(batch.recorded_at, || "the batch's recorded_at".to_owned())?;
    let mut transitions: Vec<&Transition> = batch.transitions.iter().collect();
    transitions.sort_by(|a, b| (&a.component, a.at).cmp(&(&b.component, b.at)));
    keep_last_of_each(&mut transitions, |t| (&t.component, t.at));
    let set = transitions.into_iter().map(|t| (&t.component, t.at, Some(t.state)));
    let withdrawn = batch.withdrawn_transitions.iter().map(|(id, at)| (id, *at, None));
    let mut rows: Vec<TransitionRow<'_>> = set
        .chain(withdrawn)
        .map(|(component, at, state)| {
            Ok(TransitionRow {
                component: component.as_str(),
                at: instant(at, || format!("a transition of {component}"))?,
                state: component_state_number(state.unwrap_or_default()),
                version: batch.epoch,
                is_deleted: u8::from(state.is_none()),
                recorded_at,
            })
        })
        .collect::<Result<_, SeriesError>>()?;
    rows.sort_by(|a, b| (a.component, a.at).cmp(&(b.component, b.at)));
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

    use super::super::SeriesConfig;
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
        let batch = batch(vec![
            revision(20, None, ServiceState::Up),
            revision(10, Some(20), ServiceState::Down),
            IntervalRevision { service: "s".into(), start: Timestamp(20), interval: None },
        ]);
        let rows = interval_rows(&batch).expect("valid");
        let seen: Vec<_> = rows.iter().map(|row| (row.start, row.is_deleted)).collect();
        assert_eq!(seen, [(10, 0), (20, 1)]);
    }

    #[test]
    fn empty_intervals_and_endless_starts_are_refused() {
        let empty = batch(vec![revision(10, Some(10), ServiceState::Up)]);
        assert!(matches!(interval_rows(&empty), Err(SeriesError::Invalid(_))));
        let endless = batch(vec![revision(i64::MIN, None, ServiceState::Up)]);
        assert!(matches!(interval_rows(&endless), Err(SeriesError::OutOfRange { .. })));
    }

    #[tokio::test]
    async fn nothing_is_written_without_a_word_to_the_server_on_any_thread() {
        let config = SeriesConfig {
            url: "http://127.0.0.1:1".to_owned(),
            database: "padwacht".to_owned(),
            user: String::new(),
            password: secrecy::SecretString::from(""),
        };
        let series = Series::connect(&config).expect("good settings");
        let batches = vec![batch(Vec::new())];
        let written = tokio::spawn(async move { series.write_all(&batches).await }).await;
        assert!(matches!(written, Ok(Ok(()))), "{written:?}");
    }
}
