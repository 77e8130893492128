//! The JSON API, version 1: one file per subject, and the document that
//! describes it.

mod accounts;
mod audit;
mod availability;
mod components;
mod csv;
mod customers;
mod definitions;
mod document;
mod explain;
mod factors;
mod intervals;
mod login_attempts;
mod mails;
mod monitored;
mod permissions;
mod profile;
mod push;
mod query;
mod service_sync;
mod service_tokens;
mod services;
mod sessions;
mod set_aside;
mod sources;
mod start;
mod status;
mod sync;
mod tokens;
mod topology;
mod user_access;
mod users;
mod windows;

/// Every operation, together with the items that `utoipa::path` makes beside it
/// and that `utoipa_axum::routes!` looks for.
pub(crate) mod operations {
    pub(crate) use super::accounts::*;
    pub(crate) use super::audit::*;
    pub(crate) use super::availability::*;
    pub(crate) use super::components::*;
    pub(crate) use super::customers::*;
    pub(crate) use super::definitions::*;
    pub(crate) use super::document::*;
    pub(crate) use super::explain::*;
    pub(crate) use super::factors::*;
    pub(crate) use super::intervals::*;
    pub(crate) use super::login_attempts::*;
    pub(crate) use super::mails::*;
    pub(crate) use super::monitored::*;
    pub(crate) use super::permissions::*;
    pub(crate) use super::profile::*;
    pub(crate) use super::push::*;
    pub(crate) use super::service_sync::*;
    pub(crate) use super::service_tokens::*;
    pub(crate) use super::services::*;
    pub(crate) use super::sessions::*;
    pub(crate) use super::set_aside::*;
    pub(crate) use super::sources::*;
    pub(crate) use super::status::*;
    pub(crate) use super::sync::*;
    pub(crate) use super::tokens::*;
    pub(crate) use super::topology::*;
    pub(crate) use super::user_access::*;
    pub(crate) use super::users::*;
    pub(crate) use super::windows::*;
}
