//! The words that say what users are and may, and what was wrong in a form.

/// What somebody may do, as the records have it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UserRole {
    /// Everything.
    Beheer,
    /// Reads the customers assigned to them.
    Accountmanager,
    /// Their own services.
    Klant,
}

impl UserRole {
    /// Every role, the mightiest first.
    pub const ALL: [UserRole; 3] = [UserRole::Beheer, UserRole::Accountmanager, UserRole::Klant];

    /// The value of a field.
    pub const fn as_str(self) -> &'static str {
        match self {
            UserRole::Beheer => "beheer",
            UserRole::Accountmanager => "accountmanager",
            UserRole::Klant => "klant",
        }
    }

    pub(crate) const fn key(self) -> &'static str {
        match self {
            UserRole::Beheer => "role-beheer",
            UserRole::Accountmanager => "role-accountmanager",
            UserRole::Klant => "role-klant",
        }
    }

    pub(crate) const fn text_key(self) -> &'static str {
        match self {
            UserRole::Beheer => "role-beheer-text",
            UserRole::Accountmanager => "role-accountmanager-text",
            UserRole::Klant => "role-klant-text",
        }
    }
}

/// Whether somebody may come in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UserStanding {
    /// Not yet.
    Invited,
    /// Yes.
    Active,
    /// No longer.
    Inactive,
    /// No.
    Banned,
}

impl UserStanding {
    /// Every standing.
    pub const ALL: [UserStanding; 4] =
        [UserStanding::Invited, UserStanding::Active, UserStanding::Inactive, UserStanding::Banned];

    /// The value of a field.
    pub const fn as_str(self) -> &'static str {
        match self {
            UserStanding::Invited => "invited",
            UserStanding::Active => "active",
            UserStanding::Inactive => "inactive",
            UserStanding::Banned => "banned",
        }
    }

    pub(crate) const fn key(self) -> &'static str {
        match self {
            UserStanding::Invited => "standing-invited",
            UserStanding::Active => "standing-active",
            UserStanding::Inactive => "standing-inactive",
            UserStanding::Banned => "standing-banned",
        }
    }

    /// The colour of the badge.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            UserStanding::Invited => "maintenance",
            UserStanding::Active => "up",
            UserStanding::Inactive => "unknown",
            UserStanding::Banned => "down",
        }
    }
}

/// One line of the list of users.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserRow {
    /// The user's id.
    pub id: String,
    /// Their address.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: UserRole,
    /// Whether they may come in.
    pub standing: UserStanding,
    /// The names of the customers that they act for, and of those whose account manager
    /// they are.
    pub customers: Vec<String>,
}

/// What is wrong in a form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FormProblem {
    /// Another user has the address.
    EmailTaken,
    /// It is no mail address.
    Email,
    /// The name is missing or too long.
    Name,
    /// The address for notifications is none.
    NotificationEmail,
    /// It is no time zone.
    TimeZone,
    /// Somebody of a customer acts for none.
    CustomerNeeded,
    /// An administrator acts for customers.
    CustomersOfAdministrator,
    /// Nobody knows this customer.
    UnknownCustomer(String),
    /// No administrator would be left.
    LastAdministrator,
    /// They never chose a password.
    NeverCameIn,
    /// Somebody else was first.
    Stale,
    /// Another customer has this name or number.
    CustomerTaken,
    /// A contact without a name, or too many.
    Contacts,
    /// The account manager may not be one, or has too many customers.
    Manager,
    /// The customer has services or users.
    InUse,
    /// The password is too short or too long.
    Password {
        /// How many characters it must have.
        least: usize,
    },
    /// Many people choose this password.
    PasswordCommon,
    /// The password is little more than names that others know.
    PasswordNames,
    /// The password is known from a breach elsewhere.
    PasswordBreached,
    /// The two passwords differ.
    PasswordsDiffer,
    /// No scope, or one that the role cannot have.
    Scopes,
    /// The token of a service acts for no customer, or for some as administrator.
    TokenCustomers,
    /// The current password is wrong.
    WrongPassword,
    /// Something else; the reason is English.
    Other(String),
}

