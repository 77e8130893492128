//! Answers that must not be believed, one by one: what they are taken for, and
//! that they make no state.

use std::time::Duration;

use ingest::source::{Age, Fault, Source, SourceState};

use crate::fake::{self, Answer, Fake, TOKEN, lines};

/// Polls well once, then with `answer` to the device list, then well again.
#[track_caller]
fn check(
    answer: Answer,
    fault: Fault,
    state: SourceState,
    words: &str,
) -> impl Future<Output = ()> {
    let words = words.to_owned();
    async move {
        let fake = Fake::healthy().await;
        let (source, _) = fake::source(fake.settings());
        let good = source.poll().await;
        assert_eq!(good.health.state, SourceState::Ok, "{:?}", good.health.reason);

        fake.on("devices", [answer]);
        let bad = source.poll().await;
        let reason = bad.health.reason.clone().expect("a reason");
        assert_eq!((reason.fault, bad.health.state), (fault, state), "{reason}");
        assert!(reason.message.contains(&words), "{reason}");
        assert!(bad.reports.is_empty(), "nothing is said, nothing is down");
        assert_eq!(bad.health.devices, 0);

        fake.on("devices", [Answer::fixture(200, "devices_list_mixed_26_7.json")]);
        let again = source.poll().await;
        assert_eq!(again.health.state, SourceState::Ok, "it recovers by itself");
        assert_eq!(lines(&again).len(), lines(&good).len());
    }
}

#[tokio::test]
async fn errors_that_librenms_words() {
    use Fault::{
        Forbidden, NotFound, Overloaded, Rejected, ServerFailed, Unauthorized, Unavailable,
    };
    for (status, file, fault, words) in [
        (401, "error_401.json", Unauthorized, "/api-access/"),
        (403, "error_403_ability.json", Forbidden, "global-read"),
        (403, "error_403_device.json", Forbidden, "global-read"),
        (400, "error_400_columns.json", Rejected, "wrong"),
        (404, "error_404_route.json", NotFound, "does not know the call"),
        (404, "error_404_device.json", NotFound, "does not exist"),
        (500, "error_500_generic.json", ServerFailed, "librenms.log"),
        (500, "error_500_debug_on.json", ServerFailed, "librenms.log"),
        (500, "error_500_max_execution.json", Overloaded, "max_execution_time"),
        (503, "error_503_database.json", Unavailable, "MariaDB"),
        (503, "error_503_laravel_maintenance.json", Unavailable, "maintenance"),
    ] {
        check(Answer::fixture(status, file), fault, SourceState::Down, words).await;
    }
}

#[tokio::test]
async fn errors_of_what_stands_in_front_of_librenms() {
    let page = |status| Answer::page(status, "error_504_gateway.html");
    check(page(504), Fault::Overloaded, SourceState::Down, "fastcgi_read_timeout").await;
    check(page(502), Fault::Overloaded, SourceState::Down, "lost patience").await;
    check(page(404), Fault::NotFound, SourceState::Down, "no LibreNMS").await;
    check(page(429), Fault::Throttled, SourceState::Down, "requests_per_second").await;
    let login = page(302).with("location", "https://sso.example.net/login?next=x");
    check(login, Fault::Redirected, SourceState::Down, "login page").await;
}

#[tokio::test]
async fn validation_errors_carry_an_object() {
    let body = r#"{"status":"error","message":{"duration":["required"]}}"#;
    check(Answer::json(422, body), Fault::Rejected, SourceState::Down, "wrong").await;
}

#[tokio::test]
async fn a_page_with_status_200() {
    let page = Answer::page(200, "error_200_html_file_permissions.html");
    check(page, Fault::NotJson, SourceState::Suspect, "file permission").await;
}

#[tokio::test]
async fn a_page_that_claims_to_be_json() {
    let page = Answer::fixture(200, "error_200_html_file_permissions.html");
    check(page, Fault::Malformed, SourceState::Suspect, "no JSON").await;
}

#[tokio::test]
async fn an_empty_list() {
    let empty = Answer::fixture(200, "devices_list_empty_but_200.json");
    check(empty, Fault::Empty, SourceState::Suspect, "global-read").await;
}

#[tokio::test]
async fn a_body_that_is_cut() {
    let whole = fake::fixture("devices_list_mixed_26_7.json");
    let cut = Answer::json(200, &whole[..whole.len() / 2]);
    check(cut, Fault::Truncated, SourceState::Suspect, "breaks off").await;
    check(Answer::json(200, ""), Fault::Truncated, SourceState::Suspect, "breaks off").await;
}

#[tokio::test]
async fn a_connection_that_drops_within_the_body() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n";
    let url = fake::dropping(format!("{head}{{\"status\":\"ok\",").into_bytes()).await;
    let (source, _) = fake::source(fake::settings(&url));
    let health = source.poll().await.health;
    assert_eq!((health.state, health.calls), (SourceState::Suspect, 3));
    assert_eq!(health.reason.unwrap().fault, Fault::Truncated);
}

