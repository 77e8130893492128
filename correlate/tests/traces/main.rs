//! Real outages on real topologies: the components of every trace mapped onto
//! the nodes and links of every topology, the engine against the oracle.
//!
//! What may be redistributed is kept in `correlate/tests/data`; the rest is
//! read from the shared folder where there is one. `PADWACHT_TRACE_SEEDS`
//! asks for more than the usual number of mappings.

mod data;
mod mapped;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use correlate::dataflow::Options;
use correlate::model::{Interval, ServiceId, ServiceState, Timestamp};
use mapped::Case;
use proof::{Crew, Fact, Facts, Mirror, Shuffle, Size, check_shape, oracle};

/// Mappings of each trace onto each topology that is kept here.
const SEEDS_KEPT: u64 = 3;

/// The same for what is only read from the shared folder.
const SEEDS_SHARED: u64 = 1;

/// Epochs in which the facts of a case arrive.
const EPOCHS: usize = 6;

type Timelines = BTreeMap<ServiceId, Vec<Interval>>;

/// What was seen over all cases, so that none of it gets lost unnoticed.
#[derive(Default, Debug)]
struct Seen {
    cases: usize,
    intervals: BTreeMap<ServiceState, usize>,
    cause_moves: usize,
}

impl Seen {
    fn note(&mut self, timelines: &Timelines) {
        self.cases += 1;
        for interval in timelines.values().flatten() {
            *self.intervals.entry(interval.state).or_default() += 1;
            self.cause_moves += interval.cause_moves.len();
        }
    }

    #[track_caller]
    fn check(&self, each_min: usize) {
        for state in ServiceState::ALL {
            let count = self.intervals.get(&state).copied().unwrap_or_default();
            assert!(count >= each_min, "{count} intervals are {state}: {self:?}");
        }
        assert!(self.cause_moves >= each_min, "{self:?}");
    }
}

#[test]
fn traces_that_are_kept_here_give_what_the_oracle_says() {
    let seen = every_pair(&data::kept(), seeds(SEEDS_KEPT));
    assert!(seen.cases >= 48, "{seen:?}");
    seen.check(100);
}

#[test]
fn traces_of_the_shared_folder_give_what_the_oracle_says() {
    let folder = data::shared();
    if !folder.is_dir() {
        // Not through the macro, which a passing test hides.
        let told = writeln!(
            std::io::stderr(),
            "{} is not there: only the traces in {} were tried",
            folder.display(),
            data::kept().display()
        );
        return told.expect("standard error can be written to");
    }
    let seen = every_pair(&folder, seeds(SEEDS_SHARED));
    assert!(seen.cases >= 100, "{seen:?}");
    seen.check(200);
}

fn seeds(usual: u64) -> u64 {
    let asked = std::env::var("PADWACHT_TRACE_SEEDS").ok();
    asked.and_then(|asked| asked.parse().ok()).unwrap_or(usual)
}

fn every_pair(folder: &Path, seeds: u64) -> Seen {
    let mut seen = Seen::default();
    let (topologies, traces) = (data::topologies(folder), data::traces(folder));
    for (place, topology) in topologies.iter().enumerate() {
        for (other, trace) in traces.iter().enumerate() {
            for seed in 0..seeds {
                let name = format!("{} on {}, seed {seed}", trace.name, topology.name);
                let mixed = seed + 1_000 * (place * traces.len() + other) as u64;
                seen.note(&check(&name, &mapped::case(topology, trace, mixed), mixed));
            }
        }
    }
    seen
}

/// In order of time on some workers, and shuffled on others with a restart.
fn check(name: &str, case: &Case, seed: u64) -> Timelines {
    let view =
        oracle::View { stale_after_ms: case.stale_after_ms, origin: case.origin, now: case.last };
    let expected = oracle::intervals(&Facts::of(&case.facts), view);
    let mut random = Shuffle::seeded(seed);
    let found = run(case, &case.facts, size(&mut random), None);
    compare(name, "in order", &found, &expected);
    let mut shuffled = case.facts.clone();
    random.order(&mut shuffled);
    let restart = Some((random.below(EPOCHS), size(&mut random)));
    let found = run(case, &shuffled, size(&mut random), restart);
    compare(name, "shuffled, with a restart", &found, &expected);
    expected
}

#[track_caller]
fn compare(name: &str, how: &str, found: &Timelines, expected: &Timelines) {
    for (service, list) in expected {
        let known = found.get(service).map_or(&[][..], Vec::as_slice);
        let both = || known.iter().zip(list).find(|(one, other)| one != other);
        assert!(known == list, "{name}, {how}: {service} first differs in {:?}", both());
    }
    assert_eq!(found.len(), expected.len(), "{name}, {how}");
}

/// One to four workers, now and then in two processes.
fn size(random: &mut Shuffle) -> Size {
    if random.below(4) == 0 {
        return Size { processes: 2, workers: 1 + random.below(2) };
    }
    Size::workers(1 + random.below(4))
}

/// The intervals after `facts` in a few epochs, as a reader of the revisions
/// knows them; restarted after one of them in another size.
fn run(case: &Case, facts: &[Fact], size: Size, restart: Option<(usize, Size)>) -> Timelines {
    let options = Options { workers: 1, stale_after_ms: case.stale_after_ms, origin: case.origin };
    let mut crew = Crew::start(size, options, None);
    let mut mirror = Mirror::default();
    let length = case.last.millis() - case.origin.millis();
    for (epoch, batch) in facts.chunks(facts.len().div_ceil(EPOCHS)).enumerate() {
        batch.iter().for_each(|fact| crew.tell(fact));
        let now = case.origin.plus_millis(length / EPOCHS as i64 * (epoch as i64 + 1));
        finish(&mut crew, &mut mirror, now.min(case.last));
        if let Some((_, size)) = restart.filter(|(after, _)| *after == epoch) {
            crew.restart(size, options);
        }
    }
    finish(&mut crew, &mut mirror, case.last);
    let known = mirror.intervals();
    known.iter().for_each(|(service, list)| check_shape(service, list).expect("well formed"));
    assert!(crew.intervals() == known, "the engine's timelines differ from its revisions");
    known
}

fn finish(crew: &mut Crew, mirror: &mut Mirror, now: Timestamp) {
    let output = crew.finish(now);
    assert_eq!(output.rejections, []);
    mirror.apply(&output.revisions).expect("revisions hang together");
}
