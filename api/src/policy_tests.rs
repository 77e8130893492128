//! Walks the whole URL map: nothing is open that should not be, and what is
//! documented is what is there.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderName, Request, StatusCode, header};
use correlate::model::Timestamp;
use secrecy::ExposeSecret;
use store::records::{
    Actor, CustomerDraft, Records, Role, ServiceGrant, SessionDraft, TokenHash, UserDraft, UserId,
};
use store::series::{Series, SeriesConfig};
use tower::ServiceExt;

use crate::auth::{WantedToken, issue_token};
use crate::policy::{
    Action, CONFIRMED_FOR_MS, Confirmation, Reach, confirmation, is_open_without_factor,
    service_reach,
};
use crate::policy_matrix::meant;
use crate::web::{Policy, RouteEntry, Verb};
use crate::{ApiConfig, ApiParts, ApiState, map, router};

async fn state(dir: &tempfile::TempDir) -> ApiState {
    let records = test_records::records(dir.path()).await;
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

#[test]
fn every_walk_passes_on_postgresql() {
    test_records::again_on_postgres("every_walk_passes_on_postgresql", &["policy_tests::"]);
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
        let request = request.header(header::HOST, "127.0.0.1");
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

/// Somebody of each role, and of another customer.
async fn people(records: &Records) -> Vec<(UserId, Role)> {
    let actor = Actor::new("test", Timestamp(0));
    let mut people = Vec::new();
    for (number, role) in
        [Role::Beheer, Role::Accountmanager, Role::Klant, Role::Klant].into_iter().enumerate()
    {
        let name = format!("customer {number}");
        let customer =
            records.customers().create(&actor, &CustomerDraft::named(name)).await.expect("added");
        let own = if role == Role::Beheer { BTreeSet::new() } else { BTreeSet::from([customer]) };
        let email = format!("user{number}@example.net");
        let draft = UserDraft { customers: own, ..UserDraft::new(email, role) };
        let user = records.users().create(&actor, &draft, &"h".into()).await.expect("a user");
        people.push((user, role));
    }
    people
}

/// A session of `user` that began at `at`, as the header holds it. The clock
/// of the tests stands at 0.
async fn session(state: &ApiState, user: UserId, at: Timestamp) -> (HeaderName, String) {
    const DAY_MS: i64 = 86_400_000;
    let token = format!("{user}{}", at.millis());
    let sessions = state.records().sessions();
    sessions.end(&TokenHash::of(&token)).await.expect("records");
    let draft = SessionDraft {
        token: TokenHash::of(&token),
        user,
        at,
        idle_timeout_ms: DAY_MS,
        absolute_timeout_ms: DAY_MS,
        user_agent: String::new(),
        address: String::new(),
    };
    sessions.create(&draft).await.expect("a session");
    (header::COOKIE, format!("padwacht_session={token}"))
}

async fn token(state: &ApiState, user: UserId) -> (HeaderName, String) {
    let actor = Actor::new("test", Timestamp(0));
    let token = crate::issue_api_token(state.records(), &actor, user, "test", None).await;
    let token = token.expect("a token").1;
    (header::AUTHORIZATION, format!("Bearer {}", token.expose_secret()))
}

/// What a request came to, as far as access goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Came {
    /// Past the guard.
    In,
    /// Told to sign in.
    ToSignIn,
    /// Told to prove again who it is.
    ToConfirm,
    /// Told to set up a second factor.
    ToFactor,
    /// Told that a token does not do.
    TokenRefused,
    /// Told that the role does not do.
    Refused,
}

async fn came(state: &ApiState, entry: &RouteEntry, header: Option<(HeaderName, String)>) -> Came {
    let mut request = Request::builder()
        .method(entry.verb.as_str())
        .uri(made_up(entry))
        .header(header::HOST, "127.0.0.1")
        .extension(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 4711))));
    let is_known = header.is_some();
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let request = request.body(Body::empty()).expect("a request");
    let response = router(state.clone()).oneshot(request).await.expect("never fails");
    let status = response.status();
    let place = response.headers().get(header::LOCATION).and_then(|place| place.to_str().ok());
    let place = place.unwrap_or_default().to_owned();
    let signs_out = entry.path == "/logout" && is_known;
    if status == StatusCode::UNAUTHORIZED || (place.starts_with("/login") && !signs_out) {
        return Came::ToSignIn;
    }
    // The page of a seed that nobody began leads back to where one is begun.
    let is_seedless = entry.path == "/profile/security/totp";
    if status != StatusCode::FORBIDDEN {
        return match place.as_str() {
            place if place.starts_with("/confirm?") => Came::ToConfirm,
            "/profile/security" if !is_seedless => Came::ToFactor,
            _ => Came::In,
        };
    }
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    let says = |kind: &str| String::from_utf8_lossy(&body).contains(&format!("problem:{kind}\""));
    match () {
        () if says("confirmation-required") => Came::ToConfirm,
        () if says("second-factor-required") => Came::ToFactor,
        () if says("session-only") => Came::TokenRefused,
        () => Came::Refused,
    }
}

