//! The simulated LibreNMS, and what can be broken in it.

use std::collections::HashSet;
use std::sync::Arc;

use correlate::model::{ComponentId, Timestamp};
use ingest::simulator::{
    Component, DeviceIndex, Failure, FailureKind, Link, LinkKind, PortIndex, Role, SimOptions,
    Simulator, Standing, Topology, World, WorldOptions,
};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::Size;

/// The token of the simulated LibreNMS, and of its controls.
pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A LibreNMS in this process.
pub(crate) struct Nms {
    pub(crate) simulator: Simulator,
    /// Its base URL.
    pub(crate) url: String,
}

/// Something that fails alone and is polled alone.
#[derive(Clone, Debug)]
pub(crate) struct Victim {
    /// What breaks, as the simulator calls it, and how.
    breaks: String,
    kind: FailureKind,
    polled: DeviceIndex,
    /// Whose samples tell it.
    pub(crate) component: ComponentId,
}

impl Nms {
    /// A network of that size, polled every five minutes, all of it up; under
    /// the name of the account that reads it.
    pub(crate) async fn start(account: String, seed: u64, size: Size) -> Nms {
        let Size { services, local_ports, .. } = size;
        let options =
            WorldOptions { account, seed, services, local_ports, ..WorldOptions::default() };
        let world = World::generate(&Topology::surfnet(), &options).expect("a valid world");
        let now = || Timestamp(wall_ms());
        let options =
            SimOptions { control_token: Some(TOKEN.to_owned()), ..SimOptions::new(now(), TOKEN) };
        let simulator = Simulator::new(Arc::new(world), Vec::new(), options, Arc::new(now));
        let simulator = simulator.expect("good options");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        tokio::spawn(simulator.clone().serve(listener));
        Nms { simulator, url }
    }

    /// The name of the account that reads it.
    pub(crate) fn account(&self) -> &str {
        self.simulator.world().account()
    }

    /// Customers' devices, and ports of access switches that lead to others, in
    /// turn; in a random order.
    pub(crate) fn victims(&self, random: &mut StdRng) -> Vec<Victim> {
        let world = self.simulator.world();
        let owner = |port: PortIndex| world.ports()[port.place()].device;
        let is_normal = |device: DeviceIndex, role: Role| {
            let device = &world.devices()[device.place()];
            device.standing == Standing::Normal && device.role == role
        };
        let is_plain = |link: &&Link| {
            link.kind == LinkKind::Tail
                && is_normal(owner(link.a), Role::Access)
                && is_normal(owner(link.b), Role::Cpe)
        };
        let mut tails: Vec<&Link> = world.links().iter().filter(is_plain).collect();
        tails.shuffle(random);
        let mut taken = HashSet::new();
        tails.retain(|link| taken.insert(owner(link.b)));
        let victim = |(place, link): (usize, &Link)| match place % 2 {
            0 => {
                let component = Component::Device(owner(link.b)).id(world.account());
                let (breaks, polled) = (component.to_string(), owner(link.b));
                Victim { breaks, kind: FailureKind::Power, polled, component }
            }
            _ => {
                let component = Component::Port(link.a).id(world.account());
                let (breaks, polled) = (format!("link:{}", link.id), owner(link.a));
                Victim { breaks, kind: FailureKind::FibreCut, polled, component }
            }
        };
        tails.into_iter().enumerate().map(victim).collect()
    }

    /// Breaks it, and has LibreNMS poll it. Gives the number for [`Nms::mend`].
    pub(crate) fn fail(&self, victim: &Victim) -> u64 {
        let (world, now) = (self.simulator.world(), self.simulator.now());
        let failure = Failure::named(world, &victim.breaks, victim.kind, now, Timestamp::MAX);
        let id = self.simulator.inject(failure.expect("it can fail so"));
        assert!(self.simulator.poll_now(victim.polled), "it is polled");
        id
    }

    /// Ends a failure, and has LibreNMS poll what had failed.
    pub(crate) fn mend(&self, victim: &Victim, failure: u64) {
        assert!(self.simulator.clear(failure), "it had failed");
        assert!(self.simulator.poll_now(victim.polled), "it is polled");
    }
}

/// The wall clock, which the product on this machine shares.
pub(crate) fn wall_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
