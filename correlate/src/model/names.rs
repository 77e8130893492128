//! One text per id, however often the id is read.

use rustc_hash::FxHashSet;

use super::{ComponentId, ServiceId};

/// The ids that a reader has met. A thousand paths through one router share
/// the text of its id, and each of them costs one hash lookup.
///
/// It grows with the number of distinct ids and forgets none; drop it when
/// reading is done.
#[derive(Default, Debug)]
pub struct Names {
    components: FxHashSet<ComponentId>,
    services: FxHashSet<ServiceId>,
}

impl Names {
    /// Nothing met yet.
    pub fn new() -> Names {
        Names::default()
    }

    /// The component `id`, with the text that it had before.
    pub fn component(&mut self, id: &str) -> ComponentId {
        if let Some(known) = self.components.get(id) {
            return known.clone();
        }
        let new = ComponentId::from(id);
        self.components.insert(new.clone());
        new
    }

    /// The service `id`, with the text that it had before.
    pub fn service(&mut self, id: &str) -> ServiceId {
        if let Some(known) = self.services.get(id) {
            return known.clone();
        }
        let new = ServiceId::from(id);
        self.services.insert(new.clone());
        new
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
