//! Why a service is what it is at an instant.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use correlate::explain::{Counts, CoveringWindow, Explanation, Form, Node, NodeKind, Rule, Shown};
use correlate::model::{
    ComponentId, ComponentState, Interval, Period, ServiceId, ServiceState, Timestamp,
};

use crate::locale::{Locale, state_icon};
use crate::markup::{Markup, icon};
use crate::shell::{Section, Shell};
use crate::urls;
use crate::view::path::component_state_key;

/// Levels of the tree that are open though nothing in them is to blame.
const LEVELS_OPEN: usize = 2;

/// Why a service is what it is, `/services/{id}/why`.
#[derive(Template, Debug)]
#[template(path = "why.html")]
pub struct WhyPage {
    /// What surrounds it.
    pub shell: Shell,
    /// What the service is called.
    pub name: String,
    /// The explanation.
    pub explanation: Explanation,
    /// By what was known when; `None`: by what is known now.
    pub as_of: Option<Timestamp>,
    /// The interval that is, or was, recorded for the instant.
    pub recorded: Option<Interval>,
    /// Whether that says the same as the explanation.
    pub agrees: bool,
    /// What components are called; an id stands for itself where it is absent.
    pub components: BTreeMap<ComponentId, String>,
    /// What services are called, likewise.
    pub services: BTreeMap<ServiceId, String>,
    /// Services that the reader may not know, under the ids that stand for
    /// them here; nothing leads to them.
    pub shared: BTreeSet<ServiceId>,
    /// Whether the samples behind a component may be read.
    pub shows_samples: bool,
    /// How the present state of components was known, as far as it was kept.
    pub known: BTreeMap<ComponentId, KnownEdge>,
    /// Why components are what nobody measured, as far as it was kept.
    pub reasons: BTreeMap<ComponentId, Because>,
    /// The samples behind one of the components, when they were asked for.
    pub behind: Option<SamplesBehind>,
}

/// The samples behind the state of a component.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SamplesBehind {
    /// The component's id.
    pub component: String,
    /// When the transition that gave the state happened; `None` where it was
    /// never reported until then.
    pub since: Option<Timestamp>,
    /// What was reported; `None` where it cannot be read.
    pub samples: Option<Vec<SampleRow>>,
    /// A part of it is older than what the log keeps.
    pub is_forgotten: bool,
    /// There was more than is looked at.
    pub is_cut: bool,
}

/// How the beginning of a state was known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KnownEdge {
    /// When the state began, as it counts.
    pub at: Timestamp,
    /// How the NMS knew.
    pub seen_by: SeenBy,
    /// From when to when it can really have begun; `None` where nothing was
    /// known of the time before.
    pub began_within: Option<Period>,
}

/// Why a component has a state that nobody measured: mostly why nobody can say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Because {
    /// Nothing believable came of it for longer than the staleness limit.
    Silent,
    /// It, or its device, is switched off in the NMS.
    Disabled,
    /// The NMS is told to pass over it, and so does the account.
    Ignored,
    /// The NMS has never looked at it.
    NeverPolled,
    /// Somebody has shut it.
    AdminShut,
    /// Its device is down.
    DeviceDown,
    /// Ping answers, SNMP does not.
    ManagementLost,
    /// The NMS does not list it any more.
    Gone,
    /// Its status means neither up nor down.
    OddStatus,
    /// Which check failed is not known.
    CheckUnknown,
    /// Another version knows.
    Other,
}

impl Because {
    const fn key(self) -> &'static str {
        match self {
            Because::Silent => "because-silent",
            Because::Disabled => "because-disabled",
            Because::Ignored => "because-ignored",
            Because::NeverPolled => "because-never-polled",
            Because::AdminShut => "because-admin-shut",
            Because::DeviceDown => "because-device-down",
            Because::ManagementLost => "because-management-lost",
            Because::Gone => "because-gone",
            Because::OddStatus => "because-odd-status",
            Because::CheckUnknown => "because-check-unknown",
            Because::Other => "because-other",
        }
    }
}

/// How an NMS knew a state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SeenBy {
    /// It polled.
    Poll,
    /// A line of its event log.
    EventLog,
    /// It pushed it.
    Push,
    /// Its own list of outages.
    Outage,
    /// Otherwise.
    Other,
}

impl SeenBy {
    const fn known_key(self) -> &'static str {
        match self {
            SeenBy::Poll => "known-poll",
            SeenBy::EventLog => "known-event-log",
            SeenBy::Push => "known-push",
            SeenBy::Outage => "known-outage",
            SeenBy::Other => "known-other",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            SeenBy::Poll => "sample-poll",
            SeenBy::EventLog => "sample-event-log",
            SeenBy::Push => "sample-push",
            SeenBy::Outage => "sample-outage",
            SeenBy::Other => "sample-other",
        }
    }
}

/// One sample.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SampleRow {
    /// When the state held in the network.
    pub at: Timestamp,
    /// The state.
    pub state: ComponentState,
    /// When ingest read it.
    pub observed_at: Timestamp,
    /// How the NMS knew it.
    pub seen_by: SeenBy,
    /// Where it is in the log: partition and offset.
    pub place: String,
}

