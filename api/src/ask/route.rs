//! A way through the network as links show it: a suggestion for the path of a
//! service, never a truth.
//!
//! Links come from neighbour discovery: they may be missing, stale or half
//! known, and say nothing of what traffic really takes. So a suggestion says
//! what it rests on and what is not known, and a person decides.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use correlate::model::{ComponentId, PathExpr, Timestamp};
use store::records::Link;

/// Ways that do not share a device which are looked for: a service that is
/// redundant has two, and more only make the suggestion hard to read.
const WAYS_MAX: usize = 2;

/// One link between two devices, both ends put together.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Hop {
    /// The NMS's id of the device that it leaves.
    pub(crate) from: String,
    /// The port by which it leaves, if known.
    pub(crate) out: Option<String>,
    /// The port by which it comes in, if known.
    pub(crate) into: Option<String>,
    /// The device that it comes to.
    pub(crate) to: String,
    /// When either end last saw the other.
    pub(crate) last_seen_at: Timestamp,
}

/// A way from one device to another; parallel links stand side by side.
pub(crate) type Way = Vec<Vec<Hop>>;

/// The network of one account.
pub(crate) struct Map {
    account: String,
    /// By device and neighbour: the links between them, each once.
    links: BTreeMap<String, BTreeMap<String, BTreeSet<Hop>>>,
}

impl Map {
    /// Puts the links of `account` together, each of which most often stands
    /// there twice, once from either end.
    pub(crate) fn of(account: &str, links: &[Link]) -> Map {
        let mut map = Map { account: account.to_owned(), links: BTreeMap::new() };
        for link in links {
            if let Some(remote) = link.remote_device.as_ref().filter(|it| **it != link.local_device)
            {
                map.add(link, remote);
            }
        }
        map
    }

    fn add(&mut self, link: &Link, remote: &str) {
        let there = Hop {
            from: link.local_device.clone(),
            out: link.local_port.clone(),
            into: link.remote_port.clone(),
            to: remote.to_owned(),
            last_seen_at: link.last_seen_at,
        };
        let back = Hop {
            from: there.to.clone(),
            out: there.into.clone(),
            into: there.out.clone(),
            to: there.from.clone(),
            last_seen_at: there.last_seen_at,
        };
        for hop in [there, back] {
            let between = self.links.entry(hop.from.clone()).or_default();
            put(between.entry(hop.to.clone()).or_default(), hop);
        }
    }

