//! Every kind of page with something on it, as whoever reads it, on the demo's
//! network: what one would show a customer.

use std::collections::BTreeSet;

use dashboards::urls;

use crate::accessible::{look, look_open, speak};
use crate::chrome::{Browser, Driver};
use crate::demo::{ACCOUNT, Demo, KLANT, MANAGER, PASSWORD, furnish};

/// What everybody has of their own.
const OWN: [&str; 5] =
    ["/profile", "/profile/security", "/profile/sessions", "/profile/tokens", "/login-attempts"];

/// What only Beheer has, besides what has an id. First what asks for a fresh proof.
const OF_BEHEER: [&str; 18] = [
    "/sources/new",
    "/users/new",
    "/users/import",
    "/users",
    "/set-aside",
    "/unwatched",
    "/sources",
    "/customers/new",
    "/audit",
    "/permissions",
    "/mails",
    "/service-tokens",
    "/manual/librenms",
    "/manual/single-sign-on",
    "/services?state=up",
    "/services?q=nobody-has-this",
    "/confirm?next=%2Fusers",
    "/nothing-here",
];

async fn sign_in(browser: &Browser, email: &str, password: &str) {
    browser.go("/login").await;
    browser.fill("#email", email).await;
    browser.fill("#password", password).await;
    browser.click(".login form button[type=submit]").await;
    browser.arrives("/").await;
}

/// What has been looked at, and what was wrong with it.
#[derive(Default)]
struct Seen {
    /// By the address in the map.
    pages: BTreeSet<&'static str>,
    found: Vec<String>,
}

impl Seen {
    /// Looks at pages as `who` in every way.
    async fn look(&mut self, browser: &Browser, who: &str, paths: &[impl AsRef<str>]) {
        let paths: Vec<&str> = paths.iter().map(AsRef::as_ref).collect();
        self.found.extend(look(browser, who, &paths).await);
        self.pages.extend(paths.into_iter().filter_map(page_of));
    }

    /// Looks at what a form gave, which has no address of its own.
    async fn open(&mut self, browser: &Browser, who: &str, name: &str) {
        self.found.extend(look_open(browser, who, name).await);
    }
}

