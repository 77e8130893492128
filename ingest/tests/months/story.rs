//! What happens in the simulated weeks, and when.

use std::sync::Arc;

use correlate::model::{Period, Timestamp};
use ingest::simulator::{
    DeviceIndex, Failure, FailureRates, FaultKind, Rate, Release, Role, World,
};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Between two readings: two polls of LibreNMS.
pub(crate) const STEP_MS: i64 = 10 * MINUTE_MS;
/// 2026-02-13 00:02:13 UTC. Morocco sets its clock back on 15 February, for Ramadan, and forward
/// again on 22 March.
const START: Timestamp = Timestamp(1_770_940_933_000);
const DAYS: i64 = 38;
/// When that is, in days since the start: at 02:00 UTC.
const CLOCK_BACK: f64 = 2.0818;
const CLOCK_FORWARD: f64 = 37.0818;
/// The account that is told the zone is read so long around it.
const NEAR_DAYS: f64 = 1.5;
pub(crate) const ZONE: &str = "Africa/Casablanca";
pub(crate) const PING_CYCLE_MS: i64 = MINUTE_MS;
/// So many times more failures than in real life: several a day in a small network.
const FAILURES_FACTOR: f64 = 40.0;
/// A fault of the server every so often, for so long.
const FAULT_EVERY_MS: i64 = 31 * HOUR_MS;
const FAULT_FOR_MS: i64 = 25 * MINUTE_MS;

/// Something that is done to the simulator or to the reader.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    Upgrade(Release),
    /// Stages the fault of that number.
    Fault(usize, FaultKind),
    /// Ends the fault of that number.
    FaultEnds(usize),
    Delete(DeviceIndex),
    AddAgain(DeviceIndex),
    /// The reader stops, and starts as a new process.
    ReaderStops,
    ReaderStarts,
}

/// A time in which nobody looked at all, or at a poller group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Blindness {
    pub(crate) period: Period,
    pub(crate) group: Option<usize>,
}

pub(crate) struct Story {
    pub(crate) seed: u64,
    pub(crate) world: Arc<World>,
    pub(crate) period: Period,
    pub(crate) failures: Vec<Failure>,
    /// In order of time, on whole steps.
    pub(crate) deeds: Vec<(Timestamp, Deed)>,
    pub(crate) blind: Vec<Blindness>,
    /// Deleted, and added again.
    pub(crate) moved: DeviceIndex,
    pub(crate) moved_at: Timestamp,
}

/// An instant on a whole step.
fn day(days: f64) -> Timestamp {
    let steps = (days * DAY_MS as f64 / STEP_MS as f64).round() as i64;
    START.plus_millis(steps * STEP_MS)
}

impl Story {
    pub(crate) fn of_everything(seed: u64, world: Arc<World>) -> Story {
        let period = Period::new(START, START.plus_millis(DAYS * DAY_MS));
        let failures = Failure::random(&world, seed, period, &rates());
        let cpe = world.devices().iter().position(|device| device.role == Role::Cpe);
        let moved = world.devices()[cpe.expect("a customer")].ports().next();
        let moved = world.ports()[moved.expect("a port").place()].device;
        let mut story = Story {
            seed,
            world,
            period,
            failures,
            deeds: Vec::new(),
            blind: Vec::new(),
            moved,
            moved_at: day(30.0),
        };
        for (days, release) in [
            (8.0, Release::V25_5),
            (13.0, Release::V26_3),
            (17.0, Release::V26_4),
            (21.0, Release::V26_5),
            (25.0, Release::V26_7),
        ] {
            story.deeds.push((day(days), Deed::Upgrade(release)));
        }
        story.stage_faults();
        story.deeds.push((story.moved_at, Deed::Delete(moved)));
        story.deeds.push((day(30.1), Deed::AddAgain(moved)));
        // Between two steps: another process, as after an update. Right after the clock was set
        // back and forward, some hours later, and on any day.
        for days in [CLOCK_BACK + 0.01, CLOCK_BACK + 0.3, 14.5, CLOCK_FORWARD + 0.01, 37.4] {
            story.deeds.push((day(days), Deed::ReaderStops));
            story.deeds.push((day(days), Deed::ReaderStarts));
        }
        for (days, hours) in [(6.3, 2), (29.2, 3)] {
            let away = Period::new(day(days), day(days).plus_millis(hours * HOUR_MS));
            story.deeds.push((away.from, Deed::ReaderStops));
            story.deeds.push((away.until, Deed::ReaderStarts));
            story.blind.push(Blindness { period: away, group: None });
        }
        story.deeds.sort_by_key(|(at, _)| *at);
        story
    }

