//! Whether pages can be used by everybody: no serious finding of axe-core, no
//! page wider than its window, no error that only its console shows, in both
//! languages, light and dark, on a desk and on a phone. With `PADWACHT_SCREENSHOTS` set to a folder, a picture of each
//! is kept there.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::chrome::Browser;

/// Width and height of a window, in pixels of CSS.
const SIZES: [(u32, u32); 2] = [(1440, 900), (390, 844)];
/// The longest page that is pictured whole, in pixels of CSS.
const PICTURED_MAX: u64 = 4_000;
/// Where pictures are kept.
const SCREENSHOTS: &str = "PADWACHT_SCREENSHOTS";

/// Ends what moves at once: a colour on its way to another is neither.
const STILL: &str = "document.getAnimations().forEach(one => { \
                     try { one.finish() } catch { one.cancel() } })";

/// Looks at pages as `who` in every way; fails with all that was found.
pub(crate) async fn check(browser: &Browser, who: &str, paths: &[&str]) {
    let found = look(browser, who, paths).await;
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Looks at pages as `who` in every way; gives all that was found.
pub(crate) async fn look(browser: &Browser, who: &str, paths: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for path in paths {
        for language in ["nl", "en"] {
            for size in SIZES {
                resize(browser, size).await;
                speak(browser, language).await;
                browser.open_link(path).await;
                let asked = path.trim_start_matches(browser.base());
                let asked = asked.split(['?', '#']).next().unwrap_or_default();
                assert_eq!(browser.path().await, asked, "{who} was sent elsewhere");
                let shown = browser.script("return document.documentElement.lang").await;
                assert_eq!(shown, language, "{path}");
                let page = Page { who, path: asked, size, language };
                // Another language is other words in the same elements.
                page.look(browser, language == "nl", &mut found).await;
            }
        }
    }
    whole(browser).await;
    found
}

/// Chooses the language of the pages to come.
pub(crate) async fn speak(browser: &Browser, language: &str) {
    browser.script(&format!("document.cookie = 'padwacht_lang={language};path=/'")).await;
}

/// Looks at the page that is open, which cannot be opened again.
pub(crate) async fn look_open(browser: &Browser, who: &str, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    let shown = browser.script("return document.documentElement.lang").await;
    let language = shown.as_str().expect("a language");
    for size in SIZES {
        resize(browser, size).await;
        Page { who, path: name, size, language }.look(browser, true, &mut found).await;
    }
    whole(browser).await;
    found
}

async fn resize(browser: &Browser, (width, height): (u32, u32)) {
    let size = json!({
        "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500,
    });
    browser.command("Emulation.setDeviceMetricsOverride", size).await;
}

/// Back to the window as it is.
async fn whole(browser: &Browser) {
    browser.command("Emulation.clearDeviceMetricsOverride", json!({})).await;
    browser.command("Emulation.setEmulatedMedia", json!({ "features": [] })).await;
}

/// A page as it is open in one language and size.
struct Page<'a> {
    who: &'a str,
    path: &'a str,
    size: (u32, u32),
    language: &'a str,
}

impl Page<'_> {
    /// Looks at it light and dark; axe-core does so in each, or once.
    async fn look(&self, browser: &Browser, in_each: bool, found: &mut Vec<String>) {
        let Page { who, path, size: (width, _), language } = self;
        for scheme in ["light", "dark"] {
            let wanted = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
            browser.command("Emulation.setEmulatedMedia", json!({ "features": wanted })).await;
            let what = format!("{path} as {who}, {width} wide, {scheme}, {language}");
            let wide = browser.script("return document.documentElement.scrollWidth").await;
            if wide.as_u64() > Some(u64::from(*width)) {
                found.push(format!("{what}: {wide} pixels wide"));
            }
            for trouble in browser.troubles().await {
                found.push(format!("{what}: {trouble}"));
            }
            if in_each || (*width > 500 && scheme == "light") {
                let serious = findings(browser).await.into_iter();
                found.extend(serious.map(|finding| format!("{what}: {finding}")));
            }
            if let Some(folder) = std::env::var_os(SCREENSHOTS) {
                browser.script(STILL).await;
                self.picture(browser, Path::new(&folder), scheme).await;
            }
        }
    }

    async fn picture(&self, browser: &Browser, folder: &Path, scheme: &str) {
        let Page { who, path, size: (width, _), language } = self;
        let height = browser.script("return document.documentElement.scrollHeight").await;
        let clip = json!({
            "x": 0, "y": 0, "width": width, "scale": 1,
            "height": height.as_u64().unwrap_or_default().min(PICTURED_MAX),
        });
        let wanted = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let taken = browser.command("Page.captureScreenshot", wanted).await;
        let data = taken["data"].as_str().expect("a picture");
        let data = BASE64_STANDARD.decode(data).expect("base64");
        std::fs::create_dir_all(folder).expect("a folder for the pictures");
        let name = format!("{who}_{}_{width}_{scheme}_{language}.png", slug(path));
        std::fs::write(folder.join(name), data).expect("written");
    }
}

/// A path as part of the name of a file, without the ids in it.
fn slug(path: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty());
    let is_id = |part: &str| part.len() == 36 || part.starts_with("SVC-");
    let parts: Vec<&str> = parts.map(|part| if is_id(part) { "one" } else { part }).collect();
    if parts.is_empty() { "overview".to_owned() } else { parts.join("-") }
}

/// The serious and critical findings of axe-core, each with where it is.
async fn findings(browser: &Browser) -> Vec<String> {
    let file: PathBuf =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards/node_modules/axe-core/axe.min.js");
    let is_there = browser.script("return typeof axe === 'object'").await;
    if is_there != true {
        let axe = std::fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {error}; run `make test`", file.display()));
        browser.script(&axe).await;
    }
    let run = "axe.run(document, { resultTypes: ['violations'] }).then(arguments[0], e => arguments[0]({error: `${e}`}))";
    // In one go: a change of colours begins when the browser comes to it.
    let found = browser.script_later(&format!("{STILL}; {run}")).await;
    let violations = found["violations"].as_array().unwrap_or_else(|| panic!("axe: {found}"));
    let is_serious =
        |found: &&Value| matches!(found["impact"].as_str(), Some("serious" | "critical"));
    let place =
        |found: &Value| format!("{}: {} {}", found["id"], found["help"], found["nodes"][0]["html"]);
    violations.iter().filter(is_serious).map(place).collect()
}
