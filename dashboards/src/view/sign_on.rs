//! What pages show of single sign-on.

use correlate::model::Timestamp;

/// Why somebody did not come in by the OpenID provider, or could not connect
/// their account with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignOnProblem {
    /// The provider does not answer.
    Away,
    /// It took too long, was done before, or began in another browser.
    Ended,
    /// The provider, or they themselves at the provider, said no.
    Denied,
    /// What the provider sent proves nothing.
    Unproven,
    /// None of their groups means anything here.
    NotMapped,
    /// No account is theirs.
    Unknown,
    /// Their address belongs to an account that is not connected.
    AddressTaken,
    /// Their account is closed.
    Closed,
    /// Who they are at the provider is connected with an account already, or
    /// the account with somebody else.
    LinkTaken,
    /// The invitation does not work.
    Invitation,
    /// It is their only way in, so it stays connected.
    OnlyWay,
}

impl SignOnProblem {
    /// Every problem.
    pub const ALL: [SignOnProblem; 11] = [
        SignOnProblem::Away,
        SignOnProblem::Ended,
        SignOnProblem::Denied,
        SignOnProblem::Unproven,
        SignOnProblem::NotMapped,
        SignOnProblem::Unknown,
        SignOnProblem::AddressTaken,
        SignOnProblem::Closed,
        SignOnProblem::LinkTaken,
        SignOnProblem::Invitation,
        SignOnProblem::OnlyWay,
    ];

    pub(crate) fn key(self) -> &'static str {
        match self {
            SignOnProblem::Away => "sso-away",
            SignOnProblem::Ended => "sso-ended",
            SignOnProblem::Denied => "sso-denied",
            SignOnProblem::Unproven => "sso-unproven",
            SignOnProblem::NotMapped => "sso-not-mapped",
            SignOnProblem::Unknown => "sso-unknown",
            SignOnProblem::AddressTaken => "sso-address-taken",
            SignOnProblem::Closed => "sso-closed",
            SignOnProblem::LinkTaken => "sso-link-taken",
            SignOnProblem::Invitation => "sso-invitation",
            SignOnProblem::OnlyWay => "sso-only-way",
        }
    }
}

/// A way to the provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignOnButton {
    /// What it says, in the reader's language.
    pub label: String,
    /// Where it leads.
    pub address: String,
    /// The code of the invitation that it uses: sent by form, so that it is in no
    /// address.
    pub invitation: Option<String>,
    /// Whether a password would not do.
    pub is_only_way: bool,
}

/// Who somebody is at the provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserSignOn {
    /// What the provider calls them.
    pub label: String,
    /// Since when the account is connected.
    pub linked_at: Timestamp,
    /// When they last came in by it.
    pub used_at: Option<Timestamp>,
}

/// Single sign-on on a profile.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProfileSignOn {
    /// What the button of the sign-in page says.
    pub label: String,
    /// With whom the account is connected.
    pub linked: Option<UserSignOn>,
    /// Whether they have a password to come in by.
    pub has_password: bool,
    /// Why something did not succeed.
    pub problem: Option<SignOnProblem>,
    /// Whether the account was just connected.
    pub is_linked_now: bool,
}
