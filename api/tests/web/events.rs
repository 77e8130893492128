//! Live updates.

use std::time::Duration;

use correlate::model::{ServiceDefinition, ServiceState};
use reqwest::Response;
use serde_json::json;
use store::records::{Actor, CustomerDraft, CustomerId, Role, ServiceDraft, Standing, UserDraft};

use crate::rig::{NOW, TestApp, interval};

/// How long an event may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn listeners_hear_that_intervals_changed_and_are_let_go_at_the_end() {
    let app = TestApp::start().await;
    let session = app.sign_in().await;
    let mut stream = app.open("/events", &[("cookie", &session)]).await;
    assert_eq!(stream.status(), 200);
    let kind = stream.headers().get("content-type").and_then(|kind| kind.to_str().ok());
    assert_eq!(kind, Some("text/event-stream"));
    app.store(7, vec![interval("s", NOW, None, ServiceState::Up, &[])], Vec::new()).await;
    let mut heard = String::new();
    while !heard.contains("event: change\ndata: 1") {
        let chunk = tokio::time::timeout(PATIENCE, stream.chunk()).await.expect("an event in time");
        let chunk = chunk.expect("the stream goes on").expect("the stream goes on");
        heard.push_str(&String::from_utf8_lossy(&chunk));
    }
    app.stop();
    let ended = async { while let Ok(Some(_)) = stream.chunk().await {} };
    tokio::time::timeout(PATIENCE, ended).await.expect("the stream ends with the server");
}

/// What `stream` tells until it told `wanted` events or ended.
async fn heard(stream: &mut Response, wanted: usize) -> usize {
    let mut text = String::new();
    loop {
        let told = text.matches("event: change").count();
        if told >= wanted {
            return told;
        }
        let chunk = tokio::time::timeout(PATIENCE, stream.chunk()).await.expect("in time");
        match chunk.expect("the stream is whole") {
            Some(chunk) => text.push_str(&String::from_utf8_lossy(&chunk)),
            None => return told,
        }
    }
}

/// Two customers with a service each.
async fn two_customers() -> (TestApp, Actor, CustomerId, CustomerId) {
    let app = TestApp::start().await;
    let actor = Actor::new("test", NOW);
    let customers = app.records.customers();
    let ede = customers.create(&actor, &CustomerDraft::named("Ede")).await.expect("added");
    let rival = customers.create(&actor, &CustomerDraft::named("Rivaal")).await.expect("added");
    for (id, customer) in [("ede-1", "Ede"), ("rival-1", "Rivaal")] {
        let definition = json!({"id": id, "path": "n/device/1"});
        let draft = ServiceDraft {
            definition: ServiceDefinition::from_json(&definition, &|_| None).expect("valid"),
            name: id.to_owned(),
            customer: Some(customer.to_owned()),
            description: String::new(),
            active: true,
        };
        app.records.services().create(&actor, &draft).await.expect("created");
    }
    let owners = [("ede-1", ede), ("rival-1", rival)]
        .map(|(id, customer)| (id.into(), customer.to_string()));
    app.series.upsert_service_customers(&owners, 1).await.expect("written");
    (app, actor, ede, rival)
}

/// An interval of `service` begins.
async fn change(app: &TestApp, epoch: u64, service: &str) {
    let state = if epoch.is_multiple_of(2) { ServiceState::Down } else { ServiceState::Up };
    app.store(epoch, vec![interval(service, NOW, None, state, &[])], Vec::new()).await;
}

#[tokio::test]
async fn listeners_hear_of_their_own_services_alone_and_of_nothing_once_they_are_out() {
    let (app, actor, ede, _) = two_customers().await;
    let (user, klant) = app.acting("anna@ede.example", Role::Klant, &[ede]).await;
    let admin = app.token().await;
    let mut all = app.open("/events", &[("authorization", &admin)]).await;
    let mut own = app.open("/events", &[("authorization", &klant)]).await;
    // Whoever sees everything hears of each; so each was there to be heard.
    for epoch in 7..10 {
        change(&app, epoch, "rival-1").await;
        assert_eq!(heard(&mut all, 1).await, 1);
    }
    change(&app, 10, "ede-1").await;
    assert_eq!(heard(&mut all, 1).await, 1);
    assert_eq!(heard(&mut own, 1).await, 1);

    let banned = app.records.users().set_standing(&actor, user, Standing::Banned).await;
    banned.expect("banned");
    change(&app, 11, "ede-1").await;
    assert_eq!(heard(&mut all, 1).await, 1);
    // Up to the end of the stream: what the rival's changes told would be here.
    assert_eq!(heard(&mut own, usize::MAX).await, 0, "one event, and then the end");
}

#[tokio::test]
async fn a_stream_ends_when_its_reader_acts_for_others_and_the_next_one_is_about_those() {
    let (app, actor, ede, rival) = two_customers().await;
    let (user, klant) = app.acting("anna@ede.example", Role::Klant, &[ede]).await;
    let admin = app.token().await;
    let mut all = app.open("/events", &[("authorization", &admin)]).await;
    let mut own = app.open("/events", &[("authorization", &klant)]).await;
    let moved =
        UserDraft { customers: [rival].into(), ..UserDraft::new("anna@ede.example", Role::Klant) };
    app.records.users().update(&actor, user, &moved, None).await.expect("moved");
    let told = heard(&mut own, usize::MAX).await;
    assert_eq!(told, 1, "there is something else to see, and then the end");
    let mut next = app.open("/events", &[("authorization", &klant)]).await;
    for (epoch, service) in [(7, "ede-1"), (8, "rival-1")] {
        change(&app, epoch, service).await;
        assert_eq!(heard(&mut all, 1).await, 1);
    }
    assert_eq!(heard(&mut next, 1).await, 1);
    let banned = app.records.users().set_standing(&actor, user, Standing::Banned).await;
    banned.expect("banned");
    assert_eq!(heard(&mut next, usize::MAX).await, 0, "what was theirs is not told of");
}

#[tokio::test]
async fn a_stream_on_which_nothing_happens_ends_when_its_reader_is_banned() {
    let app = TestApp::start().await;
    let actor = Actor::new("test", NOW);
    let customer = CustomerDraft::named("Ede");
    let ede = app.records.customers().create(&actor, &customer).await.expect("added");
    let (user, klant) = app.acting("anna@ede.example", Role::Klant, &[ede]).await;
    let mut own = app.open("/events", &[("authorization", &klant)]).await;
    assert_eq!(own.status(), 200);
    let banned = app.records.users().set_standing(&actor, user, Standing::Banned).await;
    banned.expect("banned");
    let ended = async { while let Ok(Some(_)) = own.chunk().await {} };
    tokio::time::timeout(PATIENCE, ended).await.expect("it ends without a change");
    app.get("/events", &[("authorization", &klant)]).await.expect(303);
}
