//! Intervals as stories write them.

use std::collections::BTreeMap;

use correlate::model::{ComponentId, Interval, ServiceId, ServiceState};

use super::Timelines;
use super::scan::{Complaint, Words};
use super::time::Calendar;
use crate::check_shape;

/// Reads lines such as
///
/// ```text
/// web  10:00 to 10:30  up
///      10:30 on        down  ams1/port/7
///      10:45           cause ams1/port/7 ams1/port/8
/// ```
pub(super) fn timelines<'a>(
    calendar: Calendar,
    lines: impl IntoIterator<Item = (u64, &'a str)>,
) -> Result<Timelines, Complaint> {
    let mut all = Timelines::new();
    let mut begun_on: BTreeMap<ServiceId, u64> = BTreeMap::new();
    let mut current: Option<ServiceId> = None;
    for (number, line) in lines {
        let mut words = Words::of(number, line)?;
        if !calendar.is_next(&words) {
            let id = ServiceId::from(words.word("the id of a service")?);
            if all.insert(id.clone(), Vec::new()).is_some() {
                return Err((number, format!("{id} has its intervals above already")));
            }
            begun_on.insert(id.clone(), number);
            current = Some(id);
            if words.eat("never") {
                words.expect("exists")?;
                words.end()?;
                continue;
            }
        }
        let Some(list) = current.as_ref().and_then(|id| all.get_mut(id)) else {
            return words.fail("the id of a service first");
        };
        row(calendar, &mut words, list)?;
        words.end()?;
    }
    for (id, list) in &all {
        let impossible =
            |what| (begun_on[id], format!("no service can have these intervals: {what}"));
        check_shape(id, list).map_err(impossible)?;
    }
    Ok(all)
}

fn row(calendar: Calendar, words: &mut Words, list: &mut Vec<Interval>) -> Result<(), Complaint> {
    let start = calendar.instant(words)?;
    if words.eat("cause") {
        let cause = causes(words)?;
        let number = words.number();
        let Some(last) = list.last_mut() else {
            return Err((number, "a cause moves within an interval, and there is none yet".into()));
        };
        last.cause_moves.push((start, cause));
        return Ok(());
    }
    let end = if words.eat("on") {
        None
    } else {
        words.expect("to")?;
        Some(calendar.instant(words)?)
    };
    let state = words.word("a state")?;
    let state: ServiceState =
        state.parse().map_err(|error| (words.number(), format!("{error}")))?;
    let cause = causes(words)?;
    list.push(Interval { start, end, state, cause, cause_moves: Vec::new() });
    Ok(())
}

/// Component ids in the order in which causes are kept; `nobody` for none.
fn causes(words: &mut Words) -> Result<Vec<ComponentId>, Complaint> {
    let mut cause: Vec<ComponentId> = Vec::new();
    if words.eat("nobody") {
        return Ok(cause);
    }
    while words.peek().is_some() {
        cause.push(words.word("a component")?.into());
    }
    Ok(cause)
}
