//! Single sign-on: as whom somebody comes in, and who does not.

use api::issue_api_token;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use store::Scope;
use store::records::{Actor, Page, Role, Standing, UserDraft};
use test_provider::{Algorithm, Fault, Person};

use crate::rig::{ADMIN, NOW, PASSWORD, TestApp, cookie};
use crate::sign_on_world::{Browser, World};

#[tokio::test]
async fn role_and_customers_follow_the_provider_at_each_sign_in() {
    let world = World::new().await;
    let person = |groups: &[&str]| Person::new("s-bob", "bob@example.net", groups);
    world.provider.know("bob", person(&["ede"]));
    world.sign_on("bob").await.1.expect(303);
    let bob = world.user("bob@example.net").await.expect("an account");
    assert_eq!((bob.role, bob.customers.len()), (Role::Klant, 1));

    let numbers = json!(["1042", "no such customer"]);
    world.provider.know("bob", person(&["customer"]).with("customers", numbers));
    world.sign_on("bob").await.1.expect(303);
    let same = world.user("bob@example.net").await.expect("an account");
    assert_eq!((same.role, &same.customers, same.revision), (Role::Klant, &bob.customers, 1));

    world.provider.know("bob", person(&["sales", "ede"]));
    let (mut browser, _) = world.sign_on("bob").await;
    let changed = world.user("bob@example.net").await.expect("an account");
    assert_eq!((changed.role, changed.id), (Role::Accountmanager, bob.id));
    world.get(&mut browser, "/audit").await.expect(403);
    let trail = world.app.records.audit().list(&Default::default(), Page::first(1)).await;
    let entry = trail.expect("records").remove(0);
    assert_eq!(
        (entry.action.as_str(), entry.actor.as_str()),
        ("follow-provider", "single sign-on")
    );

    for groups in [&[][..], &["other"], &["customer"]] {
        world.provider.know("bob", person(groups));
        let (browser, answer) = world.sign_on("bob").await;
        World::check_refused(&browser, &answer, "not-mapped");
    }
    let kept = world.user("bob@example.net").await.expect("an account");
    assert_eq!(kept.role, Role::Accountmanager, "a refusal changes nothing");
}

#[tokio::test]
async fn whom_the_provider_gives_no_role_any_more_is_out_at_once() {
    let world = World::new().await;
    world.sign_on("anna").await;
    let anna = world.user("anna@example.net").await.expect("an account");
    let actor = Actor::new("test", NOW);
    let token = issue_api_token(&world.app.records, &actor, anna.id, "test", None).await;
    let bearer = format!("Bearer {}", token.expect("a token").1.expose_secret());
    for groups in [&["other"][..], &["customer"]] {
        world.provider.know("anna", Person::new("s-anna", "anna@example.net", &["noc"]));
        let (mut before, _) = world.sign_on("anna").await;
        assert_ne!(world.get(&mut before, "/users").await.status, 303);
        world.provider.know("anna", Person::new("s-anna", "anna@example.net", groups));
        let (browser, answer) = world.sign_on("anna").await;
        World::check_refused(&browser, &answer, "not-mapped");
        assert_eq!(world.get(&mut before, "/users").await.status, 303, "{groups:?}");
    }
    world.app.get("/api/v1/profile", &[("authorization", &bearer)]).await.expect(401);
}

/// Connects the account in `browser` with what the provider knows as `user`.
async fn connect(world: &World, browser: &mut Browser, user: &str) {
    let answer = world.post(browser, "/profile/single-sign-on", &[]).await.expect(200);
    let refresh = answer.header("refresh").to_owned();
    let back = world.prove(refresh.strip_prefix("0; url=").expect("the way there"), user).await;
    world.get(browser, &back).await.expect(303);
}

