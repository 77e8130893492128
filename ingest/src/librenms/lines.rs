//! Lines of the event log that wait for a row to agree with them.
//!
//! A line is believed once a row that was asked for after it shows the state
//! that it tells. Lines before that state, of which the row shows nothing any
//! more, are believed only where something else proves them: for a port the
//! status before its last change, for a device its outages. What a person wrote
//! is never evidence. Pure.

use correlate::model::{ComponentState, Timestamp};

use super::decode::{FailingChecks, OperStatus, PortStatus};
use super::event::{Line, What};
use super::policy::Policy;
use crate::source::Reason;

/// A row that disagrees with a line for so long does so for good.
const WAIT_MS_MAX: i64 = 600_000;

/// The lines that one poll writes about one port are this close together.
const SAME_POLL_MS_MAX: i64 = 1_000;

/// A device that writes more than this has its older lines forgotten: rows and
/// outages tell the rest.
const WAITING_MAX: usize = 500;

/// A line whose time is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Waiting {
    pub(super) line: Line,
    /// When it was written; the first of two meanings of its local time.
    pub(super) earliest: Timestamp,
    /// The last one.
    pub(super) at: Timestamp,
    /// When it was read.
    pub(super) read_at: Timestamp,
}

/// What a line that is believed says of its component.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Believed {
    pub(super) earliest: Timestamp,
    pub(super) at: Timestamp,
    pub(super) state: ComponentState,
    /// Why, where that is not measured.
    pub(super) reason: Option<Reason>,
}

impl Believed {
    fn of(waiting: &Waiting, state: ComponentState, reason: Option<Reason>) -> Believed {
        Believed { earliest: waiting.earliest, at: waiting.at, state, reason }
    }
}

/// The lines of one device and its ports, by id.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Lines(Vec<Waiting>);

/// What became of the lines about a device itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct OfDevice {
    pub(super) believed: Vec<Believed>,
    /// When the last one of another state before them was written, which only its outages can
    /// prove; if they do not, the first of these tells nothing new.
    pub(super) unproven: Option<Timestamp>,
}

impl Lines {
    /// Adds one.
    pub(super) fn push(&mut self, waiting: Waiting) {
        let place = self.0.partition_point(|known| known.line.event_id < waiting.line.event_id);
        self.0.insert(place, waiting);
        if self.0.len() > WAITING_MAX {
            self.0.remove(0);
        }
    }

    /// The id of the first one.
    pub(super) fn first_id(&self) -> Option<u64> {
        self.0.first().map(|waiting| waiting.line.event_id)
    }

    /// Whether one waits that is about the device itself.
    pub(super) fn any_of_device(&self) -> bool {
        self.0.iter().any(|waiting| waiting.line.port_id.is_none())
    }

    /// Whether one waits that is about a port.
    pub(super) fn any_of_port(&self) -> bool {
        self.0.iter().any(|waiting| waiting.line.port_id.is_some())
    }

