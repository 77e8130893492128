//! What really became of each component, gathered from the simulator's truth.

use std::collections::BTreeMap;

use correlate::model::{ComponentId, ComponentState, Timestamp};
use ingest::simulator::{Component, DeviceIndex, Standing, Truth};

use crate::NEVER;
use crate::story::Story;

/// The true states of one component: it starts with `first` and turns over at each edge.
#[derive(Clone, Debug)]
pub(crate) struct Fate {
    pub(crate) edges: Vec<(Timestamp, ComponentState)>,
}

impl Fate {
    pub(crate) fn state_at(&self, at: Timestamp) -> ComponentState {
        let place = self.edges.partition_point(|(edge, _)| *edge <= at);
        place.checked_sub(1).map_or(ComponentState::Unknown, |place| self.edges[place].1)
    }

    /// Whether it was in `state` at some instant of `[from, until]`.
    pub(crate) fn was(&self, state: ComponentState, from: Timestamp, until: Timestamp) -> bool {
        self.state_at(from) == state
            || self.edges.iter().any(|(at, to)| *to == state && *at > from && *at <= until)
    }

    /// The edges next to `at`, for people.
    pub(crate) fn near(&self, at: Timestamp) -> &[(Timestamp, ComponentState)] {
        let place = self.edges.partition_point(|(edge, _)| *edge <= at);
        &self.edges[place.saturating_sub(3)..self.edges.len().min(place + 2)]
    }

    /// When it last changed, at or before `at`, and when next.
    pub(crate) fn around(&self, at: Timestamp) -> (Timestamp, Timestamp) {
        let place = self.edges.partition_point(|(edge, _)| *edge <= at);
        let from = place.checked_sub(1).map_or(Timestamp::MIN, |place| self.edges[place].0);
        (from, self.edges.get(place).map_or(NEVER, |(edge, _)| *edge))
    }
}

/// The fates of all components that LibreNMS polls, under the world's ids.
pub(crate) struct Fates {
    fates: BTreeMap<ComponentId, Fate>,
    groups: BTreeMap<ComponentId, usize>,
    gone: Vec<ComponentId>,
}

impl Fates {
    pub(crate) fn of(story: &Story, truth: &Truth) -> Fates {
        let world = &story.world;
        let mut fates = Fates { fates: BTreeMap::new(), groups: BTreeMap::new(), gone: Vec::new() };
        for (place, device) in world.devices().iter().enumerate() {
            if device.standing != Standing::Normal {
                continue;
            }
            let index = world.device_with_id(u32::try_from(place).expect("small") + 1);
            let index: DeviceIndex = index.expect("a device of the world");
            let ports = device.ports().map(|port| crate::port(world, port));
            for id in std::iter::once(world.id_of(Component::Device(index))).chain(ports) {
                let intervals = truth.intervals_of(&id);
                let edges = intervals.into_iter().map(|one| (one.period.from, one.state));
                fates.fates.insert(id.clone(), Fate { edges: edges.collect() });
                fates.groups.insert(id.clone(), usize::from(device.poller_group));
                if index == story.moved {
                    fates.gone.push(id);
                }
            }
        }
        fates
    }

    pub(crate) fn components(&self) -> Vec<ComponentId> {
        self.fates.keys().cloned().collect()
    }

    pub(crate) fn of_component(&self, component: &ComponentId) -> &Fate {
        &self.fates[component]
    }

    pub(crate) fn group_of(&self, component: &ComponentId) -> usize {
        self.groups[component]
    }

    /// Whether it was deleted, and is only there under another id.
    pub(crate) fn is_gone(&self, component: &ComponentId) -> bool {
        self.gone.contains(component)
    }
}
