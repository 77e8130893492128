//! A connection between the leader and a follower that notices when the other
//! end is gone, or only looks as if it were there.
//!
//! Each side says something every [`PING_EVERY`]; one that says nothing for
//! [`SILENCE_MAX`] counts as lost. Whoever waits for the workers then is
//! woken by their [`Alarm`], so no loss leaves a process hanging.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use correlate::dataflow::Alarm;
use tokio::io::AsyncRead;
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::frame;
use super::message::{Message, Nothing};

/// How often a side that has nothing to say tells that it is there.
const PING_EVERY: Duration = Duration::from_secs(2);

/// After so long without a word the other side is taken to be gone. A busy
/// machine answers within it; services wait no longer for one that hangs.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Messages that wait in either direction; one is at most a piece.
const WAITING_MAX: usize = 32;

/// The other process is gone.
#[derive(Clone, Debug, thiserror::Error)]
#[error("lost {process}: {reason}")]
pub(super) struct Lost {
    /// Which process, with its address.
    pub(super) process: String,
    /// How it shows.
    pub(super) reason: String,
}

/// What the reading side shares with its owner.
#[derive(Clone, Default)]
struct Signals {
    /// Raised at a loss, once the workers run.
    alarm: Arc<OnceLock<Alarm>>,
    /// Why the connection was lost, once it is.
    lost: Arc<OnceLock<Lost>>,
    /// The other process wants to end.
    leaving: Arc<AtomicBool>,
    /// Woken by a loss, and by a follower that has its hands full.
    urgent: Arc<Notify>,
}

/// One connection. Dropping it closes it.
pub(super) struct Connection {
    /// The other process, with its address.
    pub(super) process: String,
    outgoing: mpsc::Sender<Message>,
    incoming: mpsc::Receiver<Message>,
    signals: Signals,
    _reader: AbortOnDropHandle<()>,
    writer: AbortOnDropHandle<()>,
}

impl Connection {
    /// Takes over a greeted stream to `process`. `urgent` is woken by what
    /// cannot wait.
    pub(super) fn new(stream: TcpStream, process: String, urgent: Arc<Notify>) -> Connection {
        let signals = Signals { urgent, ..Signals::default() };
        let (outgoing, to_send) = mpsc::channel(WAITING_MAX);
        let (received, incoming) = mpsc::channel(WAITING_MAX);
        let (reading, writing) = stream.into_split();
        let reader = Reader { process: process.clone(), signals: signals.clone(), received };
        let reader = AbortOnDropHandle::new(tokio::spawn(reader.run(reading)));
        let writer = AbortOnDropHandle::new(tokio::spawn(write_all(writing, to_send)));
        Connection { process, outgoing, incoming, signals, _reader: reader, writer }
    }

    /// Closes the connection once everything said has been sent.
    pub(super) async fn close(self) {
        let Connection { outgoing, writer, _reader, .. } = self;
        drop(outgoing);
        // It ends by itself, or the other process does not listen any more.
        drop(timeout(PING_EVERY, writer).await);
    }

    /// From now on a loss raises `alarm`.
    pub(super) fn watch(&self, alarm: Alarm) {
        let alarm = self.signals.alarm.get_or_init(|| alarm);
        if let Some(lost) = self.signals.lost.get() {
            alarm.raise(lost.to_string());
        }
    }

    /// Whether the connection was lost. A message may still wait.
    pub(super) fn is_lost(&self) -> bool {
        self.signals.lost.get().is_some()
    }

    /// Whether the other process wants to end, or has ended.
    pub(super) fn is_leaving(&self) -> bool {
        self.signals.leaving.load(Ordering::Relaxed)
    }

    /// Says something; waits while much has not been sent yet.
    ///
    /// # Errors
    /// The other process is gone.
    pub(super) async fn tell(&self, message: Message) -> Result<(), Lost> {
        self.outgoing.send(message).await.map_err(|_| self.lost())
    }

    /// As [`Connection::tell`], for a thread that may block.
    ///
    /// # Errors
    /// The other process is gone.
    pub(super) fn tell_blocking(&self, message: Message) -> Result<(), Lost> {
        self.outgoing.blocking_send(message).map_err(|_| self.lost())
    }

    /// What the other process says next.
    ///
    /// # Errors
    /// It is gone.
    pub(super) async fn hear(&mut self) -> Result<Message, Lost> {
        self.incoming.recv().await.ok_or_else(|| self.lost())
    }

    /// As [`Connection::hear`], for a thread that may block.
    ///
    /// # Errors
    /// It is gone.
    pub(super) fn hear_blocking(&mut self) -> Result<Message, Lost> {
        self.incoming.blocking_recv().ok_or_else(|| self.lost())
    }

