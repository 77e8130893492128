//! One text per id, however often the id is read.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use super::{ComponentId, ServiceId};

/// Ids for which room is made before they are met, at most: a wrong guess costs
/// some 50 MB of address space, and no more.
const ROOM_MAX: usize = 1 << 21;

/// The ids that a reader has met. A thousand paths through one router share
/// the text of its id, and each of them costs one hash lookup.
///
/// It grows with the number of distinct ids and forgets none; drop it when
/// reading is done.
#[derive(Default, Debug)]
pub struct Names {
    components: Table<ComponentId>,
    services: Table<ServiceId>,
}

impl Names {
    /// Nothing met yet.
    pub fn new() -> Names {
        Names::default()
    }

    /// Nothing met yet, with room for what the definitions of `services`
    /// services usually name.
    pub fn for_services(services: usize) -> Names {
        // A device and a port of their own each, and a share in the rest.
        const COMPONENTS_PER_SERVICE: usize = 2;
        let components = services.saturating_mul(COMPONENTS_PER_SERVICE);
        Names { components: Table::with_room(components), services: Table::with_room(services) }
    }

    /// The component `id`, with the text that it had before.
    pub fn component(&mut self, id: &str) -> ComponentId {
        self.components.get(id)
    }

    /// The service `id`, with the text that it had before.
    pub fn service(&mut self, id: &str) -> ServiceId {
        self.services.get(id)
    }
}

/// Each id beside its hash, so that growing touches no text.
#[derive(Debug)]
struct Table<Id>(HashTable<(u64, Id)>);

impl<Id> Default for Table<Id> {
    fn default() -> Self {
        Table(HashTable::new())
    }
}

impl<Id> Table<Id> {
    fn with_room(ids: usize) -> Table<Id> {
        Table(HashTable::with_capacity(ids.min(ROOM_MAX)))
    }
}

impl<Id: for<'a> From<&'a str> + AsRef<str> + Clone> Table<Id> {
    fn get(&mut self, text: &str) -> Id {
        let hash = FxBuildHasher.hash_one(text);
        let same = |(known, id): &(u64, Id)| *known == hash && id.as_ref() == text;
        let entry = self.0.entry(hash, same, |(known, _)| *known);
        entry.or_insert_with(|| (hash, Id::from(text))).get().1.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_id_has_the_same_text() {
        let mut names = Names::new();
        let (first, again) = (names.component("n/device/1"), names.component("n/device/1"));
        assert!(std::ptr::eq(first.as_str(), again.as_str()));
        let (first, again) = (names.service("s"), names.service("s"));
        assert!(std::ptr::eq(first.as_str(), again.as_str()));
    }
}
