//! What LibreNMS cannot look at stands still in its tables: pollers that do
//! nothing, and the ports of a device that is dead or does not answer to SNMP.

use ingest::simulator::{FailureKind, FaultKind, Release, Standing};

use super::scene::{Scene, Setting, check_told, line, plain, words};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poller_group_that_stalls_makes_unknown_and_neither_up_nor_down() {
    let (seen, blind, dead) = (line(0, 0), line(1, 0), line(1, 1));
    let setting = Setting { minutes_ago: 40, ..Setting::default() };
    let scene = Scene::begin(setting, &[&seen, &blind, &dead]).await;
    let stalled = scene.stage(FaultKind::StalledPollers { group: 1 });
    scene.pass_until(600).await;
    let seen_failure = scene.break_down(&seen.cpe, FailureKind::Power);
    let dead_failure = scene.break_down(&dead.cpe, FailureKind::Power);
    scene.pass_until(660).await;
    scene.mend(seen_failure);
    scene.pass_until(680).await;
    // Nobody has looked for too long now.
    scene.pass_until(1_000).await;
    let pipeline = &scene.pipeline;
    pipeline.api.until("/api/v1/sources", |all| all["sources"][0]["state"] == "suspect").await;
    check_told(pipeline, "stalled").await;
    for language in ["en", "nl"] {
        let page = plain(&pipeline.api.page_in(language, "/").await);
        let meaning = words(language, "notice-source-suspect-meaning");
        assert!(page.contains(&meaning) && page.contains("/sources/librenms"), "{page}");
    }
    scene.pass_until(1_200).await;
    scene.end(stalled);
    scene.pass_until(1_220).await;
    scene.pass_until(1_260).await;
    scene.mend(dead_failure);
    scene.pass_until(1_280).await;
    pipeline.api.until("/api/v1/sources", |all| all["sources"][0]["state"] == "ok").await;

    // After the power came back the port is not known before its next poll.
    let seen_course =
        [("up", 20..=20), ("down", 600..=610), ("unknown?", 660..=670), ("up", 660..=680)];
    scene.follows(&seen.service, &seen_course).await;
    let blind_course = [("up", 20..=20), ("unknown", 905..=920), ("up", 1_200..=1_220)];
    scene.follows(&blind.service, &blind_course).await;
    let dead_course = [
        ("up", 20..=20),
        ("unknown", 905..=920),
        ("down", 1_200..=1_220),
        ("unknown?", 1_260..=1_270),
        ("up", 1_260..=1_280),
    ];
    scene.follows(&dead.service, &dead_course).await;
    let edges = scene.check_edges(&[]).await;
    assert!(edges >= 4, "{edges}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_rows_are_no_evidence_before_and_after_an_upgrade() {
    let line = line(0, 1);
    let setting = Setting {
        minutes_ago: 35,
        release: Release::Strings,
        time_zone: "America/St_Johns",
        ..Setting::default()
    };
    let scene = Scene::begin(setting, &[&line]).await;
    scene.pass_until(23).await;
    let dark = scene.break_down(&line.cpe, FailureKind::Power);
    scene.pass_until(40).await;
    scene.pass_until(63).await;
    scene.mend(dark);
    scene.pass_until(80).await;

    // Integers are numbers from here on, and a device that is dead fails both checks.
    scene.pipeline.nms.simulator.set_release(Release::V26_7);
    scene.pass_until(103).await;
    let unmanaged = scene.break_down(&line.cpe, FailureKind::ManagementLost);
    scene.pass_until(120).await;
    scene.pass_until(143).await;
    let dark = scene.break_down(&line.cpe, FailureKind::Power);
    scene.pass_until(160).await;
    // Longer than anything is believed: its last poll is old, its pings are not.
    scene.pass_until(800).await;
    // What a ping found counts once it has settled, and here the next one comes sooner.
    let pauses = [0, 1].map(|group| scene.stage(FaultKind::StalledPollers { group }));
    scene.pass_until(820).await;
    pauses.into_iter().for_each(|pause| scene.end(pause));
    scene.pass_until(1_403).await;
    scene.mend(dark);
    scene.pass_until(1_420).await;
    scene.pass_until(1_423).await;
    scene.mend(unmanaged);
    scene.pass_until(1_440).await;

    let course = [
        ("up", 20..=20),
        ("down", 23..=40),
        ("unknown?", 63..=80),
        ("up", 63..=80),
        // The device is up by policy, but nobody reads its port.
        ("unknown", 103..=120),
        ("down", 143..=160),
        ("unknown", 1_403..=1_420),
        ("up", 1_423..=1_440),
    ];
    scene.follows(&line.service, &course).await;
    let edges = scene.check_edges(&[]).await;
    assert!(edges >= 4, "{edges}");
    check_set_aside(&scene).await;
    let source = scene.pipeline.api.get("/api/v1/sources/librenms").await;
    assert_eq!(source["state"], "ok", "{source:#}");
    let learned = source["learned"].to_string();
    assert!(learned.contains("America/St_Johns"), "the zone is found out: {learned}");
}

/// Devices that LibreNMS was told to treat otherwise are what the policy says.
async fn check_set_aside(scene: &Scene) {
    // While what was found of them at the start is still believed.
    let sql = format!(
        "SELECT component, argMax(state, at) FROM v_component_transitions
         WHERE toUnixTimestamp64Milli(at) < {} GROUP BY component",
        scene.at(100),
    );
    let rows = scene.pipeline.clickhouse.ask(&sql).await.expect("it answers");
    let devices = scene.pipeline.nms.simulator.world().devices().iter().zip(1..);
    for (device, id) in devices {
        let component = format!("librenms/device/{id}");
        let row = rows.lines().find_map(|row| row.strip_prefix(&component)?.strip_prefix('\t'));
        let expected: &[Option<&str>] = match device.standing {
            Standing::Normal | Standing::PingOnly => &[Some("up")],
            Standing::Ignored => &[Some("down")],
            Standing::Disabled | Standing::NeverPolled => &[Some("unknown"), None],
        };
        assert!(expected.contains(&row), "{component}, {:?}: {row:?}", device.standing);
    }
}