    /// The device with the most neighbours, and how many it has; of several
    /// the first by id. It is the best guess at what the core is.
    pub(crate) fn hub(&self) -> Option<(&str, usize)> {
        let neighbours = self.links.iter().map(|(device, to)| (device.as_str(), to.len()));
        neighbours.max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(a.0)))
    }

    /// Whether any link of `device` is known.
    pub(crate) fn knows(&self, device: &str) -> bool {
        self.links.contains_key(device)
    }

    /// Up to [`WAYS_MAX`] ways from `from` to `to`, the shortest first, that
    /// share no device between the ends. The second is what is left when the
    /// first is taken away, so it is found wherever the shortest way does not
    /// stand in the way of both. There is no way from a device to itself.
    pub(crate) fn ways(&self, from: &str, to: &str) -> Vec<Way> {
        let mut ways = Vec::new();
        if from == to {
            return ways;
        }
        let mut taken: BTreeSet<&str> = BTreeSet::new();
        while ways.len() < WAYS_MAX {
            let Some(devices) = self.shortest(from, to, &taken) else { break };
            taken.extend(&devices[1..devices.len() - 1]);
            let is_direct = devices.len() == 2;
            let hops = devices.windows(2).map(|pair| self.between(pair[0], pair[1]));
            ways.push(hops.collect());
            if is_direct {
                break;
            }
        }
        ways
    }

    fn between(&self, from: &str, to: &str) -> Vec<Hop> {
        let found = self.links.get(from).and_then(|to_all| to_all.get(to));
        found.into_iter().flatten().cloned().collect()
    }

    /// The devices of a shortest way, both ends included; of several the
    /// first by ids.
    fn shortest<'m>(
        &'m self,
        from: &'m str,
        to: &'m str,
        taken: &BTreeSet<&str>,
    ) -> Option<Vec<&'m str>> {
        let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut next = VecDeque::from([from]);
        while let Some(device) = next.pop_front() {
            if device == to {
                return Some(trace(&came_from, from, to));
            }
            for neighbour in self.links.get(device).into_iter().flat_map(BTreeMap::keys) {
                let neighbour = neighbour.as_str();
                let is_free = neighbour != from && !taken.contains(neighbour);
                if is_free && !came_from.contains_key(neighbour) {
                    came_from.insert(neighbour, device);
                    next.push_back(neighbour);
                }
            }
        }
        None
    }

    /// The path expression of a service that enters at `port` of `from` and
    /// needs `to`, by `ways`.
    pub(crate) fn expression(
        &self,
        port: Option<&str>,
        from: &str,
        to: &str,
        ways: &[Way],
    ) -> PathExpr {
        let mut needed: Vec<PathExpr> = port.map(|port| self.port(port)).into_iter().collect();
        needed.push(self.device(from));
        match ways {
            [] => {}
            [way] => needed.extend(self.hops(way)),
            several => {
                needed.push(PathExpr::Any(several.iter().map(|way| all(self.hops(way))).collect()));
            }
        }
        if from != to && !ways.is_empty() {
            needed.push(self.device(to));
        }
        all(needed)
    }

    /// What a way needs between its two ends.
    fn hops(&self, way: &Way) -> Vec<PathExpr> {
        let mut needed = Vec::new();
        for (index, parallel) in way.iter().enumerate() {
            let links: Vec<Vec<PathExpr>> =
                parallel.iter().map(|hop| self.ports(hop)).filter(|all| !all.is_empty()).collect();
            match <[Vec<PathExpr>; 1]>::try_from(links) {
                Ok([one]) => needed.extend(one),
                // A link whose ports are all unknown would make the others
                // look needed: then the devices alone are.
                Err(links) if links.len() == parallel.len() && !links.is_empty() => {
                    needed.push(PathExpr::Any(links.into_iter().map(all).collect()));
                }
                Err(_) => {}
            }
            if index + 1 < way.len()
                && let Some(hop) = parallel.first()
            {
                needed.push(self.device(&hop.to));
            }
        }
        needed
    }

    fn ports(&self, hop: &Hop) -> Vec<PathExpr> {
        let ends = [&hop.out, &hop.into];
        ends.into_iter().flatten().map(|port| self.port(port)).collect()
    }

    fn device(&self, native: &str) -> PathExpr {
        PathExpr::Component(ComponentId::of(&self.account, "device", native))
    }

    fn port(&self, native: &str) -> PathExpr {
        PathExpr::Component(ComponentId::of(&self.account, "port", native))
    }
}

/// Adds a hop, or completes the one that it is the other view of.
fn put(known: &mut BTreeSet<Hop>, hop: Hop) {
    let fits = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
    // Only a view that knows an end in common is surely of the same link.
    let shares = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
    let same = known.iter().find(|other| {
        fits(&other.out, &hop.out)
            && fits(&other.into, &hop.into)
            && (shares(&other.out, &hop.out) || shares(&other.into, &hop.into) || **other == hop)
    });
    match same.cloned() {
        Some(other) => {
            known.remove(&other);
            known.insert(Hop {
                out: other.out.or(hop.out),
                into: other.into.or(hop.into),
                last_seen_at: other.last_seen_at.max(hop.last_seen_at),
                ..hop
            });
        }
        None => {
            known.insert(hop);
        }
    }
}

fn trace<'m>(came_from: &BTreeMap<&'m str, &'m str>, from: &'m str, to: &'m str) -> Vec<&'m str> {
    let mut way = vec![to];
    let mut at = to;
    while at != from {
        at = came_from[at];
        way.push(at);
    }
    way.reverse();
    way
}

