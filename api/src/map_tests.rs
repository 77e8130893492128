//! Walks the whole URL map for what every answer must carry: one strict content
//! policy, cookies bound to the host; and holds lists of routes against it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use correlate::model::Timestamp;
use dashboards::urls;
use secrecy::ExposeSecret;
use serde_json::json;
use store::Keyring;
use store::records::{Actor, Records, Role, SessionDraft, TokenHash, UserDraft, UserId};
use store::series::{Series, SeriesConfig};
use tower::ServiceExt;

use crate::auth::{WantedToken, issue_token};
use crate::policy::{Action, Confirmation, confirmation};
use crate::web::{COSTLY, Policy, RouteEntry, Verb};
use crate::{ApiConfig, ApiParts, ApiState, map, router};

const HOST: &str = "uptime.example.net";
/// Tokens of sessions, as the cookie carries them.
const SESSION: &str = "the-session-of-an-administrator";

/// A product on https, behind a proxy.
async fn state(dir: &tempfile::TempDir) -> ApiState {
    let url = format!("sqlite://{}", dir.path().join("records.db").display());
    let records = Records::connect(&url, Keyring::ephemeral()).await.expect("the records open");
    records.migrate().await.expect("the records migrate");
    let series = Series::connect(&SeriesConfig {
        // Nothing listens on port 1.
        url: "http://127.0.0.1:1".to_owned(),
        database: "padwacht".to_owned(),
        user: String::new(),
        password: "".into(),
    });
    let config = ApiConfig::new(&format!("https://{HOST}"), "0").expect("the zone is bundled");
    ApiState::new(ApiParts {
        records,
        series: series.expect("a good configuration"),
        config: ApiConfig { trusted_proxies: vec!["192.0.2.0/24".parse().expect("one")], ..config },
        clock: Arc::new(|| Timestamp(0)),
        log: None,
        metrics: None,
    })
    .expect("a good configuration")
}

async fn administrator(records: &Records) -> UserId {
    let actor = Actor::new("test", Timestamp(0));
    let draft = UserDraft::new("admin@example.net", Role::Beheer);
    records.users().create(&actor, &draft, &"h".into()).await.expect("a user")
}

async fn begin_session(records: &Records, user: UserId) {
    const DAY_MS: i64 = 86_400_000;
    let token = TokenHash::of(SESSION);
    records.sessions().end(&token).await.expect("records");
    let draft = SessionDraft {
        token,
        user,
        at: Timestamp(0),
        idle_timeout_ms: DAY_MS,
        absolute_timeout_ms: DAY_MS,
        user_agent: String::new(),
        address: String::new(),
    };
    records.sessions().create(&draft).await.expect("a session");
}

async fn ask(
    state: &ApiState,
    verb: Verb,
    path: &str,
    cookie: Option<&str>,
    form: &str,
) -> Response {
    let mut request = Request::builder()
        .method(verb.as_str())
        .uri(path)
        .header(header::HOST, HOST)
        .header("x-forwarded-proto", "https")
        .extension(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 4711))));
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    if !form.is_empty() {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    let request = request.body(Body::from(form.to_owned())).expect("a request");
    router(state.clone()).oneshot(request).await.expect("never fails")
}

fn made_up(entry: &RouteEntry) -> String {
    let id = "01890000-0000-7000-8000-00000000dead";
    let part = |part: &str| match part {
        part if part.starts_with("{*rest") => "n/device/1/transitions".to_owned(),
        part if part.starts_with('{') => id.to_owned(),
        part => part.to_owned(),
    };
    entry.path.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[track_caller]
fn check(response: &Response, place: &str) -> usize {
    let policies: Vec<_> =
        response.headers().get_all(header::CONTENT_SECURITY_POLICY).iter().collect();
    assert_eq!(policies.len(), 1, "{place}");
    let policy = policies[0].to_str().expect("text");
    assert!(!policy.contains("unsafe"), "{place}: {policy}");
    for directive in ["default-src 'none'", "object-src 'none'", "base-uri 'none'"] {
        assert!(policy.split("; ").any(|found| found == directive), "{place}: {policy}");
    }
    let cookies = response.headers().get_all(header::SET_COOKIE).iter();
    let cookies: Vec<_> = cookies.map(|cookie| cookie.to_str().expect("text")).collect();
    for cookie in &cookies {
        assert!(cookie.starts_with("__Host-"), "{place}: {cookie}");
        for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.split("; ").any(|found| found == attribute), "{place}: {cookie}");
        }
    }
    cookies.len()
}

#[tokio::test]
async fn every_route_has_the_strict_policy_and_cookies_bound_to_the_host() {
    let dir = tempfile::tempdir().expect("a directory");
    let state = state(&dir).await;
    let user = administrator(state.records()).await;
    let cookie = format!("__Host-padwacht_session={SESSION}");
    let mut set = 0;
    for entry in map::routes(&state).into_parts().1 {
        for cookie in [None, Some(cookie.as_str())] {
            begin_session(state.records(), user).await;
            let response = ask(&state, entry.verb, &made_up(&entry), cookie, "").await;
            set += check(&response, &format!("{} {}", entry.verb.as_str(), entry.path));
        }
    }
    let language = ask(&state, Verb::Post, "/language", None, "language=en&next=/").await;
    set += check(&language, "a choice of language");
    assert!(set >= 2, "signing out and the language set cookies: {set}");
}

