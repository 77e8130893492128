//! What broke in the month before the demo began: drawn from the seed, with a
//! few things that are worth a look. Pure.
//!
//! Besides the small failures that every network has, there are one notable
//! outage of a site last week, one long fibre cut that nobody noticed but the
//! redundant services, planned work in three windows (one overran), and two
//! things that go on when the demo begins: a cut and announced work.

use std::time::Duration;

use correlate::model::{ComponentId, Period, Target, Timestamp, Window};
use ingest::simulator::{
    Component, Failure, FailureKind, FailureRates, FailureTarget, LinkKind, Rate, Role,
};
use jiff::tz::TimeZone;

use super::network::Network;

const MINUTE_MS: i64 = 60_000;
/// Nothing small breaks so shortly before the beginning: the live network
/// starts whole.
const QUIET_BEFORE_MS: i64 = 30 * MINUTE_MS;
/// A site outage of the past takes at most one service in eight: more would
/// spoil everybody's month.
const SITE_SHARE: usize = 8;
/// Planned work on a switch is announced to at least and at most so many customers.
const WORK_SERVICES: std::ops::RangeInclusive<usize> = 2..=16;
/// How long the cut that is still open has lasted at the beginning, and how
/// much longer it takes.
const OPEN_CUT_SINCE_MS: i64 = 95 * MINUTE_MS;
const OPEN_CUT_REMAINING_MS: i64 = 12 * MINUTE_MS;
/// An open cut degrades a few services, so that the overview is not all green.
const OPEN_CUT_SERVICES: std::ops::RangeInclusive<usize> = 2..=9;

/// Announced work that goes on: the window began, and the switch was stopped, so
/// long before the beginning; and when both end after it.
const OPEN_WINDOW_SINCE_MS: i64 = 20 * MINUTE_MS;
const OPEN_WINDOW_REMAINING_MS: i64 = 100 * MINUTE_MS;
const OPEN_WORK_SINCE_MS: i64 = 11 * MINUTE_MS;
const OPEN_WORK_REMAINING_MS: i64 = 25 * MINUTE_MS;

/// When the past happened.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// The first instant for which there are services.
    pub(super) from: Timestamp,
    /// When the live demo began for the first time.
    pub(super) origin: Timestamp,
    /// The zone in which work happens at night.
    pub(super) zone: TimeZone,
}

impl Frame {
    /// The past of at least `history` before `origin`, from the start of a day.
    pub(super) fn new(origin: Timestamp, history: Duration, zone: TimeZone) -> Frame {
        let history_ms = i64::try_from(history.as_millis()).unwrap_or(i64::MAX);
        let from = origin.plus_millis(-history_ms);
        let frame = Frame { from, origin, zone };
        Frame { from: frame.clock_on(from, 0, 0).unwrap_or(from).min(from), ..frame }
    }

    /// The instant at which clocks showed this time on the day of `day`.
    fn clock_on(&self, day: Timestamp, hour: i8, minute: i8) -> Option<Timestamp> {
        let day = jiff::Timestamp::from_millisecond(day.millis()).ok()?;
        let date = day.to_zoned(self.zone.clone()).date();
        let at = date.at(hour, minute, 0, 0).to_zoned(self.zone.clone()).ok()?;
        Some(Timestamp(at.timestamp().as_millisecond()))
    }

    /// The instant at which clocks showed this time so many days before.
    fn clock(&self, days_before: i64, hour: i8, minute: i8) -> Option<Timestamp> {
        self.clock_on(self.origin.plus_millis(-days_before * 24 * 60 * MINUTE_MS), hour, minute)
    }
}

/// What happened.
#[derive(Clone, Debug, Default)]
pub(super) struct Past {
    /// Failures, those that go on too; none begins before the frame.
    pub(super) failures: Vec<Failure>,
    /// Announced work with its note.
    pub(super) windows: Vec<(Window, String)>,
}

impl Past {
    /// What is still broken at `now`.
    pub(super) fn open_at(&self, now: Timestamp) -> Vec<Failure> {
        let open = |failure: &&Failure| failure.from <= now && now < failure.until;
        self.failures.iter().filter(open).cloned().collect()
    }
}

