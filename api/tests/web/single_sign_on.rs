//! Single sign-on, against a real provider on loopback: the way there and back,
//! and whatever is wrong with it.

use std::sync::Arc;

use store::records::{Page, Role, Standing};
use test_provider::{Algorithm, Fault, TestProvider};

use crate::rig::{ADMIN, NOW, TestApp};
use crate::sign_on_world::{Browser, World, config};

#[tokio::test]
async fn somebody_new_comes_in_with_the_role_of_their_group() {
    for algorithm in [Algorithm::Rs256, Algorithm::Es256] {
        let world = World::with(algorithm, |_| {}).await;
        let mut browser = Browser::default();
        let page = world.get(&mut browser, "/login?next=%2Fusers%3Fpage%3D2").await.expect(200);
        assert!(page.body.contains("Sign in at ISP"), "{}", page.body);
        let start = "/login/oidc?next=%2Fusers%3Fpage%3D2";
        assert!(page.body.contains(&format!("href=\"{start}\"")), "{}", page.body);
        let answer = world.come(&mut browser, start, "anna").await.expect(303);
        assert_eq!(answer.header("location"), "/users?page=2");
        assert!(browser.has_session());
        world.get(&mut browser, "/api/v1/users").await.expect(200);
        let anna = world.user("anna@example.net").await.expect("an account");
        assert_eq!((anna.role, anna.standing), (Role::Beheer, Standing::Active));
        assert_eq!(anna.name, "s-anna of the provider");
        assert_eq!(world.attempts().await, [("oidc".to_owned(), "anna@example.net".to_owned())]);
        let trail = world.app.records.audit().list(&Default::default(), Page::first(9)).await;
        let actions: Vec<_> =
            trail.expect("records").into_iter().map(|entry| entry.action).collect();
        assert!(actions.contains(&"create-by-sign-on".to_owned()), "{actions:?}");
        assert!(actions.contains(&"link-sign-on".to_owned()), "{actions:?}");
    }
}

#[tokio::test]
async fn the_way_there_carries_pkce_and_nothing_secret_and_leads_back_here_alone() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let start = "/login/oidc?next=https%3A%2F%2Fevil.example%2F";
    let authorize = world.leave(&mut browser, start).await;
    let url = url::Url::parse(&authorize).expect("an address");
    let query: std::collections::HashMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(query["code_challenge_method"], "S256");
    assert_eq!(query["redirect_uri"], format!("{}/login/oidc/callback", world.app.base));
    assert_eq!(query["scope"], "openid profile email");
    let [(name, secret)] = browser.cookies.as_slice() else { panic!("one cookie") };
    assert_eq!(name, "padwacht_sign_on");
    assert!(!authorize.contains(secret.as_str()));
    let back = world.prove(&authorize, "anna").await;
    let answer = world.get(&mut browser, &back).await.expect(303);
    assert_eq!(answer.header("location"), "/");
    assert!(!browser.header().contains("padwacht_sign_on"), "its work is done");
}

#[tokio::test]
async fn over_https_the_cookie_is_bound_to_the_host() {
    let provider = TestProvider::start(Algorithm::Es256, Arc::new(|| NOW.0 / 1_000)).await;
    let sso = config(provider.issuer());
    let app = TestApp::configured(|config| {
        config.public_url = "https://uptime.example.net".to_owned();
        config.secure_cookies = true;
        config.sso = Some(sso);
    })
    .await;
    let answer = app.get("/login/oidc", &[]).await.expect(303);
    let set = answer.header("set-cookie");
    assert!(set.starts_with("__Host-padwacht_sign_on="), "{set}");
    for part in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
        assert!(set.contains(part), "{set}");
    }
    let place = answer.header("location");
    let back = "redirect_uri=https%3A%2F%2Fuptime.example.net%2Flogin%2Foidc%2Fcallback";
    assert!(place.contains(back), "{place}");
}

