//! Mails against a server on loopback, with the records on SQLite and once
//! more on PostgreSQL.

mod server;
mod tls;

use std::sync::{Arc, Mutex};

use correlate::model::Timestamp;
use secrecy::SecretString;
use store::records::{Actor, MailDraft, MailKind, MailState, Page};
use tokio_util::sync::CancellationToken;

use self::server::Server;
use super::{RETRY_MS, Sender, smtp};
use crate::config::MailConfig;

struct Rig {
    server: Arc<Server>,
    sender: Sender,
    now: Arc<Mutex<Timestamp>>,
    _dir: tempfile::TempDir,
}

impl Rig {
    async fn new() -> Rig {
        let (server, port) = Server::start().await;
        Rig::at(server, &format!("smtp://127.0.0.1:{port}"), None).await
    }

    /// A product that knows `server` by `url`.
    async fn at(server: Arc<Server>, url: &str, login: Option<(String, SecretString)>) -> Rig {
        let dir = tempfile::tempdir().expect("a directory");
        let records = test_records::records(dir.path()).await;
        let config = MailConfig {
            url: url.parse().expect("a URL"),
            login,
            from: "Padwacht <noc@example.net>".parse().expect("an address"),
        };
        let now = Arc::new(Mutex::new(Timestamp(1_000_000)));
        let clock = Arc::clone(&now);
        let sender = Sender {
            smtp: smtp(&config).expect("good settings"),
            config,
            records,
            clock: Arc::new(move || *clock.lock().expect("not poisoned")),
            holder: "this".to_owned(),
        };
        Rig { server, sender, now, _dir: dir }
    }

    async fn queue(&self, recipient: &str) {
        let draft = MailDraft {
            kind: MailKind::Test,
            recipient: recipient.to_owned(),
            copy_to: None,
            subject: "Een proef – één".to_owned(),
            text: "Hallo\n.\nhttps://pad.example/x".into(),
            html: "<p>Hallo</p>".into(),
            expires_at: Timestamp(100_000_000),
        };
        let now = *self.now.lock().expect("not poisoned");
        self.sender.records.mails().queue(&draft, now).await.expect("queued");
    }

    async fn round(&self) {
        self.sender.round(&CancellationToken::new()).await.expect("a round");
    }

    fn pass(&self, millis: i64) {
        let mut now = self.now.lock().expect("not poisoned");
        *now = now.plus_millis(millis);
    }

    async fn states(&self) -> Vec<(MailState, u64, String)> {
        let mails = self.sender.records.mails();
        let mails = mails.list(None, Page::first(10)).await.expect("listed");
        mails.into_iter().map(|mail| (mail.state, mail.attempts, mail.error)).collect()
    }
}

#[test]
fn mails_go_out_from_postgresql_as_well() {
    test_records::again_on_postgres("mails_go_out_from_postgresql_as_well", &["mail::tests::"]);
}

#[tokio::test]
async fn a_mail_arrives_in_two_forms() {
    let rig = Rig::new().await;
    rig.queue("anna@example.net").await;
    rig.round().await;
    let taken = rig.server.taken();
    let [message] = taken.as_slice() else { panic!("one message: {taken:?}") };
    for part in [
        "From: Padwacht <noc@example.net>",
        "To: anna@example.net",
        "Auto-Submitted: auto-generated",
        "multipart/alternative",
        "https://pad.example/x",
        "<p>Hallo</p>",
    ] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
    assert_eq!(rig.states().await, [(MailState::Sent, 1, String::new())]);
    rig.round().await;
    assert_eq!(rig.server.taken(), [""; 0], "it is sent once");
}

