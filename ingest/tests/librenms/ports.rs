//! How ports are read, and what is believed of them.

use ingest::source::{Fault, Source, SourceState};

use crate::fake::{self, Answer, Fake, lines};

fn of_port(lines: &[String], id: u64) -> Option<String> {
    let wanted = format!(" port {id} ");
    lines.iter().find(|line| line.contains(&wanted)).cloned()
}

/// The ports of device 11 as the server gives them for that device alone.
fn ports_of_11() -> Answer {
    Answer::fixture(200, "device_ports_columns.json")
}

#[tokio::test]
async fn when_ports_cannot_be_read_devices_still_count_and_known_ports_stay() {
    let fake = Fake::healthy().await;
    let (source, _) = fake.source();
    source.poll().await;
    fake.on("ports", [Answer::page(200, "error_200_html_file_permissions.html")]);
    let outcome = source.poll().await;
    assert_eq!(outcome.health.state, SourceState::Suspect);
    assert_eq!(outcome.health.reason.as_ref().unwrap().fault, Fault::NotJson);
    let lines = lines(&outcome);
    assert!(lines.contains(&"21: device 21 down 2026-08-20T10:13:58Z ±0".to_owned()));
    let kept = of_port(&lines, 1101).unwrap();
    assert!(kept.contains("up 2026-08-20T10:13:23Z"), "not renewed: {kept}");
}

#[tokio::test]
async fn an_empty_port_list_changes_nothing() {
    let fake = Fake::healthy().await;
    let (source, _) = fake.source();
    let first = source.poll().await;
    fake.on("ports", [Answer::json(200, r#"{"status":"ok","ports":[]}"#)]);
    let second = source.poll().await;
    assert_eq!(second.health.reason.as_ref().unwrap().fault, Fault::Empty);
    assert_eq!(second.health.ports, first.health.ports);
    assert_eq!(lines(&second).len(), lines(&first).len());
}

#[tokio::test]
async fn a_network_without_ports_is_well() {
    let fake = Fake::healthy().await;
    fake.on("ports", [Answer::fixture(404, "error_404_ports_empty.json")]);
    let (source, _) = fake.source();
    let outcome = source.poll().await;
    assert_eq!((outcome.health.state, outcome.health.ports), (SourceState::Ok, 0));
}

#[tokio::test]
async fn ports_without_device_ids_are_refused() {
    let fake = Fake::healthy().await;
    fake.on("ports", [Answer::fixture(200, "ports_all_default_columns.json")]);
    let (source, _) = fake.source();
    let outcome = source.poll().await;
    assert_eq!(outcome.health.reason.as_ref().unwrap().fault, Fault::Malformed);
    assert_eq!(outcome.health.ports, 0);
}

#[tokio::test]
async fn a_list_that_is_too_much_for_the_server_is_read_device_by_device() {
    let fake = Fake::healthy().await;
    fake.on("ports", [Answer::fixture(500, "error_500_max_execution.json")]);
    for id in [1, 2, 31] {
        let none = Answer::fixture(404, "error_404_ports_empty.json");
        fake.on(&format!("devices/{id}/ports"), [none]);
    }
    fake.on("devices/11/ports", [ports_of_11()]);
    let mut settings = fake.settings();
    settings.retries = 0;
    let (source, _) = fake::source(settings);
    let outcome = source.poll().await;
    assert_eq!(outcome.health.state, SourceState::Ok, "{:?}", outcome.health.reason);
    assert!(of_port(&lines(&outcome), 1101).unwrap().contains("up 2026-08-20T10:13:23Z"));
    // Down, disabled, stale and unmanaged devices cost no call.
    let single = fake.asked().iter().filter(|asked| asked.target.contains("/ports?")).count();
    assert_eq!(single, 1 + 4, "{:?}", fake.asked());
    // Nothing was polled since: nothing is asked again, and not the whole list.
    source.poll().await;
    assert_eq!((fake.times("ports"), fake.times("devices/11/ports")), (1, 1));
}

#[tokio::test]
async fn one_poll_reads_the_ports_of_only_so_many_devices() {
    let fake = Fake::healthy().await;
    for id in [1, 2, 11, 31] {
        let none = Answer::fixture(404, "error_404_ports_empty.json");
        fake.on(&format!("devices/{id}/ports"), [none]);
    }
    let mut settings = fake.settings();
    settings.bulk_ports_max = 5;
    settings.port_calls_per_poll = Some(3);
    let (source, _) = fake::source(settings);
    // The first list tells how many there are.
    source.poll().await;
    let asked = || [1, 2, 11, 31].map(|id| fake.times(&format!("devices/{id}/ports")));
    assert_eq!((fake.times("ports"), asked()), (1, [0; 4]));
    source.poll().await;
    assert_eq!((fake.times("ports"), asked()), (1, [1, 1, 1, 0]));
}

#[tokio::test]
async fn rows_of_another_device_are_refused() {
    let fake = Fake::healthy().await;
    fake.on("ports", [Answer::fixture(500, "error_500_max_execution.json")]);
    fake.on("devices/1/ports", [ports_of_11()]);
    let mut settings = fake.settings();
    settings.retries = 0;
    let (source, _) = fake::source(settings);
    let outcome = source.poll().await;
    assert_eq!(outcome.health.reason.as_ref().unwrap().fault, Fault::ForeignRows);
    assert_eq!((outcome.health.state, outcome.health.ports), (SourceState::Suspect, 0));
}

#[tokio::test]
async fn a_device_that_is_gone_does_not_stop_the_others() {
    let fake = Fake::healthy().await;
    fake.on("ports", [Answer::fixture(500, "error_500_max_execution.json")]);
    fake.on("devices/1/ports", [Answer::fixture(403, "error_403_device.json")]);
    for id in [2, 31] {
        let none = Answer::fixture(404, "error_404_ports_empty.json");
        fake.on(&format!("devices/{id}/ports"), [none]);
    }
    fake.on("devices/11/ports", [ports_of_11()]);
    let mut settings = fake.settings();
    settings.retries = 0;
    let (source, _) = fake::source(settings);
    let outcome = source.poll().await;
    assert_eq!(outcome.health.reason.as_ref().unwrap().fault, Fault::Forbidden);
    assert!(of_port(&lines(&outcome), 1101).is_some());
}
