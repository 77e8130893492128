//! The body of one answer on its way from the network to the decoder:
//! counted, unpacked, bounded.

use std::io::{self, Read, Write};

use flate2::read::MultiGzDecoder as MultiGzReader;
use flate2::write::MultiGzDecoder;
use reqwest::header::{CONTENT_ENCODING, HeaderMap};

use crate::librenms::decode::{Collect, DecodeError, Decoder, Row};

/// Why a body is of no use.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// It is packed in a way that was not asked for.
    #[error("the answer is packed in a way that was not asked for")]
    Packing,
    /// It is no gzip, or a damaged one.
    #[error("the answer says that it is gzip, but cannot be unpacked")]
    Gzip,
    /// It is larger than the limit.
    #[error("the answer is too large")]
    TooLarge,
    /// See [`DecodeError`].
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// How large a body was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Size {
    /// As it came.
    pub(super) wire_bytes: u64,
    /// Unpacked.
    pub(super) bytes: u64,
}

/// Takes one body, piece by piece.
pub(super) struct Body<R: Row, C: Collect<R>> {
    unpacker: Unpacker<R, C>,
    wire_bytes: u64,
}

enum Unpacker<R: Row, C: Collect<R>> {
    Plain(Box<Sink<R, C>>),
    Gzip(Box<MultiGzDecoder<Sink<R, C>>>),
}

/// Where unpacked bytes go. Its `io::Error`s mean nothing: `failed` says why.
struct Sink<R, C> {
    decoder: Decoder<R, C>,
    bytes: u64,
    bytes_max: u64,
    failed: Option<BodyError>,
}

impl<R: Row, C: Collect<R>> Body<R, C> {
    /// The body that `headers` announce, of at most `bytes_max` unpacked bytes.
    pub(super) fn new(
        headers: &HeaderMap,
        bytes_max: u64,
        decoder: Decoder<R, C>,
    ) -> Result<Body<R, C>, BodyError> {
        let sink = Sink { decoder, bytes: 0, bytes_max, failed: None };
        let packing = headers.get(CONTENT_ENCODING).map(|value| value.as_bytes());
        let unpacker = match packing {
            None | Some(b"" | b"identity") => Unpacker::Plain(Box::new(sink)),
            Some(b"gzip" | b"x-gzip") => Unpacker::Gzip(Box::new(MultiGzDecoder::new(sink))),
            Some(_) => return Err(BodyError::Packing),
        };
        Ok(Body { unpacker, wire_bytes: 0 })
    }

    /// Takes the next piece.
    pub(super) fn feed(&mut self, piece: &[u8]) -> Result<(), BodyError> {
        self.wire_bytes += piece.len() as u64;
        match &mut self.unpacker {
            Unpacker::Plain(sink) => sink.take(piece),
            Unpacker::Gzip(gzip) => {
                let written = gzip.write_all(piece);
                written.map_err(|_| gzip.get_ref().failed.clone().unwrap_or(BodyError::Gzip))
            }
        }
    }

    /// So much has come.
    pub(super) fn size(&self) -> Size {
        let bytes = match &self.unpacker {
            Unpacker::Plain(sink) => sink.bytes,
            Unpacker::Gzip(gzip) => gzip.get_ref().bytes,
        };
        Size { wire_bytes: self.wire_bytes, bytes }
    }

    /// The body is over. Returns its size and how many rows were left out.
    pub(super) fn finish(self) -> Result<Ending, BodyError> {
        let wire_bytes = self.wire_bytes;
        let sink = match self.unpacker {
            Unpacker::Plain(sink) => *sink,
            Unpacker::Gzip(mut gzip) => {
                // What does not end as gzip ends was cut off.
                if gzip.try_finish().is_err() {
                    let failed = gzip.get_ref().failed.clone();
                    return Err(failed.unwrap_or(DecodeError::Truncated.into()));
                }
                match gzip.finish() {
                    Ok(sink) => sink,
                    Err(_) => return Err(DecodeError::Truncated.into()),
                }
            }
        };
        let size = Size { wire_bytes, bytes: sink.bytes };
        let counts = sink.decoder.finish()?;
        Ok(Ending { size, rows: counts.rows, refused: counts.refused })
    }
}

/// What a whole body came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Ending {
    pub(super) size: Size,
    /// Rows that were handed on.
    pub(super) rows: u64,
    /// Rows without a usable key, left out.
    pub(super) refused: u64,
}

impl<R: Row, C: Collect<R>> Sink<R, C> {
    fn take(&mut self, piece: &[u8]) -> Result<(), BodyError> {
        self.bytes += piece.len() as u64;
        if self.bytes > self.bytes_max {
            return Err(BodyError::TooLarge);
        }
        Ok(self.decoder.feed(piece)?)
    }
}

impl<R: Row, C: Collect<R>> Write for Sink<R, C> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        match self.take(piece) {
            Ok(()) => Ok(piece.len()),
            Err(error) => {
                self.failed = Some(error);
                Err(io::ErrorKind::Other.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The start of a short body, unpacked as far as that works: at most
/// `bytes_max` bytes.
pub(super) fn unpacked(headers: &HeaderMap, packed: Vec<u8>, bytes_max: u64) -> Vec<u8> {
    let packing = headers.get(CONTENT_ENCODING).map(|value| value.as_bytes());
    if !matches!(packing, Some(b"gzip" | b"x-gzip")) {
        return packed;
    }
    let mut body = Vec::new();
    // What was unpacked before an error stays.
    let _ = MultiGzReader::new(&packed[..]).take(bytes_max).read_to_end(&mut body);
    body
}
