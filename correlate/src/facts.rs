//! What is known of some services: the input of [`explain`](crate::explain)
//! and of [`what_if`](crate::what_if), which judge without a running engine.
//!
//! Facts are a value: whoever asks gathers them, from wherever they are kept.
//! Nothing here judges.

use std::collections::BTreeMap;

use crate::model::{
    ComponentId, ComponentState, Period, ServiceDefinition, ServiceId, Target, Timestamp, Window,
};

/// What is known of some services.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The services asked about, and all that they refer to, directly or
    /// not. What is absent does not exist.
    pub definitions: BTreeMap<ServiceId, ServiceDefinition>,
    /// Each component's changes of state, sorted by instant, neighbours
    /// different; before the first it is unknown. What is absent was never
    /// reported.
    pub states: BTreeMap<ComponentId, Vec<(Timestamp, ComponentState)>>,
    /// The maintenance windows in force, by their id.
    pub windows: BTreeMap<String, Window>,
}

/// How a component is at an instant, and around it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Held {
    /// Its state.
    pub state: ComponentState,
    /// As far as the facts go, it has that state during this period; from
    /// [`Timestamp::MIN`] where no change before the instant is known, until
    /// [`Timestamp::MAX`] where none after it is.
    pub period: Period,
}

impl Facts {
    /// How `component` is at `at`.
    pub fn held(&self, component: &ComponentId, at: Timestamp) -> Held {
        let changes = self.states.get(component).map_or(&[][..], Vec::as_slice);
        let after = changes.partition_point(|change| change.0 <= at);
        let until = changes.get(after).map_or(Timestamp::MAX, |change| change.0);
        match after.checked_sub(1).map(|last| changes[last]) {
            Some((from, state)) => Held { state, period: Period::new(from, until) },
            None => {
                Held { state: ComponentState::Unknown, period: Period::new(Timestamp::MIN, until) }
            }
        }
    }

    /// The windows by what they are on, each list sorted by id.
    pub(crate) fn windows_by_target(&self) -> BTreeMap<&Target, Vec<(&str, &Window)>> {
        let mut by_target: BTreeMap<&Target, Vec<(&str, &Window)>> = BTreeMap::new();
        for (id, window) in &self.windows {
            by_target.entry(&window.target).or_default().push((id, window));
        }
        by_target
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ComponentState::{Down, Unknown, Up};

    #[test]
    fn a_component_is_unknown_before_its_first_change_and_keeps_its_last() {
        let changes = vec![(Timestamp(10), Up), (Timestamp(20), Down)];
        let facts = Facts { states: [("a".into(), changes)].into(), ..Facts::default() };
        let check = |at, state, from, until| {
            let expected = Held { state, period: Period::new(from, until) };
            assert_eq!(facts.held(&"a".into(), Timestamp(at)), expected);
        };
        check(9, Unknown, Timestamp::MIN, Timestamp(10));
        check(10, Up, Timestamp(10), Timestamp(20));
        check(20, Down, Timestamp(20), Timestamp::MAX);
        let never = facts.held(&"b".into(), Timestamp(0));
        assert_eq!(never.period, Period::new(Timestamp::MIN, Timestamp::MAX));
        assert_eq!(never.state, Unknown);
    }
}
