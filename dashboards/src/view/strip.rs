//! Where the pieces of a timeline lie on the strip, in percent of its width.

use correlate::model::{Period, ServiceState, Timestamp};
use jiff::civil::DateTime;
use jiff::{ToSpan, Unit, ZonedRound};

use super::timeline::{Segment, Timeline, Zoom};
use crate::locale::Locale;

/// Narrower than this a piece that is not up could not be seen or hit.
const WIDTH_MIN_PERCENT: f64 = 0.3;
/// Labels nearer to an end than this would stick out of the strip.
const TICK_MARGIN_PERCENT: f64 = 2.5;

/// A piece of the strip.
#[derive(Debug)]
pub(crate) struct Bar {
    pub(crate) state: ServiceState,
    pub(crate) x: String,
    pub(crate) width: String,
    pub(crate) tip: String,
    /// Where the piece begins, as far as it is on the strip.
    pub(crate) start: Timestamp,
}

impl Bar {
    /// The top of the piece in pixels; one that is degraded is lower than one
    /// that is up, so that they differ without colour too.
    pub(crate) const fn y(&self) -> u32 {
        match self.state {
            ServiceState::Degraded => 18,
            _ => 4,
        }
    }

    pub(crate) const fn height(&self) -> u32 {
        48 - self.y()
    }
}

/// A label beneath the strip.
#[derive(Debug)]
pub(crate) struct Tick {
    pub(crate) x: String,
    pub(crate) label: String,
}

/// The pieces in drawing order: those that are up first, so that a short
/// outage, widened until it can be seen, lies on top.
pub(crate) fn bars(timeline: &Timeline, locale: &Locale) -> Vec<Bar> {
    let mut segments: Vec<&Segment> = timeline.segments.iter().collect();
    segments.sort_by_key(|segment| rank(segment.state));
    segments.into_iter().map(|segment| bar(segment, &timeline.period, locale)).collect()
}

const fn rank(state: ServiceState) -> u8 {
    match state {
        ServiceState::Up => 0,
        ServiceState::Unknown => 1,
        ServiceState::Maintenance => 2,
        ServiceState::Degraded => 3,
        ServiceState::Down => 4,
    }
}

fn bar(segment: &Segment, period: &Period, locale: &Locale) -> Bar {
    let (from, to) = (place(segment.start, period), place(segment.end, period));
    let width =
        (to - from).max(if segment.state == ServiceState::Up { 0.0 } else { WIDTH_MIN_PERCENT });
    let x = from.min(100.0 - width).max(0.0);
    Bar {
        state: segment.state,
        x: format!("{x:.3}%"),
        width: format!("{width:.3}%"),
        tip: tip(segment, period, locale),
        start: segment.start,
    }
}

/// `Storing · 24 nov 14:03 – 14:20 · 17 min · core1.ams1`.
fn tip(segment: &Segment, period: &Period, locale: &Locale) -> String {
    let now = period.until;
    let mut parts = vec![
        locale.state(segment.state),
        locale.span_text(segment.start, segment.end, now),
        locale.duration(segment.end.0 - segment.start.0),
    ];
    let causes: Vec<&str> = segment.causes.iter().map(|cause| cause.name.as_str()).collect();
    if !causes.is_empty() {
        parts.push(causes.join(", "));
    }
    parts.join(" · ")
}

#[expect(clippy::cast_precision_loss, reason = "a place on a screen needs no more than 52 bits")]
fn place(at: Timestamp, period: &Period) -> f64 {
    let length = period.millis().max(1) as f64;
    let offset = at.0.saturating_sub(period.from.0) as f64;
    (offset / length * 100.0).clamp(0.0, 100.0)
}

