//! What is said of the account while things go wrong, at the pace at which it is
//! read by default: the cause, until it is gone.

use std::time::Duration;

use ingest::librenms::LibreNms;
use ingest::source::{Age, Fault, Health, Hint, Kept, Reading, Source, SourceState};

use crate::fake::{self, Answer, Fake, Wound};

/// An account that was read well once; its event log is empty.
async fn good(fake: &Fake) -> (LibreNms, Wound) {
    no_news(fake);
    let mut settings = fake.settings().with_time_zone("Europe/Berlin").unwrap();
    // The rows stand still while time passes.
    settings.policy.fresh_for_ms = 86_400_000;
    let (source, clock) = fake::source(settings);
    assert_eq!(source.poll().await.health.state, SourceState::Ok);
    (source, clock)
}

fn no_news(fake: &Fake) {
    fake.on("logs/eventlog", [Answer::json(200, r#"{"status":"ok","logs":[]}"#)]);
    // Those that are down in the list of all ports.
    let down = r#"{"status":"ok","ports":[
        {"port_id":1102,"device_id":11,"ifOperStatus":"down"},
        {"port_id":1105,"device_id":11,"ifOperStatus":"lowerLayerDown"}]}"#;
    fake.on("ports/search/ifOperStatus/down", [Answer::json(200, down)]);
    fake.on("devices", [Answer::fixture(200, "devices_list_mixed_26_7.json")]);
}

fn a_page_everywhere(fake: &Fake) {
    for path in ["logs/eventlog", "devices", "ports/search/ifOperStatus/down"] {
        fake.on(path, [page()]);
    }
}

/// A second passes: the clock's, and the runtime's, by which pauses are measured.
async fn second(clock: &Wound) {
    clock.forward(1);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(1)).await;
    tokio::time::resume();
}

/// Reads as the default plan has it, for so many seconds; every health.
async fn at_default_pace(source: &LibreNms, clock: &Wound, seconds: u64) -> Vec<Health> {
    let kept = Kept::default();
    let mut told = Vec::new();
    for n in 1..=seconds {
        second(clock).await;
        told.push(source.read(Reading::Changes, &kept).await);
        if n % 60 == 0 {
            told.push(source.read(Reading::Glance, &kept).await);
        }
        if n % 300 == 0 {
            told.push(source.read(Reading::Full, &kept).await);
        }
    }
    told
}

#[tokio::test]
async fn a_server_that_is_left_alone_is_still_said_to_fail_as_it_failed() {
    let fake = Fake::healthy().await;
    let (source, clock) = good(&fake).await;
    a_page_everywhere(&fake);
    let before = fake.asked().len();
    let told = at_default_pace(&source, &clock, 900).await;
    for health in &told {
        let reason = health.reason.as_ref().expect("a reason");
        assert_eq!((reason.fault, health.state), (Fault::NotJson, SourceState::Suspect));
        assert!(reason.message.contains("file permission"), "{reason}");
    }
    let left_alone = told.iter().filter(|health| health.left_alone_until.is_some()).count();
    assert!(left_alone > 800, "{left_alone} of {}", told.len());
    let asked = fake.asked().len() - before;
    assert!((10..30).contains(&asked), "it is left alone indeed: {asked}");
    // The words change no oftener than what failed does.
    let words = |health: &Health| health.reason.as_ref().map(|reason| reason.message.clone());
    let changes = told.windows(2).filter(|two| words(&two[0]) != words(&two[1])).count();
    assert!(changes <= 2, "{changes}");

    no_news(&fake);
    let told = at_default_pace(&source, &clock, 121).await;
    assert_eq!(told.last().unwrap().left_alone_until, None);
    assert!(source.plan().full_wanted, "what could not be read meanwhile is read soon");
    let full = source.read(Reading::Full, &Kept::default()).await;
    let glance = source.read(Reading::Glance, &Kept::default()).await;
    assert_eq!((full.failed, glance.state, glance.reason), (None, SourceState::Ok, None));
}

fn page() -> Answer {
    Answer::page(200, "error_200_html_file_permissions.html")
}

/// The devices whose outages were asked for, in order.
fn backfilled(fake: &Fake) -> Vec<String> {
    let id = |target: &str| {
        let rest = target.strip_prefix("/api/v0/devices/")?;
        rest.strip_suffix("/outages").map(str::to_owned)
    };
    fake.asked().iter().filter_map(|asked| id(&asked.target)).collect()
}

/// Devices of the fixtures that are down and were polled once.
const DOWN: [&str; 4] = ["21", "22", "23", "41"];

fn outages(fake: &Fake, answer: &Answer) {
    for id in DOWN {
        fake.on(&format!("devices/{id}/outages"), [answer.clone()]);
    }
}

#[tokio::test]
async fn a_push_or_a_backfill_that_failed_is_forgotten_once_everything_can_be_read() {
    let fake = Fake::healthy().await;
    let (source, _) = good(&fake).await;
    fake.on("devices/1", [page()]);
    outages(&fake, &page());
    let kept = Kept::default();
    let hint = || Reading::Hints(vec![Hint::Device("1".into())]);
    for reading in [hint(), Reading::Backfill] {
        let bad = source.read(reading, &kept).await;
        assert_eq!((bad.failed, bad.state), (Some(Fault::NotJson), SourceState::Suspect));
    }
    let changes = source.read(Reading::Changes, &kept).await;
    assert_eq!((changes.failed, changes.state), (None, SourceState::Suspect), "not yet");
    let full = source.read(Reading::Full, &kept).await;
    assert_eq!((full.failed, full.state, full.reason), (None, SourceState::Ok, None));
}

