//! Ids that do not last: a device that was deleted and added again is another
//! component, and links come back under new ids.

use ingest::simulator::{FailureKind, Fault, FaultKind};
use reqwest::Method;
use serde_json::{Value, json};

use super::scene::{Line, Scene, Setting, line};

/// The links that the product knows of a device.
async fn links(scene: &Scene, device: &str) -> Vec<Value> {
    let path = format!("/api/v1/sources/librenms/links?device={device}");
    let list = scene.pipeline.api.get(&path).await;
    list["links"].as_array().expect("a list").clone()
}

fn native(component: &str) -> &str {
    component.rsplit('/').next().expect("the id in LibreNMS")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_was_added_again_is_another_and_its_service_unknown_until_it_is_edited() {
    let (moved, stays) = (line(0, 3), line(0, 4));
    let mut scene = Scene::begin(Setting::default(), &[&moved, &stays]).await;
    let simulator = scene.pipeline.nms.simulator.clone();
    let links_before = links(&scene, native(&stays.cpe)).await;
    assert_eq!(links_before.len(), 2, "each end sees the other");

    scene.pass_until(23).await;
    assert!(simulator.delete_device(moved.device), "it was there");
    let cut = scene.break_down(&stays.cpe, FailureKind::Power);
    let ends = [stays.device, stays.far];
    ends.iter().for_each(|end| assert!(simulator.discover_now(*end)));
    scene.pass_until(40).await;
    let device = simulator.add_device_again(moved.device).expect("it was deleted");
    scene.mend(cut);
    scene.pass_until(80).await;
    let moved_ends = [moved.device, moved.far];
    let all_ends = ends.iter().chain(&moved_ends);
    all_ends.for_each(|end| assert!(simulator.discover_now(*end)));

    // A new process reads the inventory at once; the restart changes nothing else.
    scene.pipeline.restart("all").await;
    scene.pass_until(100).await;
    let course = [("up", 20..=20), ("unknown", 23..=40)];
    scene.follows(&moved.service, &course).await;
    let new_device = format!("librenms/device/{device}");
    let port = simulator.port_id(moved.port_index).expect("it is there again");
    let port = format!("librenms/port/{port}");

    // The operator names the new ids, from when the device was there again.
    let versions = json!([
        {"from": null, "to": scene.at(60).millis(), "path": {"all": [moved.cpe, moved.port]}},
        {"from": scene.at(60).millis(), "to": null, "path": {"all": [new_device, port]}},
    ]);
    let path = format!("/api/v1/services/{}", moved.service);
    scene.pipeline.api.send(Method::PUT, &path, &json!({ "versions": versions })).await;
    let course = [("up", 20..=20), ("unknown", 23..=40), ("up", 60..=80)];
    scene.follows(&moved.service, &course).await;
    let course = [("up", 20..=20), ("down", 23..=40), ("unknown?", 40..=80), ("up", 40..=80)];
    scene.follows(&stays.service, &course).await;
    scene.check_edges(&[moved.device]).await;

    let known = |links: &[Value]| -> Vec<Value> {
        links.iter().map(|link| json!([link["port"], link["neighbour_port"]])).collect()
    };
    let path = format!("/api/v1/sources/librenms/links?device={device}");
    scene.pipeline.api.until(&path, |list| list["total"] == 2).await;
    let after = links(&scene, native(&stays.cpe)).await;
    assert_eq!(known(&after), known(&links_before), "a link is known by its ends");
    assert_eq!(links(&scene, native(&moved.cpe)).await.len(), 2, "what was keeps its names");

    empty_lists_that_may_be_empty_are_no_fault(&scene, &stays).await;
}

/// 404 stands for "none" where none is possible.
async fn empty_lists_that_may_be_empty_are_no_fault(scene: &Scene, line: &Line) {
    for path in ["/ports/search", "/resources/links"] {
        let fault = Fault { path: path.to_owned(), ..Fault::new(FaultKind::EmptyOk) };
        scene.pipeline.nms.simulator.stage(fault).expect("a good fault");
    }
    let before = scene.course(&line.service).await;
    scene.pass(20).await;
    assert_eq!(scene.course(&line.service).await, before);
    let source = scene.pipeline.api.get("/api/v1/sources/librenms").await;
    assert_eq!(source["state"], "ok", "{source:#}");
}
