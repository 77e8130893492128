//! LibreNMS's records of what happened are wrong: outages and lines of the
//! event log that were never written or never closed (its issues 20251 and
//! 20310). Its rows are right, so the source is in order; what an operator is
//! told is how exactly each edge is known.

use ingest::simulator::{FailureKind, FaultKind};

use super::scene::{Line, Scene, Setting, line, plain, words};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outages_that_were_never_written_or_closed_mislead_nobody() {
    let line = line(0, 2);
    let setting = Setting { minutes_ago: 12, ..Setting::default() };
    let mut scene = Scene::begin(setting, &[&line]).await;
    let discover = |scene: &Scene| {
        assert!(scene.pipeline.nms.simulator.discover_now(line.device), "it is polled");
    };
    scene.stage(FaultKind::Bug267);
    // Discovery saves that it is down, and again that it is up: no row, no line.
    scene.pass_until(23).await;
    let unwritten = scene.break_down(&line.cpe, FailureKind::Power);
    discover(&scene);
    scene.pass_until(60).await;
    scene.mend(unwritten);
    discover(&scene);
    scene.pass_until(80).await;
    // A ping opens the outage, and discovery saves that it is over: the row stays open.
    let unclosed = scene.break_down(&line.cpe, FailureKind::Power);
    scene.pass_until(120).await;
    scene.mend(unclosed);
    discover(&scene);
    scene.pass_until(160).await;
    // Down again, of which the same open row is all that LibreNMS's list of outages
    // says; and that list is all that a new process can ask about the past.
    let again = scene.break_down(&line.cpe, FailureKind::Power);
    scene.pass_until(180).await;
    scene.pipeline.restart("all").await;
    scene.pass_until(200).await;
    scene.mend(again);
    scene.pass_until(240).await;

    // Fast ping clears a failure of SNMP every minute.
    let flips = scene.stage(FaultKind::Bug20310);
    let unmanaged = scene.break_down(&line.cpe, FailureKind::ManagementLost);
    for second in [260, 280, 300, 320] {
        scene.pass_until(second).await;
    }
    scene.mend(unmanaged);
    scene.end(flips);
    scene.pass_until(360).await;

    let course = [
        ("up", 20..=20),
        ("down", 23..=60),
        ("unknown?", 60..=80),
        ("up", 60..=80),
        ("down", 80..=90),
        ("unknown?", 120..=160),
        ("up", 120..=160),
        ("down", 160..=180),
        // Nothing happens to the line itself from here on.
        ("unknown?", 200..=240),
        ("up", 200..=240),
    ];
    scene.follows(&line.service, &course).await;
    let edges = scene.check_edges(&[]).await;
    assert!(edges >= 6, "{edges}");
    check_explained(&scene, &line).await;
    let source = scene.pipeline.api.get("/api/v1/sources/librenms").await;
    assert_eq!(source["state"], "ok", "{source:#}");
}

/// Why the service is down says how that was known and how exactly, in both languages.
async fn check_explained(scene: &Scene, line: &Line) {
    let course = scene.course(&line.service).await;
    let (_, began) = course.iter().find(|(state, _)| state == "down").expect("it was down");
    let at = scene.at(began.ceil() as i64);
    let path = format!("/services/{}/why?at={at}", line.service);
    for language in ["en", "nl"] {
        let page = plain(&scene.pipeline.api.page_in(language, &path).await);
        let between = words(language, "known-between");
        let between = between.split('{').next().expect("it has a beginning").trim();
        for expected in [&words(language, "known-poll"), between] {
            assert!(page.contains(expected), "{language}: {expected:?} is not in {page}");
        }
    }
}
