//! The answers as JSON, for the API and for the command line's `--json`.
//! Instants are RFC 3339 in UTC; null is an open end.

use correlate::explain::{Counts, Explanation, Form, Node, NodeKind, Shown};
use correlate::model::{Interval, Period, ServiceState, Target, Timestamp};
use correlate::what_if::{Effect, Overlap};
use serde::Serialize;
use store::evidence::{ReportedSample, StateReason};
use store::series::EdgeEvidence;
use utoipa::ToSchema;

use super::{Behind, Supposed, Why};
use crate::instant;

/// Why a service is what it is at an instant.
#[derive(Serialize, ToSchema)]
pub struct WhyDoc {
    /// The service's id.
    pub service: String,
    /// What it is called.
    pub name: String,
    /// The instant.
    pub at: Option<String>,
    /// By what was known then; null: by what is known now.
    pub as_of: Option<String>,
    /// `up`, `degraded`, `down`, `maintenance` or `unknown`; null where the
    /// service does not exist.
    #[schema(example = "down")]
    pub state: Option<String>,
    /// The rule that decided.
    pub rule: RuleDoc,
    /// The components to blame, sorted.
    pub cause: Vec<ComponentDoc>,
    /// Nothing that was looked at changes during this period.
    pub unchanged: PeriodDoc,
    /// The period of the version in force; null where none is.
    pub version: Option<PeriodDoc>,
    /// The windows on the service itself that hold the instant.
    pub windows: Vec<WindowDoc>,
    /// The interval that is recorded for the instant; null where there is none.
    pub recorded: Option<IntervalDoc>,
    /// Whether the explanation gives the state and cause that are recorded. If
    /// not, an edit is still on its way to the engine or, with `as_of`, a
    /// measurement was revised since and its older form is not kept.
    pub agrees: bool,
    /// The expression; null where no version holds.
    pub root: Option<NodeDoc>,
}

/// The rule that decided.
#[derive(Serialize, ToSchema)]
pub struct RuleDoc {
    /// `not_existing`, `unknown`, `maintenance_alone`, `service_window`,
    /// `down`, `degraded` or `up`.
    #[schema(example = "maintenance_alone")]
    pub name: String,
    /// Its number among the rules for the state of a service, 2 to 4.
    pub number: Option<u8>,
    /// In words (English).
    pub words: String,
}

/// A component with its name.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ComponentDoc {
    /// Its id.
    #[schema(example = "ams1/port/4711")]
    pub id: String,
    /// What people call it; the id where nobody named it.
    #[schema(example = "Gi0/0/1 · core1.ams1")]
    pub name: String,
}

/// A period; it holds its start and not its end.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PeriodDoc {
    /// The first instant; null: always before.
    pub from: Option<String>,
    /// The first instant after it; null: for ever, as far as is known.
    pub to: Option<String>,
}

/// A maintenance window that holds the instant.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WindowDoc {
    /// Its id.
    pub id: String,
    /// Its first instant.
    pub from: Option<String>,
    /// The first instant after it.
    pub to: Option<String>,
}

/// An interval of one state.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct IntervalDoc {
    /// The first instant.
    pub start: Option<String>,
    /// The first instant after it; null while it lasts.
    pub end: Option<String>,
    /// The state throughout.
    pub state: String,
    /// The components to blame at the start, sorted.
    pub cause: Vec<String>,
}

/// A node of the expression. What does not apply to its `kind` is left out.
#[derive(Serialize, ToSchema)]
pub struct NodeDoc {
    /// `component`, `all`, `any`, `at_least` or `service`.
    pub kind: String,
    /// Its value: `up`, `unknown` or `down`.
    pub value: String,
    /// Its value when every component that is down outside its own windows is
    /// taken as up.
    pub second: String,
    /// Whether it lies on a way from the root to a component to blame.
    pub blamed: bool,
    /// Of a group: why it has its value, in words (English).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2 of 3 needed, 1 up, 1 unknown, 1 down → unknown")]
    pub words: Option<String>,
    /// Of a group: what it needs and has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupDoc>,
    /// Of a component: which.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<ComponentDoc>,
    /// Of a component: the period in which it has its state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<PeriodDoc>,
    /// Of a component: how the beginning of `held` was known; left out where
    /// that was not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<KnownDoc>,
    /// Of a component: why it is so, where nobody measured it: `silent` (nothing
    /// believable for longer than the staleness limit), `disabled`, `ignored`,
    /// `never_polled`, `admin_shut`, `device_down` (what the NMS shows of it stands
    /// still), `management_lost` (ping, but no SNMP), `gone` (deleted, added again
    /// under another id, or hidden), `odd_status`, `check_unknown` or `other`;
    /// left out where it was measured, or no reason was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "admin_shut")]
    pub reason: Option<&'static str>,
    /// Of a component: its windows that hold the instant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<WindowDoc>,
    /// Of a service: which.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceRefDoc>,
    /// What is beneath it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(no_recursion)]
    pub children: Vec<NodeDoc>,
}

