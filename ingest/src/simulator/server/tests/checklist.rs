//! LIBRENMS-API, section 13, letter by letter, where `mod.rs` does not have it yet.

use axum::routing::post;
use axum::{Json, Router};

use super::*;

/// The device named `hostname`, in rows of the list.
#[track_caller]
fn row_of(rows: &[Value], hostname: &str) -> Value {
    let found = rows.iter().find(|row| row["hostname"] == hostname);
    found.unwrap_or_else(|| panic!("no {hostname}")).clone()
}

impl Bench {
    async fn show(&self, release: &str) {
        let answer = self.control(Method::POST, "/release", json!({ "release": release })).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }

    async fn break_down(&self, component: &str, kind: &str, for_ms: i64) {
        let order = json!({"component": component, "kind": kind, "for_ms": for_ms});
        let answer = self.control(Method::POST, "/failures", order).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }
}

#[tokio::test]
async fn a_every_version_has_its_own_field_shapes() {
    let bench = Bench::new(5);
    // Version, then of a single device: a flag, location, display; and whether /ping is there.
    let flat = |row: &Value| row["location"].is_string() && row["lat"].is_number();
    let object = |row: &Value| row["location"]["lat"].is_number() && row["lat"].is_null();
    let none = |row: &Value| row.get("location").is_none();
    let check = async |release: &str, flag: Value, place: &dyn Fn(&Value) -> bool, has_ping| {
        bench.show(release).await;
        let row = bench.get("/devices/1").await.rows("devices").remove(0);
        assert_eq!(row["disabled"], flag, "{release}");
        assert!(place(&row), "{release}: {}", row["location"]);
        assert_eq!(row["display"].is_string(), release >= "26.5", "{release}");
        assert_eq!(row.get("mtu_status").is_some(), release >= "26.3", "{release}");
        let status = bench.get("/ping").await.status;
        assert_eq!(status == StatusCode::OK, has_ping, "{release}");
        let index = bench.get("").await.json();
        assert_eq!(index.get("list_pollers").is_some(), has_ping, "{release}");
        let version = bench.get("/system").await.rows("system").remove(0);
        assert!(version["local_ver"].as_str().is_some_and(|text| text.starts_with(release)));
    };
    check("25.5", json!(0), &flat, false).await;
    check("26.3", json!(false), &flat, true).await;
    check("26.4", json!(false), &none, true).await;
    check("26.5", json!(false), &object, true).await;
    check("26.7", json!(false), &object, true).await;
}

#[tokio::test]
async fn b_the_oldest_version_has_no_404_for_no_ports_and_counts_them() {
    let bench = Bench::new(5);
    bench.show("strings").await;
    assert!(bench.get("/devices/nobody/ports").await.rows("ports").is_empty());
    assert!(bench.get("/ports").await.json()["count"].is_number());
    let row = bench.get("/ports?columns=port_id,ifLastChange").await.rows("ports").remove(0);
    assert!(row["port_id"].is_string() && row["ifLastChange"].is_string());
}

#[tokio::test]
async fn c_services_are_nested_and_follow_their_device() {
    let bench = Bench::new(5);
    // Of some, the check comes before the ping after which it would be skipped.
    for site in ["Zwolle", "Groningen", "Eindhoven", "Maastricht", "Rotterdam", "Utrecht"] {
        bench.break_down(&format!("site:{site}"), "power", HOUR_MS).await;
    }
    bench.pass(600_000);
    let body = bench.get("/services").await.json();
    assert_eq!(body["count"], 1);
    let rows = body["services"][0].as_array().expect("a list in a list").clone();
    let critical: Vec<_> = rows.iter().filter(|row| row["service_status"] == 2).collect();
    assert!(!critical.is_empty() && critical.len() < rows.len());
    assert!(critical[0]["service_changed"].as_i64() > Some(START.millis() / 1000));
    let path = format!("/services/{}?state=2", critical[0]["device_id"]);
    assert_eq!(bench.get(&path).await.json()["services"][0][0], *critical[0]);
    assert_eq!(bench.get("/services?state=1").await.json()["services"], json!([[]]));
    let unknown = bench.get("/services/nobody").await;
    assert_eq!(unknown.status, StatusCode::INTERNAL_SERVER_ERROR);
    bench.show("strings").await;
    let per_host = bench.get("/services").await.json();
    assert_eq!(per_host["services"].as_array().map(Vec::len), Some(rows.len()));
    // Such a check writes a line of its own.
    let log = bench.get("/logs/eventlog?limit=1000").await.rows("logs");
    assert!(log.iter().any(|line| line["type"] == "service"));
}

