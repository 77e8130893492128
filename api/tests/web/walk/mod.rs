//! A walk over every route of the map, as nobody, as each role, and as
//! customers of others, in a session and with a token, with ids of their own,
//! of others and of nobody, in the path and in every parameter: what is
//! another's answers as what does not exist, to the last header, and nothing
//! is changed by having asked.

mod kinds;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use self::kinds::{GIVEN, Kind, NAMES_NOTHING, Place, Whose, path};
use self::world::{Caller, SOURCE, World};
use crate::accounts::TOKEN;
use crate::rig::{Answer, TestApp};

/// A stream without an end to read to.
const STREAM: &str = "GET /events";
/// Pages that lead on to another, and one that a token does not open.
const LEADS_ON: [&str; 3] = ["GET /profile/security/totp", "GET /docs", "GET /confirm"];
/// Forms to enter an account at an NMS, which no token of a person opens.
const ENTERS: [&str; 2] = ["GET /sources/new", "GET /sources/{name}/account"];
/// A route that answers only with a parameter.
const ASKS_FOR_MORE: [&str; 1] = ["GET /api/v1/samples"];
/// Programs on this machine read it, so here everybody does; the walk beside
/// the policy comes from elsewhere.
const SCRAPED: &str = "GET /metrics";

/// A route that is not public, and how far each role goes in it.
struct Route {
    line: String,
    method: Method,
    path: String,
    roles: BTreeMap<String, String>,
}

/// The whole map, as administrators read it; the tests beside the policy say
/// that it is right, and which routes are public.
async fn routes(world: &World) -> Vec<Route> {
    let bearer = world.caller("beheer").bearer.as_str();
    let matrix = world.app.get("/api/v1/permissions", &[("authorization", bearer)]).await;
    let matrix = matrix.expect(200).json();
    let mut routes = Vec::new();
    for action in matrix["actions"].as_array().expect("a list") {
        let roles: BTreeMap<String, String> =
            serde_json::from_value(action["roles"].clone()).expect("a reach for each role");
        for line in action["routes"].as_array().expect("a list") {
            let line = line.as_str().expect("a text");
            let (method, path) = line.split_once(' ').expect("a method and a path");
            routes.push(Route {
                line: line.to_owned(),
                method: method.parse().expect("a method"),
                path: path.to_owned(),
                roles: roles.clone(),
            });
        }
    }
    assert!(routes.len() > 120, "the map is whole: {}", routes.len());
    routes
}

/// The kinds of ids in a path, in their order.
fn kinds_in(route: &str) -> Vec<Kind> {
    let parts = route.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    parts.map(|name| Kind::of_place(route, name)).collect()
}

/// How somebody says who they are: by a session, by a token, or not at all.
fn ways(caller: Option<&Caller>) -> Vec<Option<(&'static str, &str)>> {
    match caller {
        None => vec![None],
        Some(caller) => vec![
            Some(("cookie", caller.cookie.as_str())),
            Some(("authorization", caller.bearer.as_str())),
        ],
    }
}

/// A request to be sent with one id and with another.
struct Asked<'a> {
    route: &'a Route,
    path: String,
    given: Option<(Place, &'static str)>,
    id: String,
}

async fn send(app: &TestApp, who: Option<(&str, &str)>, asked: &Asked<'_>) -> Answer {
    let mut headers = vec![("x-request-id", "one"), ("accept-language", "en")];
    headers.extend(who);
    let (method, id) = (asked.route.method.clone(), asked.id.as_str());
    match asked.given {
        None => app.send(method, &asked.path, &headers, None).await,
        Some((Place::Query, name)) => {
            let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
            app.send(method, &format!("{}?{name}={id}", asked.path), &headers, None).await
        }
        Some((Place::Form, name)) => app.post_form(&asked.path, &headers, &[(name, id)]).await,
        Some((Place::Field, name)) => {
            app.send(method, &asked.path, &headers, Some(json!({name: id}))).await
        }
        Some((Place::List, name)) => {
            app.send(method, &asked.path, &headers, Some(json!({name: [id]}))).await
        }
    }
}

