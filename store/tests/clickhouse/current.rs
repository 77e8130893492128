//! The present: states, counts, causes, names and progress.

use correlate::model::{ServiceState, Timestamp};
use store::Scope;
use store::series::{
    ComponentDimension, CurrentService, Order, Page, Progress, ServiceFilter, StateCounts,
};

use super::rig::{Rig, batch, component, interval, named, revision, service};

const FIRST: Page = Page { offset: 0, limit: 100 };

fn ids(rows: &[CurrentService]) -> Vec<&str> {
    rows.iter().map(|row| row.service.id.as_str()).collect()
}

async fn town() -> Rig {
    let rig = Rig::start().await;
    let mut moving = interval(50, None, ServiceState::Down, &["n/device/1"]);
    moving.cause_moves = vec![(Timestamp(60), vec![component("n/device/2")])];
    rig.series
        .write(&batch(
            1,
            vec![
                revision("a", interval(10, Some(20), ServiceState::Down, &["n/device/1"])),
                revision("a", interval(20, None, ServiceState::Up, &[])),
                revision("b", moving),
                revision("c", interval(40, None, ServiceState::Down, &["n/device/2", "n/port/9"])),
                revision("d", interval(30, None, ServiceState::Degraded, &["n/port/9"])),
                revision("e", interval(10, Some(15), ServiceState::Up, &[])),
                revision("nameless", interval(10, None, ServiceState::Unknown, &["n/device/3"])),
            ],
        ))
        .await
        .expect("written");
    let services = [
        named("e", "Gone", "Bakker"),
        named("a", "Ardappel", "Bakker"),
        named("b", "Bloem", "Bakker BV"),
        named("c", "Citroen", "Ösinga"),
        named("d", "Druif", "Ösinga"),
    ];
    rig.series.upsert_services(&services, 1).await.expect("written");
    rig
}

#[tokio::test]
async fn services_come_worst_first_with_their_present_cause() {
    let rig = town().await;
    let all = ServiceFilter::default();
    let page = rig
        .series
        .within(&Scope::everything())
        .current_services(&all, Order::Severity, FIRST)
        .await
        .expect("read");
    assert_eq!(ids(&page.rows), ["c", "b", "nameless", "d", "a", "e"]);
    assert_eq!(page.matched, 6);
    let counts =
        StateCounts { up: 1, degraded: 1, down: 2, maintenance: 0, unknown: 1, not_existing: 1 };
    assert_eq!(page.counts, counts);
    let moved = &page.rows[1];
    assert_eq!(moved.cause, [component("n/device/2")], "the last move counts");
    assert_eq!(moved.since, Some(Timestamp(50)));
    assert_eq!(moved.service, named("b", "Bloem", "Bakker BV"));
    assert_eq!(page.rows[2].service.name, "nameless");
    assert_eq!((page.rows[5].state, page.rows[5].since), (None, None));
}

#[tokio::test]
async fn filters_hold_together_and_counts_leave_the_states_out() {
    let rig = town().await;
    let find = async |filter: ServiceFilter| {
        rig.series
            .within(&Scope::everything())
            .current_services(&filter, Order::Name, FIRST)
            .await
            .expect("read")
    };
    let text = Some("bAkKeR".to_owned());
    let page = find(ServiceFilter { text: text.clone(), ..Default::default() }).await;
    assert_eq!(ids(&page.rows), ["a", "b", "e"]);
    let states = vec![ServiceState::Down];
    let page = find(ServiceFilter { text, states, ..Default::default() }).await;
    assert_eq!((ids(&page.rows), page.matched), (vec!["b"], 1));
    assert_eq!((page.counts.up, page.counts.down), (1, 1));
    let customer = Some("Ösinga".to_owned());
    let page = find(ServiceFilter { customer, ..Default::default() }).await;
    assert_eq!(ids(&page.rows), ["c", "d"]);
    let some = Some(vec![service("d"), service("none")]);
    let page = find(ServiceFilter { ids: some, ..Default::default() }).await;
    assert_eq!(ids(&page.rows), ["d"]);
    let page = find(ServiceFilter { ids: Some(Vec::new()), ..Default::default() }).await;
    assert_eq!((page.rows.len(), page.matched), (0, 0));
    let text = Some("100%_'\\".to_owned());
    assert_eq!(find(ServiceFilter { text, ..Default::default() }).await.rows, []);
}

