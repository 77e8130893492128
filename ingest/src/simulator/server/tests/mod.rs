//! Black-box tests of both APIs over the router.

mod checklist;
mod controls;

use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::simulator::random::Random;
use crate::simulator::{FailureKind, Topology, WorldOptions};

/// 2026-08-20 10:15:00 UTC.
const START: Timestamp = Timestamp(1_787_220_900_000);
const HOUR_MS: i64 = 3_600_000;
const MAX_BODY_BYTES: usize = 100_000_000;

struct Bench {
    simulator: Simulator,
    wall: Arc<AtomicI64>,
}

struct Answer {
    status: StatusCode,
    content_type: String,
    text: String,
}

impl Answer {
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("a JSON body")
    }

    #[track_caller]
    fn rows(&self, key: &str) -> Vec<Value> {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        let body = self.json();
        assert_eq!(body["status"], "ok");
        body[key].as_array().cloned().expect("a list of rows")
    }
}

impl Bench {
    fn new(services: usize) -> Bench {
        Bench::with(services, |_| {})
    }

    fn with(services: usize, change: impl FnOnce(&mut SimOptions)) -> Bench {
        let options = WorldOptions { services, ..WorldOptions::default() };
        let world = World::generate(&Topology::surfnet(), &options).expect("valid");
        let wall = Arc::new(AtomicI64::new(0));
        let clock = Arc::clone(&wall);
        let mut options = SimOptions {
            since: START.plus_millis(-HOUR_MS),
            control_token: Some(String::from("control")),
            ..SimOptions::new(START, "token")
        };
        change(&mut options);
        let simulator = Simulator::new(
            Arc::new(world),
            Vec::new(),
            options,
            Arc::new(move || Timestamp(clock.load(Ordering::SeqCst))),
        );
        Bench { simulator: simulator.expect("valid"), wall }
    }

    fn pass(&self, millis: i64) {
        self.wall.fetch_add(millis, Ordering::SeqCst);
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        let answer = self.simulator.router().oneshot(request).await.expect("never fails");
        let content_type = answer.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.map(|value| value.to_str().expect("text").to_owned());
        let status = answer.status();
        let body = to_bytes(answer.into_body(), MAX_BODY_BYTES).await.expect("a body");
        Answer {
            status,
            content_type: content_type.unwrap_or_default(),
            text: String::from_utf8(body.to_vec()).expect("UTF-8"),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        let request = Request::get(format!("/api/v0{path}")).header("X-Auth-Token", "token");
        self.ask(request.body(Body::empty()).expect("a request")).await
    }

    async fn control(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("/control{path}"))
            .header("X-Control-Token", "control")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()));
        self.ask(request.expect("a request")).await
    }

    async fn stage(&self, fault: Value) {
        let answer = self.control(Method::POST, "/faults", fault).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }
}

