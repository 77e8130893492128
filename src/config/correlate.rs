//! `[correlate]`: the engine that turns samples into intervals.

use std::time::Duration;

use super::World;
use super::reader::Section;
use super::rule::{DurationIn, Whole};

/// More workers than this never share one machine.
const WORKERS_MAX: u32 = 256;
/// At least as long as two polls, so that one slow poll blinds nobody.
const STALE_AFTER: DurationIn =
    DurationIn { min: Duration::from_secs(10), max: Duration::from_secs(7 * 86_400) };
const STALE_AFTER_DEFAULT: Duration = Duration::from_secs(15 * 60);
const BATCH_INTERVAL: DurationIn =
    DurationIn { min: Duration::from_millis(50), max: Duration::from_secs(60) };
const BATCH_INTERVAL_DEFAULT: Duration = Duration::from_secs(1);
const CHECKPOINT_INTERVAL: DurationIn =
    DurationIn { min: Duration::from_secs(1), max: Duration::from_secs(3_600) };
const CHECKPOINT_INTERVAL_DEFAULT: Duration = Duration::from_secs(60);
const HORIZON: DurationIn =
    DurationIn { min: Duration::from_secs(3_600), max: Duration::from_secs(3_650 * 86_400) };
/// A year and a month: a year's report can still be put right.
const HORIZON_DEFAULT: Duration = Duration::from_secs(400 * 86_400);

/// `[correlate]`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct CorrelateConfig {
    /// Threads of the engine; the result does not depend on it.
    pub workers: u32,
    /// After how long without a sample a component becomes unknown.
    pub stale_after: Duration,
    /// How long facts are gathered before they are applied and written together.
    pub batch_interval: Duration,
    /// Between two checkpoints; a restart reads the log from the last one.
    pub checkpoint_interval: Duration,
    /// How far back a late fact may still change intervals.
    pub horizon: Duration,
}

pub(super) fn read(section: &Section<'_>, world: &dyn World) -> CorrelateConfig {
    let cores = u32::try_from(world.cores()).unwrap_or(WORKERS_MAX).min(WORKERS_MAX);
    CorrelateConfig {
        workers: section.or("workers", &Whole { min: 1, max: WORKERS_MAX }, cores),
        stale_after: section.or("stale_after", &STALE_AFTER, STALE_AFTER_DEFAULT),
        batch_interval: section.or("batch_interval", &BATCH_INTERVAL, BATCH_INTERVAL_DEFAULT),
        checkpoint_interval: section.or(
            "checkpoint_interval",
            &CHECKPOINT_INTERVAL,
            CHECKPOINT_INTERVAL_DEFAULT,
        ),
        horizon: section.or("horizon", &HORIZON, HORIZON_DEFAULT),
    }
}
