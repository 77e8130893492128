//! Who may do what, written down once more by hand: the tests hold the policy
//! and every route against this, so that a slip in the policy fails.

use store::records::Role;

use crate::policy::Action::{
    ApiDocs, Confirm, EditCustomers, EditPipeline, EditSecurity, EditServices, EditSources,
    EditUsers, ExplainServices, Factors, PlanWork, Profile, ReadAttempts, ReadAudit,
    ReadComponents, ReadCustomers, ReadMails, ReadPermissions, ReadPipeline, ReadServices,
    ReadUsers, Secrets, SendMails, ServiceTokens, Session, Tokens, UserFactors,
};
use crate::policy::Reach::{Everything, Nothing, Own};
use crate::policy::{Action, Reach, reach};

/// Beheer, Accountmanager and Klant, in this order.
const MATRIX: [(Action, [Reach; 3]); Action::ALL.len()] = [
    (ReadServices, [Everything, Own, Own]),
    (ExplainServices, [Everything, Own, Own]),
    (EditServices, [Everything, Nothing, Nothing]),
    (ReadCustomers, [Everything, Own, Own]),
    (EditCustomers, [Everything, Nothing, Nothing]),
    (ReadUsers, [Everything, Own, Nothing]),
    (EditUsers, [Everything, Nothing, Nothing]),
    (UserFactors, [Everything, Nothing, Nothing]),
    (PlanWork, [Everything, Nothing, Nothing]),
    (ReadComponents, [Everything, Nothing, Nothing]),
    (ReadPipeline, [Everything, Nothing, Nothing]),
    (EditPipeline, [Everything, Nothing, Nothing]),
    (EditSources, [Everything, Nothing, Nothing]),
    (Secrets, [Everything, Nothing, Nothing]),
    (ReadAudit, [Everything, Nothing, Nothing]),
    (ReadPermissions, [Everything, Nothing, Nothing]),
    (ServiceTokens, [Everything, Nothing, Nothing]),
    (ReadMails, [Everything, Nothing, Nothing]),
    (SendMails, [Everything, Nothing, Nothing]),
    (ReadAttempts, [Everything, Own, Own]),
    (EditSecurity, [Everything, Nothing, Nothing]),
    (Profile, [Own, Own, Own]),
    (Factors, [Own, Own, Own]),
    (Tokens, [Own, Own, Own]),
    (Confirm, [Own, Own, Own]),
    (Session, [Everything, Own, Own]),
    (ApiDocs, [Everything, Everything, Everything]),
];

/// How far `role` is meant to go in `action`.
pub(crate) fn meant(role: Role, action: Action) -> Reach {
    let (_, roles) = MATRIX.iter().find(|row| row.0 == action).expect("every action has a row");
    match role {
        Role::Beheer => roles[0],
        Role::Accountmanager => roles[1],
        Role::Klant => roles[2],
    }
}

#[test]
fn the_policy_says_what_is_meant() {
    for action in Action::ALL {
        for role in Role::ALL {
            assert_eq!(reach(role, action), meant(role, action), "{role:?} {action:?}");
        }
    }
}
