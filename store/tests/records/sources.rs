//! NMS accounts, their status and the inventory.

use std::collections::BTreeMap;

use correlate::model::{ComponentId, Timestamp};
use store::records::{
    AccountSettings, Change, Device, Link, NmsAccount, NmsKind, Page, Port, SourceDetail,
    SourceError, SourceReport, SourceState, SyncCounts, SyncState, TokenRef,
};

use crate::database::{TestDatabase, actor};

fn account() -> NmsAccount {
    NmsAccount {
        name: "ams1".to_owned(),
        kind: NmsKind::LibreNms,
        url: "https://nms.example.net".to_owned(),
        token: TokenRef::Env("LIBRENMS_API_TOKEN".to_owned()),
        settings: AccountSettings {
            time_zone: "Europe/Amsterdam".to_owned(),
            ..AccountSettings::default()
        },
        enabled: true,
    }
}

async fn accounts_are_put_and_deleted(db: &TestDatabase) {
    let accounts = db.records.accounts();
    assert_eq!(accounts.put(&actor(1), &account()).await.expect("valid"), Change::Created);
    assert_eq!(accounts.put(&actor(2), &account()).await.expect("valid"), Change::Unchanged);
    let disabled = NmsAccount { enabled: false, ..account() };
    assert_eq!(accounts.put(&actor(3), &disabled).await.expect("valid"), Change::Updated);
    assert_eq!(accounts.get("ams1").await.expect("reads"), Some(disabled.clone()));
    assert_eq!(accounts.list().await.expect("lists"), [disabled]);
    accounts.delete(&actor(4), "ams1").await.expect("deleted");
    assert_eq!(accounts.list().await.expect("lists"), []);
    let error = accounts.delete(&actor(5), "ams1").await.expect_err("gone");
    assert_eq!(error.to_string(), "NMS account ams1 does not exist");
}

async fn accounts_that_make_no_sense_are_refused(db: &TestDatabase) {
    let check = async |account: NmsAccount, expected: &str| {
        let error = db.records.accounts().put(&actor(1), &account).await.expect_err("refused");
        assert!(error.to_string().starts_with(expected), "{error}");
    };
    let name = |name: &str| NmsAccount { name: name.to_owned(), ..account() };
    check(name("Ams/1"), "name: must be 1 to 32 of a-z, 0-9, _ and -, found \"Ams/1\"").await;
    check(name(&"a".repeat(33)), "name: must be 1 to 32").await;
    let settings = |change: fn(&mut AccountSettings)| {
        let mut account = account();
        change(&mut account.settings);
        account
    };
    let zone = settings(|settings| settings.time_zone = "Mars/Olympus".to_owned());
    check(zone, "time zone: must be an IANA zone such as Europe/Amsterdam, found").await;
    let hasty = settings(|settings| settings.poll_interval_s = 1);
    check(hasty, "poll interval: must be 10 to 3600 seconds, found 1").await;
}

async fn status_remembers_since_when(db: &TestDatabase) {
    let status = db.records.source_status();
    let report = |at, state, success| SourceReport {
        account: "ams1".to_owned(),
        at: Timestamp(at),
        state,
        success,
        error: (!success).then(|| SourceError {
            kind: "unauthorized".to_owned(),
            message: "the token is refused\0".to_owned(),
        }),
        counters: BTreeMap::from([("polls".to_owned(), at.unsigned_abs())]),
        detail: SourceDetail { devices: at.unsigned_abs(), ..SourceDetail::default() },
    };
    for (at, state, success) in [
        (10, SourceState::Ok, true),
        (20, SourceState::Down, false),
        (30, SourceState::Down, false),
        (5, SourceState::Ok, true),
    ] {
        status.report(&report(at, state, success)).await.expect("taken in");
    }
    let read = status.get("ams1").await.expect("reads").expect("is there");
    assert_eq!((read.state, read.since), (SourceState::Down, Timestamp(20)));
    assert_eq!((read.reported_at, read.last_success_at), (Timestamp(30), Some(Timestamp(10))));
    assert_eq!(read.last_error.as_ref().expect("failed").message, "the token is refused");
    assert_eq!((read.counters["polls"], read.detail.devices), (30, 30));
    assert_eq!(status.list().await.expect("lists"), [read]);
}

fn device(native_id: &str, name: &str) -> Device {
    Device {
        account: "ams1".to_owned(),
        native_id: native_id.to_owned(),
        name: name.to_owned(),
        host_name: "192.0.2.1".to_owned(),
        sys_name: String::new(),
        hardware: "MX204".to_owned(),
        os: "junos".to_owned(),
        location: "Amsterdam, Science Park".to_owned(),
        latitude: Some(52.356),
        longitude: Some(4.955),
    }
}

