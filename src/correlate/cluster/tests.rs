//! A leader and its followers on loopback, around one log, in one process.
//!
//! Whole processes, Kafka and ClickHouse are in `tests/pipeline/cluster.rs`.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::Arc;

use correlate::dataflow::EngineSnapshot;
use correlate::model::{PathExpr, ServiceDefinition, ServiceId};
use secrecy::SecretString;
use store::checkpoint::{Checkpoint, Position};
use store::evidence::StateReason;
use store::log::{EmbeddedLog, Log, Record, TopicKind, TopicSpec};
use store::series::{Edge, EdgeEvidence, SetAside};
use store::wire::{
    ComponentSample, DEFINITIONS_TOPIC, DefinitionRecord, DeviceReport, Evidence, Reason,
    SAMPLES_TOPIC, State, encode_report, report_key,
};
use tempfile::TempDir;
use tokio::task::{JoinHandle, block_in_place};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::config::{ClusterConfig, CorrelateConfig, InClear};
use crate::correlate::clock::Clock;
use crate::correlate::epoch::Engine;
use crate::correlate::intake::{Intake, wall};
use crate::testing::eventually;

const DEVICES: i64 = 12;

/// All samples lie here, long ago.
const FIRST_MS: i64 = 1_000_000_000_000;

fn config(workers: u32) -> CorrelateConfig {
    CorrelateConfig {
        workers,
        stale_after: Duration::from_secs(90),
        batch_interval: Duration::from_millis(50),
        partition_hold: Duration::from_secs(60),
        checkpoint_interval: Duration::from_secs(60),
        horizon: Duration::from_secs(86_400),
    }
}

/// The processes of one machine. The ports are free at this moment.
fn cluster(processes: usize) -> Vec<ClusterConfig> {
    let listeners: Vec<TcpListener> =
        (0..processes).map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port")).collect();
    let address = |listener: &TcpListener| listener.local_addr().expect("bound").to_string();
    let addresses: Vec<String> = listeners.iter().map(address).collect();
    let member = |process| ClusterConfig {
        processes: addresses.clone(),
        process,
        listen: None,
        secret: Some(SecretString::from("s3cret")),
        in_clear: InClear::ThisMachine,
        join_wait: Duration::from_secs(60),
    };
    (0..processes).map(member).collect()
}

async fn log_with_definitions() -> (TempDir, Arc<dyn Log>) {
    let dir = tempfile::tempdir().expect("a directory");
    let log = EmbeddedLog::open(dir.path()).await.expect("opens");
    for (name, partitions) in [(SAMPLES_TOPIC, 5), (DEFINITIONS_TOPIC, 1)] {
        let kind = TopicKind::Retained(Duration::from_secs(3_600));
        let spec = TopicSpec { name: name.to_owned(), partitions, kind };
        log.ensure_topic(&spec).await.expect("made");
    }
    let device = |number: i64| PathExpr::Component(format!("n/device/{}", number % DEVICES).into());
    let definition = |number: i64| {
        let both = vec![device(number), device(number + 1)];
        let path = PathExpr::Any(vec![PathExpr::All(both), device(number + 5)]);
        let id = ServiceId::from(format!("s{number}"));
        let definition = Some(ServiceDefinition::always(id.clone(), path));
        DefinitionRecord::Service { id, definition }.encode().expect("good")
    };
    let records = (0..DEVICES).map(definition).collect();
    log.append(DEFINITIONS_TOPIC, records).await.expect("appended");
    (dir, Arc::new(log))
}

/// Each device reports at each of these minutes.
async fn report(log: &dyn Log, minutes: std::ops::Range<i64>) {
    let report = |(minute, device): (i64, i64)| {
        let at_ms = FIRST_MS + minute * 60_000 + device;
        let is_down = (minute * 7 + device * 3) % 5 == 0;
        let sample = ComponentSample {
            kind: "device".to_owned(),
            native_id: device.to_string(),
            at_ms,
            state: if is_down { State::Down } else { State::Up }.into(),
            evidence: Evidence::EventLog.into(),
            uncertainty_ms: 60_000,
            reason: Reason::CheckUnknown.into(),
        };
        let report = DeviceReport {
            nms: "n".to_owned(),
            device: device.to_string(),
            observed_at_ms: at_ms,
            samples: vec![sample],
        };
        Record::new(report_key(&report), encode_report(&report))
    };
    let each = minutes.flat_map(|minute| (0..DEVICES).map(move |device| (minute, device)));
    // Some devices are silent for a while, and turn unknown.
    let told = each.filter(|(minute, device)| !(4..8).contains(minute) || device % 3 != 0);
    log.append(SAMPLES_TOPIC, told.map(report).collect()).await.expect("appended");
}

