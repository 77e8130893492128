//! A mail server on loopback that takes every mail (RFC 5321) and keeps it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// How long a mail may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server with all mails that came.
#[derive(Clone, Default)]
pub(crate) struct Post {
    mails: Arc<Mutex<Vec<String>>>,
}

impl Post {
    /// Serves; gives the port.
    pub(crate) async fn start() -> (Post, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let post = Post::default();
        let serving = post.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let post = serving.clone();
                tokio::spawn(async move { post.talk(stream).await });
            }
        });
        (post, port)
    }

    async fn talk(&self, stream: TcpStream) {
        let (reader, mut writer) = stream.into_split();
        let mut lines = BufReader::new(reader).lines();
        let mut mail = None;
        let mut reply = "220 post";
        loop {
            if writer.write_all(format!("{reply}\r\n").as_bytes()).await.is_err() {
                return;
            }
            reply = loop {
                let Ok(Some(line)) = lines.next_line().await else { return };
                match &mut mail {
                    Some(text) if line == "." => {
                        self.lock().push(std::mem::take(text));
                        mail = None;
                        break "250 taken";
                    }
                    Some(text) => {
                        text.push_str(line.strip_prefix('.').unwrap_or(&line));
                        text.push('\n');
                    }
                    None if line.eq_ignore_ascii_case("DATA") => {
                        mail = Some(String::new());
                        break "354 go on";
                    }
                    None => break "250 ok",
                }
            };
        }
    }

    /// The first link below `path` in a mail to `recipient`, once there is one;
    /// the mail is taken out.
    pub(crate) async fn link(&self, recipient: &str, path: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(link) = self.take_link(recipient, path) {
                return link;
            }
            assert!(Instant::now() < deadline, "no mail to {recipient} with a link to {path}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn take_link(&self, recipient: &str, path: &str) -> Option<String> {
        let mut mails = self.lock();
        let to = format!("To: {recipient}");
        let found = mails.iter().enumerate().find_map(|(place, mail)| {
            // Quoted-printable (RFC 2045): long lines are cut, and `=` is written `=3D`.
            let text = mail.replace("=\n", "").replace("=3D", "=");
            let words = text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>'));
            let is_it = |word: &&str| word.starts_with("http://") && word.contains(path);
            let link = words.into_iter().find(is_it)?.to_owned();
            mail.contains(&to).then_some((place, link))
        });
        let (place, link) = found?;
        mails.remove(place);
        Some(link)
    }

    /// What is kept is whole even after a panic elsewhere.
    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