/// Labels at round local times: every four hours, every day, every five days.
pub(crate) fn ticks(timeline: &Timeline, locale: &Locale) -> Vec<Tick> {
    let mut ticks = Vec::new();
    let Some(mut at) = first_tick(timeline, locale) else {
        return ticks;
    };
    let (hours, days) = match timeline.zoom {
        Zoom::Hours24 => (4, 0),
        Zoom::Days7 => (0, 1),
        Zoom::Days30 => (0, 5),
    };
    loop {
        let Ok(zoned) = at.to_zoned(locale.zone.clone()) else { break };
        let instant = Timestamp(zoned.timestamp().as_millisecond());
        if instant >= timeline.period.until {
            break;
        }
        let x = place(instant, &timeline.period);
        if instant >= timeline.period.from
            && (TICK_MARGIN_PERCENT..=100.0 - TICK_MARGIN_PERCENT).contains(&x)
        {
            let label = match timeline.zoom {
                Zoom::Hours24 => zoned.strftime("%H:%M").to_string(),
                Zoom::Days7 => locale.weekday(zoned.date()),
                Zoom::Days30 => locale.day(zoned.date()),
            };
            ticks.push(Tick { x: format!("{x:.3}%"), label });
        }
        let Ok(next) = at.checked_add(hours.hours().days(days)) else { break };
        at = next;
    }
    ticks
}

/// The local midnight at or before the start of the strip.
fn first_tick(timeline: &Timeline, locale: &Locale) -> Option<DateTime> {
    let from = jiff::Timestamp::from_millisecond(timeline.period.from.0).ok()?;
    let day = from.to_zoned(locale.zone.clone());
    let floor = ZonedRound::new().smallest(Unit::Day).mode(jiff::RoundMode::Floor);
    Some(day.round(floor).ok()?.datetime())
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::i18n::Lang;

    const HOUR_MS: i64 = 3_600_000;

    fn timeline(zoom: Zoom, until: &str, segments: Vec<Segment>) -> Timeline {
        let until = until.parse::<jiff::Timestamp>().expect("RFC 3339").as_millisecond();
        let period = Period::new(Timestamp(until - zoom.millis()), Timestamp(until));
        Timeline { zoom, period, segments }
    }

    fn amsterdam() -> Locale {
        Locale::new(Lang::English, TimeZone::get("Europe/Amsterdam").expect("bundled zone"))
    }

    fn segment(state: ServiceState, start: i64, end: i64) -> Segment {
        Segment { state, start: Timestamp(start), end: Timestamp(end), causes: Vec::new() }
    }

    #[test]
    fn a_short_outage_is_widened_drawn_last_and_stays_on_the_strip() {
        let mut strip = timeline(Zoom::Hours24, "2026-11-22T12:00:00Z", Vec::new());
        let (from, until) = (strip.period.from.0, strip.period.until.0);
        strip.segments = vec![
            segment(ServiceState::Down, from, from + 1_000),
            segment(ServiceState::Up, from + 1_000, until - 1_000),
            segment(ServiceState::Down, until - 1_000, until),
        ];
        let drawn: Vec<(ServiceState, String, String)> = bars(&strip, &amsterdam())
            .into_iter()
            .map(|bar| (bar.state, bar.x, bar.width))
            .collect();
        assert_eq!(drawn[0].0, ServiceState::Up);
        assert_eq!(drawn[1], (ServiceState::Down, "0.000%".to_owned(), "0.300%".to_owned()));
        assert_eq!(drawn[2], (ServiceState::Down, "99.700%".to_owned(), "0.300%".to_owned()));
    }

    #[test]
    fn labels_stand_at_round_local_times() {
        let day = timeline(Zoom::Hours24, "2026-11-22T12:00:00Z", Vec::new());
        let labels: Vec<String> =
            ticks(&day, &amsterdam()).into_iter().map(|tick| tick.label).collect();
        assert_eq!(labels, ["16:00", "20:00", "00:00", "04:00", "08:00", "12:00"]);
    }

    #[test]
    fn labels_keep_local_midnight_when_the_clock_changes() {
        let week = timeline(Zoom::Days7, "2026-10-28T12:00:00Z", Vec::new());
        let places: Vec<f64> = ticks(&week, &amsterdam())
            .into_iter()
            .map(|tick| tick.x.trim_end_matches('%').parse().expect("a percentage"))
            .collect();
        let hours: Vec<f64> =
            places.windows(2).map(|pair| ((pair[1] - pair[0]) / 100.0 * 168.0).round()).collect();
        assert_eq!(hours, [24.0, 24.0, 24.0, 25.0, 24.0, 24.0]);
        assert_eq!(HOUR_MS * 168, Zoom::Days7.millis());
    }
}
