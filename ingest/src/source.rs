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

mod capability;
mod clock;
mod fault;
mod inventory;
mod latency;
mod ledger;
mod native_id;
mod reading;
mod traffic;

pub use capability::{Ability, Capabilities};
pub use clock::{Clock, FollowedClock, SystemClock};
pub use fault::{Fault, SourceError};
pub use inventory::{
    Inventory, InventoryCheck, InventoryDevice, InventoryLink, InventoryPort, InventorySession,
};
pub use ledger::{Exchange, Ledger};
pub use native_id::NativeId;
pub use reading::{Cursor, Hint, Kept, Outlet, Pace, Plan, Reading};
pub use traffic::{Basis, CallError, CallStats, Found, Latency, Learned, Traffic};

use async_trait::async_trait;
use correlate::model::{ComponentState, Timestamp};

/// One account at one network management system.
#[async_trait]
pub trait Source: Send + Sync {
    /// The account's name: the first part of every component id.
    fn name(&self) -> &str;

    /// What this source can do, as far as is known by now: found out, or set.
    fn capabilities(&self) -> Capabilities;

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

    /// Takes in how many devices and ports an earlier process knew, 0 where it
    /// did not, so that a list that is suddenly shorter is suspect from the
    /// first reading on. To be called before it.
    fn remember(&self, devices: usize, ports: usize);

    /// Reads what exists: devices, ports and links with their names. Slow;
    /// meant for once an hour or so. An inventory is complete or an error, but
    /// for single devices that the NMS will not give.
    async fn inventory(&self, age: Age) -> Result<Inventory, SourceError>;

    /// Tries everything that polling needs, step by step, for `doctor`. Stops
    /// after the first step without which the next ones make no sense.
    async fn check(&self) -> Vec<Finding>;

    /// Reads all devices and ports and keeps the reports: for networks that fit in
    /// memory.
    async fn poll(&self) -> PollOutcome {
        let kept = Kept::default();
        let health = self.read(Reading::Full, &kept).await;
        PollOutcome { reports: kept.take(), health }
    }
}

/// How old answers may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Age {
    /// As old as suits what they are about.
    Usual,
    /// None was read before: somebody has asked for it now.
    New,
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

/// What one reading said about one device and what belongs to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeviceReport {
    /// The NMS's own id of the device.
    pub device: NativeId,
    /// When it was read, by the injected clock.
    pub observed_at: Timestamp,
    /// The device's own sample first, if it has one, then those of its ports, or of
    /// its sessions or checks. Never empty.
    pub samples: Vec<ObservedSample>,
}

/// One observation of one component.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObservedSample {
    /// The second part of the component id.
    pub kind: Kind,
    /// The NMS's own id of the component: the last part of the component id.
    pub native_id: NativeId,
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
    /// time before. A renewal of which it is only known that the state held at
    /// some instant of that time has it too, and so has what is first known of a
    /// component.
    pub uncertainty_ms: u32,
    /// Why the state is what it is, where that is more than what was measured;
    /// with every unknown that begins or has another reason than before, and
    /// left out while it merely lasts.
    pub reason: Option<Reason>,
}

/// Which rule gave a state that nobody measured: mostly why nobody can say.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Reason {
    /// It, or its device, is switched off in the NMS, which does not look at it.
    Disabled,
    /// The NMS is told to pass over it, and the account's policy does too.
    Ignored,
    /// The NMS has never looked at it.
    NeverPolled,
    /// Somebody has shut it.
    AdminShut,
    /// Its device is down, so what the NMS shows of it stands still.
    DeviceDown,
    /// It, or its device, answers to ping but cannot be managed any more.
    ManagementLost,
    /// The NMS does not list it any more: deleted, or hidden from this account.
    Gone,
    /// The NMS gives a status that means neither up nor down.
    OddStatus,
    /// The NMS says that something failed, and not what.
    CheckUnknown,
}

/// What sort of thing a component is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// A whole device.
    Device,
    /// A port (interface) of a device.
    Port,
    /// A BGP session of a device with a peer, as the device sees it.
    Session,
    /// A check that the NMS runs against a device, as by a Nagios plugin.
    Check,
}

impl Kind {
    /// As it stands in component ids.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Device => "device",
            Kind::Port => "port",
            Kind::Session => "bgp",
            Kind::Check => "check",
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
    /// What went wrong with this very reading, if anything did; what is wrong
    /// with the account may be another way of reading.
    pub failed: Option<Fault>,
    /// Nothing is asked of the NMS before then, as too much has failed in a
    /// row; `reason` is what failed.
    pub left_alone_until: Option<Timestamp>,
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