#[tokio::test]
async fn a_backfill_that_fails_loses_no_device_and_stops() {
    let fake = Fake::healthy().await;
    let (source, _) = good(&fake).await;
    outages(&fake, &page());
    let kept = Kept::default();
    for round in 1..=3 {
        assert_eq!(source.read(Reading::Backfill, &kept).await.failed, Some(Fault::NotJson));
        assert_eq!(backfilled(&fake).len(), round, "one call for each round");
    }
    assert_eq!(backfilled(&fake), ["21", "22", "23"], "each has its turn");
    outages(&fake, &Answer::json(200, r#"{"status":"ok","outages":[]}"#));
    assert_eq!(source.read(Reading::Backfill, &kept).await.failed, None);
    assert_eq!(backfilled(&fake)[3..], ["41", "21", "22", "23"], "all of them");
    assert!(!source.plan().backfill_wanted);
}

#[tokio::test]
async fn a_server_that_has_no_outages_is_not_asked_for_them_again_and_again() {
    let fake = Fake::healthy().await;
    let (source, clock) = good(&fake).await;
    outages(&fake, &Answer::fixture(404, "error_404_route.json"));
    let kept = Kept::default();
    for _ in 0..7_200 {
        clock.forward(1);
        if source.plan().backfill_wanted {
            let health = source.read(Reading::Backfill, &kept).await;
            assert_eq!((health.failed, health.state), (None, SourceState::Ok));
        }
    }
    assert_eq!(backfilled(&fake).len(), 7, "after a minute, two, four and so on");
    assert!(!source.capabilities().backfill.can);
}

#[tokio::test]
async fn an_inventory_that_cannot_be_read_shows_in_the_health() {
    let fake = Fake::healthy().await;
    let (source, _) = good(&fake).await;
    fake.on("resources/links", [page()]);
    let kept = Kept::default();
    assert!(source.inventory(Age::Usual).await.is_err());
    let health = source.read(Reading::Changes, &kept).await;
    assert_eq!(health.state, SourceState::Suspect);
    assert_eq!(health.reason.map(|reason| reason.fault), Some(Fault::NotJson));
    fake.on("resources/links", [Answer::fixture(200, "links_all.json")]);
    source.inventory(Age::Usual).await.unwrap();
    assert_eq!(source.read(Reading::Changes, &kept).await.state, SourceState::Ok);
}

#[tokio::test]
async fn an_inventory_that_somebody_asked_for_is_new() {
    let fake = Fake::healthy().await;
    let (source, _) = good(&fake).await;
    for (age, expected) in [(Age::Usual, 1), (Age::Usual, 1), (Age::New, 2), (Age::Usual, 2)] {
        source.inventory(age).await.unwrap();
        assert_eq!(fake.times("resources/links"), expected, "{age:?}");
    }
}

#[tokio::test]
async fn an_inventory_device_by_device_goes_on_after_one_that_is_refused() {
    let fake = Fake::healthy().await;
    let mut settings = fake.settings();
    settings.bulk_ports_max = 0;
    let (source, _) = fake::source(settings);
    // It has read some ports, so that they are more than one list may hold.
    let rows = fake::fixture("devices_list_mixed_26_7.json");
    fake.on("devices", [Answer::json(200, rows)]);
    let none = Answer::fixture(404, "error_404_ports_empty.json");
    for id in [1, 2, 11, 21, 22, 23, 31, 41, 42, 51, 61] {
        fake.on(&format!("devices/{id}/ports"), [none.clone()]);
    }
    fake.on("devices/11/ports", [Answer::fixture(200, "device_ports_columns.json")]);
    fake.on("devices/2/ports", [Answer::fixture(403, "error_403_device.json")]);
    source.poll().await;
    let inventory = source.inventory(Age::Usual).await.unwrap();
    assert!(inventory.ports.iter().any(|port| &*port.device == "11"), "those after it count");
    for id in [1, 2, 21, 22, 23, 31, 41, 42, 51, 61] {
        let refused = Answer::fixture(403, "error_403_device.json");
        fake.on(&format!("devices/{id}/ports"), [refused]);
    }
    let error = source.inventory(Age::Usual).await.unwrap_err();
    assert_eq!(error.fault, Fault::Forbidden, "too many of them");
}

#[tokio::test]
async fn a_list_without_ports_is_suspect_at_once_where_an_earlier_process_knew_some() {
    let fake = Fake::healthy().await;
    fake.on("ports", [Answer::json(200, r#"{"status":"ok","ports":[]}"#)]);
    let (source, _) = fake.source();
    source.remember(11, 10);
    let health = source.poll().await.health;
    assert_eq!(health.reason.map(|reason| reason.fault), Some(Fault::Empty));
    assert_eq!((health.state, health.devices), (SourceState::Suspect, 11));
}
