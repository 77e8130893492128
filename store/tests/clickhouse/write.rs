//! Writing is idempotent, newer versions replace, and history stays.

use correlate::model::{ComponentState, Period, ServiceState, Timestamp};
use store::Scope;
use store::series::{ROWS_MAX, SeriesError};

use super::rig::{
    Rig, batch, component, interval, period, revision, service, transition, withdrawn,
};

const ALWAYS: Period = Period::new(Timestamp::MIN, Timestamp::MAX);

#[tokio::test]
async fn migrating_twice_applies_nothing_and_check_is_content() {
    let rig = Rig::start().await;
    assert_eq!(rig.series.migrate().await.expect("second time"), []);
    let health = rig.series.check().await.expect("reachable");
    assert!(health.is_usable(), "{health:?}");
    assert!(health.version.starts_with("26."), "{health:?}");
}

#[tokio::test]
async fn a_changed_or_unknown_migration_stops_the_start() {
    let rig = Rig::start().await;
    let config = rig.engine.series_config();
    let insert = |number: u32| {
        format!(
            "INSERT INTO schema_migrations (number, name, checksum) VALUES ({number}, 'x', 'y')"
        )
    };
    super::rig::ask(&config, true, &insert(1)).await.expect("inserted");
    let error = rig.series.migrate().await.expect_err("changed");
    assert!(matches!(error, SeriesError::MigrationChanged { .. }), "{error}");
    super::rig::ask(&config, true, &insert(4_000)).await.expect("inserted");
    let error = rig.series.migrate().await.expect_err("unknown");
    assert!(matches!(error, SeriesError::MigrationUnknown { number: 4_000, .. }), "{error}");
}

#[tokio::test]
async fn the_same_batch_again_or_late_changes_nothing() {
    let rig = Rig::start().await;
    let first = batch(
        1,
        vec![
            revision("s", interval(1_000, Some(2_000), ServiceState::Up, &[])),
            revision("s", interval(2_000, None, ServiceState::Down, &["a/device/1"])),
        ],
    );
    let second = batch(
        2,
        vec![
            revision("s", interval(2_000, Some(3_000), ServiceState::Down, &["a/device/1"])),
            revision("s", interval(3_000, None, ServiceState::Up, &[])),
        ],
    );
    for batch in [&first, &first, &second, &second, &first] {
        rig.series.write(batch).await.expect("written");
    }
    let found = rig
        .series
        .within(&Scope::everything())
        .intervals(&service("s"), ALWAYS, 10)
        .await
        .expect("read");
    assert_eq!(
        found.rows,
        [
            interval(1_000, Some(2_000), ServiceState::Up, &[]),
            interval(2_000, Some(3_000), ServiceState::Down, &["a/device/1"]),
            interval(3_000, None, ServiceState::Up, &[]),
        ]
    );
    assert!(!found.truncated);
    assert_eq!(rig.series.max_version().await.expect("read"), Some(2));
}

#[tokio::test]
async fn a_late_fact_splits_joins_and_withdraws_while_the_past_belief_stays() {
    let rig = Rig::start().await;
    let id = service("s");
    let write = async |batch| rig.series.write(&batch).await.expect("written");
    write(batch(1, vec![revision("s", interval(0, None, ServiceState::Up, &[]))])).await;
    write(batch(
        2,
        vec![
            revision("s", interval(0, Some(500), ServiceState::Up, &[])),
            revision("s", interval(500, Some(700), ServiceState::Down, &["c"])),
            revision("s", interval(700, None, ServiceState::Up, &[])),
        ],
    ))
    .await;
    write(batch(
        3,
        vec![
            revision("s", interval(0, None, ServiceState::Up, &[])),
            withdrawn("s", 500),
            withdrawn("s", 700),
        ],
    ))
    .await;
    let now = rig
        .series
        .within(&Scope::everything())
        .intervals(&id, ALWAYS, 10)
        .await
        .expect("read")
        .rows;
    assert_eq!(now, [interval(0, None, ServiceState::Up, &[])]);
    let as_of = async |at| {
        rig.series
            .within(&Scope::everything())
            .intervals_as_of(&id, ALWAYS, Timestamp(at), 10)
            .await
            .expect("read")
            .rows
    };
    assert_eq!(as_of(999).await, []);
    assert_eq!(as_of(1_000).await, [interval(0, None, ServiceState::Up, &[])]);
    assert_eq!(as_of(2_999).await.len(), 3);
    assert_eq!(as_of(2_999).await[1], interval(500, Some(700), ServiceState::Down, &["c"]));
    assert_eq!(as_of(3_000).await, now);
}

