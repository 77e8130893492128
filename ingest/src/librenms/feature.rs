//! Something that not every LibreNMS has, or that not every account may see:
//! whether it is there, and when to ask again where it is not. Pure.

use correlate::model::Timestamp;

use crate::source::{Ability, Basis, Fault};

/// What was refused is asked for again after so long, then after twice as
/// long, and so on: a right may just have been given, or a server upgraded.
const AGAIN_MS_MIN: i64 = 60_000;

/// And in the end so seldom.
const AGAIN_MS_MAX: i64 = 3_600_000;

/// What is there, but never had anything in it, is asked for so often.
const EMPTY_AGAIN_MS: i64 = 86_400_000;

/// What is known of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Feature {
    /// As of the last time that it was asked for.
    ability: Option<Ability>,
    refusals: u32,
    again_at: Option<Timestamp>,
}

impl Feature {
    /// It was there.
    pub(super) fn works(&mut self) {
        *self = Feature { ability: Some(Ability::yes(Basis::Readable)), ..Feature::default() };
    }

    /// It was there at `now`, and there was nothing in it.
    pub(super) fn found_none(&mut self, now: Timestamp) {
        self.works();
        self.again_at = Some(now.plus_millis(EMPTY_AGAIN_MS));
    }

    /// It was refused at `now`.
    pub(super) fn refused(&mut self, fault: Fault, now: Timestamp) {
        let basis = if fault == Fault::Forbidden { Basis::Forbidden } else { Basis::Missing };
        let wait_ms = AGAIN_MS_MIN << self.refusals.min(16);
        self.ability = Some(Ability::no(basis));
        self.refusals = self.refusals.saturating_add(1);
        self.again_at = Some(now.plus_millis(wait_ms.min(AGAIN_MS_MAX)));
    }

    /// Whether it makes sense to ask for it at `now`.
    pub(super) fn is_worth_asking(&self, now: Timestamp) -> bool {
        self.again_at.is_none_or(|at| at <= now)
    }

    /// Whether it is there; `None` before it was asked for.
    pub(super) fn ability(&self) -> Option<Ability> {
        self.ability
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_asked_for_ever_more_seldom() {
        let mut feature = Feature::default();
        let mut asked = Vec::new();
        for minute in 0..24 * 60 {
            let now = Timestamp(minute * 60_000);
            if feature.is_worth_asking(now) {
                feature.refused(Fault::Forbidden, now);
                asked.push(minute);
            }
        }
        assert_eq!(asked[..8], [0, 1, 3, 7, 15, 31, 63, 123]);
        assert_eq!(asked.len(), 29, "once an hour in the end: {asked:?}");
        assert_eq!(feature.ability(), Some(Ability::no(Basis::Forbidden)));
    }

    #[test]
    fn what_works_is_asked_for_at_any_time() {
        let mut feature = Feature::default();
        assert_eq!(feature.ability(), None);
        feature.refused(Fault::NotFound, Timestamp(0));
        assert_eq!(feature.ability(), Some(Ability::no(Basis::Missing)));
        assert!(!feature.is_worth_asking(Timestamp(59_999)));
        feature.works();
        assert!(feature.is_worth_asking(Timestamp(0)));
        feature.found_none(Timestamp(0));
        assert!(!feature.is_worth_asking(Timestamp(86_399_999)), "once a day");
        assert!(feature.is_worth_asking(Timestamp(86_400_000)));
        assert_eq!(feature.ability(), Some(Ability::yes(Basis::Readable)));
    }
}
