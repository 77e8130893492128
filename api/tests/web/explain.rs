//! Why a service is what it is, what it was believed to be, and what it would
//! be, on the real engine of the figures.

use correlate::model::{ComponentState, ServiceState, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use store::records::{Device, Port};

use crate::rig::{Answer, NOW, TestApp, interval, transition};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

struct Network {
    app: TestApp,
    token: String,
}

impl Network {
    /// `dual` has two legs and `ring` in common with `single`; leg 1 failed an
    /// hour ago.
    async fn start() -> Network {
        let app = TestApp::start().await;
        let token = app.token().await;
        let network = Network { app, token };
        let ring = json!({"name": "Ring", "path": {"at_least": 2, "of":
            ["n/device/7", "n/device/8", "n/device/9"]}});
        network.put("ring", ring).await;
        let dual = json!({"name": "Dual", "customer": "Bakery", "path":
            {"all": [{"service": "ring"}, {"any": ["n/port/1", "n/port/2"]}]}});
        network.put("dual", dual).await;
        network.put("single", json!({"path": {"all": [{"service": "ring"}, "n/port/2"]}})).await;
        let (began, failed) = (NOW.plus_millis(-DAY_MS), NOW.plus_millis(-HOUR_MS));
        let up = |id| transition(id, began, ComponentState::Up);
        let mut transitions: Vec<_> =
            ["n/port/1", "n/port/2", "n/device/7", "n/device/8"].map(up).into();
        transitions.push(transition("n/port/1", failed, ComponentState::Down));
        let intervals = vec![
            interval("dual", began, Some(failed), ServiceState::Up, &[]),
            interval("dual", failed, None, ServiceState::Degraded, &["n/port/1"]),
        ];
        network.app.store(1, intervals, transitions).await;
        network
    }

    async fn put(&self, id: &str, body: Value) {
        self.send(Method::PUT, &format!("/api/v1/services/{id}"), body).await.expect(201);
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        let own = [("authorization", self.token.as_str())];
        self.app.send(method, path, &own, Some(body)).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.app.get(path, &[("authorization", self.token.as_str())]).await
    }

    async fn plan(&self, body: Value) -> Value {
        self.send(Method::POST, "/api/v1/what-if", body).await.expect(200).json()
    }
}

#[tokio::test]
async fn an_explanation_shows_the_tree_the_rule_and_what_was_recorded() {
    let network = Network::start().await;
    let why = network.get("/api/v1/services/dual/explain").await.expect(200).json();
    assert_eq!((&why["state"], &why["name"]), (&json!("degraded"), &json!("Dual")));
    assert_eq!((&why["rule"]["name"], &why["rule"]["number"]), (&json!("degraded"), &json!(4)));
    assert_eq!(why["cause"], json!([{"id": "n/port/1", "name": "n/port/1"}]));
    assert_eq!(why["agrees"], true);
    assert_eq!(why["recorded"]["start"], "2026-11-22T11:00:00.000Z");
    assert_eq!(why["unchanged"], json!({"from": "2026-11-22T11:00:00.000Z", "to": null}));
    let [ring, legs] = why["root"]["children"].as_array().expect("a list").as_slice() else {
        panic!("{why:#}")
    };
    assert_eq!((&ring["kind"], &ring["service"]["name"]), (&json!("service"), &json!("Ring")));
    let of_ring = &ring["children"][0];
    assert_eq!(of_ring["words"], "2 of 3 needed, 2 up, 1 unknown → up");
    assert_eq!(of_ring["children"][2]["value"], "unknown", "nobody reported it");
    assert_eq!((&legs["value"], &legs["blamed"]), (&json!("up"), &json!(true)));
    let leg = &legs["children"][0];
    assert_eq!((&leg["value"], &leg["second"]), (&json!("down"), &json!("up")));
    assert_eq!(leg["held"]["from"], "2026-11-22T11:00:00.000Z");

    // Before the failure, and within a window that was announced afterwards.
    let path = "/api/v1/services/dual/explain?at=2026-11-22T10:59:59.999Z";
    let why = network.get(path).await.expect(200).json();
    assert_eq!((&why["state"], &why["agrees"]), (&json!("up"), &json!(true)));
    assert_eq!(why["unchanged"]["to"], "2026-11-22T11:00:00.000Z");
    let window = json!({"target": "n/port/1", "from": NOW.0 - 5, "to": NOW.0 + 5});
    network.send(Method::POST, "/api/v1/maintenance-windows", window).await.expect(201);
    let why = network.get("/api/v1/services/dual/explain").await.expect(200).json();
    let leg = &why["root"]["children"][1]["children"][0];
    assert_eq!(
        (&leg["second"], leg["windows"].as_array().map(Vec::len)),
        (&json!("down"), Some(1))
    );
}

#[tokio::test]
async fn an_edit_that_the_engine_has_not_taken_in_is_seen() {
    let network = Network::start().await;
    let body = json!({"path": "n/port/1"});
    network.send(Method::PUT, "/api/v1/services/dual", body).await.expect(200);
    let why = network.get("/api/v1/services/dual/explain").await.expect(200).json();
    assert_eq!((&why["state"], &why["agrees"]), (&json!("down"), &json!(false)));
    assert_eq!(why["recorded"]["state"], "degraded");
}

#[tokio::test]
async fn what_was_believed_earlier_can_be_asked_for() {
    let network = Network::start().await;
    // An hour later, the failure turns out to have been something else.
    network.app.advance_ms(HOUR_MS);
    let failed = NOW.plus_millis(-HOUR_MS);
    let mut batch = store::series::SeriesBatch {
        epoch: 2,
        recorded_at: NOW.plus_millis(HOUR_MS),
        intervals: vec![interval("dual", failed, None, ServiceState::Down, &["n/port/2"])],
        transitions: Vec::new(),
        withdrawn_transitions: Vec::new(),
    };
    network.app.series.write(&batch).await.expect("written");
    network
        .send(Method::PUT, "/api/v1/services/dual", json!({"path": "n/port/2"}))
        .await
        .expect(200);
    let read = async |path: &str| network.get(path).await.expect(200).json();

    let intervals = "/api/v1/services/dual/intervals";
    assert_eq!(read(intervals).await["intervals"][1]["state"], "down");
    let then = read(&format!("{intervals}?as_of={NOW}")).await;
    assert_eq!(then["as_of"], "2026-11-22T12:00:00.000Z");
    assert_eq!(then["intervals"][1]["state"], "degraded");
    let csv = network.get(&format!("{intervals}.csv?as_of={NOW}")).await.expect(200);
    assert!(csv.body.contains("degraded,n/port/1"), "{}", csv.body);

    let availability = "/api/v1/services/dual/availability?from=2026-11-22T10:00:00Z";
    let now = read(availability).await;
    assert_eq!((&now["up_ms"], &now["down_ms"]), (&json!(HOUR_MS), &json!(2 * HOUR_MS)));
    assert_eq!(now["availability_percent"], "33.3333");
    let then = read(&format!("{availability}&as_of={NOW}")).await;
    assert_eq!((&then["up_ms"], &then["degraded_ms"]), (&json!(HOUR_MS), &json!(HOUR_MS)));
    assert_eq!(then["to"], "2026-11-22T12:00:00.000Z");
    assert_eq!(then["availability_percent"], "100.0000");

    let why = read(&format!("/api/v1/services/dual/explain?as_of={NOW}")).await;
    assert_eq!((&why["state"], &why["agrees"]), (&json!("degraded"), &json!(true)));
    assert_eq!(why["root"]["kind"], "all", "the definition of then");
    // A revised transition is not kept, and the answer owns up to it.
    batch = store::series::SeriesBatch {
        epoch: 3,
        recorded_at: NOW.plus_millis(HOUR_MS),
        transitions: vec![transition("n/port/1", failed, ComponentState::Unknown)],
        intervals: Vec::new(),
        withdrawn_transitions: Vec::new(),
    };
    network.app.series.write(&batch).await.expect("written");
    let why = read(&format!("/api/v1/services/dual/explain?as_of={NOW}")).await;
    assert_eq!((&why["recorded"]["state"], &why["agrees"]), (&json!("degraded"), &json!(false)));
    let before = Timestamp(NOW.0 - 1);
    network
        .get(&format!("/api/v1/services/dual/explain?as_of={before}&at={NOW}"))
        .await
        .expect(422);
}

#[tokio::test]
async fn a_plan_says_who_is_hit_and_whose_work_is_on_the_other_leg() {
    let network = Network::start().await;
    let until = NOW.plus_millis(HOUR_MS);
    let window = json!({"target": "n/port/1", "from": NOW.0 + 60_000, "to": NOW.0 + 120_000, "note": "CHG-7"});
    network.send(Method::POST, "/api/v1/maintenance-windows", window).await.expect(201);
    // Leg 1 is back before the plan, so that only its planned work counts.
    let repaired = vec![transition("n/port/1", NOW, ComponentState::Up)];
    network.app.store(2, Vec::new(), repaired).await;

    let plan = json!({"down": ["n/port/2", "n/port/99"], "from": NOW.0, "until": until.0});
    let answer = network.plan(plan.clone()).await;
    assert_eq!(answer["unneeded"], json!(["n/port/99"]));
    let shown: Vec<_> = answer["effects"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|effect| {
            (effect["service"].clone(), effect["worst"].clone(), effect["customer"].clone())
        })
        .collect();
    let expected = [
        (json!("single"), json!("down"), json!(null)),
        (json!("dual"), json!("degraded"), json!("Bakery")),
    ];
    assert_eq!(shown, expected);
    assert_eq!((&answer["effects_total"], &answer["unaffected"]), (&json!(2), &json!(0)));
    let overlap = &answer["overlaps"][0];
    assert_eq!((&overlap["service"], &overlap["note"]), (&json!("dual"), &json!("CHG-7")));
    assert_eq!(overlap["own"][0]["id"], "n/port/2");
    assert_eq!(overlap["planned"]["id"], "n/port/1");
    assert_eq!(
        overlap["period"],
        json!({"from": "2026-11-22T12:01:00.000Z", "to": "2026-11-22T12:02:00.000Z"})
    );

    let mut announced = plan;
    announced["windows"] = json!(["n/port/2"]);
    announced["limit"] = json!(1);
    let answer = network.plan(announced).await;
    assert_eq!(answer["effects"][0]["worst"], "degraded");
    assert_eq!(
        (answer["effects"].as_array().map(Vec::len), &answer["effects_total"]),
        (Some(1), &json!(2))
    );
    // Nothing was changed by asking.
    let list = network.get("/api/v1/maintenance-windows").await.expect(200).json();
    assert_eq!(list["total"], 1);
}

#[tokio::test]
async fn a_device_may_take_its_ports_with_it() {
    let network = Network::start().await;
    let device = Device {
        account: "n".to_owned(),
        native_id: "3".to_owned(),
        name: "core1".to_owned(),
        host_name: String::new(),
        sys_name: String::new(),
        hardware: String::new(),
        os: String::new(),
        location: String::new(),
        latitude: None,
        longitude: None,
        disabled: false,
        ignored: false,
    };
    let port = Port {
        account: "n".to_owned(),
        native_id: "2".to_owned(),
        device: "3".to_owned(),
        if_name: "Gi0/2".to_owned(),
        if_descr: String::new(),
        if_alias: String::new(),
        if_type: String::new(),
        speed_bps: None,
    };
    let inventory = network.app.records.inventory();
    inventory.upsert_devices(&[device], NOW).await.expect("written");
    inventory.upsert_ports(&[port], NOW).await.expect("written");
    let mut plan = json!({"down": ["n/device/3"], "from": NOW.0, "until": NOW.0 + 1_000});
    let alone = network.plan(plan.clone()).await;
    assert_eq!((&alone["effects_total"], &alone["unneeded"]), (&json!(0), &json!(["n/device/3"])));
    plan["with_ports"] = json!(true);
    let whole = network.plan(plan).await;
    assert_eq!((&whole["effects_total"], &whole["unneeded"]), (&json!(2), &json!([])));
    assert_eq!(whole["effects"][0]["service"], "dual");
    assert_eq!(whole["effects"][0]["worst"], "down", "the other leg is down already");
}

#[tokio::test]
async fn questions_that_make_no_sense_are_refused_with_their_place() {
    let network = Network::start().await;
    let check = |answer: Answer, status: u16, place: &str| {
        let problem = answer.expect(status).json();
        if status == 422 {
            assert_eq!(problem["errors"][0]["place"], place, "{problem:#}");
        }
    };
    let explain = "/api/v1/services/dual/explain";
    check(network.get("/api/v1/services/nobody/explain").await, 404, "");
    check(network.get(&format!("{explain}?at=soon")).await, 422, "at");
    check(network.get(&format!("{explain}?at={}", NOW.0 + 1)).await, 422, "at");
    check(network.get(&format!("{explain}?at={NOW}&as_of=9")).await, 422, "as_of");
    check(network.get(&format!("{explain}?when=9")).await, 422, "query");
    check(network.get("/api/v1/services/dual/intervals?as_of=soon").await, 422, "as_of");
    check(network.get("/api/v1/services/nobody/availability").await, 404, "");
    check(network.get("/api/v1/services/dual/availability?from=9&to=3").await, 422, "from");

    let ask = async |body| network.send(Method::POST, "/api/v1/what-if", body).await;
    check(ask(json!({"down": ["a"], "from": 5, "until": 5})).await, 422, "until");
    check(ask(json!({"from": 5, "until": 9})).await, 422, "down");
    check(ask(json!({"down": [""], "from": 5, "until": 9})).await, 422, "down[0]");
    check(ask(json!({"down": ["a"], "from": "soon", "until": 9})).await, 422, "from");
    check(ask(json!({"down": ["a"], "from": 0, "until": 32 * DAY_MS})).await, 422, "until");
    check(ask(json!({"down": ["a"], "from": 0, "until": 9, "limit": 0})).await, 422, "limit");
    check(ask(json!({"down": ["a"]})).await, 422, "body");
    let many: Vec<String> = (0..=5_000).map(|id| id.to_string()).collect();
    check(ask(json!({"down": many, "from": 0, "until": 9})).await, 422, "down");
}

#[tokio::test]
async fn the_samples_behind_a_state_are_read_back_from_the_log() {
    use store::wire::{ComponentSample, DeviceReport, Evidence, State};

    let network = Network::start().await;
    let sample = |at: Timestamp, state: State| ComponentSample {
        kind: "device".to_owned(),
        native_id: "7".to_owned(),
        at_ms: at.millis(),
        state: state.into(),
        evidence: Evidence::Poll.into(),
        uncertainty_ms: 0,
        reason: 0,
    };
    // The log has a clock of its own, so the server's follows it.
    let now = Timestamp(jiff::Timestamp::now().as_millisecond() + 1_000);
    network.app.advance_ms(now.millis() - NOW.millis());
    for (ago_ms, state) in [(600_000, State::Up), (300_000, State::Down), (0, State::Down)] {
        let at = now.plus_millis(-ago_ms);
        let report = DeviceReport {
            nms: "n".to_owned(),
            device: "7".to_owned(),
            observed_at_ms: at.millis(),
            samples: vec![sample(at, state)],
        };
        let (key, value) = (store::wire::report_key(&report), store::wire::encode_report(&report));
        let record = store::log::Record { key, value: Some(value) };
        network.app.log.append(store::wire::SAMPLES_TOPIC, vec![record]).await.expect("appended");
    }
    let failed = transition("n/device/7", now.plus_millis(-300_000), ComponentState::Down);
    network.app.store(9, Vec::new(), vec![failed]).await;

    let found = network.get("/api/v1/samples?component=n/device/7").await.expect(200).json();
    assert_eq!((&found["state"], &found["is_forgotten"]), (&json!("down"), &json!(false)));
    let samples = found["samples"].as_array().expect("a list");
    let states: Vec<_> = samples.iter().map(|one| one["state"].clone()).collect();
    assert_eq!(states, ["up", "down", "down"]);
    assert_eq!((&samples[0]["source"], &samples[1]["at"]), (&json!("poll"), &found["since"]));
    // Nobody knows on which device this port is.
    let unknown = network.get("/api/v1/samples?component=n/port/1").await.expect(200).json();
    assert_eq!(unknown["samples"], json!(null));
    network.get("/api/v1/samples").await.expect(422);
    network.get("/api/v1/samples?component=").await.expect(422);

    let session = network.app.sign_in().await;
    let page = "/services/ring/why?of=n%2Fdevice%2F7";
    let page = network.app.get(page, &[("cookie", session.as_str())]).await.expect(200).body;
    assert!(page.contains("Metingen achter n/device/7") && page.contains("omslag"), "{page}");
}

#[tokio::test]
async fn why_nobody_can_say_stands_in_the_explanation_of_api_and_page() {
    use store::evidence::{SampleSource, StateReason};
    use store::series::{Edge, EdgeEvidence};

    let network = Network::start().await;
    let app = &network.app;
    let at = NOW.plus_millis(-1_000);
    let lost = transition("n/device/7", at, ComponentState::Unknown);
    app.store(9, Vec::new(), vec![lost]).await;
    let because = |at: Timestamp, reason| Edge {
        component: "n/device/7".into(),
        at,
        state: ComponentState::Unknown,
        known: EdgeEvidence {
            source: SampleSource::Poll,
            uncertainty_ms: 0,
            observed_at: NOW,
            reason: Some(reason),
        },
    };
    let session = format!("{}; padwacht_lang=en", app.sign_in().await);
    let own = [("cookie", session.as_str())];
    let told = async |reason: &str, words: &str| {
        let path = format!("/api/v1/services/ring/explain?at={}", NOW.0);
        let found = network.get(&path).await.expect(200).json().to_string();
        let expected = format!("\"reason\":\"{reason}\"");
        assert!(found.contains(&expected), "{reason}: {found}");
        let page = app.get("/services/ring/why", &own).await.expect(200).body;
        assert!(page.contains(words), "{words}: {page}");
    };
    // What turned unknown by itself, and was then found switched off, and then gone.
    app.series.write_edges(&[because(at, StateReason::Silent)]).await.expect("written");
    told("silent", "staleness limit").await;
    app.series.write_edges(&[because(at, StateReason::Disabled)]).await.expect("written");
    told("disabled", "switched off").await;
    let later = at.plus_millis(500);
    app.series.write_edges(&[because(later, StateReason::Gone)]).await.expect("written");
    told("gone", "does not list it any more").await;
    let list = network.get("/api/v1/components/n/device/7/transitions").await.expect(200).json();
    let last = list["transitions"].as_array().and_then(|all| all.last()).expect("a transition");
    assert_eq!((&last["state"], &last["reason"]), (&json!("unknown"), &json!("disabled")));
    // No account has ever reported, so nothing is held against an inventory.
    let page = app.get("/unwatched", &own).await.expect(200).body;
    assert!(page.contains("Everything that services name is watched"), "{page}");
}

#[tokio::test]
async fn the_pages_explain_plan_and_announce_without_script() {
    let network = Network::start().await;
    let app = &network.app;
    let session = app.sign_in().await;
    let own = [("cookie", session.as_str())];
    let page = async |path: &str| app.get(path, &own).await.expect(200).body;
    let own_language = app.post_form("/language", &own, &[("lang", "en"), ("return", "/")]).await;
    let language = crate::rig::cookie(&own_language.expect(303)).expect("a cookie");
    let both = format!("{session}; {language}");
    let own = [("cookie", both.as_str())];
    let english = async |path: &str| app.get(path, &own).await.expect(200).body;

    let service = english("/services/dual").await;
    let why = format!("/services/dual/why?at={}", NOW.0 - HOUR_MS);
    assert!(service.contains(&why), "an interval leads to its explanation");
    let why = english(&why).await;
    assert!(why.contains("redundancy is lost") && why.contains("1 of 2 needed"), "{why}");
    assert!(why.contains("Ring") && why.contains("Previous change"), "{why}");
    // A local time as the field sends it, and what makes no sense.
    let earlier = english("/services/dual/why?at=2026-11-22T11:59:59&as_of=").await;
    assert!(earlier.contains("so does everything in it"), "{earlier}");
    english("/services/dual/why?at=2099-01-01T00:00&as_of=nonsense").await;
    app.get("/services/nobody/why", &own).await.expect(404);
    let then = english(&format!("/services/dual/why?as_of={}", NOW.0 - 1)).await;
    assert!(then.contains("As known on"), "{then}");
    let then = english(&format!("/services/dual?as_of={}", NOW.0 - 1)).await;
    assert!(then.contains("As known on") && then.contains("Not in service"), "{then}");
    let dutch = page("/services/dual/why").await;
    assert!(dutch.contains("Waarom deze toestand?"), "{dutch}");

    let form = english("/what-if").await;
    assert!(form.contains("2026-11-22T14:00:00"), "the next whole hour in Amsterdam: {form}");
    let nothing = english("/what-if?from=5&until=9&ask=1").await;
    assert!(nothing.contains("Choose at least one component first"), "{nothing}");
    let refused = english("/what-if?t=n/port/2&from=9&until=5&ask=1").await;
    assert!(refused.contains("must end after it starts"), "{refused}");
    let plan = format!("t=n/port/2&from={}&until={}", NOW.0, NOW.0 + HOUR_MS);
    let answer = english(&format!("/what-if?{plan}&planned=1&ask=1")).await;
    assert!(answer.contains("2 Maintenance") || answer.contains("1 Down"), "{answer}");
    assert!(answer.contains("Announce this maintenance"), "{answer}");
    let fields = [("t", "n/port/2"), ("from", &NOW.0.to_string()), ("note", "CHG-8")];
    let until = (NOW.0 + HOUR_MS).to_string();
    let fields = [&fields[..], &[("until", until.as_str())]].concat();
    let sent = app.post_form("/what-if", &own, &fields).await.expect(303);
    let done = english(sent.header("location")).await;
    assert!(done.contains("1 maintenance window was announced"), "{done}");
    let list = network.get("/api/v1/maintenance-windows").await.expect(200).json();
    assert_eq!((&list["total"], &list["windows"][0]["note"]), (&json!(1), &json!("CHG-8")));
    assert_eq!(list["windows"][0]["target"], "n/port/2");
}

#[tokio::test]
async fn a_plan_is_found_by_the_names_of_the_inventory() {
    let network = Network::start().await;
    let session = network.app.sign_in().await;
    let own = [("cookie", session.as_str())];
    let device = store::records::Device {
        account: "n".to_owned(),
        native_id: "7".to_owned(),
        name: "core-zwolle".to_owned(),
        host_name: String::new(),
        sys_name: String::new(),
        hardware: String::new(),
        os: String::new(),
        location: "Zwolle <west>".to_owned(),
        latitude: None,
        longitude: None,
        disabled: false,
        ignored: false,
    };
    network.app.records.inventory().upsert_devices(&[device], NOW).await.expect("written");
    let page = network.app.get("/what-if?q=zwolle", &own).await.expect(200).body;
    assert!(page.contains(r#"value="n/device/7""#) && page.contains("core-zwolle"), "{page}");
    assert!(!page.contains("<west>"), "{page}");
    let page = network.app.get("/what-if?q=nothing+such", &own).await.expect(200).body;
    assert!(page.contains("Niets gevonden"), "{page}");
}
