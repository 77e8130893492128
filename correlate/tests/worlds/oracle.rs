//! What the naive oracle says of a world.

use std::collections::BTreeMap;

use correlate::model::{Interval, ServiceId, Timestamp};
use proof::{Facts, oracle};

use crate::world::{Fact, ORIGIN, World};

/// The intervals of every service that exists, up to the world's last clock.
pub(crate) fn intervals(world: &World) -> BTreeMap<ServiceId, Vec<Interval>> {
    let mut facts = Facts::default();
    for fact in world.facts.iter().cloned() {
        let taken = facts.take(&match fact {
            Fact::Sample(sample) => proof::Fact::Sample(sample),
            Fact::Definition(definition) => proof::Fact::Define(definition),
            Fact::Window(id, window) => proof::Fact::Window(id, Some(window)),
        });
        assert!(taken, "worlds have no cycles");
    }
    let view = oracle::View {
        stale_after_ms: world.stale_after,
        origin: Timestamp(ORIGIN),
        now: Timestamp(world.last_now()),
    };
    oracle::intervals(&facts, view)
}