/// One expression for all of them.
fn all(mut needed: Vec<PathExpr>) -> PathExpr {
    match needed.len() {
        1 => needed.remove(0),
        _ => PathExpr::All(needed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `1:11-21:2`: port 11 of device 1 sees port 21 of device 2; `?` is unknown.
    fn map(links: &[&str]) -> Map {
        let read = |text: &&str| {
            let (local, remote) = text.split_once('-').expect("two ends");
            let (local_device, local_port) = local.split_once(':').expect("device:port");
            let (remote_port, remote_device) = remote.split_once(':').expect("port:device");
            let known = |text: &str| Some(text.to_owned()).filter(|text| text != "?");
            Link {
                account: "n".to_owned(),
                local_device: local_device.to_owned(),
                local_port: known(local_port),
                remote_device: known(remote_device),
                remote_port: known(remote_port),
                remote_host_name: String::new(),
                remote_port_name: String::new(),
                protocol: "lldp".to_owned(),
                last_seen_at: Timestamp(1),
            }
        };
        let links: Vec<Link> = links.iter().map(read).collect();
        Map::of("n", &links)
    }

    #[track_caller]
    fn check(links: &[&str], from: &str, to: &str, expected: &str) {
        let map = map(links);
        let ways = map.ways(from, to);
        let found = map.expression(Some("99"), from, to, &ways).to_json().to_string();
        let found = found.replace("n/device/", "d").replace("n/port/", "p").replace('"', "");
        assert_eq!(found, expected);
    }

    #[test]
    fn a_chain_needs_every_device_and_port_on_it() {
        let both_ends = ["1:11-21:2", "2:21-11:1", "2:22-31:3", "3:31-22:2"];
        check(&both_ends, "1", "3", "{all:[p99,d1,p11,p21,d2,p22,p31,d3]}");
        check(&both_ends[..3], "1", "3", "{all:[p99,d1,p11,p21,d2,p22,p31,d3]}");
    }

    #[test]
    fn a_ring_is_two_ways() {
        let ring = ["1:11-21:2", "2:22-31:3", "3:32-41:4", "4:42-12:1"];
        check(
            &ring,
            "1",
            "3",
            "{all:[p99,d1,{any:[{all:[p11,p21,d2,p22,p31]},{all:[p12,p42,d4,p41,p32]}]},d3]}",
        );
    }

    #[test]
    fn parallel_links_are_alternatives_only_when_all_are_known() {
        check(
            &["1:11-21:2", "1:12-22:2"],
            "1",
            "2",
            "{all:[p99,d1,{any:[{all:[p11,p21]},{all:[p12,p22]}]},d2]}",
        );
        check(&["1:11-21:2", "1:?-?:2"], "1", "2", "{all:[p99,d1,p11,p21,d2]}");
    }

    #[test]
    fn what_one_end_does_not_know_the_other_completes() {
        check(&["1:11-?:2", "2:21-11:1"], "1", "2", "{all:[p99,d1,p11,p21,d2]}");
        check(&["1:?-?:2"], "1", "2", "{all:[p99,d1,d2]}");
    }

    #[test]
    fn where_no_way_is_known_only_the_beginning_is_suggested() {
        check(&["2:21-31:3", "1:11-?:?"], "1", "3", "{all:[p99,d1]}");
        check(&[], "1", "1", "{all:[p99,d1]}");
        assert!(map(&["1:1-2:1"]).ways("1", "2").is_empty(), "a device is no neighbour of itself");
    }

    #[test]
    fn the_hub_has_the_most_neighbours() {
        let star = map(&["1:1-1:5", "2:1-2:5", "3:1-3:5", "3:2-2:1"]);
        assert_eq!(star.hub(), Some(("5", 3)));
        assert_eq!(map(&[]).hub(), None);
    }
}
