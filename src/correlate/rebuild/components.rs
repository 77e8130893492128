//! Pairs the components of a rebuilt state with what ClickHouse holds of
//! them, both sorted by id, and composes the two where that is asked for.

use std::iter::Peekable;
use std::vec::IntoIter;

use correlate::engine::ComponentSnapshot;
use correlate::model::{ComponentId, Timestamp};

use super::compose::{Change, Rule, compose};
use super::reconcile::Difference;

/// The pairing in progress.
pub(super) struct Pairing {
    rebuilt: Peekable<IntoIter<ComponentSnapshot>>,
    /// Without one the rebuilt state is complete by itself.
    rule: Option<Rule>,
    floor: Timestamp,
    paired: Vec<ComponentSnapshot>,
}

impl Pairing {
    /// Of `rebuilt`, sorted by id; rows before `floor` are left alone.
    pub(super) fn new(
        rebuilt: Vec<ComponentSnapshot>,
        rule: Option<Rule>,
        floor: Timestamp,
    ) -> Pairing {
        let paired = Vec::with_capacity(rebuilt.len());
        Pairing { rebuilt: rebuilt.into_iter().peekable(), rule, floor, paired }
    }

    /// Takes the rows of one component, which comes after all before it.
    pub(super) fn take(&mut self, id: ComponentId, stored: &[Change], difference: &mut Difference) {
        while let Some(component) = self.rebuilt.next_if(|component| component.id < id) {
            self.pair(component, &[], difference);
        }
        let component = self.rebuilt.next_if(|component| component.id == id);
        let component = component.unwrap_or_else(|| ComponentSnapshot {
            id,
            runs: Vec::new(),
            forgotten: true,
            transitions: Vec::new(),
        });
        self.pair(component, stored, difference);
    }

    /// One component that has no rows, while there is any.
    pub(super) fn take_next(&mut self, difference: &mut Difference) -> bool {
        let Some(component) = self.rebuilt.next() else { return false };
        self.pair(component, &[], difference);
        true
    }

    fn pair(
        &mut self,
        mut component: ComponentSnapshot,
        stored: &[Change],
        difference: &mut Difference,
    ) {
        if let Some(rule) = self.rule {
            component.transitions = compose(stored, &component, rule);
            // What was before the log's first sample is known by its effect alone.
            let first = component.runs.first().map_or(Timestamp::MAX, |run| run.start);
            component.forgotten |= stored.first().is_some_and(|change| change.0 < first);
        }
        difference.transitions(&component.id, stored, &component.transitions, self.floor);
        self.paired.push(component);
    }

    /// The components, sorted by id.
    pub(super) fn end(self) -> Vec<ComponentSnapshot> {
        self.paired
    }
}
