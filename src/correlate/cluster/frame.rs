//! Messages on a TCP stream: their length, then the message.

use std::io;

use prost::Message as _;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::message::{Envelope, Message};

/// The longest message: one piece, with the longest single interval in it.
const BYTES_MAX: u32 = 64 * 1024 * 1024;

/// The longest greeting: names of processes. Nobody has proven yet who calls.
pub(super) const GREETING_BYTES_MAX: u32 = 16 * 1024;

/// Bytes after which a piece is sent and another one begun: large enough to
/// be worth a message, small enough that pings get between two of them.
pub(super) const PIECE_BYTES: usize = 1024 * 1024;

/// Writes one message.
pub(super) async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    message: Message,
) -> io::Result<()> {
    let envelope = Envelope { message: Some(message) };
    let length = envelope.encoded_len();
    let checked = u32::try_from(length).ok().filter(|&length| length <= BYTES_MAX);
    let checked = checked.ok_or_else(|| io::Error::other("the message is too long"))?;
    let mut bytes = Vec::with_capacity(length + 4);
    bytes.extend_from_slice(&checked.to_be_bytes());
    envelope.encode(&mut bytes).map_err(io::Error::other)?;
    stream.write_all(&bytes).await?;
    stream.flush().await
}

/// Reads one message, and not a byte more.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Message> {
    read_up_to(stream, BYTES_MAX).await
}

/// As [`read`], for a message of at most `bytes_max`.
pub(super) async fn read_up_to(
    stream: &mut (impl AsyncRead + Unpin),
    bytes_max: u32,
) -> io::Result<Message> {
    let bad = |reason: &str| io::Error::new(io::ErrorKind::InvalidData, reason.to_owned());
    let length = stream.read_u32().await?;
    if length > bytes_max {
        return Err(bad("it does not speak as a padwacht process does"));
    }
    let mut bytes = vec![0; length as usize];
    stream.read_exact(&mut bytes).await?;
    let envelope = Envelope::decode(&bytes[..]).map_err(io::Error::other)?;
    envelope.message.ok_or_else(|| bad("it said something that this version does not know"))
}

#[cfg(test)]
mod tests {
    use super::super::message::{Cut, Piece};
    use super::*;

    #[tokio::test]
    async fn messages_come_out_as_they_went_in() {
        let sent = [
            Message::Cut(Cut { epoch: 7 }),
            Message::State(Piece { bytes: vec![1; 70_000], is_last: true }),
        ];
        let (mut one, mut other) = tokio::io::duplex(100);
        let (write_all, read_all) = tokio::join!(
            async {
                for message in sent.clone() {
                    write(&mut one, message).await?;
                }
                io::Result::Ok(())
            },
            async { Ok::<_, io::Error>([read(&mut other).await?, read(&mut other).await?]) }
        );
        write_all.expect("written");
        assert_eq!(read_all.expect("read"), sent);
    }

    #[tokio::test]
    async fn a_stranger_is_not_listened_to_for_long() {
        let mut browser: &[u8] = b"GET / HTTP/1.1\r\n\r\n";
        let error = read_up_to(&mut browser, GREETING_BYTES_MAX).await.expect_err("no message");
        assert_eq!(error.to_string(), "it does not speak as a padwacht process does");
    }
}
