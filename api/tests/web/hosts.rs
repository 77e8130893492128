//! Under which names requests are answered, and what a proxy is believed.

use reqwest::Method;

use crate::rig::{ADMIN, PASSWORD, TestApp};

const ORIGIN: &str = "https://uptime.example.net";

/// Behind a proxy on this machine that is trusted, or not.
async fn behind(is_trusted: bool) -> TestApp {
    TestApp::configured(|config| {
        config.public_url = ORIGIN.to_owned();
        config.secure_cookies = true;
        config.allowed_hosts = vec!["padwacht.internal".to_owned()];
        if is_trusted {
            config.trusted_proxies = vec!["127.0.0.1".parse().expect("an address")];
        }
    })
    .await
}

#[tokio::test]
async fn a_request_for_another_host_is_refused() {
    let app = behind(false).await;
    let check = async |host: &str, expected: u16| {
        let answer = app.get("/login", &[("host", host)]).await.expect(expected);
        assert!(expected == 200 || !answer.body.contains("csrf"), "{}", answer.body);
    };
    check("uptime.example.net", 200).await;
    check("UPTIME.example.net:443", 200).await;
    check("padwacht.internal:8080", 200).await;
    check("localhost", 200).await;
    check("evil.example", 421).await;
    check("uptime.example.net.evil.example", 421).await;
    check("192.0.2.1", 421).await;
    check("a b", 400).await;
    let answer = app.get("/api/v1/services", &[("host", "evil.example")]).await.expect(421);
    assert_eq!(answer.json()["type"], "urn:padwacht:problem:misdirected");
    let claims = [("host", "evil.example"), ("x-forwarded-host", "uptime.example.net")];
    app.get("/login", &claims).await.expect(421);
    for path in ["/healthz", "/readyz"] {
        assert_ne!(app.get(path, &[("host", "10.1.2.3:8080")]).await.status, 421, "{path}");
    }
}

#[tokio::test]
async fn a_trusted_proxy_says_for_whom_and_how_a_request_came() {
    let app = behind(true).await;
    let headers = [
        ("host", "127.0.0.1:8080"),
        ("x-forwarded-host", "uptime.example.net"),
        ("x-forwarded-proto", "https"),
    ];
    let page = app.get("/login", &headers).await.expect(200);
    assert_eq!(page.header("strict-transport-security"), "max-age=31536000; includeSubDomains");
    app.get("/login", &[("host", "127.0.0.1:8080")]).await.expect(421);
    let other = [("host", "uptime.example.net"), ("x-forwarded-host", "evil.example")];
    app.get("/login", &other).await.expect(421);
}

#[tokio::test]
async fn what_travelled_in_clear_is_sent_to_https_or_refused() {
    let app = behind(true).await;
    let plain = [("host", "uptime.example.net"), ("x-forwarded-proto", "http")];
    let sent = app.get("/services/a?zoom=7d", &plain).await.expect(308);
    assert_eq!(sent.header("location"), "https://uptime.example.net/services/a?zoom=7d");
    assert_eq!(sent.header("strict-transport-security"), "", "not over plain http");
    let refused = app.get("/api/v1/services", &plain).await.expect(403);
    assert_eq!(refused.json()["type"], "urn:padwacht:problem:plain-http");
    let given = [("email", ADMIN), ("password", PASSWORD)];
    let refused = app.post_form("/login", &plain, &given).await.expect(403);
    assert_eq!(refused.header("set-cookie"), "");
    // Nobody who is not trusted can make us send browsers about.
    let direct = behind(false).await;
    direct.get("/login", &plain).await.expect(200);
}

#[tokio::test]
async fn without_a_name_of_ours_addresses_do_and_names_do_not() {
    let app = TestApp::without_series().await;
    app.get("/login", &[("host", "192.0.2.1:8080")]).await.expect(200);
    app.get("/login", &[("host", "localhost:8080")]).await.expect(200);
    app.get("/login", &[("host", "evil.example:8080")]).await.expect(421);
}

#[tokio::test]
async fn changes_from_another_site_are_refused_whatever_the_host() {
    let app = behind(false).await;
    let check = async |headers: &[(&str, &str)], expected: u16| {
        let headers = [&[("host", "uptime.example.net")], headers].concat();
        let form = [("email", ADMIN), ("password", "wrong")];
        app.post_form("/login", &headers, &form).await.expect(expected);
    };
    check(&[("origin", ORIGIN), ("sec-fetch-site", "same-origin")], 401).await;
    check(&[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")], 403).await;
    check(&[("origin", "https://evil.uptime.example.net"), ("sec-fetch-site", "same-site")], 403)
        .await;
    check(&[("origin", "null")], 403).await;
    let foreign = [("host", "uptime.example.net"), ("sec-fetch-site", "cross-site")];
    app.send(Method::POST, "/logout", &foreign, None).await.expect(403);
}
