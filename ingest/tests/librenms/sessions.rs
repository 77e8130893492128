//! BGP sessions and service checks of a server that gives prepared answers: what is
//! said of them, how often they are asked for, and what must not be believed.

use std::time::Duration;

use ingest::source::{
    Ability, Age, Basis, Fault, Health, Kept, PollOutcome, Reading, Source, SourceState,
};

use crate::fake::{self, Answer, Fake, Wound, lines};

/// A server with sessions and checks too, that was read once.
async fn read_once() -> (Fake, ingest::librenms::LibreNms, Wound) {
    let fake = Fake::healthy().await;
    fake.on("bgp", [Answer::fixture(200, "bgp_sessions.json")]);
    fake.on("services", [Answer::fixture(200, "services_all.json")]);
    let (source, clock) = fake::source(fake.settings().with_time_zone("Europe/Berlin").unwrap());
    source.poll().await;
    (fake, source, clock)
}

async fn read(source: &impl Source, reading: Reading) -> (Vec<String>, Health) {
    let kept = Kept::default();
    let health = source.read(reading, &kept).await;
    let outcome = PollOutcome { reports: kept.take(), health };
    (lines(&outcome), outcome.health)
}

/// Of one row on device 1.
fn peers(ids: std::ops::Range<u64>, state: &str) -> Answer {
    let row = |id| {
        format!(
            r#"{{"bgpPeer_id":{id},"device_id":1,"bgpPeerState":"{state}","bgpPeerAdminStatus":"start"}}"#
        )
    };
    let rows: Vec<_> = ids.map(row).collect();
    Answer::json(200, format!(r#"{{"status":"ok","bgp_sessions":[{}]}}"#, rows.join(",")))
}

#[tokio::test]
async fn sessions_and_checks_of_the_fixtures_say_what_the_table_says() {
    let (_fake, source, _) = read_once().await;
    let (sessions, health) = read(&source, Reading::Sessions).await;
    assert_eq!((health.state, health.reason), (SourceState::Ok, None));
    assert_eq!(
        sessions,
        [
            // Since the last poll of device 1 began, at 10:12:16.
            "1: bgp 1260 up 2026-08-20T10:15:00Z ±164",
            "1: bgp 1261 down 2026-08-20T10:15:00Z ±164",
            "2: bgp 1262 unknown 2026-08-20T10:15:00Z ±0",
        ]
    );
    let (checks, health) = read(&source, Reading::Checks).await;
    assert_eq!((health.state, health.reason), (SourceState::Ok, None));
    assert_eq!(
        checks,
        [
            "11: check 3 unknown 2026-08-20T10:15:00Z ±0",
            // Yesterday, and since when it may have been so nobody knows.
            "11: check 4 up 2026-08-19T10:15:00.999Z ±4294967.295",
            "11: check 4 up 2026-08-20T10:15:00Z ±600",
            "1: check 1 down 2026-08-20T09:53:00.999Z ±4294967.295",
            "1: check 1 down 2026-08-20T10:15:00Z ±600",
            // It changed long ago.
            "1: check 2 up 2026-08-20T10:15:00Z ±600",
            "42: check 5 unknown 2026-08-20T10:15:00Z ±0",
        ]
    );
    for ability in [source.capabilities().sessions, source.capabilities().checks] {
        assert_eq!(ability, Ability::yes(Basis::Readable));
    }
    let (again, _) = read(&source, Reading::Sessions).await;
    assert_eq!(again, ["2: bgp 1262 unknown 2026-08-20T10:15:00Z ±0"], "nobody has looked anew");
}

#[tokio::test]
async fn checks_of_an_old_server_are_read_from_a_list_per_host() {
    let (fake, source, _) = read_once().await;
    let name = "services_strings_2016_one_list_per_host.json";
    fake.on("services", [Answer::fixture(200, name)]);
    let (checks, _) = read(&source, Reading::Checks).await;
    assert_eq!(checks.len(), 3, "{checks:?}");
    assert!(checks.iter().all(|line| line.starts_with("1: check ")), "{checks:?}");
}

#[tokio::test]
async fn answers_that_must_not_be_believed_change_nothing() {
    let bgp = "bgp";
    let cut = String::from_utf8(fake::fixture("bgp_sessions.json")).unwrap();
    let foreign = r#"{"status":"ok","bgp_sessions":[
        {"bgpPeer_id":1260,"device_id":999,"bgpPeerState":"idle","bgpPeerAdminStatus":"start"}]}"#;
    for (answer, fault) in [
        (Answer::fixture(200, "bgp_sessions_empty.json"), Fault::Empty),
        (Answer::page(200, "error_200_html_file_permissions.html"), Fault::NotJson),
        (Answer::json(200, &cut.as_bytes()[..900]), Fault::Truncated),
        (Answer::json(200, foreign), Fault::ForeignRows),
        (Answer::json(200, r#"{"status":"ok","bgp_sessions":[[]]}"#), Fault::Malformed),
        (Answer::fixture(500, "error_500_generic.json"), Fault::ServerFailed),
        (Answer::fixture(401, "error_401.json"), Fault::Unauthorized),
    ] {
        let (fake, source, clock) = read_once().await;
        read(&source, Reading::Sessions).await;
        fake.on(bgp, [answer]);
        clock.forward(60);
        let (said, health) = read(&source, Reading::Sessions).await;
        assert_eq!(said, [""; 0], "{fault:?}");
        assert_eq!(health.state, SourceState::Suspect, "{fault:?}");
        assert_eq!(health.failed, Some(fault));
        assert_eq!(health.reason.map(|reason| reason.fault), Some(fault));
        fake.on(bgp, [Answer::fixture(200, "bgp_sessions.json")]);
        let (_, health) = read(&source, Reading::Sessions).await;
        assert_eq!(health.state, SourceState::Ok, "it recovers by itself");
    }
}

#[tokio::test]
async fn a_list_that_is_suddenly_much_shorter_is_not_believed() {
    let (fake, source, clock) = read_once().await;
    fake.on("bgp", [peers(1..41, "established")]);
    assert_eq!(read(&source, Reading::Sessions).await.0.len(), 40);
    fake.on("bgp", [peers(1..11, "idle")]);
    clock.forward(60);
    let (said, health) = read(&source, Reading::Sessions).await;
    assert_eq!((said.len(), health.failed), (0, Some(Fault::Shrunk)));
    // Some fewer are.
    fake.on("bgp", [peers(1..39, "established")]);
    clock.forward(60);
    let (said, health) = read(&source, Reading::Sessions).await;
    assert_eq!(health.failed, None);
    assert_eq!(said.iter().filter(|line| line.contains("unknown")).count(), 2, "{said:?}");
}

#[tokio::test]
async fn the_last_session_may_be_removed_but_not_from_one_reading_to_the_next() {
    let (fake, source, clock) = read_once().await;
    read(&source, Reading::Sessions).await;
    fake.on("bgp", [Answer::fixture(200, "bgp_sessions_empty.json")]);
    for _ in 0..24 {
        clock.forward(3_600);
        assert_eq!(read(&source, Reading::Sessions).await.1.failed, Some(Fault::Empty));
    }
    clock.forward(3_600);
    let (said, health) = read(&source, Reading::Sessions).await;
    assert_eq!((said.len(), health.failed), (3, None), "{said:?}");
    assert!(said.iter().all(|line| line.contains(" unknown ")), "{said:?}");
}

#[tokio::test]
async fn a_list_that_never_had_anything_is_asked_for_once_a_day() {
    for empty in [
        Answer::fixture(200, "services_empty.json"),
        Answer::json(404, r#"{"status":"error","message":"Services do not exist"}"#),
    ] {
        let (fake, source, clock) = read_once().await;
        fake.on("services", [empty]);
        assert_eq!(source.plan().checks, Some(Duration::from_secs(300)));
        let (said, health) = read(&source, Reading::Checks).await;
        assert_eq!((said.len(), health.state), (0, SourceState::Ok));
        assert_eq!(source.capabilities().checks, Ability::yes(Basis::Readable));
        assert_eq!(source.plan().checks, None);
        clock.forward(86_399);
        assert_eq!(source.plan().checks, None);
        clock.forward(1);
        assert!(source.plan().checks.is_some());
    }
}

#[tokio::test]
async fn a_role_without_the_right_lacks_checks_and_nothing_else() {
    let (fake, source, clock) = read_once().await;
    fake.on("services", [Answer::fixture(403, "error_403_ability.json")]);
    let (said, health) = read(&source, Reading::Checks).await;
    assert_eq!((said.len(), health.state, health.failed), (0, SourceState::Ok, None));
    assert_eq!(source.capabilities().checks, Ability::no(Basis::Forbidden));
    let told = health.traffic.errors.iter().find(|error| error.kind == "services").unwrap();
    assert!(told.error.message.contains("global-read"), "{}", told.error);
    for _ in 0..7_200 {
        clock.forward(1);
        if source.plan().checks.is_some() {
            read(&source, Reading::Checks).await;
        }
    }
    assert_eq!(fake.times("services"), 7, "ever more seldom");
    let inventory = source.inventory(Age::Usual).await.unwrap();
    assert_eq!(inventory.checks, None);
    assert_eq!(inventory.sessions.map(|sessions| sessions.len()), Some(3));
    assert_eq!(fake.times("services"), 7, "nor for their names");
    assert!(source.inventory(Age::New).await.unwrap().checks.is_none());
    assert_eq!(fake.times("services"), 8, "somebody has asked for it now");
}

#[tokio::test]
async fn nothing_is_asked_for_before_the_devices_are_known() {
    let fake = Fake::healthy().await;
    let (source, _) = fake.source();
    for reading in [Reading::Sessions, Reading::Checks] {
        assert_eq!(read(&source, reading).await.0, [""; 0]);
    }
    assert!(fake.asked().is_empty());
}
