//! The clock of LibreNMS goes back an hour: the local times of its rows and of
//! its log come twice.

use correlate::model::Timestamp;
use ingest::simulator::FailureKind;
use jiff::tz::{Offset, TimeZone};

use super::scene::{Scene, Setting, line};
use crate::network::wall;

/// Clocks change at a quarter of an hour.
const QUARTER_MS: i64 = 15 * 60_000;

/// The second of the scene at which the clock goes back.
const FOLD_S: i64 = 120;

/// A zone whose summer time ends at `fold`, from UTC+2 to UTC+1, in the notation
/// of POSIX: no zone that people use does so just when a test runs.
fn zone_that_falls_back_at(fold: Timestamp) -> String {
    let instant = jiff::Timestamp::from_millisecond(fold.millis()).expect("an instant");
    let local = instant.to_zoned(TimeZone::fixed(Offset::constant(2)));
    // 29 February has no number of its own; no test runs on it and the hour after.
    let day = local.date().day_of_year_no_leap().unwrap_or(60);
    let begins = if day > 100 { 1 } else { 300 };
    format!("WIN-1SUM-2,J{begins}/0,J{day}/{}", local.strftime("%H:%M:%S"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hour_that_comes_twice_moves_no_edge_and_hides_none() {
    let line = line(0, 2);
    let latest = wall().millis() - 12 * 60_000;
    let fold = Timestamp(latest.div_euclid(QUARTER_MS) * QUARTER_MS);
    let start = fold.plus_millis(-FOLD_S * 1_000);
    let zone = zone_that_falls_back_at(fold);
    let scene = Scene::begin_at(start, Setting::default(), zone, &[&line]).await;
    // Before it, across it, and in the second of the two hours.
    for (broken, mended) in [(43, 63), (103, 143), (183, 203)] {
        scene.pass_until(broken).await;
        let failure = scene.break_down(&line.cpe, FailureKind::Power);
        for second in broken + 1..=mended {
            if second % 10 == 3 {
                scene.pass_until(second).await;
            }
        }
        scene.mend(failure);
        scene.pass_until(mended + 20).await;
    }
    scene.pass_until(240).await;
    let course = [
        ("up", 20..=20),
        ("down", 43..=60),
        ("unknown?", 63..=80),
        ("up", 63..=90),
        ("down", 103..=120),
        ("unknown?", 143..=160),
        ("up", 143..=170),
        ("down", 183..=200),
        ("unknown?", 203..=220),
        ("up", 203..=230),
    ];
    scene.follows(&line.service, &course).await;
    let edges = scene.check_edges(&[]).await;
    assert!(edges >= 6, "{edges}");
    let source = scene.pipeline.api.get("/api/v1/sources/librenms").await;
    assert_eq!(source["state"], "ok", "{source:#}");
    assert!(source["learned"].to_string().contains("+01"), "winter time is found: {source:#}");
}
