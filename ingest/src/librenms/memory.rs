//! Where on the time line a verdict belongs, given what was said before.
//!
//! What is kept of a component are, for each state, the last sample given out
//! (`at`) and the last instant at which the state is *sure* to have held
//! (`held`). The two differ: a row that was read at 12:05 may have turned over
//! at any time since it was last written, so its sample is placed at 12:05,
//! but nobody knows whether the state still held then.
//!
//! From this follows the promise of every edge: the truth lies within
//! `[at - uncertainty_ms, at]`, as `at` is never before the state was seen and
//! `at - uncertainty_ms` never after the contrary was sure. Pure.

use correlate::model::ComponentState::{self, Down, Unknown, Up};
use correlate::model::Timestamp;

use super::policy::Verdict;
use crate::source::Reason;

/// When a row was read: it shows the server's tables as of some instant
/// between the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ReadAt {
    /// When it was asked for.
    pub(super) sent: Timestamp,
    /// When it had come.
    pub(super) received: Timestamp,
}

/// One state of a component; [`Timestamp::MIN`] for never.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Mark {
    /// The last sample of it that was given out.
    at: Timestamp,
    /// When it last is sure to have held.
    held: Timestamp,
}

const NEVER: Mark = Mark { at: Timestamp::MIN, held: Timestamp::MIN };

/// What was said of one component. Five instants and no more, because there
/// are millions of ports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Seen {
    up: Mark,
    down: Mark,
    unknown: Timestamp,
}

impl Default for Seen {
    fn default() -> Self {
        Seen { up: NEVER, down: NEVER, unknown: Timestamp::MIN }
    }
}

/// A verdict at its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Placed {
    pub(super) at: Timestamp,
    pub(super) state: ComponentState,
    pub(super) uncertainty_ms: u32,
    /// As of the verdict, or of the line.
    pub(super) reason: Option<Reason>,
}

impl Seen {
    /// Places the verdict on a row, and remembers it; `None` if it says
    /// nothing new that can be believed.
    #[inline]
    pub(super) fn place(&mut self, verdict: &Verdict, read: ReadAt) -> Option<Placed> {
        let placed = self.place_state(verdict, read)?;
        Some(Placed { reason: verdict.reason, ..placed })
    }

    fn place_state(&mut self, verdict: &Verdict, read: ReadAt) -> Option<Placed> {
        let Verdict { state, .. } = *verdict;
        let cut = |at: Timestamp| at.min(read.received);
        let proven = verdict.proven.map(cut);
        let newer = verdict.renewed.map(cut).max(proven);
        let Some((last_at, last)) = self.latest() else {
            if verdict.frozen {
                return None;
            }
            let at = newer.unwrap_or(read.received);
            let uncertainty_ms = gap_ms(verdict.contrary.unwrap_or(at), at);
            return Some(self.note(state, at, newer.unwrap_or(Timestamp::MIN), uncertainty_ms));
        };
        if last == state && !verdict.frozen {
            let at = newer.map_or(last_at, |at| at.max(last_at));
            return Some(self.note(state, at, newer.unwrap_or(Timestamp::MIN), 0));
        }
        if !verdict.frozen {
            if let Some(at) = proven.filter(|&at| at > last_at) {
                let uncertainty_ms = self.uncertainty_ms(state, verdict.contrary, at);
                return Some(self.note(state, at, at, uncertainty_ms));
            }
            // Nobody could say for a while; now it is as it was, or it is known for the
            // first time.
            let is_first = self.up == NEVER && self.down == NEVER;
            if let Some(at) = newer.filter(|&at| at > last_at)
                && (is_first || self.last_known() == Some(state))
            {
                return Some(self.note(state, at, at, 0));
            }
        }
        let is_older = read.sent <= last_at;
        let moved = newer > Some(last_at) && !verdict.frozen;
        let believed = match state {
            Unknown => !verdict.frozen,
            _ => self.turned_over(state) || moved,
        };
        let at = read.received;
        if is_older || !believed || at <= last_at {
            return None;
        }
        let uncertainty_ms = self.uncertainty_ms(state, verdict.contrary, at);
        // It began after the contrary was sure, and may be over again.
        let held = self.mark(opposite(state)).map_or(Timestamp::MIN, |mark| mark.held);
        Some(self.note(state, at, held, uncertainty_ms))
    }

