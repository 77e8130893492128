//! What somebody begins at one `padwacht api` process and ends at the other,
//! and what counts once however the requests are spread.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::future::join_all;
use reqwest::header::{LOCATION, SET_COOKIE};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};
use test_provider::TestProvider;
use test_provider::authenticator::Authenticator;
use totp_rs::{Builder, Secret};

use crate::api::Api;

const PASSWORD: &str = "a horse and its battery";
/// An authenticator app shows a new code after so long (RFC 6238).
const STEP_S: u64 = 30;

/// A browser that keeps its cookies and follows nothing.
#[derive(Clone)]
struct Browser {
    client: Client,
    cookies: Vec<(String, String)>,
}

impl Browser {
    fn new() -> Browser {
        let redirects = reqwest::redirect::Policy::none();
        let client = Client::builder().redirect(redirects).build().expect("a client");
        Browser { client, cookies: Vec::new() }
    }

    fn keep(&mut self, answer: &Response) {
        for set in answer.headers().get_all(SET_COOKIE) {
            let set = set.to_str().expect("ASCII");
            let pair = set.split(';').next().and_then(|pair| pair.split_once('='));
            let (name, value) = pair.expect("a name and a value");
            self.cookies.retain(|(known, _)| known != name);
            if !set.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    fn cookie(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn has_session(&self) -> bool {
        self.cookies.iter().any(|(name, _)| name == "padwacht_session")
    }

    async fn get(&mut self, url: &str) -> Response {
        let request = self.client.get(url).header("cookie", self.cookie());
        let answer = request.send().await.expect("answers");
        self.keep(&answer);
        answer
    }

    async fn form(&mut self, url: &str, form: &[(&str, &str)]) -> Response {
        let request = self.client.post(url).header("cookie", self.cookie()).form(form);
        let answer = request.send().await.expect("answers");
        self.keep(&answer);
        answer
    }

    async fn json(&mut self, url: &str, body: &Value) -> Response {
        let request = self.client.post(url).header("cookie", self.cookie()).json(body);
        let answer = request.send().await.expect("answers");
        self.keep(&answer);
        answer
    }

    /// Gives the right password at `at`.
    async fn password(at: &str, email: &str) -> Browser {
        let mut browser = Browser::new();
        let form = [("email", email), ("password", PASSWORD)];
        let answer = browser.form(&format!("{at}/login"), &form).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{email} at {at}");
        browser
    }
}

fn place(answer: &Response) -> &str {
    let place = answer.headers().get(LOCATION).and_then(|place| place.to_str().ok());
    place.unwrap_or_default()
}

/// Somebody who is invited at one process and registers at the other; their address.
pub(crate) async fn registered(api: &Api, two: &str, email: &str) -> String {
    let wanted = json!({"email": email, "role": "accountmanager"});
    let invited = api.send(Method::POST, "/api/v1/users", &wanted).await;
    let link = invited["invitation"]["link"].as_str().expect("a link");
    let token = link.split('#').next_back().expect("a token");
    let form = [("token", token), ("name", "Tess"), ("password", PASSWORD), ("again", PASSWORD)];
    let answer = Browser::new().form(&format!("{two}/register"), &form).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    email.to_owned()
}

/// The same creation with one key, at both at once and again: it is made once.
pub(crate) async fn a_key_creates_once(api: &Api, two: &str) {
    let token = api.send(Method::POST, "/api/v1/tokens", &json!({"name": "keys"})).await;
    let token = token["token"].as_str().expect("a token").to_owned();
    let places = [api.base.as_str(), two];
    let create = async |at: &str| {
        let request = Client::new().post(format!("{at}/api/v1/customers")).bearer_auth(&token);
        let request = request.header("idempotency-key", "the-one-key");
        let answer = request.json(&json!({"name": "Once BV"})).send().await.expect("answers");
        (answer.status(), answer.json::<Value>().await.unwrap_or_default())
    };
    let tries = (0..8).map(|number| create(places[number % 2]));
    for (status, body) in join_all(tries).await {
        // Who comes while the first is being made is told so.
        assert!([StatusCode::CREATED, StatusCode::CONFLICT].contains(&status), "{status}: {body}");
    }
    let (first, second) = (create(places[0]).await, create(places[1]).await);
    assert_eq!(first.0, StatusCode::CREATED, "{}", first.1);
    assert_eq!(first, second, "both give the answer that was given");
    let list = api.get("/api/v1/customers?q=once").await;
    assert_eq!(list["total"], 1, "{list}");
}

/// The seconds since 1970, as soon as they are in step `from` of codes or later,
/// and early enough in a step to type a code.
async fn typing_time(from: u64) -> u64 {
    loop {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        if now / STEP_S >= from && now % STEP_S < STEP_S / 2 {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// An app is set up across both; a half sign-in goes on at the other; a code
/// that is given at both at once lets one in.
pub(crate) async fn codes_count_once(one: &str, two: &str, email: &str) {
    let mut own = Browser::password(one, email).await;
    assert!(own.has_session());
    let begun = own.form(&format!("{one}/profile/security/totp/new"), &[]).await;
    assert_eq!(place(&begun), "/profile/security/totp");
    let page = own.get(&format!("{two}/profile/security/totp")).await;
    let page = page.text().await.expect("text");
    let seed = page.split("id=\"totp-seed\">").nth(1).and_then(|rest| rest.split('<').next());
    let seed = seed.expect("a seed").replace(' ', "");
    let seed = Secret::try_from_base32(seed).expect("base32");
    let app = Builder::new().with_secret(seed.as_bytes().to_vec()).build_noncompliant();
    let used_s = typing_time(0).await;
    let code = app.generate(used_s).to_string();
    let made = own.form(&format!("{two}/profile/security/totp"), &[("code", &code)]).await;
    assert_eq!(made.status(), StatusCode::OK);

    let (at_one, at_two) =
        (Browser::password(one, email).await, Browser::password(two, email).await);
    assert!(!at_one.has_session() && !at_two.has_session(), "a code is owed");
    // The next code; each half goes on where it did not begin.
    let code = app.generate(typing_time(used_s / STEP_S + 1).await).to_string();
    let give = async |mut half: Browser, at: &str| {
        let form = [("code", code.as_str()), ("next", "/")];
        let answer = half.form(&format!("{at}/login/code"), &form).await;
        (half, answer.status())
    };
    let both = [give(at_one.clone(), two), give(at_two.clone(), one)];
    let given = join_all(both).await;
    let is_in: Vec<bool> = given.iter().map(|(browser, _)| browser.has_session()).collect();
    assert_eq!(is_in.iter().filter(|is_in| **is_in).count(), 1, "a code counts once: {is_in:?}");
    let (used, at) = if is_in[0] { (at_one, one) } else { (at_two, two) };
    let (again, status) = give(used, at).await;
    assert!(!again.has_session(), "a half sign-in is over at both: {status}");
    let inside = given.into_iter().find(|(browser, _)| browser.has_session());
    let mut inside = inside.expect("one is in").0;
    for at in [one, two] {
        let profile = inside.get(&format!("{at}/api/v1/profile")).await;
        assert_eq!(profile.status(), StatusCode::OK, "{at}");
    }
}

/// A passkey is asked for at one and made at the other, and what signs in at
/// both at once lets one in.
pub(crate) async fn passkeys_are_asked_for_once(one: &str, two: &str, email: &str) {
    let mut device = Authenticator::new(7);
    let mut own = Browser::password(one, email).await;
    let begun = own.json(&format!("{one}/passkeys/registration/options"), &json!({})).await;
    let begun: Value = begun.json().await.expect("JSON");
    let made = json!({"ceremony": begun["ceremony"], "credential": device.make(&begun["options"]),
        "name": "Laptop"});
    let kept = own.json(&format!("{two}/passkeys/registration"), &made).await;
    assert_eq!(kept.status(), StatusCode::OK);

    let begun = Browser::new().json(&format!("{two}/passkeys/sign-in/options"), &json!({})).await;
    let begun: Value = begun.json().await.expect("JSON");
    let signed = device.sign(&begun["options"]);
    let signed = json!({"ceremony": begun["ceremony"], "credential": signed, "next": "/"});
    let come = async |at: &str| {
        let mut browser = Browser::new();
        let answer = browser.json(&format!("{at}/passkeys/sign-in"), &signed).await;
        (browser.has_session(), answer.status())
    };
    let came = join_all([come(one), come(two)]).await;
    assert_eq!(came.iter().filter(|(is_in, _)| *is_in).count(), 1, "{came:?}");
    let late = come(one).await;
    assert!(!late.0, "it was asked for once: {}", late.1);
}

/// Who leaves for the provider at one comes back at the other, once.
pub(crate) async fn the_provider_sends_back_to_either(
    one: &str,
    two: &str,
    provider: &TestProvider,
) {
    let mut browser = Browser::new();
    let left = browser.get(&format!("{one}/login/oidc?next=%2Fusers")).await;
    let authorize = place(&left).to_owned();
    let (_, query) = authorize.split_once('?').expect("a query");
    let mut fields: Vec<(String, String)> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    fields.push(("user".to_owned(), "sanne".to_owned()));
    fields.push(("password".to_owned(), "password".to_owned()));
    let proved = browser.client.post(format!("{}/authorize", provider.issuer())).form(&fields);
    let proved = proved.send().await.expect("the provider answers");
    let back = url::Url::parse(place(&proved)).expect("an address");
    let back = format!("{}?{}", back.path(), back.query().expect("a code"));
    let before = browser.clone();
    let answer = browser.get(&format!("{two}{back}")).await;
    assert_eq!(place(&answer), "/users");
    assert!(browser.has_session());
    for at in [one, two] {
        let mut again = before.clone();
        let answer = again.get(&format!("{at}{back}")).await;
        assert!(!again.has_session(), "it leads back once: {}", answer.status());
        let profile = browser.get(&format!("{at}/api/v1/profile")).await;
        assert_eq!(profile.status(), StatusCode::OK, "{at}");
    }
}