impl WhyPage {
    const SECTION: Section = Section::Services;

    fn id(&self) -> &str {
        self.explanation.service.as_str()
    }

    fn state_class(&self) -> &'static str {
        self.explanation.state.map_or("none", ServiceState::as_str)
    }

    fn rule_key(&self) -> &'static str {
        match self.explanation.rule {
            Rule::NotExisting => "why-rule-not-existing",
            Rule::Unknown => "why-rule-unknown",
            Rule::MaintenanceAlone => "why-rule-maintenance-alone",
            Rule::ServiceWindow => "why-rule-service-window",
            Rule::Down => "why-rule-down",
            Rule::Degraded => "why-rule-degraded",
            Rule::Up => "why-rule-up",
        }
    }

    fn component(&self, id: &ComponentId) -> String {
        self.components.get(id).cloned().unwrap_or_else(|| id.to_string())
    }

    fn service_name(&self, id: &ServiceId) -> String {
        self.services.get(id).cloned().unwrap_or_else(|| id.to_string())
    }

    fn why_url(&self, at: Timestamp) -> String {
        urls::service_why(self.id(), Some(at), self.as_of)
    }

    /// The last instant at which something was otherwise.
    fn before_url(&self) -> Option<String> {
        let from = self.explanation.unchanged.from;
        (from > Timestamp::MIN).then(|| self.why_url(from.plus_millis(-1)))
    }

    /// The first later instant at which something is otherwise, if it has come.
    fn after_url(&self) -> Option<String> {
        let until = self.explanation.unchanged.until;
        let last = self.as_of.unwrap_or(self.shell.now).min(self.shell.now);
        (until <= last).then(|| self.why_url(until))
    }

    fn period(&self, period: &Period) -> Markup {
        period_markup(&self.shell.locale, period)
    }

    fn behind_name(&self, behind: &SamplesBehind) -> String {
        self.component(&ComponentId::from(behind.component.as_str()))
    }

    /// Whether a sample says just what the component turned into.
    fn is_turning_point(&self, behind: &SamplesBehind, row: &SampleRow) -> bool {
        behind.since == Some(row.at)
    }

    fn sample_badge(&self, row: &SampleRow) -> Markup {
        let state = match row.state {
            ComponentState::Up => ServiceState::Up,
            ComponentState::Down => ServiceState::Down,
            ComponentState::Unknown => ServiceState::Unknown,
        };
        let text = self.shell.locale.t(component_state_key(row.state));
        Markup::new(format!(
            r#"<span class="badge-state is-{}">{}<span>{}</span></span>"#,
            state.as_str(),
            state_icon(state),
            crate::markup::escape(&text)
        ))
    }

    fn recorded_period(&self, interval: &Interval) -> Markup {
        let until = interval.end.unwrap_or(Timestamp::MAX);
        self.period(&Period::new(interval.start, until))
    }

    fn recorded_cause(&self, interval: &Interval) -> String {
        let names: Vec<String> = interval.cause.iter().map(|id| self.component(id)).collect();
        names.join(", ")
    }

    fn tree(&self, root: &Node) -> Markup {
        Item { page: self, locale: &self.shell.locale, node: root, level: 0 }.markup()
    }
}

/// `sinds A tot B`; what has no start or no end is left out.
pub(super) fn period_markup(locale: &Locale, period: &Period) -> Markup {
    let [from, until] = [period.from, period.until].map(|at| locale.instant(at));
    let key = match (period.from > Timestamp::MIN, period.until < Timestamp::MAX) {
        (true, true) => "period-from-to",
        (true, false) => "period-from",
        (false, true) => "period-to",
        (false, false) => "period-always",
    };
    locale.between(key, from, until)
}

/// One node of the tree, with everything beneath it.
#[derive(Template)]
#[template(path = "parts/why_item.html")]
struct Item<'a> {
    page: &'a WhyPage,
    locale: &'a Locale,
    node: &'a Node,
    level: usize,
}