#[tokio::test]
async fn another_list_than_was_asked_for() {
    let other = Answer::fixture(200, "links_all.json");
    check(other, Fault::Malformed, SourceState::Suspect, "no list \"devices\"").await;
    let no_ids = Answer::json(200, r#"{"status":"ok","devices":[{"hostname":"x"}]}"#);
    check(no_ids, Fault::Malformed, SourceState::Suspect, "without the ids").await;
}

#[tokio::test]
async fn a_list_that_shrank_sharply() {
    let fake = Fake::healthy().await;
    let list = |count: usize| {
        let row = |id| format!(r#"{{"device_id":{id},"status":0,"status_reason":"icmp"}}"#);
        let rows: Vec<_> = (1..=count).map(row).collect();
        Answer::json(200, format!(r#"{{"status":"ok","devices":[{}]}}"#, rows.join(",")))
    };
    fake.on("devices", [list(100), list(49), list(50)]);
    let (source, _) = fake.source();
    assert_eq!(source.poll().await.health.state, SourceState::Ok);
    let short = source.poll().await.health;
    assert_eq!(short.state, SourceState::Suspect);
    assert_eq!(short.reason.unwrap().fault, Fault::Shrunk);
    assert_eq!(source.poll().await.health.state, SourceState::Ok);
}

#[tokio::test]
async fn a_body_that_never_ends() {
    let fake = Fake::healthy().await;
    let mut settings = fake.settings();
    settings.silence_timeout = Duration::from_millis(100);
    settings.retries = 1;
    let (source, _) = fake::source(settings);
    fake.on("devices", [Answer::fixture(200, "devices_list_mixed_26_7.json").never_ending()]);
    let health = source.poll().await.health;
    assert_eq!(health.reason.unwrap().fault, Fault::TimedOut);
    // A whole list that took too long is not asked for again at once.
    assert_eq!((health.state, fake.times("devices")), (SourceState::Down, 1));
}

#[tokio::test]
async fn a_body_beyond_the_limit() {
    let fake = Fake::healthy().await;
    let mut settings = fake.settings();
    settings.body_bytes_max = 1000;
    let (source, _) = fake::source(settings);
    let health = source.poll().await.health;
    assert_eq!(health.reason.unwrap().fault, Fault::TooLarge);
    assert_eq!((health.state, fake.times("devices")), (SourceState::Suspect, 1));
}

#[tokio::test]
async fn nobody_at_the_address() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (source, _) = fake::source(fake::settings(&url));
    let health = source.poll().await.health;
    assert_eq!((health.state, health.calls), (SourceState::Down, 3));
    let reason = health.reason.unwrap();
    assert_eq!(reason.fault, Fault::Unreachable);
    assert!(reason.message.contains("refused"), "{reason}");
}

#[tokio::test]
async fn tls_to_a_server_that_has_none() {
    let fake = Fake::healthy().await;
    let (source, _) = fake::source(fake::settings(&fake.url().replace("http:", "https:")));
    let health = source.poll().await.health;
    assert_eq!((health.state, health.calls), (SourceState::Down, 1));
    let reason = health.reason.unwrap();
    assert_eq!(reason.fault, Fault::Tls, "{reason}");
}

#[tokio::test]
async fn passing_errors_are_tried_again_and_lasting_ones_are_not() {
    let fake = Fake::healthy().await;
    let (source, _) = fake.source();
    let passing = Answer::fixture(503, "error_503_database.json");
    let good = Answer::fixture(200, "devices_list_mixed_26_7.json");
    fake.on("devices", [passing.clone(), passing.with("retry-after", "0"), good]);
    assert_eq!(source.poll().await.health.state, SourceState::Ok);
    assert_eq!(fake.times("devices"), 3);
    fake.on("devices", [Answer::fixture(401, "error_401.json")]);
    source.poll().await;
    assert_eq!(fake.times("devices"), 4);
}

#[tokio::test]
async fn a_whole_list_that_was_too_much_for_the_server_is_not_asked_for_again_at_once() {
    for (answer, expected) in [
        (Answer::page(504, "error_504_gateway.html"), 1),
        (Answer::fixture(500, "error_500_max_execution.json"), 1),
        (Answer::fixture(503, "error_503_database.json"), 3),
    ] {
        let fake = Fake::healthy().await;
        fake.on("devices", [answer]);
        let (source, _) = fake.source();
        source.poll().await;
        assert_eq!(fake.times("devices"), expected);
    }
}

#[tokio::test]
async fn a_server_that_keeps_failing_is_left_alone() {
    let fake = Fake::healthy().await;
    let (source, _) = fake.source();
    fake.on("devices", [Answer::fixture(500, "error_500_generic.json")]);
    let faults = [source.poll().await, source.poll().await, source.poll().await]
        .map(|outcome| outcome.health.reason.unwrap().fault);
    assert_eq!(faults, [Fault::ServerFailed; 3], "a pause does not hide the cause");
    assert_eq!(fake.times("devices"), 5);
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_token() {
    let other = Fake::healthy().await;
    let fake = Fake::healthy().await;
    let moved = Answer::json(301, "").with("location", &format!("{}/api/v0/devices", other.url()));
    fake.on("devices", [moved]);
    let (source, _) = fake.source();
    let reason = source.poll().await.health.reason.unwrap();
    assert_eq!(reason.fault, Fault::Redirected);
    assert!(reason.message.contains(&other.url()), "{reason}");
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn the_token_travels_in_its_header_only_and_answers_may_be_compressed() {
    let fake = Fake::healthy().await;
    let (source, _) = fake.source();
    source.poll().await;
    source.inventory(Age::Usual).await.unwrap();
    for asked in fake.asked() {
        assert_eq!(asked.headers["x-auth-token"], TOKEN);
        assert!(!asked.target.contains(TOKEN), "{asked:?}");
        assert!(asked.headers["accept-encoding"].to_str().unwrap().contains("gzip"));
        assert!(asked.headers["user-agent"].to_str().unwrap().starts_with("padwacht/"));
        assert!(!asked.target.contains("%20") && !asked.target.contains('+'), "{asked:?}");
    }
}

#[tokio::test]
async fn a_url_with_a_sub_directory_is_asked_below_it() {
    let fake = Fake::start().await;
    let (source, _) = fake::source(fake::settings(&format!("{}/nms/api/v0", fake.url())));
    source.poll().await;
    assert_eq!(fake.asked()[0].target, "/nms/api/v0/devices");
}
