//! A million services and five million components: how much memory the engine
//! takes, how long it needs from a checkpoint until it is ready, and how soon
//! it has an edit. `PADWACHT_BENCH_MILLIONTHS` makes it smaller: services and
//! components by that part of a million.
//!
//! The parts run in processes of their own, so that the peak of one is not
//! that of another.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use correlate::dataflow::{Control, Options, Workers, WorkersError};
use correlate::model::{
    ComponentId, ComponentState, PathExpr, Sample, ServiceDefinition, ServiceId, Timestamp,
};
use store::checkpoint::{CheckpointError, Packing, find_newest, save_packed};

/// The product's.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const SERVICES: usize = 1_000_000;
/// Customers on one access switch, and switches on one aggregation site.
const CUSTOMERS_PER_SWITCH: usize = 24;
const SWITCHES_PER_SITE: usize = 40;
const CORE_RING: usize = 8;
const ROUND_MS: i64 = 60_000;
const ROUNDS: i64 = 3;
/// One component in so many is down for a round.
const DOWN_ONE_IN: usize = 2_500;
/// Facts handed over at once.
const BATCH: usize = 8_192;
/// Samples in one epoch, at most, as the live stage cuts them.
const EPOCH_SAMPLES: usize = 500_000;
/// Edits that are timed; the median counts.
const EDITS: usize = 21;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    match (words.next().as_deref(), words.next()) {
        (Some("build"), Some(dir)) => build(Path::new(&dir)),
        (Some("start"), Some(dir)) => start(Path::new(&dir)),
        _ => {
            let dir = tempfile::tempdir()?;
            for part in ["build", "start"] {
                let this = std::env::current_exe()?;
                let status = Command::new(this).arg(part).arg(dir.path()).status()?;
                if !status.success() {
                    return Err(format!("the part {part} failed").into());
                }
            }
            Ok(())
        }
    }
}

fn services() -> usize {
    let asked = std::env::var("PADWACHT_BENCH_MILLIONTHS").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(SERVICES)
}

fn options() -> Options {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    Options { workers, stale_after_ms: Some(15 * ROUND_MS), origin: Timestamp(0) }
}

fn row(what: &str, seconds: f64) {
    println!("{what:55} {seconds:8.3} s, peak {:5.0} MB", peak_megabytes());
}

/// The most memory that this process ever held, where the system says so.
fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kilobytes.map_or(f64::NAN, |kilobytes| kilobytes / 1024.0)
}

/// The ids that a customer's path and its neighbourhood are made of.
struct Customer {
    number: usize,
}

impl Customer {
    fn own(&self) -> [ComponentId; 4] {
        let id = |kind: &str, base: usize| ComponentId::of("isp", kind, base + self.number);
        [
            id("device", 1_000_000),
            id("port", 10_000_000),
            id("port", 20_000_000),
            id("port", 30_000_000),
        ]
    }

    /// A port that no service needs.
    fn spare(&self) -> ComponentId {
        ComponentId::of("isp", "port", 40_000_000 + self.number)
    }

    fn path(&self, shared: &Shared) -> PathExpr {
        let switch = self.number / CUSTOMERS_PER_SWITCH;
        let site = switch / SWITCHES_PER_SITE;
        let leaf = |id: &ComponentId| PathExpr::Component(id.clone());
        let mut all: Vec<PathExpr> = self.own().into_iter().map(PathExpr::Component).collect();
        all.push(leaf(&shared.switches[switch]));
        let pair = &shared.routers[2 * site..2 * site + 2];
        all.push(PathExpr::Any(pair.iter().map(leaf).collect()));
        let near = self.number % CORE_RING;
        let ring = [&shared.core[near], &shared.core[(near + 1) % CORE_RING]];
        all.push(PathExpr::Any(ring.into_iter().map(leaf).collect()));
        PathExpr::All(all)
    }

    fn definition(&self, shared: &Shared) -> ServiceDefinition {
        let id = ServiceId::from(format!("s{:07}", self.number));
        ServiceDefinition::always(id, self.path(shared))
    }
}

/// What many customers share.
struct Shared {
    switches: Vec<ComponentId>,
    routers: Vec<ComponentId>,
    core: Vec<ComponentId>,
}

