//! Gathers what the diagram of a service's path needs.

use std::collections::{HashMap, HashSet};

use correlate::model::{ComponentId, PathExpr, Period, ServiceId, Target, Timestamp};
use dashboards::{Locale, PathView};
use store::Scope;
use store::records::{Page, Service, WindowFilter};
use store::series::IDS_MAX;

use super::names::Names;
use crate::app::ApiState;
use crate::path_view::{self, Leaves, Reference};
use crate::problem::ApiError;

/// Services that a path may lead to; beyond them it is drawn without what they
/// need, as unknown.
const REFERENCES_MAX: usize = 2_000;

/// What the reader may know, and how they read it.
type Reader<'a> = (&'a Scope, &'a Locale);

/// The path that holds now, with the state of every node.
pub(super) async fn view(
    state: &ApiState,
    reader: Reader<'_>,
    record: Option<&Service>,
    cause: &[ComponentId],
    now: Timestamp,
) -> Result<PathView, ApiError> {
    let Some(path) = record.and_then(|record| path_at(record, now)) else {
        return Ok(PathView { root: None });
    };
    let mut leaves = Leaves {
        services: references(state, reader, &path, now).await?,
        causes: cause.iter().cloned().collect(),
        ..Leaves::default()
    };
    let components: Vec<ComponentId> =
        path_view::components(&path, &leaves.services).into_iter().cloned().collect();
    for ids in components.chunks(IDS_MAX) {
        let found = state.series().component_states(ids).await.map_err(ApiError::series)?;
        leaves.states.extend(found.into_iter().map(|(id, transition)| (id, transition.state)));
    }
    let names = Names::of(state, reader.0, &components).await?;
    leaves.names = components.iter().map(|id| (id.clone(), names.lines(id))).collect();
    leaves.devices = components
        .iter()
        .filter_map(|id| names.device(id).map(|device| (id.clone(), device.clone())))
        .collect();
    leaves.in_maintenance = in_maintenance(state, now).await?;
    Ok(PathView { root: Some(leaves.tree(&path)) })
}

fn path_at(record: &Service, now: Timestamp) -> Option<PathExpr> {
    record.definition.version_at(now).map(|version| version.path.clone())
}

/// The services that `path` refers to, and those that they refer to, and so on.
async fn references(
    state: &ApiState,
    (scope, locale): Reader<'_>,
    path: &PathExpr,
    now: Timestamp,
) -> Result<HashMap<ServiceId, Reference>, ApiError> {
    let wanted: Vec<ServiceId> = path.service_refs().into_iter().cloned().collect();
    let services = state.records().services();
    let found = services.with_references(wanted, REFERENCES_MAX).await;
    let found = found.map_err(ApiError::records)?.unwrap_or_default();
    let reference = |(id, service): (ServiceId, Service)| {
        let path = path_at(&service, now);
        let is_shown = scope.holds(service.customer_id);
        let reference = match is_shown {
            true => Reference {
                name: service.name,
                customer: service.customer.unwrap_or_default(),
                is_shown,
                path,
            },
            false => {
                Reference { name: locale.shared_part(), customer: String::new(), is_shown, path }
            }
        };
        (id, reference)
    };
    Ok(found.into_iter().map(reference).collect())
}

/// The components that are inside a window of their own.
async fn in_maintenance(
    state: &ApiState,
    now: Timestamp,
) -> Result<HashSet<ComponentId>, ApiError> {
    let filter = WindowFilter {
        during: Some(Period::new(now, now.plus_millis(1))),
        ..WindowFilter::default()
    };
    let page = Page::first(Page::MAX_LIMIT);
    let windows = state.records().windows().list(&filter, page).await.map_err(ApiError::records)?;
    let component = |target| match target {
        Target::Component(id) => Some(id),
        Target::Service(_) => None,
    };
    Ok(windows.into_iter().filter_map(|window| component(window.window.target)).collect())
}