#[tokio::test]
async fn sessions_follow_their_port_and_an_unknown_host_drops_the_filter() {
    let bench = Bench::new(5);
    let all = bench.get("/bgp").await.rows("bgp_sessions");
    assert!(all.iter().all(|row| row["bgpPeerState"] == "established"));
    assert_eq!(bench.get("/bgp?hostname=nobody").await.rows("bgp_sessions"), all);
    bench.break_down("link:L5", "fibre_cut", HOUR_MS).await;
    bench.pass(300_000);
    let idle = bench.get("/bgp?bgp_state=idle").await.rows("bgp_sessions");
    assert_eq!(idle.len(), 2);
    let own = bench.get(&format!("/bgp?hostname={}", idle[0]["device_id"])).await;
    assert!(own.rows("bgp_sessions").iter().all(|row| row["device_id"] == idle[0]["device_id"]));
}

#[tokio::test]
async fn k_in_the_hour_that_comes_twice_the_log_is_mixed_and_its_ids_are_not() {
    let bench = Bench::new(30);
    // To 2026-10-25 00:45 UTC, 02:45 in Amsterdam for the first time.
    let fold = 1_792_889_100_000;
    bench.simulator.jump(fold - START.millis());
    bench.break_down("site:Zwolle", "power", 30 * 60_000).await;
    bench.pass(2 * HOUR_MS);
    let log = bench.get("/logs/eventlog?from=1&limit=100000").await.rows("logs");
    let times: Vec<&str> = log.iter().filter_map(|line| line["datetime"].as_str()).collect();
    let ids: Vec<i64> = log.iter().filter_map(|line| line["event_id"].as_i64()).collect();
    assert!(times.is_sorted());
    assert!(!ids.is_sorted(), "lines of both hours are side by side");
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len());
}

#[tokio::test]
async fn k_the_log_is_read_by_cursor_page_and_time() {
    let bench = Bench::new(30);
    bench.break_down("site:Zwolle", "power", HOUR_MS).await;
    bench.pass(HOUR_MS / 2);
    let ids = async |query: &str| -> Vec<i64> {
        let log = bench.get(&format!("/logs/eventlog?{query}")).await.rows("logs");
        log.iter().filter_map(|line| line["event_id"].as_i64()).collect()
    };
    let all = ids("limit=1000").await;
    assert!(all.len() > 4);
    let page = bench.get("/logs/eventlog?limit=2&start=1").await.json();
    assert_eq!((&page["count"], &page["total"]), (&json!(2), &json!(all.len())));
    assert_eq!(ids("limit=2&start=1").await, all[1..3]);
    let (second, fourth) = (all[1], all[3]);
    let between = ids(&format!("from={second}&to={fourth}")).await;
    assert!(between.iter().all(|id| (second..=fourth).contains(id)) && between.len() == 3);
    let mut reversed = ids("limit=1000&sortorder=DESC").await;
    reversed.reverse();
    assert_eq!(reversed, all);
    assert!(ids("from=2099-01-01&limit=1000").await.is_empty());
    // Before 2021 a number was no id.
    bench.show("strings").await;
    let log = bench.get(&format!("/logs/eventlog?from={}&limit=1000", fourth)).await;
    assert_eq!(log.rows("logs").len(), all.len());
}

#[tokio::test]
async fn l_faults_of_what_stands_in_front_and_of_filters() {
    let bench = Bench::new(30);
    let check = async |fault: Value, status: u16, message: &str| {
        bench.stage(fault).await;
        let answer = bench.get("/devices").await;
        assert_eq!(answer.status.as_u16(), status);
        assert!(answer.text.contains(message), "{}", answer.text);
        bench.simulator.clear_faults();
    };
    check(json!({"fault": "maintenance"}), 503, "Service Unavailable").await;
    check(json!({"fault": "time_limit"}), 500, "Maximum execution time of 120 seconds").await;
    check(json!({"fault": "too_many", "retry_after_s": 7}), 429, "Too Many").await;
    let own = bench.get("/devices/1/links").await.rows("links");
    bench.stage(json!({"fault": "dropped_filter"})).await;
    assert!(bench.get("/devices/1/links").await.rows("links").len() > own.len());
    let ports = bench.get("/devices/1/ports?columns=device_id").await.rows("ports");
    assert!(ports.iter().any(|row| row["device_id"] != 1));
}