#[tokio::test]
async fn a_token_that_proves_nothing_lets_nobody_in() {
    let world = World::new().await;
    for fault in [
        Fault::WrongNonce,
        Fault::NoNonce,
        Fault::WrongAudience,
        Fault::SecondAudience,
        Fault::WrongParty,
        Fault::WrongIssuer,
        Fault::Expired,
        Fault::Future,
        Fault::WrongSignature,
        Fault::NoSignature,
        Fault::SharedSecret,
        Fault::WrongAccessToken,
        Fault::UnknownKey,
        Fault::OtherIssuerBack,
        Fault::OtherUserInfo,
    ] {
        world.provider.set_fault(Some(fault));
        let (browser, answer) = world.sign_on("anna").await;
        assert_eq!(answer.header("location"), "/login?sso=unproven", "{fault:?}");
        assert!(!browser.has_session(), "{fault:?}");
        let attempts = world.attempts().await;
        assert_eq!(attempts[0].0, "oidc-refused", "{fault:?}");
    }
    assert!(world.user("anna@example.net").await.is_none());
    world.provider.set_fault(None);
    let (browser, _) = world.sign_on("anna").await;
    assert!(browser.has_session(), "without a fault all is well");
}

#[tokio::test]
async fn the_page_says_what_happened_in_the_readers_language_and_no_more() {
    let world = World::new().await;
    world.provider.set_fault(Some(Fault::WrongNonce));
    let (mut browser, answer) = world.sign_on("anna").await;
    let page = world.get(&mut browser, answer.header("location")).await.expect(200);
    assert!(page.body.contains("does not prove who you are"), "{}", page.body);
    assert!(!page.body.contains("nonce"), "{}", page.body);
    let dutch = world.app.get("/login?sso=unproven", &[("accept-language", "nl")]).await;
    assert!(dutch.body.contains("bewijst niet wie u bent"), "{}", dutch.body);
    let made_up = world.app.get("/login?sso=%3Cscript%3E", &[]).await.expect(200);
    assert!(!made_up.body.contains("<script>") && !made_up.body.contains("role=\"alert\""));
}

#[tokio::test]
async fn a_state_works_once_in_its_own_browser_and_for_ten_minutes() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let authorize = world.leave(&mut browser, "/login/oidc").await;
    let back = world.prove(&authorize, "anna").await;

    let mut other = Browser::default();
    let answer = world.get(&mut other, &back).await;
    World::check_refused(&other, &answer, "ended");
    world.leave(&mut other, "/login/oidc").await;
    let answer = world.get(&mut other, &back).await;
    World::check_refused(&other, &answer, "ended");

    let mut again = browser.clone();
    assert!(world.get(&mut browser, &back).await.header("location") == "/");
    let answer = world.get(&mut again, &back).await;
    World::check_refused(&again, &answer, "ended");

    let mut late = Browser::default();
    let authorize = world.leave(&mut late, "/login/oidc").await;
    let back = world.prove(&authorize, "anna").await;
    world.advance_ms(600_000);
    let answer = world.get(&mut late, &back).await;
    World::check_refused(&late, &answer, "ended");

    let mut nobody = Browser::default();
    for path in ["/login/oidc/callback", "/login/oidc/callback?state=x&code=y"] {
        let answer = world.get(&mut nobody, path).await;
        World::check_refused(&nobody, &answer, "ended");
    }
}