#[tokio::test]
async fn whom_the_provider_gives_no_role_any_more_has_no_password_either() {
    let world = World::new().await;
    let carla = "carla@example.net";
    world.app.add_user(carla, Role::Accountmanager, true).await;
    let person = |groups: &[&str]| Person::new("s-carla", "carla@isp.example", groups);
    world.provider.know("carla", person(&["sales"]));
    connect(&world, &mut world.by_password(carla).await, "carla").await;
    world.by_password(carla).await;
    for groups in [&["other"][..], &["customer"]] {
        world.provider.know("carla", person(groups));
        let (browser, answer) = world.sign_on("carla").await;
        World::check_refused(&browser, &answer, "not-mapped");
        let right = world.app.try_password(carla, PASSWORD).await.expect(401);
        assert_eq!(cookie(&right), None);
        assert_eq!(world.attempts().await[0], ("oidc-only".to_owned(), carla.to_owned()));
        let wrong = world.app.try_password(carla, "wrong password").await.expect(401);
        assert_eq!(wrong.body, right.body, "whether the password is right is not told");
        // What the provider gives back, it gives back whole.
        world.provider.know("carla", person(&["sales"]));
        assert!(world.sign_on("carla").await.0.has_session());
        world.by_password(carla).await;
    }

    // Without the connection the account is one of its own again.
    world.provider.know("carla", person(&[]));
    world.sign_on("carla").await;
    world.app.try_password(carla, PASSWORD).await.expect(401);
    let id = world.user(carla).await.expect("an account").id;
    let mut admin = world.by_password(ADMIN).await;
    let removal = format!("/users/{id}/single-sign-on/removal");
    world.post(&mut admin, &removal, &[]).await.expect(303);
    world.by_password(carla).await;
}

#[tokio::test]
async fn the_last_administrator_keeps_a_password_whatever_the_provider_says() {
    let world = World::new().await;
    connect(&world, &mut world.by_password(ADMIN).await, "anna").await;
    world.provider.know("anna", Person::new("s-anna", "anna@example.net", &[]));
    let (browser, answer) = world.sign_on("anna").await;
    World::check_refused(&browser, &answer, "not-mapped");
    world.by_password(ADMIN).await;
    // With another there is somebody to let them in again.
    world.app.add_user("second@example.net", Role::Beheer, true).await;
    world.sign_on("anna").await;
    world.app.try_password(ADMIN, PASSWORD).await.expect(401);
    let second = world.user("second@example.net").await.expect("an account").id;
    let users = world.app.records.users();
    let left = users.set_standing(&Actor::new("test", NOW), second, Standing::Inactive).await;
    assert!(left.is_err(), "whom the provider shut out is no administrator to count on");
}

#[tokio::test]
async fn who_is_connected_or_disconnected_hears_of_it() {
    let world = World::with_config(|config| config.sends_mail = true).await;
    let mut browser = world.by_password(ADMIN).await;
    let answer = world.post(&mut browser, "/profile/single-sign-on", &[]).await.expect(200);
    let refresh = answer.header("refresh").to_owned();
    let back = world.prove(refresh.strip_prefix("0; url=").expect("the way there"), "anna").await;
    world.get(&mut browser, &back).await.expect(303);
    let (mut federated, _) = world.sign_on("anna").await;
    assert_ne!(world.get(&mut federated, "/users").await.status, 303);
    world.post(&mut browser, "/profile/single-sign-on/removal", &[]).await.expect(303);
    assert_eq!(world.get(&mut federated, "/users").await.status, 303, "its sessions end");
    assert_ne!(world.get(&mut browser, "/users").await.status, 303, "others go on");
    let told = world.app.records.mails().due(NOW).await.expect("records");
    let told: Vec<&str> = told.iter().map(|mail| mail.text.expose_secret()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("is gekoppeld") && told[1].contains("is ontkoppeld"), "{told:?}");
}

#[tokio::test]
async fn groups_may_come_from_the_user_info() {
    let world = World::new().await;
    world.provider.set_fault(Some(Fault::GroupsInUserInfo));
    let (browser, answer) = world.sign_on("anna").await;
    assert_eq!(answer.header("location"), "/");
    assert!(browser.has_session());
}

#[tokio::test]
async fn nobody_is_known_by_their_address() {
    let world = World::new().await;
    world.provider.know("mallory", Person::new("s-mallory", ADMIN, &["noc"]));
    let (browser, answer) = world.sign_on("mallory").await;
    World::check_refused(&browser, &answer, "address-taken");
    let unverified = Person::new("s-eve", "eve@example.net", &["noc"]);
    world.provider.know("eve", unverified.with("email_verified", false.into()));
    let (browser, answer) = world.sign_on("eve").await;
    World::check_refused(&browser, &answer, "unknown");
    world.sign_on("anna").await;
    world.provider.know("anna", Person::new("s-other", "anna@example.net", &["noc"]));
    let (browser, answer) = world.sign_on("anna").await;
    World::check_refused(&browser, &answer, "address-taken");
    world.provider.know("anna", Person::new("s-anna", "new@example.net", &["noc"]));
    let (browser, _) = world.sign_on("anna").await;
    assert!(browser.has_session(), "a new address is the same person");
    assert!(world.user("new@example.net").await.is_none());
}

