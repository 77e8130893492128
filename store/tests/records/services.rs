//! Services one by one: reading, searching, changing, refusing.

use correlate::model::{ServiceId, Timestamp};
use serde_json::json;
use store::Scope;
use store::records::{
    AuditFilter, Change, CustomerFilter, Page, RecordsError, Service, ServiceDraft, ServiceFilter,
};

use crate::database::{TestDatabase, actor, definition, draft, service};

async fn a_service_reads_back_as_it_was_written(db: &TestDatabase) {
    let services = db.records.services();
    let written = ServiceDraft {
        definition: definition("fibre-1", json!({"any": ["n/device/1", "n/device/2"]})),
        name: "  Fibre Amsterdam ".to_owned(),
        customer: Some("Gemeente Ede".to_owned()),
        description: "two\nlegs".to_owned(),
        active: true,
    };
    services.create(&actor(7), &written).await.expect("created");
    let read = services
        .within(&Scope::everything())
        .get(&service("fibre-1"))
        .await
        .expect("reads")
        .expect("is there");
    let name = "Fibre Amsterdam".to_owned();
    assert_eq!(read.to_draft(), ServiceDraft { name, ..written });
    assert_eq!((read.revision, read.created_at, read.changed_at), (1, Timestamp(7), Timestamp(7)));
    let customers = db
        .records
        .customers()
        .within(&Scope::everything())
        .list(&CustomerFilter::default(), Page::first(10))
        .await
        .expect("reads");
    assert_eq!(customers[0].name, "Gemeente Ede");
    assert_eq!(
        services.within(&Scope::everything()).get(&service("none")).await.expect("reads"),
        None
    );
}

async fn lists_search_sort_and_page(db: &TestDatabase) {
    let services = db.records.services();
    for (id, name, customer, active) in [
        ("s1", "beta", Some("Ziggurat"), true),
        ("s2", "Alpha 100%", None, true),
        ("s3", "Älpha", Some("Ziggurat"), false),
        ("S4", "alpha_", None, true),
    ] {
        let mut draft = draft(id, json!("n/device/1"));
        draft.name = name.to_owned();
        draft.customer = customer.map(str::to_owned);
        draft.active = active;
        services.create(&actor(1), &draft).await.expect("created");
    }
    let check = async |filter: ServiceFilter, expected: &[&str]| {
        let found = services
            .within(&Scope::everything())
            .list(&filter, Page::first(10))
            .await
            .expect("lists");
        assert_eq!(ids(&found), expected, "{filter:?}");
        let count = services.within(&Scope::everything()).count(&filter).await.expect("counts");
        assert_eq!(count, expected.len() as u64, "{filter:?}");
    };
    let search = |text: &str| ServiceFilter { search: Some(text.to_owned()), ..Default::default() };
    check(ServiceFilter::default(), &["s2", "S4", "s1", "s3"]).await;
    check(search("ALPHA"), &["s2", "S4"]).await;
    check(search("äLPHA"), &["s3"]).await;
    check(search("0%"), &["s2"]).await;
    check(search("a_"), &["S4"]).await;
    check(search("zigg beta"), &["s1"]).await;
    check(search("zigg nothing"), &[]).await;
    check(ServiceFilter { active: Some(false), ..Default::default() }, &["s3"]).await;
    let customer = Some("Ziggurat".to_owned());
    check(ServiceFilter { customer, ..Default::default() }, &["s1", "s3"]).await;
    let page = Page { offset: 1, limit: 2 };
    let found = services
        .within(&Scope::everything())
        .list(&ServiceFilter::default(), page)
        .await
        .expect("lists");
    assert_eq!(ids(&found), ["S4", "s1"]);
    // Bytewise by id, whatever the locale of the server.
    let walked = services.walk(None, 10).await.expect("walks");
    assert_eq!(ids(&walked), ["S4", "s1", "s2", "s3"]);
    let walked = services.walk(Some(&service("s1")), 1).await.expect("walks");
    assert_eq!(ids(&walked), ["s2"]);
}

fn ids(services: &[Service]) -> Vec<&str> {
    services.iter().map(|one| one.definition.id.as_str()).collect()
}

