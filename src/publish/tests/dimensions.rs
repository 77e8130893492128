//! From the records to ClickHouse: the real engine, as a child process.

use std::path::PathBuf;
use std::sync::Arc;

use correlate::model::Timestamp;
use secrecy::ExposeSecret;
use store::embedded::{Embedded, EmbeddedConfig, find_library};
use store::records::{Device, Monitored, Port, SourceReport, SourceState};
use store::series::{Series, SeriesConfig};

use super::super::dimensions::Sync;
use super::super::{components, services};
use super::{actor, create, draft};
use crate::ingest::INVENTORIES;

/// The product itself: cargo builds it before it runs tests, one folder above
/// them.
fn product() -> PathBuf {
    let test = std::env::current_exe().expect("this executable is known");
    let folder = test.ancestors().nth(2).expect("cargo's target folder");
    let product = folder.join("padwacht");
    assert!(product.exists(), "{product:?} is not built: run `cargo build` first");
    product
}

/// The first words of all lines that `sql` gives.
async fn ask(config: &SeriesConfig, sql: &str) -> Vec<String> {
    let answer = reqwest::Client::new()
        .post(&config.url)
        .header("X-ClickHouse-User", &config.user)
        .header("X-ClickHouse-Key", config.password.expose_secret())
        .header("X-ClickHouse-Database", &config.database)
        .body(format!("{sql} FORMAT TSV"))
        .send()
        .await
        .expect("the engine answers");
    let text = answer.text().await.expect("a text");
    text.lines().map(|line| line.replace('\t', " | ")).collect()
}

const SERVICES: &str =
    "SELECT id, name, customer FROM services FINAL WHERE is_deleted = 0 ORDER BY id";
const COMPONENTS: &str = "SELECT id, name, device, device_name, site, description \
     FROM components FINAL WHERE is_deleted = 0 ORDER BY id";

#[tokio::test]
async fn dimensions_follow_the_records() {
    let (records, dir) = crate::testing::records().await;
    let library = find_library(None).unwrap_or_else(|error| panic!("{error}"));
    let mut config = EmbeddedConfig::new(&dir.path().join("clickhouse"), library).expect("known");
    config.executable = product();
    let engine = Embedded::start(config).await.expect("the engine starts");
    let config = engine.series_config();
    let series = Series::connect(&config).expect("its own settings");
    series.migrate().await.expect("migrations apply");
    let clock = || Timestamp(1_000);
    let mut sync = Sync::new(records.clone(), series, Arc::new(clock));

    let mut seen = services::Seen::default();
    services::sync(&mut sync, &mut seen).await.expect("an empty database is fine");
    create(&records, "a").await;
    create(&records, "b").await;
    services::sync(&mut sync, &mut seen).await.expect("syncs");
    let both = ["a | A | Bakkerij Jansen", "b | B | Bakkerij Jansen"];
    assert_eq!(ask(&config, SERVICES).await, both);
    let mut renamed = draft("a");
    renamed.name = "Glasvezel".to_owned();
    records.services().update(&actor(2), &renamed, None).await.expect("renamed");
    records.services().delete(&actor(3), &"b".into()).await.expect("deleted");
    services::sync(&mut sync, &mut seen).await.expect("syncs");
    assert_eq!(ask(&config, SERVICES).await, ["a | Glasvezel | Bakkerij Jansen"]);
    seen.forget();
    services::sync(&mut sync, &mut seen).await.expect("syncs as a whole");
    assert_eq!(ask(&config, SERVICES).await, ["a | Glasvezel | Bakkerij Jansen"]);

    let mut seen = components::Seen::default();
    components::sync(&mut sync, &mut seen).await.expect("no inventory is fine");
    let inventory = records.inventory();
    inventory.upsert_devices(&[device()], Timestamp(1)).await.expect("written");
    inventory.upsert_ports(&[port()], Timestamp(1)).await.expect("written");
    inventory.upsert_monitored(&[session()], Timestamp(1)).await.expect("written");
    components::sync(&mut sync, &mut seen).await.expect("looks");
    assert!(ask(&config, COMPONENTS).await.is_empty(), "nobody said that it is complete");
    records.source_status().report(&status(1)).await.expect("written");
    components::sync(&mut sync, &mut seen).await.expect("syncs");
    let expected = [
        "ams1/bgp/12 | 192.0.2.1 AS64500 | ams1/device/1 | core1 | Amsterdam | Transit",
        "ams1/device/1 | core1 | ams1/device/1 | core1 | Amsterdam | MX204, junos",
        "ams1/port/11 | xe-0/0/1 | ams1/device/1 | core1 | Amsterdam | to core2",
    ];
    assert_eq!(ask(&config, COMPONENTS).await, expected);
    engine.shutdown().await;
}

fn session() -> Monitored {
    Monitored {
        account: "ams1".to_owned(),
        kind: "bgp".to_owned(),
        native_id: "12".to_owned(),
        device: "1".to_owned(),
        name: "192.0.2.1 AS64500".to_owned(),
        description: "Transit".to_owned(),
        disabled: false,
        ignored: false,
    }
}

fn device() -> Device {
    Device {
        account: "ams1".to_owned(),
        native_id: "1".to_owned(),
        name: "core1".to_owned(),
        host_name: String::new(),
        sys_name: String::new(),
        hardware: "MX204".to_owned(),
        os: "junos".to_owned(),
        location: "Amsterdam".to_owned(),
        latitude: None,
        longitude: None,
        disabled: false,
        ignored: false,
    }
}

fn port() -> Port {
    Port {
        account: "ams1".to_owned(),
        native_id: "11".to_owned(),
        device: "1".to_owned(),
        if_name: "xe-0/0/1".to_owned(),
        if_descr: String::new(),
        if_alias: "to core2".to_owned(),
        if_type: String::new(),
        speed_bps: None,
    }
}

/// What ingest reports when it has written so many inventories.
fn status(inventories: u64) -> SourceReport {
    SourceReport {
        account: "ams1".to_owned(),
        at: Timestamp(1),
        state: SourceState::Ok,
        success: true,
        error: None,
        counters: [(INVENTORIES.to_owned(), inventories)].into(),
        detail: Default::default(),
    }
}
