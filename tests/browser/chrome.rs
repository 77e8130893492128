//! A headless Chromium, driven over WebDriver, that says what it misses.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use thirtyfour::prelude::*;
use tokio::time::Instant;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same of a script: axe-core goes through every element of the longest page.
const SCRIPT_WITHIN: Duration = Duration::from_secs(300);

/// Notes on each page what went wrong in it and nobody sees: errors of scripts,
/// files that did not come, what the content policy stopped.
const WATCH: &str = r#"
window.troubles = [];
const note = what => window.troubles.push(String(what));
addEventListener("error", e => note(e.message || `${e.target.src || e.target.href} failed`), true);
addEventListener("unhandledrejection", e => note(e.reason));
addEventListener("securitypolicyviolation", e => note(`${e.violatedDirective}: ${e.blockedURI}`));
for (const level of ["error", "warn"]) {
  const said = console[level];
  console[level] = (...words) => { note(words.join(" ")); said(...words); };
}"#;

/// How the driver announces its port.
const STARTED: &str = "ChromeDriver was started successfully on port ";

/// Debian's driver. It is killed when this is dropped.
pub(crate) struct Driver {
    child: Child,
    url: String,
}

impl Driver {
    pub(crate) fn start() -> Driver {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let started = command.spawn();
        let mut child = started.expect("chromedriver starts: run `make test`, which installs it");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let port = line.strip_prefix(STARTED)?.trim_end_matches('.');
            Some(port.to_owned())
        });
        std::thread::spawn(move || lines.for_each(drop));
        let url = format!("http://127.0.0.1:{}", port.expect("it says where it listens"));
        Driver { child, url }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A browser with cookies of its own.
pub(crate) struct Browser {
    driver: WebDriver,
    base: String,
}

impl Browser {
    /// Opens a browser for the product at `base`.
    pub(crate) async fn open(driver: &Driver, base: &str) -> Browser {
        let mut wanted = DesiredCapabilities::chrome();
        for argument in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--lang=en",
            "--window-size=1440,900",
        ] {
            wanted.add_arg(argument).expect("an argument");
        }
        let driver = WebDriver::new(&driver.url, wanted).await.expect("Chromium starts");
        driver.set_script_timeout(SCRIPT_WITHIN).await.expect("a limit");
        let browser = Browser { driver, base: base.to_owned() };
        let watch = json!({ "source": WATCH });
        browser.command("Page.addScriptToEvaluateOnNewDocument", watch).await;
        browser
    }

    /// What went wrong in the page that is open, without being seen.
    pub(crate) async fn troubles(&self) -> Vec<String> {
        let found = self.script("return window.troubles").await;
        let found = found.as_array().unwrap_or_else(|| panic!("nobody watches: {found}"));
        found.iter().map(|one| one.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Where the product is.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Goes to a page of the product, or to a whole address.
    pub(crate) async fn go(&self, to: &str) {
        let to = if to.starts_with("http") { to.to_owned() } else { format!("{}{to}", self.base) };
        self.driver.goto(to).await.expect("a page");
    }

    /// Opens a page as a link in a mail does: in its own right, even where it is open
    /// already. What is behind `#` leaves the address bar and brings up another page.
    pub(crate) async fn open_link(&self, to: &str) {
        if to.contains('#') {
            self.driver.goto("about:blank").await.expect("a page");
        }
        self.go(to).await;
        let deadline = Instant::now() + PATIENCE;
        let is_sent = "return !location.hash && !document.querySelector('[data-mailed-code]')";
        let sent = async || {
            // On the way from one page to the next no script runs.
            let asked = self.driver.execute(is_sent, Vec::new()).await;
            asked.is_ok_and(|answer| *answer.json() == true)
        };
        while to.contains('#') && !sent().await {
            assert!(Instant::now() < deadline, "{to} is not followed:\n{}", self.text().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The first element, once it is to be seen.
    async fn find(&self, css: &str) -> WebElement {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(found) = self.driver.find(By::Css(css)).await
                && found.is_displayed().await.unwrap_or(false)
            {
                return found;
            }
            if Instant::now() > deadline {
                panic!("no {css} to be seen at {}:\n{}", self.path().await, self.text().await);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits for an element.
    pub(crate) async fn sees(&self, css: &str) {
        self.find(css).await;
    }

    pub(crate) async fn has(&self, css: &str) -> bool {
        self.driver.find(By::Css(css)).await.is_ok()
    }

    /// The text of an element, once it is there.
    pub(crate) async fn read(&self, css: &str) -> String {
        self.find(css).await.text().await.expect("a text")
    }

    /// The texts of all elements.
    pub(crate) async fn read_all(&self, css: &str) -> Vec<String> {
        self.sees(css).await;
        let mut texts = Vec::new();
        for element in self.driver.find_all(By::Css(css)).await.expect("elements") {
            texts.push(element.text().await.expect("a text"));
        }
        texts
    }

    /// Types into a field, in place of what is there.
    pub(crate) async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.expect("a field");
        field.send_keys(text).await.expect("a field");
    }

    /// Chooses in a list, by the value.
    pub(crate) async fn choose(&self, css: &str, value: &str) {
        let option = format!("{css} option[value=\"{value}\"]");
        self.find(&option).await.click().await.expect("an option");
    }

    pub(crate) async fn click(&self, css: &str) {
        let element = self.find(css).await;
        let middle = "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})";
        let given = vec![element.to_json().expect("an element")];
        self.driver.execute(middle, given).await.expect("on the page");
        element.click().await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Clicks if it is there; the page may be on its way to another.
    pub(crate) async fn try_click(&self, css: &str) {
        if let Ok(found) = self.driver.find(By::Css(css)).await {
            drop(found.click().await);
        }
    }

    /// Waits until the page has this path.
    pub(crate) async fn arrives(&self, path: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.path().await != path {
            if Instant::now() > deadline {
                panic!("at {} and not at {path}:\n{}", self.path().await, self.text().await);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The path of the page.
    pub(crate) async fn path(&self) -> String {
        self.driver.current_url().await.expect("a page").path().to_owned()
    }

    /// What stands on the page.
    pub(crate) async fn text(&self) -> String {
        match self.driver.find(By::Tag("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// What a script gives.
    pub(crate) async fn script(&self, script: &str) -> Value {
        self.driver.execute(script, Vec::new()).await.expect("a script").json().clone()
    }

    /// What a script gives to its last argument, a function.
    pub(crate) async fn script_later(&self, script: &str) -> Value {
        let found = self.driver.execute_async(script, Vec::new()).await;
        found.expect("a script").json().clone()
    }

    /// Asks the browser itself (Chrome DevTools Protocol).
    pub(crate) async fn command(&self, name: &str, given: Value) -> Value {
        let answer = self.driver.cdp().send_raw(name, given).await;
        answer.unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Puts in a security key that its owner always touches and unlocks.
    pub(crate) async fn put_in_authenticator(&self) {
        self.command("WebAuthn.enable", json!({ "enableUI": false })).await;
        let options = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
            "hasUserVerification": true, "isUserVerified": true,
            "automaticPresenceSimulation": true,
        });
        self.command("WebAuthn.addVirtualAuthenticator", json!({ "options": options })).await;
    }

    /// Leaves without signing out.
    pub(crate) async fn forget(&self) {
        self.driver.delete_all_cookies().await.expect("cookies");
    }

    pub(crate) async fn close(self) {
        self.driver.quit().await.expect("Chromium ends");
    }
}
