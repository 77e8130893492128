//! Who sees what: no side door shows a customer anything of another.

use correlate::model::{ComponentState, ServiceDefinition, ServiceState};
use reqwest::Method;
use serde_json::json;
use store::records::{Actor, CustomerDraft, CustomerId, Role, ServiceDraft, UserDraft, UserId};
use store::series::{ComponentDimension, ServiceDimension};

use crate::rig::{NOW, TestApp, interval, transition};

const HOUR_MS: i64 = 3_600_000;

/// What must never reach whoever acts for Ede: the rival's names, ids and notes.
const SECRETS: [&str; 6] =
    ["Rivaal", "rival", "Geheime ring", "ring-of", "n/device/9", "ticket of the other"];

struct World {
    app: TestApp,
    ede: CustomerId,
    rival: CustomerId,
    rival_user: UserId,
    klant: String,
    manager: String,
}

/// Two customers on one router. Ede's line also goes over a ring that is the
/// rival's; what hangs on it is part of the explanation, what it is called is not.
async fn world() -> World {
    let app = TestApp::start().await;
    let actor = Actor::new("test", NOW);
    let customers = app.records.customers();
    let ede = customers.create(&actor, &CustomerDraft::named("Ede")).await.expect("added");
    let rival = customers.create(&actor, &CustomerDraft::named("Rivaal BV")).await.expect("added");
    for (id, name, customer, path) in [
        ("ring-of-rival", "Geheime ring", "Rivaal BV", json!("n/device/2")),
        ("rival-1", "Rivaal lijn", "Rivaal BV", json!({"all": ["n/device/1", "n/device/9"]})),
        ("ede-1", "Ede lijn", "Ede", json!({"any": ["n/device/1", {"service": "ring-of-rival"}]})),
    ] {
        let definition = json!({"id": id, "path": path});
        let definition = ServiceDefinition::from_json(&definition, &|_| None).expect("valid");
        let draft = ServiceDraft {
            definition,
            name: name.to_owned(),
            customer: Some(customer.to_owned()),
            description: String::new(),
            active: true,
        };
        app.records.services().create(&actor, &draft).await.expect("created");
    }
    let began = NOW.plus_millis(-48 * HOUR_MS);
    let failed = NOW.plus_millis(-HOUR_MS);
    let mut intervals = Vec::new();
    for service in ["ring-of-rival", "rival-1", "ede-1"] {
        let down = |start, end, state, cause: &[&str]| interval(service, start, end, state, cause);
        intervals.push(down(began, Some(failed), ServiceState::Up, &[]));
        intervals.push(down(failed, None, ServiceState::Down, &["n/device/1"]));
    }
    let transitions = ["n/device/1", "n/device/2", "n/device/9"]
        .map(|id| transition(id, failed, ComponentState::Down));
    app.store(1, intervals, transitions.to_vec()).await;
    let named = |id: &str, name: &str, customer: &str| ServiceDimension {
        id: id.into(),
        name: name.to_owned(),
        customer: customer.to_owned(),
        product: String::new(),
        speed_mbps: 0,
        description: String::new(),
    };
    let services = [
        named("ring-of-rival", "Geheime ring", "Rivaal BV"),
        named("rival-1", "Rivaal lijn", "Rivaal BV"),
        named("ede-1", "Ede lijn", "Ede"),
    ];
    app.series.upsert_services(&services, 1).await.expect("written");
    let owners = [("ring-of-rival", rival), ("rival-1", rival), ("ede-1", ede)]
        .map(|(id, customer)| (id.into(), customer.to_string()));
    app.series.upsert_service_customers(&owners, 1).await.expect("written");
    let router = ComponentDimension {
        id: "n/device/1".into(),
        kind: "device".to_owned(),
        name: "core1.ams1".to_owned(),
        device: "n/device/1".into(),
        device_name: "core1.ams1".to_owned(),
        site: String::new(),
        description: String::new(),
    };
    app.series.upsert_components(&[router], 1).await.expect("written");
    let admin = app.token().await;
    let window = json!({"target": "n/device/1", "from": "2026-11-22T11:00:00Z",
        "to": "2026-11-22T13:00:00Z", "note": "ticket of the other"});
    let own = [("authorization", admin.as_str())];
    app.send(Method::POST, "/api/v1/maintenance-windows", &own, Some(window)).await.expect(201);
    let (_, klant) = app.acting("anna@ede.example", Role::Klant, &[ede]).await;
    let (rival_user, _) = app.acting("boss@rivaal.example", Role::Klant, &[rival]).await;
    let (manager_id, manager) = app.acting("am@example.net", Role::Accountmanager, &[]).await;
    let assigned =
        CustomerDraft { account_manager: Some(manager_id), ..CustomerDraft::named("Ede") };
    app.records.customers().update(&actor, ede, &assigned, None).await.expect("assigned");
    World { app, ede, rival, rival_user, klant, manager }
}