#[tokio::test]
async fn l_a_connection_can_break_in_the_middle_of_a_body() {
    let bench = Bench::new(30);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let server = tokio::spawn(bench.simulator.clone().serve(listener));
    bench.stage(json!({"fault": "broken_off", "after_bytes": 3000})).await;
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = format!("http://{address}/api/v0/devices");
    let answer = client.get(url).header("X-Auth-Token", "token").send().await.expect("a head");
    assert!(answer.bytes().await.is_err());
    server.abort();
}

#[tokio::test]
async fn bodies_are_compressed_for_those_who_ask_and_measured_before() {
    let bench = Bench::new(30);
    let request = Request::get("/api/v0/devices").header("X-Auth-Token", "token");
    let request = request.header(header::ACCEPT_ENCODING, "gzip").body(Body::empty());
    let answer = bench.simulator.router().oneshot(request.expect("a request")).await;
    let answer = answer.expect("never fails");
    assert_eq!(answer.headers()[header::CONTENT_ENCODING], "gzip");
    let packed = to_bytes(answer.into_body(), MAX_BODY_BYTES).await.expect("a body").len();
    let counts = bench.simulator.requests();
    assert!(packed as u64 * 5 < counts.bytes, "{packed} of {}", counts.bytes);
    assert_eq!(counts.bytes_by_path["/devices"], counts.bytes);
    let plain = bench.get("/devices").await.text.len() as u64;
    assert_eq!(bench.simulator.requests().bytes, counts.bytes + plain);
}

#[tokio::test]
async fn m_secrets_are_in_device_rows_and_nowhere_else() {
    let bench = Bench::new(30);
    assert!(bench.get("/devices").await.text.contains("SECRET-community"));
    assert!(bench.get("/devices/1").await.text.contains("SECRET-authpass"));
    for path in ["/ports", "/services", "/bgp", "/logs/eventlog", "/system", "/pollers/log"] {
        assert!(!bench.get(path).await.text.contains("SECRET"), "{path}");
    }
}

