//! Devices, links and detected paths, and reading them anew.

use std::collections::BTreeMap;

use correlate::model::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use store::log::ReadLimits;
use store::records::{Device, Link, Monitored, Port, SourceReport, SourceState, SyncCounts};
use store::wire::{Subject, TRIGGERS_TOPIC, Trigger, triggers_topic};

use crate::rig::{NOW, TestApp};

/// A ring of four devices; the customer is on device 1, the core is device 3.
async fn app() -> TestApp {
    let app = TestApp::without_series().await;
    app.log.ensure_topic(&triggers_topic()).await.expect("the topic is made");
    let report = SourceReport {
        account: "ams1".to_owned(),
        at: NOW,
        state: SourceState::Ok,
        success: true,
        error: None,
        counters: BTreeMap::new(),
        detail: Default::default(),
    };
    app.records.source_status().report(&report).await.expect("taken in");
    let device = |id: &str, name: &str| Device {
        account: "ams1".to_owned(),
        native_id: id.to_owned(),
        name: name.to_owned(),
        host_name: format!("192.0.2.{id}"),
        sys_name: String::new(),
        hardware: String::new(),
        os: "junos".to_owned(),
        location: "Zutphen".to_owned(),
        latitude: None,
        longitude: None,
        disabled: false,
        ignored: false,
    };
    let devices = ["access1", "agg2", "core3", "agg4", "alone5"];
    let devices: Vec<Device> =
        (1..).zip(devices).map(|(id, name)| device(&id.to_string(), name)).collect();
    let port = |id: &str, device: &str, alias: &str| Port {
        account: "ams1".to_owned(),
        native_id: id.to_owned(),
        device: device.to_owned(),
        if_name: format!("ge-0/0/{id}"),
        if_descr: String::new(),
        if_alias: alias.to_owned(),
        if_type: String::new(),
        speed_bps: None,
    };
    let ports = [
        port("10", "1", "Cust: Bakkerij"),
        port("11", "1", "to agg2"),
        port("50", "5", "Cust: Molen"),
    ];
    let link = |ends: [&str; 4], age_ms: i64| Link {
        account: "ams1".to_owned(),
        local_device: ends[0].to_owned(),
        local_port: Some(ends[1].to_owned()),
        remote_device: Some(ends[3].to_owned()),
        remote_port: Some(ends[2].to_owned()).filter(|port| port != "?"),
        remote_host_name: String::new(),
        remote_port_name: ends[2].to_owned(),
        protocol: "lldp".to_owned(),
        last_seen_at: NOW.plus_millis(-age_ms),
    };
    let inventory = app.records.inventory();
    inventory.upsert_devices(&devices, NOW).await.expect("written");
    inventory.upsert_ports(&ports, NOW).await.expect("written");
    let part = |kind: &str, native: &str, name: &str| Monitored {
        account: "ams1".to_owned(),
        kind: kind.to_owned(),
        native_id: native.to_owned(),
        device: "3".to_owned(),
        name: name.to_owned(),
        description: "Transit".to_owned(),
        disabled: false,
        ignored: true,
    };
    let parts = [part("bgp", "12", "192.0.2.1 AS64500"), part("check", "7", "https")];
    inventory.upsert_monitored(&parts, NOW).await.expect("written");
    let fresh = [
        link(["1", "11", "21", "2"], 0),
        link(["2", "22", "31", "3"], 0),
        link(["3", "32", "41", "4"], 0),
    ];
    inventory.upsert_links(&fresh, NOW).await.expect("written");
    let week_ago = Timestamp(NOW.0 - 8 * 86_400_000);
    inventory.upsert_links(&[link(["4", "42", "?", "1"], 0)], week_ago).await.expect("written");
    app
}

async fn get(app: &TestApp, path: &str) -> Value {
    let token = app.token().await;
    app.get(path, &[("authorization", &token)]).await.expect(200).json()
}

