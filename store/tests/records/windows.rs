//! Maintenance windows.

use correlate::model::{Period, Target, Timestamp, Window};
use serde_json::json;
use store::records::{Change, Page, WindowFilter};

use crate::database::{TestDatabase, actor, draft, service};

fn window(target: &str, from: i64, until: i64) -> Window {
    let period = Period::new(Timestamp(from), Timestamp(until));
    Window { target: Target::parse(target), period }
}

async fn windows_are_announced_moved_and_withdrawn(db: &TestDatabase) {
    let windows = db.records.windows();
    let first = window("n/device/1", 10, 20);
    let id = windows.create(&actor(1), &first, "ticket 7").await.expect("announced");
    let read = windows.get(id).await.expect("reads").expect("is there");
    assert_eq!((&read.window, &*read.note), (&first, "ticket 7"));
    assert_eq!((&*read.created_by, read.created_at), ("anna@example.net", Timestamp(1)));
    let unchanged = windows.update(&actor(2), id, &first, "ticket 7").await;
    assert_eq!(unchanged.expect("as it is"), Change::Unchanged);
    let moved = window("n/device/1", 30, 40);
    let change = windows.update(&actor(2), id, &moved, "ticket 7").await;
    assert_eq!(change.expect("moved"), Change::Updated);
    windows.withdraw(&actor(3), id).await.expect("withdrawn");
    let read = windows.get(id).await.expect("reads").expect("stays visible");
    assert_eq!((read.window, read.withdrawn_at), (moved.clone(), Some(Timestamp(3))));
    for error in [
        windows.withdraw(&actor(4), id).await.expect_err("gone"),
        windows.update(&actor(4), id, &moved, "").await.expect_err("gone"),
    ] {
        assert_eq!(error.to_string(), format!("maintenance window {id} does not exist"));
    }
}

async fn several_windows_are_announced_together_or_not_at_all(db: &TestDatabase) {
    let windows = db.records.windows();
    let two = [window("n/device/1", 10, 20), window("n/device/2", 10, 20)];
    let ids = windows.create_all(&actor(1), &two, "ticket 7").await.expect("announced");
    let read = windows.get(ids[1]).await.expect("reads").expect("is there");
    assert_eq!((&read.window, &*read.note), (&two[1], "ticket 7"));
    let wrong = [window("n/device/3", 10, 20), window("service:gone", 10, 20)];
    windows.create_all(&actor(1), &wrong, "").await.expect_err("refused");
    assert_eq!(windows.count(&WindowFilter::default()).await.expect("counts"), 2);
}

async fn windows_that_make_no_sense_are_refused(db: &TestDatabase) {
    let windows = db.records.windows();
    let check = async |window: Window, expected: &str| {
        let error = windows.create(&actor(1), &window, "").await.expect_err("refused");
        assert_eq!(error.to_string(), expected);
    };
    let empty = "period: must end after it starts, found from 20 to 20";
    check(window("n/device/1", 20, 20), empty).await;
    check(window("n/device/1", 20, i64::MAX), "period: must have a start and an end").await;
    check(window("service:gone", 1, 2), "service gone does not exist").await;
    check(window("", 1, 2), "target: must not be empty").await;
}

async fn lists_are_by_target_and_by_time(db: &TestDatabase) {
    let windows = db.records.windows();
    db.records.services().create(&actor(1), &draft("a", json!("x"))).await.expect("created");
    for (target, from, until) in
        [("n/device/1", 10, 20), ("service:a", 15, 30), ("n/device/1", 30, 40)]
    {
        windows.create(&actor(1), &window(target, from, until), "").await.expect("announced");
    }
    let withdrawn = windows.create(&actor(1), &window("n/device/1", 12, 13), "").await;
    windows.withdraw(&actor(2), withdrawn.expect("announced")).await.expect("withdrawn");
    let check = async |filter: WindowFilter, expected: &[i64]| {
        let found = windows.list(&filter, Page::first(10)).await.expect("lists");
        let starts: Vec<i64> = found.iter().map(|one| one.window.period.from.millis()).collect();
        assert_eq!(starts, expected, "{filter:?}");
        let count = windows.count(&filter).await.expect("counts");
        assert_eq!(count, expected.len() as u64);
    };
    let during = |from, until| Some(Period::new(Timestamp(from), Timestamp(until)));
    check(WindowFilter::default(), &[30, 15, 10]).await;
    check(WindowFilter { withdrawn: true, ..Default::default() }, &[30, 15, 12, 10]).await;
    let target = Some(Target::Service(service("a")));
    check(WindowFilter { target, ..Default::default() }, &[15]).await;
    // Half-open on both sides: what ends at 20 is not during [20, 30).
    check(WindowFilter { during: during(20, 30), ..Default::default() }, &[15]).await;
    check(WindowFilter { during: during(19, 31), ..Default::default() }, &[30, 15, 10]).await;
}

on_both!(
    windows_are_announced_moved_and_withdrawn,
    several_windows_are_announced_together_or_not_at_all,
    windows_that_make_no_sense_are_refused,
    lists_are_by_target_and_by_time,
);
