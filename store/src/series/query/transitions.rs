//! The transitions of components.

use std::collections::BTreeMap;

use clickhouse::Row;
use correlate::model::{ComponentId, Period, Timestamp};
use serde::Deserialize;

use super::super::row::{component_state, texts};
use super::super::{Series, SeriesError, Transition};
use super::{Bounded, check_ids, check_limit, clip, clip_instant};

#[derive(Row, Deserialize)]
pub(super) struct TransitionRead {
    component: String,
    at_ms: i64,
    state_number: i8,
}

#[derive(Row, Deserialize)]
struct AroundRead {
    component: String,
    before: u64,
    before_ms: i64,
    before_state: i8,
    before_recorded_ms: i64,
    after: u64,
    after_ms: i64,
    after_state: i8,
}

/// The transitions of a component on either side of an instant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Around {
    /// The last one at or before it; none where the component was unknown yet.
    pub before: Option<Transition>,
    /// The first one after it; none where nothing has changed since.
    pub after: Option<Transition>,
    /// When `before` was recorded: a little after the sample came in.
    pub recorded_at: Option<Timestamp>,
}

impl AroundRead {
    fn into_around(self) -> Result<(ComponentId, Around), SeriesError> {
        let component = ComponentId::from(self.component);
        let side = |count: u64, at_ms: i64, state: i8| {
            let state = (count > 0).then(|| component_state(state)).transpose()?;
            let of =
                |state| Transition { component: component.clone(), at: Timestamp(at_ms), state };
            Ok::<_, SeriesError>(state.map(of))
        };
        let around = Around {
            before: side(self.before, self.before_ms, self.before_state)?,
            after: side(self.after, self.after_ms, self.after_state)?,
            recorded_at: (self.before > 0).then_some(Timestamp(self.before_recorded_ms)),
        };
        Ok((component, around))
    }
}

impl TransitionRead {
    pub(super) fn into_transition(self) -> Result<Transition, SeriesError> {
        Ok(Transition {
            component: ComponentId::from(self.component),
            at: Timestamp(self.at_ms),
            state: component_state(self.state_number)?,
        })
    }
}

impl Series {
    /// The transitions of `component` in `period`, oldest first, led by the
    /// one before it that gave the state in which the period began. Where
    /// there are more than `limit`, the newest are given.
    ///
    /// # Errors
    /// `limit` outside `1..=`[`ROWS_MAX`](super::super::ROWS_MAX), or the server is away or
    /// refuses.
    pub async fn transitions(
        &self,
        component: &ComponentId,
        period: Period,
        limit: usize,
    ) -> Result<Bounded<Transition>, SeriesError> {
        check_limit(limit)?;
        let (from, until) = clip(period);
        let query = self
            .read(
                "SELECT component, toUnixTimestamp64Milli(at) AS at_ms,
                        CAST(state, 'Int8') AS state_number
                 FROM component_transitions FINAL
                 WHERE component = {component:String}
                   AND at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
                   AND at >= (
                        SELECT greatest(max(at), toDateTime64('1900-01-01', 3, 'UTC'))
                        FROM component_transitions FINAL
                        WHERE component = {component:String}
                          AND at <= fromUnixTimestamp64Milli({from:Int64}, 'UTC'))
                 ORDER BY at DESC LIMIT {limit:UInt64}",
            )
            .param("component", component.as_str())
            .param("from", from)
            .param("until", until)
            .param("limit", limit as u64 + 1);
        let rows = self.rows::<TransitionRead>("reading transitions", query).await?;
        let rows =
            rows.into_iter().map(TransitionRead::into_transition).collect::<Result<_, _>>()?;
        Ok(Bounded::newest_first(rows, limit))
    }

