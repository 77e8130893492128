//! Facts, and the set that they add up to.

use std::collections::{BTreeMap, BTreeSet};

use correlate::model::{
    ComponentId, ComponentState, Sample, ServiceDefinition, ServiceId, Timestamp, Window,
};

/// Something that the engine is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fact {
    /// What a component was seen to be.
    Sample(Sample),
    /// A service is defined, or defined anew.
    Define(ServiceDefinition),
    /// A service is no more, and never was.
    Undefine(ServiceId),
    /// A window is set (`Some`) or withdrawn (`None`) by its id.
    Window(String, Option<Window>),
}

/// What holds after a number of facts: the set that intervals depend on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// Of every component, its samples by instant; of several at one instant
    /// the one that counts.
    pub samples: BTreeMap<ComponentId, BTreeMap<Timestamp, ComponentState>>,
    /// The last good definition of every service.
    pub definitions: BTreeMap<ServiceId, ServiceDefinition>,
    /// Every window that was not withdrawn.
    pub windows: BTreeMap<String, Window>,
}

impl Facts {
    /// The set after `facts`, in this order.
    pub fn of<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> Facts {
        let mut set = Facts::default();
        for fact in facts {
            set.take(fact);
        }
        set
    }

    /// Takes one more fact in. `false` when it is a definition whose
    /// references would form a cycle: the last good one stays.
    pub fn take(&mut self, fact: &Fact) -> bool {
        match fact {
            Fact::Sample(sample) => {
                let seen = self.samples.entry(sample.component.clone()).or_default();
                let state = seen.entry(sample.at).or_insert(sample.state);
                *state = counts(*state, sample.state);
            }
            Fact::Define(definition) => {
                if self.reaches(definition, &definition.id, &mut BTreeSet::new()) {
                    return false;
                }
                self.definitions.insert(definition.id.clone(), definition.clone());
            }
            Fact::Undefine(id) => drop(self.definitions.remove(id)),
            Fact::Window(id, Some(window)) => drop(self.windows.insert(id.clone(), window.clone())),
            Fact::Window(id, None) => drop(self.windows.remove(id)),
        }
        true
    }

    /// Whether `definition` refers to `goal`, itself or through others.
    fn reaches(
        &self,
        definition: &ServiceDefinition,
        goal: &ServiceId,
        seen: &mut BTreeSet<ServiceId>,
    ) -> bool {
        let refs = definition.versions().iter().flat_map(|version| version.path.service_refs());
        refs.into_iter().any(|id| {
            id == goal
                || (seen.insert(id.clone())
                    && self.definitions.get(id).is_some_and(|next| self.reaches(next, goal, seen)))
        })
    }

    /// The same set as facts, definitions first.
    pub fn facts(&self) -> Vec<Fact> {
        let definitions = self.definitions.values().cloned().map(Fact::Define);
        let windows = self.windows.iter().map(|(id, w)| Fact::Window(id.clone(), Some(w.clone())));
        definitions.chain(windows).chain(self.samples().map(Fact::Sample)).collect()
    }

    /// Every sample that counts, by component, then time.
    pub fn samples(&self) -> impl Iterator<Item = Sample> {
        self.samples.iter().flat_map(|(component, seen)| {
            let sample = |(&at, &state)| Sample { at, component: component.clone(), state };
            seen.iter().map(sample)
        })
    }
}

/// `down` wins over `up`, and `up` over `unknown`; spelt out here, so that a
/// slip in the model does not become a slip in what is expected of it.
fn counts(one: ComponentState, other: ComponentState) -> ComponentState {
    let either = |state| one == state || other == state;
    if either(ComponentState::Down) {
        ComponentState::Down
    } else if either(ComponentState::Up) {
        ComponentState::Up
    } else {
        ComponentState::Unknown
    }
}
