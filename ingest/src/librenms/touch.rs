//! Reads single devices and their ports again: what a line of the log, a push
//! or a glance says is worth a look.

use futures::stream::{self, StreamExt};

use super::client::{Call, Rank};
use super::decode::{DeviceRow, PortRow};
use super::memory::ReadAt;
use super::policy::PortsOf;
use super::poller::LibreNms;
use super::ports::{Listed, PortList};
use super::{calls, full, glance};
use crate::source::{Evidence, Fault, Outlet, SourceError};

/// Devices that are read at the same time; the throttle still holds.
const AT_ONCE: usize = 4;

/// What of a device is worth a look, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Touch {
    pub(super) device_id: u64,
    /// Its own row.
    pub(super) itself: bool,
    /// Those of its ports, if it can be polled.
    pub(super) ports: bool,
    /// What the samples then rest on.
    pub(super) cause: Evidence,
}

/// How urgent it is to read what was caused so.
pub(super) fn rank(cause: Evidence) -> Rank {
    match cause {
        Evidence::Push => Rank::Push,
        Evidence::Poll | Evidence::EventLog | Evidence::Outage => Rank::Prompt,
    }
}

/// One round: reads and reports the next devices of the backlog, those that
/// pushes ask for or all. Before that the lists of what is down, if much has
/// come: what they tell need not be read. Says whether there was anything to do.
pub(super) async fn round(
    source: &LibreNms,
    only_pushed: bool,
    outlet: &dyn Outlet,
) -> Result<bool, SourceError> {
    let lists_for = {
        let mut book = source.book();
        book.thin_backlog();
        let cause = if book.backlog.any_pushed() { Evidence::Push } else { Evidence::Poll };
        book.backlog.take_lists().then_some(cause)
    };
    let listed = match lists_for {
        Some(cause) => glance::look(source, cause, outlet).await,
        None => Ok(()),
    };
    let in_hand = {
        let mut book = source.book();
        book.thin_backlog();
        InHand { source, touches: book.backlog.take(only_pushed) }
    };
    let read = run(source, &in_hand.touches, outlet).await;
    listed.and(read).map(|()| !in_hand.touches.is_empty())
}

/// Devices of the backlog that are being read, until this is dropped.
struct InHand<'a> {
    source: &'a LibreNms,
    touches: Vec<Touch>,
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.source.book().backlog.done(&self.touches);
    }
}

/// Reads and reports these; a device that cannot be read does not stop the
/// others. The first error, if there is one.
async fn run(source: &LibreNms, touches: &[Touch], outlet: &dyn Outlet) -> Result<(), SourceError> {
    let mut failed = None;
    let mut reading = stream::iter(touches.to_vec())
        .map(|touch| async move {
            let read = one(source, touch, outlet).await;
            if read.is_ok() {
                full::report(source, &[touch.device_id], touch.cause, outlet).await;
            }
            read
        })
        .buffer_unordered(AT_ONCE);
    while let Some(read) = reading.next().await {
        failed = failed.or(read.err());
    }
    failed.map_or(Ok(()), Err)
}

/// Reads what is asked of one device. Tells at once that it went down or came
/// back, before its ports are read.
async fn one(source: &LibreNms, touch: Touch, outlet: &dyn Outlet) -> Result<(), SourceError> {
    let (id, rank) = (touch.device_id, rank(touch.cause));
    let mut has_turned = false;
    if touch.itself {
        let known = source.book().is_up(id);
        let sent = source.clock.now();
        let read = source.client.rows::<DeviceRow>(&calls::device_now(id, rank)).await;
        let at = ReadAt { sent, received: source.clock.now() };
        let row = match read {
            Ok(rows) => rows.into_iter().find(|row| row.device_id == id),
            // Whether it is gone is for the whole list to say.
            Err(error) if error.fault == Fault::NotFound => {
                source.book().full_wanted = true;
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let Some(row) = row else { return Err(foreign("a single device", id)) };
        has_turned = source.book().take_device(&row, at).up != known;
    }
    let is_polled = {
        let book = source.book();
        let facts = book.devices.get(&id).and_then(|device| device.facts());
        facts.is_some_and(|facts| matches!(book.policy.ports_of(facts), PortsOf::Polled { .. }))
    };
    if touch.ports && is_polled {
        if has_turned {
            full::report(source, &[id], touch.cause, outlet).await;
        }
        source.read_ports_of(id, calls::device_ports_closely(id, rank)).await?;
    }
    Ok(())
}

impl LibreNms {
    /// Reads the ports of one device, every row of which must be its own: a
    /// server that does not know the device drops the filter and gives the
    /// whole table.
    pub(super) async fn read_ports_of(&self, id: u64, call: Call) -> Result<(), SourceError> {
        let sent = self.clock.now();
        let rows = self.client.collect::<PortRow, _>(&call, PortList::default).await?;
        let mut rows = rows.into_inner();
        let read = ReadAt { sent, received: self.clock.now() };
        if rows.devices().any(|(device, _)| device != id) {
            return Err(foreign(call.subject, id));
        }
        rows.sort();
        let own = rows.devices().next().map_or(Listed::NONE, |(_, own)| own);
        self.book().take_ports(id, own, read);
        Ok(())
    }
}

/// Rows of other devices came.
pub(super) fn foreign(subject: &str, device_id: u64) -> SourceError {
    let message = format!(
        "asked for {subject} (id {device_id}), LibreNMS gives rows of others; nothing of it is used"
    );
    SourceError::new(Fault::ForeignRows, message)
}
