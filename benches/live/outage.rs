//! One component fails under many services that have no other: from the
//! append at the broker until the rows of all of them are readable.

use std::time::Duration;

use store::log::{Log, ReadLimits};
use store::wire::{DEFINITIONS_TOPIC, SAMPLES_TOPIC};
use tokio::time::sleep;

use crate::Size;
use crate::place::{Place, wall_ms};
use crate::process::{Stage, cpu_seconds};
use crate::table::{Goal, Row, median};
use crate::workload::{Network, Poller};

/// Between two outages: no multiple of any interval of the stage, so that
/// each outage meets it at another moment.
const PAUSE: Duration = Duration::from_millis(3_217);

/// Outages for each run asked for: one is over quickly.
const OUTAGES_PER_RUN: usize = 3;

pub(crate) async fn measure(size: Size, rows: &mut Vec<Row>) {
    let place = Place::new().await;
    let services = size.outage_services;
    let mut poller = Poller::new(Network::single_homed(services));
    place.append(DEFINITIONS_TOPIC, poller.network.definitions()).await;
    let mut stage = place.start_stage();
    let (records, _) = poller.poll(usize::MAX, wall_ms());
    place.append(SAMPLES_TOPIC, records).await;
    let sql = format!(
        "SELECT count() = {services} FROM service_intervals FINAL \
         WHERE state = 'up' AND end IS NULL"
    );
    place.until(&sql, &mut stage).await;
    let (mut waits, mut cpu) = (Vec::new(), Vec::new());
    for number in 0..size.runs * OUTAGES_PER_RUN {
        sleep(PAUSE).await;
        let before = cpu_seconds(stage.id());
        let wait = turn(&place, &mut poller, &mut stage, true).await;
        cpu.push(cpu_seconds(stage.id()) - before);
        eprintln!("outage {number}: {wait:.0} ms");
        waits.push(wait);
        sleep(PAUSE).await;
        turn(&place, &mut poller, &mut stage, false).await;
    }
    let longest = waits.iter().copied().fold(0.0, f64::max);
    let name = format!("one failure under {services} services to readable rows");
    rows.extend([
        Row::new(format!("{name}, median"), median(waits), "ms").goal(Goal::Below(1_000.0)),
        Row::new(format!("{name}, longest"), longest, "ms").goal(Goal::Below(1_000.0)),
        Row::new("— processor time of the stage", median(cpu) * 1_000.0, "ms"),
    ]);
    stage.stop();
}

/// The milliseconds until every service has an interval that starts with the
/// failure, or the end of it.
async fn turn(place: &Place, poller: &mut Poller, stage: &mut Stage, down: bool) -> f64 {
    let services = poller.network.services.len();
    let before = place.ends().await;
    let at_ms = wall_ms();
    let record = poller.turn_last(down, at_ms);
    place.append(SAMPLES_TOPIC, vec![record]).await;
    let state = if down { "down" } else { "up" };
    let sql = format!(
        "SELECT count() = {services} FROM service_intervals \
         WHERE start = fromUnixTimestamp64Milli({at_ms}) AND state = '{state}'"
    );
    place.until(&sql, stage).await;
    let seen_ms = wall_ms();
    let after = place.ends().await;
    let grown = before.iter().zip(&after).position(|(before, after)| before < after);
    let partition = grown.expect("one partition took it");
    let partition_number = u32::try_from(partition).expect("few");
    let limits = ReadLimits::default();
    let read =
        place.log.read(SAMPLES_TOPIC, partition_number, before[partition], limits, PAUSE).await;
    (seen_ms - read.expect("it is there")[0].timestamp_ms) as f64
}
