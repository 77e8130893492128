//! One run of the engine over facts, some of them supposed.

use std::collections::{BTreeMap, BTreeSet};

use super::WhatIfError;
use crate::engine::{Evaluator, Ownership, StateChange, Steps};
use crate::facts::Facts;
use crate::model::{
    ComponentId, ComponentState, Interval, Period, ServiceId, Target, Timestamp, Window,
};

/// What every run of one question has in common.
pub(super) struct Trial<'t> {
    pub(super) facts: &'t Facts,
    /// Both ends are there, and it is not empty.
    pub(super) period: Period,
    /// The services whose intervals are wanted.
    pub(super) services: &'t BTreeSet<ServiceId>,
}

/// The intervals of each service, clipped to the period; sorted.
pub(super) type Timelines = Vec<(ServiceId, Vec<Interval>)>;

impl Trial<'_> {
    /// The services' intervals, with components `down` (during periods that
    /// may meet) and `windows` throughout.
    pub(super) fn run(
        &self,
        down: &BTreeMap<ComponentId, Vec<Period>>,
        windows: &BTreeSet<Target>,
    ) -> Result<Timelines, WhatIfError> {
        let mut evaluator = Evaluator::new(Ownership::ALL, self.period.from);
        for definition in self.facts.definitions.values() {
            evaluator.define(definition.clone()).map_err(WhatIfError::Definitions)?;
        }
        for (id, window) in &self.facts.windows {
            evaluator.set_window(&format!("known/{id}"), Some(window.clone()));
        }
        for (index, target) in windows.iter().enumerate() {
            let window = Window { target: target.clone(), period: self.period };
            evaluator.set_window(&format!("supposed/{index}"), Some(window));
        }
        let components: BTreeSet<&ComponentId> =
            self.facts.states.keys().chain(down.keys()).collect();
        for component in components {
            let down = down.get(component).map_or(&[][..], Vec::as_slice);
            evaluator.set_states(&self.states(component, down));
        }
        // What starts at `until` does not count any more.
        evaluator.settle(self.period.until.plus_millis(-1));
        let wanted = |(id, _): &(ServiceId, Vec<Interval>)| self.services.contains(id);
        let timelines = evaluator.intervals().into_iter().filter(wanted);
        Ok(timelines.map(|(id, intervals)| (id, self.clip(intervals))).collect())
    }

    /// The whole state function of a component that is down during `down`.
    fn states(&self, component: &ComponentId, down: &[Period]) -> StateChange {
        let known = self.facts.states.get(component).into_iter().flatten();
        let mut steps = Steps::from_sorted(
            [(i64::MIN, ComponentState::Unknown)]
                .into_iter()
                .chain(known.map(|&(at, state)| (at.millis(), state))),
        );
        for period in down {
            let (from, until) = (period.from.millis(), period.until.millis());
            steps.splice(from, until, &[(from, ComponentState::Down)]);
        }
        let mut states = vec![(i64::MIN, steps.at(i64::MIN))];
        states.extend(steps.all().iter().filter(|step| step.0 > i64::MIN));
        let period = Period::new(Timestamp::MIN, Timestamp::MAX);
        StateChange { component: component.clone(), period, states: states.into() }
    }

    fn clip(&self, intervals: Vec<Interval>) -> Vec<Interval> {
        let clipped = intervals.into_iter().map(|interval| {
            let end = interval.end.map_or(self.period.until, |end| end.min(self.period.until));
            Interval { end: Some(end), ..interval }
        });
        clipped.collect()
    }
}

/// The period of an interval that [`Trial::run`] gave: it has an end.
pub(super) fn period_of(interval: &Interval) -> Period {
    Period::new(interval.start, interval.end.unwrap_or(Timestamp::MAX))
}
