//! One struct per page. The API fills them, [`Render`](crate::Render) makes
//! the HTML.

mod access;
mod accounts;
mod audit;
mod customers;
mod docs;
mod error;
mod factors;
mod forgotten;
mod login;
mod mails;
mod manual;
mod overview;
mod path;
mod push;
mod service;
mod services;
mod set_aside;
mod sign_on;
mod sources;
mod unwatched;
mod users;
mod what_if;
mod why;

pub use access::{AttemptsPage, ServiceTokensPage, SessionsPage, TokensPage};
pub use accounts::{
    AccountCheck, AccountForm, AccountHead, AccountPage, AccountRefusal, AccountRow, AccountSetting,
};
pub use audit::{AuditPage, AuditRow, AuditVerdict, PermissionRow, PermissionsPage};
pub use customers::{ContactForm, CustomerForm, CustomerPage, CustomerRow, CustomersPage};
pub use docs::DocsPage;
pub use error::{ErrorKind, ErrorPage};
pub use factors::{
    ConfirmPage, FactorProblem, PasskeyRow, RecoveryCodesPage, SecondFactorPage, SecurityDone,
    SecurityPage, TotpRow, TotpSetupPage,
};
pub use forgotten::{ForgotState, ForgottenPage, NotificationAddressPage, ResetPage};
pub use login::{LoginError, LoginPage};
pub use mails::MailsPage;
pub use manual::{Manual, ManualPage};
pub use overview::{OverviewLivePartial, OverviewPage};
pub use push::PushPage;
pub use service::ServicePage;
pub use services::ServicesPage;
pub use set_aside::SetAsidePage;
pub use sign_on::SignOnLeavePage;
pub use sources::{SourcePage, SourcesPage};
pub use unwatched::UnwatchedPage;
pub use users::{
    InvitedForm, ProfilePage, RegisterPage, UserForm, UserHead, UserImportLine, UserImportPlan,
    UserPage, UsersImportPage, UsersImported, UsersPage,
};
pub use what_if::WhatIfPage;
pub use why::{Because, KnownEdge, SampleRow, SamplesBehind, SeenBy, WhyPage};

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
