//! How fast the stage works off what lies in Kafka.

use std::time::Instant;

use store::wire::{DEFINITIONS_TOPIC, SAMPLES_TOPIC};

use crate::Size;
use crate::floor::read_and_discard;
use crate::place::{Place, wall_ms};
use crate::process::{cpu_seconds, peak_bytes};
use crate::table::{Goal, Row, median};
use crate::workload::{MARKER, Poller};

/// Between two polling rounds in the samples' own time, at most: so short that
/// no sample is older than the staleness limit when it is read, which would be
/// another benchmark.
const ROUND_MS_MAX: i64 = 1_000;

/// Defines the services and shows each component once.
pub(crate) async fn settle(place: &Place, poller: &mut Poller) {
    place.append(DEFINITIONS_TOPIC, poller.network.definitions()).await;
    let mut stage = place.start_stage();
    append_round(place, poller, wall_ms()).await;
    let services = poller.network.services.len();
    let sql = format!(
        "SELECT count() = {services} FROM service_intervals FINAL \
         WHERE state != 'unknown' AND end IS NULL"
    );
    place.until(&sql, &mut stage).await;
    stage.stop();
}

async fn append_round(place: &Place, poller: &mut Poller, at_ms: i64) {
    let (records, _) = poller.poll(usize::MAX, at_ms);
    place.append(SAMPLES_TOPIC, records).await;
}

/// What one run took.
struct Run {
    floor_seconds: f64,
    /// From the start of the process until the last row is readable.
    seconds: f64,
    /// The same with next to nothing to read.
    restart_seconds: f64,
    cpu_seconds: f64,
    engine_cpu_seconds: f64,
    broker_cpu_seconds: f64,
    peak_bytes: f64,
}

/// Measures, and returns the samples per second that the stage sustains.
pub(crate) async fn measure(
    place: &Place,
    poller: &mut Poller,
    size: Size,
    rows: &mut Vec<Row>,
) -> f64 {
    let mut runs = Vec::new();
    for number in 0..size.runs {
        let run = run(place, poller, size.rounds, &format!("drain{number}")).await;
        let Run { floor_seconds, seconds, restart_seconds, .. } = run;
        eprintln!(
            "drain {number}: {seconds:.2} s with the restart of {restart_seconds:.2} s, floor {floor_seconds:.2} s"
        );
        runs.push(run);
    }
    let samples = (size.rounds * poller.network.len()) as f64;
    let of = |figure: fn(&Run) -> f64| median(runs.iter().map(figure).collect());
    let (seconds, floor) = (of(|run| run.seconds), of(|run| run.floor_seconds));
    let sustained = of(|run| run.seconds - run.restart_seconds);
    let name = format!("{:.1} million samples from Kafka", samples / 1e6);
    rows.extend([
        Row::new(format!("{name}, read and discarded (floor)"), samples / floor, "samples/s")
            .ratio(1.0),
        Row::new(format!("{name} to readable rows, sustained"), samples / sustained, "samples/s")
            .ratio(sustained / floor)
            .goal(Goal::AtLeast(500_000.0)),
        Row::new("— with the restart before it", samples / seconds, "samples/s")
            .ratio(seconds / floor),
        Row::new("— restart: checkpoint to first row", of(|run| run.restart_seconds), "s"),
        Row::new("— processor time of the stage", of(|run| run.cpu_seconds), "s"),
        Row::new("— of ClickHouse", of(|run| run.engine_cpu_seconds), "s"),
        Row::new("— of the broker", of(|run| run.broker_cpu_seconds), "s"),
        Row::new("— peak memory of the stage", of(|run| run.peak_bytes) / 1e6, "MB"),
    ]);
    samples / sustained
}

async fn restart(place: &Place, name: &str) -> f64 {
    let markers = place.mark(&format!("re{name}")).await;
    let start = Instant::now();
    let mut stage = place.start_stage();
    place.marked(&markers, &mut stage).await;
    let seconds = start.elapsed().as_secs_f64();
    stage.stop();
    seconds
}

async fn run(place: &Place, poller: &mut Poller, rounds: usize, name: &str) -> Run {
    let restart_seconds = restart(place, name).await;
    let before = place.ends().await;
    let (last_ms, now_ms) = (poller.polled_ms, wall_ms());
    let round_ms = ((now_ms - last_ms) / (rounds as i64 + 1)).clamp(1, ROUND_MS_MAX);
    let first_ms = now_ms - round_ms * rounds as i64;
    poller.changes.clear();
    for round in 0..rounds {
        if round == rounds / 2 || round == rounds / 2 + 5 {
            poller.turn_sites(round == rounds / 2);
        }
        append_round(place, poller, first_ms + round_ms * round as i64).await;
    }
    let markers = place.mark(name).await;
    let brokers = place.broker.address.clone();
    let floor = tokio::task::spawn_blocking(move || read_and_discard(&brokers, &before)).await;
    let floor_seconds = floor.expect("no panic").as_secs_f64();
    let engine = place.engine.process_id().expect("clickhouse runs");
    let broker = place.broker.id();
    let (engine_before, broker_before) = (cpu_seconds(engine), cpu_seconds(broker));
    let start = Instant::now();
    let mut stage = place.start_stage();
    place.marked(&markers, &mut stage).await;
    let run = Run {
        floor_seconds,
        seconds: start.elapsed().as_secs_f64(),
        restart_seconds,
        cpu_seconds: cpu_seconds(stage.id()),
        engine_cpu_seconds: cpu_seconds(engine) - engine_before,
        broker_cpu_seconds: cpu_seconds(broker) - broker_before,
        peak_bytes: peak_bytes(stage.id()),
    };
    stage.stop();
    check(place, poller, first_ms).await;
    run
}

/// What was measured must be right, too: every change is there.
async fn check(place: &Place, poller: &Poller, first_ms: i64) {
    let sql = format!(
        "SELECT count() FROM component_transitions FINAL \
         WHERE toUnixTimestamp64Milli(at) >= {first_ms} AND NOT component LIKE '%/{MARKER}%'"
    );
    let found = place.ask(&sql).await.expect("clickhouse answers");
    assert_eq!(found.trim(), poller.changes.len().to_string(), "changes in clickhouse, and told");
}
