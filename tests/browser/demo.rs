//! The demo: a simulated ISP with services that break, and the product that
//! watches them.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use reqwest::header::SET_COOKIE;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use store::embedded::find_library;
use tempfile::TempDir;

use crate::product::{free_port, read};

/// How the demo says how to sign in, and that its history can be looked at.
const SIGN_IN: &str = "  Sign in   ";
const READ: &str = "the history has been read";
/// The password that those who are invited choose.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// The running demo. It is killed when this is dropped.
pub(crate) struct Demo {
    child: Child,
    dir: TempDir,
    pub(crate) base: String,
    /// Address and password of the administrator.
    pub(crate) administrator: (String, String),
}

impl Demo {
    /// Starts it; waits until the past is there.
    pub(crate) fn start() -> Demo {
        find_library(None).unwrap_or_else(|error| panic!("{error}; run `make test`"));
        let dir = tempfile::tempdir().expect("a directory");
        let port = free_port();
        let log = std::fs::File::create(dir.path().join("log")).expect("a log file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_padwacht"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PADWACHT__")) {
            command.env_remove(name);
        }
        command.current_dir(dir.path()).env("HOME", dir.path());
        command.args(["demo", "--services", "60", "--history", "3d", "--data-dir"]);
        command.arg(dir.path().join("demo")).args(["--listen", &format!("127.0.0.1:{port}")]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().expect("the binary starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let mut administrator = None;
        let is_up = lines.by_ref().map_while(Result::ok).any(|line| {
            let told = line.strip_prefix(SIGN_IN).and_then(|told| {
                let (email, password) = told.split_once("   password ")?;
                Some((email.to_owned(), password.trim().to_owned()))
            });
            administrator = told.or(administrator.take());
            line.contains(READ)
        });
        assert!(is_up, "it ended:\n{}", read(&dir.path().join("log")));
        // What it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let administrator = administrator.expect("it says how to sign in");
        Demo { child, dir, base: format!("http://localhost:{port}"), administrator }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            eprintln!("--- the log of the demo\n{}\n---", read(&self.dir.path().join("log")));
        }
    }
}

/// What is there to be looked at, by id.
pub(crate) struct Scene {
    pub(crate) customer: String,
    /// A service of the customer, and one with a route that is broken, if any is.
    pub(crate) own_service: String,
    pub(crate) service: String,
    pub(crate) component: String,
    pub(crate) klant: String,
    pub(crate) source: String,
    /// A link to register by that nobody has used.
    pub(crate) invitation: String,
}

/// An account that was entered and is switched off.
pub(crate) const ACCOUNT: &str = "zutphen";
pub(crate) const MANAGER: &str = "mies@isp.example";
pub(crate) const KLANT: &str = "anna@customer.example";

/// The REST API as the administrator's browser uses it.
struct Rest<'a> {
    client: Client,
    base: &'a str,
    cookie: String,
}

impl Rest<'_> {
    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let request = self.client.request(method, format!("{}{path}", self.base));
        let request = request.header("cookie", &self.cookie);
        let request = if let Some(body) = body { request.json(&body) } else { request };
        let answer = request.send().await.expect("answers");
        let (status, text) = (answer.status(), answer.text().await.expect("text"));
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Invites somebody; gives their id and the token to register with.
    async fn invite(&self, email: &str, role: &str, customers: &[&str]) -> (String, String) {
        let wanted = json!({"email": email, "role": role, "customers": customers});
        let made = self.ask(Method::POST, "/api/v1/users", Some(wanted)).await;
        let link = text(&made["invitation"]["link"]);
        let token = link.split_once('#').expect("a token").1.to_owned();
        (text(&made["user"]["id"]), token)
    }

    async fn register(&self, token: &str, name: &str) {
        let form = [("token", token), ("name", name), ("password", PASSWORD), ("again", PASSWORD)];
        let request = self.client.post(format!("{}/register", self.base)).form(&form);
        let answer = request.send().await.expect("answers");
        assert!(answer.status().is_redirection(), "{}", answer.status());
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// Gives the customer with the most services an account manager and somebody
/// who acts for it, and fills what would be empty otherwise.
pub(crate) async fn furnish(demo: &Demo) -> Scene {
    let redirects = reqwest::redirect::Policy::none();
    let client = Client::builder().redirect(redirects).build().expect("a client");
    let (email, password) = &demo.administrator;
    let form = [("email", email), ("password", password)];
    let request = client.post(format!("{}/login", demo.base)).form(&form);
    let answer = request.send().await.expect("answers");
    let cookie = answer.headers()[SET_COOKIE].to_str().expect("ASCII");
    let cookie = cookie.split(';').next().expect("a name and a value").to_owned();
    let rest = Rest { client, base: &demo.base, cookie };

    let services = rest.ask(Method::GET, "/api/v1/services?limit=200", None).await;
    let services = services["services"].as_array().expect("a list").clone();
    let of = |name: &str| services.iter().filter(|one| one["customer"] == name).count();
    let busiest = services.iter().map(|one| text(&one["customer"])).max_by_key(|name| of(name));
    let busiest = busiest.expect("a customer");
    let customers = rest.ask(Method::GET, "/api/v1/customers?limit=200", None).await;
    let customers = customers["customers"].as_array().expect("a list");
    let customer = customers.iter().find(|one| one["name"] == *busiest).expect("it is there");
    let customer = text(&customer["id"]);
    let own_service = services.iter().find(|one| one["customer"] == *busiest).expect("a service");
    let is_broken = |one: &&Value| one["state"] != "up" && one["cause"][0].is_string();
    let service = services.iter().find(is_broken).unwrap_or(own_service);
    let component = service["cause"][0].as_str().unwrap_or("demo/device/1").to_owned();

    let (manager, token) = rest.invite(MANAGER, "accountmanager", &[]).await;
    rest.register(&token, "Mies de Vries").await;
    let (klant, token) = rest.invite(KLANT, "klant", &[&customer]).await;
    rest.register(&token, "Anna van der Meer").await;
    let long = "somebody.with.a.long.name@subdomain.of.the.customer.example";
    let (_, invitation) = rest.invite(long, "klant", &[&customer]).await;
    let contact = json!({"name": "Jan Jansen", "role": "NOC", "email": "jan@customer.example",
        "phone": "+31 6 12345678"});
    let filled = json!({"name": busiest, "number": "1042", "account_manager": manager,
        "contacts": [contact]});
    rest.ask(Method::PUT, &format!("/api/v1/customers/{customer}"), Some(filled)).await;
    let sources = rest.ask(Method::GET, "/api/v1/sources", None).await;
    let source = text(&sources["sources"][0]["name"]);
    let account = json!({"name": ACCOUNT, "url": "https://librenms.zutphen.example",
        "token": "0123456789abcdef0123456789abcdef", "enabled": false,
        "settings": {"time_zone": "Europe/Amsterdam"}});
    rest.ask(Method::POST, "/api/v1/sources", Some(account)).await;
    let secrets = format!("/api/v1/sources/{source}/push/secrets");
    rest.ask(Method::POST, &secrets, None).await;
    let scopes = json!(["read:services"]);
    let token = json!({"name": "Grafana", "scopes": scopes});
    rest.ask(Method::POST, "/api/v1/tokens", Some(token)).await;
    let token =
        json!({"name": "Billing", "role": "klant", "customers": [customer], "scopes": scopes});
    rest.ask(Method::POST, "/api/v1/service-tokens", Some(token)).await;
    let (own_service, service) = (text(&own_service["id"]), text(&service["id"]));
    Scene { customer, own_service, service, component, klant, source, invitation }
}
