//! A row of small bars, one per day: the last month at a glance.

use correlate::model::ServiceState;

use super::day::DayCell;
use crate::locale::Locale;
use crate::markup::{Markup, escape};

const CELL_PX: usize = 4;
const STEP_PX: usize = 6;
const HEIGHT_PX: usize = 22;

impl Locale {
    /// One bar per day, oldest first. Height tells the states apart as well
    /// as colour does.
    pub(crate) fn days(&self, days: &[DayCell]) -> Markup {
        let width = days.len().saturating_mul(STEP_PX).saturating_sub(STEP_PX - CELL_PX);
        let bad = days.iter().filter(|day| day.worst == Some(ServiceState::Down)).count() as u64;
        let label = escape(&self.count("days-label", bad));
        let bars: String = days.iter().enumerate().map(|(at, day)| self.day_bar(at, day)).collect();
        Markup::new(format!(
            r#"<svg class="days" role="img" aria-label="{label}" width="{width}" height="{HEIGHT_PX}" viewBox="0 0 {width} {HEIGHT_PX}" preserveAspectRatio="none">{bars}</svg>"#
        ))
    }

    fn day_bar(&self, at: usize, day: &DayCell) -> String {
        let (class, height) = match day.worst {
            Some(ServiceState::Up) => ("up", HEIGHT_PX),
            Some(ServiceState::Down) => ("down", HEIGHT_PX),
            Some(ServiceState::Degraded) => ("degraded", 15),
            Some(ServiceState::Maintenance) => ("maintenance", 10),
            Some(ServiceState::Unknown) => ("unknown", 6),
            None => ("none", 2),
        };
        format!(
            r#"<rect class="day is-{class}" x="{}" y="{}" width="{CELL_PX}" height="{height}" rx="1" data-tip="{}"/>"#,
            at * STEP_PX,
            HEIGHT_PX - height,
            escape(&self.day_tip(day))
        )
    }

    /// `22 nov · 99,98% · Storing 17 min`.
    pub(crate) fn day_tip(&self, day: &DayCell) -> String {
        let mut parts = vec![self.day(day.date)];
        match day.worst {
            None => parts.push(self.t("state-not-existing")),
            Some(worst) => {
                parts.push(self.percent(&day.uptime_percent));
                parts.push(if worst == ServiceState::Down {
                    format!("{} {}", self.state(worst), self.duration(day.down_ms))
                } else {
                    self.state(worst)
                });
            }
        }
        parts.join(" · ")
    }
}