fn port(native_id: &str, device: &str, if_name: &str, if_alias: &str) -> Port {
    Port {
        account: "ams1".to_owned(),
        native_id: native_id.to_owned(),
        device: device.to_owned(),
        if_name: if_name.to_owned(),
        if_descr: String::new(),
        if_alias: if_alias.to_owned(),
        if_type: "ethernetCsmacd".to_owned(),
        speed_bps: Some(100_000_000_000),
    }
}

async fn inventory_is_renewed_in_bulk_and_never_shrinks(db: &TestDatabase) {
    let inventory = db.records.inventory();
    let many: Vec<Port> = (0..2_500)
        .map(|number| port(&number.to_string(), "1", &format!("p{number}"), ""))
        .collect();
    inventory.upsert_ports(&many, Timestamp(1)).await.expect("written");
    // The same again, one of them twice and with another name the second time.
    let twice = [port("7", "1", "first", ""), port("7", "1", "second", "Backbone")];
    inventory.upsert_ports(&twice, Timestamp(2)).await.expect("written");
    let all = Page::first(Page::MAX_LIMIT);
    assert_eq!(inventory.ports_of("ams1", "1", all).await.expect("lists").len(), 1_000);
    assert_eq!(inventory.ports("BACKBONE", all).await.expect("finds"), twice[1..]);
    let odd =
        Device { latitude: Some(f64::NAN), longitude: Some(181.0), ..device("2", "core\u{0}2") };
    inventory.upsert_devices(&[device("1", "core1"), odd], Timestamp(3)).await.expect("written");
    inventory.upsert_devices(&[device("1", "core1")], Timestamp(9)).await.expect("renewed");
    let read = inventory.device("ams1", "1").await.expect("reads");
    assert_eq!(read, Some(device("1", "core1")));
    let cleaned = inventory.device("ams1", "2").await.expect("reads").expect("is there");
    assert_eq!((&*cleaned.name, cleaned.latitude, cleaned.longitude), ("core2", None, None));
    for (native, seen) in [("1", 9), ("2", 3)] {
        let found = inventory.device_last_seen("ams1", native).await.expect("reads");
        assert_eq!(found, Some(Timestamp(seen)));
    }
    let found = inventory.devices("science core1", all).await.expect("finds");
    assert_eq!(found, [device("1", "core1")]);
    assert_eq!(inventory.count_devices("core").await.expect("counts"), 2);
}

async fn components_have_names(db: &TestDatabase) {
    let inventory = db.records.inventory();
    let devices = [device("1", "core1"), device("2", "")];
    inventory.upsert_devices(&devices, Timestamp(1)).await.expect("written");
    let ports = [port("7", "1", "xe-0/0/1", "to core2"), port("8", "3", "", "")];
    inventory.upsert_ports(&ports, Timestamp(1)).await.expect("written");
    let asked = ["ams1/device/1", "ams1/device/2", "ams1/port/7", "ams1/port/8", "ams1/port/9"];
    let asked: Vec<ComponentId> =
        asked.into_iter().chain(["odd", "zbx/bgp/10.0.0.1"]).map(ComponentId::from).collect();
    let names = inventory.component_names(&asked).await.expect("reads");
    let names: Vec<_> = names.iter().map(|(id, name)| (id.as_str(), name.to_string())).collect();
    let expected = [
        ("ams1/device/1", "core1"),
        ("ams1/device/2", "192.0.2.1"),
        ("ams1/port/7", "core1 · xe-0/0/1 (to core2)"),
        ("ams1/port/8", "device 3 · port 8"),
    ];
    assert_eq!(names, expected.map(|(id, name)| (id, name.to_owned())));
}

async fn links_are_known_by_their_ends(db: &TestDatabase) {
    let inventory = db.records.inventory();
    let link = |local_port: Option<&str>, remote: Option<&str>, at| Link {
        account: "ams1".to_owned(),
        local_device: "1".to_owned(),
        local_port: local_port.map(str::to_owned),
        remote_device: remote.map(str::to_owned),
        remote_port: None,
        remote_host_name: "core2".to_owned(),
        remote_port_name: "xe-0/0/9".to_owned(),
        protocol: "lldp".to_owned(),
        last_seen_at: Timestamp(at),
    };
    let both = [link(None, None, 1), link(Some("7"), Some("2"), 1)];
    inventory.upsert_links(&both, Timestamp(1)).await.expect("written");
    inventory.upsert_links(&both[1..], Timestamp(5)).await.expect("renewed");
    let all = Page::first(10);
    let found = inventory.links("ams1", None, all).await.expect("lists");
    assert_eq!(found, [link(None, None, 1), link(Some("7"), Some("2"), 5)]);
    let found = inventory.links("ams1", Some("2"), all).await.expect("lists");
    assert_eq!(found, [link(Some("7"), Some("2"), 5)]);
}

