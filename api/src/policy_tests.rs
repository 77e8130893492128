//! Walks the whole URL map: nothing is open that should not be, and what is
//! documented is what is there.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use correlate::model::Timestamp;
use secrecy::ExposeSecret;
use store::records::{Actor, CustomerDraft, Records, Role, UserDraft};
use store::series::{Series, SeriesConfig};
use tower::ServiceExt;

use crate::policy::{Action, Reach, reach};
use crate::web::{Policy, RouteEntry};
use crate::{ApiConfig, ApiParts, ApiState, map, router};

async fn state(dir: &tempfile::TempDir) -> ApiState {
    let url = format!("sqlite://{}", dir.path().join("records.db").display());
    let records = Records::connect(&url).await.expect("the records open");
    records.migrate().await.expect("the records migrate");
    let series = Series::connect(&SeriesConfig {
        // Nothing listens on port 1.
        url: "http://127.0.0.1:1".to_owned(),
        database: "padwacht".to_owned(),
        user: String::new(),
        password: "".into(),
    });
    ApiState::new(ApiParts {
        records,
        series: series.expect("a good configuration"),
        config: ApiConfig::new("http://127.0.0.1:8080", "0").expect("the zone is bundled"),
        clock: Arc::new(|| Timestamp(0)),
        log: None,
        metrics: None,
    })
    .expect("a good configuration")
}

fn entries(state: &ApiState) -> Vec<RouteEntry> {
    map::routes(state).into_parts().1
}

#[tokio::test]
async fn nothing_answers_strangers_but_what_is_public() {
    let dir = tempfile::tempdir().expect("a directory");
    let state = state(&dir).await;
    let entries = entries(&state);
    assert!(entries.len() > 30, "the map is whole");
    for entry in entries.iter().filter(|entry| entry.policy != Policy::Public) {
        let path = entry.path.replace("{*", "{").replace(['{', '}'], "");
        let request = Request::builder().method(entry.verb.as_str()).uri(&path);
        let request = request.body(Body::empty()).expect("a request");
        let response = router(state.clone()).oneshot(request).await.expect("never fails");
        let to_login = response.status() == StatusCode::SEE_OTHER
            && response
                .headers()
                .get(header::LOCATION)
                .is_some_and(|place| place.as_bytes().starts_with(b"/login"));
        assert!(
            response.status() == StatusCode::UNAUTHORIZED || to_login,
            "{} {path} gave a stranger {}",
            entry.verb.as_str(),
            response.status()
        );
    }
}

/// A path of `entry` with a made-up id wherever it takes one.
fn made_up(entry: &RouteEntry) -> String {
    let mut path = String::new();
    for part in entry.path.split('/').skip(1) {
        path.push('/');
        path.push_str(match part {
            part if part.starts_with("{*rest") => "n/device/1/transitions",
            part if part.starts_with("{*") => "index.html",
            part if part.starts_with('{') => "01890000-0000-7000-8000-00000000dead",
            part => part,
        });
    }
    if path.is_empty() { "/".to_owned() } else { path }
}

#[tokio::test]
async fn every_route_lets_in_whom_the_policy_says_and_nobody_else() {
    let dir = tempfile::tempdir().expect("a directory");
    let state = state(&dir).await;
    let records = state.records().clone();
    let actor = Actor::new("test", Timestamp(0));
    let customers = records.customers();
    let mut callers: Vec<(Option<Role>, Option<String>)> = vec![(None, None)];
    for (number, role) in
        [Role::Beheer, Role::Accountmanager, Role::Klant, Role::Klant].into_iter().enumerate()
    {
        let name = format!("customer {number}");
        let customer = customers.create(&actor, &CustomerDraft::named(name)).await.expect("added");
        let own = if role == Role::Beheer { BTreeSet::new() } else { BTreeSet::from([customer]) };
        let email = format!("user{number}@example.net");
        let draft = UserDraft { customers: own, ..UserDraft::new(email, role) };
        let user = records.users().create(&actor, &draft, &"h".into()).await.expect("a user");
        let token = crate::issue_api_token(&records, &actor, user, "test", None).await;
        callers.push((Some(role), Some(token.expect("a token").1.expose_secret().to_owned())));
    }
    for entry in entries(&state) {
        for (role, token) in &callers {
            let mut request = Request::builder()
                .method(entry.verb.as_str())
                .uri(made_up(&entry))
                .extension(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 4711))));
            if let Some(token) = token {
                request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
            }
            let request = request.body(Body::empty()).expect("a request");
            let response = router(state.clone()).oneshot(request).await.expect("never fails");
            let status = response.status();
            let is_refused = status == StatusCode::FORBIDDEN;
            let to_login = response.headers().get(header::LOCATION).is_some_and(|place| {
                let signs_out = entry.path == "/logout" && role.is_some();
                place.as_bytes().starts_with(b"/login") && !signs_out
            });
            let is_stranger = status == StatusCode::UNAUTHORIZED || to_login;
            let action = match entry.policy {
                Policy::Public => continue,
                Policy::Metrics => Action::ReadPipeline,
                Policy::May(action) => action,
            };
            let expected = match role {
                None => (true, false),
                Some(role) => (false, reach(*role, action) == Reach::Nothing),
            };
            let line = format!("{} {} as {role:?}: {status}", entry.verb.as_str(), entry.path);
            assert_eq!((is_stranger, is_refused), expected, "{line}");
        }
    }
}