/// The page that has this address; one named in full before one with a place in it.
fn page_of(path: &str) -> Option<&'static str> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let is_one = |(asked, part): (&str, &str)| part == asked || part.starts_with('{');
    let fits = |page: &&str| {
        path.split('/').count() == page.split('/').count()
            && path.split('/').zip(page.split('/')).all(is_one)
    };
    urls::PAGES.into_iter().filter(fits).min_by_key(|page| page.matches('{').count())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_can_be_shown_to_a_customer() {
    let demo = tokio::task::spawn_blocking(Demo::start).await.expect("it starts");
    let scene = furnish(&demo).await;
    let driver = Driver::start();
    let mut seen = Seen::default();

    let stranger = Browser::open(&driver, &demo.base).await;
    stranger.go("/login").await;
    let invitation = format!("/register#{}", scene.invitation);
    let outside = [
        "/login",
        "/forgot-password",
        "/register",
        &invitation,
        "/register#none",
        "/reset-password",
        "/reset-password#none",
        "/notification-address",
        "/notification-address#none",
    ];
    seen.look(&stranger, "stranger", &outside).await;
    refused_sign_in(&stranger, &mut seen).await;

    let klant = Browser::open(&driver, &demo.base).await;
    sign_in(&klant, KLANT, PASSWORD).await;
    seen.look(&klant, "klant", &OWN).await;
    seen.look(&klant, "klant", &["/docs"]).await;
    let (customer, own_service) = (&scene.customer, &scene.own_service);
    let of_customer = |service: &str| {
        ["/", "/services", "/customers"]
            .map(str::to_owned)
            .into_iter()
            .chain([
                format!("/services/{service}"),
                format!("/services/{service}/why"),
                format!("/customers/{customer}"),
            ])
            .collect::<Vec<_>>()
    };
    seen.look(&klant, "klant", &of_customer(own_service)).await;
    // What is not there, and what is not for them.
    seen.look(&klant, "klant", &["/services/none", "/users"]).await;
    second_factor(&klant, &mut seen).await;
    klant.close().await;

    let manager = Browser::open(&driver, &demo.base).await;
    sign_in(&manager, MANAGER, PASSWORD).await;
    seen.look(&manager, "manager", &of_customer(own_service)).await;
    let people = ["/users".to_owned(), format!("/users/{}", scene.klant)];
    seen.look(&manager, "manager", &people).await;
    manager.close().await;

    let beheer = Browser::open(&driver, &demo.base).await;
    let (email, password) = &demo.administrator;
    sign_in(&beheer, email, password).await;
    forms(&beheer, &scene.source, &mut seen).await;
    seen.look(&beheer, "beheer", &OF_BEHEER).await;
    seen.look(&beheer, "beheer", &of_customer(&scene.service)).await;
    seen.look(&beheer, "beheer", &OWN).await;
    let component = scene.component.replace('/', "%2F");
    let asked = "from=2030-01-01T00%3A00&until=2030-01-01T02%3A00&planned=1&ask=1";
    let with_ids = [
        "/what-if".to_owned(),
        format!("/what-if?t={component}&{asked}"),
        format!("/sources/{}", scene.source),
        format!("/sources/{}/push", scene.source),
        format!("/users/{}", scene.klant),
    ];
    seen.look(&beheer, "beheer", &with_ids).await;
    beheer.close().await;

    let missed: Vec<_> =
        urls::PAGES.into_iter().filter(|page| !seen.pages.contains(page)).collect();
    assert!(missed.is_empty(), "nobody looked at {missed:?}");
    // Last, as nobody else comes in for a while after it.
    too_many(&stranger, &mut seen).await;
    stranger.close().await;
    assert!(seen.found.is_empty(), "{}", seen.found.join("\n"));
}

/// What forms show that were sent; first those that ask for a fresh proof.
async fn forms(beheer: &Browser, source: &str, seen: &mut Seen) {
    speak(beheer, "nl").await;
    beheer.go("/sources/new").await;
    beheer.fill("#name", "zwolle").await;
    beheer.fill("#url", "http://librenms.example.net").await;
    beheer.fill("#token", "x").await;
    beheer.click("main form.form-card button[type=submit]").await;
    beheer.sees(".form-error").await;
    seen.open(beheer, "beheer", "account-refused").await;

    speak(beheer, "en").await;
    let account = format!("/sources/{ACCOUNT}/account");
    seen.look(beheer, "beheer", &[&account]).await;
    beheer.go(&account).await;
    beheer.click("button[formaction='/sources/check']").await;
    beheer.sees("#check [role]").await;
    seen.open(beheer, "beheer", "account-checked").await;

    speak(beheer, "nl").await;
    beheer.go(&format!("/sources/{source}/push")).await;
    beheer.click(".push-make button").await;
    beheer.sees("#secret").await;
    seen.open(beheer, "beheer", "push-secret").await;

    beheer.go("/users/import").await;
    let list = "email,name,role,customers\\nnew@example.net,Nieuw,klant,\\nwrong,Fout,koning,";
    let fill = format!("document.querySelector('#text').value = '{list}'");
    beheer.script(&fill).await;
    beheer.click("main form.form-card button[type=submit]").await;
    beheer.sees(".table-card").await;
    seen.open(beheer, "beheer", "import-tried").await;

    speak(beheer, "en").await;
    beheer.go("/profile/tokens").await;
    beheer.fill("#name", "Grafana").await;
    beheer.click("input[name=scope]").await;
    beheer.click("main form.form-card button[type=submit]").await;
    beheer.sees("#fresh-token").await;
    seen.open(beheer, "beheer", "token-issued").await;

    speak(beheer, "nl").await;
    beheer.go("/users/new").await;
    beheer.fill("#email", "piet@isp.example").await;
    beheer.choose("#role", "accountmanager").await;
    beheer.click("main form.form-card button[type=submit]").await;
    beheer.sees("#link").await;
    seen.open(beheer, "beheer", "invited").await;
}

/// A wrong password.
async fn refused_sign_in(stranger: &Browser, seen: &mut Seen) {
    speak(stranger, "nl").await;
    stranger.go("/login").await;
    stranger.fill("#email", "nobody@example.net").await;
    stranger.fill("#password", "not the password").await;
    stranger.click(".login form button[type=submit]").await;
    stranger.sees(".form-error").await;
    seen.open(stranger, "stranger", "login-refused").await;
}

/// The page of whoever asks too much at once.
async fn too_many(stranger: &Browser, seen: &mut Seen) {
    stranger.go("/login").await;
    let ask = "const done = arguments[0];
        const ask = () => fetch('/login', { headers: { accept: 'text/html' } });
        Promise.all(Array.from({ length: 400 }, ask)).then(async answers => {
          const refused = answers.find(one => one.status === 429);
          if (!refused) return done('nobody was refused');
          const page = await refused.text();
          document.open(); document.write(page); document.close();
          done('');
        });";
    let said = stranger.script_later(ask).await;
    assert_eq!(said, "");
    stranger.sees("main h1").await;
    seen.open(stranger, "stranger", "too-many").await;
}

/// The seed, the recovery codes, and the page that asks for a code.
async fn second_factor(klant: &Browser, seen: &mut Seen) {
    // What was looked at may have taken longer than a proof lasts.
    klant.forget().await;
    sign_in(klant, KLANT, PASSWORD).await;
    klant.go("/profile/security").await;
    klant.click("#totp-set-up").await;
    klant.sees("#totp-seed").await;
    seen.look(klant, "klant", &["/profile/security/totp"]).await;
    let seed = klant.read("#totp-seed").await.replace(' ', "");
    let (code, _) = crate::journey::code_of(&seed, None).await;
    klant.fill("#code", &code).await;
    klant.click("#totp-confirm").await;
    klant.sees("#recovery-codes li").await;
    seen.open(klant, "klant", "recovery-codes").await;
    klant.click("#codes-kept").await;
    seen.look(klant, "klant", &["/profile/security"]).await;
    klant.forget().await;
    klant.go("/login").await;
    klant.fill("#email", KLANT).await;
    klant.fill("#password", PASSWORD).await;
    klant.click(".login form button[type=submit]").await;
    klant.arrives("/login/code").await;
    seen.look(klant, "klant", &["/login/code"]).await;
}

#[test]
fn a_path_is_that_of_the_page_that_is_named_in_full() {
    assert_eq!(page_of("/users/new?x=1"), Some(urls::USER_NEW));
    assert_eq!(page_of("/users/42"), Some(urls::USER));
    assert_eq!(page_of("/"), Some(urls::OVERVIEW));
    assert_eq!(page_of("/sources/a/push"), Some(urls::SOURCE_PUSH));
    assert_eq!(page_of("/nothing-here"), None);
}
