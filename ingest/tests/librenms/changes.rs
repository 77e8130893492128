//! What is believed of the event log, and what is read because of it.

use ingest::source::{Basis, Fault, Found, Hint, Kept, PollOutcome, Reading, Source, SourceState};

use crate::fake::{self, Answer, Fake, Wound, lines};

/// Device 1 alone, up or down by ping, polled last at 10:12:37 for 21 s.
fn device_1(up: bool) -> Answer {
    device_1_polled(up, "10:12:37")
}

fn device_1_polled(up: bool, at: &str) -> Answer {
    let reason = if up { "" } else { "icmp" };
    Answer::json(
        200,
        format!(
            r#"{{"status":"ok","devices":[{{"device_id":1,"status":{up},"status_reason":"{reason}",
            "last_polled":"2026-08-20T{at}.000000Z","last_polled_timetaken":21}}]}}"#
        ),
    )
}

/// A line that device 1 went down at 10:14:00 UTC, written by `user`.
fn line(user: &str) -> Answer {
    Answer::json(
        200,
        format!(
            r#"{{"status":"ok","logs":[{{"event_id":9001,"device_id":1,"type":"down",
            "datetime":"2026-08-20 12:14:00","reference":null,"username":"{user}",
            "message":"Device status changed to Down from icmp check."}}],"count":1,"total":1}}"#
        ),
    )
}

/// What is said of device 1 after a full reading and then one of the log.
async fn told(log: Answer, row: Answer) -> Vec<String> {
    let fake = Fake::healthy().await;
    fake.on("logs/eventlog", [log]);
    fake.on("devices/1", [row]);
    fake.on("devices/1/ports", [Answer::fixture(404, "error_404_ports_empty.json")]);
    let settings = fake.settings().with_time_zone("Europe/Berlin").unwrap();
    let (source, _) = fake::source(settings);
    source.poll().await;
    let kept = Kept::default();
    let health = source.read(Reading::Changes, &kept).await;
    let of_device = lines(&PollOutcome { reports: kept.take(), health });
    of_device.into_iter().filter(|line| line.starts_with("1: device 1 ")).collect()
}