fn guarded(entry: &RouteEntry) -> Option<Action> {
    match entry.policy {
        Policy::Public => None,
        Policy::Metrics => Some(Action::ReadPipeline),
        Policy::May(action) => Some(action),
    }
}

#[track_caller]
fn check(entry: &RouteEntry, who: &str, found: Came, expected: Came) {
    assert_eq!(found, expected, "{} {} as {who}", entry.verb.as_str(), entry.path);
}

#[tokio::test]
async fn every_route_lets_in_whom_the_policy_says_and_nobody_else() {
    let dir = tempfile::tempdir().expect("a directory");
    let state = state(&dir).await;
    let people = people(state.records()).await;
    for entry in entries(&state) {
        let Some(action) = guarded(&entry) else { continue };
        check(&entry, "nobody", came(&state, &entry, None).await, Came::ToSignIn);
        for (user, role) in &people {
            let is_far = meant(*role, action) == Reach::Nothing;
            let expected = if is_far { Came::Refused } else { Came::In };
            let header = session(&state, *user, Timestamp(0)).await;
            let found = came(&state, &entry, Some(header)).await;
            check(&entry, &format!("{role:?} in a session"), found, expected);
        }
    }
}

#[tokio::test]
async fn what_a_token_may_not_do_it_cannot() {
    let dir = tempfile::tempdir().expect("a directory");
    let state = state(&dir).await;
    let mut callers = Vec::new();
    for (user, role) in people(state.records()).await {
        callers.push((role, token(&state, user).await));
    }
    for entry in entries(&state) {
        let Some(action) = guarded(&entry) else { continue };
        for (role, header) in &callers {
            let expected = match confirmation(action, entry.verb != Verb::Get) {
                _ if meant(*role, action) == Reach::Nothing => Came::Refused,
                Confirmation::RecentInSession
                | Confirmation::RecentOrService
                | Confirmation::Session => {
                    if entry.documented.is_some() || entry.path.starts_with("/passkeys/") {
                        Came::TokenRefused
                    } else {
                        Came::Refused
                    }
                }
                Confirmation::Recent | Confirmation::Nothing => Came::In,
            };
            let found = came(&state, &entry, Some(header.clone())).await;
            check(&entry, &format!("{role:?} with a token"), found, expected);
        }
    }
}

#[tokio::test]
async fn an_old_session_proves_again_who_it_is_before_what_matters() {
    let dir = tempfile::tempdir().expect("a directory");
    let state = state(&dir).await;
    let people = people(state.records()).await;
    let (user, role) = people[0];
    let mut asked = 0;
    for entry in entries(&state) {
        let Some(action) = guarded(&entry) else { continue };
        let expected = match confirmation(action, entry.verb != Verb::Get) {
            Confirmation::Nothing | Confirmation::Session => Came::In,
            Confirmation::Recent
            | Confirmation::RecentInSession
            | Confirmation::RecentOrService => Came::ToConfirm,
        };
        asked += usize::from(expected == Came::ToConfirm);
        for (at, expected) in [(-CONFIRMED_FOR_MS - 1, expected), (-CONFIRMED_FOR_MS, Came::In)] {
            let header = session(&state, user, Timestamp(at)).await;
            let found = came(&state, &entry, Some(header)).await;
            check(&entry, &format!("{role:?} in a session of {at} ms"), found, expected);
        }
    }
    assert!(asked > 20, "{asked}");
}

#[tokio::test]
async fn who_owes_a_second_factor_can_set_one_up_and_nothing_else() {
    let dir = tempfile::tempdir().expect("a directory");
    let state = state(&dir).await;
    let people = people(state.records()).await;
    let actor = Actor::new("test", Timestamp(0));
    let required = BTreeSet::from([Role::Beheer, Role::Klant]);
    state.records().factors().require_of(&actor, &required).await.expect("set");
    for entry in entries(&state) {
        let Some(action) = guarded(&entry) else { continue };
        for (user, role) in &people {
            let expected = match () {
                () if meant(*role, action) == Reach::Nothing => Came::Refused,
                () if !required.contains(role) || is_open_without_factor(action) => Came::In,
                () => Came::ToFactor,
            };
            let header = session(&state, *user, Timestamp(0)).await;
            let found = came(&state, &entry, Some(header)).await;
            check(&entry, &format!("{role:?} without a factor"), found, expected);
        }
    }
}

