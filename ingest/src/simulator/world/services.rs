//! From a service's tails to its path expression.
//!
//! What two ways have in common at their start and end stands before and
//! behind the `any`, so that a single link is named once, as what it is: needed.

use std::collections::HashMap;
use std::sync::Arc;

use correlate::model::{PathExpr, ServiceId};

use super::World;
use super::model::{
    Component, DeviceIndex, LinkIndex, LinkKind, PortIndex, Route, Service, ServiceKind, SiteIndex,
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
    found: HashMap<(Ends, Ends), Arc<[Leg; 2]>>,
}

impl Paths {
    /// The links of `graph` are the first links of the world.
    pub(super) fn new(graph: SiteGraph, hubs: Ends) -> Paths {
        Paths { graph, hubs, found: HashMap::new() }
    }

    fn pair(&mut self, from: Ends, to: Ends) -> Arc<[Leg; 2]> {
        let Paths { graph, found, .. } = self;
        let legs = found.entry((from, to)).or_insert_with(|| {
            let legs = graph.pair(from.map(SiteIndex::place), to.map(SiteIndex::place));
            Arc::new(legs.expect("every site of a world can reach the hub"))
        });
        Arc::clone(legs)
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
                route: Route { tails: draft.tails.clone(), legs: self.legs_of(world, draft) },
            })
            .collect()
    }

    fn legs_of(&mut self, world: &World, draft: &Draft) -> Option<Arc<[Leg; 2]>> {
        let site_of = |place: usize| Hops { world }.site_of(draft.tails[place]);
        let (start, hub) = (site_of(0), self.hubs[0]);
        match draft.kind {
            ServiceKind::Access if start == hub => None,
            ServiceKind::Access => Some(self.pair([start; 2], [hub; 2])),
            ServiceKind::PointToPoint => Some(self.pair([start; 2], [site_of(1); 2])),
            ServiceKind::Redundant => Some(self.pair([start, site_of(1)], self.hubs)),
        }
    }
}

/// What the service needs.
pub(super) fn path_of(world: &World, service: &Service) -> PathExpr {
    let view = Hops { world };
    let Route { tails, legs } = &service.route;
    let near = tails[0];
    let mut hops = vec![view.device(view.cpe(near))];
    match (service.kind, legs.as_deref()) {
        (ServiceKind::Access, None) => hops.extend(view.tail(near)),
        (ServiceKind::Access, Some(legs)) => {
            hops.extend(view.tail(near));
            hops.extend(view.either(legs));
        }
        (ServiceKind::PointToPoint, legs) => {
            let far = tails[1];
            hops.extend(view.tail(near));
            hops.extend(legs.map(|legs| view.either(legs)).unwrap_or_default());
            // The last core router is in both: the end of the legs and of the far tail.
            hops.pop();
            let mut back = view.tail(far);
            back.reverse();
            hops.extend(back);
            hops.push(view.device(view.cpe(far)));
        }
        (ServiceKind::Redundant, legs) => {
            let start = view.site_of(near);
            let ways = tails.iter().enumerate().map(|(place, &tail)| {
                let mut way = view.tail(tail);
                way.extend(legs.map(|legs| view.leg(from(legs, start, place))).unwrap_or_default());
                PathExpr::All(way)
            });
            hops.push(PathExpr::Any(ways.collect()));
        }
    }
    PathExpr::All(hops)
}

/// The leg of the tail at `place`, where that of the first starts at `start`.
fn from(legs: &[Leg; 2], start: SiteIndex, place: usize) -> &Leg {
    let first = usize::from(legs[0].from != start.place());
    &legs[first ^ place]
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