#[tokio::test]
async fn devices_and_links_are_listed_by_page_and_filter() {
    let app = app().await;
    let found = get(&app, "/api/v1/sources/ams1/devices?q=zutphen%20agg&limit=1&offset=1").await;
    assert_eq!((&found["total"], &found["offset"]), (&json!(2), &json!(1)));
    assert_eq!(found["devices"][0]["component"], "ams1/device/4");
    assert_eq!(found["devices"][0]["last_seen_at"], "2026-11-22T12:00:00.000Z");
    let found = get(&app, "/api/v1/sources/ams1/links?device=1").await;
    assert_eq!(found["total"], 2);
    assert_eq!(found["links"][1]["neighbour_port"], Value::Null);
    assert_eq!(found["links"][1]["last_seen_at"], "2026-11-14T12:00:00.000Z");

    let token = app.token().await;
    let headers = [("authorization", token.as_str())];
    let found = get(&app, "/api/v1/sources/ams1/monitored?kind=bgp&q=as64500&device=3").await;
    let session = json!({"component": "ams1/bgp/12", "device": "ams1/device/3",
        "name": "192.0.2.1 AS64500", "description": "Transit", "disabled": false,
        "ignored": true, "last_seen_at": "2026-11-22T12:00:00.000Z"});
    assert_eq!(found, json!({"monitored": [session], "total": 1, "offset": 0}));
    let found = get(&app, "/api/v1/sources/ams1/monitored?kind=check").await;
    assert_eq!(found["monitored"][0]["component"], "ams1/check/7");
    assert_eq!(get(&app, "/api/v1/sources/ams1/monitored?kind=check&device=1").await["total"], 0);
    app.get("/api/v1/sources/ams1/monitored?kind=port", &headers).await.expect(422);
    let found = get(&app, "/api/v1/sources/ams1/monitored").await;
    assert_eq!(found["monitored"][0]["component"], "ams1/bgp/12");
    app.get("/api/v1/sources/nowhere/monitored?kind=bgp", &headers).await.expect(404);
    app.get("/api/v1/sources/nowhere/devices", &headers).await.expect(404);
    app.get("/api/v1/sources/ams1/links?limit=1001", &headers).await.expect(422);
    app.get("/api/v1/sources/ams1/paths?limit=101", &headers).await.expect(422);
    app.get("/api/v1/sources/ams1/paths?to=77", &headers).await.expect(404);
}

#[tokio::test]
async fn a_path_is_suggested_with_what_is_not_known_of_it() {
    let app = app().await;
    let found = get(&app, "/api/v1/sources/ams1/paths?to=3&q=cust").await;
    assert_eq!((&found["total"], &found["to_is_guess"]), (&json!(2), &json!(false)));
    assert_eq!(found["to"], json!({"component": "ams1/device/3", "name": "core3"}));
    let first = &found["paths"][0];
    assert_eq!((&first["alias"], &first["is_complete"]), (&json!("Cust: Bakkerij"), &json!(true)));
    let expected = json!({"all": [
        "ams1/port/10",
        "ams1/device/1",
        {"any": [
            {"all": ["ams1/port/11", "ams1/port/21", "ams1/device/2", "ams1/port/22", "ams1/port/31"]},
            {"all": ["ams1/port/42", "ams1/device/4", "ams1/port/41", "ams1/port/32"]},
        ]},
        "ams1/device/3",
    ]});
    assert_eq!(first["path"], expected);
    let unknown = first["unknown"].as_array().expect("a list");
    assert_eq!(
        unknown.len(),
        2,
        "a port that is not known, and a link not seen for long: {unknown:?}"
    );

    let lonely = &found["paths"][1];
    assert_eq!(lonely["is_complete"], false);
    assert_eq!(lonely["path"], json!({"all": ["ams1/port/50", "ams1/device/5"]}));
    assert_eq!(lonely["unknown"], json!(["no link of the port's device is known"]));

    let token = app.token().await;
    let service = json!({"name": "Bakkerij", "path": first["path"]});
    let headers = [("authorization", token.as_str())];
    app.send(Method::PUT, "/api/v1/services/bakkerij", &headers, Some(service)).await.expect(201);
}

#[tokio::test]
async fn an_inventory_can_be_asked_for_and_watched() {
    let app = app().await;
    let token = app.token().await;
    let headers = [("authorization", token.as_str())];
    let path = "/api/v1/sources/ams1/sync";
    let asked = app.send(Method::POST, path, &headers, None).await.expect(202);
    let place = asked.header("location").to_owned();
    let job = asked.json();
    assert_eq!((&job["state"], &job["devices"]), (&json!("queued"), &Value::Null));
    let again = app.send(Method::POST, path, &headers, None).await.expect(202);
    assert_eq!(again.json()["id"], job["id"], "one waits already");
    let limits = ReadLimits::default();
    let read = app.log.read(TRIGGERS_TOPIC, 0, 0, limits, std::time::Duration::ZERO).await;
    let read = read.expect("reads");
    let value = read[0].value.as_deref().expect("no tombstone");
    let subject = Trigger::decode(value).expect("a trigger").subject;
    assert_eq!(subject, Subject::Inventory(job["id"].as_str().expect("an id").to_owned()));

    app.advance_ms(20 * 60_000);
    let waiting = get(&app, &place).await;
    assert!(waiting["message"].as_str().expect("words").starts_with("nobody has read it yet"));
    let counts = SyncCounts { devices: 5, ports: 3, links: 4 };
    let settled = app.records.sync_jobs().settle("ams1", NOW.plus_millis(1), Ok(counts)).await;
    settled.expect("settled");
    let done = get(&app, &place).await;
    assert_eq!((&done["state"], &done["ports"]), (&json!("done"), &json!(3)));
    assert_eq!(get(&app, path).await["jobs"][0]["id"], job["id"]);
    app.send(Method::POST, "/api/v1/sources/nowhere/sync", &headers, None).await.expect(404);
}

