//! Walks the whole URL map: nothing is open that should not be, and what is
//! documented is what is there.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use correlate::model::Timestamp;
use store::records::Records;
use store::series::{Series, SeriesConfig};
use tower::ServiceExt;

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
        "GET /register",
        "POST /language",
        "POST /login",
        "POST /push/{account}",
        "POST /register",
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