async fn inventory_is_listed_by_account_with_totals(db: &TestDatabase) {
    let inventory = db.records.inventory();
    let devices = [device("1", "core1"), device("2", "core2"), device("3", "access3")];
    inventory.upsert_devices(&devices, Timestamp(4)).await.expect("written");
    let elsewhere = Device { account: "rtm1".to_owned(), ..device("1", "core1") };
    inventory.upsert_devices(&[elsewhere], Timestamp(5)).await.expect("written");
    let ports = [port("7", "1", "xe-0/0/1", "Cust: A"), port("8", "2", "xe-0/0/2", "")];
    inventory.upsert_ports(&ports, Timestamp(6)).await.expect("written");

    let second = Page { offset: 1, limit: 1 };
    let found = inventory.list_devices("ams1", "core", second).await.expect("lists");
    assert_eq!((found.rows, found.total), (vec![(device("2", "core2"), Timestamp(4))], 2));
    let found = inventory.list_ports("ams1", None, "cust", Page::first(9)).await.expect("lists");
    assert_eq!((found.rows, found.total), (vec![(ports[0].clone(), Timestamp(6))], 1));
    let found = inventory.list_ports("ams1", Some("2"), "", Page::first(9)).await.expect("lists");
    assert_eq!((found.rows.len(), found.total), (1, 1));
    let found = inventory.list_links("ams1", None, Page::first(9)).await.expect("lists");
    assert_eq!((found.rows.len(), found.total), (0, 0));
    assert_eq!(inventory.all_links("ams1", 9).await.expect("reads"), []);
}

async fn a_request_for_an_inventory_is_settled_by_the_next_one(db: &TestDatabase) {
    let jobs = db.records.sync_jobs();
    let (first, is_new) = jobs.request(&actor(10), "ams1").await.expect("asked");
    assert!(is_new);
    assert_eq!((first.state, first.requested_at), (SyncState::Queued, Timestamp(10)));
    let (same, is_new) = jobs.request(&actor(11), "ams1").await.expect("asked");
    assert_eq!((same.id, is_new), (first.id, false), "one waits already");
    let (other, _) = jobs.request(&actor(11), "rtm1").await.expect("asked");
    let counts = SyncCounts { devices: 3, ports: 40, links: 6 };
    jobs.settle("ams1", Timestamp(9), Ok(counts)).await.expect("read before it was asked for");
    let waiting = jobs.get("ams1", first.id).await.expect("reads").expect("is there");
    assert_eq!(waiting.state, SyncState::Queued);
    jobs.settle("ams1", Timestamp(12), Ok(counts)).await.expect("settled");
    let done = jobs.get("ams1", first.id).await.expect("reads").expect("is there");
    assert_eq!((done.state, done.counts), (SyncState::Done, Some(counts)));
    assert_eq!(done.ended_at, Some(Timestamp(12)));
    jobs.settle("rtm1", Timestamp(13), Err("timed out\0".to_owned())).await.expect("settled");
    let failed = jobs.list("rtm1").await.expect("lists");
    assert_eq!((failed.len(), failed[0].id, failed[0].state), (1, other.id, SyncState::Failed));
    assert_eq!(failed[0].message, "timed out");
    assert_eq!(jobs.get("rtm1", first.id).await.expect("reads"), None, "another account's");
    for at in 20..80 {
        jobs.request(&actor(at), "ams1").await.expect("asked");
        jobs.settle("ams1", Timestamp(at), Ok(counts)).await.expect("settled");
    }
    assert_eq!(jobs.list("ams1").await.expect("lists").len(), 50);
}

on_both!(
    inventory_is_listed_by_account_with_totals,
    a_request_for_an_inventory_is_settled_by_the_next_one,
    accounts_are_put_and_deleted,
    accounts_that_make_no_sense_are_refused,
    status_remembers_since_when,
    inventory_is_renewed_in_bulk_and_never_shrinks,
    components_have_names,
    links_are_known_by_their_ends,
);