impl FormProblem {
    pub(crate) fn text(&self, locale: &crate::locale::Locale) -> String {
        let key = match self {
            FormProblem::EmailTaken => "problem-email-taken",
            FormProblem::Email => "problem-email",
            FormProblem::Name => "problem-name",
            FormProblem::NotificationEmail => "problem-notification-email",
            FormProblem::TimeZone => "problem-time-zone",
            FormProblem::CustomerNeeded => "problem-customer-needed",
            FormProblem::CustomersOfAdministrator => "problem-customers-of-administrator",
            FormProblem::UnknownCustomer(name) => {
                return locale.t1("problem-unknown-customer", "name", name);
            }
            FormProblem::LastAdministrator => "problem-last-administrator",
            FormProblem::NeverCameIn => "problem-never-came-in",
            FormProblem::Stale => "problem-stale",
            FormProblem::CustomerTaken => "problem-customer-taken",
            FormProblem::Contacts => "problem-contacts",
            FormProblem::Manager => "problem-manager",
            FormProblem::InUse => "problem-in-use",
            FormProblem::Password { least } => {
                return locale.t1("problem-password", "least", least);
            }
            FormProblem::PasswordCommon => "problem-password-common",
            FormProblem::PasswordNames => "problem-password-names",
            FormProblem::PasswordBreached => "problem-password-breached",
            FormProblem::PasswordsDiffer => "problem-passwords-differ",
            FormProblem::Scopes => "problem-scopes",
            FormProblem::TokenCustomers => "problem-token-customers",
            FormProblem::WrongPassword => "factor-wrong-password",
            FormProblem::Other(reason) => return locale.t1("problem-other", "reason", reason),
        };
        locale.t(key)
    }
}

/// An invitation that is shown once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShownLink {
    /// Where it leads.
    pub address: String,
    /// When it stops working.
    pub expires_at: correlate::model::Timestamp,
    /// Whether it also goes out by mail.
    pub is_mailed: bool,
}

/// Something that can be done, as the policy names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Permission {
    /// Reading services.
    ReadServices,
    /// Reading why.
    ExplainServices,
    /// Changing services.
    EditServices,
    /// Reading customers.
    ReadCustomers,
    /// Changing customers.
    EditCustomers,
    /// Reading users.
    ReadUsers,
    /// Changing users.
    EditUsers,
    /// Taking the second factors of others.
    UserFactors,
    /// What if, and maintenance.
    PlanWork,
    /// Reading components.
    ReadComponents,
    /// Reading the pipeline.
    ReadPipeline,
    /// Changing the pipeline.
    EditPipeline,
    /// Entering accounts at NMSes.
    EditSources,
    /// Reading the audit trail.
    ReadAudit,
    /// Reading this matrix.
    ReadPermissions,
    /// Tokens of services.
    ServiceTokens,
    /// Reading mails on their way.
    ReadMails,
    /// Trying mails again.
    SendMails,
    /// Reading who tried to sign in.
    ReadAttempts,
    /// Saying which roles need a second factor.
    EditSecurity,
    /// Making and revoking push secrets.
    Secrets,
    /// One's own profile.
    Profile,
    /// What one signs in with.
    Factors,
    /// One's own tokens.
    Tokens,
    /// Sessions.
    Session,
    /// Proving again who one is.
    Confirm,
    /// The documentation of the API.
    ApiDocs,
}

impl Permission {
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Permission::ReadServices => "permission-read-services",
            Permission::ExplainServices => "permission-explain-services",
            Permission::EditServices => "permission-edit-services",
            Permission::ReadCustomers => "permission-read-customers",
            Permission::EditCustomers => "permission-edit-customers",
            Permission::ReadUsers => "permission-read-users",
            Permission::EditUsers => "permission-edit-users",
            Permission::UserFactors => "permission-user-factors",
            Permission::PlanWork => "permission-plan-work",
            Permission::ReadComponents => "permission-read-components",
            Permission::ReadPipeline => "permission-read-pipeline",
            Permission::EditPipeline => "permission-edit-pipeline",
            Permission::EditSources => "permission-edit-sources",
            Permission::ReadAudit => "permission-read-audit",
            Permission::ReadPermissions => "permission-read-permissions",
            Permission::ServiceTokens => "permission-service-tokens",
            Permission::ReadMails => "permission-read-mails",
            Permission::SendMails => "permission-send-mails",
            Permission::ReadAttempts => "permission-read-attempts",
            Permission::EditSecurity => "permission-edit-security",
            Permission::Secrets => "permission-secrets",
            Permission::Profile => "permission-profile",
            Permission::Factors => "permission-factors",
            Permission::Tokens => "permission-tokens",
            Permission::Session => "permission-session",
            Permission::Confirm => "permission-confirm",
            Permission::ApiDocs => "permission-api-docs",
        }
    }
}

/// How far a role goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PermissionReach {
    /// Nowhere.
    Nothing,
    /// What is theirs.
    Own,
    /// Everywhere.
    Everything,
}

impl PermissionReach {
    pub(crate) const fn key(self) -> &'static str {
        match self {
            PermissionReach::Nothing => "reach-nothing",
            PermissionReach::Own => "reach-own",
            PermissionReach::Everything => "reach-everything",
        }
    }

    pub(crate) const fn class(self) -> &'static str {
        match self {
            PermissionReach::Nothing => "unknown",
            PermissionReach::Own => "maintenance",
            PermissionReach::Everything => "up",
        }
    }
}