/// The GET routes on which `role` sees what is theirs, by the policy itself.
async fn own_routes(world: &World, role: &str) -> Vec<String> {
    let admin = world.app.token().await;
    let matrix = world.app.get("/api/v1/permissions", &[("authorization", &admin)]).await;
    let matrix = matrix.expect(200).json();
    let mut routes = Vec::new();
    for action in matrix["actions"].as_array().expect("a list") {
        if action["roles"][role] == "own" {
            let of = action["routes"].as_array().expect("a list").iter();
            let of = of.filter_map(|route| route.as_str()?.strip_prefix("GET "));
            routes.extend(of.map(str::to_owned));
        }
    }
    assert!(routes.len() > 12, "{routes:?}");
    routes
}

/// An id that fits the place in `route`: of Ede, of the rival, or of nobody.
fn ids(world: &World, route: &str) -> [String; 3] {
    let nobody = "01890000-0000-7000-8000-00000000dead";
    if route.contains("/services/") {
        ["ede-1".to_owned(), "rival-1".to_owned(), "no-such".to_owned()]
    } else if route.contains("/customers/") {
        [world.ede.to_string(), world.rival.to_string(), nobody.to_owned()]
    } else {
        [nobody.to_owned(), world.rival_user.to_string(), nobody.to_owned()]
    }
}

#[tokio::test]
async fn ids_of_others_answer_exactly_as_ids_that_do_not_exist() {
    let world = world().await;
    for (role, token) in [("klant", &world.klant), ("accountmanager", &world.manager)] {
        for route in own_routes(&world, role).await {
            if !route.contains("{id}") {
                continue;
            }
            let [own, others, nobodys] = ids(&world, &route);
            let mut answers = Vec::new();
            for id in [&others, &nobodys] {
                let path = route.replace("{id}", id);
                let headers = [("authorization", token.as_str()), ("x-request-id", "one")];
                let answer = world.app.get(&path, &headers).await;
                answers.push((answer.status, answer.body.replace(id.as_str(), "ID")));
            }
            assert_eq!(answers[0], answers[1], "{route} as {role}");
            assert_eq!(answers[0].0, 404, "{route} as {role}");
            if !route.contains("/users/") {
                let path = route.replace("{id}", &own);
                world.app.get(&path, &[("authorization", token)]).await.expect(200);
            }
        }
    }
}

#[tokio::test]
async fn nothing_of_a_rival_is_in_any_answer() {
    let world = world().await;
    for (role, token) in [("klant", &world.klant), ("accountmanager", &world.manager)] {
        for route in own_routes(&world, role).await {
            // A stream has no end to read to.
            if route == "/events" {
                continue;
            }
            let [own, ..] = ids(&world, &route);
            let path = route.replace("{id}", &own);
            for query in ["", "?q=rivaal", "?as_of=2026-11-22T11:45:00Z", "?of=n%2Fdevice%2F9"] {
                let headers = [("authorization", token.as_str()), ("accept-language", "en")];
                let answer = world.app.get(&format!("{path}{query}"), &headers).await;
                let body = answer.body.replace("q=rivaal", "").replace("value=\"rivaal\"", "");
                let body = body.replace("of=n%2Fdevice%2F9", "");
                for secret in SECRETS {
                    assert!(!body.contains(secret), "{path}{query} as {role}: {secret}\n{body}");
                }
            }
        }
    }
    // What is needed to explain their own line is there.
    let why = "/api/v1/services/ede-1/explain";
    let why = world.app.get(why, &[("authorization", &world.klant)]).await.expect(200);
    assert!(why.body.contains("core1.ams1") && why.body.contains("shared-1"), "{}", why.body);
    assert!(why.body.contains("n/device/2"), "{}", why.body);
}

