//! Intervals: CSV with the header `service,start,end,state,cause`.

use std::fmt::Write;

use super::csv::quoted;
use crate::model::{Interval, Period, ServiceId};

/// Appends the rows of `intervals` (sorted by service), clipped to `period`:
/// an interval that began before it starts at its start with the cause as of
/// then, and one that goes on ends at its end.
pub fn write_intervals(out: &mut String, intervals: &[(ServiceId, Vec<Interval>)], period: Period) {
    out.push_str("service,start,end,state,cause\n");
    for (service, list) in intervals {
        let service = quoted(service.as_str());
        for interval in list {
            let end = interval.end.unwrap_or(period.until).min(period.until);
            let start = interval.start.max(period.from);
            if start >= end {
                continue;
            }
            let moved = interval.cause_moves.iter().rfind(|(at, _)| *at <= start);
            let cause = moved.map_or(&interval.cause, |(_, cause)| cause);
            let mut text = String::new();
            for (index, component) in cause.iter().enumerate() {
                if index > 0 {
                    text.push(' ');
                }
                text.push_str(component.as_str());
            }
            let (state, cause) = (interval.state, quoted(&text));
            writeln!(out, "{service},{start},{end},{state},{cause}")
                .expect("writing to a String cannot fail");
        }
    }
}
