//! What was set aside is there once, newest first, and can be filtered.

use correlate::model::Timestamp;
use store::series::{SetAside, SetAsideFilter, SetAsideKind};

use super::rig::Rig;

/// 2100-01-01T00:00:00Z: rows from before are gone after 30 days.
const START: Timestamp = Timestamp(4_102_444_800_000);

fn row(offset: u64, kind: SetAsideKind, count: u64) -> SetAside {
    SetAside {
        topic: String::from("t"),
        partition: 2,
        offset,
        kind,
        at: START.plus_millis(i64::try_from(offset).expect("small")),
        key: "é".repeat(1_000),
        reason: format!("reason {offset}"),
        size_bytes: 77,
        count,
    }
}

#[tokio::test]
async fn rows_are_written_once_and_read_newest_first() {
    let rig = Rig::start().await;
    let (poison, late) = (SetAsideKind::Undecodable, SetAsideKind::TooLate);
    let first = [row(1, poison, 1), row(2, poison, 1), row(2, late, 3)];
    for _ in 0..2 {
        rig.series.write_set_aside(&first, 5).await.expect("written");
    }
    rig.series.write_set_aside(&[row(2, late, 9)], 6).await.expect("written");
    let all = SetAsideFilter::default();
    let page = rig.series.set_aside(&all, 0, 2).await.expect("read");
    let brief: Vec<_> = page.rows.iter().map(|row| (row.offset, row.kind, row.count)).collect();
    assert_eq!((brief, page.total), (vec![(2, poison, 1), (2, late, 9)], 3));
    assert!(page.rows[0].key.chars().count() < 300);
    let page = rig.series.set_aside(&all, 2, 2).await.expect("read");
    assert_eq!(page.rows.iter().map(|row| row.offset).collect::<Vec<_>>(), [1]);

    let only = SetAsideFilter { topic: Some(String::from("t")), kind: Some(late) };
    assert_eq!(rig.series.set_aside(&only, 0, 10).await.expect("read").total, 1);
    let other = SetAsideFilter { topic: Some(String::from("u")), kind: None };
    assert_eq!(rig.series.set_aside(&other, 0, 10).await.expect("read").rows, []);
    assert!(rig.series.set_aside(&all, 0, 0).await.is_err());

    let since = async |at| rig.series.set_aside_since(at).await.expect("read");
    assert_eq!(since(START.plus_millis(2)).await, Some((10, START.plus_millis(2))));
    assert_eq!(since(START.plus_millis(3)).await, None);
}
