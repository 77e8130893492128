//! The relational database: what people decide and configure.
//!
//! SQLite in one file by default, PostgreSQL when a URL says so; one code path
//! and one set of tests for both. [`Records::connect`] is the way in; each
//! subject has its own handle, such as [`Records::services`].
//!
//! Rules that hold everywhere here:
//! * Instants are [`correlate::model::Timestamp`]s, milliseconds UTC. Nothing
//!   here reads a clock: whoever calls says what time it is.
//! * A method that takes an [`Actor`] writes its change, the audit entry and,
//!   where the engine must hear of it, the outbox rows in one transaction.
//! * What may be somebody else's is read within a [`crate::Scope`], and cannot be
//!   read without one.
//! * Text columns compare bytewise on both databases; searching goes through
//!   lower-cased columns.
//! * Secrets never enter in clear: an NMS token is a reference, a password
//!   arrives hashed, a session or API token arrives as its SHA-256; what must
//!   be readable again is sealed by [`Records::keyring`], in a column that
//!   `sealing` knows of.
//!
//! Samples and intervals never come here; they belong to [`crate::series`].

mod accounts;
mod api_tokens;
mod audit;
mod customers;
mod database;
mod devices;
mod entity;
mod error;
mod factors;
mod idempotency;
mod ids;
mod inventory;
mod leases;
mod locks;
mod login_attempts;
mod mails;
mod migrations;
mod outbox;
mod page;
mod push_secrets;
mod pushes;
mod sealing;
mod services;
mod sessions;
mod settings;
mod sign_in_tries;
mod sign_on_flows;
mod source_detail;
mod source_status;
mod sync_jobs;
mod text;
mod users;
mod windows;

pub use accounts::{AccountDraft, Accounts, NmsAccount, WatchedAccount};
pub use api_tokens::{ApiToken, ApiTokenDraft, ApiTokens, ServiceGrant, TokenHolder};
pub use audit::{Actor, Audit, AuditBreak, AuditEntry, AuditFilter, AuditVerified};
pub use customers::{Contact, Customer, CustomerDraft, CustomerFilter, Customers, CustomersWithin};
pub use database::{DatabaseKind, Records};
pub use devices::Devices;
pub use error::RecordsError;
pub use factors::{
    Ceremony, CeremonyKind, FactorStatus, Factors, HalfSignIn, Passkey, PasskeyDraft, TotpSeed,
    TotpStatus,
};
pub use idempotency::{Idempotency, KeyedRequest, Known};
pub use ids::{
    ApiTokenId, CustomerId, LoginAttemptId, MailId, PasskeyId, PushSecretId, SessionId, SyncJobId,
    TokenHash, UserId, WindowId,
};
pub use inventory::{
    ComponentName, Device, Inventory, Link, Listing, Monitored, Port, Unwatched, UnwatchedWhy,
};
pub use leases::{Lease, Leases};
pub use login_attempts::{
    LoginAttempt, LoginAttemptFilter, LoginAttempts, LoginResult, RecordedAttempt,
};
pub use mails::{DueMail, Mail, MailDraft, MailKind, MailState, Mails};
pub use outbox::{Outbox, OutboxRow};
pub use page::{Change, Page};
pub use push_secrets::{PushSecret, PushSecretDraft, PushSecrets};
pub use pushes::{PushOutcome, Pushes, ReceivedPush};
pub use sealing::{SecretCount, Secrets, SecretsRotated, SecretsVerified};
pub use services::{ImportReport, Service, ServiceDraft, ServiceFilter, Services, ServicesWithin};
pub use sessions::{Proof, Session, SessionDraft, Sessions};
pub use settings::Settings;
pub use sign_in_tries::{Admission, SignInTries, Tried, TryKey};
pub use sign_on_flows::{SignOnFlow, SignOnFlowDraft, SignOnFlows, SignOnPurpose};
pub use source_detail::{
    FindingValue, SourceAlarm, SourceCalls, SourceCapability, SourceDetail, SourceFailure,
    SourceFinding,
};
pub use source_status::{SourceError, SourceReport, SourceState, SourceStatus, SourceStatuses};
pub use sync_jobs::{SyncCounts, SyncJob, SyncJobs, SyncState};
pub use users::{
    Credentials, ImportedUser, Invited, Language, LineFault, LinkedIdentity, ListFault,
    ProfileDraft, Role, SignOnGrant, SignOnIdentity, SignedOn, Standing, User, UserDifference,
    UserDraft, UserFilter, UserImport, UserLine, UserPlan, Users, UsersWithin,
};
pub use windows::{MaintenanceWindow, WindowFilter, Windows};
