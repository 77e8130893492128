//! Twin structs of the tables' rows, and the conversions to and from the
//! vocabulary. An instant is an `i64` of milliseconds, which is how the client
//! carries a `DateTime64(3)`; a state is the number of its `Enum8`.

use clickhouse::Row;
use correlate::model::{ComponentId, ComponentState, Interval, ServiceState, Timestamp};
use serde::{Deserialize, Serialize};

use super::{EARLIEST, LATEST, SeriesError};

/// How causes move within an interval: `Array(Tuple(DateTime64, Array(String)))`.
pub(super) type CauseMoves = Vec<(i64, Vec<String>)>;

#[derive(Row, Serialize)]
pub(super) struct TransitionRow<'a> {
    pub(super) component: &'a str,
    pub(super) at: i64,
    pub(super) state: i8,
    pub(super) version: u64,
    pub(super) is_deleted: u8,
    pub(super) recorded_at: i64,
}

/// Its texts are those of the revision: an outage may revise every service.
#[derive(Row, Serialize)]
pub(super) struct IntervalRow<'a> {
    pub(super) service: &'a str,
    pub(super) start: i64,
    pub(super) end: Option<i64>,
    pub(super) state: i8,
    pub(super) cause: &'a [ComponentId],
    pub(super) cause_moves: Vec<(i64, &'a [ComponentId])>,
    pub(super) version: u64,
    pub(super) is_deleted: u8,
    pub(super) recorded_at: i64,
}

#[derive(Row, Serialize)]
pub(super) struct RevisionRow<'a> {
    pub(super) service: &'a str,
    pub(super) start: i64,
    pub(super) version: u64,
    pub(super) end: Option<i64>,
    pub(super) state: i8,
    pub(super) cause: &'a [ComponentId],
    pub(super) cause_moves: Vec<(i64, &'a [ComponentId])>,
    pub(super) withdrawn: u8,
    pub(super) recorded_at: i64,
}

impl<'a> From<&IntervalRow<'a>> for RevisionRow<'a> {
    fn from(row: &IntervalRow<'a>) -> RevisionRow<'a> {
        RevisionRow {
            service: row.service,
            start: row.start,
            version: row.version,
            end: row.end,
            state: row.state,
            cause: row.cause,
            cause_moves: row.cause_moves.clone(),
            withdrawn: row.is_deleted,
            recorded_at: row.recorded_at,
        }
    }
}

/// An interval as the queries select it.
#[derive(Row, Deserialize)]
pub(super) struct IntervalRead {
    pub(super) start_ms: i64,
    pub(super) end_ms: Option<i64>,
    pub(super) state_number: i8,
    pub(super) cause: Vec<String>,
    pub(super) cause_moves: CauseMoves,
}

impl IntervalRead {
    /// The columns of an [`IntervalRead`], to select from either interval table.
    pub(super) const COLUMNS: &'static str = "toUnixTimestamp64Milli(start) AS start_ms, \
         if(isNull(end), NULL, toUnixTimestamp64Milli(assumeNotNull(end))) AS end_ms, \
         CAST(state, 'Int8') AS state_number, cause, cause_moves";

    pub(super) fn into_interval(self) -> Result<Interval, SeriesError> {
        Ok(Interval {
            start: Timestamp(self.start_ms),
            end: self.end_ms.map(Timestamp),
            state: service_state(self.state_number)?,
            cause: component_ids(self.cause),
            cause_moves: self
                .cause_moves
                .into_iter()
                .map(|(at, cause)| (Timestamp(at), component_ids(cause)))
                .collect(),
        })
    }
}

/// The number of a state in the `Enum8` of the interval tables.
pub(super) fn service_state_number(state: ServiceState) -> i8 {
    state as i8
}

pub(super) fn service_state(number: i8) -> Result<ServiceState, SeriesError> {
    usize::try_from(number)
        .ok()
        .and_then(|index| ServiceState::ALL.get(index).copied())
        .ok_or_else(|| SeriesError::Invalid(format!("clickhouse holds service state {number}")))
}

/// The number of a state in the `Enum8` of `component_transitions`.
pub(super) fn component_state_number(state: ComponentState) -> i8 {
    state as i8
}

pub(super) fn component_state(number: i8) -> Result<ComponentState, SeriesError> {
    match number {
        0 => Ok(ComponentState::Down),
        1 => Ok(ComponentState::Unknown),
        2 => Ok(ComponentState::Up),
        _ => Err(SeriesError::Invalid(format!("clickhouse holds component state {number}"))),
    }
}

pub(super) fn component_ids(texts: Vec<String>) -> Vec<ComponentId> {
    texts.into_iter().map(ComponentId::from).collect()
}

pub(super) fn texts<T: AsRef<str>>(ids: &[T]) -> Vec<String> {
    ids.iter().map(|id| id.as_ref().to_owned()).collect()
}

/// The milliseconds of `at`, if ClickHouse can hold it; `what` names it in the error.
pub(super) fn instant(at: Timestamp, what: impl FnOnce() -> String) -> Result<i64, SeriesError> {
    if (EARLIEST..=LATEST).contains(&at) {
        Ok(at.millis())
    } else {
        Err(SeriesError::OutOfRange { what: what(), at_ms: at.millis() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_numbers_read_back() {
        for state in ServiceState::ALL {
            assert_eq!(service_state(service_state_number(state)).expect("known"), state);
        }
        for state in [ComponentState::Down, ComponentState::Unknown, ComponentState::Up] {
            assert_eq!(component_state(component_state_number(state)).expect("known"), state);
        }
        assert!(service_state(5).is_err() && service_state(-1).is_err());
    }

    #[test]
    fn instants_that_clickhouse_cannot_hold_are_refused() {
        for at in [Timestamp::MIN, Timestamp::MAX, EARLIEST.plus_millis(-1), LATEST.plus_millis(1)]
        {
            let error = instant(at, || "the start".to_owned()).expect_err("outside");
            assert!(error.to_string().starts_with("the start is "), "{error}");
            assert!(!error.is_retriable());
        }
        assert_eq!(instant(EARLIEST, String::new).expect("inside"), EARLIEST.millis());
        assert_eq!(instant(LATEST, String::new).expect("inside"), LATEST.millis());
    }
}
