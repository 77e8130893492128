//! One civil day of one service.

use correlate::model::ServiceState;
use jiff::civil::Date;

/// What one day was like for one service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DayCell {
    /// The civil day in the reader's zone.
    pub date: Date,
    /// The worst state of the day (down, then degraded, unknown, maintenance,
    /// up); `None` on days on which the service did not exist.
    pub worst: Option<ServiceState>,
    /// Availability of the day as decimal text, `"99.98"`; `None` where there
    /// is no figure.
    pub uptime_percent: Option<String>,
    /// Milliseconds down on that day.
    pub down_ms: i64,
}
