//! Mails against a server on loopback that speaks SMTP (RFC 5321) and answers
//! as it is told.

use std::sync::{Arc, Mutex};

use correlate::model::Timestamp;
use store::records::{Actor, MailDraft, MailKind, MailState, Page, Records};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::{RETRY_MS, Sender, smtp};
use crate::config::MailConfig;

/// What the server has got, and how it answers `RCPT TO`.
#[derive(Default)]
struct Server {
    messages: Mutex<Vec<String>>,
    reply: Mutex<Option<&'static str>>,
}

impl Server {
    async fn start() -> (Arc<Server>, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let server = Arc::new(Server::default());
        let serving = Arc::clone(&server);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = Arc::clone(&serving);
                tokio::spawn(async move { server.talk(stream).await });
            }
        });
        (server, port)
    }

    async fn talk(&self, stream: TcpStream) {
        let (reader, mut writer) = stream.into_split();
        let mut lines = BufReader::new(reader).lines();
        let mut say = async |text: &str| {
            // A client that has left needs no answer.
            drop(writer.write_all(format!("{text}\r\n").as_bytes()).await);
        };
        say("220 test").await;
        while let Ok(Some(line)) = lines.next_line().await {
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let reply = match verb.as_str() {
                "RCPT" => self.reply.lock().expect("not poisoned").unwrap_or("250 ok"),
                "DATA" => {
                    say("354 go on").await;
                    let mut message = String::new();
                    while let Ok(Some(line)) = lines.next_line().await {
                        if line == "." {
                            break;
                        }
                        message.push_str(line.strip_prefix('.').unwrap_or(&line));
                        message.push('\n');
                    }
                    self.messages.lock().expect("not poisoned").push(message);
                    "250 taken"
                }
                "QUIT" => {
                    say("221 bye").await;
                    return;
                }
                _ => "250 ok",
            };
            say(reply).await;
        }
    }

    fn answers(&self, reply: Option<&'static str>) {
        *self.reply.lock().expect("not poisoned") = reply;
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.messages.lock().expect("not poisoned"))
    }
}

struct Rig {
    server: Arc<Server>,
    sender: Sender,
    now: Arc<Mutex<Timestamp>>,
    _dir: tempfile::TempDir,
}

impl Rig {
    async fn new() -> Rig {
        let (server, port) = Server::start().await;
        let dir = tempfile::tempdir().expect("a directory");
        let url = format!("sqlite://{}", dir.path().join("records.db").display());
        let records = Records::connect(&url).await.expect("it opens");
        records.migrate().await.expect("it migrates");
        let config = MailConfig {
            url: format!("smtp://127.0.0.1:{port}").parse().expect("a URL"),
            login: None,
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
