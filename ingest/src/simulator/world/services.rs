//! From a service's tails to its path expression.
//!
//! What two ways have in common at their start and end stands before and
//! behind the `any`, so that a single link is named once, as what it is: needed.

use std::collections::HashMap;

use correlate::model::{PathExpr, ServiceId};

use super::World;
use super::model::{
    Component, DeviceIndex, LinkIndex, LinkKind, PortIndex, Service, ServiceKind, SiteIndex,
};
use super::paths::{Leg, SiteGraph};

/// A service before the world is complete.
pub(super) struct Draft {
    pub(super) kind: ServiceKind,
    pub(super) customer: u32,
    /// One for access, two otherwise.
    pub(super) tails: Vec<LinkIndex>,
    pub(super) site: SiteIndex,
}

type Ends = [SiteIndex; 2];

/// Searches ways through the core, each pair of ends once.
pub(super) struct Paths {
    graph: SiteGraph,
    hubs: Ends,
    found: HashMap<(Ends, Ends), [Leg; 2]>,
}

impl Paths {
    /// The links of `graph` are the first links of the world.
    pub(super) fn new(graph: SiteGraph, hubs: Ends) -> Paths {
        Paths { graph, hubs, found: HashMap::new() }
    }

    fn pair(&mut self, from: Ends, to: Ends) -> [Leg; 2] {
        let Paths { graph, found, .. } = self;
        found
            .entry((from, to))
            .or_insert_with(|| {
                graph
                    .pair(from.map(SiteIndex::place), to.map(SiteIndex::place))
                    .expect("every site of a world can reach the hub")
            })
            .clone()
    }

    /// Whether two ways between the sites share no link.
    pub(super) fn are_separate(&mut self, a: SiteIndex, b: SiteIndex) -> bool {
        let legs = self.pair([a, a], [b, b]);
        legs[0].links.iter().all(|link| !legs[1].links.contains(link))
    }

    /// The services of the drafts, in order.
    pub(super) fn services(&mut self, world: &World, drafts: &[Draft]) -> Vec<Service> {
        drafts
            .iter()
            .enumerate()
            .map(|(place, draft)| Service {
                id: ServiceId::from(format!("SVC-{:05}", place + 1)),
                name: name_of(world, draft),
                customer: draft.customer,
                kind: draft.kind,
                path: self.path_of(world, draft),
            })
            .collect()
    }

    fn path_of(&mut self, world: &World, draft: &Draft) -> PathExpr {
        let view = Hops { world };
        let near = draft.tails[0];
        let start = view.site_of(near);
        let mut hops = vec![view.device(view.cpe(near))];
        match draft.kind {
            ServiceKind::Access => {
                hops.extend(view.tail(near));
                let hub = self.hubs[0];
                if start != hub {
                    let legs = self.pair([start; 2], [hub; 2]);
                    hops.extend(view.either(&legs));
                }
            }
            ServiceKind::PointToPoint => {
                let far = draft.tails[1];
                hops.extend(view.tail(near));
                let legs = self.pair([start; 2], [view.site_of(far); 2]);
                hops.extend(view.either(&legs));
                // The last core router is in both: the end of the legs and of the far tail.
                hops.pop();
                let mut back = view.tail(far);
                back.reverse();
                hops.extend(back);
                hops.push(view.device(view.cpe(far)));
            }
            ServiceKind::Redundant => {
                let sites = [start, view.site_of(draft.tails[1])];
                let legs = self.pair(sites, self.hubs);
                let ways = draft.tails.iter().zip(self.order(sites, &legs)).map(|(&tail, leg)| {
                    let mut way = view.tail(tail);
                    way.extend(view.leg(leg));
                    PathExpr::All(way)
                });
                hops.push(PathExpr::Any(ways.collect()));
            }
        }
        PathExpr::All(hops)
    }

