//! What is going on now, over all services.

use std::borrow::Borrow;

use correlate::model::{ServiceState, Timestamp};

use super::cause::{Cause, CauseImpact};
use super::services::{ServiceFilter, TableHome};
use crate::locale::Locale;
use crate::urls;

/// The states in the order in which the pages show them: worst first.
pub(crate) const SHOWN_STATES: [ServiceState; 5] = [
    ServiceState::Down,
    ServiceState::Degraded,
    ServiceState::Unknown,
    ServiceState::Maintenance,
    ServiceState::Up,
];

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
    pub fn of(&self, state: impl Borrow<ServiceState>) -> u64 {
        match state.borrow() {
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

    /// Where they can be read: those that are down, unless the list has them all.
    pub(crate) fn more_url(&self) -> String {
        let all_down_shown = self.counts.down <= self.troubles.len() as u64;
        state_url(if all_down_shown { ServiceState::Degraded } else { ServiceState::Down })
    }

    /// The one line that says how things are.
    pub(crate) fn headline(&self, locale: &Locale) -> String {
        let counts = &self.counts;
        match self.headline_state() {
            ServiceState::Down => locale.count("headline-down", counts.down),
            ServiceState::Degraded => locale.count("headline-degraded", counts.degraded),
            ServiceState::Unknown if counts.total() == 0 => locale.t("headline-none"),
            ServiceState::Unknown => locale.count("headline-unknown", counts.unknown),
            ServiceState::Maintenance => locale.count("headline-maintenance", counts.maintenance),
            ServiceState::Up => locale.t("headline-up"),
        }
    }

    /// The worst state that any service is in.
    pub(crate) fn headline_state(&self) -> ServiceState {
        let counts = &self.counts;
        if counts.down > 0 {
            ServiceState::Down
        } else if counts.degraded > 0 {
            ServiceState::Degraded
        } else if counts.unknown > 0 || counts.total() == 0 {
            ServiceState::Unknown
        } else if counts.maintenance > 0 {
            ServiceState::Maintenance
        } else {
            ServiceState::Up
        }
    }
}

/// Where a tile leads: all services in one state.
pub(crate) fn state_url(state: impl Borrow<ServiceState>) -> String {
    let filter = ServiceFilter { state: Some(*state.borrow()), ..ServiceFilter::default() };
    urls::table(TableHome::Services, &filter, 1)
}

/// Where a cause leads: the services that it takes with it.
pub(crate) fn cause_url(cause: &Cause) -> String {
    let filter = ServiceFilter { cause: Some(cause.clone()), ..ServiceFilter::default() };
    urls::table(TableHome::Services, &filter, 1)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::i18n::Lang;

    #[track_caller]
    fn check(counts: StateCounts, expected: &str) {
        let locale = Locale::new(Lang::English, TimeZone::UTC);
        let live = Live { counts, ..Live::default() };
        assert_eq!(live.headline(&locale), expected);
    }

    #[test]
    fn the_headline_says_the_worst_that_is_going_on() {
        let up = StateCounts { up: 5, ..StateCounts::default() };
        check(StateCounts::default(), "No services yet");
        check(up, "All services are up");
        check(StateCounts { maintenance: 2, ..up }, "2 services in maintenance, the rest up");
        check(StateCounts { unknown: 1, ..up }, "The state of 1 service is unknown");
        check(StateCounts { unknown: 1, degraded: 1, ..up }, "1 service without redundancy");
        check(StateCounts { degraded: 3, down: 1_200, ..up }, "1,200 services are down");
    }

    #[test]
    fn what_the_list_leaves_out_is_one_link_away() {
        let counts = StateCounts { down: 0, degraded: 3, ..StateCounts::default() };
        let live = Live { counts, ..Live::default() };
        assert_eq!((live.more(), live.more_url().as_str()), (3, "/services?state=degraded"));
        let live = Live { counts: StateCounts { down: 9, ..counts }, ..Live::default() };
        assert_eq!((live.more(), live.more_url().as_str()), (12, "/services?state=down"));
    }
}
