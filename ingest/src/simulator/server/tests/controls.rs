//! What can be changed at LibreNMS while it runs, through the control API.

use super::*;

impl Bench {
    async fn order(&self, method: Method, path: &str, body: Value) {
        let answer = self.control(method, path, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
    }

    async fn device(&self, id: u32) -> Value {
        let path = format!("/devices?type=device_id&query={id}");
        self.get(&path).await.rows("devices").remove(0)
    }

    async fn port(&self, id: &Value) -> Value {
        self.get(&format!("/ports/{id}")).await.rows("port").remove(0)
    }

    async fn log(&self) -> Vec<Value> {
        self.get("/logs/eventlog?from=1&limit=100000").await.rows("logs")
    }

    /// A site goes dark until it is given up on.
    async fn darken(&self) {
        let order = json!({"component": "site:Zwolle", "kind": "power", "for_ms": 600_000});
        self.order(Method::POST, "/failures", order).await;
    }
}

fn told(row: &Value) -> [&Value; 4] {
    ["status", "disabled", "ignore", "ignore_status"].map(|column| &row[column])
}

#[tokio::test]
async fn the_servers_zone_changes_with_its_settings() {
    let bench = Bench::new(5);
    let summer = bench.device(1).await["last_polled"].clone();
    bench.order(Method::POST, "/zone", json!({"zone": "America/St_Johns"})).await;
    let there = bench.device(1).await["last_polled"].clone();
    let local = |text: &Value| -> jiff::civil::DateTime {
        text.as_str().expect("a time").parse().expect("a local time")
    };
    let apart = local(&summer) - local(&there);
    assert_eq!(apart.total(jiff::Unit::Minute).expect("a length"), 4.5 * 60.0);
    let refused = bench.control(Method::POST, "/zone", json!({"zone": "Mars/Olympus"})).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn fast_ping_is_switched_on_and_off() {
    let bench = Bench::new(5);
    let lines = async |ping: Value| {
        bench.order(Method::POST, "/ping", json!({ "every_ms": ping })).await;
        bench.order(Method::DELETE, "/eventlog", json!({})).await;
        bench.darken().await;
        bench.pass(61_000);
        let log = bench.log().await;
        bench.pass(HOUR_MS);
        log.iter().filter(|line| line["type"] == "down").count()
    };
    let by_polls = lines(Value::Null).await;
    let by_pings = lines(json!(60_000)).await;
    assert!(by_pings > by_polls, "every device within a minute: {by_pings}, {by_polls}");
    // What had failed before is seen by the first ping as well.
    bench.order(Method::POST, "/ping", json!({"every_ms": null})).await;
    bench.darken().await;
    bench.pass(1_000);
    bench.order(Method::POST, "/ping", json!({"every_ms": 60_000})).await;
    bench.order(Method::DELETE, "/eventlog", json!({})).await;
    bench.pass(60_000);
    let late = bench.log().await.iter().filter(|line| line["type"] == "down").count();
    assert!(late > by_polls, "{late}, {by_polls}");
    let refused = bench.control(Method::POST, "/ping", json!({"every_ms": 1_500})).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_dispatcher_comes_and_tells_its_intervals() {
    let bench = Bench::new(5);
    let kinds = async || {
        let rows = bench.get("/pollers").await.rows("pollers");
        rows.iter().filter(|row| row.get("stats").is_some()).count()
    };
    assert_eq!(kinds().await, 0, "cron tells none");
    bench.order(Method::POST, "/dispatcher", json!({"on": true})).await;
    assert!(kinds().await > 0);
    bench.order(Method::POST, "/dispatcher", json!({"on": false})).await;
    assert_eq!(kinds().await, 0);
}

#[tokio::test]
async fn a_device_is_disabled_ignored_and_taken_back() {
    let bench = Bench::new(5);
    let tell = async |body: Value| {
        bench.order(Method::PUT, "/devices/1/standing", body).await;
        bench.device(1).await
    };
    let (no, yes) = (json!(0), json!(1));
    let row = tell(json!({"standing": "ignored", "ignore_status": true})).await;
    assert_eq!(told(&row), [&yes, &no, &yes, &yes]);
    let row = tell(json!({"ignore_status": false})).await;
    assert_eq!(told(&row), [&yes, &no, &yes, &no]);
    bench.pass(HOUR_MS);
    let polled = bench.device(1).await["last_polled"].clone();

    // Its row stands still, whatever becomes of it, until it is enabled again.
    let row = tell(json!({"standing": "disabled"})).await;
    assert_eq!((told(&row), &row["last_polled"]), ([&yes, &yes, &no, &no], &polled));
    bench.order(Method::DELETE, "/eventlog", json!({})).await;
    let dark = json!({"component": "librenms/device/1", "kind": "power", "for_ms": HOUR_MS});
    bench.order(Method::POST, "/failures", dark).await;
    bench.pass(HOUR_MS / 2);
    let row = bench.device(1).await;
    assert_eq!((told(&row), &row["last_polled"]), ([&yes, &yes, &no, &no], &polled));
    assert!(bench.log().await.iter().all(|line| line["device_id"] != 1), "nobody looks");
    let row = tell(json!({"standing": "normal"})).await;
    assert_eq!((told(&row), &row["last_polled"]), ([&yes, &no, &no, &no], &polled));
    bench.pass(HOUR_MS / 4);
    let row = bench.device(1).await;
    assert_eq!((told(&row), &row["last_polled"]), ([&no, &no, &no, &no], &polled));

    let row = tell(json!({"standing": "never_polled"})).await;
    assert_eq!(
        (&row["status"], &row["last_polled"], &row["last_ping"]),
        (&no, &json!(null), &json!(null))
    );
    let refused =
        bench.control(Method::PUT, "/devices/1/standing", json!({"standing": "odd"})).await;
    assert!(refused.text.contains("never_polled"), "{}", refused.text);
}

#[tokio::test]
async fn an_agent_answers_with_any_status_of_a_port() {
    let bench = Bench::new(5);
    let all = bench.get("/ports?columns=port_id,ifOperStatus").await.rows("ports");
    let up = all.iter().find(|row| row["ifOperStatus"] == "up").expect("one is up");
    let (id, path) = (up["port_id"].clone(), format!("/ports/{}/status", up["port_id"]));
    for status in ["notPresent", "dormant", "testing", "unknown", "null", "down"] {
        bench.order(Method::PUT, &path, json!({ "status": status })).await;
        bench.pass(300_000);
        let expected = if status == "null" { Value::Null } else { json!(status) };
        assert_eq!(bench.port(&id).await["ifOperStatus"], expected, "{status}");
    }
    // The log puts what is null in a word of its own.
    let said: Vec<_> = bench.log().await.iter().map(|line| line["message"].clone()).collect();
    assert!(said.contains(&json!("ifOperStatus: unknown -> NULL")), "{said:?}");
    bench.order(Method::DELETE, &path, json!({})).await;
    bench.pass(300_000);
    assert_eq!(bench.port(&id).await["ifOperStatus"], "up");
    let refused = bench.control(Method::PUT, &path, json!({"status": "sideways"})).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let nobody = "/ports/4000000000/status";
    let nobody = bench.control(Method::PUT, nobody, json!({"status": "up"})).await;
    assert_eq!(nobody.status, StatusCode::BAD_REQUEST, "{}", nobody.text);
}

#[tokio::test]
async fn an_event_log_that_is_emptied_begins_anew() {
    let bench = Bench::new(5);
    bench.darken().await;
    bench.pass(600_000);
    let before = bench.log().await;
    bench.order(Method::DELETE, "/eventlog", json!({})).await;
    assert_eq!(bench.log().await, [] as [Value; 0]);
    bench.pass(HOUR_MS);
    let after = bench.log().await;
    let lowest = |log: &[Value]| log.iter().filter_map(|line| line["event_id"].as_u64()).min();
    assert!(lowest(&after).is_some() && lowest(&after) <= lowest(&before));
}

#[tokio::test]
async fn every_second_line_is_seen_late() {
    let bench = Bench::new(5);
    bench.stage(json!({"fault": "late_events", "by_ms": 90_000})).await;
    bench.darken().await;
    bench.pass(300_000);
    let ids = async || -> Vec<u64> {
        let log = bench.log().await;
        log.iter().filter_map(|line| line["event_id"].as_u64()).collect()
    };
    let early = ids().await;
    bench.simulator.clear_faults();
    let all = ids().await;
    let missing: Vec<_> = all.iter().filter(|id| !early.contains(id)).collect();
    assert!(!missing.is_empty() && missing.iter().all(|id| *id % 2 == 1), "{missing:?}");
    assert!(early.iter().any(|id| Some(&id) > missing.first()), "a later one was seen before");
    let refused =
        bench.control(Method::POST, "/faults", json!({"fault": "late_events", "by_ms": 0}));
    assert_eq!(refused.await.status, StatusCode::BAD_REQUEST);
}
