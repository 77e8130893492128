//! An alarm lasts from the first answer that cannot be right to the first good
//! one, in the records and in the metrics.

use correlate::model::Timestamp;
use ingest::source::{Fault, Health, SourceState};
use metrics_exporter_prometheus::PrometheusBuilder;

use super::super::*;
use super::fake::{Rig, failed, outcome, report};
use super::records::{status_at, told};
use crate::testing::{Away, TestLog};

#[tokio::test]
async fn an_alarm_is_one_however_often_it_is_said_and_whether_the_nms_is_left_alone() {
    let (feed, say) = told();
    let rig = Rig::start(vec![feed], Arc::new(TestLog::new(Away::Here))).await;
    // More of them than alarms are kept.
    for n in 1..=60 {
        let mut bad = failed(SourceState::Suspect, Fault::NotJson, n * 10);
        bad.health.left_alone_until = (n % 2 == 0).then_some(Timestamp(n * 10 + 5));
        say.send(bad).expect("polls go on");
        let status = status_at(&rig, n * 10).await;
        let alarms = &status.detail.alarms;
        assert_eq!((alarms.len(), alarms[0].since, alarms[0].until), (1, Timestamp(10), None));
        let left_alone = status.detail.left_alone_until.is_some();
        assert_eq!(left_alone, n % 2 == 0, "{n}");
    }
    say.send(outcome(vec![report("1", 5)])).expect("polls go on");
    let alarms = status_at(&rig, 1_000).await.detail.alarms;
    assert_eq!((alarms.len(), alarms[0].until), (1, Some(Timestamp(1_000))));
    rig.stop().await.expect("stops well");
}

#[test]
fn the_gauges_follow_every_reading_and_not_only_those_of_everything() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let check = |health: &Health, alarm: u8, state: u8| {
        metrics::with_local_recorder(&recorder, || metric::read("ams1", "changes", health));
        let shown = handle.render();
        for line in [
            format!("padwacht_source_alarm{{nms=\"ams1\",kind=\"not_json\"}} {alarm}"),
            format!("padwacht_source_state{{nms=\"ams1\"}} {state}"),
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
        }
    };
    check(&failed(SourceState::Suspect, Fault::NotJson, 10).health, 1, 1);
    check(&failed(SourceState::Down, Fault::Unreachable, 20).health, 0, 2);
    check(&outcome(Vec::new()).health, 0, 0);
}
