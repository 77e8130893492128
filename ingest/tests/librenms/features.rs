//! What a server is found to have, what follows from it, and what overrides it.

use std::time::Duration;

use ingest::source::{Basis, Found, Kept, PollOutcome, Reading, Source, SourceState};

use crate::fake::{self, Answer, Fake, lines};

#[tokio::test]
async fn an_event_log_that_is_refused_is_asked_for_ever_more_seldom() {
    for (event_log, expected) in [(None, 7), (Some(false), 0), (Some(true), 7_200)] {
        let fake = Fake::healthy().await;
        fake.on("logs/eventlog", [Answer::fixture(403, "error_403_ability.json")]);
        let mut settings = fake.settings().with_time_zone("Europe/Berlin").unwrap();
        settings.event_log = event_log;
        let (source, clock) = fake::source(settings);
        source.poll().await;
        for _ in 0..7_200 {
            clock.forward(1);
            if source.plan().changes.is_some() {
                let health = source.read(Reading::Changes, &Kept::default()).await;
                assert_eq!((health.state, health.reason), (SourceState::Ok, None));
            }
        }
        assert_eq!(fake.times("logs/eventlog"), expected, "{event_log:?}");
        let changes = source.capabilities().changes;
        let basis = if event_log.is_some() { Basis::Set } else { Basis::Forbidden };
        assert_eq!((changes.can, changes.basis), (event_log == Some(true), basis));
    }
}

#[tokio::test]
async fn the_interval_and_the_version_can_be_set_and_what_was_found_is_shown_beside() {
    let fake = Fake::healthy().await;
    let mut settings = fake.settings();
    settings.nms_interval = Some(Duration::from_secs(600));
    settings.version = Some("25.5.0".to_owned());
    let (source, _) = fake::source(settings);
    let health = source.poll().await.health;
    let of = |name| health.learned.iter().find(|one| one.name == name).unwrap();
    assert_eq!(of("nms_interval").value, Found::Every(Duration::from_secs(600)));
    assert_eq!(of("version").value, Found::Name("25.5.0".to_owned()));
    assert!(matches!(&of("version").found, Some(Found::Name(found)) if found.starts_with("26.6")));
    assert_eq!(source.plan().full, Duration::from_secs(600), "the pace follows it");
}

/// Ports of device 11 whose words are neither `up` nor hold `down`.
fn odd_ports() -> Answer {
    let row = |(id, word): (u64, &str)| {
        format!(
            r#"{{"port_id":{id},"device_id":11,"ifOperStatus":"{word}","ifAdminStatus":"up",
            "disabled":0,"deleted":0,"poll_time":1787220803}}"#
        )
    };
    let rows = [(1, "up"), (2, "notPresent"), (3, "dormant"), (4, "testing"), (5, "down")].map(row);
    Answer::json(200, format!(r#"{{"status":"ok","ports":[{}]}}"#, rows.join(",")))
}

#[tokio::test]
async fn a_glance_does_not_look_for_ports_that_its_list_cannot_hold() {
    let fake = Fake::healthy().await;
    fake.on("ports", [odd_ports()]);
    fake.on("devices/11/ports", [odd_ports()]);
    let listed = r#"{"status":"ok","ports":[{"port_id":5,"device_id":11,"ifOperStatus":"down"}]}"#;
    fake.on("ports/search/ifOperStatus/down", [Answer::json(200, listed)]);
    let (source, _) = fake.source();
    let said = lines(&source.poll().await);
    for id in 2..=5 {
        let down = format!("11: port {id} down ");
        assert!(said.iter().any(|line| line.starts_with(&down)), "{down}: {said:?}");
    }
    let kept = Kept::default();
    for _ in 0..3 {
        assert_eq!(source.read(Reading::Glance, &kept).await.failed, None);
    }
    assert_eq!(fake.times("devices/11/ports"), 0, "nothing has moved");
    // One that the list could hold and does not is looked for.
    fake.on("ports/search/ifOperStatus/down", [Answer::json(200, r#"{"status":"ok","ports":[]}"#)]);
    let health = source.read(Reading::Glance, &kept).await;
    assert_eq!(fake.times("devices/11/ports"), 1);
    lines(&PollOutcome { reports: kept.take(), health });
}
