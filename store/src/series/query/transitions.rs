//! The transitions of components.

use std::collections::BTreeMap;

use clickhouse::Row;
use correlate::model::{ComponentId, Period, Timestamp};
use serde::Deserialize;

use super::super::row::{component_state, texts};
use super::super::{Series, SeriesError, Transition};
use super::{Bounded, check_ids, check_limit, clip};

#[derive(Row, Deserialize)]
pub(super) struct TransitionRead {
    component: String,
    at_ms: i64,
    state_number: i8,
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
}