impl Item<'_> {
    fn markup(&self) -> Markup {
        let html = Template::render(self).expect("writing to a string cannot fail");
        Markup::new(html)
    }

    fn child(&self, node: &Node) -> Markup {
        Item { page: self.page, locale: self.locale, node, level: self.level + 1 }.markup()
    }

    fn is_open(&self) -> bool {
        self.node.blamed || self.level < LEVELS_OPEN
    }

    fn class(&self) -> &'static str {
        shown(self.node).as_str()
    }

    fn icon(&self) -> Markup {
        match self.node.kind {
            NodeKind::Group { .. } => icon("diagram-3"),
            _ => state_icon(shown(self.node)),
        }
    }

    fn state(&self) -> String {
        self.locale.t(component_state_key(self.node.value))
    }

    /// What the node is: its name, or what a group needs.
    fn label(&self) -> String {
        match &self.node.kind {
            NodeKind::Component { id, .. } => self.page.component(id),
            NodeKind::Service { id, .. } if self.page.shared.contains(id) => {
                self.locale.shared_part()
            }
            NodeKind::Service { id, .. } => self.page.service_name(id),
            NodeKind::Group { form, needed, first, .. } => {
                let total = first.total();
                match form {
                    Form::All => self.locale.t1("why-need-all", "n", total),
                    Form::Any => self.locale.t1("why-need-any", "n", total),
                    Form::AtLeast => self.locale.t2("why-need-some", ("k", needed), ("n", total)),
                }
            }
        }
    }

    fn detail(&self) -> String {
        match &self.node.kind {
            NodeKind::Component { id, .. } => {
                let is_named = self.page.component(id) != id.as_str();
                if is_named { id.to_string() } else { String::new() }
            }
            NodeKind::Service { version: None, .. } => self.locale.t("why-no-version"),
            NodeKind::Service { shown: Shown::Elsewhere, .. } => self.locale.t("why-elsewhere"),
            NodeKind::Service { shown: Shown::TooDeep, .. } => self.locale.t("why-too-deep"),
            NodeKind::Service { .. } => self.locale.t("why-service"),
            NodeKind::Group { .. } => String::new(),
        }
    }

    /// Of a group: what it has, and what that makes.
    fn count(&self) -> Option<String> {
        let NodeKind::Group { first, .. } = &self.node.kind else { return None };
        Some(format!("{} → {}", self.counts(first), self.state()))
    }

    /// Of a group that is down: what it would be if only planned work counted.
    fn second(&self) -> Option<String> {
        let NodeKind::Group { second, .. } = &self.node.kind else { return None };
        if self.node.value != ComponentState::Down {
            return None;
        }
        let state = self.locale.t(component_state_key(self.node.second));
        let counts = format!("{} → {state}", self.counts(second));
        Some(self.locale.t1("why-second", "counts", counts))
    }

    fn counts(&self, counts: &Counts) -> String {
        let parts = [
            (counts.up, "why-count-up"),
            (counts.unknown, "why-count-unknown"),
            (counts.down, "why-count-down"),
        ];
        let parts = parts.into_iter().filter(|part| part.0 > 0);
        parts.map(|(n, key)| self.locale.t1(key, "n", n)).collect::<Vec<_>>().join(", ")
    }

    /// Of a component: since when, or that nobody ever reported it.
    fn held(&self) -> Option<Markup> {
        let NodeKind::Component { held, .. } = &self.node.kind else { return None };
        let is_unheard = held.from == Timestamp::MIN && held.until == Timestamp::MAX;
        Some(if is_unheard {
            Markup::new(crate::markup::escape(&self.locale.t("why-never")))
        } else {
            period_markup(self.locale, held)
        })
    }

    /// Of a component: how the beginning of its state was known.
    fn known(&self) -> Option<Markup> {
        let NodeKind::Component { id, held, .. } = &self.node.kind else { return None };
        let known = self.page.known.get(id).filter(|known| known.at == held.from)?;
        let source = self.locale.t(known.seen_by.known_key());
        let Some(began) = known.began_within else {
            return Some(Markup::new(crate::markup::escape(&source)));
        };
        let [from, until] = [began.from, began.until].map(|at| self.locale.instant(at));
        let between = self.locale.between("known-between", from, until);
        Some(Markup::new(format!("{}, {between}", crate::markup::escape(&source))))
    }

    /// Of a component: why it is so, where nobody measured it.
    fn because(&self) -> Option<String> {
        let NodeKind::Component { id, .. } = &self.node.kind else { return None };
        self.page.reasons.get(id).map(|because| self.locale.t(because.key()))
    }

    fn windows(&self) -> &[CoveringWindow] {
        match &self.node.kind {
            NodeKind::Component { windows, .. } => windows,
            _ => &[],
        }
    }

    fn window(&self, window: &CoveringWindow) -> Markup {
        period_markup(self.locale, &window.period)
    }

    /// Where the samples behind a component are shown.
    fn samples_url(&self) -> Option<String> {
        let NodeKind::Component { id, .. } = &self.node.kind else { return None };
        if !self.page.shows_samples {
            return None;
        }
        let page =
            urls::service_why(self.page.id(), Some(self.page.explanation.at), self.page.as_of);
        Some(format!("{page}&of={}#samples", urls::encode(id.as_str())))
    }

    fn url(&self) -> Option<String> {
        match &self.node.kind {
            NodeKind::Service { id, .. } if !self.page.shared.contains(id) => {
                let at = self.page.explanation.at;
                Some(urls::service_why(id.as_str(), Some(at), self.page.as_of))
            }
            _ => None,
        }
    }
}

/// The state by which a node is coloured.
fn shown(node: &Node) -> ServiceState {
    let in_window =
        matches!(&node.kind, NodeKind::Component { windows, .. } if !windows.is_empty());
    match node.value {
        ComponentState::Down if in_window => ServiceState::Maintenance,
        ComponentState::Down => ServiceState::Down,
        ComponentState::Unknown => ServiceState::Unknown,
        ComponentState::Up => ServiceState::Up,
    }
}