    /// Places what a line of a log, or a row of an outage, says of the instant
    /// `at`: it held then, and had just been found. `earliest` is before `at`
    /// where the local time of the line has two meanings. `contrary` is the
    /// last instant before at which the contrary is sure from elsewhere.
    pub(super) fn place_line(
        &mut self,
        state: ComponentState,
        earliest: Timestamp,
        at: Timestamp,
        contrary: Option<Timestamp>,
    ) -> Placed {
        let is_renewal = self.latest().is_some_and(|(last_at, last)| {
            last_at < at && last == state && contrary.is_none_or(|contrary| contrary <= last_at)
        });
        let uncertainty_ms = if state == Unknown || is_renewal {
            0
        } else {
            let seen = self.mark(opposite(state)).map(|mark| mark.held);
            let before = |sure: &Timestamp| *sure > Timestamp::MIN && *sure <= earliest;
            let contrary = contrary.filter(before).max(seen.filter(before));
            contrary.map_or(u32::MAX, |contrary| gap_ms(contrary, at))
        };
        self.note(state, at, earliest, uncertainty_ms)
    }

    /// Whether what was said last is the contrary of `state`, of an instant before `at`.
    pub(super) fn is_otherwise_before(&self, state: ComponentState, at: Timestamp) -> bool {
        state != Unknown
            && self.latest().is_some_and(|(last_at, last)| last_at < at && last == opposite(state))
    }

    /// Whether the contrary of `state` was last said of an instant up to `until`.
    pub(super) fn was_otherwise(&self, state: ComponentState, until: Timestamp) -> bool {
        self.mark(opposite(state)).is_some_and(|mark| mark.at <= until)
    }

    /// Spreads what was placed at `since` up to `at`: the state held at some
    /// instant between the two, and nobody knows at which. So it is sure of no
    /// instant but those of `before`, which is what was known until then.
    pub(super) fn spread(
        &mut self,
        before: &Seen,
        placed: Placed,
        since: Timestamp,
        at: Timestamp,
    ) -> Placed {
        if placed.at > since && placed.uncertainty_ms == 0 {
            // Said again for the same reason, which proves no instant this time either.
            (self.up.held, self.down.held) = (before.up.held, before.down.held);
        }
        if placed.at != since || at <= since {
            return placed;
        }
        let uncertainty_ms = placed.uncertainty_ms.saturating_add(gap_ms(since, at));
        (self.up.held, self.down.held) = (before.up.held, before.down.held);
        self.note(placed.state, at, Timestamp::MIN, 0);
        Placed { at, uncertainty_ms, ..placed }
    }

    /// Notes that the state held at `at`, as it had before.
    pub(super) fn renew(&mut self, state: ComponentState, at: Timestamp) -> Placed {
        self.note(state, at, at, 0)
    }

    /// Whether the contrary of `state` was last said of an instant between the two.
    pub(super) fn was_otherwise_within(
        &self,
        state: ComponentState,
        from: Timestamp,
        until: Timestamp,
    ) -> bool {
        self.mark(opposite(state)).is_some_and(|mark| from < mark.at && mark.at < until)
    }

    /// Notes that a line found the state at `at`, and that another line had said
    /// otherwise at `other`, of which nothing is known: if it was so, it ended since.
    pub(super) fn note_unproven(
        &mut self,
        state: ComponentState,
        other: Timestamp,
        at: Timestamp,
    ) -> Placed {
        self.note(state, at, at, gap_ms(other, at))
    }

    /// What was said last, and of which instant.
    pub(super) fn latest(&self) -> Option<(Timestamp, ComponentState)> {
        [(self.unknown, Unknown), (self.up.at, Up), (self.down.at, Down)]
            .into_iter()
            .max_by_key(|&(at, _)| at)
            .filter(|&(at, _)| at > Timestamp::MIN)
    }

    /// Up or down, whichever was said last.
    fn last_known(&self) -> Option<ComponentState> {
        match self.up.at.cmp(&self.down.at) {
            std::cmp::Ordering::Greater => Some(Up),
            std::cmp::Ordering::Less => Some(Down),
            std::cmp::Ordering::Equal => None,
        }
    }