impl Shared {
    fn new(services: usize) -> Shared {
        let switches = services.div_ceil(CUSTOMERS_PER_SWITCH);
        let sites = switches.div_ceil(SWITCHES_PER_SITE);
        let ids = |base: usize, count: usize| {
            (0..count).map(|number| ComponentId::of("isp", "device", base + number)).collect()
        };
        Shared {
            switches: ids(100_000_000, switches),
            routers: ids(200_000_000, 2 * sites),
            core: ids(300_000_000, CORE_RING),
        }
    }
}

/// Makes the engine from facts, and leaves a checkpoint.
fn build(dir: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let services = services();
    let shared = Shared::new(services);
    let began = Instant::now();
    let mut workers = Workers::start(options(), None)?;
    for first in (0..services).step_by(BATCH) {
        let customers = (first..services.min(first + BATCH)).map(|number| Customer { number });
        let define = |customer: Customer| Control::Define(customer.definition(&shared).into());
        workers.control(customers.map(define).collect())?;
        workers.settle(Timestamp(0))?;
    }
    let mut components = 0;
    for round in 0..ROUNDS {
        components = poll(&mut workers, &shared, round)?;
        workers.settle(Timestamp(round * ROUND_MS))?;
    }
    let what = format!("{services} services, {components} components, {ROUNDS} rounds");
    row(&what, began.elapsed().as_secs_f64());
    let began = Instant::now();
    let mut packing = Packing::new(1, Vec::new())?;
    workers.snapshot_parts(|part| packing.add(part).map_err(Failed::from))?;
    let file = save_packed(dir, packing)?;
    let megabytes = std::fs::metadata(file)?.len() / 1_000_000;
    row(&format!("checkpoint of {megabytes} MB saved"), began.elapsed().as_secs_f64());
    Ok(())
}

/// One polling round of every component; returns how many there are.
fn poll(workers: &mut Workers, shared: &Shared, round: i64) -> Result<usize, WorkersError> {
    let customers = (0..services()).map(|number| Customer { number });
    let own = customers.flat_map(|customer| customer.own().into_iter().chain([customer.spare()]));
    let others = shared.switches.iter().chain(&shared.routers).chain(&shared.core).cloned();
    let mut all = own.chain(others).enumerate().peekable();
    let mut count = 0;
    while all.peek().is_some() {
        let sample = |(index, component): (usize, ComponentId)| {
            let is_down = index % DOWN_ONE_IN == round as usize;
            let state = if is_down { ComponentState::Down } else { ComponentState::Up };
            // A poller walks its components through the round.
            Sample { at: Timestamp(round * ROUND_MS + index as i64 % ROUND_MS), component, state }
        };
        let batch: Vec<Sample> = all.by_ref().take(BATCH).map(sample).collect();
        count += batch.len();
        workers.feed(batch)?;
        if count % EPOCH_SAMPLES < BATCH {
            workers.settle(Timestamp(round * ROUND_MS))?;
        }
    }
    Ok(count)
}

/// Starts from the checkpoint, and edits.
fn start(dir: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let began = Instant::now();
    let stored = find_newest(dir)?.0.ok_or("there is no checkpoint")?;
    let parts = stored.into_parts().map(|part| part.map_err(Failed::from));
    let mut workers = Workers::start_from(options(), parts)?;
    let now = Timestamp((ROUNDS - 1) * ROUND_MS);
    row("start from the checkpoint until ready", began.elapsed().as_secs_f64());
    let shared = Shared::new(services());
    let mut times = Vec::new();
    for edit in 0..EDITS {
        let customer = Customer { number: edit * services() / EDITS };
        let id = customer.definition(&shared).id;
        let nowhere = PathExpr::Component(format!("isp/device/new{edit}").into());
        let edited = ServiceDefinition::always(id, nowhere);
        let began = Instant::now();
        workers.control(vec![Control::Define(edited.into())])?;
        let changed = workers.finish(now)?.revisions.len();
        assert!(changed > 0, "the edit makes the service unknown");
        times.push(began.elapsed());
    }
    times.sort_unstable();
    row("an edit of one definition until its revisions are out", times[EDITS / 2].as_secs_f64());
    Ok(())
}

/// What may end the saving.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Workers(#[from] WorkersError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}
