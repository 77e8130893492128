//! View models: what the pages show, as plain values.
//!
//! Instants are UTC [`Timestamp`](correlate::model::Timestamp)s, lengths are
//! milliseconds and percentages are decimal text with a point (`"99.98"`),
//! already rounded toward worse; the templates turn them into the reader's
//! zone and language. `None` means "there is no figure", never 0 or 100.

pub(crate) mod access;
pub(crate) mod browser;
pub(crate) mod cause;
pub(crate) mod day;
mod day_strip;
pub(crate) mod import;
pub(crate) mod intervals;
pub(crate) mod kpi;
pub(crate) mod mail;
pub(crate) mod mailed;
pub(crate) mod overview;
pub(crate) mod pager;
pub(crate) mod path;

pub(crate) mod path_route;
pub(crate) mod people;
pub(crate) mod plan;
pub(crate) mod push;
pub(crate) mod reference;
pub(crate) mod service;
pub(crate) mod services;
pub(crate) mod set_aside;
pub(crate) mod sign_on;
pub(crate) mod source;
pub(crate) mod strip;
pub(crate) mod timeline;
pub(crate) mod unwatched;
