//! A hierarchical ISP and the records that its pollers append, made from a
//! seed: the network of the engine's own benchmark (`correlate/benches/isp`),
//! in the form in which it reaches Kafka. One device with its ports is one
//! record.

use bytes::Bytes;
use correlate::model::{PathExpr, ServiceDefinition, ServiceId};
use store::log::Record;
use store::wire::{
    ComponentSample, DefinitionRecord, DeviceReport, Evidence, State, encode_report, report_key,
};

/// Customers on one access switch, and switches on one aggregation site.
const CUSTOMERS_PER_SWITCH: usize = 24;
const SWITCHES_PER_SITE: usize = 40;
const CORE_RING: usize = 8;

/// In a hierarchical network, one sample in so many is a transition.
const TRANSITION_ONE_IN: u64 = 2_500;

/// The instant in a template, to be found and replaced: like every instant
/// from 1971 to 2109 it takes six bytes.
const TEMPLATE_AT_MS: i64 = 0x155_5555_5555;
const AT_BYTES: usize = 6;

/// The first part of every id.
const NMS: &str = "isp";

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

/// One device with its ports: its record, but for instants and states.
struct Device {
    key: Bytes,
    value: Vec<u8>,
    /// Where instants stand in `value`.
    instants: Vec<usize>,
    /// The first of its components, in the order of the record.
    first: usize,
}

/// A network with its services.
pub(crate) struct Network {
    pub(crate) services: Vec<ServiceDefinition>,
    devices: Vec<Device>,
    /// The id of each component.
    components: Vec<String>,
    /// Both routers of every other site, which fail together once.
    doomed: Vec<usize>,
    /// Whether components fail by chance, too.
    is_restless: bool,
}

impl Network {
    fn new() -> Network {
        Network {
            services: Vec::new(),
            devices: Vec::new(),
            components: Vec::new(),
            doomed: Vec::new(),
            is_restless: false,
        }
    }

    /// Customer devices behind access switches, dual-homed sites and a core ring.
    pub(crate) fn hierarchical(services: usize) -> Network {
        let mut network = Network { is_restless: true, ..Network::new() };
        let core: Vec<PathExpr> =
            (0..CORE_RING).map(|n| network.device(&format!("core{n}"), None)).collect();
        let (mut switch, mut pair) = (core[0].clone(), Vec::new());
        for customer in 0..services {
            if customer % (CUSTOMERS_PER_SWITCH * SWITCHES_PER_SITE) == 0 {
                let site = customer / (CUSTOMERS_PER_SWITCH * SWITCHES_PER_SITE);
                if site.is_multiple_of(2) {
                    let first = network.components.len();
                    network.doomed.extend([first, first + 1]);
                }
                pair =
                    (0..2).map(|leg| network.device(&format!("agg{site}-{leg}"), None)).collect();
            }
            if customer % CUSTOMERS_PER_SWITCH == 0 {
                switch = network.device(&format!("acc{}", customer / CUSTOMERS_PER_SWITCH), None);
            }
            let port = format!("{}", 1_000_000 + customer);
            let device = network.device(&format!("{}", 100_000 + customer), Some(&port));
            let near = customer % CORE_RING;
            let path = PathExpr::All(vec![
                device,
                PathExpr::Component(format!("{NMS}/port/{port}").into()),
                switch.clone(),
                PathExpr::Any(pair.clone()),
                PathExpr::Any(vec![core[near].clone(), core[(near + 1) % CORE_RING].clone()]),
            ]);
            network
                .services
                .push(ServiceDefinition::always(format!("s{customer:06}").into(), path));
        }
        network
    }

    /// A device for each service, and one device under all of them, which is
    /// the last component.
    pub(crate) fn single_homed(services: usize) -> Network {
        let mut network = Network::new();
        let core = PathExpr::Component(format!("{NMS}/device/core").into());
        for index in 0..services {
            let device = network.device(&format!("{index}"), None);
            let path = PathExpr::All(vec![device, core.clone()]);
            network.services.push(ServiceDefinition::always(format!("s{index:06}").into(), path));
        }
        network.device("core", None);
        network
    }

    fn device(&mut self, id: &str, port: Option<&str>) -> PathExpr {
        let first = self.components.len();
        let parts = [Some(("device", id)), port.map(|port| ("port", port))];
        let mut samples = Vec::new();
        for (kind, native_id) in parts.into_iter().flatten() {
            self.components.push(format!("{NMS}/{kind}/{native_id}"));
            samples.push(sample(kind, native_id, TEMPLATE_AT_MS, State::Up));
        }
        let report = DeviceReport {
            nms: NMS.to_owned(),
            device: id.to_owned(),
            observed_at_ms: TEMPLATE_AT_MS,
            samples,
        };
        let value = encode_report(&report).to_vec();
        let pattern = instant(TEMPLATE_AT_MS);
        let is_instant = |&place: &usize| value[place..].starts_with(&pattern);
        let instants: Vec<usize> = (0..value.len()).filter(is_instant).collect();
        assert_eq!(instants.len(), report.samples.len() + 1, "a template has other instants");
        self.devices.push(Device { key: report_key(&report), value, instants, first });
        PathExpr::Component(format!("{NMS}/device/{id}").into())
    }

    /// How many components it has.
    pub(crate) fn len(&self) -> usize {
        self.components.len()
    }

