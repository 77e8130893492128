//! The services of whoever may not see everything, exactly as the records have
//! them now.
//!
//! The series bound what they count by a table of their own, which follows the
//! records within seconds, or not at all while nobody publishes. Here the two
//! are compared, and what a scope gained or lost meanwhile goes with it into
//! the queries; so totals, counts and live updates hold nothing of a service
//! that has moved away.

use std::collections::BTreeSet;

use correlate::model::ServiceId;
use store::Scope;

use crate::app::ApiState;
use crate::problem::{ApiError, Part};

/// `scope`, with the services that it gained and lost before the series heard
/// of it.
///
/// # Errors
/// A store that is away; and [`ApiError::Unavailable`] when the series are so
/// far behind that they cannot be asked within bounds at all.
pub(crate) async fn exact(state: &ApiState, scope: &Scope) -> Result<Scope, ApiError> {
    if scope.is_everything() {
        return Ok(scope.clone());
    }
    let of_records =
        async { state.records().services().within(scope).ids().await.map_err(ApiError::records) };
    let of_series = async { state.series().within(scope).owned().await.map_err(ApiError::series) };
    let (of_records, of_series) = tokio::try_join!(of_records, of_series)?;
    corrected(scope, &of_records, &of_series).ok_or_else(|| {
        tracing::warn!("the series are too far behind the records to be asked within bounds");
        ApiError::Unavailable(Part::Series)
    })
}

fn corrected(
    scope: &Scope,
    of_records: &BTreeSet<ServiceId>,
    of_series: &BTreeSet<ServiceId>,
) -> Option<Scope> {
    let gained = of_records.difference(of_series).cloned();
    let lost = of_series.difference(of_records).cloned();
    scope.moved(gained, lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moved_is_known_and_too_much_of_it_is_no_scope() {
        let ids = |ids: &[&str]| ids.iter().map(|id| ServiceId::from(*id)).collect::<BTreeSet<_>>();
        let scope = Scope::nothing();
        let same = corrected(&scope, &ids(&["a"]), &ids(&["a"])).expect("a scope");
        assert_eq!(same, scope);
        let moved = corrected(&scope, &ids(&["a", "b"]), &ids(&["b", "c"])).expect("a scope");
        assert_eq!(moved, scope.moved(ids(&["a"]), ids(&["c"])).expect("a scope"));
        assert_ne!(moved, scope);
        let many: BTreeSet<ServiceId> =
            (0..=Scope::MOVED_MAX).map(|n| ServiceId::from(format!("s{n}").as_str())).collect();
        assert!(corrected(&scope, &ids(&[]), &many).is_none(), "what was lost must not be seen");
        let late = corrected(&scope, &many, &ids(&[])).expect("what was gained may be late");
        assert_ne!(late, scope);
    }
}
