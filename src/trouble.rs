//! What goes wrong again and again: logged once per change, and tried again
//! at growing distances. It decides nothing but when to try next.

use std::time::Duration;

use store::log::LogError;

/// Short enough that a hiccup is not felt.
const PAUSE_MIN: Duration = Duration::from_millis(250);
/// Long enough to leave a part in peace that is coming up, short enough that
/// nobody waits for us when it has.
const PAUSE_MAX: Duration = Duration::from_secs(15);

/// One thing that is done again and again, and how it went last.
#[derive(Debug)]
pub(crate) struct Trouble {
    doing: String,
    last: Option<String>,
    pause: Duration,
}

impl Trouble {
    /// Nothing has gone wrong yet with `doing`, such as `write the inventory of ams1`.
    pub(crate) fn new(doing: impl Into<String>) -> Trouble {
        Trouble { doing: doing.into(), last: None, pause: PAUSE_MIN }
    }

    /// It failed. Logs the error unless it is the one of the last time; gives
    /// how long to wait before the next try.
    pub(crate) fn failed(&mut self, error: impl Into<anyhow::Error>) -> Duration {
        let text = format!("{:#}", error.into());
        if self.last.as_deref() != Some(text.as_str()) {
            tracing::warn!(doing = self.doing, error = text, "failed, and is tried again");
            self.last = Some(text);
        }
        let pause = self.pause;
        self.pause = (pause * 2).min(PAUSE_MAX);
        pause
    }

    /// It succeeded; logged if it had failed before.
    pub(crate) fn well(&mut self) {
        if self.last.take().is_some() {
            tracing::info!(doing = self.doing, "succeeds again");
        }
        self.pause = PAUSE_MIN;
    }
}

/// Whether the log takes nothing more before it is opened again, so that the
/// process must end and be started anew.
pub(crate) fn is_final(error: &LogError) -> bool {
    matches!(error, LogError::Storage { .. } | LogError::Damaged { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_start_anew_after_success() {
        let mut trouble = Trouble::new("test");
        let fail = |trouble: &mut Trouble| trouble.failed(anyhow::anyhow!("away")).as_millis();
        let pauses: Vec<u128> = (0..8).map(|_| fail(&mut trouble)).collect();
        assert_eq!(pauses, [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
        trouble.well();
        assert_eq!(fail(&mut trouble), 250);
    }
}
