//! Who may do what: the one place where it is decided.
//!
//! Every route names an [`Action`], and [`reach`] says how far each role goes
//! in it: nowhere, as far as its own, or everywhere. What is not said is not
//! allowed. How far "own" goes is a [`store::Scope`], which the guard of the
//! route works out and every question about services, customers and users
//! takes; so what is another's is answered as what does not exist.
//!
//! What a customer sees of what is shared:
//!
//! * The components in the explanation of their own service, by name and with
//!   their state, because without them there is no explanation; a port by its
//!   short name or number, as its long one may name whom it is for. What else hangs
//!   on a component is never shown: causes are counted over their own services.
//! * Of a service of somebody else that theirs refers to: what it needs, under
//!   a neutral name, not what it is called, whose it is or its id.
//! * Maintenance windows that explain a state: when, not the note.
//! * The samples behind a state, lists of components, what-if, sources and
//!   whatever else is about the installation are for administrators.
//! * A service is shown with its whole past to whoever it belongs to now.
//!
//! The matrix on `/permissions` and in the API is made from this, and a test
//! walks every route as everybody and compares.

use std::collections::BTreeSet;

use store::records::Role;

/// Something that can be done, of which routes are part.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Action {
    /// Listing and ending sessions: one's own, or those of everybody.
    Session,
    /// Proving again in a session who one is, and signing out of it.
    Confirm,
    /// Reading and changing one's own profile.
    Profile,
    /// Changing what one signs in with: password, second factor, passkeys.
    Factors,
    /// Issuing and revoking one's own API tokens.
    Tokens,
    /// Reading who tried to sign in: as oneself, or as anybody.
    ReadAttempts,
    /// Issuing and revoking the tokens of services.
    ServiceTokens,
    /// Reading which mails wait, were sent or failed.
    ReadMails,
    /// Having mails that wait tried at once, and a test mail sent.
    SendMails,
    /// Reading the documentation of the API.
    ApiDocs,
    /// Reading services: state, figures, intervals, exports, live updates.
    ReadServices,
    /// Reading why a service is what it is.
    ExplainServices,
    /// Reading customers.
    ReadCustomers,
    /// Reading users.
    ReadUsers,
    /// Changing, importing and removing services.
    EditServices,
    /// Changing customers.
    EditCustomers,
    /// Inviting, changing, banning and importing users.
    EditUsers,
    /// Taking from others what they sign in with besides a password.
    UserFactors,
    /// Asking what if, and announcing maintenance.
    PlanWork,
    /// Reading components: transitions and samples, whatever hangs on them.
    ReadComponents,
    /// Reading how the pipeline and its sources fare.
    ReadPipeline,
    /// Having a source read anew.
    EditPipeline,
    /// Entering, changing and removing the accounts at NMSes, with their tokens.
    EditSources,
    /// Making and revoking the secrets by which sources push.
    Secrets,
    /// Saying which roles must have a second factor.
    EditSecurity,
    /// Reading, exporting and checking the audit trail.
    ReadAudit,
    /// Reading who may do what.
    ReadPermissions,
}

impl Action {
    /// Every action, in the order of the matrix.
    pub(crate) const ALL: [Action; 27] = [
        Action::ReadServices,
        Action::ExplainServices,
        Action::EditServices,
        Action::ReadCustomers,
        Action::EditCustomers,
        Action::ReadUsers,
        Action::EditUsers,
        Action::UserFactors,
        Action::PlanWork,
        Action::ReadComponents,
        Action::ReadPipeline,
        Action::EditPipeline,
        Action::EditSources,
        Action::Secrets,
        Action::ReadAudit,
        Action::ReadPermissions,
        Action::ServiceTokens,
        Action::ReadMails,
        Action::SendMails,
        Action::ReadAttempts,
        Action::EditSecurity,
        Action::Profile,
        Action::Factors,
        Action::Tokens,
        Action::Session,
        Action::Confirm,
        Action::ApiDocs,
    ];

