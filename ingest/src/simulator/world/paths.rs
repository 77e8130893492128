//! Two ways through the core that share as little as they can.
//!
//! A minimum-cost flow of two units over the sites: a link used twice costs
//! far more than any detour, a site used twice costs more than a few hops, so
//! the pair is link-disjoint wherever the map allows it, site-disjoint where
//! that too is possible, and short after that. What cannot be avoided (the
//! only link to a site) is in both.

use std::collections::VecDeque;

const HOP_COST: i64 = 1;
/// More than any detour over [`super::Topology::MAX_NODES`] sites can cost in hops.
const SHARED_SITE_COST: i64 = 20_000;
/// More than sharing every site of the largest map.
const SHARED_LINK_COST: i64 = 400_000_000;

/// One way: the links in order, from `from` to `to`. No link when both are
/// the same site.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Leg {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) links: Vec<usize>,
}

/// The map as the search sees it.
pub(super) struct SiteGraph {
    sites: usize,
    links: Vec<(usize, usize)>,
}

struct Arc {
    to: usize,
    capacity: i64,
    cost: i64,
    link: Option<usize>,
}

/// A residual network; the arc `i ^ 1` is the reverse of arc `i`.
struct Flow {
    arcs: Vec<Arc>,
    leaving: Vec<Vec<usize>>,
}

impl SiteGraph {
    pub(super) fn new(sites: usize, links: Vec<(usize, usize)>) -> SiteGraph {
        SiteGraph { sites, links }
    }

    /// Which sites `from` can reach, itself included.
    pub(super) fn reachable(&self, from: usize) -> Vec<bool> {
        let mut near = vec![Vec::new(); self.sites];
        for &(a, b) in &self.links {
            near[a].push(b);
            near[b].push(a);
        }
        let mut seen = vec![false; self.sites];
        seen[from] = true;
        let mut queue = VecDeque::from([from]);
        while let Some(site) = queue.pop_front() {
            for &next in &near[site] {
                if !seen[next] {
                    seen[next] = true;
                    queue.push_back(next);
                }
            }
        }
        seen
    }

    /// Two legs that start at `from[0]` and `from[1]` and end at `to[0]` and
    /// `to[1]`, in either pairing; `None` where there is no way.
    pub(super) fn pair(&self, from: [usize; 2], to: [usize; 2]) -> Option<[Leg; 2]> {
        let (source, sink) = (2 * self.sites, 2 * self.sites + 1);
        let mut flow = Flow { arcs: Vec::new(), leaving: vec![Vec::new(); sink + 1] };
        for site in 0..self.sites {
            flow.add(entry(site), exit(site), 0, None);
            flow.add(entry(site), exit(site), SHARED_SITE_COST, None);
        }
        for (link, &(a, b)) in self.links.iter().enumerate() {
            for (x, y) in [(a, b), (b, a)] {
                flow.add(exit(x), entry(y), HOP_COST, Some(link));
                flow.add(exit(x), entry(y), HOP_COST + SHARED_LINK_COST, Some(link));
            }
        }
        for end in 0..2 {
            flow.add(source, entry(from[end]), 0, None);
            flow.add(exit(to[end]), sink, 0, None);
        }
        if !(flow.augment(source, sink) && flow.augment(source, sink)) {
            return None;
        }
        Some([flow.take_leg(source, sink), flow.take_leg(source, sink)])
    }
}

fn entry(site: usize) -> usize {
    2 * site
}

fn exit(site: usize) -> usize {
    2 * site + 1
}

impl Flow {
    fn add(&mut self, from: usize, to: usize, cost: i64, link: Option<usize>) {
        self.leaving[from].push(self.arcs.len());
        self.arcs.push(Arc { to, capacity: 1, cost, link });
        self.leaving[to].push(self.arcs.len());
        self.arcs.push(Arc { to: from, capacity: 0, cost: -cost, link });
    }

    /// Sends one more unit along the cheapest way; false when there is none.
    fn augment(&mut self, source: usize, sink: usize) -> bool {
        let mut cost = vec![i64::MAX; self.leaving.len()];
        let mut by = vec![usize::MAX; self.leaving.len()];
        let mut queued = vec![false; self.leaving.len()];
        let mut queue = VecDeque::from([source]);
        cost[source] = 0;
        while let Some(node) = queue.pop_front() {
            queued[node] = false;
            for &index in &self.leaving[node] {
                let arc = &self.arcs[index];
                let through = cost[node] + arc.cost;
                if arc.capacity > 0 && through < cost[arc.to] {
                    cost[arc.to] = through;
                    by[arc.to] = index;
                    if !queued[arc.to] {
                        queued[arc.to] = true;
                        queue.push_back(arc.to);
                    }
                }
            }
        }
        if cost[sink] == i64::MAX {
            return false;
        }
        let mut node = sink;
        while node != source {
            self.arcs[by[node]].capacity -= 1;
            self.arcs[by[node] ^ 1].capacity += 1;
            node = self.arcs[by[node] ^ 1].to;
        }
        true
    }

