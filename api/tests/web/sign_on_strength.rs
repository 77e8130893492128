//! Single sign-on: what a provider says of two factors, and what happens here
//! where it says nothing (OWASP ASVS 5, 6.8.4).

use serde_json::{Value, json};
use store::records::Role;
use test_provider::Person;

use crate::factors::set_up;
use crate::rig::ADMIN;
use crate::sign_on_world::{Browser, World};

const STEP_MS: i64 = 30_000;
const USERS: &str = "/api/v1/users";

/// Where administrators must have two factors.
async fn guarded() -> World {
    World::with_config(|config| config.second_factor_for = [Role::Beheer].into()).await
}

fn anna() -> Person {
    Person::new("s-anna", "anna@example.net", &["noc"])
}

#[tokio::test]
async fn a_role_that_must_have_two_factors_comes_in_where_the_provider_vouches_for_them() {
    let world = guarded().await;
    let authorize = world.leave(&mut Browser::default(), "/login/oidc").await;
    assert!(authorize.contains("acr_values=urn%3Atwo"), "{authorize}");
    let said: [(&str, Value, bool); 8] = [
        ("other", json!("x"), false),
        ("amr", json!(["pwd"]), false),
        ("amr", json!(["pwd", "mfa"]), true),
        ("amr", json!(["otp"]), true),
        ("amr", json!([]), false),
        ("acr", json!("urn:one"), false),
        ("acr", json!("mfa"), false),
        ("acr", json!("urn:two"), true),
    ];
    for (claim, value, is_in) in said {
        world.provider.know("anna", anna().with(claim, value.clone()));
        let (mut browser, answer) = world.sign_on("anna").await;
        assert_eq!(answer.header("location"), "/", "{claim}: {value}");
        let answer = world.get(&mut browser, USERS).await;
        if is_in {
            answer.expect(200);
            continue;
        }
        let problem = answer.expect(403).json();
        assert_eq!(problem["type"], "urn:padwacht:problem:second-factor-required", "{value}");
        let led = world.get(&mut browser, "/users").await.expect(303);
        assert_eq!(led.header("location"), "/profile/security");
        let page = world.get(&mut browser, "/profile/security").await.expect(200);
        assert!(page.body.contains("id=\"factor-required\""), "{}", page.body);
    }
}

#[tokio::test]
async fn where_the_provider_says_nothing_the_second_factor_here_is_asked_for() {
    let world = guarded().await;
    world.provider.know("anna", anna());
    let (mut browser, _) = world.sign_on("anna").await;
    let (phone, _) = set_up(&world.app, &browser.header(), 0).await;
    world.get(&mut browser, USERS).await.expect(200);

    world.advance_ms(STEP_MS);
    let mut half = Browser::default();
    let answer = world.come(&mut half, "/login/oidc?next=%2Fusers", "anna").await.expect(303);
    assert_eq!(answer.header("location"), "/login/code?next=%2Fusers");
    assert!(!half.has_session(), "half is not in");
    world.get(&mut half, USERS).await.expect(401);
    let wrong = [("code", "000000"), ("next", "/users")];
    world.post(&mut half, "/login/code", &wrong).await.expect(401);
    let code = phone.code(STEP_MS);
    let right = [("code", code.as_str()), ("next", "/users")];
    let done = world.post(&mut half, "/login/code", &right).await.expect(303);
    assert_eq!(done.header("location"), "/users");
    world.get(&mut half, USERS).await.expect(200);
    let results: Vec<String> =
        world.attempts().await.into_iter().map(|(result, _)| result).take(3).collect();
    assert_eq!(results, ["ok-totp", "wrong-second-factor", "second-factor-asked"]);

    // What the provider vouches for is not asked for twice.
    world.provider.know("anna", anna().with("amr", json!(["pwd", "mfa"])));
    let (mut vouched, answer) = world.sign_on("anna").await;
    assert_eq!(answer.header("location"), "/");
    world.get(&mut vouched, USERS).await.expect(200);

    // Both began by the provider, and end with the connection.
    let id = world.user("anna@example.net").await.expect("an account").id;
    world.app.add_user("plain@example.net", Role::Beheer, true).await;
    let actor = store::records::Actor::new("test", crate::rig::NOW);
    let users = world.app.records.users();
    users.unlink(&actor, id, world.provider.issuer(), None).await.expect("disconnected");
    for browser in [&mut half, &mut vouched] {
        world.get(browser, USERS).await.expect(401);
    }
}

#[tokio::test]
async fn other_roles_and_other_installations_trust_the_provider_as_before() {
    let world = guarded().await;
    world.provider.know("bob", Person::new("s-bob", "bob@example.net", &["ede"]));
    let (mut bob, answer) = world.sign_on("bob").await;
    assert_eq!(answer.header("location"), "/");
    world.get(&mut bob, "/api/v1/profile").await.expect(200);
    // Administrators have the last word, also on what the configuration says.
    let mut anna = world.sign_on("anna").await.0;
    world.get(&mut anna, USERS).await.expect(403);
    let factors = world.app.records.factors();
    let actor = store::records::Actor::new(ADMIN, crate::rig::NOW);
    factors.require_of(&actor, &[].into()).await.expect("said");
    world.get(&mut anna, USERS).await.expect(200);
}
