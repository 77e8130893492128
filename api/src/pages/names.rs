//! What people call components.

use std::collections::{BTreeMap, BTreeSet};

use correlate::model::ComponentId;
use dashboards::Cause;
use store::Scope;
use store::series::{ComponentDimension, IDS_MAX};

use crate::app::ApiState;
use crate::ask::shared_names;
use crate::problem::ApiError;

/// Names of components; an id stands for itself where nobody named it.
#[derive(Default)]
pub(super) struct Names(BTreeMap<ComponentId, ComponentDimension>);

impl Names {
    /// The names of `components`, each looked up once, as far as `scope` goes.
    pub(super) async fn of<'a>(
        state: &ApiState,
        scope: &Scope,
        components: impl IntoIterator<Item = &'a ComponentId>,
    ) -> Result<Names, ApiError> {
        let ids: BTreeSet<&ComponentId> = components.into_iter().collect();
        let ids: Vec<ComponentId> = ids.into_iter().cloned().collect();
        let mut names = BTreeMap::new();
        for ids in ids.chunks(IDS_MAX) {
            names.extend(state.series().component_labels(ids).await.map_err(ApiError::series)?);
        }
        let narrowed = shared_names::narrow(state.records(), scope, &mut names).await;
        narrowed.map_err(ApiError::records)?;
        Ok(Names(names))
    }

    /// Name and second line for the diagram: a port with its device, a device
    /// with its site.
    pub(super) fn lines(&self, id: &ComponentId) -> (String, String) {
        match self.0.get(id) {
            None => (id.to_string(), String::new()),
            Some(known) if known.device == *id => (known.name.clone(), known.site.clone()),
            Some(known) => (known.name.clone(), known.device_name.clone()),
        }
    }

    /// The device that a component is or belongs to.
    pub(super) fn device(&self, id: &ComponentId) -> Option<&ComponentId> {
        self.0.get(id).map(|known| &known.device)
    }

    /// One line: `Gi0/0/1 · core1.ams1`, or `core1.ams1`.
    fn line(&self, id: &ComponentId) -> String {
        match self.0.get(id) {
            None => id.to_string(),
            Some(known) if known.device == *id || known.device_name.is_empty() => {
                known.name.clone()
            }
            Some(known) => format!("{} · {}", known.name, known.device_name),
        }
    }

    /// A component to blame, with its name.
    pub(super) fn cause(&self, id: &ComponentId) -> Cause {
        Cause { component: id.to_string(), name: self.line(id) }
    }

    /// Components to blame, with their names.
    pub(super) fn causes(&self, ids: &[ComponentId]) -> Vec<Cause> {
        ids.iter().map(|id| self.cause(id)).collect()
    }
}
