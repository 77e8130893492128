//! What a browser calls itself, in plain words. A guess for people to know
//! their own devices by, never for deciding anything.

/// Browsers, by what only they and those that stand before them say.
const BROWSERS: [(&str, &str); 9] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];

/// Systems, likewise.
const SYSTEMS: [(&str, &str); 7] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// The browser and the system that `agent` speaks of, where they are known.
pub(crate) fn of(agent: &str) -> (Option<&'static str>, Option<&'static str>) {
    let find = |known: &[(&str, &'static str)]| {
        known.iter().find(|(word, _)| agent.contains(word)).map(|(_, name)| *name)
    };
    (find(&BROWSERS), find(&SYSTEMS))
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn browsers_are_told_by_what_only_they_say() {
        let check = |agent: &str, browser: Option<&str>, system: Option<&str>| {
            assert_eq!(of(agent), (browser, system), "{agent}");
        };
        let kit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        check(
            &format!(
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) {kit} Chrome/149.0.0.0 Safari/537.36 Edg/149.0.0.0"
            ),
            Some("Edge"),
            Some("Windows"),
        );
        check(
            &format!(
                "Mozilla/5.0 (Linux; Android 10; K) {kit} Chrome/149.0.0.0 Mobile Safari/537.36"
            ),
            Some("Chrome"),
            Some("Android"),
        );
        check(
            "Mozilla/5.0 (X11; Linux x86_64; rv:151.0) Gecko/20100101 Firefox/151.0",
            Some("Firefox"),
            Some("Linux"),
        );
        check(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
            Some("Safari"),
            Some("iPhone"),
        );
        check("curl/8.9.1", Some("curl"), None);
        check("", None, None);
    }
}