    /// The other process did not say what it must.
    pub(super) fn confused(&self, expected: &str, found: &Message) -> Lost {
        // Messages can be long; their kind is enough.
        let kind = format!("{found:?}");
        let kind = kind.split(['(', ' ']).next().unwrap_or_default();
        let reason = format!("it said {kind} instead of {expected}");
        Lost { process: self.process.clone(), reason }
    }

    fn lost(&self) -> Lost {
        self.signals.lost.get().cloned().unwrap_or_else(|| Lost {
            process: self.process.clone(),
            reason: String::from("the connection is closed"),
        })
    }
}

struct Reader {
    process: String,
    signals: Signals,
    received: mpsc::Sender<Message>,
}

impl Reader {
    async fn run(self, mut stream: impl AsyncRead + Unpin) {
        let reason = loop {
            match timeout(SILENCE_MAX, frame::read(&mut stream)).await {
                Ok(Ok(Message::Ping(_))) => {}
                Ok(Ok(Message::Full(_))) => self.signals.urgent.notify_one(),
                Ok(Ok(Message::Leaving(_))) => {
                    self.signals.leaving.store(true, Ordering::Relaxed);
                    self.signals.urgent.notify_one();
                }
                Ok(Ok(message)) => {
                    if self.received.send(message).await.is_err() {
                        return;
                    }
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    break match self.signals.leaving.load(Ordering::Relaxed) {
                        true => String::from("it was stopped"),
                        false => String::from("it closed the connection"),
                    };
                }
                Ok(Err(error)) => break error.to_string(),
                Err(_) => break format!("no word from it for {} s", SILENCE_MAX.as_secs()),
            }
        };
        let lost = Lost { process: self.process, reason };
        let text = lost.to_string();
        // Before the channel closes, so that whoever finds it closed learns why.
        let _ = self.signals.lost.set(lost);
        if let Some(alarm) = self.signals.alarm.get() {
            alarm.raise(text);
        }
        self.signals.urgent.notify_one();
    }
}

/// Ends when the stream refuses, which the reading side notices too.
async fn write_all(
    mut stream: impl tokio::io::AsyncWrite + Unpin,
    mut messages: mpsc::Receiver<Message>,
) {
    loop {
        let message = match timeout(PING_EVERY, messages.recv()).await {
            Ok(Some(message)) => message,
            Ok(None) => return,
            Err(_) => Message::Ping(Nothing {}),
        };
        match timeout(SILENCE_MAX, frame::write(&mut stream, message)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use correlate::dataflow::{Options, Workers};
    use correlate::model::Timestamp;
    use tokio::net::TcpListener;

    use super::*;
    use crate::correlate::cluster::message::Cut;

    /// Both ends of a stream.
    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let (called, came) = tokio::join!(TcpStream::connect(address), listener.accept());
        (called.expect("connects"), came.expect("accepts").0)
    }

    fn connection(stream: TcpStream) -> Connection {
        Connection::new(stream, String::from("process 1 (b:1)"), Arc::default())
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_without_a_word_is_lost_and_wakes_the_workers() {
        let (ours, theirs) = pair().await;
        let mut connection = connection(ours);
        let options = Options { workers: 1, stale_after_ms: None, origin: Timestamp(0) };
        let mut workers = Workers::start(options, None).expect("starts");
        connection.watch(workers.alarm());
        let lost = connection.hear().await.expect_err("nothing is said");
        assert_eq!(lost.to_string(), "lost process 1 (b:1): no word from it for 30 s");
        let error = workers.finish(Timestamp(1)).expect_err("nobody may wait");
        assert!(!error.to_string().is_empty());
        drop(theirs);
    }

    #[tokio::test(start_paused = true)]
    async fn processes_with_nothing_to_say_keep_each_other() {
        let (ours, theirs) = pair().await;
        let (one, mut other) = (connection(ours), connection(theirs));
        tokio::time::sleep(SILENCE_MAX * 20).await;
        assert!(!one.is_lost() && !other.is_lost());
        one.tell(Message::Cut(Cut { epoch: 1 })).await.expect("sent");
        assert_eq!(other.hear().await.expect("heard"), Message::Cut(Cut { epoch: 1 }));
    }

    #[tokio::test]
    async fn what_was_said_before_closing_still_arrives() {
        let (ours, theirs) = pair().await;
        let (one, mut other) = (connection(ours), connection(theirs));
        one.tell(Message::Stop(Nothing {})).await.expect("sent");
        one.close().await;
        assert_eq!(other.hear().await.expect("heard"), Message::Stop(Nothing {}));
        let lost = other.hear().await.expect_err("it is closed");
        assert_eq!(lost.reason, "it closed the connection");
        assert!(other.is_lost());
    }
}