    /// When the device went down, and by which checks, as the lines say.
    pub(super) fn downs(&self) -> impl Iterator<Item = (Timestamp, FailingChecks)> + '_ {
        self.0.iter().filter(|waiting| !waiting.line.by_user).filter_map(|waiting| {
            match waiting.line.what {
                What::DeviceDown(failing) => Some((waiting.at, failing)),
                _ => None,
            }
        })
    }

    /// The lines about the device itself, held against its row: `up`, asked for
    /// at `sent`. Those that are decided are taken out.
    pub(super) fn of_device(&mut self, up: bool, policy: &Policy, sent: Timestamp) -> OfDevice {
        let is_due = |waiting: &Waiting| waiting.line.port_id.is_none() && waiting.read_at <= sent;
        let states: Vec<(Waiting, ComponentState, bool)> = self
            .0
            .iter()
            .filter(|waiting| is_due(waiting) && !waiting.line.by_user)
            .filter_map(|waiting| match waiting.line.what {
                What::DeviceDown(failing) => Some((*waiting, policy.failing(failing), false)),
                What::DeviceUp => Some((*waiting, ComponentState::Up, true)),
                _ => None,
            })
            .collect();
        let agrees = states.last().is_none_or(|&(.., is_up)| is_up == up);
        if !agrees {
            self.0.retain(|waiting| !is_due(waiting) || waits(waiting, sent));
            return OfDevice::default();
        }
        self.0.retain(|waiting| !is_due(waiting));
        let last = states.iter().rev().take_while(|&&(.., is_up)| is_up == up).count();
        let (before, believed) = states.split_at(states.len() - last);
        let first = believed.first().map(|&(_, state, _)| state);
        let other = before.iter().rev().find(|&&(_, state, _)| Some(state) != first);
        OfDevice {
            believed: believed
                .iter()
                .map(|(waiting, state, _)| {
                    let reason = match waiting.line.what {
                        What::DeviceDown(failing) => Policy::failing_reason(failing),
                        _ => None,
                    };
                    Believed::of(waiting, *state, reason)
                })
                .collect(),
            unproven: other.map(|(line, ..)| line.earliest),
        }
    }

    /// The lines about port `id`, held against its row, asked for at `sent`;
    /// `before` is the row known earlier. Those that are decided are taken out.
    pub(super) fn of_port(
        &mut self,
        id: u64,
        row: &PortStatus,
        before: Option<(OperStatus, bool)>,
        policy: &Policy,
        sent: Timestamp,
    ) -> Vec<Believed> {
        let is_due =
            |waiting: &Waiting| waiting.line.port_id == Some(id) && waiting.read_at <= sent;
        let due = self.0.iter().filter(|waiting| is_due(waiting) && !waiting.line.by_user);
        let mut course: Vec<(Waiting, OperStatus, bool)> = Vec::new();
        let mut now = before;
        for waiting in due {
            let next = match (waiting.line.what, now) {
                (What::Oper { to, .. }, Some((_, shut))) => (to, shut),
                (What::Oper { to, .. }, None) => (to, row.shut),
                (What::Shut(shut), Some((oper, _))) => (oper, shut),
                (What::Shut(shut), None) => (row.oper, shut),
                _ => continue,
            };
            course.push((*waiting, next.0, next.1));
            now = Some(next);
        }
        // One poll writes a line for each column: the state in between never was.
        course.dedup_by(|next, known| {
            let is_same = next.0.at.millis() - known.0.at.millis() <= SAME_POLL_MS_MAX;
            if is_same {
                *known = *next;
            }
            is_same
        });
        let agrees = course
            .last()
            .is_none_or(|&(_, oper, shut)| oper.resembles(row.oper) && shut == row.shut);
        if !agrees {
            self.0.retain(|waiting| !is_due(waiting) || waits(waiting, sent));
            return Vec::new();
        }
        self.0.retain(|waiting| !is_due(waiting));
        // One poll may write several lines, of one instant: only what they come to was ever so.
        let course: Vec<_> = course
            .iter()
            .enumerate()
            .filter(|(place, step)| course.get(place + 1).is_none_or(|next| next.0.at != step.0.at))
            .map(|(_, step)| *step)
            .collect();
        let state = |&(_, oper, shut): &(Waiting, OperStatus, bool)| policy.port_state(oper, shut);
        let present = policy.port_state(row.oper, row.shut);
        let last = course.iter().rev().take_while(|step| state(step) == present).count();
        let first = course.len() - last;
        let is_proven = first.checked_sub(1).is_some_and(|place| {
            let was = course[place].1;
            row.oper_before.is_some_and(|before| before.resembles(was)) && !was.resembles(row.oper)
        });
        let from = if is_proven { first - 1 } else { first };
        let believed = course[from..].iter().map(|step| {
            let (waiting, oper, shut) = step;
            Believed::of(waiting, state(step), Policy::port_reason(*oper, *shut))
        });
        believed.collect()
    }
}

