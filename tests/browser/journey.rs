//! From the first start to a ban.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use test_provider::{Algorithm, Person, TestProvider};
use tokio::time::Instant;
use totp_rs::{Builder, Secret};

use crate::accessible;
use crate::chrome::{Browser, Driver};
use crate::post::Post;
use crate::product::Product;

const MANAGER: &str = "mies@isp.example";
const CUSTOMER: &str = "anna@ede.example";
const ADMIN_PASSWORD: &str = "quite another horse";
const FIRST_PASSWORD: &str = "correct horse battery";
const SECOND_PASSWORD: &str = "another correct horse";
/// An authenticator app shows a new code after so long (RFC 6238).
const STEP_S: u64 = 30;
/// Somebody who sees that a code is about to change waits for the next.
const TYPED_S: u64 = 15;

/// Pages that differ from those of the demo, as there are mails and a provider.
const PAGES: [&str; 5] =
    ["/", "/mails", "/profile/security", "/manual/single-sign-on", "/login-attempts"];

/// How long a stream may take to end on a busy machine; a browser asks again
/// some seconds after it was cut off.
const STREAM_ENDS: Duration = Duration::from_secs(60);

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_come_in_and_are_put_out_by_pages_and_mails_alone() {
    let (post, smtp_port) = Post::start().await;
    let clock = Arc::new(|| i64::try_from(now_s()).expect("small"));
    let provider = TestProvider::start(Algorithm::Es256, clock).await;
    provider.know("sanne", Person::new("sanne", "sanne@isp.example", &["sales"]));
    let (smtp_port, issuer) = (smtp_port, provider.issuer().to_owned());
    let start = move || Product::start(smtp_port, &issuer);
    let product = tokio::task::spawn_blocking(start).await.expect("it starts");
    let driver = Driver::start();

    let beheer = Browser::open(&driver, &product.base).await;
    first_password(&beheer, &product.administrator).await;
    invite(&beheer, MANAGER, "accountmanager", "").await;
    new_customer(&beheer, "Ede").await;
    let customer_page = invite(&beheer, CUSTOMER, "klant", "Ede").await;

    let visitor = Browser::open(&driver, &product.base).await;
    register(&visitor, &post, MANAGER, "Mies").await;
    one_time_codes(&visitor).await;
    sign_out(&visitor).await;

    visitor.put_in_authenticator().await;
    register(&visitor, &post, CUSTOMER, "Anna").await;
    passkey(&visitor).await;
    sign_out(&visitor).await;
    forgotten_password(&visitor, &post).await;

    banned(&beheer, &customer_page, &visitor).await;
    single_sign_on(&visitor).await;

    accessible::check(&visitor, "by-sign-on", &["/profile", "/profile/security"]).await;
    sign_out(&visitor).await;
    accessible::check(&visitor, "with-sign-on", &["/login", "/forgot-password"]).await;
    accessible::check(&beheer, "new", &PAGES).await;
    beheer.close().await;
    visitor.close().await;
}

