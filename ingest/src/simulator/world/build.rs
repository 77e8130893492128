//! Filling a topology with routers, switches, customers and their services.

use std::collections::{HashMap, HashSet};

use super::model::{
    Customer, Device, DeviceIndex, Link, LinkIndex, LinkKind, Port, PortIndex, PortUse, Role,
    ServiceKind, Site, SiteIndex, Standing,
};
use super::paths::SiteGraph;
use super::services::{Draft, Paths};
use super::{DOMAIN, World, WorldOptions, names};
use crate::simulator::random::Random;
use crate::simulator::{SimulatorError, Topology};

/// Customer ports on one access switch, as on the usual 24-port box.
const TAILS_PER_SWITCH: usize = 24;
/// How many of a hundred services take a customer that already has one.
const RETURNING_CUSTOMERS_PERCENT: usize = 25;
/// Of a hundred services, so many are single-homed and so many more dual-homed; the rest is
/// point to point.
const ACCESS_PERCENT: usize = 70;
const REDUNDANT_PERCENT: usize = 20;
/// How many partners are tried for a point-to-point service with two separate ways.
const PARTNER_TRIES: usize = 6;
const FIRST_CUSTOMER_NUMBER: u32 = 10_001;

/// A port of a device that does not know its position in the world yet.
#[derive(Clone, Copy)]
struct Socket {
    device: DeviceIndex,
    local: usize,
}

struct PortDraft {
    used_for: PortUse,
    customer: Option<u32>,
}

struct Builder<'a> {
    options: &'a WorldOptions,
    random: Random,
    sites: Vec<Site>,
    /// For each site, the sites one core link away.
    near: Vec<Vec<SiteIndex>>,
    devices: Vec<Device>,
    port_drafts: Vec<Vec<PortDraft>>,
    links: Vec<(String, LinkKind, Socket, Socket)>,
    customers: Vec<Customer>,
    customer_names: HashSet<String>,
    /// The switch of each site that has room, and its customers so far.
    open_switch: HashMap<SiteIndex, (DeviceIndex, usize)>,
    switches: HashMap<SiteIndex, usize>,
}

pub(super) fn generate(
    topology: &Topology,
    options: &WorldOptions,
) -> Result<World, SimulatorError> {
    check(options)?;
    let hub = find_hub(topology, options)?;
    let edges = topology.edges();
    let reachable = SiteGraph::new(topology.nodes.len(), edges.clone()).reachable(hub);
    let mut builder = Builder::new(options);
    let mut site_of = HashMap::new();
    for (node, _) in reachable.iter().enumerate().filter(|(_, reachable)| **reachable) {
        site_of.insert(node, builder.add_site(&topology.nodes[node]));
    }
    let mut core_edges = Vec::new();
    for (link, (a, b)) in topology.links.iter().zip(&edges) {
        if let (Some(&a), Some(&b)) = (site_of.get(a), site_of.get(b)) {
            builder.add_core_link(&link.id, a, b);
            core_edges.push((a.place(), b.place()));
        }
    }
    let first_hub = site_of[&hub];
    let hubs = [first_hub, builder.second_hub(first_hub)];
    let graph = SiteGraph::new(builder.sites.len(), core_edges);
    let mut paths = Paths::new(graph, hubs);
    let drafts = builder.add_services(&mut paths);
    builder.add_oddments(hubs[0]);
    builder.set_parents(hubs[0]);
    Ok(builder.finish(topology, hubs, &drafts, &mut paths))
}

fn check(options: &WorldOptions) -> Result<(), SimulatorError> {
    let refuse = |option, reason| Err(SimulatorError::Option { option, reason });
    let most = World::MAX_SERVICES;
    match options.services {
        found if found == 0 || found > most => {
            refuse("services", format!("must be from 1 to {most}, found {found}"))
        }
        _ if options.account.is_empty() || options.account.contains('/') => refuse(
            "account",
            format!("must be a name without a slash, found {:?}", options.account),
        ),
        _ => Ok(()),
    }
}

