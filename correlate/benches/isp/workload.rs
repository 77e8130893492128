//! A hierarchical ISP and what its pollers say, made from a seed.

use std::fmt::Write;

use correlate::model::PathExpr;

/// What the benchmark is about.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    /// Customer services; each has a device and a port of its own.
    pub(crate) services: usize,
    /// One-minute polling rounds of every component.
    pub(crate) rounds: usize,
}

/// Customers on one access switch, and switches on one aggregation site.
const CUSTOMERS_PER_SWITCH: usize = 24;
const SWITCHES_PER_SITE: usize = 40;
const CORE_RING: usize = 8;
/// One sample in so many is a transition.
const TRANSITION_ONE_IN: u64 = 2_500;
const ROUND_MS: i64 = 60_000;
const START_MS: i64 = 1_767_225_600_000;

/// The facts of a benchmark.
pub(crate) struct Workload {
    pub(crate) csv: String,
    pub(crate) services_json: String,
    pub(crate) components: usize,
    pub(crate) until_ms: i64,
}

struct Network {
    names: Vec<String>,
    services: Vec<(String, PathExpr)>,
    /// Both routers of every other site, which fail together once.
    doomed: Vec<usize>,
}

/// xorshift: the same numbers on every machine.
struct Dice(u64);

impl Dice {
    fn one_in(&mut self, n: u64) -> bool {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.is_multiple_of(n)
    }
}

fn leaf(name: &str) -> PathExpr {
    PathExpr::Component(name.into())
}

fn network(services: usize) -> Network {
    let mut names: Vec<String> = (0..CORE_RING).map(|n| format!("isp/device/core{n}")).collect();
    let core = names.clone();
    let mut definitions = Vec::with_capacity(services);
    let mut doomed = Vec::new();
    let (mut switch, mut pair) = (String::new(), Vec::new());
    for customer in 0..services {
        if customer % (CUSTOMERS_PER_SWITCH * SWITCHES_PER_SITE) == 0 {
            let site = customer / (CUSTOMERS_PER_SWITCH * SWITCHES_PER_SITE);
            pair = (0..2).map(|leg| format!("isp/device/agg{site}-{leg}")).collect();
            if site.is_multiple_of(2) {
                doomed.extend([names.len(), names.len() + 1]);
            }
            names.extend(pair.iter().cloned());
        }
        if customer % CUSTOMERS_PER_SWITCH == 0 {
            switch = format!("isp/device/acc{}", customer / CUSTOMERS_PER_SWITCH);
            names.push(switch.clone());
        }
        let device = format!("isp/device/{}", 100_000 + customer);
        let port = format!("isp/port/{}", 1_000_000 + customer);
        let near = customer % CORE_RING;
        let path = PathExpr::All(vec![
            leaf(&device),
            leaf(&port),
            leaf(&switch),
            PathExpr::Any(pair.iter().map(|router| leaf(router)).collect()),
            PathExpr::Any(vec![leaf(&core[near]), leaf(&core[(near + 1) % CORE_RING])]),
        ]);
        names.extend([device, port]);
        definitions.push((format!("s{customer:06}"), path));
    }
    Network { names, services: definitions, doomed }
}

/// Every component in every round, in the order in which a poller walks them.
pub(crate) fn generate(size: Size) -> Workload {
    let Network { names, services, doomed } = network(size.services);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut down = vec![false; names.len()];
    let mut csv = String::with_capacity(size.rounds * names.len() * 34 + 32);
    csv.push_str("at,component,state\n");
    for round in 0..size.rounds {
        let at = START_MS + round as i64 * ROUND_MS;
        if round == size.rounds / 2 || round == size.rounds / 2 + 5 {
            doomed.iter().for_each(|&index| down[index] = round == size.rounds / 2);
        }
        for (index, name) in names.iter().enumerate() {
            if dice.one_in(TRANSITION_ONE_IN) && !doomed.contains(&index) {
                down[index] = !down[index];
            }
            let state = if down[index] { "down" } else { "up" };
            writeln!(csv, "{at},{name},{state}").expect("writing to a String cannot fail");
        }
    }
    let until_ms = START_MS + size.rounds as i64 * ROUND_MS;
    let mut services_json = String::from("[\n");
    for (index, (id, path)) in services.iter().enumerate() {
        let comma = if index == 0 { "" } else { ",\n" };
        let path = path.to_json();
        write!(services_json, r#"{comma}{{"id":"{id}","path":{path}}}"#)
            .expect("writing to a String cannot fail");
    }
    services_json.push_str("\n]\n");
    Workload { csv, services_json, components: names.len(), until_ms }
}