#[tokio::test]
async fn a_line_that_the_row_bears_out_dates_the_edge() {
    let told = told(line(""), device_1(false)).await;
    // Sorted by text: the row says the same again after the line.
    let expected = ["±0", "±104"].map(|how| format!("1: device 1 down 2026-08-20T10:14:00Z {how}"));
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_line_that_the_row_does_not_bear_out_is_not_believed() {
    assert_eq!(told(line(""), device_1(true)).await, ["1: device 1 up 2026-08-20T10:12:16Z ±0"]);
}

#[tokio::test]
async fn a_line_that_a_person_wrote_makes_no_edge_of_its_own() {
    assert_eq!(told(line("eve"), device_1(true)).await, ["1: device 1 up 2026-08-20T10:12:16Z ±0"]);
    // The row counts, as of its reading.
    let by_row = told(line("eve"), device_1(false)).await;
    assert_eq!(by_row, ["1: device 1 down 2026-08-20T10:15:00Z ±164"]);
}

#[tokio::test]
async fn a_line_that_waits_for_its_row_is_read_again_by_the_next_process() {
    let fake = Fake::healthy().await;
    let empty = Answer::json(200, r#"{"status":"ok","logs":[]}"#.to_owned());
    fake.on("logs/eventlog", [line(""), empty]);
    fake.on("devices/1", [device_1(true)]);
    fake.on("devices/1/ports", [Answer::fixture(404, "error_404_ports_empty.json")]);
    let settings = || fake.settings().with_time_zone("Europe/Berlin").unwrap();
    let (source, clock) = fake::source(settings());
    source.poll().await;
    // Long enough for the log to be read on from behind the line.
    for _ in 0..3 {
        source.read(Reading::Changes, &Kept::default()).await;
        clock.forward(100);
    }
    let cursor = source.cursor().unwrap();
    drop(source);
    fake.on("logs/eventlog", [line("")]);
    fake.on("devices/1", [device_1(false)]);
    let (next, clock) = fake::source(settings());
    clock.forward(300);
    next.resume(&cursor);
    next.poll().await;
    let kept = Kept::default();
    let health = next.read(Reading::Changes, &kept).await;
    let asked = fake.asked();
    let log = asked.iter().rfind(|asked| asked.target.contains("/logs/eventlog")).unwrap();
    assert!(log.target.contains("from=9001"), "{}", log.target);
    let told = lines(&PollOutcome { reports: kept.take(), health });
    let edge = "1: device 1 down 2026-08-20T10:14:00Z ±104".to_owned();
    assert!(told.contains(&edge), "{told:?}");
}

/// A page of a log with these lines, all of one second.
fn page(ids: impl Iterator<Item = u64>) -> Answer {
    let rows: Vec<_> = ids
        .map(|id| {
            format!(
                r#"{{"event_id":{id},"device_id":1,"type":"system","message":"x",
                "datetime":"2026-08-20 12:14:00"}}"#
            )
        })
        .collect();
    Answer::json(200, format!(r#"{{"status":"ok","logs":[{}]}}"#, rows.join(",")))
}

#[tokio::test]
async fn lines_of_one_second_that_fall_between_two_pages_have_everything_read() {
    let check = async |second: std::ops::RangeInclusive<u64>, torn: bool| {
        let fake = Fake::healthy().await;
        fake.on("logs/eventlog", [page(1..=1_000), page(second)]);
        let settings = fake.settings().with_time_zone("Europe/Berlin").unwrap();
        let (source, _) = fake::source(settings);
        source.poll().await;
        source.read(Reading::Changes, &Kept::default()).await;
        let asked = fake.asked();
        let pages: Vec<_> = asked.iter().filter(|a| a.target.contains("/logs/eventlog")).collect();
        assert_eq!(pages.len(), 2);
        assert!(pages[1].target.contains("start=800"), "pages overlap: {}", pages[1].target);
        assert_eq!(source.plan().full_wanted, torn);
    };
    check(801..=1_100, false).await;
    // The server put others of the same second on the second page, and 100 of them on none.
    check(701..=1_000, true).await;
}

#[tokio::test]
async fn a_log_of_all_devices_is_not_taken_for_that_of_one() {
    let fake = Fake::healthy().await;
    fake.on("devices/21/outages", [Answer::fixture(200, "device_outages_open.json")]);
    fake.on("logs/eventlog/21", [Answer::fixture(200, "eventlog_page.json")]);
    let settings = fake.settings().with_time_zone("Europe/Berlin").unwrap();
    let (source, _) = fake::source(settings);
    source.poll().await;
    let kept = Kept::default();
    let health = source.read(Reading::Backfill, &kept).await;
    assert_eq!(health.state, SourceState::Suspect);
    assert_eq!(health.reason.map(|reason| reason.fault), Some(Fault::ForeignRows));
    assert!(kept.take().is_empty(), "nothing of it is used");
}

#[tokio::test]
async fn a_list_of_all_devices_is_not_taken_for_one_of_one() {
    let fake = Fake::healthy().await;
    fake.on("logs/eventlog", [Answer::fixture(200, "eventlog_empty.json")]);
    let (source, clock) = fake.source();
    source.poll().await;
    // Whatever is asked for in the list of devices, all of it comes.
    clock.forward(16 * 60);
    let health = source.read(Reading::Changes, &Kept::default()).await;
    assert_eq!(health.state, SourceState::Suspect);
    assert_eq!(health.reason.map(|reason| reason.fault), Some(Fault::ForeignRows));
}

#[tokio::test]
async fn a_log_that_may_not_be_read_is_no_trouble_but_told() {
    let fake = Fake::healthy().await;
    fake.on("logs/eventlog", [Answer::fixture(403, "error_403_ability.json")]);
    let (source, _) = fake.source();
    source.poll().await;
    let health = source.read(Reading::Changes, &Kept::default()).await;
    assert_eq!(health.reason, None);
    let log = health.learned.iter().find(|learned| learned.name == "event_log").unwrap();
    assert_eq!((&log.value, log.basis), (&Found::Is(false), Basis::Forbidden));
}

/// A source that has seen device 1 go down and come back as in `again`, each
/// told by a push, and what it said of the second; its ports are answered with
/// `ports`.
async fn back_again(
    fake: &Fake,
    again: Answer,
    ports: Answer,
) -> (impl Source, Wound, Vec<String>) {
    fake.on("logs/eventlog", [Answer::json(200, r#"{"status":"ok","logs":[]}"#.to_owned())]);
    fake.on("devices/1", [device_1(false), again]);
    fake.on("devices/1/ports", [ports]);
    let settings = fake.settings().with_time_zone("Europe/Berlin").unwrap();
    let (source, clock) = fake::source(settings);
    source.poll().await;
    let kept = Kept::default();
    let mut told = Vec::new();
    for _ in 0..2 {
        clock.forward(60);
        let hints = vec![Hint::Device("1".into())];
        let health = source.read(Reading::Hints(hints), &kept).await;
        told = lines(&PollOutcome { reports: kept.take(), health });
    }
    (source, clock, told)
}

#[tokio::test]
async fn that_a_device_came_back_is_told_even_while_its_ports_cannot_be_read() {
    let fake = Fake::healthy().await;
    let failing = Answer::fixture(500, "error_500_generic.json");
    let (.., told) = back_again(&fake, device_1(true), failing).await;
    let of_device: Vec<_> = told.iter().filter(|line| line.starts_with("1: device 1 ")).collect();
    assert_eq!(of_device, ["1: device 1 up 2026-08-20T10:17:00Z ±284"]);
}

#[tokio::test]
async fn ports_that_were_read_with_their_device_are_not_read_once_more() {
    let check = async |ports: Answer, expected: usize| {
        let fake = Fake::healthy().await;
        // By a poll of after its ports were read.
        let again = device_1_polled(true, "10:16:50");
        let (source, clock, _) = back_again(&fake, again, ports).await;
        let before = fake.times("devices/1");
        clock.forward(30);
        source.read(Reading::Changes, &Kept::default()).await;
        assert_eq!(fake.times("devices/1") - before, expected);
    };
    check(Answer::fixture(404, "error_404_ports_empty.json"), 0).await;
    check(Answer::fixture(500, "error_500_generic.json"), 1).await;
}
