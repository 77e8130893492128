//! Disbelieves lists that are suddenly empty or much shorter.
//!
//! LibreNMS answers 200 with an empty list when its SQL fails, and with fewer
//! rows when the token's user has lost rights. Neither means that devices are
//! gone. Pure.

use correlate::model::Timestamp;

use crate::source::{Fault, SourceError};

/// A list with fewer rows than this share of the last good one is suspect...
const SHRUNK_PERCENT: usize = 50;

/// ...if at least so many rows are missing; small installs do get smaller.
const SHRUNK_MISSING_MIN: usize = 10;

/// A short list that stays so for this long is the truth: somebody has removed
/// half the network from LibreNMS. An empty one never becomes the truth.
const SHRUNK_BELIEVED_AFTER_MS: i64 = 3_600_000;

/// Watches the length of one list.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ListGuard {
    good: usize,
    suspect_since: Option<Timestamp>,
}

impl ListGuard {
    /// The list had so many rows when it was last good, as an earlier process
    /// knows; passed over once one was read.
    pub(super) fn remember(&mut self, count: usize) {
        if self.good == 0 && self.suspect_since.is_none() {
            self.good = count;
        }
    }

    /// Whether a list of `count` rows, read at `now`, can be believed.
    /// `subject` is the list, for example `the device list`.
    pub(super) fn admit(
        &mut self,
        subject: &str,
        count: usize,
        now: Timestamp,
    ) -> Result<(), SourceError> {
        let missing = self.good.saturating_sub(count);
        let shrunk = missing >= SHRUNK_MISSING_MIN && count * 100 < self.good * SHRUNK_PERCENT;
        if !shrunk {
            *self = ListGuard { good: count, suspect_since: None };
            return Ok(());
        }
        let since = *self.suspect_since.get_or_insert(now);
        if count == 0 {
            return Err(empty(subject));
        }
        if since.plus_millis(SHRUNK_BELIEVED_AFTER_MS) <= now {
            *self = ListGuard { good: count, suspect_since: None };
            return Ok(());
        }
        let message = format!(
            "LibreNMS gives {count} rows in {subject}, where it gave {}; the token's user may have \
             lost rights. The last good state is kept; if this is right, it is believed after {} \
             minutes",
            self.good,
            SHRUNK_BELIEVED_AFTER_MS / 60_000
        );
        Err(SourceError::new(Fault::Shrunk, message))
    }
}

/// A list that must have rows has none.
pub(super) fn empty(subject: &str) -> SourceError {
    let message = format!(
        "LibreNMS gives an empty {}: the token's user may see nothing (give it the role \
         global-read), or a query failed on the server. The last good state is kept",
        subject.trim_start_matches("the ")
    );
    SourceError::new(Fault::Empty, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    /// Feeds counts a minute apart; the fault of each.
    #[track_caller]
    fn check(counts: &[usize], expected: &[Option<Fault>]) {
        let mut guard = ListGuard::default();
        let found: Vec<_> = counts
            .iter()
            .enumerate()
            .map(|(minute, &count)| {
                let now = Timestamp(minute as i64 * MINUTE);
                guard.admit("the device list", count, now).err().map(|error| error.fault)
            })
            .collect();
        assert_eq!(found, expected, "{counts:?}");
    }

    #[test]
    fn growth_and_small_losses_are_believed() {
        check(&[5, 900, 890, 450], &[None; 4]);
        check(&[12, 3], &[None; 2]);
    }

    #[test]
    fn a_sharp_loss_is_not_believed_and_the_last_good_length_stays() {
        let (ok, bad) = (None, Some(Fault::Shrunk));
        check(&[900, 449, 449, 900], &[ok, bad, bad, ok]);
        check(&[20, 9, 10], &[ok, bad, ok]);
    }

    #[test]
    fn an_empty_list_after_a_good_one_is_never_believed() {
        let mut guard = ListGuard::default();
        guard.admit("the port list", 100, Timestamp(0)).unwrap();
        for hour in 1..100 {
            let error = guard.admit("the port list", 0, Timestamp(hour * 60 * MINUTE)).unwrap_err();
            assert_eq!(error.fault, Fault::Empty);
        }
    }

    #[test]
    fn what_an_earlier_process_knew_counts_until_a_list_was_read() {
        let mut guard = ListGuard::default();
        guard.remember(100);
        let fault = |guard: &mut ListGuard, count| {
            guard.admit("the port list", count, Timestamp(0)).err().map(|error| error.fault)
        };
        assert_eq!(fault(&mut guard, 0), Some(Fault::Empty));
        assert_eq!(fault(&mut guard, 40), Some(Fault::Shrunk));
        assert_eq!(fault(&mut guard, 60), None);
        guard.remember(1_000);
        assert_eq!(fault(&mut guard, 60), None);
    }

    #[test]
    fn a_loss_that_stays_is_believed_in_the_end() {
        let mut guard = ListGuard::default();
        guard.admit("the device list", 100, Timestamp(0)).unwrap();
        assert!(guard.admit("the device list", 40, Timestamp(MINUTE)).is_err());
        assert!(guard.admit("the device list", 40, Timestamp(60 * MINUTE)).is_err());
        assert!(guard.admit("the device list", 40, Timestamp(61 * MINUTE)).is_ok());
        assert!(guard.admit("the device list", 40, Timestamp(62 * MINUTE)).is_ok());
    }
}
