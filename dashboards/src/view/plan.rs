//! A plan for failures or work, and what it would do.

use correlate::model::{Interval, Period, ServiceState, Timestamp};

use super::cause::Cause;

/// A component that can be chosen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    /// Its id.
    pub component: String,
    /// What people call it.
    pub name: String,
    /// A second line, such as where it stands; may be empty.
    pub detail: String,
}

/// The form of a plan, as it was sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlanForm {
    /// What was searched for.
    pub search: String,
    /// What was found and is not chosen; `None` when nothing was searched for.
    pub found: Option<Vec<Choice>>,
    /// What is chosen.
    pub chosen: Vec<Choice>,
    /// The first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
    /// It is planned work, with maintenance windows, and not a failure.
    pub planned: bool,
    /// Devices take their ports with them.
    pub with_ports: bool,
}

/// Why a plan gets no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlanRefusal {
    /// Nothing is chosen.
    Nothing,
    /// The period is empty or too long.
    Period,
    /// Too much hangs on it.
    TooLarge,
}

/// What a plan would do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// Services that only this plan and the work of others take together.
    pub clashes: Vec<Clash>,
    /// How many of those there are altogether.
    pub clashes_total: u64,
    /// Services whose state would differ, the worst first.
    pub hits: Vec<Hit>,
    /// How many of those there are in each state, the worst first.
    pub totals: Vec<(ServiceState, u64)>,
    /// Services that need any of it and keep their state.
    pub unaffected: u64,
    /// Chosen components that no service needs.
    pub unneeded: Vec<Cause>,
    /// Ports that the chosen devices take with them.
    pub ports: u64,
}

/// A service that would not work because of two works at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Clash {
    /// The service's id.
    pub service: String,
    /// What it is called.
    pub name: String,
    /// Whose it is; empty when unknown.
    pub customer: String,
    /// When both are at once.
    pub period: Period,
    /// What the others work on.
    pub planned: Vec<Cause>,
    /// The note of their windows, such as a ticket number; may be empty.
    pub note: String,
    /// Their whole window, the first of them.
    pub window: Period,
    /// What of this plan takes the other legs.
    pub own: Vec<Cause>,
}

/// A service whose state would differ.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hit {
    /// The service's id.
    pub service: String,
    /// What it is called.
    pub name: String,
    /// Whose it is; empty when unknown.
    pub customer: String,
    /// The worst state it would be in where it differs.
    pub worst: ServiceState,
    /// For how long its state would differ, in milliseconds.
    pub differs_ms: i64,
    /// The states that it would be in otherwise, in order.
    pub otherwise: Vec<ServiceState>,
    /// Its intervals with the plan, clipped to the period.
    pub after: Vec<Interval>,
    /// The components to blame in any of them.
    pub causes: Vec<Cause>,
}
