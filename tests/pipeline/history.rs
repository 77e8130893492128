//! The history that every pipeline is led through: eight minutes in which
//! things break, in steps that each pipeline sees whole, however often it was
//! killed on the way.
//!
//! It lies a little before the present: LibreNMS's rows must be younger than
//! the quarter of an hour after which ingest takes its pollers to be stuck.

use std::sync::Arc;

use correlate::model::{Period, ServiceId, Timestamp};
use ingest::simulator::{
    Failure, FailureKind, FailureRates, FailureTarget, Fault, FaultKind, ServiceKind, World,
};

use crate::network::{Nms, components_of, wall, world};

/// What is silent for so long is unknown, unless a test says otherwise; short
/// enough that the history, in which a poller group stalls, shows it.
pub(crate) const STALE_AFTER: &str = "2m";

/// How many steps it has.
pub(crate) const STEPS: usize = 24;

/// The length of a step: two polls of each device.
const STEP_MS: i64 = 20_000;

/// How long before the present it starts.
const AGO_MS: i64 = 11 * 60_000;

/// All cycles of the simulated LibreNMS fit into it, so that each history
/// has the same course, only at another time.
const GRID_MS: i64 = 60_000;

/// Rows are compared from so long before the first poll.
const BEFORE_MS: i64 = 60_000;

/// The steps in which a poller group does nothing.
const STALLED: std::ops::Range<usize> = 13..21;

const SECOND: i64 = 1_000;

/// One run of the history.
pub(crate) struct History {
    /// Its network.
    pub(crate) world: Arc<World>,
    /// Its first instant.
    pub(crate) start: Timestamp,
    /// How far it is followed.
    pub(crate) steps: usize,
}

impl History {
    /// The whole history; it ends a little before now.
    pub(crate) fn new() -> History {
        History::first(STEPS)
    }

    /// Its first steps.
    pub(crate) fn first(steps: usize) -> History {
        let start = wall().millis() - AGO_MS;
        History { world: world(), start: Timestamp(start - start.rem_euclid(GRID_MS)), steps }
    }

    /// The same history, followed no further than `step`.
    pub(crate) fn until_step(&self, step: usize) -> History {
        History { world: Arc::clone(&self.world), start: self.start, steps: step }
    }

    /// The first instant that is compared.
    pub(crate) fn from(&self) -> Timestamp {
        self.start.plus_millis(-BEFORE_MS)
    }

    /// The first instant that is not compared any more.
    pub(crate) fn until(&self) -> Timestamp {
        self.start.plus_millis(self.steps as i64 * STEP_MS)
    }

    /// A LibreNMS at its start.
    pub(crate) async fn nms(&self) -> Nms {
        Nms::start(&self.world, self.failures(), self.start).await
    }

    /// Goes to the next step. Nothing waits here.
    pub(crate) fn advance(&self, nms: &Nms, step: usize) {
        if step == STALLED.start {
            let stalled = Fault::new(FaultKind::StalledPollers { group: 1 });
            nms.simulator.stage(stalled).expect("a poller group");
        }
        if step == STALLED.end {
            nms.simulator.clear_faults();
        }
        nms.advance(STEP_MS);
    }

    /// The equipment at a customer's that loses its power, the service that
    /// needs it, and when.
    pub(crate) fn outage(&self) -> (String, ServiceId, Period) {
        let services = self.world.service_list().iter();
        let mut single = services.filter(|service| service.kind == ServiceKind::Access);
        let service = single.next().expect("one with a single line");
        let needs = components_of(&self.world, service.id.as_str());
        let cpe = needs.iter().find(|component| self.is_cpe(component.as_str()));
        let period = self.period(65, 185);
        (cpe.expect("a service has equipment").to_string(), service.id.clone(), period)
    }

    fn is_cpe(&self, component: &str) -> bool {
        let id = component.strip_prefix("librenms/device/").and_then(|id| id.parse::<usize>().ok());
        let device = id.and_then(|id| self.world.devices().get(id - 1));
        device.is_some_and(|device| device.role == ingest::simulator::Role::Cpe)
    }

    fn period(&self, from_s: i64, until_s: i64) -> Period {
        let at = |seconds: i64| self.start.plus_millis(seconds * SECOND);
        Period::new(at(from_s), at(until_s))
    }

    /// A script for what must happen, and a crowd of small failures beside it.
    fn failures(&self) -> Vec<Failure> {
        let (cpe, service, outage) = self.outage();
        let spared = components_of(&self.world, service.as_str());
        let core = self.world.links().iter().find(|link| link.id == "L72").expect("a core link");
        let scripted = [
            (cpe, FailureKind::Power, outage),
            (format!("link:{}", core.id), FailureKind::FibreCut, self.period(100, 260)),
            ("site:Zwolle".to_owned(), FailureKind::Power, self.period(203, 301)),
            ("librenms/device/9".to_owned(), FailureKind::ManagementLost, self.period(40, 130)),
        ];
        let mut failures: Vec<Failure> = scripted
            .into_iter()
            .map(|(component, kind, Period { from, until })| {
                Failure::named(&self.world, &component, kind, from, until).expect("a good failure")
            })
            .collect();
        let whole = self.period(0, STEPS as i64 * STEP_MS / SECOND);
        // Drawn for a fixed period and then moved, so that each history has the same.
        let drawn =
            Period::new(Timestamp(0), Timestamp(whole.until.millis() - whole.from.millis()));
        let crowd = Failure::random(&self.world, 3, drawn, &FailureRates::lively());
        failures.extend(crowd.into_iter().filter(|failure| self.is_small(failure, &spared)).map(
            |failure| Failure {
                from: self.start.plus_millis(failure.from.millis()),
                until: self.start.plus_millis(failure.until.millis()),
                ..failure
            },
        ));
        failures
    }

    /// Whether a failure leaves the scripted outage as it is.
    fn is_small(&self, failure: &Failure, spared: &[correlate::model::ComponentId]) -> bool {
        let name = failure.target.name(&self.world);
        let is_spared = spared.iter().any(|component| component.as_str() == name);
        let is_big = matches!(failure.target, FailureTarget::Site(_) | FailureTarget::Link(_));
        !is_big && !is_spared
    }
}
