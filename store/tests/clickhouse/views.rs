//! The BI views agree with the queries of the product.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use correlate::model::{Period, ServiceState, Timestamp};
use store::Scope;
use store::series::{ComponentDimension, civil_days};

use super::rig::{Rig, ask, batch, component, interval, named, revision, service};

const DAY_MS: i64 = 86_400_000;

fn clock_ms() -> i64 {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).expect("past 1970");
    i64::try_from(clock.as_millis()).expect("small")
}

/// A service from 390 days ago on that changes its state every 7 h and a bit.
async fn year() -> (Rig, i64) {
    let rig = Rig::start().await;
    let now = clock_ms();
    let (mut at, mut written, mut step) = (now - 390 * DAY_MS, Vec::new(), 0_usize);
    while at < now - DAY_MS / 4 {
        let end = at + 25_200_000 + 13 * i64::try_from(step).expect("small");
        let open = end >= now - DAY_MS / 4;
        let state = ServiceState::ALL[step % 5];
        written.push(revision("s", interval(at, (!open).then_some(end), state, &["n/port/9"])));
        (at, step) = (end, step + 1);
    }
    rig.series.write(&batch(1, written)).await.expect("written");
    rig.series.upsert_services(&[named("s", "Name", "Customer")], 1).await.expect("written");
    (rig, now)
}

#[tokio::test]
async fn daily_uptime_equals_the_sums_of_the_product_on_all_past_days() {
    let (rig, now) = year().await;
    let days = civil_days("Europe/Amsterdam", Timestamp(now), 400).expect("valid");
    let periods: Vec<Period> = days.iter().map(|day| day.period).collect();
    let sums = rig
        .series
        .within(&Scope::everything())
        .availability(&[service("s")], &periods, Timestamp(now))
        .await
        .expect("read")
        .remove(0);
    let answer = ask(
        &rig.engine.bi_config(),
        true,
        "SELECT day, day_ms, up_ms, degraded_ms, down_ms, maintenance_ms, unknown_ms,
                not_existing_ms FROM v_uptime_daily ORDER BY day",
    )
    .await
    .expect("readable");
    let rows: BTreeMap<&str, Vec<u64>> = answer
        .lines()
        .map(|line| {
            let (day, rest) = line.split_once('\t').expect("columns");
            (day, rest.split('\t').map(|ms| ms.parse().expect("a number")).collect())
        })
        .collect();
    assert!((390..=392).contains(&rows.len()), "{}", rows.len());
    let mut hours = std::collections::BTreeSet::new();
    // Today grows while the test runs.
    for (day, sum) in days.iter().zip(&sums.periods).rev().skip(1) {
        let Some(row) = rows.get(day.date.as_str()) else {
            assert_eq!(sum.not_existing_ms, sum.total_ms(), "{}", day.date);
            continue;
        };
        let expected = [
            sum.total_ms(),
            sum.up_ms,
            sum.degraded_ms,
            sum.down_ms,
            sum.maintenance_ms,
            sum.unknown_ms,
            sum.not_existing_ms,
        ];
        assert_eq!(*row, expected, "{}", day.date);
        hours.insert(row[0] / 3_600_000);
    }
    assert_eq!(hours.into_iter().collect::<Vec<_>>(), [23, 24, 25]);
    let today = rows.last_key_value().expect("today").1;
    assert_eq!(today[0], today[1..].iter().sum::<u64>());
}

#[tokio::test]
async fn figures_are_rounded_toward_worse_and_absent_where_nothing_counts() {
    let rig = Rig::start().await;
    let days = civil_days("Europe/Amsterdam", Timestamp(clock_ms()), 3).expect("valid");
    let (from, until) = (days[0].period.from.millis(), days[0].period.until.millis());
    let rows = vec![
        revision("almost", interval(from, Some(from + 1), ServiceState::Down, &["c"])),
        revision("almost", interval(from + 1, Some(until), ServiceState::Up, &[])),
        revision("blind", interval(from, Some(until), ServiceState::Unknown, &["c"])),
    ];
    rig.series.write(&batch(1, rows)).await.expect("written");
    let figures = "SELECT service, customer, availability_percent, outages FROM v_uptime_daily
                   ORDER BY service";
    let answer = ask(&rig.engine.bi_config(), true, figures).await;
    assert_eq!(answer.expect("readable"), "almost\t\t99.9999\t1\nblind\t\t\\N\t0");
}

#[tokio::test]
async fn outages_carry_the_names_of_their_causes() {
    let (rig, _) = year().await;
    let port = ComponentDimension {
        id: component("n/port/9"),
        kind: "port".to_owned(),
        name: "xe-0/0/1".to_owned(),
        device: component("n/device/1"),
        device_name: "core1".to_owned(),
        site: "Utrecht".to_owned(),
        description: String::new(),
    };
    rig.series.upsert_components(&[port], 1).await.expect("written");
    let bi = rig.engine.bi_config();
    let outage = "SELECT service_name, customer, is_open, end > start, duration_ms, cause,
                         cause_names FROM v_outages ORDER BY start LIMIT 1";
    assert_eq!(
        ask(&bi, true, outage).await.expect("readable"),
        "Name\tCustomer\t0\t1\t25200026\t['n/port/9']\t['core1 xe-0/0/1']"
    );
    let counts = "SELECT (SELECT count() FROM v_outages),
                         (SELECT countIf(state = 'down') FROM v_service_intervals)";
    let counts = ask(&bi, true, counts).await.expect("readable");
    let (outages, downs) = counts.split_once('\t').expect("two columns");
    assert_eq!(outages, downs);
    let now = "SELECT service, service_name, isNull(since), cause FROM v_services_now";
    let now = ask(&bi, true, now).await.expect("readable");
    assert_eq!(now, "s\tName\t0\t['n/port/9']");
}

#[tokio::test]
async fn every_view_and_column_of_the_tables_is_described() {
    let rig = Rig::start().await;
    let bi = rig.engine.bi_config();
    let silent = "SELECT name FROM system.tables WHERE database = 'padwacht' AND comment = ''";
    assert_eq!(ask(&bi, true, silent).await.expect("readable"), "");
    let silent = "SELECT table, name FROM system.columns
                  WHERE database = 'padwacht' AND comment = '' AND NOT startsWith(table, 'v_')";
    assert_eq!(ask(&bi, true, silent).await.expect("readable"), "");
}