#[tokio::test]
async fn somebody_signed_in_proves_anew_who_they_are() {
    let world = World::new().await;
    let (mut browser, _) = world.sign_on("anna").await;
    let before = browser.header();
    let answer = world.get(&mut browser, "/login/oidc?next=%2Fusers").await.expect(303);
    assert_eq!(answer.header("location"), "/users", "once is enough");
    let again = "/login/oidc?again=1&next=%2Fusers";
    let authorize = world.leave(&mut browser, again).await;
    assert!(authorize.contains("prompt=login") && authorize.contains("max_age=0"), "{authorize}");
    let back = world.prove(&authorize, "anna").await;
    let answer = world.get(&mut browser, &back).await;
    assert_eq!(answer.header("location"), "/users");
    assert_ne!(browser.header(), before, "a new session");
    let mut old = Browser::default();
    old.cookies.push(("padwacht_session".to_owned(), before.replace("padwacht_session=", "")));
    assert_eq!(world.get(&mut old, "/users").await.status, 303, "the old one has ended");

    world.advance_ms(660_000);
    let asked = world.get(&mut browser, "/users/new").await.expect(303);
    let page = world.get(&mut browser, asked.header("location")).await.expect(200);
    let again = "/login/oidc?again=1&next=%2Fusers%2Fnew";
    assert!(
        page.body.contains(&again.replace('&', "&#38;")) || page.body.contains(again),
        "{}",
        page.body
    );
    let answer = world.come(&mut browser, again, "anna").await;
    assert_eq!(answer.header("location"), "/users/new");
    // Without series no page is whole; what matters is that it is not asked for again.
    assert_ne!(world.get(&mut browser, "/users/new").await.status, 303);

    for fault in [Fault::StaleProof, Fault::NoProof] {
        world.provider.set_fault(Some(fault));
        let answer = world.come(&mut browser, again, "anna").await;
        assert_eq!(answer.header("location"), "/login?sso=unproven", "{fault:?}");
        // Who just comes in need not be asked, and has proved nothing lately.
        let (mut silent, _) = world.sign_on("anna").await;
        assert!(silent.has_session());
        assert_eq!(world.get(&mut silent, "/services").await.status, 503, "in, without series");
        let asked = world.get(&mut silent, "/users/new").await.expect(303);
        assert_eq!(asked.header("location"), "/confirm?next=%2Fusers%2Fnew", "{fault:?}");
    }
}

#[tokio::test]
async fn nobody_is_signed_in_or_out_by_a_link_on_another_site() {
    let world = World::new().await;
    for path in ["/login/oidc?next=%2Fusers", "/login/oidc/logout"] {
        for site in ["cross-site", "same-site"] {
            let answer = world.app.get(path, &[("sec-fetch-site", site)]).await.expect(303);
            let place = answer.header("location");
            assert!(place.starts_with("/login"), "{path} from {site}: {place}");
        }
        for site in ["same-origin", "none"] {
            let answer = world.app.get(path, &[("sec-fetch-site", site)]).await.expect(303);
            let place = answer.header("location");
            assert!(place.starts_with(world.provider.issuer()), "{path} from {site}: {place}");
        }
    }
    let form = [("invitation", "x")];
    for site in ["cross-site", "same-site"] {
        let answer = world.app.post_form("/login/oidc", &[("sec-fetch-site", site)], &form).await;
        assert_eq!(answer.status, 403, "from {site}");
    }
}

#[tokio::test]
async fn a_stranger_cannot_use_up_what_single_sign_on_keeps() {
    let world = World::with_config(|config| {
        config.trusted_proxies = vec![std::net::IpAddr::from([127, 0, 0, 1]).into()];
    })
    .await;
    let from = async |address: &str, cookie: &str| {
        let headers = [("x-forwarded-for", address), ("cookie", cookie)];
        world.app.get("/login/oidc?again=1", &headers).await.status
    };
    let (browser, _) = world.sign_on("anna").await;
    let mut begun = 0;
    while from("192.0.2.66", "").await == 303 {
        begun += 1;
        assert!(begun < 1_000, "a stranger begins as many as they like");
    }
    assert!(begun > 50, "an office comes in at once: {begun}");
    assert_eq!(from("192.0.2.66", "").await, 429);
    assert_eq!(from("192.0.2.7", "").await, 303, "others are not kept out");
    assert_eq!(from("192.0.2.66", &browser.header()).await, 303, "nor is who is signed in");
}

#[tokio::test]
async fn two_tabs_of_a_browser_do_not_disturb_each_other() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let first = world.leave(&mut browser, "/login/oidc?next=%2Fservices").await;
    let second = world.leave(&mut browser, "/login/oidc").await;
    let challenge = |address: &str| {
        let url = url::Url::parse(address).expect("an address");
        let found = url.query_pairs().find(|(name, _)| name == "code_challenge");
        found.expect("PKCE").1.into_owned()
    };
    assert_ne!(challenge(&first), challenge(&second));
    let back = world.prove(&first, "anna").await;
    assert_eq!(world.get(&mut browser, &back).await.header("location"), "/services");
}

