//! One service: how it is, how it was, and why.

use askama::Template;

use crate::shell::{Section, Shell};
use crate::view::day::DayCell;
use crate::view::intervals::IntervalTable;
use crate::view::kpi::Kpis;
use crate::view::path::PathView;
use crate::view::service::ServiceHead;
use crate::view::timeline::Timeline;

/// One service, `/services/{id}`.
#[derive(Template, Debug)]
#[template(path = "service.html")]
pub struct ServicePage {
    /// What surrounds it.
    pub shell: Shell,
    /// What it is and how it is now.
    pub service: ServiceHead,
    /// The figures at its head.
    pub kpis: Kpis,
    /// The strip of states.
    pub timeline: Timeline,
    /// The last thirty days, oldest first, for the trend.
    pub days: Vec<DayCell>,
    /// What it needs to work.
    pub path: PathView,
    /// Its intervals.
    pub intervals: IntervalTable,
}

impl ServicePage {
    const SECTION: Section = Section::Services;
}