    /// The records that define its services.
    pub(crate) fn definitions(&self) -> Vec<Record> {
        let record = |definition: &ServiceDefinition| {
            let id = definition.id.clone();
            let record = DefinitionRecord::Service { id, definition: Some(definition.clone()) };
            record.encode().expect("valid")
        };
        self.services.iter().map(record).collect()
    }
}

/// A change of state that a poller saw.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Change {
    pub(crate) component: String,
    pub(crate) at_ms: i64,
}

/// What polls the network, over and over in the same order.
pub(crate) struct Poller {
    pub(crate) network: Network,
    down: Vec<bool>,
    told: Vec<Option<bool>>,
    dice: Dice,
    next: usize,
    /// When devices were last polled.
    pub(crate) polled_ms: i64,
    /// Every change of state that was told since this was last taken.
    pub(crate) changes: Vec<Change>,
}

impl Poller {
    pub(crate) fn new(network: Network) -> Poller {
        let components = network.len();
        Poller {
            network,
            down: vec![false; components],
            told: vec![None; components],
            dice: Dice(0x9e37_79b9_7f4a_7c15),
            next: 0,
            polled_ms: 0,
            changes: Vec::new(),
        }
    }

    /// The records of the next devices, with at least `samples` samples; the
    /// round's last device ends it. `at_ms` is when they were polled.
    pub(crate) fn poll(&mut self, samples: usize, at_ms: i64) -> (Vec<Record>, usize) {
        let mut records = Vec::new();
        let mut told = 0;
        while told < samples {
            records.push(self.report(at_ms));
            told += self.network.devices[self.next].instants.len() - 1;
            self.next += 1;
            if self.next == self.network.devices.len() {
                self.next = 0;
                break;
            }
        }
        (records, told)
    }

    /// The last component fails, or is up again: its record alone.
    pub(crate) fn turn_last(&mut self, down: bool, at_ms: i64) -> Record {
        self.next = self.network.devices.len() - 1;
        *self.down.last_mut().expect("the network has components") = down;
        self.report(at_ms)
    }

    /// Both routers of every other site fail, or are up again.
    pub(crate) fn turn_sites(&mut self, down: bool) {
        self.network.doomed.iter().for_each(|&index| self.down[index] = down);
    }

    fn report(&mut self, at_ms: i64) -> Record {
        self.polled_ms = at_ms;
        let device = &self.network.devices[self.next];
        let mut value = device.value.clone();
        let at = instant(at_ms);
        for &place in &device.instants {
            value[place..place + AT_BYTES].copy_from_slice(&at);
        }
        // The first instant is the report's own; after each other one comes
        // the tag of the state, then the state.
        for (index, &place) in (device.first..).zip(&device.instants[1..]) {
            let may_turn = self.network.is_restless && !self.network.doomed.contains(&index);
            if may_turn && self.dice.one_in(TRANSITION_ONE_IN) {
                self.down[index] = !self.down[index];
            }
            let down = self.down[index];
            let state = if down { State::Down } else { State::Up };
            value[place + AT_BYTES + 1] = state as u8;
            if self.told[index].replace(down) != Some(down) {
                let component = self.network.components[index].clone();
                self.changes.push(Change { component, at_ms });
            }
        }
        Record::new(device.key.clone(), value)
    }
}

/// Devices under this name are none of the network's.
pub(crate) const MARKER: &str = "marker-";

/// Services with a device each, all of their own, whose states come last and
/// show that everything before them was taken in.
pub(crate) struct Markers {
    pub(crate) definitions: Vec<Record>,
    pub(crate) samples: Vec<Record>,
    /// What the ids of the services begin with.
    pub(crate) prefix: String,
}

impl Markers {
    pub(crate) fn new(name: &str, count: usize, at_ms: i64) -> Markers {
        let prefix = format!("{MARKER}{name}-");
        let mut markers = Markers { definitions: Vec::new(), samples: Vec::new(), prefix };
        for index in 0..count {
            let device = format!("{}{index}", markers.prefix);
            let id = ServiceId::from(device.as_str());
            let path = PathExpr::Component(format!("{NMS}/device/{device}").into());
            let definition = Some(ServiceDefinition::always(id.clone(), path));
            let record = DefinitionRecord::Service { id, definition }.encode();
            markers.definitions.push(record.expect("valid"));
            let report = DeviceReport {
                nms: NMS.to_owned(),
                observed_at_ms: at_ms,
                samples: vec![sample("device", &device, at_ms, State::Up)],
                device,
            };
            markers.samples.push(Record::new(report_key(&report), encode_report(&report)));
        }
        markers
    }
}

fn sample(kind: &str, native_id: &str, at_ms: i64, state: State) -> ComponentSample {
    ComponentSample {
        kind: kind.to_owned(),
        native_id: native_id.to_owned(),
        at_ms,
        state: state.into(),
        evidence: Evidence::Poll.into(),
        // As ingest says of a renewal, which nearly every sample is.
        uncertainty_ms: 0,
        reason: 0,
    }
}

/// An instant as protobuf writes it: seven bits a byte, the lowest first.
fn instant(at_ms: i64) -> [u8; AT_BYTES] {
    let bits = at_ms.cast_unsigned();
    std::array::from_fn(|index| {
        let low = (bits >> (7 * index)) as u8 & 0x7f;
        if index + 1 < AT_BYTES { low | 0x80 } else { low }
    })
}
