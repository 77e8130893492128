//! What hangs together: from a component to the services that need it, and
//! from a service to all that it needs; and how things were at an earlier moment.

use std::collections::BTreeSet;

use correlate::model::{ComponentId, Period, ServiceId, Target, Timestamp, Window};
use serde_json::json;

use crate::database::{TestDatabase, actor, draft, service};

/// `leaf` needs a component; each of the others needs the one before.
async fn chain(db: &TestDatabase) {
    let services = db.records.services();
    let core = json!({"any": ["n/device/1", "n/device/2"]});
    services.create(&actor(1), &draft("core", core)).await.expect("created");
    let up = json!({"all": [{"service": "core"}, "n/port/3"]});
    services.create(&actor(2), &draft("up", up)).await.expect("created");
    let top = json!({"service": "up"});
    services.create(&actor(3), &draft("top", top)).await.expect("created");
    services.create(&actor(4), &draft("apart", json!("n/device/9"))).await.expect("created");
}

fn components(ids: &[&str]) -> BTreeSet<ComponentId> {
    ids.iter().map(|id| ComponentId::from(*id)).collect()
}

fn texts<'a>(ids: impl IntoIterator<Item = &'a ServiceId>) -> Vec<&'a str> {
    ids.into_iter().map(ServiceId::as_str).collect()
}

async fn a_component_leads_to_all_that_needs_it(db: &TestDatabase) {
    chain(db).await;
    let services = db.records.services();
    let check = async |named: &[&str], own: &[&str], limit, expected: Option<&[&str]>| {
        let own = own.iter().map(|id| service(id)).collect();
        let found = services.needing(&components(named), &own, limit).await.expect("reads");
        assert_eq!(found.as_ref().map(texts), expected.map(<[_]>::to_vec), "{named:?}");
    };
    check(&["n/device/2"], &[], 3, Some(&["core", "top", "up"])).await;
    check(&["n/device/2"], &[], 2, None).await;
    check(&["n/port/3", "n/device/9"], &[], 9, Some(&["apart", "top", "up"])).await;
    check(&["n/port/4"], &[], 9, Some(&[])).await;
    check(&[], &["up"], 9, Some(&["top", "up"])).await;
    // An edit and a removal are followed.
    let changed = draft("core", json!("n/device/7"));
    services.update(&actor(5), &changed, None).await.expect("changed");
    services.delete(&actor(6), &service("top")).await.expect("deleted");
    check(&["n/device/2"], &[], 9, Some(&[])).await;
    check(&["n/device/7"], &[], 9, Some(&["core", "up"])).await;
}

async fn a_service_leads_to_all_that_it_needs(db: &TestDatabase) {
    chain(db).await;
    let services = db.records.services();
    let ask = async |id: &str, limit| {
        let found = services.with_references([service(id)], limit).await.expect("reads");
        found.map(|found| texts(found.keys()).join(" "))
    };
    assert_eq!(ask("top", 3).await.as_deref(), Some("core top up"));
    assert_eq!(ask("top", 2).await, None);
    assert_eq!(ask("gone", 2).await.as_deref(), Some(""));
}

/// The table of components is younger than services; its migration fills it.
async fn older_services_are_found_after_the_migration(db: &TestDatabase) {
    chain(db).await;
    db.execute("DROP TABLE service_components").await;
    db.execute("DELETE FROM seaql_migrations WHERE version = '0004_service_components'").await;
    db.records.migrate().await.expect("migrates");
    let services = db.records.services();
    let found = services.needing(&components(&["n/device/1"]), &BTreeSet::new(), 9).await;
    assert_eq!(found.expect("reads").as_ref().map(texts), Some(vec!["core", "top", "up"]));
}

async fn windows_are_found_by_their_targets(db: &TestDatabase) {
    let windows = db.records.windows();
    let add = async |target: &str, from, until| {
        let period = Period::new(Timestamp(from), Timestamp(until));
        let window = Window { target: Target::parse(target), period };
        windows.create(&actor(1), &window, "").await.expect("created")
    };
    let late = add("n/device/1", 50, 60).await;
    let early = add("n/device/1", 10, 20).await;
    let gone = add("n/port/2", 10, 20).await;
    add("n/port/3", 10, 20).await;
    windows.withdraw(&actor(5), gone).await.expect("withdrawn");
    let targets = ["n/device/1", "n/port/2"].map(Target::parse).into();
    let ask = async |during, withdrawn, limit| {
        let found = windows.on(&targets, during, withdrawn, limit).await.expect("reads");
        found.into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(ask(None, false, 9).await, [early, late]);
    assert_eq!(ask(Some(Period::new(Timestamp(20), Timestamp(51))), false, 9).await, [late]);
    assert_eq!(ask(None, true, 9).await.len(), 3);
    assert_eq!(ask(None, true, 1).await.len(), 2, "the limit and one more");
}

async fn the_audit_trail_says_how_things_were(db: &TestDatabase) {
    let services = db.records.services();
    services.create(&actor(10), &draft("s", json!("n/device/1"))).await.expect("created");
    let changed = draft("s", json!("n/device/2"));
    services.update(&actor(20), &changed, None).await.expect("changed");
    services.delete(&actor(30), &service("s")).await.expect("deleted");
    let ask = async |at| {
        let objects = ["service/s".to_owned(), "service/other".to_owned()];
        let found = db.records.audit().as_of(&objects, Timestamp(at)).await.expect("reads");
        assert!(found.len() < 2, "nothing is known of the other");
        let found = found.into_values().next()?;
        Some(found.map(|value| value["versions"][0]["path"].clone()))
    };
    assert_eq!(ask(9).await, None);
    assert_eq!(ask(10).await, Some(Some(json!("n/device/1"))));
    assert_eq!(ask(29).await, Some(Some(json!("n/device/2"))));
    assert_eq!(ask(30).await, Some(None));
}

on_both!(
    a_component_leads_to_all_that_needs_it,
    a_service_leads_to_all_that_it_needs,
    older_services_are_found_after_the_migration,
    windows_are_found_by_their_targets,
    the_audit_trail_says_how_things_were,
);
