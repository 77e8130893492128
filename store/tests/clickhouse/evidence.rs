//! How edges were known: kept whatever comes first, read beside transitions.

use correlate::model::{ComponentState, Timestamp};
use store::evidence::{SampleSource, StateReason};
use store::series::{Edge, EdgeEvidence, SeriesBatch};

use super::rig::{Rig, ask, batch, component, transition};

/// 2026-11-22T12:03:10Z.
const AT: i64 = 1_795_348_990_000;

fn edge(id: &str, at: i64, source: SampleSource, uncertainty_ms: u32) -> Edge {
    Edge {
        component: component(id),
        at: Timestamp(at),
        state: ComponentState::Down,
        known: EdgeEvidence {
            source,
            uncertainty_ms,
            observed_at: Timestamp(at + 5_000),
            reason: None,
        },
    }
}

#[tokio::test]
async fn the_better_word_stays_whatever_comes_first_and_however_often() {
    let rig = Rig::start().await;
    let (poll, log) = (
        edge("n/port/1", AT, SampleSource::Poll, 300_000),
        edge("n/port/1", AT, SampleSource::EventLog, 60_000),
    );
    let other = |edge: &Edge| Edge { component: component("n/port/2"), ..edge.clone() };
    for edges in [[poll.clone(), log.clone()], [other(&log), other(&poll)]] {
        for _ in 0..2 {
            for edge in &edges {
                rig.series.write_edges(std::slice::from_ref(edge)).await.expect("written");
            }
        }
    }
    rig.series.write_edges(&[]).await.expect("nothing to do");
    let asked = ["n/port/1", "n/port/2", "n/port/3"];
    let asked = asked.map(|id| transition(id, AT, ComponentState::Down));
    let found = rig.series.evidence_of(&asked).await.expect("read");
    let found: Vec<_> = found.into_iter().collect();
    let expected = ["n/port/1", "n/port/2"].map(|id| ((component(id), Timestamp(AT)), log.known));
    assert_eq!(found, expected);
    // A transition to another state, or at another instant, is another edge.
    let others = [
        transition("n/port/1", AT, ComponentState::Up),
        transition("n/port/2", AT + 1, ComponentState::Down),
    ];
    assert!(rig.series.evidence_of(&others).await.expect("read").is_empty());
}

#[tokio::test]
async fn the_view_of_evidence_shows_how_each_transition_was_known() {
    let rig = Rig::start().await;
    let transitions = vec![
        transition("n/port/1", AT, ComponentState::Down),
        transition("n/port/1", AT + 60_000, ComponentState::Up),
        transition("n/port/2", AT, ComponentState::Down),
    ];
    let written = SeriesBatch { transitions, ..batch(1, Vec::new()) };
    rig.series.write(&written).await.expect("written");
    let orphan = edge("n/port/9", AT, SampleSource::Push, 1);
    let edges = [
        edge("n/port/1", AT, SampleSource::EventLog, 60_000),
        edge("n/port/2", AT, SampleSource::Push, 0),
        orphan,
    ];
    rig.series.write_edges(&edges).await.expect("written");
    let sql = "SELECT component, state, evidence, uncertainty_ms, toUnixTimestamp(observed_at) - toUnixTimestamp(at)
               FROM v_component_evidence ORDER BY component, at";
    let answer = ask(&rig.engine.bi_config(), true, sql).await.expect("readable");
    let asked = [("n/port/1", AT), ("n/port/1", AT + 60_000), ("n/port/2", AT), ("n/port/9", AT)];
    let asked = asked.map(|(id, at)| (component(id), Timestamp(at)));
    let found = rig.series.uncertainty_at(&asked).await.expect("read");
    let found: Vec<_> = found.into_iter().collect();
    assert_eq!(found, [(asked[0].clone(), 60_000)], "an orphan is no edge");
    assert_eq!(
        answer,
        "n/port/1\tdown\tevent_log\t60000\t5\n\
         n/port/1\tup\t\t\\N\t\\N\n\
         n/port/2\tdown\tpush\t\\N\t5"
    );
    // The same transitions, and nothing of evidence, which would have to be joined.
    let bi = rig.engine.bi_config();
    let mut told = Vec::new();
    for view in ["v_component_transitions", "v_component_evidence"] {
        let sql = format!(
            "SELECT component, at, state, version, recorded_at FROM {view} ORDER BY component, at"
        );
        told.push(ask(&bi, true, &sql).await.expect("readable"));
    }
    assert_eq!(told[0], told[1]);
    let columns = "SELECT name FROM system.columns
                   WHERE table = 'v_component_transitions' AND name = 'evidence'";
    assert_eq!(ask(&bi, true, columns).await.expect("readable"), "");
}

#[tokio::test]
async fn why_nobody_can_say_is_kept_with_the_transition_and_beside_it() {
    let rig = Rig::start().await;
    let unknown = |at: i64, reason: StateReason| {
        let edge = edge("n/port/1", at, SampleSource::Poll, 0);
        let known = EdgeEvidence { reason: Some(reason), ..edge.known };
        Edge { state: ComponentState::Unknown, known, ..edge }
    };
    let transitions = vec![
        transition("n/port/1", AT, ComponentState::Up),
        transition("n/port/1", AT + 60_000, ComponentState::Unknown),
    ];
    rig.series.write(&SeriesBatch { transitions, ..batch(1, Vec::new()) }).await.expect("written");
    // That it was silent is only what nobody knows better, whatever comes first.
    for reason in [StateReason::AdminShut, StateReason::Silent] {
        rig.series.write_edges(&[unknown(AT + 60_000, reason)]).await.expect("written");
    }
    rig.series.write_edges(&[unknown(AT + 90_000, StateReason::Gone)]).await.expect("written");
    let sql = "SELECT state, reason FROM v_component_evidence ORDER BY at";
    let answer = ask(&rig.engine.bi_config(), true, sql).await.expect("readable");
    assert_eq!(answer, "up\t\nunknown\tadmin_shut");
    let asked = [component("n/port/1"), component("n/port/2")];
    for (at, expected) in [
        (AT + 59_999, None),
        (AT + 60_000, Some((AT + 60_000, StateReason::AdminShut))),
        (AT + 95_000, Some((AT + 90_000, StateReason::Gone))),
    ] {
        let found = rig.series.unknown_reasons(&asked, Timestamp(at)).await.expect("read");
        let expected =
            expected.map(|(since, why)| (component("n/port/1"), (Timestamp(since), why)));
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expected.into_iter().collect::<Vec<_>>());
    }
    let begun = [transition("n/port/1", AT + 60_000, ComponentState::Unknown)];
    let edges = rig.series.evidence_of(&begun).await.expect("read");
    assert_eq!(edges.into_values().next().and_then(|how| how.reason), Some(StateReason::AdminShut));
}

#[tokio::test]
async fn what_pushes_found_is_listed_by_account_and_time() {
    let rig = Rig::start().await;
    let edges = [
        edge("n/port/1", AT, SampleSource::Push, 60_000),
        edge("n/port/2", AT - 600_000, SampleSource::Push, 60_000),
        edge("n/port/3", AT, SampleSource::Poll, 60_000),
        edge("nn/port/1", AT, SampleSource::Push, 60_000),
    ];
    rig.series.write_edges(&edges).await.expect("written");
    let found = rig.series.edges_by_push("n", Timestamp(AT), 10).await.expect("read");
    assert_eq!((found.rows, found.truncated), (vec![edges[0].clone()], false));
    let found = rig.series.edges_by_push("n", Timestamp(0), 1).await.expect("read");
    assert_eq!((found.rows.len(), found.truncated), (1, true));
}