/// Sends a request to `entry` with `token`; gives the status.
async fn status_with(state: &ApiState, entry: &RouteEntry, token: &str) -> StatusCode {
    let request = Request::builder()
        .method(entry.verb.as_str())
        .uri(made_up(entry))
        .header(header::HOST, "127.0.0.1")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .extension(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 4711))));
    let request = request.body(Body::empty()).expect("a request");
    router(state.clone()).oneshot(request).await.expect("never fails").status()
}

#[tokio::test]
async fn a_token_opens_exactly_the_routes_of_its_scopes() {
    let dir = tempfile::tempdir().expect("a directory");
    let state = state(&dir).await;
    let actor = Actor::new("test", Timestamp(0));
    let admin = UserDraft::new("admin@example.net", Role::Beheer);
    let admin = state.records().users().create(&actor, &admin, &"h".into()).await.expect("a user");
    let issue = async |scope: &str, grant: Option<ServiceGrant>| {
        let scopes = Some([scope.to_owned()].into());
        let name = scope;
        let (expires_at, parent, letter) = (None, None, None);
        let wanted = WantedToken { user: admin, name, expires_at, scopes, grant, parent, letter };
        let issued = issue_token(state.records(), &actor, wanted).await;
        issued.expect("a token").1.expose_secret().to_owned()
    };
    for action in Action::ALL {
        let scope = action.token_scope();
        let personal = issue(scope, None).await;
        let grant = ServiceGrant { role: Role::Beheer, customers: BTreeSet::new() };
        let service = issue(scope, Some(grant)).await;
        for entry in entries(&state) {
            let guarded = match entry.policy {
                Policy::Public => continue,
                Policy::Metrics => Action::ReadPipeline,
                Policy::May(guarded) => guarded,
            };
            let line = format!("{} {} with {scope}", entry.verb.as_str(), entry.path);
            let is_in = |status: StatusCode| status != StatusCode::FORBIDDEN;
            let changes = entry.verb != Verb::Get;
            // Some acts are for whoever is signed in, whatever the scopes.
            let asked = confirmation(action, changes);
            let by_token = matches!(asked, Confirmation::Nothing | Confirmation::Recent);
            let opened = is_in(status_with(&state, &entry, &personal).await);
            assert_eq!(opened, guarded == action && by_token, "{line}");
            let may = service_reach(Role::Beheer, action) > Reach::Nothing;
            let opened = is_in(status_with(&state, &entry, &service).await);
            assert_eq!(opened, guarded == action && may, "{line}, as a service");
        }
    }
}

#[tokio::test]
async fn what_is_called_reading_changes_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let state = state(&dir).await;
    for entry in entries(&state) {
        let Policy::May(action) = entry.policy else { continue };
        let reads = action.token_scope().starts_with("read:");
        assert!(reads || action.token_scope().starts_with("write:"), "{action:?}");
        assert!(!reads || entry.verb == Verb::Get, "{} {}", entry.verb.as_str(), entry.path);
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
        "GET /notification-address",
        "GET /login/oidc",
        "POST /login/oidc",
        "GET /login/oidc/callback",
        "GET /login/oidc/logout",
        "GET /login/code",
        "GET /readyz",
        "GET /forgot-password",
        "GET /register",
        "GET /reset-password",
        "POST /language",
        "POST /notification-address",
        "POST /login",
        "POST /login/code",
        "POST /passkeys/sign-in",
        "POST /passkeys/sign-in/options",
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
async fn whatever_creates_something_takes_an_idempotency_key() {
    let dir = tempfile::tempdir().expect("a directory");
    let state = state(&dir).await;
    let (_, entries, document) = map::routes(&state).into_parts();
    let mut asked = 0;
    for entry in entries.iter().filter(|entry| entry.policy != Policy::Public) {
        let Some(item) = entry.documented.as_ref().and_then(|path| document.paths.paths.get(path))
        else {
            continue;
        };
        let operation = match entry.verb {
            Verb::Post => item.post.as_ref(),
            Verb::Put => item.put.as_ref(),
            Verb::Get | Verb::Delete => continue,
        };
        let operation = operation.expect("documented under its verb");
        let answers = &operation.responses.responses;
        let is_import = entry.verb == Verb::Post
            && ["/api/v1/services", "/api/v1/users/import"].contains(&entry.path.as_str());
        if !is_import && !["201", "202"].iter().any(|status| answers.contains_key(*status)) {
            continue;
        }
        asked += 1;
        let line = format!("{} {}", entry.verb.as_str(), entry.path);
        assert!(entry.creates, "{line}");
        let documented = serde_json::to_string(operation).expect("a document is JSON");
        assert!(documented.contains("Idempotency-Key"), "{line}");
    }
    assert!(asked >= 12, "{asked}");
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