#[tokio::test]
async fn strangers_are_refused_where_nobody_is_added() {
    let world = World::with(Algorithm::Es256, |config| config.creates_users = false).await;
    let (browser, answer) = world.sign_on("anna").await;
    World::check_refused(&browser, &answer, "unknown");
    assert!(world.user("anna@example.net").await.is_none());
}

#[tokio::test]
async fn whoever_is_banned_is_out_at_once_and_stays_out() {
    let world = World::new().await;
    let (mut browser, _) = world.sign_on("anna").await;
    world.get(&mut browser, "/api/v1/users").await.expect(200);
    let anna = world.user("anna@example.net").await.expect("an account");
    let users = world.app.records.users();
    let actor = Actor::new("test", NOW);
    for standing in [Standing::Banned, Standing::Inactive] {
        users.set_standing(&actor, anna.id, standing).await.expect("changed");
        assert_eq!(world.get(&mut browser, "/users").await.status, 303);
        let (stranger, answer) = world.sign_on("anna").await;
        World::check_refused(&stranger, &answer, "closed");
    }
    users.set_standing(&actor, anna.id, Standing::Active).await.expect("let in again");
    assert!(world.sign_on("anna").await.0.has_session());
}

#[tokio::test]
async fn the_last_administrator_is_not_made_less() {
    let world = World::new().await;
    world.sign_on("anna").await;
    let users = world.app.records.users();
    let first = world.user(ADMIN).await.expect("the first administrator");
    let closed = users.set_standing(&Actor::new("test", NOW), first.id, Standing::Inactive).await;
    closed.expect("there is another");
    world.provider.know("anna", Person::new("s-anna", "anna@example.net", &["sales"]));
    let (browser, answer) = world.sign_on("anna").await;
    World::check_refused(&browser, &answer, "not-mapped");
    assert_eq!(world.user("anna@example.net").await.map(|user| user.role), Some(Role::Beheer));
}

#[tokio::test]
async fn somebody_signed_in_connects_their_account() {
    let world = World::with(Algorithm::Es256, |config| config.creates_users = false).await;
    let mut browser = world.by_password(ADMIN).await;
    world.advance_ms(660_000);
    let answer = world.post(&mut browser, "/profile/single-sign-on", &[]).await;
    assert!(answer.header("location").starts_with("/confirm"), "{:?}", answer.headers);
    let mut browser = world.by_password(ADMIN).await;

    let answer = world.post(&mut browser, "/profile/single-sign-on", &[]).await.expect(200);
    let refresh = answer.header("refresh").to_owned();
    let authorize = refresh.strip_prefix("0; url=").expect("the way there");
    let back = world.prove(authorize, "anna").await;
    let mut signed_out = browser.clone();
    signed_out.cookies.retain(|(name, _)| name != "padwacht_session");
    let answer = world.get(&mut signed_out, &back).await;
    assert_eq!(answer.header("location"), "/profile?sso=ended", "only who is signed in");

    let answer = world.post(&mut browser, "/profile/single-sign-on", &[]).await.expect(200);
    let refresh = answer.header("refresh").to_owned();
    let back = world.prove(refresh.strip_prefix("0; url=").expect("the way there"), "anna").await;
    let answer = world.get(&mut browser, &back).await;
    assert_eq!(answer.header("location"), "/profile?linked=1");
    let admin = world.user(ADMIN).await.expect("an account").id;
    let linked = world.app.records.users().identity(admin, world.provider.issuer()).await;
    let linked = linked.expect("records").expect("connected").identity;
    assert_eq!((linked.subject.as_str(), linked.label.as_str()), ("s-anna", "anna@example.net"));

    let (browser_of_admin, _) = world.sign_on("anna").await;
    assert!(browser_of_admin.has_session());
    assert_eq!(world.attempts().await[0], ("oidc".to_owned(), ADMIN.to_owned()));

    let answer = world.post(&mut browser, "/profile/single-sign-on/removal", &[]).await;
    assert_eq!(answer.header("location"), "/profile?saved=1");
    let (stranger, answer) = world.sign_on("anna").await;
    World::check_refused(&stranger, &answer, "unknown");
}

