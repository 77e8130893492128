//! Push from an NMS: who may, and what comes of it.

use std::collections::BTreeMap;
use std::time::Duration;

use correlate::model::ComponentState;
use reqwest::Method;
use serde_json::{Value, json};
use store::evidence::SampleSource;
use store::log::ReadLimits;
use store::records::{FindingValue, SourceDetail, SourceFinding, SourceReport, SourceState};
use store::series::{Edge, EdgeEvidence};
use store::wire::{Subject, TRIGGERS_TOPIC, Trigger, triggers_topic};

use crate::rig::{Answer, NOW, TestApp};

const SECRETS: &str = "/api/v1/sources/ams1/push/secrets";

/// A web server that has heard of `ams1` and `rtm1`.
async fn app() -> TestApp {
    let app = TestApp::without_series().await;
    app.log.ensure_topic(&triggers_topic()).await.expect("the topic is made");
    for account in ["ams1", "rtm1"] {
        report(&app, account).await;
    }
    app
}

async fn report(app: &TestApp, account: &str) {
    let report = SourceReport {
        account: account.to_owned(),
        at: NOW,
        state: SourceState::Ok,
        success: true,
        error: None,
        counters: BTreeMap::new(),
        detail: Default::default(),
    };
    app.records.source_status().report(&report).await.expect("taken in");
}

async fn issue(app: &TestApp, path: &str) -> Value {
    let token = app.token().await;
    let headers = [("authorization", token.as_str())];
    app.send(Method::POST, path, &headers, None).await.expect(201).json()
}

async fn secret(app: &TestApp, path: &str) -> String {
    issue(app, path).await["secret"].as_str().expect("a secret").to_owned()
}

async fn push(app: &TestApp, account: &str, secret: &str, body: &str) -> Answer {
    let bearer = format!("Bearer {secret}");
    app.post_text(&format!("/push/{account}"), &[("authorization", &bearer)], body).await
}

/// What ingest hears; waits for as many as are expected.
async fn triggers(app: &TestApp, count: usize) -> Vec<(String, Subject)> {
    let mut found = Vec::new();
    while found.len() < count {
        let wait = Duration::from_secs(60);
        let next = found.len() as u64;
        let read = app.log.read(TRIGGERS_TOPIC, 0, next, ReadLimits::default(), wait).await;
        found.extend(read.expect("reads").into_iter().map(|record| {
            let value = record.value.expect("no tombstone");
            let Trigger { nms, subject, .. } = Trigger::decode(&value).expect("a trigger");
            (nms, subject)
        }));
    }
    found
}