async fn beginning(log: &dyn Log) -> Checkpoint {
    let mut positions = Vec::new();
    for topic in [SAMPLES_TOPIC, DEFINITIONS_TOPIC] {
        for partition in 0..log.partitions(topic).await.expect("there") {
            positions.push(Position { topic: topic.to_owned(), partition, next: 0 });
        }
    }
    Checkpoint { positions, ..Checkpoint::default() }
}

/// One session of the leader, as the stage leads it.
struct Lead {
    engine: Engine,
    intake: Intake,
    clock: Clock,
    /// How edges were known, over all epochs.
    edges: Vec<Edge>,
}

impl Lead {
    async fn begin(
        config: &CorrelateConfig,
        log: &Arc<dyn Log>,
        from: Checkpoint,
        leader: Option<&mut Leader>,
    ) -> anyhow::Result<Lead> {
        let never = CancellationToken::new();
        let positions = from.positions.clone();
        let partitions = positions.iter().filter(|p| p.topic == SAMPLES_TOPIC);
        let partitions = partitions.map(|position| position.partition);
        let clock = Clock::new(partitions, Duration::from_secs(1), config.partition_hold, wall());
        let mut engine = Engine::start(config, from, leader, &never).await?;
        let own = engine.team().spread(positions).await?;
        let intake = Intake::start(log.clone(), own, config.batch_interval, never);
        Ok(Lead { engine, intake, clock, edges: Vec::new() })
    }

    /// Takes one epoch in; gives what it set aside.
    async fn epoch(&mut self) -> anyhow::Result<Vec<SetAside>> {
        let (epoch, now) = (self.engine.epoch() + 1, self.engine.now());
        let next = self.intake.next(epoch, now, &mut self.clock, self.engine.team());
        let input = next.await?.expect("nothing stops it");
        let rows = block_in_place(|| {
            let entry = self.engine.entry(&input);
            self.engine.apply(&entry, input.decoded)
        });
        let mut rows = rows?;
        self.edges.append(&mut rows.edges);
        Ok(rows.set_aside)
    }

    /// Takes in everything that is in the log; gives what that set aside.
    async fn reach_the_end(&mut self, log: &dyn Log) -> Vec<SetAside> {
        let mut ends = beginning(log).await.positions;
        for end in &mut ends {
            end.next = log.bounds(&end.topic, end.partition).await.expect("there").end;
        }
        let mut set_aside = Vec::new();
        while self.engine.positions() != ends {
            set_aside.append(&mut self.epoch().await.expect("runs"));
        }
        // One more, so that the clock has passed all samples.
        set_aside.append(&mut self.epoch().await.expect("runs"));
        set_aside
    }

    /// Takes in everything that is in the log, and ends the session.
    async fn take_all_in(mut self, log: &dyn Log) -> Checkpoint {
        self.reach_the_end(log).await;
        let dir = tempfile::tempdir().expect("a directory");
        block_in_place(|| self.engine.save(dir.path())).expect("saved");
        self.engine.stop().await;
        let (saved, _) = store::checkpoint::load_newest(dir.path()).expect("read");
        saved.expect("it was saved")
    }
}

/// Compares two states but for when, and in how many epochs, they were made.
#[track_caller]
fn assert_same(what: &str, found: &Checkpoint, expected: &Checkpoint) {
    let [found, expected] = [found, expected].map(|checkpoint| {
        let mut timeless = checkpoint.clone();
        timeless.epoch = 0;
        timeless.engine = EngineSnapshot::union([timeless.engine]);
        timeless.engine.now = None;
        for segment in timeless.engine.services.iter_mut().flat_map(|s| s.segments.iter_mut()) {
            segment.verdict.iter_mut().for_each(|verdict| verdict.1.sort_unstable());
        }
        timeless
    });
    assert_eq!(found, expected, "{what}");
}