#[tokio::test]
async fn o_a_device_added_again_has_new_ids_and_no_past() {
    let bench = Bench::new(30);
    let links = bench.get("/resources/links").await.rows("links");
    bench.break_down("site:Zwolle", "power", HOUR_MS).await;
    bench.pass(2 * HOUR_MS);
    let name = "cr1.zwolle.example.net";
    let before = row_of(&bench.get("/devices").await.rows("devices"), name);
    let old = before["device_id"].clone();
    let answer = bench.control(Method::DELETE, &format!("/devices/{name}"), Value::Null).await;
    assert_eq!(answer.json(), json!({"cleared": true}));
    assert_eq!(bench.get(&format!("/devices/{old}")).await.status, StatusCode::NOT_FOUND);
    let text = bench.get("/devices").await.text;
    assert!(!text.contains(&format!("\"hostname\": \"{name}\"")));
    assert!(bench.get("/resources/links").await.rows("links").len() < links.len());
    let log = bench.get("/logs/eventlog?limit=100000").await.rows("logs");
    assert!(log.iter().all(|line| line["device_id"] != old));

    let again = bench.control(Method::POST, &format!("/devices/{name}/again"), Value::Null).await;
    let new = again.json()["device_id"].clone();
    assert!(new.as_i64() > old.as_i64());
    let row = row_of(&bench.get("/devices").await.rows("devices"), name);
    assert_eq!((&row["device_id"], &row["last_polled"]), (&new, &Value::Null));
    assert!(bench.get(&format!("/devices/{new}/outages")).await.rows("outages").is_empty());
    bench.pass(7 * HOUR_MS);
    let row = row_of(&bench.get("/devices").await.rows("devices"), name);
    assert!(row["last_polled"].is_string());
    let ports = bench.get(&format!("/devices/{new}/ports?columns=port_id,device_id")).await;
    assert!(ports.rows("ports").iter().all(|row| row["device_id"] == new));
    let after = bench.get("/resources/links").await.rows("links");
    assert_eq!(after.len(), links.len());
    assert!(after.iter().any(|link| link["local_device_id"] == new));
    // A failure shows under the new id.
    bench.break_down("site:Zwolle", "power", HOUR_MS).await;
    bench.pass(600_000);
    let down = bench.get("/devices?type=down").await.rows("devices");
    assert_eq!(row_of(&down, name)["device_id"], new);
    let again = bench.control(Method::POST, &format!("/devices/{new}/again"), Value::Null).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn p_stalled_pollers_are_in_the_pollers_log() {
    let bench = Bench::new(60);
    let unpolled = async || bench.get("/pollers/log?unpolled=1").await.rows("log");
    let never = unpolled().await.len();
    bench.stage(json!({"fault": "stalled_pollers", "group": 1})).await;
    let stood = bench.get("/pollers").await.rows("pollers")[1].clone();
    bench.pass(HOUR_MS);
    assert_eq!(bench.get("/pollers").await.rows("pollers")[1], stood);
    let rows = unpolled().await;
    assert!(rows.len() > never);
    assert!(rows.iter().filter(|row| row["poller_group_id"] == 1).count() + never == rows.len());
    let up = bench.get("/devices?type=up").await.rows("devices");
    assert!(up.iter().any(|row| row["poller_group"] == 1), "stale, but up");
}

#[tokio::test]
async fn the_dispatcher_tells_its_intervals_and_looks_again_after_a_minute() {
    let bench = Bench::with(30, |options| {
        options.dispatcher = true;
        options.ping_cycle_ms = Some(60_000);
    });
    let stats = bench.get("/pollers").await.rows("pollers")[0]["stats"].clone();
    assert_eq!((&stats[0]["frequency"], &stats[1]["frequency"]), (&json!(300), &json!(60)));
    bench.break_down("site:Zwolle", "power", HOUR_MS).await;
    bench.pass(HOUR_MS + 61_000);
    let rows = bench.get("/devices").await.rows("devices");
    assert_eq!(row_of(&rows, "cr1.zwolle.example.net")["status"], 1);
    let log = bench.get("/logs/eventlog?limit=1000").await.text;
    assert!(log.contains("to Up from snmp check by poller2."), "{log}");
}

#[tokio::test]
async fn a_device_can_be_polled_by_hand() {
    let bench = Bench::new(5);
    bench.break_down("librenms/device/7", "management_lost", HOUR_MS).await;
    let answer = bench.control(Method::POST, "/devices/7/poll", Value::Null).await;
    assert_eq!(answer.status, StatusCode::OK);
    let row = bench.get("/devices/7").await.rows("devices").remove(0);
    assert_eq!((&row["status"], &row["status_reason"]), (&json!(false), &json!("snmp")));
    let answer = bench.control(Method::POST, "/devices/nobody/poll", Value::Null).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn changes_are_pushed_to_a_webhook_with_the_body_to_recommend() {
    let bench = Bench::new(5);
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let hook = move |headers: axum::http::HeaderMap, Json(body): Json<Value>| {
        let secret = headers["authorization"].to_str().expect("text").to_owned();
        tell.send((secret, body)).expect("the test listens");
        async { StatusCode::NO_CONTENT }
    };
    let bind = async || tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let (receiver, sender) = (bind().await, bind().await);
    let url = format!("http://{}/hook?dropped=1", receiver.local_addr().expect("bound"));
    let app = Router::new().route("/hook", post(hook));
    let servers = [
        tokio::spawn(async { axum::serve(receiver, app).await }),
        tokio::spawn(bench.simulator.clone().serve(sender)),
    ];
    let order = json!({"url": url, "headers": {"Authorization": "Bearer s3cr3t"}, "every_ms": 0});
    let answer = bench.control(Method::PUT, "/webhook", order).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    bench.break_down("librenms/device/7", "management_lost", HOUR_MS).await;
    bench.control(Method::POST, "/devices/7/poll", Value::Null).await;
    let (secret, body) = told.recv().await.expect("a push");
    assert_eq!(secret, "Bearer s3cr3t");
    assert_eq!((&body["device_id"], &body["state"]), (&json!("7"), &json!("1")));
    assert_eq!((&body["v"], &body["status_reason"]), (&json!(1), &json!("snmp")));
    let shown = bench.control(Method::GET, "/webhook", Value::Null).await.text;
    assert!(!shown.contains("s3cr3t"), "{shown}");
    let bad = json!({"url": "ftp://x"});
    let refused = bench.control(Method::PUT, "/webhook", bad).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    servers.iter().for_each(tokio::task::JoinHandle::abort);
}