#[tokio::test]
async fn services_are_held_against_what_the_inventories_say() {
    let app = app().await;
    let token = app.token().await;
    let headers = [("authorization", token.as_str())];
    let put = async |id: &str, path: Value| {
        let place = format!("/api/v1/services/{id}");
        let body = Some(json!({ "path": path }));
        app.send(Method::PUT, &place, &headers, body).await.expect(201);
    };
    put("baker", json!({"all": ["ams1/port/10", "ams1/device/1", "ams1/device/3"]})).await;
    put("miller", json!({"all": ["ams1/port/50", "ams1/device/5"]})).await;
    let path = "/api/v1/services/sync";
    let well = get(&app, path).await;
    assert_eq!((&well["services"], &well["is_done"]), (&json!([]), &json!(true)));
    assert_eq!(well["accounts"], json!([{"account": "ams1", "job": null}]));

    let asked = app.send(Method::POST, path, &headers, None).await.expect(202);
    assert_eq!(asked.header("location"), path);
    let asked = asked.json();
    assert_eq!(
        (&asked["is_done"], &asked["accounts"][0]["job"]["state"]),
        (&json!(false), &json!("queued"))
    );
    let limits = ReadLimits::default();
    let read = app.log.read(TRIGGERS_TOPIC, 0, 0, limits, std::time::Duration::ZERO).await;
    assert_eq!(read.expect("reads").len(), 1, "ingest is told");

    // The access switch was added again under another id; the mill is switched off.
    let inventory = app.records.inventory();
    let all = inventory.devices("", store::records::Page::first(10)).await.expect("reads");
    let renewed = all.into_iter().map(|device| match &*device.native_id {
        "1" => Device { native_id: "91".to_owned(), ..device },
        "5" => Device { disabled: true, ..device },
        _ => device,
    });
    let later = NOW.plus_millis(1_000);
    inventory.upsert_devices(&renewed.collect::<Vec<_>>(), later).await.expect("written");
    let ports = inventory.ports("", store::records::Page::first(10)).await.expect("reads");
    let renewed = ports.into_iter().map(|port| match &*port.native_id {
        "10" => Port { native_id: "910".to_owned(), device: "91".to_owned(), ..port },
        _ => port,
    });
    inventory.upsert_ports(&renewed.collect::<Vec<_>>(), later).await.expect("written");
    let counts = SyncCounts { devices: 5, ports: 3, links: 4 };
    app.records.sync_jobs().settle("ams1", later, Ok(counts)).await.expect("settled");

    let report = get(&app, path).await;
    assert_eq!(report["is_done"], true);
    let services = report["services"].as_array().expect("a list");
    let ids: Vec<_> = services.iter().map(|one| &one["id"]).collect();
    assert_eq!(ids, ["baker", "miller"]);
    let expected = json!({"all": ["ams1/port/910", "ams1/device/91", "ams1/device/3"]});
    assert_eq!(services[0]["suggested_path"], expected);
    assert_eq!(services[0]["components"].as_array().map(Vec::len), Some(2));
    assert_eq!(services[1]["suggested_path"], Value::Null);
    assert_eq!(services[1]["components"][0]["why"], "disabled");
    let devices = get(&app, "/api/v1/sources/ams1/devices?q=alone5").await;
    assert_eq!(
        (&devices["devices"][0]["disabled"], &devices["devices"][0]["ignored"]),
        (&json!(true), &json!(false))
    );
    // Nothing was put in force.
    let report = get(&app, path).await;
    assert_eq!(report["services"][0]["id"], "baker", "{report:#}");
    // Once the new ids are named, there is nothing to say of it any more.
    let body = json!({ "path": expected });
    app.send(Method::PUT, "/api/v1/services/baker", &headers, Some(body)).await.expect(200);
    let report = get(&app, path).await;
    assert_eq!(report["services"][0]["id"], "miller", "{report:#}");
}