/// How the beginning of a state was known.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct KnownDoc {
    /// `poll`, `event_log`, `push`, `outage` or `other`.
    #[schema(example = "event_log")]
    pub source: String,
    /// The state began at or after this; null where nothing was known of the
    /// time before.
    pub not_before: Option<String>,
    /// It began at or before this: the beginning of `held`.
    pub not_after: Option<String>,
    /// How far these two are apart; null where nothing was known of the time before.
    pub uncertainty_ms: Option<u32>,
    /// When ingest read it.
    pub observed_at: Option<String>,
}

/// What a group needs and has.
#[derive(Serialize, ToSchema)]
pub struct GroupDoc {
    /// How many of its children it needs.
    pub needed: u32,
    /// How many are up.
    pub up: u32,
    /// Of how many nobody can say.
    pub unknown: u32,
    /// How many are down.
    pub down: u32,
}

/// A service that an expression refers to.
#[derive(Serialize, ToSchema)]
pub struct ServiceRefDoc {
    /// Its id; of a service of somebody else, one that stands for it in this
    /// answer alone.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// The period of the version in force; null where none is.
    pub version: Option<PeriodDoc>,
    /// `here`: its expression is beneath; `elsewhere`: beneath another node of
    /// the same service; `too_deep`: left out.
    pub shown: String,
}

/// What is behind the state of a component at an instant.
#[derive(Serialize, ToSchema)]
pub struct BehindDoc {
    /// Which component.
    pub component: ComponentDoc,
    /// The instant.
    pub at: Option<String>,
    /// Its state: `up`, `unknown` or `down`.
    pub state: String,
    /// When the transition that gave the state happened; null where it was
    /// never reported until then.
    pub since: Option<String>,
    /// What was reported around that transition and before the instant, by
    /// instant; null where it is not known whose reports hold it.
    pub samples: Option<Vec<SampleDoc>>,
    /// Whether a part of it is older than what the log keeps.
    pub is_forgotten: bool,
    /// Whether there was more than is looked at.
    pub is_cut: bool,
}

/// A sample as it was reported.
#[derive(Serialize, ToSchema)]
pub struct SampleDoc {
    /// When the state held in the network.
    pub at: Option<String>,
    /// `up`, `unknown` or `down`.
    pub state: String,
    /// How the NMS knew it: `poll`, `event_log`, `push`, `outage` or `other`.
    pub source: String,
    /// Why the state is what it is, where nobody measured it, as of a node; null
    /// where it merely lasts.
    pub reason: Option<&'static str>,
    /// When ingest read it.
    pub observed_at: Option<String>,
    /// When it was appended to the log.
    pub appended_at: Option<String>,
    /// Its partition in the log of samples.
    pub partition: u32,
    /// Its offset in that partition.
    pub offset: u64,
}

/// What services would be.
#[derive(Serialize, ToSchema)]
pub struct WhatIfDoc {
    /// The period of the plan.
    pub period: PeriodDoc,
    /// The components that are supposed to be down.
    pub down: Vec<ComponentDoc>,
    /// The targets that are supposed to have a window.
    pub windows: Vec<String>,
    /// Of what was asked, what no service needs in that period: perhaps an id
    /// is wrong.
    pub unneeded: Vec<String>,
    /// Services whose state would differ, the worst first.
    pub effects: Vec<EffectDoc>,
    /// How many effects there are altogether; `effects` holds the worst.
    pub effects_total: usize,
    /// Services that the plan touches without changing their state.
    pub unaffected: usize,
    /// Services that only this plan and a window planned by others at the
    /// same time take together.
    pub overlaps: Vec<OverlapDoc>,
    /// How many overlaps there are altogether.
    pub overlaps_total: usize,
}