    /// The legs in the order of the sites that they start from.
    fn order<'a>(&self, sites: Ends, legs: &'a [Leg; 2]) -> [&'a Leg; 2] {
        if legs[0].from == sites[0].place() { [&legs[0], &legs[1]] } else { [&legs[1], &legs[0]] }
    }
}

fn name_of(world: &World, draft: &Draft) -> String {
    let place = &world.site(draft.site).label;
    match draft.kind {
        ServiceKind::Access => format!("Internet access, {place}"),
        ServiceKind::Redundant => format!("Internet access, redundant, {place}"),
        ServiceKind::PointToPoint => {
            let far = Hops { world }.site_of(draft.tails[1]);
            format!("Ethernet line, {place} – {}", world.site(far).label)
        }
    }
}

/// Writes pieces of ways as expressions.
struct Hops<'a> {
    world: &'a World,
}

impl Hops<'_> {
    fn device(&self, device: DeviceIndex) -> PathExpr {
        PathExpr::Component(self.world.id_of(Component::Device(device)))
    }

    fn port(&self, port: PortIndex) -> PathExpr {
        PathExpr::Component(self.world.id_of(Component::Port(port)))
    }

    /// The customer's equipment on a tail.
    fn cpe(&self, tail: LinkIndex) -> DeviceIndex {
        self.world.port(self.world.link(tail).b).device
    }

    fn switch(&self, tail: LinkIndex) -> DeviceIndex {
        self.world.port(self.world.link(tail).a).device
    }

    fn site_of(&self, tail: LinkIndex) -> SiteIndex {
        self.world.device(self.switch(tail)).site
    }

    /// From the customer's port to the site's core router, both included.
    fn tail(&self, tail: LinkIndex) -> Vec<PathExpr> {
        let switch = self.switch(tail);
        let uplink = self
            .world
            .device(switch)
            .ports()
            .find_map(|port| match self.world.port(port).used_for {
                super::PortUse::Link(link) => {
                    let link = self.world.link(link);
                    (link.kind == LinkKind::Metro).then_some(link)
                }
                _ => None,
            })
            .expect("a switch is joined to its core router when it is made");
        let tail = self.world.link(tail);
        let core = self.world.port(uplink.a).device;
        let (ports, uplinks) = ([tail.b, tail.a], [uplink.b, uplink.a]);
        let mut hops: Vec<PathExpr> = ports.map(|port| self.port(port)).into();
        hops.push(self.device(switch));
        hops.extend(uplinks.map(|port| self.port(port)));
        hops.push(self.device(core));
        hops
    }

    /// From the first core router, not included, to the last, included.
    fn leg(&self, leg: &Leg) -> Vec<PathExpr> {
        let mut hops = Vec::with_capacity(leg.links.len() * 3);
        let mut at = self.world.sites()[leg.from].core;
        for &link in &leg.links {
            let link = &self.world.links()[link];
            let forward = self.world.port(link.a).device == at;
            let (near, far) = if forward { (link.a, link.b) } else { (link.b, link.a) };
            at = self.world.port(far).device;
            hops.extend([self.port(near), self.port(far), self.device(at)]);
        }
        hops
    }

    /// One of two legs with the same ends.
    fn either(&self, legs: &[Leg; 2]) -> Vec<PathExpr> {
        let (mut first, mut second) = (self.leg(&legs[0]), self.leg(&legs[1]));
        let common = first.iter().zip(&second).take_while(|(a, b)| a == b).count();
        let mut hops: Vec<PathExpr> = first.drain(..common).collect();
        second.drain(..common);
        let tail = first.iter().rev().zip(second.iter().rev()).take_while(|(a, b)| a == b).count();
        let end = first.split_off(first.len() - tail);
        second.truncate(second.len() - tail);
        if !first.is_empty() && !second.is_empty() {
            hops.push(PathExpr::Any(vec![PathExpr::All(first), PathExpr::All(second)]));
        }
        hops.extend(end);
        hops
    }
}
