//! What the engine hears of, in which order, and how often.

use std::sync::atomic::{AtomicBool, Ordering};

use correlate::model::{Period, Target, Timestamp, Window};
use serde_json::{Value, json};
use store::Scope;
use store::records::{Change, OutboxRow, Records, ServiceFilter};

use crate::database::{TestDatabase, actor, draft, service};

fn json_of(row: &OutboxRow) -> Option<Value> {
    row.value.as_deref().map(|value| serde_json::from_str(value).expect("JSON"))
}

async fn changes_are_queued_in_order_and_forgotten_when_sent(db: &TestDatabase) {
    let (services, outbox) = (db.records.services(), db.records.outbox());
    let mut a = draft("a", json!("n/device/1"));
    services.create(&actor(1), &a).await.expect("created");
    a.name = "renamed".to_owned();
    services.update(&actor(2), &a, None).await.expect("changed, but not for the engine");
    let window = Window {
        target: Target::Service(service("a")),
        period: Period::new(Timestamp(5), Timestamp(9)),
    };
    let windows = db.records.windows();
    let id = windows.create(&actor(3), &window, "fibre work").await.expect("announced");
    windows.withdraw(&actor(4), id).await.expect("withdrawn");
    services.delete(&actor(5), &service("a")).await.expect("deleted");
    let rows = outbox.pending(10).await.expect("reads");
    let found: Vec<_> = rows.iter().map(|row| (row.sequence, &*row.key, json_of(row))).collect();
    let window_key = format!("window/{id}");
    let version = json!({"from": null, "to": null, "path": "n/device/1"});
    assert_eq!(
        found,
        [
            (1, "service/a", Some(json!({"id": "a", "versions": [version]}))),
            (2, &*window_key, Some(json!({"target": "service:a", "from": 5, "to": 9}))),
            (3, &*window_key, None),
            (4, "service/a", None),
        ]
    );
    assert_eq!(outbox.pending(2).await.expect("reads"), rows[..2]);
    assert_eq!(outbox.mark_sent(3).await.expect("marks"), 3);
    assert_eq!(outbox.mark_sent(3).await.expect("marks"), 0);
    assert_eq!(outbox.pending(10).await.expect("reads"), rows[3..]);
    assert_eq!(outbox.depth().await.expect("counts"), 1);
}

async fn republishing_queues_what_is_in_force_behind_what_waits(db: &TestDatabase) {
    let (services, windows) = (db.records.services(), db.records.windows());
    for id in ["a", "b", "c"] {
        services.create(&actor(1), &draft(id, json!("n/device/1"))).await.expect("created");
    }
    let window = Window {
        target: Target::Component("n/device/1".into()),
        period: Period::new(Timestamp(5), Timestamp(9)),
    };
    let kept = windows.create(&actor(1), &window, "").await.expect("announced");
    let gone = windows.create(&actor(1), &window, "").await.expect("announced");
    windows.withdraw(&actor(2), gone).await.expect("withdrawn");
    services.delete(&actor(2), &service("b")).await.expect("deleted");
    let outbox = db.records.outbox();
    outbox.mark_sent(6).await.expect("all but the last are sent");
    assert_eq!(outbox.republish_all(&actor(3)).await.expect("queued"), 3);
    let rows = outbox.pending(10).await.expect("reads");
    let keys: Vec<_> = rows.iter().map(|row| (row.sequence, row.key.clone())).collect();
    let expected = ["service/b", "service/a", "service/c", &format!("window/{kept}")];
    let expected: Vec<_> = (7..).zip(expected.map(str::to_owned)).collect();
    assert_eq!(keys, expected);
}

