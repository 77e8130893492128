//! Everything that is durable, behind narrow interfaces.
//!
//! [`log`] is the record log between the stages (embedded, or Kafka); [`wire`]
//! is what its records say; [`series`] is ClickHouse (component transitions,
//! service intervals, dimensions, BI views); [`embedded`] runs the ClickHouse
//! engine as a supervised child; [`records`] is the relational database
//! (services, accounts, users); [`journal`] and [`checkpoint`] let the
//! correlate stage restart exactly where it was; [`Scope`] says whose services a
//! reader may see; [`Keyring`] seals the secrets among them; [`evidence`] reads back from
//! the log what is behind a state.
//!
//! Nothing here correlates or renders: it keeps and gives back.

pub mod checkpoint;
pub mod embedded;
pub mod evidence;
pub mod journal;
pub mod keyring;
pub mod log;
pub mod records;
mod scope;
pub mod series;
pub mod wire;

pub use keyring::Keyring;
pub use scope::Scope;