/// A service whose state would differ.
#[derive(Serialize, ToSchema)]
pub struct EffectDoc {
    /// Its id.
    pub service: String,
    /// What it is called.
    pub name: String,
    /// Whose it is; null when unknown.
    pub customer: Option<String>,
    /// The worst state it would be in where it differs.
    #[schema(example = "degraded")]
    pub worst: String,
    /// For how long its state would differ, in milliseconds.
    pub differs_ms: i64,
    /// Its intervals without the plan, clipped to the period.
    pub before: Vec<IntervalDoc>,
    /// Its intervals with the plan, clipped to the period.
    pub after: Vec<IntervalDoc>,
}

/// A service that would not work because of two works at once.
#[derive(Serialize, ToSchema)]
pub struct OverlapDoc {
    /// Its id.
    pub service: String,
    /// What it is called.
    pub name: String,
    /// Whose it is; null when unknown.
    pub customer: Option<String>,
    /// When both are at once.
    pub period: PeriodDoc,
    /// The window that is planned already: its id.
    pub window: String,
    /// Its note, such as a ticket number.
    pub note: String,
    /// What that window is on.
    pub planned: ComponentDoc,
    /// The whole period of that window.
    pub window_period: PeriodDoc,
    /// What of this plan takes the service's other legs.
    pub own: Vec<ComponentDoc>,
}

impl WhyDoc {
    /// The document of an answer.
    pub fn of(why: &Why) -> WhyDoc {
        let Explanation { service, at, state, rule, cause, unchanged, version, windows, root } =
            &why.explanation;
        WhyDoc {
            service: service.to_string(),
            name: why.service_name(service),
            at: instant::rfc3339(*at),
            as_of: why.as_of.and_then(instant::rfc3339),
            state: state.map(text),
            rule: RuleDoc {
                name: rule.as_str().to_owned(),
                number: rule.number(),
                words: rule.to_string(),
            },
            cause: cause.iter().map(|id| why.component(id)).collect(),
            unchanged: period(unchanged),
            version: version.as_ref().map(period),
            windows: windows.iter().map(window).collect(),
            recorded: why.recorded.as_ref().map(interval),
            agrees: why.agrees,
            root: root.as_ref().map(|root| node(root, why)),
        }
    }
}

impl Why {
    fn component(&self, id: &correlate::model::ComponentId) -> ComponentDoc {
        ComponentDoc { id: id.to_string(), name: self.components.line(id) }
    }
}

fn node(node: &Node, why: &Why) -> NodeDoc {
    let mut document = NodeDoc {
        kind: String::new(),
        value: node.value.as_str().to_owned(),
        second: node.second.as_str().to_owned(),
        blamed: node.blamed,
        words: node.words(),
        group: None,
        component: None,
        held: None,
        known: None,
        reason: None,
        windows: Vec::new(),
        service: None,
        children: node.children.iter().map(|child| self::node(child, why)).collect(),
    };
    match &node.kind {
        NodeKind::Component { id, held, windows } => {
            "component".clone_into(&mut document.kind);
            document.component = Some(why.component(id));
            document.held = Some(period(held));
            document.known = why.known_since(id, held).map(known);
            document.reason = why.reason(id, node.value, held).map(StateReason::as_str);
            document.windows = windows.iter().map(window).collect();
        }
        NodeKind::Group { form, needed, first, .. } => {
            let kind = match form {
                Form::All => "all",
                Form::Any => "any",
                Form::AtLeast => "at_least",
            };
            kind.clone_into(&mut document.kind);
            let Counts { up, unknown, down } = *first;
            document.group = Some(GroupDoc { needed: *needed, up, unknown, down });
        }
        NodeKind::Service { id, version, shown } => {
            "service".clone_into(&mut document.kind);
            let shown = match shown {
                Shown::Here => "here",
                Shown::Elsewhere => "elsewhere",
                Shown::TooDeep => "too_deep",
            };
            document.service = Some(ServiceRefDoc {
                id: id.to_string(),
                name: why.service_name(id),
                version: version.as_ref().map(period),
                shown: shown.to_owned(),
            });
        }
    }
    document
}

fn known((at, how): (Timestamp, &EdgeEvidence)) -> KnownDoc {
    let began = how.began_within(at);
    KnownDoc {
        source: how.source.as_str().to_owned(),
        not_before: began.and_then(|period| instant::rfc3339(period.from)),
        not_after: instant::rfc3339(at),
        uncertainty_ms: began.map(|_| how.uncertainty_ms),
        observed_at: instant::rfc3339(how.observed_at),
    }
}

