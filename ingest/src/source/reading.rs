//! The ways of reading a source, how often each is done, and where the reports go.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;

use super::DeviceReport;

/// One way of reading.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reading {
    /// All devices and ports: the truth that all other ways are held against.
    Full,
    /// Only what is down: cheap, and finds what the changes do not tell.
    Glance,
    /// What changed since the last time: the fast way.
    Changes,
    /// What a push says is worth a look.
    Hints(Vec<Hint>),
    /// The NMS's own record of outages, of those devices that wait for it:
    /// after the start, after a gap in the changes and after a transition.
    Backfill,
    /// All BGP sessions.
    Sessions,
    /// All checks.
    Checks,
}

impl Reading {
    /// A fixed name, for metrics and logs.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Reading::Full => "full",
            Reading::Glance => "glance",
            Reading::Changes => "changes",
            Reading::Hints(_) => "hints",
            Reading::Backfill => "backfill",
            Reading::Sessions => "sessions",
            Reading::Checks => "checks",
        }
    }
}

/// What is worth a look. Never a state.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Hint {
    /// A device and its ports, by the NMS's own id.
    Device(Box<str>),
    /// Something changed, and nobody said what.
    Anything,
}

/// How far the changes of a source have been read, in the source's own words:
/// text of one line that outlives the process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cursor(
    /// The words.
    pub Box<str>,
);

/// How often which reading should be done. `None`: this source has no such way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// [`Reading::Full`].
    pub full: Duration,
    /// [`Reading::Glance`].
    pub glance: Option<Duration>,
    /// [`Reading::Changes`].
    pub changes: Option<Duration>,
    /// [`Reading::Sessions`].
    pub sessions: Option<Duration>,
    /// [`Reading::Checks`].
    pub checks: Option<Duration>,
    /// [`Source::inventory`](super::Source::inventory).
    pub inventory: Duration,
    /// A full reading is wanted now: something was seen that only it can tell.
    pub full_wanted: bool,
    /// Devices wait for [`Reading::Backfill`].
    pub backfill_wanted: bool,
}

/// How often an account is read where its operator says so; `None` leaves it
/// to what the source finds out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Pace {
    /// Between two full readings.
    pub full: Option<Duration>,
    /// Between two glances.
    pub glance: Option<Duration>,
    /// Between two readings of the changes.
    pub changes: Option<Duration>,
    /// Between two readings of the BGP sessions.
    pub sessions: Option<Duration>,
    /// Between two readings of the checks.
    pub checks: Option<Duration>,
    /// Between two inventories.
    pub inventory: Option<Duration>,
}

/// Takes reports while a reading goes on.
#[async_trait]
pub trait Outlet: Send + Sync {
    /// Takes some; waits while nobody has room for them.
    async fn give(&self, reports: Vec<DeviceReport>);
}

/// Keeps all reports.
#[derive(Debug, Default)]
pub struct Kept(Mutex<Vec<DeviceReport>>);

impl Kept {
    /// All that was given so far; nothing stays.
    pub fn take(&self) -> Vec<DeviceReport> {
        let mut kept = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        std::mem::take(&mut *kept)
    }
}

#[async_trait]
impl Outlet for Kept {
    async fn give(&self, reports: Vec<DeviceReport>) {
        let mut kept = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        kept.extend(reports);
    }
}
