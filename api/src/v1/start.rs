//! How exactly the start of an interval is known.
//!
//! An interval of a service starts where a component changes, a window begins
//! or ends, or a definition changes. Where it is a component, the start is as
//! uncertain as that component's edge; of several at one instant, as the most
//! uncertain one, so that the truth surely lies within.

use std::collections::{BTreeMap, BTreeSet};

use correlate::model::{ComponentId, Interval, Timestamp};
use futures::{StreamExt, TryStreamExt, stream};
use store::series::{IDS_MAX, Series, SeriesError};

/// Edges that one answer looks at: of intervals beyond that, nothing is said.
const EDGES_MAX: usize = 20_000;

/// Queries that run at once: ClickHouse has other readers too.
const QUERIES_AT_ONCE: usize = 4;

/// How far before its start an interval may really have begun, by start and in
/// milliseconds; absent where that is not known.
///
/// # Errors
/// The series are away or refuse.
pub(super) async fn uncertainty(
    series: &Series,
    intervals: &[Interval],
) -> Result<BTreeMap<Timestamp, u32>, SeriesError> {
    let edges: Vec<_> = edges(intervals).into_iter().take(EDGES_MAX).collect();
    let chunks: Vec<_> = edges.chunks(IDS_MAX).map(<[_]>::to_vec).collect();
    let mut found = stream::iter(chunks)
        .map(|edges| async move { series.uncertainty_at(&edges).await })
        .buffered(QUERIES_AT_ONCE);
    let mut starts: BTreeMap<Timestamp, u32> = BTreeMap::new();
    while let Some(found) = found.try_next().await? {
        for ((_, at), uncertainty_ms) in found {
            let most = starts.entry(at).or_default();
            *most = uncertainty_ms.max(*most);
        }
    }
    Ok(starts)
}

/// The components that may have changed where each interval starts: those to
/// blame from then on, and those that were to blame until then.
fn edges(intervals: &[Interval]) -> BTreeSet<(ComponentId, Timestamp)> {
    let mut edges = BTreeSet::new();
    let mut before: Option<&Interval> = None;
    for interval in intervals {
        let ended = before.filter(|before| before.end == Some(interval.start));
        let ended = ended.map(|before| {
            before.cause_moves.last().map_or(&before.cause, |(_, cause)| cause).as_slice()
        });
        let blamed = interval.cause.iter().chain(ended.unwrap_or_default());
        edges.extend(blamed.map(|component| (component.clone(), interval.start)));
        before = Some(interval);
    }
    edges
}

#[cfg(test)]
mod tests {
    use correlate::model::ServiceState;

    use super::*;

    #[test]
    fn an_interval_starts_where_a_cause_begins_or_ends() {
        let interval = |start, end: Option<i64>, cause: &[&str]| Interval {
            start: Timestamp(start),
            end: end.map(Timestamp),
            state: ServiceState::Down,
            cause: cause.iter().map(|id| ComponentId::from(*id)).collect(),
            cause_moves: Vec::new(),
        };
        let moved = Interval {
            cause_moves: vec![(Timestamp(7), vec!["b".into()])],
            ..interval(5, Some(9), &["a"])
        };
        let list = [
            interval(1, Some(5), &[]),
            moved,
            interval(9, Some(11), &[]),
            interval(20, None, &["c"]),
        ];
        let found: Vec<_> = edges(&list).into_iter().collect();
        let found: Vec<_> = found.iter().map(|(id, at)| (id.as_str(), at.millis())).collect();
        assert_eq!(found, [("a", 5), ("b", 9), ("c", 20)]);
    }
}