/// Two processes, many tasks each, and a publisher that looks all the time.
async fn sequences_become_visible_in_their_own_order(db: &TestDatabase) {
    const TASKS: u64 = 6;
    const CHANGES: u64 = 15;
    let other = db.another().await;
    let done = AtomicBool::new(false);
    let write = async |records: &Records, task: u64| {
        for number in 0..CHANGES {
            let draft = draft(&format!("s{task}-{number}"), json!("n/device/1"));
            records.services().create(&actor(1), &draft).await.expect("created");
        }
    };
    let writers = async {
        let tasks =
            (0..TASKS).map(|task| write(if task % 2 == 0 { &db.records } else { &other }, task));
        futures::future::join_all(tasks).await;
        done.store(true, Ordering::SeqCst);
    };
    let publisher = async {
        let mut looks = 0_u64;
        let mut next = 1;
        loop {
            let last_look = done.load(Ordering::SeqCst);
            let rows = db.records.outbox().pending(1_000).await.expect("reads");
            looks += 1;
            for row in &rows {
                assert_eq!(row.sequence, next, "a sequence appeared out of order");
                next += 1;
            }
            if let Some(last) = rows.last() {
                db.records.outbox().mark_sent(last.sequence).await.expect("marks");
            }
            if last_look && rows.is_empty() {
                return (looks, next - 1);
            }
            tokio::task::yield_now().await;
        }
    };
    let ((), (looks, published)) = futures::join!(writers, publisher);
    assert_eq!(published, TASKS * CHANGES);
    assert!(looks > 2, "the publisher looked {looks} times only");
}

/// Checks over all definitions hold although the definitions change at once.
async fn two_processes_cannot_close_a_circle_together(db: &TestDatabase) {
    let other = db.another().await;
    for round in 0..10 {
        let (a, b) = (format!("a{round}"), format!("b{round}"));
        for id in [&a, &b] {
            let draft = draft(id, json!("n/device/1"));
            db.records.services().create(&actor(1), &draft).await.expect("created");
        }
        let (to_b, to_a) = (draft(&a, json!({"service": b})), draft(&b, json!({"service": a})));
        let actor = actor(2);
        let (one, two) = futures::join!(
            db.records.services().update(&actor, &to_b, None),
            other.services().update(&actor, &to_a, None),
        );
        let changed = [&one, &two].iter().filter(|one| matches!(one, Ok(Change::Updated))).count();
        assert_eq!(changed, 1, "{one:?} {two:?}");
    }
}

async fn many_writers_and_readers_never_meet_a_busy_database(db: &TestDatabase) {
    let other = db.another().await;
    let tasks = (0..24).map(|task| {
        let records = if task % 2 == 0 { db.records.clone() } else { other.clone() };
        tokio::spawn(async move {
            for number in 0..5 {
                let key = format!("key {}", (task + number) % 7);
                let settings = records.settings();
                settings.set(&actor(1), &key, &json!({"task": task})).await.expect("written");
                settings.get(&key).await.expect("read").expect("is there");
                records
                    .services()
                    .within(&Scope::everything())
                    .count(&ServiceFilter::default())
                    .await
                    .expect("counts");
            }
        })
    });
    for task in futures::future::join_all(tasks).await {
        task.expect("no task fails");
    }
}

async fn one_process_holds_a_lease_and_the_next_is_told_apart(db: &TestDatabase) {
    let leases = db.records.leases();
    let ask = async |holder: &str, now: i64| {
        let lease = leases.acquire("outbox", holder, Timestamp(now), 100).await.expect("answers");
        lease.map(|lease| (lease.epoch, lease.until.millis()))
    };
    assert_eq!(ask("one", 0).await, Some((1, 100)));
    assert_eq!(ask("two", 50).await, None);
    assert_eq!(ask("one", 60).await, Some((1, 160)));
    assert_eq!(ask("two", 160).await, Some((2, 260)));
    assert_eq!(ask("one", 170).await, None);
    leases.release("outbox", "one").await.expect("not theirs any more");
    assert_eq!(ask("one", 180).await, None);
    leases.release("outbox", "two").await.expect("released");
    assert_eq!(ask("one", 190).await, Some((3, 290)));
    let other = db.another().await;
    let at_once = (0..8).map(|holder| {
        let records = if holder % 2 == 0 { &db.records } else { &other };
        let holder = format!("holder {holder}");
        async move { records.leases().acquire("fresh", &holder, Timestamp(0), 100).await }
    });
    let won = futures::future::join_all(at_once).await;
    assert_eq!(won.into_iter().filter(|won| matches!(won, Ok(Some(_)))).count(), 1);
}

on_both!(
    changes_are_queued_in_order_and_forgotten_when_sent,
    republishing_queues_what_is_in_force_behind_what_waits,
    sequences_become_visible_in_their_own_order,
    two_processes_cannot_close_a_circle_together,
    many_writers_and_readers_never_meet_a_busy_database,
    one_process_holds_a_lease_and_the_next_is_told_apart,
);