    /// Its name in the API and in the texts.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Action::Session => "session",
            Action::Confirm => "confirm",
            Action::Profile => "profile",
            Action::Factors => "factors",
            Action::Tokens => "tokens",
            Action::ApiDocs => "api-docs",
            Action::ReadServices => "read-services",
            Action::ExplainServices => "explain-services",
            Action::ReadCustomers => "read-customers",
            Action::ReadUsers => "read-users",
            Action::EditServices => "edit-services",
            Action::EditCustomers => "edit-customers",
            Action::EditUsers => "edit-users",
            Action::UserFactors => "user-factors",
            Action::PlanWork => "plan-work",
            Action::ReadComponents => "read-components",
            Action::ReadPipeline => "read-pipeline",
            Action::EditPipeline => "edit-pipeline",
            Action::EditSources => "edit-sources",
            Action::Secrets => "secrets",
            Action::EditSecurity => "edit-security",
            Action::ReadAudit => "read-audit",
            Action::ReadPermissions => "read-permissions",
            Action::ReadAttempts => "read-login-attempts",
            Action::ServiceTokens => "service-tokens",
            Action::ReadMails => "read-mails",
            Action::SendMails => "send-mails",
        }
    }

    /// The scope that an API token needs for it: `read:` when it changes
    /// nothing, else `write:`. A test holds that against the routes.
    pub(crate) const fn token_scope(self) -> &'static str {
        match self {
            Action::Session => "write:sessions",
            Action::Confirm => "write:confirmation",
            Action::Profile => "write:profile",
            Action::Factors => "write:factors",
            Action::Secrets => "write:secrets",
            Action::EditSecurity => "write:security",
            Action::Tokens => "write:tokens",
            Action::ApiDocs => "read:api-docs",
            Action::ReadServices => "read:services",
            Action::ExplainServices => "read:explanations",
            Action::ReadCustomers => "read:customers",
            Action::ReadUsers => "read:users",
            Action::EditServices => "write:services",
            Action::EditCustomers => "write:customers",
            Action::EditUsers => "write:users",
            Action::UserFactors => "write:user-factors",
            Action::PlanWork => "write:maintenance",
            Action::ReadComponents => "read:components",
            Action::ReadPipeline => "read:pipeline",
            Action::EditPipeline => "write:pipeline",
            Action::EditSources => "write:sources",
            Action::ReadAudit => "read:audit",
            Action::ReadPermissions => "read:permissions",
            Action::ReadAttempts => "read:login-attempts",
            Action::ServiceTokens => "write:service-tokens",
            Action::ReadMails => "read:mails",
            Action::SendMails => "write:mails",
        }
    }
}

impl Action {
    /// The scope that is enough to read what the action is about, where reading
    /// and changing are one action; see [`Action::token_scope`] for the other.
    pub(crate) const fn read_scope(self) -> Option<&'static str> {
        match self {
            Action::Session => Some("read:sessions"),
            Action::Profile => Some("read:profile"),
            Action::Tokens => Some("read:tokens"),
            Action::ServiceTokens => Some("read:service-tokens"),
            Action::PlanWork => Some("read:maintenance"),
            _ => None,
        }
    }

    /// The least scope that a token needs for it; `changes` says whether the
    /// request changes anything. Whoever may change may read.
    pub(crate) fn scope_for(self, changes: bool) -> &'static str {
        match self.read_scope() {
            Some(scope) if !changes => scope,
            _ => self.token_scope(),
        }
    }

    /// Whether a token with `scopes` is good for it.
    pub(crate) fn is_among(self, scopes: &BTreeSet<String>, changes: bool) -> bool {
        scopes.contains(self.token_scope()) || scopes.contains(self.scope_for(changes))
    }
}

/// How far a role goes in an action.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Reach {
    /// Not at all.
    Nothing,
    /// What is theirs: their own account, or what belongs to the customers
    /// that they act for or that are assigned to them.
    Own,
    /// Everything.
    Everything,
}

impl Reach {
    /// Its name in the API and in the texts.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Reach::Nothing => "nothing",
            Reach::Own => "own",
            Reach::Everything => "everything",
        }
    }
}

