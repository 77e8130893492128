//! How long a change takes from the broker to a readable row, under a steady
//! load.
//!
//! Kafka stamps each record when it is appended. While the load runs, one
//! query every 20 ms asks for the newest version in the table that is written
//! last, and the time of its answer is when rows of that version are readable
//! (so the figures hold up to one look, and the query, too much). Afterwards
//! each change is looked up in the log for its stamp, and in ClickHouse for
//! its version.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use store::log::{Log, ReadLimits};
use store::wire::{SAMPLES_TOPIC, decode_report, visit_samples};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::Size;
use crate::place::{LOOK, Place, wall_ms};
use crate::table::{Goal, Row, median, quantile};
use crate::workload::{Change, Poller};

/// How often the load goes out: as if many pollers took turns.
const SLICE: Duration = Duration::from_millis(25);

/// So long the load runs before it counts, once the stage follows it.
const WARM_UP: Duration = Duration::from_secs(3);

/// A version of the rows, and when it was first seen.
type Seen = Vec<(u64, i64)>;

pub(crate) async fn measure(
    place: &Arc<Place>,
    poller: &mut Poller,
    size: Size,
    sustained: f64,
    rows: &mut Vec<Row>,
) {
    let rate = size.paced_rate.min(sustained / 2.0);
    let mut figures = [Vec::new(), Vec::new(), Vec::new()];
    for number in 0..size.runs {
        let mut waits = run(place, poller, size, rate, &format!("pace{number}")).await;
        let found = [0.5, 0.99, 1.0].map(|share| quantile(&mut waits, share));
        eprintln!("latency {number}: p50, p99, max of {} changes: {found:.0?} ms", waits.len());
        figures.iter_mut().zip(found).for_each(|(figures, found)| figures.push(found));
    }
    let [half, most, all] = figures.map(median);
    let name = format!("append to readable row at {:.0} samples/s", rate);
    rows.extend([
        Row::new(format!("{name}, median"), half, "ms"),
        Row::new(format!("{name}, p99"), most, "ms").goal(Goal::Below(2_000.0)),
        Row::new(format!("{name}, longest"), all, "ms"),
    ]);
}

/// The milliseconds that each change took.
async fn run(
    place: &Arc<Place>,
    poller: &mut Poller,
    size: Size,
    rate: f64,
    name: &str,
) -> Vec<f64> {
    let mut stage = place.start_stage();
    let markers = place.mark(&format!("warm{name}")).await;
    place.marked(&markers, &mut stage).await;
    let (stop, stopped) = watch::channel(false);
    let watching = tokio::spawn(watch_versions(Arc::clone(place), stopped));
    pace(place, poller, rate, WARM_UP).await;
    let from = place.ends().await;
    let from_ms = wall_ms();
    poller.changes.clear();
    let late = pace(place, poller, rate, size.paced).await;
    if late > SLICE {
        eprintln!("{name}: the load was up to {late:?} late");
    }
    let markers = place.mark(name).await;
    place.marked(&markers, &mut stage).await;
    sleep(LOOK * 5).await;
    stop.send_replace(true);
    let seen = watching.await.expect("no panic");
    stage.stop();
    let versions = versions(place, from_ms).await;
    let appended = appended(place, &poller.changes, &from).await;
    let wait = |change: &Change| {
        let version = versions.get(change).expect("every change is in clickhouse");
        let first = seen.partition_point(|(seen, _)| seen < version);
        (seen[first].1 - appended[change]) as f64
    };
    poller.changes.iter().map(wait).collect()
}

/// Keeps the load up, and says by how much it was late at worst.
async fn pace(place: &Place, poller: &mut Poller, rate: f64, time: Duration) -> Duration {
    let start = Instant::now();
    let mut late = Duration::ZERO;
    let mut told = 0.0;
    let mut slice = 1;
    while start.elapsed() < time {
        let due = start + SLICE * slice;
        tokio::time::sleep_until(due).await;
        slice += 1;
        while told < rate * (due - start).as_secs_f64() {
            let missing = rate * (due - start).as_secs_f64() - told;
            let (records, samples) = poller.poll(missing.ceil() as usize, wall_ms());
            place.append(SAMPLES_TOPIC, records).await;
            told += samples as f64;
        }
        late = late.max(due.elapsed());
    }
    late
}

async fn watch_versions(place: Arc<Place>, stopped: watch::Receiver<bool>) -> Seen {
    let mut seen: Seen = Vec::new();
    while !*stopped.borrow() {
        if let Ok(answer) = place.ask("SELECT max(version) FROM service_intervals").await
            && let Ok(version) = answer.trim().parse()
            && seen.last().is_none_or(|(last, _)| *last < version)
        {
            seen.push((version, wall_ms()));
        }
        sleep(LOOK).await;
    }
    seen
}

/// With which version each change since `from_ms` came to ClickHouse.
async fn versions(place: &Place, from_ms: i64) -> HashMap<Change, u64> {
    let sql = format!(
        "SELECT component, toUnixTimestamp64Milli(at) AS ms, min(version) FROM component_transitions \
         WHERE ms >= {from_ms} GROUP BY component, ms"
    );
    let answer = place.ask(&sql).await.expect("clickhouse answers");
    let row = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [component, at_ms, version] = fields[..] else { panic!("{line:?}") };
        let number = |text: &str| text.parse::<i64>().expect("a number");
        let change = Change { component: component.to_owned(), at_ms: number(at_ms) };
        (change, number(version).cast_unsigned())
    };
    answer.lines().map(row).collect()
}

/// When Kafka took the record of each change.
async fn appended(place: &Place, changes: &[Change], from: &[u64]) -> HashMap<Change, i64> {
    let mut appended: HashMap<Change, i64> =
        changes.iter().map(|change| (change.clone(), i64::MAX)).collect();
    let ends = place.ends().await;
    for (partition, (&from, &end)) in (0..).zip(from.iter().zip(&ends)) {
        let mut next = from;
        while next < end {
            let limits = ReadLimits::default();
            let read = place.log.read(SAMPLES_TOPIC, partition, next, limits, WARM_UP).await;
            let records = read.expect("the broker answers");
            next = records.last().map_or(end, |last| last.offset + 1);
            for record in records {
                let report = decode_report(&record.value.unwrap_or_default()).expect("valid");
                let visit = |component: &str, at: correlate::model::Timestamp, _| {
                    let change = Change { component: component.to_owned(), at_ms: at.millis() };
                    appended.entry(change).and_modify(|ms| *ms = record.timestamp_ms.min(*ms));
                };
                visit_samples(&report, visit).expect("valid");
            }
        }
    }
    appended
}
