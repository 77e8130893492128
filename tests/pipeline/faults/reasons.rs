//! What an operator is told where nobody can say: why each component is
//! unknown, and which services name what LibreNMS does not watch any more.

use std::collections::BTreeMap;

use ingest::simulator::{FailureKind, FaultKind, Standing};
use serde_json::Value;

use super::scene::{Line, Scene, Setting, check_told, line, plain, words};
use crate::pipeline::POLL_INTERVAL;
use crate::wait;

/// The value and the reason of every component beneath a node.
fn components(node: &Value, found: &mut BTreeMap<String, (String, String)>) {
    if let Some(id) = node["component"]["id"].as_str() {
        let text = |key: &str| node[key].as_str().unwrap_or_default().to_owned();
        found.insert(id.to_owned(), (text("value"), text("reason")));
    }
    let children = node["children"].as_array().into_iter().flatten();
    children.for_each(|child| components(child, found));
}

impl Line {
    /// Waits until the API explains its device and its port like this, and the page
    /// in both languages.
    async fn is_explained(&self, scene: &Scene, second: i64, cpe: [&str; 2], port: [&str; 2]) {
        let own = |[value, reason]: [&str; 2]| (value.to_owned(), reason.to_owned());
        let expected =
            BTreeMap::from([(self.cpe.clone(), own(cpe)), (self.port.clone(), own(port))]);
        let at = scene.at(second);
        let path = format!("/api/v1/services/{}/explain?at={at}", self.service);
        let mut found = BTreeMap::new();
        let deadline = tokio::time::Instant::now() + wait::PATIENCE;
        while found != expected {
            assert!(
                tokio::time::Instant::now() < deadline,
                "{} is explained by {found:?}, and should be by {expected:?}",
                self.service
            );
            let why = scene.pipeline.api.get(&path).await;
            found.clear();
            components(&why["root"], &mut found);
        }
        for language in ["en", "nl"] {
            let path = format!("/services/{}/why?at={at}", self.service);
            let page = plain(&scene.pipeline.api.page_in(language, &path).await);
            for [_, reason] in [cpe, port] {
                if !reason.is_empty() {
                    let words = words(language, &format!("because-{}", reason.replace('_', "-")));
                    assert!(page.contains(&words), "{language}: {words:?} is not in {page}");
                }
            }
        }
    }
}

