//! What services would be: the form of a plan, its answer, and the windows
//! that it announces.

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::{RawForm, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use correlate::model::{ComponentId, Period, ServiceState, Target, Timestamp, Window};
use correlate::what_if::{Effect, Overlap, Question};
use dashboards::{Cause, Choice, Clash, Hit, Outcome, PlanForm, PlanRefusal, WhatIfPage, urls};
use jiff::tz::TimeZone;
use store::Scope;
use store::records::Page;
use url::form_urlencoded;

use super::names::Names;
use super::{html, shell};
use crate::app::ApiState;
use crate::ask::{self, AskError, Plan, Supposed};
use crate::auth::Principal;
use crate::instant;
use crate::problem::ApiError;

/// Components that one form can choose: more do not fit an address. The API
/// takes more.
const CHOSEN_MAX: usize = 100;

/// Devices, and ports, that a search shows: whoever sees none that fits
/// searches for more words.
const FOUND_MAX: u64 = 12;

/// Services and clashes that the page shows.
const ROWS_MAX: usize = 200;

/// Windows that one plan announces: the ports of its devices among them.
const WINDOWS_MAX: usize = 1_000;

/// The plan that a form proposes: it starts with the next whole hour.
const HOUR_MS: i64 = 3_600_000;
const LENGTH_MS: i64 = 2 * HOUR_MS;

/// What a form sent. What makes no sense counts as not given.
#[derive(Default)]
struct Sent {
    search: String,
    chosen: BTreeSet<ComponentId>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    planned: bool,
    with_ports: bool,
    ask: bool,
    note: String,
    announced: Option<u64>,
}

impl Sent {
    fn read(zone: &TimeZone, form: &[u8]) -> Sent {
        // Before anything is chosen, the usual plan is proposed.
        let mut sent = Sent { planned: true, with_ports: true, ..Sent::default() };
        let pairs: Vec<_> = form_urlencoded::parse(form).into_owned().collect();
        if pairs.iter().any(|(key, _)| key == "from") {
            (sent.planned, sent.with_ports) = (false, false);
        }
        for (key, value) in pairs {
            match key.as_str() {
                "q" => value.trim().clone_into(&mut sent.search),
                "t" if !value.is_empty() && sent.chosen.len() < CHOSEN_MAX => {
                    sent.chosen.insert(ComponentId::from(value));
                }
                "from" => sent.from = instant::parse_field(&value, zone),
                "until" => sent.until = instant::parse_field(&value, zone),
                "planned" => sent.planned = true,
                "ports" => sent.with_ports = true,
                "ask" => sent.ask = true,
                "note" => sent.note = value,
                "announced" => sent.announced = value.parse().ok(),
                _ => {}
            }
        }
        sent
    }

    fn period(&self, now: Timestamp) -> Period {
        let next_hour = Timestamp(now.0 - now.0.rem_euclid(HOUR_MS) + HOUR_MS);
        let from = self.from.unwrap_or(next_hour);
        Period::new(from, self.until.unwrap_or(from.plus_millis(LENGTH_MS)))
    }

    fn plan(&self, now: Timestamp) -> Plan {
        let windows = self.chosen.iter().filter(|_| self.planned);
        Plan {
            period: self.period(now),
            down: self.chosen.clone(),
            windows: windows.cloned().map(Target::Component).collect(),
            with_ports: self.with_ports,
        }
    }
}

/// `GET /what-if`.
pub(crate) async fn what_if(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    uri: Uri,
    RawForm(form): RawForm,
) -> Result<Response, ApiError> {
    let sent = Sent::read(&principal.zone(&state), &form);
    let (shell, form, answer) = tokio::try_join!(
        shell::full(&state, &principal, &headers, &uri),
        plan_form(&state, principal.scope(), &sent),
        answer(&state, principal.scope(), &sent),
    )?;
    let (refused, outcome) = match answer {
        None => (None, None),
        Some(Ok(outcome)) => (None, Some(outcome)),
        Some(Err(refusal)) => (Some(refusal), None),
    };
    html(&WhatIfPage { shell, form, refused, outcome, announced: sent.announced })
}

/// `POST /what-if`: announces a window for each chosen component.
pub(crate) async fn announce(
    State(state): State<ApiState>,
    Extension(principal): Extension<Principal>,
    RawForm(form): RawForm,
) -> Result<Response, ApiError> {
    let sent = Sent { planned: true, ..Sent::read(&principal.zone(&state), &form) };
    let now = state.now();
    let stores = state.stores(principal.scope());
    let supposed = ask::what_if(stores, &sent.plan(now)).await.map_err(ApiError::of_ask)?;
    let Question { period, windows: targets, .. } = supposed.question;
    let windows: Vec<Window> =
        targets.into_iter().map(|target| Window { target, period }).collect();
    if windows.len() > WINDOWS_MAX {
        let reason = format!("at most {WINDOWS_MAX} windows can be announced at once");
        return Err(ApiError::refused("t", reason));
    }
    let created = state.records().windows();
    let created = created.create_all(&principal.actor(&state), &windows, &sent.note).await;
    let count = created.map_err(ApiError::of_records)?.len();
    let form = plan_form(&state, principal.scope(), &sent).await?;
    let back = format!("{}&announced={count}", urls::what_if(&form, true));
    Ok(Redirect::to(&back).into_response())
}

/// The form with what was found and what is chosen, by name.
async fn plan_form(state: &ApiState, scope: &Scope, sent: &Sent) -> Result<PlanForm, ApiError> {
    let Period { from, until } = sent.period(state.now());
    let names = Names::of(state, scope, &sent.chosen).await?;
    let choice = |id: &ComponentId| {
        let (name, detail) = names.lines(id);
        Choice { component: id.to_string(), name, detail }
    };
    Ok(PlanForm {
        search: sent.search.clone(),
        found: if sent.search.is_empty() { None } else { Some(found(state, sent).await?) },
        chosen: sent.chosen.iter().map(choice).collect(),
        from,
        until,
        planned: sent.planned,
        with_ports: sent.with_ports,
    })
}

/// Devices and ports that a search finds and that are not chosen yet.
async fn found(state: &ApiState, sent: &Sent) -> Result<Vec<Choice>, ApiError> {
    let inventory = state.records().inventory();
    let page = Page::first(FOUND_MAX);
    let (devices, ports) = tokio::try_join!(
        inventory.devices(&sent.search, page),
        inventory.ports(&sent.search, page),
    )
    .map_err(ApiError::records)?;
    let ids: Vec<ComponentId> = ports.iter().map(store::records::Port::component).collect();
    let named = inventory.component_names(&ids).await.map_err(ApiError::records)?;
    let devices = devices.into_iter().map(|device| {
        let names = [&device.name, &device.sys_name, &device.host_name];
        let name = names.into_iter().find(|name| !name.is_empty());
        let id = device.component();
        let name = name.map_or_else(|| id.to_string(), Clone::clone);
        (id, name, device.location)
    });
    let ports = ids.into_iter().map(|id| {
        let name = named.get(&id).map_or_else(|| id.to_string(), ToString::to_string);
        (id, name, String::new())
    });
    let is_new = |(id, _, _): &(ComponentId, String, String)| !sent.chosen.contains(id);
    let choice = |(id, name, detail): (ComponentId, String, String)| Choice {
        component: id.to_string(),
        name,
        detail,
    };
    Ok(devices.chain(ports).filter(is_new).map(choice).collect())
}

/// What was asked for, or why it was refused; `None` when nothing was asked.
async fn answer(
    state: &ApiState,
    scope: &Scope,
    sent: &Sent,
) -> Result<Option<Result<Outcome, PlanRefusal>>, ApiError> {
    if !sent.ask {
        return Ok(None);
    }
    if sent.chosen.is_empty() {
        return Ok(Some(Err(PlanRefusal::Nothing)));
    }
    match ask::what_if(state.stores(scope), &sent.plan(state.now())).await {
        Ok(supposed) => Ok(Some(Ok(outcome(sent, &supposed)))),
        Err(AskError::Refused { place: "until", .. }) => Ok(Some(Err(PlanRefusal::Period))),
        Err(AskError::Refused { .. }) => Ok(Some(Err(PlanRefusal::TooLarge))),
        Err(error) => Err(ApiError::of_ask(error)),
    }
}

fn outcome(sent: &Sent, supposed: &Supposed) -> Outcome {
    let answer = &supposed.answer;
    let mut totals: Vec<(ServiceState, u64)> = Vec::new();
    for effect in &answer.effects {
        match totals.last_mut().filter(|total| total.0 == effect.worst) {
            Some(total) => total.1 += 1,
            None => totals.push((effect.worst, 1)),
        }
    }
    let ports = supposed.question.down.iter().filter(|id| !sent.chosen.contains(*id)).count();
    let mut clashes = clashes(supposed);
    let clashes_total = clashes.len() as u64;
    clashes.truncate(ROWS_MAX);
    let hits = answer.effects.iter().take(ROWS_MAX);
    let unneeded = supposed.unneeded.iter().filter_map(|target| match target {
        Target::Component(id) => Some(cause(supposed, id)),
        Target::Service(_) => None,
    });
    Outcome {
        clashes,
        clashes_total,
        hits: hits.map(|effect| hit(supposed, effect)).collect(),
        totals,
        unaffected: answer.unaffected as u64,
        unneeded: unneeded.collect(),
        ports: ports as u64,
    }
}

fn cause(supposed: &Supposed, id: &ComponentId) -> Cause {
    Cause { component: id.to_string(), name: supposed.components.line(id) }
}

/// The overlaps, with those of one service at one time by one note together:
/// a device that is worked on often has a window for each of its ports.
fn clashes(supposed: &Supposed) -> Vec<Clash> {
    let mut clashes: Vec<Clash> = Vec::new();
    for overlap in &supposed.answer.overlaps {
        let clash = clash(supposed, overlap);
        let mut known = clashes.iter_mut().rev().take_while(|one| one.service == clash.service);
        match known.find(|one| one.period == clash.period && one.note == clash.note) {
            Some(known) => {
                known.planned.extend(clash.planned);
                let new = clash.own.into_iter().filter(|own| !known.own.contains(own));
                let new: Vec<Cause> = new.collect();
                known.own.extend(new);
            }
            None => clashes.push(clash),
        }
    }
    clashes
}

fn clash(supposed: &Supposed, overlap: &Overlap) -> Clash {
    let service = supposed.services.get(&overlap.service);
    let window = supposed.windows.get(&overlap.window);
    Clash {
        service: overlap.service.to_string(),
        name: service.map_or_else(|| overlap.service.to_string(), |service| service.name.clone()),
        customer: service.and_then(|service| service.customer.clone()).unwrap_or_default(),
        period: overlap.period,
        planned: vec![cause(supposed, &overlap.planned)],
        note: window.map(|window| window.note.clone()).unwrap_or_default(),
        window: window.map_or(overlap.period, |window| window.window.period),
        own: overlap.own.iter().map(|id| cause(supposed, id)).collect(),
    }
}

fn hit(supposed: &Supposed, effect: &Effect) -> Hit {
    let service = supposed.services.get(&effect.service);
    let causes: BTreeSet<&ComponentId> =
        effect.after.iter().flat_map(|interval| &interval.cause).collect();
    Hit {
        service: effect.service.to_string(),
        name: service.map_or_else(|| effect.service.to_string(), |service| service.name.clone()),
        customer: service.and_then(|service| service.customer.clone()).unwrap_or_default(),
        worst: effect.worst,
        differs_ms: effect.differs_ms,
        otherwise: effect.before.iter().map(|interval| interval.state).collect(),
        after: effect.after.clone(),
        causes: causes.into_iter().map(|id| cause(supposed, id)).collect(),
    }
}
