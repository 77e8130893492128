//! What an NMS pushes: an alert of its own making, which we take for a hint.
//!
//! A push says that something may have changed, and perhaps on which device;
//! nothing else in it is believed. It becomes a trigger on the log, and ingest
//! asks the NMS. So a push that is lost, doubled, broken or made up costs a
//! request and no truth.
//!
//! Whoever pushes shows the secret of the account. An account that is not
//! there answers like a wrong secret.

mod buckets;
mod hint;
mod receive;
mod secret;

pub(crate) use buckets::Buckets;
pub(crate) use receive::{PUSH_BYTES_MAX, PushLimits, trigger};
pub(crate) use secret::issue;

/// The operation, with what `utoipa::path` makes beside it.
pub(crate) mod operations {
    pub(crate) use super::receive::*;
}