impl BehindDoc {
    /// The document of an answer.
    pub fn of(behind: &Behind) -> BehindDoc {
        let id = &behind.component;
        let state = behind.transition.as_ref().map(|one| one.state).unwrap_or_default();
        let sample = |sample: &ReportedSample| SampleDoc {
            at: instant::rfc3339(sample.at),
            state: sample.state.as_str().to_owned(),
            source: sample.source.as_str().to_owned(),
            reason: sample.reason.map(StateReason::as_str),
            observed_at: instant::rfc3339(sample.observed_at),
            appended_at: instant::rfc3339(sample.appended_at),
            partition: sample.place.0,
            offset: sample.place.1,
        };
        let reported = behind.reported.as_ref();
        BehindDoc {
            component: ComponentDoc { id: id.to_string(), name: behind.names.line(id) },
            at: instant::rfc3339(behind.at),
            state: state.as_str().to_owned(),
            since: behind.transition.as_ref().and_then(|one| instant::rfc3339(one.at)),
            samples: reported.map(|found| found.samples.iter().map(sample).collect()),
            is_forgotten: reported.is_some_and(|found| found.is_forgotten),
            is_cut: reported.is_some_and(|found| found.is_cut),
        }
    }
}

impl WhatIfDoc {
    /// The document of an answer with at most `limit` effects and overlaps.
    pub fn of(supposed: &Supposed, limit: usize) -> WhatIfDoc {
        let Supposed { question, answer, .. } = supposed;
        WhatIfDoc {
            period: period(&question.period),
            down: question.down.iter().map(|id| supposed.component(id)).collect(),
            windows: question.windows.iter().map(Target::to_string).collect(),
            unneeded: supposed.unneeded.iter().map(Target::to_string).collect(),
            effects: answer.effects.iter().take(limit).map(|one| supposed.effect(one)).collect(),
            effects_total: answer.effects.len(),
            unaffected: answer.unaffected,
            overlaps: answer.overlaps.iter().take(limit).map(|one| supposed.overlap(one)).collect(),
            overlaps_total: answer.overlaps.len(),
        }
    }
}

impl Supposed {
    fn component(&self, id: &correlate::model::ComponentId) -> ComponentDoc {
        ComponentDoc { id: id.to_string(), name: self.components.line(id) }
    }

    fn name_and_customer(&self, id: &correlate::model::ServiceId) -> (String, Option<String>) {
        match self.services.get(id) {
            Some(service) => (service.name.clone(), service.customer.clone()),
            None => (id.to_string(), None),
        }
    }

    fn effect(&self, effect: &Effect) -> EffectDoc {
        let (name, customer) = self.name_and_customer(&effect.service);
        EffectDoc {
            service: effect.service.to_string(),
            name,
            customer,
            worst: text(effect.worst),
            differs_ms: effect.differs_ms,
            before: effect.before.iter().map(interval).collect(),
            after: effect.after.iter().map(interval).collect(),
        }
    }

    fn overlap(&self, overlap: &Overlap) -> OverlapDoc {
        let (name, customer) = self.name_and_customer(&overlap.service);
        let window = self.windows.get(&overlap.window);
        OverlapDoc {
            service: overlap.service.to_string(),
            name,
            customer,
            period: period(&overlap.period),
            window: overlap.window.clone(),
            note: window.map(|window| window.note.clone()).unwrap_or_default(),
            planned: self.component(&overlap.planned),
            window_period: period(&window.map_or(overlap.period, |window| window.window.period)),
            own: overlap.own.iter().map(|id| self.component(id)).collect(),
        }
    }
}

fn text(state: ServiceState) -> String {
    state.as_str().to_owned()
}

fn period(period: &Period) -> PeriodDoc {
    PeriodDoc { from: instant::rfc3339(period.from), to: instant::rfc3339(period.until) }
}

fn window(window: &correlate::explain::CoveringWindow) -> WindowDoc {
    let PeriodDoc { from, to } = period(&window.period);
    WindowDoc { id: window.id.clone(), from, to }
}

fn interval(interval: &Interval) -> IntervalDoc {
    IntervalDoc {
        start: instant::rfc3339(interval.start),
        end: interval.end.and_then(instant::rfc3339),
        state: text(interval.state),
        cause: interval.cause.iter().map(ToString::to_string).collect(),
    }
}
