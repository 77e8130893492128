//! Which language a request wants: the choice kept in a cookie, else what the
//! browser prefers, else the default.

use axum::http::{HeaderMap, header};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use dashboards::Lang;

use crate::app::ApiState;

/// The cookie that keeps a choice: `nl` or `en`. Not secret.
const COOKIE: &str = "padwacht_lang";
/// Its name over https, which browsers take from this host alone.
const SECURE_COOKIE: &str = "__Host-padwacht_lang";

/// The language for the answer to a request with `headers`.
pub(crate) fn of_request(headers: &HeaderMap, default: Lang) -> Lang {
    if let Some(chosen) = chosen(headers) {
        return chosen;
    }
    headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .and_then(preferred)
        .unwrap_or(default)
}

/// The language that was chosen in this browser.
pub(crate) fn chosen(headers: &HeaderMap) -> Option<Lang> {
    let jar = CookieJar::from_headers(headers);
    let cookie = jar.get(SECURE_COOKIE).or_else(|| jar.get(COOKIE));
    cookie.and_then(|cookie| Lang::from_code(cookie.value()))
}

/// A cookie that keeps the choice of `language`.
pub(crate) fn cookie(state: &ApiState, language: Lang) -> Cookie<'static> {
    let name = if state.config().secure_cookies { SECURE_COOKIE } else { COOKIE };
    let mut cookie = Cookie::build((name, language.code()))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(state.config().secure_cookies)
        .build();
    cookie.make_permanent();
    cookie
}

/// The language that an `Accept-Language` header (RFC 9110, 12.5.4) puts first
/// among ours; of equal weights the first one.
fn preferred(header: &str) -> Option<Lang> {
    let mut best: Option<(u32, Lang)> = None;
    for entry in header.split(',') {
        let mut parts = entry.split(';');
        let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let Some(language) = Lang::from_code(tag.split('-').next().unwrap_or_default()) else {
            continue;
        };
        let weight = parts
            .find_map(|part| part.trim().strip_prefix("q="))
            .map_or(Some(1_000), weight_of)
            .unwrap_or(0);
        if weight > 0 && best.is_none_or(|(found, _)| weight > found) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

/// A weight `0` to `1` with up to three decimals, in thousandths.
fn weight_of(text: &str) -> Option<u32> {
    let (whole, decimals) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    if decimals.len() > 3 {
        return None;
    }
    let thousandths = format!("{whole}{decimals:0<3}").parse::<u32>().ok()?;
    (thousandths <= 1_000).then_some(thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: &str, cookie: &str, expected: Lang) {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, accept.parse().expect("a header value"));
        headers.insert(header::COOKIE, cookie.parse().expect("a header value"));
        assert_eq!(of_request(&headers, Lang::Dutch), expected, "{accept} {cookie}");
    }

    #[test]
    fn the_browsers_preference_counts() {
        check("en-GB,en;q=0.9,nl;q=0.8", "", Lang::English);
        check("nl-BE;q=0.7, en;q=0.300", "", Lang::Dutch);
        check("de, en;q=0.1", "", Lang::English);
        check("en;q=0, de", "", Lang::Dutch);
        check("en;q=nonsense", "", Lang::Dutch);
        check("de", "", Lang::Dutch);
    }

    #[test]
    fn a_choice_wins() {
        check("en", "padwacht_lang=nl", Lang::Dutch);
        check("nl", "a=b; padwacht_lang=en", Lang::English);
        check("nl", "padwacht_lang=nl; __Host-padwacht_lang=en", Lang::English);
        check("en", "padwacht_lang=xx", Lang::English);
    }
}
