//! A LibreNMS account against a server that answers as LibreNMS does when all
//! is well, and in every way in which it is known to fail.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests may")]

mod changes;
mod fake;
mod faults;
mod features;
mod health;
mod policies;
mod ports;
mod secrets;
mod sessions;

use std::io::Write;

use fake::{Answer, Fake, lines};
use flate2::Compression;
use flate2::write::GzEncoder;
use ingest::source::{Age, Fault, PollOutcome, Reason, Source, SourceState};

#[tokio::test]
async fn a_poll_gives_the_state_of_everything_that_can_be_said() {
    let fake = Fake::healthy().await;
    let (source, _) = fake.source();
    let outcome = source.poll().await;
    assert_eq!(outcome.health.state, SourceState::Ok, "{:?}", outcome.health.reason);
    assert_eq!((outcome.health.devices, outcome.health.devices_stale), (11, 1));
    assert_eq!(outcome.health.data_age_ms, Some(58_000));
    assert_eq!(
        lines(&outcome),
        [
            "11: device 11 up 2026-08-20T10:13:14Z ±0",
            "11: port 1101 up 2026-08-20T10:13:23Z ±0",
            "11: port 1102 down 2026-08-20T10:13:23Z ±0",
            "11: port 1103 up 2026-08-20T10:13:23Z ±0",
            "11: port 1104 unknown 2026-08-20T10:13:23Z ±0",
            "11: port 1105 down 2026-08-20T10:13:23Z ±0",
            "11: port 1106 up 2026-08-20T10:13:23Z ±0",
            "11: port 1107 unknown 2026-08-20T10:15:00Z ±0",
            "11: port 1108 unknown 2026-08-20T10:13:23Z ±0",
            "1: device 1 up 2026-08-20T10:12:16Z ±0",
            "21: device 21 down 2026-08-20T10:13:58Z ±2239",
            "21: port 2101 unknown 2026-08-20T10:13:58Z ±0",
            "22: device 22 up 2026-08-20T10:14:02Z ±0",
            "22: port 2201 unknown 2026-08-20T10:14:02Z ±0",
            "23: device 23 down 2026-08-20T10:13:50Z ±1276",
            "2: device 2 up 2026-08-20T10:12:33Z ±0",
            "31: device 31 up 2026-08-20T10:11:38Z ±0",
            // Since the first of July: more than an uncertainty can be.
            "41: device 41 down 2026-08-20T10:13:54Z ±4294967.295",
            "42: device 42 unknown 2026-08-20T10:15:00Z ±0",
            "51: device 51 unknown 2026-08-20T10:15:00Z ±0",
        ]
    );
}

#[tokio::test]
async fn why_nobody_can_say_is_said_once_and_again_when_it_is_otherwise() {
    let fake = Fake::healthy().await;
    let (source, clock) = fake.source();
    let reasons = |outcome: PollOutcome| {
        let samples = outcome.reports.into_iter().flat_map(|report| report.samples);
        let mut said: Vec<_> = samples
            .filter_map(|sample| Some((sample.native_id.to_string(), sample.reason?)))
            .collect();
        said.sort_by(|a, b| a.0.cmp(&b.0));
        said
    };
    let said = |all: &[(&str, Reason)]| -> Vec<_> {
        all.iter().map(|(id, reason)| ((*id).to_owned(), *reason)).collect()
    };
    let first = reasons(source.poll().await);
    let expected = [
        ("1104", Reason::AdminShut),
        ("1107", Reason::Disabled),
        ("1108", Reason::OddStatus),
        ("2101", Reason::DeviceDown),
        ("2201", Reason::ManagementLost),
        ("42", Reason::Disabled),
        ("51", Reason::NeverPolled),
    ];
    assert_eq!(first, said(&expected));
    assert_eq!(reasons(source.poll().await), [], "it merely lasts");

    // The one that was never polled is switched off, and another one is gone.
    let list = String::from_utf8(fake::fixture("devices_list_mixed_26_7.json")).unwrap();
    let mut list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let rows = list["devices"].as_array_mut().unwrap();
    rows.retain(|row| row["device_id"] != 42);
    let new = rows.iter_mut().find(|row| row["device_id"] == 51).unwrap();
    new["disabled"] = 1.into();
    fake.on("devices", [Answer::json(200, list.to_string())]);
    clock.forward(30);
    let changed = reasons(source.poll().await);
    assert_eq!(changed, said(&[("42", Reason::Gone), ("51", Reason::Disabled)]));
}

