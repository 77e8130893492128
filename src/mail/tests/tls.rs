//! Mails over TLS and with a login. The client believes what the machine
//! believes, so these run in a child process that believes an authority of the
//! test as well.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use store::records::MailState;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

use super::server::{Manners, Security, Server};
use super::{RETRY_MS, Rig};

const OWN: &str = "mail::tests::tls::over_tls_mails_arrive_and_without_it_nothing_is_said";
/// The directory of the child's certificates.
const CERTIFICATES: &str = "PADWACHT_TEST_SMTP_CERTIFICATES";
/// Which every client of rustls on Linux reads.
const BELIEVED: &str = "SSL_CERT_FILE";

const USER: &str = "noc";
const PASSWORD: &str = "hunter2-of-the-relay";

/// Writes an authority, and certificates by it and by another that nobody believes.
fn certificates(dir: &Path) {
    for (authority, leaf, name) in [
        ("believed", "right", "localhost"),
        ("believed", "other-host", "elsewhere.test"),
        ("unknown", "unknown", "localhost"),
    ] {
        let key = KeyPair::generate().expect("a key");
        let (ca_key, ca_pem) = authority_at(dir, authority);
        let mut ca = CertificateParams::new(Vec::new()).expect("no names");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.distinguished_name.push(rcgen::DnType::CommonName, authority);
        if !ca_pem.exists() {
            let made = ca.self_signed(&ca_key).expect("an authority");
            std::fs::write(&ca_pem, made.pem()).expect("written");
        }
        let issuer = Issuer::new(ca, ca_key);
        let leaf_of = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let made = leaf_of.signed_by(&key, &issuer).expect("a certificate");
        std::fs::write(dir.join(format!("{leaf}.pem")), made.pem()).expect("written");
        std::fs::write(dir.join(format!("{leaf}.key")), key.serialize_pem()).expect("written");
    }
}

/// The key of an authority, made when it is not there, and where its
/// certificate is.
fn authority_at(dir: &Path, name: &str) -> (KeyPair, PathBuf) {
    let file = dir.join(format!("{name}-ca.key"));
    let key = match std::fs::read_to_string(&file) {
        Ok(pem) => KeyPair::from_pem(&pem).expect("a key"),
        Err(_) => {
            let key = KeyPair::generate().expect("a key");
            std::fs::write(&file, key.serialize_pem()).expect("written");
            key
        }
    };
    (key, dir.join(format!("{name}-ca.pem")))
}

/// TLS by the certificate `name`.
fn acceptor(name: &str) -> TlsAcceptor {
    let dir = PathBuf::from(std::env::var_os(CERTIFICATES).expect("the parent says where"));
    let certificate = CertificateDer::from_pem_file(dir.join(format!("{name}.pem")));
    let key = PrivateKeyDer::from_pem_file(dir.join(format!("{name}.key"))).expect("a key");
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("TLS 1.2 and 1.3").with_no_client_auth();
    let config = config.with_single_cert(vec![certificate.expect("a certificate")], key);
    TlsAcceptor::from(Arc::new(config.expect("a good pair")))
}

#[test]
fn over_tls_mails_arrive_and_without_it_nothing_is_said() {
    if std::env::var_os(CERTIFICATES).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        return runtime.expect("a runtime").block_on(all());
    }
    let dir = tempfile::tempdir().expect("a directory");
    certificates(dir.path());
    let binary = std::env::current_exe().expect("a test is a binary");
    let run = Command::new(binary)
        .args([OWN, "--exact"])
        .env(CERTIFICATES, dir.path())
        .env(BELIEVED, dir.path().join("believed-ca.pem"))
        .output()
        .expect("it starts");
    let says = String::from_utf8_lossy(&run.stdout);
    let complains = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{says}\n{complains}");
    assert!(says.contains("1 passed"), "it did not run: {says}");
}

async fn all() {
    starttls_is_asked_for_before_anything_is_said().await;
    tls_from_the_start_carries_the_login().await;
    a_server_without_tls_hears_neither_login_nor_mail().await;
    a_server_that_refuses_tls_hears_neither_login_nor_mail().await;
    a_certificate_that_is_not_believed_ends_it().await;
    a_wrong_password_keeps_the_mails_and_says_why().await;
}

/// Everything that is logged by this thread.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl Logged {
    fn begin() -> (Logged, DefaultGuard) {
        let logged = Logged::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(logged.clone())
            .finish();
        (logged, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("not poisoned")).into_owned()
    }
}

impl std::io::Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Logged {
    type Writer = Logged;

    fn make_writer(&'a self) -> Logged {
        self.clone()
    }
}

fn manners(security: Security, mechanism: &'static str) -> Manners {
    Manners { security, mechanism: Some(mechanism), login: Some((USER, PASSWORD)) }
}

/// A product that knows a server with `manners` under `scheme`.
async fn rig(scheme: &str, manners: Manners, password: &str) -> Rig {
    let (server, port) = Server::with(manners).await;
    let url = format!("{scheme}://localhost:{port}");
    Rig::at(server, &url, Some((USER.to_owned(), password.into()))).await
}