#[tokio::test]
async fn a_code_of_another_sign_in_is_worth_nothing() {
    let world = World::new().await;
    let part = |address: &str, wanted: &str| {
        let (_, query) = address.split_once('?').expect("a query");
        let found = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted);
        found.expect("it is there").1.into_owned()
    };
    let mut thief = Browser::default();
    let own = world.leave(&mut thief, "/login/oidc").await;
    let mut victim = Browser::default();
    let theirs = world.leave(&mut victim, "/login/oidc").await;
    let stolen = part(&world.prove(&theirs, "anna").await, "code");
    let back = format!("/login/oidc/callback?state={}&code={stolen}", part(&own, "state"));
    let answer = world.get(&mut thief, &back).await;
    World::check_refused(&thief, &answer, "unproven");
    let used = format!("/login/oidc/callback?state={}&code={stolen}", part(&theirs, "state"));
    let answer = world.get(&mut victim, &used).await;
    World::check_refused(&victim, &answer, "unproven");
}

#[tokio::test]
async fn whoever_refuses_at_the_provider_is_told_so() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let authorize = world.leave(&mut browser, "/login/oidc").await;
    let url = url::Url::parse(&authorize).expect("an address");
    let state =
        url.query_pairs().find(|(name, _)| name == "state").expect("a state").1.into_owned();
    let back = format!("/login/oidc/callback?state={state}&error=access_denied");
    let answer = world.get(&mut browser, &back).await;
    World::check_refused(&browser, &answer, "denied");
}

#[tokio::test]
async fn a_provider_that_is_away_leaves_the_password() {
    let world = World::new().await;
    world.provider.set_fault(Some(Fault::Down));
    let mut browser = Browser::default();
    let answer = world.get(&mut browser, "/login/oidc?next=%2Fservices").await;
    assert_eq!(answer.header("location"), "/login?sso=away&next=%2Fservices");
    let page = world.get(&mut browser, answer.header("location")).await.expect(200);
    assert!(page.body.contains("cannot be reached"), "{}", page.body);
    assert!(page.body.contains("name=\"password\""));
    world.by_password(ADMIN).await;

    let asked = world.provider.requests().len();
    for _ in 0..5 {
        world.get(&mut browser, "/login/oidc").await.expect(303);
    }
    assert_eq!(world.provider.requests().len(), asked, "not asked at every click");
    world.provider.set_fault(Some(Fault::OtherDiscovery));
    world.advance_ms(10_000);
    let answer = world.get(&mut browser, "/login/oidc").await;
    World::check_refused(&browser, &answer, "away");
    world.provider.set_fault(None);
    world.advance_ms(10_000);
    let answer = world.come(&mut browser, "/login/oidc", "anna").await;
    assert_eq!(answer.header("location"), "/");
}

#[tokio::test]
async fn a_provider_that_goes_away_half_way_is_told_of() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let authorize = world.leave(&mut browser, "/login/oidc").await;
    let back = world.prove(&authorize, "anna").await;
    world.provider.set_fault(Some(Fault::Down));
    let answer = world.get(&mut browser, &back).await;
    World::check_refused(&browser, &answer, "away");
}

#[tokio::test]
async fn new_keys_are_fetched_when_a_token_names_one() {
    let world = World::new().await;
    world.sign_on("anna").await.1.expect(303);
    let discoveries = || {
        let asked = world.provider.requests();
        asked.iter().filter(|path| *path == "/keys").count()
    };
    assert_eq!(discoveries(), 1);
    world.sign_on("anna").await.1.expect(303);
    assert_eq!(discoveries(), 1, "kept for a while");
    world.provider.rotate(Algorithm::Rs256);
    world.advance_ms(10_000);
    let (browser, answer) = world.sign_on("anna").await;
    assert_eq!(answer.header("location"), "/");
    assert!(browser.has_session());
    assert_eq!(discoveries(), 2);
    world.provider.set_fault(Some(Fault::UnknownKey));
    for _ in 0..3 {
        let (browser, answer) = world.sign_on("anna").await;
        World::check_refused(&browser, &answer, "unproven");
    }
    assert_eq!(discoveries(), 2, "keys that nobody publishes make nobody ask over and over");
}