#[tokio::test]
async fn the_same_rows_again_give_the_same_samples_again() {
    let fake = Fake::healthy().await;
    let (source, _) = fake.source();
    let first = source.poll().await;
    let second = source.poll().await;
    let without_uncertainty = |line: String| line.split(" ±").next().unwrap().to_owned();
    let plain = |outcome| lines(outcome).into_iter().map(without_uncertainty).collect::<Vec<_>>();
    assert_eq!(plain(&first), plain(&second));
    assert!(lines(&second).iter().all(|line| line.ends_with("±0")), "renewals are no edges");
}

#[tokio::test]
async fn lists_of_every_age_are_polled() {
    for name in ["devices_list_25_5.json", "devices_list_all_strings_pre_2018.json"] {
        let fake = Fake::healthy().await;
        fake.on("devices", [Answer::fixture(200, name)]);
        let (source, _) = fake.source();
        let outcome = source.poll().await;
        let lines = lines(&outcome);
        assert!(
            lines.contains(&"1: device 1 up 2026-08-20T10:12:16Z ±0".to_owned()),
            "{name}: {lines:?}"
        );
        assert!(
            lines.contains(&"21: device 21 down 2026-08-20T10:13:58Z ±2239".to_owned()),
            "{name}: {lines:?}"
        );
    }
}

#[tokio::test]
async fn a_zone_in_the_settings_saves_the_calibration() {
    let fake = Fake::healthy().await;
    let settings = fake.settings().with_time_zone("Europe/Berlin").unwrap();
    let (source, _) = fake::source(settings);
    let outcome = source.poll().await;
    // Devices, ports, version, pollers.
    assert_eq!(outcome.health.calls, 4);
    assert!(lines(&outcome).contains(&"1: device 1 up 2026-08-20T10:12:16Z ±0".to_owned()));
}

#[tokio::test]
async fn without_the_zone_nothing_is_said_and_the_setting_is_named() {
    let fake = Fake::healthy().await;
    for id in [21, 22, 41] {
        fake.on(&format!("devices/{id}"), [Answer::fixture(403, "error_403_device.json")]);
    }
    let (source, _) = fake.source();
    let outcome = source.poll().await;
    assert_eq!(outcome.health.state, SourceState::Suspect);
    let reason = outcome.health.reason.unwrap();
    assert_eq!(reason.fault, Fault::ZoneUnknown);
    assert!(reason.message.contains("set time_zone"), "{reason}");
    assert!(outcome.reports.is_empty());
}

#[tokio::test]
async fn a_wrong_zone_that_puts_times_into_the_future_is_noticed() {
    let fake = Fake::healthy().await;
    let settings = fake.settings().with_time_zone("Atlantic/Azores").unwrap();
    let (source, _) = fake::source(settings);
    let outcome = source.poll().await;
    assert_eq!(outcome.health.reason.as_ref().map(|reason| reason.fault), Some(Fault::ClockAhead));
    assert!(lines(&outcome).iter().all(|line| !line.contains(" up ") && !line.contains(" down ")));
}

#[tokio::test]
async fn when_the_pollers_stand_still_states_stop_and_the_source_is_suspect() {
    let fake = Fake::healthy().await;
    let (source, clock) = fake.source();
    source.poll().await;
    clock.forward(3600);
    let outcome = source.poll().await;
    assert_eq!(outcome.health.state, SourceState::Suspect);
    let reason = outcome.health.reason.clone().unwrap();
    assert_eq!(reason.fault, Fault::Stalled);
    assert!(reason.message.contains("check its pollers"), "{reason}");
    let claims = lines(&outcome);
    let claims: Vec<_> = claims.iter().filter(|line| !line.contains(" unknown ")).collect();
    assert!(claims.is_empty(), "{claims:?}");
}