#[tokio::test]
async fn pages_follow_each_other() {
    let rig = town().await;
    let all = ServiceFilter::default();
    let mut seen = Vec::new();
    for offset in [0, 4] {
        let page = Page { offset, limit: 4 };
        let page = rig
            .series
            .within(&Scope::everything())
            .current_services(&all, Order::Id, page)
            .await
            .expect("read");
        seen.extend(page.rows.iter().map(|row| row.service.id.as_str().to_owned()));
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e", "nameless"]);
}

#[tokio::test]
async fn a_removed_service_keeps_its_state_and_loses_its_name() {
    let rig = town().await;
    rig.series.remove_services(&[service("c"), service("e")], 2).await.expect("written");
    rig.series.upsert_services(&[named("c", "late", "x")], 1).await.expect("older");
    let all = ServiceFilter::default();
    let page = rig
        .series
        .within(&Scope::everything())
        .current_services(&all, Order::Id, FIRST)
        .await
        .expect("read");
    assert_eq!(ids(&page.rows), ["a", "b", "c", "d", "nameless"]);
    assert_eq!(page.rows[2].service.name, "c");
}

#[tokio::test]
async fn the_present_causes_come_with_what_they_break() {
    let rig = town().await;
    let found = rig.series.within(&Scope::everything()).causes_now(10).await.expect("read");
    let brief: Vec<_> = found
        .rows
        .iter()
        .map(|cause| (cause.component.as_str(), cause.services_down, cause.services_degraded))
        .collect();
    assert_eq!(brief, [("n/device/2", 2, 0), ("n/port/9", 1, 1), ("n/device/3", 0, 0)]);
    assert_eq!(found.rows[0].examples, [service("b"), service("c")]);
    assert_eq!(found.rows[1].since, Timestamp(30));
    assert_eq!(found.rows[2].services_unknown, 1);
    assert!(rig.series.within(&Scope::everything()).causes_now(1).await.expect("read").truncated);
}

#[tokio::test]
async fn component_names_and_progress_read_back() {
    let rig = Rig::start().await;
    let port = ComponentDimension {
        id: component("n/port/9"),
        kind: "port".to_owned(),
        name: "xe-0/0/1".to_owned(),
        device: component("n/device/1"),
        device_name: "core1.ams".to_owned(),
        site: "Amsterdam".to_owned(),
        description: "to 'Utrecht'".to_owned(),
    };
    rig.series.upsert_components(std::slice::from_ref(&port), 3).await.expect("written");
    let ids = [component("n/port/9"), component("n/port/10")];
    let labels = rig.series.component_labels(&ids).await.expect("read");
    assert_eq!(labels.into_values().collect::<Vec<_>>(), [port]);

    assert_eq!(rig.series.max_version().await.expect("read"), None);
    assert_eq!(rig.series.latest_progress().await.expect("read"), []);
    // Reports older than 30 days expire, so these are of the present.
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("past");
    let now = i64::try_from(clock.as_millis()).expect("small");
    let report = |instance: &str, at: i64| Progress {
        stage: "ingest".to_owned(),
        instance: instance.to_owned(),
        at: Timestamp(at),
        frontier: (at > now).then_some(Timestamp(at - 10)),
        epoch: 1,
        lag_ms: 10,
        detail: String::new(),
    };
    let reports = [report("b", now), report("a", now), report("a", now + 5)];
    rig.series.record_progress(&reports).await.expect("written");
    let latest = rig.series.latest_progress().await.expect("read");
    assert_eq!(latest, [report("a", now + 5), report("b", now)]);
}