    /// Whether a change of the clock is near: then an account that is told the zone is read too.
    pub(crate) fn is_near_a_change_of_the_clock(&self, at: Timestamp) -> bool {
        let days = (at.millis() - self.period.from.millis()) as f64 / DAY_MS as f64;
        [CLOCK_BACK, CLOCK_FORWARD].iter().any(|change| (days - change).abs() < NEAR_DAYS)
    }

    fn stage_faults(&mut self) {
        let mut number = 0;
        let mut stage = |story: &mut Story, from: Timestamp, for_ms: i64, kind| {
            story.deeds.push((from, Deed::Fault(number, kind)));
            story.deeds.push((from.plus_millis(for_ms), Deed::FaultEnds(number)));
            number += 1;
        };
        for (place, kind) in PASSING.into_iter().cycle().take(28).enumerate() {
            let from = day(0.6).plus_millis(place as i64 * FAULT_EVERY_MS);
            stage(self, from, FAULT_FOR_MS, kind);
        }
        for (days, hours, kind, group) in [
            (3.4, 5, FaultKind::StalledPollers { group: 1 }, Some(1)),
            (5.5, 3, FaultKind::EmptyOk, None),
            (10.2, 3, FaultKind::Unavailable, None),
            (19.7, 3, FaultKind::StalledPollers { group: 1 }, Some(1)),
            (26.1, 3, FaultKind::StalledPollers { group: 0 }, Some(0)),
            (36.1, 3, FaultKind::HtmlOk, None),
        ] {
            let period = Period::new(day(days), day(days).plus_millis(hours * HOUR_MS));
            stage(self, period.from, period.millis(), kind);
            // With empty lists nobody is blind: devices that pushes and glances name are read alone.
            if !matches!(kind, FaultKind::EmptyOk) {
                self.blind.push(Blindness { period, group });
            }
        }
        stage(self, day(27.0), 6 * DAY_MS, FaultKind::Bug267);
        stage(self, day(34.0), DAY_MS, FaultKind::Bug20310);
    }
}

/// Faults that pass before anything is stale.
const PASSING: [FaultKind; 14] = [
    FaultKind::Unauthorized,
    FaultKind::Forbidden,
    FaultKind::ServerError,
    FaultKind::Unavailable,
    FaultKind::Maintenance,
    FaultKind::TimeLimit,
    FaultKind::GatewayTimeout,
    FaultKind::HtmlOk,
    FaultKind::EmptyOk,
    FaultKind::Shrink { keep_percent: 20 },
    FaultKind::Truncated { after_bytes: 3_000 },
    FaultKind::BrokenOff { after_bytes: 3_000 },
    FaultKind::Slow { pause_ms: 0 },
    FaultKind::DroppedFilter,
];

fn rates() -> FailureRates {
    let more = |rate: Rate| Rate { per_year: rate.per_year * FAILURES_FACTOR, ..rate };
    let real = FailureRates::realistic();
    FailureRates {
        site_power: more(real.site_power),
        device_power: more(real.device_power),
        cpe_power: more(real.cpe_power),
        core_fibre_cut: more(real.core_fibre_cut),
        tail_fibre_cut: more(real.tail_fibre_cut),
        port_flap: more(real.port_flap),
        management_lost: more(real.management_lost),
        admin_down: more(real.admin_down),
    }
}