/// Draws the past of `network`.
pub(super) fn draw(network: &Network, seed: u64, frame: &Frame) -> Past {
    let calm = Period::new(frame.from, frame.origin.plus_millis(-QUIET_BEFORE_MS));
    let mut past = Past::default();
    if !calm.is_empty() {
        past.failures = small_failures(network, seed, calm);
    }
    let mut story = Story { network, frame, past };
    story.site_outage();
    story.long_cut();
    story.switch_work(12, 0, (2, 0), 40, "CHG-20431: software upgrade");
    story.switch_work(23, 1, (1, 0), 155, "CHG-20377: power supply replaced (overran)");
    story.splice_work();
    story.open_work();
    story.past.failures.extend(open_cut(network, frame.origin));
    story.past
}

/// The cut that is under repair when the demo begins at `now`.
pub(super) fn open_cut(network: &Network, now: Timestamp) -> Option<Failure> {
    let target =
        cuts(network).into_iter().find(|(_, degraded)| OPEN_CUT_SERVICES.contains(degraded));
    Some(Failure {
        from: now.plus_millis(-OPEN_CUT_SINCE_MS),
        until: now.plus_millis(OPEN_CUT_REMAINING_MS),
        target: target?.0,
        kind: FailureKind::FibreCut,
    })
}

/// Failures as operators report them, without those that take everybody down.
fn small_failures(network: &Network, seed: u64, period: Period) -> Vec<Failure> {
    let never = Rate { per_year: 0.0, mean_minutes: 1.0 };
    // A shut port is nobody's outage, and would only blur the figures.
    let rate = |per_year, mean_minutes| Rate { per_year, mean_minutes };
    // Rarer and shorter than usual: every path crosses a dozen devices, and most
    // services shall have had a month without a fault.
    let rates = FailureRates {
        site_power: never,
        // A shut port is nobody's outage, and would only blur the figures.
        admin_down: never,
        // Each blinds every service behind the device: a few show what unknown means.
        management_lost: rate(0.05, 25.0),
        device_power: rate(0.4, 30.0),
        cpe_power: rate(1.5, 45.0),
        tail_fibre_cut: rate(0.4, 150.0),
        ..FailureRates::realistic()
    };
    let hubs = network.world().hubs();
    let is_hub = |failure: &Failure| match failure.target {
        FailureTarget::Device(device) => {
            let device = &network.world().devices()[device.place()];
            device.role == Role::Core && hubs.contains(&device.site)
        }
        _ => false,
    };
    let mut failures = Failure::random(network.world(), seed, period, &rates);
    failures.retain(|failure| !is_hub(failure));
    for failure in &mut failures {
        failure.until = failure.until.min(period.until);
    }
    failures.retain(|failure| failure.from < failure.until);
    failures
}

/// Core links whose loss takes nobody down, with the number of services that
/// it degrades; the most first.
fn cuts(network: &Network) -> Vec<(FailureTarget, usize)> {
    let links = network.links(LinkKind::Core).into_iter().map(FailureTarget::Link);
    let mut cuts: Vec<_> = links
        .map(|link| (link, network.effect(link, FailureKind::FibreCut)))
        .filter(|(_, effect)| effect.down.is_empty() && !effect.degraded.is_empty())
        .map(|(link, effect)| (link, effect.degraded.len()))
        .collect();
    cuts.sort_by_key(|(link, degraded)| (std::cmp::Reverse(*degraded), *link));
    cuts
}

struct Story<'a> {
    network: &'a Network,
    frame: &'a Frame,
    past: Past,
}

