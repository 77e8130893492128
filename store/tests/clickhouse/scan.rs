//! Scans give every current row once, page by page.

use correlate::model::{ComponentState, ServiceState, Timestamp};
use store::series::{NewestRow, SCAN_ROWS_MAX, Scan};

use super::rig::{Rig, batch, component, interval, revision, service, transition, withdrawn};

#[tokio::test]
async fn a_scan_of_transitions_goes_from_page_to_page() {
    let rig = Rig::start().await;
    let mut first = batch(3, Vec::new());
    let many = i64::try_from(SCAN_ROWS_MAX).expect("small") / 2 + 1;
    for id in ["b", "a"] {
        first
            .transitions
            .extend((0..many).map(|at| transition(id, at * 1_000, ComponentState::Up)));
    }
    rig.series.write(&first).await.expect("written");
    let mut second = batch(4, Vec::new());
    second.withdrawn_transitions.push((component("a"), Timestamp(5_000)));
    rig.series.write(&second).await.expect("written");
    let mut all = Vec::new();
    loop {
        let page = rig.series.scan_transitions(Scan::All, Timestamp::MAX, all.last()).await;
        let page = page.expect("read");
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= SCAN_ROWS_MAX);
        all.extend(page);
    }
    first.transitions.sort_by(|a, b| (&a.component, a.at).cmp(&(&b.component, b.at)));
    first.transitions.remove(5);
    assert!(all == first.transitions, "{} rows of {}", all.len(), first.transitions.len());

    let only = [component("b")];
    let early = rig.series.scan_transitions(Scan::Of(&only), Timestamp(2_000), None).await;
    let expected = [0, 1_000].map(|at| transition("b", at, ComponentState::Up));
    assert_eq!(early.expect("read"), expected);
}

#[tokio::test]
async fn a_scan_of_intervals_gives_whole_current_rows() {
    let rig = Rig::start().await;
    assert_eq!(rig.series.newest_row().await.expect("read"), None);
    let open = interval(2_000, None, ServiceState::Down, &["a/device/1"]);
    let rows = vec![
        revision("s", interval(1_000, Some(2_000), ServiceState::Up, &[])),
        revision("s", open.clone()),
        revision("r", interval(500, None, ServiceState::Up, &[])),
        revision("t", interval(700, None, ServiceState::Up, &[])),
    ];
    rig.series.write(&batch(5, rows)).await.expect("written");
    rig.series.write(&batch(6, vec![withdrawn("t", 700)])).await.expect("written");
    let newest = NewestRow { version: 6, recorded_at: Timestamp(6_000) };
    assert_eq!(rig.series.newest_row().await.expect("read"), Some(newest));
    let scan = async |after| {
        let page = rig.series.scan_intervals(Scan::All, Timestamp::MAX, after).await;
        page.expect("read")
    };
    let all = scan(None).await;
    let keys: Vec<_> = all.iter().map(|(id, row)| (id.as_str(), row.start.millis())).collect();
    assert_eq!(keys, [("r", 500), ("s", 1_000), ("s", 2_000)]);
    assert_eq!(scan(Some((&all[1].0, all[1].1.start))).await, [(service("s"), open)]);
    assert_eq!(scan(Some((&all[2].0, all[2].1.start))).await, []);
}