#[tokio::test]
async fn without_the_token_everything_is_401() {
    let bench = Bench::new(5);
    for path in ["/api/v0/devices", "/api/v0/nonsense", "/api/v0/ping?api_token=wrong"] {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let answer = bench.ask(request).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.json(), json!({"message": "Unauthenticated."}));
    }
    for (name, value) in [("Authorization", "Bearer token"), ("X-Auth-Token", "token")] {
        let request = Request::get("/api/v0/ping").header(name, value);
        let answer = bench.ask(request.body(Body::empty()).expect("a request")).await;
        assert_eq!(answer.json(), json!({"message": "pong"}));
    }
    let request = Request::get("/control/now").body(Body::empty()).expect("a request");
    assert_eq!(bench.ask(request).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_list_is_raw_and_the_single_device_is_a_model() {
    let bench = Bench::new(30);
    let rows = bench.get("/devices").await.rows("devices");
    assert_eq!(rows.len(), bench.simulator.world().devices().len());
    let names: Vec<&str> = rows.iter().filter_map(|row| row["hostname"].as_str()).collect();
    assert!(names.is_sorted());
    let raw = rows.iter().find(|row| row["device_id"] == 1).expect("device 1");
    assert_eq!(raw["status"], 1);
    assert_eq!(raw["authpass"], "SECRET-authpass");
    assert!(raw["lat"].is_string());
    let body = bench.get("/devices/1").await;
    assert_eq!(body.json()["count"], 1);
    let model = &body.rows("devices")[0];
    assert_eq!(model["status"], true);
    assert!(model["location"]["lat"].is_number());
    // Local summer time in the list, UTC in the model.
    let local = raw["last_ping"].as_str().expect("text");
    let utc = model["last_ping"].as_str().expect("text");
    assert!(local.starts_with("2026-08-20 12:1"), "{local}");
    assert!(utc.starts_with("2026-08-20T10:1") && utc.ends_with(".000000Z"), "{utc}");
}

#[tokio::test]
async fn older_releases_look_older() {
    let bench = Bench::new(5);
    let show = |release: &'static str| {
        bench.control(Method::POST, "/release", json!({ "release": release }))
    };
    show("strings").await;
    let row = bench.get("/devices").await.rows("devices").remove(0);
    assert!(row["device_id"].is_string() && row["status"].is_string());
    show("25.5").await;
    let row = bench.get("/devices/1").await.rows("devices").remove(0);
    assert_eq!((&row["status"], &row["disabled"]), (&json!(true), &json!(0)));
    assert!(row["location"].is_string() && row["display"].is_null());
    show("26.4").await;
    let row = bench.get("/devices/1").await.rows("devices").remove(0);
    assert!(row.get("location").is_none());
    assert_eq!(show("9").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn empty_and_unknown_answer_as_librenms_does() {
    let bench = Bench::new(30);
    let message = |answer: &Answer| answer.json()["message"].as_str().map(str::to_owned);
    let check = async |path: &str, status: StatusCode, text: &str| {
        let answer = bench.get(path).await;
        assert_eq!((answer.status, message(&answer).as_deref()), (status, Some(text)), "{path}");
    };
    let not_found = StatusCode::NOT_FOUND;
    check("/devices/nobody", not_found, "Device nobody does not exist").await;
    check("/devices/nobody/ports", not_found, "No ports found").await;
    check("/ports/search/ifAlias/zzzz", not_found, "No ports found").await;
    check("/nonsense", not_found, "This API route doesn't exist.").await;
    check("/ports?columns=port_id,foo,bar", StatusCode::BAD_REQUEST, "Invalid columns: foo,bar")
        .await;
    check("/ports?columns=port_id,%20ifName", StatusCode::INTERNAL_SERVER_ERROR, "Server Error")
        .await;
    assert!(bench.get("/devices/nobody/outages").await.rows("outages").is_empty());
    assert!(bench.get("/ports/1").await.rows("port").is_empty());
    assert!(bench.get("/devices?order=nonsense").await.rows("devices").is_empty());
    // The filter is dropped silently.
    let all = bench.get("/resources/links").await.rows("links");
    assert_eq!(bench.get("/devices/nobody/links").await.rows("links"), all);
    assert_ne!(bench.get("/devices/1/links").await.rows("links"), all);
}

#[tokio::test]
async fn a_list_of_many_pieces_is_whole_and_has_the_columns_asked_for() {
    let bench = Bench::new(400);
    let path = "/ports?columns=port_id,device_id,ifName,ifOperStatus,poll_time";
    let rows = bench.get(path).await.rows("ports");
    let hidden = 2;
    assert_eq!(rows.len(), bench.simulator.world().ports().len() - hidden);
    assert_eq!(rows[0].as_object().map(serde_json::Map::len), Some(5));
    assert!(bench.get("/ports").await.json().get("count").is_none());
    let devices = bench.get("/devices").await.json();
    assert_eq!(devices["count"], devices["devices"].as_array().map(Vec::len).expect("rows"));
    let down = bench.get("/ports/search/ifOperStatus/down?columns=ifOperStatus").await;
    let kinds = down.rows("ports");
    assert!(kinds.iter().any(|row| row["ifOperStatus"] == "lowerLayerDown"));
    assert!(kinds.iter().all(|row| row["ifOperStatus"] != "up"));
}

#[tokio::test]
async fn every_standing_is_in_the_list() {
    let bench = Bench::new(5);
    let count =
        async |kind: &str| bench.get(&format!("/devices?type={kind}")).await.rows("devices").len();
    assert_eq!((count("ignored").await, count("disabled").await), (1, 1));
    let down = bench.get("/devices?type=down").await.rows("devices");
    assert_eq!(down.len(), 1);
    assert_eq!((&down[0]["status"], &down[0]["last_polled"]), (&json!(0), &Value::Null));
    assert_eq!(count("up").await + 3, count("all").await);
}

#[tokio::test]
async fn a_failure_shows_in_status_outages_and_event_log() {
    let bench = Bench::new(5);
    let order = json!({"component": "site:Zwolle", "kind": "power", "for_ms": HOUR_MS});
    let answer = bench.control(Method::POST, "/failures", order).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    bench.pass(300_000);
    let down = bench.get("/devices?type=down").await.rows("devices");
    let core = down.iter().find(|row| row["hostname"] == "cr1.zwolle.example.net");
    let core = core.expect("the core router of Zwolle is down");
    let path = format!("/devices/{}/outages", core["device_id"]);
    let outages = bench.get(&path).await.rows("outages");
    let start_s = START.millis() / 1000;
    assert!((start_s..=start_s + 300).contains(&outages[0]["going_down"].as_i64().expect("int")));
    assert_eq!(outages[0]["up_again"], Value::Null);
    let log = bench.get("/logs/eventlog?from=1&limit=1000").await.rows("logs");
    assert!(
        log.iter().any(|line| line["type"] == "down" && line["device_id"] == core["device_id"])
    );
    assert!(log.iter().any(|line| line["message"] == "ifOperStatus: up -> down"));
    let last = log.iter().filter_map(|line| line["event_id"].as_i64()).max().expect("ids");
    let rest = bench.get(&format!("/logs/eventlog?from={}", last + 1)).await;
    assert_eq!(rest.json(), json!({"status": "ok", "logs": [], "count": 0, "total": 0}));
    bench.pass(2 * HOUR_MS);
    assert!(bench.get(&path).await.rows("outages")[0]["up_again"].is_i64());
    let truth = bench.control(Method::GET, "/truth?format=csv", Value::Null).await;
    assert!(truth.text.starts_with("component,from,to,state\n"));
    assert!(truth.text.contains(&format!("{},{},down", START, START.plus_millis(HOUR_MS))));
}

#[tokio::test]
async fn every_fault_of_an_answer_can_be_staged() {
    let bench = Bench::new(400);
    let check = async |fault: Value, status: u16, content_type: &str, is_json: bool| {
        bench.stage(fault.clone()).await;
        let answer = bench.get("/devices").await;
        assert_eq!((answer.status.as_u16(), &*answer.content_type), (status, content_type));
        let parses = serde_json::from_str::<Value>(&answer.text).is_ok();
        assert_eq!(parses, is_json, "{fault}");
        bench.simulator.clear_faults();
        answer
    };
    let (json_type, html_type) = ("application/json", "text/html");
    check(json!({"fault": "unauthorized"}), 401, json_type, true).await;
    check(json!({"fault": "forbidden"}), 403, json_type, true).await;
    check(json!({"fault": "server_error"}), 500, json_type, true).await;
    check(json!({"fault": "unavailable"}), 503, json_type, true).await;
    check(json!({"fault": "gateway_timeout"}), 504, html_type, false).await;
    check(json!({"fault": "html_ok"}), 200, html_type, false).await;
    let fault = json!({"fault": "truncated", "after_bytes": 5000});
    assert_eq!(check(fault, 200, json_type, false).await.text.len(), 5000);
    let fault = json!({"fault": "slow", "pause_ms": 0});
    assert!(!check(fault, 200, json_type, true).await.rows("devices").is_empty());
    let empty = check(json!({"fault": "empty_ok"}), 200, json_type, true).await;
    assert_eq!(empty.json(), json!({"status": "ok", "devices": [], "count": 0}));
    let fault = json!({"fault": "shrink", "keep_percent": 10});
    let few = check(fault, 200, json_type, true).await.rows("devices").len();
    assert_eq!(few, bench.simulator.world().devices().len() / 10);
    bench.stage(json!({"fault": "empty_ok"})).await;
    assert_eq!(bench.get("/resources/links").await.status, StatusCode::NOT_FOUND);
    assert!(bench.get("/ports").await.rows("ports").is_empty());
}

#[tokio::test]
async fn a_fault_can_be_limited_to_a_path_a_number_and_a_time() {
    let bench = Bench::new(5);
    bench.stage(json!({"fault": "server_error", "path": "/ports", "requests": 2})).await;
    let status = async |path: &str| bench.get(path).await.status.as_u16();
    assert_eq!(status("/devices").await, 200);
    assert_eq!((status("/ports").await, status("/ports").await), (500, 500));
    assert_eq!(status("/ports").await, 200);
    bench.stage(json!({"fault": "unavailable", "for_ms": 1000})).await;
    assert_eq!(status("/ping").await, 503);
    bench.pass(1000);
    assert_eq!(status("/ping").await, 200);
    let refused = bench
        .control(Method::POST, "/faults", json!({"fault": "stalled_pollers", "group": 9}))
        .await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_short_body_is_cut_too() {
    let bench = Bench::new(5);
    bench.stage(json!({"fault": "truncated", "after_bytes": 1_000_000})).await;
    let answer = bench.get("/ping").await;
    assert!(serde_json::from_str::<Value>(&answer.text).is_err());
    assert!(!answer.text.is_empty());
}

#[tokio::test]
async fn time_is_controlled() {
    let bench = Bench::new(5);
    let now = async || {
        let body = bench.control(Method::GET, "/now", Value::Null).await.json();
        body["now_ms"].as_i64().expect("int") - START.millis()
    };
    bench.control(Method::POST, "/speed", json!({"speed": 60.0})).await;
    bench.pass(1000);
    assert_eq!(now().await, 60_000);
    bench.control(Method::POST, "/pause", Value::Null).await;
    bench.pass(1000);
    assert_eq!(now().await, 60_000);
    bench.control(Method::POST, "/resume", Value::Null).await;
    bench.control(Method::POST, "/jump", json!({"ms": HOUR_MS})).await;
    assert_eq!(now().await, 60_000 + HOUR_MS);
    let bad = bench.control(Method::POST, "/speed", json!({"speed": -1.0})).await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_servers_clock_can_be_wrong_and_what_it_wrote_before_stays() {
    let bench = Bench::new(5);
    bench.pass(HOUR_MS);
    let polled = async || {
        let row = bench.get("/devices/1").await.rows("devices").remove(0);
        let text = row["last_polled"].as_str().expect("polled").to_owned();
        text.parse::<jiff::Timestamp>().expect("a time").as_millisecond()
    };
    let before = polled().await;
    bench.control(Method::POST, "/clock", json!({"ahead_ms": 90_000})).await;
    assert_eq!(polled().await, before);
    bench.pass(600_000);
    assert_eq!(polled().await, before + 600_000 + 90_000);
}

#[tokio::test]
async fn requests_are_counted_at_the_server() {
    let bench = Bench::new(5);
    for path in ["/devices/1", "/devices/2", "/ping"] {
        bench.get(path).await;
    }
    let counts = bench.control(Method::GET, "/requests", Value::Null).await.json();
    assert_eq!((&counts["total"], &counts["peak_per_second"]), (&json!(3), &json!(3)));
    assert_eq!(counts["by_path"]["/devices/:id"], 2);
}

#[tokio::test]
async fn no_request_makes_it_panic_or_answer_without_json() {
    let bench = Bench::new(20);
    let mut random = Random::new(12, "requests");
    let words = [
        "devices",
        "ports",
        "1",
        "1001",
        "99999999999999999999",
        "nobody",
        "search",
        "up",
        "down",
        "ifOperStatus",
        "links",
        "resources",
        "logs",
        "eventlog",
        "outages",
        "availability",
        "-1",
        "%C3%A9",
        "%00",
        "a,b",
        "devicegroups",
        "locations",
        "",
        "cr1.amsterdam.example.net",
    ];
    let queries = [
        "",
        "?columns=",
        "?columns=port_id",
        "?from=-5&limit=18446744073709551615",
        "?type=up",
        "?order=uptime%20desc",
        "?start=99&limit=0",
        "?from=2026-01-01",
        "?type=os&query=junos",
        "?sortorder=DESC&to=880010",
        "?order=",
        "?columns=%F0%9F%98%80",
    ];
    for _ in 0..2_000 {
        let length = 1 + random.below(4);
        let parts: Vec<&str> = (0..length).map(|_| *random.pick(&words)).collect();
        let path = format!("/{}{}", parts.join("/"), random.pick(&queries));
        let answer = bench.get(&path).await;
        assert!(answer.json().is_object(), "{path}: {}", answer.text);
        bench.pass(i64::try_from(random.below(60_000)).expect("small"));
    }
}

#[tokio::test]
async fn it_serves_over_a_socket() {
    let bench = Bench::new(5);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let server = tokio::spawn(bench.simulator.clone().serve(listener));
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("http://{address}/api/v0/system");
    let answer = client.get(url).header("X-Auth-Token", "token").send().await.expect("an answer");
    let body: Value = answer.json().await.expect("JSON");
    assert_eq!(body["system"][0]["local_ver"], "26.7.0");
    server.abort();
}

#[test]
fn options_out_of_range_are_refused_by_name() {
    let world = World::generate(&Topology::surfnet(), &WorldOptions::default()).expect("valid");
    let world = Arc::new(world);
    let check = |change: fn(&mut SimOptions), expected: &str| {
        let mut options = SimOptions::new(START, "token");
        change(&mut options);
        let wall: WallClock = Arc::new(|| Timestamp(0));
        let error = Simulator::new(Arc::clone(&world), Vec::new(), options, wall).err();
        assert_eq!(error.map(|error| error.to_string()).as_deref(), Some(expected));
    };
    check(|o| o.token.clear(), "option token: must not be empty");
    check(|o| o.speed = 0.0, "option speed: must be above 0 and at most 1000000, found 0");
    check(|o| o.poll_cycle_ms = 1_500, "option poll_cycle_ms: must be whole seconds, found 1500");
}

#[test]
fn an_injection_is_in_the_truth_and_not_in_the_scripted_history() {
    let bench = Bench::new(5);
    let world = Arc::clone(bench.simulator.world());
    let now = bench.simulator.now();
    let until = now.plus_millis(HOUR_MS);
    let cut = Failure::named(&world, "link:L5", FailureKind::FibreCut, now, until);
    let id = bench.simulator.inject(cut.expect("valid"));
    bench.pass(HOUR_MS / 2);
    assert_eq!(bench.simulator.truth().intervals().count(), 4);
    assert!(bench.simulator.clear(id));
    let history = bench.simulator.history(START, until, 600_000);
    let spared = |state| state != correlate::model::ComponentState::Down;
    let samples = history.flat_map(|batch| batch.samples);
    let link = world.links().iter().find(|link| link.id == "L5").expect("known");
    let port = world.id_of(crate::simulator::Component::Port(link.a));
    let mut of_port = samples.filter(|sample| sample.component == port);
    assert!(of_port.all(|sample| spared(sample.state)));
}
