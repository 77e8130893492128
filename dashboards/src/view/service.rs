//! What a service is and how it is now.

use correlate::model::{ServiceState, Timestamp};

use super::cause::Cause;

/// What a service is and how it is now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceHead {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whose it is; empty when unknown.
    pub customer: String,
    /// How it is now; `None` when it does not exist now.
    pub state: Option<ServiceState>,
    /// Since when it is like that.
    pub since: Option<Timestamp>,
    /// The components to blame for that.
    pub causes: Vec<Cause>,
}
