//! The pages: templates, view models, texts in Dutch and English, and the
//! browser assets, all inside the binary.
//!
//! A page is a struct (`OverviewPage`, `ServicePage`, …) that the API fills
//! with figures that are already computed and then renders with
//! [`Render::render`]. The addresses that the pages link to are in [`urls`],
//! so that router and templates cannot drift apart; files are served from
//! [`asset`].
//!
//! This crate never queries, never computes uptime, never reads a clock
//! ("now" is [`Shell::now`]), and its pages hold no inline script or style:
//! they work under [`CONTENT_SECURITY_POLICY`].

mod assets;
mod i18n;
pub mod letters;
mod locale;
mod markup;
mod pages;
mod render;
mod shell;
pub mod urls;
mod view;

pub use assets::{Asset, CONTENT_SECURITY_POLICY, asset};
pub use i18n::Lang;
pub use locale::Locale;
pub use pages::{
    AccountCheck, AccountForm, AccountHead, AccountPage, AccountRefusal, AccountRow,
    AccountSetting, AttemptsPage, AuditPage, AuditRow, AuditVerdict, Because, ConfirmPage,
    ContactForm, CustomerForm, CustomerPage, CustomerRow, CustomersPage, DocsPage, ErrorKind,
    ErrorPage, FactorProblem, ForgotState, ForgottenPage, InvitedForm, KnownEdge, LoginError,
    LoginPage, MailsPage, Manual, ManualPage, NotificationAddressPage, OverviewLivePartial,
    OverviewPage, PasskeyRow, PermissionRow, PermissionsPage, ProfilePage, PushPage,
    RecoveryCodesPage, RegisterPage, ResetPage, SampleRow, SamplesBehind, SecondFactorPage,
    SecurityDone, SecurityPage, SeenBy, ServicePage, ServiceTokensPage, ServicesPage, SessionsPage,
    SetAsidePage, SignOnLeavePage, SourcePage, SourcesPage, TokensPage, TotpRow, TotpSetupPage,
    UnwatchedPage, UserForm, UserHead, UserImportLine, UserImportPlan, UserPage, UsersImportPage,
    UsersImported, UsersPage, WhatIfPage, WhyPage,
};
pub use render::{Render, RenderError};
pub use shell::{Freshness, Menu, Notice, Shell, SourceTrouble, User};
pub use view::access::{AttemptRow, ScopeChoice, SessionRow, TokenForm, TokenLife, TokenRow};
pub use view::cause::{Cause, CauseImpact};
pub use view::day::DayCell;
pub use view::import::ImportFault;
pub use view::intervals::{IntervalRow, IntervalTable};
pub use view::kpi::{Kpis, UptimeFigure, UptimePeriod};
pub use view::mail::{MailCondition, MailRow};
pub use view::mailed::Mailed;
pub use view::overview::{Live, StateCounts, Trouble};
pub use view::pager::Pager;
pub use view::path::{PathNode, PathNodeKind, PathView};
pub use view::people::{
    FormProblem, Permission, PermissionReach, ShownLink, UserRole, UserRow, UserStanding,
};
pub use view::plan::{Choice, Clash, Hit, Outcome, PlanForm, PlanRefusal};
pub use view::push::{PushResult, PushRow, PushSecretRow};
pub use view::reference::{
    Answer, Content, Field, Operation, OperationAccess, Parameter, ParameterPlace, Reference,
    ReferenceGroup,
};
pub use view::service::ServiceHead;
pub use view::services::{ServiceFilter, ServiceRow, ServiceSort, ServiceTable, TableHome};
pub use view::set_aside::{SetAsideReason, SetAsideRow};
pub use view::sign_on::{ProfileSignOn, SignOnButton, SignOnProblem, UserSignOn};
pub use view::source::{
    FoundValue, SourceAbilityRow, SourceAlarmRow, SourceCallRow, SourceCondition, SourceFailureRow,
    SourceFindingRow, SourceHead, SourceReason, explains_ability, explains_basis, explains_fault,
};
pub use view::timeline::{Segment, Timeline, Zoom};
pub use view::unwatched::{UnwatchedBecause, UnwatchedRow};
