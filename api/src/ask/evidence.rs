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

/// Samples shown on either side of a transition.
const AROUND: usize = 3;

/// Samples shown before the instant asked about.
const LAST: usize = 6;

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
    stores.whole("component")?;
    let around = stores.series.transitions_around(std::slice::from_ref(component), at, None);
    let around = around.await?.remove(component);
    let recorded_at = around.as_ref().and_then(|around| around.recorded_at);
    let transition = around.and_then(|around| around.before);
    let names = ComponentNames::of(stores, [component].into()).await?;
    let device = names.device(component);
    let mut stretches = vec![stretch(at.plus_millis(AFTER_MS))];
    stretches.extend(recorded_at.map(stretch));
    let reported = match device {
        None => None,
        Some(device) => {
            let stretches = merged(stretches);
            let mut found = reported(log, &device, component, at, &stretches).await?;
            let since = transition.as_ref().map(|transition| transition.at);
            keep_what_tells(&mut found, since);
            Some(found)
        }
    };
    Ok(Behind { component: component.clone(), at, transition, reported, names })
}

/// Leaves those around the transition at `since`, and the last ones.
fn keep_what_tells(found: &mut Reported, since: Option<Timestamp>) {
    let turn = since.map_or(0, |since| found.samples.partition_point(|one| one.at < since));
    let total = found.samples.len();
    let tells = |index: usize| index.abs_diff(turn) <= AROUND || index + LAST >= total;
    let mut index = 0..;
    found.samples.retain(|_| index.next().is_some_and(tells));
    found.is_cut |= found.samples.len() < total;
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
    fn the_turn_and_the_last_samples_are_left() {
        let sample = |at| store::evidence::ReportedSample {
            at: Timestamp(at),
            state: correlate::model::ComponentState::Up,
            source: store::evidence::SampleSource::Poll,
            reason: None,
            observed_at: Timestamp(at),
            appended_at: Timestamp(at),
            place: (0, 0),
        };
        let check = |since: Option<i64>, expected: &[i64], is_cut: bool| {
            let samples = (0..30).map(sample).collect();
            let mut found = Reported { samples, ..Reported::default() };
            keep_what_tells(&mut found, since.map(Timestamp));
            let left: Vec<i64> = found.samples.iter().map(|one| one.at.millis()).collect();
            assert_eq!((left.as_slice(), found.is_cut), (expected, is_cut));
        };
        check(Some(10), &[7, 8, 9, 10, 11, 12, 13, 24, 25, 26, 27, 28, 29], true);
        check(None, &[0, 1, 2, 3, 24, 25, 26, 27, 28, 29], true);
        check(Some(29), &[24, 25, 26, 27, 28, 29], true);
        let mut few = Reported { samples: vec![sample(1)], ..Reported::default() };
        keep_what_tells(&mut few, Some(Timestamp(1)));
        assert_eq!((few.samples.len(), few.is_cut), (1, false));
    }

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
