//! The samples behind the state of a component: what changed it, and what
//! renewed it last.

use correlate::model::{ComponentId, Period, Timestamp};
use store::evidence::{Reported, reported};
use store::log::Log;
use store::series::Transition;

use super::{AskError, ComponentNames, Stores};

/// How long before a transition was recorded its samples are looked for: two
/// polls of five minutes, and what the pipeline takes.
const BEFORE_MS: i64 = 11 * 60_000;

/// How long after an instant what was said of it may have been appended: a
/// slow poll.
const AFTER_MS: i64 = 5 * 60_000;

/// What is behind the state of a component at an instant.
#[derive(Clone, Debug)]
pub struct Behind {
    /// Which component.
    pub component: ComponentId,
    /// When.
    pub at: Timestamp,
    /// The transition that gave the state; `None` where it was never reported
    /// until then.
    pub transition: Option<Transition>,
    /// What the log still holds; `None` where the device is not known whose
    /// reports would hold it.
    pub reported: Option<Reported>,
    /// What the component is called.
    pub names: ComponentNames,
}

/// What is behind the state of `component` at `at`.
///
/// # Errors
/// A store or the log that fails.
pub async fn behind(
    stores: Stores<'_>,
    log: &dyn Log,
    component: &ComponentId,
    at: Timestamp,
) -> Result<Behind, AskError> {
    let around = stores.series.transitions_around(std::slice::from_ref(component), at, None);
    let around = around.await?.remove(component);
    let recorded_at = around.as_ref().and_then(|around| around.recorded_at);
    let transition = around.and_then(|around| around.before);
    let names = ComponentNames::of(stores.series, [component].into()).await?;
    let device = names.device(component);
    let mut stretches = vec![stretch(at.plus_millis(AFTER_MS))];
    stretches.extend(recorded_at.map(stretch));
    let reported = match device {
        None => None,
        Some(device) => Some(reported(log, &device, component, &merged(stretches)).await?),
    };
    Ok(Behind { component: component.clone(), at, transition, reported, names })
}

/// The time in which a record was appended that counted at `until`.
fn stretch(until: Timestamp) -> Period {
    Period::new(until.plus_millis(-BEFORE_MS - AFTER_MS), until.plus_millis(1))
}

/// Two stretches that meet as one, so that nothing is read twice.
fn merged(mut stretches: Vec<Period>) -> Vec<Period> {
    stretches.sort_by_key(|stretch| stretch.from);
    stretches.dedup_by(|next, first| {
        let meet = next.from <= first.until;
        if meet {
            first.until = first.until.max(next.until);
        }
        meet
    });
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_that_meet_are_read_once() {
        let check = |a: i64, b: i64, expected: usize| {
            assert_eq!(merged(vec![stretch(Timestamp(a)), stretch(Timestamp(b))]).len(), expected);
        };
        check(0, 5, 1);
        check(5, 0, 1);
        check(0, 10 * BEFORE_MS, 2);
    }
}
