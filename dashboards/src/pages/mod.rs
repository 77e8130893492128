//! One struct per page. The API fills them, [`Render`](crate::Render) makes
//! the HTML.

mod audit;
mod customers;
mod error;
mod forgotten;
mod login;
mod manual;
mod overview;
mod path;
mod push;
mod service;
mod services;
mod set_aside;
mod sources;
mod users;
mod what_if;
mod why;

pub use audit::{AuditPage, AuditRow, AuditVerdict, PermissionRow, PermissionsPage};
pub use customers::{ContactForm, CustomerForm, CustomerPage, CustomerRow, CustomersPage};
pub use error::{ErrorKind, ErrorPage};
pub use forgotten::{ForgotState, ForgottenPage, ResetPage};
pub use login::{LoginError, LoginPage};
pub use manual::ManualPage;
pub use overview::{OverviewLivePartial, OverviewPage};
pub use push::PushPage;
pub use service::ServicePage;
pub use services::ServicesPage;
pub use set_aside::SetAsidePage;
pub use sources::{SourcePage, SourcesPage};
pub use users::{
    InvitedForm, ProfilePage, RegisterPage, UserForm, UserHead, UserImportLine, UserImportPlan,
    UserPage, UsersImportPage, UsersImported, UsersPage,
};
pub use what_if::WhatIfPage;
pub use why::{KnownEdge, SampleRow, SamplesBehind, SeenBy, WhyPage};

use crate::view::cause::Cause;

/// The most causes that fit a line; the interval table shows all of them.
const CAUSES_IN_LINE: usize = 4;

/// The names of the causes in one line: `a, b, c, d +3`.
fn cause_names(causes: &[Cause]) -> String {
    let names: Vec<&str> =
        causes.iter().take(CAUSES_IN_LINE).map(|cause| cause.name.as_str()).collect();
    let line = names.join(", ");
    match causes.len().saturating_sub(CAUSES_IN_LINE) {
        0 => line,
        more => format!("{line} +{more}"),
    }
}
