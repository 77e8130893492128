//! Services of others in an explanation: what they need is part of it, what
//! they are called is not.

use std::collections::{BTreeMap, BTreeSet};

use correlate::explain::{Explanation, Node, NodeKind};
use correlate::model::ServiceId;

/// Replaces the ids of services that are not `known` to the reader by ones
/// that say nothing, the same for the same; gives those.
pub(super) fn others(
    explanation: &mut Explanation,
    known: impl Fn(&ServiceId) -> bool,
) -> BTreeSet<ServiceId> {
    let mut hidden = Hidden { known: &known, stand_ins: BTreeMap::new() };
    explanation.root.iter_mut().for_each(|root| hidden.walk(root));
    hidden.stand_ins.into_values().collect()
}

struct Hidden<'k> {
    known: &'k dyn Fn(&ServiceId) -> bool,
    stand_ins: BTreeMap<ServiceId, ServiceId>,
}

impl Hidden<'_> {
    fn walk(&mut self, node: &mut Node) {
        if let NodeKind::Service { id, .. } = &mut node.kind
            && !(self.known)(id)
        {
            let next = self.stand_ins.len() + 1;
            let stand_in = self.stand_ins.entry(id.clone());
            *id = stand_in.or_insert_with(|| ServiceId::from(format!("shared-{next}"))).clone();
        }
        node.children.iter_mut().for_each(|child| self.walk(child));
    }
}

#[cfg(test)]
mod tests {
    use correlate::explain::explain;
    use correlate::facts::Facts;
    use correlate::model::{ServiceDefinition, Timestamp};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_service_of_another_keeps_its_tree_and_loses_its_id() {
        let mut facts = Facts::default();
        for definition in [
            json!({"id": "mine", "path": {"any": [{"service": "ring"}, {"service": "klm-1"}]}}),
            json!({"id": "ring", "path": {"all": ["n/device/1", {"service": "klm-1"}]}}),
            json!({"id": "klm-1", "path": "n/device/2"}),
        ] {
            let definition = ServiceDefinition::from_json(&definition, &|_| None).expect("valid");
            facts.definitions.insert(definition.id.clone(), definition);
        }
        let mut explanation = explain(&facts, &"mine".into(), Timestamp(5));
        let shared = others(&mut explanation, |id| id.as_str() == "ring");
        assert_eq!(shared, BTreeSet::from([ServiceId::from("shared-1")]));
        let shown = format!("{explanation:?}");
        assert!(shown.contains("ring") && shown.contains("n/device/2"), "{shown}");
        assert!(!shown.contains("klm"), "{shown}");
    }
}