/// The reasons in the BI view with which a component turned unknown.
async fn reasons(scene: &Scene, component: &str) -> String {
    let sql = format!(
        "SELECT reason FROM v_component_evidence WHERE component = '{component}'
         AND state = 'unknown' ORDER BY at"
    );
    scene.pipeline.clickhouse.ask(&sql).await.expect("it answers")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_nobody_can_say_is_told_on_pages_in_the_api_and_to_bi() {
    let (dark, off, lost, moved) = (line(0, 0), line(0, 1), line(0, 2), line(0, 3));
    let mut scene = Scene::begin(Setting::default(), &[&dark, &off, &lost, &moved]).await;
    let simulator = scene.pipeline.nms.simulator.clone();
    scene.pass_until(23).await;
    let failures = [
        scene.break_down(&dark.cpe, FailureKind::Power),
        scene.break_down(&lost.cpe, FailureKind::ManagementLost),
    ];
    assert!(simulator.set_standing(off.device, Standing::Disabled));
    assert!(simulator.delete_device(moved.device));
    scene.pass_until(40).await;
    scene.pass_until(60).await;

    dark.is_explained(&scene, 59, ["down", ""], ["unknown", "device_down"]).await;
    off.is_explained(&scene, 59, ["unknown", "disabled"], ["unknown", "disabled"]).await;
    lost.is_explained(&scene, 59, ["up", ""], ["unknown", "management_lost"]).await;
    moved.is_explained(&scene, 59, ["unknown", "gone"], ["unknown", "gone"]).await;
    assert_eq!(reasons(&scene, &off.cpe).await, "disabled\n");
    assert_eq!(reasons(&scene, &dark.port).await, "device_down\n");
    let course = [("up", 20..=20), ("unknown", 23..=40)];
    scene.follows(&off.service, &course).await;
    scene.follows(&lost.service, &course).await;
    scene.follows(&moved.service, &course).await;
    scene.follows(&dark.service, &[("up", 20..=20), ("down", 23..=40)]).await;

    // It is added again; a new process reads the inventory at once.
    let device = simulator.add_device_again(moved.device).expect("it was deleted");
    let port = simulator.port_id(moved.port_index).expect("it is there again");
    failures.into_iter().for_each(|failure| scene.mend(failure));
    scene.pass_until(80).await;
    scene.pipeline.restart("all").await;
    scene.pass_until(100).await;
    let unwatched = |source: &Value, component: &str| -> Option<Value> {
        let all = source["unwatched"].as_array()?;
        all.iter().find(|one| one["component"] == component).cloned()
    };
    scene
        .pipeline
        .api
        .until("/api/v1/sources/librenms", |source| {
            unwatched(source, &moved.port).is_some_and(|port| port["replaced_by"].is_string())
        })
        .await;
    let source = scene.pipeline.api.get("/api/v1/sources/librenms").await;
    for (component, why, replaced_by, service) in [
        (&moved.cpe, "gone", Some(format!("librenms/device/{device}")), &moved.service),
        (&moved.port, "gone", Some(format!("librenms/port/{port}")), &moved.service),
        (&off.cpe, "disabled", None, &off.service),
        (&off.port, "disabled", None, &off.service),
    ] {
        let found = unwatched(&source, component).unwrap_or_else(|| panic!("{source:#}"));
        assert_eq!(found["why"], why, "{found:#}");
        assert_eq!(found["replaced_by"].as_str(), replaced_by.as_deref(), "{found:#}");
        let services = found["services"].as_array().expect("a list");
        assert!(services.contains(&service.as_str().into()), "{found:#}");
    }
    assert_eq!(unwatched(&source, &dark.cpe), None);
    for language in ["en", "nl"] {
        let page = plain(&scene.pipeline.api.page_in(language, "/sources/librenms").await);
        for key in ["unwatched-replaced", "unwatched-disabled"] {
            let words = words(language, key);
            assert!(page.contains(&words), "{language}: {words:?} is not in {page}");
        }
    }

    // What is switched on again is known again from its next poll on.
    assert!(simulator.set_standing(off.device, Standing::Normal));
    scene.pass_until(120).await;
    scene.pass_until(140).await;
    let course = [("up", 20..=20), ("unknown", 23..=40), ("up", 100..=120)];
    scene.follows(&off.service, &course).await;
    scene.check_edges(&[moved.device]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_of_all_devices_in_place_of_one_is_an_alarm_and_no_evidence() {
    let line = line(0, 1);
    let mut scene = Scene::begin(Setting::default(), &[&line]).await;
    scene.pass_until(23).await;
    scene.break_down(&line.cpe, FailureKind::Power);
    scene.pass_until(40).await;
    // A new process asks LibreNMS for the outages of what is down, and for the lines
    // that explain them; those of everybody come.
    scene.stage(FaultKind::DroppedFilter);
    // Another good reading of everything would end the alarm.
    scene.pipeline.edit_config(|text| {
        assert!(text.contains(POLL_INTERVAL), "{text}");
        text.replace(POLL_INTERVAL, "poll_interval = \"1h\"")
    });
    scene.pipeline.restart("all").await;
    scene.pipeline.nms.advance(20_000);
    let pipeline = &scene.pipeline;
    // Other questions are asked beside, and their answers may be good.
    wait::until_true("the alarm is told", async || {
        let source = pipeline.api.get("/api/v1/sources/librenms").await;
        let mut is_told = source["state"] == "suspect" && source["alarm_since"].is_string();
        for language in ["en", "nl"] {
            let page = plain(&pipeline.api.page_in(language, "/").await);
            is_told &= page.contains(&words(language, "notice-alarm-meaning"));
        }
        is_told
    })
    .await;
    check_told(pipeline, "foreign_rows").await;
    scene.follows(&line.service, &[("up", 20..=20), ("down", 23..=40)]).await;
    scene.check_edges(&[]).await;
}