#[tokio::test]
async fn a_push_becomes_a_trigger_for_its_device() {
    let app = app().await;
    let secret = secret(&app, SECRETS).await;
    let body = r#"{"v":1,"rule":"Device down","state":1,"device_id":42}"#;
    let answer = push(&app, "ams1", &secret, body).await.expect(202);
    assert_eq!(answer.json(), json!({"result": "device", "device": "42"}));
    let broken = "{\"msg\":\"line \"one\"\n\", \"device_id\": 7";
    assert_eq!(push(&app, "ams1", &secret, broken).await.expect(202).json()["device"], "7");
    let answer = push(&app, "ams1", &secret, "nothing of use").await.expect(202);
    assert_eq!(answer.json()["result"], "anything");
    let large = "x".repeat(100_000);
    assert_eq!(push(&app, "ams1", &secret, &large).await.expect(202).json()["result"], "anything");
    let expected = [
        Subject::Device("42".into()),
        Subject::Device("7".into()),
        Subject::Anything,
        Subject::Anything,
    ]
    .map(|subject| ("ams1".to_owned(), subject));
    assert_eq!(triggers(&app, 4).await, expected);

    let token = app.token().await;
    let listed = app.get("/api/v1/sources/ams1/push", &[("authorization", &token)]).await;
    let listed = listed.expect(200);
    assert!(!listed.body.contains(&secret), "the secret is shown once");
    let listed = listed.json();
    let outcomes: Vec<_> = listed["pushes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|push| (push["outcome"].as_str().expect("a text"), push["device"].as_str()))
        .collect();
    let expected =
        [("anything", None), ("anything", None), ("device", Some("7")), ("device", Some("42"))];
    assert_eq!(outcomes, expected);
    assert_eq!(listed["pushes"][3]["rule"], "Device down");
    assert_eq!(listed["secrets"][0]["last_used_at"], "2026-11-22T12:00:00.000Z");
    assert_eq!(listed["url"], format!("{}/push/ams1", app.base));
}

#[tokio::test]
async fn every_way_in_which_librenms_can_send_the_secret_works() {
    let app = app().await;
    let secret = secret(&app, SECRETS).await;
    let ways = [("x-padwacht-secret", secret.as_str()), ("x-auth-token", &secret)];
    for way in ways {
        app.post_text("/push/ams1", &[way], "device_id=1").await.expect(202);
    }
    assert_eq!(triggers(&app, 2).await.len(), 2);
}

#[tokio::test]
async fn a_secret_in_the_address_opens_nothing() {
    let app = app().await;
    let secret = secret(&app, SECRETS).await;
    for name in ["secret", "token", "access_token", "api_key", "password"] {
        let path = format!("/push/ams1?{name}={secret}");
        app.post_text(&path, &[], "device_id=1").await.expect(401);
    }
    app.post_text(&format!("/push/ams1/{secret}"), &[], "device_id=1").await.expect(404);
    // As user name and password of an address, it travels in a header.
    let address = app.base.replace("http://", &format!("http://padwacht:{secret}@"));
    let sent = reqwest::Client::new().post(format!("{address}/push/ams1")).body("device_id=1");
    assert_eq!(sent.send().await.expect("answers").status(), 202);
    assert_eq!(triggers(&app, 1).await.len(), 1);
}

#[tokio::test]
async fn the_test_button_is_answered_and_reads_nothing() {
    let app = app().await;
    let secret = secret(&app, SECRETS).await;
    let body = r#"{"alert_id":"000","rule":"Test-Rule","device_id":"000"}"#;
    let answer = push(&app, "ams1", &secret, body).await.expect(200);
    assert_eq!(answer.json(), json!({"result": "test", "device": null}));
    let bounds = app.log.bounds(TRIGGERS_TOPIC, 0).await.expect("is there");
    assert!(bounds.is_empty());
}

#[tokio::test]
async fn a_stranger_learns_nothing() {
    let app = app().await;
    let own = secret(&app, SECRETS).await;
    let other = secret(&app, "/api/v1/sources/rtm1/push/secrets").await;
    let mut answers = Vec::new();
    for (account, secret) in
        [("ams1", other.as_str()), ("ams1", "pwpush_0"), ("nowhere", &own), ("ams1", "")]
    {
        let answer = push(&app, account, secret, r#"{"device_id":1}"#).await.expect(401);
        let mut body = answer.json();
        body["request_id"].take();
        answers.push((answer.header("www-authenticate").to_owned(), body));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let bounds = app.log.bounds(TRIGGERS_TOPIC, 0).await.expect("is there");
    assert!(bounds.is_empty());

    let mut statuses = Vec::new();
    for _ in 0..30 {
        statuses.push(push(&app, "ams1", "pwpush_0", "").await.status);
    }
    assert_eq!(statuses.last(), Some(&503), "whoever goes on is slowed down");
    app.advance_ms(60_000);
    push(&app, "ams1", &own, r#"{"device_id":1}"#).await.expect(202);
}

#[tokio::test]
async fn a_secret_can_be_rotated_without_a_gap_and_revoked() {
    let app = app().await;
    let old = secret(&app, SECRETS).await;
    let fresh = issue(&app, SECRETS).await;
    let new = fresh["secret"].as_str().expect("a secret");
    for secret in [old.as_str(), new] {
        push(&app, "ams1", secret, "").await.expect(202);
    }
    app.advance_ms(24 * 3_600_000);
    push(&app, "ams1", &old, "").await.expect(401);
    push(&app, "ams1", new, "").await.expect(202);

    let token = app.token().await;
    let headers = [("authorization", token.as_str())];
    let path = format!("{SECRETS}/{}", fresh["id"].as_str().expect("an id"));
    app.send(Method::DELETE, &path, &headers, None).await.expect(204);
    app.send(Method::DELETE, &path, &headers, None).await.expect(404);
    push(&app, "ams1", new, "").await.expect(401);
    app.send(Method::POST, "/api/v1/sources/nowhere/push/secrets", &headers, None)
        .await
        .expect(404);
}

#[tokio::test]
async fn a_storm_is_taken_together_and_nothing_is_missed() {
    let app = app().await;
    let secret = secret(&app, SECRETS).await;
    let mut limited = 0;
    for device in 0..210 {
        let answer = push(&app, "ams1", &secret, &format!(r#"{{"device_id":{device}}}"#)).await;
        limited += usize::from(answer.expect(202).json()["result"] == "limited");
    }
    assert_eq!(limited, 10, "the clock of the test stands still");
    let heard = triggers(&app, 201).await;
    assert_eq!(heard.len(), 201, "one stands for those that were limited");
    assert_eq!(heard.last(), Some(&("ams1".to_owned(), Subject::Anything)));
}

#[tokio::test]
async fn the_page_shows_a_secret_once_and_what_pushes_came_to() {
    let app = TestApp::start().await;
    app.log.ensure_topic(&triggers_topic()).await.expect("the topic is made");
    report(&app, "ams1").await;
    let session = format!("{}; padwacht_lang=en", app.sign_in().await);
    let own = [("cookie", session.as_str())];
    let page = app.get("/sources/ams1/push", &own).await.expect(200);
    assert!(page.body.contains("Nothing received yet") && page.body.contains("/push/ams1"));

    let made = app.post_form("/sources/ams1/push", &own, &[]).await.expect(200);
    let secret = made.body.split("<pre id=\"secret\">").nth(1).expect("it is shown");
    let secret = secret.split('<').next().expect("a text").to_owned();
    assert!(secret.starts_with("pwpush_") && secret.len() == 71, "{secret}");
    let bearer = format!("Authorization=Bearer {secret}");
    assert!(made.body.contains(&bearer), "the headers are ready to paste");

    push(&app, "ams1", &secret, r#"{"device_id":42,"rule":"<i>Down</i>"}"#).await.expect(202);
    push(&app, "ams1", &secret, "name=Test-Rule").await.expect(200);
    let (at, state) = (NOW, ComponentState::Down);
    let known = EdgeEvidence {
        source: SampleSource::Push,
        uncertainty_ms: 60_000,
        observed_at: NOW,
        reason: None,
    };
    let edge = Edge { component: "ams1/port/7".into(), at, state, known };
    app.series.write_edges(&[edge]).await.expect("written");
    let page = app.get("/sources/ams1/push", &own).await.expect(200);
    assert!(!page.body.contains(&secret), "it is shown once");
    for text in ["The test arrived", "The device is read again", "&#60;i&#62;Down", "Works"] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }

    let id = page.body.split("name=\"id\" value=\"").nth(1).expect("a form to revoke it");
    let id = id.split('"').next().expect("a text").to_owned();
    app.post_form("/sources/ams1/push/revoke", &own, &[("id", &id)]).await.expect(303);
    push(&app, "ams1", &secret, "").await.expect(401);
    app.get("/sources/nowhere/push", &own).await.expect(404);
    app.get("/manual/librenms", &own).await.expect(200);
}

/// A page without its folded parts, and those alone.
fn folds(page: &str) -> (String, String) {
    let (mut open, mut folded) = (String::new(), String::new());
    for (place, part) in page.split("<details").enumerate() {
        match part.split_once("</details>") {
            Some((inside, rest)) if place > 0 => {
                folded.push_str(inside);
                open.push_str(rest);
            }
            _ => open.push_str(part),
        }
    }
    (open, folded)
}

#[tokio::test]
async fn the_page_shows_what_is_for_the_version_that_was_found() {
    let app = TestApp::start().await;
    let session = app.sign_in().await;
    let own = [("cookie", session.as_str())];
    let shown = async |version: Option<&str>| {
        let learned = version.map(|version| SourceFinding {
            name: "version".to_owned(),
            value: FindingValue::Name(version.to_owned()),
            how: "asked".to_owned(),
            months: None,
            overridden: false,
            found: None,
        });
        let learned = learned.into_iter().collect();
        let report = SourceReport {
            account: "ams1".to_owned(),
            at: NOW,
            state: SourceState::Ok,
            success: true,
            error: None,
            counters: BTreeMap::new(),
            detail: SourceDetail { learned, ..Default::default() },
        };
        app.records.source_status().report(&report).await.expect("taken in");
        folds(&app.get("/sources/ams1/push", &own).await.expect(200).body)
    };
    let (new_body, old_body) = ("id=\"body-new\"", "id=\"body-old\"");
    let (operations, transports) = ("Operations", "Alert Rules");
    for (version, open, folded) in [
        (Some("26.7.0"), [new_body, operations], [old_body, transports]),
        (Some("26.3.0-4-gabc"), [new_body, transports], [old_body, operations]),
        (Some("1.36"), [old_body, transports], [new_body, operations]),
    ] {
        let page = shown(version).await;
        for (own, other) in open.into_iter().zip(folded) {
            assert!(page.0.contains(own) && !page.1.contains(own), "{own} for {version:?}");
            assert!(page.1.contains(other) && !page.0.contains(other), "{other} for {version:?}");
        }
    }
    let page = shown(None).await;
    for all in [new_body, old_body, operations, transports] {
        assert!(page.0.contains(all), "{all} where the version is not known");
    }
}