/// All that somebody sees of an answer, but for the id that they sent.
fn seen(answer: &Answer, id: &str) -> (u16, BTreeMap<String, String>, String) {
    let encode =
        |text: &str| -> String { url::form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let once = encode(id);
    // Where to go on after signing in is an address within an address.
    let forms = [id.to_owned(), encode(&once), once, id.replace(' ', "%20")];
    let hide = |text: &str| forms.iter().fold(text.to_owned(), |text, id| text.replace(id, "ID"));
    let headers = answer.headers.iter().filter(|(name, _)| name.as_str() != "date");
    let headers = headers
        .map(|(name, value)| (name.to_string(), hide(value.to_str().unwrap_or_default())))
        .collect();
    (answer.status, headers, hide(&answer.body))
}

/// Makes a request from an id.
type Ask<'a> = Box<dyn Fn(&str) -> Asked<'a> + 'a>;

/// Every request to `route` with an id in it, for each place where one can be,
/// and what it names.
fn askings<'a>(world: &'a World, caller: &'a Caller, route: &'a Route) -> Vec<(Kind, Ask<'a>)> {
    let mut askings: Vec<(Kind, Ask<'a>)> = Vec::new();
    for (at, kind) in kinds_in(&route.path).into_iter().enumerate() {
        let ask = move |id: &str| {
            let path = path(world, caller, &route.path, at, id);
            Asked { route, path, given: None, id: id.to_owned() }
        };
        askings.push((kind, Box::new(ask)));
    }
    for (line, place, name, kind) in GIVEN {
        if line == route.line {
            let ask = move |id: &str| {
                let path = path(world, caller, &route.path, usize::MAX, "");
                Asked { route, path, given: Some((place, name)), id: id.to_owned() }
            };
            askings.push((kind, Box::new(ask)));
        }
    }
    askings
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_anothers_answers_as_what_does_not_exist_and_nothing_changes() {
    let world = World::new().await;
    let routes = routes(&world).await;
    let before = world.latest_change().await;
    let mut compared = BTreeMap::<Kind, usize>::new();
    let mut wrong = Vec::new();
    for route in routes.iter().filter(|route| route.line != STREAM) {
        let strangers = [(None, world.caller("klant"))];
        let known = world.callers.iter().map(|caller| (Some(caller), caller));
        for (who, caller) in strangers.into_iter().chain(known) {
            let reach = route.roles[caller.role.as_str()].as_str();
            for (kind, ask) in askings(&world, caller, route) {
                // Whoever sees everything knows of what is there.
                let knows = reach == "everything" && kind.whose() != Whose::Person;
                let ends_others = reach == "everything" && kind == Kind::Session;
                if who.is_some() && (knows || ends_others) {
                    continue;
                }
                for id in kind.foreign(&world, caller) {
                    let nobodys = kind.nobodys(&id);
                    for way in ways(who) {
                        let theirs = send(&world.app, way, &ask(&id)).await;
                        let none = send(&world.app, way, &ask(&nobodys)).await;
                        let (theirs, none) = (seen(&theirs, &id), seen(&none, &nobodys));
                        let given = ask("…").given;
                        let expected = match (who, reach, given) {
                            (None, ..) => [401, 303].contains(&none.0),
                            (_, "nothing", _) => none.0 == 403,
                            // A token may do less than a session.
                            (_, _, None) => none.0 == 404 || (way != ways(who)[0] && none.0 == 403),
                            // A filter finds nothing, or the thing is not there.
                            (_, _, Some(_)) => [200, 303, 404, 422].contains(&none.0),
                        };
                        if theirs != none || !expected {
                            let who = who.map_or("nobody", |caller| caller.name);
                            wrong.push(format!(
                                "{} as {who} by {:?}, {kind:?} {id} as {given:?}:\n{theirs:?}\n{none:?}",
                                route.line,
                                way.map(|way| way.0),
                            ));
                        }
                        *compared.entry(kind).or_default() += 1;
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(compared.len() > 12 && compared.values().all(|count| *count > 10), "{compared:?}");
    assert_eq!(world.latest_change().await, before, "asking changed something");
    for caller in &world.callers {
        let own = [("cookie", caller.cookie.as_str())];
        let factors = world.app.get("/api/v1/profile/factors", &own).await.expect(200).json();
        assert_eq!(factors["passkeys"][0]["id"], caller.passkey, "{}", caller.name);
        let own = [("authorization", caller.bearer.as_str())];
        world.app.get("/api/v1/profile", &own).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_reads_what_is_theirs_and_nobody_a_page_that_is_not_for_them() {
    let world = World::new().await;
    let mut wrong = Vec::new();
    let routes = routes(&world).await;
    let before = world.latest_change().await;
    let read = |route: &&Route| route.method == Method::GET && route.line != SCRAPED;
    for route in routes.iter().filter(read) {
        for caller in &world.callers {
            let reach = route.roles[caller.role.as_str()].as_str();
            let kinds = kinds_in(&route.path);
            let has_own = kinds.iter().all(|kind| kind.own(&world, caller).is_some());
            for way in ways(Some(caller)).into_iter().flatten() {
                let mut path = path(&world, caller, &route.path, usize::MAX, "");
                if ASKS_FOR_MORE.contains(&route.line.as_str()) {
                    path.push_str("?component=n%2Fdevice%2F1");
                }
                let answer = world.app.open(&path, &[way]).await;
                let status = answer.status().as_u16();
                let is_right = match reach {
                    "nothing" => status == 403,
                    _ if !has_own => status == 404,
                    _ if LEADS_ON.contains(&route.line.as_str()) => {
                        [200, 303, 308, 403].contains(&status)
                    }
                    _ if ENTERS.contains(&route.line.as_str()) => {
                        status == if way.0 == "cookie" { 200 } else { 403 }
                    }
                    _ => status == 200,
                };
                let tells = route.line != STREAM
                    && answer.text().await.expect("a whole answer").contains(TOKEN);
                if tells {
                    wrong.push(format!("{path} as {} tells the token of the NMS", caller.name));
                }
                if !is_right {
                    let how = way.0;
                    wrong.push(format!("{path} as {} by {how}: {status}, {reach}", caller.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(world.latest_change().await, before, "reading changed something");
}

#[tokio::test]
async fn what_is_ones_own_can_be_taken_away_by_oneself() {
    let world = World::new().await;
    let app = &world.app;
    let klant = world.caller("klant");
    let (by_session, by_token) =
        ([("cookie", klant.cookie.as_str())], [("authorization", klant.bearer.as_str())]);
    let passkey = format!("/api/v1/profile/passkeys/{}", klant.passkey);
    app.send(Method::DELETE, &passkey, &by_token, None).await.expect(403);
    app.send(Method::DELETE, &passkey, &by_session, None).await.expect(204);
    app.send(Method::DELETE, &passkey, &by_session, None).await.expect(404);
    let session = format!("/api/v1/sessions/{}", klant.session);
    app.send(Method::DELETE, &session, &by_token, None).await.expect(204);
    app.get("/api/v1/profile", &by_session).await.expect(401);
    let token = format!("/api/v1/tokens/{}", klant.token);
    app.send(Method::DELETE, &token, &by_token, None).await.expect(204);
    app.get("/api/v1/profile", &by_token).await.expect(401);
    let both = world.caller("both");
    let own = [("cookie", both.cookie.as_str())];
    app.post_form("/profile/tokens/revoke", &own, &[("id", &both.token)]).await.expect(303);
    app.get("/api/v1/profile", &[("authorization", &both.bearer)]).await.expect(401);
    let form = format!("/profile/security/passkeys/{}/removal", both.passkey);
    app.post_form(&form, &own, &[]).await.expect(303);
    app.post_form("/profile/sessions/revoke", &own, &[("id", &both.session)]).await.expect(303);
    app.get("/api/v1/profile", &own).await.expect(401);
    // What the others have is as it was.
    for caller in world.callers.iter().filter(|one| !["klant", "both"].contains(&one.name)) {
        app.get("/api/v1/profile", &[("cookie", &caller.cookie)]).await.expect(200);
        app.get("/api/v1/profile", &[("authorization", &caller.bearer)]).await.expect(200);
    }
}

#[tokio::test]
async fn methods_that_are_not_in_the_map_answer_nobody() {
    let world = World::new().await;
    let routes = routes(&world).await;
    let klant = world.caller("klant");
    let mut there: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for route in &routes {
        there.entry(&route.path).or_default().insert(route.method.as_str());
    }
    for (route, methods) in there {
        let path = path(&world, klant, route, usize::MAX, "");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if methods.contains(method) {
                continue;
            }
            // The same path may be public by another method.
            let asked = method.parse().expect("a method");
            let nobody = world.app.send(asked, &path, &[], None).await;
            let headers = [("cookie", klant.cookie.as_str())];
            let asked = method.parse().expect("a method");
            let known = world.app.send(asked, &path, &headers, None).await;
            let what = format!("{method} {path}: {}, {}", nobody.status, known.status);
            assert!([303, 401, 405].contains(&nobody.status), "{what}");
            assert!([403, 405].contains(&known.status), "{what}");
        }
    }
}

/// The fields of a schema of the document, followed once where it refers.
fn fields(document: &Value, schema: &Value) -> BTreeSet<String> {
    let schema = match schema["$ref"].as_str() {
        Some(reference) => {
            let pointer = reference.trim_start_matches('#');
            document.pointer(pointer).unwrap_or_else(|| panic!("{reference} is not there"))
        }
        None => schema,
    };
    let named = schema["properties"].as_object().into_iter().flatten();
    named.map(|(name, _)| name.clone()).collect()
}

#[tokio::test]
async fn every_documented_parameter_is_said_to_name_something_or_nothing() {
    let world = World::new().await;
    let bearer = world.caller("beheer").bearer.as_str();
    let document = world.app.get("/api/v1/openapi.json", &[("authorization", bearer)]).await;
    let document = document.expect(200).json();
    let mut unsaid = Vec::new();
    let mut said = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let line = format!("{} {path}", method.to_uppercase());
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let queried = parameters.filter(|one| one["in"] == "query");
            let mut names: BTreeSet<String> =
                queried.map(|one| one["name"].as_str().expect("a name").to_owned()).collect();
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            names.extend(fields(&document, body));
            for name in names {
                let is_given = GIVEN.iter().any(|given| given.0 == line && given.2 == name);
                if is_given {
                    said.insert((line.clone(), name));
                } else if !NAMES_NOTHING.contains(&name.as_str()) {
                    unsaid.push(format!("{line}: {name}"));
                }
            }
        }
    }
    assert!(unsaid.is_empty(), "say what these name:\n{}", unsaid.join("\n"));
    let of_api = GIVEN.iter().filter(|given| given.0.contains(" /api/"));
    for (line, _, name, _) in of_api {
        assert!(said.contains(&((*line).to_owned(), (*name).to_owned())), "no {name} in {line}");
    }
    let routes = routes(&world).await;
    for (line, ..) in GIVEN {
        assert!(routes.iter().any(|route| route.line == line), "{line} is not in the map");
    }
}

#[tokio::test]
async fn strangers_cannot_tell_which_accounts_push() {
    let world = World::new().await;
    let headers = [("authorization", "Bearer wrong"), ("x-request-id", "one")];
    let known = world.app.post_text(&format!("/push/{SOURCE}"), &headers, "{}").await;
    let none = world.app.post_text("/push/lon9", &headers, "{}").await;
    assert_eq!(seen(&known, SOURCE), seen(&none, "lon9"));
    assert_eq!(known.status, 401);
}