/// What an authenticator app with this seed shows, and the step that it is of: as
/// soon as it is another than that of step `used`, and lives long enough to be typed.
pub(crate) async fn code_of(seed: &str, used: Option<u64>) -> (String, u64) {
    let seed = Secret::try_from_base32(seed).expect("base32");
    let app = Builder::new().with_secret(seed.as_bytes().to_vec()).build_noncompliant();
    loop {
        let now_s = now_s();
        let (step, age_s) = (now_s / STEP_S, now_s % STEP_S);
        if used.is_none_or(|used| step > used) && age_s + TYPED_S < STEP_S {
            return (app.generate(now_s).to_string(), step);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn sign_in(browser: &Browser, email: &str, password: &str) {
    browser.go("/login").await;
    browser.fill("#email", email).await;
    browser.fill("#password", password).await;
    browser.click(".login form button[type=submit]").await;
}

/// The password that the first start shows opens nothing but the choice of another.
async fn first_password(beheer: &Browser, (email, shown): &(String, String)) {
    sign_in(beheer, email, shown).await;
    beheer.sees("#again").await;
    beheer.go("/users").await;
    beheer.arrives("/login").await;
    sign_in(beheer, email, shown).await;
    beheer.sees("#again").await;
    beheer.fill("#password", ADMIN_PASSWORD).await;
    beheer.fill("#again", ADMIN_PASSWORD).await;
    beheer.click(".login form button[type=submit]").await;
    beheer.sees(".login [role=status]").await;
    sign_in(beheer, email, shown).await;
    beheer.sees("#login-error").await;
    sign_in(beheer, email, ADMIN_PASSWORD).await;
    beheer.arrives("/").await;
}

async fn sign_out(browser: &Browser) {
    browser.click(".user-button").await;
    browser.click("form[action=\"/logout\"] button").await;
    browser.arrives("/login").await;
}

async fn new_customer(beheer: &Browser, name: &str) {
    beheer.go("/customers/new").await;
    beheer.fill("#name", name).await;
    beheer.click("main form.form-card button[type=submit]").await;
    beheer.sees(".is-done, .form-saved, [role=status]").await;
}

/// Invites by the page; gives the path of the new user's page.
async fn invite(beheer: &Browser, email: &str, role: &str, customers: &str) -> String {
    beheer.go("/users/new").await;
    beheer.fill("#email", email).await;
    beheer.choose("#role", role).await;
    beheer.fill("#customers", customers).await;
    beheer.click("main form.form-card button[type=submit]").await;
    beheer.sees("#link").await;
    beheer.go("/users").await;
    let link = format!(
        "return [...document.querySelectorAll('#user-rows tr')].find(row => \
                        row.textContent.includes('{email}')).querySelector('a').getAttribute('href')"
    );
    beheer.script(&link).await.as_str().expect("a row with a link").to_owned()
}

/// Follows the link of the mail, and signs in.
async fn register(visitor: &Browser, post: &Post, email: &str, name: &str) {
    visitor.open_link(&post.link(email, "/register").await).await;
    visitor.fill("#name", name).await;
    visitor.fill("#password", FIRST_PASSWORD).await;
    visitor.fill("#again", FIRST_PASSWORD).await;
    visitor.click("form[action='/register'] button[type=submit]").await;
    visitor.arrives("/login").await;
    sign_in(visitor, email, FIRST_PASSWORD).await;
    visitor.arrives("/").await;
}

/// Sets up an authenticator app, and signs in with its next code and with a
/// recovery code.
async fn one_time_codes(visitor: &Browser) {
    visitor.go("/profile/security").await;
    visitor.click("#totp-set-up").await;
    let seed = visitor.read("#totp-seed").await.replace(' ', "");
    let (code, used) = code_of(&seed, None).await;
    visitor.fill("#code", &code).await;
    visitor.click("#totp-confirm").await;
    let codes = visitor.read_all("#recovery-codes li").await;
    assert_eq!(codes.len(), 10);
    visitor.click("#codes-kept").await;
    sign_out(visitor).await;

    sign_in(visitor, MANAGER, FIRST_PASSWORD).await;
    visitor.arrives("/login/code").await;
    visitor.go("/").await;
    visitor.arrives("/login").await;
    sign_in(visitor, MANAGER, FIRST_PASSWORD).await;
    visitor.arrives("/login/code").await;
    // A code counts once, and none counts early.
    visitor.fill("#code", &code_of(&seed, Some(used)).await.0).await;
    visitor.click(".login form button[type=submit]").await;
    visitor.arrives("/").await;
    sign_out(visitor).await;

    sign_in(visitor, MANAGER, FIRST_PASSWORD).await;
    visitor.fill("#code", &codes[3]).await;
    visitor.click(".login form button[type=submit]").await;
    visitor.arrives("/").await;
}

/// Makes a passkey and signs in with it, without a name and a password.
async fn passkey(visitor: &Browser) {
    visitor.go("/profile/security").await;
    visitor.fill("#passkey-name", "Laptop").await;
    visitor.click("#passkey-add").await;
    // A first factor comes with recovery codes.
    visitor.sees("#recovery-codes li, #passkeys li").await;
    visitor.go("/profile/security").await;
    assert_eq!(visitor.read("#passkeys li strong").await, "Laptop");
    sign_out(visitor).await;
    visitor.click("#passkey-use").await;
    visitor.arrives("/").await;
}

/// Forgets the password and sets another by the link of the mail.
async fn forgotten_password(visitor: &Browser, post: &Post) {
    visitor.go("/forgot-password").await;
    visitor.fill("#email", CUSTOMER).await;
    visitor.click(".login form button[type=submit]").await;
    let link = post.link(CUSTOMER, "/reset-password").await;
    accessible::check(visitor, "forgetful", &[&link]).await;
    // A mail program may have cut off what is behind `#`: the code is then pasted.
    let (page, code) = link.split_once('#').expect("a code");
    visitor.go(page).await;
    visitor.fill("#code", code).await;
    visitor.click("form[action='/reset-password'] button[type=submit]").await;
    visitor.fill("#password", SECOND_PASSWORD).await;
    visitor.fill("#again", SECOND_PASSWORD).await;
    visitor.click(".login form button[type=submit]").await;
    visitor.arrives("/login").await;
    visitor.open_link(&link).await;
    visitor.sees("#gone").await;
    assert!(!visitor.has("#password").await, "the link works once");

    sign_in(visitor, CUSTOMER, FIRST_PASSWORD).await;
    visitor.sees("#login-error").await;
    // A wrong password makes the next try wait.
    sign_in(visitor, CUSTOMER, SECOND_PASSWORD).await;
    while visitor.path().await == "/login" {
        if visitor.text().await.contains("Too many attempts") {
            sign_in(visitor, CUSTOMER, SECOND_PASSWORD).await;
        }
    }
    visitor.arrives("/login/code").await;
    visitor.click("#passkey-use").await;
    while visitor.path().await == "/login/code" {
        // So may the passkey, as the count is of both.
        if visitor.text().await.contains("too many attempts") {
            visitor.try_click("#passkey-use").await;
        }
    }
    visitor.arrives("/").await;
}

/// Whoever is banned is out with the next click, and does not come in again;
/// their API token opens nothing any more, and what streams to them ends.
async fn banned(beheer: &Browser, page: &str, visitor: &Browser) {
    visitor.go("/profile/tokens").await;
    visitor.fill("#name", "Script").await;
    visitor.click("input[name=unbounded]").await;
    visitor.click("main form.form-card button[type=submit]").await;
    let token = visitor.read("#fresh-token").await;
    let by_token = async |path: &str| {
        let client = reqwest::Client::new();
        let request = client.get(format!("{}{path}", visitor.base())).bearer_auth(token.trim());
        request.send().await.expect("answers")
    };
    assert_eq!(by_token("/api/v1/profile").await.status(), 200);
    let mut streaming = by_token("/events").await;
    assert_eq!(streaming.status(), 200);
    visitor.go("/services").await;
    visitor.arrives("/services").await;
    let listens = "window.heard = new EventSource('/events'); \
                   window.heard.onopen = () => arguments[0](true)";
    assert_eq!(visitor.script_later(listens).await, true);
    beheer.go(page).await;
    beheer.click("button[name=standing][value=banned]").await;
    beheer.sees(".badge-state").await;
    assert_eq!(by_token("/api/v1/profile").await.status(), 401);
    // What is under way to them is cut off, and they are not let in again.
    while streaming.chunk().await.is_ok_and(|chunk| chunk.is_some()) {}
    let is_shut = "return window.heard.readyState === EventSource.CLOSED";
    let deadline = Instant::now() + STREAM_ENDS;
    while visitor.script(is_shut).await != true {
        assert!(Instant::now() < deadline, "events go on to somebody who is banned");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    visitor.go("/services").await;
    visitor.arrives("/login").await;
    visitor.click("#passkey-use").await;
    visitor.sees("[data-passkey-problem]:not([hidden])").await;
    sign_in(visitor, CUSTOMER, SECOND_PASSWORD).await;
    visitor.sees("#login-error").await;
    visitor.forget().await;
}

/// Comes in by the provider, whose groups give the role.
async fn single_sign_on(visitor: &Browser) {
    visitor.go("/login").await;
    visitor.click("#single-sign-on").await;
    visitor.fill("input[name=user]", "sanne").await;
    visitor.fill("input[name=password]", "password").await;
    visitor.click("main form button:not([name])").await;
    visitor.arrives("/").await;
    visitor.go("/profile").await;
    let text = visitor.text().await;
    assert!(text.contains("sanne@isp.example"), "{text}");
    visitor.go("/users").await;
    // No customer is in her care, so nobody is hers to see.
    visitor.sees("#user-rows .empty").await;
}
