//! One service: how it is, how it was, and why.

use askama::Template;
use correlate::model::ServiceState;
use serde::Serialize;

use super::path;
use crate::locale::{Locale, NO_FIGURE};
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
}

impl ServicePage {
    const SECTION: Section = Section::Services;

    /// The address of exactly what is shown, for the part that follows the
    /// network.
    fn here(&self) -> String {
        urls::service_at(&self.service.id, self.timeline.zoom, self.intervals.pager.page)
    }

    fn zoom_url(&self, zoom: &Zoom) -> String {
        urls::service_at(&self.service.id, *zoom, self.intervals.pager.page)
    }

    fn intervals_url(&self, page: Option<u64>) -> Option<String> {
        page.map(|page| urls::service_at(&self.service.id, self.timeline.zoom, page))
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
        json_block(&TrendData { days, no_figure: NO_FIGURE })
    }
}

#[derive(Serialize)]
struct TrendData {
    days: Vec<TrendDay>,
    no_figure: &'static str,
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
