//! The table of services with its search, filter and paging.

use correlate::model::{ServiceState, Timestamp};

use super::cause::Cause;
use super::day::DayCell;
use super::pager::Pager;
use crate::urls;

/// One service in the table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceRow {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whose it is; empty when unknown.
    pub customer: String,
    /// How it is now.
    pub state: ServiceState,
    /// Since when it is like that.
    pub since: Timestamp,
    /// Availability since midnight as decimal text, `"99.98"`.
    pub uptime_today: Option<String>,
    /// Availability of the last seven days.
    pub uptime_7d: Option<String>,
    /// Availability of the last thirty days.
    pub uptime_30d: Option<String>,
    /// The last thirty days, oldest first; may be empty, then no strip is drawn.
    pub days: Vec<DayCell>,
}

/// On which page a table stands; its links stay there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TableHome {
    /// The overview, `/`.
    Overview,
    /// The list of services, `/services`.
    Services,
}

impl TableHome {
    pub(crate) const fn path(self) -> &'static str {
        match self {
            TableHome::Overview => urls::OVERVIEW,
            TableHome::Services => urls::SERVICES,
        }
    }
}

/// The order of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ServiceSort {
    /// Worst state first (down, degraded, unknown, maintenance, up), then by name.
    #[default]
    State,
    /// By name.
    Name,
    /// By customer, then by name.
    Customer,
}

impl ServiceSort {
    pub(crate) const ALL: [ServiceSort; 3] =
        [ServiceSort::State, ServiceSort::Name, ServiceSort::Customer];

    pub(crate) const fn key(self) -> &'static str {
        match self {
            ServiceSort::State => "sort-state",
            ServiceSort::Name => "sort-name",
            ServiceSort::Customer => "sort-customer",
        }
    }

    /// The value of the query parameter `sort`.
    pub const fn as_str(self) -> &'static str {
        match self {
            ServiceSort::State => "state",
            ServiceSort::Name => "name",
            ServiceSort::Customer => "customer",
        }
    }

    /// Reads the query parameter; anything else is the default order.
    pub fn from_param(text: &str) -> ServiceSort {
        match text {
            "name" => ServiceSort::Name,
            "customer" => ServiceSort::Customer,
            _ => ServiceSort::State,
        }
    }
}

/// What the reader asked of the table: query parameters `q`, `state`, `cause`
/// (a component id), `sort` and `page`, each left out when it has its default.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ServiceFilter {
    /// Part of a name, customer or id, any case; empty for all.
    pub query: String,
    /// Only this state.
    pub state: Option<ServiceState>,
    /// Only services of whose state this component is a cause now.
    pub cause: Option<Cause>,
    /// The order.
    pub sort: ServiceSort,
}

impl ServiceFilter {
    pub(crate) fn has_state(&self, state: &ServiceState) -> bool {
        self.state == Some(*state)
    }

    pub(crate) fn is_default(&self) -> bool {
        self.query.is_empty() && self.state.is_none() && self.cause.is_none()
    }
}

/// One page of the table of services.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceTable {
    /// Where it stands.
    pub home: TableHome,
    /// What was asked.
    pub filter: ServiceFilter,
    /// The rows of this page, in the order asked.
    pub rows: Vec<ServiceRow>,
    /// Which page of how many.
    pub pager: Pager,
}

impl ServiceTable {
    pub(crate) fn without_cause_url(&self) -> String {
        urls::table(self.home, &ServiceFilter { cause: None, ..self.filter.clone() }, 1)
    }

    /// The address of exactly what is shown: the table follows the network.
    pub(crate) fn here(&self) -> String {
        urls::table(self.home, &self.filter, self.pager.page)
    }

    /// Where the next or previous page is, if there is one.
    pub(crate) fn neighbour_url(&self, forward: bool) -> Option<String> {
        let page = if forward { self.pager.next() } else { self.pager.previous() };
        page.map(|page| urls::table(self.home, &self.filter, page))
    }
}