#[tokio::test]
async fn what_the_server_postpones_is_tried_again_and_later_each_time() {
    let rig = Rig::new().await;
    rig.queue("anna@example.net").await;
    rig.server.answers(Some("451 later"));
    rig.round().await;
    rig.round().await;
    let states = rig.states().await;
    assert_eq!((states[0].0, states[0].1), (MailState::Waiting, 1), "{states:?}");
    assert!(states[0].2.contains("later"), "{states:?}");
    rig.pass(RETRY_MS);
    rig.round().await;
    assert_eq!(rig.states().await[0].1, 2);
    rig.server.answers(None);
    rig.pass(RETRY_MS);
    rig.round().await;
    assert_eq!(rig.states().await[0].1, 2, "the pause is twice as long");
    let hurry = Actor::new("anna", *rig.now.lock().expect("not poisoned"));
    assert_eq!(rig.sender.records.mails().hurry(&hurry).await.expect("hurried"), 1);
    rig.round().await;
    assert_eq!(rig.states().await, [(MailState::Sent, 3, String::new())]);
}

#[tokio::test]
async fn what_the_server_refuses_is_given_up_and_others_are_sent() {
    let rig = Rig::new().await;
    rig.queue("nobody@example.net").await;
    rig.queue("no address").await;
    rig.server.answers(Some("550 no such user"));
    rig.round().await;
    rig.server.answers(None);
    rig.queue("anna@example.net").await;
    rig.round().await;
    let states = rig.states().await;
    let found: Vec<_> = states.iter().map(|(state, attempts, _)| (*state, *attempts)).collect();
    assert_eq!(
        found,
        [(MailState::Sent, 1), (MailState::Failed, 1), (MailState::Failed, 1)],
        "{states:?}"
    );
    assert!(states[2].2.contains("no such user"), "{states:?}");
}

#[tokio::test]
async fn a_refused_login_keeps_the_mails() {
    let rig = Rig::new().await;
    rig.queue("anna@example.net").await;
    rig.queue("bert@example.net").await;
    rig.server.answers(Some("530 authentication required"));
    rig.round().await;
    let states = rig.states().await;
    let found: Vec<_> = states.iter().map(|(state, attempts, _)| (*state, *attempts)).collect();
    assert_eq!(found, [(MailState::Waiting, 0), (MailState::Waiting, 1)], "the other is not tried");
}

#[tokio::test]
async fn a_mail_that_is_worth_nothing_any_more_is_not_sent() {
    let rig = Rig::new().await;
    rig.queue("anna@example.net").await;
    rig.pass(100_000_000);
    rig.round().await;
    assert_eq!(rig.states().await, [(MailState::Expired, 0, String::new())]);
    assert_eq!(rig.server.taken(), [""; 0]);
}

#[tokio::test]
async fn of_two_processes_one_sends() {
    let rig = Rig::new().await;
    rig.queue("anna@example.net").await;
    let leases = rig.sender.records.leases();
    let now = *rig.now.lock().expect("not poisoned");
    leases.acquire(super::LEASE, "another", now, 60_000).await.expect("asked").expect("free");
    rig.round().await;
    assert_eq!(rig.server.taken(), [""; 0]);
    rig.pass(60_000);
    rig.round().await;
    assert_eq!(rig.server.taken().len(), 1);
}

/// What is logged while it lives, on this thread.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_has_the_code_of_a_refusal_and_nobodys_address() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false);
    let subscriber = subscriber.with_writer(move || writer.clone()).finish();
    // With one subscriber alone, whoever comes first to a line decides for all threads
    // whether it is said.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let _guard = tracing::subscriber::set_default(subscriber);
    let rig = Rig::new().await;
    rig.queue("anna@example.net").await;
    rig.queue("bert at nowhere").await;
    rig.server.answers(Some("550 no such user anna@example.net"));
    rig.round().await;
    rig.round().await;
    let states = rig.states().await;
    assert!(states.iter().any(|state| state.2.contains("no such user anna@")), "{states:?}");
    let said = lines.0.lock().expect("not poisoned").clone();
    let said = String::from_utf8(said).expect("text");
    assert!(said.contains("code=\"550\"") && said.contains("code=\"message\""), "{said}");
    assert!(!said.contains("anna") && !said.contains("bert"), "{said}");
}
