//! Questions that need both stores: why a service is what it is, and what it
//! would be. For the API, the pages and the command line alike.
//!
//! The core answers; this gathers the facts, within limits, and what things
//! are called. It changes nothing and reads no clock.

pub(crate) mod document;
mod evidence;
mod facts;
mod hidden;
mod route;
pub(crate) mod shared_names;
mod unwatched;
mod what_if;
mod why;

use std::collections::{BTreeMap, BTreeSet};

use correlate::model::{ComponentId, ServiceId};
use store::Scope;
use store::log::LogError;
use store::records::{Records, RecordsError};
use store::series::{ComponentDimension, IDS_MAX, Series, SeriesError};

pub use document::{
    BehindDoc, ComponentDoc, EffectDoc, GroupDoc, IntervalDoc, KnownDoc, NodeDoc, OverlapDoc,
    PeriodDoc, RuleDoc, SampleDoc, ServiceRefDoc, WhatIfDoc, WhyDoc, WindowDoc,
};
pub use evidence::{Behind, behind};
pub(crate) use route::{Hop, Map};
pub(crate) use unwatched::{NamedUnwatched, UnwatchedList, unwatched};
pub use what_if::{DOWN_MAX, PERIOD_DAYS_MAX, Plan, Supposed, what_if};
pub use why::{Why, WhyQuestion, why};

/// Where facts are.
#[derive(Clone, Copy, Debug)]
pub struct Stores<'s> {
    /// Definitions, windows and their history.
    pub records: &'s Records,
    /// Transitions and intervals.
    pub series: &'s Series,
    /// Whose services may be spoken of.
    pub scope: &'s Scope,
}

impl Stores<'_> {
    /// Refuses what is about components, on which services of everybody hang,
    /// unless the scope is everything.
    fn whole(self, place: &'static str) -> Result<(), AskError> {
        match self.scope.is_everything() {
            true => Ok(()),
            false => Err(AskError::refused(place, "is for those who may see every service")),
        }
    }
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody knows the service.
    #[error("there is no service {0}")]
    NoService(ServiceId),
    /// The question can be understood, but not answered.
    #[error("{place}: {reason}")]
    Refused {
        /// The part of the question, as in the API.
        place: &'static str,
        /// What is allowed and what was found.
        reason: String,
    },
    /// The relational database failed.
    #[error("reading the definitions")]
    Records(#[from] RecordsError),
    /// ClickHouse failed.
    #[error("reading the measurements")]
    Series(#[from] SeriesError),
    /// The log failed.
    #[error("reading the log of samples")]
    Log(#[from] LogError),
}

impl AskError {
    fn refused(place: &'static str, reason: impl Into<String>) -> AskError {
        AskError::Refused { place, reason: reason.into() }
    }
}

/// What components are called.
#[derive(Clone, Default, Debug)]
pub struct ComponentNames(BTreeMap<ComponentId, ComponentDimension>);

impl ComponentNames {
    async fn of(
        stores: Stores<'_>,
        ids: BTreeSet<&ComponentId>,
    ) -> Result<ComponentNames, AskError> {
        let ids: Vec<ComponentId> = ids.into_iter().cloned().collect();
        let mut names = BTreeMap::new();
        for ids in ids.chunks(IDS_MAX) {
            names.extend(stores.series.component_labels(ids).await?);
        }
        shared_names::narrow(stores.records, stores.scope, &mut names).await?;
        Ok(ComponentNames(names))
    }

    /// The device that a component is or is on; `None` where it is not known.
    pub fn device(&self, id: &ComponentId) -> Option<ComponentId> {
        let is_device = id.parts().is_some_and(|(_, kind, _)| kind == "device");
        let known = self.0.get(id).map(|known| known.device.clone());
        known.or_else(|| is_device.then(|| id.clone()))
    }

    /// `Gi0/0/1 · core1.ams1` for a port, `core1.ams1` for a device, the id
    /// for what nobody named.
    pub fn line(&self, id: &ComponentId) -> String {
        match self.0.get(id) {
            None => id.to_string(),
            Some(known) if known.device == *id || known.device_name.is_empty() => {
                known.name.clone()
            }
            Some(known) => format!("{} · {}", known.name, known.device_name),
        }
    }
}