/// How far `role` goes in `action`.
pub(crate) const fn reach(role: Role, action: Action) -> Reach {
    use Action::{
        ApiDocs, Confirm, EditCustomers, EditPipeline, EditSecurity, EditServices, EditSources,
        EditUsers, ExplainServices, Factors, PlanWork, Profile, ReadAttempts, ReadAudit,
        ReadComponents, ReadCustomers, ReadMails, ReadPermissions, ReadPipeline, ReadServices,
        ReadUsers, Secrets, SendMails, ServiceTokens, Session, Tokens, UserFactors,
    };
    match (role, action) {
        (_, Profile | Factors | Tokens | Confirm) => Reach::Own,
        (Role::Beheer, Session | ReadAttempts) => Reach::Everything,
        (_, Session | ReadAttempts) => Reach::Own,
        (_, ApiDocs) => Reach::Everything,
        (
            Role::Beheer,
            ReadServices | ExplainServices | ReadCustomers | ReadUsers | EditServices
            | EditCustomers | EditPipeline | EditSources | EditSecurity | EditUsers | PlanWork
            | ReadComponents | ReadPipeline | ReadAudit | ReadPermissions | Secrets | ReadMails
            | SendMails | ServiceTokens | UserFactors,
        ) => Reach::Everything,
        (Role::Accountmanager, ReadServices | ExplainServices | ReadCustomers | ReadUsers) => {
            Reach::Own
        }
        (Role::Klant, ReadServices | ExplainServices | ReadCustomers) => Reach::Own,
        (Role::Accountmanager | Role::Klant, _) => Reach::Nothing,
    }
}

/// How far the token of a service with `role` goes in `action`: as far as the
/// role, but nowhere in what is about somebody's own account, which it has
/// not, in giving tokens, or in what sign-in asks for.
pub(crate) fn service_reach(role: Role, action: Action) -> Reach {
    match (action, reach(role, action)) {
        (
            Action::Session
            | Action::Confirm
            | Action::UserFactors
            | Action::Profile
            | Action::Factors
            | Action::Tokens
            | Action::ServiceTokens
            | Action::EditSecurity,
            _,
        )
        | (Action::ReadAttempts, Reach::Own) => Reach::Nothing,
        (_, reach) => reach,
    }
}

/// A proof of who one is counts as fresh for so long: for a few acts in a row,
/// and not for whoever finds a browser open after lunch.
pub(crate) const CONFIRMED_FOR_MS: i64 = 600_000;

/// What an action asks of whoever may do it, besides their role.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Confirmation {
    /// Nothing more.
    Nothing,
    /// In a session, to have proved who they are within [`CONFIRMED_FOR_MS`]. An
    /// API token does too: it is a proof of its own, for what its owner wants a
    /// program to do.
    Recent,
    /// The same, and never with a token: a token that leaks must not become a
    /// password or a passkey.
    RecentInSession,
    /// The same, or the token of a service: an administrator has made it for
    /// exactly this, with a fresh proof and its scope named. The own token of a
    /// person, which may be good for everything, does not do.
    RecentOrService,
    /// A session, however old its proof: what makes no sense with a token.
    Session,
}

impl Confirmation {
    /// Its name in the API and in the texts.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Confirmation::Nothing => "nothing",
            Confirmation::Recent => "recent",
            Confirmation::RecentInSession => "recent-in-session",
            Confirmation::RecentOrService => "recent-or-service",
            Confirmation::Session => "session",
        }
    }
}

/// What `action` asks; `changes` says whether the request changes anything.
/// Pages whose one purpose is such a change ask as well, so that nobody fills a
/// form in for nothing.
pub(crate) const fn confirmation(action: Action, changes: bool) -> Confirmation {
    match (action, changes) {
        (Action::Factors | Action::UserFactors, _) => Confirmation::RecentInSession,
        (Action::EditSources, _) => Confirmation::RecentOrService,
        (Action::Confirm, _) => Confirmation::Session,
        (Action::EditUsers, _)
        | (
            Action::Session
            | Action::Tokens
            | Action::ServiceTokens
            | Action::Secrets
            | Action::EditSecurity,
            true,
        ) => Confirmation::Recent,
        _ => Confirmation::Nothing,
    }
}