#[test]
fn nothing_but_the_policy_sees_everything() {
    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("the folder is part of the crate") {
            let path = entry.expect("readable").path();
            if path.is_dir() { files(&path, found) } else { found.push(path) }
        }
    }
    let mut sources = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sources);
    let makes_one = |path: &&PathBuf| {
        let text = std::fs::read_to_string(path).expect("text");
        ["Scope::everything", "Scope::customers("].iter().any(|way| text.contains(way))
    };
    let found: Vec<_> =
        sources.iter().filter(makes_one).filter_map(|path| path.file_name()).collect();
    // Where the guard of a route turns what the policy says into a scope; and here.
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|name| *name == "principal.rs" || *name == "policy_tests.rs"));
}

#[tokio::test]
async fn only_a_few_routes_are_public() {
    let dir = tempfile::tempdir().expect("a directory");
    let state = state(&dir).await;
    let public: BTreeSet<String> = entries(&state)
        .into_iter()
        .filter(|entry| entry.policy == Policy::Public)
        .map(|entry| format!("{} {}", entry.verb.as_str(), entry.path))
        .collect();
    let expected = [
        "GET /assets/{file}",
        "GET /healthz",
        "GET /login",
        "GET /readyz",
        "GET /forgot-password",
        "GET /register",
        "GET /reset-password",
        "POST /language",
        "POST /login",
        "POST /push/{account}",
        "POST /forgot-password",
        "POST /register",
        "POST /reset-password",
    ];
    assert_eq!(public, expected.map(str::to_owned).into());
}

#[tokio::test]
async fn the_document_and_the_map_name_the_same_operations() {
    let dir = tempfile::tempdir().expect("a directory");
    let state = state(&dir).await;
    let (_, entries, document) = map::routes(&state).into_parts();
    let routed: BTreeSet<String> = entries
        .iter()
        .filter_map(|entry| Some(format!("{} {}", entry.verb.as_str(), entry.documented.as_ref()?)))
        .collect();
    let undocumented: Vec<_> = entries
        .iter()
        .filter(|entry| entry.path.starts_with("/api/") && entry.documented.is_none())
        .collect();
    assert!(undocumented.is_empty(), "{undocumented:?}");
    let documented: BTreeSet<String> = document
        .paths
        .paths
        .iter()
        .flat_map(|(path, item)| {
            let verbs = [
                ("GET", item.get.is_some()),
                ("POST", item.post.is_some()),
                ("PUT", item.put.is_some()),
                ("DELETE", item.delete.is_some()),
            ];
            verbs.into_iter().filter(|verb| verb.1).map(move |(verb, _)| format!("{verb} {path}"))
        })
        .collect();
    assert_eq!(routed, documented);
}

#[tokio::test]
async fn every_schema_that_the_document_refers_to_is_in_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let state = state(&dir).await;
    let (_, _, document) = map::routes(&state).into_parts();
    let json = serde_json::to_string(&document).expect("a document is JSON");
    let schemas = document.components.expect("schemas").schemas;
    for reference in json.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap_or_default();
        assert!(schemas.contains_key(name), "{name} is missing");
    }
}