fn find_hub(topology: &Topology, options: &WorldOptions) -> Result<usize, SimulatorError> {
    let labelled = |label: &str| topology.nodes.iter().position(|node| node.label == label);
    if let Some(label) = &options.hub {
        return labelled(label).ok_or_else(|| SimulatorError::Option {
            option: "hub",
            reason: format!("the topology has no site {label:?}"),
        });
    }
    let mut degree = vec![0_usize; topology.nodes.len()];
    for (a, b) in topology.edges() {
        degree[a] += 1;
        degree[b] += 1;
    }
    let busiest = (0..degree.len()).max_by_key(|&node| (degree[node], usize::MAX - node));
    Ok(labelled("Amsterdam").or(busiest).unwrap_or(0))
}

impl<'a> Builder<'a> {
    fn new(options: &'a WorldOptions) -> Builder<'a> {
        Builder {
            options,
            random: Random::new(options.seed, "world"),
            sites: Vec::new(),
            near: Vec::new(),
            devices: Vec::new(),
            port_drafts: Vec::new(),
            links: Vec::new(),
            customers: Vec::new(),
            customer_names: HashSet::new(),
            open_switch: HashMap::new(),
            switches: HashMap::new(),
        }
    }

    fn add_device(
        &mut self,
        role: Role,
        standing: Standing,
        site: SiteIndex,
        name: &str,
    ) -> DeviceIndex {
        let device = DeviceIndex::at(self.devices.len());
        let slug = &self.sites[site.place()].slug;
        self.devices.push(Device {
            role,
            standing,
            site,
            hostname: format!("{name}.{slug}{DOMAIN}"),
            poller_group: u8::from(site.place() % 4 == 3),
            parents: Vec::new(),
            ports: 0..0,
        });
        self.port_drafts.push(Vec::new());
        device
    }

    fn add_site(&mut self, node: &crate::simulator::TopologyNode) -> SiteIndex {
        let site = SiteIndex::at(self.sites.len());
        let plain = names::slug(&node.label);
        let mut slug = plain.clone();
        let mut number = 2;
        while self.sites.iter().any(|site| site.slug == slug) {
            slug = format!("{plain}-{number}");
            number += 1;
        }
        self.sites.push(Site {
            label: node.label.clone(),
            slug,
            position: node.lat.zip(node.lon),
            core: DeviceIndex::at(self.devices.len()),
        });
        self.near.push(Vec::new());
        self.add_device(Role::Core, Standing::Normal, site, "cr1");
        site
    }

    fn plug(&mut self, device: DeviceIndex, link: LinkIndex, customer: Option<u32>) -> Socket {
        let drafts = &mut self.port_drafts[device.place()];
        drafts.push(PortDraft { used_for: PortUse::Link(link), customer });
        Socket { device, local: drafts.len() - 1 }
    }

    fn join(
        &mut self,
        id: String,
        kind: LinkKind,
        a: DeviceIndex,
        b: DeviceIndex,
        customer: Option<u32>,
    ) -> LinkIndex {
        let link = LinkIndex::at(self.links.len());
        let (a, b) = (self.plug(a, link, customer), self.plug(b, link, customer));
        self.links.push((id, kind, a, b));
        link
    }

    fn add_core_link(&mut self, id: &str, a: SiteIndex, b: SiteIndex) {
        self.near[a.place()].push(b);
        self.near[b.place()].push(a);
        let (from, to) = (self.sites[a.place()].core, self.sites[b.place()].core);
        self.join(id.to_owned(), LinkKind::Core, from, to, None);
    }

    /// The best connected site besides the first hub.
    fn second_hub(&self, first: SiteIndex) -> SiteIndex {
        (0..self.sites.len())
            .map(SiteIndex::at)
            .filter(|&site| site != first)
            .max_by_key(|site| (self.near[site.place()].len(), usize::MAX - site.place()))
            .unwrap_or(first)
    }

    /// A site drawn by its number of links: customers are where the network is dense.
    fn any_site(&mut self) -> SiteIndex {
        let total: usize = self.near.iter().map(|near| near.len() + 1).sum();
        let mut left = self.random.below(total);
        for (place, near) in self.near.iter().enumerate() {
            match left.checked_sub(near.len() + 1) {
                Some(rest) => left = rest,
                None => return SiteIndex::at(place),
            }
        }
        SiteIndex::at(0)
    }

    fn any_customer(&mut self) -> u32 {
        let returning = self.random.below(100) < RETURNING_CUSTOMERS_PERCENT;
        if returning && !self.customers.is_empty() {
            return self.random.below(self.customers.len()) as u32;
        }
        let place = self.customers.len() as u32;
        let number = FIRST_CUSTOMER_NUMBER + place;
        let mut name = names::organisation(&mut self.random);
        if !self.customer_names.insert(name.clone()) {
            name = format!("{name} {number}");
        }
        self.customers.push(Customer { name, number });
        place
    }

    /// The switch at `site` with a free port; a new one when all are full.
    fn switch_at(&mut self, site: SiteIndex) -> DeviceIndex {
        if let Some((switch, used)) = self.open_switch.get_mut(&site)
            && *used < TAILS_PER_SWITCH
        {
            *used += 1;
            return *switch;
        }
        let number = self.switches.entry(site).or_insert(0);
        *number += 1;
        let name = format!("as{number}");
        let switch = self.add_device(Role::Access, Standing::Normal, site, &name);
        let core = self.sites[site.place()].core;
        let id = format!("metro-{}", self.links.len());
        self.join(id, LinkKind::Metro, core, switch, None);
        self.open_switch.insert(site, (switch, 1));
        switch
    }

    fn add_tail(&mut self, site: SiteIndex, cpe: DeviceIndex, customer: u32) -> LinkIndex {
        let switch = self.switch_at(site);
        let id = format!("tail-{}", self.links.len());
        self.join(id, LinkKind::Tail, switch, cpe, Some(customer))
    }

    fn add_cpe(&mut self, site: SiteIndex) -> DeviceIndex {
        let name = format!("cpe{}", self.devices.len() + 1);
        self.add_device(Role::Cpe, Standing::Normal, site, &name)
    }

    fn add_services(&mut self, paths: &mut Paths) -> Vec<Draft> {
        (0..self.options.services).map(|_| self.add_service(paths)).collect()
    }

    fn add_service(&mut self, paths: &mut Paths) -> Draft {
        let customer = self.any_customer();
        let site = self.any_site();
        let draw = self.random.below(100);
        let cpe = self.add_cpe(site);
        let tail = self.add_tail(site, cpe, customer);
        let single = Draft { kind: ServiceKind::Access, customer, tails: vec![tail], site };
        if draw < ACCESS_PERCENT {
            single
        } else if draw < ACCESS_PERCENT + REDUNDANT_PERCENT {
            let near = self.near[site.place()].clone();
            let second = if near.is_empty() { site } else { *self.random.pick(&near) };
            let tails = vec![tail, self.add_tail(second, cpe, customer)];
            Draft { kind: ServiceKind::Redundant, tails, ..single }
        } else {
            match self.partner_of(site, paths) {
                Some(partner) => {
                    let far = self.add_cpe(partner);
                    let tails = vec![tail, self.add_tail(partner, far, customer)];
                    Draft { kind: ServiceKind::PointToPoint, tails, ..single }
                }
                None => single,
            }
        }
    }

    /// A site with two ways to `site` that share no link.
    fn partner_of(&mut self, site: SiteIndex, paths: &mut Paths) -> Option<SiteIndex> {
        for _ in 0..PARTNER_TRIES {
            let partner = self.any_site();
            if partner != site && paths.are_separate(site, partner) {
                return Some(partner);
            }
        }
        None
    }

    /// One device of every standing that LibreNMS knows, so that clients meet them all.
    fn add_oddments(&mut self, hub: SiteIndex) {
        let core = self.sites[hub.place()].core;
        for (name, standing) in [
            ("lab1", Standing::Ignored),
            ("old1", Standing::Disabled),
            ("new1", Standing::NeverPolled),
            ("ups1", Standing::PingOnly),
        ] {
            let device = self.add_device(Role::Oddment, standing, hub, name);
            let id = format!("metro-{}", self.links.len());
            self.join(id, LinkKind::Metro, core, device, None);
        }
    }

    /// Dependencies as an operator enters them: towards the hub, along the fewest links.
    fn set_parents(&mut self, hub: SiteIndex) {
        let mut distance = vec![u32::MAX; self.sites.len()];
        distance[hub.place()] = 0;
        let mut queue = std::collections::VecDeque::from([hub]);
        while let Some(site) = queue.pop_front() {
            for &next in &self.near[site.place()] {
                if distance[next.place()] == u32::MAX {
                    distance[next.place()] = distance[site.place()] + 1;
                    queue.push_back(next);
                }
            }
        }
        for (_, kind, a, b) in &self.links {
            let ends = match kind {
                LinkKind::Core => {
                    let site = |socket: &Socket| self.devices[socket.device.place()].site.place();
                    match distance[site(a)].cmp(&distance[site(b)]) {
                        std::cmp::Ordering::Less => Some((a, b)),
                        std::cmp::Ordering::Greater => Some((b, a)),
                        std::cmp::Ordering::Equal => None,
                    }
                }
                LinkKind::Metro | LinkKind::Tail => Some((a, b)),
            };
            if let Some((parent, child)) = ends {
                let parents = &mut self.devices[child.device.place()].parents;
                if !parents.contains(&parent.device) {
                    parents.push(parent.device);
                }
            }
        }
    }

    fn finish(
        mut self,
        topology: &Topology,
        hubs: [SiteIndex; 2],
        drafts: &[Draft],
        paths: &mut Paths,
    ) -> World {
        let mut ports = Vec::new();
        for (place, device) in self.devices.iter_mut().enumerate() {
            let drafts = &mut self.port_drafts[place];
            let more: Vec<PortUse> = match device.role {
                Role::Core | Role::Access => (0..self.options.spare_ports)
                    .map(|n| if n % 2 == 0 { PortUse::Spare } else { PortUse::Shut })
                    .collect(),
                Role::Cpe => vec![PortUse::Local; self.options.local_ports as usize],
                Role::Oddment => Vec::new(),
            };
            drafts.extend(more.into_iter().map(|used_for| PortDraft { used_for, customer: None }));
            let start = PortIndex::at(ports.len()).0;
            ports.extend(std::mem::take(drafts).into_iter().zip(1..).map(|(draft, if_index)| {
                Port {
                    device: DeviceIndex::at(place),
                    if_index,
                    used_for: draft.used_for,
                    customer: draft.customer,
                }
            }));
            device.ports = start..PortIndex::at(ports.len()).0;
        }
        let port_at = |socket: Socket| {
            PortIndex::at(self.devices[socket.device.place()].ports.start as usize + socket.local)
        };
        let links = self
            .links
            .into_iter()
            .map(|(id, kind, a, b)| Link { id, kind, a: port_at(a), b: port_at(b) })
            .collect();
        let named = self.devices.iter().enumerate();
        let by_hostname = named
            .map(|(place, device)| (device.hostname.clone(), DeviceIndex::at(place)))
            .collect();
        let mut hostname_order: Vec<u32> = (0..self.devices.len() as u32).collect();
        hostname_order.sort_by_key(|&place| &self.devices[place as usize].hostname);
        let mut world = World {
            account: self.options.account.clone(),
            seed: self.options.seed,
            name: topology.name.clone(),
            sites: self.sites,
            devices: self.devices,
            ports,
            links,
            customers: self.customers,
            services: Vec::new(),
            hubs,
            by_hostname,
            hostname_order,
        };
        world.services = paths.services(&world, drafts);
        world
    }
}
