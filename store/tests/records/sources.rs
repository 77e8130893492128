//! NMS accounts, their status and the inventory.

use std::collections::BTreeMap;

use correlate::model::{ComponentId, Timestamp};
use secrecy::ExposeSecret;
use store::Keyring;
use store::keyring::OpenError;
use store::records::{
    AccountDraft, Device, Link, Monitored, Page, Port, Records, SourceDetail, SourceError,
    SourceReport, SourceState, SyncCounts, SyncState, Unwatched,
};

use crate::database::{TestDatabase, actor};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn account() -> AccountDraft {
    AccountDraft {
        kind: "librenms".to_owned(),
        url: "https://nms.example.net/".to_owned(),
        settings: [("time_zone".to_owned(), "Europe/Amsterdam".to_owned())].into(),
        enabled: true,
    }
}

/// The only token there is, as ingest gets it.
async fn opened(records: &Records) -> String {
    let watched = records.accounts().watched().await.expect("lists");
    watched[0].token.as_ref().expect("opens").expose_secret().to_owned()
}

async fn accounts_are_entered_changed_and_removed(db: &TestDatabase) {
    let accounts = db.records.accounts();
    accounts.create(&actor(1), "ams1", &account(), &TOKEN.into()).await.expect("added");
    let error = accounts.create(&actor(2), "ams1", &account(), &TOKEN.into()).await;
    let error = error.expect_err("is there").to_string();
    assert_eq!(error, "NMS account ams1 already exists");
    let first = accounts.get("ams1").await.expect("reads").expect("is there");
    assert_eq!((&first.entered, first.token_set_at), (&account(), Timestamp(1)));
    assert_eq!(first.token_set_by, "anna@example.net");
    let same = accounts.update(&actor(3), "ams1", &account(), None).await.expect("valid");
    assert!(!same, "nothing changed");
    let off = AccountDraft { enabled: false, ..account() };
    assert!(accounts.update(&actor(4), "ams1", &off, None).await.expect("valid"));
    let second = accounts.get("ams1").await.expect("reads").expect("is there");
    assert_ne!(second.version, first.version);
    assert_eq!((&second.entered, second.token_set_at), (&off, Timestamp(1)));
    let versions = accounts.versions().await.expect("reads");
    assert_eq!(versions, [("ams1".to_owned(), second.version)].into());

    db.records.source_status().report(&report(5)).await.expect("taken in");
    accounts.delete(&actor(6), "ams1").await.expect("removed");
    assert_eq!(accounts.list().await.expect("lists"), []);
    let status = async || db.records.source_status().get("ams1").await.expect("reads");
    assert_eq!(status().await, None, "it has no status any more");
    // Ingest may have been about to report.
    db.records.source_status().report(&report(7)).await.expect("taken in");
    accounts.forget_removed("ams1").await.expect("forgets");
    assert_eq!(status().await, None);
    let error = accounts.delete(&actor(8), "ams1").await.expect_err("gone");
    assert_eq!(error.to_string(), "NMS account ams1 does not exist");
}

fn report(at: i64) -> SourceReport {
    SourceReport {
        account: "ams1".to_owned(),
        at: Timestamp(at),
        state: SourceState::Ok,
        success: true,
        error: None,
        counters: BTreeMap::new(),
        detail: SourceDetail::default(),
    }
}

async fn the_status_of_an_account_that_is_there_is_not_forgotten(db: &TestDatabase) {
    let accounts = db.records.accounts();
    accounts.create(&actor(1), "ams1", &account(), &TOKEN.into()).await.expect("added");
    db.records.source_status().report(&report(2)).await.expect("taken in");
    accounts.forget_removed("ams1").await.expect("nothing to do");
    let status = db.records.source_status().get("ams1").await.expect("reads");
    assert!(status.is_some());
}

async fn a_token_lies_sealed_and_is_told_to_nobody(db: &TestDatabase) {
    let accounts = db.records.accounts();
    accounts.create(&actor(1), "ams1", &account(), &TOKEN.into()).await.expect("added");
    assert_eq!(opened(&db.records).await, TOKEN);
    assert_eq!(opened(&db.another().await).await, TOKEN, "another process has the keys");
    let other = "fedcba9876543210fedcba9876543210";
    accounts.set_token(&actor(2), "ams1", &other.into()).await.expect("replaced");
    assert_eq!(accounts.token("ams1").await.expect("opens").expose_secret(), other);
    let account = accounts.get("ams1").await.expect("reads").expect("is there");
    assert_eq!(account.token_set_at, Timestamp(2));
    let stored = db.texts("SELECT token_sealed FROM nms_accounts").await;
    assert!(stored.iter().all(|text| Keyring::is_sealed(text)), "{stored:?}");
    let sides = "SELECT coalesce(before_value, '') || coalesce(after_value, '') FROM audit";
    let audited = db.texts(sides).await;
    assert_eq!(audited.len(), 2);
    for text in stored.iter().chain(&audited).chain([&format!("{account:?}")]) {
        assert!(!text.contains(TOKEN) && !text.contains(other), "{text}");
    }
    assert!(audited[1].contains("token_set_at"), "{audited:?}");
    for wrong in [String::new(), "x".repeat(257)] {
        let error = accounts.set_token(&actor(3), "ams1", &wrong.into()).await;
        let error = error.expect_err("refused").to_string();
        assert_eq!(error, "token: must be 1 to 256 characters");
    }
}

