//! Several processes as one timely cluster: streams to the others, watched.
//!
//! Timely speaks plainly, without passwords, over the streams it is given,
//! and a lost one makes its threads panic or wait for ever. So each stream is
//! watched here: the first end or error raises an [`Alarm`] with the reason,
//! and the thread that met it rests. Whoever waits for the workers then gets
//! an error, and the process can end in order.
//!
//! Nothing here opens, binds or accepts a connection.

use std::any::Any;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;

use timely::communication::allocator::ProcessBuilder;
use timely::communication::allocator::zero_copy::initialize::initialize_networking_from_sockets;
use timely::communication::allocator::zero_copy::stream::Stream;
use timely::communication::{AllocatorBuilder, Hooks};

use super::{EpochOutput, WorkersError};

/// A connected stream between two processes, such as a TCP stream.
pub trait PeerStream: Stream + 'static {}

impl<S: Stream + 'static> PeerStream for S {}

/// This process's place among all processes, with a stream to each other one.
pub struct Mesh<S> {
    /// Which process this is, from 0. Process 0 reports refusals.
    pub process: usize,
    /// One place for every process, in order; its own holds `None`.
    pub streams: Vec<Option<S>>,
}

impl<S: PeerStream> Mesh<S> {
    pub(super) fn build(
        self,
        workers: usize,
        alarm: &Alarm,
    ) -> Result<(Vec<AllocatorBuilder>, Box<dyn Any + Send>), String> {
        let Mesh { process, streams } = self;
        let is_whole = streams
            .iter()
            .enumerate()
            .all(|(index, stream)| stream.is_some() == (index != process));
        if process >= streams.len() || !is_whole {
            return Err(format!("process {process} needs a stream to each other process"));
        }
        let watched = |(peer, stream): (usize, Option<S>)| {
            stream.map(|stream| Watched { stream, peer, alarm: alarm.clone() })
        };
        let streams = streams.into_iter().enumerate().map(watched).collect();
        let hooks = Hooks::default();
        let local = ProcessBuilder::new_typed_vector(workers, hooks.refill.clone(), None);
        let (builders, guard) =
            initialize_networking_from_sockets(local, streams, process, workers, hooks)
                .map_err(|error| error.to_string())?;
        Ok((builders.into_iter().map(AllocatorBuilder::Tcp).collect(), Box::new(guard)))
    }
}

/// Tells whoever waits for the workers that they will never answer.
#[derive(Clone)]
pub struct Alarm {
    outputs: Sender<Result<EpochOutput, WorkersError>>,
    raised: Arc<AtomicBool>,
    closing: Arc<AtomicBool>,
}

impl Alarm {
    pub(super) fn new(outputs: Sender<Result<EpochOutput, WorkersError>>) -> Alarm {
        Alarm { outputs, raised: Arc::default(), closing: Arc::default() }
    }

    /// The workers cannot go on, because of `reason`: another process is lost.
    /// Whoever waits for them now or later gets
    /// [`WorkersError::PeerLost`]. Only the first reason counts.
    pub fn raise(&self, reason: String) {
        self.end(WorkersError::PeerLost(reason));
    }

    pub(super) fn end(&self, error: WorkersError) {
        if !self.raised.swap(true, Ordering::SeqCst) {
            // Nobody waits any more: nothing to tell.
            drop(self.outputs.send(Err(error)));
        }
    }

    pub(super) fn is_raised(&self) -> bool {
        self.raised.load(Ordering::SeqCst)
    }

    /// From now on the other processes may end their streams.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }
}

/// Reports that a worker panics, while it does.
pub(super) struct PanicWatch(pub(super) Alarm);

impl Drop for PanicWatch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.end(WorkersError::Stopped);
        }
    }
}

/// A stream that raises an alarm when it ends before it may.
struct Watched<S> {
    stream: S,
    peer: usize,
    alarm: Alarm,
}

impl<S: PeerStream> Watched<S> {
    /// Passes a good result on. After a bad one, the thread rests: timely
    /// would panic, and poison the threads of the workers with it.
    fn check<T>(&self, doing: &str, result: io::Result<T>) -> io::Result<T> {
        if self.alarm.closing.load(Ordering::SeqCst) {
            return result;
        }
        result.or_else(|error| {
            self.alarm.raise(format!("process {}: cannot {doing}: {error}", self.peer));
            loop {
                std::thread::park();
            }
        })
    }
}

impl<S: PeerStream> Read for Watched<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = loop {
            match self.stream.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) if !self.alarm.closing.load(Ordering::SeqCst) => {
                    break Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it has ended"));
                }
                other => break other,
            }
        };
        self.check("read from it", result)
    }
}

impl<S: PeerStream> Write for Watched<S> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let result = loop {
            match self.stream.write(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.check("write to it", result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.stream.flush();
        self.check("write to it", result)
    }
}

impl<S: PeerStream> Stream for Watched<S> {
    fn try_clone(&self) -> io::Result<Self> {
        let Watched { stream, peer, alarm } = self;
        Ok(Watched { stream: stream.try_clone()?, peer: *peer, alarm: alarm.clone() })
    }

    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.stream.set_nonblocking(nonblocking)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.stream.shutdown(how)
    }
}
