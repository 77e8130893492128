//! Signing in and out, and what guards it.

use store::records::{LoginAttemptFilter, Page, Role};

use crate::rig::{ADMIN, PASSWORD, TestApp, cookie};

const MINUTE_MS: i64 = 60_000;

#[tokio::test]
async fn whoever_signs_in_gets_a_session_and_comes_back_where_they_were() {
    let app = TestApp::without_series().await;
    let sent = app.get("/services/a?zoom=7d", &[]).await.expect(303);
    assert_eq!(sent.header("location"), "/login?next=%2Fservices%2Fa%3Fzoom%3D7d");
    let form = app.get("/login?next=%2Fservices%2Fa", &[]).await.expect(200);
    assert!(form.body.contains(r#"value="/services/a""#), "{}", form.body);
    let given = [("email", "Admin@Example.net"), ("password", PASSWORD), ("next", "/services/a")];
    let answer = app.post_form("/login", &[], &given).await.expect(303);
    assert_eq!(answer.header("location"), "/services/a");
    let set = answer.header("set-cookie");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Secure"), "{set}");
    let session = cookie(&answer).expect("a cookie");
    app.get("/api/v1/maintenance-windows", &[("cookie", &session)]).await.expect(200);
    app.get("/login", &[("cookie", &session)]).await.expect(303);
}

#[tokio::test]
async fn over_https_the_cookie_is_secure_and_bound_to_the_host() {
    let app = TestApp::configured(|config| {
        config.public_url = "https://uptime.example.net".to_owned();
        config.secure_cookies = true;
    })
    .await;
    let answer = app.try_password(ADMIN, PASSWORD).await.expect(303);
    let set = answer.header("set-cookie");
    assert!(set.starts_with("__Host-padwacht_session=") && set.contains("Secure"), "{set}");
    assert!(answer.header("strict-transport-security").starts_with("max-age="));
}

#[tokio::test]
async fn wrong_unknown_and_inactive_get_one_answer() {
    let app = TestApp::without_series().await;
    app.add_user("closed@example.net", Role::Beheer, false).await;
    let mut bodies = Vec::new();
    for (email, password) in [
        (ADMIN, "wrong password"),
        ("nobody@example.net", PASSWORD),
        ("closed@example.net", PASSWORD),
    ] {
        let answer = app.try_password(email, password).await.expect(401);
        assert_eq!(cookie(&answer), None);
        bodies.push(answer.body.replace(email, "EMAIL"));
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    let attempts = app.records.login_attempts();
    let attempts = attempts.list(&LoginAttemptFilter::default(), Page::first(10)).await;
    let attempts = attempts.expect("records");
    let results: Vec<_> = attempts.iter().map(|one| one.attempt.result.as_str()).collect();
    assert_eq!(results, ["inactive", "unknown-user", "wrong-password"]);
}

#[tokio::test]
async fn guessing_is_slowed_down_and_the_owner_gets_in_after_the_wait() {
    let app = TestApp::without_series().await;
    for _ in 0..5 {
        app.try_password(ADMIN, "guess").await.expect(401);
    }
    let refused = app.try_password(ADMIN, PASSWORD).await.expect(429);
    assert_eq!(refused.header("retry-after"), "1");
    app.advance_ms(1_000);
    app.try_password(ADMIN, PASSWORD).await.expect(303);
}

#[tokio::test]
async fn a_session_ends_when_idle_at_its_absolute_end_and_at_sign_out() {
    let app = TestApp::without_series().await;
    let path = "/api/v1/maintenance-windows";
    let session = app.sign_in().await;
    app.advance_ms(119 * MINUTE_MS);
    app.get(path, &[("cookie", &session)]).await.expect(200);
    app.advance_ms(121 * MINUTE_MS);
    app.get(path, &[("cookie", &session)]).await.expect(401);
    let page = app.get("/", &[("cookie", &session)]).await.expect(303);
    assert_eq!(page.header("location"), "/login?expired=1");

    let session = app.sign_in().await;
    for _ in 0..11 {
        app.advance_ms(60 * MINUTE_MS);
        app.get(path, &[("cookie", &session)]).await.expect(200);
    }
    app.advance_ms(61 * MINUTE_MS);
    app.get(path, &[("cookie", &session)]).await.expect(401);

    let session = app.sign_in().await;
    let out = app.post_form("/logout", &[("cookie", &session)], &[]).await.expect(303);
    assert!(out.header("set-cookie").contains("Max-Age=0"), "{}", out.header("set-cookie"));
    app.get(path, &[("cookie", &session)]).await.expect(401);
}

#[tokio::test]
async fn signing_in_again_ends_the_session_before() {
    let app = TestApp::without_series().await;
    let before = app.sign_in().await;
    let given = [("email", ADMIN), ("password", PASSWORD)];
    let again = app.post_form("/login", &[("cookie", &before)], &given).await.expect(303);
    assert_ne!(cookie(&again).expect("a cookie"), before);
    app.get("/api/v1/maintenance-windows", &[("cookie", &before)]).await.expect(401);
}

#[tokio::test]
async fn other_roles_get_no_further_than_their_own_and_can_leave() {
    let app = TestApp::without_series().await;
    for role in [Role::Accountmanager, Role::Klant] {
        let email = format!("{}@example.net", role.as_str());
        app.add_user(&email, role, true).await;
        let session = cookie(&app.try_password(&email, PASSWORD).await.expect(303));
        let session = session.expect("a cookie");
        let own = [("cookie", session.as_str())];
        for path in ["/what-if", "/set-aside", "/sources", "/metrics?", "/audit", "/users/new"] {
            app.get(path, &[("cookie", &session), ("x-forwarded-for", "192.0.2.1")])
                .await
                .expect(403);
        }
        app.get("/api/v1/sources", &own).await.expect(403);
        app.get("/api/v1/customers", &own).await.expect(200);
        app.post_form("/logout", &own, &[]).await.expect(303);
    }
}

#[tokio::test]
async fn other_sites_cannot_send_forms_to_us() {
    let app = TestApp::without_series().await;
    let session = app.sign_in().await;
    let foreign: [&[(&str, &str)]; 3] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
    ];
    for headers in foreign {
        let mut headers = headers.to_vec();
        headers.push(("cookie", session.as_str()));
        app.post_form("/logout", &headers, &[]).await.expect(403);
        let given = [("email", ADMIN), ("password", PASSWORD)];
        app.post_form("/login", &headers, &given).await.expect(403);
    }
    let own = [("cookie", session.as_str()), ("sec-fetch-site", "same-origin")];
    app.post_form("/logout", &own, &[]).await.expect(303);
}

#[tokio::test]
async fn the_sign_in_page_never_leads_elsewhere() {
    let app = TestApp::without_series().await;
    for next in ["https://evil.example", "//evil.example", "/\\evil.example"] {
        let given = [("email", ADMIN), ("password", PASSWORD), ("next", next)];
        let answer = app.post_form("/login", &[], &given).await.expect(303);
        assert_eq!(answer.header("location"), "/");
        let form = app.post_form("/language", &[], &[("lang", "en"), ("return", next)]).await;
        assert_eq!(form.expect(303).header("location"), "/");
    }
}

#[tokio::test]
async fn what_is_typed_is_shown_as_text() {
    let app = TestApp::without_series().await;
    let answer = app.try_password("\"><script>alert(1)</script>", "x").await.expect(401);
    assert!(!answer.body.contains("<script>alert"), "{}", answer.body);
}