impl Story<'_> {
    /// Adds a failure that lies in the frame as a whole.
    fn add(&mut self, target: FailureTarget, kind: FailureKind, period: Period) -> bool {
        let fits = self.frame.from <= period.from && period.until <= self.frame.origin;
        if fits {
            let Period { from, until } = period;
            self.past.failures.push(Failure { from, until, target, kind });
        }
        fits
    }

    fn minutes(from: Timestamp, minutes: i64) -> Period {
        Period::new(from, from.plus_millis(minutes * MINUTE_MS))
    }

    /// Last week a whole site lost its power for most of an afternoon.
    fn site_outage(&mut self) {
        let Some(from) = self.frame.clock(6, 13, 7) else { return };
        let most = self.network.services() / SITE_SHARE;
        let hubs = self.network.world().hubs();
        let cores = self.network.devices(Role::Core);
        let sites = cores.into_iter().map(|core| self.network.world().devices()[core.place()].site);
        let sites = sites.filter(|site| !hubs.contains(site)).map(FailureTarget::Site);
        let hit = sites
            .map(|site| (self.network.effect(site, FailureKind::Power).down.len(), site))
            .filter(|(down, _)| *down <= most)
            .max();
        if let Some((_, site)) = hit {
            self.add(site, FailureKind::Power, Self::minutes(from, 222));
        }
    }

    /// A digger: a day without one of two ways.
    fn long_cut(&mut self) {
        let Some(from) = self.frame.clock(9, 10, 24) else { return };
        if let Some((link, _)) = cuts(self.network).first() {
            self.add(*link, FailureKind::FibreCut, Self::minutes(from, 26 * 60));
        }
    }

    /// Work on a switch in a window of two hours, announced to each customer.
    fn switch_work(
        &mut self,
        days_before: i64,
        rank: usize,
        (hour, minute): (i8, i8),
        lasts_min: i64,
        note: &str,
    ) {
        let Some(from) = self.frame.clock(days_before, hour, minute) else { return };
        let Some((target, announced)) = self.switch(rank) else { return };
        let outage = Self::minutes(from.plus_millis(10 * MINUTE_MS), lasts_min);
        if self.add(target, FailureKind::Power, outage) {
            self.announce(announced, Self::minutes(from, 120), note);
        }
    }

    /// Work on a switch that goes on when the demo begins.
    fn open_work(&mut self) {
        let Some((target, announced)) = self.switch(2) else { return };
        let around = |since_ms: i64, remaining_ms: i64| {
            let Frame { from, origin, .. } = self.frame;
            Period::new(origin.plus_millis(-since_ms).max(*from), origin.plus_millis(remaining_ms))
        };
        let window = around(OPEN_WINDOW_SINCE_MS, OPEN_WINDOW_REMAINING_MS);
        let Period { from, until } = around(OPEN_WORK_SINCE_MS, OPEN_WORK_REMAINING_MS);
        self.past.failures.push(Failure { from, until, target, kind: FailureKind::Power });
        self.announce(announced, window, "CHG-20455: switch moved to a new rack");
    }

    /// A switch of which the work concerns a few customers, and to whom or what
    /// it is announced.
    fn switch(&self, rank: usize) -> Option<(FailureTarget, Vec<Target>)> {
        let switches = self.network.devices(Role::Access).into_iter();
        let (switch, down) = switches
            .map(|switch| (switch, FailureTarget::Device(switch)))
            .map(|(switch, target)| (switch, self.network.effect(target, FailureKind::Power).down))
            .filter(|(_, down)| WORK_SERVICES.contains(&down.len()))
            .nth(rank)?;
        let device = self.network.world().id_of(Component::Device(switch));
        let services = down.into_iter().map(Target::Service);
        let announced = [Target::Component(device)].into_iter().chain(services).collect();
        Some((FailureTarget::Device(switch), announced))
    }

    /// Splicing: both ports of a core link, in a window of four hours.
    fn splice_work(&mut self) {
        let Some(from) = self.frame.clock(19, 1, 0) else { return };
        let Some((FailureTarget::Link(link), _)) = cuts(self.network).get(2).copied() else {
            return;
        };
        let outage = Self::minutes(from.plus_millis(20 * MINUTE_MS), 110);
        if !self.add(FailureTarget::Link(link), FailureKind::FibreCut, outage) {
            return;
        }
        let link = &self.network.world().links()[link.place()];
        let ports: [ComponentId; 2] =
            [link.a, link.b].map(|port| self.network.world().id_of(Component::Port(port)));
        let targets = ports.map(Target::Component).into();
        self.announce(targets, Self::minutes(from, 240), "CHG-20402: fibre spliced again");
    }

    fn announce(&mut self, targets: Vec<Target>, period: Period, note: &str) {
        let windows =
            targets.into_iter().map(|target| (Window { target, period }, note.to_owned()));
        self.past.windows.extend(windows);
    }
}

#[cfg(test)]
mod tests {
    use correlate::dataflow::{Control, Options, Workers};
    use correlate::model::{ServiceDefinition, ServiceState};
    use ingest::simulator::History;

    use super::super::network::tests::{surfnet, surfnet_with};
    use super::*;

    /// Coarser than the demo's, for speed.
    const STEP_MS: i64 = 30 * MINUTE_MS;
    /// 2026-06-15T12:00:00Z.
    const ORIGIN: Timestamp = Timestamp(1_781_524_800_000);

