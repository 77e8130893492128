//! Reads single devices and their ports again: what a line of the log, a push
//! or a glance says is worth a look.

use futures::stream::{self, StreamExt};

use super::calls;
use super::client::Call;
use super::decode::{DeviceRow, PortRow};
use super::full;
use super::memory::ReadAt;
use super::policy::PortsOf;
use super::poller::LibreNms;
use crate::source::{Evidence, Fault, Outlet, SourceError};

/// Devices that are read again one by one in one go; more of them are cheaper
/// to read in a list.
pub(super) const TOUCHES_MAX: usize = 32;

/// Devices that are read at the same time; the throttle still holds.
const AT_ONCE: usize = 4;

/// What of a device is worth a look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Touch {
    pub(super) device_id: u64,
    /// Its own row.
    pub(super) itself: bool,
    /// Those of its ports, if it can be polled.
    pub(super) ports: bool,
}

/// Reads and reports these; a device that cannot be read does not stop the
/// others. The first error, if there is one.
pub(super) async fn run(
    source: &LibreNms,
    touches: &[Touch],
    cause: Evidence,
    outlet: &dyn Outlet,
) -> Result<(), SourceError> {
    let mut failed = None;
    let mut reading = stream::iter(touches.to_vec())
        .map(|touch| async move { (touch.device_id, one(source, touch).await) })
        .buffer_unordered(AT_ONCE);
    while let Some((device_id, read)) = reading.next().await {
        match read {
            Ok(()) => full::report(source, &[device_id], cause, outlet).await,
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(()), Err)
}

async fn one(source: &LibreNms, touch: Touch) -> Result<(), SourceError> {
    let id = touch.device_id;
    if touch.itself {
        let sent = source.clock.now();
        let read = source.client.rows::<DeviceRow>(&calls::device_now(id)).await;
        let at = ReadAt { sent, received: source.clock.now() };
        let row = match read {
            Ok(rows) => rows.into_iter().find(|row| row.device_id == id),
            Err(error) if error.fault == Fault::NotFound => {
                source.book().lose_device(id, at);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let Some(row) = row else { return Err(foreign("a single device", id)) };
        source.book().take_device(&row, at);
    }
    let is_polled = {
        let book = source.book();
        let facts = book.devices.get(&id).and_then(|device| device.facts());
        facts.is_some_and(|facts| matches!(book.policy.ports_of(facts), PortsOf::Polled { .. }))
    };
    if touch.ports && is_polled {
        source.read_ports_of(id, calls::device_ports_closely(id)).await?;
    }
    Ok(())
}

impl LibreNms {
    /// Reads the ports of one device, every row of which must be its own: a
    /// server that does not know the device drops the filter and gives the
    /// whole table.
    pub(super) async fn read_ports_of(&self, id: u64, call: Call) -> Result<(), SourceError> {
        let sent = self.clock.now();
        let rows = self.client.rows::<PortRow>(&call).await?;
        let read = ReadAt { sent, received: self.clock.now() };
        if rows.iter().any(|row| row.device_id != id) {
            return Err(foreign(call.subject, id));
        }
        self.book().take_ports(id, rows, read);
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