fn waits(waiting: &Waiting, now: Timestamp) -> bool {
    now < waiting.read_at.plus_millis(WAIT_MS_MAX)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::librenms::decode::RowTime;
    use ComponentState::{Down, Up};

    const ICMP: FailingChecks = FailingChecks { icmp: true, snmp: false };

    fn waiting(event_id: u64, port_id: Option<u64>, what: What) -> Waiting {
        let at = Timestamp(i64::try_from(event_id).unwrap() * 1_000);
        let time = RowTime::Utc(jiff::Timestamp::UNIX_EPOCH);
        let line = Line { event_id, device_id: 1, port_id, time, what, by_user: false };
        Waiting { line, earliest: at, at, read_at: Timestamp(100_000) }
    }

    fn lines(all: &[(u64, Option<u64>, What)]) -> Lines {
        let mut lines = Lines::default();
        all.iter().for_each(|&(id, port, what)| lines.push(waiting(id, port, what)));
        lines
    }

    fn seconds(believed: &[Believed]) -> Vec<(i64, ComponentState)> {
        believed.iter().map(|one| (one.at.millis() / 1_000, one.state)).collect()
    }

    const SENT: Timestamp = Timestamp(100_000);

    #[test]
    fn a_line_is_believed_when_the_row_agrees() {
        let mut all = lines(&[(5, None, What::DeviceDown(ICMP))]);
        let found = all.of_device(false, &Policy::default(), SENT);
        assert_eq!((seconds(&found.believed), found.unproven), (vec![(5, Down)], None));
        assert!(all.0.is_empty());
    }

    #[test]
    fn a_line_that_the_row_does_not_bear_out_waits_and_is_dropped() {
        let mut all = lines(&[(5, None, What::DeviceDown(ICMP))]);
        let policy = Policy::default();
        assert_eq!(all.of_device(true, &policy, Timestamp(99_999)), OfDevice::default());
        assert_eq!(all.of_device(true, &policy, SENT), OfDevice::default());
        assert!(!all.0.is_empty(), "the row may be about to follow");
        assert_eq!(
            all.of_device(true, &policy, SENT.plus_millis(WAIT_MS_MAX)),
            OfDevice::default()
        );
        assert!(all.0.is_empty());
    }

    #[test]
    fn what_a_person_wrote_is_no_evidence() {
        let mut forged = waiting(5, None, What::DeviceDown(ICMP));
        forged.line.by_user = true;
        let mut all = Lines::default();
        all.push(forged);
        assert_eq!(all.of_device(false, &Policy::default(), SENT), OfDevice::default());
        assert!(all.0.is_empty());
    }

    #[test]
    fn down_said_again_is_down_since_the_first() {
        let down = What::DeviceDown(ICMP);
        let mut all = lines(&[(6, None, down), (5, None, down)]);
        let found = all.of_device(false, &Policy::default(), SENT);
        assert_eq!(seconds(&found.believed), [(5, Down), (6, Down)]);
    }

    #[test]
    fn what_is_over_needs_the_outages_to_prove_it() {
        let mut all = lines(&[(5, None, What::DeviceDown(ICMP)), (8, None, What::DeviceUp)]);
        let found = all.of_device(true, &Policy::default(), SENT);
        assert_eq!(
            (seconds(&found.believed), found.unproven),
            (vec![(8, Up)], Some(Timestamp(5_000)))
        );
    }

    fn row(oper: OperStatus, oper_before: Option<OperStatus>, shut: bool) -> PortStatus {
        PortStatus {
            oper,
            oper_before,
            shut,
            disabled: None,
            deleted: None,
            poll_time: NonZeroU32::new(90),
        }
    }

    fn oper(to: OperStatus) -> What {
        What::Oper { from: None, to }
    }

    #[track_caller]
    fn check_port(all: &[(u64, What)], row: &PortStatus, expected: &[(i64, ComponentState)]) {
        let all: Vec<_> = all.iter().map(|&(id, what)| (id, Some(7), what)).collect();
        let before = Some((OperStatus::Up, false));
        let found = lines(&all).of_port(7, row, before, &Policy::default(), SENT);
        assert_eq!(seconds(&found), expected);
    }

    #[test]
    fn a_port_is_down_since_its_line() {
        use OperStatus::{NotUp, Up as IsUp};
        check_port(&[(5, oper(NotUp))], &row(NotUp, Some(IsUp), false), &[(5, Down)]);
        check_port(&[(5, oper(NotUp))], &row(IsUp, Some(NotUp), false), &[]);
    }

    #[test]
    fn a_port_that_came_and_went_is_believed_as_far_as_its_row_remembers() {
        use OperStatus::{NotUp, Up as IsUp};
        let flap = [(5, oper(NotUp)), (8, oper(IsUp))];
        check_port(&flap, &row(IsUp, Some(NotUp), false), &[(5, Down), (8, Up)]);
        check_port(&flap, &row(IsUp, None, false), &[(8, Up)]);
        let twice = [(2, oper(NotUp)), (5, oper(IsUp)), (8, oper(NotUp))];
        check_port(&twice, &row(NotUp, Some(IsUp), false), &[(5, Up), (8, Down)]);
    }

    #[test]
    fn a_port_that_is_shut_is_unknown_since_the_first_of_its_lines() {
        use OperStatus::NotUp;
        let shut = [(5, What::Shut(true)), (8, oper(NotUp))];
        let unknown = ComponentState::Unknown;
        check_port(&shut, &row(NotUp, None, true), &[(5, unknown), (8, unknown)]);
    }

    #[test]
    fn the_lines_of_one_poll_are_one_change() {
        use OperStatus::{NotUp, Up as IsUp};
        let opened = [(5, What::Shut(false)), (6, oper(IsUp))];
        let opened: Vec<_> = opened.iter().map(|&(id, what)| (id, Some(7), what)).collect();
        let found = lines(&opened).of_port(
            7,
            &row(IsUp, Some(NotUp), false),
            Some((NotUp, true)),
            &Policy::default(),
            SENT,
        );
        assert_eq!(seconds(&found), [(6, Up)]);
    }
    #[test]
    fn of_lines_of_one_instant_only_what_they_come_to_was_so() {
        // Opened by hand: one poll reads that it is not shut any more, and that it is up.
        let mut all = Lines::default();
        for (event_id, what) in [(5, What::Shut(false)), (6, oper(OperStatus::Up))] {
            let at = Timestamp(5_000);
            all.push(Waiting { earliest: at, at, ..waiting(event_id, Some(7), what) });
        }
        let row = row(OperStatus::Up, Some(OperStatus::NotUp), false);
        let before = Some((OperStatus::NotUp, true));
        let found = all.of_port(7, &row, before, &Policy::default(), SENT);
        assert_eq!(seconds(&found), [(5, Up)]);
    }
}