#[tokio::test]
async fn intervals_read_back_gapless_across_months_with_their_cause_moves() {
    let rig = Rig::start().await;
    let month = 31 * 86_400_000;
    let states = [ServiceState::Up, ServiceState::Down, ServiceState::Degraded];
    let mut written = Vec::new();
    for step in 0..150_i64 {
        let end = (step < 149).then_some((step + 1) * month);
        let state = states[usize::try_from(step).expect("small") % 3];
        let mut next = interval(step * month, end, state, &["x/port/it's; a \\ \"é\"\n"]);
        next.cause_moves = vec![
            (Timestamp(step * month + 1), vec![component("b"), component("c")]),
            (Timestamp(step * month + 2), Vec::new()),
        ];
        written.push(next);
    }
    let revisions = written.iter().rev().cloned().map(|i| revision("tab\tand 'quote'", i));
    rig.series.write(&batch(1, revisions.collect())).await.expect("written");
    let id = service("tab\tand 'quote'");
    let found = rig
        .series
        .within(&Scope::everything())
        .intervals(&id, ALWAYS, ROWS_MAX)
        .await
        .expect("read");
    assert_eq!(found.rows, written);
    let newest =
        rig.series.within(&Scope::everything()).intervals(&id, ALWAYS, 2).await.expect("read");
    assert_eq!((newest.rows.as_slice(), newest.truncated), (&written[148..], true));
    let middle = rig
        .series
        .within(&Scope::everything())
        .intervals(&id, period(3 * month, 5 * month), 10)
        .await
        .expect("read");
    assert_eq!(middle.rows, written[3..5], "edges that only touch are outside");
}

#[tokio::test]
async fn transitions_of_a_period_begin_with_the_state_that_held_at_its_start() {
    let rig = Rig::start().await;
    let mut facts = batch(1, Vec::new());
    facts.transitions = vec![
        transition("n/device/1", 10, ComponentState::Up),
        transition("n/device/1", 20, ComponentState::Down),
        transition("n/device/1", 30, ComponentState::Up),
        transition("n/device/2", 25, ComponentState::Unknown),
    ];
    rig.series.write(&facts).await.expect("written");
    rig.series.write(&facts).await.expect("written again");
    let device = component("n/device/1");
    let of = async |period| rig.series.transitions(&device, period, 10).await.expect("read").rows;
    assert_eq!(of(period(25, 31)).await, facts.transitions[1..3]);
    assert_eq!(of(period(20, 30)).await, facts.transitions[1..2]);
    assert_eq!(of(period(0, 15)).await, facts.transitions[..1]);
    assert_eq!(of(ALWAYS).await, facts.transitions[..3]);
    assert_eq!(of(period(0, 5)).await, []);
    let ids = [device.clone(), component("n/device/2"), component("n/device/3")];
    let states = rig.series.component_states(&ids).await.expect("read");
    let states: Vec<_> = states.into_values().map(|t| (t.at.millis(), t.state)).collect();
    assert_eq!(states, [(30, ComponentState::Up), (25, ComponentState::Unknown)]);
}

#[tokio::test]
async fn questions_beyond_the_limits_are_refused() {
    let rig = Rig::start().await;
    for limit in [0, ROWS_MAX + 1] {
        let error = rig
            .series
            .within(&Scope::everything())
            .intervals(&service("s"), ALWAYS, limit)
            .await
            .expect_err("refused");
        assert!(matches!(error, SeriesError::Invalid(_)), "{error}");
    }
}

#[tokio::test]
async fn transitions_on_either_side_of_an_instant_and_within_a_period() {
    let rig = Rig::start().await;
    let mut facts = batch(1, Vec::new());
    facts.transitions = vec![
        transition("n/device/1", 10, ComponentState::Up),
        transition("n/device/1", 20, ComponentState::Down),
        transition("n/device/1", 30, ComponentState::Up),
        transition("n/device/2", 25, ComponentState::Down),
    ];
    rig.series.write(&facts).await.expect("written");
    let [first, second, never] = ["n/device/1", "n/device/2", "n/device/3"].map(component);
    let all = [first.clone(), second.clone(), never];
    let around = async |at, as_of: Option<i64>| {
        let as_of = as_of.map(Timestamp);
        rig.series.transitions_around(&all, Timestamp(at), as_of).await.expect("read")
    };
    let found = around(24, None).await;
    assert_eq!(found.len(), 2);
    assert_eq!(found[&first].before, Some(facts.transitions[1].clone()));
    assert_eq!(found[&first].after, Some(facts.transitions[2].clone()));
    assert_eq!(
        (found[&second].before.as_ref(), found[&second].after.as_ref()),
        (None, Some(&facts.transitions[3]))
    );
    assert_eq!(found[&first].recorded_at, Some(Timestamp(1_000)));
    assert_eq!(
        (found[&second].recorded_at, around(30, None).await[&first].after.clone()),
        (None, None)
    );
    assert_eq!(around(9, None).await[&first].before, None);
    // The batch was recorded at second 1.
    assert_eq!(around(24, Some(1_000)).await, found);
    assert_eq!(around(24, Some(999)).await.len(), 0);

    let within = async |from, until, limit| {
        rig.series.transitions_within(&all, period(from, until), limit).await.expect("read")
    };
    let found = within(20, 30, 9).await;
    assert_eq!(
        (found.rows.as_slice(), found.truncated),
        (&[facts.transitions[1].clone(), facts.transitions[3].clone()][..], false)
    );
    let cut = within(0, 100, 1).await;
    assert_eq!((cut.rows.len(), cut.truncated), (1, true));
}