    /// Whether `state` is the opposite of what was last known for certain.
    fn turned_over(&self, state: ComponentState) -> bool {
        self.last_known().is_some_and(|known| known == opposite(state))
    }

    fn mark(&self, state: ComponentState) -> Option<Mark> {
        let mark = match state {
            Up => self.up,
            Down => self.down,
            Unknown => return None,
        };
        (mark.at > Timestamp::MIN).then_some(mark)
    }

    fn note(
        &mut self,
        state: ComponentState,
        at: Timestamp,
        held: Timestamp,
        uncertainty_ms: u32,
    ) -> Placed {
        let mark = match state {
            Up => &mut self.up,
            Down => &mut self.down,
            Unknown => {
                self.unknown = at.max(self.unknown);
                return Placed { at, state, uncertainty_ms: 0, reason: None };
            }
        };
        *mark = Mark { at: at.max(mark.at), held: held.max(mark.held) };
        Placed { at, state, uncertainty_ms, reason: None }
    }

    /// How long before `at` the state may have begun: back to where the
    /// contrary was sure. 0 where nothing is known of the time before.
    fn uncertainty_ms(
        &self,
        state: ComponentState,
        contrary: Option<Timestamp>,
        at: Timestamp,
    ) -> u32 {
        if state == Unknown || self.last_known() == Some(state) {
            return 0;
        }
        let seen = self.mark(opposite(state)).map(|mark| mark.held);
        match contrary.filter(|&contrary| contrary <= at).max(seen) {
            Some(sure) => gap_ms(sure, at),
            None => 0,
        }
    }
}

fn opposite(state: ComponentState) -> ComponentState {
    match state {
        Up => Down,
        Down => Up,
        Unknown => Unknown,
    }
}

