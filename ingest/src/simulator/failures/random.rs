//! Failures drawn from a seed: how often each kind of thing breaks, and for how long.

use correlate::model::{Period, Timestamp};

use super::{Failure, FailureKind, FailureTarget};
use crate::simulator::random::Random;
use crate::simulator::world::{DeviceIndex, LinkIndex, LinkKind, Role, SiteIndex, Standing, World};

const YEAR_MS: f64 = 365.25 * 86_400_000.0;
const MINUTE_MS: f64 = 60_000.0;
/// No failure is shorter: what is over before anybody can look is not worth drawing.
const SHORTEST_MS: f64 = 5_000.0;
/// The most failures drawn at once; a mistake in a rate must not fill the memory.
const MAX_FAILURES: usize = 1_000_000;

/// How often one thing of a kind breaks, and for how long.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rate {
    /// Expected failures of one such thing in a year.
    pub per_year: f64,
    /// Mean duration in minutes; durations are exponentially distributed.
    pub mean_minutes: f64,
}

/// How often each kind of thing breaks.
#[derive(Clone, PartialEq, Debug)]
pub struct FailureRates {
    /// A site loses power.
    pub site_power: Rate,
    /// A core router or access switch stops.
    pub device_power: Rate,
    /// Equipment at a customer's stops: mostly their own power.
    pub cpe_power: Rate,
    /// A core link is cut.
    pub core_fibre_cut: Rate,
    /// A customer's tail is cut.
    pub tail_fibre_cut: Rate,
    /// A customer's access port flaps.
    pub port_flap: Rate,
    /// A device stops answering SNMP.
    pub management_lost: Rate,
    /// A customer's access port is shut by hand.
    pub admin_down: Rate,
}

impl FailureRates {
    /// Rates of the order that operators report: for years of history.
    pub fn realistic() -> FailureRates {
        let rate = |per_year, mean_minutes| Rate { per_year, mean_minutes };
        FailureRates {
            site_power: rate(0.4, 90.0),
            device_power: rate(0.8, 35.0),
            cpe_power: rate(2.5, 55.0),
            core_fibre_cut: rate(2.0, 300.0),
            tail_fibre_cut: rate(0.8, 240.0),
            port_flap: rate(0.7, 8.0),
            management_lost: rate(1.0, 25.0),
            admin_down: rate(0.1, 60.0),
        }
    }

    /// Rates for watching: in a network like the demo's, something breaks about every
    /// half minute and lasts for minutes.
    pub fn lively() -> FailureRates {
        let lively =
            |rate: Rate, minutes| Rate { per_year: rate.per_year * 600.0, mean_minutes: minutes };
        let real = FailureRates::realistic();
        FailureRates {
            site_power: lively(real.site_power, 3.0),
            device_power: lively(real.device_power, 3.0),
            cpe_power: lively(real.cpe_power, 4.0),
            core_fibre_cut: lively(real.core_fibre_cut, 8.0),
            tail_fibre_cut: lively(real.tail_fibre_cut, 5.0),
            port_flap: lively(real.port_flap, 3.0),
            management_lost: lively(real.management_lost, 4.0),
            admin_down: lively(real.admin_down, 3.0),
        }
    }
}

impl Failure {
    /// Failures of `world` that start in `period`, drawn from `seed`, sorted by start. At most
    /// a million; failures may overlap and may end after the period.
    pub fn random(world: &World, seed: u64, period: Period, rates: &FailureRates) -> Vec<Failure> {
        let mut draw = Draw { random: Random::new(seed, "failures"), period, failures: Vec::new() };
        for place in 0..world.sites().len() {
            let target = FailureTarget::Site(SiteIndex::at(place));
            draw.failures_of(target, FailureKind::Power, rates.site_power);
        }
        for (place, device) in world.devices().iter().enumerate() {
            if device.standing != Standing::Normal {
                continue;
            }
            let target = FailureTarget::Device(DeviceIndex::at(place));
            let power = if device.role == Role::Cpe { rates.cpe_power } else { rates.device_power };
            draw.failures_of(target, FailureKind::Power, power);
            draw.failures_of(target, FailureKind::ManagementLost, rates.management_lost);
        }
        for (place, link) in world.links().iter().enumerate() {
            let target = FailureTarget::Link(LinkIndex::at(place));
            match link.kind {
                LinkKind::Core => {
                    draw.failures_of(target, FailureKind::FibreCut, rates.core_fibre_cut);
                }
                LinkKind::Tail => {
                    let port = FailureTarget::Port(link.a);
                    draw.failures_of(target, FailureKind::FibreCut, rates.tail_fibre_cut);
                    draw.failures_of(port, FailureKind::PortFlap, rates.port_flap);
                    draw.failures_of(port, FailureKind::AdminDown, rates.admin_down);
                }
                LinkKind::Metro => {}
            }
        }
        draw.failures.sort();
        draw.failures
    }
}

struct Draw {
    random: Random,
    period: Period,
    failures: Vec<Failure>,
}

impl Draw {
    fn failures_of(&mut self, target: FailureTarget, kind: FailureKind, rate: Rate) {
        if rate.per_year <= 0.0 || self.period.is_empty() {
            return;
        }
        let mut at = self.period.from.millis() as f64;
        loop {
            at += self.random.exponential(YEAR_MS / rate.per_year);
            if at >= self.period.until.millis() as f64 || self.failures.len() >= MAX_FAILURES {
                return;
            }
            let lasts = self.random.exponential(rate.mean_minutes * MINUTE_MS).max(SHORTEST_MS);
            let from = Timestamp(at as i64);
            let until = from.plus_millis(lasts as i64);
            self.failures.push(Failure { from, until, target, kind });
            at += lasts;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::{Topology, WorldOptions};

    #[test]
    fn a_seed_gives_the_same_failures_and_the_demo_has_some_each_minute() {
        let world = World::generate(&Topology::surfnet(), &WorldOptions::default()).expect("valid");
        let hour = Period::new(Timestamp(0), Timestamp(3_600_000));
        let draw = |seed| Failure::random(&world, seed, hour, &FailureRates::lively());
        let failures = draw(4);
        assert_eq!(failures, draw(4));
        assert_ne!(failures, draw(5));
        assert!((60..400).contains(&failures.len()), "{} in an hour", failures.len());
        assert!(failures.iter().all(|failure| hour.contains(failure.from)));
    }
}
