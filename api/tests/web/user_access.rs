//! By what others come in, as administrators see and end it; and lists by pages.

use reqwest::Method;
use serde_json::json;
use store::records::Role;

use crate::rig::TestApp;

#[tokio::test]
async fn administrators_see_and_revoke_the_tokens_of_others() {
    let app = TestApp::start().await;
    let admin = app.token().await;
    let own = [("authorization", admin.as_str())];
    let (user, theirs) = app.acting("am@example.net", Role::Accountmanager, &[]).await;
    let list = format!("/api/v1/users/{user}/tokens");
    let found = app.get(&list, &own).await.expect(200).json();
    assert_eq!((found["total"].as_u64(), found["limit"].as_u64()), (Some(1), Some(100)));
    let id = found["tokens"][0]["id"].as_str().expect("an id").to_owned();
    assert!(!found.to_string().contains(theirs.trim_start_matches("Bearer ")));

    // Whoever may not change users sees none of it, and a token of another is none of theirs.
    let manager = [("authorization", theirs.as_str())];
    app.get(&list, &manager).await.expect(403);
    let me = app.records.users().by_email(crate::rig::ADMIN).await.expect("records");
    let elsewhere = format!("/api/v1/users/{}/tokens/{id}", me.expect("the administrator").id);
    app.send(Method::DELETE, &elsewhere, &own, None).await.expect(404);
    app.get("/api/v1/profile", &manager).await.expect(200);

    let session = app.sign_in().await;
    let page = app.get(&format!("/users/{user}"), &[("cookie", &session)]).await.expect(200);
    assert!(page.body.contains(&format!("/users/{user}/tokens/revoke")), "{}", page.body);
    let path = format!("/users/{user}/tokens/revoke");
    app.post_form(&path, &[("cookie", &session)], &[("id", &id)]).await.expect(303);
    app.get("/api/v1/profile", &manager).await.expect(401);
    let gone = app.send(Method::DELETE, &format!("{list}/{id}"), &own, None).await;
    gone.expect(404);
    // There is no provider here.
    let path = format!("/api/v1/users/{user}/single-sign-on");
    app.send(Method::DELETE, &path, &own, None).await.expect(403);
    app.send(Method::DELETE, &path, &[("cookie", &session)], None).await.expect(404);
}

#[tokio::test]
async fn lists_come_by_pages_and_say_how_long_they_are() {
    let app = TestApp::without_series().await;
    let admin = app.token().await;
    let own = [("authorization", admin.as_str())];
    for number in 0..3 {
        let body = json!({"name": format!("token {number}"), "scopes": ["read:services"]});
        app.send(Method::POST, "/api/v1/tokens", &own, Some(body)).await.expect(201);
        let body = json!({"name": format!("service {number}"), "role": "beheer",
            "scopes": ["read:services"]});
        app.send(Method::POST, "/api/v1/service-tokens", &own, Some(body)).await.expect(201);
    }
    app.sign_in().await;
    for (path, list, total) in [
        ("/api/v1/tokens", "tokens", 4_usize),
        ("/api/v1/service-tokens", "tokens", 3),
        ("/api/v1/sessions", "sessions", 1),
        ("/api/v1/sources", "sources", 0),
    ] {
        let whole = app.get(path, &own).await.expect(200).json();
        assert_eq!(whole["total"], total, "{path}");
        assert_eq!(whole[list].as_array().map(Vec::len), Some(total), "{path}");
        let cut = app.get(&format!("{path}?limit=1&offset=1"), &own).await.expect(200).json();
        let left = total.saturating_sub(1).min(1);
        assert_eq!(cut[list].as_array().map(Vec::len), Some(left), "{path}");
        assert_eq!(cut["total"], total, "{path}");
        assert_eq!((cut["offset"].as_u64(), cut["limit"].as_u64()), (Some(1), Some(1)), "{path}");
        if left == 1 {
            assert_eq!(cut[list][0], whole[list][1], "{path}");
        }
        app.get(&format!("{path}?limit=1001"), &own).await.expect(422);
    }
}
