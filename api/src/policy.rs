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
//!   their state, because without them there is no explanation. What else hangs
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

use store::records::Role;

/// Something that can be done, of which routes are part.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Action {
    /// Ending one's session, and what it takes to keep one.
    Session,
    /// Reading and changing one's own profile.
    Profile,
    /// Issuing and revoking one's own API tokens.
    Tokens,
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
    /// Asking what if, and announcing maintenance.
    PlanWork,
    /// Reading components: transitions and samples, whatever hangs on them.
    ReadComponents,
    /// Reading how the pipeline and its sources fare.
    ReadPipeline,
    /// Letting a source push, and having one read anew.
    EditPipeline,
    /// Reading, exporting and checking the audit trail.
    ReadAudit,
    /// Reading who may do what.
    ReadPermissions,
}

impl Action {
    /// Every action, in the order of the matrix.
    pub(crate) const ALL: [Action; 17] = [
        Action::ReadServices,
        Action::ExplainServices,
        Action::EditServices,
        Action::ReadCustomers,
        Action::EditCustomers,
        Action::ReadUsers,
        Action::EditUsers,
        Action::PlanWork,
        Action::ReadComponents,
        Action::ReadPipeline,
        Action::EditPipeline,
        Action::ReadAudit,
        Action::ReadPermissions,
        Action::Profile,
        Action::Tokens,
        Action::Session,
        Action::ApiDocs,
    ];

    /// Its name in the API and in the texts.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Action::Session => "session",
            Action::Profile => "profile",
            Action::Tokens => "tokens",
            Action::ApiDocs => "api-docs",
            Action::ReadServices => "read-services",
            Action::ExplainServices => "explain-services",
            Action::ReadCustomers => "read-customers",
            Action::ReadUsers => "read-users",
            Action::EditServices => "edit-services",
            Action::EditCustomers => "edit-customers",
            Action::EditUsers => "edit-users",
            Action::PlanWork => "plan-work",
            Action::ReadComponents => "read-components",
            Action::ReadPipeline => "read-pipeline",
            Action::EditPipeline => "edit-pipeline",
            Action::ReadAudit => "read-audit",
            Action::ReadPermissions => "read-permissions",
        }
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
        ApiDocs, EditCustomers, EditPipeline, EditServices, EditUsers, ExplainServices, PlanWork,
        Profile, ReadAudit, ReadComponents, ReadCustomers, ReadPermissions, ReadPipeline,
        ReadServices, ReadUsers, Session, Tokens,
    };
    match (role, action) {
        (_, Session | Profile | Tokens) => Reach::Own,
        (_, ApiDocs) => Reach::Everything,
        (
            Role::Beheer,
            ReadServices | ExplainServices | ReadCustomers | ReadUsers | EditServices
            | EditCustomers | EditPipeline | EditUsers | PlanWork | ReadComponents | ReadPipeline
            | ReadAudit | ReadPermissions,
        ) => Reach::Everything,
        (Role::Accountmanager, ReadServices | ExplainServices | ReadCustomers | ReadUsers) => {
            Reach::Own
        }
        (Role::Klant, ReadServices | ExplainServices | ReadCustomers) => Reach::Own,
        (Role::Accountmanager | Role::Klant, _) => Reach::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_action_is_in_the_matrix_under_a_name_of_its_own() {
        let names: BTreeSet<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
        assert_eq!(names.len(), Action::ALL.len());
    }

    #[test]
    fn nobody_but_an_administrator_changes_anything_but_their_own_account() {
        for action in [
            Action::EditServices,
            Action::EditCustomers,
            Action::EditUsers,
            Action::PlanWork,
            Action::ReadComponents,
            Action::ReadPipeline,
            Action::EditPipeline,
            Action::ReadAudit,
            Action::ReadPermissions,
        ] {
            for role in [Role::Accountmanager, Role::Klant] {
                assert_eq!(reach(role, action), Reach::Nothing, "{role:?} {action:?}");
            }
            assert_eq!(reach(Role::Beheer, action), Reach::Everything);
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
