//! One service: how it is, how it was, and why.

use askama::Template;
use correlate::model::{ServiceState, Timestamp};
use serde::Serialize;

use super::path;
use crate::locale::Locale;
use crate::markup::{Markup, json_block};
use crate::shell::{Section, Shell};
use crate::urls;
use crate::view::day::DayCell;
use crate::view::intervals::IntervalTable;
use crate::view::kpi::Kpis;
use crate::view::path::{PathNode, PathView};
use crate::view::service::ServiceHead;
use crate::view::strip::{self, Bar, Tick};
use crate::view::timeline::{Timeline, Zoom};

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
    /// As it was believed to be at this moment; `None`: as it is now. The
    /// figures then reach up to it, there is no path, and nothing moves.
    pub as_of: Option<Timestamp>,
}

impl ServicePage {
    const SECTION: Section = Section::Services;

    /// The address of exactly what is shown, for the part that follows the
    /// network.
    fn here(&self) -> String {
        self.at(self.timeline.zoom, self.intervals.pager.page)
    }

    fn at(&self, zoom: Zoom, page: u64) -> String {
        urls::service_at(&self.service.id, zoom, page, self.as_of)
    }

    /// The instant up to which the page tells.
    fn until(&self) -> Timestamp {
        self.as_of.unwrap_or(self.shell.now)
    }

    fn why_url(&self, at: &Timestamp) -> String {
        urls::service_why(&self.service.id, Some(*at), self.as_of)
    }

    fn why_now_url(&self) -> String {
        urls::service_why(&self.service.id, None, self.as_of)
    }

    fn zoom_url(&self, zoom: &Zoom) -> String {
        self.at(*zoom, self.intervals.pager.page)
    }

    fn intervals_url(&self, page: Option<u64>) -> Option<String> {
        page.map(|page| self.at(self.timeline.zoom, page))
    }

    fn state_class(&self) -> &'static str {
        self.service.state.map_or("none", ServiceState::as_str)
    }

    fn bars(&self) -> Vec<Bar> {
        strip::bars(&self.timeline, &self.shell.locale)
    }

    fn ticks(&self) -> Vec<Tick> {
        strip::ticks(&self.timeline, &self.shell.locale)
    }

    fn path_drawing(&self, root: &PathNode) -> Markup {
        path::drawing(&self.shell.locale, root)
    }

    fn path_list(&self, root: &PathNode) -> Markup {
        path::list(&self.shell.locale, root)
    }

    /// Whether any day has a figure.
    fn has_trend(&self) -> bool {
        self.days.iter().any(|day| day.uptime_percent.is_some())
    }

    /// The trend as data: what the chart and its tips show, in words already.
    fn trend(&self) -> Markup {
        let locale = &self.shell.locale;
        let days: Vec<TrendDay> = self.days.iter().map(|day| TrendDay::of(day, locale)).collect();
        json_block(&TrendData { days, floor: self.trend_floor() })
    }

    fn trend_floor(&self) -> f64 {
        let percents = self.days.iter().filter_map(|day| day.uptime_percent.as_ref()?.parse().ok());
        axis_floor(percents.fold(100.0, f64::min))
    }

    fn trend_floor_text(&self) -> String {
        self.shell.locale.percent(&Some(self.trend_floor().to_string()))
    }
}

#[derive(Serialize)]
struct TrendData {
    days: Vec<TrendDay>,
    /// Where the axis starts, in percent.
    floor: f64,
}

/// Where the axis of the trend may start, in percent.
const AXIS_FLOORS: [f64; 8] = [99.9, 99.0, 98.0, 95.0, 90.0, 75.0, 50.0, 0.0];

/// The highest start of the axis that leaves the bar of the worst day tall
/// enough to be seen.
fn axis_floor(worst_percent: f64) -> f64 {
    let needed = worst_percent - (100.0 - worst_percent) * 0.15;
    AXIS_FLOORS.into_iter().find(|floor| *floor <= needed).unwrap_or(0.0)
}

#[derive(Serialize)]
struct TrendDay {
    label: String,
    /// For the height of the bar only; the text is what people read.
    percent: Option<f64>,
    text: String,
    state: Option<&'static str>,
    tip: String,
}

impl TrendDay {
    fn of(day: &DayCell, locale: &Locale) -> TrendDay {
        TrendDay {
            label: locale.day(day.date),
            percent: day.uptime_percent.as_ref().and_then(|text| text.parse().ok()),
            text: locale.percent(&day.uptime_percent),
            state: day.worst.map(ServiceState::as_str),
            tip: locale.day_tip(day),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_starts_below_the_worst_day() {
        for (worst, expected) in
            [(100.0, 99.9), (99.95, 99.9), (99.91, 99.0), (98.1, 95.0), (40.0, 0.0), (0.0, 0.0)]
        {
            let floor = axis_floor(worst);
            assert!((floor - expected).abs() < f64::EPSILON, "{worst}: {floor}");
        }
    }
}