async fn a_token_opens_in_its_own_row_alone_and_is_looked_after(db: &TestDatabase) {
    let accounts = db.records.accounts();
    for name in ["ams1", "rtm1"] {
        accounts.create(&actor(1), name, &account(), &TOKEN.into()).await.expect("added");
    }
    let verified = db.records.secrets().verify().await.expect("reads");
    let found = verified.found.iter().find(|one| one.what == "nms_accounts.token_sealed");
    assert_eq!(found.expect("is looked after").count, 2);
    assert!(verified.is_well());
    db.execute(
        "UPDATE nms_accounts SET token_sealed = (SELECT other.token_sealed FROM nms_accounts AS \
         other WHERE other.name = 'rtm1') WHERE name = 'ams1'",
    )
    .await;
    let watched = accounts.watched().await.expect("lists");
    assert_eq!(watched[0].token.as_ref().err(), Some(&OpenError::Refused));
    assert!(watched[1].token.is_ok(), "one that cannot be opened is in nobody's way");
    assert!(!db.records.secrets().verify().await.expect("reads").is_well());
}

async fn a_token_is_sent_to_no_url_that_it_was_not_given_for(db: &TestDatabase) {
    let accounts = db.records.accounts();
    accounts.create(&actor(1), "ams1", &account(), &TOKEN.into()).await.expect("added");
    let elsewhere = AccountDraft { url: "https://elsewhere.example/".to_owned(), ..account() };
    let error = accounts.update(&actor(2), "ams1", &elsewhere, None).await.expect_err("refused");
    assert!(error.to_string().starts_with("token: give the token again"), "{error}");
    let there = accounts.get("ams1").await.expect("reads").expect("is there");
    assert_eq!(there.entered, account());
    let moved = accounts.update(&actor(3), "ams1", &elsewhere, Some(&"another".into())).await;
    assert!(moved.expect("with its token"));
    assert_eq!(opened(&db.records).await, "another");
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
        disabled: false,
        ignored: false,
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

/// What services name and nobody watches: switched off, gone, and added again.
async fn components_that_nobody_watches_are_found_with_who_names_them(db: &TestDatabase) {
    let inventory = db.records.inventory();
    let own = |device: Device| Device { account: "utr9".to_owned(), ..device };
    let at = |host: &str, device: Device| own(Device { host_name: host.to_owned(), ..device });
    let port = |native: &str, device: &str, name: &str| Port {
        account: "utr9".to_owned(),
        ..port(native, device, name, "")
    };
    let lost = at("192.0.2.7", device("7", "cpe7"));
    let off = at("192.0.2.8", Device { disabled: true, ..device("8", "cpe8") });
    let quiet = at("192.0.2.9", Device { ignored: true, ..device("9", "cpe9") });
    let well = at("192.0.2.10", device("10", "core10"));
    let old = [lost, off.clone(), quiet.clone(), well.clone()];
    let ports = [port("70", "7", "eth0"), port("71", "7", "eth1"), port("100", "10", "xe0")];
    inventory.upsert_devices(&old, Timestamp(10)).await.expect("written");
    inventory.upsert_ports(&ports, Timestamp(10)).await.expect("written");
    assert_eq!(inventory.unwatched("utr9", 10).await.expect("reads"), [], "nobody names any");
    let service = |id: &str, needs: &str| {
        let json = format!(r#"[{{"id": "{id}", "path": {{"all": [{needs}]}}}}]"#);
        async move { db.records.services().import(&actor(1), &json).await.expect("valid") }
    };
    service("nine/a", r#""utr9/device/7", "utr9/port/70", "utr9/port/71", "utr9/device/10""#).await;
    service("nine/b", r#""utr9/port/100", "utr9/device/8", "utr9/device/9""#).await;
    // Added again, with one of its two ports; and the core has lost one.
    let new = at("192.0.2.7", device("77", "cpe7"));
    inventory.upsert_devices(&[new, off, quiet, well], Timestamp(20)).await.expect("written");
    inventory.upsert_ports(&[port("700", "77", "eth0")], Timestamp(20)).await.expect("written");
    let found = inventory.unwatched("utr9", 10).await.expect("reads");
    let text = |one: &Unwatched| {
        let new = one.replaced_by.as_ref().map_or("-", ComponentId::as_str);
        format!("{} {} {} {new} {}", one.service, one.component, one.why.as_str(), one.last_seen_at)
    };
    let expected = [
        "nine/b utr9/port/100 gone - 10",
        "nine/a utr9/device/7 gone utr9/device/77 10",
        "nine/a utr9/port/70 gone utr9/port/700 10",
        "nine/a utr9/port/71 gone - 10",
        "nine/b utr9/device/8 disabled - 20",
        "nine/b utr9/device/9 ignored - 20",
    ];
    assert_eq!(found.iter().map(text).collect::<Vec<_>>(), expected);
    // And what else is monitored: each kind is gone by its own newest list.
    let part = |kind: &str, native: &str, device: &str, name: &str| Monitored {
        account: "utr9".to_owned(),
        kind: kind.to_owned(),
        native_id: native.to_owned(),
        device: device.to_owned(),
        name: name.to_owned(),
        description: String::new(),
        disabled: native == "2",
        ignored: false,
    };
    let peer = "192.0.2.1 AS64500";
    let old = [
        part("bgp", "1", "10", "192.0.2.9 AS64501"),
        part("bgp", "70", "7", peer),
        part("check", "1", "10", "http"),
        part("check", "2", "10", "dns"),
    ];
    inventory.upsert_monitored(&old, Timestamp(10)).await.expect("written");
    let new = [part("bgp", "700", "77", peer)];
    inventory.upsert_monitored(&new, Timestamp(20)).await.expect("written");
    service("nine/c", r#""utr9/bgp/1", "utr9/bgp/70", "utr9/check/1", "utr9/check/2""#).await;
    let all = inventory.unwatched("utr9", 20).await.expect("reads");
    let of_c = all.iter().filter(|one| one.service.as_str() == "nine/c");
    let expected = [
        "nine/c utr9/bgp/1 gone - 10",
        "nine/c utr9/check/2 disabled - 10",
        "nine/c utr9/bgp/70 gone utr9/bgp/700 10",
    ];
    assert_eq!(of_c.map(text).collect::<Vec<_>>(), expected);
    let session = ComponentId::from("utr9/bgp/700");
    let names = inventory.component_names(std::slice::from_ref(&session)).await.expect("reads");
    assert_eq!(names[&session].to_string(), format!("cpe7 · {peer}"));
    let page = Page::first(2);
    let found_peers = inventory.list_monitored("utr9", "bgp", None, "AS64500", page).await;
    let found_peers = found_peers.expect("reads");
    assert_eq!((found_peers.total, found_peers.rows.len()), (2, 2));
    let on_10 = inventory.list_monitored("utr9", "check", Some("10"), "", page).await;
    let on_10: Vec<_> = on_10.expect("reads").rows.into_iter().map(|(one, _)| one.name).collect();
    assert_eq!(on_10, ["dns", "http"]);
    let with_devices = inventory.monitored(Page::first(10)).await.expect("reads");
    assert!(with_devices.iter().all(|(_, device)| device.is_some()));
    assert_eq!(with_devices.len(), 5);
    assert_eq!(inventory.unwatched("utr9", 2).await.expect("reads"), all[..2]);
    assert_eq!(inventory.unwatched("utr", 2).await.expect("reads"), []);
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
    let odd = Device {
        latitude: Some(f64::NAN),
        longitude: Some(181.0),
        disabled: true,
        ..device("2", "core\u{0}2")
    };
    inventory.upsert_devices(&[device("1", "core1"), odd], Timestamp(3)).await.expect("written");
    inventory.upsert_devices(&[device("1", "core1")], Timestamp(9)).await.expect("renewed");
    let read = inventory.device("ams1", "1").await.expect("reads");
    assert_eq!(read, Some(device("1", "core1")));
    let cleaned = inventory.device("ams1", "2").await.expect("reads").expect("is there");
    assert_eq!((&*cleaned.name, cleaned.latitude, cleaned.longitude), ("core2", None, None));
    assert_eq!((cleaned.disabled, cleaned.ignored), (true, false));
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
    accounts_are_entered_changed_and_removed,
    the_status_of_an_account_that_is_there_is_not_forgotten,
    a_token_lies_sealed_and_is_told_to_nobody,
    a_token_opens_in_its_own_row_alone_and_is_looked_after,
    a_token_is_sent_to_no_url_that_it_was_not_given_for,
    status_remembers_since_when,
    components_that_nobody_watches_are_found_with_who_names_them,
    inventory_is_renewed_in_bulk_and_never_shrinks,
    components_have_names,
    links_are_known_by_their_ends,
);
