//! A mail server on loopback that speaks SMTP (RFC 5321) with STARTTLS (RFC
//! 3207), TLS from the start (RFC 8314) and AUTH (RFC 4954), and answers as it
//! is told.

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// How a connection begins.
#[derive(Default)]
pub(super) enum Security {
    /// In clear, and it stays so.
    #[default]
    Clear,
    /// In clear, until the client asks for TLS.
    StartTls(TlsAcceptor),
    /// In clear; TLS is offered, and refused when it is asked for.
    Refuses,
    /// With TLS.
    Wrapped(TlsAcceptor),
}

/// What the server offers and whom it lets in.
#[derive(Default)]
pub(super) struct Manners {
    pub(super) security: Security,
    /// The mechanisms of AUTH that are offered, `PLAIN` or `LOGIN`.
    pub(super) mechanism: Option<&'static str>,
    /// User and password that are right.
    pub(super) login: Option<(&'static str, &'static str)>,
}

/// What the server has got, and how it answers `RCPT TO`.
#[derive(Default)]
pub(super) struct Server {
    manners: Manners,
    messages: Mutex<Vec<String>>,
    /// What came in clear, line by line.
    in_clear: Mutex<Vec<String>>,
    reply: Mutex<Option<&'static str>>,
}

/// Why a conversation goes no further.
enum Ends {
    /// The client has left.
    Left,
    /// The client wants TLS now.
    StartTls,
}

impl Server {
    /// A server without manners: in clear, and for everybody.
    pub(super) async fn start() -> (Arc<Server>, u16) {
        Server::with(Manners::default()).await
    }

    pub(super) async fn with(manners: Manners) -> (Arc<Server>, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let server = Arc::new(Server { manners, ..Server::default() });
        let serving = Arc::clone(&server);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = Arc::clone(&serving);
                tokio::spawn(async move { server.serve(stream).await });
            }
        });
        (server, port)
    }

    async fn serve(&self, stream: TcpStream) {
        if let Security::Wrapped(tls) = &self.manners.security {
            // A client that does not believe the certificate has left.
            if let Ok(stream) = tls.accept(stream).await {
                self.talk(&mut BufStream::new(stream), true, true).await;
            }
            return;
        }
        let mut clear = BufStream::new(stream);
        let ends = self.talk(&mut clear, false, true).await;
        if let (Ends::StartTls, Security::StartTls(tls)) = (ends, &self.manners.security)
            && let Ok(stream) = tls.accept(clear.into_inner()).await
        {
            self.talk(&mut BufStream::new(stream), true, false).await;
        }
    }

    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufStream<S>,
        is_encrypted: bool,
        greets: bool,
    ) -> Ends {
        if greets {
            say(stream, "220 test").await;
        }
        while let Some(line) = hear(stream).await {
            if !is_encrypted {
                self.in_clear.lock().expect("not poisoned").push(line.clone());
            }
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let reply = match verb.as_str() {
                "EHLO" => self.offers(is_encrypted),
                "STARTTLS" => match &self.manners.security {
                    Security::StartTls(_) => {
                        say(stream, "220 go on").await;
                        return Ends::StartTls;
                    }
                    _ => "454 TLS is not available".to_owned(),
                },
                "AUTH" => self.judge(stream, &line).await,
                "RCPT" => self.reply.lock().expect("not poisoned").unwrap_or("250 ok").to_owned(),
                "DATA" => {
                    say(stream, "354 go on").await;
                    let mut message = String::new();
                    while let Some(line) = hear(stream).await {
                        if line == "." {
                            break;
                        }
                        message.push_str(line.strip_prefix('.').unwrap_or(&line));
                        message.push('\n');
                    }
                    self.messages.lock().expect("not poisoned").push(message);
                    "250 taken".to_owned()
                }
                "QUIT" => {
                    say(stream, "221 bye").await;
                    return Ends::Left;
                }
                _ => "250 ok".to_owned(),
            };
            say(stream, &reply).await;
        }
        Ends::Left
    }

    fn offers(&self, is_encrypted: bool) -> String {
        let mut lines = vec!["test".to_owned()];
        let has_tls = matches!(self.manners.security, Security::StartTls(_) | Security::Refuses);
        if has_tls && !is_encrypted {
            lines.push("STARTTLS".to_owned());
        }
        lines.extend(self.manners.mechanism.map(|mechanism| format!("AUTH {mechanism}")));
        let last = lines.len() - 1;
        let mark = |at: usize| if at == last { ' ' } else { '-' };
        let lines = lines.iter().enumerate().map(|(at, line)| format!("250{}{line}", mark(at)));
        lines.collect::<Vec<_>>().join("\r\n")
    }

    /// Hears who the client is.
    async fn judge<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufStream<S>,
        line: &str,
    ) -> String {
        let read = |text: &str| {
            let bytes = BASE64_STANDARD.decode(text).expect("base64");
            String::from_utf8(bytes).expect("UTF-8")
        };
        let mut words = line.split(' ').skip(1);
        let shown = match words.next() {
            Some("PLAIN") => {
                let shown = read(words.next().expect("an initial response"));
                let mut parts = shown.split('\0').skip(1).map(str::to_owned);
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
            }
            Some("LOGIN") => {
                let mut shown = Vec::new();
                for asked in ["Username:", "Password:"] {
                    say(stream, &format!("334 {}", BASE64_STANDARD.encode(asked))).await;
                    shown.push(read(&hear(stream).await.unwrap_or_default()));
                }
                (shown[0].clone(), shown[1].clone())
            }
            other => panic!("{other:?} was not offered"),
        };
        let is_right = self.manners.login.is_some_and(|(user, password)| {
            (shown.0.as_str(), shown.1.as_str()) == (user, password)
        });
        let reply = if is_right { "235 welcome" } else { "535 5.7.8 credentials invalid" };
        reply.to_owned()
    }

    pub(super) fn answers(&self, reply: Option<&'static str>) {
        *self.reply.lock().expect("not poisoned") = reply;
    }

    pub(super) fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.messages.lock().expect("not poisoned"))
    }

    /// The commands that came in clear.
    pub(super) fn heard_in_clear(&self) -> Vec<String> {
        std::mem::take(&mut self.in_clear.lock().expect("not poisoned"))
    }
}

async fn hear<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await;
    // What breaks off is no line.
    (read.is_ok() && line.ends_with('\n')).then(|| line.trim_end().to_owned())
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>, text: &str) {
    // A client that has left needs no answer.
    drop(stream.write_all(format!("{text}\r\n").as_bytes()).await);
    drop(stream.flush().await);
}
