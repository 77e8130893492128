//! What breaks, when and how: written down in a script or drawn from a seed.

mod random;
mod script;

use correlate::model::{ComponentId, Timestamp};

use super::SimulatorError;
use super::world::{Component, DeviceIndex, LinkIndex, PortIndex, SiteIndex, World};

pub use random::{FailureRates, Rate};

/// How something breaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FailureKind {
    /// A site or a device without power: the devices and their ports are down, and so
    /// are the ports at the other ends.
    Power,
    /// A link is cut: both of its ports are down.
    FibreCut,
    /// A port goes down and comes back about once a minute ([`FailureKind::FLAP_DOWN_MS`] down,
    /// [`FailureKind::FLAP_UP_MS`] up), and the port at the other end with it.
    PortFlap,
    /// A device answers pings but not SNMP. Nothing is down.
    ManagementLost,
    /// Somebody shuts a port: it and the port at the other end are down.
    AdminDown,
}

impl FailureKind {
    /// Every kind.
    pub const ALL: [FailureKind; 5] = [
        FailureKind::Power,
        FailureKind::FibreCut,
        FailureKind::PortFlap,
        FailureKind::ManagementLost,
        FailureKind::AdminDown,
    ];
    /// How long a flapping port stays down.
    pub const FLAP_DOWN_MS: i64 = 25_000;
    /// How long a flapping port then stays up.
    pub const FLAP_UP_MS: i64 = 35_000;

    /// The name in scripts and the control API.
    pub fn as_str(self) -> &'static str {
        match self {
            FailureKind::Power => "power",
            FailureKind::FibreCut => "fibre_cut",
            FailureKind::PortFlap => "port_flap",
            FailureKind::ManagementLost => "management_lost",
            FailureKind::AdminDown => "admin_down",
        }
    }
}

/// What breaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FailureTarget {
    /// A whole site.
    Site(SiteIndex),
    /// One device.
    Device(DeviceIndex),
    /// One port.
    Port(PortIndex),
    /// One link.
    Link(LinkIndex),
}

/// One failure during `[from, until)`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Failure {
    /// The first instant of it.
    pub from: Timestamp,
    /// The first instant after it; [`Timestamp::MAX`] for ever.
    pub until: Timestamp,
    /// What breaks.
    pub target: FailureTarget,
    /// How.
    pub kind: FailureKind,
}

impl Failure {
    /// A failure of what is named `component`: a component id, `site:<label>` or `link:<id>`.
    /// A fibre cut on a port is one on its link.
    ///
    /// # Errors
    /// [`SimulatorError::Failure`] when the world has no such thing, when it cannot fail in
    /// this way (allowed: power on sites and devices, fibre cut on links and their ports, port
    /// flap and admin down on ports, management lost on devices), or when `from >= until`.
    pub fn named(
        world: &World,
        component: &str,
        kind: FailureKind,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Failure, SimulatorError> {
        let refuse = |reason: String| {
            Err(SimulatorError::Failure { component: component.to_owned(), reason })
        };
        if from >= until {
            return refuse(format!("from ({from}) must be before to ({until})"));
        }
        let Some(named) = FailureTarget::named(world, component) else {
            return refuse(format!(
                "unknown; expected {0}/device/<id>, {0}/port/<id>, site:<label> or link:<id>",
                world.account()
            ));
        };
        let target = match (kind, named) {
            (FailureKind::Power, FailureTarget::Site(_) | FailureTarget::Device(_))
            | (FailureKind::FibreCut, FailureTarget::Link(_))
            | (FailureKind::PortFlap | FailureKind::AdminDown, FailureTarget::Port(_))
            | (FailureKind::ManagementLost, FailureTarget::Device(_)) => named,
            (FailureKind::FibreCut, FailureTarget::Port(port)) => match world.port(port).used_for {
                super::world::PortUse::Link(link) => FailureTarget::Link(link),
                _ => return refuse(String::from("nothing is connected to this port")),
            },
            _ => return refuse(format!("cannot fail by {}", kind.as_str())),
        };
        Ok(Failure { from, until, target, kind })
    }

    /// The instants at which it strikes (`true`) and relents (`false`), in order. Only a
    /// flapping port has more than one pair.
    pub(super) fn strokes(&self) -> impl Iterator<Item = (Timestamp, bool)> + use<> {
        let (from, until) = (self.from, self.until);
        let (down, period) = match self.kind {
            FailureKind::PortFlap => {
                let period = FailureKind::FLAP_DOWN_MS + FailureKind::FLAP_UP_MS;
                (FailureKind::FLAP_DOWN_MS, period)
            }
            _ => (i64::MAX, i64::MAX),
        };
        let starts = std::iter::successors(Some(from), move |start| {
            Some(start.plus_millis(period)).filter(|next| *next < until)
        });
        starts.flat_map(move |start| [(start, true), (start.plus_millis(down).min(until), false)])
    }
}

impl FailureTarget {
    fn named(world: &World, text: &str) -> Option<FailureTarget> {
        if let Some(label) = text.strip_prefix("site:") {
            let place = world.sites().iter().position(|site| site.label == label)?;
            return Some(FailureTarget::Site(SiteIndex::at(place)));
        }
        if let Some(id) = text.strip_prefix("link:") {
            let place = world.links().iter().position(|link| link.id == id)?;
            return Some(FailureTarget::Link(LinkIndex::at(place)));
        }
        world.component(&ComponentId::from(text)).map(|component| match component {
            Component::Device(device) => FailureTarget::Device(device),
            Component::Port(port) => FailureTarget::Port(port),
        })
    }

