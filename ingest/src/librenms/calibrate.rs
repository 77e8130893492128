//! Finds out the offset of the server's clock, by reading devices in both of
//! LibreNMS's time formats.

use correlate::model::Timestamp;
use jiff::tz::Offset;

use super::calls;
use super::client::Client;
use super::decode::DeviceRow;
use super::facts::DeviceFacts;
use super::poller::LibreNms;
use super::touch::foreign;
use super::zone;
use crate::source::{Fault, SourceError};

/// How many devices are read alone, at most, to find the server's zone once.
const CALLS_MAX: usize = 3;

impl LibreNms {
    /// Finds out the offset, where that is needed, with the rows of a list.
    pub(super) async fn calibrate_with(
        &self,
        rows: &[DeviceRow],
        now: Timestamp,
    ) -> Result<(), SourceError> {
        let is_local = rows.iter().any(zone::has_local_times);
        if !is_local || !self.book().zone.needs_calibration(now) {
            return Ok(());
        }
        let is_first = !self.book().zone.is_known();
        match find_offsets(&self.client, rows).await {
            Ok(mut pairs) => {
                if is_first {
                    // What the clock was in other seasons tells zones apart.
                    for row in zone::of_both_seasons(rows) {
                        pairs.extend(offsets_by(&self.client, row).await.unwrap_or_default());
                    }
                }
                self.note_offsets(&pairs, now);
                Ok(())
            }
            // The last offset is most likely still right.
            Err(_) if self.book().zone.is_known() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Finds out the offset again, where that is due, with the device that was
    /// most likely polled last. That it cannot be found is no error here: the
    /// full reading says so.
    ///
    /// # Errors
    /// Rows of other devices came.
    pub(super) async fn calibrate_alone(&self, now: Timestamp) -> Result<(), SourceError> {
        let Some(id) = self.likely_polled_last(now) else { return Ok(()) };
        let call = calls::device_listed(id);
        let Ok(listed) = self.client.rows::<DeviceRow>(&call).await else { return Ok(()) };
        if listed.iter().any(|row| row.device_id != id) {
            return Err(foreign(call.subject, id));
        }
        if let Ok(pairs) = find_offsets(&self.client, &listed).await {
            self.note_offsets(&pairs, now);
        }
        Ok(())
    }

    /// The device whose next poll, by the polling interval, ended last before
    /// `now`; `None` where no calibration is due.
    fn likely_polled_last(&self, now: Timestamp) -> Option<u64> {
        let mut book = self.book();
        let is_due = book.zone.needs_calibration(now) && book.may_calibrate(now);
        if !is_due {
            return None;
        }
        let interval_ms = book.tuning.interval_ms().max(1);
        let age_ms = |facts: &DeviceFacts| {
            let polled = facts.last_polled.filter(|_| facts.up == Some(true) && !facts.disabled)?;
            Some((now.millis() - polled.millis()).rem_euclid(interval_ms))
        };
        let devices = book.devices.iter();
        let aged = devices.filter_map(|(&id, device)| Some((age_ms(device.facts()?)?, id)));
        aged.min().map(|(_, id)| id)
    }

    fn note_offsets(&self, pairs: &[(Timestamp, Offset)], now: Timestamp) {
        if self.book().zone.calibrate(pairs, now) {
            let nms = self.settings.name();
            let offset = pairs.first().map(|(_, offset)| offset.to_string());
            tracing::info!(nms, offset, "found the offset of LibreNMS's clock");
        }
    }
}

/// Offsets of the server's clock, the present one first, by reading some
/// devices alone. Those polled last come first.
pub(super) async fn find_offsets(
    client: &Client,
    rows: &[DeviceRow],
) -> Result<Vec<(Timestamp, Offset)>, SourceError> {
    let mut by_age: Vec<_> = rows.iter().filter(|row| zone::has_local_times(row)).collect();
    let age = |row: &&DeviceRow| std::cmp::Reverse(zone::newest_local(row));
    if by_age.len() > CALLS_MAX {
        by_age.select_nth_unstable_by_key(CALLS_MAX, age);
        by_age.truncate(CALLS_MAX);
    }
    by_age.sort_by_key(age);
    let mut failed = None;
    for row in by_age {
        match offsets_by(client, row).await {
            Ok(pairs) if pairs.is_empty() => {}
            Ok(pairs) => return Ok(pairs),
            // Servers of 26.5 fail on a single virtual machine, but not on others.
            Err(error) => failed = Some(error),
        }
    }
    let why = failed.map_or_else(String::new, |error| format!(" ({error})"));
    let message = format!(
        "the time zone of LibreNMS's clock could not be found out{why}; set time_zone for this \
         account"
    );
    Err(SourceError::new(Fault::ZoneUnknown, message))
}

/// Offsets by one device, read alone; none where it was polled in between.
async fn offsets_by(
    client: &Client,
    row: &DeviceRow,
) -> Result<Vec<(Timestamp, Offset)>, SourceError> {
    let alone = client.rows::<DeviceRow>(&calls::device(row.device_id)).await?;
    let alone = alone.iter().find(|alone| alone.device_id == row.device_id);
    Ok(alone.map(|alone| zone::offsets_between(row, alone)).unwrap_or_default())
}
