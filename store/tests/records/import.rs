//! Importing the services file.

use correlate::model::ServiceId;
use serde_json::{Value, json};
use store::Scope;
use store::records::{AuditFilter, ImportReport, Page, RecordsError, ServiceFilter};

use crate::database::{TestDatabase, actor, draft, service};

fn report(created: usize, updated: usize, unchanged: usize) -> ImportReport {
    ImportReport { created, updated, unchanged }
}

async fn importing_again_writes_nothing(db: &TestDatabase) {
    let services = db.records.services();
    let file = json!([
        {"id": "a", "path": {"all": ["n/device/1", {"service": "core"}]}, "name": "Line A",
         "customer": "Ede", "bandwidth": "1G"},
        {"id": "core", "versions": [
            {"from": 10, "to": null, "path": "n/device/2"},
            {"from": null, "to": 10, "path": "n/device/1"}]},
    ])
    .to_string();
    assert_eq!(services.import(&actor(1), &file).await.expect("valid"), report(2, 0, 0));
    let before = services.walk(None, 10).await.expect("walks");
    let (depth, audited) = (depth(db).await, audited(db).await);
    // Two services, and the customer that one of them names.
    assert_eq!((depth, audited), (2, 3));
    assert_eq!(services.import(&actor(2), &file).await.expect("valid"), report(0, 0, 2));
    assert_eq!(services.walk(None, 10).await.expect("walks"), before);
    assert_eq!((self::depth(db).await, self::audited(db).await), (depth, audited));
}

async fn what_the_file_does_not_mention_stays(db: &TestDatabase) {
    let services = db.records.services();
    let mut a = draft("a", json!("n/device/1"));
    a.customer = Some("Ede".to_owned());
    a.description = "by hand".to_owned();
    a.active = false;
    services.create(&actor(1), &a).await.expect("created");
    services.create(&actor(1), &draft("other", json!("n/device/1"))).await.expect("created");
    let import = async |file: Value| services.import(&actor(2), &file.to_string()).await;
    let same = import(json!([{"id": "a", "path": "n/device/1"}])).await;
    assert_eq!(same.expect("valid"), report(0, 0, 1));
    let moved = import(json!([{"id": "a", "path": "n/device/9"}])).await;
    assert_eq!(moved.expect("valid"), report(0, 1, 0));
    let cleared = import(json!([{"id": "a", "path": "n/device/9", "customer": null}])).await;
    assert_eq!(cleared.expect("valid"), report(0, 1, 0));
    let read = services
        .within(&Scope::everything())
        .get(&service("a"))
        .await
        .expect("reads")
        .expect("is there");
    assert_eq!((read.description.as_str(), read.customer, read.active), ("by hand", None, false));
    assert!(
        services
            .within(&Scope::everything())
            .get(&service("other"))
            .await
            .expect("reads")
            .is_some()
    );
    // Only the moved path concerned the engine.
    assert_eq!(depth(db).await, 3);
}

async fn one_bad_entry_refuses_the_whole_file(db: &TestDatabase) {
    let services = db.records.services();
    services.create(&actor(1), &draft("core", json!("n/device/1"))).await.expect("created");
    let check = async |file: Value, expected: &str| {
        let error = services.import(&actor(2), &file.to_string()).await.expect_err("refused");
        assert!(matches!(error, RecordsError::Import { .. }));
        assert_eq!(error.to_string(), format!("import refused, nothing was written: {expected}"));
    };
    check(
        json!([{"id": "a", "path": "n/device/1"}, {"id": "b", "path": {"service": "gone"}},
               {"id": "c", "path": {"any": [{"service": "a"}, {"service": "lost"}]}}]),
        "2 problem(s): service b, version 1: at path: service gone does not exist; \
         service c, version 1: at path.any[1]: service lost does not exist",
    )
    .await;
    check(
        json!([{"id": "a", "path": {"service": "core"}}, {"id": "core", "path": {"service": "a"}}]),
        "1 problem(s): service a, version 1: at path: references form a cycle: a → core → a",
    )
    .await;
    check(
        json!([{"id": "a", "path": "n/device/1"}, {"id": "b", "path": "x", "name": "two\nlines"}]),
        "1 problem(s): service b: name: must not hold the control character U+000A",
    )
    .await;
    assert_eq!(
        services
            .within(&Scope::everything())
            .count(&ServiceFilter::default())
            .await
            .expect("counts"),
        1
    );
    assert_eq!(depth(db).await, 1);
}