/// From `from` to `at`; [`u32::MAX`] for more, and for "never".
fn gap_ms(from: Timestamp, at: Timestamp) -> u32 {
    let gap_ms = at.millis().saturating_sub(from.millis());
    u32::try_from(gap_ms.max(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row that proves the state at `at`.
    fn says(state: ComponentState, at: i64) -> Verdict {
        let (proven, reason) = (Some(Timestamp(at)), None);
        Verdict { state, proven, renewed: None, contrary: None, frozen: false, reason }
    }

    /// A row whose time serves only to renew what was known.
    fn renews(state: ComponentState, at: i64) -> Verdict {
        Verdict { proven: None, renewed: Some(Timestamp(at)), ..says(state, 0) }
    }

    fn read(at: i64) -> ReadAt {
        ReadAt { sent: Timestamp(at), received: Timestamp(at) }
    }

    type Given = Option<(i64, ComponentState, u32)>;

    fn given(placed: Placed) -> Given {
        Some((placed.at.millis(), placed.state, placed.uncertainty_ms))
    }

    /// Places verdicts, each read at the given instant; instant, state and
    /// uncertainty of what comes out.
    #[track_caller]
    fn check(readings: &[(i64, Verdict)], expected: &[Given]) {
        let mut seen = Seen::default();
        let found: Vec<_> = readings
            .iter()
            .map(|(now, verdict)| {
                let placed = seen.place(verdict, read(*now))?;
                assert!(placed.at <= Timestamp(*now), "never later than the reading");
                given(placed)
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_state_holds_at_the_instant_of_its_row_and_is_renewed_by_it() {
        check(
            &[(100, says(Up, 90)), (110, says(Up, 90)), (200, says(Up, 190))],
            &[Some((90, Up, 0)), Some((90, Up, 0)), Some((190, Up, 0))],
        );
    }

    #[test]
    fn an_edge_is_uncertain_back_to_the_last_evidence_of_the_contrary() {
        let down = Verdict { contrary: Some(Timestamp(95)), ..says(Down, 180) };
        check(
            &[(100, says(Up, 90)), (200, down), (300, says(Up, 280))],
            &[Some((90, Up, 0)), Some((180, Down, 85)), Some((280, Up, 100))],
        );
    }

    #[test]
    fn a_first_sighting_of_down_is_uncertain_back_to_the_last_good_poll() {
        let down = Verdict { contrary: Some(Timestamp(95)), ..says(Down, 180) };
        check(&[(200, down)], &[Some((180, Down, 85))]);
    }

    #[test]
    fn a_state_that_turned_without_a_proof_holds_from_the_reading() {
        let flipped = Verdict { proven: None, ..says(Down, 0) };
        check(
            &[(100, says(Up, 90)), (150, flipped), (160, flipped), (170, renews(Up, 165))],
            &[
                Some((90, Up, 0)),
                Some((150, Down, 60)),
                // Nothing new is known: the same sample again.
                Some((150, Down, 0)),
                // It may have been up again right after 90.
                Some((170, Up, 80)),
            ],
        );
        check(
            &[(100, says(Up, 90)), (150, says(Down, 90)), (200, renews(Down, 180))],
            &[Some((90, Up, 0)), Some((150, Down, 60)), Some((180, Down, 0))],
        );
    }

    #[test]
    fn what_was_renewed_is_sure_to_have_held_until_then() {
        check(
            &[
                (100, renews(Up, 90)),
                (150, renews(Down, 120)),
                (210, renews(Down, 180)),
                (300, says(Up, 280)),
            ],
            &[Some((90, Up, 0)), Some((150, Down, 60)), Some((180, Down, 0)), Some((280, Up, 100))],
        );
    }

    #[test]
    fn times_never_run_backwards_while_a_state_lasts() {
        check(
            &[
                (100, says(Down, 90)),
                (120, says(Up, 90)),
                (130, says(Up, 95)),
                (140, says(Up, 135)),
            ],
            &[Some((90, Down, 0)), Some((120, Up, 30)), Some((120, Up, 0)), Some((135, Up, 0))],
        );
    }

    #[test]
    fn a_time_in_the_future_is_cut_to_the_reading() {
        check(&[(100, says(Up, 105))], &[Some((100, Up, 0))]);
    }

    #[test]
    fn a_frozen_row_says_nothing_unless_its_state_turned_over() {
        let frozen = |state| Verdict { frozen: true, ..says(state, 10) };
        check(&[(1000, frozen(Up)), (1100, frozen(Up))], &[None, None]);
        check(
            &[(20, says(Up, 10)), (1000, frozen(Up)), (1100, frozen(Down)), (1200, frozen(Down))],
            &[Some((10, Up, 0)), None, Some((1100, Down, 1090)), None],
        );
    }

    #[test]
    fn after_a_time_of_blindness_only_a_newer_row_is_believed() {
        check(
            &[
                (100, says(Up, 90)),
                (200, says(Unknown, 180)),
                // The device is back, but its ports have not been read again.
                (210, renews(Up, 90)),
                (300, renews(Up, 290)),
            ],
            &[Some((90, Up, 0)), Some((180, Unknown, 0)), None, Some((290, Up, 0))],
        );
    }

    #[test]
    fn what_was_unknown_from_the_start_is_known_from_the_instant_of_its_row() {
        check(
            &[(180, says(Unknown, 180)), (200, renews(Up, 170)), (300, renews(Up, 290))],
            &[Some((180, Unknown, 0)), None, Some((290, Up, 0))],
        );
    }

    #[test]
    fn an_edge_behind_a_time_of_blindness_is_uncertain_over_all_of_it() {
        check(
            &[(100, says(Up, 90)), (200, says(Unknown, 180)), (300, says(Down, 290))],
            &[Some((90, Up, 0)), Some((180, Unknown, 0)), Some((290, Down, 200))],
        );
    }

    #[test]
    fn nobody_can_say_from_now_on_even_if_the_row_is_older() {
        check(
            &[(100, says(Up, 90)), (120, says(Unknown, 80))],
            &[Some((90, Up, 0)), Some((120, Unknown, 0))],
        );
    }

    #[test]
    fn a_list_that_was_asked_for_before_the_last_news_does_not_undo_them() {
        let mut seen = Seen::default();
        seen.place(&says(Up, 90), read(100));
        let line = seen.place_line(Down, Timestamp(150), Timestamp(150), None);
        assert_eq!(given(line), Some((150, Down, 60)));
        let slow = ReadAt { sent: Timestamp(140), received: Timestamp(200) };
        assert_eq!(seen.place(&renews(Up, 90), slow), None);
        let later = ReadAt { sent: Timestamp(160), received: Timestamp(200) };
        assert_eq!(seen.place(&renews(Up, 90), later).and_then(given), Some((200, Up, 50)));
    }

    #[test]
    fn a_line_that_comes_after_its_row_sharpens_the_edge() {
        let mut seen = Seen::default();
        seen.place(&says(Up, 90), read(100));
        assert_eq!(
            seen.place(&renews(Down, 90), read(200)).and_then(given),
            Some((200, Down, 110))
        );
        let line = seen.place_line(Down, Timestamp(130), Timestamp(130), None);
        assert_eq!(given(line), Some((130, Down, 40)));
        // And the next edge is known to be behind it.
        assert_eq!(seen.place(&renews(Up, 90), read(300)).and_then(given), Some((300, Up, 170)));
    }

    #[test]
    fn a_line_of_two_meanings_is_uncertain_over_both() {
        let mut seen = Seen::default();
        seen.place(&says(Up, 90), read(100));
        let line = seen.place_line(Down, Timestamp(150), Timestamp(3_750), None);
        assert_eq!(given(line), Some((3_750, Down, 3_660)));
    }

    #[test]
    fn a_line_without_anything_before_it_may_be_about_anything_before() {
        let mut seen = Seen::default();
        let line = seen.place_line(Down, Timestamp(150), Timestamp(150), None);
        assert_eq!(given(line), Some((150, Down, u32::MAX)));
        let again = seen.place_line(Down, Timestamp(160), Timestamp(160), None);
        assert_eq!(given(again), Some((160, Down, 0)), "said twice is no edge");
    }

    #[test]
    fn what_held_at_some_instant_up_to_the_reading_proves_nothing_of_the_reading() {
        let mut seen = Seen::default();
        seen.place(&says(Up, 50), read(60));
        let before = seen;
        let up = seen.place(&renews(Up, 90), read(100)).unwrap();
        let up = seen.spread(&before, up, Timestamp(90), Timestamp(100));
        assert_eq!(given(up), Some((100, Up, 10)));
        // Read again, the same ping proves no more.
        let before_again = seen;
        let again = seen.place(&renews(Up, 90), read(110)).unwrap();
        let again = seen.spread(&before_again, again, Timestamp(90), Timestamp(110));
        assert_eq!(given(again), Some((100, Up, 0)));
        // Sure is only what was so before: the ping itself may have failed.
        let line = seen.place_line(Down, Timestamp(90), Timestamp(90), None);
        assert_eq!(given(line), Some((90, Down, 40)));
        // What was not placed at the ping stays.
        assert_eq!(seen.spread(&before, line, Timestamp(80), Timestamp(160)), line);
    }

    #[test]
    fn what_was_said_last_tells_whether_it_was_otherwise_for_a_while() {
        let mut seen = Seen::default();
        seen.place(&says(Down, 100), read(110));
        let was_up = |seen: &Seen| seen.was_otherwise_within(Down, Timestamp(100), Timestamp(400));
        assert!(!was_up(&seen));
        seen.place(&says(Up, 350), read(360));
        assert!(was_up(&seen));
        seen.place(&says(Up, 400), read(410));
        assert!(!was_up(&seen), "its end is no contradiction");
    }

    #[test]
    fn a_line_beside_one_that_nothing_proves_is_uncertain_since_that() {
        let mut seen = Seen::default();
        let line = seen.note_unproven(Up, Timestamp(500), Timestamp(700));
        assert_eq!(given(line), Some((700, Up, 200)));
    }

    #[test]
    fn an_outage_that_is_heard_of_late_is_placed_before_what_is_known() {
        let mut seen = Seen::default();
        seen.place(&says(Up, 90), read(100));
        seen.place(&says(Up, 990), read(1_000));
        let down = seen.place_line(Down, Timestamp(500), Timestamp(500), Some(Timestamp(450)));
        assert_eq!(given(down), Some((500, Down, 50)));
        let up = seen.place_line(Up, Timestamp(600), Timestamp(600), None);
        assert_eq!(given(up), Some((600, Up, 100)));
        assert_eq!(seen.latest(), Some((Timestamp(990), Up)));
    }
}
