//! What is going on now, over all services.

use correlate::model::{ServiceState, Timestamp};

use super::cause::{Cause, CauseImpact};

/// How many services are in each state now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StateCounts {
    /// Services that work in full.
    pub up: u64,
    /// Services that work without their redundancy.
    pub degraded: u64,
    /// Services that do not work.
    pub down: u64,
    /// Services that do not work because of planned work.
    pub maintenance: u64,
    /// Services of which nobody can say.
    pub unknown: u64,
}

impl StateCounts {
    /// The count of one state.
    pub const fn of(&self, state: ServiceState) -> u64 {
        match state {
            ServiceState::Up => self.up,
            ServiceState::Degraded => self.degraded,
            ServiceState::Down => self.down,
            ServiceState::Maintenance => self.maintenance,
            ServiceState::Unknown => self.unknown,
        }
    }

    /// All services.
    pub const fn total(&self) -> u64 {
        self.up + self.degraded + self.down + self.maintenance + self.unknown
    }
}

/// A service that is down or degraded now, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trouble {
    /// The service's id.
    pub service: String,
    /// What people call it.
    pub name: String,
    /// Whose it is; empty when unknown.
    pub customer: String,
    /// [`ServiceState::Down`] or [`ServiceState::Degraded`].
    pub state: ServiceState,
    /// Since when.
    pub since: Timestamp,
    /// The components to blame, with their names.
    pub causes: Vec<Cause>,
}

/// The part of the overview that follows the network.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Live {
    /// Services per state.
    pub counts: StateCounts,
    /// What is down or degraded, worst first, then newest first; the first
    /// [`Live::TROUBLES_MAX`] of them.
    pub troubles: Vec<Trouble>,
    /// The components with the widest effect, widest first; the first
    /// [`Live::IMPACTS_MAX`] of them.
    pub impacts: Vec<CauseImpact>,
}

impl Live {
    /// The most troubles that the list shows: more than this is read through
    /// the causes and the filtered table, not line by line.
    pub const TROUBLES_MAX: usize = 12;
    /// The most causes that the list shows.
    pub const IMPACTS_MAX: usize = 6;

    /// Services down or degraded that the list leaves out.
    pub(crate) fn more(&self) -> u64 {
        (self.counts.down + self.counts.degraded).saturating_sub(self.troubles.len() as u64)
    }

    pub(crate) fn more_state(&self) -> ServiceState {
        if self.counts.down > self.troubles.len() as u64 || self.counts.degraded == 0 {
            ServiceState::Down
        } else {
            ServiceState::Degraded
        }
    }
}