#[tokio::test]
async fn signing_out_clears_what_the_browser_kept() {
    let dir = tempfile::tempdir().expect("a directory");
    let state = state(&dir).await;
    begin_session(state.records(), administrator(state.records()).await).await;
    let cookie = format!("__Host-padwacht_session={SESSION}");
    let out = ask(&state, Verb::Post, "/logout", Some(&cookie), "").await;
    assert_eq!(out.headers().get("clear-site-data").expect("the header"), "\"cache\"");
}

#[tokio::test]
async fn what_is_called_costly_is_in_the_map() {
    let dir = tempfile::tempdir().expect("a directory");
    let state = state(&dir).await;
    let entries = map::routes(&state).into_parts().1;
    let mapped: BTreeSet<_> =
        entries.iter().map(|entry| (entry.verb.as_str(), entry.path.as_str())).collect();
    for (verb, path) in COSTLY {
        assert!(mapped.contains(&(verb.as_str(), path)), "{} {path}", verb.as_str());
    }
    // An export that somebody adds must be thought of here.
    let exports = entries.iter().filter(|entry| entry.path.ends_with(".csv"));
    let listed = |entry: &&RouteEntry| !COSTLY.contains(&(entry.verb, entry.path.as_str()));
    assert_eq!(exports.filter(listed).count(), 0);
}

#[tokio::test]
async fn whatever_shows_a_page_is_listed_for_the_tests_that_look_at_each() {
    // Files, streams, a part of a page, and ways to another.
    const NO_PAGES: [&str; 9] = [
        urls::ASSET,
        urls::AUDIT_CSV,
        urls::EVENTS,
        urls::LOGIN_ATTEMPTS_CSV,
        urls::LOGIN_OIDC,
        urls::LOGIN_OIDC_CALLBACK,
        urls::LOGIN_OIDC_LOGOUT,
        urls::OVERVIEW_LIVE,
        urls::SERVICE_CSV,
    ];
    let dir = tempfile::tempdir().expect("a directory");
    let state = state(&dir).await;
    let entries = map::routes(&state).into_parts().1;
    let shown =
        entries.iter().filter(|entry| entry.verb == Verb::Get && entry.documented.is_none());
    let shown: BTreeSet<&str> = shown.map(|entry| entry.path.as_str()).collect();
    let listed: BTreeSet<&str> = urls::PAGES.into_iter().chain(NO_PAGES).collect();
    assert_eq!(shown, listed);
    assert_eq!(listed.len(), urls::PAGES.len() + NO_PAGES.len(), "one is listed twice");
}

#[tokio::test]
async fn the_document_says_which_scope_each_operation_needs() {
    let dir = tempfile::tempdir().expect("a directory");
    let state = state(&dir).await;
    let (_, entries, document) = map::routes(&state).into_parts();
    let document = serde_json::to_value(&document).expect("a document is JSON");
    let mut told = 0;
    for entry in &entries {
        let (Some(path), Policy::May(action)) = (&entry.documented, entry.policy) else { continue };
        let operation = &document["paths"][path][entry.verb.as_str().to_lowercase()];
        let place = format!("{} {path}", entry.verb.as_str());
        let changes = entry.verb != Verb::Get;
        let expected = action.scope_for(changes);
        if confirmation(action, changes) == Confirmation::RecentInSession {
            assert_eq!(operation["security"], json!([{"session": []}]), "{place}");
            continue;
        }
        let both = json!([{"token": [expected]}, {"session": []}]);
        assert_eq!(operation["security"], both, "{place}");
        assert_eq!(operation["x-scope"], expected, "{place}");
        told += 1;
    }
    assert!(told > 50, "{told}");
}

#[tokio::test]
async fn a_scope_for_reading_opens_what_reads_and_nothing_else() {
    let dir = tempfile::tempdir().expect("a directory");
    let state = state(&dir).await;
    let user = administrator(state.records()).await;
    let actor = Actor::new("test", Timestamp(0));
    let mut opened = 0;
    for action in Action::ALL {
        let Some(scope) = action.read_scope() else { continue };
        let scopes = Some([scope.to_owned()].into());
        let wanted = WantedToken {
            user,
            name: scope,
            expires_at: None,
            scopes,
            grant: None,
            letter: None,
            parent: None,
        };
        let issued = issue_token(state.records(), &actor, wanted).await.expect("a token").1;
        for entry in map::routes(&state).into_parts().1 {
            let Policy::May(guarded) = entry.policy else { continue };
            let request = Request::builder()
                .method(entry.verb.as_str())
                .uri(made_up(&entry))
                .header(header::HOST, HOST)
                .header("x-forwarded-proto", "https")
                .header(header::AUTHORIZATION, format!("Bearer {}", issued.expose_secret()))
                .extension(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 4711))));
            let request = request.body(Body::empty()).expect("a request");
            let answer = router(state.clone()).oneshot(request).await.expect("never fails");
            let is_open = answer.status() != StatusCode::FORBIDDEN;
            let expected = guarded == action && entry.verb == Verb::Get;
            assert_eq!(is_open, expected, "{} {} with {scope}", entry.verb.as_str(), entry.path);
            opened += usize::from(is_open);
        }
    }
    assert!(opened >= 8, "{opened}");
}
