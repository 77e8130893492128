//! Intervals told as a story tells them, so that a difference can be read,
//! and pasted into the story where it was wrong.

use std::fmt::Write as _;

use correlate::model::{ComponentId, Interval, ServiceId, Timestamp};

use super::Timelines;

/// Every service of `timelines`.
pub fn tell(timelines: &Timelines) -> String {
    timelines.iter().map(|(service, list)| tell_service(service, list)).collect()
}

/// One service, a line for each interval and each move of its cause.
pub fn tell_service(service: &ServiceId, list: &[Interval]) -> String {
    let mut told = String::new();
    let mut row = |what: String| {
        let name = if told.is_empty() { quoted(service.as_str()) } else { String::new() };
        writeln!(told, "{name:12} {what}").expect("writing to a String cannot fail");
    };
    if list.is_empty() {
        row("never exists".to_owned());
    }
    for interval in list {
        let until = interval.end.map_or("on".to_owned(), |end| format!("to {}", instant(end)));
        let from = instant(interval.start);
        row(format!("{from} {until}  {}{}", interval.state, causes(&interval.cause)));
        for (at, cause) in &interval.cause_moves {
            let cause = if cause.is_empty() { " nobody".to_owned() } else { causes(cause) };
            row(format!("{}  cause{cause}", instant(*at)));
        }
    }
    told
}

fn causes(cause: &[ComponentId]) -> String {
    cause.iter().map(|id| format!("  {}", quoted(id.as_str()))).collect()
}

pub(super) fn quoted(id: &str) -> String {
    if id.contains([' ', '(', ')', ',']) { format!("\"{id}\"") } else { id.to_owned() }
}

pub(super) fn instant(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.millis()) {
        Ok(at) => {
            let text = at.strftime("%Y-%m-%d %H:%M:%S%.f").to_string();
            text.strip_suffix(":00").map(str::to_owned).unwrap_or(text)
        }
        Err(_) => format!("{at:?}"),
    }
}
