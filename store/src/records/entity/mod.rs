//! The rows as sea-orm sees them; never part of the public API. Joins and
//! cascades live in the migrations and the repositories, so no relations here.

#![expect(unreachable_pub, reason = "sea-orm's derive needs rows to be pub; this module is not")]

mod access;
mod definitions;
mod factors;
mod mails;
mod pushes;
mod sign_on;
mod sources;
mod sync_jobs;

pub(super) use access::*;
pub(super) use definitions::*;
pub(super) use factors::*;
pub(super) use mails::*;
pub(super) use pushes::*;
pub(super) use sign_on::*;
pub(super) use sources::*;
pub(super) use sync_jobs::*;
