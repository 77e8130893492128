//! Why a service is what it is at an instant: its expression as a tree with
//! the value of every node, and the rule that decided (SEMANTICS, "State of a
//! service at an instant").
//!
//! It shares the engine's arithmetic of values and nothing else: it walks the
//! definitions themselves, so that it can say at each node what the engine's
//! shared graph no longer knows. A property test holds it to the engine.
//!
//! It takes time linear in the size of the facts it looks at. It never reads
//! a clock, a store or an engine.

mod evaluation;
mod tree;
mod words;

use crate::facts::Facts;
use crate::model::{ComponentId, ComponentState, Period, ServiceId, ServiceState, Timestamp};

use evaluation::Evaluation;

pub use tree::EXPANDED_LEVELS_MAX;

/// Why a service is what it is at an instant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explanation {
    /// Which service.
    pub service: ServiceId,
    /// When.
    pub at: Timestamp,
    /// Its state; `None` where it does not exist.
    pub state: Option<ServiceState>,
    /// The rule that decided.
    pub rule: Rule,
    /// The components to blame, sorted bytewise.
    pub cause: Vec<ComponentId>,
    /// As far as the facts go, nothing that was looked at changes during this
    /// period: the whole explanation holds in it. The state may hold longer.
    pub unchanged: Period,
    /// The period of the version in force.
    pub version: Option<Period>,
    /// The windows on the service itself that hold the instant.
    pub windows: Vec<CoveringWindow>,
    /// The expression of the version in force.
    pub root: Option<Node>,
}

/// The rule of SEMANTICS, "State of a service at an instant", that decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// No version holds, so there is no service.
    NotExisting,
    /// Rule 2: the value is unknown.
    Unknown,
    /// Rule 3: down, and still down when what fails outside maintenance is
    /// taken as up.
    MaintenanceAlone,
    /// Rule 3: down, not by maintenance of components alone, but inside a
    /// window on the service itself.
    ServiceWindow,
    /// Rule 3: down, and maintenance does not explain it.
    Down,
    /// Rule 4: up, but something in the expression is down.
    Degraded,
    /// Rule 4: up, and nothing in the expression is down.
    Up,
}

/// A maintenance window that holds the instant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CoveringWindow {
    /// Its id.
    pub id: String,
    /// When it is.
    pub period: Period,
}

/// A node of the expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Its value.
    pub value: ComponentState,
    /// Its value in the second evaluation: every component that is down and
    /// not inside one of its own windows taken as up.
    pub second: ComponentState,
    /// Whether it lies on a way from the root to a component to blame.
    pub blamed: bool,
    /// What is beneath it, in the order of the definition.
    pub children: Vec<Node>,
}

/// What a node is, and what is known of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NodeKind {
    /// A component.
    Component {
        /// Which.
        id: ComponentId,
        /// As far as the facts go, it has its state during this period.
        held: Period,
        /// Its windows that hold the instant.
        windows: Vec<CoveringWindow>,
    },
    /// A list of which some are needed.
    Group {
        /// How it is written.
        form: Form,
        /// How many are needed.
        needed: u32,
        /// The values of its children.
        first: Counts,
        /// The same in the second evaluation.
        second: Counts,
    },
    /// Another service; its only child is the expression of its version.
    Service {
        /// Which.
        id: ServiceId,
        /// The version in force; `None` where none holds: it is unknown then.
        version: Option<Period>,
        /// Whether its expression is beneath.
        shown: Shown,
    },
}

/// How a group is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// `all`: every one is needed.
    All,
    /// `any`: one is enough.
    Any,
    /// `at_least`: some are needed.
    AtLeast,
}

/// How many children have which value.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Those that are up.
    pub up: u32,
    /// Those of which nobody can say.
    pub unknown: u32,
    /// Those that are down.
    pub down: u32,
}

/// Whether the expression of a service that is referred to is beneath its node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown {
    /// It is, or there is none.
    Here,
    /// It stands beneath another node of the same service: one that is
    /// blamed, if any is, else the first.
    Elsewhere,
    /// It would be more than [`EXPANDED_LEVELS_MAX`] references deep.
    TooDeep,
}

/// Explains the state of `service` at `at`. What the facts do not hold does
/// not exist, or is unknown; see [`Facts`].
pub fn explain(facts: &Facts, service: &ServiceId, at: Timestamp) -> Explanation {
    let evaluation = Evaluation::of(facts, service, at);
    let windows = evaluation.service_windows();
    let (rule, blame) = evaluation.rule(!windows.is_empty());
    let blamed = evaluation.blamed(blame);
    Explanation {
        service: service.clone(),
        at,
        state: rule.state(),
        rule,
        cause: blamed.components(),
        unchanged: evaluation.unchanged(),
        version: evaluation.version(service).map(|version| version.period),
        windows,
        root: tree::of(&evaluation, &blamed),
    }
}

impl Rule {
    /// The state that it gives; `None` where there is no service.
    pub const fn state(self) -> Option<ServiceState> {
        match self {
            Rule::NotExisting => None,
            Rule::Unknown => Some(ServiceState::Unknown),
            Rule::MaintenanceAlone | Rule::ServiceWindow => Some(ServiceState::Maintenance),
            Rule::Down => Some(ServiceState::Down),
            Rule::Degraded => Some(ServiceState::Degraded),
            Rule::Up => Some(ServiceState::Up),
        }
    }

    /// A name for programs, such as `maintenance_alone`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Rule::NotExisting => "not_existing",
            Rule::Unknown => "unknown",
            Rule::MaintenanceAlone => "maintenance_alone",
            Rule::ServiceWindow => "service_window",
            Rule::Down => "down",
            Rule::Degraded => "degraded",
            Rule::Up => "up",
        }
    }

    /// Its number in SEMANTICS, "State of a service at an instant"; `None`
    /// where there is no service.
    pub const fn number(self) -> Option<u8> {
        match self {
            Rule::NotExisting => None,
            Rule::Unknown => Some(2),
            Rule::MaintenanceAlone | Rule::ServiceWindow | Rule::Down => Some(3),
            Rule::Degraded | Rule::Up => Some(4),
        }
    }
}

#[cfg(test)]
mod tests;