async fn references_must_lead_somewhere_and_not_round(db: &TestDatabase) {
    let services = db.records.services();
    let refused = |error: RecordsError| error.to_string();
    let dangling = draft("a", json!({"all": ["n/device/1", {"service": "core"}]}));
    assert_eq!(
        services.create(&actor(1), &dangling).await.map_err(refused),
        Err("service a, version 1: at path.all[1]: service core does not exist".to_owned())
    );
    services.create(&actor(1), &draft("core", json!("n/device/1"))).await.expect("created");
    services.create(&actor(1), &dangling).await.expect("core is there now");
    services.create(&actor(1), &draft("b", json!({"service": "a"}))).await.expect("created");
    let round = draft("core", json!({"any": ["n/device/1", {"service": "b"}]}));
    assert_eq!(
        services.update(&actor(2), &round, None).await.map_err(refused),
        Err(
            "service core, version 1: at path.any[1]: references form a cycle: core → b → a → core"
                .to_owned()
        )
    );
    assert_eq!(
        services.delete(&actor(2), &service("core")).await.map_err(refused),
        Err("service core is part of the path of a; take it out of those paths first".to_owned())
    );
    // The last good version stays in force.
    let core = services
        .within(&Scope::everything())
        .get(&service("core"))
        .await
        .expect("reads")
        .expect("is there");
    assert_eq!(core.definition, definition("core", json!("n/device/1")));
    for id in ["b", "a", "core"] {
        services.delete(&actor(3), &service(id)).await.expect("nobody refers to it any more");
    }
}

async fn two_editors_notice_each_other(db: &TestDatabase) {
    let services = db.records.services();
    services.create(&actor(1), &draft("a", json!("n/device/1"))).await.expect("created");
    let shown = services
        .within(&Scope::everything())
        .get(&service("a"))
        .await
        .expect("reads")
        .expect("is there");
    let mut first = shown.to_draft();
    first.name = "first".to_owned();
    let change = services.update(&actor(2), &first, Some(shown.revision)).await;
    assert_eq!(change.expect("current"), Change::Updated);
    let mut second = shown.to_draft();
    second.name = "second".to_owned();
    let error = services.update(&actor(3), &second, Some(shown.revision)).await;
    assert!(matches!(error, Err(RecordsError::Stale { .. })));
    let unchanged = services.update(&actor(4), &first, None).await.expect("as it is");
    assert_eq!(unchanged, Change::Unchanged);
    let read = services
        .within(&Scope::everything())
        .get(&service("a"))
        .await
        .expect("reads")
        .expect("is there");
    assert_eq!((read.name.as_str(), read.revision, read.changed_at), ("first", 2, Timestamp(2)));
}

async fn mistakes_are_told_apart(db: &TestDatabase) {
    let services = db.records.services();
    let a = draft("a", json!("n/device/1"));
    services.create(&actor(1), &a).await.expect("created");
    let error = services.create(&actor(1), &a).await.expect_err("is there already");
    assert_eq!(error.to_string(), "service a already exists");
    assert!(error.is_refusal() && !error.is_retryable());
    let b = draft("b", json!("n/device/1"));
    let error = services.update(&actor(1), &b, None).await.expect_err("is not there");
    assert_eq!(error.to_string(), "service b does not exist");
    let error = services.create(&actor(1), &draft(" c", json!("x"))).await.expect_err("blank");
    assert!(error.to_string().starts_with("service id: must not begin or end"), "{error}");
    let error = services.create(&actor(1), &draft("d\0", json!("x"))).await.expect_err("NUL");
    assert!(error.to_string().contains("control character U+0000"), "{error}");
}

async fn every_change_is_in_the_audit_trail(db: &TestDatabase) {
    let services = db.records.services();
    let mut a = draft("a", json!("n/device/1"));
    services.create(&actor(1), &a).await.expect("created");
    a.description = "new".to_owned();
    services.update(&actor(2), &a, None).await.expect("changed");
    services.delete(&actor(3), &service("a")).await.expect("deleted");
    let filter = AuditFilter { object: Some("service/a".to_owned()), ..AuditFilter::default() };
    let entries = db.records.audit().list(&filter, Page::first(10)).await.expect("reads");
    let actions: Vec<_> = entries.iter().map(|one| (one.at.millis(), &*one.action)).collect();
    assert_eq!(actions, [(3, "delete"), (2, "update"), (1, "create")]);
    assert_eq!(entries[0].after, None);
    assert_eq!(entries[0].before, entries[1].after);
    assert_eq!(entries[1].before.as_ref().expect("was there")["description"], "");
    assert!(entries.iter().all(|one| one.actor == "anna@example.net"));
}

async fn by_ids_gives_those_that_exist(db: &TestDatabase) {
    let services = db.records.services();
    services.create(&actor(1), &draft("a", json!("n/device/1"))).await.expect("created");
    let asked: Vec<ServiceId> = (0..2_000)
        .map(|number| ServiceId::from(format!("x{number}")))
        .chain([service("a")])
        .collect();
    let found = services.within(&Scope::everything()).by_ids(&asked).await.expect("reads");
    assert_eq!(found.keys().collect::<Vec<_>>(), [&service("a")]);
}

on_both!(
    a_service_reads_back_as_it_was_written,
    lists_search_sort_and_page,
    references_must_lead_somewhere_and_not_round,
    two_editors_notice_each_other,
    mistakes_are_told_apart,
    every_change_is_in_the_audit_trail,
    by_ids_gives_those_that_exist,
);