/// Whether `action` is open to somebody who must have a second factor and has
/// none yet: what it takes to set one up, and to leave.
pub(crate) const fn is_open_without_factor(action: Action) -> bool {
    matches!(action, Action::Session | Action::Confirm | Action::Profile | Action::Factors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_in_the_matrix_under_a_name_of_its_own() {
        let names: BTreeSet<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
        assert_eq!(names.len(), Action::ALL.len());
        let scopes: BTreeSet<&str> = Action::ALL.map(Action::token_scope).into_iter().collect();
        assert_eq!(scopes.len(), Action::ALL.len());
        let reading: Vec<&str> = Action::ALL.into_iter().filter_map(Action::read_scope).collect();
        assert!(reading.iter().all(|scope| scope.starts_with("read:") && !scopes.contains(scope)));
        assert_eq!(reading.len(), reading.iter().collect::<BTreeSet<_>>().len());
    }

    #[test]
    fn a_service_has_no_account_and_goes_no_further_than_its_role() {
        for (role, action) in
            Role::ALL.into_iter().flat_map(|role| Action::ALL.map(|action| (role, action)))
        {
            assert!(service_reach(role, action) <= reach(role, action), "{role:?} {action:?}");
        }
        let may = |role: Role| {
            let may = move |action: &Action| service_reach(role, *action) > Reach::Nothing;
            Action::ALL.into_iter().filter(may).map(Action::token_scope).collect::<Vec<_>>()
        };
        let own = ["read:services", "read:explanations", "read:customers", "read:api-docs"];
        assert_eq!(may(Role::Klant), own);
        assert_eq!(may(Role::Beheer).len(), Action::ALL.len() - 8);
    }

    #[test]
    fn nobody_but_an_administrator_changes_anything_but_their_own_account() {
        for action in [
            Action::EditServices,
            Action::EditCustomers,
            Action::EditUsers,
            Action::UserFactors,
            Action::PlanWork,
            Action::ReadComponents,
            Action::ReadPipeline,
            Action::EditPipeline,
            Action::EditSources,
            Action::Secrets,
            Action::EditSecurity,
            Action::ReadAudit,
            Action::ReadPermissions,
            Action::ServiceTokens,
            Action::ReadMails,
            Action::SendMails,
        ] {
            for role in [Role::Accountmanager, Role::Klant] {
                assert_eq!(reach(role, action), Reach::Nothing, "{role:?} {action:?}");
            }
            assert_eq!(reach(Role::Beheer, action), Reach::Everything);
        }
    }

    #[test]
    fn whatever_opens_the_door_to_somebody_asks_for_a_fresh_proof() {
        let asks = |action: &Action| {
            let asked = confirmation(*action, true);
            !matches!(asked, Confirmation::Nothing | Confirmation::Session)
        };
        let asking: Vec<Action> = Action::ALL.into_iter().filter(asks).collect();
        let expected = [
            Action::EditUsers,
            Action::UserFactors,
            Action::EditSources,
            Action::Secrets,
            Action::ServiceTokens,
            Action::EditSecurity,
            Action::Factors,
            Action::Tokens,
            Action::Session,
        ];
        assert_eq!(asking, expected);
        for action in Action::ALL {
            // Whoever owes a factor must be able to set one up and to leave, and nothing else.
            let is_own = reach(Role::Klant, action) == Reach::Own;
            assert!(is_own || !is_open_without_factor(action), "{action:?}");
        }
    }

    #[test]
    fn nobody_but_an_administrator_sees_what_belongs_to_all() {
        for action in Action::ALL {
            for role in [Role::Accountmanager, Role::Klant] {
                let is_open = action == Action::ApiDocs;
                assert!(is_open || reach(role, action) < Reach::Everything, "{role:?} {action:?}");
            }
        }
    }
}