#[tokio::test]
async fn an_identity_is_connected_once() {
    let world = World::new().await;
    world.sign_on("anna").await;
    let mut browser = world.by_password(ADMIN).await;
    let answer = world.post(&mut browser, "/profile/single-sign-on", &[]).await.expect(200);
    let refresh = answer.header("refresh").to_owned();
    let back = world.prove(refresh.strip_prefix("0; url=").expect("the way there"), "anna").await;
    let answer = world.get(&mut browser, &back).await;
    assert_eq!(answer.header("location"), "/profile?sso=link-taken");
}

/// Invites somebody; gives the invitation's link.
async fn invited(world: &World, email: &str, role: &str) -> String {
    let session = world.app.sign_in().await;
    let headers = [("cookie", session.as_str())];
    let body: Value = json!({ "email": email, "role": role });
    let answer = world.app.send(reqwest::Method::POST, "/api/v1/users", &headers, Some(body)).await;
    let answer = answer.expect(201).json();
    answer["invitation"]["link"].as_str().expect("a link").to_owned()
}

#[tokio::test]
async fn an_invitation_is_used_by_single_sign_on_once() {
    let world = World::with(Algorithm::Es256, |config| config.creates_users = false).await;
    let link = invited(&world, "invited@example.net", "accountmanager").await;
    let (_, token) = link.split_once('#').expect("a token");
    let mut browser = Browser::default();
    let page = world.post(&mut browser, "/register", &[("token", token)]).await.expect(200);
    let button = format!("name=\"invitation\" value=\"{token}\"");
    assert!(page.body.contains(&button), "{}", page.body);
    let come = async |browser: &mut Browser| {
        let form = [("invitation", token)];
        let left = world.post(browser, "/login/oidc", &form).await.expect(200);
        let refresh = left.header("refresh");
        let way = refresh.strip_prefix("0; url=").expect("the way there").to_owned();
        assert!(!way.contains(token), "it stays here: {way}");
        let back = world.prove(&way, "anna").await;
        world.get(browser, &back).await
    };
    let answer = come(&mut browser).await;
    assert_eq!(answer.header("location"), "/");
    assert!(browser.has_session());
    let user = world.user("invited@example.net").await.expect("an account");
    assert_eq!((user.role, user.standing), (Role::Beheer, Standing::Active));
    let mut again = Browser::default();
    let answer = come(&mut again).await;
    World::check_refused(&again, &answer, "invitation");
    assert!(world.sign_on("anna").await.0.has_session());
    let form = [("email", "invited@example.net"), ("password", PASSWORD)];
    world.app.post_form("/login", &[], &form).await.expect(401);
}

#[tokio::test]
async fn an_administrator_disconnects_somebody_who_can_then_be_invited_again() {
    let world = World::new().await;
    let (mut anna, _) = world.sign_on("anna").await;
    let user = world.user("anna@example.net").await.expect("an account");
    let mut admin = world.by_password(ADMIN).await;
    let removal = format!("/users/{}/single-sign-on/removal", user.id);
    world.post(&mut admin, &removal, &[]).await.expect(303);
    assert_eq!(world.get(&mut anna, "/users").await.status, 303, "out at once");
    let user = world.user("anna@example.net").await.expect("an account");
    assert_eq!(user.standing, Standing::Invited);
}