fn start_follower(
    config: &ClusterConfig,
    log: &Arc<dyn Log>,
) -> (JoinHandle<anyhow::Result<()>>, CancellationToken) {
    let (config, log, stop) = (config.clone(), log.clone(), CancellationToken::new());
    let told = stop.clone();
    (tokio::spawn(async move { follow(&config, log, told).await }), stop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_number_of_processes_gives_one_state_also_across_restarts() {
    let (_dir, log) = log_with_definitions().await;
    report(log.as_ref(), 0..9).await;
    let start = beginning(log.as_ref()).await;
    let alone = Lead::begin(&config(1), &log, start.clone(), None).await.expect("begins");
    let first = alone.take_all_in(log.as_ref()).await;

    let three = cluster(3);
    let mut leader = Leader::open(&three[0]).await.expect("opens");
    let followers = [start_follower(&three[1], &log), start_follower(&three[2], &log)];
    let lead = Lead::begin(&config(2), &log, start, Some(&mut leader)).await.expect("begins");
    let saved = lead.take_all_in(log.as_ref()).await;
    assert_same("three processes, two workers each", &saved, &first);

    report(log.as_ref(), 9..20).await;
    let alone = Lead::begin(&config(3), &log, saved.clone(), None).await.expect("begins");
    let second = alone.take_all_in(log.as_ref()).await;
    assert_ne!(second.engine, first.engine);

    // The followers have called the leader again for another session.
    let lead = Lead::begin(&config(1), &log, saved, Some(&mut leader)).await.expect("begins");
    let found = lead.take_all_in(log.as_ref()).await;
    assert_same("three processes, one worker each, from a checkpoint", &found, &second);
    for (follower, stop) in followers {
        stop.cancel();
        follower.await.expect("no panic").expect("it ends in order");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_that_is_stopped_leaves_in_order() {
    let (_dir, log) = log_with_definitions().await;
    let two = cluster(2);
    let mut leader = Leader::open(&two[0]).await.expect("opens");
    let (follower, stop) = start_follower(&two[1], &log);
    let start = beginning(log.as_ref()).await;
    let begun = Lead::begin(&config(2), &log, start.clone(), Some(&mut leader)).await;
    let mut lead = begun.expect("begins");
    stop.cancel();
    while lead.engine.team().leavers().is_empty() {
        lead.epoch().await.expect("it works on until the session ends");
    }
    assert_eq!(lead.engine.team().leavers(), [1]);
    lead.engine.stop().await;
    follower.await.expect("no panic").expect("it ends in order");
    leader.session_ended(&[1]);
    assert!(!leader.in_session());
    // Nobody waits for it, although `join_wait` is long.
    let begun = Lead::begin(&config(2), &log, start, Some(&mut leader)).await;
    assert_eq!(begun.expect("begins").engine.team().processes(), 1);
}

/// What is set aside, in processes that work together, of records that are
/// no reports, of an impossible time, and of samples that came too late.
async fn set_aside_in(processes: usize) -> BTreeSet<(u32, u64, &'static str, u64)> {
    let (_dir, log) = log_with_definitions().await;
    report(log.as_ref(), 0..9).await;
    let members = cluster(processes);
    let mut leader = Leader::open(&members[0]).await.expect("opens");
    let followers: Vec<_> =
        members[1..].iter().map(|config| start_follower(config, &log)).collect();
    let start = beginning(log.as_ref()).await;
    let leading = (processes > 1).then_some(&mut leader);
    let mut lead = Lead::begin(&config(2), &log, start, leading).await.expect("begins");
    assert_eq!(lead.reach_the_end(log.as_ref()).await, []);
    let all = Duration::ZERO;
    block_in_place(|| lead.engine.forget(all, Duration::from_secs(86_400))).expect("runs");
    report(log.as_ref(), 3..4).await;
    report(log.as_ref(), 100_000_000..100_000_001).await;
    let garbage = (0..20).map(|key: u64| Record::new(format!("n/device/{key}"), "no report"));
    log.append(SAMPLES_TOPIC, garbage.collect()).await.expect("appended");
    let rows = lead.reach_the_end(log.as_ref()).await;
    lead.engine.stop().await;
    followers.iter().for_each(|(_, stop)| stop.cancel());
    let key = |row: &SetAside| (row.partition, row.offset, row.kind.as_str(), row.count);
    rows.iter().map(key).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_any_process_sets_aside_reaches_the_leader() {
    let alone = set_aside_in(1).await;
    for kind in ["undecodable", "implausible_time", "too_late"] {
        assert!(alone.iter().any(|row| row.2 == kind), "{kind}: {alone:?}");
    }
    assert_eq!(set_aside_in(2).await, alone);
}

/// How edges were known, in processes that work together.
async fn edges_in(processes: usize) -> BTreeSet<(String, i64, &'static str, u32, &'static str)> {
    let (_dir, log) = log_with_definitions().await;
    report(log.as_ref(), 0..9).await;
    let members = cluster(processes);
    let mut leader = Leader::open(&members[0]).await.expect("opens");
    let followers: Vec<_> =
        members[1..].iter().map(|config| start_follower(config, &log)).collect();
    let start = beginning(log.as_ref()).await;
    let leading = (processes > 1).then_some(&mut leader);
    let mut lead = Lead::begin(&config(2), &log, start, leading).await.expect("begins");
    lead.reach_the_end(log.as_ref()).await;
    lead.engine.stop().await;
    followers.iter().for_each(|(_, stop)| stop.cancel());
    let key = |edge: &Edge| {
        let component = edge.component.to_string();
        let EdgeEvidence { source, uncertainty_ms, reason, .. } = edge.known;
        let reason = reason.map_or("", StateReason::as_str);
        (component, edge.at.millis(), source.as_str(), uncertainty_ms, reason)
    };
    // When somebody was silent for a while depends on where one epoch ends.
    let said = lead.edges.iter().filter(|edge| edge.known.reason != Some(StateReason::Silent));
    said.map(key).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_edges_were_known_reaches_the_leader_from_any_process() {
    let alone = edges_in(1).await;
    let samples = usize::try_from(DEVICES).expect("few") * 9;
    assert!(!alone.is_empty() && alone.len() < samples, "only edges: {}", alone.len());
    assert!(alone.iter().all(|edge| edge.2 == "event_log" && edge.3 == 60_000));
    assert!(alone.iter().all(|edge| edge.4 == "check_unknown"));
    assert_eq!(edges_in(2).await, alone);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_follower_ends_the_session_with_its_name() {
    let (_dir, log) = log_with_definitions().await;
    let two = cluster(2);
    let mut leader = Leader::open(&two[0]).await.expect("opens");
    let (follower, _stop) = start_follower(&two[1], &log);
    let start = beginning(log.as_ref()).await;
    let begun = Lead::begin(&config(2), &log, start, Some(&mut leader)).await;
    let mut lead = begun.expect("begins");
    lead.epoch().await.expect("runs");
    follower.abort();
    let error = loop {
        if let Err(error) = lead.epoch().await {
            break format!("{error:#}");
        }
    };
    assert!(error.contains("process 1"), "{error}");
    assert!(leader.in_session(), "whoever leads must end now");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_leader_ends_the_follower() {
    let (_dir, log) = log_with_definitions().await;
    let two = cluster(2);
    let mut leader = Leader::open(&two[0]).await.expect("opens");
    let (follower, _stop) = start_follower(&two[1], &log);
    let start = beginning(log.as_ref()).await;
    let begun = Lead::begin(&config(1), &log, start, Some(&mut leader)).await;
    let mut lead = begun.expect("begins");
    lead.epoch().await.expect("runs");
    drop(lead);
    let error = follower.await.expect("no panic").expect_err("the session broke");
    assert!(error.is::<Broken>(), "{error:#}");
    assert!(format!("{error:#}").contains("process 0"), "{error:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_know_the_secret_is_refused_and_the_rest_works() {
    let (_dir, log) = log_with_definitions().await;
    report(log.as_ref(), 0..9).await;
    let mut two = cluster(2);
    two[0].join_wait = Duration::ZERO;
    two[1].secret = Some(SecretString::from("guessed"));
    let mut leader = Leader::open(&two[0]).await.expect("opens");
    let (stranger, _stop) = start_follower(&two[1], &log);
    let error = format!("{:#}", stranger.await.expect("no panic").expect_err("refused"));
    assert!(error.contains("its correlate.secret is not mine"), "{error}");

    let start = beginning(log.as_ref()).await;
    let mut lead = Lead::begin(&config(2), &log, start, Some(&mut leader)).await.expect("begins");
    assert_eq!(lead.engine.team().processes(), 1, "it starts without one that does not come");
    assert!(!leader.has_newcomer());
    two[1].secret = two[0].secret.clone();
    let (_follower, _stop) = start_follower(&two[1], &log);
    eventually("the late follower is noticed", async || leader.has_newcomer().then_some(())).await;
    lead.take_all_in(log.as_ref()).await;
}