#[tokio::test]
async fn searches_filters_and_counts_hold_ones_own_alone() {
    let world = world().await;
    let check = async |token: &str, query: &str, expected: [u64; 2]| {
        let path = format!("/api/v1/services{query}");
        let found = world.app.get(&path, &[("authorization", token)]).await.expect(200).json();
        let counts = [&found["total"], &found["counts"]["down"]];
        assert_eq!(counts.map(|count| count.as_u64().expect("a number")), expected, "{query}");
    };
    let admin = world.app.token().await;
    check(&admin, "", [3, 3]).await;
    for token in [&world.klant, &world.manager] {
        check(token, "", [1, 1]).await;
        check(token, "?q=rival", [0, 0]).await;
        check(token, "?customer=Rivaal%20BV", [0, 0]).await;
        check(token, "?state=down", [1, 1]).await;
        let page = world.app.get("/?cause=n%2Fdevice%2F1", &[("authorization", token)]).await;
        let page = page.expect(200).body;
        assert!(page.contains("core1.ams1") && page.contains("Ede lijn"), "{page}");
    }
    let (_, nobody) = world.app.acting("new@example.net", Role::Klant, &[]).await;
    check(&nobody, "", [0, 0]).await;
}

#[tokio::test]
async fn a_service_that_moves_is_seen_by_its_new_customer_alone_and_at_once() {
    let world = world().await;
    let (_, rival) = world.app.acting("two@rivaal.example", Role::Klant, &[world.rival]).await;
    let path = "/api/v1/services/ede-1/intervals";
    world.app.get(path, &[("authorization", &world.klant)]).await.expect(200);
    world.app.get(path, &[("authorization", &rival)]).await.expect(404);
    let admin = world.app.token().await;
    let moved = json!({"name": "Ede lijn", "customer": "Rivaal BV", "path": "n/device/1"});
    let own = [("authorization", admin.as_str())];
    world.app.send(Method::PUT, "/api/v1/services/ede-1", &own, Some(moved)).await.expect(200);
    // The series have not heard of it yet.
    for path in [path, "/services/ede-1", "/services/ede-1/why", "/api/v1/services/ede-1"] {
        world.app.get(path, &[("authorization", &world.klant)]).await.expect(404);
    }
    let counted = async |token: &str| {
        let list = world.app.get("/api/v1/services", &[("authorization", token)]).await;
        let list = list.expect(200).json();
        let ids = list["services"].as_array().expect("a list").iter();
        let ids: Vec<String> = ids.map(|one| one["id"].to_string()).collect();
        let down = list["counts"]["down"].as_u64().expect("a number");
        (ids.len() as u64, list["total"].as_u64().expect("a number"), down)
    };
    // Nothing is counted, blamed or told where the service was.
    assert_eq!(counted(&world.klant).await, (0, 0, 0));
    assert_eq!(counted(&world.manager).await, (0, 0, 0));
    let live = world.app.get("/live", &[("authorization", &world.klant)]).await.expect(200).body;
    assert!(!live.contains("core1.ams1") && !live.contains("Ede lijn"), "{live}");
    // Two of their own, and the one that came.
    assert_eq!(counted(&rival).await, (3, 3, 3));
    // When the series have heard of it, nothing changes any more.
    let owner = ("ede-1".into(), world.rival.to_string());
    world.app.series.upsert_service_customers(&[owner], 2).await.expect("written");
    assert_eq!(counted(&world.klant).await, (0, 0, 0));
    assert_eq!(counted(&rival).await, (3, 3, 3));
}

#[tokio::test]
async fn a_customer_who_is_taken_away_is_out_of_sight_with_the_next_request() {
    let world = world().await;
    let actor = Actor::new("test", NOW);
    let users = world.app.records.users();
    let anna = users.by_email("anna@ede.example").await.expect("reads").expect("there");
    let path = "/api/v1/services/ede-1";
    world.app.get(path, &[("authorization", &world.klant)]).await.expect(200);
    let draft = UserDraft { customers: [world.rival].into(), ..UserDraft::of(&anna) };
    users.update(&actor, anna.id, &draft, None).await.expect("changed");
    world.app.get(path, &[("authorization", &world.klant)]).await.expect(404);
}