    /// Takes one unit out of the flow and tells where it went.
    fn take_leg(&mut self, source: usize, sink: usize) -> Leg {
        let mut leg = Leg { from: 0, to: 0, links: Vec::new() };
        let mut node = source;
        while node != sink {
            let index = self.leaving[node]
                .iter()
                .copied()
                .find(|&index| index % 2 == 0 && self.arcs[index].capacity == 0)
                .expect("a unit that entered a node leaves it again");
            self.arcs[index].capacity = 1;
            let arc = &self.arcs[index];
            leg.links.extend(arc.link);
            if node == source {
                leg.from = arc.to / 2;
            }
            if arc.to == sink {
                leg.to = node / 2;
            }
            node = arc.to;
        }
        leg
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::random::Random;
    use super::*;

    fn shared(legs: &[Leg; 2]) -> Vec<usize> {
        legs[0].links.iter().copied().filter(|link| legs[1].links.contains(link)).collect()
    }

    #[track_caller]
    fn check_walk(graph: &SiteGraph, leg: &Leg) {
        let mut at = leg.from;
        for &link in &leg.links {
            let (a, b) = graph.links[link];
            assert!(at == a || at == b, "{leg:?} jumps");
            at = if at == a { b } else { a };
        }
        assert_eq!(at, leg.to, "{leg:?} ends elsewhere");
    }

    /// Whether removing any single link leaves the two sites joined.
    fn survives_any_cut(graph: &SiteGraph, from: usize, to: usize) -> bool {
        (0..graph.links.len()).all(|cut| {
            let mut links = graph.links.clone();
            links.remove(cut);
            SiteGraph::new(graph.sites, links).reachable(from)[to]
        })
    }

    #[test]
    fn a_ring_gives_both_ways_round() {
        let graph = SiteGraph::new(4, vec![(0, 1), (1, 2), (2, 3), (3, 0)]);
        let legs = graph.pair([0, 0], [2, 2]).expect("a way");
        assert!(shared(&legs).is_empty());
        legs.iter().for_each(|leg| check_walk(&graph, leg));
    }

    #[test]
    fn a_tail_is_in_both_legs_and_the_ring_behind_it_is_not() {
        let graph = SiteGraph::new(4, vec![(0, 1), (1, 2), (2, 3), (3, 1)]);
        let legs = graph.pair([0, 0], [2, 2]).expect("a way");
        assert_eq!(shared(&legs), [0]);
    }

    #[test]
    fn a_trap_for_the_greedy_shortest_path_is_avoided() {
        // The shortest way 0-1-2-5 blocks both others unless it is undone.
        let links = vec![(0, 1), (1, 2), (2, 5), (0, 3), (3, 2), (1, 4), (4, 5)];
        let graph = SiteGraph::new(6, links);
        let legs = graph.pair([0, 0], [5, 5]).expect("a way");
        assert!(shared(&legs).is_empty());
    }

    #[test]
    fn islands_have_no_way() {
        assert_eq!(SiteGraph::new(2, vec![]).pair([0, 0], [1, 1]), None);
    }

    #[test]
    fn legs_are_disjoint_exactly_where_no_single_cut_parts_the_sites() {
        let mut random = Random::new(11, "paths");
        for _ in 0..300 {
            let sites = 2 + random.below(7);
            let links: Vec<_> = (0..random.below(14))
                .map(|_| (random.below(sites), random.below(sites)))
                .filter(|(a, b)| a != b)
                .collect();
            let graph = SiteGraph::new(sites, links);
            let (from, to) = (0, sites - 1);
            match graph.pair([from, from], [to, to]) {
                None => assert!(!graph.reachable(from)[to]),
                Some(legs) => {
                    legs.iter().for_each(|leg| check_walk(&graph, leg));
                    assert_eq!(shared(&legs).is_empty(), survives_any_cut(&graph, from, to));
                }
            }
        }
    }
}