#[tokio::test]
async fn an_inventory_names_devices_ports_and_links() {
    let fake = Fake::healthy().await;
    let (source, _) = fake.source();
    let inventory = source.inventory(Age::Usual).await.unwrap();
    assert_eq!(inventory.devices.len(), 11);
    let agg = inventory.devices.iter().find(|device| &*device.id == "11").unwrap();
    assert_eq!((&*agg.name, agg.location.as_deref()), ("agg1.pot", Some("Potsdam POP")));
    assert_eq!(agg.parents, ["1".into(), "2".into()]);
    assert_eq!(inventory.ports.len(), 10);
    let customer = inventory.ports.iter().find(|port| &*port.id == "1103").unwrap();
    assert_eq!((&*customer.device, &*customer.name), ("11", "Ethernet3"));
    assert_eq!(customer.alias.as_deref(), Some("CUST-10017 ACME GmbH 1G"));
    assert_eq!(inventory.links.len(), 6);
    assert_eq!(inventory.links[0].remote_device.as_deref(), Some("1"));
    assert_eq!(inventory.links[4].remote_device, None);
}

#[tokio::test]
async fn a_network_without_links_has_an_inventory() {
    let fake = Fake::healthy().await;
    fake.on("resources/links", [Answer::fixture(404, "error_404_links_empty.json")]);
    let (source, _) = fake.source();
    assert!(source.inventory(Age::Usual).await.unwrap().links.is_empty());
}

#[tokio::test]
async fn a_checkup_of_a_healthy_account_finds_nothing_wrong() {
    let fake = Fake::healthy().await;
    let settings = fake.settings().with_time_zone("Europe/Berlin").unwrap();
    let (source, _) = fake::source(settings);
    let findings = source.check().await;
    let words: Vec<_> = findings
        .iter()
        .map(|finding| format!("{}: {}", finding.subject, finding.outcome.as_ref().unwrap()))
        .collect();
    assert_eq!(words.len(), 7, "{words:#?}");
    assert!(words[0].contains("LibreNMS 26.6.1"), "{words:#?}");
    assert!(words[1].contains("11 devices: 5 down, 1 disabled"), "{words:#?}");
    assert!(words[2].contains("time_zone is set and right"), "{words:#?}");
    assert!(words[3].contains("58 s old"), "{words:#?}");
    assert_eq!(words[5], "BGP sessions: not to be had (not_found), so unknown");
    fake.on("bgp", [Answer::fixture(200, "bgp_sessions.json")]);
    fake.on("services", [Answer::fixture(200, "services_all.json")]);
    let findings = source.check().await;
    let seen = |n: usize| findings[n].outcome.as_deref().unwrap();
    assert_eq!((seen(5), seen(6)), ("3 in the list", "5 in the list"));
    fake.on("bgp", [Answer::fixture(500, "error_500_generic.json")]);
    let error = source.check().await[5].outcome.clone().unwrap_err();
    assert_eq!(error.fault, Fault::ServerFailed);
}

#[tokio::test]
async fn a_checkup_says_that_a_large_list_came_uncompressed() {
    let list = String::from_utf8(fake::fixture("devices_list_mixed_26_7.json")).unwrap();
    let large = list.replacen('[', &format!("[{}", " ".repeat(2_000_000)), 1);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(large.as_bytes()).unwrap();
    let packed = Answer::json(200, gzip.finish().unwrap()).with("content-encoding", "gzip");
    for (answer, is_told) in [(Answer::json(200, large), true), (packed, false)] {
        let fake = Fake::healthy().await;
        fake.on("devices", [answer]);
        let (source, _) = fake.source();
        let found = source.check().await[1].outcome.clone().unwrap();
        assert!(found.starts_with("11 devices: 5 down, 1 disabled"), "{found}");
        assert_eq!(found.contains("uncompressed, 2 MB"), is_told, "{found}");
    }
}

#[tokio::test]
async fn a_checkup_says_that_the_zone_is_wrong() {
    let fake = Fake::healthy().await;
    let settings = fake.settings().with_time_zone("UTC").unwrap();
    let (source, _) = fake::source(settings);
    let findings = source.check().await;
    let error = findings[2].outcome.as_ref().unwrap_err();
    assert!(error.message.contains("the offset +00 now, but it has +02"), "{error}");
}

#[tokio::test]
async fn a_checkup_stops_at_a_refused_token() {
    let fake = Fake::healthy().await;
    fake.on("system", [Answer::fixture(401, "error_401.json")]);
    let (source, _) = fake.source();
    let findings = source.check().await;
    assert_eq!(findings.len(), 1);
    let error = findings[0].outcome.as_ref().unwrap_err();
    assert_eq!(error.fault, Fault::Unauthorized);
    assert!(error.message.contains("/api-access/"), "{error}");
}