    /// The last transition of each of `components`; those without one are
    /// absent.
    ///
    /// # Errors
    /// More than [`IDS_MAX`](super::super::IDS_MAX) ids, or the server is away or refuses.
    pub async fn component_states(
        &self,
        components: &[ComponentId],
    ) -> Result<BTreeMap<ComponentId, Transition>, SeriesError> {
        check_ids(components.len())?;
        let query = self
            .read(
                "SELECT component, toUnixTimestamp64Milli(at) AS at_ms,
                        CAST(state, 'Int8') AS state_number
                 FROM component_transitions FINAL
                 WHERE component IN {components:Array(String)}
                 ORDER BY component, at DESC LIMIT 1 BY component",
            )
            .param("components", texts(components));
        let rows = self.rows::<TransitionRead>("reading component states", query).await?;
        rows.into_iter()
            .map(|row| {
                let transition = row.into_transition()?;
                Ok((transition.component.clone(), transition))
            })
            .collect()
    }

    /// The transitions of each of `components` next to `at`; those without
    /// any are absent. With `as_of`, only those that were recorded until
    /// then and were not revised since: earlier revisions of transitions are
    /// not kept.
    ///
    /// # Errors
    /// As [`Series::component_states`].
    pub async fn transitions_around(
        &self,
        components: &[ComponentId],
        at: Timestamp,
        as_of: Option<Timestamp>,
    ) -> Result<BTreeMap<ComponentId, Around>, SeriesError> {
        check_ids(components.len())?;
        let query = self
            .read(
                "SELECT component,
                        countIf(ms <= {at:Int64}) AS before,
                        maxIf(ms, ms <= {at:Int64}) AS before_ms,
                        argMaxIf(number, ms, ms <= {at:Int64}) AS before_state,
                        argMaxIf(recorded, ms, ms <= {at:Int64}) AS before_recorded_ms,
                        countIf(ms > {at:Int64}) AS after,
                        minIf(ms, ms > {at:Int64}) AS after_ms,
                        argMinIf(number, ms, ms > {at:Int64}) AS after_state
                 FROM (
                    SELECT component, toUnixTimestamp64Milli(at) AS ms,
                           CAST(state, 'Int8') AS number,
                           toUnixTimestamp64Milli(recorded_at) AS recorded
                    FROM component_transitions FINAL
                    WHERE component IN {components:Array(String)}
                      AND recorded_at <= fromUnixTimestamp64Milli({as_of:Int64}, 'UTC'))
                 GROUP BY component ORDER BY component",
            )
            .param("components", texts(components))
            .param("at", clip_instant(at))
            .param("as_of", clip_instant(as_of.unwrap_or(Timestamp::MAX)));
        let rows = self.rows::<AroundRead>("reading states at an instant", query).await?;
        rows.into_iter().map(AroundRead::into_around).collect()
    }

    /// The transitions of `components` within `period`, by component and
    /// instant; at most `limit`, and whether there were more.
    ///
    /// # Errors
    /// As [`Series::transitions`], and more than [`IDS_MAX`](super::super::IDS_MAX) ids.
    pub async fn transitions_within(
        &self,
        components: &[ComponentId],
        period: Period,
        limit: usize,
    ) -> Result<Bounded<Transition>, SeriesError> {
        check_ids(components.len())?;
        check_limit(limit)?;
        let (from, until) = clip(period);
        let query = self
            .read(
                "SELECT component, toUnixTimestamp64Milli(at) AS at_ms,
                        CAST(state, 'Int8') AS state_number
                 FROM component_transitions FINAL
                 WHERE component IN {components:Array(String)}
                   AND at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
                   AND at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
                 ORDER BY component, component_transitions.at LIMIT {limit:UInt64}",
            )
            .param("components", texts(components))
            .param("from", from)
            .param("until", until)
            .param("limit", limit as u64 + 1);
        let rows = self.rows::<TransitionRead>("reading transitions of a period", query).await?;
        let mut rows =
            rows.into_iter().map(TransitionRead::into_transition).collect::<Result<Vec<_>, _>>()?;
        let truncated = rows.len() > limit;
        rows.truncate(limit);
        Ok(Bounded { rows, truncated })
    }
}