async fn a_large_file_goes_in_as_one(db: &TestDatabase) {
    let services = db.records.services();
    let mut file: Vec<Value> = (0..3_000)
        .map(|number| {
            json!({"id": format!("s{number}"), "customer": format!("customer {}", number % 700),
                   "path": {"all": [format!("n/port/{number}"), {"service": "core"}]}})
        })
        .collect();
    file.push(json!({"id": "core", "path": "n/device/1"}));
    let file = Value::from(file).to_string();
    assert_eq!(services.import(&actor(1), &file).await.expect("valid"), report(3_001, 0, 0));
    assert_eq!(services.import(&actor(2), &file).await.expect("valid"), report(0, 0, 3_001));
    assert_eq!(depth(db).await, 3_001);
    let renamed = file.replace("n/port/7\"", "n/port/8\"");
    assert_eq!(services.import(&actor(3), &renamed).await.expect("valid"), report(0, 1, 3_000));
    let error = services.delete(&actor(4), &ServiceId::from("core")).await.expect_err("in use");
    assert_eq!(
        error.to_string(),
        "service core is part of the path of s0, s1, s10, s100, s1000 and 2995 more; \
         take it out of those paths first"
    );
}

async fn an_import_cut_off_anywhere_leaves_all_or_nothing(db: &TestDatabase) {
    let services = db.records.services();
    let file: Vec<Value> =
        (0..20).map(|number| json!({"id": format!("s{number}"), "path": "n/device/1"})).collect();
    let file = Value::from(file).to_string();
    let mut cut_off = 0;
    // Each round lets the import go a little further before it is dropped.
    for polls in 0_u32.. {
        let actor = actor(1);
        let mut import = Box::pin(services.import(&actor, &file));
        let mut left = polls;
        let finished = std::future::poll_fn(|context| match import.as_mut().poll(context) {
            std::task::Poll::Ready(result) => std::task::Poll::Ready(Some(result)),
            std::task::Poll::Pending if left == 0 => std::task::Poll::Ready(None),
            std::task::Poll::Pending => {
                left -= 1;
                std::task::Poll::Pending
            }
        })
        .await;
        if let Some(result) = finished {
            result.expect("valid");
            break;
        }
        drop(import);
        cut_off += 1;
        db.settled().await;
        let count = services
            .within(&Scope::everything())
            .count(&ServiceFilter::default())
            .await
            .expect("counts");
        assert!(count == 0 || count == 20, "{count} services after {polls} polls");
        assert_eq!(depth(db).await, count, "after {polls} polls");
    }
    assert!(cut_off > 0, "the import was never cut off");
    assert_eq!(services.import(&actor(2), &file).await.expect("valid"), report(0, 0, 20));
    assert_eq!(depth(db).await, 20);
}

/// The engine hears of definitions one by one: half of a change must not look
/// like a cycle to it.
async fn definitions_are_queued_after_those_they_refer_to(db: &TestDatabase) {
    let import = async |file: Value| {
        db.records.services().import(&actor(1), &file.to_string()).await.expect("valid");
        let rows = db.records.outbox().pending(10).await.expect("reads");
        db.records.outbox().mark_sent(rows.last().expect("some").sequence).await.expect("marks");
        rows.into_iter().map(|row| row.key).collect::<Vec<_>>()
    };
    let refers = |id: &str, to: &str| json!({"id": id, "path": {"service": to}});
    let leaf = |id: &str| json!({"id": id, "path": "n/device/1"});
    let keys = import(json!([refers("a", "b"), leaf("b"), refers("c", "a")])).await;
    assert_eq!(keys, ["service/b", "service/a", "service/c"]);
    // Turned round: a lets go of b before b takes hold of a, by way of c.
    let keys = import(json!([refers("b", "c"), leaf("a")])).await;
    assert_eq!(keys, ["service/a", "service/b"]);
}

async fn depth(db: &TestDatabase) -> u64 {
    db.records.outbox().depth().await.expect("counts")
}

async fn audited(db: &TestDatabase) -> usize {
    let all = db.records.audit().list(&AuditFilter::default(), Page::first(1_000)).await;
    all.expect("reads").len()
}

on_both!(
    importing_again_writes_nothing,
    what_the_file_does_not_mention_stays,
    one_bad_entry_refuses_the_whole_file,
    a_large_file_goes_in_as_one,
    an_import_cut_off_anywhere_leaves_all_or_nothing,
    definitions_are_queued_after_those_they_refer_to,
);
