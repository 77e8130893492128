//! What is believed of the event log, and what is read because of it.

use ingest::source::{Kept, PollOutcome, Reading, Source};

use crate::fake::{self, Answer, Fake, lines};

/// Device 1 alone, up or down by ping, polled last at 10:12:37 for 21 s.
fn device_1(up: bool) -> Answer {
    let reason = if up { "" } else { "icmp" };
    Answer::json(
        200,
        format!(
            r#"{{"status":"ok","devices":[{{"device_id":1,"status":{up},"status_reason":"{reason}",
            "last_polled":"2026-08-20T10:12:37.000000Z","last_polled_timetaken":21}}]}}"#
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
async fn a_log_that_may_not_be_read_is_no_trouble_but_told() {
    let fake = Fake::healthy().await;
    fake.on("logs/eventlog", [Answer::fixture(403, "error_403_ability.json")]);
    let (source, _) = fake.source();
    source.poll().await;
    let health = source.read(Reading::Changes, &Kept::default()).await;
    assert_eq!(health.reason, None);
    let log = health.learned.iter().find(|learned| learned.name == "event_log").unwrap();
    assert!(log.how.contains("global-read"), "{log:?}");
}