    /// The name that [`Failure::named`] reads.
    pub fn name(self, world: &World) -> String {
        match self {
            FailureTarget::Site(site) => format!("site:{}", world.site(site).label),
            FailureTarget::Link(link) => format!("link:{}", world.link(link).id),
            FailureTarget::Device(device) => {
                world.id_of(Component::Device(device)).as_str().to_owned()
            }
            FailureTarget::Port(port) => world.id_of(Component::Port(port)).as_str().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::{Topology, WorldOptions};

    fn world() -> World {
        World::generate(&Topology::surfnet(), &WorldOptions::default()).expect("valid")
    }

    #[test]
    fn every_target_is_found_again_by_its_name() {
        let world = world();
        for failure in Failure::random(
            &world,
            1,
            correlate::model::Period::new(Timestamp(0), Timestamp(90 * 86_400_000)),
            &FailureRates::realistic(),
        ) {
            let name = failure.target.name(&world);
            let again = Failure::named(&world, &name, failure.kind, failure.from, failure.until);
            assert_eq!(again, Ok(failure));
        }
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_can() {
        let world = world();
        let check = |component: &str, kind, expected: &str| {
            let error = Failure::named(&world, component, kind, Timestamp(0), Timestamp(1));
            assert_eq!(error.expect_err("refused").to_string(), expected);
        };
        check(
            "librenms/device/99999",
            FailureKind::Power,
            "failure of \"librenms/device/99999\": unknown; expected librenms/device/<id>, \
             librenms/port/<id>, site:<label> or link:<id>",
        );
        check(
            "site:Amsterdam",
            FailureKind::FibreCut,
            "failure of \"site:Amsterdam\": cannot fail by fibre_cut",
        );
    }

    #[test]
    fn a_flapping_port_strikes_every_minute_and_ends_up() {
        let failure = Failure {
            from: Timestamp(0),
            until: Timestamp(70_000),
            target: FailureTarget::Port(PortIndex::at(0)),
            kind: FailureKind::PortFlap,
        };
        let strokes: Vec<_> = failure.strokes().map(|(at, down)| (at.millis(), down)).collect();
        assert_eq!(strokes, [(0, true), (25_000, false), (60_000, true), (70_000, false)]);
        let cut = Failure { kind: FailureKind::FibreCut, ..failure };
        let strokes: Vec<_> = cut.strokes().map(|(at, down)| (at.millis(), down)).collect();
        assert_eq!(strokes, [(0, true), (70_000, false)]);
    }
}