    fn frame(days: u64) -> Frame {
        let zone = TimeZone::get("Europe/Amsterdam").unwrap();
        Frame::new(ORIGIN, Duration::from_secs(days * 86_400), zone)
    }

    #[test]
    fn the_past_begins_with_a_day_of_the_calendar() {
        let frame = frame(30);
        // 2026-05-16T00:00:00+02:00.
        assert_eq!(frame.from, Timestamp(1_778_882_400_000));
    }

    #[test]
    fn a_seed_gives_the_same_past_within_the_frame() {
        let (network, frame) = (surfnet(), frame(30));
        let past = draw(&network, 1, &frame);
        assert_eq!(past.failures, draw(&network, 1, &frame).failures);
        assert_ne!(past.failures, draw(&network, 2, &frame).failures);
        assert!(past.failures.iter().all(|failure| failure.from >= frame.from));
        let open = past.open_at(frame.origin);
        let kinds: Vec<FailureKind> = open.iter().map(|failure| failure.kind).collect();
        assert_eq!(kinds, [FailureKind::Power, FailureKind::FibreCut]);
        assert!(past.failures.iter().all(|f| f.until <= frame.origin || open.contains(f)));
        assert!(past.open_at(frame.origin.plus_millis(OPEN_WORK_REMAINING_MS)).is_empty());
        assert!(past.windows.len() > 6);
    }

    #[test]
    fn an_hour_of_past_is_a_past_too() {
        let frame = Frame::new(ORIGIN, Duration::ZERO, TimeZone::UTC);
        let past = draw(&surfnet(), 1, &frame);
        let origin = frame.origin;
        assert!(past.windows.iter().all(|(window, _)| window.period.contains(origin)));
        assert!(past.failures.len() < 30);
    }

    /// Runs the month through the engine itself.
    #[test]
    fn services_have_the_uptimes_of_a_good_isp() {
        let (network, frame) = (surfnet_with(100), frame(30));
        let past = draw(&network, 1, &frame);
        let options =
            Options { workers: 2, stale_after_ms: Some(2 * STEP_MS), origin: Timestamp(0) };
        let mut workers = Workers::start(options, None).unwrap();
        let services = network.world().service_list().iter();
        let mut controls: Vec<Control> = services
            .map(|service| (service.id.clone(), network.world().path_of(service)))
            .map(|(id, path)| Control::Define(ServiceDefinition::always(id, path).into()))
            .collect();
        let windows = past.windows.iter().enumerate();
        controls.extend(
            windows.map(|(n, (window, _))| Control::Window(n.to_string(), Some(window.clone()))),
        );
        workers.control(controls).unwrap();
        let period = Period::new(frame.from.plus_millis(-STEP_MS), frame.origin);
        let world = network.world();
        let history = History::new(world, &past.failures, period.from, period, STEP_MS);
        for batch in history {
            workers.feed(batch.samples).unwrap();
        }
        workers.settle(frame.origin.plus_millis(-1)).unwrap();
        let whole = Period::new(frame.from, frame.origin);
        let (mut good, mut total_down, mut worst, mut maintained, mut unknown) = (0, 0, 0, 0, 0);
        let intervals = workers.intervals().unwrap();
        for service in world.service_list() {
            let spent = |state: ServiceState| -> i64 {
                let own = intervals.iter().filter(|(id, _)| *id == service.id);
                let own = own.flat_map(|(_, own)| own).filter(|interval| interval.state == state);
                own.map(|own| {
                    Period::new(own.start, own.end.unwrap_or(Timestamp::MAX))
                        .intersect(&whole)
                        .millis()
                })
                .sum()
            };
            let down = spent(ServiceState::Down);
            unknown += spent(ServiceState::Unknown);
            good += usize::from(down * 1000 <= whole.millis());
            maintained += usize::from(spent(ServiceState::Maintenance) > 0);
            worst = worst.max(down);
            total_down += down;
        }
        let count = world.service_list().len();
        assert!(good * 100 >= count * 75, "{good} of {count} were up 99.9 % of the month");
        assert!(worst * 100 < whole.millis() * 4, "the worst was down for {worst} ms");
        let all_ms = count as i64 * whole.millis();
        assert!(unknown * 1000 < all_ms, "unknown for {unknown} of {all_ms} ms");
        let mean_down = total_down as f64 / all_ms as f64;
        assert!((0.0001..0.003).contains(&mean_down), "down for {mean_down} of the month");
        assert!(maintained > 4);
    }
}
