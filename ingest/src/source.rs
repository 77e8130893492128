//! The interface that fits any network management system (NMS).
//!
//! A [`Source`] is one account at one NMS. [`Source::read`] says what the NMS
//! believes, as samples with their evidence, by the ways that a [`Reading`]
//! names: everything, only what is down, what changed since a [`Cursor`], what
//! a push named, past outages. [`Source::inventory`] says what exists and what
//! it is called; [`Source::plan`] how often to do which; [`Source::check`] in
//! plain words what is wrong with the account.
//!
//! A source can be asked for several things at once: a long reading of
//! everything does not hold up a short one of what changed.
//!
//! A source never turns blindness into a state: what cannot be read or is not
//! believable gives no sample, and the engine's staleness limit then makes the
//! components unknown. A source never writes to the log or to a database, and
//! nothing that it returns holds a secret.

mod fault;
mod inventory;
mod latency;
mod ledger;
mod reading;
mod traffic;

pub use fault::{Fault, SourceError};
pub use inventory::{Inventory, InventoryDevice, InventoryLink, InventoryPort};
pub use ledger::{Exchange, Ledger};
pub use reading::{Cursor, Hint, Kept, Outlet, Pace, Plan, Reading};
pub use traffic::{CallError, CallStats, Latency, Learned, Traffic};

use async_trait::async_trait;
use correlate::model::{ComponentState, Timestamp};

/// Tells the time in UTC; injected, so that tests and the demo can run ahead.
///
/// Any `Fn() -> Timestamp` is a clock.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp + Send + Sync> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

/// The clock of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_millisecond())
    }
}

/// One account at one network management system.
#[async_trait]
pub trait Source: Send + Sync {
    /// The account's name: the first part of every component id.
    fn name(&self) -> &str;

    /// Which readings it knows, and how often each should be done, by what it
    /// has found out about the NMS so far; may change with every reading.
    fn plan(&self) -> Plan;

    /// Reads in one of the ways, and gives what it finds to `outlet` as it goes.
    ///
    /// Never fails: what went wrong is in the [`Health`], which is that of the
    /// whole account, and the reports then hold only what can still be
    /// believed. A sample may be given again, which changes nothing or renews
    /// it. A reading that [`Plan`] does not offer does nothing.
    async fn read(&self, reading: Reading, outlet: &dyn Outlet) -> Health;

    /// Up to where the changes have been read and given out; `None` before the
    /// first [`Reading::Changes`], and for a source without that way.
    fn cursor(&self) -> Option<Cursor>;

    /// Goes on from where an earlier process stopped. To be called before the
    /// first reading; a cursor that is not understood or too old is passed over.
    fn resume(&self, cursor: &Cursor);

    /// Reads what exists: devices, ports and links with their names. Slow;
    /// meant for once an hour or so. An inventory is complete or an error.
    async fn inventory(&self) -> Result<Inventory, SourceError>;

    /// Tries everything that polling needs, step by step, for `doctor`. Stops
    /// after the first step without which the next ones make no sense.
    async fn check(&self) -> Vec<Finding>;

    /// Reads everything and keeps the reports: for networks that fit in memory.
    async fn poll(&self) -> PollOutcome {
        let kept = Kept::default();
        let health = self.read(Reading::Full, &kept).await;
        PollOutcome { reports: kept.take(), health }
    }
}

/// What one reading gave.
#[derive(Clone, Debug)]
pub struct PollOutcome {
    /// One for every device of which something can be said; a device may come
    /// in several.
    pub reports: Vec<DeviceReport>,
    /// How the poll went.
    pub health: Health,
}

/// What one reading said about one device and its ports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeviceReport {
    /// The NMS's own id of the device.
    pub device: Box<str>,
    /// When it was read, by the injected clock.
    pub observed_at: Timestamp,
    /// The device's own sample first, if it has one, then its ports'. Never empty.
    pub samples: Vec<ObservedSample>,
}

/// One observation of one component.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObservedSample {
    /// The second part of the component id.
    pub kind: Kind,
    /// The NMS's own id of the component: the last part of the component id.
    pub native_id: Box<str>,
    /// When the state held in the network; never later than
    /// [`DeviceReport::observed_at`].
    pub at: Timestamp,
    /// The state.
    pub state: ComponentState,
    /// What `at` and `state` rest on.
    pub evidence: Evidence,
    /// The state may have begun up to this many milliseconds before `at`: that
    /// long before there is evidence of the contrary; [`u32::MAX`] (49 days)
    /// for that or more. 0 for a renewal, and where nothing is known of the
    /// time before.
    pub uncertainty_ms: u32,
}

/// What sort of thing a component is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// A whole device.
    Device,
    /// A port (interface) of a device.
    Port,
}

impl Kind {
    /// As it stands in component ids.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Device => "device",
            Kind::Port => "port",
        }
    }
}

/// What a sample rests on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Evidence {
    /// A row of a polled list.
    Poll,
    /// A line of the NMS's event log.
    EventLog,
    /// A push from the NMS.
    Push,
    /// The NMS's own record of a past outage.
    Outage,
}

/// How far a source can be trusted now.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SourceState {
    /// Read, and believable.
    Ok,
    /// It answers, but not all of what it says can be believed.
    Suspect,
    /// It cannot be read.
    Down,
}

impl SourceState {
    /// `ok`, `suspect` or `down`, as in the records and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            SourceState::Ok => "ok",
            SourceState::Suspect => "suspect",
            SourceState::Down => "down",
        }
    }
}

/// How an account fares, as of one reading.
#[derive(Clone, Debug)]
pub struct Health {
    /// The verdict.
    pub state: SourceState,
    /// Why the state is not [`SourceState::Ok`]: the gravest error, in words
    /// for the operator.
    pub reason: Option<SourceError>,
    /// When the reading ended, by the injected clock.
    pub at: Timestamp,
    /// Requests sent since the reading before, repeats included.
    pub calls: u64,
    /// Bytes of bodies read since the reading before, after decompression.
    pub bytes: u64,
    /// How long the reading took, by a monotonic clock.
    pub duration_ms: u64,
    /// The age of the newest evidence in the device list; `None` if there is none.
    pub data_age_ms: Option<u64>,
    /// Devices in the list, 0 if it could not be read.
    pub devices: usize,
    /// Devices whose evidence is too old to say anything.
    pub devices_stale: usize,
    /// Ports known, from this poll or the last one that could read them.
    pub ports: usize,
    /// What was asked of the NMS since the source was opened.
    pub traffic: Traffic,
    /// What the source found out about the NMS by itself.
    pub learned: Vec<Learned>,
}

/// One step of [`Source::check`].
#[derive(Clone, Debug)]
pub struct Finding {
    /// What was tried, for example `device list`.
    pub subject: &'static str,
    /// What was found, or what is wrong and what to do.
    pub outcome: Result<String, SourceError>,
}
