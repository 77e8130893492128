//! Why a service is what it is at an instant.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use correlate::explain::{Node, NodeKind};
use correlate::model::{ComponentId, ServiceId, Timestamp};
use dashboards::{Because, KnownEdge, SampleRow, SamplesBehind, SeenBy, WhyPage};
use serde::Deserialize;
use store::Scope;
use store::evidence::{ReportedSample, SampleSource, StateReason};
use store::series::EdgeEvidence;

use super::{html, shell};
use crate::app::ApiState;
use crate::ask::{self, AskError, Why, WhyQuestion};
use crate::auth::Principal;
use crate::instant;
use crate::policy::Action;
use crate::problem::ApiError;
use crate::web::Lenient;

/// The query of the page; what makes no sense counts as not given.
#[derive(Deserialize, Default)]
pub(crate) struct WhyQuery {
    #[serde(default)]
    at: String,
    #[serde(default)]
    as_of: String,
    #[serde(default)]
    of: String,
}

/// `GET /services/{id}/why`.
pub(crate) async fn why(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
    Lenient(query): Lenient<WhyQuery>,
) -> Result<Response, ApiError> {
    let now = state.now();
    let zone = &principal.zone(&state);
    let as_of = instant::parse_field(&query.as_of, zone).filter(|as_of| *as_of < now);
    let latest = as_of.unwrap_or(now);
    let at = instant::parse_field(&query.at, zone).map_or(latest, |at| at.min(latest));
    let question = WhyQuestion { service: ServiceId::from(id), at, as_of, now };
    let asked = async {
        ask::why(state.stores(principal.scope()), &question).await.map_err(ApiError::of_ask)
    };
    let shell = shell::full(&state, &principal, &headers, &uri);
    let (shell, why) = tokio::try_join!(shell, asked)?;
    let shows_samples = principal.may(Action::ReadComponents);
    let of = if shows_samples { query.of.as_str() } else { "" };
    let behind = behind(&state, principal.scope(), of, at).await?;
    let mut named: Vec<&ComponentId> = why.explanation.cause.iter().collect();
    why.explanation.root.iter().for_each(|root| components(root, &mut named));
    if let Some(recorded) = &why.recorded {
        named.extend(&recorded.cause);
    }
    let components = named.into_iter().map(|id| (id.clone(), why.components.line(id))).collect();
    let seen = |how: &EdgeEvidence| how.reason != Some(StateReason::Silent);
    let known = why.known.iter().filter(|(_, (_, how))| seen(how));
    let known = known.map(|(id, (at, how))| {
        let began_within = how.began_within(*at);
        (id.clone(), KnownEdge { at: *at, seen_by: seen_by(how.source), began_within })
    });
    let known = known.collect();
    let mut reasons = BTreeMap::new();
    why.explanation.root.iter().for_each(|root| because(root, &why, &mut reasons));
    html(&WhyPage {
        shell,
        known,
        reasons,
        name: why.service_name(&why.explanation.service),
        as_of,
        recorded: why.recorded,
        agrees: why.agrees,
        components,
        services: why.services,
        shared: why.shared,
        shows_samples,
        behind,
        explanation: why.explanation,
    })
}

/// The samples behind one of the components, if they are asked for. A log that
/// is away takes nothing else from the page.
async fn behind(
    state: &ApiState,
    scope: &Scope,
    of: &str,
    at: Timestamp,
) -> Result<Option<SamplesBehind>, ApiError> {
    if of.is_empty() {
        return Ok(None);
    }
    let component = ComponentId::from(of);
    let mut view = SamplesBehind {
        component: of.to_owned(),
        since: None,
        samples: None,
        is_forgotten: false,
        is_cut: false,
    };
    let Some(log) = state.log() else { return Ok(Some(view)) };
    match ask::behind(state.stores(scope), log, &component, at).await {
        Ok(found) => {
            view.since = found.transition.map(|transition| transition.at);
            if let Some(reported) = found.reported {
                view.is_forgotten = reported.is_forgotten;
                view.is_cut = reported.is_cut;
                view.samples = Some(reported.samples.iter().map(sample).collect());
            }
        }
        Err(AskError::Log(error)) => drop(ApiError::log(error)),
        Err(error) => return Err(ApiError::of_ask(error)),
    }
    Ok(Some(view))
}

fn sample(sample: &ReportedSample) -> SampleRow {
    SampleRow {
        at: sample.at,
        state: sample.state,
        observed_at: sample.observed_at,
        seen_by: seen_by(sample.source),
        place: format!("{}/{}", sample.place.0, sample.place.1),
    }
}

fn seen_by(source: SampleSource) -> SeenBy {
    match source {
        SampleSource::Poll => SeenBy::Poll,
        SampleSource::EventLog => SeenBy::EventLog,
        SampleSource::Push => SeenBy::Push,
        SampleSource::Outage => SeenBy::Outage,
        SampleSource::Other => SeenBy::Other,
    }
}

/// Why the components of a tree are what nobody measured.
fn because(node: &Node, why: &Why, found: &mut BTreeMap<ComponentId, Because>) {
    if let NodeKind::Component { id, held, .. } = &node.kind
        && let Some(reason) = why.reason(id, node.value, held)
    {
        found.insert(id.clone(), because_of(reason));
    }
    node.children.iter().for_each(|child| because(child, why, found));
}

fn because_of(reason: StateReason) -> Because {
    match reason {
        StateReason::Silent => Because::Silent,
        StateReason::Disabled => Because::Disabled,
        StateReason::Ignored => Because::Ignored,
        StateReason::NeverPolled => Because::NeverPolled,
        StateReason::AdminShut => Because::AdminShut,
        StateReason::DeviceDown => Because::DeviceDown,
        StateReason::ManagementLost => Because::ManagementLost,
        StateReason::Gone => Because::Gone,
        StateReason::OddStatus => Because::OddStatus,
        StateReason::CheckUnknown => Because::CheckUnknown,
        StateReason::Other => Because::Other,
    }
}

/// The components of a tree.
fn components<'a>(node: &'a Node, found: &mut Vec<&'a ComponentId>) {
    if let NodeKind::Component { id, .. } = &node.kind {
        found.push(id);
    }
    node.children.iter().for_each(|child| components(child, found));
}
