//! Connects every process of a session with every other one, for timely.

use std::time::Duration;

use anyhow::Context;
use correlate::dataflow::Mesh;
use rustix::net::sockopt;
use secrecy::SecretString;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::connection::SILENCE_MAX;
use super::door::{Door, call};
use super::message::{Hello, Purpose};

/// All processes of a session are there already, so this takes no time.
const JOIN_MAX: Duration = Duration::from_secs(30);

/// How often a connection without traffic is tried, and how often in vain.
const PROBE_EVERY: Duration = Duration::from_secs(5);
const PROBES: u32 = 4;

/// This process's streams to the others of `session`, whose `addresses` are
/// in order of rank. Each calls those before it and waits for those behind it.
///
/// # Errors
/// One that does not come or does not answer within [`JOIN_MAX`].
pub(super) async fn join(
    door: &mut Door,
    session: u64,
    rank: usize,
    addresses: &[String],
    secret: Option<&SecretString>,
) -> anyhow::Result<Mesh<std::net::TcpStream>> {
    let calls = async {
        let mut streams = Vec::new();
        for address in &addresses[..rank] {
            let hello = Hello {
                purpose: Purpose::Mesh.into(),
                process: u32::try_from(rank)?,
                session,
                ..Hello::default()
            };
            let called = call(address, secret, hello).await;
            streams.push(called.with_context(|| format!("connect to {address}"))?);
        }
        Ok::<_, anyhow::Error>(streams)
    };
    let waits = async {
        let mut streams: Vec<Option<TcpStream>> = addresses[rank..].iter().map(|_| None).collect();
        while streams.iter().skip(1).any(Option::is_none) {
            let call = door.mesh.recv().await.context("nobody listens any more")?;
            let place = call.rank.checked_sub(rank).filter(|&place| place > 0);
            // A caller of an earlier session finds out by itself.
            if let Some(place) = place.and_then(|place| streams.get_mut(place))
                && call.session == session
            {
                *place = Some(call.stream);
            }
        }
        Ok(streams)
    };
    let joined = timeout(JOIN_MAX, async { tokio::try_join!(calls, waits) }).await;
    let (called, came) = joined.with_context(|| {
        format!("not every process could connect to every other within {} s", JOIN_MAX.as_secs())
    })??;
    let streams = called.into_iter().map(Some).chain(came);
    let streams: anyhow::Result<Vec<_>> =
        streams.map(|stream| stream.map(prepare).transpose()).collect();
    Ok(Mesh { process: rank, streams: streams? })
}

/// A stream whose far end may vanish without a word: what cannot be delivered
/// ends it.
fn prepare(stream: TcpStream) -> anyhow::Result<std::net::TcpStream> {
    let stream = stream.into_std().context("take a connection over")?;
    let patience_ms = u32::try_from(SILENCE_MAX.as_millis())?;
    sockopt::set_socket_keepalive(&stream, true)
        .and_then(|()| sockopt::set_tcp_keepidle(&stream, PROBE_EVERY))
        .and_then(|()| sockopt::set_tcp_keepintvl(&stream, PROBE_EVERY))
        .and_then(|()| sockopt::set_tcp_keepcnt(&stream, PROBES))
        .and_then(|()| sockopt::set_tcp_user_timeout(&stream, patience_ms))
        .context("set up a connection")?;
    Ok(stream)
}