#[tokio::test]
async fn the_api_disconnects_whom_the_provider_let_in() {
    let world = World::new().await;
    let (mut anna, _) = world.sign_on("anna").await;
    let id = world.user("anna@example.net").await.expect("an account").id;
    let path = format!("/api/v1/users/{id}/single-sign-on");
    let delete = async |headers: &[(&str, &str)]| {
        world.app.send(reqwest::Method::DELETE, &path, headers, None).await
    };
    let bearer = world.app.token().await;
    delete(&[("authorization", &bearer)]).await.expect(403);
    world.get(&mut anna, "/api/v1/users").await.expect(200);
    let session = world.app.sign_in().await;
    let own = [("cookie", session.as_str())];
    delete(&own).await.expect(204);
    world.get(&mut anna, "/api/v1/users").await.expect(401);
    let (stranger, answer) = world.sign_on("anna").await;
    World::check_refused(&stranger, &answer, "address-taken");
    let left = world.user("anna@example.net").await.expect("an account");
    assert_eq!(left.standing, Standing::Invited, "there is no password");
    let trail = world.app.records.audit().list(&Default::default(), Page::first(9)).await;
    let trail = trail.expect("records");
    let entry = trail.iter().find(|entry| entry.action == "unlink-sign-on").expect("recorded");
    assert_eq!((entry.actor.as_str(), &*entry.object), (ADMIN, &*format!("user/{id}")));
    delete(&own).await.expect(404);
}

#[tokio::test]
async fn roles_of_the_provider_alone_have_no_password_but_for_emergencies() {
    let world = World::with(Algorithm::Es256, |config| {
        config.only_for = [Role::Beheer].into();
        config.emergency_accounts = vec![ADMIN.to_owned()];
    })
    .await;
    world.by_password(ADMIN).await;
    world.app.add_user("second@example.net", Role::Beheer, true).await;
    let form = [("email", "second@example.net"), ("password", PASSWORD)];
    let headers = [("accept-language", "en")];
    let right = world.app.post_form("/login", &headers, &form).await.expect(401);
    assert!(right.body.contains("sign in through your organisation"), "{}", right.body);
    assert_eq!(cookie(&right), None);
    assert_eq!(world.attempts().await[0].0, "oidc-only");
    let form = [("email", "second@example.net"), ("password", "wrong password")];
    let wrong = world.app.post_form("/login", &headers, &form).await.expect(401);
    assert_eq!(wrong.body, right.body, "whether the password is right is not told");
    // Nor does a right one make the throttle forget: these are six tries.
    let mut last = 401;
    for password in [PASSWORD, PASSWORD, "wrong password", PASSWORD] {
        let form = [("email", "second@example.net"), ("password", password)];
        last = world.app.post_form("/login", &headers, &form).await.status;
    }
    assert_eq!(last, 429);
    world.app.add_user("sales@example.net", Role::Accountmanager, true).await;
    world.by_password("sales@example.net").await;
    let link = invited(&world, "third@example.net", "beheer").await;
    let page = world.app.follow(&link).await.expect(200);
    assert!(!page.body.contains("name=\"password\""), "{}", page.body);
}

#[tokio::test]
async fn signing_out_offers_the_provider_too() {
    let world = World::new().await;
    let (mut browser, _) = world.sign_on("anna").await;
    let answer = world.post(&mut browser, "/logout", &[]).await.expect(303);
    assert_eq!(answer.header("location"), "/login?out=1");
    let page = world.get(&mut browser, "/login?out=1").await.expect(200);
    assert!(page.body.contains("href=\"/login/oidc/logout\""), "{}", page.body);
    let answer = world.get(&mut browser, "/login/oidc/logout").await.expect(303);
    let place = answer.header("location");
    assert!(place.starts_with(&format!("{}/logout?", world.provider.issuer())), "{place}");
    assert!(place.contains("client_id=padwacht"), "{place}");
}

#[tokio::test]
async fn without_a_provider_there_is_no_single_sign_on() {
    let app = TestApp::without_series().await;
    for path in ["/login/oidc", "/login/oidc/callback?code=x&state=y", "/login/oidc/logout"] {
        app.get(path, &[]).await.expect(404);
    }
    let page = app.get("/login", &[]).await.expect(200);
    assert!(!page.body.contains("/login/oidc"), "{}", page.body);
}

#[tokio::test]
async fn the_provider_sees_no_more_of_a_user_than_it_gave() {
    let world = World::new().await;
    world.provider.know("anna", Person::new("s-anna", "anna@example.net", &["ede"]));
    let (mut browser, _) = world.sign_on("anna").await;
    let anna = world.user("anna@example.net").await.expect("an account");
    let scope = world.app.records.users().scope_of(&anna).await.expect("records");
    assert_ne!(scope, Scope::everything());
    world.get(&mut browser, "/users").await.expect(403);
    let draft = UserDraft::of(&anna);
    assert_eq!((draft.role, draft.customers.len()), (Role::Klant, 1));
}
