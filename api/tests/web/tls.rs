//! TLS without a proxy: real handshakes, a certificate that is exchanged, and
//! plain http beside it.

use std::net::SocketAddr;
use std::path::PathBuf;

use api::{Listeners, Tls, serve};
use reqwest::redirect::Policy;
use reqwest::tls::Version;
use reqwest::{Certificate, Client, ClientBuilder, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::rig::{ADMIN, PASSWORD, TestApp};

const HOST: &str = "pad.test";

struct Rig {
    // Whose directory and records are used.
    _app: TestApp,
    tls: Tls,
    /// The certificate that the first handshakes get.
    pem: String,
    pages: SocketAddr,
    redirect: SocketAddr,
    certificate: PathBuf,
    key: PathBuf,
    _dir: tempfile::TempDir,
}

/// A certificate for [`HOST`] that vouches for itself, and its key.
fn certificate() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec![HOST.to_owned()]).expect("a certificate");
    (made.cert.pem(), made.signing_key.serialize_pem())
}

impl Rig {
    async fn new() -> Rig {
        let dir = tempfile::tempdir().expect("a directory");
        let (certificate, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
        let (pem, key_pem) = self::certificate();
        std::fs::write(&certificate, &pem).expect("written");
        std::fs::write(&key, key_pem).expect("written");
        let tls = Tls::of_files(&certificate, &key).expect("a good pair");
        let listen = async || {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
            let address = listener.local_addr().expect("an address");
            (listener, address)
        };
        let ((pages, pages_at), (redirect, redirect_at)) = (listen().await, listen().await);
        let app = TestApp::configured(|config| {
            config.public_url = format!("https://{HOST}");
            config.secure_cookies = true;
            config.serves_tls = true;
        })
        .await;
        let listeners = Listeners { pages, tls: Some(tls.clone()), redirect: Some(redirect) };
        tokio::spawn(serve(app.state.clone(), listeners, app.stop_token()));
        Rig {
            _app: app,
            tls,
            pem,
            pages: pages_at,
            redirect: redirect_at,
            certificate,
            key,
            _dir: dir,
        }
    }

    /// A client that believes the certificate `pem` and no other.
    fn client(&self, pem: &str) -> ClientBuilder {
        let root = Certificate::from_pem(pem.as_bytes()).expect("a certificate");
        Client::builder().tls_certs_only([root]).redirect(Policy::none()).resolve(HOST, self.pages)
    }

    fn url(&self, path: &str) -> String {
        format!("https://{HOST}:{}{path}", self.pages.port())
    }
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[tokio::test]
async fn signing_in_over_tls_gives_a_cookie_that_stays_on_tls() {
    let rig = Rig::new().await;
    for version in [Version::TLS_1_2, Version::TLS_1_3] {
        let builder = rig.client(&rig.pem).tls_version_min(version).tls_version_max(version);
        let client = builder.build().expect("a client");
        let page = client.get(rig.url("/login")).send().await.expect("a handshake");
        assert_eq!(page.status(), 200);
        let hsts = header(&page, "strict-transport-security");
        assert_eq!(hsts, "max-age=31536000; includeSubDomains");
        let form = [("email", ADMIN), ("password", PASSWORD)];
        let answer = client.post(rig.url("/login")).form(&form).send().await.expect("an answer");
        let cookie = header(&answer, "set-cookie");
        assert!(cookie.starts_with("__Host-padwacht_session="), "{cookie}");
        assert!(cookie.contains("; Secure") && cookie.contains("; HttpOnly"), "{cookie}");
    }
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_up_and_open_connections_stay() {
    let rig = Rig::new().await;
    let ask = async |client: &Client| client.get(rig.url("/healthz")).send().await;
    let before = rig.client(&rig.pem).build().expect("a client");
    assert!(ask(&before).await.expect("a handshake").bytes().await.is_ok());
    assert!(!rig.tls.reload().expect("read"), "nothing has changed");

    let (pem, key) = certificate();
    std::fs::write(&rig.certificate, &pem).expect("written");
    let error = rig.tls.reload().expect_err("the key is that of another").to_string();
    assert!(error.contains("cert.pem") && error.contains("key.pem"), "{error}");
    let during = rig.client(&rig.pem).build().expect("a client");
    ask(&during).await.expect("the old pair stays in force");

    std::fs::write(&rig.key, &key).expect("written");
    assert!(rig.tls.reload().expect("a good pair"));
    let after = rig.client(&pem).build().expect("a client");
    ask(&after).await.expect("a handshake with the new certificate");
    let stranger = rig.client(&rig.pem).build().expect("a client");
    assert!(ask(&stranger).await.is_err(), "new connections get the new one");
    ask(&before).await.expect("the connection that was open is kept");
}

#[tokio::test]
async fn older_versions_of_tls_and_plain_http_get_nothing() {
    let rig = Rig::new().await;
    // A ClientHello of TLS 1.1 (RFC 4346, 7.4.1.2) with one cipher suite.
    let mut hello = vec![3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0xc0, 0x13, 1, 0]);
    let length = u8::try_from(hello.len()).expect("short");
    let mut record = vec![0x16, 3, 1, 0, length + 4, 1, 0, 0, length];
    record.extend(hello);
    let mut stream = TcpStream::connect(rig.pages).await.expect("it listens");
    stream.write_all(&record).await.expect("sent");
    let mut alert = [0; 7];
    stream.read_exact(&mut alert).await.expect("an alert");
    // Alert, fatal, handshake_failure or protocol_version (RFC 8446, 6).
    assert_eq!((alert[0], alert[5]), (0x15, 2), "{alert:?}");
    assert!(matches!(alert[6], 40 | 70), "{alert:?}");
    let plain = Client::builder().build().expect("a client");
    assert!(plain.get(format!("http://{}/login", rig.pages)).send().await.is_err());
}

#[tokio::test]
async fn plain_http_beside_tls_sends_browsers_on_and_refuses_programs() {
    let rig = Rig::new().await;
    let client = Client::builder().redirect(Policy::none()).build().expect("a client");
    let url = |path: &str| format!("http://{}{path}", rig.redirect);
    let sent = client.get(url("/services/a?zoom=7d")).header("host", "evil.example").send().await;
    let sent = sent.expect("an answer");
    assert_eq!(sent.status(), 308);
    assert_eq!(header(&sent, "location"), "https://pad.test/services/a?zoom=7d");
    assert_eq!(header(&sent, "strict-transport-security"), "");
    let refused = client.get(url("/api/v1/services")).send().await.expect("an answer");
    assert_eq!(refused.status(), 403);
    assert_eq!(header(&refused, "content-type"), "application/problem+json");
    let form = [("email", ADMIN), ("password", PASSWORD)];
    let refused = client.post(url("/login")).form(&form).send().await.expect("an answer");
    assert_eq!(refused.status(), 403);
}

#[test]
fn what_is_no_pair_is_named_without_showing_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let (certificate, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    let check = |certificate_pem: &str, key_pem: &str, expected: &str| {
        std::fs::write(&certificate, certificate_pem).expect("written");
        std::fs::write(&key, key_pem).expect("written");
        let error = Tls::of_files(&certificate, &key).expect_err("no pair").to_string();
        assert!(error.contains(expected), "{error}");
        assert!(key_pem.lines().skip(1).all(|line| line.is_empty() || !error.contains(line)));
    };
    let ((first, first_key), (_, second_key)) = (self::certificate(), self::certificate());
    check("", &first_key, "holds no certificate in PEM");
    check(&first, "secret", "holds no private key in PEM");
    check(&first_key, &first, "holds no certificate in PEM");
    check(&first, &second_key, "cert.pem and ");
    let gone = Tls::of_files(&dir.path().join("none"), &key).expect_err("no file").to_string();
    assert!(gone.contains("No such file"), "{gone}");
}