/// That the mail waits, and gives why; the log says it too, and neither holds
/// the password in any form.
async fn kept(rig: &Rig, logged: &Logged) -> String {
    let states = rig.states().await;
    let [(MailState::Waiting, 1, reason)] = states.as_slice() else {
        panic!("it is not kept: {states:?}");
    };
    assert_eq!(rig.server.taken(), [""; 0]);
    let log = logged.text();
    assert!(log.contains("a mail was not sent"), "{log}");
    silent(&log);
    silent(reason);
    reason.clone()
}

/// That the password is not in `text`, whichever way it goes over the line.
fn silent(text: &str) {
    use base64::Engine;
    let encode = |text: String| base64::prelude::BASE64_STANDARD.encode(text);
    let plain = encode(format!("\0{USER}\0{PASSWORD}"));
    for secret in [PASSWORD.to_owned(), encode(PASSWORD.to_owned()), plain] {
        assert!(!text.contains(&secret), "{text}");
    }
}

async fn starttls_is_asked_for_before_anything_is_said() {
    for mechanism in ["PLAIN", "LOGIN", "PLAIN LOGIN"] {
        let (logged, _guard) = Logged::begin();
        let security = Security::StartTls(acceptor("right"));
        let rig = rig("smtp", manners(security, mechanism), PASSWORD).await;
        rig.queue("anna@example.net").await;
        rig.round().await;
        assert_eq!(rig.states().await, [(MailState::Sent, 1, String::new())], "{mechanism}");
        assert_eq!(rig.server.taken().len(), 1, "{mechanism}");
        let clear = rig.server.heard_in_clear();
        let verbs: Vec<_> = clear.iter().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(verbs, ["EHLO", "STARTTLS"], "{mechanism}");
        silent(&logged.text());
    }
}

async fn tls_from_the_start_carries_the_login() {
    for mechanism in ["PLAIN", "LOGIN"] {
        let security = Security::Wrapped(acceptor("right"));
        let rig = rig("smtps", manners(security, mechanism), PASSWORD).await;
        rig.queue("anna@example.net").await;
        rig.round().await;
        assert_eq!(rig.states().await, [(MailState::Sent, 1, String::new())], "{mechanism}");
        assert_eq!(rig.server.heard_in_clear(), [""; 0], "{mechanism}");
    }
}

/// What somebody in between, who strips the offer, makes of a server.
async fn a_server_without_tls_hears_neither_login_nor_mail() {
    let (logged, _guard) = Logged::begin();
    let rig = rig("smtp", manners(Security::Clear, "PLAIN"), PASSWORD).await;
    rig.queue("anna@example.net").await;
    rig.round().await;
    let reason = kept(&rig, &logged).await;
    assert!(reason.contains("STARTTLS"), "{reason}");
    let clear = rig.server.heard_in_clear().join("\n");
    assert!(!clear.contains("AUTH") && !clear.contains("MAIL"), "{clear}");
}

async fn a_server_that_refuses_tls_hears_neither_login_nor_mail() {
    let (logged, _guard) = Logged::begin();
    let rig = rig("smtp", manners(Security::Refuses, "PLAIN"), PASSWORD).await;
    rig.queue("anna@example.net").await;
    rig.round().await;
    let reason = kept(&rig, &logged).await;
    assert!(reason.contains("TLS is not available"), "{reason}");
    let clear = rig.server.heard_in_clear().join("\n");
    assert!(!clear.contains("AUTH") && !clear.contains("MAIL"), "{clear}");
}

async fn a_certificate_that_is_not_believed_ends_it() {
    for (scheme, certificate) in
        [("smtp", "unknown"), ("smtp", "other-host"), ("smtps", "unknown"), ("smtps", "other-host")]
    {
        let (logged, _guard) = Logged::begin();
        let tls = acceptor(certificate);
        let security =
            if scheme == "smtps" { Security::Wrapped(tls) } else { Security::StartTls(tls) };
        let rig = rig(scheme, manners(security, "PLAIN"), PASSWORD).await;
        rig.queue("anna@example.net").await;
        rig.round().await;
        let reason = kept(&rig, &logged).await;
        assert!(reason.contains("certificate"), "{scheme}, {certificate}: {reason}");
        let clear = rig.server.heard_in_clear().join("\n");
        assert!(!clear.contains("AUTH") && !clear.contains("MAIL"), "{clear}");
    }
}

async fn a_wrong_password_keeps_the_mails_and_says_why() {
    for mechanism in ["PLAIN", "LOGIN"] {
        let (logged, _guard) = Logged::begin();
        let security = Security::StartTls(acceptor("right"));
        let of_another = Manners { login: Some((USER, "another")), ..manners(security, mechanism) };
        let rig = rig("smtp", of_another, PASSWORD).await;
        rig.queue("anna@example.net").await;
        rig.round().await;
        let reason = kept(&rig, &logged).await;
        assert!(reason.contains("535") || reason.contains("credentials invalid"), "{reason}");
        rig.pass(RETRY_MS);
        rig.round().await;
        let states = rig.states().await;
        assert_eq!((states[0].0, states[0].1), (MailState::Waiting, 2), "it goes on: {states:?}");
    }
}
